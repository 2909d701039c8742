"""How many cores a process may use, which containers, `taskset` and clusters limit, and not how many there are."""

from __future__ import annotations

import os


def available() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
