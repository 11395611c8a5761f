# SPDX-License-Identifier: BSD-3-Clause
"""Equations of fields, and the weak form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence, TypeVar

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import InvalidArgument
from ._derivatives import Derivative, FiniteDifference
from ._estimator import Parameters, as_runs, check_choice, natural, number, whole
from ._features import Library, Polynomial, compiled_library
from ._optimizers import STLSQ, Optimizer
from ._sindy import SINDy

if TYPE_CHECKING:
    from ._estimator import _Data

_Self = TypeVar("_Self", bound="_OfParameters")


class PDELibrary(Parameters):
    """Terms of a partial differential equation: monomials of the fields times derivatives in space.

    On one axis, with the defaults: u, u^2, u_x, u u_x, u^2 u_x, u_xx, u u_xx, u^2 u_xx. States hold the
    fields one after another, on the SpatialGrid of their trajectory, whose axes are x, y and z.

    degree      of the monomials
    order       of the highest derivative, mixed ones (u_xy) included
    factors     how many derivatives a term may be a product of: 2 allows u_x^2
    bias        whether the constant is a term
    fields      names of the fields; by default u, v, w
    parameters  names of numbers that every run has of its own (Trajectory.parameters): all terms are
                offered times each of them too
    space       "spectral": derivatives by Fourier transforms; "differences": by the nearest points
    accuracy    order of the differences' error: 2, 4, 6 or 8
    periodic    whether the upper end of every axis is the lower one; False takes differences
    """

    def __init__(
        self,
        degree: int = 2,
        order: int = 2,
        factors: int = 1,
        bias: bool = False,
        fields: Sequence[str] | None = None,
        parameters: Sequence[str] | None = None,
        space: str = "spectral",
        accuracy: int = 6,
        periodic: bool = True,
    ) -> None:
        self.degree = degree
        self.order = order
        self.factors = factors
        self.bias = bias
        self.fields = fields
        self.parameters = parameters
        self.space = space
        self.accuracy = accuracy
        self.periodic = periodic

    def _compiled(self) -> _compiled.PdeLibrary:
        if self.space not in ("spectral", "differences"):
            raise InvalidArgument(f"PDELibrary: space is {self.space!r}; give 'spectral' or 'differences'.")
        return _compiled.pde_library(
            whole(self.degree, "PDELibrary: degree"),
            whole(self.order, "PDELibrary: order"),
            whole(self.factors, "PDELibrary: factors"),
            bool(self.bias),
            list(self.fields or ()),
            list(self.parameters or ()),
            self.space == "spectral",
            whole(self.accuracy, "PDELibrary: accuracy"),
            bool(self.periodic),
        )


class _OfParameters(SINDy):
    """Laws that may have parameters."""

    def at(self: _Self, parameters: Mapping[str, float] | None = None, **values: float) -> _Self:
        """The fitted equation of fields at values of its parameters, for integrate and for runs without their own.

        Raises InvalidArgument where one is missing, is not known or is not finite, and for a law of motion.
        """
        model, given = self._fitted("at"), {**(parameters or {}), **values}
        if not hasattr(model, "at"):
            raise InvalidArgument("at: a law of motion has no parameters; give a PDELibrary(parameters=[...]) to fit.")
        known = list(model.library[5])
        for name, value in given.items():
            if name not in known:
                names = ", ".join(known) or "none"
                raise InvalidArgument(f"at: {name} is no parameter of the equation; those are {names}.")
            if not np.isfinite(number(value, f"at: {name}")):
                raise InvalidArgument(f"at: {name} is {value}; give a finite number.")
        other = type(self)(**self.get_params(deep=False))
        other._model = model.at(given)
        return other


class PDEFind(_OfParameters):
    """A partial differential equation with few terms, learned from runs of fields (PDE-FIND).

    Rudy, Brunton, Proctor & Kutz 2017, 10.1126/sciadv.1602614

    library     of terms; None means PDELibrary()
    optimizer   STLSQ, ...; None means STLSQ()
    derivative  in time: FiniteDifference, SavitzkyGolay, ...; None means FiniteDifference(order=8)
    share       of the points of every sample that enter the fit, drawn at random
    seed        of that draw

    >>> model = al.PDEFind(al.PDELibrary(order=3), al.STLSQ(threshold=0.3)).fit(run)
    >>> print(model)                    # u_t = -6.0000 u u_x - 1.0000 u_xxx
    >>> ahead = model.forecast(run, steps=100)

    Derivatives in space amplify noise: with more than about 0.1 % of it take WeakSINDy. A fitted model is
    also a system of the values on the grid: al.integrate(model, ...), model(u). Forecasts are
    spectral, without aliasing, and exact in linear terms, so that stiff equations cost no more than mild ones.
    """

    def __init__(
        self,
        library: PDELibrary | None = None,
        optimizer: Optimizer | None = None,
        derivative: Derivative | None = None,
        share: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.library = library  # type: ignore[assignment]
        self.optimizer = optimizer
        self.derivative = derivative
        self.share = share
        self.seed = seed

    def fit(  # type: ignore[override]
        self, data: _Data, y: None = None, *, dt: float | None = None
    ) -> PDEFind:
        """Learn from a trajectory whose state is a field on a grid, a list of them, or an Ensemble.

        data  Trajectory with a grid, or several on one grid; their lengths, times and parameters differ
              if they like
        y     ignored; pipelines pass it
        dt    not of use: arrays have no grid

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for impossible parameters, runs without a grid or too short for the
        derivative, or a threshold that removes every term; DimensionMismatch, NonFiniteData for bad data.
        """
        library = PDELibrary() if self.library is None else self.library
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        derivative = FiniteDifference(order=8) if self.derivative is None else self.derivative
        if not isinstance(library, PDELibrary):
            raise InvalidArgument(f"PDEFind.fit: library is {library!r}; give al.PDELibrary(...).")
        check_choice(optimizer, Optimizer, "PDEFind.fit: optimizer")
        check_choice(derivative, Derivative, "PDEFind.fit: derivative")
        self._adopt(
            _compiled.fit_pde(
                as_runs(data, dt, "PDEFind.fit"),
                library._compiled(),
                optimizer._compiled(),
                derivative._compiled(),
                number(self.share, "PDEFind: share"),
                natural(self.seed, "PDEFind: seed"),
            )
        )
        return self


class WeakSINDy(_OfParameters):
    """A law of motion, or an equation of fields, from its weak form; for noisy samples.

    The equation is multiplied by test functions, bumps (1 - s^2)^degree on small windows, and integrated:
    derivatives of the samples become derivatives of the bumps.
    Messenger & Bortz 2021, 10.1137/20M1343166 and 10.1016/j.jcp.2021.110525

    library     Polynomial, ... for a law of motion; PDELibrary for an equation of fields
    optimizer   STLSQ, ...; None means STLSQ()
    count       of test functions, at places drawn at random; 0 means all places
    half_time   half the width of a window, in samples (on uneven times in mean steps); 0 is a choice
    half_space  half the width along each axis of a grid, in points; None is a choice
    degree      of the bumps; 0 is a choice
    integral    True integrates over windows of time without a bump: the integral form
    seed        of the draw

    >>> model = al.WeakSINDy(al.PDELibrary(order=3), al.STLSQ(threshold=0.05)).fit(noisy)
    """

    def __init__(
        self,
        library: Library | PDELibrary | None = None,
        optimizer: Optimizer | None = None,
        count: int = 1000,
        half_time: int = 0,
        half_space: Sequence[int] | None = None,
        degree: int = 0,
        integral: bool = False,
        seed: int = 0,
    ) -> None:
        self.library = library  # type: ignore[assignment]
        self.optimizer = optimizer
        self.count = count
        self.half_time = half_time
        self.half_space = half_space
        self.degree = degree
        self.integral = integral
        self.seed = seed

    def fit(  # type: ignore[override]
        self, data: _Data, y: None = None, *, dt: float | None = None
    ) -> WeakSINDy:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data  Trajectory, or array (samples, dimension) with dt; or several of either. No window straddles
              two runs. For a PDELibrary every run has the same grid.
        y     ignored; pipelines pass it
        dt    time between the samples of arrays

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for impossible parameters, test functions wider than a run or an axis, or a
        threshold that removes every term; DimensionMismatch, NonFiniteData for bad data.
        """
        library: Library | PDELibrary = Polynomial() if self.library is None else self.library
        optimizer = STLSQ() if self.optimizer is None else self.optimizer
        check_choice(optimizer, Optimizer, "WeakSINDy.fit: optimizer")
        half_space = [whole(h, "WeakSINDy: half_space") for h in self.half_space or ()]
        form = _compiled.weak_form(
            whole(self.count, "WeakSINDy: count"),
            whole(self.half_time, "WeakSINDy: half_time"),
            half_space,
            whole(self.degree, "WeakSINDy: degree"),
            bool(self.integral),
            natural(self.seed, "WeakSINDy: seed"),
        )
        runs = as_runs(data, dt, "WeakSINDy.fit")
        if isinstance(library, PDELibrary):
            self._adopt(_compiled.fit_weak_pde(runs, library._compiled(), optimizer._compiled(), form))
        else:
            features = compiled_library(library, "WeakSINDy.fit: library")
            self._adopt(_compiled.fit_weak(runs, features, optimizer._compiled(), form))
        return self
