"""A row of a dataset's source, and what all kinds of sources share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from memorization.errors import UserError, did_you_mean


@dataclass(frozen=True)
class Row:
    """A row of a source: `split` (train or test), its values, and `place` for messages (file and row number)."""

    split: str
    place: str
    number: int
    values: Mapping[str, Any]


def require(key: str, columns: Iterable[str], values: Mapping[str, Any], place: str) -> None:
    """UserError where a row lacks a column that a key of the configuration names."""
    for column in columns:
        if column not in values:
            known = [str(known) for known in values if known is not None]
            raise UserError(
                f"{key}: names column {column!r}, which {place} does not have; "
                f"columns there: {', '.join(known)}{did_you_mean(column, known)}"
            )


def one_line(error: Exception) -> str:
    """An error's message on one line, with a full stop; its class where it has no message."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else text + "."
