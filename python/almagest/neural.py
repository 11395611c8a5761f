# SPDX-License-Identifier: BSD-3-Clause
"""Neural surrogates, trained in process; each is an estimator and forecasts with a verdict.

>>> model = al.neural.MLP(hidden=[64, 64], epochs=100, seed=7).fit(run, validation=held, progress=True)
>>> model.forecast(run, steps=100).verdict
"""

from ._network import History, NeuralEstimator
from ._neural import ESN, MLP, NVAR, StNN, TrainedEstimator, Training
from ._neural_leads import LEADS
from ._neural_ode import HamiltonianNN, NeuralODE
from ._neural_operators import DeepONet, DyMixOp, FNO1d, FNO2d, OperatorEstimator, Separable
from ._neural_recurrent import ALRNN, GRU, S4D, KoopmanAutoencoder, ShallowPLRNN, TeacherForcing
from ._neural_reduced import IntegralEquation, PODNeuralODE

__all__ = [
    "ALRNN",
    "DeepONet",
    "DyMixOp",
    "ESN",
    "FNO1d",
    "FNO2d",
    "GRU",
    "HamiltonianNN",
    "History",
    "IntegralEquation",
    "KoopmanAutoencoder",
    "LEADS",
    "MLP",
    "NVAR",
    "NeuralEstimator",
    "NeuralODE",
    "OperatorEstimator",
    "PODNeuralODE",
    "S4D",
    "Separable",
    "ShallowPLRNN",
    "StNN",
    "TeacherForcing",
    "TrainedEstimator",
    "Training",
]
