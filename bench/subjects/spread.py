"""Spends SECONDS in COUNT functions, all alike, so that samples fall into all of them.

    spread.py COUNT SECONDS      prints its PID
"""
import os
import sys
import time

import functions

print(os.getpid())
methods = functions.make(int(sys.argv[1]))
end = time.process_time() + float(sys.argv[2])
while time.process_time() < end:
    functions.call(methods)
