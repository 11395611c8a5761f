# SPDX-License-Identifier: BSD-3-Clause
"""Dynamics of several environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from ._almagest import neural_ode as _compiled
from ._almagest.core import InvalidArgument, Trajectory
from ._estimator import as_history, as_runs, has_times, whole
from ._network import DescendingEstimator, comes_at

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._almagest.core import Forecast


def _axes(data: Any) -> int:
    """How deep arrays lie in lists, and how many axes they have."""
    return 1 + _axes(data[0]) if isinstance(data, (list, tuple)) and data else np.ndim(data)


class LEADS(DescendingEstimator):
    """Dynamics f(x) + g_e(x) of several environments, with as little in the g_e as the data allow.

    hidden          units of the hidden layers, of f and of each g_e
    sharing         'shared_and_own'; 'shared_only', one model for all; 'own_only', one for each environment
    penalty         weight of what the environments have to themselves
    spectral        within it, weight of the squared norms of the layers of g_e
    forcing         an interior sample is a place to start anew with probability forcing ** (epoch // forcing_epochs)
    forcing_epochs  see there
    method          'rk4', 'midpoint', 'euler' or 'dormand_prince'
    substeps        steps between two samples
    epochs, batch, rate, seed  of the training; a batch counts runs of each environment

    >>> model = al.neural.LEADS(epochs=5000).fit(environments)  # a list of runs, or of lists of runs
    >>> model.forecast(run, 10, environment=3)
    >>> al.integrate(model.environment(3), run[-1], times)

    `fit` and `score` take for each environment a run or several, as other estimators take them: all at the same times,
    and as many of each. The score is the mean over the environments. Yin et al. 2021, arXiv 2106.04546.
    """

    rollout, input_noise, weight_decay, patience = 1, 0.0, 0.0, 0

    def __init__(
        self,
        hidden: Sequence[int] = (64, 64, 64),
        sharing: str = "shared_and_own",
        penalty: float = 1 / 5000,
        spectral: float = 1e-2,
        forcing: float = 0.99,
        forcing_epochs: int = 10,
        method: str = "rk4",
        substeps: int = 1,
        epochs: int = 5000,
        batch: int = 8,
        rate: float = 1e-3,
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.sharing = sharing
        self.penalty = penalty
        self.spectral = spectral
        self.forcing = forcing
        self.forcing_epochs = forcing_epochs
        self.method = method
        self.substeps = substeps
        self.epochs = epochs
        self.batch = batch
        self.rate = rate
        self.seed = seed

    def _runs(self, data: Any, dt: float | None, what: str) -> list[Any]:
        if isinstance(data, Trajectory) or not all(has_times(one) or _axes(one) > 1 for one in data):
            raise InvalidArgument(
                f"{what}: data is a {type(data).__name__}, but LEADS learns from several environments; give a list with "
                "a run, or a list of runs, for each."
            )
        return [as_runs(one, dt, what) for one in data]

    def _check_held(self, runs: list[Any], held: list[Any]) -> None:
        pass  # what is compiled compares environment with environment

    def _descend(self, runs: list[list[Trajectory]], held: list[list[Trajectory]], **how: Any) -> Any:
        counts, reals = ("forcing_epochs", "substeps"), ("penalty", "spectral", "forcing")
        options = self._read(lists=("hidden",), counts=counts, reals=reals)
        return _compiled.fit_leads(runs, held, sharing=self.sharing, method=self.method, **options, **how)

    def _validated(self, held: list[list[Trajectory]]) -> float | None:
        timed = all(comes_at(self._model.step, run) for runs in held for run in runs)
        return super()._validated(held) if timed else None

    def _explained(self, runs: list[list[Trajectory]], steps: int) -> float:
        return float(np.mean([self.environment(number).score(own, steps) for number, own in enumerate(runs)]))

    @property
    def flops_(self) -> float:
        """Additions and multiplications of an evaluation of one environment's vector field; functions count as one."""
        return float(self.environment(0).flops)

    @property
    def context_(self) -> int:
        """Samples of history that a forecast needs."""
        return int(self.environment(0).context)

    @property
    def environments_(self) -> int:
        """Their count."""
        return int(self._fitted("environments_").environments)

    def environment(self, number: int) -> Any:
        """The dynamics of one environment, counted from 0: a system that integrate takes, and that forecasts."""
        return self._fitted("environment").environment(whole(number, "environment: number"))

    def forecast(self, history: Trajectory | ArrayLike, steps: int, environment: int = 0) -> Forecast:
        """Continue a history of one environment by `steps` samples; see other estimators."""
        model, count = self.environment(environment), whole(steps, "forecast: steps")
        return model.forecast(as_history(history, model), count)  # type: ignore[no-any-return]
