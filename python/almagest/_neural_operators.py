# SPDX-License-Identifier: BSD-3-Clause
"""Neural operators: learned maps of fields on a periodic grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Sequence, Union

from ._almagest import operators as _compiled
from ._almagest.core import InvalidArgument, SpatialGrid, Trajectory
from ._estimator import Estimator, as_runs, has_times, number, whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ._estimator import _Data

    _Told = Union[bool, Callable[[float], Union[bool, None]], None]
    _Modes = Union[int, Sequence[int]]


class Losses(NamedTuple):
    """Losses of the epochs of a training, shape (epochs,) each."""

    loss: NDArray[np.float64]  #: mean over the batches
    validation: NDArray[np.float64]  #: on runs that were never learned from; NaN where there were none


class _Scored(Estimator):
    """A count of parameters, the cost of a step, and a score."""

    #: Of validation runs: score(validation) after the fit; None where none were given.
    validation_score_: float | None = None

    def score(self, data: _Data, y: None = None, *, dt: float | None = None, steps: int = 1) -> float:
        """Share of the variance that forecasts of `steps` samples explain, from up to 100 places in the data.

        1 is perfect, 0 no better than the mean; minus infinity where a forecast diverges.
        Raises InvalidArgument for runs shorter than the steps, or on another grid; DimensionMismatch.
        """
        name = type(self).__name__
        model = self._fitted("score")
        runs = as_runs(data, model.step if dt is None and not has_times(data) else dt, f"{name}.score")
        return float(model.score(runs, whole(steps, f"{name}.score: steps")))

    @property
    def parameter_count_(self) -> int:
        """Numbers that were learned."""
        return int(self._fitted("parameter_count_").parameter_count)

    @property
    def flops_(self) -> float:
        """Additions and multiplications of a step; functions such as tanh count as one."""
        return float(self._fitted("flops_").flops)

    def save(self, path: Any) -> None:
        """As almagest.save(self, path)."""
        from ._io import save

        save(self, path)


class OperatorEstimator(_Scored):
    """What the operators share: they learn from fields with a grid, in single precision, and forecast on it."""

    axes: int | None = None  #: of the grids that it takes; None for one or two
    epochs: int
    batch: int
    rate: float
    rollout: int
    weight_decay: float
    input_noise: float
    patience: int
    seed: int

    def fit(
        self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
    ) -> Any:
        """Learn from a trajectory of fields, or several, that carry their grid as those of al.spectral do.

        data        Trajectory with a grid, a list of them, an Ensemble; all on one grid at one time step
        y           ignored; pipelines pass it
        dt          for arrays, which have no grid and are refused: give Trajectories
        validation  the same, of runs that are never learned from; the parameters of the epoch that foresaw them
                    best are kept
        progress    a function of the fraction done, which may return False to cancel; True prints it

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, runs without a grid or on several, non-uniform times,
        too few samples or points; ConvergenceFailure where the loss stops being a number in the first epoch;
        Cancelled.
        """
        name = type(self).__name__
        runs = as_runs(data, dt, f"{name}.fit")
        held = [] if validation is None else as_runs(validation, dt, f"{name}.fit: validation")
        grid = runs[0].grid
        if self.axes is not None and grid is not None and len(grid.counts) != self.axes:
            raise InvalidArgument(f"{name}.fit: the runs have a grid of {len(grid.counts)} axes; {name} takes {self.axes}.")
        self._adopt(self._learn(runs, held, self._training(), whole(self.seed, f"{name}.fit: seed"), _told(progress, name)))
        self.validation_score_ = self._model.score(held, 1) if held else None
        return self

    def _learn(
        self, runs: list[Trajectory], held: list[Trajectory], training: dict[str, float], seed: int, progress: Any
    ) -> Any:
        raise NotImplementedError

    def _training(self) -> dict[str, float]:
        name = type(self).__name__
        counted = {own: whole(getattr(self, own), f"{name}.fit: {own}") for own in ("epochs", "batch", "rollout", "patience")}
        real = {own: number(getattr(self, own), f"{name}.fit: {own}") for own in ("rate", "weight_decay", "input_noise")}
        return {**counted, **real}

    def on(self, grid: SpatialGrid) -> Any:
        """The same operator on other points of the same axes: a fitted estimator for that grid.

        Raises InvalidArgument for axes of other lengths, for too few points for the modes, and for a DeepONet, which
        sees the points of its training only.
        """
        other = type(self)(**self.get_params(deep=False))
        other._model = self._fitted("on").on(grid)
        return other

    @property
    def history_(self) -> Losses:
        """The losses of the epochs, in units of the increments' variance."""
        losses = self._fitted("history_").history
        return Losses(losses[:, 0], losses[:, 1])

    @property
    def grid_(self) -> SpatialGrid:
        """Of the fields."""
        return self._fitted("grid_").grid  # type: ignore[no-any-return]


class FNO1d(OperatorEstimator):
    """A Fourier neural operator for the increment of a field on one periodic axis.

    modes         Fourier modes with a matrix of their own; at most half the points
    width         channels inside
    layers        Fourier layers
    epochs        passes over the samples
    seed          the same seed gives the same bits
    projection    channels of the last hidden layer
    batch         samples of a step
    rate          the largest
    rollout       steps in a row whose errors are the loss
    weight_decay  per unit of rate
    input_noise   added to the start of every rollout, relative to each channel's standard deviation
    patience      epochs without a better validation after which training ends; 0 for no limit

    >>> model = al.neural.FNO1d(modes=12, width=24, epochs=50).fit(runs, validation=held)
    >>> fine = model.on(al.SpatialGrid.periodic(256, 0, 2 * np.pi))

    Parameters do not depend on the number of points. Li et al. 2021, https://arxiv.org/abs/2010.08895
    """

    axes = 1

    def __init__(
        self,
        modes: int = 16,
        width: int = 32,
        layers: int = 4,
        epochs: int = 100,
        seed: int = 0,
        projection: int = 128,
        batch: int = 32,
        rate: float = 3e-3,
        rollout: int = 1,
        weight_decay: float = 0.0,
        input_noise: float = 0.0,
        patience: int = 0,
    ) -> None:
        self.modes = modes
        self.width = width
        self.layers = layers
        self.epochs = epochs
        self.seed = seed
        self.projection = projection
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.weight_decay = weight_decay
        self.input_noise = input_noise
        self.patience = patience

    def _learn(
        self, runs: list[Trajectory], held: list[Trajectory], training: dict[str, float], seed: int, progress: Any
    ) -> Any:
        name = type(self).__name__
        return _compiled.fit_fno(
            runs,
            held,
            _counts(self.modes, f"{name}.fit: modes"),
            whole(self.width, f"{name}.fit: width"),
            whole(self.layers, f"{name}.fit: layers"),
            whole(self.projection, f"{name}.fit: projection"),
            training,
            seed,
            progress,
        )


class FNO2d(FNO1d):
    """A Fourier neural operator for the increment of a field on two periodic axes; parameters as FNO1d.

    modes  along each axis, one number or two; on the first axis as many positive as negative ones
    """

    axes = 2

    def __init__(
        self,
        modes: _Modes = 8,
        width: int = 16,
        layers: int = 4,
        epochs: int = 100,
        seed: int = 0,
        projection: int = 64,
        batch: int = 16,
        rate: float = 3e-3,
        rollout: int = 1,
        weight_decay: float = 0.0,
        input_noise: float = 0.0,
        patience: int = 0,
    ) -> None:
        super().__init__(
            modes,  # type: ignore[arg-type]
            width,
            layers,
            epochs,
            seed,
            projection,
            batch,
            rate,
            rollout,
            weight_decay,
            input_noise,
            patience,
        )


class DyMixOp(OperatorEstimator):
    """A neural operator whose layers multiply a global (Fourier) term by a local (stencil) one.

    modes    of the Fourier terms
    width    channels inside
    layers   of mixing
    stencil  points of the local terms along each axis, an odd number

    The others as in FNO1d. After https://github.com/Lain-PY/DyMixOp, without its parallel branch.
    """

    def __init__(
        self,
        modes: _Modes = 12,
        width: int = 24,
        layers: int = 4,
        epochs: int = 100,
        seed: int = 0,
        stencil: int = 3,
        batch: int = 32,
        rate: float = 3e-3,
        rollout: int = 1,
        weight_decay: float = 0.0,
        input_noise: float = 0.0,
        patience: int = 0,
    ) -> None:
        self.modes = modes
        self.width = width
        self.layers = layers
        self.epochs = epochs
        self.seed = seed
        self.stencil = stencil
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.weight_decay = weight_decay
        self.input_noise = input_noise
        self.patience = patience

    def _learn(
        self, runs: list[Trajectory], held: list[Trajectory], training: dict[str, float], seed: int, progress: Any
    ) -> Any:
        name = "DyMixOp.fit"
        return _compiled.fit_dymixop(
            runs,
            held,
            _counts(self.modes, f"{name}: modes"),
            whole(self.width, f"{name}: width"),
            whole(self.layers, f"{name}: layers"),
            whole(self.stencil, f"{name}: stencil"),
            training,
            seed,
            progress,
        )


class DeepONet(OperatorEstimator):
    """A deep operator network for the increment of a field: branch and trunk perceptrons, and their product.

    branch  units of the hidden layers of the network that sees the field
    trunk   of the one that sees the coordinates of a point
    terms   products that are summed

    The others as in FNO1d. It forecasts on the grid of its training only. Lu et al. 2021, 10.1038/s42256-021-00302-5
    """

    def __init__(
        self,
        branch: Sequence[int] = (64, 64),
        trunk: Sequence[int] = (64, 64),
        terms: int = 32,
        epochs: int = 200,
        seed: int = 0,
        batch: int = 32,
        rate: float = 3e-3,
        rollout: int = 1,
        weight_decay: float = 0.0,
        input_noise: float = 0.0,
        patience: int = 0,
    ) -> None:
        self.branch = branch
        self.trunk = trunk
        self.terms = terms
        self.epochs = epochs
        self.seed = seed
        self.batch = batch
        self.rate = rate
        self.rollout = rollout
        self.weight_decay = weight_decay
        self.input_noise = input_noise
        self.patience = patience

    def _learn(
        self, runs: list[Trajectory], held: list[Trajectory], training: dict[str, float], seed: int, progress: Any
    ) -> Any:
        name = "DeepONet.fit"
        return _compiled.fit_deeponet(
            runs,
            held,
            _counts(self.branch, f"{name}: branch"),
            _counts(self.trunk, f"{name}: trunk"),
            whole(self.terms, f"{name}: terms"),
            training,
            seed,
            progress,
        )


class Separable(_Scored):
    """The increment of a state as sums of products of functions of one component, by alternating least squares.

    rank    products in the sum
    atoms   functions that each factor is made from; splines need 4
    kind    'spline': cubic B-splines on equal knots; 'radial': Gaussians at equally spaced centres
    sweeps  over all components
    ridge   on coefficients, for targets of unit variance and each sample
    seed    the same seed gives the same bits

    >>> model = al.neural.Separable(rank=4).fit(run)

    Cost is linear in the dimension for each function. https://arxiv.org/abs/2603.12244
    """

    def __init__(
        self, rank: int = 6, atoms: int = 8, kind: str = "spline", sweeps: int = 40, ridge: float = 1e-10, seed: int = 0
    ) -> None:
        self.rank = rank
        self.atoms = atoms
        self.kind = kind
        self.sweeps = sweeps
        self.ridge = ridge
        self.seed = seed

    def fit(
        self,
        data: _Data,
        y: None = None,
        *,
        dt: float | None = None,
        validation: _Data | None = None,
        progress: _Told = None,
    ) -> Any:
        """Learn from a trajectory, a list of them, an Ensemble, or arrays with their time step.

        data        Trajectory, or array (samples, dimension) with dt; or several of either, all at one time step
        y           ignored; pipelines pass it
        dt          time between the samples of arrays
        validation  the same, of runs that are never learned from; for `validation_score_`
        progress    called with 1 at the end

        Returns self. Doubts of the fit come as FitWarning and stay in `warnings_`.
        Raises InvalidArgument for parameters out of range, non-uniform times, a component that never changes;
        DimensionMismatch, NonFiniteData for bad data.
        """
        runs = as_runs(data, dt, "Separable.fit")
        held = [] if validation is None else as_runs(validation, dt, "Separable.fit: validation")
        counts = [whole(getattr(self, own), f"Separable.fit: {own}") for own in ("rank", "atoms", "sweeps", "seed")]
        ridge = number(self.ridge, "Separable.fit: ridge")
        told = _told(progress, "Separable")
        self._adopt(_compiled.fit_separable(runs, counts[0], counts[1], self.kind, counts[2], ridge, counts[3]))
        self.validation_score_ = self._model.score(held, 1) if held else None
        if told is not None:
            told(1.0)
        return self


def operator_of(model: _compiled.Operator) -> OperatorEstimator:
    """The unfitted estimator that a compiled model came from."""
    kind, axes, parameters = model.architecture
    if kind == "fno":
        return FNO1d(**parameters) if axes == 1 else FNO2d(**parameters)
    return DyMixOp(**parameters) if kind == "dymixop" else DeepONet(**parameters)


def _counts(value: Any, what: str) -> list[int]:
    """One number or several."""
    return [whole(each, what) for each in (value if isinstance(value, (list, tuple)) else [value])]


def _told(progress: _Told, name: str) -> Callable[[float], bool | None] | None:
    """What a fit is to call with the fraction done."""
    if progress is True:
        return lambda fraction: print(f"\r{name} {fraction:4.0%}", end="" if fraction < 1 else "\n", flush=True)
    if progress is None or progress is False or callable(progress):
        return progress or None
    raise TypeError(f"{name}.fit: progress is {progress!r}; give True, a function of the fraction done, or None.")
