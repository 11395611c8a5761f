# SPDX-License-Identifier: BSD-3-Clause
"""Ways to choose the terms of a law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, Sequence, Tuple

import numpy as np

from ._almagest import sindy as _compiled
from ._almagest.core import InvalidArgument
from ._estimator import Parameters, number, numbers, whole

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Optimizer(Parameters):
    """What chooses the terms of a law."""

    def _compiled(self) -> _compiled.Optimizer:
        raise NotImplementedError

    def regress(self, features: ArrayLike, rates: ArrayLike) -> NDArray[np.float64]:
        """The sparse regression alone: coefficients (features, targets) of what the caller has.

        features  shape (samples, features)
        rates     shape (samples, targets)
        """
        targets = numbers(rates, "regress: rates")
        targets = targets[:, np.newaxis] if targets.ndim == 1 else targets
        return self._compiled().regress(numbers(features, "regress: features"), targets)


class STLSQ(Optimizer):
    """Sequentially thresholded least squares (Brunton, Proctor & Kutz 2016, 10.1073/pnas.1517384113).

    threshold       smaller coefficients are dropped, and the rest is fitted again until none is
    ridge           weight of the squared coefficients while terms are dropped; what is left at the end
                    is fitted without it. It is beside a sum over samples: one that fits 10 000 samples
                    takes true terms where there are few, or where features are small
    max_iterations  of dropping
    normalize       whether threshold and ridge act on coefficients times the root mean square of their
                    feature, so that the threshold has the unit of the derivative
    """

    def __init__(
        self,
        threshold: float = 0.1,
        ridge: float = 0.0,
        max_iterations: int = 20,
        normalize: bool = False,
    ) -> None:
        self.threshold = threshold
        self.ridge = ridge
        self.max_iterations = max_iterations
        self.normalize = normalize

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.stlsq(
            number(self.threshold, "STLSQ: threshold"),
            number(self.ridge, "STLSQ: ridge"),
            whole(self.max_iterations, "STLSQ: max_iterations"),
            bool(self.normalize),
        )


class SSR(Optimizer):
    """Stepwise sparse regression: one term less at a time (Boninsegna et al. 2018, 10.1063/1.5018409).

    criterion   which of the laws to believe: "bic", "aicc", or "cross_validation"
    most_terms  of a component; 0 for no limit
    """

    def __init__(self, criterion: str = "bic", most_terms: int = 0) -> None:
        self.criterion = criterion
        self.most_terms = most_terms

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.ssr(self.criterion, whole(self.most_terms, "SSR: most_terms"))


class FROLS(Optimizer):
    """Forward regression with orthogonal least squares: one term more at a time (Billings 2013).

    criterion   which of the laws to believe: "bic", "aicc", or "cross_validation"
    most_terms  of a component; 0 for no limit
    """

    def __init__(self, criterion: str = "bic", most_terms: int = 0) -> None:
        self.criterion = criterion
        self.most_terms = most_terms

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.frols(self.criterion, whole(self.most_terms, "FROLS: most_terms"))


class BestSubset(Optimizer):
    """The best law of every count of terms, proved so by branch and bound; then the criterion chooses.

    criterion   "bic", "aicc", or "cross_validation"
    most_terms  of a component
    most_nodes  subsets to look at; a search that needs more ends with a warning

    Furnival & Wilson 1974, 10.1080/00401706.1974.10489171.
    """

    def __init__(self, criterion: str = "bic", most_terms: int = 10, most_nodes: int = 1_000_000) -> None:
        self.criterion = criterion
        self.most_terms = most_terms
        self.most_nodes = most_nodes

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.best_subset(
            self.criterion,
            whole(self.most_terms, "BestSubset: most_terms"),
            whole(self.most_nodes, "BestSubset: most_nodes"),
        )


class Lasso(Optimizer):
    """The laws along the LASSO's path, fitted again without its penalty; then the criterion chooses.

    criterion   "bic", "aicc", or "cross_validation"
    penalties   how many, evenly in the logarithm
    least       the smallest, as a share of the one that leaves nothing
    max_sweeps  of coordinate descent for each

    Friedman, Hastie & Tibshirani 2010, 10.18637/jss.v033.i01.
    """

    def __init__(
        self, criterion: str = "bic", penalties: int = 60, least: float = 1e-6, max_sweeps: int = 10_000
    ) -> None:
        self.criterion = criterion
        self.penalties = penalties
        self.least = least
        self.max_sweeps = max_sweeps

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.lasso(
            self.criterion,
            whole(self.penalties, "Lasso: penalties"),
            number(self.least, "Lasso: least"),
            whole(self.max_sweeps, "Lasso: max_sweeps"),
        )


class Evidence(Optimizer):
    """Greedy Bayesian selection with error bars (`coefficient_errors_`).

    prior  standard deviation of the coefficients before the data
    noise  standard deviation of the rates; 0 estimates it. Errors of differencing are no independent
           noise: with them error bars are too small.

    Fung, Fasel & Juniper 2025, 10.1098/rspa.2024.0200.
    """

    def __init__(self, prior: float = 100.0, noise: float = 0.0) -> None:
        self.prior = prior
        self.noise = noise

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.evidence(number(self.prior, "Evidence: prior"), number(self.noise, "Evidence: noise"))


class SR3(Optimizer):
    """Sparse relaxed regularized regression (Champion et al. 2020, 10.1109/ACCESS.2020.3023625).

    threshold       under "l0" smaller coefficients vanish, under "l1" all shrink by it, under "l2" by the
                    factor 1 / (1 + 2 threshold)
    nu              how loosely the sparse coefficients follow the fitted ones
    penalty         "l0", "l1" or "l2"
    max_iterations, tolerance
                    of the relaxation
    unbias          whether the terms that are left are fitted again without penalty
    weights         of the threshold, shape (features, dimension); None means ones
    """

    def __init__(
        self,
        threshold: float = 0.1,
        nu: float = 1.0,
        penalty: str = "l0",
        max_iterations: int = 1000,
        tolerance: float = 1e-8,
        unbias: bool = True,
        weights: ArrayLike | None = None,
    ) -> None:
        self.threshold = threshold
        self.nu = nu
        self.penalty = penalty
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.unbias = unbias
        self.weights = weights

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.sr3(
            number(self.threshold, "SR3: threshold"),
            number(self.nu, "SR3: nu"),
            self.penalty,
            whole(self.max_iterations, "SR3: max_iterations"),
            number(self.tolerance, "SR3: tolerance"),
            bool(self.unbias),
            self.weights,
        )


class Constraint(Parameters):
    """A linear condition on coefficients: their weighted sum equals, or is at least or at most, a number.

    terms     {(component, feature): factor}, by name: {("y", "x z"): 1.0, ("z", "x y"): 1.0}
    equals, at_least, at_most
              the number; give one of them
    """

    def __init__(
        self,
        terms: Mapping[Tuple[str, str], float],
        equals: float | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        self.terms = terms
        self.equals = equals
        self.at_least = at_least
        self.at_most = at_most

    def _row(self) -> tuple[dict[tuple[str, str], float], float, bool]:
        given = [value for value in (self.equals, self.at_least, self.at_most) if value is not None]
        if len(given) != 1:
            raise InvalidArgument(f"Constraint: {self!r} has {len(given)} values; give one of equals, at_least, at_most.")
        value = number(given[0], "Constraint: value")
        sign = -1.0 if self.at_most is not None else 1.0
        return {key: sign * factor for key, factor in self.terms.items()}, sign * value, self.equals is not None


class ConstrainedSR3(Optimizer):
    """SR3 under linear constraints on the coefficients, which the result satisfies to rounding.

    constraints  list of Constraint
    threshold, nu, penalty, max_iterations, tolerance, weights
                 as of SR3; penalty "l0" or "l1"

    >>> energy = al.Constraint({("y", "x z"): 1.0, ("z", "x y"): 1.0}, equals=0.0)
    >>> model = al.SINDy(optimizer=al.ConstrainedSR3([energy])).fit(traj)
    """

    def __init__(
        self,
        constraints: Sequence[Constraint] = (),
        threshold: float = 0.1,
        nu: float = 1.0,
        penalty: str = "l0",
        max_iterations: int = 1000,
        tolerance: float = 1e-8,
        weights: ArrayLike | None = None,
    ) -> None:
        self.constraints = constraints
        self.threshold = threshold
        self.nu = nu
        self.penalty = penalty
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.weights = weights

    def _compiled(self) -> _compiled.Optimizer:
        for one in self.constraints:
            if not isinstance(one, Constraint):
                raise InvalidArgument(f"ConstrainedSR3: constraints holds {one!r}; give al.Constraint(...).")
        return _compiled.constrained_sr3(
            number(self.threshold, "ConstrainedSR3: threshold"),
            number(self.nu, "ConstrainedSR3: nu"),
            self.penalty,
            whole(self.max_iterations, "ConstrainedSR3: max_iterations"),
            number(self.tolerance, "ConstrainedSR3: tolerance"),
            self.weights,
            [one._row() for one in self.constraints],
        )


class TrappingSR3(Optimizer):
    """SR3 for quadratic laws whose solutions provably stay bounded (`trapping_region()`).

    threshold, nu   as of SR3
    eta             how loosely the energy must decay around a centre
    margin          of that decay, in 1 per time
    max_iterations  of moving the centre

    Kaptanoglu et al. 2021, 10.1103/PhysRevFluids.6.094401.
    """

    def __init__(
        self,
        threshold: float = 0.1,
        nu: float = 1.0,
        eta: float = 1e3,
        margin: float = 0.1,
        max_iterations: int = 100,
    ) -> None:
        self.threshold = threshold
        self.nu = nu
        self.eta = eta
        self.margin = margin
        self.max_iterations = max_iterations

    def _compiled(self) -> _compiled.Optimizer:
        return _compiled.trapping_sr3(
            number(self.threshold, "TrappingSR3: threshold"),
            number(self.nu, "TrappingSR3: nu"),
            number(self.eta, "TrappingSR3: eta"),
            number(self.margin, "TrappingSR3: margin"),
            whole(self.max_iterations, "TrappingSR3: max_iterations"),
        )


__all__ = [
    "SR3",
    "SSR",
    "STLSQ",
    "BestSubset",
    "ConstrainedSR3",
    "Constraint",
    "Evidence",
    "FROLS",
    "Lasso",
    "Optimizer",
    "TrappingSR3",
]

