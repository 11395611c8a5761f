# SPDX-License-Identifier: BSD-3-Clause
"""The report of the demo: one HTML file that needs no other. Its sentences stand in report.html.in; here are the
facts that they state, each taken from the run."""

import base64
import datetime
import os
import platform
import subprocess
from pathlib import Path
from types import SimpleNamespace

import jinja2
import matplotlib
import numpy as np

import almagest as al
import workbench


def compared_with(truth, law):
    """The largest error of a coefficient, and the terms that are there and should not be, or should and are not."""
    wrong, error = [], 0.0
    for k, (component, terms) in enumerate(truth.items()):
        for feature, found in zip(law.feature_names_, law.coefficients_[:, k]):
            if (found != 0) != (feature in terms):
                wrong.append(f"{feature} in {component}'")
            error = max(error, abs(found - terms.get(feature, 0.0)))
    return SimpleNamespace(wrong=wrong, error=error)


def keeps_climate(climate, name):
    """Whether the spreads over the last quarter of 200 units of time are those of the system, to a fifth."""
    last = len(climate.runs["truth"]) * 3 // 4
    spread, truth = (climate.runs[n].states[last:].std(axis=0) for n in (name, "truth"))
    return bool(np.all(np.abs(spread / truth - 1) < 0.2))


def growth(truth, ahead):
    """By how much the error of a forecast grows from its first half to its second."""
    error = (ahead.states - truth.states[-len(ahead) :]) ** 2
    half = len(error) // 2
    return float(np.sqrt(error[half:].mean() / error[:half].mean()))


def facts_of_pelts(pelts):
    rmse = {s.model: s.rmse for s in pelts.scores}
    naive = min(("persistence", "seasonal"), key=rmse.get)
    working = [t for t in pelts.law_trials if np.isfinite(t.after)]
    return SimpleNamespace(
        naive=naive,
        ratios=[(name, rmse[name] / rmse[naive]) for name in ("SINDy", "Hankel-DMD")],
        order=sorted(pelts.scores, key=lambda s: s.rmse),
        best=min(working, key=lambda t: t.after),
        worst=max(working, key=lambda t: t.after),
        failing=len(pelts.law_trials) - len(working),
    )


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "not found"


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name}, {os.cpu_count()} cores"


def versions():
    return [
        ("almagest", al.__version__),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        ("Matplotlib", matplotlib.__version__),
        ("C++ compiler", first_line(os.environ.get("CXX", "c++").split()[0], "--version")),
        ("system", platform.platform()),
        ("processor", processor()),
    ]


def parameters(run):
    return ", ".join(f"{name} {value:.4g}" for name, value in run.parameters.items())


def settings(estimator):
    """The parameters of an estimator and of its parts, written out."""
    texts = []
    for name, value in estimator.get_params(deep=False).items():
        if hasattr(value, "get_params"):
            texts.append(f"{type(value).__name__} ({settings(value)})")
        elif value is not None:
            texts.append(f"{name} {value}")
    return ", ".join(texts)


def error_text(error):
    return f"{error:.1f}" if np.isfinite(error) else "fails"


def write(path, r, images):
    """Writes the page. `r` is what demo.py collected, `images` maps names to PNG files."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(workbench.EXAMPLES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    equations, pelts = r.lotka_volterra.equations, r.lotka_volterra.pelts
    exponents = r.climate.exponents
    data = workbench.EXAMPLES / "data" / "hudson_bay_lynx_hare.csv"
    page = environment.get_template("report.html.in").render(
        version=al.__version__,
        date=datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
        images={name: base64.b64encode(file.read_bytes()).decode() for name, file in images.items()},
        lorenz=r.lorenz,
        lorenz_law=compared_with(r.true_laws["Lorenz"], r.lorenz.law),
        median={name: float(np.median(valid)) for name, valid in r.lorenz.valid.items()},
        climate_kept=[(name, keeps_climate(r.climate, name)) for name in ("SINDy", "Hankel-DMD")],
        exponents=exponents,
        exponents_off=float(np.abs(exponents["SINDy"].exponents - exponents["truth"].exponents).max()),
        exponents_error=float(max(s.standard_errors.max() for s in exponents.values())),
        equations=equations,
        equations_law=compared_with(r.true_laws["Lotka–Volterra"], equations.law),
        growth=[
            (name, growth(equations.truth, ahead))
            for name, ahead in (("SINDy", equations.ahead), ("Hankel-DMD", equations.linear_ahead))
        ],
        pelts=pelts,
        pelts_facts=facts_of_pelts(pelts),
        choices=[
            ("SINDy", pelts.law_trials, pelts.chosen_law),
            ("Hankel-DMD", pelts.linear_trials, pelts.chosen_linear),
        ],
        koopman=r.koopman_prints,
        source=data.read_text(encoding="utf-8").splitlines()[0].lstrip("# "),
        residuals=[(name, int((m.residuals_ < 1e-3).sum()), len(m.residuals_)) for name, m, *_ in r.linear_models],
        agree=r.agree,
        agreement=r.agreement,
        # What comes after that word differs by rounding.
        same_tables=all(cpp.split("exported")[0] == python.split("exported")[0] for _, cpp, python in r.outputs),
        outputs=r.outputs,
        header=r.header,
        timings=r.timings,
        versions=versions(),
        parameters=parameters,
        settings=settings,
        valid_text=workbench.valid_text,
        error_text=error_text,
    )
    path.write_text(page, encoding="utf-8")
