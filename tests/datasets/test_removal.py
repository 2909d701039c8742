"""Rows left out of files of every format: nothing else changes."""

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_files import ENDINGS, ROWS, source

from memorization.datasets.files import UserFile, records
from memorization.datasets.removal import remove_rows

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)
DRAWN = st.lists(st.fixed_dictionaries({"a": TEXTS, "b": TEXTS}), min_size=1, max_size=6)


def without(file: Path, removed: set[int], **options: Any) -> Path:
    output = file.with_name(f"out-{file.name}")
    remove_rows(UserFile("train", file, **options), output, removed)
    return output


def rows_of(file: Path, **options: Any) -> list[dict[str, Any]]:
    return [dict(record.values) for record in records(UserFile("train", file, **options), ("a", "b", *ROWS[0]))]


def content(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=20)
@given(rows=DRAWN, removed=st.sets(st.integers(0, 6)))
def test_removed_rows_are_gone_and_all_others_are_as_before(
    ending: str, rows: list[dict[str, str]], removed: set[int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = source(Path(folder, f"rows{ending}"), rows)
        before, original = rows_of(file), file.read_bytes()

        output = without(file, removed)

        assert rows_of(output) == [row for number, row in enumerate(before) if number not in removed]
        assert file.read_bytes() == original
        if not removed & set(range(len(rows))) and ending not in (".parquet", ".arrow"):
            assert content(output) == content(file)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_other_byte_of_a_text_stays(tmp_path: Path, end: str, encoding: str, number: int) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    blank, two_lines = end, f'"x{end}y";  1e5 {end}'
    heading, pieces = f"a;b{end}", [f'"ü""";z {end}', two_lines, "ü;'"]
    file = tmp_path / "rows.csv"
    file.write_bytes(mark + (blank + heading + blank + "".join(pieces)).encode(encoding))

    output = without(file, {number}, separator=";", encoding="cp1252" if encoding == "cp1252" else None)

    del pieces[number]
    assert output.read_bytes() == mark + (blank + heading + blank + "".join(pieces)).encode(encoding)


def test_objects_line_by_line_keep_their_lines_and_blank_ones(tmp_path: Path) -> None:
    lines = [b'{"a" : 1.50}\r\n', b"\n", b'{"a":"\xe2\x80\xa8"}\n', b'{"a":3}']
    for name in ("rows.jsonl", "rows.json"):
        file = tmp_path / name
        file.write_bytes(b"\n" + b"".join(lines))

        assert without(file, {0}).read_bytes() == b"\n" + b"".join(lines[1:])
        assert without(file, {1}).read_bytes() == b"\n" + lines[0] + lines[1] + lines[3]
        assert without(file, {0, 1, 2}).read_bytes() == b"\n" + lines[1]


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        (set(), ' [\n  {"a": 1.50},\n\n  {"a": "],["} , {"a": 2e3}\n ]\n'),
        ({0}, ' [\n\n  {"a": "],["} , {"a": 2e3}\n ]\n'),
        ({1}, ' [\n  {"a": 1.50} , {"a": 2e3}\n ]\n'),
        ({2}, ' [\n  {"a": 1.50},\n\n  {"a": "],["}\n ]\n'),
        ({0, 1}, ' [  {"a": 2e3}\n ]\n'),
        ({0, 1, 2}, " [\n ]\n"),
    ],
)
def test_an_array_keeps_its_layout(tmp_path: Path, removed: set[int], expected: str) -> None:
    file = tmp_path / "rows.json"
    file.write_text(' [\n  {"a": 1.50},\n\n  {"a": "],["} , {"a": 2e3}\n ]\n', "utf-8")

    assert without(file, removed).read_text("utf-8") == expected


def test_a_parquet_file_keeps_schema_metadata_and_compression(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            pa.field("a", pa.string(), metadata={"unit": "words"}),
            pa.field("turns", pa.list_(pa.struct([("role", pa.string()), ("content", pa.large_string())]))),
            pa.field("kind", pa.dictionary(pa.int8(), pa.string())),
        ],
        {"about": "rows"},
    )
    rows = [{"a": str(number), "turns": [{"role": "user", "content": "?"}], "kind": "x"} for number in range(9)]
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema), file, compression="zstd", row_group_size=4)

    output = without(file, {0, 4, 5, 6, 7, 8})

    table = pq.read_table(output)
    assert table.to_pylist() == rows[1:4]
    assert table.schema.equals(pq.read_schema(file))
    assert table.schema.metadata == schema.metadata
    assert table.schema.field("a").metadata == {b"unit": b"words"}
    assert pq.ParquetFile(output).metadata.row_group(0).column(0).compression == "ZSTD"
    assert pq.read_table(without(file, set(range(9)))).num_rows == 0


def test_an_arrow_file_stays_of_its_kind(tmp_path: Path) -> None:
    table = pa.table({"a": ["x", "y", "z"]}).replace_schema_metadata({"huggingface": "{}"})
    for new, begins in ((pa.ipc.new_file, b"ARROW1"), (pa.ipc.new_stream, b"\xff\xff\xff\xff")):
        file = tmp_path / "rows.arrow"
        with pa.OSFile(str(file), "wb") as sink, new(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)

        output = without(file, {1})

        assert output.read_bytes().startswith(begins)
        assert rows_of(output) == [{"a": "x"}, {"a": "z"}]


def test_equal_rows_give_equal_compressed_bytes(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv.gz")

    assert without(file, {1}).read_bytes() == without(file, {1}).read_bytes()
