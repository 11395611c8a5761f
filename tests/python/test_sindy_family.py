# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers, forms and ensembles of SINDy as Python has them."""

import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

@pytest.fixture(scope="module")
def lorenz():
    return al.integrate(al.systems.Lorenz63(), [-8.0, 8.0, 27.0], np.arange(0.0, 20.0, 0.004))


@pytest.fixture(scope="module")
def noisy(lorenz):
    noise = np.random.default_rng(1).normal(size=lorenz.states.shape)
    return al.Trajectory(lorenz.times, lorenz.states + 0.05 * noise, names=["x", "y", "z"])


class TestOptimizers:
    @pytest.mark.parametrize(
        "optimizer",
        [
            al.STLSQ(0.3),
            al.SR3(0.3),
            al.SR3(0.1, penalty="l1"),
            al.ConstrainedSR3([al.Constraint({("x", "x"): 1.0, ("x", "y"): 1.0}, equals=0.0)], 0.3),
            al.TrappingSR3(0.3),
            al.Evidence(),
            al.BestSubset(most_terms=4),
            al.SSR("cross_validation"),
            al.FROLS("cross_validation"),
            al.Lasso("cross_validation", least=1e-5),
        ],
        ids=lambda optimizer: repr(optimizer)[:18],
    )
    def test_each_finds_lorenz(self, lorenz, optimizer):
        model = al.SINDy(optimizer=clone(optimizer), derivative=al.FiniteDifference(8)).fit(lorenz)
        # Without noise the error of differencing is all that criteria see: terms as small as it may stay.
        # TrappingSR3 moves coefficients a little towards decay.
        found = np.where(np.abs(model.coefficients_) > 1e-3, model.coefficients_, 0.0)
        law = dict(zip(model.feature_names_, found.round(2).tolist()))
        assert law.pop("x") == [-10.0, 28.0, 0.0] and law.pop("y") == [10.0, -1.0, 0.0]
        assert law.pop("z") == [0.0, 0.0, -2.67]
        assert law.pop("x z") == [0.0, -1.0, 0.0] and law.pop("x y") == [0.0, 0.0, 1.0]
        assert all(value == [0.0, 0.0, 0.0] for value in law.values())
        assert model.forecast(lorenz[:100], steps=100).verdict

    def test_paths_and_errors(self, noisy):
        model = al.SINDy(al.Polynomial(2), al.SSR(), al.SavitzkyGolay(21)).fit(noisy)
        assert len(model.paths_) == 3
        sizes = [len(support) for support, _, _ in model.paths_[0]]
        assert sizes == list(range(10, -1, -1))
        misfits = [misfit for _, misfit, _ in model.paths_[0]]
        assert misfits == sorted(misfits)
        model = al.SINDy(optimizer=al.Evidence(), derivative=al.SavitzkyGolay(21)).fit(noisy)
        assert model.coefficient_errors_.shape == (10, 3)
        assert ((model.coefficient_errors_ > 0) == (model.coefficients_ != 0)).all()
        with says(al.InvalidArgument, "inclusion_", "al.EnsembleSINDy"):
            model.inclusion_

    def test_a_constraint_holds(self, noisy):
        energy = al.Constraint({("y", "x z"): 1.0, ("z", "x y"): 1.0}, equals=0.0)
        bound = al.Constraint({("y", "y"): 1.0}, at_most=-1.05)
        model = al.SINDy(optimizer=al.ConstrainedSR3([energy, bound], 0.3), derivative=al.SavitzkyGolay(21)).fit(noisy)
        found = dict(zip(model.feature_names_, model.coefficients_))
        assert abs(found["x z"][1] + found["x y"][2]) < 1e-12
        assert found["y"][1] <= -1.05 + 1e-12
        with says(al.InvalidArgument, "'w'", "there are 1, x"):
            al.SINDy(optimizer=al.ConstrainedSR3([al.Constraint({("x", "w"): 1.0}, equals=0.0)])).fit(noisy)
        with says(al.InvalidArgument, "2 values"):
            al.SINDy(optimizer=al.ConstrainedSR3([al.Constraint({("x", "x"): 1.0}, 0.0, 1.0)])).fit(noisy)

    def test_trapping(self, noisy):
        model = al.SINDy(optimizer=al.TrappingSR3(0.3), derivative=al.SavitzkyGolay(21)).fit(noisy)
        region = model.trapping_region()
        assert region.traps and region.greatest_eigenvalue < 0
        starts = region.centre + region.radius * np.random.default_rng(0).normal(size=(20, 3))
        ends = al.integrate_ensemble(model, starts, np.linspace(0, 5, 101))
        last = np.array([run.states[-1] for run in ends])
        assert np.linalg.norm(last - region.centre, axis=1).max() < region.radius

    def test_regression_alone(self):
        random = np.random.default_rng(3)
        features = random.normal(size=(200, 6))
        law = np.array([0, 2.0, 0, 0, -1.0, 0])
        found = al.STLSQ(0.1).regress(features, features @ law)
        assert np.abs(found[:, 0] - law).max() < 1e-12

    def test_bad_parameters(self, lorenz):
        for optimizer, pieces in [
            (al.SSR("aic"), ["criterion is 'aic'", "'bic'"]),
            (al.SR3(penalty="l3"), ["penalty is 'l3'"]),
            (al.SR3(weights=np.ones((2, 3))), ["weights", "2"]),
            (al.Lasso(least=2.0), ["least is 2"]),
            (al.Evidence(prior=-1.0), ["prior is -1"]),
            (al.BestSubset(most_terms=0), ["most_terms is 0"]),
        ]:
            with says(al.Error, *pieces):
                al.SINDy(optimizer=optimizer).fit(lorenz)


class TestEnsembles:
    def test_inclusion_and_bands(self, noisy, lorenz):
        model = al.EnsembleSINDy(
            optimizer=al.STLSQ(0.3), derivative=al.SavitzkyGolay(21), models=30, library_share=0.8
        ).fit(noisy)
        same = al.EnsembleSINDy(
            optimizer=al.STLSQ(0.3), derivative=al.SavitzkyGolay(21), models=30, library_share=0.8, threads=2
        ).fit(noisy)
        assert (model.coefficients_ == same.coefficients_).all()
        assert model.inclusion_.shape == (10, 3) and model.inclusion_.max() <= 1
        assert [line.count(" x") > 0 for line in model.equations()] == [True] * 3
        assert len(model.members_) == 30
        band = al.EnsembleSINDy(optimizer=al.STLSQ(0.3), derivative=al.SavitzkyGolay(21), models=30).fit(noisy)
        lower, median, upper, alive = band.forecast_band(lorenz[:1000], steps=200)
        assert (lower.states <= upper.states).all() and (alive == 1).all()
        assert median.times[0] == pytest.approx(lorenz.times[1000])

    def test_is_refused_without_members(self, lorenz):
        with says(al.InvalidArgument, "no members"):
            al.SINDy().fit(lorenz).forecast_band(lorenz[:10], steps=3)


class TestForms:
    def test_a_map(self, tmp_path):
        run = al.iterate(al.systems.Henon(), [0.1, 0.3], 500)
        model = al.DiscreteSINDy(al.Polynomial(2)).fit(run)
        assert model.equations(1) == ["x[k+1] = 1.0 + 1.0 y - 1.4 x^2", "y[k+1] = 0.3 x"]
        ahead = model.forecast(run[:100], steps=15)
        assert np.abs(ahead.states - run.states[100:115]).max() < 1e-8
        assert np.abs(model.predict(run.states[:3]) - run.states[1:4]).max() < 1e-12
        al.save(model, tmp_path / "map.almagest")
        loaded = al.load(tmp_path / "map.almagest")
        assert loaded.library == model.library and np.array_equal(loaded.forecast(run[:100], 15).states, ahead.states)
        assert pickle.loads(pickle.dumps(model)).equations() == model.equations()
        delayed = al.DiscreteSINDy(al.Delays(2, al.Polynomial(2))).fit(run.states[:, :1], dt=1.0)
        assert "(-1)" in str(delayed)

    def test_a_rational_law(self):
        uptake = lambda x, t: 0.6 - 1.5 * x / (0.3 + x)
        runs = [al.integrate(uptake, [start], np.arange(0, 4, 0.01)) for start in (0.02, 0.5, 1.5, 3.0)]
        model = al.SINDyPI(al.Polynomial(3), al.STLSQ(0.05), al.FiniteDifference(6)).fit(runs)
        x = np.array([[0.05], [0.7], [2.0]])
        assert np.abs(model.predict(x) - uptake(x, 0)).max() < 1e-5
        assert "/" in str(model) and "\\frac" in model.equations(3, "latex")[0]
        ahead = model.forecast(runs[2][:100], steps=300)
        assert np.abs(ahead.states - runs[2].states[100:]).max() < 1e-5
        points = al.diagnostics.fixed_points(model, [0.01], [3.0])
        assert len(points) == 1 and points[0].stable and points[0].state[0] == pytest.approx(0.2, abs=1e-4)

    def test_a_law_of_second_order(self, tmp_path):
        run = al.integrate(al.systems.HenonHeiles(), [0.1, 0.2, 0.3, -0.1], np.arange(0, 60, 0.02), al.methods.Fehlberg78())
        seen = al.Trajectory(run.times, run.states[:, :2], names=["x", "y"])
        model = al.SecondOrderSINDy(al.Polynomial(2), al.STLSQ(0.05), al.FiniteDifference(8)).fit(seen)
        assert model.equations(2)[0] == "x' = 1.00 x_dot" and model.equations(2)[2] == "x_dot' = -1.00 x - 2.00 x y"
        assert model.coefficients_.shape == (15, 4) and model.residuals_[:2].max() == 0
        assert np.abs(model.states(seen).states - run.states).max() < 1e-7
        ahead = model.forecast(seen[:2000], steps=500)
        assert np.abs(ahead.states - run.states[2000:2500]).max() < 1e-5
        assert model.forecast(seen.states[1900:2000], 5).states.shape == (5, 4)
        one = al.SecondOrderSINDy(al.Polynomial(1)).fit(np.cos(0.01 * np.arange(500)), dt=0.01)
        assert np.abs(one.forecast(np.cos(0.01 * np.arange(100)), 5).states[:, 0] - np.cos(0.01 * np.arange(100, 105))).max() < 1e-3
        al.save(model, tmp_path / "second.almagest")
        loaded = al.load(tmp_path / "second.almagest")
        assert np.array_equal(loaded.forecast(model.states(seen[:2000]), 9).states, ahead.states[:9])
        assert np.array_equal(pickle.loads(pickle.dumps(model)).forecast(seen[:2000], 9).states, ahead.states[:9])
        with says(al.InvalidArgument, "velocity of component 0"):
            al.SecondOrderSINDy(al.Selection([0, 1], al.Polynomial(2))).fit(seen)
        with says(al.InvalidArgument, "SecondOrderSINDy.partial_fit", "use fit"):
            al.SecondOrderSINDy().partial_fit(seen)

    def test_functions_of_python(self, lorenz, tmp_path):
        library = al.Functions(
            [lambda x: x[:, 0], lambda x: x[:, 1], lambda x: x[:, 2], lambda x: x[:, 0] * x[:, 1], lambda x: x[:, 0] * x[:, 2]],
            ["x", "y", "z", "xy", "xz"],
        )
        model = al.SINDy(library, derivative=al.FiniteDifference(6)).fit(lorenz)
        assert model.equations(1) == ["x' = -10.0 x + 10.0 y", "y' = 28.0 x - 1.0 y - 1.0 xz", "z' = -2.7 z + 1.0 xy"]
        assert np.abs(model.predict(lorenz.states[:2])).max() > 1
        with says(al.InvalidArgument, "no formulas"):
            model.forecast(lorenz[:10], steps=3)
        with says(al.InvalidArgument, "files know"):
            al.save(model, tmp_path / "law.almagest")
        with says(al.InvalidArgument, "one number for each"):
            al.SINDy(al.Functions([lambda x: x[0]])).fit(lorenz)

    def test_models_of_any_library_are_stored(self, tmp_path):
        run = al.integrate(al.systems.DampedPendulum(damping=0.1), [2.5, 0.0], np.linspace(0, 15, 1501))
        for library in [
            al.Expressions(["x", "v", "sin(x)"], ["x", "v"]),
            al.Polynomial(1) + al.Fourier(2),
            al.Polynomial(1) * al.Fourier(1),
        ]:
            model = al.SINDy(library, al.STLSQ(0.05), al.FiniteDifference(6)).fit(run)
            al.save(model, tmp_path / "law.almagest")
            for again in (al.load(tmp_path / "law.almagest"), pickle.loads(pickle.dumps(model))):
                assert again.equations() == model.equations()
                assert again.library == library
                assert (again.forecast(run[:50], steps=20).states == model.forecast(run[:50], steps=20).states).all()
            al.export_header(model, tmp_path / "law.hpp", name="law")
            assert "sin(" in (tmp_path / "law.hpp").read_text()


class TestPieces:
    @pytest.mark.parametrize("derivative", [al.FiniteDifference(4), al.SavitzkyGolay(15)], ids=["differences", "smooth"])
    def test_are_the_whole(self, noisy, derivative):
        for optimizer in (al.STLSQ(0.3), al.SSR("bic")):
            whole = al.SINDy(al.Polynomial(2), optimizer, derivative).fit(noisy)
            model = al.SINDy(al.Polynomial(2), optimizer, derivative)
            for first in range(0, len(noisy) - 1, 333):
                assert model.partial_fit(noisy[first : first + 334]) is model
            assert np.abs(model.coefficients_ - whole.coefficients_).max() < 1e-10
            assert model.equations() == whole.equations() and model.warnings_ == whole.warnings_

    def test_of_several_runs(self, lorenz):
        parts = [lorenz[:1500], lorenz[2000:4000], lorenz[4200:]]
        whole = al.SINDy(derivative=al.FiniteDifference(6)).fit(parts)
        model = al.SINDy(derivative=al.FiniteDifference(6)).partial_fit(parts[:2]).partial_fit(parts[2])
        assert np.abs(model.coefficients_ - whole.coefficients_).max() < 1e-10
        arrays = al.SINDy(derivative=al.FiniteDifference(6))
        for part in parts:
            arrays.partial_fit(part.states, dt=0.004)
        assert np.abs(arrays.coefficients_ - whole.coefficients_).max() < 1e-10

    def test_the_model_is_made_when_asked_for(self, lorenz):
        model = al.SINDy(derivative=al.FiniteDifference(6))
        model.partial_fit(lorenz[:4])
        with says(al.NotFitted, "not fitted"):
            model.equations()
        model.partial_fit(lorenz[3:1000])
        assert str(model).startswith("x' = ")
        early = model.coefficients_
        copied = pickle.loads(pickle.dumps(model.partial_fit(lorenz[999:])))
        assert np.abs(model.coefficients_ - early).max() > 0
        assert (copied.coefficients_ == model.coefficients_).all()
        model.fit(lorenz[:2000])
        assert (model.coefficients_ == clone(model).fit(lorenz[:2000]).coefficients_).all()
        assert (model.partial_fit(lorenz[2000:]).coefficients_ == clone(model).fit(lorenz[2000:]).coefficients_).mean() > 0.7

    def test_ensembles_and_what_is_refused(self, noisy, lorenz):
        model = al.EnsembleSINDy(optimizer=al.STLSQ(0.3), derivative=al.SavitzkyGolay(21), models=20)
        for first in range(0, len(noisy) - 1, 1000):
            model.partial_fit(noisy[first : first + 1001])
        assert model.inclusion_.max() == 1 and len(model.members_) == 20
        with says(al.InvalidArgument, "SINDyPI.partial_fit", "all data at once", "use fit"):
            al.SINDyPI().partial_fit(lorenz)
        driven = al.Trajectory(lorenz.times, lorenz.states, inputs=np.ones((len(lorenz), 1)))
        with says(al.InvalidArgument, "inputs", "fit"):
            al.SINDy().partial_fit(driven)
        with says(al.InvalidArgument, "no runs"):
            al.SINDy().partial_fit([])
        model = al.SINDy(derivative=al.FiniteDifference(6)).partial_fit(lorenz[:2000])
        before = model.coefficients_.copy()
        with says(al.DimensionMismatch, "has 2", "3"):
            model.partial_fit(lorenz.states[:, :2], dt=0.004)
        assert (model.coefficients_ == before).all()


def test_equations_for_others_mean_what_the_law_does():
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 2, 0.004))
    for library in (al.Expressions(["x-y", "-x*y", "z"], ["x", "y", "z"]), al.Legendre(2, box=[(-50, 50)] * 3)):
        model = al.SINDy(library, al.STLSQ(0.0)).fit(run)
        point = dict(zip("xyz", run.states[100]))
        rates = [eval(line, {}, point) for line in model.equations(precision=17, notation="sympy")]
        np.testing.assert_allclose(rates, model.predict(run.states[100:101])[0], rtol=1e-9)


def test_no_header_of_a_law_without_formulas(tmp_path):
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 2, 0.004))
    model = al.SINDy(al.RadialBasis(run.states[::100], width=10.0) + al.Polynomial(2), al.STLSQ(1e-3)).fit(run)
    with says(al.InvalidArgument, "no formulas"):
        al.export_header(model, tmp_path / "law.hpp", name="law")


def test_maps_continue_a_state():
    run = al.iterate(al.systems.Henon(), [0.1, 0.3], 400)
    model = al.DiscreteSINDy(al.Polynomial(2), al.STLSQ(0.01)).fit(run)
    assert model.forecast([0.1, 0.1], 3).states.shape == (3, 2)


def test_arrays_are_parameters_that_can_be_shown_and_compared():
    weights = np.ones((10, 3))
    assert al.SR3(weights=weights) == al.SR3(weights=weights.copy())
    assert al.SR3(weights=weights) != al.SR3(weights=2 * weights)
    assert "array" in repr(al.SINDy(al.RadialBasis(np.zeros((3, 2))), al.SR3(weights=weights)))


def test_what_is_masked_or_complex_is_no_data():
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 2, 0.004))
    model = al.SINDy(al.Polynomial(2), al.STLSQ(0.1)).fit(run)
    masked = np.ma.masked_array(run.states[-5:], mask=np.arange(15).reshape(5, 3) == 14)
    for call in (lambda: model.forecast(masked, 1), lambda: model.predict(masked)):
        with says(al.NonFiniteData, "masked"):
            call()
    with says(al.InvalidArgument, "complex"):
        model.predict(run.states + 1j)


def test_a_feature_that_is_no_number_is_named():
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 2, 0.004))
    with says(al.NonFiniteData, "sqrt(x0)", "not finite"):
        al.SINDy(al.Expressions(["sqrt(x)", "y"], ["x", "y", "z"])).fit(run)


def test_rational_laws_are_not_made_of_relations_among_samples():
    t = np.arange(0, 20, 0.01)
    decaying = np.column_stack([np.exp(-0.1 * t) * np.cos(t), -np.exp(-0.1 * t) * np.sin(t), np.full(len(t), 2.0)])
    model = al.SINDyPI(al.Polynomial(1), al.STLSQ(0.02), al.FiniteDifference(6)).fit(decaying, dt=0.01)
    rates = model.predict(decaying)
    np.testing.assert_allclose(rates[:, 0], -0.1 * decaying[:, 0] + decaying[:, 1], atol=1e-6)
    assert not rates[:, 2].any() and not any(text.startswith("x2") for text in model.warnings_)


def test_bands_of_driven_laws_are_refused():
    t = np.arange(0, 20, 0.01)
    u = np.sin(0.7 * t)
    y = al.integrate(lambda x, t: np.array([x[1], -x[0] - 0.2 * x[1] + np.sin(0.7 * t)]), [1, 0], t).states
    run = al.Trajectory(t, y, inputs=u[:, None])
    model = al.EnsembleSINDy(al.Polynomial(1), al.STLSQ(0.05), al.SavitzkyGolay(11), models=4).fit(run)
    with says(al.InvalidArgument, "forecast_band", "1 inputs"):
        model.forecast_band(run[:1000], 10)


def test_uneven_samples_with_noise_are_smoothed():
    for seed in range(5):
        random = np.random.default_rng(seed)
        t = np.sort(random.uniform(0, 10, 301))
        y = np.column_stack([np.sin(2 * t), np.cos(2 * t)]) + 0.05 * random.normal(size=(301, 2))
        rates = al.differentiate(al.Trajectory(t, y), al.AutomaticDerivative())
        assert np.sqrt(np.mean((rates[:, 0] - 2 * np.cos(2 * t)) ** 2)) < 0.5
