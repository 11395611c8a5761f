# SPDX-License-Identifier: BSD-3-Clause
"""Recurrent networks, Koopman autoencoders and the measures of long forecasts."""

import pickle
import shutil
import subprocess

import almagest as al
import numpy as np
import pytest
from conftest import says
from scipy.ndimage import gaussian_filter1d
from sklearn.base import clone

FORCING = al.neural.TeacherForcing(length=40, batches=5)
MODELS = [
    al.neural.ALRNN(units=8, epochs=4, forcing=FORCING),
    al.neural.ShallowPLRNN(hidden=10, epochs=4, forcing=al.neural.TeacherForcing("adaptive", length=40, batches=5)),
    al.neural.GRU(units=8, epochs=4, length=40, warmup=10, batches=5),
    al.neural.S4D(channels=4, pairs=3, epochs=4, length=40, warmup=10, batches=5),
    al.neural.KoopmanAutoencoder(latent=4, hidden=(8,), epochs=2, rollout=3, information=0.1, entropy=0.01),
]


def by_name(model):
    return type(model).__name__


@pytest.fixture(scope="module")
def lorenz():
    grid = al.TimeGrid.uniform(0.0, 0.02, 3000)
    return al.integrate(al.systems.Lorenz63(), x0=[-8, 8, 27], times=grid, method=al.methods.RK4(0.002))


@pytest.mark.filterwarnings("ignore::almagest.FitWarning")
@pytest.mark.parametrize("blank", MODELS, ids=by_name)
def test_each(blank, lorenz, tmp_path):
    told = []
    model = clone(blank).fit(lorenz[:2500], validation=lorenz[2500:], progress=told.append)
    assert told[-1] == 1.0 and len(model.history_.loss) == blank.epochs
    assert model.history_.loss[-1] < model.history_.loss[0]
    assert np.isfinite(model.history_.validation).all() and np.isfinite(model.validation_score_)
    assert model.parameter_count_ == model._model.parameters.size and model.flops_ > 0
    ahead = model.forecast(lorenz, 20)
    again = clone(blank).fit(lorenz[:2500], validation=lorenz[2500:])
    np.testing.assert_array_equal(again.forecast(lorenz, 20).states, ahead.states)
    model.save(tmp_path / "model.almagest")
    loaded = al.load(tmp_path / "model.almagest")
    assert type(loaded) is type(model)
    for other in (loaded, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other.forecast(lorenz, 20).states, ahead.states)
        np.testing.assert_array_equal(other.history_.loss, model.history_.loss)
    with pytest.raises(al.InvalidArgument, match="epochs is 0"):
        clone(blank).set_params(epochs=0).fit(lorenz)
    with pytest.raises(TypeError, match="batch is 2.5"):
        clone(blank).set_params(batch=2.5).fit(lorenz)


@pytest.mark.filterwarnings("ignore::almagest.FitWarning")
def test_symbols_and_forcing(lorenz):
    model = clone(MODELS[0]).fit(lorenz)
    symbols = model.symbols(lorenz, 300)
    assert symbols.shape == (300,) and symbols.min() >= 0 and symbols.max() <= 3
    with pytest.raises(al.InvalidArgument, match="kind is 'free'"):
        clone(MODELS[0]).set_params(forcing=al.neural.TeacherForcing("free")).fit(lorenz)
    with pytest.raises(al.InvalidArgument, match="rectified is 9"):
        clone(MODELS[0]).set_params(rectified=9).fit(lorenz)


@pytest.mark.filterwarnings("ignore::almagest.FitWarning")
def test_autoencoder_coordinates(lorenz):
    model = clone(MODELS[4]).fit(lorenz)
    latent = model.encode(lorenz[:10])
    assert latent.shape == (10, 4) and model.K_.shape == (4, 4)
    growth = al.diagnostics.lyapunov_spectrum(model, lorenz, 20.0, transient=0.0)
    np.testing.assert_allclose(growth.exponents.sum(), np.linalg.slogdet(model.K_)[1] / 0.02, rtol=1e-9)


def test_a_reservoir_has_the_exponent_of_lorenz(lorenz):
    model = al.neural.ESN(units=300, seed=1).fit(lorenz)
    growth = al.diagnostics.lyapunov_spectrum(model, lorenz, 150.0, transient=0.0, exponents=2)
    assert growth.exponents.shape == (2,)
    assert growth.exponents[0] == pytest.approx(0.906, abs=0.15)
    assert growth.exponents[1] == pytest.approx(0.0, abs=0.15)


def test_spectrum_distance_is_that_of_scipy(lorenz):
    a, b = lorenz[:1000], lorenz[1500:2500]

    def shares(x):
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        power = gaussian_filter1d(np.abs(np.fft.rfft(x, axis=0)) ** 2, 20, axis=0, mode="reflect", truncate=4)
        return power / power.sum(axis=0)

    p, q = shares(a.states), shares(b.states)
    expected = np.sqrt(1 - np.sqrt(p * q).sum(axis=0))
    found = al.diagnostics.spectrum_distance(a, b)
    np.testing.assert_allclose(found.components, expected, rtol=1e-9)
    assert found.value == pytest.approx(expected.mean())


@pytest.mark.parametrize("variant", ["binned_margin", "binned_bounds", "binned_deviations"])
def test_divergence_is_that_of_histograms(lorenz, variant):
    a, b = lorenz[:1500].states, lorenz[1500:].states
    sigma = a.std(axis=0)
    edges = {
        "binned_margin": (a.min(axis=0) - 0.1 * sigma, a.max(axis=0) + 0.1 * sigma),
        "binned_bounds": (a.min(axis=0), a.max(axis=0)),
        "binned_deviations": (a.mean(axis=0) - 2 * sigma, a.mean(axis=0) + 2 * sigma),
    }[variant]
    count = lambda x: np.histogramdd(x, bins=8, range=list(zip(*edges)))[0]  # noqa: E731
    p, q = ((count(x) + 1e-5) / (count(x).sum() + 1e-5 * 8**3) for x in (a, b))
    found = al.diagnostics.state_space_divergence(lorenz[:1500], lorenz[1500:], variant=variant, bins=8)
    assert found.value == pytest.approx((p * np.log(p / q)).sum(), rel=1e-9)
    assert found.outside == pytest.approx(1 - count(b).sum() / len(b))


def test_mixture_of_itself_and_bad_names(lorenz):
    assert al.diagnostics.state_space_divergence(lorenz[:200], lorenz[:200], variant="mixture", draws=10).value == 0
    with pytest.raises(al.InvalidArgument, match="variant is 'bins'"):
        al.diagnostics.state_space_divergence(lorenz, lorenz, variant="bins")


@pytest.mark.filterwarnings("ignore::almagest.FitWarning")
@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no compiler")
@pytest.mark.parametrize("blank", MODELS[:2], ids=by_name)
@pytest.mark.parametrize("warmup", [0, 3])
def test_an_exported_network_foresees_as_the_model_does(blank, warmup, lorenz, tmp_path):
    model = clone(blank).set_params(warmup=warmup).fit(lorenz)
    al.export_header(model, tmp_path / "model.hpp", name="net")
    past = ", ".join(repr(float(v)) for v in lorenz.states[-1 - warmup :].ravel())
    (tmp_path / "main.cpp").write_text(f"""
#include "model.hpp"
#include <cstdio>
int main() {{
  const net::scalar past[] = {{{past}}};
  net::scalar z[net::units], next[net::units], x[net::dimension];
  net::start(past, z);
  for (int k = 1; k < net::context + 10; ++k) {{
    net::step(z, next);
    for (int i = 0; i < net::units; ++i) z[i] = next[i];
    if (k < net::context) {{
      net::drive(past + k * net::dimension, z);
      continue;
    }}
    net::observe(z, x);
    for (int i = 0; i < net::dimension; ++i) std::printf("%.17g\\n", x[i]);
  }}
}}
""")
    strict = ["-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
    subprocess.run(["c++", *strict, "main.cpp", "-o", "main"], cwd=tmp_path, check=True)
    printed = subprocess.run(["./main"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    found = np.array([float(v) for v in printed.split()]).reshape(-1, 3)
    np.testing.assert_allclose(found, model.forecast(lorenz, 10).states, rtol=1e-10, atol=1e-10)


def test_a_training_that_forces_goes_on_to_the_same_bits(waves, tmp_path):
    forcing = al.neural.TeacherForcing("adaptive", length=20, batches=6)
    blank = al.neural.ShallowPLRNN(hidden=5, epochs=8, forcing=forcing)
    whole = clone(blank).fit(waves)
    with pytest.raises(al.Cancelled):
        clone(blank).fit(waves, checkpoint=tmp_path / "file", progress=lambda fraction: fraction < 0.45)
    on = clone(blank).fit(waves, checkpoint=tmp_path / "file")
    np.testing.assert_array_equal(on.history_.loss, whole.history_.loss)
    with says(al.InvalidArgument, "data = "):
        clone(blank).fit(2 * waves.states[::-1], dt=0.05, checkpoint=tmp_path / "file")
    with says(al.InvalidArgument, "at the start"):
        clone(blank).set_params(forcing__length=21).fit(waves, checkpoint=tmp_path / "file")


def test_a_component_that_rests_is_told_and_foreseen(waves):
    states = np.column_stack([waves.states[:, 0], np.full(len(waves), 3.0)])
    for blank in (al.neural.KoopmanAutoencoder(latent=4, epochs=5), al.neural.GRU(units=4, epochs=2)):
        with pytest.warns(al.FitWarning, match="never change"):
            model = blank.fit(states, dt=0.05)
        assert len(model.forecast(states, 3)) == 3
