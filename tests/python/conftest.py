# SPDX-License-Identifier: BSD-3-Clause
"""Runs and models that several tests learn from."""

import almagest as al
import numpy as np
import pytest


@pytest.fixture(scope="session")
def lorenz_run():
    """10 000 samples on the attractor, exact to 1e-10 or so."""
    grid = al.TimeGrid.uniform(0.0, 0.002, 10_000)
    method = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)
    return al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=method)


@pytest.fixture(scope="session")
def lorenz_model(lorenz_run):
    return al.SINDy(al.Polynomial(degree=3), al.STLSQ(threshold=0.1), al.FiniteDifference(order=4)).fit(lorenz_run)


@pytest.fixture(scope="session")
def waves():
    """Two sinusoids in two components: rank 4, and every eigenvalue known."""
    t = 0.05 * np.arange(400)
    fast, slow = np.cos(3.0 * t), 0.5 * np.sin(1.1 * t)
    return al.Trajectory(al.TimeGrid.uniform(0.0, 0.05, 400), np.column_stack([fast + slow, fast - slow]), names=["a", "b"])


@pytest.fixture(scope="session")
def wave_model(waves):
    return al.HankelDMD(delays=10, rank=4).fit(waves)


class says:
    """`with says(ValueError, "forecast", "3", "resample"):` the error is of that type and holds all that."""

    def __init__(self, kind, *pieces):
        self.kind, self.pieces = kind, pieces

    def __enter__(self):
        self.context = pytest.raises(self.kind)
        return self.context.__enter__()

    def __exit__(self, *caught):
        done = self.context.__exit__(*caught)
        if done:
            text = str(caught[1])
            for piece in self.pieces:
                assert str(piece) in text, f"{piece!r} is not in {text!r}"
        return done
