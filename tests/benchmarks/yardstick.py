# SPDX-License-Identifier: BSD-3-Clause
"""What the Python benchmarks share: paired timing, and the line that scripts/bench reads."""

import statistics
import time


def paired(repetitions, first, second, warm=True):
    """Median seconds of each, and the median of second/first, timed in turn; after one of each to warm up."""

    def seconds(work):
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    if warm:
        first(), second()
    pairs = [(seconds(first), seconds(second)) for _ in range(repetitions)]
    return (
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
        statistics.median(b / a for a, b in pairs),
    )


def at_most(name, value, limit):
    print(f"{name} {value:.4g} {limit:.4g} {'ok' if value <= limit else 'SHORT'}", flush=True)


def at_least(name, value, limit):
    print(f"{name} {value:.4g} {limit:.4g} {'ok' if value >= limit else 'SHORT'}", flush=True)
