"""Prints how many bytes of C stack each of some nested Python calls takes, up the stack."""
import probe

DEPTH = 40
where = []


def nest(depth):
    where.append(probe.stack_pointer())
    if depth:
        nest(depth - 1)


probe.start()
nest(DEPTH)
nest(DEPTH)
half = where[len(where) // 2 :]
print(*(above - below for above, below in zip(half, half[1:])))
