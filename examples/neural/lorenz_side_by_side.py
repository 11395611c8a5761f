# SPDX-License-Identifier: BSD-3-Clause
"""Lorenz, learned by eight methods from the same 20 000 samples: a table and a figure.

Takes minutes: with fewer epochs of the ALRNN than 2000 its attractor is left to chance.
"""

import sys
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral"))
import example

STEP, SAMPLES, LYAPUNOV = 0.01, 20_000, 0.9056


def attractor(start):
    grid = al.TimeGrid.uniform(0.0, STEP, SAMPLES)
    return al.integrate(al.systems.Lorenz63(), x0=start, times=grid, method=al.methods.RK4(0.001))


def methods(epochs):
    trained = {"epochs": 60, "batch": 256, "rate": 3e-3}
    return {
        "MLP": al.neural.MLP(hidden=[32, 32], **trained),
        "StNN": al.neural.StNN(copies=20, tied=False, **trained),
        "ESN": al.neural.ESN(units=300, seed=1),
        "NVAR": al.neural.NVAR(),
        "ALRNN": al.neural.ALRNN(epochs=epochs, rate=2e-3, training=al.neural.Training(input_noise=0.05)),
        "SINDy": al.SINDy(al.Polynomial(degree=2), al.STLSQ(threshold=0.1)),
        "HAVOK": al.HAVOK(delays=20, rank=10, forcing=0),
        "DMD": al.HankelDMD(delays=20, rank=10),
    }


def size_and_flops(model):
    """Learned numbers, and additions and multiplications of a step."""
    if hasattr(model, "parameter_count_"):
        return model.parameter_count_, model.flops_
    if isinstance(model, al.SINDy):
        terms = np.count_nonzero(model.coefficients_)
        return terms, 3.0 * terms
    rank = model.A_.shape[0] if isinstance(model, al.HAVOK) else len(model.eigenvalues_)
    return rank * rank, 2.0 * rank * rank


def exponents(model, history):
    """The three leading Lyapunov exponents, or why there are none."""
    if isinstance(model, (al.HAVOK, al.HankelDMD)):
        return listed(np.sort(np.log(np.abs(model.eigenvalues_)) / STEP)[::-1][:3])
    try:
        if isinstance(model, al.SINDy):
            return listed(al.diagnostics.lyapunov_spectrum(model, history.states[-1], 200.0).exponents)
        return listed(al.diagnostics.lyapunov_spectrum(model, history, 200.0, exponents=3).exponents)
    except al.ConvergenceFailure:
        return "none: its run leaves"


def listed(values):
    return ", ".join(f"{value:.2f}" for value in values)


def shown(value, form):
    """A measure, or a dash where there was no run to measure."""
    return format(value, form) if np.isfinite(value) else format("-", ">" + form.split(".")[0])


def ahead_of(model, truth, last, steps):
    """A forecast from a sample of the truth, or None where there is none."""
    try:
        return model.forecast(truth[last - 600 : last], steps)
    except al.ConvergenceFailure:
        return None


def measured(model, truth):
    """One-step error, valid prediction time, and the measures of a free run of 10 000 steps."""
    sigma, errors, times = truth.states.std(axis=0), [], []
    for last in range(1000, 18_000, 850):
        near = ahead_of(model, truth, last, 1)
        errors.append(np.inf if near is None else ((near.states[0] - truth.states[last]) / sigma) ** 2)
        far = ahead_of(model, truth, last, 1500)
        valid = 0 if far is None else al.diagnostics.valid_prediction_time(truth, far, lyapunov=LYAPUNOV)
        times.append(valid)
    free = ahead_of(model, truth, 1000, 10_000)
    density = distance = outside = np.nan
    if free is not None and len(free) == 10_000:
        density, outside = al.diagnostics.state_space_divergence(truth[1000:11_000], free)
        distance = al.diagnostics.spectrum_distance(truth[1000:11_000], free).value
    return np.sqrt(np.mean(errors)), np.median(times), density, outside, distance, free


def main(output, epochs=2000):
    warnings.simplefilter("ignore", al.FitWarning)
    run, truth = attractor([-8, 8, 27]), attractor([3, 1, 20])
    figure, axes = plt.subplots(2, 5, figsize=(14, 6), layout="constrained", sharex=True, sharey=True)
    figure.supxlabel("x")
    figure.supylabel("z")
    axes = axes.ravel()
    axes[0].plot(*truth.states[1000:6000, [0, 2]].T, lw=0.4, color="k")
    axes[0].set(title="truth", xlim=(-25, 25), ylim=(0, 55))
    print(f"{'':6} {'numbers':>8} {'flops':>8} {'seconds':>8} {'one step':>9} {'valid':>6} {'D_stsp':>7} {'out':>5} {'D_H':>6}  exponents")
    for ax, (name, model) in zip(axes[1:], methods(epochs).items()):
        started = time.perf_counter()
        model.fit(run)
        seconds = time.perf_counter() - started
        error, valid, density, outside, distance, free = measured(model, truth)
        size, flops = size_and_flops(model)
        print(
            f"{name:6} {size:8d} {flops:8.0f} {seconds:8.2f} {error:9.1e} {valid:6.2f} {shown(density, '7.2f')} "
            f"{shown(outside, '5.2f')} {shown(distance, '6.3f')}  {exponents(model, truth[:1000])}",
            flush=True,
        )
        if free is not None:
            ax.plot(*free.states[:5000, [0, 2]].T, lw=0.4, color="C0")
        ax.set(title=f"{name}: {valid:.1f} Lyapunov times")
    density = al.diagnostics.state_space_divergence(truth[1000:11_000], run[1000:11_000]).value
    distance = al.diagnostics.spectrum_distance(truth[1000:11_000], run[1000:11_000]).value
    print(f"two runs of the truth: D_stsp {density:.2f}, D_H {distance:.3f}; exponents 0.906, 0, -14.572")
    axes[-1].axis("off")
    example.save(figure, output)


if __name__ == "__main__":
    example.start(main)
