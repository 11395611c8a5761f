# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of samples, alone and as an option of SINDy."""

import almagest as al
import numpy as np
import pytest
from conftest import says
from scipy.interpolate import make_smoothing_spline
from sklearn.base import clone

CHOOSING = [al.SmoothingSpline(), al.KalmanSmoother(), al.TotalVariation(), al.AutomaticDerivative()]


@pytest.fixture(scope="module", params=["uniform", "uneven"])
def noisy(request):
    random = np.random.default_rng(3)
    t = 0.02 * np.arange(600) if request.param == "uniform" else np.cumsum(random.uniform(0.005, 0.035, 600))
    clean = np.column_stack([np.sin(2 * t), np.exp(-0.2 * t)])
    slopes = np.column_stack([2 * np.cos(2 * t), -0.2 * np.exp(-0.2 * t)])
    return al.Trajectory(t, clean + [0.05, 0.02] * random.normal(size=clean.shape)), slopes


class TestDifferentiate:
    @pytest.mark.parametrize("method", CHOOSING, ids=repr)
    def test_smoothers_that_choose_beat_differences(self, method, noisy):
        run, slopes = noisy
        found = al.differentiate(run, method)
        assert found.shape == (600, 2) and found.dtype == np.float64
        by_differences = al.differentiate(run)
        assert np.all(np.linalg.norm(found - slopes, axis=0) < 0.35 * np.linalg.norm(by_differences - slopes, axis=0))

    @pytest.mark.parametrize("smoothing", [1e-6, 1e-3, 1.0])
    def test_splines_are_those_of_scipy(self, smoothing, noisy):
        run, _ = noisy
        t, y = run.times.values, run.states[:, 0]
        expected = make_smoothing_spline(t, y, lam=smoothing).derivative()(t)
        for method in (al.SmoothingSpline(smoothing), al.KalmanSmoother(alpha=smoothing)):
            np.testing.assert_allclose(al.differentiate(run, method)[:, 0], expected, atol=1e-9)

    def test_cross_validation_is_that_of_scipy(self, noisy):
        run, slopes = noisy
        t, y = run.times.values, run.states[:, 0]
        expected = np.linalg.norm(make_smoothing_spline(t, y).derivative()(t) - slopes[:, 0])
        found = np.linalg.norm(al.differentiate(run, al.SmoothingSpline())[:, 0] - slopes[:, 0])
        assert found == pytest.approx(expected, rel=0.01)

    def test_arrays_with_dt(self):
        t = 2 * np.pi / 50 * np.arange(50)
        found = al.differentiate(np.sin(t), al.SpectralDerivative(), dt=t[1])
        np.testing.assert_allclose(found[:, 0], np.cos(t), atol=1e-12)
        np.testing.assert_allclose(al.differentiate(np.sin(t), al.FiniteDifference(14), dt=t[1])[:, 0], np.cos(t), atol=1e-7)

    def test_noise_level(self, noisy):
        np.testing.assert_allclose(al.noise_level(noisy[0]), [0.05, 0.02], rtol=0.15)

    def test_bad_arguments(self, noisy):
        run, _ = noisy
        with says(al.InvalidArgument, "method is 3", "al.SmoothingSpline"):
            al.differentiate(run, 3)
        with says(al.InvalidArgument, "smoothing is -1", "positive"):
            al.differentiate(run, al.SmoothingSpline(-1))
        with says(TypeError, "alpha is 'a'", "one real number"):
            al.differentiate(run, al.TotalVariation("a"))
        with says(al.InvalidArgument, "differentiate", "dt="):
            al.differentiate(run.states)
        with says(al.InvalidArgument, "component 0", "does not begin again", "whole periods"):
            al.differentiate(np.arange(20.0), al.SpectralDerivative(), dt=1)

    @pytest.mark.parametrize("method", [*CHOOSING, al.SavitzkyGolay(31), al.SpectralDerivative(kept=0.5)], ids=repr)
    def test_parameters(self, method):
        assert clone(method) == method and eval(repr(method), {type(method).__name__: type(method)}) == method


class TestSINDy:
    def test_the_choice_is_noted(self, lorenz_run):
        model = al.SINDy(al.Polynomial(2), derivative=al.AutomaticDerivative()).fit(lorenz_run)
        assert len(model.notes_) == 3 and "picked FiniteDifference of order" in model.notes_[0]
        assert np.count_nonzero(model.coefficients_) == 7 and model.warnings_ == []

    def test_given_rates(self, lorenz_run):
        rates = al.systems.Lorenz63()(lorenz_run.states)
        model = al.SINDy(al.Polynomial(2))
        from_one = model.fit(lorenz_run, rates=rates).coefficients_
        assert np.count_nonzero(from_one) == 7 and from_one[model.feature_names_.index("x"), 1] == pytest.approx(28, abs=1e-9)
        parts, of_parts = [lorenz_run[:4000], lorenz_run[5000:]], [rates[:4000], rates[5000:]]
        np.testing.assert_allclose(model.fit(parts, rates=of_parts).coefficients_, from_one, atol=1e-9)
        np.testing.assert_allclose(model.fit(lorenz_run, rates=rates.tolist()).coefficients_, from_one, atol=1e-9)
        np.testing.assert_array_equal(model.fit(lorenz_run, rates=[rates]).coefficients_, from_one)

    def test_given_rates_of_one_component(self):
        x = np.exp(-0.5 * np.arange(50.0) / 10)
        model = al.SINDy(al.Polynomial(1), al.STLSQ(0.01)).fit(x, dt=0.1, rates=-0.5 * x)
        assert model.equations(2) == ["x0' = -0.50 x0"]

    def test_rates_that_do_not_fit(self, lorenz_run):
        with says(al.InvalidArgument, "rates are given", "derivative=FiniteDifference()", "leave one"):
            al.SINDy(derivative=al.FiniteDifference()).fit(lorenz_run, rates=lorenz_run.states)
        with says(al.DimensionMismatch, "rates[0] is 2 x 10000", "dimension 3"):
            al.SINDy().fit(lorenz_run, rates=lorenz_run.states[:, :2])
        with says(al.DimensionMismatch, "1 matrices for 2 runs"):
            al.SINDy().fit([lorenz_run, lorenz_run], rates=[lorenz_run.states])
