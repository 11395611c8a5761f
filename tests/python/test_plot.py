# SPDX-License-Identifier: BSD-3-Clause
"""Pictures show the numbers of fields and models, on the right axes."""

import almagest as al
import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

LINE = al.SpatialGrid.periodic(32, -1, 3)
PLANE = al.SpatialGrid.periodic((8, 12), (0, 0), (1, 2))
TIMES = np.array([0.0, 0.5, 2.0])


@pytest.fixture(autouse=True)
def closed():
    yield
    matplotlib.pyplot.close("all")


def run(grid, components=1, dtype=float):
    numbers = np.random.default_rng(0).normal(size=(3, components * len(grid))).astype(dtype)
    return al.Trajectory(TIMES, numbers * (1 + 1j) if dtype is complex else numbers, grid=grid)


def test_space_time():
    ax = al.plot.space_time(run(LINE, components=2), component=1, label="height (m)")
    mesh = ax.collections[0]
    assert np.array_equal(mesh.get_array().reshape(3, 32), run(LINE, 2).fields[:, 1])
    assert ax.get_xlabel() == "position x" and ax.get_ylabel() == "time t"
    assert mesh.norm.vmin == -mesh.norm.vmax
    psi = al.plot.space_time(run(LINE, dtype=complex)).collections[0]
    assert np.allclose(psi.get_array().reshape(3, 32), np.abs(run(LINE, dtype=complex).fields) ** 2)


def test_snapshots():
    lines = al.plot.snapshots(run(LINE), [0, 2]).axes[0].lines
    assert [line.get_label() for line in lines] == ["t = 0", "t = 2"]
    assert np.array_equal(lines[1].get_ydata(), run(LINE).fields[2])
    panels = al.plot.snapshots(run(PLANE)).axes
    image = panels[1].images[0]
    assert np.array_equal(image.get_array(), run(PLANE).fields[1].T) and image.get_extent() == [0, 1, 0, 2]


@pytest.mark.parametrize("grid", [LINE, PLANE])
def test_animations(tmp_path, grid):
    from PIL import Image

    al.plot.animate(run(grid), tmp_path / "run.gif", seconds=0.6)
    assert Image.open(tmp_path / "run.gif").n_frames == 3


# --- models -----------------------------------------------------------------------------------------

T = 0.1 * np.arange(200)
EXPONENTS = [-0.05 + 2j, -0.1 + 5j]


@pytest.fixture(scope="module")
def oscillations():
    random = np.random.default_rng(0)
    shapes = random.normal(size=(2, 4)) + 1j * random.normal(size=(2, 4))
    states = (np.exp(np.outer(T, EXPONENTS)) @ shapes).real
    return al.Trajectory(al.TimeGrid.uniform(0, 0.1, 200), states, names=["a", "b", "c", "d"])


@pytest.fixture(scope="module")
def dmd(oscillations):
    return al.DMD(rank=4).fit(oscillations)


@pytest.fixture(scope="module")
def gauss():
    """Few polynomials of the Gauss map: some of the eigenvalues are spurious."""
    x = np.linspace(-1, 0, 200)
    pairs = np.stack([x, np.exp(-2 * x**2) - 1 - np.exp(-2)], 1)[:, :, None]
    return al.EDMD(al.Legendre(9, box=(-1, 0))).fit(list(pairs), dt=1.0)


@pytest.fixture(scope="module")
def lorenz():
    grid = al.TimeGrid.uniform(0, 0.001, 20_000)
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], grid, al.methods.RK4(0.001))
    x = al.Trajectory(grid, np.ascontiguousarray(run.states[:, :1]), names=["x"])
    return al.HAVOK(delays=100, rank=11).fit(x), x


def places(collection):
    offsets = collection.get_offsets()
    return offsets[:, 0] + 1j * offsets[:, 1]


class TestSpectrum:
    def test_eigenvalues_have_the_colours_of_their_residuals(self, dmd):
        ax = al.plot.spectrum(dmd)
        (dots,) = ax.collections
        order = np.argsort(-dmd.residuals_)
        np.testing.assert_array_equal(places(dots), dmd.eigenvalues_[order])
        np.testing.assert_array_equal(dots.get_array(), dmd.residuals_[order])
        (circle,) = ax.lines
        np.testing.assert_allclose(np.hypot(*circle.get_data()), 1)
        assert [a.get_ylabel() for a in (ax, *ax.child_axes)] == ["imaginary part", "residual"]

    def test_exponents(self, dmd):
        ax = al.plot.spectrum(dmd, continuous=True)
        found = places(ax.collections[0])
        assert max(np.abs(found - e).min() for e in EXPONENTS) < 1e-9
        assert ax.get_xlabel() == "growth rate (1 / time)" and "rad" in ax.get_ylabel()

    def test_tolerance_parts_dots_from_crosses(self, gauss):
        believed = gauss.verified(0.01)
        assert 0 < len(believed) < 10
        crosses, dots = al.plot.spectrum(gauss, tolerance=0.01).collections
        assert set(places(dots)) == set(gauss.eigenvalues_[believed]) and len(places(crosses)) == 10 - len(believed)
        assert dots.get_array().max() <= 0.01 < crosses.get_array().min()
        assert dots.norm is crosses.norm

    def test_bags(self, oscillations):
        noisy = oscillations.states + 0.05 * np.random.default_rng(1).normal(size=(200, 4))
        model = al.BOPDMD(rank=4, bags=10).fit(noisy, dt=0.1)
        ax = al.plot.spectrum(model, continuous=True)
        cloud = next(line for line in ax.lines if line.get_label() == "bags")
        np.testing.assert_array_equal(cloud.get_xdata(), model.bag_exponents_.real.ravel())
        bars = ax.containers[0].lines[2][0].get_segments()
        lengths = [segment[1, 0] - segment[0, 0] for segment in bars]
        np.testing.assert_allclose(lengths, 2 * model.standard_errors_.real, rtol=1e-9)
        assert len(ax.collections[-1].get_offsets()) == 4


class TestPseudospectrum:
    def test_contours_are_tau_and_the_lower_half_the_mirror_of_the_upper(self, gauss, monkeypatch):
        seen = []

        def contourf(ax, x, y, tau, **options):
            seen.append((x, y, tau))
            return plain(ax, x, y, tau, **options)

        plain = matplotlib.axes.Axes.contourf
        monkeypatch.setattr(matplotlib.axes.Axes, "contourf", contourf)
        ax = al.plot.pseudospectrum(gauss, points=9)
        al.plot.pseudospectrum(gauss, points=5, real=(0, 1), imaginary=(-0.5, 0.25))
        for x, y, tau in seen:
            np.testing.assert_allclose(tau, gauss.pseudospectrum(x + 1j * y[:, None]), rtol=1e-6)
        (x, y, _), (x5, y5, _) = seen
        np.testing.assert_array_equal(y, -y[::-1])
        assert len(x) == len(y) == 9 and y[-1] == x[-1] > max(1, np.abs(gauss.eigenvalues_).max())
        np.testing.assert_allclose([x5[0], x5[-1], y5[0], y5[-1]], [0, 1, -0.5, 0.25])
        dots = ax.collections[-1]
        assert set(places(dots)) == set(gauss.eigenvalues_)
        assert dots.norm is ax.collections[0].norm  # one scale for both
        np.testing.assert_allclose(ax.collections[0].levels[[0, -1]], [dots.norm.vmin, dots.norm.vmax])

    def test_levels(self, gauss):
        filled = al.plot.pseudospectrum(gauss, points=9, levels=[1e-3, 1e-2, 1e-1]).collections[0]
        np.testing.assert_array_equal(filled.levels, [1e-3, 1e-2, 1e-1])


class TestSingularValues:
    def test_kept_and_left_out(self, oscillations):
        model = al.HankelDMD(delays=5, rank=4).fit(oscillations)
        kept, left, edge = al.plot.singular_values(model).lines
        np.testing.assert_array_equal(kept.get_ydata(), model.singular_values_[:4])
        np.testing.assert_array_equal(left.get_ydata(), model.singular_values_[4:])
        assert kept.get_label() == "kept: rank 4" and list(edge.get_xdata()) == [4.5, 4.5]

    def test_havok_keeps_those_of_its_forcing(self, lorenz):
        (kept,) = al.plot.singular_values(lorenz[0]).lines
        assert len(kept.get_ydata()) == 11


class TestModes:
    def test_of_states_are_bars_and_courses(self, dmd):
        figure = al.plot.modes(dmd)
        assert len(figure.axes) == 4  # one of each pair: its mode, its course
        pairs = [j for j in range(4) if dmd.exponents_[j].imag > 0]
        for (bars, course), j in zip(np.reshape(figure.axes, (2, 2)), pairs):
            heights = [bar.get_height() for bar in bars.patches]
            np.testing.assert_array_equal(heights, [*dmd.modes_[:, j].real, *dmd.modes_[:, j].imag])
            t, values = course.lines[0].get_data()
            np.testing.assert_allclose(values, 2 * (dmd.amplitudes_[j] * np.exp(dmd.exponents_[j] * t)).real)
            assert t[-1] == pytest.approx(3 * 2 * np.pi / 2)
            assert f"frequency {dmd.exponents_[j].imag / (2 * np.pi):.4g}" in course.get_title(loc="left")
        assert [label.get_text() for label in figure.axes[2].get_xticklabels()] == ["a", "b", "c", "d"]

    def test_the_courses_of_all_modes_are_the_run(self, dmd, oscillations):
        pairs = [j for j in range(4) if dmd.exponents_[j].imag > 0]
        courses = al.plot.modes(dmd, pairs, times=T).axes[1::2]
        j, shape = pairs[0], dmd.modes_[:, pairs]
        largest = int(np.abs(shape[:, 0]).argmax())  # there the mode is real
        others = 2 * (shape[largest, 1] * dmd.amplitudes_[pairs[1]] * np.exp(dmd.exponents_[pairs[1]] * T)).real
        first = courses[0].lines[0].get_ydata() * shape[largest, 0].real
        np.testing.assert_allclose(first + others, oscillations.states[:, largest], atol=1e-9)
        assert dmd.modes_[largest, j].imag == pytest.approx(0, abs=1e-14)

    def test_of_a_series_are_courses_alone(self, oscillations):
        model = al.HankelDMD(delays=8, rank=4).fit(oscillations.states[:, 0], dt=0.1)
        figure = al.plot.modes(model, times=T)
        np.testing.assert_allclose(sum(ax.lines[0].get_ydata() for ax in figure.axes), oscillations.states[:, 0], atol=1e-9)

    def test_a_negative_eigenvalue_is_no_pair(self):
        model = al.DMD(rank=1).fit(np.outer((-0.9) ** np.arange(20), [3.0, 4.0]), dt=1.0)
        course = al.plot.modes(model, times=np.arange(5.0)).axes[1].lines[0]
        np.testing.assert_allclose(np.abs(course.get_ydata()), 5 * 0.9 ** np.arange(5), rtol=1e-9)

    def test_on_a_line_are_curves(self):
        x = LINE.points(0)
        wave = np.cos(np.pi / 2 * x[None, :] - 2 * T[:, None])
        model = al.DMD(rank=2).fit(al.Trajectory(T, np.hstack([wave, 3 * wave]), grid=LINE))
        figure = al.plot.modes(model, grid=LINE, component=1)
        real, imaginary = figure.axes[0].lines
        j = int(model.exponents_.imag.argmax())
        np.testing.assert_array_equal(real.get_xdata(), x)
        np.testing.assert_array_equal(real.get_ydata(), model.modes_[32:, j].real)
        np.testing.assert_array_equal(imaginary.get_ydata(), model.modes_[32:, j].imag)

    def test_on_a_plane_are_images(self):
        shape = np.random.default_rng(5).normal(size=(8, 12))
        states = np.outer(0.9 ** np.arange(200), shape.ravel())
        model = al.DMD(rank=1).fit(al.Trajectory(T, states, grid=PLANE))
        figure = al.plot.modes(model, grid=PLANE)
        (image,) = figure.axes[0].images
        expected = np.abs(shape.T) / np.linalg.norm(shape)
        np.testing.assert_allclose(np.abs(image.get_array()), expected, atol=1e-12)
        assert image.get_extent() == [0, 1, 0, 2]
        assert "growth" in figure.axes[1].get_title(loc="left") and "frequency" not in figure.axes[1].get_title(loc="left")


class TestHAVOK:
    def test_law_attractor_and_forcing(self, lorenz):
        model, x = lorenz
        law, attractor, run, forcing = al.plot.havok(model, x, lead=0.4, span=(5, 15)).axes[:4]
        np.testing.assert_array_equal(law.images[0].get_array(), np.hstack([model.A_, model.B_]))
        (u,) = model.forcing_
        shown = (u.times.values >= 5) & (u.times.values <= 15)
        moments = model.forcing_statistics()
        activity = (model.forcing_of(x).states[:, 0] - moments.mean[0]) / moments.deviation[0]
        np.testing.assert_allclose(attractor.collections[0].get_array(), np.abs(activity)[shown], rtol=1e-12)
        np.testing.assert_array_equal(attractor.collections[0].get_offsets(), model.coordinates(x).states[shown, :2])
        np.testing.assert_allclose(forcing.lines[0].get_ydata(), activity[shown], rtol=1e-12)
        assert [line.get_ydata()[0] for line in forcing.lines[1:]] == [-2, 2]
        assert run.get_ylabel() == "x"

    def test_changes_of_lobe_are_those_of_the_score(self, lorenz):
        model, x = lorenz
        run = al.plot.havok(model, x, lead=0.4).axes[2]
        score = model.switch_score(x, lead=0.4)
        foreseen, missed = run.lines[1:]
        assert len(foreseen.get_xdata()) == score.foreseen > 0
        assert len(missed.get_xdata()) == score.switches - score.foreseen
        assert len(run.patches) == len(model.predicted_switches(x, lead=0.4))


@pytest.fixture(scope="module")
def noisy_lorenz():
    run = al.integrate(al.systems.Lorenz63(), [-8, 8, 27], np.arange(0, 8, 0.004))
    noise = 0.05 * np.random.default_rng(1).normal(size=run.states.shape)
    return al.Trajectory(run.times, run.states + noise, names=["x", "y", "z"])


@pytest.fixture(scope="module")
def voted(noisy_lorenz):
    return al.EnsembleSINDy(optimizer=al.STLSQ(0.5), derivative=al.SavitzkyGolay(21), models=20).fit(noisy_lorenz)


class TestLaws:
    def test_paths(self, noisy_lorenz):
        model = al.SINDy(optimizer=al.SSR("cross_validation"), derivative=al.SavitzkyGolay(21)).fit(noisy_lorenz)
        figure = al.plot.coefficient_paths(model)
        panels = figure.axes[:6]
        scores = figure.axes[6:]
        assert [ax.get_title() for ax in panels[:3]] == ["x'", "y'", "z'"]
        for j, path in enumerate(model.paths_):
            ordered = sorted((len(support), misfit, score) for support, misfit, score in path)
            np.testing.assert_array_equal(np.transpose(panels[j].lines[0].get_data()), [(n, m) for n, m, _ in ordered])
            np.testing.assert_array_equal(np.transpose(scores[j].lines[0].get_data()), [(n, s) for n, _, s in ordered])
            chosen = np.flatnonzero(model.coefficients_[:, j])
            assert scores[j].lines[1].get_xdata() == [len(chosen)]
            assert len(panels[3 + j].lines) == len(path)
            (shown,) = (line for line in panels[3 + j].lines if line.get_color() == "C0")
            np.testing.assert_array_equal(np.sort(shown.get_ydata()), chosen)
        assert [label.get_text() for label in panels[3].get_yticklabels()] == model.feature_names_

    def test_paths_of_the_evidence_have_scores_alone(self, noisy_lorenz):
        model = al.SINDy(optimizer=al.Evidence(), derivative=al.SavitzkyGolay(21)).fit(noisy_lorenz)
        figure = al.plot.coefficient_paths(model)
        assert not figure.axes[0].lines and len(figure.axes[6].lines) == 2

    def test_inclusion(self, voted):
        ax = al.plot.inclusion(voted)
        np.testing.assert_array_equal(ax.images[0].get_array(), voted.inclusion_)
        framed = {(int(box.get_y() + 0.5), int(box.get_x() + 0.5)) for box in ax.patches}
        assert framed == set(map(tuple, np.argwhere(voted.coefficients_)))
        assert [text.get_text() for text in ax.texts] == [f"{share:.2f}" for share in voted.inclusion_.ravel()]
        assert [label.get_text() for label in ax.get_xticklabels()] == ["x'", "y'", "z'"]

    def test_rates(self, noisy_lorenz):
        model = al.SINDy(optimizer=al.STLSQ(0.5), derivative=al.SavitzkyGolay(21)).fit(noisy_lorenz)
        panels = al.plot.derivatives(model, noisy_lorenz).axes
        differences = al.plot.derivatives(model, noisy_lorenz.states, al.FiniteDifference(2)).axes
        h, x = 0.004, noisy_lorenz.states
        for j in range(3):
            measured, law = (line.get_ydata() for line in panels[j].lines)
            np.testing.assert_array_equal(law, model.predict(noisy_lorenz)[:, j])
            assert np.sqrt(np.mean((measured - law) ** 2) / np.mean(measured**2)) < 0.2
            central = differences[j].lines[0].get_ydata()[1:-1]
            np.testing.assert_allclose(central, (x[2:, j] - x[:-2, j]) / (2 * h), atol=1e-9)
        assert panels[2].get_ylabel() == "z'" and panels[0].get_title(loc="left").startswith("difference 0.")

    def test_band(self, voted, noisy_lorenz):
        band = voted.forecast_band(noisy_lorenz[:1000], steps=100)
        panels = al.plot.forecast_band(band, noisy_lorenz[1000:1100]).axes
        assert len(panels) == 3 + bool((band.alive < 1).any())
        for j in range(3):
            median, truth = panels[j].lines
            np.testing.assert_array_equal(median.get_data(), [band.median.times.values, band.median.states[:, j]])
            np.testing.assert_array_equal(truth.get_ydata(), noisy_lorenz.states[1000:1100, j])
            corners = panels[j].collections[0].get_paths()[0].vertices[:, 1]
            assert corners.min() == band.lower.states[:, j].min() and corners.max() == band.upper.states[:, j].max()
        shrinking = band._replace(alive=np.linspace(1, 0.5, 100))
        np.testing.assert_array_equal(al.plot.forecast_band(shrinking).axes[3].lines[0].get_ydata(), shrinking.alive)

    def test_what_cannot_be_shown(self, voted, noisy_lorenz):
        for call, words in [
            (lambda: al.plot.coefficient_paths(al.DMD()), r"model is DMD\(\).*al.SINDy"),
            (lambda: al.plot.coefficient_paths(voted), "no paths.*al.SSR"),
            (lambda: al.plot.inclusion(al.SINDy().fit(noisy_lorenz)), "inclusion_.*al.EnsembleSINDy"),
            (lambda: al.plot.derivatives(voted, noisy_lorenz[:5]), "5 samples.*needs at least 21"),
            (lambda: al.plot.derivatives(voted, noisy_lorenz, 4), "derivative is 4"),
            (lambda: al.plot.forecast_band(noisy_lorenz), "give model.forecast_band"),
            (
                lambda: al.plot.forecast_band(
                    voted.forecast_band(noisy_lorenz[:9], 3), al.Trajectory(TIMES, np.zeros((3, 2)))
                ),
                "truth has 2 components.*band has 3",
            ),
        ]:
            with pytest.raises(al.InvalidArgument, match=words):
                call()


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: al.plot.space_time(al.Trajectory(TIMES, np.zeros((3, 4)))), "no grid"),
        (lambda: al.plot.space_time(run(PLANE)), "2 axes.*takes 1"),
        (lambda: al.plot.snapshots(run(al.SpatialGrid.periodic((2, 2, 2), (0,) * 3, (1,) * 3))), "3 axes.*takes 1 or 2"),
        (lambda: al.plot.space_time(run(LINE, 2), component=2), "component is 2.*has 2"),
        (lambda: al.plot.animate(run(LINE), "x.gif", seconds=0), "seconds is 0"),
        (lambda: al.plot.spectrum(al.SINDy()), r"model is SINDy\(\).*eigenvalues_"),
        (lambda: al.plot.spectrum(al.DMD(), tolerance=0), "tolerance is 0.*positive"),
        (lambda: al.plot.spectrum(al.DMD()), "not fitted"),
        (lambda: al.plot.pseudospectrum(al.DMD()), r"model is DMD\(\).*al.EDMD"),
        (lambda: al.plot.pseudospectrum(al.EDMD(), points=2), "points is 2.*3 or more"),
        (lambda: al.plot.pseudospectrum(al.EDMD(), levels=[0.1, 0.01]), r"levels is \[0.1, 0.01\].*increase"),
        (lambda: al.plot.pseudospectrum(al.EDMD(), tolerance=-1), "pseudospectrum: tolerance is -1"),
        (lambda: al.plot.singular_values(al.EDMD()), "EDMD has no singular values"),
        (lambda: al.plot.havok(al.DMD(), np.zeros(3), lead=1), r"model is DMD\(\).*al.HAVOK"),
    ],
)
def test_what_cannot_be_shown(call, words):
    with pytest.raises(al.InvalidArgument, match=words):
        call()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"which": [4]}, r"which is \[4\].*modes 0 to 3"),
        ({"which": []}, r"which is \[\]"),
        ({"grid": LINE}, "32 points.*4 components"),
        ({"grid": al.SpatialGrid.periodic((2, 2, 1), (0,) * 3, (1,) * 3)}, "3 axes"),
        ({"grid": al.SpatialGrid.periodic(2, 0, 1), "component": 2}, "component is 2.*has 2"),
    ],
)
def test_modes_that_cannot_be_shown(dmd, options, words):
    with pytest.raises(al.InvalidArgument, match=words):
        al.plot.modes(dmd, **options)


def test_ranges_and_spans_that_cannot_be_shown(gauss, lorenz):
    with pytest.raises(al.InvalidArgument, match=r"real is \(1, 1\)"):
        al.plot.pseudospectrum(gauss, real=(1, 1))
    with pytest.raises(al.InvalidArgument, match=r"span is \(30, 40\).*lasts from 0"):
        al.plot.havok(*lorenz, lead=0.4, span=(30, 40))
    with pytest.raises(al.InvalidArgument, match="component is 1.*has 1"):
        al.plot.havok(*lorenz, lead=0.4, component=1)
