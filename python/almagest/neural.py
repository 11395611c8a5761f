# SPDX-License-Identifier: BSD-3-Clause
"""Neural surrogates, trained in process; each is an estimator and forecasts with a verdict."""

from ._neural_leads import LEADS
from ._neural_ode import HamiltonianNN, NeuralODE
from ._neural_reduced import IntegralEquation, PODNeuralODE

__all__ = ["HamiltonianNN", "IntegralEquation", "LEADS", "NeuralODE", "PODNeuralODE"]
