# SPDX-License-Identifier: BSD-3-Clause
"""What the fits of all neural models have in common."""

import almagest as al
import numpy as np
import pytest
from sklearn.base import clone

TIMES = al.TimeGrid.uniform(0.0, 0.1, 80)
ORBIT = al.integrate(al.systems.LotkaVolterra(1, 1, 1, 1), [1, 1.5], TIMES)
X = 2 * np.pi * np.arange(16) / 16
WAVE = al.Trajectory(TIMES, np.sin(X - TIMES.values[:, None]), grid=al.SpatialGrid.periodic(16, 0, 2 * np.pi))
N = al.neural
FORCING = N.TeacherForcing(length=20, batches=2)

DESCENDING = [
    N.MLP(hidden=[4], epochs=2),
    N.StNN(epochs=2),
    N.ALRNN(units=4, rectified=1, epochs=2, forcing=FORCING),
    N.ShallowPLRNN(hidden=4, epochs=2, forcing=FORCING),
    N.GRU(units=4, epochs=2, length=20, warmup=5, batches=2),
    N.S4D(channels=2, pairs=2, epochs=2, length=20, warmup=5, batches=2),
    N.KoopmanAutoencoder(latent=2, hidden=(4,), epochs=2, rollout=2),
    N.NeuralODE(hidden=[4], epochs=2),
    N.HamiltonianNN(hidden=[4], epochs=2),
    N.PODNeuralODE(rank=1, hidden=[4], epochs=2),
    N.IntegralEquation(hidden=[4], epochs=2),
    N.LEADS(hidden=[4], epochs=2),
    N.FNO1d(modes=2, width=4, layers=1, projection=4, epochs=2),
    N.DyMixOp(modes=2, width=4, layers=1, epochs=2),
    N.DeepONet(branch=[4], trunk=[4], terms=2, epochs=2),
]
OTHERS = [N.ESN(units=20, warmup=10), N.NVAR(), N.Separable(rank=1, atoms=4, sweeps=2)]


def by_name(model):
    return type(model).__name__


def data_of(model):
    if isinstance(model, N.LEADS):
        return [ORBIT, ORBIT]
    return WAVE if isinstance(model, N.OperatorEstimator) else ORBIT


@pytest.mark.filterwarnings("ignore::almagest.FitWarning")
@pytest.mark.parametrize("blank", DESCENDING + OTHERS, ids=by_name)
def test_every_fit_shows_the_same_bar_and_scores_its_validation(blank, capsys):
    data = data_of(blank)
    model = clone(blank).fit(data, validation=data, progress=True)
    lines = capsys.readouterr().err
    assert lines.startswith(f"\r{by_name(model)} [") and lines.endswith("0 s left \n") and lines.count("\n") == 1
    assert (", loss " in lines and ", validation " in lines) == isinstance(model, N.TrainedEstimator)
    assert np.isfinite(model.validation_score_) and model.validation_score_ == pytest.approx(model.score(data))
    assert model.parameter_count_ > 0 and model.flops_ > 0 and model.context_ > 0
    assert clone(blank).fit(data).validation_score_ is None
    if blank in DESCENDING:
        assert isinstance(model.history_, N.History) and len(model.history_.loss) == 2
    with pytest.raises(TypeError, match="progress is 3"):
        clone(blank).fit(data, progress=3)


def test_runs_at_other_times_guide_a_fit_but_have_no_score():
    coarse = al.Trajectory(al.TimeGrid.uniform(0.0, 0.2, 40), ORBIT.states[::2])
    uneven = al.Trajectory(np.delete(TIMES.values, [3, 7]), np.delete(ORBIT.states, [3, 7], axis=0))
    for other in (coarse, uneven, ORBIT[:1]):
        assert N.NeuralODE(hidden=[4], epochs=1, batch=8).fit(ORBIT, validation=other).validation_score_ is None
    model = N.NeuralODE(hidden=[4], epochs=1, batch=8).fit(ORBIT, validation=[coarse, ORBIT])
    assert model.validation_score_ == model.score(ORBIT)


@pytest.mark.parametrize("blank", DESCENDING[:1] + [N.NeuralODE(epochs=1), N.LEADS(epochs=1)], ids=by_name)
def test_doubts_are_told_at_the_line_that_called_fit(blank):
    with pytest.warns(al.FitWarning, match="batch is") as caught:
        blank.fit(data_of(blank))
    assert {one.filename for one in caught} == {__file__}
