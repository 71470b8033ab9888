"""Generators in a chain, yield from, and coroutines driven by hand."""


def numbers(count):
    for number in range(count):
        yield number


def odd(source):
    for number in source:
        if number & 1:
            yield number


def pairs(source):
    for number in source:
        yield number, number + 1


def walk(depth):
    if depth:
        yield from walk(depth - 1)
        yield depth
        yield from walk(depth - 1)


async def answer(value):
    return value


async def total(count):
    result = 0
    for number in range(count):
        result += await answer(number)
    return result


assert sum(b - a for a, b in pairs(odd(numbers(800000)))) == 400000
assert sum(1 for _ in walk(15)) == 32767
try:
    total(300000).send(None)
except StopIteration as stop:
    assert stop.value == 44999850000
