# SPDX-License-Identifier: BSD-3-Clause
"""Integration of the library's systems, of Python's functions, and of ensembles."""

import almagest as al
import numpy as np
import pytest
from conftest import says

CONTROLLED = [al.methods.CashKarp54, al.methods.DormandPrince54, al.methods.Fehlberg78, al.methods.BulirschStoer, al.methods.Rosenbrock4]
TIMES = np.linspace(0.0, 3.0, 31)


def oscillator(x, t):
    return np.array([x[1], -x[0]])


def circle(t):
    return np.column_stack([np.cos(t), -np.sin(t)])


class TestMethods:
    @pytest.mark.parametrize("kind", CONTROLLED)
    def test_controlled(self, kind):
        tight = kind(relative=1e-10, absolute=1e-10)
        run = al.integrate(al.systems.Duffing(alpha=1, beta=0, delta=0), [1, 0], TIMES, tight)
        np.testing.assert_allclose(run.states, circle(TIMES), atol=1e-7)
        np.testing.assert_array_equal(run.times.values, TIMES)

    def test_fixed(self):
        exact = circle(TIMES)
        errors = []
        for step in (0.1, 0.05):
            run = al.integrate(al.systems.Duffing(alpha=1, beta=0, delta=0), [1, 0], TIMES, al.methods.RK4(step))
            errors.append(np.abs(run.states - exact).max())
        assert 3.8 < np.log2(errors[0] / errors[1]) < 4.2

    @pytest.mark.parametrize("kind", [al.methods.Verlet, al.methods.Symplectic4])
    def test_symplectic_keeps_the_energy(self, kind):
        system = al.systems.HenonHeiles()
        run = al.integrate(system, [0, 0.1, 0.4, 0], np.arange(0.0, 500.0), kind(step=0.05))
        energy = system.energy(run.states)
        assert np.abs(energy - energy[0]).max() < 1e-3

    def test_symplectic_needs_a_hamiltonian(self):
        for system in (al.systems.Lorenz96(), oscillator):
            with says(al.InvalidArgument, "Verlet", "separable", "choose another method"):
                al.integrate(system, np.ones(40), TIMES, al.methods.Verlet(0.1))

    def test_values(self):
        method = al.methods.Fehlberg78(relative=1e-12)
        assert (method.relative, method.absolute) == (1e-12, 1e-9)
        assert repr(method) == "Fehlberg78(relative=1e-12, absolute=1e-09)"
        assert al.methods.RK4(0.1) == al.methods.RK4(step=0.1) != al.methods.RK4(0.2)
        with says(TypeError, "method is <class", "RK4", "al.methods"):
            al.integrate(oscillator, [1, 0], TIMES, al.methods.RK4)
        with says(al.InvalidArgument, "step is 0", "positive"):
            al.integrate(oscillator, [1, 0], TIMES, al.methods.RK4(0))
        with says(al.InvalidArgument, "relative = -1", "not negative"):
            al.integrate(oscillator, [1, 0], TIMES, al.methods.Fehlberg78(relative=-1))


class TestFunctions:
    @pytest.mark.parametrize("method", [kind(1e-9, 1e-9) for kind in CONTROLLED] + [al.methods.RK4(0.01)], ids=repr)
    def test_a_function_is_a_system(self, method):
        run = al.integrate(oscillator, [1, 0], TIMES, method)
        np.testing.assert_allclose(run.states, circle(TIMES), atol=2e-7)

    def test_function_agrees_with_the_compiled_system(self):
        def lorenz(x, t):
            return [10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]

        ours = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], TIMES)
        theirs = al.integrate(lorenz, [-8, 8, 27], TIMES)
        np.testing.assert_allclose(theirs.states, ours.states, atol=1e-5)

    def test_names_and_parameters(self):
        system = al.systems.Function(oscillator, names=["q", "p"], parameters={"omega": 1.0})
        run = al.integrate(system, [1, 0], TIMES)
        assert run.names == ["q", "p"] and run.parameters == {"omega": 1.0}
        with says(al.DimensionMismatch, "x0 has 3", "dimension 2"):
            al.integrate(system, [1, 0, 0], TIMES)

    def test_exceptions_pass_through_unchanged(self):
        class Strange(Exception):
            pass

        error = Strange("at", 7)

        def raises(x, t):
            if t > 1:
                raise error
            return -x

        with pytest.raises(Strange) as caught:
            al.integrate(raises, [1.0], TIMES)
        assert caught.value is error
        with pytest.raises(Strange):
            al.integrate_ensemble(raises, np.ones((4, 1)), TIMES, threads=2)

    def test_wrong_answers(self):
        with says(al.DimensionMismatch, "returned", "2 entries", "state of 3", "each component"):
            al.integrate(lambda x, t: x[:2], [1, 2, 3], TIMES)
        with says(al.InvalidArgument, "returned", "NoneType" if False else "real numbers"):
            al.integrate(lambda x, t: None, [1, 2, 3], TIMES)
        with says(al.InvalidArgument, "complex128", "real numbers"):
            al.integrate(lambda x, t: 1j * x, [1.0], TIMES)
        with says(al.DimensionMismatch, "Jacobian", "state of 2", "(2, 2)"):
            al.integrate(al.systems.Function(oscillator, lambda x, t: np.eye(3)), [1, 0], TIMES, al.methods.Rosenbrock4())

    def test_the_state_may_be_kept(self):
        seen = []

        def keeps(x, t):
            seen.append(x)
            return -x

        al.integrate(keeps, [1.0], TIMES, al.methods.RK4(0.1))
        assert len({x[0] for x in seen}) > 30

    def test_jacobian_of_a_function_serves_stiff_problems(self):
        calls = []

        def stiff(x, t):
            return [-1000 * (x[0] - np.cos(t))]

        def jacobian(x, t):
            calls.append(t)
            return [[-1000.0]]

        exact = al.integrate(stiff, [0.0], TIMES, al.methods.Rosenbrock4(1e-8, 1e-8))
        given = al.integrate(al.systems.Function(stiff, jacobian), [0.0], TIMES, al.methods.Rosenbrock4(1e-8, 1e-8))
        assert calls
        np.testing.assert_allclose(given.states, exact.states, atol=1e-6)

    def test_not_a_system(self):
        with says(TypeError, "system is 'lorenz'", "al.systems"):
            al.integrate("lorenz", [1.0], TIMES)
        with says(TypeError, "Lorenz63", "al.systems.Lorenz63()"):
            al.integrate(al.systems.Lorenz63, [1, 1, 1], TIMES)
        with says(TypeError, "a map", "al.iterate"):
            al.integrate(al.systems.Henon(), [1, 1], TIMES)


class TestEvents:
    @pytest.mark.parametrize("system", [oscillator, al.systems.Duffing(alpha=1, beta=0, delta=0)])
    @pytest.mark.parametrize("method", [al.methods.RK4(0.01), al.methods.Fehlberg78(1e-12, 1e-12), al.methods.Rosenbrock4(1e-9, 1e-9)], ids=repr)
    def test_root_is_located(self, system, method):
        run = al.integrate(system, [1, 0], np.linspace(0, 10, 101), method, stop_when=lambda x, t: x[0])
        assert abs(run.times.values[-1] - np.pi / 2) < 1e-6 and abs(run.states[-1, 0]) < 1e-6
        assert "event" in run.attributes["stopped"]

    def test_direction(self):
        ends = [
            al.integrate(oscillator, [1, 0], np.linspace(0, 10, 101), stop_when=lambda x, t: x[0], crossing=way).times.values[-1]
            for way in ("any", "falling", "rising")
        ]
        np.testing.assert_allclose(ends, np.array([0.5, 0.5, 1.5]) * np.pi, atol=1e-6)
        with says(al.InvalidArgument, "crossing is 'up'", "'rising'"):
            al.integrate(oscillator, [1, 0], TIMES, stop_when=lambda x, t: x[0], crossing="up")

    def test_errors_of_the_event_pass_through(self):
        with pytest.raises(ZeroDivisionError):
            al.integrate(oscillator, [1, 0], TIMES, stop_when=lambda x, t: 1 / 0)
        with pytest.raises(TypeError):
            al.integrate(oscillator, [1, 0], TIMES, stop_when=lambda x, t: "zero")


class TestBadInput:
    def test_start(self):
        lorenz = al.systems.Lorenz63()
        with says(al.DimensionMismatch, "x0 has 2", "dimension 3"):
            al.integrate(lorenz, [1, 2], TIMES)
        with says(al.NonFiniteData, "x0[1]", "finite"):
            al.integrate(lorenz, [1, np.nan, 2], TIMES)
        with says(al.InvalidArgument, "x0", "complex128", "real numbers"):
            al.integrate(lorenz, [1j, 0, 0], TIMES)
        with says(al.InvalidArgument, "x0", "shape (1, 3)", "one axis"):
            al.integrate(lorenz, [[1, 0, 0]], TIMES)
        with says(al.InvalidArgument, "values[1] = 0", "values[0] = 1"):
            al.integrate(lorenz, [1, 0, 0], [1.0, 0.0])

    def test_divergence_says_when(self):
        with says(al.IntegrationDiverged, "bound of 1e+06", "t = ") as caught:
            al.integrate(lambda x, t: x * x, [1.0], TIMES, bound=1e6)
        assert abs(caught.value.time - 1.0) < 1e-3
        assert isinstance(caught.value, (ArithmeticError, al.ConvergenceFailure))
        with says(al.IntegrationDiverged, "component"):
            al.integrate(al.systems.Lorenz63(rho=1e9), [1, 1, 1], TIMES, al.methods.RK4(0.1))

    def test_too_many_steps(self):
        with says(al.ConvergenceFailure, "max_steps = 10", "max_steps"):
            al.integrate(al.systems.Lorenz63(), [1, 1, 1], [0.0, 100.0], max_steps=10)


class TestEnsembles:
    STARTS = np.random.default_rng(1).normal(size=(37, 3)) + [0, 0, 25]

    @pytest.mark.parametrize("method", [al.methods.RK4(0.01), al.methods.Fehlberg78(), al.methods.Rosenbrock4()], ids=repr)
    def test_same_bits_for_any_number_of_threads(self, method):
        one, two = (al.integrate_ensemble(al.systems.Lorenz63(), self.STARTS, TIMES, method, threads=n) for n in (1, 2))
        np.testing.assert_array_equal(one.states, two.states)
        assert one[0].names == ["x", "y", "z"] and one[0].parameters["rho"] == 28.0
        single = al.integrate(al.systems.Lorenz63(), self.STARTS[5], TIMES, method)
        np.testing.assert_allclose(one[5].states, single.states, rtol=1e-9, atol=1e-9)

    def test_members_share_the_block(self):
        runs = al.integrate_ensemble(al.systems.Lorenz63(), self.STARTS, TIMES, al.methods.RK4(0.01))
        assert len(runs) == 37 and runs.states.shape == (37, 31, 3)
        assert all(np.shares_memory(run.states, runs.states) for run in runs)

    def test_one_system_for_each_member(self):
        rhos = np.linspace(20, 30, 5)
        systems = [al.systems.Lorenz63(rho=rho) for rho in rhos]
        runs = al.integrate_ensemble(systems, self.STARTS[:5], TIMES, al.methods.RK4(0.01))
        assert [run.parameters["rho"] for run in runs] == list(rhos)
        with says(al.DimensionMismatch, "5 systems", "37 initial states"):
            al.integrate_ensemble(systems, self.STARTS, TIMES)
        with says(al.InvalidArgument, "systems is empty"):
            al.integrate_ensemble([], self.STARTS, TIMES)

    def test_functions_and_mixtures(self):
        runs = al.integrate_ensemble([oscillator, al.systems.Duffing(alpha=1, beta=0, delta=0)], [[1, 0], [1, 0]], TIMES, threads=2)
        np.testing.assert_allclose(runs[0].states, runs[1].states, atol=1e-7)
        with says(al.DimensionMismatch, "dimension 2", "dimension 3"):
            al.integrate_ensemble([al.systems.Duffing(), al.systems.Lorenz63()], [[1, 0], [1, 0]], TIMES)

    def test_a_diverging_member_is_cut(self):
        runs = al.integrate_ensemble(lambda x, t: x * x, [[0.1], [1.0]], TIMES)
        assert len(runs[0]) == 31 and 10 <= len(runs[1]) < 12
        assert "diverged" in runs[1].attributes["stopped"] and runs[0].attributes == {}

    def test_bad(self):
        with says(al.DimensionMismatch, "dimension 2", "dimension 3"):
            al.integrate_ensemble(al.systems.Lorenz63(), np.zeros((4, 2)), TIMES)
        with says(al.InvalidArgument, "threads is 0"):
            al.integrate_ensemble(al.systems.Lorenz63(), self.STARTS, TIMES, threads=0)
        with says(al.InvalidArgument, "threads is -1", "at least 1"):
            al.integrate_ensemble(al.systems.Lorenz63(), self.STARTS, TIMES, threads=-1)


class TestMaps:
    def test_iterate(self):
        run = al.iterate(al.systems.Logistic(r=3.5), [0.2], 20)
        x = [0.2]
        for _ in range(20):
            x.append(3.5 * x[-1] * (1 - x[-1]))
        np.testing.assert_allclose(run.states[:, 0], x, rtol=1e-12)
        np.testing.assert_array_equal(run.times.values, np.arange(21))
        assert run.parameters == {"r": 3.5}

    def test_function(self):
        ours = al.iterate(al.systems.Henon(), [0.1, 0.1], 10)
        theirs = al.iterate(lambda x: [1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]], [0.1, 0.1], 10)
        np.testing.assert_allclose(theirs.states, ours.states, rtol=1e-9)

    def test_bad(self):
        with says(al.IntegrationDiverged, "component") as caught:
            al.iterate(al.systems.Henon(), [10, 10], 100)
        assert 1 <= caught.value.time < 20
        with says(al.InvalidArgument, "steps is -1"):
            al.iterate(al.systems.Henon(), [0, 0], -1)
        with says(al.DimensionMismatch, "x0 has 3", "dimension 2"):
            al.iterate(al.systems.Henon(), [0, 0, 0], 5)
        with says(TypeError, "map is", "al.systems"):
            al.iterate("henon", [0, 0], 5)
        with says(TypeError, "Lorenz63", "differential equations", "al.integrate"):
            al.iterate(al.systems.Lorenz63(), [1, 1, 1], 5)
