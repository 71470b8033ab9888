"""Loops over numbers with few calls: bodies under gravity, and primes."""

bodies = [[float(n), n * 0.5, n * -0.25, 0.0, 0.1 * n, 0.05, 1.0 + n] for n in range(5)]


def advance(steps, dt):
    for _ in range(steps):
        for i, one in enumerate(bodies):
            for two in bodies[i + 1 :]:
                dx, dy, dz = one[0] - two[0], one[1] - two[1], one[2] - two[2]
                pull = dt / (dx * dx + dy * dy + dz * dz + 0.01) ** 1.5
                for axis, d in enumerate((dx, dy, dz), 3):
                    one[axis] -= d * two[6] * pull
                    two[axis] += d * one[6] * pull
        for body in bodies:
            for axis in range(3):
                body[axis] += dt * body[axis + 3]


def primes(limit):
    sieve = bytearray([1]) * limit
    for number in range(2, limit):
        if sieve[number]:
            for multiple in range(number * number, limit, number):
                sieve[multiple] = 0
    return sum(sieve) - 2


advance(6000, 0.001)
assert primes(600000) == 49098
