# SPDX-License-Identifier: BSD-3-Clause
"""HankelDMD as an estimator and a forecaster."""

import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

FREQUENCIES = np.array([-3.0, -1.1, 1.1, 3.0])


class TestFit:
    def test_spectrum(self, wave_model):
        np.testing.assert_allclose(np.sort(wave_model.exponents_.imag), FREQUENCIES, atol=1e-9)
        np.testing.assert_allclose(wave_model.exponents_.real, 0, atol=1e-9)
        np.testing.assert_allclose(np.exp(0.05 * wave_model.exponents_), wave_model.eigenvalues_, atol=1e-12)
        assert wave_model.rank_ == 4 and wave_model.eigenvalues_.shape == (4,)
        assert wave_model.modes_.shape == (2, 4) and wave_model.amplitudes_.shape == (4,)
        assert wave_model.singular_values_.shape == (20,)
        assert wave_model.residuals_.shape == (4,) and np.all(wave_model.residuals_ < 1e-9)
        assert wave_model.verified(1e-6) == [0, 1, 2, 3]
        assert not wave_model.modes_.flags.writeable

    def test_modes_and_amplitudes_make_the_run(self, wave_model, waves):
        powers = wave_model.eigenvalues_[:, None] ** np.arange(len(waves))
        sums = wave_model.modes_ @ (wave_model.amplitudes_[:, None] * powers)
        np.testing.assert_allclose(sums.real.T, waves.states, atol=1e-9)
        np.testing.assert_allclose(wave_model.reconstruct(waves).states, waves.states, atol=1e-9)
        np.testing.assert_array_equal(wave_model.reconstruct(waves.states).states, wave_model.reconstruct(waves).states)

    def test_rank_by_energy(self, waves):
        assert al.HankelDMD(delays=10, energy=1 - 1e-14).fit(waves).rank_ == 4

    def test_arrays_lists_and_series(self, waves, wave_model):
        np.testing.assert_array_equal(clone(wave_model).fit(waves.states, dt=0.05).eigenvalues_, wave_model.eigenvalues_)
        pair = clone(wave_model).fit([waves[:200], waves[200:]])
        np.testing.assert_allclose(np.sort(pair.exponents_.imag), FREQUENCIES, atol=1e-9)
        series = al.HankelDMD(delays=8, rank=4).fit(waves.states[:, 0], dt=0.05)
        assert series.modes_.shape == (1, 4)
        x = waves.states[:, 0]
        of_two = clone(series).fit([x[:150], x[150:]], dt=0.05)
        np.testing.assert_array_equal(of_two.modes_, clone(series).fit([x[:150, None], x[150:, None]], dt=0.05).modes_)
        rows = clone(wave_model).fit(list(waves.states), dt=0.05)
        np.testing.assert_array_equal(rows.eigenvalues_, wave_model.eigenvalues_)

    def test_printed_with_residuals(self, wave_model):
        assert "residual" in str(wave_model) and str(wave_model).count("\n") == 5
        assert repr(wave_model) == "HankelDMD(rank=4)"

    def test_doubts_are_warnings(self, waves):
        with pytest.warns(al.FitWarning, match="1 of 2 runs have fewer than 11 samples") as caught:
            model = al.HankelDMD(delays=10, rank=4).fit([waves, waves[:10]])
        assert [str(w.message) for w in caught] == model.warnings_ and caught[0].filename == __file__


class TestForecast:
    def test_continues_a_sum_of_sinusoids(self, wave_model, waves):
        ahead = wave_model.forecast(waves[:200], steps=200)
        np.testing.assert_allclose(ahead.states, waves.states[200:], atol=1e-9)
        np.testing.assert_allclose(ahead.times.values, waves.times.values[200:], rtol=1e-12)
        assert ahead.verdict and ahead.names == ["a", "b"]

    def test_history_may_be_the_last_samples(self, wave_model, waves):
        from_run = wave_model.forecast(waves[:200], steps=10)
        np.testing.assert_array_equal(wave_model.forecast(waves.states[190:200], steps=10).states, from_run.states)

    def test_pickle(self, wave_model, waves):
        again = pickle.loads(pickle.dumps(wave_model))
        np.testing.assert_array_equal(again.forecast(waves, 30).states, wave_model.forecast(waves, 30).states)
        np.testing.assert_array_equal(again.eigenvalues_, wave_model.eigenvalues_)


class TestBadInput:
    def test_parameters(self, waves):
        with says(al.InvalidArgument, "delays is 0", "at least 1"):
            al.HankelDMD(delays=0).fit(waves)
        with says(al.InvalidArgument, "rank is 12", "rank 4", "4 or less"):
            al.HankelDMD(delays=10, rank=12).fit(waves)
        with says(al.InvalidArgument, "energy is 2", "(0, 1]"):
            al.HankelDMD(energy=2).fit(waves)
        with says(TypeError, "delays is 10.0", "whole number"):
            al.HankelDMD(delays=10.0).fit(waves)
        with says(TypeError, "energy is 'most'", "one real number"):
            al.HankelDMD(energy="most").fit(waves)
        with says(al.InvalidArgument, "500 delays", "at least 502 samples", "400", "fewer delays"):
            al.HankelDMD(delays=500).fit(waves)

    def test_data(self, waves):
        with says(al.InvalidArgument, "not uniform", "from 1 to 2", "resample"):
            al.HankelDMD(delays=2).fit(al.Trajectory([0, 1, 3, 4, 5, 6], np.arange(6.0)))
        with says(al.InvalidArgument, "time steps 0.05 and 0.1", "resample"):
            al.HankelDMD(delays=2).fit([waves, waves[::2]])
        with says(al.InvalidArgument, "has inputs, 1 where 0", "components of the state", "leave them out"):
            al.HankelDMD().fit(al.Trajectory(waves.times, waves.states, inputs=np.ones(400)))

    def test_history(self, wave_model, waves):
        with says(al.InvalidArgument, "history has 9 samples", "needs 10", "longer history"):
            wave_model.forecast(waves[:9], 5)
        with says(al.InvalidArgument, "time step 0.1", "time step 0.05", "resample"):
            wave_model.forecast(waves[::2], 5)
        with says(al.DimensionMismatch, "dimension 1", "dimension 2"):
            wave_model.forecast(waves.states[:, :1], 5)

    def test_unfitted(self):
        model = al.HankelDMD()
        for use in (lambda: model.eigenvalues_, lambda: model.forecast([1.0], 1), lambda: model.reconstruct([1.0])):
            with says(al.NotFitted, "HankelDMD.", "not fitted", "call fit"):
                use()
