"""The words around a run: may it start, who else is running, what came out, what went wrong."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import IO

from memorization.config import Config
from memorization.errors import UserError
from memorization.plan import TABLE
from memorization.report.tables import plain

LOCK = ".running"
ERROR, WARNING = " ERROR ", " WARNING "
# With more studies a terminal shows no tables, only where they are.
SHOWN = 3

# Kept open for the life of the process: the kernel lets go of the lock when the process dies, however it dies.
_held: list[IO[str]] = []
_begun: list[float] = []


def check_writable(results: Path) -> None:
    """UserError where the results folder cannot be made or written to."""
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


def hold(results: Path) -> None:
    """Take the results folder for this process; UserError where another run holds it."""
    _begun.append(time.time())
    lock = (results / LOCK).open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        raise UserError(
            f"{results}: another run is at work in this folder (process {owner}). Wait for it, or choose another "
            "folder with `--config results=FOLDER`."
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held.append(lock)


def say(text: str) -> None:
    """Print to standard output, whatever its encoding can show."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, errors="replace").decode(encoding), flush=True)


def closing_words(config: Config) -> str:
    """Every study's table, what its jobs warned of, and where everything lies."""
    results = Path(config.results)
    parts = []
    tables = {study: results / f"{TABLE.format(study=study)}.md" for study in config.studies}
    made = {study: table for study, table in tables.items() if table.is_file()}
    if len(made) <= SHOWN:
        for study, table in made.items():
            parts += ["", study, "=" * len(study), "", plain(table.read_text(encoding="utf-8")).rstrip()]
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
        f"Logs         {results}/logs/     and what every job took: {results}/benchmarks/",
    ]
    return "\n".join(parts)


def what_went_wrong(results: Path) -> str:
    """The messages that jobs of this run left in their logs, each once."""
    messages = [f"  {text}\n    (log: {log})" for text, log in _messages(results, ERROR)]
    if not messages:
        return "\nThe run did not finish; see the messages above."
    return "\n".join(["", "The run did not finish. Finished work is kept; what went wrong:", *messages])


def _messages(results: Path, mark: str) -> list[tuple[str, Path]]:
    """Lines of this run's logs with a mark, each once a log, and the log they stand in."""
    begun = _begun[-1] if _begun else 0.0
    found: dict[tuple[str, Path], None] = {}
    for log in sorted((results / "logs").rglob("*.log")):
        if log.stat().st_mtime >= begun - 1:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            found |= {(line.split(mark, 1)[1], log): None for line in lines if mark in line}
    return list(found)
