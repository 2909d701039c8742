"""What surrounds a job: its log, its place among other processes, and one message instead of a traceback."""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from memorization import lifeline, locks, progress
from memorization.errors import UserError
from memorization.storage import disk_error, write_text

# A folder in the results: one locked file per job at work, named after its process.
AT_WORK = ".jobs"
LOCK = ".lock"
# Folders of the results with the same names in them.
LOGS, BENCHMARKS = "logs", "benchmarks"
# What ends a job.
SIGNALS = (signal.SIGINT, signal.SIGTERM)

# Open as long as the process lives.
_locks: list[IO[str]] = []


class Interrupted(BaseException):
    """The signal that ends this job, as an exception, so that what it was writing is removed."""


class _Log(logging.FileHandler):
    """A log whose errors are printed where its disk takes no more."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if record.levelno >= logging.ERROR:
            print(record.getMessage(), file=sys.stderr)


def run(work: Callable[[], None], log: Path, output: Path, results: Path) -> None:
    """Do the work with its log open; end with exit code 1 and one message on a UserError, a full disk included.

    `output` names what was being written where an error of the disk names no file, `results` is the folder in which
    another run waits for this job to end. A signal ends the job with one message, too, and 128 + its number; an error
    of the program with its traceback in the log.
    """
    if not lifeline.take():
        # The run has ended while this job began: the log is the next run's.
        sys.exit(1)
    with contextlib.suppress(OSError):
        log.write_bytes(b"")
    logging.basicConfig(
        handlers=[_Log(log, encoding="utf-8", delay=True)],
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    started = time.monotonic()
    try:
        with _ended_by_signals(), at_work(results), progress.told(results, log), _noise_in(log):
            work()
        _record(time.monotonic() - started, results / BENCHMARKS / log.relative_to(results / LOGS).with_suffix(".tsv"))
    except Interrupted as interrupted:
        number = signal.Signals(interrupted.args[0])
        logging.error("interrupted (%s); the same command goes on.", number.name)
        sys.exit(128 + number)
    except (UserError, OSError) as error:
        reported = disk_error(error, Path(str(error.filename or output))) if isinstance(error, OSError) else error
        if isinstance(reported, UserError):
            logging.error("%s", reported)
        else:
            logging.exception("unexpected error")
        sys.exit(1)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        # Not only of Exception: a panic of a library in Rust (Tantivy, tokenizers) is none.
        logging.exception("unexpected error: %s: %s", type(error).__name__, " ".join(str(error).split()))
        sys.exit(1)


def _record(seconds: float, place: Path) -> None:
    """Write what a job took: seconds, processor seconds, and its greatest memory, with that of what it imported."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(each.ru_utime + each.ru_stime for each in used)
    memory = max(each.ru_maxrss for each in used) / (2**10 if sys.platform == "linux" else 2**20)
    place.parent.mkdir(parents=True, exist_ok=True)
    write_text(place, f"seconds\tprocessor_seconds\tmemory_mib\n{seconds:.2f}\t{processor:.2f}\t{memory:.0f}\n")


@contextlib.contextmanager
def _noise_in(log: Path) -> Iterator[None]:
    """Let all that libraries print to standard error go to the log: the run has the terminal."""
    try:
        noise = os.open(log, os.O_WRONLY | os.O_APPEND)
    except OSError:
        yield
        return
    before = os.dup(2)
    os.dup2(noise, 2)
    os.close(noise)
    try:
        yield
    finally:
        # What is left in a buffer is noise, too, and no error where there is no standard error.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)


@contextlib.contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let a signal raise `Interrupted`; one that comes later, when all is tidied up, ends the process as usual."""

    def interrupt(number: int, frame: object) -> None:
        # One is enough: a second one would interrupt the tidying up.
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(number)

    def interrupt_again(lost: Any) -> None:
        # What is raised in an object's finalizer, into which a signal may come, goes no further.
        if not isinstance(lost.exc_value, Interrupted):
            hook(lost)
            return
        number = lost.exc_value.args[0]
        signal.signal(signal.SIGALRM, lambda *_: interrupt(number, None))
        signal.setitimer(signal.ITIMER_REAL, 0.01)

    before, hook = {each: signal.getsignal(each) for each in SIGNALS}, sys.unraisablehook
    sys.unraisablehook = interrupt_again
    for each, handler in before.items():
        # Ignored where the run wants that, as behind `nohup`: it ends its jobs itself.
        if handler != signal.SIG_IGN:
            signal.signal(each, interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for each, handler in before.items():
            if signal.getsignal(each) == interrupt:
                signal.signal(each, handler)


@contextlib.contextmanager
def at_work(results: Path) -> Iterator[None]:
    """Show that this process works in a results folder, until it ends."""
    place = results / AT_WORK / f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        mark = locks.hold(place)
    except OSError as error:
        if error.errno not in locks.NO_LOCKS:
            raise
        mark = None
    try:
        yield
    finally:
        place.unlink(missing_ok=True)
        if mark:
            mark.close()


def lock(folder: Path) -> None:
    """Lock a folder, made if it is missing, for this process until it ends; UserError if another one has locked it."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        file = locks.hold(folder / LOCK)
    except OSError as error:
        if error.errno not in locks.NO_LOCKS:
            raise
        return
    if file is None:
        raise UserError(
            f"{folder}: another process is at work there. Wait for it or end it, and start the same command again."
        )
    _locks.append(file)


def living(results: Path) -> list[str]:
    """Jobs at work in a results folder, as `process N on HOST`; the marks of those that have ended are removed.

    Raises OSError where a mark cannot be read.
    """
    found = []
    for place in sorted((results / AT_WORK).glob("*")):
        mark = locks.hold(place)
        if mark:
            place.unlink(missing_ok=True)
            mark.close()
        else:
            host, process, _ = place.name.rsplit("-", 2)
            found.append(f"process {process} on {host}")
    return found
