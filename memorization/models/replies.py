"""Replies of servers, kept so that none is asked for twice: one line of JSON for each, with its checksum.

A line is added as soon as a reply is there, in one write. A killed process leaves at most a part of a line, which does
not agree with its checksum and is asked for again; so is a line that is damaged later.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

FOLDER = "replies"
"""Folder of the results with one file for each endpoint."""


@dataclass(frozen=True)
class Reply:
    """What a server answered: the text, why it ended (`finish`; empty if not stated), and the name of the model.

    `withheld` says that a filter took the place of the text. Where the tokens of a prompt were asked for, there is no
    text: these are its tokens as the server writes them, with their log-probabilities (nats; none for the first).
    """

    text: str
    finish: str
    model: str
    withheld: bool
    tokens: list[str] = field(default_factory=list)
    logs: list[float | None] = field(default_factory=list)


class Replies:
    """The file of an endpoint's replies; several processes may add to it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def find(self, wanted: Collection[str]) -> dict[str, Reply]:
        """Replies to those requests, given by digest, that have one. Damaged lines are counted in the log."""
        found, damaged, wanted = {}, 0, set(wanted)
        try:
            with self.file.open("rb") as lines:
                for line in lines:
                    request, reply = _read(line)
                    damaged += reply is None and bool(line.strip())
                    if reply is not None and request in wanted:
                        found[request] = reply
        except FileNotFoundError:
            pass
        if damaged:
            log.warning("%s: %d lines are damaged, and not read: their requests are sent again", self.file, damaged)
        return found

    def keep(self, request: str, reply: Reply) -> None:
        """Add the reply to a request, which is given by its digest."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        values = {"request": request, **asdict(reply)}
        line = json.dumps(values | {"sum": _sum(values)}).encode() + b"\n"
        with self.file.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Behind the part of a line that a killed process left.
            file.write(line if _ends_whole(self.file) else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _sum(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _read(line: bytes) -> tuple[str, Reply | None]:
    """Request and reply of a line; no reply where it is damaged."""
    try:
        values = json.loads(line)
        if values.pop("sum") == _sum(values):
            return values.pop("request"), Reply(**values)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        pass
    return "", None
