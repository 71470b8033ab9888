"""Grouped bars as SVG: one group for each interpreter, one bar for each mode, a line for the goal."""

from xml.sax.saxutils import escape

COLORS = {
    "ours": "#2b7bba",
    "native": "#e07b39",
    "native jit": "#b04a5a",
    "floor": "#9aa5b1",
    "plain": "#c9ced6",
    "asleep": "#7fb77e",
    "ours, image only": "#6aa9d8",
    "ours, map only": "#1b4f7a",
}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 900, 320, 60, 54, 46


def _ticks(top):
    step = 10.0 ** len(str(int(top))) / 10
    for divisor in (1, 2, 5, 10, 20, 50, 100):
        if top / (step / divisor) >= 4:
            step /= divisor
            break
    count = int(top / step) + 1
    return [step * i for i in range(count + 1)]


def bars(picture):
    groups = [(label, values) for label, values in picture["groups"] if values]
    goal = picture.get("goal")
    highest = max([v for _, values in groups for v in values.values()] + [goal or 0, 1e-9])
    ticks = _ticks(highest)
    plot_height = HEIGHT - TOP - BOTTOM
    scale = plot_height / ticks[-1]
    base = HEIGHT - BOTTOM

    def y(value):
        return base - max(value, 0) * scale

    out = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" '
        'font-size="11">' % (WIDTH, HEIGHT),
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="%d" y="20" font-size="14">%s</text>' % (LEFT, escape(picture["title"])),
        '<text x="%d" y="%d" fill="#555">%s</text>' % (LEFT, 36, escape(picture["unit"])),
    ]
    for tick in ticks:
        out.append(
            '<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#e4e4e4"/>'
            '<text x="%d" y="%.1f" text-anchor="end" fill="#555">%g</text>'
            % (LEFT, WIDTH - 10, y(tick), y(tick), LEFT - 6, y(tick) + 4, tick)
        )
    slot = (WIDTH - LEFT - 10) / max(len(groups), 1)
    for number, (label, values) in enumerate(groups):
        width = slot * 0.8 / max(len(values), 1)
        for index, (mode, value) in enumerate(values.items()):
            x = LEFT + slot * (number + 0.1) + index * width
            out.append(
                '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s">'
                "<title>%s, %s: %.3g</title></rect>"
                % (x, y(value), width * 0.94, base - y(value), COLORS.get(mode, "#888"),
                   escape(label), escape(mode), value)
            )
        out.append(
            '<text x="%.1f" y="%d" text-anchor="middle">%s</text>'
            % (LEFT + slot * (number + 0.5), base + 15 + 13 * (number % 2), escape(label))
        )
    modes = list(dict.fromkeys(mode for _, values in groups for mode in values))
    for index, mode in enumerate(modes):
        x = WIDTH - 10 - 110 * (len(modes) - index)
        out.append(
            '<rect x="%d" y="10" width="10" height="10" fill="%s"/><text x="%d" y="19">%s</text>'
            % (x, COLORS.get(mode, "#888"), x + 14, escape(mode))
        )
    if goal is not None:
        out.append(
            '<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#333" stroke-dasharray="5 4"/>'
            '<text x="%d" y="%.1f" text-anchor="end">goal</text>'
            % (LEFT, WIDTH - 10, y(goal), y(goal), WIDTH - 12, y(goal) - 4)
        )
    out.append("</svg>")
    return "\n".join(out) + "\n"
