# SPDX-License-Identifier: BSD-3-Clause
"""Dynamic mode decompositions of systems with parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._almagest import koopman as _compiled
from ._almagest.core import Forecast, InvalidArgument, Trajectory
from ._estimator import Learner, as_runs, numbers, whole
from ._koopman import DynamicModeDecomposition, chosen_rank, estimator_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data


class ParametricDMD(Learner):
    """Decompositions at some parameters of a system, and at all between them.

    rank         of the reduced maps: a count, a share of the energy, "gavish-donoho" or None, by energy
    energy       share of the squared singular values to keep where rank is None
    delays       samples in a window
    interpolate  "rates": logarithms of the maps, so that frequencies and growth rates change with the parameter;
                 "maps": the maps themselves

    >>> model = al.ParametricDMD(rank=8).fit(runs, parameters=[0.5, 1.0, 2.0], dt=0.1)
    >>> model.forecast(history, 100, parameter=1.4)
    >>> print(model.at(1.4))  # a DMD

    All parameters share the coordinates of one decomposition of all runs; in one parameter interpolation is by
    natural cubic splines, in more by cubic radial functions. Huhn et al. 2023, 10.1016/j.jcp.2022.111852;
    Andreuzzi, Demo & Rozza 2023, 10.1137/22M1481658.
    """

    def __init__(
        self,
        rank: int | float | str | None = None,
        energy: float = 1 - 1e-10,
        delays: int = 1,
        interpolate: str = "rates",
    ) -> None:
        self.rank = rank
        self.energy = energy
        self.delays = delays
        self.interpolate = interpolate

    def fit(self, data: _Data, parameters: ArrayLike, *, dt: float | None = None) -> ParametricDMD:
        """Learn from runs, each at a parameter.

        data        list of trajectories or of arrays (samples, dimension) with dt, or an Ensemble, all at one
                    time step
        parameters  one number or one row for each run, (runs,) or (runs, count); runs at one parameter belong
                    together
        dt          time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, fewer than 2 parameters, and as DMD does;
        DimensionMismatch for another count of runs than of parameters.
        """
        if self.interpolate not in ("rates", "maps"):
            raise InvalidArgument(f"ParametricDMD.fit: interpolate is {self.interpolate!r}; choose 'rates' or 'maps'.")
        rank, energy = chosen_rank(self.rank, self.energy, "ParametricDMD.fit")
        places = numbers(parameters, "fit: parameters")
        if places.ndim < 2:
            places = np.reshape(places, (-1, 1))
        runs = as_runs(data, dt, "ParametricDMD.fit")
        delays = whole(self.delays, "ParametricDMD.fit: delays")
        self._adopt(_compiled.fit_parametric_dmd(runs, places, delays, rank, energy, self.interpolate == "maps"))
        return self

    def at(self, parameter: float | ArrayLike) -> DynamicModeDecomposition:
        """The fitted decomposition at a parameter, (count,) or a number.

        Its residuals are on the samples of the nearest training parameter, and hold what changes from there.
        Warns outside the training parameters.
        """
        return self._at(parameter, "at")

    def forecast(self, history: Trajectory | ArrayLike, steps: int, parameter: float | ArrayLike) -> Forecast:
        """Continue a history at a parameter; as DMD.forecast does."""
        return self._at(parameter, "forecast").forecast(history, steps)

    def _at(self, parameter: Any, what: str) -> DynamicModeDecomposition:
        model = self._fitted(what).at(np.atleast_1d(numbers(parameter, "parameter")))
        fitted = estimator_of(model)
        fitted._adopt(model)
        return fitted

    def start(self, parameter: float | ArrayLike) -> NDArray[np.float64]:
        """Where the runs start, interpolated: a history of shape (delays, dimension) to forecast from."""
        return self._fitted("start").start(np.atleast_1d(numbers(parameter, "parameter")))  # type: ignore[no-any-return]

    @property
    def parameters_(self) -> NDArray[np.float64]:
        """Those of the training, each once, shape (parameters, count)."""
        return self._fitted("parameters_").parameters  # type: ignore[no-any-return]

    @property
    def left_out_(self) -> NDArray[np.float64]:
        """For each training parameter, the share of its successors that the map of all others misses.

        Look here for what to expect between them. NaN where there are only 2.
        """
        return self._fitted("left_out_").left_out  # type: ignore[no-any-return]

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of all windows together, decreasing."""
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def rank_(self) -> int:
        """Of the reduced maps."""
        return self._fitted("rank_").rank  # type: ignore[no-any-return]


def parametric_of(model: _compiled.ParametricDmd) -> ParametricDMD:
    """The unfitted estimator that makes such a compiled model."""
    delays, rank, energy, interpolate_maps = model.options
    return ParametricDMD(rank or None, energy, delays, "maps" if interpolate_maps else "rates")
