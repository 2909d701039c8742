"""Coordinates of a run from the wildcards of its rule, and tables whose rows begin with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from memorization.schemas.run import RunColumns
from memorization.schemas.schema import Schema

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def coordinates_of(wildcards: Mapping[str, str], task: str) -> dict[str, str | int]:
    """Values of the columns of `RunColumns` for which there is a wildcard, and the task of the dataset.

    Answers and attention have only some of these columns. Epoch and prefix tokens are whole numbers; raises ValueError
    if one of them is not.
    """
    columns = RunColumns.columns()
    return {
        name: int(value) if pa.types.is_integer(columns[name].type) else value
        for name, value in {**wildcards, "task": task}.items()
        if name in columns
    }


def table(
    schema: type[Schema], coordinates: Mapping[str, Any], rows: Sequence[DataclassInstance], **shared: Any
) -> pa.Table:
    """A table of that schema: one row per dataclass of `rows`, whose fields are columns.

    All rows have the same `coordinates` (`coordinates_of`) and the columns `shared`; a field of a row overrides both.
    Columns without a value are null.
    """
    return pa.Table.from_pylist([{**coordinates, **shared, **asdict(row)} for row in rows], schema=schema.arrow())
