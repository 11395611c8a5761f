# SPDX-License-Identifier: BSD-3-Clause
"""Equations of fields and the weak form: the classes do what the compiled library does, and refuse what it refuses."""

import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says


@pytest.fixture(scope="module")
def burgers():
    grid = al.SpatialGrid.periodic(128, -8, 8)
    times = al.TimeGrid.uniform(0, 0.1, 101)
    start = np.exp(-((grid.points(0) + 2) ** 2))
    run = al.spectral.solve(al.spectral.Burgers(0.2), grid, start, times, al.spectral.ETDRK4(0.02))
    return al.Trajectory(times, run.states, grid=grid, parameters={"nu": 0.2})


def found(model):
    return {n: c for n, c in zip(model.feature_names_, model.coefficients_[:, 0]) if c}


def test_pde_find(burgers):
    model = al.PDEFind(al.PDELibrary(order=3), al.STLSQ(threshold=0.05)).fit(burgers[:80])
    assert found(model) == pytest.approx({"u u_x": -1, "u_xx": 0.2}, rel=1e-4)
    assert str(model) == "u_t = -1.0000 u u_x + 0.2000 u_xx"
    assert model.equations(precision=2, notation="latex") == ["u_t = -1.00 u u_{x} + 0.20 u_{xx}"]
    assert model.equations(precision=1, notation="sympy") == ["-1.0*u * u_x + 0.2*u_xx"]
    assert model.coefficients_.shape == (11, 1) and model.residuals_.shape == (1,) and model.input_names_ == []
    assert 1 <= model.condition_number_ < 100
    with pytest.raises(al.InvalidArgument, match="no Polynomial"):
        model.exponents_

    ahead = model.forecast(burgers[:80], steps=21)
    assert ahead.verdict and ahead.grid == burgers.grid
    assert np.abs(ahead.states - burgers.states[80:]).max() < 1e-4


def test_a_fitted_equation_is_a_system(burgers):
    model = al.PDEFind(al.PDELibrary(), al.STLSQ(threshold=0.05)).fit(burgers)
    run = al.integrate(model, burgers.states[0], al.TimeGrid.uniform(0, 0.1, 5), al.methods.RK4(0.005))
    assert np.abs(run.states - burgers.states[:5]).max() < 1e-4
    assert model(burgers.states[0]).shape == (128,)
    assert model.predict(burgers.states[:2]).shape == (2, 128)


def test_pickles_and_files(burgers, tmp_path):
    model = al.PDEFind(al.PDELibrary(), al.STLSQ(threshold=0.05)).fit(burgers)
    again = pickle.loads(pickle.dumps(model))
    assert again.get_params(deep=False) == model.get_params(deep=False)
    assert np.array_equal(again.coefficients_, model.coefficients_) and again.equations() == model.equations()
    assert np.array_equal(again.forecast(burgers, 5).states, model.forecast(burgers, 5).states)
    al.save(model, tmp_path / "burgers.almagest")
    loaded = al.load(tmp_path / "burgers.almagest")
    assert loaded.library == model.library and loaded.equations() == model.equations()
    assert np.array_equal(loaded.forecast(burgers, 5).states, model.forecast(burgers, 5).states)
    with pytest.raises(al.InvalidArgument, match="equation of fields"):
        al.export_header(model, "burgers.hpp", name="burgers")


def test_weak_form_of_fields(burgers):
    noise = 0.01 * burgers.states.std() * np.random.default_rng(0).standard_normal(burgers.states.shape)
    noisy = al.Trajectory(burgers.times, burgers.states + noise, grid=burgers.grid)
    model = al.WeakSINDy(al.PDELibrary(order=3), al.STLSQ(threshold=0.05), seed=1).fit(noisy)
    assert found(model) == pytest.approx({"u u_x": -1, "u_xx": 0.2}, rel=1e-2)
    assert isinstance(model.forecast(noisy, steps=3), al.Forecast)


@pytest.mark.parametrize("options", [{}, {"integral": True}, {"count": 0, "half_time": 30, "degree": 8}])
def test_weak_form_of_a_law_of_motion(options):
    times = al.TimeGrid.uniform(0, 0.01, 2000)
    run = al.integrate(al.systems.LotkaVolterra(), [10, 5], times, al.methods.Fehlberg78(1e-12, 1e-12))
    model = al.WeakSINDy(al.Polynomial(2), al.STLSQ(0.05), **options).fit(run)
    assert [line.count(".") for line in model.equations()] == [2, 2]
    assert model.coefficients_[model.feature_names_.index("prey" if "prey" in model.feature_names_ else "x"), 0] == pytest.approx(1.1, abs=1e-4)
    arrays = al.WeakSINDy(al.Polynomial(2), al.STLSQ(0.05), **options).fit(run.states, dt=0.01)
    assert np.array_equal(arrays.coefficients_, model.coefficients_)


def test_parameters(burgers):
    runs = []
    for nu in (0.2, 0.4):
        run = al.spectral.solve(
            al.spectral.Burgers(nu), burgers.grid, burgers.states[0], burgers.times, al.spectral.ETDRK4(0.02)
        )
        runs.append(al.Trajectory(burgers.times, run.states, grid=burgers.grid, parameters={"nu": nu}))
    library = al.PDELibrary(parameters=["nu"])
    for model in (al.PDEFind(library, al.STLSQ(0.1)).fit(runs), al.WeakSINDy(library, al.STLSQ(0.1)).fit(runs)):
        assert found(model) == pytest.approx({"u u_x": -1, "nu u_xx": 1}, rel=1e-3)
        assert np.isfinite(model.at(nu=0.3).forecast(burgers[:50], 2).states).all()
        with says(al.InvalidArgument, "nu is nan"):
            model.at(nu=np.nan)
        with says(al.InvalidArgument, "zz is no parameter", "nu"):
            model.at(nu=0.3, zz=1)
    model = al.PDEFind(library, al.STLSQ(0.1)).fit(runs)
    assert np.abs(model.forecast(runs[1][:50], 10).states - runs[1].states[50:60]).max() < 1e-3
    with pytest.raises(al.InvalidArgument, match="parameter nu, which has no value"):
        model(burgers.states[0])
    assert np.isfinite(model.at(nu=0.3)(burgers.states[0])).all()


def test_what_cannot_be_learned_from(burgers):
    with pytest.raises(al.InvalidArgument, match="run 0 has no grid"):
        al.PDEFind().fit(burgers.states, dt=0.1)
    with pytest.raises(al.InvalidArgument, match="give al.PDELibrary"):
        al.PDEFind(al.Polynomial()).fit(burgers)
    with pytest.raises(al.InvalidArgument, match="'spectral' or 'differences'"):
        al.PDEFind(al.PDELibrary(space="wavelets")).fit(burgers)
    with pytest.raises(al.InvalidArgument, match="wider than run 0, which has 101 samples"):
        al.WeakSINDy(al.PDELibrary(), half_time=60).fit(burgers)
    with pytest.raises(al.InvalidArgument, match="wider than axis 0, which has 128"):
        al.WeakSINDy(al.PDELibrary(), half_space=[64]).fit(burgers)
    with pytest.raises(al.NotFitted):
        al.WeakSINDy().forecast(burgers, 1)


def test_parameters_are_those_of_estimators():
    model = al.WeakSINDy(al.PDELibrary(order=3), count=50)
    assert model.get_params()["library__order"] == 3
    model.set_params(library__order=4, seed=2)
    assert repr(model) == "WeakSINDy(library=PDELibrary(order=4), count=50, seed=2)"
