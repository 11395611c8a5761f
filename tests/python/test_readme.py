# SPDX-License-Identifier: BSD-3-Clause
"""The Python programs of the README and of the pages run as they stand, and print what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import almagest as al
import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
# Blocks that do not import the package are fragments.
PROGRAM = re.compile(r"```python\n(import almagest as al\n.*?)```(?:\n\n```text\n(.*?)```)?", re.DOTALL)
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if PROGRAM.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_pages(page, tmp_path):
    for program, printed in PROGRAM.findall(page.read_text(encoding="utf-8")):
        environment = {**os.environ, "MPLBACKEND": "Agg"}
        done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert not printed or done.stdout == printed


def test_pictures_are_there_and_shown():
    shown = set()
    for page in (README, *(ROOT / "docs").rglob("*.md")):
        named = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
        shown |= {(page.parent / picture).resolve() for picture in named}
    assert shown == set((ROOT / "docs" / "images").resolve().iterdir())


def test_program(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("x' = -10.0000 x + 10.0000 y\n")
    valid = re.search(r"- valid for ([0-9.]+) Lyapunov times$", done.stdout, re.MULTILINE)
    assert valid and float(valid[1]) > 5
    assert "Hankel-DMD: dimension 3, 100 delays, rank 15" in done.stdout
    assert str(al.load(tmp_path / "lorenz.almagest")) in done.stdout
    assert "namespace lorenz" in (tmp_path / "lorenz_model.hpp").read_text()
