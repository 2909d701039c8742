"""The program `memorization`: single stages of the workflow, for those who need only them.

memorization COMMAND ...
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from memorization.commands import align
from memorization.errors import UserError

COMMANDS = {"align": align}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command of a command line.

    Returns its exit code: 0, 2 after one message where the user can correct something, or 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="memorization", description="Stages of the workflow, one at a time.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for name, command in COMMANDS.items():
        command.add_arguments(commands.add_parser(name, help=command.HELP))
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command].run(options)
    except UserError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename or options.output}: {error.strerror or error}."
    except KeyboardInterrupt:
        print("memorization: interrupted.", file=sys.stderr)
        return 130
    else:
        return 0
    print(f"memorization: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
