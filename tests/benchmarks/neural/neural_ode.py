# SPDX-License-Identifier: BSD-3-Clause
"""Loss and gradient through a neural ODE against PyTorch, unrolled by hand, and torchdiffeq; one thread, seconds of
the processor, all in turn."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/benchmarks"))
from yardstick import at_most

try:
    import torchdiffeq
except ImportError:
    torchdiffeq = None

STEPS, BATCH, STEP = 20, 64, 0.02


def lorenz(samples):
    states, x = np.empty((samples, 3)), np.array([-8.0, 8.0, 27.0])
    for k in range(samples):
        states[k] = x
        for _ in range(20):
            x = x + 1e-3 * np.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])
    return (states - states.mean(0)) / states.std(0)


def seconds(work, calls=10):
    start = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - start) / calls


def peers():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 3)
    )
    z = torch.tensor(lorenz(40 * BATCH + STEPS + 1), dtype=torch.float32)
    index = 40 * torch.arange(BATCH)
    start, truth = z[index], torch.stack([z[index + k + 1] for k in range(STEPS)])

    def unrolled(x):
        out = []
        for _ in range(STEPS):
            k1 = net(x)
            k2 = net(x + 0.5 * STEP * k1)
            k3 = net(x + 0.5 * STEP * k2)
            k4 = net(x + STEP * k3)
            x = x + (STEP / 6) * (k1 + 2 * k2 + 2 * k3 + k4)
            out.append(x)
        return torch.stack(out)

    def learn(solve):
        def work():
            net.zero_grad(set_to_none=True)
            torch.nn.functional.mse_loss(solve(), truth).backward()

        return work

    found = {"unrolled": learn(lambda: unrolled(start))}
    if torchdiffeq:
        times = torch.arange(STEPS + 1) * STEP
        right = lambda t, x: net(x)
        found["torchdiffeq"] = learn(lambda: torchdiffeq.odeint(right, start, times, method="rk4")[1:])
    return found


def main():
    program = ROOT / "build/python/tests/benchmarks/neural/neural_ode"
    program = Path(sys.argv[1]) if len(sys.argv) > 1 else program
    works = peers()
    for work in works.values():
        for _ in range(5):
            work()
    ours, theirs = [], {name: [] for name in works}
    for _ in range(5):
        ours.append(float(subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()[1]))
        for name, work in works.items():
            theirs[name].append(1e3 * seconds(work))
    for name, times in theirs.items():
        print(f"{name}: {statistics.median(times):.2f} ms, almagest {statistics.median(ours):.2f} ms")
    ratios = [mine / min(times[k] for times in theirs.values()) for k, mine in enumerate(ours)]
    at_most("neural_ode_gradient_to_pytorch", statistics.median(ratios), 0.3)


main()
