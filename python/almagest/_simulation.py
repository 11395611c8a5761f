# SPDX-License-Identifier: BSD-3-Clause
"""Integration of systems, one by one and in ensembles, and iteration of maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Optional, Sequence, Union

from ._almagest import integrate as _compiled
from ._almagest.core import Ensemble, TimeGrid, Trajectory
from ._almagest.systems import Map, System
from .methods import Fehlberg78

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._sindy import SINDy
    from .methods import RK4, BulirschStoer, CashKarp54, DormandPrince54, Rosenbrock4, Symplectic4, Verlet

    _State = NDArray[np.float64]
    _Method = Union[
        RK4, CashKarp54, DormandPrince54, Fehlberg78, BulirschStoer, Rosenbrock4, Verlet, Symplectic4
    ]
    _Flow = Union[System, SINDy, Callable[[_State, float], ArrayLike]]
    _Progress = Optional[Callable[[float], Optional[bool]]]

_USUAL_METHOD = Fehlberg78()


def integrate(
    system: _Flow,
    x0: ArrayLike,
    times: TimeGrid | ArrayLike,
    method: _Method = _USUAL_METHOD,
    *,
    stop_when: Callable[[_State, float], float] | None = None,
    crossing: str = "any",
    bound: float = 1e12,
    max_steps: int = 10_000_000,
    progress: _Progress = None,
) -> Trajectory:
    """Integrate dx/dt = f(x, t) from x0; return the states at exactly the given times.

    system     one of al.systems, a fitted SINDy model, or a function f(x, t) of the state, float64 of
               shape (dimension,), and the time
    x0         initial state, shape (dimension,), at the first of the times
    times      TimeGrid or array; the last step before each time ends on it, nothing is interpolated
    method     one of al.methods; by default Fehlberg78(relative=1e-9, absolute=1e-9)
    stop_when  event function g(x, t): the integration ends where it passes through zero, located to the
               rounding of time; the last sample is that state, and the attribute 'stopped' says so
    crossing   'any', 'rising' or 'falling': which way g must pass
    bound      a component beyond it counts as divergence
    max_steps  between two times
    progress   called with the fraction done, at each hundredth, in a long run ten times a second; return
               False to cancel

    The interpreter lock is released, and Ctrl-C ends the call. Functions in Python take the lock for
    each evaluation; what they raise comes out unchanged.

    Raises InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; IntegrationDiverged,
    whose `time` says when; ConvergenceFailure where the step shrinks to nothing or max_steps are used
    up; Cancelled.
    """
    return _compiled.integrate(system, x0, times, method, stop_when, crossing, bound, max_steps, progress)


def integrate_ensemble(
    system: _Flow | Sequence[_Flow],
    x0: ArrayLike,
    times: TimeGrid | ArrayLike,
    method: _Method = _USUAL_METHOD,
    *,
    threads: int = 1,
    bound: float = 1e12,
    max_steps: int = 10_000_000,
    progress: _Progress = None,
) -> Ensemble:
    """Integrate many initial states, one a row of x0, at the same times.

    system   as for integrate, or a list of systems, one for each row
    x0       shape (members, dimension)
    threads  at least 1; the result has the same bits for any number

    With RK4 the members advance side by side in the lanes of the vector registers; methods that
    control their step take them one after another. A member that diverges is cut at its last time
    within the bound and says so in its attribute 'stopped'; the others are not touched.

    Returns an Ensemble: a sequence of Trajectory that share one block of memory.
    Raises InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; Cancelled.
    """
    return _compiled.integrate_ensemble(system, x0, times, method, threads, bound, max_steps, progress)


def iterate(
    map: Map | Callable[[_State], ArrayLike],
    x0: ArrayLike,
    steps: int,
    *,
    bound: float = 1e12,
    progress: _Progress = None,
) -> Trajectory:
    """Iterate a map: x0 and its `steps` images, at times 0, 1, 2, ...

    map       a map of al.systems, or a function f(x) of the state, float64 of shape (dimension,)
    x0        shape (dimension,)
    bound     a component beyond it counts as divergence
    progress  called with the fraction done; return False to cancel

    Raises InvalidArgument, DimensionMismatch, NonFiniteData for bad arguments; IntegrationDiverged,
    whose `time` is the iteration; Cancelled.
    """
    return _compiled.iterate(map, x0, steps, bound, progress)
