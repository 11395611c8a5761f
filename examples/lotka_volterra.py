# SPDX-License-Identifier: BSD-3-Clause
"""Predator and prey, twice.

First the equations of Lotka and Volterra, whose orbits repeat for ever: learn them (SINDy, Hankel-DMD), forecast,
score, export. Then the pelts of hare and lynx that the Hudson's Bay Company took in 21 years: learn from the first
15, forecast the other 6, beside two naive forecasts.

lotka_volterra.cpp does the same, step by step.
"""

import argparse
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Callable

import numpy as np

import almagest as al
import workbench

# --- The equations ---

TRAINING, HORIZON = 400, 2000


def equations(output, watch):
    with watch.step("simulate 240 years"):
        # 40 years to learn from, 200 to judge by.
        times = al.TimeGrid.uniform(0.0, 0.1, TRAINING + HORIZON)
        method = al.methods.Fehlberg78(relative=1e-12, absolute=1e-12)
        truth = al.integrate(al.systems.LotkaVolterra(), x0=[10, 5], times=times, method=method)
        seen = truth[:TRAINING]

    # Samples without noise bear differences of the highest order. A window of Hankel-DMD must see a whole cycle,
    # which lasts about 11 years here, or it cannot tell the harmonics apart.
    with watch.step("learn SINDy"):
        law = al.SINDy(
            library=al.Polynomial(degree=2), optimizer=al.STLSQ(threshold=0.05), derivative=al.FiniteDifference(order=8)
        ).fit(seen)
    with watch.step("learn Hankel-DMD"):
        linear = al.HankelDMD(delays=120).fit(seen)

    with watch.step("forecast with SINDy"):
        ahead = law.forecast(seen, steps=HORIZON)
    with watch.step("forecast with Hankel-DMD"):
        linear_ahead = linear.forecast(seen, steps=HORIZON)
    scores = [
        workbench.score(name, truth, forecast, forecast.verdict, 1, HORIZON)
        for name, forecast in (("SINDy", ahead), ("Hankel-DMD", linear_ahead))
    ]

    with watch.step("save, export, compile and run the law"):
        al.save(law, output / "lotka_volterra_sindy.almagest")
        al.save(linear, output / "lotka_volterra_hankel_dmd.almagest")
        start, ahead_times = truth.states[TRAINING - 1], times[TRAINING - 1 : TRAINING + 200]
        loop = workbench.run_exported(law, "lotka_volterra", output, start, ahead_times, 50)

    al.write_netcdf(truth, output / "lotka_volterra_truth.nc")
    al.write_csv(ahead, output / "lotka_volterra_sindy.csv")
    al.write_csv(linear_ahead, output / "lotka_volterra_hankel_dmd.csv")
    return SimpleNamespace(
        truth=truth,
        seen=seen,
        law=law,
        linear=linear,
        ahead=ahead,
        linear_ahead=linear_ahead,
        scores=scores,
        unit="years",
        title="Lotka-Volterra: 200 years ahead",
        loop_difference=workbench.largest_difference(loop[1:], ahead[:200]),
    )


# --- The pelts ---

PELTS_TRAINING = 15  # 1900 to 1914


@dataclass(frozen=True)
class Candidate:
    """A way to forecast: learns from the years seen and foresees some more."""

    settings: str
    fit: Callable  # of the years seen
    transform: Callable = lambda states: states
    back: Callable = lambda states: states

    def forecast(self, seen, years):
        history = al.Trajectory(seen.times, self.transform(seen.states), names=seen.names)
        model = self.fit(history)
        ahead = model.forecast(history, steps=years)
        return (al.Trajectory(ahead.times, self.back(ahead.states), names=seen.names), ahead.verdict, model)


def laws():
    """A law is sought in the pelts themselves, since predation follows the product of two populations. It has no
    constant term, as nothing comes from nothing; terms that contribute less than the threshold, in thousand pelts
    a year, are dropped."""
    derivatives = {f"differences of order {order}": al.FiniteDifference(order=order) for order in (2, 4)}
    for degree in (2, 3):
        derivatives[f"Savitzky-Golay 5 years, degree {degree}"] = al.SavitzkyGolay(window=5, degree=degree)
    return [
        Candidate(
            f"{name}, threshold {threshold}",
            al.SINDy(
                library=al.Polynomial(degree=2, bias=False),
                optimizer=al.STLSQ(threshold=threshold, normalize=True),
                derivative=derivative,
            ).fit,
        )
        for name, derivative in derivatives.items()
        for threshold in (2, 4, 8)
    ]


def linear_models():
    """A linear model does not know that counts are positive, so it works on their logarithms. Rank 3 is a mean and
    a cycle, rank 5 a mean and two."""
    return [
        Candidate(f"rank {rank}, {delays} delays", al.HankelDMD(delays=delays, rank=rank).fit, np.log, np.exp)
        for rank in (3, 5)
        for delays in (3, 4)
    ]


def error(candidate, pelts, origin, years):
    """RMSE of the candidate in the years from `origin` on, having learned from those before. Infinite where it
    cannot learn from them, or its forecast diverges."""
    try:
        with warnings.catch_warnings():  # of so few years; those of the chosen candidate are heard later
            warnings.simplefilter("ignore", al.FitWarning)
            ahead, _, _ = candidate.forecast(pelts[:origin], years)
    except al.Error:
        return math.inf
    return al.diagnostics.rmse(pelts, ahead) if len(ahead) == years else math.inf


def choose(candidates, pelts, training):
    """The candidate with the least error in four-year forecasts from three origins within the years seen. The years
    to be forecast have no say in it; what every candidate makes of them is reported for the record."""
    years, origins = 4, 3
    trials = []
    for candidate in candidates:
        errors = [error(candidate, pelts, training - years - back, years) for back in range(origins)]
        within = math.sqrt(sum(e * e for e in errors) / origins)
        trials.append(
            SimpleNamespace(
                candidate=candidate, within=within, after=error(candidate, pelts, training, len(pelts) - training)
            )
        )
    best = min(trials, key=lambda trial: trial.within)
    if math.isinf(best.within):
        raise RuntimeError("no candidate can forecast within the years seen")
    return best.candidate, trials


def persistence(seen, times):
    """The last year seen, for ever."""
    return al.Trajectory(times, np.repeat(seen.states[-1:], len(times), axis=0), names=seen.names)


def seasonal(seen, times, period):
    """Each year as that one period before."""
    first = len(seen) - period
    return al.Trajectory(times, seen.states[first : first + len(times)], names=seen.names)


def period(seen):
    """Years from the first to the last peak of the hare: one cycle, in the years seen."""
    hare = seen.states[:, 0]
    peaks = np.flatnonzero((hare[1:-1] > hare[:-2]) & (hare[1:-1] > hare[2:]))
    return int(peaks[-1] - peaks[0])


def pelts(data, output, watch):
    pelts = al.read_csv(data)
    seen, truth = pelts[:PELTS_TRAINING], pelts[PELTS_TRAINING:]
    years, cycle = len(truth), period(seen)
    with watch.step("pelts, choose and forecast with SINDy"):
        chosen_law, law_trials = choose(laws(), pelts, PELTS_TRAINING)
        law_ahead, law_verdict, law = chosen_law.forecast(seen, years)
    with watch.step("pelts, choose and forecast with Hankel-DMD"):
        chosen_linear, linear_trials = choose(linear_models(), pelts, PELTS_TRAINING)
        linear_ahead, linear_verdict, linear = chosen_linear.forecast(seen, years)
    forecasts = {
        "SINDy": (law_ahead, law_verdict),
        "Hankel-DMD": (linear_ahead, linear_verdict),
        "persistence": (persistence(seen, truth.times), "1914 again"),
        "seasonal": (seasonal(seen, truth.times, cycle), f"as {cycle} years before"),
    }
    scores = [workbench.score(name, pelts, ahead, verdict, 1, years) for name, (ahead, verdict) in forecasts.items()]
    al.write_csv(law_ahead, output / "pelts_sindy.csv")
    al.write_csv(linear_ahead, output / "pelts_hankel_dmd.csv")
    return SimpleNamespace(
        pelts=pelts,
        seen=seen,
        truth=truth,
        cycle=cycle,
        law=law,
        linear=linear,
        chosen_law=chosen_law,
        chosen_linear=chosen_linear,
        law_trials=law_trials,
        linear_trials=linear_trials,
        forecasts={name: ahead for name, (ahead, _) in forecasts.items()},
        scores=scores,
        unit="years",
        title="Pelts: 1915-1920 foreseen from 1900-1914 (RMSE in thousands)",
    )


def run(output, data=None, watch=None):
    """Takes all steps, leaves files in `output` and returns everything that a figure could want."""
    watch = watch or workbench.Watch()
    output.mkdir(parents=True, exist_ok=True)
    return SimpleNamespace(
        equations=equations(output, watch),
        pelts=pelts(data or workbench.EXAMPLES / "data" / "hudson_bay_lynx_hare.csv", output, watch),
        seconds=watch.seconds,
    )


def report(result):
    """What lotka_volterra.cpp prints."""
    e, p = result.equations, result.pelts
    print(f"Lotka-Volterra: the law found in {TRAINING} samples")
    for line in e.law.equations():
        print("  " + line)
    print(f"Hankel-DMD keeps {len(e.linear.eigenvalues_)} modes")
    print("\n" + workbench.table(e.title, e.scores, e.unit))
    print(f"exported, the law stays within {e.loop_difference:.1e} of that forecast over 20 years")
    print(
        "\nPelts: RMSE in thousands, of four-year forecasts within 1900-1914 and of 1915-1920; chosen by the former: *"
    )
    for chosen, trials in ((p.chosen_law, p.law_trials), (p.chosen_linear, p.linear_trials)):
        for t in trials:
            print(
                "%s %-46s %10.1f %10.1f"
                % ("*" if t.candidate is chosen else " ", t.candidate.settings, t.within, t.after)
            )
    print("\n" + workbench.table(p.title, p.scores, p.unit))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=Path("lotka_volterra_results"), help="folder for what the program leaves"
    )
    parser.add_argument("--data", type=Path, help="the pelts (default: those in examples/data)")
    arguments = parser.parse_args()
    report(run(arguments.output, arguments.data))
