# SPDX-License-Identifier: BSD-3-Clause
"""Leading singular triples of Hankel matrices from Python."""

import almagest as al
import numpy as np
import pytest


def windows(x, delays):
    return np.lib.stride_tricks.sliding_window_view(x, delays)


@pytest.mark.parametrize("route", ["automatic", "qr", "gram", "lanczos", "randomized"])
def test_triples_are_those_of_numpy(route):
    t = 0.05 * np.arange(700)
    x = np.sin(t) + 0.3 * np.cos(3 * t) + 0.01 * np.random.default_rng(1).normal(size=700)
    found = al.linalg.hankel_svd(x, 60, 4, route=route)
    expected = np.linalg.svd(windows(x, 60), compute_uv=False)
    np.testing.assert_allclose(found.singular_values, expected[:4], rtol=1e-12)
    np.testing.assert_allclose(windows(x, 60) @ found.v, found.u * found.singular_values, atol=1e-9)
    assert found.u.shape == (641, 4) and found.v.shape == (60, 4) and np.all(found.residuals < 1e-8)
    assert found.route in ("qr", "gram", "lanczos", "randomized")


def test_runs_and_channels():
    rng = np.random.default_rng(2)
    one, two = rng.normal(size=(50, 2)), rng.normal(size=(30, 2))
    stacked = np.vstack([np.array([run[k : k + 5].ravel() for k in range(len(run) - 4)]) for run in (one, two)])
    found = al.linalg.hankel_svd([one, two], 5, 3)
    np.testing.assert_allclose(found.singular_values, np.linalg.svd(stacked, compute_uv=False)[:3], rtol=1e-12)
    run = al.Trajectory(0.1 * np.arange(50), one)
    np.testing.assert_array_equal(al.linalg.hankel_svd(run, 5, 3).v, al.linalg.hankel_svd(one, 5, 3).v)


def test_doubts_and_refusals():
    t = 0.1 * np.arange(300)
    with pytest.warns(al.FitWarning, match="rank is 5") as caught:
        found = al.linalg.hankel_svd(np.sin(t), 20, 5)
    assert len(found.singular_values) == 2 and caught[0].filename == __file__ and found.warnings
    with pytest.raises(al.InvalidArgument, match='route is "best"'):
        al.linalg.hankel_svd(np.sin(t), 20, 2, route="best")
    with pytest.raises(al.InvalidArgument, match="delays|samples"):
        al.linalg.hankel_svd(np.sin(t), 400, 2)
    with pytest.raises(al.NonFiniteData):
        al.linalg.hankel_svd(np.full(300, np.nan), 20, 2)
