"""Seeded hostile input: how many cases there are of each kind, and how long one may take.

A case is its seed: `FUZZ_CASES=10000 pytest tests/fuzz` tries more, and `pytest "tests/fuzz/test_x.py::test_y[17]"`
tries one again.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

CASES = int(os.environ.get("FUZZ_CASES", "300"))
# Configurations start Snakemake, which takes seconds each; damage is done to each of a dozen results.
SHARES = {"sources": 0.3, "texts": 0.2, "models": 0.15, "damage": 0.05, "configurations": 0.02}
SECONDS = 10


def seeds(kind: str) -> range:
    """Seeds of the cases of one kind."""
    return range(max(1, round(CASES * SHARES[kind])))


@contextmanager
def in_time(seconds: int = SECONDS) -> Iterator[None]:
    """Fail what hangs: TimeoutError after so many seconds of a case, which other processes do not use up."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"still at work after {seconds} s")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
