# SPDX-License-Identifier: BSD-3-Clause
"""The weak form of Burgers and KdV beside PySINDy: the same samples, terms, threshold and count of test functions."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import time
import warnings

import numpy as np
import pysindy as ps

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_least, at_most

warnings.filterwarnings("ignore")
COUNT = 1000


def burgers():
    """256 x 101, viscosity 0.1, from a bump."""
    grid, times = al.SpatialGrid.periodic(256, -8, 8), al.TimeGrid.uniform(0, 0.1, 101)
    start = np.exp(-((grid.points(0) + 2) ** 2))
    run = al.spectral.solve(al.spectral.Burgers(0.1), grid, start, times, al.spectral.ETDRK4(0.01))
    return al.Trajectory(times, run.states, grid=grid), 0.05, {"u u_x": -1, "u_xx": 0.1}


def korteweg_de_vries():
    """512 x 201, two solitons that overtake each other, exact."""
    grid, times = al.SpatialGrid.periodic(512, -30, 30), al.TimeGrid.uniform(-4, 0.04, 201)
    k, x, t = (0.6, 1.1), grid.points(0), times.values[:, np.newaxis]
    e1, e2 = (np.exp(2 * (a * x - 4 * a**3 * t)) for a in k)
    both = ((k[0] - k[1]) / (k[0] + k[1])) ** 2 * e1 * e2
    f = 1 + e1 + e2 + both
    slope, bend = (2**n * (k[0] ** n * e1 + k[1] ** n * e2 + sum(k) ** n * both) for n in (1, 2))
    return al.Trajectory(times, 2 * (bend * f - slope**2) / f**2, grid=grid), 0.3, {"u u_x": -6, "u_xxx": -1}


def ours(run, threshold):
    return al.WeakSINDy(al.PDELibrary(order=3), al.STLSQ(threshold), count=COUNT).fit(run)


def weak_peer(run, threshold):
    """PySINDy 2.1 and later have WeakSINDy, earlier ones WeakPDELibrary."""
    u = run.states.T[:, :, np.newaxis]
    points = np.stack(np.meshgrid(run.grid.points(0), run.times.values, indexing="ij"), axis=-1)
    optimizer = ps.STLSQ(threshold=threshold, alpha=1e-5, normalize_columns=False)
    np.random.seed(0)
    if hasattr(ps, "WeakSINDy"):
        derivatives = ps.PDELibrary(derivative_order=3, spatial_grid=run.grid.points(0))
        powers = ps.PolynomialLibrary(degree=2, include_bias=False)
        library = powers + derivatives + powers * derivatives
        return ps.WeakSINDy(feature_library=library, optimizer=optimizer, n_subdomains=COUNT).fit(u, points)
    library = ps.WeakPDELibrary(
        function_library=ps.PolynomialLibrary(degree=2, include_bias=False), derivative_order=3, spatiotemporal_grid=points, K=COUNT
    )
    return ps.SINDy(feature_library=library, optimizer=optimizer).fit(u, t=run.times.values)


def error(model, truth):
    """The largest relative error; 1 where other terms were found."""
    found = {n: c for n, c in zip(model.feature_names_, model.coefficients_[:, 0]) if c}
    return max(abs(found.get(n, 0) / c - 1) for n, c in truth.items()) if found.keys() == truth.keys() else 1.0


def seconds(work, repetitions):
    """Of the processor, the median: the peer calls libraries that start threads."""
    taken = []
    for _ in range(repetitions):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return float(np.median(taken))


for name, make in (("burgers", burgers), ("kdv", korteweg_de_vries)):
    run, threshold, truth = make()
    model = ours(run, threshold)
    a, b = seconds(lambda: ours(run, threshold), 15), seconds(lambda: weak_peer(run, threshold), 3)
    print(f"{name}: {model}; {1e3 * a:.2f} ms, PySINDy {ps.__version__} {1e3 * b:.0f} ms")
    at_least(f"weak_{name}_against_pysindy", b / a, 100)
    at_most(f"weak_{name}_largest_error", error(model, truth), 1e-3)
    strong = al.PDEFind(al.PDELibrary(order=3), al.STLSQ(threshold)).fit(run)
    print(f"{name} in strong form: {strong}")
    at_most(f"strong_{name}_largest_error", error(strong, truth), 1e-3)
    worst = 0.0
    for seed in range(10):
        noise = 0.01 * run.states.std() * np.random.default_rng(seed).standard_normal(run.states.shape)
        noisy = al.Trajectory(run.times, run.states + noise, grid=run.grid)
        worst = max(worst, error(ours(noisy, threshold), truth))
    at_most(f"weak_{name}_largest_error_of_10_draws_of_1_percent_noise", worst, 1e-2)
