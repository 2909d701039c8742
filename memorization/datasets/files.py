"""Rows of the files that users bring: Parquet, Arrow, CSV, TSV, JSON lines and JSON; texts also compressed by gzip.

Values are what the file says, and no reader guesses: all of CSV is text, and numbers of JSON stay numbers. Only the
columns that are asked for are converted, so that nothing in another one can be wrong. Rows keep their numbers, from 0,
for messages.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.config.base import LocalFiles
from memorization.datasets.rows import Row, one_line, require, shown_names
from memorization.errors import UserError

ROWS_PER_BATCH = 1000
CHARACTERS_PER_READ = 1 << 18
# Where only the first rows are read, so many times as many are looked through for those of a split.
SEARCHED = 20
COMPRESSED = ".gz"
TEXTS = (".csv", ".tsv", ".jsonl", ".json")
ENDINGS = (".parquet", ".arrow", *TEXTS)

MARKS = (
    # UTF-32's begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)

STRANGERS = (
    (
        b"version https://git-lfs.github.com/spec/",
        "is not the data, but a pointer of Git LFS to it: run `git lfs pull` in its repository.",
    ),
    (b"PAR1", "is a Parquet file; give it the ending .parquet."),
    (b"ARROW1", "is an Arrow file; give it the ending .arrow."),
    (b"\x1f\x8b", "is compressed by gzip; give it an ending such as .csv.gz."),
    (b"PK\x03\x04", "is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV in UTF-8."),
    (b"<!doctype html", "is a web page, not the data; download the file itself."),
    (b"<html", "is a web page, not the data; download the file itself."),
)


@dataclass(frozen=True)
class UserFile:
    """A file, the setting that names it (for messages), and how its text is read."""

    where: str
    path: Path
    separator: str | None = None
    """Between the columns of CSV and TSV; None: by the ending."""
    encoding: str | None = None
    """Of a text file without a byte order mark; None: UTF-8."""
    setting: str = "`{}: {}`"
    """How a message writes a setting and its value."""

    @property
    def ending(self) -> str:
        """The ending that says what the file contains, in small letters and without .gz."""
        return Path(self.path.stem if self.is_compressed else self.path.name).suffix.lower()

    @property
    def is_compressed(self) -> bool:
        """Whether the file's last ending is that of gzip."""
        return self.path.suffix.lower() == COMPRESSED

    def fault(self, text: str) -> UserError:
        """What is wrong with the file."""
        return UserError(f"{self.where}: {self.path}: {text}")


class Record(NamedTuple):
    """A row of a file."""

    values: Mapping[str, Any]
    """By column; of those that the file has, at least the ones that were asked for."""
    columns: Collection[str]
    """All columns of the file, or of the row where each has its own."""


def file_rows(
    key: str,
    source: LocalFiles,
    split: str,
    paths: Iterable[Path],
    columns: Collection[str],
    at_most: int | None = None,
) -> Iterator[Row]:
    """Rows of a split, from its files in their order; `key` of the configuration is for messages.

    Of a row, the columns of those names are read. `at_most` reads the beginning of each file only, with about so many
    rows of the split together.

    Raises UserError where a file cannot be read, or the split column has no such split.
    """
    paths = list(paths)
    each = None if at_most is None else max(1, at_most // len(paths))
    wanted = {*columns, *([source.split_column] if source.split_column else [])}
    counts: Counter[str] = Counter()
    number, complete = 0, True
    for path in paths:
        file = UserFile(f"{key}.{split}", path, source.separator, source.encoding)
        found = 0
        for position, record in enumerate(records(file, wanted)):
            if each is not None and (found >= each or position >= SEARCHED * each):
                complete = False
                break
            row = Row(split, f"{path}, row {position}", number, *record, path, position)
            number += 1
            if source.split_column is not None:
                named = _split_of(f"{key}.split_column", source.split_column, row)
                counts[named] += 1
                if named != split:
                    continue
            found += 1
            yield row
    if source.split_column is not None and complete and not counts[split]:
        shown = ", ".join(f"{value[:40]!r} ({count} rows)" for value, count in counts.most_common(10))
        raise UserError(
            f"{key}.split_column: {', '.join(map(str, paths[:3]))}: column {source.split_column!r} has no {split!r}; "
            f"found: {shown or 'no rows at all'}."
        )


def _split_of(key: str, column: str, row: Row) -> str:
    require(key, [column], row)
    value = row.values[column]
    if value is not None and not isinstance(value, str):
        raise UserError(
            f"{key}: {row.place}: column {column!r} contains {type(value).__name__} ({str(value)[:40]!r}); it must "
            "contain the words `train` and `test`."
        )
    return str(value)


def records(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    """All rows of a file, with the columns of those names; UserError where it, or a row, cannot be read."""
    readers = dict(zip(ENDINGS, (_parquet, _arrow, _separated, _separated, _json_lines, _json), strict=True))
    if file.ending not in readers or (file.is_compressed and file.ending not in TEXTS):
        raise file.fault(
            f"ending {''.join(file.path.suffixes[-2:]) if file.is_compressed else file.path.suffix!r}; "
            f"allowed: {', '.join(ENDINGS)}; {', '.join(ending + COMPRESSED for ending in TEXTS)}."
        )
    try:
        if not file.path.is_file():
            raise file.fault("no such file.")
        yield from readers[file.ending](file, columns)
    except UnicodeError as error:
        raise _unreadable(file, _not_in_encoding(file, error)) from error
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise _unreadable(file, one_line(error)) from error


def check_end(file: UserFile) -> None:
    """UserError where a file's end shows that it is not whole; a compressed file is read to its end for that.

    Parquet and Arrow files say so when they are opened, and CSV files cannot say it.
    """
    if file.ending not in TEXTS:
        return
    tail = b""
    try:
        with _bytes(file) as stream:
            if not file.is_compressed:
                stream.seek(max(0, file.path.stat().st_size - 64))
            while part := stream.read(1 << 20):
                tail = part[-64:]
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(file, one_line(error)) from error
    last = tail.rstrip(b" \t\r\n\0")
    closing = {".jsonl": (b"}",), ".json": (b"]", b"}")}.get(file.ending)
    # Of another encoding only its reader knows the signs.
    if closing and last and file.encoding is None and not last.endswith(closing):
        raise _unreadable(file, f"it ends in the middle of a row: {last[-30:].decode('utf-8', 'backslashreplace')!r}.")


def _unreadable(file: UserFile, text: str) -> UserError:
    return file.fault(f"not a readable {file.ending[1:]} file: {text}")


@contextlib.contextmanager
def _bytes(file: UserFile) -> Iterator[BinaryIO]:
    with gzip.open(file.path) if file.is_compressed else file.path.open("rb") as stream:
        yield stream  # type: ignore[misc]


@contextlib.contextmanager
def _text(file: UserFile) -> Iterator[TextIO]:
    """A text file by its byte order mark or its encoding; UserError where its beginning is that of another kind."""
    with _bytes(file) as stream:
        head = stream.read(1024)
        stream.seek(0)
        _refuse_stranger(file, head)
        marked = next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)
        if marked is None and file.encoding is None and b"\0" in head:
            raise _unreadable(
                file,
                "it has zero bytes, as texts in UTF-16 and files that are no text have. If it is text, set "
                f"{file.setting.format('encoding', 'utf-16-le')}.",
            )
        encoding = marked or file.encoding or "utf-8"
        beginning = head.decode(encoding, "ignore")
        # A lone carriage return ends a line only in files of old Macintoshes, which have no other line ends.
        newline = "" if "\r" in beginning and "\n" not in beginning else "\n"
        with io.TextIOWrapper(stream, encoding=encoding, newline=newline) as text:
            yield text


def _refuse_stranger(file: UserFile, head: bytes, own: bytes = b"text") -> None:
    """UserError where a file begins as one of another kind does; `own` is the beginning of its own kind."""
    for beginning, what in STRANGERS:
        if beginning != own and head.lower().startswith(beginning.lower()):
            raise file.fault(what)


def _not_in_encoding(file: UserFile, error: UnicodeError) -> str:
    """What is wrong with a text, and where, if that can be told."""
    if file.ending not in TEXTS:
        return one_line(error)
    advice = f"set {file.setting.format('encoding', 'cp1252')}, or whatever its encoding is."
    if file.encoding is not None:
        return f"{one_line(error)} If its encoding is another one, {advice}"
    # A compressed file may be damaged too.
    with contextlib.suppress(OSError, EOFError, zlib.error), _bytes(file) as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as found:
                return f"line {number} is not UTF-8 (byte {line[found.start]:#04x}): {advice}"
    return f"{one_line(error)} If its encoding is another one, {advice}"


def _separated(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    csv.field_size_limit(1 << 30)
    separator = file.separator or {".csv": ",", ".tsv": "\t"}[file.ending]
    with _text(file) as stream:
        reader = csv.reader(stream, delimiter=separator, strict=True)
        lines_read = 0

        def rows() -> Iterator[list[str]]:
            nonlocal lines_read
            try:
                for row in reader:
                    lines_read = reader.line_num
                    if row:
                        yield row
            except csv.Error as error:
                text = one_line(error)
                if "new-line character" in text:
                    text = "a text with a carriage return must be in quotes."
                elif "expected after" in text or "unexpected end" in text:
                    text += " A text that begins with a quote must be in quotes, and each quote in it doubled."
                raise _unreadable(file, f"the row that begins in line {lines_read + 1}: {text}") from error

        lines = rows()
        heading = next(lines, [])
        _refuse_other_separator(file, heading, separator)
        # Spreadsheets write empty columns; without a name nothing can ask for them.
        names = [name for name in heading if name.strip()]
        _refuse_repeated(file, names)
        places = [(name, place) for place, name in enumerate(heading) if name in columns]
        for number, row in enumerate(lines):
            if len(row) > len(heading):
                raise UserError(
                    f"{file.path}, row {number}: has more fields than the heading; put a text with "
                    f"{'commas' if separator == ',' else repr(separator)} in quotes."
                )
            yield Record({name: row[place] if place < len(row) else None for name, place in places}, names)


def _refuse_other_separator(file: UserFile, heading: Sequence[str], separator: str) -> None:
    if len(heading) == 1 and file.separator is None:
        for other in ";\t|,":
            if other != separator and other in heading[0]:
                setting = file.setting.format("separator", json.dumps(other))
                raise file.fault(f"its heading is one column, {heading[0][:80]!r}; set {setting}.")


def _refuse_repeated(file: UserFile, names: Sequence[str]) -> None:
    name, count = max(Counter(names).items(), key=lambda item: item[1], default=("", 0))
    if count > 1:
        raise file.fault(f"its heading names column {name[:60]!r} {count} times; each name may be there once.")


class _RepeatedKeyError(ValueError):
    """A JSON object gives a key twice."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise _RepeatedKeyError(f"the key {name[:60]!r} is given twice")
    return values


def _integer(digits: str) -> int | Decimal:
    try:
        return int(digits)
    except ValueError:
        # Python reads no integers of more than some thousand digits, because that takes quadratic time.
        return Decimal(digits)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
_SPACE = re.compile(r"[ \t\r\n]*")
# What follows a sign of an array, by what was read before it.
_NEXT: dict[str, dict[str, str]] = {
    "start": {"[": "first"},
    "first": {"]": "end"},
    "value": {},
    "after": {",": "value", "]": "end"},
    "end": {},
}


def _json_lines(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    with _text(file) as stream:
        number = 0
        for line in stream:
            if line := line.strip(" \t\r\n"):
                try:
                    values = _DECODER.decode(line)
                except (ValueError, RecursionError) as error:
                    raise _no_object(file, number, error) from error
                yield _record(file, number, values, "a line contains one JSON object")
                number += 1


def _json(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    """Objects of an array; or one object per line, as many files with this ending have."""
    with _text(file) as stream:
        buffer = stream.read(CHARACTERS_PER_READ)
        if buffer.lstrip()[:1] in ("[", ""):
            elements, number = _elements(stream, buffer), 0
            while True:
                try:
                    values = next(elements)
                except StopIteration:
                    return
                except (ValueError, RecursionError) as error:
                    if isinstance(error, UnicodeError):
                        raise
                    raise _no_object(file, number, error) from error
                yield _record(file, number, values, "an array contains JSON objects")
                number += 1
    yield from _json_lines(file, columns)


def _elements(stream: TextIO, buffer: str) -> Iterator[Any]:
    """Elements of a JSON array, of which `buffer` is the beginning, without keeping all of it in memory.

    ValueError where it is no array.
    """
    size = CHARACTERS_PER_READ
    place, state = 0, "start"
    while True:
        place = _SPACE.match(buffer, place).end()  # type: ignore[union-attr]
        if place == len(buffer):
            buffer, place = stream.read(size), 0
            if not buffer and state in ("start", "end"):
                return
            if not buffer:
                raise ValueError("the array has no end: ']' is missing")
        elif buffer[place] in _NEXT[state]:
            state = _NEXT[state][buffer[place]]
            place += 1
        elif state in ("first", "value"):
            try:
                value, place = _DECODER.raw_decode(buffer, place)
            except json.JSONDecodeError as error:
                # Perhaps it only ends with the buffer.
                more = stream.read(size)
                if not more:
                    raise ValueError(error.msg) from error
                buffer, place, size = buffer[place:] + more, 0, 2 * size
            else:
                state = "after"
                yield value
        else:
            raise ValueError(f"found {buffer[place : place + 20]!r} where ',' or ']' or nothing more should be")


def _no_object(file: UserFile, number: int, error: Exception) -> UserError:
    text = "it is nested too deeply." if isinstance(error, RecursionError) else one_line(error)
    what = text if isinstance(error, _RepeatedKeyError) else f"not a JSON object: {text}"
    return UserError(f"{file.path}, row {number}: {what}")


def _record(file: UserFile, number: int, values: Any, allowed: str) -> Record:
    if not isinstance(values, dict):
        raise UserError(f"{file.path}, row {number}: contains {type(values).__name__}; {allowed}.")
    return Record(values, values)


def _parquet(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    with file.path.open("rb") as stream:
        _refuse_stranger(file, stream.read(1024), b"PAR1")
    # Buffered, so that the first rows cost no more than they are. Checksums are compared where a file has them.
    with pq.ParquetFile(file.path, buffer_size=1 << 20, page_checksum_verification=True) as table:
        names = table.schema_arrow.names
        _refuse_repeated(file, names)
        chosen = [name for name in names if name in columns]
        yield from _records_of(file, table.iter_batches(ROWS_PER_BATCH, columns=chosen), names, chosen)


def _arrow(file: UserFile, columns: Collection[str]) -> Iterator[Record]:
    """Rows of an Arrow stream, as Hugging Face's `datasets` writes it, or of an Arrow file."""
    with pa.memory_map(str(file.path)) as source:
        reader: Any
        if source.read(6) == b"ARROW1":
            reader = pa.ipc.open_file(source)
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            source.seek(max(0, source.size() - 8))
            if source.read(8) != b"\xff\xff\xff\xff\0\0\0\0":
                source.seek(0)
                _refuse_stranger(file, source.read(1024), b"ARROW1")
                raise _unreadable(file, "its end is missing.")
            source.seek(0)
            reader = pa.ipc.open_stream(source)
            batches = iter(reader)
        names = reader.schema.names
        _refuse_repeated(file, names)
        chosen = [name for name in names if name in columns]
        yield from _records_of(file, batches, names, chosen)


def _records_of(
    file: UserFile, batches: Iterable[pa.RecordBatch], names: Sequence[str], chosen: Sequence[str]
) -> Iterator[Record]:
    number = 0
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS_PER_BATCH):
            count = min(ROWS_PER_BATCH, batch.num_rows - start)
            try:
                part = batch.slice(start, count).select(chosen)
                # What a damaged file says about places in memory is not to be trusted.
                part.validate(full=True)
                rows = part.to_pylist() if chosen else [{}] * count
            except (ValueError, OverflowError) as error:
                where = f"rows {number} to {number + count - 1}, a value of {shown_names(chosen)}"
                raise _unreadable(file, f"{where}: {one_line(error)}") from error
            number += count
            for values in rows:
                yield Record(values, names)
