# SPDX-License-Identifier: BSD-3-Clause
"""What the examples share and almagest does not offer: a table of scores, and the test of an exported law
inside somebody else's program. workbench.hpp is its twin."""

import os
import shlex
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import almagest as al

EXAMPLES = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Score:
    """How well one forecast did."""

    model: str
    rmse: float
    normalized_rmse: float
    smape: float
    valid_time: float
    valid_throughout: bool  # then valid_time is a lower bound
    verdict: str


def score(model, truth, forecast, verdict, lyapunov, judged, threshold=0.4):
    """Errors over the first `judged` samples, and how long the whole forecast stays valid; `lyapunov` is the
    exponent that makes the unit of the latter, 1 for the unit of time of the data."""
    first, last = forecast[:judged], forecast[-1:]
    valid = al.diagnostics.valid_prediction_time(truth, forecast, lyapunov=lyapunov, threshold=threshold)
    whole = lyapunov * forecast.times.step * len(forecast)
    return Score(
        model,
        al.diagnostics.rmse(truth, first),
        al.diagnostics.normalized_rmse(truth, first),
        al.diagnostics.smape(truth, first),
        valid,
        valid > whole * (1 - 1e-9) and al.diagnostics.normalized_rmse(truth, last) <= threshold,
        str(verdict),
    )


def valid_text(row):
    return f"{'>= ' if row.valid_throughout else ''}{row.valid_time:.2f}"


def table(title, scores, unit):
    width = len(unit) + 10
    lines = [
        title,
        "%-12s %10s %9s %9s   %-*s   %s" % ("forecast", "RMSE", "nRMSE", "sMAPE", width, "valid for", "verdict"),
    ]
    for s in scores:
        lines.append(
            "%-12s %10.3g %9.3g %9.3g   %-*s   %s"
            % (s.model, s.rmse, s.normalized_rmse, s.smape, width, f"{valid_text(s)} {unit}", s.verdict)
        )
    return "\n".join(lines)


def run_exported(model, name, folder, start, times, substeps):
    """Exports the law of `model`, compiles exported/simulation_loop.cpp with it, which knows nothing of almagest,
    and lets that program run: from `start` at the first of `times`, with each step cut into `substeps`. Returns
    the path that the program writes."""
    header, program, path = (folder / f"{name}_model.hpp", folder / f"{name}_loop", folder / f"{name}_loop.csv")
    al.export_header(model, header, name=name)
    subprocess.run(
        shlex.split(os.environ.get("CXX", "c++"))
        + ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", folder, f"-DMODEL={name}"]
        + [f'-DMODEL_HEADER="{header.name}"', EXAMPLES / "exported" / "simulation_loop.cpp", "-o", program],
        check=True,
    )
    arguments = [times[0], times.step, len(times), substeps, *start]
    with open(path, "wb") as file:
        subprocess.run([program.resolve(), *map(str, arguments)], check=True, stdout=file)
    return al.read_csv(path)


def largest_difference(a, b):
    """The largest distance between two paths, in any component."""
    return float(np.abs(np.asarray(a.states) - np.asarray(b.states)).max())


class Watch:
    """Tells what is being done, and remembers how long each step took."""

    def __init__(self, tell=lambda what: None):
        self.tell, self.seconds = tell, {}

    @contextmanager
    def step(self, what):
        self.tell(what)
        begin = time.perf_counter()
        yield
        self.seconds[what] = time.perf_counter() - begin
