# SPDX-License-Identifier: BSD-3-Clause
"""Neural operators: learned maps of fields on a periodic grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Sequence, Union

from ._almagest import operators as _compiled
from ._almagest.core import InvalidArgument, SpatialGrid, Trajectory
from ._network import DescendingEstimator, NeuralEstimator

if TYPE_CHECKING:
    _Modes = Union[int, Sequence[int]]


class OperatorEstimator(DescendingEstimator):
    """What the operators share: they learn in single precision from fields with a grid, and forecast on it.

    `fit` takes Trajectories that carry their grid as those of al.spectral do, all on one; arrays, which have none, are
    refused.
    """

    axes: int | None = None  #: of the grids that it takes; None for one or two

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], progress: Any, **given: Any) -> Any:
        name, grid = type(self).__name__, runs[0].grid
        axes = self.axes if grid is None else len(grid.counts)
        if self.axes is not None and axes != self.axes:
            raise InvalidArgument(f"{name}.fit: the runs have a grid of {axes} axes; {name} takes {self.axes}.")
        training = self._training()
        return self._descend(runs, held, seed=training.pop("seed"), training=training, progress=progress)

    def on(self, grid: SpatialGrid) -> Any:
        """The same operator on other points of the same axes: a fitted estimator for that grid.

        Raises InvalidArgument for axes of other lengths, for too few points for the modes, and for a DeepONet, which
        sees the points of its training only.
        """
        other = type(self)(**self.get_params(deep=False))
        other._model = self._fitted("on").on(grid)
        return other

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

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        options = self._read(lists=("modes",), counts=("width", "layers", "projection"))
        return _compiled.fit_fno(runs, held, **options, **how)


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

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        options = self._read(lists=("modes",), counts=("width", "layers", "stencil"))
        return _compiled.fit_dymixop(runs, held, **options, **how)


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

    def _descend(self, runs: list[Trajectory], held: list[Trajectory], **how: Any) -> Any:
        options = self._read(lists=("branch", "trunk"), counts=("terms",))
        return _compiled.fit_deeponet(runs, held, **options, **how)


class Separable(NeuralEstimator):
    """The increment of a state as sums of products of functions of one component, by alternating least squares.

    rank    products in the sum
    atoms   functions that each factor is made from; splines need 4
    kind    'spline': cubic B-splines on equal knots; 'radial': Gaussians at equally spaced centres
    sweeps  over all components
    ridge   on coefficients, for targets of unit variance and each sample
    seed    the same seed gives the same bits

    >>> model = al.neural.Separable(rank=4).fit(run)

    Cost is linear in the dimension for each function.
    https://arxiv.org/abs/2603.12244
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

    def _learn(self, runs: list[Trajectory], held: list[Trajectory], progress: Any, **given: Any) -> Any:
        options = self._read(counts=("rank", "atoms", "sweeps", "seed"), reals=("ridge",))
        return _compiled.fit_separable(runs, kind=self.kind, progress=progress, **options)


def operator_of(model: _compiled.Operator) -> OperatorEstimator:
    """The unfitted estimator that a compiled model came from."""
    kind, axes, parameters = model.architecture
    if kind == "fno":
        return FNO1d(**parameters) if axes == 1 else FNO2d(**parameters)
    return DyMixOp(**parameters) if kind == "dymixop" else DeepONet(**parameters)
