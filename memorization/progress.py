"""Progress of long work: lines in a log, and a bar on a terminal or, for jobs, a file that the run reads.

A job has no terminal to itself: several run at once, in other processes or on other machines. So it writes how far it
is into one small file in the results, named after its log, and the main process shows all of them (`display`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 10.0
SECONDS_BETWEEN_FILES = 0.5
# A folder in the results: one file per job that counts its work.
FOLDER = ".progress"

# Where the job of this process writes how far it is, if it is a job.
_place: Path | None = None


@dataclass(frozen=True)
class Stand:
    """How far a job is: `done` of `total` units, at `rate` per second so far; `note` is a loss, for instance."""

    done: int
    total: int
    unit: str
    rate: float
    note: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the end at the rate so far; None as long as there is none."""
        return (self.total - self.done) / self.rate if self.rate > 0 else None


class Progress:
    """Counts `total` pieces of work; use as a context manager and call `advance`."""

    def __init__(self, total: int, what: str, unit: str) -> None:
        self.total, self.what, self.unit = total, what, unit
        self.done = 0
        self.begun = self.last_line = self.last_file = time.monotonic()
        self.bar = None
        if _place is None and sys.stderr.isatty():
            from tqdm import tqdm

            self.bar = tqdm(total=total, desc=what, unit=unit, leave=False)
        self._tell("")

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
        # What follows, as writing a checkpoint, is not counted.
        _take_away()

    def advance(self, pieces: int = 1, note: str = "") -> None:
        """Count finished pieces; `note` (a loss, for instance) is shown with the numbers."""
        self.done += pieces
        if self.bar is not None:
            self.bar.update(pieces)
            self.bar.set_postfix_str(note, refresh=False)
        now = time.monotonic()
        if now - self.last_file >= SECONDS_BETWEEN_FILES or self.done == self.total:
            self.last_file = now
            self._tell(note)
        if now - self.last_line >= SECONDS_BETWEEN_LINES or self.done == self.total:
            self.last_line = now
            rate = self._rate()
            left = (self.total - self.done) / rate if rate else 0.0
            log.info(
                "%s: %d of %d (%.1f %s/s, %.0f s left)%s",
                self.what,
                self.done,
                self.total,
                rate,
                self.unit,
                left,
                f", {note}" if note else "",
            )

    def _rate(self) -> float:
        return self.done / max(time.monotonic() - self.begun, 1e-9)

    def _tell(self, note: str) -> None:
        if _place is None:
            return
        process = {"host": socket.gethostname(), "process": os.getpid()}
        stand = asdict(Stand(self.done, self.total, self.unit, self._rate(), note))
        part = _place.with_suffix(f".{os.getpid()}")
        # Where the disk takes no more, the job's result will say so.
        with contextlib.suppress(OSError):
            part.parent.mkdir(exist_ok=True)
            try:
                part.write_text(json.dumps(process | stand), encoding="utf-8")
                part.replace(_place)
            finally:
                part.unlink(missing_ok=True)


@contextlib.contextmanager
def told(results: Path, log_file: Path) -> Iterator[None]:
    """Tell the run how far this process's job is, by a file that is removed at the end.

    `results` is the folder of results and `log_file` the job's log, by which the run finds the file.
    """
    global _place
    _place = _file(results, log_file)
    try:
        yield
    finally:
        _take_away()
        _place = None


def _take_away() -> None:
    if _place is not None:
        with contextlib.suppress(OSError):
            _place.unlink(missing_ok=True)


def stand_of(results: Path, log_file: Path) -> Stand | None:
    """How far the job with this log is; None if it does not count its work, has ended, or died on this machine."""
    try:
        found = json.loads(_file(results, log_file).read_bytes())
        stand = Stand(*(kind(found[name]) for name, kind in _KINDS.items()))
        alive = found["host"] != socket.gethostname() or _is_alive(int(found["process"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        # Not there, or damaged: what is shown is worth no message.
        return None
    return stand if alive and 0 <= stand.done <= stand.total else None


_KINDS = {"done": int, "total": int, "unit": str, "rate": float, "note": str}


def _file(results: Path, log_file: Path) -> Path:
    # Not the log's own name: with all coordinates it is longer than a name of a file may be.
    return results / FOLDER / f"{hashlib.sha256(str(log_file).encode()).hexdigest()[:32]}.json"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
