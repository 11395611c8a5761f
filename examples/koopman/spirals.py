# SPDX-License-Identifier: BSD-3-Clause
"""Spirals of the complex Ginzburg-Landau equation by DMD: all turn with one frequency, that of the waves they send."""

import sys
from pathlib import Path

import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

C, STEP = 1.0, 0.25
GRID = al.SpatialGrid.periodic((96, 96), (0, 0), (80, 80))


def spirals():
    """The field once spirals have formed: its real parts, then its imaginary ones."""
    real, imaginary = (0.3 * al.spectral.gaussian_random_field(GRID, length=4, smoothness=6, seed=seed) for seed in (1, 2))
    times = np.concatenate([[0], 150 + STEP * np.arange(200)])
    run = al.spectral.solve(al.spectral.GinzburgLandau(b=0, c=C), GRID, real + 1j * imaginary, times, al.spectral.ETDRK4(STEP))
    field = run.states[1:]
    return al.Trajectory(al.TimeGrid.uniform(0, STEP, 200), np.hstack([field.real, field.imag]), grid=GRID)


def main(output):
    run = spirals()
    seen, future = run[:120], run[120:]
    model = al.DMD(rank=8).fit(seen)
    print(model)
    # Plane waves turn with c |A|^2, and far from the cores a spiral is one.
    density = (future.fields[-1] ** 2).sum(axis=0)
    print(f"the spirals turn with {model.exponents_[0].imag:.4f}, plane waves of their density with {C * np.median(density):.4f}")
    error = model.forecast(seen, len(future)).states - future.states
    print(f"a forecast of {STEP * len(future):.0f} units of time errs by {error.std() / future.states.std():.1e} of the field")
    example.save(al.plot.modes(model, [0, 2, 4], grid=GRID), output)


if __name__ == "__main__":
    example.start(main)
