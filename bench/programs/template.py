"""A template engine: text to a tree of nodes, nodes rendered by their methods."""
import html
import re

TOKEN = re.compile(r"({{.*?}}|{%.*?%})")


class Text:
    def __init__(self, text):
        self.text = text

    def render(self, context):
        return self.text


class Value(Text):
    def render(self, context):
        return html.escape(str(look_up(self.text, context)))


class Loop:
    def __init__(self, name, source, body):
        self.name, self.source, self.body = name, source, body

    def render(self, context):
        return "".join(
            self.body.render(dict(context, **{self.name: item}))
            for item in look_up(self.source, context)
        )


class Block:
    def __init__(self, nodes):
        self.nodes = nodes

    def render(self, context):
        return "".join([node.render(context) for node in self.nodes])


def look_up(path, context):
    value = context
    for part in path.split("."):
        value = value[part] if isinstance(value, dict) else getattr(value, part)
    return value


def parse(tokens):
    nodes = []
    for token in tokens:
        word = token[2:-2].split()
        if token.startswith("{{"):
            nodes.append(Value(word[0]))
        elif token.startswith("{%") and word[0] == "for":
            nodes.append(Loop(word[1], word[3], parse(tokens)))
        elif token.startswith("{%"):
            break
        else:
            nodes.append(Text(token))
    return Block(nodes)


class Row:
    def __init__(self, number):
        self.number = number

    @property
    def title(self):
        return "<row %d>" % self.number


PAGE = "<h1>{{ title }}</h1>{% for row in rows %}<p>{{ row.title }}: {{ row.number }}</p>{% end %}"
rows = [Row(n) for n in range(200)]
for _ in range(200):
    page = parse(iter(TOKEN.split(PAGE))).render({"title": "Rows", "rows": rows})
    assert page.count("<p>") == 200 and "&lt;row 7&gt;" in page
