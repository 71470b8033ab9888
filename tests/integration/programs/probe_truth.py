"""Whether the functions of the probe are called at the lines that their names tell.  For Python 3.6 to 3.15.

    probe_truth.py PROBE.PY LINES.PY

Prints how many it saw called at their line, how many it saw raise there, and what was elsewhere.
"""

import json
import re
import sys

called, raised, wrong = set(), set(), set()


def number_of(name, letter):
    match = re.match(letter + "([0-9]+)$", name)
    return match and int(match.group(1))


def check_caller():
    """Stands where the probe's functions work.  A comprehension is at the line of what is around it."""
    frame = sys._getframe(1)
    name = frame.f_code.co_name
    frame = frame.f_back
    while frame.f_code.co_filename == "lines.py" and "<" in frame.f_code.co_name:
        frame = frame.f_back
    if number_of(name, "L") and frame.f_code.co_filename == "lines.py":
        called.add(name)
        if frame.f_lineno != number_of(name, "L"):
            wrong.add((name, frame.f_lineno))


def check_raising(frame, event, _):
    name = frame.f_code.co_name
    if number_of(name, "R"):
        if event == "exception":
            raised.add(name)
            if frame.f_lineno != number_of(name, "R"):
                wrong.add((name, frame.f_lineno))
        return check_raising


probe = {"__name__": "probe", "__builtins__": __builtins__}
with open(sys.argv[1]) as file:
    exec(compile(file.read(), sys.argv[1], "exec"), probe)
with open(sys.argv[2]) as file:
    text = file.read()
probe["GLOBALS"]["spin"] = check_caller
arguments = ([1, 2], (1, 2), {"a": 1})
lines, names = probe["prepare"](text + probe["in_lists"](text[: text.index("def S1")]))
exec(probe["without_failing"](lines, names, arguments), names)
for _ in range(20):
    probe["drive"](names, arguments)
sys.settrace(check_raising)
for name in sorted(names):
    if number_of(name, "S") or number_of(name, "R"):
        names[name](50)
sys.settrace(None)
print(json.dumps({"called": len(called), "raised": len(raised), "wrong": sorted(wrong)}))
