# SPDX-License-Identifier: BSD-3-Clause
"""Sunspots by Hankel-DMD: learned from two centuries, scored on forecasts from every year of the third."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import almagest as al

EXAMPLES = Path(__file__).parents[1]
sys.path.insert(0, str(EXAMPLES / "spectral"))
import example

AHEAD, CYCLE = 11, 11  # years
LEARNED, CHOSEN = 200, 150  # years: to 1899; to 1849 while delays and rank are chosen
CANDIDATES = [(delays, rank) for delays in (11, 22, 33, 44) for rank in range(3, 20, 2) if rank <= delays]


def errors(forecast, sunspots, first, last):
    """Of all forecasts that begin in the years first to last - 1, counted from 1700: (forecasts, years ahead)."""
    x = sunspots.states[:, 0]
    return np.array([forecast(now) - x[now : now + AHEAD] for now in range(first, last)])


def rmse(errors):
    """For each count of years ahead."""
    return np.sqrt(np.mean(errors**2, axis=0))


def learned(sunspots, years, delays, rank):
    model = al.HankelDMD(delays=delays, rank=rank).fit(sunspots[:years])
    return model, lambda now: model.forecast(sunspots[now - delays : now], AHEAD).states[:, 0]


def choose(sunspots):
    """The delays and the rank that do best from 1850 on, learned before, on years that end before 1900."""
    last = LEARNED - AHEAD + 1
    trials = {c: errors(learned(sunspots, CHOSEN, *c)[1], sunspots, CHOSEN, last) for c in CANDIDATES}
    return min(trials, key=lambda candidate: np.mean(trials[candidate] ** 2))


def run():
    sunspots = al.read_csv(EXAMPLES / "data" / "sunspots.csv")
    x = sunspots.states[:, 0]
    model, forecast = learned(sunspots, LEARNED, *choose(sunspots))
    rivals = {
        "Hankel-DMD": forecast,
        "as 11 years before": lambda now: x[now - CYCLE : now],
        "as last year": lambda now: np.full(AHEAD, x[now - 1]),
        "mean of 1700–1899": lambda now: np.full(AHEAD, x[:LEARNED].mean()),
    }
    found = {name: errors(f, sunspots, LEARNED, len(x) - AHEAD + 1) for name, f in rivals.items()}
    return sunspots, model, forecast, found


def picture(sunspots, model, forecast, found):
    figure, axes = plt.subplot_mosaic(
        [["run"] * 3, ["errors", "singular", "spectrum"]], figsize=(9, 6), layout="constrained", width_ratios=(1.2, 1, 1)
    )
    years = sunspots.times.values
    axes["run"].plot(years[150:], sunspots.states[150:, 0], color="0.25", lw=1, label="observed")
    for k, now in enumerate(range(LEARNED, len(years) - AHEAD + 1, AHEAD)):
        ahead = sunspots.times.values[now : now + AHEAD]
        axes["run"].plot(ahead, forecast(now), "C3", lw=1.4, label="forecast, 1 to 11 years ahead" if k == 0 else None)
    axes["run"].axvline(1899.5, color="0.55", lw=0.9, ls="--")
    axes["run"].set(title="Learned from 1700–1899", xlabel="year", ylabel="sunspot number", xlim=(1850, 2009))
    axes["run"].legend(ncols=2, loc="upper left", frameon=False)
    for name, one in found.items():
        axes["errors"].plot(np.arange(1, AHEAD + 1), rmse(one), "o-", ms=3, lw=1.2, label=name)
    axes["errors"].set(xlabel="years ahead", ylabel="RMSE (sunspot number)", ylim=(0, 140), title="Errors from 1900 on")
    axes["errors"].set_xticks(range(1, AHEAD + 1, 2))
    axes["errors"].legend(fontsize="small", loc="upper left", frameon=False)
    al.plot.spectrum(model, ax=axes["spectrum"]).set_title("Eigenvalues of a year")
    al.plot.singular_values(model, ax=axes["singular"]).set_title("Singular values")
    return figure


def report(sunspots, model, forecast, found):
    slow = min((w for w in model.exponents_ if w.imag > 0.4), key=lambda w: abs(w.real))
    print(f"{model.delays} delays and rank {model.rank_}; the oscillation that decays least has a period of {2 * np.pi / slow.imag:.1f} years")
    for name, one in found.items():
        ahead = rmse(one)
        print(f"{name:<20} RMSE {rmse(one.ravel()):5.1f} over {len(one)} forecasts of {AHEAD} years, {ahead[0]:5.1f} a year ahead")


def main(output):
    result = run()
    report(*result)
    example.save(picture(*result), output)


if __name__ == "__main__":
    example.start(main)
