# SPDX-License-Identifier: BSD-3-Clause
"""The systems as Python classes: parameters, vector fields, Jacobians, exact facts."""

import copy
import inspect
import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says

FLOWS = [
    al.systems.Lorenz63(),
    al.systems.LotkaVolterra(),
    al.systems.Rossler(),
    al.systems.Lorenz96(dimension=6),
    al.systems.VanDerPol(mu=2),
    al.systems.Duffing(gamma=0.3),
    al.systems.DampedPendulum(),
    al.systems.DoublePendulum(),
    al.systems.HenonHeiles(),
]
MAPS = [al.systems.Logistic(r=3.7), al.systems.Henon()]
STATES = np.random.default_rng(3).uniform(0.2, 1.5, size=(5, 6))


def name(system):
    return type(system).__name__


@pytest.mark.parametrize("system", FLOWS, ids=name)
class TestFlows:
    def test_jacobian_matches_differences(self, system):
        x = STATES[0, : system.dimension]
        h = 1e-6
        columns = [(system(x + h * e, 0.3) - system(x - h * e, 0.3)) / (2 * h) for e in np.eye(len(x))]
        np.testing.assert_allclose(system.jacobian(x, 0.3), np.column_stack(columns), atol=1e-7)

    def test_one_state_or_several(self, system):
        x = STATES[:, : system.dimension]
        np.testing.assert_array_equal(system(x), [system(state) for state in x])
        assert system(x[0]).shape == (system.dimension,)

    def test_divergence_is_the_trace(self, system):
        if not hasattr(system, "divergence"):
            return
        for x in STATES[:, : system.dimension]:
            assert system.divergence(x) == pytest.approx(np.trace(system.jacobian(x)), abs=1e-12)

    def test_fixed_points_are_fixed(self, system):
        if isinstance(system, al.systems.Duffing):
            system = al.systems.Duffing()  # unforced
        points = system.fixed_points()
        assert points.shape[1] == system.dimension and len(points) >= 1
        np.testing.assert_allclose(system(points), 0, atol=1e-12)

    def test_integrates_by_itself(self, system):
        run = al.integrate(system, STATES[0, : system.dimension], np.linspace(0, 0.5, 6))
        rate = (run.states[1] - run.states[0]) / 1e-1
        assert np.linalg.norm(rate - system(run.states[0])) < 0.5 * (1 + np.linalg.norm(rate))
        assert run.names == system.names and run.parameters == system.parameters


@pytest.mark.parametrize("system", FLOWS + MAPS, ids=name)
class TestParameters:
    def test_written_as_it_is_made(self, system):
        assert eval(repr(system), vars(al.systems)) == system

    def test_pickle_and_copy(self, system):
        for again in (pickle.loads(pickle.dumps(system)), copy.copy(system), copy.deepcopy(system)):
            assert again == system and type(again) is type(system)

    def test_keywords_and_properties(self, system):
        for parameter, value in system.parameters.items():
            word = "lambda_" if parameter == "lambda" else parameter
            other = type(system)(**{word: value + 1})
            assert getattr(other, word) == value + 1 and other.parameters[parameter] == value + 1
            assert other != system
            setattr(other, word, value)
            assert getattr(other, word) == value

    def test_wrong_dimension(self, system):
        with says(al.DimensionMismatch, "x has 7", f"dimension {system.dimension}"):
            system(np.zeros(7))


@pytest.mark.parametrize("system", MAPS, ids=name)
def test_fixed_points_of_maps(system):
    points = system.fixed_points()
    np.testing.assert_allclose(system(points), points, atol=1e-12)


def test_invariants_are_constant_along_orbits():
    prey = al.systems.LotkaVolterra()
    run = al.integrate(prey, [10, 5], np.linspace(0, 30, 301), al.methods.Fehlberg78(1e-12, 1e-12))
    assert np.ptp(prey.invariant(run.states)) < 1e-9
    pendulum = al.systems.DoublePendulum()
    run = al.integrate(pendulum, [2, 1, 0, 0], np.linspace(0, 10, 101), al.methods.Fehlberg78(1e-12, 1e-12))
    assert np.ptp(pendulum.energy(run)) < 1e-8  # a trajectory is its states here
    assert isinstance(pendulum.energy([0, 0, 0, 0]), float)


def test_fixed_points_that_do_not_exist_are_left_out():
    assert len(al.systems.Lorenz63(rho=0.5).fixed_points()) == 1
    assert len(al.systems.Lorenz63(rho=28).fixed_points()) == 3
    assert len(al.systems.Rossler(c=0.1).fixed_points()) == 0


def test_lorenz96():
    system = al.systems.Lorenz96(dimension=8, forcing=3.0)
    assert system.dimension == 8 and system.forcing == 3.0 and system.divergence() == -8
    with says(al.InvalidArgument, "dimension is 3", "at least 4"):
        al.systems.Lorenz96(dimension=3)


def test_henon_contracts():
    assert al.systems.Henon(b=0.25).determinant() == -0.25


def test_every_class_says_what_it_is():
    for module in (al.systems, al.methods):
        for item in vars(module).values():
            if inspect.isclass(item):
                assert item.__doc__ and len(item.__doc__) > 40, item
                assert item.__module__ == module.__name__, item
    for item in (al.Trajectory, al.TimeGrid, al.Ensemble, al.Forecast, al.Verdict, al.SpatialGrid):
        assert item.__doc__ and item.__module__ == "almagest"
