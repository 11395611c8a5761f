# SPDX-License-Identifier: BSD-3-Clause
"""The examples of the modules do what their pages say; those of the demo are run by it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(
    path
    for module in ("spectral", "koopman", "sindy", "neural")
    for path in (FOLDER / module).glob("*.py")
    if path.stem != "example"
)
# Their figures are those of the whole training; that they run shows in a part of it.
SHORTER = {"leads": ["--epochs", "200"], "lorenz_side_by_side": ["--epochs", "100"]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All at once: of each its process and its folder."""
    started = {}
    for script in SCRIPTS:
        folder = tmp_path_factory.mktemp(script.stem)
        started[script.stem] = folder, subprocess.Popen(
            [sys.executable, str(script), str(folder), *SHORTER.get(script.stem, [])],
            env={**os.environ, "MPLBACKEND": "Agg"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    yield started
    for _, process in started.values():
        process.kill()


@pytest.mark.parametrize("name", [script.stem for script in SCRIPTS])
def test_an_example_leaves_its_picture_and_agrees_with_theory(runs, name):
    folder, process = runs[name]
    printed, _ = process.communicate(timeout=300)
    assert process.returncode == 0, printed
    assert (folder / f"{name}.png").stat().st_size > 10_000
    compared = re.findall(r"([\d.]+)[,]? \(?theory ([\d.]+)", printed)
    assert bool(compared) == (name in {"barrier", "breather", "kinks", "rational", "residuals"})
    for measured, theory in compared:
        assert float(measured) == pytest.approx(float(theory), rel=1e-4)
