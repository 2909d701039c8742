"""Rows put into files of every format: nothing else changes."""

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import source

from memorization.datasets.files import UserFile, records
from memorization.datasets.insertion import Insertion, insert_rows
from memorization.errors import UserError

TEXT_ENDINGS = [".csv", ".tsv", ".jsonl", ".json", ".csv.gz", ".jsonl.gz"]
ENDINGS = [".parquet", *TEXT_ENDINGS]
COLUMNS = ("a", "b")
# No carriage returns and no lone surrogates: the readers refuse those in places.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)
ROWS = st.lists(st.fixed_dictionaries(dict.fromkeys(COLUMNS, TEXTS)), min_size=1, max_size=6)
NEW = {"a": 'new, "quoted"\nlines', "b": "ü [1], {2}"}


def insert(file: Path, insertions: list[Insertion], **options: Any) -> Path:
    output = file.with_name(f"out-{file.name}")
    insert_rows(UserFile("--input", file, **options), output, insertions)
    return output


def rows_of(file: Path, **options: Any) -> list[dict[str, Any]]:
    return [dict(record.values) for record in records(UserFile("--input", file, **options), COLUMNS)]


def content(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=25)
@given(rows=ROWS, drawn=st.lists(st.integers(0, 6), max_size=4))
def test_new_rows_are_where_they_are_put_and_all_others_are_as_before(
    ending: str, rows: list[dict[str, str]], drawn: list[int]
) -> None:
    places = sorted(place % (len(rows) + 1) for place in drawn)
    with tempfile.TemporaryDirectory() as folder:
        file = source(Path(folder, f"rows{ending}"), rows)
        before = rows_of(file)
        expected = before.copy()
        for place in reversed(places):
            expected.insert(place, NEW)

        output = insert(file, [(place, NEW) for place in places])

        assert rows_of(output) == expected
        if not places and ending != ".parquet":
            assert content(output) == content(file)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "without a last line end"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_other_byte_of_a_text_stays(tmp_path: Path, end: str, last: bool, encoding: str, place: int) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    # A row of two lines with a blank line behind it, which belongs to it.
    pieces = [f"a;b{end}", f'"x\ny";  1e5 {end}{end}', "ü;'" + (end if last else "")]
    file = tmp_path / "rows.csv"
    file.write_bytes(mark + "".join(pieces).encode(encoding))

    output = insert(file, [(place, {"a": "n", "b": 1})], separator=";")

    needed = end if place == 2 and not last else ""
    pieces.insert(place + 1, f"{needed}n;1{end}")
    assert output.read_bytes() == mark + "".join(pieces).encode(encoding)


def test_json_keeps_its_layout_numbers_and_escapes(tmp_path: Path) -> None:
    file = tmp_path / "rows.json"
    file.write_text(' [\n  {"a": 1.50, "b": "\\u00fc"},\n\n  {"a": 12345678901234567890123, "x": []}\n ]\n', "utf-8")

    output = insert(file, [(0, {"a": "p"}), (1, {"a": "q"}), (2, {"a": "r"})])

    assert output.read_text("utf-8") == (
        ' [\n  {"a": "p"}, {"a": 1.50, "b": "\\u00fc"},\n\n  {"a": "q"}, {"a": 12345678901234567890123, "x": []}, '
        '{"a": "r"}\n ]\n'
    )


def test_objects_line_by_line_keep_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b'\n{"a" : 1}\r\n\r\n{"a":2}')

    output = insert(file, [(1, {"a": "ü"}), (2, {"a": None})])

    end = b'\n{"a": "\\u00fc"}\n'
    assert output.read_bytes() == b'\n{"a" : 1}\r\n\r\n' + end[1:] + b'{"a":2}' + b'\n{"a": null}\n'


def test_a_parquet_file_keeps_schema_metadata_and_compression(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            pa.field("a", pa.string(), metadata={"unit": "words"}),
            pa.field("turns", pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))),
            pa.field("n", pa.int16()),
            pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
        ],
        {"about": "rows"},
    )
    rows = [
        {"a": str(number), "turns": [{"role": "user", "content": "?"}], "n": number, "kind": "x"} for number in range(9)
    ]
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), file, compression="zstd", row_group_size=4)
    new = {"turns": [{"role": "assistant", "content": "!"}]}

    output = insert(file, [(0, new), (4, new), (9, new)])

    table = pq.ParquetFile(output)
    filled = {"a": None, "n": None, "kind": None, **new}
    assert table.schema_arrow.equals(pq.ParquetFile(file).schema_arrow, check_metadata=True)
    assert table.read().to_pylist() == [filled, *rows[:4], filled, *rows[4:], filled]
    assert table.metadata.row_group(0).column(0).compression == "ZSTD"


def test_rows_that_a_format_cannot_take_are_refused(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.int32()), pa.field("b", pa.string(), nullable=False)])
    table = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([{"a": 1, "b": "x"}], schema), table)
    with pytest.raises(UserError, match="columns do not take the template's row"):
        insert(table, [(0, {"a": "text", "b": "y"})])
    with pytest.raises(UserError, match="no value of column 'b'"):
        insert(table, [(0, {"a": 1})])
    text = source(tmp_path / "rows.csv", [{"a": "1", "b": "2"}])
    with pytest.raises(UserError, match="column 'b' is a text, and the template's is list"):
        insert(text, [(0, {"b": json.loads("[1]")})])
    with pytest.raises(UserError, match="its encoding, cp1252, has no 'ł'"):
        insert(text, [(0, {"b": "ł"})], encoding="cp1252")
