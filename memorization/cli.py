"""The program `memorization`: single stages of the workflow, for those who need only them.

memorization COMMAND ...
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from memorization import caches
from memorization.commands import align, canaries, verify
from memorization.errors import UserError

COMMANDS: dict[str, Any] = {"align": align, "canaries": canaries, "verify": verify}
"""Commands by name: modules with `HELP`, `add_arguments` and `run`, which may return an exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of a command line.

    Returns its exit code: 0, or the command's own, 2 after one message where the user can correct something, or 130
    after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="memorization", description="Stages of the workflow, one at a time.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP))
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            caches.provide(Path(folder))
            code: int = COMMANDS[options.command].run(options) or 0
    except UserError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or vars(options).get('output', options.command)}: {error.strerror or error}."
    except KeyboardInterrupt:
        print("memorization: interrupted.", file=sys.stderr)
        return 130
    else:
        return code
    print(f"memorization: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
