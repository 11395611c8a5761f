# SPDX-License-Identifier: BSD-3-Clause
"""The Lorenz attractor: simulate it, learn a law (SINDy) and a linear model of delays (Hankel-DMD) from ten
thousand samples, forecast with both, score them, and hand the law to a program of its own.

lorenz.cpp does the same, step by step.
"""

import argparse
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import almagest as al
import workbench

LYAPUNOV = 0.9056  # largest exponent of the system, per unit of time
STEP = 0.002
TRAINING, SETTLING, DELAYS, RANK = 10_000, 2500, 100, 15
TESTS = 20
METHOD = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)


def lyapunov_times(count):
    """The number of samples in so many Lyapunov times."""
    return round(count / (LYAPUNOV * STEP))


def simulate_tests(lorenz, horizon):
    """Other runs to judge forecasts by, each long enough to settle on the attractor and for `horizon` samples more."""
    starts = np.arange(TESTS)[:, None] - 9.5 + np.array([0.0, 0.0, 25.0])
    times = al.TimeGrid.uniform(0.0, STEP, SETTLING + horizon)
    return al.integrate_ensemble(lorenz, x0=starts, times=times, method=METHOD, threads=2)


def run(output, watch=None):
    """Takes all steps, leaves files in `output` and returns everything that a figure could want."""
    watch = watch or workbench.Watch()
    output.mkdir(parents=True, exist_ok=True)

    horizon, judged = lyapunov_times(20), lyapunov_times(10)
    with watch.step("simulate"):
        # 20 units of time to learn from, and 20 runs of 20 Lyapunov times to judge by.
        lorenz = al.systems.Lorenz63()
        times = al.TimeGrid.uniform(0.0, STEP, TRAINING)
        training = al.integrate(lorenz, x0=[-8, 8, 27], times=times, method=METHOD)
        tests = simulate_tests(lorenz, horizon)

    with watch.step("learn SINDy"):
        law = al.SINDy(
            library=al.Polynomial(degree=3), optimizer=al.STLSQ(threshold=0.1), derivative=al.FiniteDifference(order=4)
        ).fit(training)
    with watch.step("learn Hankel-DMD"):
        linear = al.HankelDMD(delays=DELAYS, rank=RANK).fit(training)

    # The first test in detail, then how long all of them stay valid.
    with watch.step("forecast with SINDy"):
        forecasts = {"SINDy": [law.forecast(test[:SETTLING], steps=horizon) for test in tests]}
    with watch.step("forecast with Hankel-DMD"):
        forecasts["Hankel-DMD"] = [linear.forecast(test[:SETTLING], steps=horizon) for test in tests]
    truth, history = tests[0], tests[0][:SETTLING]
    scores = [
        workbench.score(name, truth, ahead, ahead.verdict, LYAPUNOV, judged) for name, (ahead, *_) in forecasts.items()
    ]
    valid = {
        name: sorted(
            al.diagnostics.valid_prediction_time(test, ahead, lyapunov=LYAPUNOV)
            for test, ahead in zip(tests, all_ahead)
        )
        for name, all_ahead in forecasts.items()
    }

    ahead, linear_ahead = (all_ahead[0] for all_ahead in forecasts.values())
    with watch.step("save, load, and forecast again"):
        al.save(law, output / "lorenz_sindy.almagest")
        al.save(linear, output / "lorenz_hankel_dmd.almagest")
        again = al.load(output / "lorenz_sindy.almagest").forecast(history, steps=horizon)
    with watch.step("export, compile and run the law"):
        one = lyapunov_times(1)
        loop_times = truth.times[SETTLING - 1 : SETTLING + one]
        loop = workbench.run_exported(law, "lorenz", output, truth.states[SETTLING - 1], loop_times, 10)

    al.write_netcdf(training, output / "lorenz_training.nc")
    al.write_netcdf(truth, output / "lorenz_truth.nc")
    al.write_csv(ahead, output / "lorenz_sindy.csv")
    al.write_csv(linear_ahead, output / "lorenz_hankel_dmd.csv")
    return SimpleNamespace(
        training=training,
        tests=tests,
        truth=truth,
        law=law,
        linear=linear,
        forecasts=forecasts,
        valid=valid,
        scores=scores,
        unit="Lyapunov times",
        title="Lorenz: errors over 10 Lyapunov times, validity over 20",
        same_bits=np.array_equal(again.states, ahead.states),
        loop_difference=workbench.largest_difference(loop[1:], ahead[:one]),
        seconds=watch.seconds,
    )


def climate(law, linear, watch, samples=100_000):
    """Far beyond all validity: 200 units of time of the system and of both models, their power spectra, and the
    Lyapunov exponents of the system and of the law."""
    lorenz = al.systems.Lorenz63()
    with watch.step("continue for 200 units of time"):
        times = al.TimeGrid.uniform(0.0, STEP, SETTLING + samples)
        truth = al.integrate(lorenz, x0=[1, 1, 20], times=times, method=METHOD)
        history = truth[:SETTLING]
        runs = {"truth": truth[SETTLING:]}
        runs["SINDy"] = law.forecast(history, steps=samples)
        runs["Hankel-DMD"] = linear.forecast(history, steps=samples)
    with watch.step("power spectra and Lyapunov exponents"):
        spectra = {name: al.diagnostics.power_spectrum(run, segment=8192) for name, run in runs.items()}
        exponents = {
            "truth": al.diagnostics.lyapunov_spectrum(lorenz, x0=[-8, 8, 27]),
            "SINDy": al.diagnostics.lyapunov_spectrum(law, x0=[-8, 8, 27]),
        }
    return SimpleNamespace(runs=runs, spectra=spectra, exponents=exponents)


def report(result):
    """What lorenz.cpp prints."""
    print(f"Lorenz: the law found in {TRAINING} samples")
    for line in result.law.equations():
        print("  " + line)
    print("\n" + workbench.table(result.title, result.scores, result.unit))
    for name, valid in result.valid.items():
        print(
            f"{name}, valid in {TESTS} runs: median {np.median(valid):.2f}, "
            f"least {valid[0]:.2f}, most {valid[-1]:.2f} Lyapunov times"
        )
    print(f"saved and loaded, the law forecasts {'the same bits' if result.same_bits else 'otherwise'}")
    print(f"exported, the law stays within {result.loop_difference:.1e} of that forecast over one Lyapunov time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=Path("lorenz_results"), help="folder for what the program leaves"
    )
    report(run(parser.parse_args().output))
