# SPDX-License-Identifier: BSD-3-Clause
"""The stubs say what the modules hold, and the package and its use pass the type checker."""

import subprocess
import sys
from pathlib import Path

import almagest

PACKAGE = Path(almagest.__file__).parent

USE = """
import almagest as al
import numpy as np

grid = al.TimeGrid.uniform(0.0, 0.01, 1000)
run: al.Trajectory = al.integrate(al.systems.Lorenz63(rho=28), x0=[1, 1, 1], times=grid, method=al.methods.RK4(0.01))
other = al.integrate(lambda x, t: -x, np.ones(3), np.arange(3.0), stop_when=lambda x, t: float(x[0]))
runs = al.integrate_ensemble(al.systems.Lorenz63(), np.ones((4, 3)), grid, threads=2)
model = al.SINDy(library=al.Polynomial(degree=3), optimizer=al.STLSQ(threshold=0.1)).fit([run, *runs])
ahead: al.Forecast = model.forecast(run, steps=10)
learned = al.integrate(model, run[-1], grid)
reveal: float = al.diagnostics.valid_prediction_time(run, ahead, lyapunov=0.9, threshold=0.4)
modes = al.HankelDMD(delays=10, rank=4).fit(run.states, dt=0.01).modes_
al.save(model, "file")
"""


def mypy(*arguments, cwd):
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_stubs_agree_with_the_modules(tmp_path):
    # Compiled classes cannot be bases together, which stubs could tell newer checkers but not older ones.
    known = "--ignore-disjoint-bases" in mypy("mypy.stubtest", "--help", cwd=tmp_path)
    mypy("mypy.stubtest", "almagest", *["--ignore-disjoint-bases"] * known, cwd=tmp_path)


def test_package_and_its_use_are_typed(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    mypy("mypy", "--strict", "use.py", cwd=tmp_path)
    mypy("mypy", "--strict", "-p", "almagest", cwd=tmp_path)


def test_the_package_is_marked_as_typed():
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_almagest" / "core.pyi").exists()
