# SPDX-License-Identifier: BSD-3-Clause
"""HAVOK on Lorenz: a linear law of delay coordinates, and a forcing that bursts before the orbit changes lobes;
after Brunton et al. 2017, 10.1038/s41467-017-00030-8."""

import sys
from pathlib import Path

import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

STEP, DELAYS, RANK = 0.001, 100, 15


def main(output):
    # Fixed steps: the dense output of an adaptive integrator is noise to the fifteenth singular value.
    grid = al.TimeGrid.uniform(0.0, STEP, 200_000)
    run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(STEP))
    x = al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]), names=["x"])
    model = al.HAVOK(delays=DELAYS, rank=RANK).fit(x)
    A = model.A_
    beside = A - np.diag(np.diag(A, 1), 1) - np.diag(np.diag(A, -1), -1)
    print(f"singular values fall from {model.singular_values_[0]:.3g} to {model.singular_values_[-1]:.3g}")
    print(
        f"A is tridiagonal to {abs(beside).max() / abs(A).max():.1%} and skew-symmetric to {abs(A + A.T).max() / abs(A).max():.1%}"
    )
    print(f"excess kurtosis of the forcing: {model.forcing_statistics().excess_kurtosis[0]:.0f}")
    for delay, counted in ((0.0, "as in the paper"), ((DELAYS - 1) * STEP, "from when a burst is known")):
        score = model.switch_score(x, lead=0.4, delay=delay)
        print(
            f"counted {counted}: {score.foreseen_share:.0%} of {score.switches} changes of lobe foreseen, by chance "
            f"{score.by_chance:.0%}; {score.fulfilled_share:.0%} of the alarms came true"
        )
    example.save(al.plot.havok(model, x, lead=0.4, span=(100, 150)), output)


if __name__ == "__main__":
    example.start(main)
