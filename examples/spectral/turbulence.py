# SPDX-License-Identifier: BSD-3-Clause
"""Decaying turbulence in two dimensions: vortices merge, enstrophy is lost, energy hardly."""

import numpy as np

import almagest as al
import example

GRID = al.SpatialGrid.periodic((128, 128), (0, 0), (2 * np.pi, 2 * np.pi))
VISCOSITY = 2e-3


def main(output):
    start = 4 * al.spectral.gaussian_random_field(GRID, length=0.3, smoothness=4, seed=1)
    times = al.TimeGrid.uniform(0, 0.5, 41)
    run = al.spectral.solve(al.spectral.NavierStokes2D(VISCOSITY), GRID, start, times, al.spectral.ETDRK4(0.005))
    energy, enstrophy = run.ledger.quantities["energy"], run.ledger.quantities["enstrophy"]
    # d/dt energy = -2 nu enstrophy, by Simpson's rule over the samples.
    weights = np.array([1, *[4, 2] * 19, 4, 1]) * times.step / 3
    print(f"energy lost {energy[0] - energy[-1]:.6f}, dissipated {2 * VISCOSITY * weights @ enstrophy:.6f}")
    print(f"energy kept {energy[-1] / energy[0]:.1%}, enstrophy kept {enstrophy[-1] / enstrophy[0]:.1%}")
    example.save(al.plot.snapshots(run, [0, 4, 12, 40], label="vorticity"), output)
    al.plot.animate(run, output / "turbulence.gif", label="vorticity", seconds=4)


if __name__ == "__main__":
    example.start(main)
