# SPDX-License-Identifier: BSD-3-Clause
"""The report of the demo: one HTML file that needs no other. Every sentence about an outcome follows from it."""

import base64
import datetime
import os
import platform
import subprocess
from pathlib import Path

import jinja2
import matplotlib
import numpy as np

import almagest as al
import lorenz as lorenz_example
import lotka_volterra as lotka_volterra_example
import workbench


def listed(words):
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def largest_error(law, truth):
    """The largest error of a coefficient, and the terms that are not in the truth, or are missing."""
    names, wrong, most = law.feature_names_, [], 0.0
    for k, (component, terms) in enumerate(truth.items()):
        for feature, found in zip(names, law.coefficients_[:, k]):
            if (found != 0) != (feature in terms):
                wrong.append(f"{feature} in {component}'")
            most = max(most, abs(found - terms.get(feature, 0.0)))
    return most, wrong


def law_text(law, truth):
    most, wrong = largest_error(law, truth)
    terms = "exactly the terms of the system" if not wrong else f"the wrong terms ({listed(wrong)})"
    return f"SINDy keeps {terms}; the largest error of a coefficient is {most:.1e}."


def spread_text(name, valid):
    return f"{name}: median {np.median(valid):.1f}, from {valid[0]:.1f} to {valid[-1]:.1f}"


def pelts_texts(p):
    by_name = {s.model: s for s in p.scores}
    order = sorted(p.scores, key=lambda s: s.rmse)
    naive = min(("persistence", "seasonal"), key=lambda name: by_name[name].rmse)
    verdicts = []
    for name in ("SINDy", "Hankel-DMD"):
        ratio = by_name[name].rmse / by_name[naive].rmse
        verdicts.append(f"{name} {'beats' if ratio < 1 else 'loses to'} the better naive forecast ({naive}; {ratio:.2f} times its RMSE)")
    ranking = "From best to worst: " + ", ".join(f"{s.model} ({s.rmse:.3g})" for s in order) + "."
    caution = " Six years of two species are twelve numbers: a ranking by so few of them is an observation, no proof."
    return listed(verdicts) + ". " + ranking + caution, listed(verdicts)


def choice_text(p):
    trials = p.law_trials
    finite = [t for t in trials if np.isfinite(t.after)]
    best = min(finite, key=lambda t: t.after)
    chosen = next(t for t in trials if t.candidate is p.chosen_law)
    worst = max(t.after for t in finite)
    hindsight = (
        "For SINDy hindsight would have chosen the same."
        if best is chosen
        else f"For SINDy hindsight would have chosen “{best.candidate.settings}” ({best.after:.1f})."
    )
    return (
        "By the years 1900–1914 alone: each setting is judged by its four-year forecasts from 1908, 1909 and 1910, learned from the "
        "years before each, and the one with the least RMSE is taken. The last column was computed afterwards, for the record. "
        f"{hindsight} With other settings of the same list its RMSE would have reached {worst:.1f}"
        f"{'' if len(finite) == len(trials) else ' or it would have failed'}: so little data leave the choice much power."
    )


def keeps_climate(climate, name):
    """Whether the spreads over the last quarter of 200 units of time are those of the system, to a fifth."""
    last = len(climate.runs["truth"]) * 3 // 4
    spread, truth = (climate.runs[n].states[last:].std(axis=0) for n in (name, "truth"))
    return bool(np.all(np.abs(spread / truth - 1) < 0.2))


def growth(equations, ahead):
    """By how much the error of a forecast grows from the first hundred years to the second."""
    error = (ahead.states - equations.truth.states[-len(ahead) :]) ** 2
    half = len(error) // 2
    return np.sqrt(error[half:].mean() / error[:half].mean())


def texts_of(r):
    lz, eq, p = r.lorenz, r.lotka_volterra.equations, r.lotka_volterra.pelts
    exponents = {name: spectrum.exponents for name, spectrum in r.climate.exponents.items()}
    off = np.abs(exponents["SINDy"] - exponents["truth"]).max()
    verified = [f"{(m.residuals_ < 1e-3).sum()} of {len(m.residuals_)} for {name}" for name, m, _ in r.linear_models]
    return {
        "lorenz_law": law_text(lz.law, r.true_laws["Lorenz"])
        + " What remains is the error of the finite differences, and it decides how long forecasts can last.",
        "lorenz_scores": f"The lengths of validity in all {len(lz.tests)} runs, in Lyapunov times: "
        + "; ".join(spread_text(name, valid) for name, valid in lz.valid.items())
        + ". A linear model must fail here: the motion is no sum of oscillations that it could repeat.",
        "lyapunov": f"The exponents of the law lie within {off:.1g} of those of the system, which is "
        + ("within" if off < 3 * r.exponent_error else "more than")
        + f" three standard errors of such a run (one is {r.exponent_error:.1g}).",
        "equations": law_text(eq.law, r.true_laws["Lotka–Volterra"])
        + " Hankel-DMD needs no law here: a periodic motion is a sum of harmonics, of which it keeps "
        + f"{len(eq.linear.eigenvalues_)} modes.",
        "pelts": pelts_texts(p)[0],
        "choice": choice_text(p),
        "eigenvalues": "A residual says how far an eigenfunction is from obeying the Koopman operator over one step, in the mean over "
        "the training windows. It vanishes for a mode of the system; an eigenvalue whose residual is large is a fit, no property of the "
        f"system. Below 1e-3 lie {listed(verified)}.",
        "agreement": "Compilers round differently, and chaos multiplies what they round by e in every Lyapunov time. That is why the "
        "Lorenz forecasts are compared over the first Lyapunov time. Both print the same tables."
        if all(cpp.split("exported")[0] == python.split("exported")[0] for _, cpp, python in r.outputs)
        else "Their tables differ: see below.",
    }


def captions_of(r):
    valid = {name: np.median(v) for name, v in r.lorenz.valid.items()}
    eq = r.lotka_volterra.equations
    keeps = {name: keeps_climate(r.climate, name) for name in ("SINDy", "Hankel-DMD")}
    climate = [f"{name} {'keeps' if kept else 'does not keep'} it" for name, kept in keeps.items()]
    return {
        "attractors": (
            "Where 200 units of time are spent, from the dot on.",
            f"This is the climate of the system, which outlasts every forecast: {listed(climate)}.",
        ),
        "lorenz_forecasts": (
            "Forecasts and their errors.",
            "Above, the first test. Below, thin lines are the errors of all tests, thick ones their medians. A small error grows by e in "
            "a Lyapunov time, until it is as large as the attractor; a law ten times as exact would be valid for 2.3 Lyapunov times "
            f"longer. Median validity: {valid['SINDy']:.1f} for SINDy, {valid['Hankel-DMD']:.1f} for Hankel-DMD.",
        ),
        "power_spectra": (
            "Power spectra of z over 200 units of time.",
            "The same climate, by frequency. A linear model can show nothing but its own lines, each as wide as it decays.",
        ),
        "lotka_volterra_forecasts": (
            "Two hundred years ahead.",
            "Without chaos errors need not grow exponentially: from the first hundred years to the second they grow by a factor of "
            f"{growth(eq, eq.ahead):.1f} for SINDy and {growth(eq, eq.linear_ahead):.1f} for Hankel-DMD.",
        ),
        "coefficients": (
            "Errors of the coefficients that SINDy found.",
            "Each line is a term of the true law, with its true coefficient. No other terms were kept."
            if not any(largest_error(law, truth)[1] for law, truth in r.compared_laws)
            else "Each line is a term of the true law, with its true coefficient. Other terms were kept too.",
        ),
        "pelts": (
            "Hare and lynx, seen and foreseen.",
            "Black: pelts taken. On grey: the years that no forecast has seen. All forecasts start from 1914.",
        ),
        "pelts_choice": (
            "Does doing well within the years seen mean doing well afterwards?",
            "Each dot is one setting; rings mark those chosen by the horizontal axis. Settings whose forecast diverges are left out.",
        ),
        "eigenvalues": (
            "Koopman eigenvalues of the three Hankel-DMD models, coloured by residual.",
            "Each is raised to the power of a span of time that spreads them on the unit circle. On the circle a mode lasts, inside it decays.",
        ),
    }


def summary_of(r):
    lz, eq, p = r.lorenz, r.lotka_volterra.equations, r.lotka_volterra.pelts
    lines = [
        f"Lorenz: {law_text(lz.law, r.true_laws['Lorenz'])} Its forecasts stay valid for {np.median(lz.valid['SINDy']):.1f} Lyapunov times "
        f"(median of {len(lz.tests)} runs), those of Hankel-DMD for {np.median(lz.valid['Hankel-DMD']):.1f}.",
        "Lotka–Volterra: over 200 years SINDy errs by "
        f"{eq.scores[0].normalized_rmse:.1e}, Hankel-DMD by {eq.scores[1].normalized_rmse:.1e} of the standard deviation.",
        f"Pelts: in the six years that were kept back, {pelts_texts(p)[1]}. So few years prove little.",
        "C++ and Python agree, each law runs as a header in a program of its own, and models go from one language to the other by file.",
    ]
    return lines if r.agree else lines[:-1] + ["C++ and Python do not agree: see below."]


def versions():
    def first_line(*command):
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
        except (OSError, subprocess.CalledProcessError, IndexError):
            return "not found"

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "") if os.path.exists("/proc/cpuinfo") else ""
    return [
        ("almagest", al.__version__),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        ("Matplotlib", matplotlib.__version__),
        ("C++ compiler", first_line(os.environ.get("CXX", "c++").split()[0], "--version")),
        ("system", platform.platform()),
        ("processor", f"{cpu or platform.processor()}, {os.cpu_count()} cores"),
    ]


def settings():
    lz, lv = lorenz_example, lotka_volterra_example
    return [
        ("Integration", "Fehlberg 7(8), relative and absolute tolerance 1e-12"),
        ("Lorenz", f"sigma 10, rho 28, beta 8/3; step {lz.STEP}; {lz.TRAINING} samples to learn from; {lz.TESTS} tests"),
        ("Lorenz, SINDy", "polynomials of degree 3, threshold 0.1, finite differences of order 4"),
        ("Lorenz, Hankel-DMD", f"{lz.DELAYS} delays, rank {lz.RANK}"),
        ("Lotka–Volterra", f"alpha 1.1, beta 0.4, delta 0.1, gamma 0.4; step 0.1 years; {lv.TRAINING} samples to learn from"),
        ("Lotka–Volterra, SINDy", "polynomials of degree 2, threshold 0.05, finite differences of order 8"),
        ("Lotka–Volterra, Hankel-DMD", "120 delays, rank by energy (1 − 1e-10)"),
        ("Pelts, SINDy", "polynomials of degree 2 without constant, normalised threshold; see the choice above"),
        ("Pelts, Hankel-DMD", "logarithms of the pelts; see the choice above"),
    ]


def source_of(path):
    return Path(path).read_text(encoding="utf-8").splitlines()[0].lstrip("# ")


def write(path, r, images):
    """r: what demo.py collected. images: name to path of a PNG."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(workbench.EXAMPLES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False
    )
    p = r.lotka_volterra.pelts
    page = environment.get_template("report.html.in").render(
        version=al.__version__,
        date=datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
        summary=summary_of(r),
        images={name: base64.b64encode(file.read_bytes()).decode() for name, file in images.items()},
        captions=captions_of(r),
        texts=texts_of(r),
        lorenz=r.lorenz,
        lorenz_settings={"samples": f"{lorenz_example.TRAINING:,}", "step": lorenz_example.STEP, "tests": lorenz_example.TESTS},
        lyapunov=[(name, [f"{e:+.4f}" for e in spectrum.exponents]) for name, spectrum in r.climate.exponents.items()],
        equations=r.lotka_volterra.equations,
        pelts=p,
        pelt_warnings=p.law.warnings_ + p.linear.warnings_,
        choices=[("SINDy", p.law_trials, p.chosen_law), ("Hankel-DMD", p.linear_trials, p.chosen_linear)],
        source=source_of(workbench.EXAMPLES / "data" / "hudson_bay_lynx_hare.csv"),
        agreement=r.agreement,
        outputs=r.outputs,
        header=r.header,
        settings=settings(),
        timings=[(name, f"{seconds:.3f}") for name, seconds in r.timings],
        versions=versions(),
        valid_text=workbench.valid_text,
        error_text=lambda error: f"{error:.1f}" if np.isfinite(error) else "fails",
    )
    path.write_text(page, encoding="utf-8")
