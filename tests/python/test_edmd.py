# SPDX-License-Identifier: BSD-3-Clause
"""EDMD in any library, measure-preserving EDMD and kernel EDMD as estimators and forecasters."""

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

MAP = np.array([[0.9, 0.3], [0.0, 0.8]])
PRODUCTS = np.array([0.9**i * 0.8**j for i in range(3) for j in range(3 - i)])


def pairs(count=400, dimension=2, seed=0):
    x = np.random.default_rng(seed).uniform(-1, 1, (count, dimension))
    return [np.stack([before, MAP @ before]) for before in x]


def farthest(expected, found):
    return max(np.abs(found - value).min() for value in expected)


@pytest.fixture(scope="module")
def linear():
    return al.EDMD(al.Polynomial(2)).fit(pairs(), dt=1.0)


class TestFit:
    def test_products_of_eigenvalues(self, linear):
        assert linear.rank_ == 6 and farthest(PRODUCTS, linear.eigenvalues_) < 1e-12
        assert linear.residuals_.shape == (6,) and linear.residuals_.max() < 1e-12
        assert linear.verified(1e-10) == list(range(6))
        assert linear.modes_.shape == (2, 6) and linear.amplitudes_.shape == (6,)
        assert linear.feature_names_ == ["1", "x0", "x1", "x0^2", "x0 x1", "x1^2"]
        np.testing.assert_allclose(np.exp(linear.exponents_), linear.eigenvalues_, atol=1e-12)
        assert "residual" in str(linear) and 1 < linear.effective_rank_ <= 6

    def test_eigenfunctions_are_those_of_the_map(self, linear):
        x = np.random.default_rng(1).uniform(-2, 2, (5, 2))
        np.testing.assert_allclose(
            linear.eigenfunctions(x @ MAP.T), linear.eigenfunctions(x) * linear.eigenvalues_, atol=1e-10
        )

    def test_pseudospectrum_keeps_the_shape_and_vanishes_at_eigenvalues(self, linear):
        z = np.array([[0.9, 2.0, 1j], [0.5 + 0.5j, 0.64, 3.0]])
        tau = linear.pseudospectrum(z)
        assert tau.shape == (2, 3) and tau[0, 0] < 1e-13 and tau[1, 1] < 1e-13
        assert np.all(tau[[0, 0, 1], [1, 2, 2]] > 0.1)

    def test_leading_eigenvalues_are_the_same_and_forecasts_are_too(self):
        data, library = pairs(), al.Polynomial(9)
        few, whole = (al.EDMD(library, eigenvalues=k).fit(data, dt=1.0) for k in (4, None))
        assert few.rank_ == 55 and few.eigenvalues_.shape == few.residuals_.shape == (4,)
        assert few.modes_.shape == (2, 4) and few.eigenfunctions(np.zeros((3, 2))).shape == (3, 4)
        np.testing.assert_allclose(np.sort(few.eigenvalues_.real)[::-1], [1, 0.9, 0.81, 0.8], atol=1e-9)
        start = np.array([[0.5, 0.5]])
        np.testing.assert_array_equal(few.forecast(start, 5).states, whole.forecast(start, 5).states)
        with says(al.InvalidArgument, "all have modulus 1"):
            al.MeasurePreservingEDMD(library, eigenvalues=4).fit(data, dt=1.0)

    def test_chunks_are_the_whole(self):
        x = np.empty((500, 1))
        x[0] = 0.3
        for k in range(499):
            x[k + 1] = 3.8 * x[k] * (1 - x[k])
        whole = al.EDMD(al.Legendre(6, box=(0, 1))).fit(x, dt=1.0)
        parts = clone(whole)
        for first in range(0, 499, 100):
            parts.partial_fit(x[first : first + 101], dt=1.0)
        np.testing.assert_allclose(parts.residuals_, whole.residuals_, atol=1e-10)
        one = clone(whole).partial_fit(x[:4], dt=1.0)
        with pytest.raises(al.NotFitted):
            one.residuals_
        assert one.partial_fit(x[3:], dt=1.0).rank_ == 7

    def test_gauss_map_under_its_quadrature(self):
        nodes, weights = np.polynomial.legendre.leggauss(100)
        x = (nodes - 1) / 2
        y = np.exp(-2 * x**2) - 1 - np.exp(-2)
        model = al.EDMD(al.Legendre(39, box=(-1, 0))).fit(list(np.stack([x, y], 1)[:, :, None]), dt=1.0, weights=weights / 2)
        tau = model.pseudospectrum([0.5, -0.5, 0.5j, 0.6 + 0.6j, 1.2])
        exact = [2.5940533907e-4, 9.4491060971e-2, 3.0663242352e-2, 5.9892449055e-2, 4.0615677037e-2]
        np.testing.assert_allclose(tau, exact, rtol=1e-10)

    def test_measure_preserving(self):
        # Equal points are a quadrature of the measure that a rotation keeps.
        angles = np.linspace(-np.pi, np.pi, 64, endpoint=False)[:, None]
        rotation = [np.stack([a, a + 0.7]) for a in angles]
        with pytest.warns(al.FitWarning, match="% of x0"):  # an angle is not periodic
            model = al.MeasurePreservingEDMD(al.FourierBasis(4)).fit(rotation, dt=1.0)
        np.testing.assert_allclose(np.abs(model.eigenvalues_), 1, atol=1e-12)
        np.testing.assert_allclose(model.matrix_ @ model.matrix_.T, np.eye(9), atol=1e-13)
        assert farthest(np.exp(0.7j * np.arange(-4, 5)), model.eigenvalues_) < 1e-12

    def test_kernel(self):
        model = al.KernelEDMD(width=2.0, landmarks=80, tolerance=1e-8).fit(pairs(), dt=1.0)
        # 1 and the states are among the functions, their products are not.
        assert farthest([1, 0.9, 0.8], model.eigenvalues_) < 1e-9 and farthest(PRODUCTS, model.eigenvalues_) < 0.01
        assert len(model.verified(1e-9)) == 3 and model.rank_ <= 83


    def test_polynomial_kernel_and_rank(self):
        model = al.KernelEDMD("polynomial", degree=2, width=2.0, tolerance=1e-13).fit(pairs(), dt=1.0)
        assert model.rank_ == 6 and farthest(PRODUCTS, model.eigenvalues_) < 1e-9
        few = al.KernelEDMD(width=2.0, rank=5).fit(pairs(), dt=1.0)
        assert few.rank_ == 8 and farthest([1, 0.9, 0.8], few.eigenvalues_) < 1e-9
        with says(al.InvalidArgument, "degree is 0"):
            al.KernelEDMD("polynomial", degree=0).fit(pairs(), dt=1.0)


class TestControl:
    @staticmethod
    def run(seed, samples=300):
        u = np.random.default_rng(seed).uniform(-1, 1, (samples, 1))
        x = np.full((samples, 2), 0.3)
        for k in range(samples - 1):
            a, b = x[k]
            x[k + 1] = [0.9 * a + 0.2 * u[k, 0], 0.5 * b + a * u[k, 0]]
        return al.Trajectory(al.TimeGrid.uniform(0, 0.1, samples), x, inputs=u)

    def test_forecasts_under_inputs_it_never_saw(self):
        model = al.EDMDc(al.Polynomial(1), bilinear=True).fit(self.run(0))
        assert farthest([1, 0.9, 0.5], model.eigenvalues_) < 1e-11 and model.residuals_.max() < 1e-11
        other = self.run(1, 40)
        ahead = model.forecast(other[:10], inputs=other.inputs[9:39])
        np.testing.assert_allclose(ahead.states, other.states[10:], atol=1e-11)
        np.testing.assert_allclose(model.forecast(other[:10], 2).states[0, 0], 0.9 * other.states[9, 0], atol=1e-12)
        assert "with control" in str(model) and clone(model).bilinear
        # What only adds misses the product.
        linear = al.EDMDc(al.Polynomial(1)).fit(self.run(0))
        assert np.abs(linear.forecast(other[:10], inputs=other.inputs[9:39]).states - other.states[10:]).max() > 0.05

    def test_pieces(self):
        whole = self.run(0)
        model = al.EDMDc(al.Polynomial(1), bilinear=True)
        for first in range(0, 299, 100):
            model.partial_fit(whole[first : first + 101])
        assert farthest([1, 0.9, 0.5], model.eigenvalues_) < 1e-11

    def test_refusals(self):
        with says(al.InvalidArgument, "EDMDc.fit", "no inputs"):
            al.EDMDc().fit(np.zeros((5, 2)), dt=1.0)
        with says(al.InvalidArgument, "inputs", "fit_edmdc"):
            al.EDMD(al.Polynomial(1)).fit(self.run(0))
        model = al.EDMDc(al.Polynomial(1)).fit(self.run(0))
        with says(al.DimensionMismatch, "inputs"):
            model.forecast(self.run(1), inputs=np.zeros((4, 2)))
        with says(al.InvalidArgument, "steps is 3", "4"):
            model.forecast(self.run(1), 3, inputs=np.zeros((4, 1)))


class TestForecast:
    def test_continues_the_map(self, linear):
        x = np.array([0.5, -0.4])
        ahead = linear.forecast(x, 6)
        np.testing.assert_allclose(ahead.states[-1], np.linalg.matrix_power(MAP, 6) @ x, atol=1e-12)

    def test_delays_need_a_window(self):
        t = np.arange(300) * 0.1
        model = al.EDMD(al.Delays(4)).fit(np.sin(3 * t) + 0.3 * np.cos(7 * t), dt=0.1)
        assert farthest([3j, -3j, 7j, -7j], model.exponents_) < 1e-8
        later = np.arange(300, 340) * 0.1
        ahead = model.forecast(np.sin(3 * t)[-4:] + 0.3 * np.cos(7 * t)[-4:], 40)
        np.testing.assert_allclose(ahead.states[:, 0], np.sin(3 * later) + 0.3 * np.cos(7 * later), atol=1e-9)


class TestLibraries:
    def test_sums_and_products(self):
        x = np.random.default_rng(3).uniform(-1, 1, (4, 2))
        a, b = al.Legendre(2), al.FourierBasis(1)
        np.testing.assert_array_equal((a + b)(x), np.hstack([a(x), b(x)]))
        np.testing.assert_allclose((a * b)(x)[:, 1], a(x)[:, 0] * b(x)[:, 1])
        assert (al.Polynomial(1) + b)(x).shape == (4, 3 + 5)
        assert al.Selection([1], al.Polynomial(2)).names(["x", "y"]) == ["1", "y", "y^2"]
        np.testing.assert_allclose(al.Chebyshev(2, box=[(-1, 1), (0, 1)])(x)[:, 1], np.sqrt(2) * x[:, 0])
        assert al.Hermite(3, functions=False)(x).shape == (4, 10)

    def test_radial_functions_around_k_means(self):
        x = np.random.default_rng(4).normal(size=(200, 2))
        centres = al.k_means(x, 7, seed=3)
        assert centres.shape == (7, 2)
        r = np.linalg.norm(x[:, None] - centres, axis=2)
        np.testing.assert_allclose(al.RadialBasis(centres, "thin_plate")(x), r**2 * np.log(r), atol=1e-12)
        np.testing.assert_allclose(al.RadialBasis(centres, width=0.5)(x), np.exp(-2 * r**2), atol=1e-14)
        assert al.RadialBasis(centres) == al.RadialBasis(centres.copy())
        assert al.RadialBasis(centres) != al.RadialBasis(centres, width=2)
        assert al.RandomFourier(9)(x).shape == (200, 9)


class TestRefusals:
    def test_singular_dictionary_is_named(self):
        twice = al.Polynomial(1) + al.Selection([0], al.Polynomial(2, bias=False))
        with says(al.InvalidArgument, "singular", "1 of 5 functions", "(x0)", "drop_dependent"):
            al.EDMD(twice).fit(pairs(), dt=1.0)
        with pytest.warns(al.FitWarning, match="1 of 5 functions depend"):
            assert al.EDMD(twice, drop_dependent=True).fit(pairs(), dt=1.0).rank_ == 4

    def test_bad_weights_libraries_and_boxes(self):
        with says(al.InvalidArgument, "no quadrature", "weight 0 being -1"):
            al.EDMD().fit(pairs(), dt=1.0, weights=-np.ones(400))
        with says(al.InvalidArgument, "library is 3", "al.Polynomial"):
            al.EDMD(3).fit(pairs(), dt=1.0)
        with says(al.InvalidArgument, "kind is square", "gaussian"):
            al.EDMD(al.RadialBasis(np.zeros((1, 2)), kind="square")).fit(pairs(), dt=1.0)
        with says(al.InvalidArgument, "box is"):
            al.EDMD(al.Legendre(2, box=(1, 2, 3))).fit(pairs(), dt=1.0)
        with says(al.InvalidArgument, "3 pairs", "6 functions"):
            al.EDMD(al.Polynomial(2)).fit(pairs(3), dt=1.0)
        with pytest.raises(al.NotFitted):
            al.EDMD().eigenvalues_


def test_a_driven_model_comes_back_driven(tmp_path):
    random = np.random.default_rng(0)
    u, x = random.normal(size=(200, 1)), np.zeros((200, 2))
    for k in range(199):
        x[k + 1] = [0.9 * x[k, 0] + 0.1 * u[k, 0], 0.5 * x[k, 1] + 0.2 * x[k, 0] * u[k, 0]]
    run = al.Trajectory(al.TimeGrid.uniform(0, 0.1, 200), x, inputs=u)
    for bilinear in (False, True):
        model = al.EDMDc(al.Polynomial(1), bilinear=bilinear).fit(run)
        al.save(model, tmp_path / "model")
        again = al.load(tmp_path / "model")
        assert isinstance(again, al.EDMDc) and again.bilinear == bilinear
        np.testing.assert_array_equal(
            again.forecast(run, inputs=u[:5]).states, model.forecast(run, inputs=u[:5]).states
        )
        with says(al.InvalidArgument, "inputs"):
            al.export_header(model, tmp_path / "model.hpp", name="model")
