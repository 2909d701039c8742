"""A terminal as programs see it (a pseudo-terminal), and as people do: the lines that its control codes leave."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

CODE = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


@dataclass
class Window:
    """A pseudo-terminal: programs write to `file`, and `written` is what they wrote."""

    inside: int
    file: IO[str]
    written: str = ""

    def resize(self, columns: int, rows: int = 24) -> None:
        """Change the size of the window."""
        fcntl.ioctl(self.inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self) -> str:
        """Read what was written until now, and return all of it."""
        # Without an end where all programs have closed it.
        with contextlib.suppress(OSError):
            while select.select([self.inside], [], [], 0.02)[0]:
                self.written += os.read(self.inside, 2**16).decode(errors="replace")
        return self.written

    def lines(self) -> list[str]:
        """The lines that are left to see."""
        return shown(self.read())[0]

    def has_cursor(self) -> bool:
        """Whether the cursor is to be seen."""
        return shown(self.read())[1]


@contextlib.contextmanager
def window(columns: int, encoding: str = "utf-8") -> Iterator[Window]:
    """A new window."""
    inside, outside = pty.openpty()
    with os.fdopen(outside, "w", encoding=encoding, errors="backslashreplace") as file:
        made = Window(inside, file)
        made.resize(columns)
        try:
            yield made
        finally:
            os.close(inside)


def shown(written: str) -> tuple[list[str], bool]:
    """The lines that a text with control codes leaves on a window that is long and wide enough, and a cursor or none.

    Fails on a code that it does not know.
    """
    lines, row, column, has_cursor, end = [""], 0, 0, True, 0
    for found in CODE.finditer(written):
        assert found.start() == end, repr(written[end : found.start()])
        end = found.end()
        private, number, letter, back, new, text = found.groups()
        if back:
            column = 0
        elif new:
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif text:
            lines[row] = lines[row][:column].ljust(column) + text + lines[row][column + len(text) :]
            column += len(text)
        elif letter == "A":
            row -= int(number or 1)
            assert row >= 0, "above the first line"
        elif letter == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
        elif private and number == "25":
            has_cursor = letter == "h"
        else:
            assert letter == "m", repr(found[0])
    assert end == len(written), repr(written[end:])
    return "\n".join(line.rstrip() for line in lines).rstrip().split("\n"), has_cursor
