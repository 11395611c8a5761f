# SPDX-License-Identifier: BSD-3-Clause
"""Fourier transforms and spectral derivatives of NumPy arrays."""

from ._almagest.fft import derivative, good_size, irfft, load_wisdom, rfft, save_wisdom

__all__ = ["derivative", "good_size", "irfft", "load_wisdom", "rfft", "save_wisdom"]
