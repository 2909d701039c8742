"""A row of a dataset's source, and what all kinds of sources share."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from memorization.errors import UserError, did_you_mean

NAMES_SHOWN = 30

# Hangul fillers, the empty Braille cell, the grapheme joiner and variation selectors: no white space, and not visible.
_BLANK = {*"\u115f\u1160\u3164\uffa0\u2800\u034f", *map(chr, range(0xFE00, 0xFE10))}


RenderedRow = dict[str, Any]
"""A row of schema `dataset`."""


@dataclass(frozen=True)
class Row:
    """A row of a source: `split` (train or test), its values, and `place` for messages (file and row number)."""

    split: str
    place: str
    number: int
    values: Mapping[str, Any]
    columns: Collection[str] | None = None
    """Names of all columns, of which `values` may contain only those that were asked for; null: those of `values`."""
    file: Path | None = None
    """The local file that it is in; None where the source has none."""
    position: int | None = None
    """Its number among the rows of that file, from 0."""

    @property
    def identifier(self) -> str:
        """The row's own `id`, or its split and number where it has none."""
        own = self.values.get("id")
        return f"{self.split}-{self.number}" if is_null(own) else str(own)


def require(key: str, columns: Iterable[str], row: Row) -> None:
    """UserError where a row lacks a column that a key of the configuration names."""
    known = row.values if row.columns is None else row.columns
    for column in columns:
        if column not in known:
            raise UserError(
                f"{key}: names column {column!r}, which {row.place} does not have; "
                f"columns there: {shown_names(known)}{did_you_mean(column, known)}"
            )


def require_unicode(key: str, what: str, text: str, row: Row) -> None:
    """UserError where a text contains half of a surrogate pair: JSON can encode it, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{key}: {row.place}: character {error.start} is half of a surrogate pair "
            f"({text[error.start]!r}); every {what} must be Unicode text."
        ) from error


def shown_names(names: Collection[str]) -> str:
    """Names in a message: those that are long, or cannot be printed, in part or escaped; the first of very many."""
    parts = [name if name.isprintable() else ascii(name) for name in islice(names, NAMES_SHOWN)]
    parts = [part if len(part) <= 60 else f"{part[:57]}..." for part in parts]
    more = len(names) - NAMES_SHOWN
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def is_null(value: Any) -> bool:
    """Null, or what Parquet and JSON write for a missing number: not a number."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def is_blank(text: str) -> bool:
    """Whether a text has no visible character: nothing, white space, or signs of no width and no form."""
    return all(
        character.isspace() or character in _BLANK or unicodedata.category(character) in ("Cc", "Cf")
        for character in text
    )


def one_line(error: Exception) -> str:
    """The beginning of an error's message on one line, with a full stop; its class where it has no message."""
    text = " ".join(str(error).encode("utf-8", "backslashreplace").decode()[:500].split()) or type(error).__name__
    return text if text.endswith(".") else text + "."
