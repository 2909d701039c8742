"""A process that has imported what jobs import, and forks itself for each job of this machine.

Most of a small job would be its start: seconds of importing torch and transformers for a tenth of a second's work. So a
run starts one server, and hands its scripts over to it (`fork_client`). The server imports what a script imports at its
top, unless another script did, and forks: the fork runs the script in the environment, the folder and with the streams
that it is given, and ends with the run. Nothing but imported modules is shared.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import gc
import json
import os
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from memorization import freshness, imports, lifeline
from memorization.fork_client import LENGTH, STREAMS

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_END = 5.0
# A process with threads cannot be forked, and these libraries would start theirs when they are loaded. Torch is told
# its number of threads in the job; Arrow's memory is tidied up without a thread.
ONE_THREAD = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], "1")
ONE_THREAD["JE_ARROW_MALLOC_CONF"] = "background_thread:false"


def start() -> str | None:
    """Start a server for the jobs of this process, which ends when this process ends; where it listens.

    None on other systems than Linux, and where there is no place for its socket.
    """
    if sys.platform != "linux":
        return None
    try:
        folder = Path(tempfile.mkdtemp(prefix="memorization-"))
    except OSError:
        return None
    place = str(folder / "jobs")
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(place)
        except OSError:
            # Longer than the name of a socket may be.
            folder.rmdir()
            return None
        listener.listen()
        paths = [str(ROOT), str(ROOT / "scripts")]
        program = (
            f"import sys; sys.path[:0] = {paths}; from memorization import fork_server; "
            f"fork_server.serve({listener.fileno()})"
        )
        # Its standard input closes when this process ends.
        server = subprocess.Popen(
            [sys.executable, "-P", "-c", program],
            stdin=subprocess.PIPE,
            pass_fds=[listener.fileno()],
            env=os.environ | imports.ENVIRONMENT | ONE_THREAD,
        )
    atexit.register(_end, server, folder)
    return place


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        if server.stdin:
            server.stdin.close()
        server.wait(SECONDS_TO_END)
    shutil.rmtree(folder, ignore_errors=True)


def serve(number: int) -> None:
    """Fork for every script that is handed over to a listening socket, by its number, until the run ends."""
    # The run ends its jobs itself, in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=number) as listener:
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(listener, select.POLLIN)
        while all(file != 0 for file, _ in poll.poll()):
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError, ValueError, struct.error):
                _take(connection)
            _forget_the_ended()
        _forget_the_ended()
        shutil.rmtree(Path(listener.getsockname()).parent, ignore_errors=True)
    # At once: taking apart what is loaded would keep the run waiting.
    os._exit(0)


def _forget_the_ended() -> None:
    """Let the kernel forget forks that have ended: who waits for them has heard of it."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _take(connection: socket.socket) -> None:
    head, streams, _, _ = socket.recv_fds(connection, LENGTH.size, STREAMS)
    try:
        with connection.makefile("rb") as received:
            request = json.loads(received.read(*LENGTH.unpack(head)))
        _import(Path(request["script"]))
        # A fork has one thread: locks that others hold would stay locked in it. The script then goes on by itself.
        if len(list(Path("/proc/self/task").iterdir())) == 1 and os.fork() == 0:
            _run(request, streams, connection)
    finally:
        for stream in streams:
            os.close(stream)


def _import(script: Path) -> None:
    """Import what a script imports at its top; what cannot be imported is the job's to report."""
    before = len(sys.modules)
    # Remembered by the code's file and time, for the check in each job.
    freshness.digest(script, ROOT)
    for node in ast.parse(script.read_bytes()).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([node], []), str(script), "exec"), {})
    imports.preload()
    if len(sys.modules) > before:
        # What is there now will stay: forks need not look at it, which would copy it.
        gc.collect()
        gc.freeze()


def _run(request: dict[str, object], streams: list[int], connection: socket.socket) -> NoReturn:
    code = 1
    try:
        for number, stream in enumerate(streams[:3]):
            os.dup2(stream, number)
        os.environ.clear()
        os.environ.update(request["environment"])  # type: ignore[call-overload]
        os.chdir(str(request["folder"]))
        tempfile.tempdir = None
        sys.argv = [str(request["script"])]
        if lifeline.tie(streams[3]):
            connection.sendall(b"%d\n" % os.getpid())
            code = _code(sys.argv[0])
            connection.sendall(b"%d\n" % code)
    finally:
        os._exit(code)


def _code(script: str) -> int:
    """Run a script; its exit code."""
    code: object = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        code = ended.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    return code if isinstance(code, int) else int(code is not None)
