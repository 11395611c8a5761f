# SPDX-License-Identifier: BSD-3-Clause
"""Neural surrogates as estimators and forecasters."""

import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

MODELS = [
    al.neural.MLP(hidden=[16], epochs=15),
    al.neural.StNN(epochs=3),
    al.neural.StNN(dimension=3, improved=True, copies=4, head=8, epochs=10),
    al.neural.ESN(units=100, warmup=100),
    al.neural.NVAR(),
]


def by_name(model):
    return type(model).__name__


@pytest.fixture(scope="module")
def lorenz():
    grid = al.TimeGrid.uniform(0.0, 0.02, 5000)
    return al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.002))


@pytest.fixture(scope="module")
def burgers():
    """Runs from sines of other phases and sizes, on 64 points; the last two are to be foreseen."""
    grid = al.SpatialGrid.periodic(64, 0, 2 * np.pi)
    times = al.TimeGrid.uniform(0.0, 0.02, 101)

    def run(size, phase):
        start = lambda x: size * np.sin(x + phase) + 0.3 * np.cos(2 * x - 3 * phase)  # noqa: E731
        return al.spectral.solve(al.spectral.Burgers(0.05), grid, start, times, al.spectral.ETDRK4(0.005))

    random = np.random.default_rng(0)
    return [run(*pair) for pair in random.uniform((0.7, 0), (1.2, 2 * np.pi), (22, 2))]


@pytest.mark.parametrize("blank", MODELS, ids=by_name)
class TestEach:
    def test_habits(self, blank, lorenz):
        model = clone(blank)
        assert repr(model) == repr(blank) and model.get_params() == blank.get_params()
        with pytest.raises(al.NotFitted, match="not fitted"):
            model.forecast(lorenz, 5)
        held = lorenz[4000:]
        fractions = []
        fitted = model.fit(lorenz[:1500], validation=held, progress=lambda f: fractions.append(f))
        assert fitted is model and fractions[-1] == pytest.approx(1, abs=2e-3) and fractions == sorted(fractions)
        ahead = model.forecast(lorenz, 10)
        assert ahead.dimension == 3 and len(ahead) == 10 and ahead.times.values[0] == pytest.approx(100.0)
        assert model.validation_score_ == pytest.approx(model.score(held), abs=1e-15)
        assert model.validation_score_ > (0.3 if by_name(model) == "StNN" else 0.9)
        assert model.score(held, steps=20) < model.validation_score_
        assert model.parameter_count_ > 0 and model.flops_ > 0 and model.warnings_ == []

    def test_the_same_bits_from_files_and_pickles(self, blank, lorenz, tmp_path):
        model = clone(blank).fit(lorenz[:1500])
        ahead = model.forecast(lorenz, 20)
        model.save(tmp_path / "model")
        loaded, pickled = al.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))
        assert type(loaded) is type(model) and loaded.parameter_count_ == model.parameter_count_
        for other in (loaded, pickled, clone(blank).fit(lorenz[:1500])):
            np.testing.assert_array_equal(other.forecast(lorenz, 20).states, ahead.states)

    def test_progress_may_cancel(self, blank, lorenz):
        with pytest.raises(al.Cancelled):
            clone(blank).fit(lorenz, progress=lambda fraction: False)
        with says(TypeError, "progress is 3"):
            clone(blank).fit(lorenz, progress=3)

    def test_arrays_and_several_runs(self, blank, lorenz):
        model = clone(blank).fit([lorenz.states[:700], lorenz.states[700:1500]], dt=0.02)
        assert len(model.forecast(lorenz.states[:600], 5)) == 5
        with says(al.DimensionMismatch, "2", "3"):
            model.forecast(lorenz.states[:600, :2], 5)


class TestDefaults:
    """What nobody tuned."""

    @pytest.mark.parametrize("blank", [al.neural.MLP(epochs=40), al.neural.ESN(), al.neural.NVAR()], ids=by_name)
    def test_fields(self, blank, burgers):
        model = clone(blank).fit(burgers[:20])
        ahead = model.forecast(burgers[20][:51], 20)
        assert ahead.grid == burgers[20].grid and ahead.verdict
        assert model.score(burgers[20:], steps=20) > 0.8

    def test_lorenz(self, lorenz):
        assert al.neural.ESN().fit(lorenz[:4000]).score(lorenz[4000:], steps=50) > 0.999
        assert al.neural.NVAR().fit(lorenz[:4000]).score(lorenz[4000:], steps=20) > 0.99
        assert al.neural.MLP(epochs=40).fit(lorenz[:4000]).score(lorenz[4000:], steps=5) > 0.99


def test_headers(lorenz, tmp_path):
    al.export_header(al.neural.MLP(hidden=[4], epochs=1).fit(lorenz[:300]), tmp_path / "mlp.hpp", name="mlp")
    assert "inline void step(const scalar* x, scalar* next)" in (tmp_path / "mlp.hpp").read_text()
    al.export_header(al.neural.ESN(units=20).fit(lorenz[:300]), tmp_path / "esn.hpp", name="esn")
    assert "inline void drive(" in (tmp_path / "esn.hpp").read_text()
    al.export_header(al.neural.NVAR().fit(lorenz[:300]), tmp_path / "nvar.hpp", name="nvar")
    assert "inline void foresee(" in (tmp_path / "nvar.hpp").read_text()
    for improved in (False, True):
        al.export_header(al.neural.StNN(improved=improved, epochs=1).fit(lorenz[:300]), tmp_path / "stnn.hpp", name="stnn")
        assert ("silu(" in (tmp_path / "stnn.hpp").read_text()) == improved


def test_training(lorenz, capsys):
    model = al.neural.MLP(hidden=[16], epochs=12, training=al.neural.Training(patience=4))
    assert model.get_params()["training__patience"] == 4
    model.fit(lorenz[:1000], validation=lorenz[1000:1500], progress=True)
    assert "left" in capsys.readouterr().err
    loss, validation = model.history_
    assert 0 < len(loss) <= 12 and loss[-1] < loss[0] and np.isfinite(validation).all()
    assert np.isnan(al.neural.MLP(hidden=[4], epochs=1).fit(lorenz[:300]).history_.validation).all()
    J = model.jacobian(lorenz[0])
    assert J.shape == (3, 3) and np.abs(J - np.eye(3)).max() < 2


def test_a_training_goes_on_from_its_checkpoint(lorenz, tmp_path):
    blank = al.neural.MLP(hidden=[8], epochs=10, threads=2)
    whole = clone(blank).fit(lorenz[:500])
    with pytest.raises(al.Cancelled):
        clone(blank).fit(lorenz[:500], checkpoint=tmp_path / "file", progress=lambda fraction: fraction < 0.5)
    assert (tmp_path / "file").exists()
    on = clone(blank).fit(lorenz[:500], checkpoint=tmp_path / "file")
    np.testing.assert_array_equal(on._model.parameters, whole._model.parameters)
    np.testing.assert_array_equal(on.history_.loss, whole.history_.loss)
    with says(al.InvalidArgument, "rate = 0.001", "rate = 0.01"):
        clone(blank).set_params(rate=0.01).fit(lorenz[:500], checkpoint=tmp_path / "file")


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "radam", "lbfgs", "levenberg_marquardt"])
def test_optimizers(lorenz, optimizer):
    model = al.neural.MLP(hidden=[8], epochs=200, rate=1e-2, training=al.neural.Training(optimizer)).fit(lorenz[:400])
    assert model.history_.loss[-1] < 0.5 * model.history_.loss[0]


def test_bad_parameters_are_told(lorenz):
    with says(al.InvalidArgument, "dimension is 2", "3 components"):
        al.neural.StNN(dimension=2).fit(lorenz)
    with says(al.InvalidArgument, "activation is 'cubic'", "'tanh'"):
        al.neural.MLP(activation="cubic").fit(lorenz)
    with says(al.InvalidArgument, "rate is -1"):
        al.neural.MLP(rate=-1).fit(lorenz)
    with says(TypeError, "epochs is 1.5"):
        al.neural.MLP(epochs=1.5).fit(lorenz)
    with says(al.InvalidArgument, "degree 4", "20000"):
        al.neural.NVAR(degree=4).fit(np.random.default_rng(0).standard_normal((50, 30)), dt=1.0)
    with says(al.InvalidArgument, "steps need"):
        al.neural.NVAR().fit(lorenz).score(lorenz[:10], steps=20)


def test_pictures(lorenz):
    pytest.importorskip("matplotlib").use("Agg")
    model = al.neural.MLP(hidden=[8], epochs=4).fit(lorenz[:500], validation=lorenz[500:800])
    ax = al.plot.training(model)
    assert ax.get_yscale() == "log" and len(ax.lines) == 3
    assert len(al.plot.training(al.neural.NeuralODE(hidden=[4], epochs=2).fit(lorenz[:500])).lines) == 1
    figure = al.plot.rollout(model, lorenz, start=100, steps=30)
    assert len(figure.axes) == 4
    with says(al.InvalidArgument, "start is 0"):
        al.plot.rollout(model, lorenz, start=0, steps=30)
    with says(al.InvalidArgument, "al.neural.MLP()"):
        al.plot.training(al.neural.NVAR())


def test_validation_runs_are_looked_at_before_the_training(lorenz):
    told = []
    coarse = al.Trajectory(al.TimeGrid.uniform(0, 1, 50), lorenz.states[:50])
    for blank in (al.neural.MLP(hidden=[4], epochs=2), al.neural.NVAR(), al.neural.ESN(units=10)):
        with says(al.InvalidArgument, "validation", "time step"):
            blank.fit(lorenz[:300], validation=coarse, progress=lambda fraction: told.append(fraction))
        with says(al.DimensionMismatch, "validation", "2", "3"):
            blank.fit(lorenz[:300], validation=al.Trajectory(lorenz[:50].times, lorenz.states[:50, :2]))
    assert not told
    with says(al.InvalidArgument, "longest validation run", "rollout"):
        al.neural.MLP(epochs=2, rollout=5).fit(lorenz[:300], validation=lorenz[:4])


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_seeds_are_refused_by_name(lorenz, seed):
    for blank in (al.neural.MLP(seed=seed, epochs=1), al.neural.ESN(seed=seed), al.neural.Separable(seed=seed)):
        with says(al.InvalidArgument, "seed", seed):
            blank.fit(lorenz[:300])


def test_runs_of_one_sample_teach_nothing(lorenz):
    with says(al.InvalidArgument, "no run has 2 samples"):
        al.neural.MLP(epochs=1).fit(lorenz[:1])
    with says(al.InvalidArgument, "never change"):
        al.neural.MLP(epochs=1).fit(lorenz[:300]).score(np.ones((60, 3)))


def test_alternating_least_squares_can_be_cancelled(lorenz):
    with pytest.raises(al.Cancelled):
        al.neural.Separable(rank=2, atoms=4, sweeps=3).fit(lorenz[:300], progress=lambda fraction: False)
