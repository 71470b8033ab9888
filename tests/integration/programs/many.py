"""Calls as many new functions as it is told to.  For Python 3.6 to 3.15.

Reads a number a line; calls that many functions never called before, f0, f1, ... of the file
<many>; answers with how many there have been.  Ends with its input.
"""

import sys

total = 0
for line in iter(sys.stdin.readline, ""):
    for total in range(total + 1, total + 1 + int(line)):
        space = {}
        exec(compile("def f%d(): pass" % (total - 1), "<many>", "exec"), space)
        space["f%d" % (total - 1)]()
    print(total, flush=True)
