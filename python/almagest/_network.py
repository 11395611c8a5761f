# SPDX-License-Identifier: BSD-3-Clause
"""What all neural models share: how they are fitted and scored, and how a fit tells how far it is."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Callable, ContextManager, NamedTuple, Sequence, TypeVar, Union

from ._almagest.core import DimensionMismatch, InvalidArgument
from ._estimator import Estimator, as_runs, has_times, read, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ._almagest.core import Trajectory
    from ._estimator import _Data

    _Told = Union[bool, Callable[[float], Union[bool, None]], None]

_Self = TypeVar("_Self", bound="NeuralEstimator")


class History(NamedTuple):
    """Losses of the epochs of a training, shape (epochs,) each."""

    loss: NDArray[np.float64]  #: mean over the batches
    validation: NDArray[np.float64]  #: on runs that were never learned from; NaN where there were none


class Bar:
    """A line on standard error that tells how far a fit is."""

    def __init__(self, name: str) -> None:
        self._name, self._start, self._told, self._loss = name, time.monotonic(), 0.0, ""

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *raised: Any) -> None:
        if self._told:
            sys.stderr.write("\n")

    def __call__(self, fraction: float) -> bool:
        now = time.monotonic()
        if now - self._told >= 0.1 or fraction >= 1:
            self._told = now
            left = (now - self._start) * (1 - fraction) / fraction if fraction > 0 else 0.0
            full = round(30 * fraction)
            bar = f"[{'#' * full}{'.' * (30 - full)}] {fraction:4.0%}"
            sys.stderr.write(f"\r{self._name} {bar}{self._loss}, {left:.0f} s left ")
            sys.stderr.flush()
        return True

    def watch(self, epoch: int, loss: float, validation: float, left: float) -> None:
        """What an epoch gave, for the line."""
        self._loss = f", loss {loss:.3g}" + (f", validation {validation:.3g}" if validation == validation else "")


def told(progress: _Told, name: str) -> ContextManager[Any]:
    """What a fit is to call with the fraction done: a bar for True."""
    if progress is True:
        return Bar(name)
    if progress is None or progress is False or callable(progress):
        return nullcontext(progress or None)
    raise TypeError(f"{name}.fit: progress is {progress!r}; give True, a function of the fraction done, or None.")


def comes_at(step: float | None, run: Trajectory) -> bool:
    """Whether a run has the time step of a training, so that forecasts can be held against it."""
    times = run.times
    return step is not None and len(run) > 1 and times.is_uniform and abs(times.step - step) <= 1e-6 * step


class NeuralEstimator(Estimator):
    """What all neural models share: how they are fitted, a count of parameters, the cost of a step, and a score.

    A subclass keeps its parameters in `__init__` and says in `_learn(runs, held, progress)` how they become a
    compiled model; `held` are the validation runs, of which there may be none.
    """

    #: Of validation runs: score(validation) after the fit; None where none were given.
    validation_score_: float | None = None

    def fit(
        self: _Self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
    ) -> _Self:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data        Trajectory, or array (samples, dimension) with dt; or several of either, all at one time step
        y           ignored; pipelines pass it
        dt          time between the samples of arrays
        validation  the same, of runs that are never learned from; of those that descend by gradients the parameters
                    of the epoch that foresaw them best are kept
        progress    True for a bar on standard error, or a function of the fraction done, which may return False
                    to cancel

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, non-uniform times, too few samples;
        DimensionMismatch, NonFiniteData for bad data; ConvergenceFailure where the loss stops being a number in
        the first epoch; Cancelled.
        """
        return self._fit(data, dt, validation, progress)

    def _fit(
        self: _Self, data: _Data, dt: float | None, validation: _Data | None, progress: _Told, **given: Any
    ) -> _Self:
        """`given` is what the `fit` of a family takes beside that of all."""
        name = type(self).__name__
        runs = self._runs(data, dt, f"{name}.fit")
        held = [] if validation is None else self._runs(validation, dt, f"{name}.fit: validation")
        self._check_held(runs, held)
        with told(progress, name) as tell:
            model = self._learn(runs, held, tell, **given)
        self._adopt(model)
        self.validation_score_ = self._validated(held)
        return self

    def _runs(self, data: Any, dt: float | None, what: str) -> list[Any]:
        return as_runs(data, dt, what)

    def _check_held(self, runs: list[Any], held: list[Any]) -> None:
        """Refuses validation runs that no forecast could be held against, before the training."""
        what, dimension, times = f"{type(self).__name__}.fit: validation", runs[0].dimension, runs[0].times
        for run in held:
            if run.dimension != dimension:
                raise DimensionMismatch(
                    f"{what} has {run.dimension} components, but the runs have {dimension}; the two must agree."
                )
            if len(runs[0]) > 1 and times.is_uniform and not comes_at(times.step, run):
                raise InvalidArgument(
                    f"{what} is a run of {len(run)} samples that has not the time step {times.step} of the training; "
                    "resample it, or give a longer one."
                )

    def _learn(self, runs: list[Any], held: list[Any], progress: Any, **given: Any) -> Any:
        raise NotImplementedError

    def _validated(self, held: list[Any]) -> float | None:
        return self._explained(held, 1) if held else None

    def _explained(self, runs: list[Any], steps: int) -> float:
        return float(self._model.score(runs, steps))

    def _read(self, **kinds: Sequence[str]) -> dict[str, Any]:
        """Parameters by name, checked; see read."""
        return read(self, f"{type(self).__name__}.fit: ", **kinds)

    def _as_trained(self, data: Any, dt: float | None, asked: str) -> list[Any]:
        """Runs; arrays whose dt is not given are at the time step of the training."""
        step = self._fitted(asked).step
        return self._runs(data, step if dt is None and not has_times(data) else dt, f"{type(self).__name__}.{asked}")

    def score(self, data: _Data, y: None = None, *, dt: float | None = None, steps: int = 1) -> float:
        """Share of the variance that forecasts of `steps` samples explain, from up to 100 places in the data.

        1 is perfect, 0 no better than the mean; minus infinity where a forecast diverges.
        Raises InvalidArgument for runs shorter than the context and the steps, or on another grid; DimensionMismatch.
        """
        return self._explained(self._as_trained(data, dt, "score"), whole(steps, f"{type(self).__name__}.score: steps"))

    @property
    def parameter_count_(self) -> int:
        """Numbers that were learned."""
        return int(self._fitted("parameter_count_").parameter_count)

    @property
    def flops_(self) -> float:
        """Additions and multiplications of a step; of an evaluation, where a vector field was learned; of a window of
        an IntegralEquation. Functions such as tanh count as one."""
        return float(self._fitted("flops_").flops)

    @property
    def context_(self) -> int:
        """Samples of history that a forecast needs."""
        return int(self._fitted("context_").context)

    def save(self, path: Any) -> None:
        """As almagest.save(self, path)."""
        from ._io import save

        save(self, path)


class DescendingEstimator(NeuralEstimator):
    """Those that descend by gradients, epoch after epoch. Subclasses have the parameters that `_training` reads."""

    epochs: int
    batch: int
    rate: float
    rollout: int
    input_noise: float
    weight_decay: float
    patience: int
    seed: int

    def _training(self) -> dict[str, Any]:
        """The options of the training by name, as the compiled part takes them."""
        counts, reals = ("epochs", "batch", "rollout", "patience", "seed"), ("rate", "input_noise", "weight_decay")
        return self._read(counts=counts, reals=reals)

    def _learn(self, runs: list[Any], held: list[Any], progress: Any, **given: Any) -> Any:
        return self._descend(runs, held, training=self._training(), progress=progress, **given)

    def _descend(self, runs: list[Any], held: list[Any], **how: Any) -> Any:
        """The compiled model of this architecture; `how` is passed on."""
        raise NotImplementedError

    @property
    def history_(self) -> History:
        """The losses of the epochs; of maps in units of the increments' variance."""
        losses = self._fitted("history_").history
        return History(losses[:, 0], losses[:, 1])
