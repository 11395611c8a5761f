# SPDX-License-Identifier: BSD-3-Clause
from . import core, diagnostics, integrate, io, koopman, methods, sindy, systems

__version__: str
