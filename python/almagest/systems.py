# SPDX-License-Identifier: BSD-3-Clause
"""Dynamical systems with their parameters, names, references and exact facts.

Parameters are keywords, and properties that can be set. A system can be called for its vector field,
a map for its image.
"""

from ._almagest.systems import (
    DampedPendulum,
    DoublePendulum,
    Duffing,
    Function,
    Henon,
    HenonHeiles,
    Logistic,
    Lorenz63,
    Lorenz96,
    LotkaVolterra,
    Map,
    Rossler,
    System,
    VanDerPol,
)

__all__ = [
    "DampedPendulum",
    "DoublePendulum",
    "Duffing",
    "Function",
    "Henon",
    "HenonHeiles",
    "Logistic",
    "Lorenz63",
    "Lorenz96",
    "LotkaVolterra",
    "Map",
    "Rossler",
    "System",
    "VanDerPol",
]
