# SPDX-License-Identifier: BSD-3-Clause
import pickle

import almagest as al
import numpy as np
import pytest


def waves(points=32, samples=16, seed=0, dt=0.1):
    x = 2 * np.pi * np.arange(points) / points
    a = np.random.default_rng(seed).normal(size=(2, 3))
    states = [
        sum(np.exp(-0.05 * m * m * t) * (a[0, m - 1] * np.cos(m * (x - t)) + a[1, m - 1] * np.sin(m * (x - t))) for m in (1, 2, 3))
        for t in dt * np.arange(samples)
    ]
    return al.Trajectory(al.TimeGrid.uniform(0, dt, samples), np.array(states), grid=al.SpatialGrid.periodic(points, 0, 2 * np.pi))


RUNS = [waves(seed=seed) for seed in range(10)]
SMALL = dict(modes=5, width=10, layers=2, projection=16, batch=16, rate=1e-2)


@pytest.fixture(scope="module")
def model():
    return al.neural.FNO1d(**SMALL, epochs=100, seed=3).fit(RUNS, validation=[waves(seed=50)])


def test_an_operator_learns_forecasts_and_scores(model):
    assert model.validation_score_ > 0.999
    assert model.history_.loss.shape == (100,) and model.history_.validation[-1] < 0.05
    assert model.parameter_count_ == 10 * 3 + 2 * (5 * 2 * 100 + 110) + 16 * 11 + 17
    dense = 32 * 2 * (3 * 10 + 2 * 10 * 10 + 10 * 16 + 16)  # all but the modes
    assert 1 < model.flops_ / dense < 3
    truth = waves(seed=51)
    ahead = model.forecast(truth[:1], steps=10)
    assert ahead.verdict and ahead.grid == truth.grid
    assert np.abs(ahead.states - truth.states[1:11]).max() < 0.1 * np.abs(truth.states).max()


def test_an_operator_goes_to_another_grid_when_told_to(model):
    fine = waves(points=128, seed=51)
    with pytest.raises(al.DimensionMismatch, match="128"):
        model.forecast(fine, steps=2)
    ahead = model.on(fine.grid).forecast(fine[:1], steps=10)
    assert np.abs(ahead.states - fine.states[1:11]).max() < 0.1 * np.abs(fine.states).max()
    with pytest.raises(al.InvalidArgument, match="length"):
        model.on(al.SpatialGrid.periodic(64, 0, 1))
    with pytest.raises(al.InvalidArgument, match="time step"):
        model.forecast(waves(dt=0.2), steps=2)


def test_files_and_pickles_hold_operators(model, tmp_path):
    model.save(tmp_path / "fno")
    expected = model.forecast(RUNS[0], steps=5).states
    for other in (al.load(tmp_path / "fno"), pickle.loads(pickle.dumps(model))):
        assert isinstance(other, al.neural.FNO1d) and other.width == 10 and other.grid_ == model.grid_
        assert (other.forecast(RUNS[0], steps=5).states == expected).all()


def test_the_same_seed_gives_the_same_bits():
    first, second = (al.neural.FNO1d(**SMALL, epochs=2, seed=7).fit(RUNS) for _ in range(2))
    assert (first.history_.loss == second.history_.loss).all()


def test_other_operators_learn(tmp_path):
    mixing = al.neural.DyMixOp(modes=4, width=6, layers=2, epochs=25, rate=1e-2, batch=16).fit(RUNS)
    onet = al.neural.DeepONet(branch=[24], trunk=[24], terms=12, epochs=150, rate=1e-2, batch=16).fit(RUNS)
    for model in (mixing, onet):
        assert model.history_.loss[-1] < 0.2 * model.history_.loss[0]
        model.save(tmp_path / "model")
        assert repr(al.load(tmp_path / "model")).startswith(type(model).__name__)
    grid = al.SpatialGrid.periodic((12, 10), (0, 0), (1, 1))
    x, y = np.meshgrid(grid.points(0), grid.points(1), indexing="ij")
    states = [np.sin(2 * np.pi * (x - t)) + np.cos(2 * np.pi * y) for t in 0.05 * np.arange(20)]
    run = al.Trajectory(al.TimeGrid.uniform(0, 1, 20), np.reshape(states, (20, -1)), grid=grid)
    plane = al.neural.FNO2d(modes=3, width=6, layers=2, projection=8, epochs=60, rate=1e-2, batch=8).fit(run)
    assert plane.history_.loss[-1] < 0.1
    with pytest.raises(al.InvalidArgument, match="grid of 2 axes"):
        al.neural.FNO1d().fit(run)


def test_separable_maps_learn_forecast_and_are_stored(tmp_path):
    t = 0.05 * np.arange(1500)
    run = al.Trajectory(al.TimeGrid.uniform(0, 0.05, 1500), np.column_stack([np.cos(t), np.sin(t)]))
    model = al.neural.Separable(rank=3, atoms=5).fit(run[:1000], validation=run[1000:])
    assert model.validation_score_ > 0.9999 and model.parameter_count_ == 2 * 2 * 3 * 5
    ahead = model.forecast(run[:1000], steps=100)
    assert np.abs(ahead.states - run.states[1000:1100]).max() < 1e-3
    model.save(tmp_path / "map")
    for other in (al.load(tmp_path / "map"), pickle.loads(pickle.dumps(model))):
        assert other.rank == 3 and (other.forecast(run[:1000], steps=5).states == ahead.states[:5]).all()
    with pytest.raises(al.InvalidArgument, match="kind is 'cubic'"):
        al.neural.Separable(kind="cubic").fit(run)


def test_what_no_operator_can_learn_is_refused():
    bare = al.Trajectory(RUNS[0].times, RUNS[0].states)
    with pytest.raises(al.InvalidArgument, match="no grid"):
        al.neural.FNO1d(modes=4).fit(bare)
    with pytest.raises(al.InvalidArgument, match="20 modes on axis 0 need at least 40 points"):
        al.neural.FNO1d(modes=20).fit(RUNS)
    with pytest.raises(TypeError, match="width is 2.5"):
        al.neural.FNO1d(modes=4, width=2.5).fit(RUNS)
    with pytest.raises(al.Cancelled):
        al.neural.FNO1d(modes=4, width=4).fit(RUNS, progress=lambda fraction: False)
    with pytest.raises(al.NotFitted):
        al.neural.FNO1d().forecast(RUNS[0], steps=1)
