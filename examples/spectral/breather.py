# SPDX-License-Identifier: BSD-3-Clause
"""The breather of sine-Gordon, a bound kink and antikink: it comes back after every period."""

import numpy as np

import almagest as al
import example

GRID = al.SpatialGrid.periodic(512, -40, 40)
FREQUENCY = 0.5
PERIOD = 2 * np.pi / FREQUENCY


def main(output):
    u0, v0 = al.spectral.sine_gordon_breather(GRID, FREQUENCY)
    times = np.linspace(0, 3 * PERIOD, 181)
    run = al.spectral.solve(al.spectral.SineGordon(), GRID, u0, times, al.spectral.Verlet4(0.02), v0=v0)
    energy = run.ledger.quantities["energy"]
    print(f"energy {energy[0]:.6f}, theory {16 * np.sqrt(1 - FREQUENCY**2):.6f}, drifts by {run.ledger.drifts['energy']:.1e}")
    print(f"peak {run.fields[0, 0].max():.6f}, theory {4 * np.pi / 3:.6f}; back after 3 periods to {abs(run.fields[-1, 0] - u0).max():.1e}")
    ax = al.plot.space_time(run, label="angle φ (rad)")
    ax.set(title="Three periods of a breather", xlim=(-15, 15))
    example.save(ax.figure, output)


if __name__ == "__main__":
    example.start(main)
