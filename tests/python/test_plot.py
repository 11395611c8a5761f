# SPDX-License-Identifier: BSD-3-Clause
"""Pictures show the numbers of the fields, on the right axes."""

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


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: al.plot.space_time(al.Trajectory(TIMES, np.zeros((3, 4)))), "no grid"),
        (lambda: al.plot.space_time(run(PLANE)), "2 axes.*takes 1"),
        (lambda: al.plot.snapshots(run(al.SpatialGrid.periodic((2, 2, 2), (0,) * 3, (1,) * 3))), "3 axes.*takes 1 or 2"),
        (lambda: al.plot.space_time(run(LINE, 2), component=2), "component is 2.*has 2"),
        (lambda: al.plot.animate(run(LINE), "x.gif", seconds=0), "seconds is 0"),
    ],
)
def test_what_cannot_be_shown(call, words):
    with pytest.raises(al.InvalidArgument, match=words):
        call()
