# SPDX-License-Identifier: BSD-3-Clause
"""Two solitons of Korteweg and de Vries: the fast one overtakes the slow one, and both come out of it as they
were, but not where they would have been."""

import numpy as np

import almagest as al
import example

FAST, SLOW = 1.0, 0.6  # kappa: heights 2 kappa^2, speeds 4 kappa^2
GRID = al.SpatialGrid.periodic(1024, -60, 60)


def exact(x, t):
    """Hirota's solution of u_t + 6 u u_x + u_xxx = 0: 2 (log F)_xx."""
    share = (FAST - SLOW) / (FAST + SLOW)
    p, q = (np.exp(2 * k * (x - 4 * k * k * t)) / share for k in (FAST, SLOW))
    both = share**2 * p * q
    f = 1 + p + q + both
    first = FAST * p + SLOW * q + (FAST + SLOW) * both
    second = FAST**2 * p + SLOW**2 * q + (FAST + SLOW) ** 2 * both
    return 8 * (second / f - (first / f) ** 2)


def main(output):
    times = al.TimeGrid.uniform(-8, 0.1, 161)
    run = al.spectral.solve(
        al.spectral.KortewegDeVries(6, 1), GRID, lambda x: exact(x, -8), times, al.spectral.ETDRK4(0.001)
    )
    print(f"error against Hirota's solution after the collision: {abs(run.fields[-1] - exact(GRID.points(0), 8)).max():.1e}")
    print(run.ledger)
    ax = al.plot.space_time(run, label="height u")
    for k in (FAST, SLOW):  # where each would be alone
        ax.plot(4 * k * k * (times.values + 8) + GRID.points(0)[abs(GRID.points(0) + 32 * k * k).argmin()], times.values, "k:", lw=1)
    ax.set(title="Two solitons and, dotted, their ways without the other", xlim=(-45, 45))
    example.save(ax.figure, output)


if __name__ == "__main__":
    example.start(main)
