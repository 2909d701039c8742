"""A study's table as one value, from which every format is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from memorization.report.cells import Cell, Excerpt
from memorization.schemas.schema import StudyTable


@dataclass(frozen=True)
class Sheet:
    """A table for programs, and the same table as it is printed.

    `tidy` has the columns of `schema` without the label. `rows` are the lines of the printed table: cells by heading,
    with the same headings in every row. `title` ("" for none) begins the caption; `manifest` records where the table
    comes from.
    """

    schema: type[StudyTable]
    tidy: pa.Table
    rows: Sequence[Mapping[str, Cell | Excerpt]]
    title: str
    caption: str
    label: str
    manifest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def whole_caption(self) -> str:
        """Title and caption."""
        return f"{self.title}. {self.caption}" if self.title else self.caption

    @property
    def labelled(self) -> pa.Table:
        """The tidy table with the label in its last column."""
        return self.tidy.append_column("label", pa.array([self.label] * self.tidy.num_rows, pa.string()))
