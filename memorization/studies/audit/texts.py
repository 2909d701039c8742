"""Training texts that are searched for, told apart by digests: what ties probes to records of the training data.

A record is a row of a dataset's train split. A match is with a text, and all records with that text have leaked: those
that were no probes as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.config.base import Side
from memorization.schemas.probes import ProbesTable

Key = bytes
"""What stands for a text, in 16 bytes."""


def key_of(text: str) -> Key:
    """The key of a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def side_text(record: Mapping[str, Any], side: Side) -> str:
    """What is searched for of a record (a row of schema `dataset`) on a side, with the prefix of an input."""
    match side:
        case "input":
            return str(record["input"])
        case "target":
            return str(record["target"])
        case "both":
            return f"{record['input']}\n{record['target']}"


class Searched:
    """The texts of a side that a run's generations are compared with, by the numbers of their probes."""

    def __init__(self, file: Path, side: Side) -> None:
        """Read a file of schema `probes`, in which the text that is searched for stands as `suffix`."""
        self._side = side
        table = storage.read(file, ProbesTable, ["id", "prefix", "suffix"])
        # As Arrow has them: as Python's texts, a hundred thousand would take several times the memory.
        self._ids, self._prefixes, self._suffixes = table["id"], table["prefix"], table["suffix"]
        self._suffix_keys = [key_of(suffix) for suffix in self._texts(self._suffixes)]
        self._probes_of: dict[Key, list[int]] = {}
        for probe, key in enumerate(self._suffix_keys):
            self._probes_of.setdefault(key, []).append(probe)

    def searched(self) -> Iterator[int]:
        """The probes of which something is searched for: a target may be too short."""
        nothing = key_of("")
        return (probe for probe, key in enumerate(self._suffix_keys) if key != nothing)

    @staticmethod
    def _texts(column: Any) -> Iterator[str]:
        return (text for chunk in column.chunks for batch in _parts(chunk) for text in batch.to_pylist())

    def suffix(self, probe: int) -> str:
        """What is searched for of a probe."""
        return str(self._suffixes[probe].as_py())

    def identifier(self, probe: int) -> str:
        """The identifier of a probe's record."""
        return str(self._ids[probe].as_py())

    def prefix(self, probe: int) -> str:
        """The prefix of a probe."""
        return str(self._prefixes[probe].as_py())

    def equal(self, probe: int) -> list[int]:
        """The probes of which the same is searched for, in their order, this one among them."""
        return self._probes_of[self._suffix_keys[probe]]

    def key(self, probe: int) -> Key:
        """The key of a probe's text: for input and both the whole one, its prefix included."""
        if self._side == "target":
            return self._suffix_keys[probe]
        return key_of(self.prefix(probe) + self.suffix(probe))


def _parts(chunk: Any, rows: int = 1000) -> Iterator[Any]:
    return (chunk.slice(start, rows) for start in range(0, len(chunk), rows))
