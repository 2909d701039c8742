"""`memorization verify`: whether results are what was written.

memorization verify results
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from memorization.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from memorization.checksums import DamagedError

HELP = "check the files of a results folder for damage"
THREADS = 2
# What says how results came about, and the states of unfinished trainings, which are checked when they are continued.
LEFT_OUT = ("logs", "benchmarks")
UNFINISHED = ".unfinished"


@dataclass
class Checked:
    """What was checked: files, their bytes, those without a checksum, and the damage that was found."""

    files: int = 0
    bytes: int = 0
    without: int = 0
    damage: list[DamagedError] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options to its parser."""
    parser.description = (
        "Compare every file of a results folder with the checksum that was written with it, and name what is damaged "
        "or missing, with the command that makes it again. Exit code: 0, or 1 where something is damaged."
    )
    parser.add_argument(
        "results", type=Path, nargs="?", default=Path("results"), metavar="RESULTS", help="default: results"
    )


def run(options: argparse.Namespace) -> int:
    """Check a results folder and print what is damaged; 1 if anything is. UserError where there is no such folder."""
    # Imported here: they take a second, which `memorization --help` must not need.
    from concurrent.futures import ThreadPoolExecutor

    from memorization import checksums
    from memorization.progress import Progress

    if not options.results.is_dir():
        raise UserError(f"{options.results}: no such folder; give the folder of a run's results.")
    checksums.forget()
    parts = list(_parts(options.results, are_results=True))
    total = Checked()
    with ThreadPoolExecutor(THREADS) as pool, Progress(len(parts), "verify", "results") as progress:
        for checked in pool.map(check, parts):
            total.files += checked.files
            total.bytes += checked.bytes
            total.without += checked.without
            total.damage += checked.damage
            progress.advance()
    for error in total.damage:
        print(error)
    results = list(dict.fromkeys(error.result for error in total.damage))
    if len(results) > 1:
        print(f"All of it: {checksums.remedy(results)}")
    print(
        f"{options.results}: {total.files:,} files with {total.bytes:,} bytes checked; {len(total.damage):,} damaged "
        f"or missing; {total.without:,} without a checksum, from other programs or earlier versions."
    )
    return 1 if total.damage else 0


def check(part: Path) -> Checked:
    """Check a folder with a list of checksums, another list, or a file without one."""
    from memorization import checksums, storage

    checked = Checked()
    if part.is_dir() or part.suffix == checksums.LIST_ENDING:
        listed = part / checksums.SUMS if part.is_dir() else part
        checked.damage += checksums.damage(listed)
        files = [file for file in _listed(listed) if file.is_file()]
    else:
        files = [part]
        if part.suffix == ".parquet":
            try:
                checked.without += not checksums.check_parquet(part)
                if checked.without:
                    for _ in storage.stream(part):
                        pass
            except checksums.DamagedError as error:
                checked.damage.append(error)
        else:
            checked.without += 1
    checked.files += len(files)
    checked.bytes += sum(file.stat().st_size for file in files)
    return checked


def _parts(folder: Path, are_results: bool = False) -> Iterator[Path]:
    """What is checked one by one: folders with a list of checksums, other lists, and files that are in no list.

    `are_results`: the folder is a run's, and so is one in it that a run has left its mark in.
    """
    from memorization import checksums, freshness

    if (folder / checksums.SUMS).is_file():
        yield folder
        return
    left_out = LEFT_OUT if are_results or (folder / freshness.PLACE).is_file() else ()
    entries = [
        entry for entry in sorted(folder.iterdir()) if not entry.name.startswith(".") and entry.name not in left_out
    ]
    lists = [entry for entry in entries if entry.suffix == checksums.LIST_ENDING]
    listed = {file for each in lists for file in _listed(each)}
    for entry in entries:
        if entry.is_dir():
            if entry.suffix != UNFINISHED:
                yield from _parts(entry)
        elif entry not in listed:
            yield entry


def _listed(listed: Path) -> list[Path]:
    """The files of a list of checksums; none where the list is damaged."""
    from memorization import checksums

    try:
        return [file for _, file in checksums.read_sums(listed)]
    except ValueError:
        return []
