"""Trees that are made, counted and dropped."""


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


def make(depth):
    return Node(make(depth - 1), make(depth - 1)) if depth else Node(None, None)


def count(node):
    return 1 + (count(node.left) + count(node.right) if node.left else 0)


assert sum(count(make(10)) for _ in range(120)) == 120 * 2047
