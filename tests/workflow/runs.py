"""Runs of the workflow as a user starts them: a subprocess, a working directory, its output."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import yaml
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
# Seconds after which a run is considered hanging; the tiny paper's four hundred jobs need most of it on a busy machine.
LIMIT = 1500.0


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code, and standard output and error interleaved."""

    code: int
    output: str

    def jobs(self) -> dict[str, list[str]]:
        """First outputs of the jobs that a run (or a dry run) announced, by rule; without rule `all`."""
        outputs: dict[str, list[str]] = {}
        for block in re.split(r"\n(?=(?:local)?rule )", self.output)[1:]:
            rule = re.match(r"(?:local)?rule (\w+):", block)
            output = re.search(r"^ +output: (.*)$", block, re.MULTILINE)
            if rule and output:
                outputs.setdefault(rule[1], []).append(output[1].split(", ")[0])
        return {name: sorted(files) for name, files in outputs.items()}


@dataclass(frozen=True)
class Workplace:
    """A copy of the code, a working directory, and the configuration files of the runs started there."""

    code: Path
    directory: Path
    configs: tuple[Path, ...]

    @property
    def results(self) -> Path:
        return self.directory / "results"

    def start(self, *options: str, to: IO[str] | None = None, **environment: str) -> subprocess.Popen[str]:
        """Start `snakemake` in a session of its own: to a terminal or a file, or with Snakemake's lines to a pipe."""
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.code / "Snakefile")]
        command += ["--directory", str(self.directory), "--configfile", *map(str, self.configs)]
        if "--cores" not in options:
            command += ["--cores", "2"]
        if "--dry-run" not in options and to is None:
            command += ["--printshellcmds"]

        def begin() -> None:
            # As from a terminal; a shell's `&` has it ignored.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            if to is not None and to.isatty():
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        return subprocess.Popen(
            [*command, *options],
            # Not the repository: a run may write files only in its working directory.
            cwd=self.directory,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
            stdin=to if to is not None and to.isatty() else None,
            stdout=subprocess.PIPE if to is None else to,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=begin,
        )

    def run(self, *options: str, **environment: str) -> Ended:
        """Run `snakemake` to its end."""
        return ended(self.start(*options, **environment))

    def dry_run(self, *options: str) -> dict[str, list[str]]:
        """The outputs that a run would make, by rule; empty if there is nothing to be done."""
        run = self.run("--dry-run", "--printshellcmds", *options)
        assert run.code == 0, run.output
        assert ("Nothing to be done" in run.output) == (not run.jobs()), run.output
        return run.jobs()

    def with_configuration(self, file: Path, values: dict[str, Any]) -> Workplace:
        """The same workplace with one more configuration that overrides the others, written to `file`."""
        file.write_text(yaml.safe_dump(values), encoding="utf-8")
        return Workplace(self.code, self.directory, (*self.configs, file))

    def copy(self, directory: Path) -> Workplace:
        """The same workplace with a copy of its working directory."""
        shutil.copytree(self.directory, directory)
        return Workplace(self.code, directory, self.configs)


def results_of(workplace: Workplace) -> dict[str, str]:
    """Digest of every result by relative path.

    Without an index, whose segments have random names, and the page, which says how long jobs took.
    """
    files = [file.relative_to(workplace.results) for file in workplace.results.rglob("*") if file.is_file()]
    return {
        str(file): hashlib.sha256((workplace.results / file).read_bytes()).hexdigest()
        for file in sorted(files)
        if not file.parts[0].startswith((".", "logs", "benchmarks", "report")) and "index" not in file.parts
    }


def ended(process: subprocess.Popen[str]) -> Ended:
    """Wait for a started run; one that exceeds `LIMIT` is killed and fails the test."""
    try:
        output, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        output, _ = process.communicate()
        raise AssertionError(f"the run did not end in {LIMIT} s:\n{output}") from None
    return Ended(process.returncode, output)


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    """Return when `condition` is true; fail if the process ends before, or after `LIMIT` seconds."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert process.poll() is None, f"the run ended too early:\n{process.communicate()[0]}"
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


def copy_of_the_code(folder: Path) -> Path:
    """Copy what a run needs of the repository, so that tests can edit it and the repository stays unchanged.

    With its compiled code, which takes half a minute to make and belongs to files of the same size and time.
    """
    _compile_the_kernel()
    for name in ("memorization", "scripts", "workflow", "envs"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Snakefile", "config.yaml"):
        shutil.copy2(ROOT / name, folder / name)
    (folder / "profiles").symlink_to((ROOT / "profiles").readlink())
    return folder


def _compile_the_kernel() -> None:
    from memorization.detection import alignment, common_runs
    from memorization.detection.text import sentence_model

    text = "The harbor of the old town froze. Nobody had seen such a winter, and the ships stayed where they were."
    # Processes of a parallel test run compile one after another: the first for all.
    with FileLock(ROOT / ".pytest_cache/compiling.lock"):
        parameters = alignment.AlignmentParameters.profile("zeng2024")
        alignment.align([text], [text], parameters, sentence_model("punkt_corpus", [text]))
        common_runs.longest_common_run(*[np.arange(3, dtype=np.int32)] * 2)
