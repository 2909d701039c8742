"""Tidy tables of studies by SQL, which DuckDB runs over the Parquet files of their results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.checksums import check_parquet

PUBLISHED_COLUMNS = {
    "dataset": "VARCHAR",
    "model": "VARCHAR",
    "state": "VARCHAR",
    "epoch": "INTEGER",
    "decoding": "VARCHAR",
    "prefix_tokens": "INTEGER",
    "category": "VARCHAR",
    "value": "DOUBLE",
    "low": "DOUBLE",
    "high": "DOUBLE",
}
"""Columns of a file of published numbers, with their types."""


def axes(study: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a study of probes in the order of its table, as parameters of its SQL; a profile may be the default."""
    stated = {axis: study[axis] for axis in ("datasets", "models", "states", "decodings", "promptings", "sides")}
    return stated | {"profiles": study["profiles"] or [""]}


def query(sql: Path, views: Mapping[str, Sequence[Path]], published: Path | None = None, **parameters: Any) -> pa.Table:
    """The result of a SQL file over `views` (each with all rows of its Parquet files), with named parameters.

    The table `published` contains the numbers of that CSV file, and is empty without one. Raises UserError where a file
    of a view is damaged.
    """
    import duckdb

    with duckdb.connect() as connection:
        for name, files in views.items():
            # DuckDB knows no checksum of ours, and ignores those of pages.
            for file in files:
                check_parquet(file)
            # The key=value names of folders repeat columns of the files.
            connection.read_parquet([str(file) for file in files], hive_partitioning=False).create_view(name)
        columns = ", ".join(f"{name} {kind}" for name, kind in PUBLISHED_COLUMNS.items())
        connection.execute(f"CREATE TABLE published ({columns})")
        if published is not None:
            read = "read_csv(?, header = true, all_varchar = true)"
            connection.execute(
                f"INSERT INTO published SELECT {', '.join(PUBLISHED_COLUMNS)} FROM {read}", [str(published)]
            )
        return connection.sql(sql.read_text(encoding="utf-8"), params=parameters).to_arrow_table()
