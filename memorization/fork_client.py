"""A script's first lines: hand it over to the process that has imported all it needs (`fork_server`), if there is one.

There is none on other systems than Linux, for a job in a queue, and for one with an environment of its own: the script
then goes on by itself. Every job begins here, so this imports little.
"""

import contextlib
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "MEMORIZATION_FORK_SERVER"
LENGTH = struct.Struct("!Q")
# Standard input, output and error, and the end of a pipe that closes when the waiting process ends.
STREAMS = 4
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def hand_over() -> None:
    """Let a server run this script, and end as it ended there; return where there is none."""
    prefix, place = json.loads(os.environ.pop(VARIABLE, "[null, null]"))
    if prefix != sys.prefix:
        return
    request = {"script": sys.argv[0], "folder": str(Path.cwd()), "environment": dict(os.environ)}
    body = json.dumps(request).encode()
    alive, _living = os.pipe()
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answers:
        with _held_back():
            try:
                connection.connect(place)
                socket.send_fds(connection, [LENGTH.pack(len(body))], [0, 1, 2, alive])
                connection.sendall(body)
                process = answers.readline()
            except OSError:
                return
            if not process:
                return

            def pass_on(number: int, _: object) -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process), number)

            for number in PASSED_ON:
                if signal.getsignal(number) != signal.SIG_IGN:
                    signal.signal(number, pass_on)
        code = answers.readline()
    # Without a code, something killed it.
    os._exit(int(code) if code else 128 + signal.SIGKILL)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Signals that come meanwhile wait: the script may be at work before they can be passed on to it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, PASSED_ON)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
