# SPDX-License-Identifier: BSD-3-Clause
"""Neural surrogates, trained in process; each is an estimator and forecasts with a verdict."""

from ._neural_ode import LEADS, HamiltonianNN, IntegralEquation, NeuralODE, PODNeuralODE

__all__ = ["HamiltonianNN", "IntegralEquation", "LEADS", "NeuralODE", "PODNeuralODE"]
