# SPDX-License-Identifier: BSD-3-Clause
from . import core, diagnostics, fft, havok, integrate, io, koopman, methods, sindy, spectral, systems

__version__: str
