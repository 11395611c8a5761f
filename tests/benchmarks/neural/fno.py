# SPDX-License-Identifier: BSD-3-Clause
"""A Fourier neural operator (16 modes, width 32, 4 layers, 256 points) beside PyTorch, one thread: training and inference.

PyTorch runs eager, compiled (training) and traced (inference); the fastest counts. Turns alternate within one run.
Compiling may take a minute (COMPILE_SECONDS): what is not compiled by then is left out, and the output says so.
"""

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import signal
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import almagest as al

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_most

torch.set_num_threads(1)
torch.manual_seed(0)
POINTS, MODES, WIDTH, LAYERS, PROJECTION, BATCH = 256, 16, 32, 4, 128, 32
TURNS, STEPS, CALLS = 9, 10, 200
COMPILE_SECONDS = 60


class Mix(nn.Module):
    """A 1 x 1 convolution as a matrix product."""

    def __init__(self, inputs, outputs, _size=1):
        super().__init__()
        self.w = nn.Parameter(torch.randn(outputs, inputs) / inputs**0.5)
        self.b = nn.Parameter(torch.zeros(outputs, 1))

    def forward(self, x):
        return torch.matmul(self.w, x) + self.b


class Spectral(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(MODES, WIDTH, WIDTH, dtype=torch.cfloat) / WIDTH)

    def forward(self, x):
        modes = torch.fft.rfft(x)[..., :MODES]
        y = torch.bmm(modes.permute(2, 0, 1), self.w).permute(1, 2, 0)
        return torch.fft.irfft(F.pad(y, (0, POINTS // 2 + 1 - MODES)), n=POINTS)


class SpectralEinsum(Spectral):
    """The form that most public code has."""

    def forward(self, x):
        modes = torch.fft.rfft(x)
        y = torch.zeros(x.shape[0], WIDTH, modes.shape[-1], dtype=torch.cfloat)
        y[..., :MODES] = torch.einsum("bik,kio->bok", modes[..., :MODES], self.w)
        return torch.fft.irfft(y, n=POINTS)


class FNO(nn.Module):
    def __init__(self, spectral, pointwise):
        super().__init__()
        self.lift = pointwise(2, WIDTH, 1)
        self.spec = nn.ModuleList(spectral() for _ in range(LAYERS))
        self.skip = nn.ModuleList(pointwise(WIDTH, WIDTH, 1) for _ in range(LAYERS))
        self.p1, self.p2 = pointwise(WIDTH, PROJECTION, 1), pointwise(PROJECTION, 1, 1)

    def forward(self, x):
        x = self.lift(x)
        for k, (spectral, pointwise) in enumerate(zip(self.spec, self.skip)):
            x = spectral(x) + pointwise(x)
            if k + 1 < LAYERS:
                x = F.gelu(x)
        return self.p2(F.gelu(self.p1(x)))


def batch(count):
    at = torch.arange(POINTS) / POINTS
    return torch.cat([torch.randn(count, 1, POINTS), at.expand(count, 1, -1)], 1), torch.randn(count, 1, POINTS)


def stepper(net, call):
    x, y = batch(BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)

    def step():
        optimizer.zero_grad(set_to_none=True)
        F.mse_loss(call(x), y).backward()
        optimizer.step()

    return step


def seconds(work, calls):
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


steps, calls = {}, {}
x1 = batch(1)[0]
for name, spectral, pointwise in (
    ("bmm, matmul", Spectral, Mix),
    ("bmm, Conv1d", Spectral, nn.Conv1d),
    ("einsum, Conv1d", SpectralEinsum, nn.Conv1d),
):
    net = FNO(spectral, pointwise)
    steps[name] = stepper(net, net)
    still = FNO(spectral, pointwise).eval()
    calls[f"{name}, eager"] = lambda still=still: still(x1)
    with torch.no_grad():
        traced = torch.jit.freeze(torch.jit.trace(still, x1))
    calls[f"{name}, traced"] = lambda traced=traced: traced(x1)


def too_late(*_):
    raise TimeoutError


# torch.compile needs a compiler on the machine, and time.
signal.signal(signal.SIGALRM, too_late)
began = time.perf_counter()
try:
    signal.alarm(COMPILE_SECONDS)
    net = FNO(Spectral, Mix)
    compiled = stepper(net, torch.compile(net))
    compiled()
    steps["bmm, matmul, compiled"] = compiled
    print(f"torch.compile: the training step, {time.perf_counter() - began:.0f} s")
    still = FNO(Spectral, Mix).eval()
    quick = torch.compile(still)
    with torch.no_grad():
        quick(x1)
    calls["bmm, matmul, compiled"] = lambda: quick(x1)
    print(f"torch.compile: inference too, {time.perf_counter() - began:.0f} s in all")
except Exception as error:
    print(f"torch.compile: given up after {time.perf_counter() - began:.0f} s ({type(error).__name__})")
finally:
    signal.alarm(0)

grid = al.SpatialGrid.periodic(POINTS, 0.0, 1.0)
x = np.arange(POINTS) / POINTS
states = np.array([np.sin(2 * np.pi * (x - 0.01 * k)) for k in range(BATCH * STEPS + 1)])
run = al.Trajectory(al.TimeGrid.uniform(0.0, 1.0, len(states)), states, grid=grid)
ours, theirs, start = [], {name: [] for name in steps}, 0.0


def turn(done):
    """After each of our epochs, which has as many steps: theirs."""
    global start
    epochs = done * (TURNS + 1)
    if abs(epochs - round(epochs)) > 1e-6:  # within an epoch
        return
    ours.append((time.perf_counter() - start) / STEPS)
    for name, step in steps.items():
        theirs[name].append(seconds(step, STEPS))
    start = time.perf_counter()


for step in steps.values():
    seconds(step, 3)
start = time.perf_counter()
model = al.neural.FNO1d(MODES, WIDTH, LAYERS, epochs=TURNS + 1, seed=0, batch=BATCH).fit(run, progress=turn)
assert len(ours) == TURNS + 1
ours, theirs = ours[1:], {name: times[1:] for name, times in theirs.items()}
best = min(theirs, key=lambda name: statistics.median(theirs[name]))
for name, times in theirs.items():
    print(f"training step, PyTorch {torch.__version__}, {name}: {1e3 * statistics.median(times):.2f} ms")
print(f"training step, almagest: {1e3 * statistics.median(ours):.2f} ms")
at_most("fno_training_step_of_torch", statistics.median(a / b for a, b in zip(ours, theirs[best])), 0.6)

ours, theirs = [], {name: [] for name in calls}
with torch.no_grad():
    for name, call in calls.items():
        seconds(call, 30)
    for _ in range(TURNS):
        began = time.perf_counter()
        ahead = model.forecast(run, steps=CALLS)
        ours.append((time.perf_counter() - began) / len(ahead))
        for name, call in calls.items():
            theirs[name].append(seconds(call, CALLS))
best = min(theirs, key=lambda name: statistics.median(theirs[name]))
for name, times in theirs.items():
    print(f"inference, PyTorch, {name}: {1e6 * statistics.median(times):.0f} us")
print(f"inference, almagest, a step of a forecast: {1e6 * statistics.median(ours):.0f} us ({len(ahead)} steps)")
at_most("fno_inference_of_torch", statistics.median(a / b for a, b in zip(ours, theirs[best])), 0.4)
