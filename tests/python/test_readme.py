# SPDX-License-Identifier: BSD-3-Clause
"""The Python program of the README runs as it stands, and does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import almagest as al

README = Path(__file__).parents[2] / "README.md"


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
