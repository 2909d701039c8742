"""Start and end of a run: the lock on its folder, the summary at its end, the failures of its jobs."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import IO

from memorization.errors import UserError
from memorization.plan import TABLE
from memorization.report.formats import without_markup
from memorization.studies.kinds import Config

LOCK = ".running"
ERROR, WARNING = " ERROR ", " WARNING "
# With more tables than this the summary shows none, only their folder.
SHOWN = 3

# Open as long as the process lives: the kernel releases the lock when the process ends, in whatever way.
_locks: list[IO[str]] = []
_begun: list[float] = []


def check_writable(results: Path) -> None:
    """Raise UserError if the results folder cannot be created or written to."""
    probe = results / f".writable-{os.getpid()}"
    try:
        results.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"results: {results}: cannot be written ({error.strerror}). Make the folder writable, or choose another "
            "one with `--config results=FOLDER`."
        ) from error


def lock(results: Path) -> None:
    """Lock the results folder for this process; raise UserError if another run has locked it."""
    _begun.append(time.time())
    file = (results / LOCK).open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        raise UserError(
            f"{results}: another run is at work in this folder (process {owner}). Wait for it, or choose another "
            "folder with `--config results=FOLDER`."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _locks.append(file)


def print_text(text: str) -> None:
    """Print to standard output; characters that its encoding lacks are replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding), flush=True)


def summary(config: Config) -> str:
    """The text at the end of a run: tables of the studies, warnings of this run's jobs, and the folders of results."""
    results = Path(config.results)
    parts = []
    tables = {study: results / f"{TABLE.format(study=study)}.md" for study in config.studies}
    made = {study: table for study, table in tables.items() if table.is_file()}
    if len(made) <= SHOWN:
        for study, table in made.items():
            parts += ["", study, "=" * len(study), "", without_markup(table.read_text(encoding="utf-8")).rstrip()]
    else:
        parts += ["", f"{len(made)} studies: {', '.join(made)}."]
    warnings = _messages(results, WARNING)
    if warnings:
        parts += ["", *(f"Warning: {text}" for text, _ in warnings)]
    parts += [
        "",
        f"Tables       {results}/tables/   (.parquet and .csv for programs, .md, .tex and .html for people)",
        f"Figures      {results}/figures/",
        f"Evidence     {results}/runs/     (generations, candidates, matches, outcomes and rates of every run)",
        f"Checkpoints  {results}/checkpoints/",
        f"Logs         {results}/logs/     (time and memory of every job: {results}/benchmarks/)",
    ]
    return "\n".join(parts)


def failures(results: Path) -> str:
    """The text after a failed run: error messages from the logs of this run's jobs, each once per log."""
    messages = [f"  {text}\n    (log: {log})" for text, log in _messages(results, ERROR)]
    if not messages:
        return "\nThe run did not finish; see the messages above."
    return "\n".join(["", "The run did not finish. Finished work is kept; what went wrong:", *messages])


def _messages(results: Path, mark: str) -> list[tuple[str, Path]]:
    """Messages in this run's logs behind `mark`, each once per log, with their log."""
    begun = _begun[-1] if _begun else 0.0
    messages: dict[tuple[str, Path], None] = {}
    for log in sorted((results / "logs").rglob("*.log")):
        if log.stat().st_mtime >= begun - 1:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            messages |= {(line.split(mark, 1)[1], log): None for line in lines if mark in line}
    return list(messages)
