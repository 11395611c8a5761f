# SPDX-License-Identifier: BSD-3-Clause
"""Neural surrogates, trained in process; each is an estimator and forecasts with a verdict."""

from ._neural_operators import DeepONet, DyMixOp, FNO1d, FNO2d, OperatorEstimator, Separable

__all__ = ["DeepONet", "DyMixOp", "FNO1d", "FNO2d", "OperatorEstimator", "Separable"]
