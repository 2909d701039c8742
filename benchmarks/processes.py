"""Measure each program of a comparison in a process of its own, which runs the benchmark again with `--measure`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any


def add_options(parser: argparse.ArgumentParser, programs: Collection[str]) -> None:
    """Add the options of such a process: the program that it measures, and the folder of the comparison's files."""
    parser.add_argument("--measure", choices=list(programs), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)


def measurement(benchmark: str, program: str, arguments: list[str] | None, folder: Path) -> dict[str, Any]:
    """The last line that the process of one program prints, read as JSON.

    `benchmark` is the benchmark's file and `arguments` are its own, those of this process where None.
    """
    given = sys.argv[1:] if arguments is None else arguments
    command = [sys.executable, benchmark, *given, "--measure", program, "--folder", str(folder)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return measured
