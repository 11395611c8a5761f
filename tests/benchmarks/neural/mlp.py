# SPDX-License-Identifier: BSD-3-Clause
"""A perceptron 3-64-64-3 on Lorenz in single precision, beside PyTorch: a step of AdamW on 128 samples, one sample.

Needs the program of mlp.cpp, whose steps are those of a fit: batches are drawn, gradients clipped. One thread each, seconds of the processor, ours before and after PyTorch's.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import pathlib
import statistics
import subprocess
import sys
import time

import torch
import torch.nn.functional as F

root = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(root))
from yardstick import at_most

torch.set_num_threads(1)
torch.manual_seed(0)


def ours():
    """Microseconds of a step of Adam and of the map, by their names."""
    built = root.parents[1] / "build/python/tests/benchmarks/neural/mlp"
    program = os.environ.get("ALMAGEST_MLP", str(built))
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines}


def lorenz(samples, step=0.004):
    def rate(x):
        return torch.stack([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]])

    x, all_samples = torch.tensor([-8.0, 8.0, 27.0], dtype=torch.float64), []
    for _ in range(samples):
        all_samples.append(x)
        for _ in range(5):
            a = rate(x)
            b = rate(x + step / 2 * a)
            c = rate(x + step / 2 * b)
            x = x + step / 6 * (a + 2 * b + 2 * c + rate(x + step * c))
    return torch.stack(all_samples)


def seconds(work, count, blocks=9):
    work()
    found = []
    for _ in range(blocks):
        start = time.process_time()
        for _ in range(count):
            work()
        found.append((time.process_time() - start) / count)
    return statistics.median(found)


run = lorenz(2000)
z = ((run - run.mean(0)) / run.std(0)).float()
inputs, targets = z[:-1], z[1:] - z[:-1]
net = torch.nn.Sequential(
    torch.nn.Linear(3, 64), torch.nn.Tanh(), torch.nn.Linear(64, 64), torch.nn.Tanh(), torch.nn.Linear(64, 3)
)


def trainer(call, **options):
    descent = torch.optim.AdamW(net.parameters(), lr=1e-3, **options)

    def step():
        batch = torch.randint(0, len(inputs), (128,))
        descent.zero_grad(set_to_none=True)
        F.mse_loss(call(inputs[batch]), targets[batch]).backward()
        descent.step()

    return step


before = ours()
peers = {}
for kind in ({}, {"foreach": True}, {"fused": True}):
    peers[f"eager {kind}"] = 1e6 * seconds(trainer(net, **kind), 100)
try:  # needs a compiler on the machine
    peers["compiled {'fused': True}"] = 1e6 * seconds(trainer(torch.compile(net), fused=True), 100)
except Exception as error:
    print(f"torch.compile does not run here: {type(error).__name__}")
net.eval()
one = inputs[:1].clone()
with torch.inference_mode():
    traced = torch.jit.freeze(torch.jit.trace(net, one))
    for _ in range(50):
        traced(one)
    alone = 1e6 * min(seconds(lambda: net(one), 500), seconds(lambda: traced(one), 500))
after = ours()
own = {name: statistics.mean((before[name], after[name])) for name in before}
print(f"PyTorch {torch.__version__}: AdamW {peers} us, one sample {alone:.3g} us; ours {own}")
at_most("mlp_adam_ratio_to_pytorch", own["adam_step_us"] / min(peers.values()), 0.20)
at_most("mlp_one_sample_ratio_to_pytorch", own["mlp_step_us"] / alone, 0.05)
