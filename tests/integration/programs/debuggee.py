"""A program to be debugged."""

import threading


def inner(n):
    total = 0
    for i in range(n):
        total += i
    return total


def outer(n):
    first = inner(n)
    second = sorted([3, 1, 2], key=lambda x: -x)
    return first, second


def main():
    print(outer(4))
    thread = threading.Thread(target=lambda: print(outer(5)))
    thread.start()
    thread.join()
    try:
        inner("x")
    except TypeError as error:
        print(error)


main()
