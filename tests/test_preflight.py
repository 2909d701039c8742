"""Sources that are looked at before anything runs, and what is remembered of them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from configurations import configuration, study
from source_files import ENDINGS, ROWS, TEXTS, source

from memorization import local_files, preflight
from memorization.datasets import files
from memorization.errors import UserError
from memorization.studies.kinds import Config

MANY = [{"id": str(n), "input": f"text {n}", "target": "yes"} for n in range(500)]


def configured(folder: Path, train: Path, source: dict[str, Any] | None = None, **settings: Any) -> Config:
    dataset = {"task": "qa", "source": {"kind": "files", "train": str(train), **(source or {})}, **settings}
    sections = {"datasets": {"news": dataset}, "studies": {"table": study(control=False)}}
    return configuration(results=str(folder / "results"), **sections)


def fault(config: Config) -> str:
    with pytest.raises(UserError) as raised:
        preflight.check(config)
    heading, *lines = str(raised.value).splitlines()
    assert heading == "Inputs cannot be used."
    assert len(lines) == 1
    return lines[0].strip()


def remembered(folder: Path) -> dict[str, str]:
    values: dict[str, str] = json.loads((folder / "results" / preflight.REMEMBERED).read_text())
    return values


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_in_order_is_remembered_and_not_read_again(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, source(tmp_path / f"rows{ending}"))
    preflight.check(config)
    assert list(remembered(tmp_path)) == ["datasets.news"]
    monkeypatch.setattr(files, "records", lambda *_: pytest.fail("read again"))
    preflight.check(config)


@pytest.mark.parametrize("change", ["time", "content", "settings", "memory", "no memory"])
def test_what_changed_is_read_again(tmp_path: Path, change: str) -> None:
    file = source(tmp_path / "rows.csv")
    preflight.check(configured(tmp_path, file))
    before = file.stat()
    file.write_bytes(file.read_bytes().replace(b"input", b"other"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + (change == "time")))
    settings = {"limit": 5} if change == "settings" else {}
    if change == "content":
        file.write_bytes(file.read_bytes() + b"\n")
    if change == "memory":
        (tmp_path / "results" / preflight.REMEMBERED).write_text("[" * 100_000)
    if change == "no memory":
        (tmp_path / "results" / preflight.REMEMBERED).unlink()
    assert "datasets.news.input: names column 'input'" in fault(configured(tmp_path, file, **settings))


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    preflight.check(configured(tmp_path, source(tmp_path / "rows.csv")))


def test_every_fault_is_told_at_once_and_what_is_in_order_is_remembered(tmp_path: Path) -> None:
    good, bad = source(tmp_path / "good.csv"), source(tmp_path / "bad.csv", [{"text": "x"}])
    of = {"good": good, "bad": bad, "broken": tmp_path / "broken.parquet"}
    of["broken"].write_bytes(b"no Parquet")
    datasets = {name: {"task": "qa", "source": {"kind": "files", "train": str(file)}} for name, file in of.items()} | {
        "unused": {"task": "qa", "source": {"kind": "files", "train": str(bad)}}
    }
    studies = {"table": study(datasets=list(of), control=False)}
    config = configuration(results=str(tmp_path / "results"), datasets=datasets, studies=studies)
    with pytest.raises(UserError) as raised:
        preflight.check(config)
    _, first, second = str(raised.value).splitlines()
    assert first.strip().startswith("datasets.bad.input: names column 'input'")
    assert second.strip().startswith("datasets.broken.source.train: ")
    assert list(remembered(tmp_path)) == ["datasets.good"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"input": "{text}"}, "datasets.news.input: names column 'text'"),
        ({"labels": {"no": "negative"}}, "datasets.news.labels: "),
        ({"references": "all"}, "datasets.news.references: names column 'all'"),
        ({"source": {"split_column": "part"}}, "datasets.news.source.split_column: names column 'part'"),
        ({"source": {"separator": ";"}}, "datasets.news.input: names column 'input'"),
    ],
)
def test_what_the_job_would_refuse_is_told(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    assert fault(configured(tmp_path, source(tmp_path / "rows.csv"), **settings)).startswith(message)


def test_an_instruction_that_is_a_column_is_told_also_where_the_rows_were_in_order_before(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv", [{**row, "extra": "x"} for row in ROWS])
    preflight.check(configured(tmp_path, file, instruction="Sum up."))
    message = fault(configured(tmp_path, file, instruction="extra"))
    assert message.startswith("datasets.news.instruction: 'extra' is the name of a column")


def test_a_list_without_join_is_told(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.parquet", [{"input": ["One.", "Two."], "target": "y"}])
    assert "Set `datasets.news.join`" in fault(configured(tmp_path, file))
    preflight.check(configured(tmp_path, file, join=" "))


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".json", ".jsonl", ".csv.gz", ".json.gz"])
def test_a_truncated_file_is_told_by_its_end(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}", MANY)
    file.write_bytes(file.read_bytes()[:-9])
    assert fault(configured(tmp_path, file)).startswith(f"datasets.news.source.train: {file}: not a readable ")


@pytest.mark.parametrize("ending", ENDINGS)
def test_only_the_first_rows_are_read(tmp_path: Path, ending: str) -> None:
    rows = [row | {"part": "train"} for row in MANY]
    late = [*rows[: preflight.ROWS], *({**row, "target": None} for row in rows[preflight.ROWS :])]
    config = configured(tmp_path, source(tmp_path / f"rows{ending}", late), labels={"yes": "good"})
    preflight.check(config)
    early = [*rows[:99], {**rows[99], "target": "no"}, *rows[100:]]
    config = configured(tmp_path, source(tmp_path / f"rows{ending}", early), labels={"yes": "good"})
    assert "row 99: the target is 'no', which has no label" in fault(config)


def test_a_split_that_comes_late_is_no_fault_and_one_that_never_comes_is(tmp_path: Path) -> None:
    rows = [row | {"part": "other"} for row in MANY * 5] + [MANY[0] | {"part": "train"}]
    by_part = {"split_column": "part"}
    preflight.check(configured(tmp_path, source(tmp_path / "rows.csv", rows), by_part))
    config = configured(tmp_path, source(tmp_path / "few.csv", rows[:50]), by_part)
    assert fault(config).endswith("column 'part' has no 'train'; found: 'other' (50 rows).")


def test_a_source_without_rows_is_told(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("input,target\n")
    assert fault(configured(tmp_path, file)).startswith("datasets.news: no usable rows in split 'train'")


def test_optional_files_that_are_missing_are_no_fault(tmp_path: Path) -> None:
    preflight.check(configured(tmp_path, tmp_path / "rows.csv", {"optional": True}))


def test_pairs_of_a_classifier_are_looked_at(tmp_path: Path) -> None:
    file = source(tmp_path / "pairs.tsv", [{"a": "one", "b": "two", "label": "yes"}])
    pairs = {"kind": "files", "train": str(file), "text1": "a", "text2": "b"}
    judge = {"source": {"kind": "trained", "architecture": {"model_type": "bert"}, "pairs": pairs}}
    rows = source(tmp_path / "rows.csv")
    base = configured(tmp_path, rows)
    detection = {"paraphrase": {"classifier": "judge"}}
    config = Config.model_validate(base.model_dump() | {"classifiers": {"judge": judge}, "detection": detection})
    assert fault(config).startswith(f"classifiers.judge.source.pairs.label: {file}, row 0: 'label' is 'yes'")


def test_nothing_heavy_is_imported_where_all_is_remembered(tmp_path: Path) -> None:
    config = configured(tmp_path, source(tmp_path / "rows.parquet", ROWS))
    preflight.check(config)
    code = (
        "import json, sys; from memorization import preflight; from memorization.studies.kinds import Config; "
        "preflight.check(Config.model_validate_json(sys.stdin.read())); print(json.dumps(sorted(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], input=config.model_dump_json(), capture_output=True, text=True, check=True
    )
    heavy = {"pandas", "torch", "datasets", "duckdb", "pyarrow.dataset", "memorization.datasets.files"}
    assert not heavy & set(json.loads(ended.stdout))


def test_texts_are_the_endings_that_may_be_compressed() -> None:
    assert set(TEXTS) == set(files.TEXTS)
    assert local_files.datasets_in_use(configuration()) == ["news"]


TURNS = [{"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Here."}]


def test_a_conversation_that_the_job_would_refuse_is_told(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"messages": TURNS}, {"messages": TURNS[1:]}])
    message = fault(configured(tmp_path, file, conversation={}))
    assert message.startswith(f"datasets.news.conversation: {file}, row 1, turn 0: is the assistant's, and nobody has")
    preflight.check(configured(tmp_path, source(tmp_path / "good.parquet", [{"messages": TURNS}]), conversation={}))
