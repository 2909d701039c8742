"""A column of text, and others beside it, in a file that a user names on the command line; and how it is read."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa

from memorization.datasets.files import UserFile, records
from memorization.datasets.rows import shown_names
from memorization.detection.text import checked_texts
from memorization.errors import UserError, did_you_mean


def check_text_options(options: argparse.Namespace) -> None:
    """UserError for a separator or an encoding that the configuration would refuse."""
    from pydantic import TypeAdapter, ValidationError

    from memorization.config.base import Encoding, Separator

    kinds: dict[str, Any] = {"separator": Separator | None, "encoding": Encoding | None}
    for name, kind in kinds.items():
        value = getattr(options, name)
        try:
            TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise UserError(f"--{name}: given {value!r}; {reason}.") from error


class TextColumn:
    """A column of texts, its number of rows, and columns that are kept beside it."""

    def __init__(self, file: UserFile, name: str, kept: Sequence[str] = ()) -> None:
        """Read the file once; UserError where that fails, or a row has no such column or no text in it."""
        self.file, self.name = file, name
        values: dict[str, list[Any]] = {column: [] for column in kept}
        self.rows = sum(1 for _ in checked_texts(self._values(values), f"{file.path}: column {name!r}, row"))
        self.kept = {column: self._array(column, each) for column, each in values.items()}

    def texts(self) -> Iterator[str]:
        """The column's texts, streamed."""
        return (record.values[self.name] for record in records(self.file, {self.name}))

    def _values(self, kept: dict[str, list[Any]]) -> Iterator[Any]:
        """The column's values; those of other columns are added to their lists."""
        for number, record in enumerate(records(self.file, {self.name, *kept})):
            for column in (self.name, *kept):
                if column not in record.columns:
                    raise UserError(
                        f"{self.file.path}, row {number}: has no column {column!r}; columns there: "
                        f"{shown_names(record.columns)}{did_you_mean(column, record.columns)}"
                    )
            for column, values in kept.items():
                values.append(record.values[column])
            yield record.values[self.name]

    def _array(self, column: str, values: list[Any]) -> pa.Array:
        """Values of a kept column; as texts where they are of several kinds."""
        try:
            try:
                return pa.array(values)
            except (pa.ArrowException, OverflowError):
                return pa.array([None if value is None else _text(value) for value in values], pa.string())
        except UnicodeError as error:
            raise UserError(
                f"{self.file.path}: column {column!r} contains half of a surrogate pair, which cannot be written; "
                "leave the column out."
            ) from error


def _text(value: Any) -> str:
    if isinstance(value, (str, int, float, Decimal)):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)
