# SPDX-License-Identifier: BSD-3-Clause
"""Forced linear models of chaos (HAVOK)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._almagest import havok as _compiled
from ._almagest.core import Forecast, InvalidArgument, Trajectory
from ._estimator import as_history, as_runs, number, numbers, whole
from ._koopman import chosen_rank
from ._spectrum import ReconstructingEstimator, run_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._almagest.havok import SwitchScore
    from ._estimator import _Data


class Moments(NamedTuple):
    """Of each component of a forcing."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    excess_kurtosis: NDArray[np.float64]


class HAVOK(ReconstructingEstimator):
    """Chaos as an intermittently forced linear system: the Hankel alternative view of Koopman.

    delays      samples in a window
    rank        delay coordinates kept: a count, a share of the energy such as 0.999, "gavish-donoho" (all that
                stands above white noise) or None, by energy
    forcing     how many of them, the last ones, force the others; 0: a closed linear model
    structured  sHAVOK, for short series: rates from two decompositions
    energy      share of the squared singular values to keep where rank is None

    >>> model = al.HAVOK(delays=100, rank=15).fit(x, dt=0.001)
    >>> model.A_, model.B_  # dv/dt = A v + B u
    >>> model.forcing_[0]  # u, a Trajectory, of the first run

    Give it a series from an integrator with fixed steps: the dense output of an adaptive one is noise to the
    small singular values. Brunton et al. 2017, 10.1038/s41467-017-00030-8; Hirsh et al. 2021,
    10.1098/rspa.2021.0097.
    """

    def __init__(
        self,
        delays: int = 100,
        rank: int | float | str | None = 15,
        forcing: int = 1,
        structured: bool = False,
        energy: float = 1 - 1e-10,
    ) -> None:
        self.delays = delays
        self.rank = rank
        self.forcing = forcing
        self.structured = structured
        self.energy = energy

    def fit(self, data: _Data, y: None = None, *, dt: float | None = None) -> HAVOK:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) or (samples,) with dt; or several of either, all
              at one uniform time step. Windows and differences never straddle two runs.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, a rank above that of the data, too few
        samples, non-uniform times, runs with inputs; DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, "HAVOK.fit")
        delays, forcing = whole(self.delays, "HAVOK.fit: delays"), whole(self.forcing, "HAVOK.fit: forcing")
        rank, energy = chosen_rank(self.rank, self.energy, "HAVOK.fit")
        self._adopt(_compiled.fit_havok(runs, delays, rank, forcing, bool(self.structured), energy))
        return self

    @property
    def A_(self) -> NDArray[np.float64]:
        """The linear part, shape (rank - forcing, rank - forcing), per unit of time."""
        return self._fitted("A_").A  # type: ignore[no-any-return]

    @property
    def B_(self) -> NDArray[np.float64]:
        """How the forcing enters, shape (rank - forcing, forcing), per unit of time."""
        return self._fitted("B_").B  # type: ignore[no-any-return]

    @property
    def singular_values_(self) -> NDArray[np.float64]:
        """Of the windows, decreasing, shape (rank,): look here for the noise floor."""
        return self._fitted("singular_values_").singular_values  # type: ignore[no-any-return]

    @property
    def unexplained_(self) -> NDArray[np.float64]:
        """Share of each rate that A v + B u does not give, shape (rank - forcing,)."""
        return self._fitted("unexplained_").unexplained  # type: ignore[no-any-return]

    @property
    def forcing_(self) -> list[Trajectory]:
        """The forcing of each training run, at the times of the first samples of its windows."""
        return self._fitted("forcing_").forcing  # type: ignore[no-any-return]

    def coordinates(self, run: Trajectory | ArrayLike) -> Trajectory:
        """All delay coordinates of a run, those that force last."""
        model = self._fitted("coordinates")
        return model.coordinates(run_of(run, model, "coordinates"))  # type: ignore[no-any-return]

    def forcing_of(self, run: Trajectory | ArrayLike) -> Trajectory:
        """The forcing in any run."""
        model = self._fitted("forcing_of")
        return model.forcing_of(run_of(run, model, "forcing_of"))  # type: ignore[no-any-return]

    def forecast(
        self, history: Trajectory | ArrayLike, steps: int | None = None, *, forcing: ArrayLike | None = None
    ) -> Forecast:
        """Continue a history by `steps` samples, or under a given forcing.

        history  Trajectory, or an array of its last samples at the training's time step, ending at time 0
        steps    how many; the forcing then falls to 0 within one, which is good for the near future only
        forcing  in place of steps: the forcing at each sample to come, (samples, forcing) or (samples,)

        Returns a Forecast, a Trajectory with a `verdict`.
        Raises as other forecasts do; InvalidArgument for both steps and forcing, or for neither.
        """
        if (steps is None) == (forcing is None):
            raise InvalidArgument("forecast: give steps, or the forcing of the samples to come; one of the two.")
        if forcing is None:
            return super().forecast(history, steps)  # type: ignore[arg-type]
        model = self._fitted("forecast")
        given = numbers(forcing, "forecast: forcing")
        given = given[:, np.newaxis] if given.ndim == 1 else given
        return model.forecast_forced(as_history(history, model), given)  # type: ignore[no-any-return]

    def forcing_statistics(self) -> Moments:
        """Mean, deviation and excess kurtosis of the training's forcing: 0 for a normal one, large for bursts."""
        return Moments(*self._fitted("forcing_statistics").forcing_statistics())

    def bursts(self, run: Trajectory | ArrayLike, *, threshold: float = 2.0, gap: float = 0.0) -> NDArray[np.float64]:
        """When the forcing in a run is active, shape (count, 2): begin and end of each burst.

        threshold  deviations, of the training's forcing, beyond which it is active
        gap        activity that pauses for no longer is one burst
        """
        model = self._fitted("bursts")
        return model.bursts(run_of(run, model, "bursts"), number(threshold, "bursts: threshold"), number(gap, "bursts: gap"))  # type: ignore[no-any-return]

    def predicted_switches(
        self,
        run: Trajectory | ArrayLike,
        *,
        lead: float,
        delay: float = 0.0,
        threshold: float = 2.0,
        gap: float = 0.0,
    ) -> NDArray[np.float64]:
        """When to expect a change of lobe, shape (count, 2): from each burst to `lead` after it.

        lead   how long after a burst a change is expected
        delay  until a burst is known: (delays - 1) dt for a prediction in earnest, as a coordinate bears the
               time of the first sample of its window; 0 for the convention of the paper
        """
        model = self._fitted("predicted_switches")
        return model.alarms(run_of(run, model, "predicted_switches"), lead, delay, threshold, gap)  # type: ignore[no-any-return]

    def switch_score(
        self,
        run: Trajectory | ArrayLike,
        *,
        lead: float,
        delay: float = 0.0,
        threshold: float = 2.0,
        gap: float = 0.0,
        component: int = 0,
    ) -> SwitchScore:
        """Predicted switches against the changes of sign of a component: `foreseen_share` beside `by_chance`."""
        model = self._fitted("switch_score")
        return model.switch_score(run_of(run, model, "switch_score"), lead, delay, threshold, gap, component)  # type: ignore[no-any-return]
