"""Seeded hostile sources through the real reading code: what is read is what was written, or one message says why not.

A case is a table of hostile values in one of the formats, sometimes damaged. Undamaged, it is either refused or read
without a difference; damaged, it is refused or read, in time and without another exception.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import in_time, seeds
from configurations import configuration, study

from memorization import preflight, storage
from memorization.config.data import Dataset
from memorization.datasets.rows import is_blank
from memorization.datasets.sources import write_dataset
from memorization.errors import UserError
from memorization.studies.kinds import Config

Row = dict[str, Any]

PIECES = [
    *("text", " ", "\n", "\r\n", "\r", "\t", ",", ";", "|", '"', '""', "'", "\\", "{", "}", "{input}", "{{", "%s"),
    *("[", "]", "null", "NaN", "=1+1", "\u200b", "\ufeff", "\u2028", "\x00", "\x1a", "\x85", "😀", "e\u0301", "ß"),
    *("今天", "\U0010ffff", "<html>", "PAR1", "version https://git-lfs.github.com/spec/v1", "0", "-1", "1e5"),
]
SURROGATES = ["\ud800", "\udfff"]
NAMES = ["other", "", " ", "a.b", "id ", "Input", "input\n", "ünïcode", "{}", "x" * 300]
NUMBERS = ["0", "-0", "1e999", "-1e999", "NaN", "Infinity", "1.50", "9" * 400, "9" * 5000, "-" + "9" * 5000, "1e-400"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "gb18030", "shift_jis", "cp037"]


def text(draw: random.Random) -> str:
    if draw.random() < 0.002:
        return draw.choice(SURROGATES)
    if draw.random() < 0.02:
        return draw.choice(PIECES) * draw.choice([1000, 100_000])
    return "".join(draw.choice(PIECES) for _ in range(draw.randrange(6)))


def value(draw: random.Random, depth: int = 0) -> str:
    """Some JSON, as text."""
    kind = draw.randrange(7 if depth < 4 else 4)
    if kind == 0:
        return draw.choice(NUMBERS)
    if kind == 1:
        return draw.choice(["null", "true", "false"])
    if kind in (2, 3):
        return json.dumps(text(draw), ensure_ascii=draw.random() < 0.5)
    if kind == 4:
        return "[" + ", ".join(value(draw, depth + 1) for _ in range(draw.randrange(4))) + "]"
    if kind == 5:
        fields = (f"{json.dumps(text(draw))}: {value(draw, depth + 1)}" for _ in range(draw.randrange(4)))
        return "{" + ", ".join(fields) + "}"
    levels = draw.choice([10, 900, 100_000])
    return "[" * levels + "]" * levels


def rows_of(draw: random.Random) -> list[Row]:
    """Texts of the columns that are read, and some of a column that is not."""
    rows = []
    for number in range(draw.choice([1, 2, 5, 40])):
        row = {"input": text(draw), "target": text(draw), draw.choice(NAMES): text(draw)}
        rows.append(row | ({"id": f"{number} {text(draw)}"} if draw.random() < 0.8 else {}))
    return rows


def as_separated(draw: random.Random, rows: list[Row], separator: str) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(
        stream,
        names,
        restval="",
        delimiter=separator,
        quoting=draw.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        lineterminator=draw.choice(["\n", "\r\n"]),
    )
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_json(draw: random.Random, row: Row) -> str:
    ascii_only = draw.random() < 0.5
    fields = [f"{json.dumps(key)}: {json.dumps(field, ensure_ascii=ascii_only)}" for key, field in row.items()]
    if draw.random() < 0.3:
        fields.append(f'"hostile": {value(draw)}')
    draw.shuffle(fields)
    return "{" + ", ".join(fields) + "}"


def columnar(draw: random.Random, file: Path, rows: list[Row]) -> None:
    """Parquet or an Arrow stream, in several batches, with columns that nothing names and no reader can convert."""
    columns = {
        name: pa.array([row.get(name) for row in rows], draw.choice([pa.string(), pa.large_string()]))
        for name in ("id", "input", "target")
    }
    columns["seen"] = pa.array([884541351600000] * len(rows), pa.timestamp("ms"))
    columns["nested"] = pa.array([[{"a": row["input"]}] for row in rows])
    table = pa.table(columns)
    if file.suffix == ".parquet":
        compression = draw.choice(["none", "snappy", "zstd"])
        pq.write_table(table, file, row_group_size=draw.choice([1, 3, 1000]), compression=compression)
    else:
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=draw.choice([1, 3, 1000]))


def damaged(draw: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    kind = draw.randrange(4)
    place = draw.randrange(len(changed)) if changed else 0
    if kind == 0:
        return bytes(changed[:place])
    if kind == 1:
        for _ in range(draw.choice([1, 5, 50]) if changed else 0):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    elif kind == 2:
        changed[place : place + 20] = bytes(20)
    else:
        changed[place:place] = draw.randbytes(30)
    return bytes(changed)


@pytest.fixture(scope="module", autouse=True)
def arrow_is_loaded() -> None:
    """Arrow imports pandas for its first rows, which belongs to the time of no case."""
    pa.RecordBatch.from_pylist([{"a": "b"}])


@pytest.mark.parametrize("seed", seeds("sources"))
def test_a_source_is_read_without_a_difference_or_refused(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    rows = rows_of(draw)
    ending = draw.choice([".parquet", ".arrow", ".csv", ".csv", ".tsv", ".jsonl", ".jsonl", ".json", ".json"])
    source: dict[str, Any] = {}
    content = written(draw, tmp_path / f"plain{ending}", rows, source)
    packed = ending not in (".parquet", ".arrow") and draw.random() < 0.3
    content = gzip.compress(content) if packed else content
    intact = draw.random() < 0.7
    file = tmp_path / f"rows{ending}{'.gz' if packed else ''}"
    file.write_bytes(content if intact else damaged(draw, content))

    settings = {"task": "qa", "source": {"kind": "files", "train": str(file), **source}}
    dataset = Dataset.model_validate(settings)
    output = tmp_path / "out.parquet"
    with in_time():
        before = refusal(lambda: preflight.check(configured(settings, tmp_path)))
    with in_time():
        refused = refusal(lambda: write_dataset("mine", dataset, {"train": [file]}, output, {}))
    if refused:
        assert not output.exists()
        return
    # What the job can use is not refused before it runs.
    assert before is None
    if intact:
        read = [(row["id"], row["input"], row["target"]) for row in storage.rows(output)]
        assert read == expected(rows, ending)
        assert storage.manifest_of(output)["rows"]["train"] == len(read)


def refusal(work: Callable[[], None]) -> str | None:
    """The message of what is refused, which can be written; None where it works."""
    try:
        work()
    except UserError as error:
        assert str(error).encode()
        return str(error)
    return None


def configured(settings: dict[str, Any], folder: Path) -> Config:
    studies = {"table": study(datasets=["mine"], control=False)}
    return configuration(datasets={"mine": settings}, studies=studies, results=str(folder / "results"))


def written(draw: random.Random, file: Path, rows: list[Row], source: dict[str, Any]) -> bytes:
    """A file's bytes; keys of the source that it needs are added to `source`, often enough."""
    if file.suffix in (".parquet", ".arrow"):
        for row in rows:
            row |= {name: each.encode("utf-8", "replace").decode() for name, each in row.items()}
        columnar(draw, file, rows)
        return file.read_bytes()
    if file.suffix in (".csv", ".tsv"):
        usual = "," if file.suffix == ".csv" else "\t"
        separator = draw.choice([usual, usual, ";", "|", "\t"])
        if separator != usual and draw.random() < 0.8:
            source["separator"] = separator
        content = as_separated(draw, rows, separator)
    else:
        array = file.suffix == ".json" and draw.random() < 0.8
        joined = (draw.choice([", ", ",\n", " ,"]) if array else draw.choice(["\n", "\r\n", "\n\n"])).join(
            as_json(draw, row) for row in rows
        )
        content = f"[{joined}]" if array else joined
    encoding = draw.choice(["utf-8", *ENCODINGS])
    if encoding not in ("utf-8", "utf-8-sig", "utf-16", "utf-32") and draw.random() < 0.8:
        source["encoding"] = encoding
    mark = codecs.BOM_UTF16_LE if encoding == "utf-16-le" and draw.random() < 0.5 else b""
    try:
        return mark + content.encode(encoding)
    except UnicodeError:
        # What has no form in this encoding, or in any.
        source.pop("encoding", None)
        return content.encode("utf-8", "surrogatepass")


def expected(rows: list[Row], ending: str) -> list[tuple[str, str, str]]:
    """What undamaged rows become: those without a visible character in the input are left out."""
    # A cell of CSV is empty where a row has no such value.
    empty_cells = ending in (".csv", ".tsv") and any("id" in row for row in rows)
    return [
        (row.get("id", "" if empty_cells else f"train-{number}"), row["input"], row["target"])
        for number, row in enumerate(rows)
        if not is_blank(row["input"])
    ]
