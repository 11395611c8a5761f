# SPDX-License-Identifier: BSD-3-Clause
"""Methods of integration, as values. Times and steps have the unit of the system's time."""

from ._almagest.methods import (
    RK4,
    BulirschStoer,
    CashKarp54,
    DormandPrince54,
    Fehlberg78,
    Rosenbrock4,
    Symplectic4,
    Verlet,
)

__all__ = [
    "BulirschStoer",
    "CashKarp54",
    "DormandPrince54",
    "Fehlberg78",
    "RK4",
    "Rosenbrock4",
    "Symplectic4",
    "Verlet",
]
