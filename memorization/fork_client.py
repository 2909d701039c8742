"""Scripts of a run's jobs, handed over to the process that has imported all they need (`fork_server`).

Snakemake starts a process for each script: a shell, Python, and what Snakemake's first lines in the script import. All
of that would only wait for the fork, so the thread of Snakemake that would wait for the process waits for the fork
itself. A script with an environment of its own, and one that the server does not take, is started as ever.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LENGTH = struct.Struct("!Q")
# Standard input, output and error, and the end of a pipe that closes when the waiting process ends.
STREAMS = 4
KILLED = 137
# What Snakemake sets for a job's process: the threads of libraries, and the place of temporary files.
THREADS = (
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
FOLDERS = ("TEMP", "TEMPDIR", "TMP", "TMPDIR")


def take_scripts(kind: Any, place: str) -> None:
    """From now on, hand scripts over to the server that listens at `place`; `kind` is Snakemake's `PythonScript`."""
    start = kind.execute_script

    def execute(script: Any, file: str, edit: bool = False) -> None:
        alone = script.conda_env or script.container_img or script.env_modules
        code = None if alone else hand_over(place, Path(file), _environment(script.threads, script.resources))
        if code is None:
            start(script, file, edit)
        elif code:
            raise subprocess.CalledProcessError(code, f"{sys.executable} {file}")

    kind.execute_script = execute


def _environment(threads: int, resources: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a job's process, as Snakemake sets it for one that it starts."""
    environment = dict(os.environ) | dict.fromkeys(THREADS, str(threads))
    folder = resources.get("tmpdir")
    return environment | dict.fromkeys(FOLDERS, str(folder)) if folder else environment


def hand_over(
    place: str, script: Path, environment: Mapping[str, str], streams: Sequence[int] = (0, 1, 2)
) -> int | None:
    """Let the server at `place` run a script in this folder, and wait: its exit code, None if the server does not.

    The script reads and writes these `streams` (input, output, error), and is killed when this process ends.
    """
    request = {"script": str(script.absolute()), "folder": str(Path.cwd()), "environment": dict(environment)}
    body = json.dumps(request).encode()
    ends, living = os.pipe()
    runs = False
    try:
        with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answers:
            connection.connect(place)
            socket.send_fds(connection, [LENGTH.pack(len(body))], [*streams, ends])
            connection.sendall(body)
            runs = bool(answers.readline())
            code = answers.readline()
    except OSError:
        code = b""
    finally:
        os.close(ends)
        os.close(living)
    # One that runs and ends without a code was killed.
    return int(code or KILLED) if runs else None
