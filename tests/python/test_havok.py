# SPDX-License-Identifier: BSD-3-Clause
"""HAVOK, OptDMD and BOPDMD as estimators and forecasters."""

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

FREQUENCIES = np.array([-3.0, -1.1, 1.1, 3.0])
EXPONENTS = np.array([-0.05 + 3j, -0.05 - 3j, -0.1 + 5.5j, -0.1 - 5.5j])


@pytest.fixture(scope="module")
def chaos():
    """x of Lorenz by fixed steps, whose dense output would be noise to HAVOK."""
    grid = al.TimeGrid.uniform(0.0, 0.001, 50_000)
    run = al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.001))
    return al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]), names=["x"])


@pytest.fixture(scope="module")
def havok(chaos):
    return al.HAVOK(delays=100, rank=15).fit(chaos)


def damped(times, noise=0.0):
    random = np.random.default_rng(0)
    modes = random.standard_normal((2, 6)) + 1j * random.standard_normal((2, 6))
    states = (np.exp(np.outer(times, EXPONENTS[::2])) @ modes).real
    return al.Trajectory(times, states + noise * random.standard_normal(states.shape))


def worst(found):
    return max(np.abs(found - one).min() for one in EXPONENTS)


class TestHAVOK:
    def test_lorenz(self, havok, chaos):
        A = havok.A_
        assert A.shape == (14, 14) and havok.B_.shape == (14, 1) and havok.singular_values_.shape == (15,)
        beside = A - np.diag(np.diag(A, 1), 1) - np.diag(np.diag(A, -1), -1)
        assert np.abs(beside).max() < 0.03 * np.abs(A).max()
        assert np.abs(A + A.T).max() < 0.03 * np.abs(A).max()
        assert np.all(havok.unexplained_ < 0.05)
        assert havok.warnings_ == [] and not A.flags.writeable
        assert havok.exponents_.shape == (14,) and havok.residuals_.shape == (14,) and havok.modes_.shape == (1, 14)
        np.testing.assert_allclose(havok.eigenvalues_, np.exp(0.001 * havok.exponents_), rtol=1e-12)
        np.testing.assert_allclose(np.sort(np.linalg.eigvals(A).imag), np.sort(havok.exponents_.imag), atol=1e-8)
        assert "residual" in str(havok) and repr(havok) == "HAVOK()"

    def test_forcing(self, havok, chaos):
        (u,) = havok.forcing_
        assert len(u) == 50_000 - 99 and u.dimension == 1
        again = havok.forcing_of(chaos)
        assert np.linalg.norm(again.states - u.states) < 1e-3 * np.linalg.norm(u.states)
        np.testing.assert_array_equal(havok.coordinates(chaos).states[:, 14:], again.states)
        moments = havok.forcing_statistics()
        z = (u.states - u.states.mean()) / u.states.std()
        assert moments.excess_kurtosis[0] == pytest.approx((z**4).mean() - 3, rel=1e-6) and moments.excess_kurtosis[0] > 5
        bursts = havok.bursts(chaos)
        active = np.abs((again.states[:, 0] - moments.mean[0]) / moments.deviation[0]) > 2
        assert len(bursts) == np.count_nonzero(np.diff(active.astype(int), prepend=0) == 1)
        score = havok.switch_score(chaos, lead=0.4)
        assert score.switches > 10 and score.foreseen_share > score.by_chance
        alarms = havok.predicted_switches(chaos, lead=0.4)
        assert np.all(alarms[1:, 0] > alarms[:-1, 1]) and score.alarms == len(alarms)

    def test_forced_reconstruction_and_forecast(self, havok, chaos):
        model = clone(havok).set_params(rank=16).fit(chaos)
        error = np.linalg.norm(model.reconstruct(chaos).states - chaos.states) / np.linalg.norm(chaos.states)
        assert error < 0.4
        history = chaos[:20_000]
        known = havok.forcing_of(chaos).states[20_000 - 99 : 20_000 - 99 + 200]
        driven, free = havok.forecast(history, forcing=known), havok.forecast(history, 200)
        truth = chaos.states[20_000:20_200]
        assert len(driven) == len(free) == 200
        assert np.abs(driven.states - truth).max() <= np.abs(free.states - truth).max()
        np.testing.assert_array_equal(
            havok.forecast(history, forcing=np.zeros(5)).states, havok.forecast(history, forcing=np.zeros((5, 1))).states
        )

    def test_closed_model_and_arrays(self, waves):
        model = al.HAVOK(delays=40, rank=4, forcing=0).fit(waves.states, dt=0.05)
        np.testing.assert_allclose(np.sort(model.exponents_.imag), FREQUENCIES, atol=1e-3)
        assert model.forcing_ == [] and model.verified(0.01) == [0, 1, 2, 3]
        structured = clone(model).set_params(structured=True).fit([waves, waves])
        np.testing.assert_allclose(np.sort(structured.exponents_.imag), FREQUENCIES, atol=0.1)

    def test_ranks_by_energy_and_by_noise(self, waves):
        noise = 0.01 * np.random.default_rng(0).normal(size=waves.states.shape)
        noisy = al.HAVOK(delays=40, rank="gavish-donoho", forcing=0).fit(waves.states + noise, dt=0.05)
        assert noisy.rank_ == 4 and noisy.rank == "gavish-donoho"
        assert al.HAVOK(delays=40, rank=None, forcing=0).fit(waves.states, dt=0.05).rank_ == 4
        assert al.HAVOK(delays=40, rank=0.5, forcing=0).fit(waves.states, dt=0.05).rank_ < 4

    def test_bad_input(self, waves, havok):
        with says(al.InvalidArgument, "500 delays", "at least 504 samples", "400"):
            al.HAVOK(delays=500).fit(waves)
        with says(al.InvalidArgument, "rank is 1", "forcing = 1"):
            al.HAVOK(rank=1).fit(waves)
        with says(al.InvalidArgument, "not uniform", "fit_optimized_dmd"):
            al.HAVOK(delays=1, rank=1, forcing=0).fit(al.Trajectory([0, 1, 3], np.arange(3.0)))
        with says(al.InvalidArgument, "steps", "forcing", "one of the two"):
            havok.forecast(np.zeros((100, 1)))
        with says(TypeError, "rank is 1.5", "whole number"):
            al.HAVOK(rank=1.5).fit(waves)
        with says(al.NotFitted, "HAVOK.A_"):
            al.HAVOK().A_


class TestOptDMD:
    def test_uneven_times(self):
        times = np.cumsum(np.random.default_rng(1).uniform(0.02, 0.1, 200))
        run = damped(times)
        model = al.OptDMD(rank=4).fit(run)
        assert worst(model.exponents_) < 1e-10 and model.converged_ and model.misfit_ < 1e-12
        assert np.all(model.residuals_ < 1e-9) and model.verified(1e-6) == [0, 1, 2, 3]
        np.testing.assert_allclose(model.evaluate(times).states, run.states, atol=1e-10)
        np.testing.assert_allclose(model.reconstruct(run).states, run.states, atol=1e-10)
        with says(al.InvalidArgument, "not uniform", "exponents"):
            model.eigenvalues_

    def test_forecast_of_arrays(self):
        times = 0.05 * np.arange(300)
        run = damped(times)
        model = al.OptDMD(rank=4, context=3).fit(run.states[:200], dt=0.05)
        ahead = model.forecast(run.states[:200], 100)
        np.testing.assert_allclose(ahead.states, run.states[200:], atol=1e-9)
        assert repr(model) == "OptDMD(rank=4, context=3)" and "misfit" in str(model)

    def test_constraints_and_guess(self):
        run = damped(0.05 * np.arange(200), noise=0.05)
        for constraint, allowed in (("stable", lambda w: w.real <= 0), ("imaginary", lambda w: w.real == 0)):
            assert np.all(allowed(al.OptDMD(rank=4, constraint=constraint).fit(run).exponents_))
        guided = al.OptDMD(rank=4, guess=EXPONENTS).fit(run)
        np.testing.assert_allclose(np.sort_complex(guided.exponents_), np.sort_complex(al.OptDMD(rank=4).fit(run).exponents_), atol=1e-6)
        with says(al.InvalidArgument, "constraint is 'some'", "imaginary"):
            al.OptDMD(constraint="some").fit(run)
        with pytest.warns(al.FitWarning, match="did not suffice"):
            al.OptDMD(rank=4, max_iterations=1, guess=EXPONENTS + 0.3).fit(run)


class TestBOPDMD:
    def test_means_and_errors(self):
        run = damped(0.05 * np.arange(200), noise=0.1)
        model = al.BOPDMD(rank=4, bags=30, seed=3).fit(run)
        np.testing.assert_allclose(model.exponents_, model.bag_exponents_.mean(axis=1), atol=1e-12)
        np.testing.assert_allclose(model.exponent_deviations_.imag, model.bag_exponents_.imag.std(axis=1, ddof=1), rtol=1e-6)
        assert worst(model.exponents_) < 6 * np.abs(model.standard_errors_).max()
        assert model.mode_deviations_.shape == (6, 4) and model.amplitude_deviations_.shape == (4,)
        np.testing.assert_array_equal(clone(model).set_params(threads=2).fit(run).bag_exponents_, model.bag_exponents_)
        assert "30 bags" in str(model) and len(model.evaluate(np.arange(3.0))) == 3

    def test_cancelled(self):
        with says(al.Cancelled, ""):
            al.BOPDMD(rank=4, bags=50).fit(damped(0.05 * np.arange(200), noise=0.1), progress=lambda fraction: False)

    def test_bad_input(self):
        run = damped(0.05 * np.arange(50))
        with says(al.InvalidArgument, "bags is 1"):
            al.BOPDMD(rank=4, bags=1).fit(run)
        with says(TypeError, "share is 'half'", "one real number"):
            al.BOPDMD(rank=4, share="half").fit(run)


class TestMrDMD:
    def test_levels_and_forecast(self):
        t = 0.0125 * np.arange(1600)
        x = np.linspace(-3, 3, 20)[:, None]
        fast = np.exp(-(x**2)) * np.sin(8 * t) + x * np.exp(-(x**2)) * np.cos(8 * t)
        run = al.Trajectory(t, (np.cos(0.5 * x - 0.6 * t) + fast * (t >= 10)).T)
        model = al.MrDMD(levels=4, rank=4, cycles=4).fit(run)
        assert [s.level for s in model.segments_] == [0, 1, 1] + 4 * [2] + 8 * [3]
        assert min(abs(model.segments_[0].exponents - 0.6j)) < 0.02
        late = model.segments_[-1]
        assert min(abs(late.exponents - 8j)) < 0.05 and late.modes.shape == (20, len(late.residuals))
        whole = model.evaluate(run.times).states
        parts = sum(model.evaluate(run.times, level=k).states for k in range(4))
        np.testing.assert_allclose(parts, whole, atol=1e-12)
        assert np.linalg.norm(whole - run.states) < 0.05 * np.linalg.norm(run.states) and model.misfit_ < 0.05
        assert len(model.forecast(run, 50)) == 50 and "level 3" in str(model)
        with says(al.InvalidArgument, "2 runs"):
            clone(model).fit([run, run])


def test_who_touches_zero_has_not_changed_sides():
    series = np.tile([1.0, 2, 1, 0, 1, 2, 1, 0], 30)
    model = al.HAVOK(delays=6, rank=3).fit(series, dt=1.0)
    assert model.switch_score(series, lead=1).switches == model.switch_score(-series, lead=1).switches == 0
