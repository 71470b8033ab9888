"""JSON written and read, with Python's own encoder and hooks in between."""
import json


def default(value):
    return {"set": sorted(value)}


def hook(value):
    return frozenset(value["set"]) if "set" in value else value


document = {
    "items": [
        {"id": n, "name": "item %d" % n, "tags": {"a", "b", str(n)}, "price": n / 7} for n in range(300)
    ]
}
for _ in range(40):
    text = json.dumps(document, default=default, indent=1)
    again = json.loads(text, object_hook=hook)
    assert again["items"][7]["tags"] == {"a", "b", "7"}
    json.dumps(again, default=default)
