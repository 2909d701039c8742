"""A column of text in a Parquet file that a user names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from memorization import storage
from memorization.detection.text import checked_texts
from memorization.errors import UserError, did_you_mean


class TextColumn:
    """A column of texts and its number of rows."""

    def __init__(self, file: Path, name: str) -> None:
        """UserError where the file cannot be read or has no such column of text."""
        if not file.is_file():
            raise UserError(f"{file}: no such file.")
        try:
            schema, rows = pq.read_schema(file), storage.rows_of(file)
        except pa.ArrowException as error:
            raise UserError(f"{file}: not a readable Parquet file: {' '.join(str(error).split())[:200]}") from error
        if name not in schema.names:
            hint = did_you_mean(name, schema.names)
            raise UserError(f"{file}: has no column {name!r}; columns there: {', '.join(schema.names)}{hint}")
        kind = schema.field(name).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise UserError(f"{file}: column {name!r} contains {kind}; allowed: text.")
        self.file, self.name, self.rows = file, name, rows

    def texts(self) -> Iterator[str]:
        """The column's texts, streamed; UserError for a null."""
        values = (value for batch in storage.stream(self.file, [self.name]) for value in batch[self.name].to_pylist())
        return checked_texts(values, f"{self.file}: column {self.name!r}, row")
