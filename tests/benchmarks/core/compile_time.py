# SPDX-License-Identifier: BSD-3-Clause
"""What including one module costs, against Eigen/Core: user seconds of the compiler, in turn."""

import os
import pathlib
import statistics
import sys
import tempfile

root = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(root / "tests" / "benchmarks"))
from yardstick import at_most

COMPILER = os.environ.get("CXX", "g++")
EIGEN = os.environ.get("EIGEN_INCLUDE", "/usr/include/eigen3")


def seconds(include):
    """User time to compile a file that only includes the header."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "one.cpp"
        source.write_text(f"#include <{include}>\n")
        before = os.times()
        command = [COMPILER, "-std=c++20", "-O2", "-c", "-isystem", EIGEN, f"-I{root / 'include'}", str(source), "-o", "/dev/null"]
        if os.spawnvp(os.P_WAIT, COMPILER, command) != 0:
            sys.exit(f"{include} does not compile")
        return os.times().children_user - before.children_user


for module in ("core", "fft", "linalg", "systems", "integrate", "spectral", "koopman", "sindy", "pde",
               "neural", "operators", "diagnostics", "io"):
    ratios = []
    for _ in range(5):
        reference = seconds("Eigen/Core")
        ratios.append(seconds(f"almagest/{module}.hpp") / reference)
    # Diagnostics stands on integrate and cannot cost less.
    limit = 2.2 if module in ("integrate", "diagnostics") else 1.5
    at_most(f"include_{module}_against_eigen_core", statistics.median(ratios), limit)
