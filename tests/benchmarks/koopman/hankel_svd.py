# SPDX-License-Identifier: BSD-3-Clause
"""Leading singular triples of Hankel matrices beside NumPy, FFT products and ARPACK, in turn on one thread."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import scipy.fft as sf
from scipy.sparse.linalg import LinearOperator, svds

root = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(root))
from yardstick import at_most


def lorenz(samples, step):
    def rate(x, y, z):
        return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z

    v, series = (-8.0, 8.0, 27.0), np.empty(samples)
    for k in range(samples):
        series[k] = v[0]
        a = rate(*v)
        b = rate(*(p + step / 2 * q for p, q in zip(v, a)))
        c = rate(*(p + step / 2 * q for p, q in zip(v, b)))
        d = rate(*(p + step * q for p, q in zip(v, c)))
        v = tuple(p + step / 6 * (q + 2 * r + 2 * s + t) for p, q, r, s, t in zip(v, a, b, c, d))
    return series


def arpack(x, delays, rank=15):
    windows = len(x) - delays + 1
    points = sf.next_fast_len(len(x), real=True)
    modes = sf.rfft(x, points)

    def product(v, keep):
        return sf.irfft(modes * np.conj(sf.rfft(np.ravel(v), points)), points)[:keep]

    hankel = LinearOperator(
        (delays, windows), matvec=lambda v: product(v, delays), rmatvec=lambda u: product(u, windows), dtype=float
    )
    return svds(hankel, k=rank, v0=np.ones(delays))[1][::-1]


def ours(x):
    built = root.parents[1] / "build/python/tests/benchmarks/koopman/hankel_svd"
    with tempfile.NamedTemporaryFile() as file:
        x.tofile(file.name)
        command = [os.environ.get("ALMAGEST_BENCH_HANKEL_SVD", built), file.name]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {int(f[0]): [float(v) for v in f[1:]] for f in map(str.split, lines)}


x = lorenz(200_000, 0.001)
for delays in (1000, 10_000):
    arpack(x, delays)
    ratios = []
    for _ in range(3):
        start = time.process_time()
        values = arpack(x, delays)
        theirs = time.process_time() - start
        seconds, *leading = ours(x)[delays]
        ratios.append(seconds / theirs)
    print(f"200000 samples, {delays} delays, 15 triples: {seconds:.3f} s, NumPy + FFT + ARPACK {theirs:.3f} s")
    at_most(f"hankel_svd_{delays}_over_arpack", statistics.median(ratios), 0.26 if delays == 1000 else 0.35)
    at_most(f"hankel_svd_{delays}_difference", np.abs(values[[0, 7, 14]] / leading - 1).max(), 1e-10)
