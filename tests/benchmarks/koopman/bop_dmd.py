# SPDX-License-Identifier: BSD-3-Clause
"""BOP-DMD, 100 bags of 40 % of 1000 samples of 200 channels, rank 6, noise 0.05, beside PyDMD on one thread."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import sys
import warnings
from importlib.metadata import version

import numpy as np
import pydmd

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_most, paired

warnings.filterwarnings("ignore")

random = np.random.default_rng(3)
times = 0.02 * np.arange(1000)
exponents = np.array([-0.05 + 3.0j, -0.1 + 5.5j, -0.02 + 9.0j])
modes = random.standard_normal((3, 200)) + 1j * random.standard_normal((3, 200))
states = (np.exp(np.outer(times, exponents)) @ modes).real + 0.05 * random.standard_normal((1000, 200))
run = al.Trajectory(times, states)


def ours():
    return al.BOPDMD(rank=6, bags=100, share=0.4).fit(run)


def theirs():
    np.random.seed(0)
    return pydmd.BOPDMD(
        svd_rank=6, num_trials=100, trial_size=0.4, eig_sort="imag", varpro_opts_dict={"tol": 1e-4}
    ).fit(states.T, times)


def error(found):
    return max(np.abs(found - one).min() for one in exponents)


a, b, ratio = paired(3, ours, theirs)
print(f"BOP-DMD: {a:.3f} s, PyDMD {version('pydmd')} {b:.3f} s")
at_most("bop_dmd_over_pydmd", 1 / ratio, 0.10)
print(f"errors of exponents: {error(ours().exponents_):.2g}, PyDMD {error(theirs().eigs):.2g}")
at_most("bop_dmd_error", error(ours().exponents_), 2e-4)
at_most("optimized_dmd_error", error(al.OptDMD(rank=6).fit(run).exponents_), 2e-4)
