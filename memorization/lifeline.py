"""The lifeline from a run to its jobs: a job on the same machine ends when the main process ends, in whatever way.

The main process keeps both ends of a pipe open; a job opens its reading end and asks the kernel for SIGKILL when the
last writer is gone. The kernel's signal also reaches a job that is stopped or deep in compiled code, and passes by the
shell between the two, which outlives both. Systems without it (only Linux has it) have no lifeline.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
from pathlib import Path

VARIABLE = "MEMORIZATION_LIFELINE"


def offer(to_jobs_here: bool) -> None:
    """Give this process's future children a lifeline, or none if its jobs run elsewhere, as on a cluster."""
    os.environ.pop(VARIABLE, None)
    if to_jobs_here and sys.platform == "linux" and (system := _system()):
        # Neither end is inherited, and neither is closed before this process ends.
        reading, _ = os.pipe()
        os.environ[VARIABLE] = " ".join(map(str, [*system, os.getpid(), reading, os.fstat(reading).st_ino]))


def take() -> bool:
    """Tie this process to the run that offered it a lifeline, if any; False if that run has ended."""
    offered = os.environ.get(VARIABLE, "").split()
    if not offered or offered[:2] != _system():
        return True
    process, number, pipe = map(int, offered[2:])
    try:
        reading = os.open(f"/proc/{process}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    # Another pipe: the number of the process is in use again.
    if os.fstat(reading).st_ino != pipe:
        os.close(reading)
        return False
    return tie(reading)


def tie(reading: int) -> bool:
    """Let this process end when the last writer of a pipe, whose reading end is given, is gone; False if it is."""
    fcntl.fcntl(reading, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(reading, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC | os.O_NONBLOCK)
    # It may have ended just before the kernel was asked.
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    return not poll.poll(0)


def _system() -> list[str]:
    """This boot of this machine, and its space of process numbers, as a container has its own; empty if unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return [boot, str(Path("/proc/self/ns/pid").readlink())]
    except OSError:
        return []
