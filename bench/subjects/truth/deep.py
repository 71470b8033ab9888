"""Works at the bottom of recursions of known depths."""

from branches import run, tell, times


def spin():
    x = 1
    for n in times(220000):
        x = x + n & 255


def down(depth):
    if depth:
        down(depth - 1)
    else:
        spin()


def depth_20():
    down(20)


def depth_50():
    down(50)


def depth_100():
    down(100)


def depth_300():
    down(300)


def depth_900():
    down(900)


def main():
    run([depth_20, depth_50, depth_100, depth_300, depth_900])


tell(main)
