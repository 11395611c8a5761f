# SPDX-License-Identifier: BSD-3-Clause
"""StNN in its authors' improved form on the damped pendulum, and a perceptron of a quarter of its parameters beside it.

System, starts, networks, optimizer and count of steps are those of https://github.com/LeviLingsch/StNN; the loss is that of
the rollouts alone, without the one-step error that its authors add, and each run gives a fixed stretch. Their one seed has for
StNN a one-step error of 8.5e-5 (of normalized states) and a root mean square error of 0.42 over 80 steps, for the perceptron
1.7e-6 and 0.026. As one seed is known, StNN is judged by a factor 3 of the first and by 0.9 for the second.
"""

import pathlib
import sys
import time

import almagest as al
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from yardstick import at_most

ROLLOUT, STARTS, EPOCHS = 12, 6, 20  # as many starts as one of each run in 120 epochs
TRAINING = al.neural.Training(weight_decay=1e-4, clip=1.0, warmup=0.05, forcing=1.0, forcing_end=0.2)
SETTINGS = dict(epochs=EPOCHS, batch=64, rate=1e-3, rollout=ROLLOUT, seed=42, training=TRAINING)


def runs(count, seed):
    random = np.random.default_rng(seed)
    starts = np.stack([random.uniform(-np.pi, np.pi, count), random.uniform(-1.5, 1.5, count)], 1)
    times = al.TimeGrid.uniform(0, 0.05, 201)
    return al.integrate_ensemble(al.systems.DampedPendulum(gravity=1, damping=0.15), starts, times, al.methods.RK4(0.05))


def stretches(whole, seed):
    """A random stretch of each run, with as many starts of a rollout."""
    random = np.random.default_rng(seed)
    length = ROLLOUT + STARTS
    firsts = random.integers(0, len(whole[0]) - length, len(whole))
    return [run[first : first + length] for run, first in zip(whole, firsts)]


def judged(model, held, deviation):
    """The one-step error of normalized states, and that of forecasts over 80 steps."""
    ahead = [model.forecast(run[:1], 200) for run in held]
    misses = np.concatenate([f.states[:80] - run.states[1:81] for f, run in zip(ahead, held)])
    steps = [model.forecast(run[k : k + 1], 1).states[0] - run.states[k + 1] for run in held for k in range(0, 200, 10)]
    return np.mean((np.array(steps) / deviation) ** 2), np.sqrt(np.mean(misses**2))


learned, held = runs(2500, 53), runs(128, 89)
deviation = np.concatenate([run.states for run in learned]).std(0)
data, seen = stretches(learned, 1), stretches(runs(300, 71), 2)
models = {
    "StNN": al.neural.StNN(copies=1024, improved=True, head=1024, **SETTINGS),
    "MLP": al.neural.MLP(hidden=[32, 49, 32], activation="silu", **SETTINGS),
}
found = {}
for name, model in models.items():
    start = time.perf_counter()
    model.fit(data, validation=seen)
    found[name] = judged(model, held, deviation)
    one, eighty = found[name]
    print(f"{name}: {model.parameter_count_} parameters, {time.perf_counter() - start:.0f} s, one step {one:.2e}, 80 steps {eighty:.3f}", flush=True)
at_most("stnn_pendulum_one_step", found["StNN"][0], 3 * 8.452e-5)
at_most("stnn_pendulum_80_steps", found["StNN"][1], 0.9)
