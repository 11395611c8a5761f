# SPDX-License-Identifier: BSD-3-Clause
"""A kink and an antikink of the phi^4 theory collide. Fast ones bounce off each other; slow ones stay together,
except in windows of velocity where the second or a later bounce sets them free."""

import matplotlib.pyplot as plt
import numpy as np

import almagest as al
import example

# Radiation runs at speed 1 and must not come round the domain before the end.
GRID = al.SpatialGrid.periodic(1024, -100, 100)
TIMES = al.TimeGrid.uniform(0, 0.25, 801)


def collide(velocity):
    u0, v0 = al.spectral.phi4_kink_pair(GRID, coupling=1, vacuum=1, separation=20, velocity=velocity)
    return al.spectral.solve(al.spectral.Phi4(), GRID, u0, TIMES, al.spectral.Verlet4(0.05), v0=v0)


def bounces(run):
    """How often they meet: the field between them, 1 while they are apart, goes below 0."""
    centre = run.fields[:, 0, 512]
    return np.sum((centre[1:] < 0) & (centre[:-1] >= 0))


def main(output):
    figure, panels = plt.subplots(1, 3, figsize=(11, 4), sharey=True, layout="constrained")
    for velocity, ax in zip((0.2, 0.226, 0.3), panels):
        run = collide(velocity)
        energy = 4 * np.sqrt(2) / 3 / np.sqrt(1 - velocity**2)
        print(f"velocity {velocity}: {bounces(run)} bounces, energy {run.ledger.quantities['energy'][0]:.6f} "
              f"(theory {energy:.6f}) drifts by {run.ledger.drifts['energy']:.1e}")
        al.plot.space_time(run, label="φ", ax=ax)
        ax.set(title=f"velocity {velocity}: {bounces(run)} bounces", xlim=(-40, 40), ylim=(0, 120))
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
