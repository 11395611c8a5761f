# SPDX-License-Identifier: BSD-3-Clause
"""Prints the solution of Robertson's kinetics at t = 40 that rosenbrock.cpp expects.

Extrapolated linearly implicit Euler steps (Hairer & Wanner, Solving Ordinary Differential Equations II,
IV.9) in 30-digit arithmetic; a method that has nothing in common with the one under test. Takes half a minute.
Made with Python 3.11 and mpmath 1.3.0.
"""

from mpmath import eye, lu_solve, matrix, mp, mpf, nstr

mp.dps = 30


def rate(y):
    first, second, third = y[0] / 25, 30_000_000 * y[1] ** 2, 10_000 * y[1] * y[2]
    return [third - first, first - third - second, second]


def jacobian(y):
    return matrix([
        [-mpf(1) / 25, 10_000 * y[2], 10_000 * y[1]],
        [mpf(1) / 25, -60_000_000 * y[1] - 10_000 * y[2], -10_000 * y[1]],
        [0, 60_000_000 * y[1], 0],
    ])


def euler(y, interval, count):
    h = interval / count
    for _ in range(count):
        change = lu_solve(eye(3) - h * jacobian(y), matrix([h * r for r in rate(y)]))
        y = [y[i] + change[i] for i in range(3)]
    return y


def step(y, interval, columns=10):
    """The state after the interval and the relative difference of the last two extrapolations."""
    table = []
    for j in range(columns):
        row = [euler(y, interval, j + 1)]
        for k in range(1, j + 1):
            ratio = mpf(j + 1) / (j + 1 - k) - 1
            row.append([row[k - 1][i] + (row[k - 1][i] - table[j - 1][k - 1][i]) / ratio for i in range(3)])
        table.append(row)
    best, second = table[-1][-1], table[-1][-2]
    return best, max(abs(best[i] - second[i]) / (abs(best[i]) + mpf("1e-25")) for i in range(3))


def solve(end, tolerance):
    t, y, h = mpf(0), [mpf(1), mpf(0), mpf(0)], mpf("1e-5")
    while t < end:
        h = min(h, end - t)
        reached, error = step(y, h)
        if error < tolerance:
            t, y = t + h, reached
        h *= min(4, max(mpf("0.2"), mpf("0.9") * (tolerance / (error + mpf("1e-40"))) ** mpf("0.1")))
    return y


if __name__ == "__main__":
    print([nstr(value, 13) for value in solve(40, mpf("1e-13"))])
