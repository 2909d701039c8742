"""Results that a run was to make and did not, because it was interrupted or a job failed.

Snakemake removes a result before it is made again, and does not miss an intermediate one where all that is made of it
is there: behind a failed job, the same command would find nothing to do, and leave tables of older settings. So a run
writes down what it is to make, and the next run whose graph contains it makes what is missing of it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path

from memorization.storage import write_text

PLACE = ".unmade.json"


def missing(results: Path) -> set[str]:
    """What earlier runs in a results folder were to make, and is not there."""
    with contextlib.suppress(OSError, ValueError):
        return {file for file in json.loads((results / PLACE).read_bytes()) if not Path(file).exists()}
    return set()


def note(results: Path, files: Iterable[str]) -> None:
    """Write down what a run is to make, beside what is missing."""
    write_text(results / PLACE, json.dumps(sorted(missing(results).union(files))))


def forget(results: Path) -> None:
    """Forget what has been made since."""
    left = missing(results)
    if left:
        note(results, [])
    else:
        (results / PLACE).unlink(missing_ok=True)
