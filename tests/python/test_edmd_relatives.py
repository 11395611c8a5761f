# SPDX-License-Identifier: BSD-3-Clause
"""Generators, stochastic operators and spectral measures against closed forms."""

import almagest as al
import numpy as np
import pytest
from conftest import says


def farthest(expected, found):
    return max(np.abs(found - value).min() for value in expected)


def tent(count=512):
    x = (np.arange(count) + 0.5) * 2 / count - 1
    return [np.array([[a], [1 - 2 * abs(a)]]) for a in x]


class TestGenerator:
    def test_ornstein_uhlenbeck(self):
        x = np.random.default_rng(0).uniform(-1.5, 1.5, 300)
        model = al.GeneratorEDMD(al.Polynomial(5)).fit(x, lambda x, t: -x, 0.5)
        assert farthest(-np.arange(6.0), model.exponents_) < 1e-12 and model.residuals_.max() < 1e-11
        assert model.rank_ == 6 and model.verified(1e-10) == list(range(6)) and model.modes_.shape == (1, 6)
        np.testing.assert_allclose(model.pseudospectrum([[-2, 1j]])[0, 0], 0, atol=1e-12)
        assert "growth" in str(model) and model.matrix_.shape == (6, 6)
        # The eigenfunction of -2 is x^2 - 1/4.
        at = np.abs(model.exponents_ + 2).argmin()
        phi = model.eigenfunctions(np.array([[0.0], [0.5], [2.0]]))[:, at]
        np.testing.assert_allclose(phi / phi[0], [1, 0, -15], atol=1e-10)

    def test_drift_and_diffusion_in_every_form(self):
        x = np.random.default_rng(1).uniform(-1, 1, (700, 2))
        a = np.array([[1, 0.6], [0.6, 2]])

        def decay(x, t):
            return np.array([-x[0], -3 * x[1]])

        forms = [
            (decay, a),
            (al.systems.Function(decay), lambda x: a),
            (x * [-1, -3], np.broadcast_to(a, (700, 2, 2))),
        ]
        for drift, diffusion in forms:
            model = al.GeneratorEDMD(al.Polynomial(2)).fit(x, drift, diffusion)
            assert farthest([0, -1, -3, -2, -4, -6], model.exponents_) < 1e-11
        # Two runs are their samples.
        parts = al.GeneratorEDMD(al.Polynomial(2)).fit([x[:200], x[200:]], decay)
        assert farthest([0, -1, -3, -2, -4, -6], parts.exponents_) < 1e-11

    def test_a_learned_law(self):
        t = np.arange(2000) * 0.01
        run = al.Trajectory(al.TimeGrid.uniform(0, 0.01, 2000), np.stack([np.cos(t), -np.sin(t)], 1))
        law = al.SINDy(al.Polynomial(1), derivative=al.FiniteDifference(4)).fit(run)
        states = np.random.default_rng(2).uniform(-1, 1, (200, 2))
        assert farthest([0, 1j, -1j, 2j, -2j], al.GeneratorEDMD(al.Polynomial(2)).fit(states, law).exponents_) < 1e-6

    def test_refusals(self):
        x = np.random.default_rng(3).uniform(-1, 1, (50, 2))
        with says(al.DimensionMismatch, "diffusion has shape (3, 3)", "(2, 2)"):
            al.GeneratorEDMD().fit(x, -x, np.eye(3))
        with says(al.DimensionMismatch, "drift", "49"):
            al.GeneratorEDMD().fit(x, -x[:49])
        with says(al.InvalidArgument, "takes delays"):
            al.GeneratorEDMD(al.Delays(2)).fit(x, -x)
        with pytest.raises(al.NotFitted):
            al.GeneratorEDMD().exponents_


class TestStochastic:
    def test_noise_is_told_from_the_library(self):
        random = np.random.default_rng(5)
        x = random.uniform(-1, 1, 20_000)
        y, z = (0.7 * x + 0.3 * random.normal(size=20_000) for _ in range(2))
        model = al.StochasticEDMD(al.Polynomial(1)).fit(x, y, z)
        at = np.abs(model.eigenvalues_ - 0.7).argmin()
        assert abs(model.eigenvalues_[at] - 0.7) < 0.02
        assert model.deviations_[at] == pytest.approx(0.3 * np.sqrt(3), rel=0.02)
        assert model.residuals_[at] < 0.15
        assert "deviation" in str(model) and model.rank_ == 2 and 1 <= len(model.verified(0.5)) <= 2
        assert model.eigenfunctions([[0.5], [1]]).shape == (2, 2)

    def test_refusals(self):
        x = np.zeros((20, 2))
        with says(al.DimensionMismatch, "successors", "19"):
            al.StochasticEDMD().fit(x, x, x[:19])
        with says(al.DimensionMismatch, "successors (columns)"):
            al.StochasticEDMD().fit(x, x, x[:, :1])


class TestSpectralMeasures:
    ANGLES = np.linspace(0, 2 * np.pi, 40, endpoint=False)

    def test_tent_map_by_rational_kernels(self):
        # g = cos(pi x) + cos(2 pi x) over sqrt 2, in functions sqrt 2 cos(k pi x): density (1 - cos) / 2 pi.
        with pytest.warns(al.FitWarning, match="of x0"):
            model = al.EDMD(al.FourierBasis(16, box=(-1, 1))).fit(tent(), dt=1.0)
        x = np.array([[0.1], [-0.37], [0.8]])
        library = al.FourierBasis(16, box=(-1, 1))
        wanted = np.cos(np.pi * x[:, 0]) + np.cos(2 * np.pi * x[:, 0])
        c = np.zeros(33)
        for k in (1, 2):
            c[[np.allclose(column, np.sqrt(2) * np.cos(k * np.pi * x[:, 0])) for column in library(x).T]] = np.sqrt(0.5)
        np.testing.assert_allclose(library(x) @ c, wanted)
        density = model.spectral_measure(self.ANGLES, c, epsilon=0.05, order=6)
        np.testing.assert_allclose(density, (1 - np.cos(self.ANGLES)) / (2 * np.pi), atol=1e-8)
        with says(al.DimensionMismatch, "coefficients"):
            model.spectral_measure(self.ANGLES, np.ones(3))
        with says(al.InvalidArgument, "observable is 1", "1 components"):
            model.spectral_measure(self.ANGLES, 1)
        with says(al.InvalidArgument, "order is 20"):
            model.spectral_measure(self.ANGLES, order=20)

    def test_rotation_by_an_isometry(self):
        angles = np.linspace(-np.pi, np.pi, 64, endpoint=False)[:, None]
        pairs = [np.hstack([np.cos(a), np.sin(a)]) for a in np.stack([angles, angles + 0.7], 1)]
        model = al.MeasurePreservingEDMD(al.Polynomial(1)).fit(pairs, dt=1.0)
        found = model.spectral_measure([0.7, 2.0], observable=0, epsilon=0.01, order=1)
        poisson = lambda t: (1 - np.exp(-0.02)) / (1 - 2 * np.exp(-0.01) * np.cos(t) + np.exp(-0.02)) / (2 * np.pi)
        # The mean square is 1/2, half of it at either frequency.
        exact = [(poisson(t - 0.7) + poisson(t + 0.7)) / 4 for t in (0.7, 2.0)]
        np.testing.assert_allclose(found, exact, rtol=1e-10)

    def test_pseudo_eigenfunctions(self):
        x = np.random.default_rng(0).uniform(-1, 0, 200)
        y = np.exp(-2 * x**2) - 1 - np.exp(-2)
        model = al.EDMD(al.Legendre(6, box=(-1, 0))).fit(list(np.stack([x, y], 1)[:, :, None]), dt=1.0)
        z = np.array([0.5, 0.5j])
        g, after = model.pseudo_eigenfunctions(z, x[:, None]), model.pseudo_eigenfunctions(z, y[:, None])
        np.testing.assert_allclose((np.abs(g) ** 2).mean(0), 1)
        np.testing.assert_allclose(np.sqrt((np.abs(after - z * g) ** 2).mean(0)), model.pseudospectrum(z))

    def test_moments_of_a_signal(self):
        random = np.random.default_rng(6)
        x = random.normal(size=300)
        moments = al.correlations(x, 20)
        direct = [np.mean(x[n:] * x[: 300 - n]) for n in range(20)]
        np.testing.assert_allclose(moments, direct, atol=1e-13)
        # r^n are the moments of a Poisson kernel.
        density = al.fourier_measure(0.6 ** np.arange(400), 800, "bump")
        theta = 2 * np.pi * np.arange(800) / 800
        np.testing.assert_allclose(density, 0.64 / (1 - 1.2 * np.cos(theta) + 0.36) / (2 * np.pi), atol=1e-9)
        with says(al.InvalidArgument, "filter is box", "fejer"):
            al.fourier_measure(moments, 40, "box")
        with says(al.InvalidArgument, "points is 3"):
            al.fourier_measure(moments, 3)
