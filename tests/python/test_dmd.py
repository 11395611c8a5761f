# SPDX-License-Identifier: BSD-3-Clause
"""The family of dynamic mode decompositions: what each finds, saves and refuses."""

import pickle

import almagest as al
import numpy as np
import pytest
from conftest import says
from sklearn.base import clone

STEP = 0.1
EXPONENTS = np.array([-0.1 + 2j, -0.1 - 2j, 5j, -5j])


@pytest.fixture(scope="module")
def field():
    """Two waves in thirty components."""
    rng = np.random.default_rng(3)
    shapes = rng.normal(size=(4, 30))
    t = STEP * np.arange(120)
    waves = [np.exp(-0.1 * t) * np.cos(2 * t), np.exp(-0.1 * t) * np.sin(2 * t), np.cos(5 * t), np.sin(5 * t)]
    return al.Trajectory(t, np.array(waves).T @ shapes)


def farthest(expected, found):
    return max(np.abs(found - e).min() for e in expected)


class TestDMD:
    @pytest.mark.parametrize("regression", ["least_squares", "forward_backward", "total_least_squares"])
    def test_spectrum_and_forecast(self, field, regression):
        model = al.DMD(rank=4, regression=regression).fit(field[:80])
        assert farthest(EXPONENTS, model.exponents_) < 1e-10
        assert np.all(model.residuals_ < 1e-10) and model.verified(1e-8) == [0, 1, 2, 3]
        np.testing.assert_allclose(model.forecast(field[:80], steps=40).states, field.states[80:], atol=1e-9)
        np.testing.assert_allclose(model.reconstruct(field).states, field.states, atol=1e-9)

    def test_wide_fields(self, field):
        wide = al.Trajectory(field.times, np.tile(field.states, 40))  # 1200 components, 120 samples
        model = al.DMD(rank=4).fit(wide)
        assert model.modes_.shape == (1200, 4) and farthest(EXPONENTS, model.exponents_) < 1e-10

    def test_habits(self, field, tmp_path):
        model = al.DMD(rank=4, regression="forward_backward").fit(field)
        assert repr(model) == "DMD(rank=4, regression='forward_backward')" and "residual" in str(model)
        for again in (pickle.loads(pickle.dumps(model)), self.saved(model, tmp_path)):
            assert repr(again) == repr(model)
            np.testing.assert_array_equal(again.forecast(field, 5).states, model.forecast(field, 5).states)
        np.testing.assert_array_equal(clone(model).fit(field).eigenvalues_, model.eigenvalues_)

    @staticmethod
    def saved(model, folder):
        al.save(model, folder / "model.almagest")
        return al.load(folder / "model.almagest")

    def test_refuses(self, field):
        with pytest.raises(al.InvalidArgument, match='regression is "best"; choose from least_squares'):
            al.DMD(regression="best").fit(field)
        with pytest.raises(al.InvalidArgument, match="rank is 9"):
            al.DMD(rank=9).fit(field)
        with pytest.raises(al.InvalidArgument, match="not uniform"):
            al.DMD().fit(al.Trajectory(np.array([0.0, 1.0, 3.0, 4.0]), np.eye(4)))

    def test_sparse_amplitudes(self, field):
        model = al.DMD(rank=4).fit(field)
        path = model.sparse_amplitudes(field, 20)
        assert len(path) == 20 and len(path[0].kept) == 4 and path[0].loss < 1e-6
        assert path[-1].kept == [] and path[-1].loss == pytest.approx(1)
        assert all(a.loss <= b.loss + 1e-7 for a, b in zip(path, path[1:]))


def test_pieces(field, driven):
    for delays in (1, 3):
        whole = al.HankelDMD(delays=delays, rank=4).fit(field)
        pieces = al.HankelDMD(delays=delays, rank=4)
        for first in range(0, 120 - delays, 20):
            assert pieces.partial_fit(field[first : first + 20 + delays]) is pieces
        assert farthest(whole.eigenvalues_, pieces.eigenvalues_) < 1e-11
        np.testing.assert_allclose(pieces.forecast(field, 5).states, whole.forecast(field, 5).states, atol=1e-10)
        assert repr(pickle.loads(pickle.dumps(pieces))) == repr(whole)
    control = al.DMDc().partial_fit(driven[:30]).partial_fit(driven[29:])
    assert "rank" in str(control) != repr(control)
    assert farthest(np.linalg.eigvals(A), control.eigenvalues_) < 1e-12
    with pytest.raises(al.InvalidArgument, match="DMDc uses them"):
        al.DMD().partial_fit(driven)
    with pytest.raises(al.NotFitted):
        al.DMD().partial_fit(field[:2]).eigenvalues_  # noqa: B018
    with pytest.raises(al.InvalidArgument, match="state_rank needs all data"):
        al.HODMD(state_rank=2).partial_fit(field)


def test_higher_order(field, tmp_path):
    one = al.Trajectory(field.times, np.outer(field.states[:, 0], np.arange(1.0, 6)))  # one direction in space
    model = al.HODMD(delays=12, state_rank=1, rank=4).fit(one)
    assert farthest(EXPONENTS, model.exponents_) < 1e-8 and model.modes_.shape == (5, 4)
    al.save(model, tmp_path / "m.almagest")
    assert repr(al.load(tmp_path / "m.almagest")) == repr(model)


A = np.array([[0.9, 0.4], [-0.4, 0.9]])
B = np.array([0.5, -1.0])


@pytest.fixture(scope="module")
def driven():
    u = np.random.default_rng(5).normal(size=60)
    x = [np.array([1.0, 0.0])]
    for k in range(59):
        x.append(A @ x[-1] + B * u[k])
    return al.Trajectory(STEP * np.arange(60), np.array(x), inputs=u[:, None])


@pytest.mark.parametrize(
    "model", [al.DMD(4), al.HankelDMD(2, 4), al.HODMD(2, 4, 4), al.DMDc(4), al.PiDMD(rank=4)], ids=lambda m: type(m).__name__
)
def test_doubts_point_at_the_line_that_fits(model, field):
    inputs = np.ones((120, 1)) if isinstance(model, al.DMDc) else None
    run = al.Trajectory(field.times, field.states, inputs=inputs)
    with pytest.warns(al.FitWarning, match="1 of 2 runs") as caught:
        assert model.fit([run, run[:1]]) is model
    assert [str(w.message) for w in caught] == model.warnings_ and {w.filename for w in caught} == {__file__}


class TestDMDc:
    def test_forecast_under_new_inputs(self, driven, tmp_path):
        model = al.DMDc().fit(driven[:40])
        assert farthest(np.linalg.eigvals(A), model.eigenvalues_) < 1e-12
        np.testing.assert_allclose(model.forecast(driven[:40], inputs=driven.inputs[39:59]).states, driven.states[40:], atol=1e-10)
        np.testing.assert_allclose(model.forecast(driven[:40], steps=3).states[0], A @ driven.states[39], atol=1e-10)
        al.save(model, tmp_path / "m.almagest")
        again = al.load(tmp_path / "m.almagest")
        np.testing.assert_array_equal(
            again.forecast(driven, inputs=np.ones(5)).states, model.forecast(driven, inputs=np.ones(5)).states
        )

    def test_refuses(self, driven):
        model = al.DMDc().fit(driven)
        with pytest.raises(al.InvalidArgument, match="neither steps nor inputs"):
            model.forecast(driven)
        with pytest.raises(al.InvalidArgument, match="steps is 4, but inputs are given for 5"):
            model.forecast(driven, 4, inputs=np.ones(5))
        with pytest.raises(al.DimensionMismatch, match="inputs"):
            model.forecast(driven, inputs=np.ones((5, 2)))
        with pytest.raises(al.InvalidArgument, match="fit_dmdc"):
            al.DMD().fit(driven)


def test_physics_informed(field, tmp_path):
    banded = al.PiDMD("banded", bandwidth=2).fit(field)
    al.save(banded, tmp_path / "model")
    assert al.load(tmp_path / "model").get_params() == banded.get_params()
    model = al.PiDMD("orthogonal", rank=4).fit(field)
    np.testing.assert_allclose(np.abs(model.eigenvalues_), 1, atol=1e-13)
    assert model.residuals_.max() > 1e-3  # one pair is damped, and the residuals say that the circle is wrong for it
    with pytest.raises(al.InvalidArgument, match='structure is "round"'):
        al.PiDMD("round").fit(field)


class TestRanks:
    def test_shares_and_thresholds(self, field):
        noisy = field.states + 0.02 * np.random.default_rng(0).normal(size=field.states.shape)
        assert al.DMD(rank="gavish-donoho").fit(noisy, dt=STEP).rank_ == 4
        assert al.DMD().fit(noisy, dt=STEP).rank_ > 4
        share = al.DMD(rank=0.5).fit(field)
        assert share.rank_ == al.DMD(energy=0.5).fit(field).rank_ == al.DMD(rank=np.float32(0.5)).fit(field).rank_ < 4
        assert al.DMD(rank="gavish-donoho").fit(field).rank_ == 4  # no noise, nothing to cut
        pieces = al.DMD(rank="gavish-donoho").partial_fit(noisy[:60], dt=STEP).partial_fit(noisy[59:], dt=STEP)
        assert pieces.rank_ == 4
        assert al.PiDMD(rank="gavish-donoho").fit(noisy, dt=STEP).rank_ == 4
        assert al.HODMD(delays=3, rank="gavish-donoho").fit(field).rank_ == 4

    def test_a_model_with_an_optimal_rank_is_saved(self, field, tmp_path):
        al.save(al.DMD(rank="gavish-donoho").fit(field), tmp_path / "model")
        assert al.load(tmp_path / "model").rank_ == 4

    @pytest.mark.parametrize("rank", ["most", -1, 1.5])
    def test_refusals(self, field, rank):
        with pytest.raises((al.InvalidArgument, TypeError), match="rank is"):
            al.DMD(rank=rank).fit(field)


def test_parametric(tmp_path):
    t, points = STEP * np.arange(100), np.linspace(0, 3, 20)

    def wave(mu):
        return np.exp(-0.1 * mu * t)[:, None] * np.cos(points - (1 + mu) * t[:, None])

    places = [0.0, 0.4, 1.0]
    model = al.ParametricDMD(rank=2).fit([wave(mu) for mu in places], parameters=places, dt=STEP)
    ahead = model.forecast(wave(0.7)[:50], 50, parameter=0.7)
    np.testing.assert_allclose(ahead.states, wave(0.7)[50:], atol=1e-10)
    between = model.at(0.7)
    assert isinstance(between, al.DMD) and farthest([-0.07 + 1.7j, -0.07 - 1.7j], between.exponents_) < 1e-10
    assert model.left_out_.max() < 1e-10 and model.rank_ == 2 and len(model.singular_values_) == 20
    np.testing.assert_array_equal(model.parameters_, np.array(places)[:, None])
    np.testing.assert_allclose(model.start(0.7), wave(0)[:1], atol=1e-10)
    al.save(model, tmp_path / "model")
    for again in (al.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert isinstance(again, al.ParametricDMD) and again.get_params() == model.get_params()
        np.testing.assert_array_equal(again.forecast(wave(0.7)[:50], 50, parameter=0.7).states, ahead.states)
        np.testing.assert_array_equal(again.left_out_, model.left_out_)
    maps = al.ParametricDMD(rank=2, interpolate="maps").fit([wave(mu) for mu in places], places, dt=STEP)
    assert np.abs(maps.forecast(wave(0.7)[:50], 50, parameter=0.7).states - wave(0.7)[50:]).max() > 1e-3
    with pytest.warns(al.FitWarning, match="extrapolation"):
        model.at(2.0)
    with pytest.raises(al.DimensionMismatch, match="2 runs"):
        al.ParametricDMD().fit([wave(0), wave(1)], [1, 2, 3], dt=STEP)
    with pytest.raises(al.InvalidArgument, match="interpolate is"):
        al.ParametricDMD(interpolate="all").fit([wave(0), wave(1)], [1, 2], dt=STEP)
    with pytest.raises(al.NotFitted):
        al.ParametricDMD().at(1.0)


def test_inputs_that_follow_the_state_are_warned_of():
    A, B, K = np.array([[0.9, 0.2], [-0.2, 0.9]]), np.array([[0.0], [1.0]]), np.array([[-0.3, 0.1]])
    x, u = [np.ones(2)], []
    for _ in range(60):
        u.append(K @ x[-1])
        x.append(A @ x[-1] + B @ u[-1])
    grid = al.TimeGrid.uniform(0, 1, 60)
    with pytest.warns(al.FitWarning, match="feedback"):
        al.DMDc().fit(al.Trajectory(grid, np.array(x[:60]), inputs=np.array(u)))
    # An input of tiny unit that varies by itself is none of these.
    small = 1e-12 * np.random.default_rng(0).normal(size=(60, 1))
    x = [np.ones(2)]
    for k in range(59):
        x.append(A @ x[-1] + 1e12 * (B @ small[k]))
    model = al.DMDc().fit(al.Trajectory(grid, np.array(x), inputs=small))
    np.testing.assert_allclose(np.sort_complex(model.eigenvalues_), [0.9 - 0.2j, 0.9 + 0.2j], atol=1e-10)
    assert not model.warnings_


def test_bags_of_two_kinds_do_not_mix():
    t, random = np.linspace(0, 5, 60), np.random.default_rng(22)
    w, A = random.uniform(0.02, 0.4), random.normal(size=(2, 3))
    x = np.exp(-0.8 * t)[:, None] * (np.column_stack([np.cos(w * t), np.sin(w * t) / w]) @ A)
    x += 0.03 * np.abs(x).max() * random.normal(size=x.shape)
    run = al.Trajectory(al.TimeGrid.uniform(0, t[1], 60), x)
    with pytest.warns(al.FitWarning, match="rarer kind"):
        model = al.BOPDMD(rank=2, bags=50).fit(run)
    if model.exponents_.imag.any():
        np.testing.assert_allclose(model.modes_[:, 1], model.modes_[:, 0].conj(), atol=1e-12)
    assert np.linalg.norm(model.reconstruct(run).states - x) < 0.2 * np.linalg.norm(x)


def test_a_circulant_map_knows_no_frequency_of_rounding():
    place = 2 * np.pi * np.arange(15) / 15
    field = np.array([np.cos(place - 0.1 * k) + 0.3 * 0.9**k * np.sin(3 * place) for k in range(30)])
    values = al.PiDMD("circulant").fit(field, dt=0.1).eigenvalues_
    assert np.count_nonzero(np.abs(values) > 1e-9) == 4


def test_sparse_amplitudes_of_odd_requests(field):
    model = al.DMD(rank=4).fit(field)
    assert len(model.sparse_amplitudes(field, np.int64(5))) == 5
    for wrong in (True, -3, 0):
        with says(al.InvalidArgument, "penalties"):
            model.sparse_amplitudes(field, wrong)
    with says(al.InvalidArgument, "0 everywhere"):
        model.sparse_amplitudes(np.zeros_like(field.states), [0.0])
    assert model.sparse_amplitudes(field, [0.0])[0].loss < 1e-12
