"""Progress of long work: a bar on a terminal, plain lines with rate and remaining time in a log."""

from __future__ import annotations

import logging
import sys
import time

from tqdm import tqdm

log = logging.getLogger(__name__)
SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Counts `total` pieces of work; use as a context manager and call `advance`."""

    def __init__(self, total: int, what: str, unit: str) -> None:
        self.total, self.what, self.unit = total, what, unit
        self.done = 0
        self.begun = self.last_line = time.monotonic()
        self.bar = tqdm(total=total, desc=what, unit=unit, leave=False, disable=not sys.stderr.isatty())

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def advance(self, pieces: int = 1, note: str = "") -> None:
        """Count finished pieces; `note` (a loss, for instance) is shown after the numbers."""
        self.done += pieces
        self.bar.update(pieces)
        if note:
            self.bar.set_postfix_str(note, refresh=False)
        now = time.monotonic()
        if now - self.last_line >= SECONDS_BETWEEN_LINES or self.done == self.total:
            self.last_line = now
            rate = self.done / max(now - self.begun, 1e-9)
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
