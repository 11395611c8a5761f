# SPDX-License-Identifier: BSD-3-Clause
"""What long calls leave to the rest of the program: its threads, its interrupts, its wish to cancel."""

import pickle
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


CALLS = {
    "integrate": lambda progress: al.integrate(LORENZ, [1, 1, 1], LONG, al.methods.RK4(1e-4), progress=progress),
    "integrate one interval": lambda progress: al.integrate(
        LORENZ, [1, 1, 1], [0.0, 1000.0], al.methods.RK4(1e-4), progress=progress
    ),
    "integrate_ensemble": lambda progress: al.integrate_ensemble(
        LORENZ, np.ones((4000, 3)), al.TimeGrid.uniform(0, 1, 1001), al.methods.RK4(1e-3), progress=progress
    ),
    "lyapunov_spectrum": lambda progress: al.diagnostics.lyapunov_spectrum(LORENZ, [1, 1, 1], 1e7, progress=progress),
}


@pytest.fixture
def other_thread():
    """Counts what another thread gets done while the interpreter is forbidden to switch by itself: it gets
    on only where the lock is released."""
    count = 0
    done = threading.Event()

    def work():
        nonlocal count
        while not done.is_set():
            count += 1
            time.sleep(1e-4)

    thread = threading.Thread(target=work)
    thread.start()
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    before = count
    while count == before:  # a wait for the lock that began earlier asks for a switch after 5 ms
        time.sleep(0.001)
    yield lambda: count
    sys.setswitchinterval(interval)
    done.set()
    thread.join()


def gets_on(count, work):
    """Whether the other thread runs during `work`, in one of many tries: it may miss a short one."""
    for _ in range(200):
        before = count()
        work()
        if count() > before:
            return True
    return False


class TestLock:
    """Each call takes a millisecond or more, so that the other thread wakes up in one of them."""

    RUN = al.integrate(LORENZ, [1, 1, 1], al.TimeGrid.uniform(0, 0.01, 100_000), al.methods.RK4(0.01))

    def test_the_measure_itself(self, other_thread):
        assert not gets_on(other_thread, lambda: sum(range(100_000)))
        assert gets_on(other_thread, lambda: time.sleep(0.001))

    def test_simulation(self, other_thread):
        rk4 = al.methods.RK4(0.01)
        assert gets_on(other_thread, lambda: al.integrate(LORENZ, [1, 1, 1], self.RUN.times, rk4))
        assert gets_on(other_thread, lambda: al.integrate_ensemble(LORENZ, np.ones((20, 3)), self.RUN.times[:10_000], rk4))
        assert gets_on(other_thread, lambda: al.iterate(al.systems.Logistic(), [0.3], 1_000_000))

    def test_learning(self, other_thread):
        assert gets_on(other_thread, lambda: al.SINDy(al.Polynomial(3)).fit(self.RUN))
        assert gets_on(other_thread, lambda: al.HankelDMD(delays=20, rank=10).fit(self.RUN[:5000]))

    def test_models(self, other_thread):
        law = al.SINDy().fit(self.RUN)
        linear = al.HankelDMD(delays=20, rank=10).fit(self.RUN[:5000])
        assert gets_on(other_thread, lambda: law.predict(self.RUN))
        assert gets_on(other_thread, lambda: law.forecast(self.RUN[:10], 10_000))
        assert gets_on(other_thread, lambda: linear.forecast(self.RUN[:20], 100_000))
        assert gets_on(other_thread, lambda: linear.reconstruct(self.RUN))

    def test_diagnostics(self, other_thread):
        assert gets_on(other_thread, lambda: al.diagnostics.rmse(self.RUN, self.RUN))
        assert gets_on(other_thread, lambda: al.diagnostics.power_spectrum(self.RUN))
        assert gets_on(other_thread, lambda: al.diagnostics.lyapunov_spectrum(LORENZ, [1, 1, 1], 100))

    @pytest.mark.parametrize("kind", ["csv", "npy", "netcdf"])
    def test_files_of_runs(self, other_thread, kind, tmp_path):
        read, write = getattr(al, f"read_{kind}"), getattr(al, f"write_{kind}")
        times = () if kind != "npy" else (self.RUN.times,)
        assert gets_on(other_thread, lambda: write(self.RUN, tmp_path / "run"))
        assert gets_on(other_thread, lambda: read(tmp_path / "run", *times))

    @pytest.mark.filterwarnings("ignore::almagest.FitWarning")  # noise has a noise floor
    def test_files_of_models(self, other_thread, tmp_path):
        noise = np.random.default_rng(0).normal(size=(600, 200))
        model = al.HankelDMD(delays=1, rank=200).fit(noise, dt=1.0)
        assert gets_on(other_thread, lambda: al.save(model, tmp_path / "model"))
        assert (tmp_path / "model").stat().st_size > 1_000_000
        assert gets_on(other_thread, lambda: al.load(tmp_path / "model"))
        content = pickle.dumps(model)
        assert gets_on(other_thread, lambda: pickle.loads(content))
        assert gets_on(other_thread, lambda: pickle.dumps(model))


@pytest.mark.parametrize("name", CALLS)
def test_progress(name):
    seen = []

    def progress(fraction):
        seen.append(fraction)
        return len(seen) < 3  # False cancels

    with says(al.Cancelled, name.split()[0], "cancelled", "%"):
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
import signal, sys
import almagest as al, numpy as np
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs behind it deaf to Ctrl-C
lorenz = al.systems.Lorenz63()
long = al.TimeGrid.uniform(0.0, 1.0, 1_000_000)
calls = {
    "integrate": lambda: al.integrate(lorenz, [1, 1, 1], long, al.methods.RK4(1e-4)),
    "one interval": lambda: al.integrate(lorenz, [1, 1, 1], [0.0, 1e6], al.methods.RK4(1e-6), max_steps=10**15),
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


@pytest.mark.parametrize("call", ["integrate", "one interval", "function", "ensemble", "lyapunov"])
def test_interrupt(call):
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED, call], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=60)[0] == "interrupted\n"
            assert process.returncode == 0
        finally:
            process.kill()
