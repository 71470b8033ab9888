"""Plain function calls, deep and wide."""


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))


assert fib(27) == 196418
assert [ackermann(2, n) for n in range(120)][-1] == 241
