# SPDX-License-Identifier: BSD-3-Clause
"""The habits of scikit-learn's estimators, without scikit-learn; and what models learn from."""

from __future__ import annotations

import inspect
import sys
import warnings
from importlib import import_module
from numbers import Real
from operator import index
from typing import TYPE_CHECKING, Any, Iterable, List, Sequence, Union

import numpy as np

from ._almagest.core import (
    DimensionMismatch,
    Ensemble,
    Forecast,
    InvalidArgument,
    NonFiniteData,
    NotFitted,
    TimeGrid,
    Trajectory,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    _Data = Union[Trajectory, Ensemble, ArrayLike, Sequence[Union[Trajectory, ArrayLike]]]


class FitWarning(UserWarning):
    """What a fit found doubtful. The sentences are in the model's `warnings_` too."""


def same(one: Any, other: Any) -> bool:
    """Whether two parameters are equal, arrays entry by entry."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and np.array_equal(one, other)
    if isinstance(one, (list, tuple)) and type(one) is type(other):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    return bool(one == other)


class Parameters:
    """Keyword parameters that can be asked for and set, as scikit-learn's clone and searches do."""

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` those of parameters too, as 'library__degree'."""
        found: dict[str, Any] = {}
        for name in self._parameter_names():
            value = getattr(self, name)
            found[name] = value
            if deep and isinstance(value, Parameters):
                found.update({f"{name}__{inner}": v for inner, v in value.get_params().items()})
        return found

    def set_params(self, **params: Any) -> Any:
        """Set parameters, those of parameters as `library__degree=3`; returns self.

        Raises InvalidArgument for a name that is no parameter.
        """
        known = self._parameter_names()
        # Parts first: their own parameters may come in the same call.
        for name, value in sorted(params.items(), key=lambda item: "__" in item[0]):
            own, _, inner = name.partition("__")
            if own not in known:
                raise InvalidArgument(
                    f"set_params: {name} is no parameter of {self!r}; choose from {', '.join(known)}."
                )
            if not inner:
                setattr(self, name, value)
                continue
            part = getattr(self, own)
            if not isinstance(part, Parameters):
                raise InvalidArgument(
                    f"set_params: {name} cannot be set, as {own} is {part!r}; set {own} to an object with "
                    "parameters first."
                )
            part.set_params(**{inner: value})
        return self

    def __repr__(self) -> str:
        usual = {name: p.default for name, p in inspect.signature(type(self).__init__).parameters.items()}
        given = [f"{n}={v!r}" for n, v in self.get_params(deep=False).items() if not same(v, usual[n])]
        return f"{type(self).__name__}({', '.join(given)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters) or type(other) is not type(self):
            return NotImplemented
        mine, others = self.get_params(deep=False), other.get_params(deep=False)
        return all(same(value, others[name]) for name, value in mine.items())


class Learner(Parameters):
    """What all that learn share: a compiled model once fitted, and its doubts."""

    _model: Any = None

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__

    def __sklearn_is_fitted__(self) -> bool:
        return self._model is not None

    def __sklearn_tags__(self) -> Any:
        # Imported here: scikit-learn alone calls this, from 1.6 on, and the package does without it.
        utils: Any = import_module("sklearn.utils")
        return utils.Tags(
            estimator_type=None,
            target_tags=utils.TargetTags(required=False),
            transformer_tags=None,
            classifier_tags=None,
            regressor_tags=None,
        )

    def _fitted(self, asked: str) -> Any:
        """The compiled model. Raises NotFitted, which names what was asked for."""
        if self._model is None:
            kind = type(self).__name__
            raise NotFitted(f"{kind}.{asked}: this model is not fitted yet; call fit(trajectory) first.")
        return self._model

    def _adopt(self, model: Any) -> None:
        """Takes a freshly fitted model and passes its doubts on, to the line that called into this package."""
        self._model = model
        level, frame = 1, sys._getframe()
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("almagest."):
            level, frame = level + 1, frame.f_back
        for text in model.warnings:
            warnings.warn(text, FitWarning, stacklevel=level)

    @property
    def warnings_(self) -> list[str]:
        """What the fit found doubtful, in sentences."""
        return list(self._fitted("warnings_").warnings)


class Gatherer(Learner):
    """Those that also learn from data in pieces. Their model is made when it is next asked for."""

    _gathered: Any = None  #: what partial_fit fills
    _stale = False  #: whether it knows more than the model

    def _fitted(self, asked: str) -> Any:
        if self._stale:
            self._model, self._stale = self._gathered.solve(), False
        return super()._fitted(asked)

    def __sklearn_is_fitted__(self) -> bool:
        return self._stale or super().__sklearn_is_fitted__()

    def __getstate__(self) -> dict[str, Any]:
        # What was gathered stays behind; the model of it goes along.
        if self._stale:
            self._fitted("__getstate__")
        return {name: value for name, value in self.__dict__.items() if name != "_gathered"}


class Estimator(Learner):
    """Those whose model forecasts."""

    def forecast(self, history: Trajectory | ArrayLike, steps: int) -> Forecast:
        """Continue a history by `steps` samples at the time step of the training.

        history  Trajectory, or an array of its last samples, (samples, dimension), at the training's
                 time step and ending at time 0; a model that needs one sample takes a state too.

        Returns a Forecast, a Trajectory with a `verdict`: it begins one step after the history, and
        ends early where it diverges.
        Raises DimensionMismatch, InvalidArgument for a history of another dimension, time step or
        grid than the training, or a short one; ConvergenceFailure where no sample can be foreseen.
        """
        model = self._fitted("forecast")
        count = whole(steps, "forecast: steps")
        return model.forecast(as_history(history, model), count)  # type: ignore[no-any-return]


def whole(value: Any, what: str) -> int:
    """A parameter that counts something, of any integral type."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{what} is {value!r}; give a whole number, without a decimal point.") from None


def natural(value: Any, what: str, bits: int = 64) -> int:
    """A parameter that is a whole number of so many bits without a sign: a seed, or a count of threads."""
    count = whole(value, what)
    if not 0 <= count < 2**bits:
        raise InvalidArgument(f"{what} is {count}; give a whole number from 0 to 2**{bits} - 1.")
    return count


def number(value: Any, what: str) -> float:
    """A parameter that is one real number."""
    if not isinstance(value, Real):
        raise TypeError(f"{what} is {value!r}; give one real number.")
    return float(value)


def read(
    source: Parameters, what: str, *, lists: Sequence[str] = (), counts: Sequence[str] = (), reals: Sequence[str] = ()
) -> dict[str, Any]:
    """Parameters by name, checked: `lists` of counts, of which one may stand alone, `counts`, and `reals`."""
    found: dict[str, Any] = {}
    for name in lists:
        value = getattr(source, name)
        found[name] = [whole(one, what + name) for one in (value if isinstance(value, Iterable) else [value])]
    bits = {"seed": 64, "threads": 32}
    for name in counts:
        value = getattr(source, name)
        found[name] = natural(value, what + name, bits[name]) if name in bits else whole(value, what + name)
    found.update({name: number(getattr(source, name), what + name) for name in reals})
    return found


def numbers(values: Any, what: str) -> NDArray[np.float64]:
    """An array of finite real numbers, none of which is masked."""
    given = np.asanyarray(values)
    if np.ma.is_masked(given):
        raise NonFiniteData(f"{what} is a masked array with values missing; remove or interpolate them.")
    if np.iscomplexobj(given):
        raise InvalidArgument(f"{what} is complex; give real numbers, such as its real part.")
    found = np.asarray(given, dtype=float)
    if not np.isfinite(found).all():
        raise NonFiniteData(f"{what} holds a value that is not finite; remove or interpolate such samples.")
    return found


def as_run(data: Trajectory | ArrayLike, dt: float | None, what: str) -> Trajectory:
    """A trajectory as it is, an array with its time step."""
    if isinstance(data, Trajectory):
        if dt is not None:
            raise InvalidArgument(
                f"{what}: dt = {dt} is given for a Trajectory, which has times of its own; leave dt out."
            )
        return data
    if dt is None:
        raise InvalidArgument(
            f"{what}: an array tells no times; give dt=, the time between its samples, or a Trajectory."
        )
    states = np.asarray(data)
    if states.ndim == 0 or len(states) == 0:
        raise InvalidArgument(
            f"{what}: the array has shape {states.shape} and so no samples; give (samples, dimension)."
        )
    return Trajectory(TimeGrid.uniform(0.0, number(dt, f"{what}: dt"), len(states)), data)


def has_times(data: Any) -> bool:
    """Whether the data are trajectories, which have times of their own."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (Ensemble, Trajectory))


def as_runs(data: _Data, dt: float | None, what: str) -> List[Trajectory]:
    """One run, or the runs of a list or an ensemble."""
    if isinstance(data, Ensemble):
        return [as_run(run, dt, what) for run in data]
    if isinstance(data, (list, tuple)):
        # A list of numbers, or of rows of one length, is an array that has not become one yet.
        shapes = {None if isinstance(run, Trajectory) else np.shape(run) for run in data}
        if len(shapes) != 1 or any(shape is None or len(shape) > 1 for shape in shapes):
            return [as_run(run, dt, what) for run in data]
    return [as_run(data, dt, what)]  # type: ignore[arg-type]


def as_history(history: Trajectory | ArrayLike, model: Any) -> Trajectory:
    """A history at the time step of the model's training."""
    if isinstance(history, Trajectory):
        return history
    if model.step is None:
        raise InvalidArgument(
            "forecast: history is an array, but the model was trained on non-uniform times and has no "
            "time step; give a Trajectory, whose times tell one."
        )
    states = np.asanyarray(history)  # a masked array stays one, which Trajectory refuses
    if states.ndim == 1 and model.context == 1 and model.dimension > 1:
        states = states[np.newaxis, :]
    if states.ndim == 0 or len(states) == 0:
        raise InvalidArgument(
            f"forecast: history has shape {states.shape} and so no samples; give (samples, dimension)."
        )
    start = model.step * (1 - len(states))
    return Trajectory(TimeGrid.uniform(start, model.step, len(states)), states)


def check_choice(value: Any, kind: type, what: str) -> None:
    """Refuses a parameter that is of no subclass, at the time of the fit as scikit-learn's habit is."""
    if not isinstance(value, kind):
        names = " or ".join(f"al.{k.__name__}(...)" for k in kind.__subclasses__() or [kind])
        raise InvalidArgument(f"{what} is {value!r}; give {names}.")


__all__ = ["DimensionMismatch", "Estimator", "FitWarning", "Parameters"]
