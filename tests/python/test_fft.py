# SPDX-License-Identifier: BSD-3-Clause
"""Transforms and spectral derivatives of arrays."""

import almagest as al
import numpy as np
import pytest
from conftest import says

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("shape", [(1,), (16,), (15,), (8, 6), (5, 7), (4, 3, 6)])
def test_transforms_are_numpys(shape):
    u = RANDOM.normal(size=shape)
    modes = al.fft.rfft(u)
    np.testing.assert_allclose(modes, np.fft.rfftn(u), atol=1e-12)
    np.testing.assert_allclose(al.fft.irfft(modes, shape[-1]), u, atol=1e-14)
    np.testing.assert_allclose(al.fft.rfft(np.asfortranarray(u)), modes, atol=1e-13)


def test_derivatives():
    x = np.linspace(0, 3, 32, endpoint=False)
    k = 2 * np.pi / 3
    np.testing.assert_allclose(al.fft.derivative(np.sin(k * x), 3), k * np.cos(k * x), atol=1e-12)
    np.testing.assert_allclose(al.fft.derivative(np.sin(k * x), 3, order=2), -k * k * np.sin(k * x), atol=1e-11)
    plane = np.sin(k * x)[:, None] * np.ones(4)
    np.testing.assert_allclose(al.fft.derivative(plane, length=3, axis=0), k * np.cos(k * x)[:, None] * np.ones(4), atol=1e-12)
    np.testing.assert_allclose(al.fft.derivative(plane, length=1), 0, atol=1e-12)


def test_wisdom(tmp_path):
    al.fft.save_wisdom(tmp_path / "wisdom")
    al.fft.load_wisdom(tmp_path / "wisdom")
    (tmp_path / "other").write_text("no wisdom")
    with says(al.IoError, "other", "no wisdom"):
        al.fft.load_wisdom(tmp_path / "other")


def test_bad_input():
    with says(al.InvalidArgument, "4 axes"):
        al.fft.rfft(np.zeros((2, 2, 2, 2)))
    with says(al.DimensionMismatch, "points is 9", "modes has 9"):
        al.fft.irfft(np.zeros(9, complex), 9)
    with says(al.InvalidArgument, "axis is 1", "1 axes"):
        al.fft.derivative(np.zeros(8), 1.0, axis=1)
    with says(al.InvalidArgument, "order is -1"):
        al.fft.derivative(np.zeros(8), 1.0, order=-1)
    with says(al.InvalidArgument, "length 0"):
        al.fft.derivative(np.zeros(8), 0.0)
    with says(al.InvalidArgument, "real numbers"):
        al.fft.rfft(np.zeros(8, complex))


def test_good_size():
    assert al.fft.good_size(509) == 512


def test_periodic_grids():
    grid = al.SpatialGrid.periodic(512, -30, 30)
    assert grid == al.SpatialGrid(512, 60.0, -30.0)
    assert al.SpatialGrid.periodic((8, 4), (0, -1), (1, 1)) == al.SpatialGrid((8, 4), (1.0, 2.0), (0.0, -1.0))
    with says(al.DimensionMismatch, "start has 1", "points has 2"):
        al.SpatialGrid.periodic((8, 4), 0, (1, 1))


def test_modes_that_are_no_numbers_are_refused():
    with says(al.InvalidArgument, "modes", "complex"):
        al.fft.irfft(["a"], 1)
    with says(al.NonFiniteData, "masked"):
        al.fft.irfft(np.ma.array([1, 2, 3.0], mask=[0, 1, 0]), 4)
