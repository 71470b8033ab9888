"""Resumes generators and coroutines, and loops without one."""

from branches import run, tell, times


def loop():
    x = 1
    for n in times(160000):
        x = x + n & 255


def generator():
    for _ in counting(times(100000)):
        pass


def counting(numbers):
    for n in numbers:
        yield n


def delegation():
    for _ in outer(times(60000)):
        pass


def outer(numbers):
    yield from middle(numbers)


def middle(numbers):
    yield from innermost(numbers)


def innermost(numbers):
    for n in numbers:
        yield n


def expression():
    sum(n & 255 for n in times(100000))


def coroutines():
    for n in times(12000):
        try:
            first(n).send(None)
        except StopIteration:
            pass


async def first(n):
    return await second(n)


async def second(n):
    return await third(n)


async def third(n):
    return n & 255


def main():
    run([loop, generator, delegation, expression, coroutines])


tell(main)
