# SPDX-License-Identifier: BSD-3-Clause
"""Trajectory, its grids, and the memory they share with NumPy."""

import copy
import gc
import pickle
from collections.abc import Iterable

import almagest as al
import numpy as np
import pytest
from conftest import says

TIMES = np.array([0.0, 0.5, 1.5, 2.0])
STATES = np.arange(8.0).reshape(4, 2)
TIMES_GRID = al.TimeGrid(TIMES)


def full():
    return al.Trajectory(
        TIMES,
        STATES.copy(),
        names=["x", "y"],
        inputs=np.arange(4.0),
        input_names=["u"],
        parameters={"rho": 28.0},
        attributes={"units": "m"},
        grid=al.SpatialGrid(2, 1.0),
    )


class TestTimeGrid:
    def test_uniform(self):
        grid = al.TimeGrid.uniform(1.0, 0.25, 5)
        assert len(grid) == 5 and grid.is_uniform and grid.step == 0.25
        np.testing.assert_array_equal(grid.values, [1.0, 1.25, 1.5, 1.75, 2.0])
        np.testing.assert_array_equal(np.asarray(grid), grid.values)
        assert np.asarray(grid, dtype=np.float32).dtype == np.float32
        assert grid[-1] == 2.0 and list(grid) == list(grid.values)
        assert repr(grid) == "TimeGrid.uniform(1, 0.25, 5)"

    def test_explicit(self):
        grid = al.TimeGrid(TIMES)
        assert not grid.is_uniform
        np.testing.assert_array_equal(grid.values, TIMES)
        np.testing.assert_array_equal(grid[1:3].values, TIMES[1:3])
        np.testing.assert_array_equal(grid[::2].values, TIMES[::2])
        assert grid == al.TimeGrid(list(TIMES)) and grid != al.TimeGrid.uniform(0, 1, 4)
        with says(al.InvalidArgument, "non-uniform", "resample"):
            grid.step
        with pytest.raises(IndexError):
            grid[4]

    @pytest.mark.parametrize("grid", [al.TimeGrid.uniform(0.1, 0.3, 7), al.TimeGrid(TIMES), al.TimeGrid([3.0])])
    def test_pickle_keeps_every_bit(self, grid):
        again = pickle.loads(pickle.dumps(grid))
        assert again == grid and again.is_uniform == grid.is_uniform and again.step == grid.step if grid.is_uniform else True
        np.testing.assert_array_equal(again.values, grid.values)

    def test_bad_times(self):
        with says(al.InvalidArgument, "values[2] = 1", "values[1] = 2", "sort"):
            al.TimeGrid([0.0, 2.0, 1.0])
        with says(al.InvalidArgument, "empty", "at least 1"):
            al.TimeGrid([])
        with says(al.InvalidArgument, "values[1] is nan", "finite"):
            al.TimeGrid([0.0, np.nan])
        with says(al.InvalidArgument, "step is -1", "positive"):
            al.TimeGrid.uniform(0, -1, 3)
        with says(al.InvalidArgument, "datetime64", "real numbers"):
            al.TimeGrid(np.array(["2000-01-01", "2000-01-02"], dtype="datetime64[D]"))
        with says(al.InvalidArgument, "shape (2, 2)", "one axis"):
            al.TimeGrid(np.eye(2))
        with says(al.InvalidArgument, "single number, 10", "all times", "TimeGrid.uniform"):
            al.TimeGrid(10.0)


class TestArrayProtocol:
    def test_the_memory_itself(self):
        traj = full()
        for array in (traj.__array__(), traj.__array__(np.float64), traj.__array__(copy=False)):
            assert np.shares_memory(array, traj.states)
        assert traj.__array__(np.float32).dtype == np.float32

    def test_copies_where_asked(self):
        traj = full()
        for made in (traj, traj.times):
            array = made.__array__(copy=True)
            assert not np.shares_memory(array, traj.states) and array.flags.writeable
            np.testing.assert_array_equal(array, made)
        for array in (np.array(traj), traj.__array__(np.float32, True)):
            assert not np.shares_memory(array, traj.states)

    def test_no_copy_against_the_users_wish(self):
        for made, dtype in ((full(), np.float32), (TIMES_GRID, None)):
            with says(ValueError, "copy=False", "copy=None"):
                made.__array__(dtype, copy=False)


def test_spatial_grid():
    grid = al.SpatialGrid([4, 8], [1.0, 2.0], [0.0, -1.0])
    assert len(grid) == 32 and grid.counts == (4, 8) and grid.lengths == (1.0, 2.0) and grid.lower == (0.0, -1.0)
    np.testing.assert_array_equal(grid.points(1), -1.0 + 0.25 * np.arange(8))
    assert pickle.loads(pickle.dumps(grid)) == grid != al.SpatialGrid(32, 1.0)
    with says(al.DimensionMismatch, "counts has 2", "lengths 1", "each axis"):
        al.SpatialGrid([4, 8], [1.0])
    with says(al.InvalidArgument, "0 points", "at least 1"):
        al.SpatialGrid(0, 1.0)


class TestMemory:
    def test_numpy_to_trajectory_without_a_copy(self):
        states = STATES.copy()
        traj = al.Trajectory(TIMES, states)
        assert np.shares_memory(traj.states, states)
        assert traj.states.__array_interface__["data"] == states.__array_interface__["data"]
        states[2, 1] = 42.0
        assert traj.states[2, 1] == 42.0

    def test_result_to_numpy_without_a_copy(self, lorenz_run):
        states = lorenz_run.states
        assert states.shape == (10_000, 3) and states.dtype == np.float64 and states.flags.c_contiguous
        assert states.base is not None and not states.flags.owndata  # the memory is C++'s
        assert np.shares_memory(states, lorenz_run.states) and np.shares_memory(states, np.asarray(lorenz_run))

    def test_result_outlives_its_trajectory(self):
        states = al.integrate(al.systems.Lorenz63(), [1, 1, 1], np.linspace(0, 1, 50)).states
        before = states.copy()
        gc.collect()
        np.zeros(states.shape)
        np.testing.assert_array_equal(states, before)

    def test_slices_share(self):
        traj = full()
        part = traj[1:3]
        assert isinstance(part, al.Trajectory) and len(part) == 2
        assert np.shares_memory(part.states, traj.states) and np.shares_memory(part.inputs, traj.inputs)
        np.testing.assert_array_equal(part.times.values, TIMES[1:3])
        assert part.names == ["x", "y"] and part.parameters == {"rho": 28.0}
        second = traj[::2]
        assert np.shares_memory(second.states, traj.states)
        np.testing.assert_array_equal(second.times.values, TIMES[::2])
        np.testing.assert_array_equal(second.inputs, [[0.0], [2.0]])

    def test_columns_of_a_wider_array_are_taken_as_they_are(self):
        wide = np.random.default_rng(0).normal(size=(200, 5))
        traj = al.Trajectory(np.arange(200.0), wide[:, 1:3], copy=False)
        assert np.shares_memory(traj.states, wide)
        dense = al.Trajectory(np.arange(200.0), np.ascontiguousarray(wide[:, 1:3]))
        assert al.diagnostics.rmse(traj, dense) == 0.0 and traj == dense

    @pytest.mark.parametrize(
        "other",
        [STATES.astype(np.float32), np.asfortranarray(STATES), STATES.astype(">f8"), STATES[:, ::-1], STATES[::-1], STATES.tolist()],
        ids=["float32", "fortran", "big-endian", "columns reversed", "rows reversed", "list"],
    )
    def test_copies_where_needed_and_says_so_where_forbidden(self, other):
        traj = al.Trajectory(TIMES, other)
        np.testing.assert_array_equal(traj.states, np.asarray(other))
        if isinstance(other, np.ndarray):
            assert not np.shares_memory(traj.states, other)
        found = str(other.dtype) if isinstance(other, np.ndarray) else "list"
        with says(ValueError, "copy=False", "states", found, "float64", "C order", "ascontiguousarray"):
            al.Trajectory(TIMES, other, copy=False)

    def test_copy_true_always_copies(self):
        states = STATES.copy()
        traj = al.Trajectory(TIMES, states, copy=True)
        assert not np.shares_memory(traj.states, states)
        np.testing.assert_array_equal(traj.states, states)

    def test_reshaping_the_given_array_changes_nothing(self):
        states = STATES.copy()
        traj = al.Trajectory(TIMES, states)
        states.shape = (8,)
        assert traj.states.shape == (4, 2)

    def test_samples_are_checked_again_when_used(self):
        traj = al.Trajectory(TIMES, STATES.copy())
        traj.states[1, 0] = np.nan
        with says(al.NonFiniteData, "states", "component 0", "sample 1", "remove or interpolate"):
            al.diagnostics.rmse(traj, traj)


class TestTrajectory:
    def test_what_it_holds(self):
        traj = full()
        assert len(traj) == 4 and traj.dimension == 2
        assert traj.names == ["x", "y"] and traj.input_names == ["u"]
        assert traj.parameters == {"rho": 28.0} and traj.attributes == {"units": "m"}
        assert traj.grid == al.SpatialGrid(2, 1.0)
        np.testing.assert_array_equal(traj.inputs, [[0.0], [1.0], [2.0], [3.0]])
        np.testing.assert_array_equal(traj[-1], STATES[-1])
        np.testing.assert_array_equal(np.array(list(traj)), STATES)
        assert "dimension 2: x, y" in repr(traj) and len(repr(traj)) < 120
        with pytest.raises(IndexError):
            traj[4]

    def test_a_series_of_numbers_has_dimension_one(self):
        series = np.arange(4.0)
        traj = al.Trajectory(TIMES, series)
        assert traj.states.shape == (4, 1) and np.shares_memory(traj.states, series)

    def test_equality_sees_everything(self):
        assert full() == full()
        assert full() != full()[:3]
        changed = full()
        changed.states[0, 0] = -1.0
        assert full() != changed
        assert full() != al.Trajectory(TIMES, STATES)
        assert full() != 3

    @pytest.mark.parametrize("again", [lambda t: pickle.loads(pickle.dumps(t)), copy.copy, copy.deepcopy])
    def test_pickle_and_copy(self, again):
        traj = full()
        assert again(traj) == traj and type(again(traj)) is al.Trajectory

    def test_integers_become_floats(self):
        assert al.Trajectory([0, 1], [[1, 2], [3, 4]]).states.dtype == np.float64


class TestBadInput:
    def test_lengths(self):
        with says(al.DimensionMismatch, "states (samples)", 3, "times", 4, "agree"):
            al.Trajectory(TIMES, STATES[:3])
        with says(al.DimensionMismatch, "names", 3, "state", 2):
            al.Trajectory(TIMES, STATES, names=["a", "b", "c"])
        with says(al.DimensionMismatch, "inputs (samples)", 3, "times", 4):
            al.Trajectory(TIMES, STATES, inputs=np.zeros(3))
        with says(al.DimensionMismatch, "state has 2", "grid has 3"):
            al.Trajectory(TIMES, STATES, grid=al.SpatialGrid(3, 1.0))

    def test_kinds_and_shapes(self):
        with says(al.InvalidArgument, "inputs", "complex128", "real numbers"):
            al.Trajectory(TIMES, STATES, inputs=STATES * 1j)
        with says(al.NonFiniteData, "states", "sample 2"):
            al.Trajectory(TIMES, np.array([0, 1, np.nan * 1j, 3]))
        with says(al.InvalidArgument, "shape (4, 2, 1)", "(samples, dimension)", "reshape"):
            al.Trajectory(TIMES, STATES[:, :, None])
        with says(al.InvalidArgument, "states", "real numbers"):
            al.Trajectory(TIMES, [["a", "b"]] * 4)
        with says(al.InvalidArgument, "dimension 0", "at least 1"):
            al.Trajectory(TIMES, np.zeros((4, 0)))

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_non_finite_samples(self, bad):
        states = STATES.copy()
        states[2, 1] = bad
        with says(al.NonFiniteData, "states", "component 1", "sample 2", "remove or interpolate"):
            al.Trajectory(TIMES, states)

    def test_missing_values(self):
        with says(al.NonFiniteData, "states is a masked array", "missing", "remove or interpolate"):
            al.Trajectory(TIMES, np.ma.masked_less(STATES, 1))
        with says(al.NonFiniteData, "values is a masked array"):
            al.TimeGrid(np.ma.masked_less(TIMES, 1))
        nothing_missing = al.Trajectory(TIMES, np.ma.masked_less(STATES, -1))
        np.testing.assert_array_equal(nothing_missing.states, STATES)

    def test_slices(self):
        with says(al.InvalidArgument, "2:2", "empty", "at least 1"):
            full()[2:2]
        with says(al.InvalidArgument, "step -1", "increase"):
            full()[::-1]


class TestEnsemble:
    def test_from_runs_of_different_length(self):
        runs = al.Ensemble([full(), full()[:2]])
        assert isinstance(runs, Iterable) and list(runs) == [runs[0], runs[1]]
        assert len(runs) == 2 and runs.dimension == 2 and [len(run) for run in runs] == [4, 2]
        assert runs[0] == full() and runs[-1] == full()[:2] and runs[0:1] == [full()]
        assert pickle.loads(pickle.dumps(runs))[1] == runs[1]
        assert repr(runs) == "<Ensemble of 2 runs, dimension 2>"
        with says(al.DimensionMismatch, "member 0 has 4", "member 1 has 2"):
            runs.states
        with pytest.raises(IndexError):
            runs[2]

    def test_members_share_one_block(self):
        runs = al.Ensemble([full(), full(), full()])
        assert runs.states.shape == (3, 4, 2)
        for k, run in enumerate(runs):
            assert np.shares_memory(run.states, runs.states)
            np.testing.assert_array_equal(runs.states[k], run.states)

    def test_bad(self):
        with says(al.InvalidArgument, "members is empty", "at least 1"):
            al.Ensemble([])
        with says(al.DimensionMismatch, "has 1", "has 2"):
            al.Ensemble([al.Trajectory(TIMES, STATES), al.Trajectory(TIMES, TIMES)])
