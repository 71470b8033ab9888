"""Calls a function, forks, and calls another in the child; prints the child's PID."""

import os


def in_parent():
    pass


def in_child():
    pass


def in_parent_after():
    pass


in_parent()
child = os.fork()
if child == 0:
    in_parent()
    in_child()
    os._exit(0)
os.waitpid(child, 0)
in_parent_after()
print(child)
