"""Python called from C: sort keys, reduce, partial, cached and wrapped functions."""
import functools
import itertools


def logged(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@logged
def scale(value, by=3):
    return value * by


@functools.lru_cache(maxsize=64)
def slow(value):
    return value // 2


def add(a, b):
    return a + b


numbers = [n * 7919 % 10007 for n in range(10000)]
for _ in range(14):
    ordered = sorted(numbers, key=lambda n: (n % 10, n))
    assert functools.reduce(add, map(functools.partial(scale, by=2), ordered)) == 2 * sum(numbers)
    assert len(list(filter(slow, numbers))) == len([n for n in numbers if n > 1])
    assert len([list(group) for _, group in itertools.groupby(ordered, key=lambda n: n % 10)]) == 10
