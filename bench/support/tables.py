"""Tables in Markdown."""


def _cell(value, form):
    if value is None:
        return "-"
    if isinstance(value, float):
        return form % value
    return str(value)


def markdown_table(table):
    form = table.get("format", "%.2f")
    lines = [table["columns"]] + [[_cell(v, form) for v in row] for row in table["rows"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table["columns"]))]
    text = []
    for number, line in enumerate(lines):
        text.append("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths)) + " |")
        if number == 0:
            text.append("|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(text)
