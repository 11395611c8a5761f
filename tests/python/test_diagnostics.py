# SPDX-License-Identifier: BSD-3-Clause
"""Errors of forecasts, Lyapunov exponents, spectra."""

import almagest as al
import numpy as np
import pytest
from conftest import says

RNG = np.random.default_rng(0)
TRUTH = al.Trajectory(al.TimeGrid.uniform(0.0, 0.1, 200), RNG.normal(size=(200, 2)) * [1, 10])


def off_by(error, first=50, count=100):
    part = TRUTH[first : first + count]
    return al.Trajectory(part.times, part.states + error)


class TestErrors:
    def test_against_numpy(self):
        error = RNG.normal(size=(100, 2))
        forecast = off_by(error)
        x, y = TRUTH.states[50:150], forecast.states
        sigma = TRUTH.states.std(axis=0)
        assert al.diagnostics.rmse(TRUTH, forecast) == pytest.approx(np.sqrt(np.mean((y - x) ** 2)), rel=1e-12)
        assert al.diagnostics.normalized_rmse(TRUTH, forecast) == pytest.approx(np.sqrt(np.mean(((y - x) / sigma) ** 2)), rel=1e-12)
        assert al.diagnostics.smape(TRUTH, forecast) == pytest.approx(200 * np.mean(np.abs(y - x) / (np.abs(y) + np.abs(x))), rel=1e-12)
        assert al.diagnostics.rmse(TRUTH, TRUTH) == 0

    def test_smape_reaches_200(self):
        ones = al.Trajectory([0.0, 1.0], [[1.0], [1.0]])
        assert al.diagnostics.smape(ones, al.Trajectory([0.0, 1.0], [[-1.0], [0.0]])) == 200

    def test_valid_prediction_time(self):
        sigma = TRUTH.states.std(axis=0)
        error = np.zeros((100, 2))
        error[30:] = sigma  # the normalised error jumps to 1 at t = 8.0, 3.1 after the sample before
        forecast = off_by(error)
        assert al.diagnostics.valid_prediction_time(TRUTH, forecast, lyapunov=1.0, threshold=0.4) == pytest.approx(3.1)
        assert al.diagnostics.valid_prediction_time(TRUTH, forecast, lyapunov=0.5, threshold=0.4) == pytest.approx(1.55)
        assert al.diagnostics.valid_prediction_time(TRUTH, forecast, threshold=2) == pytest.approx(10.0)

    def test_bad_input(self):
        with says(al.DimensionMismatch, "forecast has 1", "truth has 2"):
            al.diagnostics.rmse(TRUTH, al.Trajectory(TRUTH.times, TRUTH.states[:, :1]))
        with says(al.InvalidArgument, "t = 100", "from t = 0", "give the truth"):
            al.diagnostics.rmse(TRUTH, al.Trajectory([100.0, 101.0], TRUTH.states[:2]))
        with says(al.InvalidArgument, "lyapunov is 0", "threshold 0.4", "positive"):
            al.diagnostics.valid_prediction_time(TRUTH, TRUTH, lyapunov=0)
        with says(al.InvalidArgument, "component 1", "never changes", "rmse"):
            flat = al.Trajectory(TRUTH.times, TRUTH.states * [1, 0])
            al.diagnostics.normalized_rmse(flat, flat)


class TestLyapunov:
    def test_lorenz63(self):
        lorenz = al.systems.Lorenz63()
        spectrum = al.diagnostics.lyapunov_spectrum(lorenz, x0=[-8, 8, 27], duration=5000)
        np.testing.assert_allclose(spectrum.exponents, [0.9056, 0.0, -14.5723], atol=1e-2)
        assert spectrum.exponents.sum() == pytest.approx(lorenz.divergence(), abs=1e-6)
        assert len(spectrum) == 3 and spectrum[0] == spectrum.exponents[0] and spectrum.duration == 5000
        assert spectrum.standard_errors.shape == (3,) and 2.0 < spectrum.kaplan_yorke_dimension < 2.1
        np.testing.assert_array_equal(np.asarray(spectrum), spectrum.exponents)
        assert al.diagnostics.largest_lyapunov_exponent(lorenz, [-8, 8, 27], duration=5000) == spectrum[0]

    def test_maps(self):
        henon = al.diagnostics.lyapunov_spectrum(al.systems.Henon(), [0.1, 0.1], duration=20_000)
        assert henon[0] == pytest.approx(0.419, abs=5e-3) and sum(henon) == pytest.approx(np.log(0.3), abs=1e-9)
        assert al.diagnostics.largest_lyapunov_exponent(al.systems.Logistic(), [0.3], duration=100_000) == pytest.approx(np.log(2), abs=5e-3)

    def test_learned_models_and_functions(self, lorenz_model):
        exact = al.systems.Lorenz63()
        options = {"x0": [-8, 8, 27], "duration": 20.0, "transient": 5.0}
        expected = al.diagnostics.lyapunov_spectrum(exact, **options)
        for system in (lorenz_model, lambda x, t: exact(x)):
            options["tolerance"] = 1e-6 if callable(system) and system is not lorenz_model else 1e-9
            spectrum = al.diagnostics.lyapunov_spectrum(system, **options)
            assert sum(spectrum) == pytest.approx(sum(expected), abs=1e-3)
            largest = al.diagnostics.largest_lyapunov_exponent(system, **options)
            assert largest == pytest.approx(spectrum[0], abs=0.2)

    def test_lorenz96(self):
        ring = al.systems.Lorenz96(dimension=5)
        x0 = [8.1, 8, 8, 8, 8]
        spectrum = al.diagnostics.lyapunov_spectrum(ring, x0, duration=100, tolerance=1e-8)
        assert sum(spectrum) == pytest.approx(-5, abs=1e-5)
        # Two estimates of one number, each with a standard error of 0.02 after so long.
        spectrum = al.diagnostics.lyapunov_spectrum(ring, x0, duration=2000, tolerance=1e-8)
        largest = al.diagnostics.largest_lyapunov_exponent(ring, x0, duration=2000, tolerance=1e-8)
        assert largest == pytest.approx(spectrum[0], abs=0.1)

    def test_bad_input(self):
        with says(al.InvalidArgument, "duration is -1", "positive"):
            al.diagnostics.lyapunov_spectrum(al.systems.Lorenz63(), [1, 1, 1], duration=-1)
        with says(al.DimensionMismatch, "x0 has 2", "dimension 3"):
            al.diagnostics.lyapunov_spectrum(al.systems.Lorenz63(), [1, 1])


class TestPowerSpectrum:
    def test_a_line_where_the_wave_is(self, waves):
        frequencies, density = al.diagnostics.power_spectrum(waves, segment=200)
        assert frequencies.shape == (101,) and density.shape == (101, 2)
        assert frequencies[density[:, 0].argmax()] == pytest.approx(3.0 / (2 * np.pi), abs=0.1)

    def test_integral_is_the_variance(self):
        noise = al.Trajectory(al.TimeGrid.uniform(0, 0.5, 4096), np.random.default_rng(1).normal(size=4096))
        frequencies, density = al.diagnostics.power_spectrum(noise)
        assert density[:, 0].sum() * frequencies[1] == pytest.approx(1.0, abs=0.1)

    def test_bad_input(self, waves):
        with says(al.InvalidArgument, "7 samples", "at least 8"):
            al.diagnostics.power_spectrum(waves[:7])
        with says(al.InvalidArgument, "segment is 500", "400"):
            al.diagnostics.power_spectrum(waves, segment=500)
        with says(al.InvalidArgument, "non-uniform", "resample"):
            al.diagnostics.power_spectrum(al.Trajectory(np.arange(20.0) ** 2, np.arange(20.0)))
