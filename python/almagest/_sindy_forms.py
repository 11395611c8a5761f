# SPDX-License-Identifier: BSD-3-Clause
"""Laws of motion in other forms: rational ones, and those of second order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import Forecast, Trajectory
from ._estimator import as_history, as_runs, numbers
from ._sindy import SINDy

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._estimator import _Data


class SINDyPI(SINDy):
    """Rational laws dx/dt = N(x) / D(x) from implicit equations (Kaheman, Kutz & Brunton 2020,
    10.1098/rspa.2020.0279).

    library     of the numerators and denominators; None means Polynomial()
    optimizer   None means STLSQ()
    derivative  None means FiniteDifference()

    For each component the regression is solved with every term on its left; one equation is chosen and
    solved for the rate. The fitted model is a law of one formula for each component: it forecasts,
    integrates and exports like any other.
    """

    def _learned(self, runs: list[Trajectory], slopes: _compiled.Derivative) -> Any:
        return _compiled.fit_rational(runs, self._features(), self._optimizer(), slopes)


class SecondOrderSINDy(SINDy):
    """A law of second order, d2x/dt2 = f(x, dx/dt), learned from positions alone.

    library     of positions and velocities; None means Polynomial(). Each velocity must be a feature.
    optimizer   None means STLSQ()
    derivative  applied twice; None means FiniteDifference()

    >>> model = al.SecondOrderSINDy(al.Polynomial(3), derivative=al.FiniteDifference(6)).fit(positions)
    >>> ahead = model.forecast(positions, steps=1000)

    The fitted model is the law of first order of the states (x, x_dot), whose first half is exact: it forecasts,
    integrates and exports like any other, and its file comes back as the SINDy that it is. `coefficients_` have
    2 * dimension columns.
    """

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> SecondOrderSINDy:  # type: ignore[override]
        """Learn from a trajectory of positions, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) with dt; or several of either
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument as SINDy.fit, and for a library without the velocities; DimensionMismatch,
        NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, "SecondOrderSINDy.fit")
        self._adopt(_compiled.fit_second_order(runs, self._features(), self._optimizer(), self._derivative()))
        return self

    def states(self, positions: Trajectory | ArrayLike) -> Trajectory:
        """The states (x, x_dot) of a run of positions, by the derivative.

        positions  Trajectory, or array (samples, dimension) at the training's time step

        Raises InvalidArgument for a run shorter than the derivative needs.
        """
        if not isinstance(positions, Trajectory):
            positions = numbers(positions, "states: positions")
            positions = positions[:, np.newaxis] if positions.ndim == 1 else positions
        run = as_history(positions, self._fitted("states"))
        return _compiled.with_velocities(run, self._derivative())

    def forecast(
        self, history: Trajectory | ArrayLike, steps: int | None = None, *, inputs: ArrayLike | None = None
    ) -> Forecast:
        """Continue a history, of positions or of states (x, x_dot), by `steps` samples of states.

        history  as of the other models; of positions as many samples as the derivative needs
        inputs   array (steps, inputs), as of SINDy

        Returns and raises as the other models do.
        """
        model = self._fitted("forecast")
        if not isinstance(history, Trajectory):
            history = numbers(history, "forecast: history")
        if isinstance(history, Trajectory):
            width = history.dimension
        elif history.ndim == 1 and model.dimension == 2 and len(history) != 2:  # positions, not a state
            width = 1
        else:
            width = history.shape[-1]
        if 2 * width == model.dimension:
            history = self.states(history)
        return super().forecast(history, steps, inputs=inputs)
