"""Rows of files, and what is wrong with a file."""

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_files import ENDINGS, ROWS, read, refused, source


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    assert read(source(tmp_path / f"rows{ending}")) == [
        {"split": "train", "instruction": None, **row, "turns": None, "references": None} for row in ROWS
    ]


def test_endings_may_be_capitals_and_csv_may_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "rows.CSV"
    file.write_text("\ufeffid,input,target\na,text,yes\n", encoding="utf-8")
    assert read(file)[0]["id"] == "a"


def test_blank_lines_between_json_lines_are_passed_over(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    file.write_text(file.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    assert [row["id"] for row in read(file)] == ["a", "b", "c"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_column_may_contain_the_split(tmp_path: Path, ending: str) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("test", "train", "test"), strict=True)]
    file = source(tmp_path / f"rows{ending}", rows)
    assert [(row["id"], row["split"]) for row in read(file, file, {"split_column": "part"})] == [
        ("b", "train"),
        ("a", "test"),
        ("c", "test"),
    ]


def test_two_files_are_two_splits_and_rows_without_id_are_numbered(tmp_path: Path) -> None:
    train = source(tmp_path / "train.jsonl", [{"input": "x", "target": "y"}] * 2)
    test = source(tmp_path / "test.csv", [{"input": "z", "target": "y"}])
    assert [row["id"] for row in read(train, test)] == ["train-0", "train-1", "test-0"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.csv"
    assert refused(file) == f"datasets.mine.source.train: {file}: no such file."


def test_an_unknown_ending_is_named_with_those_allowed(tmp_path: Path) -> None:
    file = tmp_path / "rows.xlsx"
    file.touch()
    assert refused(file) == (
        f"datasets.mine.source.train: {file}: ending '.xlsx'; allowed: .parquet, .arrow, .csv, .tsv, .jsonl, .json; "
        ".csv.gz, .tsv.gz, .jsonl.gz, .json.gz."
    )


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1 but not really")
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, place: float) -> None:
    file = source(tmp_path / "rows.parquet", [{"input": f"{n} " * 50, "target": str(n)} for n in range(500)])
    content = bytearray(file.read_bytes())
    begin = int(place * len(content))
    content[begin : begin + 200] = bytes(200)
    file.write_bytes(content)
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


def test_a_json_line_that_is_broken_is_named_with_its_row(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"input": "half\n')
    assert refused(file).startswith(f"{file}, row 3: not a JSON object: ")


def test_a_json_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('["text"]\n')
    assert refused(file) == f"{file}, row 0: contains list; a line contains one JSON object."


def test_a_csv_row_that_is_cut_by_a_comma_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("target,input\nyes,one text\nno,two, texts\n")
    assert refused(file) == f"{file}, row 1: has more fields than the heading; put a text with commas in quotes."


def test_a_csv_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("input,target\nyes\n")
    assert "row 0: column 'target' is null" in refused(file)


def test_a_missing_split_column_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, source={"split_column": "part"}).startswith(
        "datasets.mine.source.split_column: names column 'part', which "
    )


def test_a_split_that_the_column_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("train", "valid", "valid"), strict=True)]
    file = source(tmp_path / "rows.parquet", rows)
    assert refused(file, test=file, source={"split_column": "part"}) == (
        f"datasets.mine.source.split_column: {file}: column 'part' has no 'test'; "
        "found: 'valid' (2 rows), 'train' (1 rows)."
    )


GERMAN = [{"id": str(n), "input": f"Größe {n} €", "target": "ja"} for n in range(3)]


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".jsonl", ".json"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le"])
def test_another_encoding_is_read_where_it_is_named(tmp_path: Path, ending: str, encoding: str) -> None:
    file = source(tmp_path / f"rows{ending}", GERMAN)
    content = gzip.decompress(file.read_bytes()) if ending.endswith(".gz") else file.read_bytes()
    content = json.dumps(GERMAN, ensure_ascii=False).encode() if ending == ".json" else content
    content = content.decode().encode(encoding)
    file.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    assert [row["input"] for row in read(file, source={"encoding": encoding})] == [row["input"] for row in GERMAN]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json", ".csv.gz"])
def test_a_file_in_another_encoding_is_named_with_its_line_and_the_key(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows{ending}"
    content = 'input,target\na,b\n"Größe",x\n'.encode("cp1252")
    file.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    named = Path(file.stem if ending.endswith(".gz") else file.name).suffix[1:]
    assert refused(file) == (
        f"datasets.mine.source.train: {file}: not a readable {named} file: line 3 is not UTF-8 (byte 0xf6): "
        "set `encoding: cp1252`, or whatever its encoding is."
    )


def test_a_file_that_is_damaged_twice_over_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    content = gzip.compress(b"input,target\n" + bytes(range(256)) * 500)
    file.write_bytes(content[:-9])
    assert refused(file, source={"encoding": "utf-8"}).startswith(
        f"datasets.mine.source.train: {file}: not a readable "
    )
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable ")


def test_an_encoding_that_is_not_the_files_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes("input,target\nGröße,x\n".encode("cp1252"))
    assert "If its encoding is another one, set" in refused(file, source={"encoding": "ascii"})


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "utf-8"])
@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json"])
@pytest.mark.parametrize("stated", [None, "cp1252"])
def test_a_byte_order_mark_is_obeyed(tmp_path: Path, encoding: str, ending: str, stated: str | None) -> None:
    file = source(tmp_path / f"rows{ending}", GERMAN, encoding)
    mark = "\ufeff".encode(encoding)
    file.write_bytes(mark + file.read_bytes())
    rows = read(file, source={"encoding": stated})
    assert [(row["id"], row["input"]) for row in rows] == [(row["id"], row["input"]) for row in GERMAN]


def test_utf_16_without_its_mark_is_named_with_the_key(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv", GERMAN, "utf-16-le")
    message = refused(file)
    assert "it has zero bytes, as texts in UTF-16" in message
    assert "set `encoding: utf-16-le`." in message


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_told_and_read(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"id{separator}input{separator}target\na{separator}one, two{separator}yes\n")
    message = refused(file)
    assert message.startswith(f"datasets.mine.source.train: {file}: its heading is one column, 'id")
    assert message.endswith(f"; set `separator: {json.dumps(separator)}`.")
    assert [row["input"] for row in read(file, source={"separator": separator})] == ["one, two"]


def test_a_heading_of_one_column_may_have_another_separator_where_one_is_stated(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a;b\ntext\n")
    assert [row["input"] for row in read(file, source={"separator": ","}, input="{a;b}", target="")] == ["text"]


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow"])
def test_a_column_that_is_there_twice_is_refused(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows{ending}"
    table = pa.table([["text"], ["one"], ["two"]], names=["input", "target", "target"])
    if ending == ".csv":
        file.write_text("input,target,target\ntext,one,two\n")
    elif ending == ".parquet":
        pq.write_table(table, file)
    else:
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    assert refused(file) == (
        f"datasets.mine.source.train: {file}: its heading names column 'target' 2 times; each name may be there once."
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_three_ways(tmp_path: Path, end: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_bytes(f'id,input,target{end}a,"one{end}two\rthree",yes{end}b,four,no{end}'.encode())
    assert [row["input"] for row in read(file)] == [f"one{end}two\rthree", "four"]


def test_a_carriage_return_without_quotes_is_told(tmp_path: Path) -> None:
    """Python's and pandas' writers leave it without quotes, and readers differ in what they make of it."""
    file = tmp_path / "rows.csv"
    file.write_bytes(b"input,target\nx,y\n\rtext,yes\n")
    assert refused(file).endswith("the row that begins in line 3: a text with a carriage return must be in quotes.")


@pytest.mark.parametrize("content", ['input,target\n"x" y,z\n', 'input,target\na,b\n"x,z\n'])
def test_quotes_that_do_not_match_are_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(content)
    line = content.count("\n")
    message = refused(file)
    assert f"not a readable csv file: the row that begins in line {line}: " in message
    assert message.endswith("A text that begins with a quote must be in quotes, and each quote in it doubled.")


def test_columns_without_a_name_may_be_several(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("id,input,target,,\na,text,yes,,\n")
    assert [row["input"] for row in read(file)] == ["text"]


@pytest.mark.parametrize("ending", [".jsonl", ".json"])
@pytest.mark.parametrize(
    ("key", "row"),
    [("input", '{"input": 1, "input": 2}'), ("a", '{"m": {"a": 1, "b": 0, "a": 1}}')],
    ids=["outer", "inner"],
)
def test_a_key_that_is_given_twice_is_refused(tmp_path: Path, ending: str, key: str, row: str) -> None:
    file = tmp_path / f"rows{ending}"
    rows = ['{"input": "first", "target": "t"}', row]
    file.write_text("\n".join(rows) if ending == ".jsonl" else f"[{','.join(rows)}]")
    assert refused(file) == f"{file}, row 1: the key {key!r} is given twice."


UNUSED = {
    "integer of 5,000 digits": "9" * 5000,
    "half of a surrogate pair": '"\\ud800"',
    "number beyond all": "1e999",
    "not a number": "NaN",
}


@pytest.mark.parametrize("ending", [".jsonl", ".json"])
@pytest.mark.parametrize("value", UNUSED.values(), ids=UNUSED)
def test_a_value_that_nothing_names_may_be_anything(tmp_path: Path, ending: str, value: str) -> None:
    file = tmp_path / f"rows{ending}"
    row = f'{{"input": "x", "target": "y", "other": {value}}}'
    file.write_text(row if ending == ".jsonl" else f"[{row}]")
    assert len(read(file)) == 1


@pytest.mark.parametrize("sign", ["", "-"])
def test_an_identifier_of_5000_digits_is_kept(tmp_path: Path, sign: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(f'{{"id": {sign}{"98765" * 1000}, "input": "x", "target": "y"}}\n')
    assert [row["id"] for row in read(file)] == [sign + "98765" * 1000]
    (tmp_path / "out.parquet").unlink()
    assert "column 'id' contains Decimal" in refused(file, input="{id}")


@pytest.mark.parametrize("ending", [".jsonl", ".json"])
@pytest.mark.parametrize(("opening", "closing"), [("[", ""), ("[", "]"), ('{"a":', "")])
def test_deep_nesting_is_named_with_its_row(tmp_path: Path, ending: str, opening: str, closing: str) -> None:
    file = tmp_path / f"rows{ending}"
    row = f'{{"input": "x", "target": "y", "other": {opening * 100_000}{closing * 100_000}'
    file.write_text(f"{row}}}" if ending == ".jsonl" else f"[{row}}}]")
    assert refused(file) == f"{file}, row 0: not a JSON object: it is nested too deeply."


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_only_columns_that_are_named_are_read(tmp_path: Path, ending: str) -> None:
    seen = pa.array([884541351600000], pa.timestamp("ms"))
    table = pa.table({"input": ["x"], "target": ["y"], "seen": seen, "a.b": seen})
    file = tmp_path / f"rows{ending}"
    if ending == ".parquet":
        pq.write_table(table, file)
    else:
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    assert [row["input"] for row in read(file)] == ["x"]
    (tmp_path / "out.parquet").unlink()
    assert f"not a readable {ending[1:]} file: rows 0 to 0, a value of input, seen: " in refused(file, target="{seen}")


BEGINNINGS = {
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "is a web page": b"<!DOCTYPE html>\n<html></html>\n",
    "is compressed by gzip": gzip.compress(b"input,target\nx,y\n"),
    "is a zip archive or a spreadsheet": b"PK\x03\x04rest",
    "is an Arrow file": b"ARROW1\0\0rest",
}


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".jsonl", ".json", ".csv.gz"])
@pytest.mark.parametrize("what", BEGINNINGS)
def test_a_file_of_another_kind_is_told_by_its_beginning(tmp_path: Path, ending: str, what: str) -> None:
    file = tmp_path / f"rows{ending}"
    packed = ending.endswith(".gz")
    file.write_bytes(gzip.compress(BEGINNINGS[what]) if packed else BEGINNINGS[what])
    message = refused(file)
    assert message.startswith(f"datasets.mine.source.train: {file}: ")
    assert what in message


def test_a_parquet_file_with_another_ending_is_told(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.parquet").rename(tmp_path / "rows.csv")
    assert "is a Parquet file; give it the ending .parquet." in refused(file)


@pytest.mark.parametrize("ending", [".csv.gz", ".jsonl.gz", ".parquet", ".arrow", ".json", ".jsonl"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.99])
def test_a_truncated_file_is_told(tmp_path: Path, ending: str, share: float) -> None:
    file = source(tmp_path / f"rows{ending}", [{"input": f"{n} text" * 9, "target": str(n * n)} for n in range(200)])
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))])
    assert str(file) in refused(file)


def test_what_is_no_gzip_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv.gz"
    file.write_text("input,target\nx,y\n")
    assert "not a readable csv file: Not a gzipped file" in refused(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"input": "x", "target": "y"}', "row 1: not a JSON object: the array has no end"),
        ('[{"input": "x", "target": "y"},]', "row 1: not a JSON object: Expecting value."),
        ('[{"input": "x", "target": "y"} {"input": 1}]', "row 1: not a JSON object: found '{\"input\": 1}]'"),
        ('[{"input": "x", "target": "y"}] more', "row 1: not a JSON object: found 'more'"),
        ('[{"input": "x", "target": "y"}, ["z"]]', "row 1: contains list; an array contains JSON objects."),
        ('[{"input": "x", "target": "y"}, {"input": "half', "row 1: not a JSON object: Unterminated string"),
        ('{"input": "x",\n "target": "y"}', "row 0: not a JSON object: Expecting"),
        ("text", "row 0: not a JSON object: Expecting value"),
    ],
)
def test_json_that_is_no_array_of_objects_is_named_with_its_row(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "rows.json"
    file.write_text(content)
    assert refused(file).startswith(f"{file}, {message}")


def test_json_files_may_have_an_object_per_line(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl").rename(tmp_path / "rows.json")
    assert [row["id"] for row in read(file)] == ["a", "b", "c"]


def test_long_arrays_are_read_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memorization.datasets.files.CHARACTERS_PER_READ", 7)
    rows = [{"id": str(n), "input": '"] , [' * n + ".", "target": "{}"} for n in range(20)]
    file = source(tmp_path / "rows.json", rows)
    assert [row["input"] for row in read(file)] == [row["input"] for row in rows]


def test_several_files_are_one_split_and_a_row_names_its_own(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"input": text, "target": "y"} for text in "abcd"]
    one, two = source(tmp_path / "1.jsonl", rows[:3]), source(tmp_path / "2.csv", rows[3:])
    assert [(row["id"], row["input"]) for row in read([one, two])] == [
        ("train-0", "a"),
        ("train-1", "b"),
        ("train-2", "c"),
        ("train-3", "d"),
    ]
    (tmp_path / "out.parquet").unlink()
    source(two, [{"input": "x", "other": "z"}])
    assert f"names column 'target', which {two}, row 0 does not have" in refused([one, two])


def test_a_split_may_be_in_one_of_several_files(tmp_path: Path) -> None:
    files = [source(tmp_path / f"{part}.csv", [row | {"part": part} for row in ROWS]) for part in ("test", "train")]
    assert len(read(files, source={"split_column": "part"})) == 3


def test_a_column_of_splits_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [row | {"part": 0} for row in ROWS])
    assert "column 'part' contains int ('0'); it must contain the words `train` and `test`." in refused(
        file, source={"split_column": "part"}
    )


def test_a_dataset_saved_to_disk_is_read_as_datasets_reads_it(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "input": datasets.Value("large_string"),
            "target": datasets.ClassLabel(names=["no", "yes"]),
            "all": datasets.Sequence(datasets.Value("string")),
        }
    )
    rows = {"input": [f"text {n}" for n in range(2500)], "target": [0, 1] * 1250, "all": [["a", "b"]] * 2500}
    saved = datasets.Dataset.from_dict(rows, features)
    saved.save_to_disk(tmp_path / "saved", num_shards=2)
    files = sorted((tmp_path / "saved").glob("*.arrow"))
    read_here = read(files, labels={0: "no", 1: "yes"}, references="all")
    assert [row["input"] for row in read_here] == rows["input"]
    assert [row["target"] for row in read_here] == ["no", "yes"] * 1250
    assert read_here[0]["references"] == ["a", "b"]


CASES = Path(__file__).resolve().parents[3] / "shared/cases"
TAKEN = {"input": "{text}", "target": "{title}"}
OUTCOMES: dict[str, tuple[dict[str, Any], dict[str, Any], str | int]] = {
    "array.json": ({}, TAKEN, 5),
    "bom.jsonl": ({}, TAKEN, 5),
    "tabs.tsv": ({}, TAKEN, 5),
    "utf16.csv": ({}, TAKEN, 5),
    "unused_year_30000.parquet": ({}, TAKEN, 5),
    "integer_of_5000_digits.jsonl": ({}, TAKEN, 6),
    "surrogate_in_id.jsonl": ({}, TAKEN, "row 5: character 0 is half of a surrogate pair"),
    "two_equal_headings.csv": ({}, TAKEN, "its heading names column 'title' 2 times"),
    "two_equal_keys.jsonl": ({}, TAKEN, "the key 'title' is given twice"),
    "semicolon_cp1252.csv": ({"separator": ";", "encoding": "cp1252"}, TAKEN, 5),
    "sentences_as_list.parquet": ({}, TAKEN | {"join": " "}, 5),
    "lfs_pointer.parquet": ({}, TAKEN, "a pointer of Git LFS"),
}


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not there")
@pytest.mark.parametrize("name", OUTCOMES)
def test_small_inputs_that_failed(tmp_path: Path, name: str) -> None:
    of_source, settings, outcome = OUTCOMES[name]
    file = tmp_path / name
    file.write_bytes((CASES / name).read_bytes())
    if isinstance(outcome, int):
        assert len(read(file, source=of_source, **settings)) == outcome
    else:
        assert outcome in refused(file, source=of_source, **settings)
