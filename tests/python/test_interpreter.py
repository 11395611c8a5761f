# SPDX-License-Identifier: BSD-3-Clause
"""What long calls leave to the rest of the program: its threads, its interrupts, its wish to cancel."""

import signal
import subprocess
import sys
import threading
import time

import almagest as al
import numpy as np
import pytest
from conftest import says

LORENZ = al.systems.Lorenz63()
LONG = al.TimeGrid.uniform(0.0, 1.0, 100_000)  # seconds of work, were nobody to stop it


def stopped_by(counter):
    """A progress callback that ends the call once another thread has counted on."""
    return lambda fraction: counter() < 3


CALLS = {
    "integrate": lambda progress: al.integrate(LORENZ, [1, 1, 1], LONG, al.methods.RK4(1e-4), progress=progress),
    "integrate_ensemble": lambda progress: al.integrate_ensemble(
        LORENZ, np.ones((4000, 3)), al.TimeGrid.uniform(0, 1, 1001), al.methods.RK4(1e-3), progress=progress
    ),
    "lyapunov_spectrum": lambda progress: al.diagnostics.lyapunov_spectrum(LORENZ, [1, 1, 1], 1e7, progress=progress),
}


@pytest.mark.parametrize("name", CALLS)
def test_other_threads_go_on(name):
    # The thread's own counting, not a clock, ends the call: with the lock held it would never get on.
    count = 0
    done = threading.Event()

    def work():
        nonlocal count
        while not done.is_set():
            count += 1
            time.sleep(0.001)

    thread = threading.Thread(target=work)
    try:
        thread.start()
        with pytest.raises(al.Cancelled):
            CALLS[name](stopped_by(lambda: count))
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("use", ["fit", "forecast", "save"])
def test_calls_without_progress_release_the_lock(use, tmp_path):
    # A second thread waits inside the call for the first: only possible where the lock is free.
    times = al.TimeGrid.uniform(0, 0.01, 40_000)
    run = al.integrate(LORENZ, [1, 1, 1], times, al.methods.RK4(0.01))
    model = al.SINDy(al.Polynomial(4)).fit(run)
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.0005)  # gives the lock back; it returns only while nobody holds it

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # a thread that holds the lock keeps it: only a release lets others in
    thread = threading.Thread(target=tick)
    try:
        thread.start()
        done_before = len(ticks)
        {"fit": lambda: al.SINDy(al.Polynomial(4)).fit(run),
         "forecast": lambda: model.forecast(run, 20_000),
         "save": lambda: al.save(model, tmp_path / "m")}[use]()
        after = len(ticks)
    finally:
        done.set()
        sys.setswitchinterval(interval)
        thread.join()
    assert after > done_before


@pytest.mark.parametrize("name", CALLS)
def test_progress(name):
    seen = []

    def progress(fraction):
        seen.append(fraction)
        return len(seen) < 3  # False cancels

    with says(al.Cancelled, name, "cancelled", "%"):
        CALLS[name](progress)
    assert len(seen) == 3 and 0 < seen[0] < seen[1] < seen[2] < 1


def test_progress_to_the_end_and_without_an_answer():
    seen = []
    al.integrate(LORENZ, [1, 1, 1], np.linspace(0, 1, 11), progress=seen.append)
    assert seen[-1] == 1.0
    seen.clear()
    al.iterate(al.systems.Logistic(), [0.3], 10, progress=seen.append)
    assert seen[-1] == 1.0


def test_errors_of_the_callback_pass_through():
    with pytest.raises(ZeroDivisionError):
        CALLS["integrate"](lambda fraction: 1 / 0)


INTERRUPTED = """
import os, signal, sys, threading
import almagest as al, numpy as np
lorenz = al.systems.Lorenz63()
long = al.TimeGrid.uniform(0.0, 1.0, 1_000_000)
calls = {
    "integrate": lambda: al.integrate(lorenz, [1, 1, 1], long, al.methods.RK4(1e-4)),
    "function": lambda: al.integrate(lambda x, t: -x, [1.0], long, al.methods.RK4(1e-3)),
    "ensemble": lambda: al.integrate_ensemble(lorenz, np.ones((10**6, 3)), [0.0, 1000.0], al.methods.RK4(1e-3), threads=2),
    "lyapunov": lambda: al.diagnostics.lyapunov_spectrum(lorenz, [1, 1, 1], 1e9),
    "iterate": lambda: al.iterate(al.systems.Logistic(), [0.3], 10**8),
}
print("ready", flush=True)
try:
    calls[sys.argv[1]]()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("call", ["integrate", "function", "ensemble", "lyapunov"])
def test_interrupt(call):
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, call], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"
        assert process.returncode == 0
