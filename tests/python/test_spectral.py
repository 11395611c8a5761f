# SPDX-License-Identifier: BSD-3-Clause
"""Equations on periodic grids from Python: the same numbers as the exact solutions, and clear refusals."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
import warnings

import almagest as al
import numpy as np
import pytest
from conftest import says

S = al.spectral
LINE = al.SpatialGrid.periodic(128, 0, 22)
WAVE = np.cos(2 * np.pi * LINE.points(0) / 22)


def ks(u0=WAVE, times=(0.0, 0.5, 1.0), stepper=S.ETDRK4(0.05), **more):
    return S.solve(S.KuramotoSivashinsky(), LINE, u0, times, stepper, **more)


# --- right ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stepper, error",
    [
        (S.ETDRK1(0.0005), 0.1),
        (S.ETDRK2(0.002), 1e-3),
        (S.ETDRK3(0.002), 3e-5),
        (S.ETDRK4(0.002), 1e-6),
        (S.IFRK4(0.002), 1e-6),
        (S.ETDAB4(0.001), 1e-6),
        (S.ETDRK32(1e-8, 1e-10), 1e-6),
    ],
)
def test_a_soliton_moves_at_its_speed(stepper, error):
    grid = al.SpatialGrid.periodic(384, -20, 20)
    start, end = (S.korteweg_de_vries_soliton(grid, 6, 1, 2, 0, t) for t in (0, 0.5))
    run = S.solve(S.KortewegDeVries(epsilon=6, mu=1), grid, start, [0, 0.5], stepper)
    assert np.abs(run.fields[-1] - end).max() < error


def test_published_signatures():
    grid = al.SpatialGrid.periodic(512, -30, 30)
    pulse = 4 / np.cosh((grid.points(0) + 10) / 2) ** 2
    run = S.solve(S.KortewegDeVries(epsilon=0.2, mu=0.1), grid, pulse, np.linspace(0, 2, 5), S.ETDRK4(step=0.01))
    assert isinstance(run, al.Trajectory) and run.fields.shape == (5, 512)
    assert np.shares_memory(run.fields, run.states)
    assert set(run.ledger.quantities) == {"mass", "momentum", "energy"}
    assert run.ledger.drifts["mass"] < 1e-13
    for equation in (S.KleinGordon(mass=1), S.Phi4(coupling=1, vacuum=1), S.SineGordon()):
        still = S.solve(equation, grid, 0.01 * pulse, [0, 0.1], S.Verlet(step=0.01), v0=0 * pulse)
        assert still.fields.shape == (2, 2, 512)
    psi = S.wave_packet(grid, -8, 1, 2)
    for equation in (S.Schrodinger(potential=pulse, absorber=None), S.NonlinearSchrodinger()):
        run = S.solve(equation, grid, psi, [0, 0.1], S.Strang(step=0.01))
        assert run.states.dtype == np.complex128 and run.ledger.drifts["norm"] < 1e-12
    S.solve(S.Burgers(viscosity=0.1), grid, pulse, [0, 0.1], S.ETDRK2(step=0.01))


def test_breather_is_back_after_a_period():
    grid = al.SpatialGrid.periodic(512, -40, 40)
    u0, v0 = S.sine_gordon_breather(grid, 0.5)
    run = S.solve(S.SineGordon(), grid, u0, [0, 4 * np.pi], S.Verlet4(0.01), v0=v0)
    assert np.abs(run.fields[-1, 0] - u0).max() < 1e-6
    assert run.ledger.quantities["energy"][0] == pytest.approx(13.856406, abs=1e-6)


def test_functions_of_the_coordinates():
    grid = al.SpatialGrid.periodic((32, 48), (0, 0), (2 * np.pi, 2 * np.pi))
    flow = S.NavierStokes2D(viscosity=0.1, forcing=lambda x, y: 0.1 * 9 * np.cos(3 * y))
    run = S.solve(flow, grid, lambda x, y: np.cos(3 * y), [0, 1.0], S.ETDRK4(0.05))  # laminar: at rest
    assert run.fields.shape == (2, 32, 48)
    assert np.abs(run.fields[1] - run.fields[0]).max() < 1e-12


ORDER_ONE = [
    S.KuramotoSivashinsky(), S.Burgers(0.1), S.AllenCahn(), S.CahnHilliard(), S.SwiftHohenberg(), S.FisherKPP(),
    S.GrayScott(), S.FitzHughNagumo(), S.GinzburgLandau(1, 2), S.Dispersion(), S.HyperDiffusion(), S.NonlinearSchrodinger(),
]


@pytest.mark.parametrize("equation", ORDER_ONE, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_every_equation_on_every_grid_converges(equation, axes):
    grid = al.SpatialGrid.periodic((12,) * axes, (0,) * axes, (2 * np.pi,) * axes)
    components = {"GrayScott": 2, "FitzHughNagumo": 2, "Burgers": axes}.get(type(equation).__name__, 1)
    mesh = np.meshgrid(*[grid.points(a) for a in range(axes)], indexing="ij")
    u0 = np.array([0.3 + 0.2 * sum(np.cos(x - c) for x in mesh) for c in range(components)])
    u0 = u0[0] if components == 1 else u0
    rough, fine, exact = (
        S.solve(equation, grid, u0, [0, 0.2], stepper).fields[-1]
        for stepper in (S.ETDRK2(0.02), S.ETDRK2(0.01), S.ETDRK4(0.0025))
    )
    error, half = np.abs(rough - exact).max(), np.abs(fine - exact).max()
    assert half < 1e-13 or 3 < error / half < 5.5


def test_advection_is_exact_in_one_step():
    grid = al.SpatialGrid.periodic((16, 16), (0, 0), (2 * np.pi, 2 * np.pi))
    run = S.solve(S.AdvectionDiffusion([1, -2], 0.1), grid, lambda x, y: np.sin(x + y), [0, 3], S.ETDRK1(3))
    x, y = np.meshgrid(grid.points(0), grid.points(1), indexing="ij")
    assert np.abs(run.fields[-1] - np.exp(-0.2 * 3) * np.sin(x + y - 3 + 6)).max() < 1e-14


def test_taylor_green_loses_energy_at_the_rate_of_its_enstrophy():
    grid = al.SpatialGrid.periodic((32,) * 3, (0,) * 3, (2 * np.pi,) * 3)
    x, y, z = np.meshgrid(*[grid.points(a) for a in range(3)], indexing="ij")
    u0 = np.array([np.sin(x) * np.cos(y) * np.cos(z), -np.cos(x) * np.sin(y) * np.cos(z), 0 * x])
    run = S.solve(S.NavierStokes3D(0.1), grid, u0, [0, 1e-3], S.ETDRK4(1e-3))
    energy = run.ledger.quantities["energy"]
    assert energy[0] == pytest.approx((2 * np.pi) ** 3 / 8)
    assert (energy[1] - energy[0]) / 1e-3 == pytest.approx(-6 * 0.1 * energy[0], rel=1e-3)


def test_ensembles_have_the_bits_of_single_runs():
    starts = np.array([WAVE, 0.5 * WAVE, np.roll(WAVE, 5)])
    for threads in (1, 2):
        runs = S.solve_ensemble(S.KuramotoSivashinsky(), LINE, starts, [0, 0.5, 1], S.ETDRK4(0.05), threads=threads)
        assert [np.array_equal(run.states, ks(u0).states) for run, u0 in zip(runs, starts)] == [True] * 3
    u0, v0 = S.sine_gordon_breather(LINE, 0.5, 11)
    pair = S.solve_ensemble(S.SineGordon(), LINE, [u0, -u0], [0, 1], S.Verlet(0.1), v0=[v0, -v0])
    assert np.array_equal(pair[0].states, -pair[1].states)


# --- what a solution is -----------------------------------------------------------------------------


def test_solutions_are_pickled_saved_and_sliced(tmp_path):
    run = ks()
    again = pickle.loads(pickle.dumps(run))
    assert again == run and again.ledger.steps == run.ledger.steps and again.grid == run.grid
    al.write_netcdf(run, tmp_path / "run.nc")
    assert al.read_netcdf(tmp_path / "run.nc") == al.Trajectory(run.times, run.states, grid=run.grid)
    assert run[1:].fields.shape == (2, 128)
    psi = S.solve(S.Schrodinger(), LINE, S.wave_packet(LINE, 11, 1, 2), [0, 1], S.Strang(0.1))
    al.write_netcdf(psi, tmp_path / "psi.nc")
    assert np.array_equal(al.read_netcdf(tmp_path / "psi.nc").fields, psi.fields)
    al.write_npy(psi, tmp_path / "psi.npy")
    assert np.array_equal(np.load(tmp_path / "psi.npy"), psi.states)


def test_xarray_opens_a_stream(tmp_path):
    import xarray

    ledger = S.solve_into(tmp_path / "run.nc", S.KuramotoSivashinsky(), LINE, WAVE, [0, 0.5, 1], S.ETDRK4(0.05))
    assert ledger.steps == 20 and os.listdir(tmp_path) == ["run.nc"]
    with xarray.open_dataset(tmp_path / "run.nc") as data:
        assert data.state.dims == ("time", "x")
        assert np.array_equal(data.state.values, ks().states)
    assert al.read_netcdf(tmp_path / "run.nc").grid == LINE


def test_learners_take_fields_and_refuse_complex_ones():
    run = ks(times=np.linspace(0, 5, 101))
    assert al.HankelDMD(delays=2, rank=6).fit(run).eigenvalues_.shape == (6,)
    psi = S.solve(S.Schrodinger(), LINE, S.wave_packet(LINE, 11, 1, 2), np.linspace(0, 1, 30), S.Strang(0.1))
    with pytest.raises(al.InvalidArgument, match="complex.*states.real"):
        al.HankelDMD(delays=2, rank=6).fit(psi)
    with pytest.raises(al.InvalidArgument, match="has no grid"):
        al.Trajectory([0, 1], np.zeros((2, 3))).fields


# --- runs that end early ----------------------------------------------------------------------------


def test_checkpoints_resume_to_the_same_bits(tmp_path):
    times = np.linspace(0, 3, 31)
    file = tmp_path / "checkpoint"
    with pytest.raises(al.Cancelled):
        ks(times=times, checkpoint=file, progress=lambda done: done < 0.5)
    fractions = []
    resumed = ks(times=times, checkpoint=file, progress=fractions.append)
    assert len(fractions) < 20 and np.array_equal(resumed.states, ks(times=times).states)
    with pytest.raises(al.InvalidArgument, match="another run.*remove it"):
        ks(2 * WAVE, times=times, checkpoint=file)
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(al.IoError, match="damaged"):
        ks(times=times, checkpoint=file)


def test_another_process_goes_on_to_the_same_bits(tmp_path):
    # Transforms are planned by measurement, so that processes may round differently; the checkpoint knows how.
    program = """
import sys, numpy as np, almagest as al
checkpoint, states = sys.argv[1:]
grid = al.SpatialGrid.periodic(128, 0, 22)
run = al.spectral.solve(al.spectral.KuramotoSivashinsky(), grid, np.cos(2 * np.pi * grid.points(0) / 22),
    np.linspace(0, 2000, 2001), al.spectral.ETDRK4(0.05), checkpoint=checkpoint, checkpoint_seconds=0.02)
np.save(states, run.states)
"""
    first = subprocess.Popen([sys.executable, "-c", program, tmp_path / "first", tmp_path / "first.npy"])
    while not (tmp_path / "first").exists() and first.poll() is None:
        time.sleep(0.002)
    shutil.copy(tmp_path / "first", tmp_path / "second")
    assert first.wait() == 0
    subprocess.run([sys.executable, "-c", program, tmp_path / "second", tmp_path / "second.npy"], check=True)
    assert np.array_equal(np.load(tmp_path / "first.npy"), np.load(tmp_path / "second.npy"))


def test_an_interrupt_ends_a_long_interval():
    def interrupt(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            ks(times=[0, 1e6])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - start < 5


def test_a_run_that_blows_up_keeps_its_samples():
    with pytest.warns(S.SpectralWarning, match="blew up at k = "):
        run = ks(1e9 * WAVE, times=np.linspace(0, 5, 11))
    assert 1 <= len(run) < 11 and "blew up" in run.ledger.stopped and run.attributes["stopped"] == run.ledger.stopped


def test_doubtful_fields_are_warned_of():
    with pytest.warns(S.SpectralWarning, match="not periodic"):
        ks(LINE.points(0))
    odd = al.SpatialGrid.periodic(509, 0, 22)
    with pytest.warns(S.SpectralWarning, match="512"):
        S.solve(S.FisherKPP(), odd, lambda x: np.cos(2 * np.pi * x / 22), [0, 0.1], S.ETDRK2(0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ks()


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: ks(WAVE[:-1]), al.DimensionMismatch, "u0 has 127 values.*128"),
        (lambda: ks(WAVE * np.nan), al.NonFiniteData, "u0"),
        (lambda: ks(stepper=S.Verlet(0.1)), al.InvalidArgument, "KuramotoSivashinsky cannot be solved.*ETDRK4"),
        (lambda: ks(stepper=0.1), al.InvalidArgument, "stepper is 0.1"),
        (lambda: ks(v0=WAVE), al.InvalidArgument, "first order in time"),
        (lambda: ks(dealiasing="cut"), al.InvalidArgument, "'truncate', 'pad' or 'none'"),
        (lambda: ks(times=[1, 0]), al.InvalidArgument, "does not exceed"),
        (lambda: ks(["a"] * 128), al.InvalidArgument, "u0"),
        (lambda: S.ETDRK4(0), al.InvalidArgument, "step is 0"),
        (lambda: S.ETDRK4("a"), al.InvalidArgument, "step is 'a'"),
        (lambda: S.ETDRK32(-1), al.InvalidArgument, "relative is -1"),
        (lambda: S.ETDRK32(0, 0), al.InvalidArgument, "both tolerances"),
        (lambda: S.solve(S.SineGordon(), LINE, WAVE, [0, 1], S.Verlet(0.1)), al.InvalidArgument, "give v0"),
        (lambda: S.solve(S.SineGordon(), LINE, WAVE, [0, 1], S.Verlet(0.1), v0=WAVE[1:]), al.DimensionMismatch, "v0"),
        (lambda: S.solve(S.SineGordon(), LINE, WAVE, [0, 1], S.ETDRK4(0.1), v0=WAVE), al.InvalidArgument, "Verlet"),
        (lambda: S.solve(S.Schrodinger(WAVE[1:]), LINE, WAVE, [0, 1], S.Strang(0.1)), al.DimensionMismatch, "potential.*128"),
        (lambda: S.solve(S.Schrodinger(absorber=-1), LINE, WAVE, [0, 1], S.Strang(0.1)), al.InvalidArgument, "absorber"),
        (lambda: S.solve(S.Schrodinger(), LINE, WAVE, [0, 1], S.ETDRK4(0.1)), al.InvalidArgument, "Strang"),
        (lambda: S.solve(S.NavierStokes2D(), LINE, WAVE, [0, 1], S.ETDRK4(0.1)), al.InvalidArgument, "grid of 1 axis"),
        (lambda: S.solve(S.Burgers("a"), LINE, WAVE, [0, 1], S.ETDRK4(0.1)), al.InvalidArgument, "viscosity"),
        (lambda: S.solve(S.AdvectionDiffusion([1, 2]), LINE, WAVE, [0, 1], S.ETDRK4(1)), al.DimensionMismatch, "velocity has 2"),
        (lambda: S.solve(None, LINE, WAVE, [0, 1], S.ETDRK4(1)), al.InvalidArgument, "equation is None"),
        (lambda: S.solve(S.FisherKPP(), 128, WAVE, [0, 1], S.ETDRK4(1)), al.InvalidArgument, "grid is 128"),
        (lambda: S.solve_ensemble(S.FisherKPP(), LINE, [WAVE], [0, 1], S.ETDRK4(1), threads=0), al.InvalidArgument, "threads"),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_threads_share_a_step():
    grid = al.SpatialGrid((32, 24), (6.0, 4.0))
    u0 = S.gaussian_random_field(grid, length=0.5, smoothness=4, seed=1)
    ends = [
        S.solve(S.NavierStokes2D(1e-3), grid, u0, [0.0, 0.1], S.ETDRK4(0.01), threads=threads).states[-1]
        for threads in (1, 2, 3)
    ]
    assert np.allclose(ends[0], ends[1], rtol=0, atol=1e-12)
    assert np.array_equal(ends[1], ends[2])
    with pytest.raises(al.InvalidArgument, match="threads is 0"):
        S.solve(S.NavierStokes2D(1e-3), grid, u0, [0.0, 0.1], S.ETDRK4(0.01), threads=0)


@pytest.mark.parametrize(
    "field", [np.zeros((128, 2)), np.zeros((2, 129)), lambda x: np.zeros(5), lambda x: np.zeros((3, 5))]
)
def test_a_field_lies_as_the_grid_does(field):
    with says(al.DimensionMismatch, "u0", "128"):
        S.solve(S.GrayScott(), LINE, field, [0.0, 0.1], S.ETDRK4(0.1))


def test_what_stands_on_two_axes_is_not_turned():
    grid = al.SpatialGrid.periodic((32, 48), (0, 0), (2 * np.pi, 2 * np.pi))
    force, u0 = np.ones((32, 48)), np.zeros((32, 48))
    for equation, start, named in [
        (S.NavierStokes2D(0.1, forcing=force.T), u0, "forcing"),
        (S.NavierStokes2D(0.1, forcing=force), u0.T, "u0"),
    ]:
        with says(al.DimensionMismatch, named, "(48, 32)", "32", "48"):
            S.solve(equation, grid, start, [0.0, 0.1], S.ETDRK4(0.1))
    S.solve(S.NavierStokes2D(0.1, forcing=force.ravel()), grid, u0.ravel(), [0.0, 0.1], S.ETDRK4(0.1))


def test_a_function_may_give_several_components():
    x = LINE.points(0)
    steps = [0.0, 0.1], S.ETDRK4(0.1)
    by_function = S.solve(S.GrayScott(), LINE, lambda x: np.array([1 + 0 * x, 0.1 * np.sin(x) ** 2]), *steps)
    by_values = S.solve(S.GrayScott(), LINE, np.array([1 + 0 * x, 0.1 * np.sin(x) ** 2]), *steps)
    np.testing.assert_array_equal(by_function.states, by_values.states)


def test_numbers_that_are_none_are_refused():
    u0 = np.sin(LINE.points(0))
    masked = np.ma.array(u0, mask=u0 > 0.5)
    for equation, start, named in [
        (S.AdvectionDiffusion([np.nan]), u0, "velocity"),
        (S.Burgers(0.1), masked, "u0"),
    ]:
        with says(al.NonFiniteData, named):
            S.solve(equation, LINE, start, [0.0, 0.1], S.ETDRK4(0.1))
    with says(al.InvalidArgument, "width is 0"):
        S.wave_packet(LINE, 0, 0, 1)
