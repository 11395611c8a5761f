# SPDX-License-Identifier: BSD-3-Clause
"""Methods of time stepping for partial differential equations, as values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._almagest.core import InvalidArgument


class Stepper:
    """A method of time stepping. Steps have the unit of the equation's time."""


@dataclass(frozen=True)
class _FixedStep(Stepper):
    step: float

    def __post_init__(self) -> None:
        if not (isinstance(self.step, (int, float, np.number)) and 0 < self.step < np.inf):
            raise InvalidArgument(f"{type(self).__name__}: step is {self.step!r}; give a positive, finite number")


class ETDRK1(_FixedStep):
    """Exponential Euler: order 1, one stage."""


class ETDRK2(_FixedStep):
    """Exponential Runge-Kutta of order 2: two stages."""


class ETDRK3(_FixedStep):
    """Exponential Runge-Kutta of order 3: three stages."""


class ETDRK4(_FixedStep):
    """Exponential Runge-Kutta of order 4, four stages: the first choice.

    The linear part is solved exactly, so that its stiffness does not bound the step. S. M. Cox,
    P. C. Matthews, J. Comput. Phys. 176 (2002), https://doi.org/10.1006/jcph.2002.6995.
    """


class IFRK4(_FixedStep):
    """Integrating factor with the classical Runge-Kutta method: order 4; less exact than ETDRK4 where stiff.

    J. D. Lawson, SIAM J. Numer. Anal. 4 (1967), https://doi.org/10.1137/0704033.
    """


class ETDAB4(_FixedStep):
    """Exponential Adams-Bashforth of order 4: one stage a step, a quarter of ETDRK4's transforms."""


class Strang(_FixedStep):
    """Splitting of order 2, for Schrodinger and NonlinearSchrodinger: two transforms a step.

    G. Strang, SIAM J. Numer. Anal. 5 (1968), https://doi.org/10.1137/0705041.
    """


class Strang4(_FixedStep):
    """Splitting of order 4, for Schrodinger and NonlinearSchrodinger: six transforms a step.

    H. Yoshida, Phys. Lett. A 150 (1990), https://doi.org/10.1016/0375-9601(90)90092-3.
    """


class Verlet(_FixedStep):
    """Symplectic, of order 2, for KleinGordon, Phi4 and SineGordon: the error of the energy does not grow."""


class Verlet4(_FixedStep):
    """Symplectic, of order 4, for KleinGordon, Phi4 and SineGordon: six transforms a step."""


@dataclass(frozen=True)
class ETDRK32(Stepper):
    """ETDRK3 with an embedded method of order 2, which chooses its steps.

    The estimated error of a step, in the root mean square over the grid, stays below
    absolute + relative times that of the field, for every component. On embedded exponential pairs:
    T. Zoto, J. C. Bowman (2023), https://arxiv.org/abs/2303.12139.
    """

    relative: float = 1e-6
    absolute: float = 1e-9

    def __post_init__(self) -> None:
        for name in ("relative", "absolute"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InvalidArgument(f"ETDRK32: {name} is {getattr(self, name)!r}; give a number of 0 or more")
        if self.relative + self.absolute == 0:
            raise InvalidArgument("ETDRK32: both tolerances are 0, which no step can meet; make one positive")
