# SPDX-License-Identifier: BSD-3-Clause
"""SINDy as an estimator, a system and a forecaster."""

import pickle
import subprocess
import sys

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

LORENZ = {("x", 0): -10, ("y", 0): 10, ("x", 1): 28, ("y", 1): -1, ("x z", 1): -1, ("z", 2): -8 / 3, ("x y", 2): 1}


def exact_coefficients(model):
    exact = np.zeros_like(model.coefficients_)
    for (feature, component), value in LORENZ.items():
        exact[model.feature_names_.index(feature), component] = value
    return exact


class TestFit:
    def test_finds_the_law(self, lorenz_model):
        exact = exact_coefficients(lorenz_model)
        assert lorenz_model.coefficients_.shape == (20, 3)
        np.testing.assert_array_equal(lorenz_model.coefficients_ != 0, exact != 0)
        assert np.abs(lorenz_model.coefficients_ - exact).max() < 3.5e-6
        assert lorenz_model.feature_names_[:6] == ["1", "x", "y", "z", "x^2", "x y"]
        np.testing.assert_array_equal(lorenz_model.exponents_[5], [1, 1, 0])

    def test_says_the_law(self, lorenz_model):
        assert lorenz_model.equations() == str(lorenz_model).splitlines()
        assert lorenz_model.equations()[0] == "x' = -10.0000 x + 10.0000 y"
        assert lorenz_model.equations(precision=1)[2] == "z' = -2.7 z + 1.0 x y"

    def test_report(self, lorenz_model):
        assert lorenz_model.warnings_ == [] and lorenz_model.condition_number_ >= 1
        assert lorenz_model.residuals_.shape == (3,) and np.all(lorenz_model.residuals_ < 1e-5)

    def test_attributes_are_the_models_own_memory(self, lorenz_model):
        first = lorenz_model.coefficients_
        assert np.shares_memory(first, lorenz_model.coefficients_) and not first.flags.writeable

    def test_arrays_with_dt(self, lorenz_run, lorenz_model):
        unnamed = clone(lorenz_model).fit(lorenz_run.states, dt=0.002)
        np.testing.assert_array_equal(unnamed.coefficients_, lorenz_model.coefficients_)
        assert unnamed.feature_names_[1] == "x0"

    def test_several_runs(self, lorenz_run, lorenz_model):
        parts = [lorenz_run[:4000], lorenz_run[5000:]]
        arrays = [part.states for part in parts]
        from_runs = clone(lorenz_model).fit(parts)
        np.testing.assert_array_equal(clone(lorenz_model).fit(arrays, dt=0.002).coefficients_, from_runs.coefficients_)
        np.testing.assert_array_equal(clone(lorenz_model).fit(al.Ensemble(parts)).coefficients_, from_runs.coefficients_)
        assert np.abs(from_runs.coefficients_ - exact_coefficients(from_runs)).max() < 1e-5

    def test_non_uniform_times(self, lorenz_run):
        keep = np.sort(np.random.default_rng(2).choice(10_000, 7000, replace=False))
        uneven = al.Trajectory(lorenz_run.times.values[keep], lorenz_run.states[keep], names=["x", "y", "z"])
        model = al.SINDy(al.Polynomial(2), derivative=al.FiniteDifference(order=4)).fit(uneven)
        exact = exact_coefficients(model)
        np.testing.assert_array_equal(model.coefficients_ != 0, exact != 0)
        np.testing.assert_allclose(model.coefficients_, exact, atol=1e-2)

    def test_noise(self, lorenz_run):
        noise = 0.05 * np.random.default_rng(5).normal(size=lorenz_run.states.shape)
        noisy = al.Trajectory(lorenz_run.times, lorenz_run.states + noise, names=["x", "y", "z"])
        model = al.SINDy(al.Polynomial(2), al.STLSQ(0.5), al.SavitzkyGolay(window=41, degree=4)).fit(noisy)
        np.testing.assert_array_equal(model.coefficients_ != 0, exact_coefficients(model) != 0)

    def test_doubts_are_warnings(self):
        still = al.Trajectory(np.arange(4.0), np.array([[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]))
        with pytest.warns(al.FitWarning) as caught:
            model = al.SINDy(al.Polynomial(1)).fit(still)
        assert [str(w.message) for w in caught] == model.warnings_ and caught[0].filename == __file__


class TestModel:
    def test_predict(self, lorenz_model, lorenz_run):
        x = lorenz_run.states[::1000]
        exact = al.systems.Lorenz63()(x)
        np.testing.assert_allclose(lorenz_model.predict(x), exact, atol=1e-3)
        np.testing.assert_array_equal(lorenz_model.predict(x), [lorenz_model(state) for state in x])
        np.testing.assert_array_equal(lorenz_model.predict(lorenz_run)[::1000], lorenz_model.predict(x))

    def test_is_a_system(self, lorenz_model):
        times = np.linspace(0, 2, 21)
        for method in (al.methods.Fehlberg78(1e-11, 1e-11), al.methods.RK4(0.001), al.methods.Rosenbrock4(1e-9, 1e-9)):
            learned = al.integrate(lorenz_model, [-8, 8, 27], times, method)
            exact = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], times, method)
            assert learned.names == ["x", "y", "z"]
            np.testing.assert_allclose(learned.states, exact.states, atol=1e-3)

    def test_ensembles(self, lorenz_model):
        starts = np.random.default_rng(0).normal(size=(20, 3)) + [0, 0, 25]
        for method in (al.methods.RK4(0.01), al.methods.Fehlberg78()):
            runs = al.integrate_ensemble(lorenz_model, starts, np.linspace(0, 1, 11), method)
            exact = al.integrate_ensemble(al.systems.Lorenz63(), starts, np.linspace(0, 1, 11), method)
            np.testing.assert_allclose(runs.states, exact.states, atol=1e-3)
            assert runs[3].names == ["x", "y", "z"]
        with says(al.DimensionMismatch, "dimension 2", "dimension 3"):
            al.integrate_ensemble(lorenz_model, starts[:, :2], [0.0, 1.0], al.methods.RK4(0.1))

    def test_forecast(self, lorenz_model, lorenz_run):
        ahead = lorenz_model.forecast(lorenz_run[:5000], steps=1000)
        assert isinstance(ahead, al.Trajectory) and len(ahead) == 1000 and ahead.names == ["x", "y", "z"]
        assert ahead.times.values[0] == pytest.approx(lorenz_run.times.values[5000])
        np.testing.assert_allclose(ahead.states, lorenz_run.states[5000:6000], atol=1e-2)
        assert ahead.verdict and ahead.verdict.kind == "fine" and str(ahead.verdict) == "fine"
        assert np.isnan(ahead.verdict.time)

    def test_history_may_be_the_last_samples(self, lorenz_model, lorenz_run):
        from_run = lorenz_model.forecast(lorenz_run[:5000], steps=10)
        for history in (lorenz_run.states[4990:5000], lorenz_run.states[4999], list(lorenz_run.states[4999])):
            ahead = lorenz_model.forecast(history, steps=10)
            np.testing.assert_array_equal(ahead.states, from_run.states)
            np.testing.assert_allclose(ahead.times.values, 0.002 * np.arange(1, 11))

    def test_history_of_one_component_may_be_a_series(self):
        t = 0.05 * np.arange(100)
        model = al.SINDy(al.Polynomial(2)).fit(1 / (1 + np.exp(-t)), dt=0.05)
        series = 1 / (1 + np.exp(-t[:3]))
        np.testing.assert_array_equal(model.forecast(series, 5).states, model.forecast(series[-1:], 5).states)

    def test_forecast_goes_on_where_it_stopped(self, lorenz_model, lorenz_run):
        whole = lorenz_model.forecast(lorenz_run, steps=50)
        first = lorenz_model.forecast(lorenz_run, steps=20)
        rest = lorenz_model.forecast(first, steps=30)
        np.testing.assert_array_equal(whole.states, np.concatenate([first.states, rest.states]))

    def test_verdicts(self, lorenz_run):
        # Growth that the data show and nothing bounds: the forecast ends, with the time.
        times = al.TimeGrid.uniform(0.0, 0.01, 300)
        growth = al.Trajectory(times, np.exp(times.values), names=["n"])
        model = al.SINDy(al.Polynomial(1)).fit(growth)
        ahead = model.forecast(growth, steps=5000)
        assert not ahead.verdict and ahead.verdict.kind == "diverged" and len(ahead) < 5000
        assert ahead.verdict.time == pytest.approx(ahead.times.values[-1] + 0.01)
        assert "n left" in ahead.verdict.detail and "diverged at t = " in str(ahead.verdict)
        assert model.forecast(growth, steps=100).verdict.kind == "left_training_region"
        again = pickle.loads(pickle.dumps(ahead))
        assert type(again) is al.Forecast and again == ahead and str(again.verdict) == str(ahead.verdict)
        assert "diverged" in repr(ahead)
        assert type(ahead[:3]) is al.Trajectory


class TestScikitLearnsHabits:
    def test_get_and_set_params(self):
        model = al.SINDy(library=al.Polynomial(degree=3), optimizer=al.STLSQ(threshold=0.2))
        params = model.get_params()
        assert params["library"] == al.Polynomial(3) and params["library__degree"] == 3
        assert params["optimizer__threshold"] == 0.2 and params["derivative"] is None
        assert set(model.get_params(deep=False)) == {"library", "optimizer", "derivative"}
        assert model.set_params(optimizer__threshold=0.5, derivative=al.FiniteDifference(4)) is model
        assert model.optimizer.threshold == 0.5 and model.derivative.order == 4
        with says(al.InvalidArgument, "set_params: lam ", "library, optimizer, derivative"):
            model.set_params(lam=1)
        with says(al.InvalidArgument, "set_params: power", "degree"):
            model.set_params(library__power=1)

    def test_set_params_of_parts(self):
        model = al.SINDy().set_params(optimizer__threshold=0.5, optimizer=al.STLSQ(ridge=0.0))
        assert model.optimizer == al.STLSQ(threshold=0.5, ridge=0.0)
        with says(al.InvalidArgument, "derivative__order cannot be set", "derivative is None", "set derivative to"):
            model.set_params(derivative__order=4)

    def test_clone(self, lorenz_model):
        again = clone(lorenz_model)
        assert again is not lorenz_model and again.get_params() == lorenz_model.get_params()
        assert again.library is not lorenz_model.library
        assert not hasattr(again, "coefficients_") and hasattr(lorenz_model, "coefficients_")

    def test_fit_returns_self_and_takes_y(self, lorenz_run):
        model = al.SINDy()
        assert model.fit(lorenz_run, None) is model

    def test_written(self):
        assert repr(al.SINDy()) == str(al.SINDy()) == "SINDy()"
        assert repr(al.SINDy(optimizer=al.STLSQ(0.2))) == "SINDy(optimizer=STLSQ(threshold=0.2))"

    def test_unfitted(self):
        from sklearn.exceptions import NotFittedError

        model = al.SINDy()
        for use in (
            lambda: model.coefficients_,
            lambda: model.equations(),
            lambda: model.forecast([1.0], 1),
            lambda: model.predict([1.0]),
            lambda: al.integrate(model, [1.0], [0.0, 1.0]),
            lambda: al.save(model, "never"),
        ):
            with says(al.NotFitted, "SINDy.", "not fitted", "call fit"):
                use()
        assert issubclass(al.NotFitted, (ValueError, AttributeError))
        with pytest.raises(NotFittedError):
            check_is_fitted(model)
        check_is_fitted(al.SINDy().fit(np.exp(np.arange(50) / 50), dt=0.02))

    def test_search_over_parameters(self, lorenz_run):
        runs = [lorenz_run[k : k + 2000] for k in range(0, 8000, 2000)]

        def score(model, held_out, y=None):
            errors = [np.abs(model.predict(run) - al.systems.Lorenz63()(run)).max() for run in held_out]
            return -max(errors)

        search = GridSearchCV(
            al.SINDy(al.Polynomial(2), al.STLSQ()),
            {"library__degree": [1, 2], "derivative": [al.FiniteDifference(4), al.SavitzkyGolay(51)]},
            scoring=score,
            cv=2,
        ).fit(runs)
        assert search.best_params_ == {"library__degree": 2, "derivative": al.FiniteDifference(4)}
        np.testing.assert_array_equal(search.predict(lorenz_run), search.best_estimator_.predict(lorenz_run))

    def test_pipeline(self, lorenz_run):
        scale = FunctionTransformer(lambda x: x / 10)
        pipe = make_pipeline(scale, al.SINDy(al.Polynomial(2), derivative=al.FiniteDifference(4)))
        assert pipe.fit(lorenz_run.states, sindy__dt=0.002) is pipe
        assert pipe[-1].equations(2)[0] == "x0' = -10.00 x0 + 10.00 x1"
        assert pipe.predict(lorenz_run.states).shape == (10_000, 3)

    def test_works_without_scikit_learn(self):
        code = "import sys; sys.modules['sklearn'] = None; import almagest; almagest.SINDy().get_params()"
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_pickle(self, lorenz_model, lorenz_run):
        again = pickle.loads(pickle.dumps(lorenz_model))
        np.testing.assert_array_equal(again.coefficients_, lorenz_model.coefficients_)
        np.testing.assert_array_equal(again.forecast(lorenz_run, 20).states, lorenz_model.forecast(lorenz_run, 20).states)


class TestBadInput:
    def test_parameters(self, lorenz_run):
        with says(al.InvalidArgument, "threshold is -1", "0 or more"):
            al.SINDy(optimizer=al.STLSQ(-1)).fit(lorenz_run)
        with says(al.InvalidArgument, "order is 3", "an even number from 2 to 20"):
            al.SINDy(derivative=al.FiniteDifference(3)).fit(lorenz_run)
        with says(al.InvalidArgument, "window is 4", "odd"):
            al.SINDy(derivative=al.SavitzkyGolay(4)).fit(lorenz_run)
        with says(al.InvalidArgument, "degree is -1", "0 or more"):
            al.SINDy(al.Polynomial(-1)).fit(lorenz_run)
        with says(al.InvalidArgument, "library is 3", "al.Polynomial"):
            al.SINDy(library=3).fit(lorenz_run)
        with says(al.InvalidArgument, "derivative is 4", "al.FiniteDifference", "al.SavitzkyGolay"):
            al.SINDy(derivative=4).fit(lorenz_run)

    @pytest.mark.parametrize(
        ("model", "pieces"),
        [
            (al.SINDy(al.Polynomial(2.0)), ("degree is 2.0", "whole number")),
            (al.SINDy(optimizer=al.STLSQ(None)), ("threshold is None", "one real number")),
            (al.SINDy(optimizer=al.STLSQ(max_iterations="9")), ("max_iterations is '9'", "whole number")),
            (al.SINDy(derivative=al.FiniteDifference(4.0)), ("order is 4.0", "whole number")),
            (al.SINDy(derivative=al.SavitzkyGolay(degree=None)), ("degree is None", "whole number")),
        ],
    )
    def test_parameters_of_another_type(self, model, pieces, lorenz_run):
        with says(TypeError, *pieces):
            model.fit(lorenz_run)

    def test_numbers_of_numpy_are_numbers(self, lorenz_run):
        model = al.SINDy(al.Polynomial(np.int32(2)), al.STLSQ(np.float32(0.125), normalize=np.bool_(False)))
        plain = al.SINDy(al.Polynomial(2), al.STLSQ(0.125))
        np.testing.assert_array_equal(model.fit(lorenz_run).coefficients_, plain.fit(lorenz_run).coefficients_)

    def test_a_threshold_that_removes_every_term(self, lorenz_run):
        with says(al.InvalidArgument, "threshold 1000", "every term of x'", "largest remaining coefficient", "below that"):
            al.SINDy(al.Polynomial(2), al.STLSQ(1000)).fit(lorenz_run)

    def test_data(self, lorenz_run):
        with says(al.InvalidArgument, "SINDy.fit", "dt="):
            al.SINDy().fit(lorenz_run.states)
        with says(al.InvalidArgument, "dt = 0.1", "leave dt out"):
            al.SINDy().fit(lorenz_run, dt=0.1)
        with says(TypeError, "SINDy.fit: dt is array", "one real number"):
            al.SINDy().fit(lorenz_run.states[:3], dt=np.arange(3.0))
        with says(al.InvalidArgument, "2 samples", "at least 3", "longer run"):
            al.SINDy().fit(lorenz_run[:2])
        with says(al.InvalidArgument, "no runs", "at least 1"):
            al.SINDy().fit([])
        with says(al.InvalidArgument, "shape (0, 3)", "no samples"):
            al.SINDy().fit(np.zeros((0, 3)), dt=0.1)
        with says(al.NonFiniteData, "component 1", "sample 3"):
            states = lorenz_run.states.copy()
            states[3, 1] = np.nan
            al.SINDy().fit(states, dt=0.002)
        with says(al.DimensionMismatch, "has 2", "has 3"):
            al.SINDy().fit([lorenz_run.states, lorenz_run.states[:, :2]], dt=0.002)

    def test_history(self, lorenz_model, lorenz_run):
        with says(al.DimensionMismatch, "history has dimension 2", "dimension 3"):
            lorenz_model.forecast(lorenz_run.states[:, :2], 10)
        with says(al.InvalidArgument, "time step 0.004", "time step 0.002", "resample"):
            lorenz_model.forecast(lorenz_run[::2], 10)
        with says(al.InvalidArgument, "steps is 0", "at least 1"):
            lorenz_model.forecast(lorenz_run, 0)
        with says(TypeError, "steps is 10.0", "whole number"):
            lorenz_model.forecast(lorenz_run, 10.0)
        with says(al.InvalidArgument, "history", "no samples"):
            lorenz_model.forecast(np.zeros((0, 3)), 10)
        with says(al.DimensionMismatch, "x has 2", "dimension 3"):
            lorenz_model.predict([1.0, 2.0])


class TestLibrariesAndInputs:
    def test_a_pendulum_of_formulas(self):
        run = al.integrate(al.systems.DampedPendulum(damping=0.1), [2.5, 0.0], np.linspace(0, 15, 1501))
        library = al.Expressions(["x", "v", "sin(x)", "cos(x)", "x*v"], variables=["x", "v"])
        model = al.SINDy(library, al.STLSQ(0.05), al.FiniteDifference(6)).fit(run)
        found = dict(zip(model.feature_names_, model.coefficients_[:, 1]))
        assert found["sin(theta)"] < 0 and found["cos(theta)"] == 0
        ahead = model.forecast(run[:700], steps=800)
        assert np.abs(ahead.states - run.states[700:1500]).max() < 1e-6
        with says(al.InvalidArgument, "no Polynomial"):
            model.exponents_
        latex = model.equations(2, notation="latex")
        assert "\\sin\\left(theta\\right)" in latex[1]
        assert "sin(theta)" in model.equations(2, notation="sympy")[1]
        with says(al.InvalidArgument, "notation is 'html'"):
            model.equations(notation="html")

    def test_a_formula_with_an_error(self, lorenz_run):
        with says(al.InvalidArgument, "'w' is unknown", "^"):
            al.SINDy(al.Expressions(["x*w"], ["x", "y", "z"])).fit(lorenz_run)

    def test_inputs(self, tmp_path):
        t = np.linspace(0, 20, 4001)
        u = np.sin(1.3 * t)
        driven = lambda x, time: np.array([x[1], -2 * x[0] - 0.3 * x[1] + np.sin(1.3 * time)])
        free = al.integrate(driven, [1.0, 0.0], t)
        run = al.Trajectory(t, free.states, inputs=u[:, None], names=["x", "v"])
        model = al.SINDy(al.Polynomial(1), derivative=al.FiniteDifference(6)).fit(run)
        assert model.input_names_ == ["u"]
        assert model.equations(2) == ["x' = 1.00 v", "v' = -2.00 x - 0.30 v + 1.00 u"]
        ahead = model.forecast(run[:2001], inputs=u[2000:4000])
        assert np.abs(ahead.states - free.states[2001:]).max() < 1e-4
        al.save(model, tmp_path / "driven.almagest")
        assert np.array_equal(al.load(tmp_path / "driven.almagest").forecast(run[:2001], inputs=u[2000:4000]).states, ahead.states)
        with says(al.InvalidArgument, "1 inputs", "give the inputs"):
            model.forecast(run[:2001], steps=10)
