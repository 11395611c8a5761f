# SPDX-License-Identifier: BSD-3-Clause
"""What the Python benchmarks share: paired timing, and the line that scripts/bench reads."""

import statistics
import time


def paired(repetitions, first, second, warm=True, clock=time.perf_counter):
    """Median seconds of each, and the median of second/first, timed in turn; after one of each to warm up.

    With clock=time.process_time they are seconds of the processor, which other programs hardly disturb.
    """

    def seconds(work):
        start = clock()
        work()
        return clock() - start

    if warm:
        first(), second()
    pairs = [(seconds(first), seconds(second)) for _ in range(repetitions)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def memory(kind):
    """MiB of this process: kind is "VmRSS" (now) or "VmHWM" (the most since forget_peak)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(kind))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


def at_most(name, value, limit):
    print(f"{name} {value:.4g} {limit:.4g} {'ok' if value <= limit else 'SHORT'}", flush=True)


def at_least(name, value, limit):
    print(f"{name} {value:.4g} {limit:.4g} {'ok' if value >= limit else 'SHORT'}", flush=True)
