# SPDX-License-Identifier: BSD-3-Clause
"""The demo: runs the examples in C++ and in Python and their notebooks, compares what they found, prints one
table a system, and leaves figures and report.html in build/demo.

scripts/demo builds what it needs and calls it; its arguments come here.
"""

import argparse
import contextlib
import io
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

import almagest as al
import figures
import lorenz
import lotka_volterra
import report
import workbench

sys.path.append(str(workbench.EXAMPLES / "koopman"))
import residuals
import sunspots

TRUE_LAWS = {
    "Lorenz": {"x": {"x": -10.0, "y": 10.0}, "y": {"x": 28.0, "y": -1.0, "x z": -1.0}, "z": {"z": -8 / 3, "x y": 1.0}},
    "Lotka–Volterra": {"x": {"x": 1.1, "x y": -0.4}, "y": {"y": -0.4, "x y": 0.1}},
}
NAMES = ("lorenz", "lotka_volterra")
KOOPMAN = {"sunspots": sunspots, "residuals": residuals}


class Steps:
    """A bar below, and above it a line for each step that is done, with its time."""

    def __init__(self, console, count):
        self.console, self.timings = console, []
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.task = self.bar.add_task("", total=count)

    @contextlib.contextmanager
    def step(self, what):
        self.bar.update(self.task, description=what)
        begin = time.perf_counter()
        yield
        self.timings.append((what, time.perf_counter() - begin))
        self.bar.advance(self.task)
        self.console.print(f"  {what:<58} {self.timings[-1][1]:7.2f} s", highlight=False)

    def part(self, name):
        """The steps of one part, in the form that the examples expect."""
        part = workbench.Watch()
        part.step = lambda what: self.step(f"{name}: {what}")
        return part


def run_program(program, folder):
    if not program.exists():
        sys.exit(f"demo: {program} is missing; run scripts/demo, or give --programs the folder where it was built.")
    done = subprocess.run([program, "--output", folder], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"demo: {program} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_notebook(source, target):
    import nbclient
    import nbformat

    notebook = nbformat.read(source, as_version=4)
    folder = {"metadata": {"path": str(workbench.EXAMPLES)}}
    client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=folder)
    client.execute(stderr=subprocess.DEVNULL)
    nbformat.write(notebook, target)


def printed(module, *result):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        module.report(*result)
    return text.getvalue()


def compare(cpp, python):
    """How far what C++ left lies from what Python left."""

    def difference(name, count=None):
        return workbench.largest_difference(*(al.read_csv(folder / f"{name}.csv")[:count] for folder in (cpp, python)))

    def coefficients(name):
        models = (al.load(folder / f"{name}_sindy.almagest") for folder in (cpp, python))
        return float(np.abs(np.subtract(*(model.coefficients_ for model in models))).max())

    def model_of_cpp_in_python():
        """The model that C++ saved, continuing in Python the run that C++ simulated."""
        truth = al.read_netcdf(cpp / "lorenz_truth.nc")
        one = lorenz.lyapunov_times(1)
        ahead = al.load(cpp / "lorenz_sindy.almagest").forecast(truth[: lorenz.SETTLING], steps=one)
        return workbench.largest_difference(ahead, al.read_csv(cpp / "lorenz_sindy.csv")[:one])

    one = lorenz.lyapunov_times(1)
    # Limits: what rounding may grow to on the way through the fit and the forecast.
    rows = [
        ("Lorenz: coefficients of the laws", coefficients("lorenz"), 1e-9),
        ("Lorenz: SINDy, first Lyapunov time", difference("lorenz_sindy", one), 1e-8),
        ("Lorenz: Hankel-DMD, first Lyapunov time", difference("lorenz_hankel_dmd", one), 1e-6),
        ("Lorenz: model file of C++ in Python, the same", model_of_cpp_in_python(), 1e-10),
        ("Lotka-Volterra: coefficients of the laws", coefficients("lotka_volterra"), 1e-9),
        ("Lotka-Volterra: SINDy, 200 years", difference("lotka_volterra_sindy"), 1e-8),
        ("Lotka-Volterra: Hankel-DMD, 200 years", difference("lotka_volterra_hankel_dmd"), 1e-4),
        ("pelts: SINDy, 6 years", difference("pelts_sindy"), 1e-8),
        ("pelts: Hankel-DMD, 6 years", difference("pelts_hankel_dmd"), 1e-8),
    ]
    agree = all(distance <= limit for _, distance, limit in rows)
    texts = [
        f"{distance:.1e}" + ("" if distance <= limit else f", more than {limit:.0e}") for _, distance, limit in rows
    ]
    return agree, [(name, text) for (name, *_), text in zip(rows, texts)]


def draw(r, folder, steps):
    """All figures; returns their paths by name."""
    eq, p = r.lotka_volterra.equations, r.lotka_volterra.pelts
    plans = {
        "attractors": lambda: figures.attractors(r.climate),
        "lorenz_forecasts": lambda: figures.lorenz_forecasts(r.lorenz),
        "power_spectra": lambda: figures.power_spectra(r.climate),
        "lotka_volterra_forecasts": lambda: figures.lotka_volterra_forecasts(eq),
        "coefficients": lambda: figures.coefficients(
            [
                ("Lorenz", r.lorenz.law, TRUE_LAWS["Lorenz"], "per unit of time"),
                ("Lotka–Volterra", eq.law, TRUE_LAWS["Lotka–Volterra"], "per year"),
            ]
        ),
        "pelts": lambda: figures.pelts(p),
        "pelts_choice": lambda: figures.pelts_choice(p),
        "eigenvalues": lambda: figures.eigenvalues(r.linear_models),
        "sunspots": lambda: sunspots.picture(*r.koopman["sunspots"]),
        "residuals": lambda: residuals.picture(*r.koopman["residuals"]),
    }
    images = {}
    with steps.step("draw figures"):
        for name, plan in plans.items():
            images[name] = folder / f"{name}.png"
            figures.save(plan(), images[name])
    return images


def show(console, result):
    table = Table(title=result.title, title_justify="left", title_style="bold")
    table.add_column("forecast")
    for name in ("RMSE", "nRMSE", "sMAPE\n(0-200)", f"valid for\n({result.unit})"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for s in result.scores:
        table.add_row(
            s.model, *(f"{v:.3g}" for v in (s.rmse, s.normalized_rmse, s.smape)), workbench.valid_text(s), s.verdict
        )
    console.print(table)


def main(arguments):
    figures.plt.switch_backend("agg")  # files, no windows
    console = Console()
    folder = arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    python, cpp = folder / "python", folder / "cpp"
    steps = Steps(console, 23 if arguments.no_notebooks else 25)
    r = SimpleNamespace(true_laws=TRUE_LAWS)
    warnings.simplefilter("ignore", al.FitWarning)  # the report shows them beside the models

    with steps.bar:
        cpp_prints = {}
        for name in NAMES:
            with steps.step(f"C++: {name}"):
                cpp_prints[name] = run_program(arguments.programs / name, cpp)
        r.lorenz = lorenz.run(python, steps.part("Lorenz"))
        r.climate = lorenz.climate(r.lorenz.law, r.lorenz.linear, steps.part("Lorenz"))
        r.lotka_volterra = lotka_volterra.run(python, watch=steps.part("Lotka-Volterra"))
        r.koopman = {}
        for name, module in KOOPMAN.items():
            with steps.step(f"Koopman: {name}"):
                r.koopman[name] = module.run()
        with steps.step("compare C++ and Python"):
            r.agree, r.agreement = compare(cpp, python)
        if not arguments.no_notebooks:
            for name in NAMES:
                with steps.step(f"notebook: {name}"):
                    run_notebook(workbench.EXAMPLES / f"{name}.ipynb", folder / f"{name}.ipynb")

        eq, p = r.lotka_volterra.equations, r.lotka_volterra.pelts
        python_prints = {
            "lorenz": printed(lorenz, r.lorenz),
            "lotka_volterra": printed(lotka_volterra, r.lotka_volterra),
        }
        r.koopman_prints = {name: printed(module, *r.koopman[name]) for name, module in KOOPMAN.items()}
        r.outputs = [(name, cpp_prints[name], python_prints[name]) for name in NAMES]
        r.linear_models = [
            ("Lorenz", r.lorenz.linear, 0.05, "over 0.05 units of time"),
            ("Lotka–Volterra", eq.linear, 1.0, "over a year"),
            ("pelts", p.linear, 1.0, "over a year"),
        ]
        r.header = (python / "lorenz_model.hpp").read_text()
        images = draw(r, folder, steps)
        r.timings = steps.timings
        report.write(folder / "report.html", r, images)

    for result in (r.lorenz, eq, p):
        console.print()
        show(console, result)
    console.print("\nC++ and Python " + ("agree:" if r.agree else "do NOT agree:"))
    for name, distance in r.agreement:
        console.print(f"  {name:<58} {distance}", highlight=False)
    console.print(f"\n{folder / 'report.html'} shows it all.")
    return 0 if r.agree else 1


if __name__ == "__main__":
    root = workbench.EXAMPLES.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--output", type=Path, default=root / "build" / "demo", help="folder for figures and report.html"
    )
    parser.add_argument(
        "--programs", type=Path, default=root / "build" / "python" / "examples", help="folder of the C++ examples"
    )
    parser.add_argument("--no-notebooks", action="store_true", help="leave the notebooks out")
    sys.exit(main(parser.parse_args()))
