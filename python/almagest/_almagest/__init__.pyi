# SPDX-License-Identifier: BSD-3-Clause
from . import core, diagnostics, features, fft, havok, integrate, io, koopman, linalg, methods, neural, neural_ode, operators, sindy, spectral, systems

__version__: str
