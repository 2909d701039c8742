"""Parquet files of a given schema, with a manifest: written beside their target, and renamed when they are complete.

Files and folders get checksums when they are written, and Parquet files are checked when they are read.

Independent of the tables: a stage names the schema (`schemas`) that a file is checked against, written or read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memorization import checksums, locks
from memorization.errors import UserError

if TYPE_CHECKING:
    # Loaded with the first table: a run with nothing to do reads none.
    import pyarrow as pa

    from memorization.schemas.schema import Schema

MANIFEST_KEY = b"memorization"
ROWS_PER_GROUP = 10_000


def preload() -> None:
    """Import what reads and writes tables."""
    import pyarrow.parquet  # noqa: F401


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` for a file or folder; rename it to `target` at the end, remove it on error.

    Raises UserError if the disk is full or the folder cannot be written.
    """
    try:
        with locks.scratch_beside(target) as scratch:
            yield scratch / target.name
            if (scratch / target.name).is_dir():
                checksums.write_sums(scratch / target.name)
            if target.is_dir():
                shutil.rmtree(target)
            (scratch / target.name).replace(target)
    except OSError as error:
        raise disk_error(error, target) from error


def disk_error(error: OSError, target: Path) -> Exception:
    """A UserError for a full disk or an unwritable folder; any other error unchanged."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(
            f"{target}: the disk is full. No incomplete file remains; free space there, or choose another "
            "`results` folder, and start the same command again: finished work is kept."
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return UserError(
            f"{target}: cannot be written ({error.strerror}). Make the folder writable, or choose another `results` "
            "folder."
        )
    return error


Manifest = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def write_batches(path: Path, schema: type[Schema], batches: Iterable[pa.RecordBatch], manifest: Manifest) -> int:
    """Write a stream of record batches as a Parquet file of that schema; return the number of rows.

    The manifest is written to the file's metadata as sorted JSON. If it counts what the stream contains, it is a
    function that is called after the last batch. Raises ValueError if a batch does not have the schema.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = 0
    with replacing(path) as scratch:
        with pq.ParquetWriter(scratch, schema.arrow(), compression="zstd", write_page_checksum=True) as writer:
            for batch in batches:
                writer.write_table(_checked(pa.Table.from_batches([batch]), schema), row_group_size=ROWS_PER_GROUP)
                rows += batch.num_rows
            values = manifest() if callable(manifest) else manifest
            metadata = {MANIFEST_KEY: _json({"table": schema.name, **values})}
            writer.add_key_value_metadata(metadata | {checksums.PARQUET_KEY: checksums.PLACEHOLDER})
        checksums.seal_parquet(scratch)
    return rows


def write_table(path: Path, schema: type[Schema], table: pa.Table, manifest: Manifest) -> None:
    """Write a table as a Parquet file of that schema, with its manifest."""
    write_batches(path, schema, _checked(table, schema).combine_chunks().to_batches(ROWS_PER_GROUP), manifest)


def _checked(table: pa.Table, schema: type[Schema]) -> pa.Table:
    expected = schema.arrow()
    if table.schema.names != expected.names:
        raise ValueError(f"{schema.name}: columns {table.schema.names}, expected {expected.names}")
    table = table.cast(expected)
    for field in expected:
        if not field.nullable and table[field.name].null_count:
            raise ValueError(f"{schema.name}.{field.name}: {table[field.name].null_count} nulls")
    return table


def read(path: Path, schema: type[Schema], columns: list[str] | None = None) -> pa.Table:
    """Read a stage's table, or some of its columns; ValueError if the file's columns are not those of the schema."""
    with _reading(path):
        table = _table(path, columns)
    if columns is None and table.schema.names != schema.arrow().names:
        raise ValueError(f"{path}: columns {table.schema.names}, expected {schema.arrow().names}")
    return table


def _table(path: Path, columns: list[str] | None = None) -> pa.Table:
    import pyarrow.parquet as pq

    # Not `read_table`, which imports what reads several files as one, and with it pandas.
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        return file.read(columns)


def rows(path: Path) -> list[dict[str, Any]]:
    """All rows of a Parquet file that was written with its schema."""
    with _reading(path):
        values: list[dict[str, Any]] = _table(path).to_pylist()
    return values


def stream(path: Path, columns: list[str] | None = None, rows: int = ROWS_PER_GROUP) -> Iterator[pa.RecordBatch]:
    """Yield a Parquet file's rows in batches, without reading the whole file into memory."""
    import pyarrow.parquet as pq

    with _reading(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        yield from file.iter_batches(batch_size=rows, columns=columns)


def manifest_of(path: Path) -> dict[str, Any]:
    """The manifest in a result's metadata."""
    import pyarrow.parquet as pq

    with _reading(path):
        metadata = pq.read_metadata(path).metadata or {}
    manifest: dict[str, Any] = json.loads(metadata.get(MANIFEST_KEY, b"{}"))
    return manifest


def versions(*packages: str) -> dict[str, str]:
    """Installed versions of packages, for a manifest."""
    from importlib.metadata import version

    return {package: version(package) for package in sorted(packages)}


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file beside its target and rename it."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def write_sums(path: Path, files: Iterable[Path]) -> None:
    """Write the list of the checksums of files in the folder of `path`."""
    write_text(path, checksums.sums(files, path.parent))


def _json(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()


def rows_of(path: Path) -> int:
    """Number of rows of a Parquet file, without reading them."""
    import pyarrow.parquet as pq

    with _reading(path):
        rows: int = pq.read_metadata(path).num_rows
    return rows


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Check a Parquet file before it is read; UserError where it is damaged, or cannot be read as such a file."""
    checksums.check_parquet(path)
    with checksums.reading_parquet(path):
        yield
