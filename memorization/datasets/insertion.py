"""Rows put into a file of rows, in its own format: every other byte of a text file stays, and every value of a table.

Rows are the file's as `files` counts them. Texts keep their encoding, byte order mark and line ends; a JSON array gets
its new elements between the old ones; a Parquet file keeps its schema with metadata and compression.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.datasets.files import COMPRESSED, MARKS, UserFile
from memorization.datasets.rows import one_line

ENDINGS = (".parquet", ".csv", ".tsv", ".jsonl", ".json")
ROWS_PER_GROUP = 10_000

Insertion = tuple[int, Mapping[str, Any]]
"""The number of the file's row before which a row is put (its number of rows: at the end), and the row's values."""

_SPACE = re.compile(r"\s*")
# What follows a mark, and what Python reads without one where it would write one.
_UNMARKED = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
}
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}


def insert_rows(file: UserFile, output: Path, insertions: Sequence[Insertion]) -> None:
    """Write the file with further rows, sorted by their places, to `output`; the file has been read before.

    Raises UserError where a row has no place in the file's format.
    """
    if file.ending == ".parquet":
        _insert_into_table(file, output, insertions)
        return
    data = file.path.read_bytes()
    data = gzip.decompress(data) if file.is_compressed else data
    mark, encoding = encoding_of(file, data)
    text = data[len(mark) :].decode(encoding)
    if file.ending in (".csv", ".tsv"):
        parts = _separated(file, text, insertions)
    elif file.ending == ".json" and text.lstrip()[:1] == "[":
        parts = _array(text, insertions)
    else:
        parts = _lines(text, insertions)
    try:
        written = mark + "".join(parts).encode(encoding)
    except UnicodeEncodeError as error:
        raise file.fault(f"its encoding, {encoding}, has no {error.object[error.start]!r}, which a row has.") from error
    # Without the time, so that the same rows give the same bytes.
    output.write_bytes(gzip.compress(written, mtime=0) if file.path.suffix.lower() == COMPRESSED else written)


def encoding_of(file: UserFile, beginning: bytes) -> tuple[bytes, str]:
    """A text file's byte order mark (empty for none), and the encoding of what follows, which writes no mark."""
    mark = next((mark for mark, _ in MARKS if beginning.startswith(mark)), b"")
    stated = codecs.lookup(file.encoding or "utf-8").name
    return mark, _UNMARKED[mark] if mark else _WITHOUT_MARK.get(stated, stated)


def compression_of(table: pq.ParquetFile) -> str:
    """How the columns of a Parquet file are compressed, as a writer is told."""
    has_columns = table.metadata.num_row_groups and len(table.schema_arrow)
    used = table.metadata.row_group(0).column(0).compression if has_columns else "SNAPPY"
    return "NONE" if used == "UNCOMPRESSED" else str(used)


def _merged(
    pieces: Sequence[str], insertions: Sequence[Insertion], new: Callable[[Mapping[str, Any]], str], end: str = ""
) -> Iterator[str]:
    """Pieces of a text, one per row, with new rows before those that they are put before.

    A row behind the last piece stands behind the line end `end`, where that piece has none.
    """
    todo = iter(insertions)
    following = next(todo, None)
    for number, piece in enumerate(pieces):
        while following is not None and following[0] <= number:
            yield new(following[1])
            following = next(todo, None)
        yield piece
    if following is not None and not pieces[-1].endswith(("\n", "\r")):
        yield end
    while following is not None:
        yield new(following[1])
        following = next(todo, None)


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, which are `\\n`, or `\\r` in files of old Macintoshes."""
    lone = "\r" in text and "\n" not in text
    return re.findall(r"[^\r]*\r|[^\r]+" if lone else r"[^\n]*\n|[^\n]+", text)


def _line_end(lines: Sequence[str]) -> str:
    return lines[0][len(lines[0].rstrip("\r\n")) :] or "\n" if lines else "\n"


def _lines(text: str, insertions: Sequence[Insertion]) -> Iterator[str]:
    lines = lines_of(text)
    end = _line_end(lines)
    rows = _rows((line, bool(line.strip(" \t\r\n"))) for line in lines)
    return _merged(rows, insertions, lambda row: json.dumps(row) + end, end)


def _rows(pieces: Iterable[tuple[str, bool]]) -> list[str]:
    """Pieces that are rows; blank ones belong to the row before them, or to the first."""
    rows: list[str] = []
    blank = ""
    for piece, is_row in pieces:
        if is_row:
            rows.append(blank + piece)
            blank = ""
        elif rows:
            rows[-1] += piece
        else:
            blank += piece
    return rows


def _array(text: str, insertions: Sequence[Insertion]) -> Iterator[str]:
    """A JSON array, cut before each element and before its end."""
    decoder = json.JSONDecoder(parse_int=str)
    place = _after_space(text, text.index("[") + 1)
    starts = []
    while text[place] != "]":
        starts.append(place)
        place = _after_space(text, decoder.raw_decode(text, place)[1])
        if text[place] == ",":
            place = _after_space(text, place + 1)
    ends = [*starts[1:], place]
    last = text[starts[-1] : place]
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    inner = [each for each in insertions if each[0] < len(starts)]
    yield text[: starts[0]]
    yield from _merged([*pieces[:-1], last.rstrip()], inner, lambda row: json.dumps(row) + ", ")
    for _, row in insertions[len(inner) :]:
        yield ", " + json.dumps(row)
    yield last[len(last.rstrip()) :] + text[place:]


def _after_space(text: str, place: int) -> int:
    return _SPACE.match(text, place).end()  # type: ignore[union-attr]


def _separated(file: UserFile, text: str, insertions: Sequence[Insertion]) -> Iterator[str]:
    """The heading, then one piece per row, which may be several lines."""
    csv.field_size_limit(1 << 30)
    separator = file.separator or {".csv": ",", ".tsv": "\t"}[file.ending]
    lines = lines_of(text)
    end = _line_end(lines)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    read: list[tuple[str, list[str]]] = []
    for row in csv.reader(feed(), delimiter=separator, strict=True):
        read.append(("".join(taken), row))
        taken.clear()
    heading = next(row for _, row in read if row)

    def new(row: Mapping[str, Any]) -> str:
        stream = io.StringIO(newline="")
        writer = csv.writer(stream, delimiter=separator, lineterminator=end)
        writer.writerow([_cell(file, name, row.get(name)) for name in heading])
        return stream.getvalue()

    pieces = _rows((piece, bool(row)) for piece, row in read)
    yield pieces[0]
    yield from _merged(pieces[1:], insertions, new, end)


def _cell(file: UserFile, name: str, value: Any) -> str:
    if isinstance(value, (list, dict)):
        raise file.fault(f"column {name!r} is a text, and the template's is {type(value).__name__}.")
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _insert_into_table(file: UserFile, output: Path, insertions: Sequence[Insertion]) -> None:
    with pq.ParquetFile(file.path) as table:
        schema = table.schema_arrow
        try:
            new = pa.Table.from_pylist([dict(row) for _, row in insertions], schema=schema)
            new.validate(full=True)
        except (pa.ArrowException, TypeError, OverflowError) as error:
            raise file.fault(f"its columns do not take the template's row: {one_line(error)}") from error
        if missing := [field.name for field in schema if not field.nullable and new[field.name].null_count]:
            raise file.fault(f"the template has no value of column {missing[0]!r}, which may not be null.")
        with pq.ParquetWriter(output, schema, compression=compression_of(table)) as writer:
            start, done = 0, 0
            for batch in table.iter_batches(ROWS_PER_GROUP):
                parts, cut = [], 0
                while done < len(insertions) and insertions[done][0] < start + batch.num_rows:
                    here = insertions[done][0] - start
                    parts += [pa.Table.from_batches([batch.slice(cut, here - cut)], schema), new.slice(done, 1)]
                    cut, done = here, done + 1
                parts.append(pa.Table.from_batches([batch.slice(cut)], schema))
                writer.write_table(pa.concat_tables(parts))
                start += batch.num_rows
            if done < len(insertions):
                writer.write_table(new.slice(done))
