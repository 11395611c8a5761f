# SPDX-License-Identifier: BSD-3-Clause
"""Dynamics of several environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence

import numpy as np

from ._almagest import neural_ode as _compiled
from ._estimator import Estimator, as_history, as_runs, number, whole
from ._neural_ode import Descending, teller

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._almagest.core import Forecast, Trajectory
    from ._estimator import _Data
    from ._neural_ode import _Told


class LEADS(Descending, Estimator):
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

    Yin et al. 2021, arXiv 2106.04546.
    """

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

    def fit(
        self,
        data: Sequence[_Data],
        y: None = None,
        *,
        dt: float | None = None,
        validation: Sequence[_Data] | None = None,
        progress: _Told = None,
    ) -> LEADS:
        """Learn from the runs of each environment: all at the same times, and as many of each.

        data        for each environment a run or several, as other estimators take them
        y           ignored
        dt          time between the samples of arrays
        validation  the same, of runs that are never learned from; the parameters that foresaw them best are kept
        progress    True to be told on standard error, or a function of the fraction done

        Returns self. Raises as NeuralODE.fit does, and InvalidArgument for runs that do not stand side by side.
        """
        runs = [as_runs(one, dt, "LEADS.fit") for one in data]
        held = [as_runs(one, dt, "LEADS.fit: validation") for one in validation or []]
        penalty, spectral = number(self.penalty, "LEADS.fit: penalty"), number(self.spectral, "LEADS.fit: spectral")
        forcing = number(self.forcing, "LEADS.fit: forcing")
        forcing_epochs = whole(self.forcing_epochs, "LEADS.fit: forcing_epochs")
        substeps = whole(self.substeps, "LEADS.fit: substeps")
        self._adopt(
            _compiled.fit_leads(
                runs, held, self._hidden(), self.sharing, penalty, spectral, forcing, forcing_epochs, self.method, substeps,
                self._training(), teller(progress, "LEADS"),
            )  # fmt: skip
        )
        return self

    @property
    def environments_(self) -> int:
        """Their count."""
        return int(self._fitted("environments_").environments)

    def environment(self, number: int) -> Any:
        """The dynamics of one environment, counted from 0: a system that integrate takes, and that forecasts."""
        return self._fitted("environment").environment(whole(number, "environment: number"))

    def forecast(self, history: Trajectory | ArrayLike, steps: int, environment: int = 0) -> Forecast:
        """Continue a history of one environment by `steps` samples; see other estimators."""
        model = self.environment(environment)
        return model.forecast(as_history(history, model), whole(steps, "forecast: steps"))  # type: ignore[no-any-return]

    def score(self, data: Sequence[_Data], y: None = None, *, dt: float | None = None, steps: int = 1) -> float:
        """Mean over the environments of the share of variance that forecasts of `steps` samples explain."""
        count = whole(steps, "LEADS.score: steps")
        shares = [self.environment(e).score(as_runs(one, dt, "LEADS.score"), count) for e, one in enumerate(data)]
        return float(np.mean(shares))
