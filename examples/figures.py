# SPDX-License-Identifier: BSD-3-Clause
"""The figures of the demo, in one style: colours that colour-blind readers can tell apart, text that can be read
when the picture is 800 pixels wide."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullLocator

import lorenz

# Okabe & Ito's palette.
COLOURS = {
    "truth": "#1a1a1a",
    "SINDy": "#0072B2",
    "Hankel-DMD": "#D55E00",
    "persistence": "#CC79A7",
    "seasonal": "#009E73",
}
QUIET = "#8a8a8a"

plt.rcParams.update(
    {
        "figure.dpi": 200,
        "figure.constrained_layout.use": True,
        "font.size": 9.5,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e3e3e3",
        "grid.linewidth": 0.6,
        "legend.frameon": False,
        "lines.linewidth": 1.3,
        "agg.path.chunksize": 20_000,
    }
)


def canvas(rows=1, columns=1, height=3.2, **options):
    return plt.subplots(rows, columns, figsize=(8, height), **options)


def normalized_error(truth, ahead):
    """The error whose crossing of the threshold ends validity: against the times of the forecast."""
    first = len(truth) - len(ahead)
    error = (ahead.states - truth.states[first:]) / truth.states.std(axis=0)
    return np.sqrt((error**2).mean(axis=1))


# --- Lorenz ---


def attractors(climate):
    """Where the system and its models spend 200 units of time."""
    figure, axes = canvas(1, 3, 2.9, sharex=True, sharey=True)
    for axis, (name, run) in zip(axes, climate.runs.items()):
        axis.plot(run.states[:, 0], run.states[:, 2], color=COLOURS[name], linewidth=0.25)
        axis.plot(*run.states[0, [0, 2]], "o", color=COLOURS[name], markersize=4, markeredgecolor="white")
        axis.set(title="the system" if name == "truth" else name, xlabel="x (dimensionless)", xticks=(-15, 0, 15))
    axes[0].set_ylabel("z (dimensionless)")
    return figure


def lorenz_forecasts(result):
    """The first test in time, and how the error of all tests grows."""
    figure, (states, errors) = canvas(2, 1, 5.4, sharex=True, height_ratios=(1, 1.4))
    first = lorenz.SETTLING
    count = (np.arange(len(result.truth) - first) + 1) * lorenz.STEP * lorenz.LYAPUNOV
    states.plot(
        count, result.truth.states[first:, 0], color=COLOURS["truth"], linewidth=2.6, alpha=0.35, label="the system"
    )
    for layer, (name, all_ahead) in enumerate(result.forecasts.items()):
        states.plot(
            count[: len(all_ahead[0])], all_ahead[0].states[:, 0], color=COLOURS[name], linewidth=1.0, label=name
        )
        grown = [normalized_error(test, ahead) for test, ahead in zip(result.tests, all_ahead)]
        for error in grown:
            errors.semilogy(
                count[: len(error)][::8], error[::8], color=COLOURS[name], linewidth=0.4, alpha=0.45, zorder=2.5 - layer
            )
        shortest = min(map(len, grown))
        middle = np.median([error[:shortest] for error in grown], axis=0)
        errors.semilogy(
            count[:shortest],
            middle,
            color=COLOURS[name],
            linewidth=1.8,
            zorder=3 - layer,
            label=f"{name}, median of {len(grown)}",
        )
    errors.axhline(0.4, color=COLOURS["truth"], linewidth=1.0, linestyle="--", zorder=4, label="0.4: valid below")
    shown = (count > 2) & (count < 10)
    errors.semilogy(
        count[shown],
        6e-9 * np.exp(count[shown]),
        color=QUIET,
        linestyle=":",
        linewidth=1.6,
        label="growth by e in a Lyapunov time",
    )
    states.set(title="One forecast", ylabel="x (dimensionless)")
    states.legend(ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0.1)
    errors.set(
        title="Errors of 20 forecasts",
        ylabel="normalised error",
        xlabel="time ahead (Lyapunov times of 1.104 units of time)",
    )
    errors.set(xlim=(0, count[-1]), ylim=(1e-9, 10), xticks=range(0, 21, 2))
    errors.legend(loc="lower right")
    return figure


def power_spectra(climate):
    """What remains of the climate of each run: the densities of z."""
    figure, axis = canvas(height=3.0)
    for name, (frequencies, density) in climate.spectra.items():
        shown = frequencies <= 8
        thick = {"truth": 2.8, "SINDy": 1.1, "Hankel-DMD": 1.3}[name]
        axis.semilogy(
            frequencies[shown],
            density[shown, 2],
            color=COLOURS[name],
            linewidth=thick,
            alpha=0.4 if name == "truth" else 1,
            label="the system" if name == "truth" else name,
        )
    axis.set_xlabel("frequency (cycles per unit of time)")
    axis.set_ylabel("power spectral density of z\n(units of time)")
    axis.set(xlim=(0, 8), ylim=(1e-7, 1e3))
    axis.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
    return figure


# --- Both ---


def eigenvalues(models):
    """Koopman eigenvalues, each over a span of time that spreads them on the circle, coloured by residual."""
    figure, axes = canvas(1, len(models), 2.7, subplot_kw={"aspect": "equal"})
    angle = np.linspace(0, 2 * np.pi, 400)
    for axis, (title, model, span, span_text) in zip(axes, models):
        values = np.exp(model.exponents_ * span)
        axis.plot(np.cos(angle), np.sin(angle), color=QUIET, linewidth=0.9)
        order = np.argsort(-model.residuals_)  # those that are verified lie on top
        points = axis.scatter(
            values.real[order],
            values.imag[order],
            c=model.residuals_[order],
            cmap="viridis",
            norm=LogNorm(1e-8, 1, clip=True),
            s=34,
            edgecolors="black",
            linewidths=0.5,
            zorder=3,
        )
        axis.set(title=title, xlabel=f"real part ({span_text})", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
        axis.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    axes[0].set_ylabel("imaginary part")
    figure.colorbar(points, ax=axes, label="residual", shrink=0.9, pad=0.02)
    return figure


def term_errors(law, truth):
    """Each term of the true law: what it is called, its coefficient, what was found."""
    names, rows = law.feature_names_, []
    for k, (component, terms) in enumerate(truth.items()):
        for feature, value in terms.items():
            rows.append(
                (f"{feature.replace(' ', '·')}  in  {component}′", value, law.coefficients_[names.index(feature), k])
            )
    return rows


def coefficients(laws):
    """How far the coefficients that were found lie from the true ones."""
    figure, axes = canvas(1, len(laws), 2.9)
    for axis, (title, law, truth, unit) in zip(axes, laws):
        rows = term_errors(law, truth)
        place = np.arange(len(rows))[::-1]
        error = np.array([max(abs(found - value), 1e-16) for _, value, found in rows])
        axis.hlines(place, 1e-12, error, color=COLOURS["SINDy"], linewidth=1.2, alpha=0.5)
        axis.semilogx(error, place, "o", color=COLOURS["SINDy"], markersize=5)
        axis.set_yticks(place, [f"{value:+.4g}".replace("-", "−") + f"   {name}" for name, value, _ in rows])
        axis.set_ylim(-0.6, len(rows) - 0.4)
        axis.set_xlim(10 ** np.floor(np.log10(error.min()) - 0.5), 10 ** np.ceil(np.log10(error.max()) + 0.2))
        axis.set(title=title, xlabel=f"|found − true| ({unit})")
        axis.grid(axis="y", visible=False)
    return figure


# --- Lotka–Volterra ---


def over_cycle(error, samples):
    """Root mean square over the last cycle."""
    return np.sqrt(np.convolve(error**2, np.full(samples, 1 / samples), mode="valid"))


def lotka_volterra_forecasts(result):
    """The last cycles of 200 years ahead, as an orbit and in time, and how the errors grow."""
    figure, axes = plt.subplot_mosaic("OT\nOE", figsize=(8, 4.2), width_ratios=(1, 1.35))
    orbit, time, errors = axes["O"], axes["T"], axes["E"]
    years, last, cycle = result.truth.times.values, slice(-300, None), 108  # samples in 10.8 years
    styles = {"SINDy": "-", "Hankel-DMD": (0, (3, 3))}
    orbit.plot(*result.truth.states[last].T, color=COLOURS["truth"], linewidth=3.4, alpha=0.3, label="the system")
    time.plot(years[last], result.truth.states[last, 1], color=COLOURS["truth"], linewidth=3.4, alpha=0.3)
    for name, run in (("SINDy", result.ahead), ("Hankel-DMD", result.linear_ahead)):
        orbit.plot(*run.states[last].T, color=COLOURS[name], linestyle=styles[name], label=name)
        time.plot(run.times.values[last], run.states[last, 1], color=COLOURS[name], linestyle=styles[name])
        grown = over_cycle(normalized_error(result.truth, run), cycle)
        errors.semilogy(
            run.times.values[cycle - 1 :] - years[len(result.seen) - 1], grown, color=COLOURS[name], label=name
        )
    orbit.set(title="The last 30 of 200 years", xlabel="prey x (thousands)", ylabel="predators y (thousands)")
    orbit.legend(loc="center")
    time.set(title="The same, in time", xlabel="time (years)", ylabel="predators y\n(thousands)")
    errors.set(
        title="Errors, over the last cycle",
        xlabel="time ahead (years)",
        ylabel="normalised error",
        xlim=(0, 200),
        ylim=(1e-7, 1e-4),
    )
    return figure


# --- Pelts ---


def pelts(result):
    """What was seen, what came, and what four forecasts said."""
    figure, axes = canvas(2, 1, 5.2, sharex=True)
    years, states = result.pelts.times.values, result.pelts.states
    now = len(result.seen) - 1
    markers = {"SINDy": "s", "Hankel-DMD": "D", "persistence": "v", "seasonal": "^"}
    for axis, species, k in zip(axes, ("hare", "lynx"), (0, 1)):
        axis.axvspan(years[now] + 0.5, years[-1] + 0.4, color="#f1f1f1", zorder=0)
        axis.plot(years, states[:, k], "o-", color=COLOURS["truth"], markersize=4, linewidth=1.6, label="pelts taken")
        for name, ahead in result.forecasts.items():
            axis.plot(
                np.append(years[now], ahead.times.values),
                np.append(states[now, k], ahead.states[:, k]),
                color=COLOURS[name],
                marker=markers[name],
                markersize=4,
                markevery=slice(1, None),
                linewidth=1.2,
                linestyle="--",
                label=name,
            )
        axis.set_ylabel(f"{species}\n(thousand pelts a year)")
        axis.set_ylim(bottom=0)
    axes[0].text(years[0], 1.02, "learned from", transform=axes[0].get_xaxis_transform(), fontsize=9)
    axes[0].text(years[now] + 0.6, 1.02, "forecast", transform=axes[0].get_xaxis_transform(), fontsize=9)
    axes[1].set_xlabel("year")
    axes[1].set_xticks(np.arange(1900, 1921, 2))
    axes[1].set_xlim(years[0] - 0.4, years[-1] + 0.4)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5)
    return figure


def pelts_choice(result):
    """Whether the years of validation tell which settings will do well."""
    figure, axis = canvas(height=3.2)
    for name, mark, trials, chosen in (
        ("SINDy", "o", result.law_trials, result.chosen_law),
        ("Hankel-DMD", "D", result.linear_trials, result.chosen_linear),
    ):
        finite = [t for t in trials if np.isfinite([t.within, t.after]).all()]
        best = next(t for t in trials if t.candidate is chosen)
        axis.plot(
            [t.within for t in finite],
            [t.after for t in finite],
            mark,
            color=COLOURS[name],
            markersize=5,
            label=f"{name}",
        )
        axis.plot(
            best.within, best.after, "o", markersize=13, markerfacecolor="none", color=COLOURS[name], label="   chosen"
        )
    for name in ("persistence", "seasonal"):
        value = next(s.rmse for s in result.scores if s.model == name)
        axis.axhline(value, color=COLOURS[name], linestyle="--", linewidth=1.2, label=name)
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_locator(NullLocator())
    axis.set_xlim(left=0)
    axis.set_xlabel("RMSE of four-year forecasts within 1900–1914 (thousand pelts a year)")
    axis.set_ylabel("RMSE in 1915–1920\n(thousand pelts a year)")
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def save(figure, path):
    figure.savefig(path)
    plt.close(figure)
