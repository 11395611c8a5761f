# SPDX-License-Identifier: BSD-3-Clause
"""Models in continuous time: what Python adds to what tests/neural tests."""

import pickle

import numpy as np
import pytest

import almagest as al

GRID = al.TimeGrid.uniform(0.0, 0.1, 100)


@pytest.fixture(scope="module")
def run():
    return al.integrate(al.systems.LotkaVolterra(1, 1, 1, 1), [1, 1.5], GRID)


@pytest.fixture(scope="module")
def ode(run):
    return al.neural.NeuralODE(hidden=[16], epochs=120, rate=1e-2, batch=32, seed=2).fit(run, validation=run)


def test_a_neural_ode_is_a_system_and_forecasts(run, ode):
    ahead = ode.forecast(al.Trajectory(GRID, run.states)[:10], steps=60)
    assert ahead.verdict
    assert abs(ahead.states - run.states[10:70]).max() < 0.15
    flow = al.integrate(ode, run[0], GRID, al.methods.RK4(0.1))
    assert np.allclose(flow.states[1:40], ode.forecast(run[:1], 39).states, atol=1e-12)
    assert np.allclose(ode.vector_field(run.states)[5], ode.vector_field(run[5]))
    assert ode.jacobian(run[5]).shape == (2, 2)
    assert ode.score(run, steps=5) > 0.98
    assert ode.parameter_count_ == 16 * 3 + 2 * 17
    assert ode.flops_ > 2 * ode.parameter_count_ - 40
    assert len(ode.history_.loss) == 120 and np.isfinite(ode.history_.validation).all()
    assert ode.warnings_ == []
    spectrum = al.diagnostics.lyapunov_spectrum(ode, run[0], duration=20.0, transient=0.0, tolerance=1e-6)
    assert abs(spectrum.exponents).max() < 0.5


def test_irregular_times_and_adjoints(run):
    irregular = al.Trajectory(GRID.values[np.r_[0:40, 40:100:2]], run.states[np.r_[0:40, 40:100:2]])
    model = al.neural.NeuralODE(hidden=[8], epochs=5, tolerance=1e-6).fit(irregular)
    assert model.forecast(run, 3).states.shape == (3, 2)


def test_rates_are_learned_without_a_solver(run):
    rates = al.systems.LotkaVolterra(1, 1, 1, 1)(run.states)
    model = al.neural.NeuralODE(hidden=[16], epochs=200, batch=25, rate=1e-2).fit(run, rates=rates)
    assert abs(model.vector_field(run.states) - rates).max() < 0.1 * abs(rates).max()
    with pytest.raises(al.InvalidArgument, match="for 2 runs of 1"):
        al.neural.NeuralODE().fit(run, rates=[rates, rates])


def test_a_hamiltonian_keeps_its_energy():
    pendulum = al.integrate(lambda x, t: np.array([x[1], -np.sin(x[0])]), [1.2, 0], al.TimeGrid.uniform(0, 0.2, 100))
    model = al.neural.HamiltonianNN(hidden=[16], epochs=200, rate=1e-2, batch=33).fit(pendulum)
    energy = model.energy(model.forecast(pendulum, 1000).states)
    assert np.ptp(energy) < 0.05
    kicked = al.integrate(model, pendulum[0], al.TimeGrid.uniform(0, 0.2, 50), al.methods.Verlet(step=0.1))
    assert np.ptp(model.energy(kicked.states)) < 0.1


def test_environments():
    def runs(count):
        starts = np.random.default_rng(count).uniform(1, 2, (count, 2))
        return [
            [al.integrate(al.systems.LotkaVolterra(a, 0.5, 0.5, 0.5), start, al.TimeGrid.uniform(0, 0.5, 20)) for start in starts]
            for a in (0.5, 1.0)
        ]

    data = runs(1)
    model = al.neural.LEADS(hidden=[8], epochs=50, rate=1e-2).fit(data, validation=runs(2))
    assert model.environments_ == 2
    assert model.forecast(data[1][0], 5, environment=1).states.shape == (5, 2)
    assert not np.allclose(model.forecast(data[0][0], 5).states, model.forecast(data[0][0], 5, environment=1).states)
    assert al.integrate(model.environment(1), [1, 1], [0, 1]).states.shape == (2, 2)
    assert np.isfinite(model.score(data))
    with pytest.raises(al.InvalidArgument, match="no environment 2"):
        model.environment(2)


def test_reduced_and_integral_equations(run):
    wide = al.Trajectory(GRID, run.states @ np.random.default_rng(1).normal(size=(2, 6)))
    model = al.neural.PODNeuralODE(rank=2, hidden=[8], epochs=20).fit(wide)
    assert model.modes_.shape == (6, 2)
    assert al.integrate(model.latent_, [0, 0], [0, 0.1]).states.shape == (2, 2)
    with pytest.raises(al.InvalidArgument, match="rank is 7"):
        al.neural.PODNeuralODE(rank=7).fit(wide)
    integral = al.neural.IntegralEquation(hidden=[8], window=3, epochs=5).fit(run)
    assert integral.forecast(run, 7).states.shape == (7, 2)


def test_a_reduced_model_of_full_size_is_the_whole_one(run, ode):
    reduced = ode.reduce(run, rank=2, points=16)
    assert np.allclose(reduced.forecast(run, 20).states, ode.forecast(run, 20).states, atol=1e-10)
    assert reduced.hidden == (16,)


@pytest.mark.parametrize(
    "make",
    [
        lambda run: al.neural.NeuralODE(hidden=[4], epochs=2, substeps=2).fit(run),
        lambda run: al.neural.HamiltonianNN(hidden=[4, 3], epochs=2, method="verlet").fit(run, validation=run),
        lambda run: al.neural.PODNeuralODE(rank=1, hidden=[4], epochs=2).fit(run),
        lambda run: al.neural.IntegralEquation(hidden=[4], epochs=2).fit(run),
        lambda run: al.neural.LEADS(hidden=[4], epochs=2).fit([run, run]),
    ],
)
def test_files_and_pickles_hold_the_same_bits(tmp_path, run, make):
    model = make(run)
    model.save(tmp_path / "model")
    for again in (al.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert type(again) is type(model)
        assert np.array_equal(again.forecast(run, 10).states, model.forecast(run, 10).states)
        assert np.array_equal(again.history_.loss, model.history_.loss)


def test_what_cannot_be_learned_is_refused(run):
    with pytest.raises(al.InvalidArgument, match="method is 'heun'"):
        al.neural.NeuralODE(method="heun").fit(run)
    with pytest.raises(al.InvalidArgument, match="second derivatives"):
        al.neural.HamiltonianNN(activation="relu").fit(run)
    with pytest.raises(al.DimensionMismatch, match="as many momenta"):
        al.neural.HamiltonianNN().fit(np.zeros((20, 3)) + np.arange(20)[:, None], dt=0.1)
    with pytest.raises(TypeError, match="whole number"):
        al.neural.NeuralODE(epochs=2.5).fit(run)
    told = []
    with pytest.raises(al.Cancelled):
        al.neural.NeuralODE(epochs=50).fit(run, progress=lambda fraction: told.append(fraction) or len(told) < 3)


def test_environments_come_in_lists_of_any_depth():
    run = al.integrate(al.systems.LotkaVolterra(), [1, 1], al.TimeGrid.uniform(0, 0.2, 10))
    blank = lambda: al.neural.LEADS(hidden=[2], epochs=1)
    plain = run.states
    with_times = [run, run], [[run, run[:10]], [run, run]], al.Ensemble([run, run])
    for data, dt in [*((data, None) for data in with_times), ([plain, plain], 0.2), (np.array([plain, plain]), 0.2)]:
        assert blank().fit(data, dt=dt).environments_ == 2
    for data, dt in [(run, None), (plain, 0.2), (plain.tolist(), 0.2)]:
        with pytest.raises(al.InvalidArgument, match="several environments"):
            blank().fit(data, dt=dt)
