"""Rows left out of a file of rows, in its own format: all other bytes of a text file stay, and all other values.

Rows are the file's as `files` counts them. Lines of CSV, TSV and JSON lines pass one by one, so that a long file needs
no memory; a .json file is read whole. Parquet and Arrow files keep their schema with metadata, and Parquet its
compression.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import itertools
import json
from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.datasets.files import UserFile
from memorization.datasets.insertion import ROWS_PER_GROUP, compression_of, encoding_of, lines_of

HEAD = 1024
"""First bytes of a file, by which its encoding and its line ends are known."""

_BLANK = " \t\r\n"


def remove_rows(file: UserFile, output: Path, removed: Container[int]) -> None:
    """Write the file without the rows of those numbers to `output`; the file has been read before.

    `output` must be another file. Blank lines stay. Without any row, a JSON array is empty and CSV has its heading.
    """
    if file.ending == ".parquet":
        _remove_from_parquet(file.path, output, removed)
    elif file.ending == ".arrow":
        _remove_from_arrow(file.path, output, removed)
    else:
        _remove_from_text(file, output, removed)


def _remove_from_text(file: UserFile, output: Path, removed: Container[int]) -> None:
    with gzip.open(file.path) if file.is_compressed else file.path.open("rb") as stream:
        head = stream.read(HEAD)
    mark, encoding = encoding_of(file, head)
    beginning = head[len(mark) :].decode(encoding, "ignore")
    # Where a lone carriage return ends a line, as `files` has it.
    newline = "" if "\r" in beginning and "\n" not in beginning else "\n"
    with _read(file, len(mark), encoding, newline) as text, _written(file, output) as binary:
        binary.write(mark)
        for piece in _kept(file, text, removed):
            binary.write(piece.encode(encoding))


@contextlib.contextmanager
def _read(file: UserFile, start: int, encoding: str, newline: str) -> Iterator[io.TextIOWrapper]:
    with gzip.open(file.path) if file.is_compressed else file.path.open("rb") as stream:
        stream.seek(start)
        with io.TextIOWrapper(stream, encoding=encoding, newline=newline) as text:
            yield text


@contextlib.contextmanager
def _written(file: UserFile, output: Path) -> Iterator[IO[bytes]]:
    with output.open("wb") as binary:
        if not file.is_compressed:
            yield binary
            return
        # Without name and time, so that the same rows give the same bytes.
        with gzip.GzipFile("", "wb", fileobj=binary, mtime=0) as compressed:
            yield compressed  # type: ignore[misc]


def _kept(file: UserFile, text: io.TextIOWrapper, removed: Container[int]) -> Iterator[str]:
    """Pieces of the text that stay, with their line ends."""
    lines: Iterable[str] = text
    if file.ending in (".csv", ".tsv"):
        return _without(_separated(file, lines), removed)
    if file.ending == ".json":
        whole = text.read()
        if whole.lstrip()[:1] == "[":
            return _array(whole, removed)
        lines = lines_of(whole)
    return _without(((line, bool(line.strip(_BLANK))) for line in lines), removed)


def _without(pieces: Iterable[tuple[str, bool]], removed: Container[int]) -> Iterator[str]:
    """The pieces but the rows of those numbers; each piece says whether it is a row."""
    numbers = itertools.count()
    for piece, is_row in pieces:
        if not is_row or next(numbers) not in removed:
            yield piece


def _separated(file: UserFile, lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """What stands in each row of a file of columns, and whether it is a row: the heading is none."""
    csv.field_size_limit(1 << 30)
    separator = file.separator or {".csv": ",", ".tsv": "\t"}[file.ending]
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    has_heading = False
    for values in csv.reader(feed(), delimiter=separator, strict=True):
        yield "".join(taken), bool(values) and has_heading
        has_heading = has_heading or bool(values)
        taken.clear()


def _array(text: str, removed: Container[int]) -> Iterator[str]:
    """A JSON array: the space and comma before an element go with it, those before the first one stay."""
    decoder, end, place = json.JSONDecoder(parse_int=str), text.index("[") + 1, text.index("[") + 1
    yield text[:end]
    is_first = True
    for number in itertools.count():
        start = _after_space(text, place)
        if text[start] == "]":
            break
        before, after = text[end:start], decoder.raw_decode(text, start)[1]
        if number not in removed:
            # An element that has become the first one has no comma before it.
            yield (before.replace(",", "", 1) if is_first else before) + text[start:after]
            is_first = False
        end = place = after
        comma = _after_space(text, place)
        if text[comma] == ",":
            place = comma + 1
    yield text[end:]


def _after_space(text: str, place: int) -> int:
    while text[place] in _BLANK:
        place += 1
    return place


def _remove_from_parquet(path: Path, output: Path, removed: Container[int]) -> None:
    with (
        pq.ParquetFile(path) as table,
        pq.ParquetWriter(output, table.schema_arrow, compression=compression_of(table)) as writer,
    ):
        for batch in _kept_of(table.iter_batches(ROWS_PER_GROUP), removed):
            writer.write_batch(batch)


def _remove_from_arrow(path: Path, output: Path, removed: Container[int]) -> None:
    with pa.memory_map(str(path)) as source:
        is_file = source.read(6) == b"ARROW1"
        source.seek(0)
        reader: Any
        if is_file:
            reader = pa.ipc.open_file(source)
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            reader = pa.ipc.open_stream(source)
            batches = iter(reader)
        new = pa.ipc.new_file if is_file else pa.ipc.new_stream
        with pa.OSFile(str(output), "wb") as sink, new(sink, reader.schema) as writer:
            for batch in _kept_of(batches, removed):
                writer.write_batch(batch)


def _kept_of(batches: Iterable[pa.RecordBatch], removed: Container[int]) -> Iterator[pa.RecordBatch]:
    """The batches without the rows of those numbers; those of which nothing stays are left out."""
    start = 0
    for batch in batches:
        stays = [number not in removed for number in range(start, start + batch.num_rows)]
        start += batch.num_rows
        if any(stays):
            yield batch.filter(pa.array(stays, pa.bool_()))
