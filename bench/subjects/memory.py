"""Names COUNT functions; prints this process's resident and private KiB, and
its PID.

    memory.py COUNT                   once all were called
    memory.py COUNT fork [MODULE]     the private KiB of a forked child that called them all again
"""
import gc
import os
import sys

import functions


def rollup():
    values = {}
    with open("/proc/self/smaps_rollup") as file:
        for line in file.readlines()[1:]:
            name, value = line.split(":")
            values[name] = int(value.split()[0])
    return values["Rss"], values["Private_Clean"] + values["Private_Dirty"]


for name in sys.argv[3:]:
    __import__(name)
methods = functions.make(int(sys.argv[1]))
gc.disable()
functions.call(methods)
rollup()
if "fork" in sys.argv:
    if os.fork() == 0:
        functions.call(methods)
        functions.call(methods)
        print(*rollup(), os.getpid())
        sys.stdout.flush()
        os._exit(0)
    os.wait()
else:
    print(*rollup(), os.getpid())
