"""Sources of datasets: splits, limits, the hub and the synthetic corpora."""

from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_files import read, refused, source, written

from memorization import hub, storage
from memorization.config.data import Dataset
from memorization.errors import UserError


def test_a_limit_draws_by_its_seed_and_keeps_the_order(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"id": f"{n:03}", "input": f"text {n}", "target": "y"} for n in range(200)])
    one, again, other = ([row["id"] for row in read(file, limit=20, seed=seed)] for seed in (1, 1, 2))
    assert one == again != other
    assert one == sorted(one)
    assert len(set(one)) == 20
    assert one != [f"{n:03}" for n in range(20)]
    assert storage.manifest_of(tmp_path / "out.parquet")["left_out"] == {"beyond the limit of 20": 180}
    assert len(read(file, limit=500)) == 200


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    read(file)
    before = (tmp_path / "out.parquet").read_bytes()
    read(file)
    assert (tmp_path / "out.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("ending", "content"), [(".csv", "input,target\n"), (".csv", ""), (".jsonl", ""), (".parquet", None)]
)
def test_a_source_without_rows_is_refused(tmp_path: Path, ending: str, content: str | None) -> None:
    file = tmp_path / f"rows{ending}"
    if content is None:
        pq.write_table(pa.table({"input": pa.array([], pa.string()), "target": pa.array([], pa.string())}), file)
    else:
        file.write_text(content)
    assert refused(file).startswith("datasets.mine: no usable rows in split 'train' (none was read).")


def test_a_source_of_rows_that_are_all_left_out_names_the_reasons(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    message = refused(file, minimum_input_characters=1000)
    assert "no usable rows in split 'train' (3 inputs shorter than 1000 characters)" in message


def test_validation_rows_are_set_aside_from_test_by_the_seed(tmp_path: Path) -> None:
    train, test = (
        source(tmp_path / f"{name}.jsonl", [{"id": f"{name}{n:02}", "input": f"{n}", "target": "y"} for n in range(40)])
        for name in ("train", "test")
    )
    whole = {row["id"]: row for row in read(train, test)}
    drawn = {}
    for seed in (0, 1):
        rows = read(train, test, validation=10, seed=seed)
        assert [row["split"] for row in rows] == ["train"] * 40 + ["test"] * 30 + ["validation"] * 10
        assert {row["id"]: row | {"split": whole[row["id"]]["split"]} for row in rows} == whole
        parts = {split: [row["id"] for row in rows if row["split"] == split] for split in ("test", "validation")}
        assert all(ids == sorted(ids) for ids in parts.values())
        drawn[seed] = parts["validation"]
    assert read(train, test, validation=10, seed=1) == rows
    assert drawn[0] != drawn[1]
    assert storage.manifest_of(tmp_path / "out.parquet")["rows"] == {"train": 40, "test": 30, "validation": 10}


def test_a_limit_applies_to_test_rows_beside_those_set_aside(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"input": f"{n}", "target": "y"} for n in range(40)])
    counts = Counter(row["split"] for row in read(file, file, limit=20, validation=5))
    assert counts == {"train": 20, "test": 20, "validation": 5}


def test_more_validation_rows_than_the_test_split_can_give_are_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, test=file, validation=3) == (
        "datasets.mine.validation: given 3, and the test split has 3 usable rows: some must be left for testing. "
        "Lower it."
    )


def test_validation_needs_a_test_split() -> None:
    files = {"kind": "files", "train": "rows.csv"}
    with pytest.raises(ValueError, match=r"`validation` sets rows of the test split aside, and `source.test` names"):
        Dataset.model_validate({"task": "qa", "source": files, "validation": 5})


HUB = {"kind": "hub", "name": "someone/something", "configuration": "plain", "revision": "abc123", "test": "validation"}


@pytest.mark.parametrize(
    ("error", "message_part"),
    [
        (ConnectionError("Couldn't reach\nthe hub"), "no connection (Couldn't reach the hub). Check the network"),
        (FileNotFoundError("no such dataset"), "no such dataset. Check the network"),
        (RuntimeError(), "RuntimeError. Check the network"),
    ],
)
def test_a_hub_that_cannot_be_reached_gives_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message_part: str
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(datasets, "load_dataset_builder", load)
    monkeypatch.setattr(hub, "WAITS", ())
    with pytest.raises(UserError) as raised:
        written({"source": HUB}, {}, tmp_path)
    message = str(raised.value)
    assert message.startswith(
        "datasets.mine: 'someone/something' (configuration 'plain', revision 'abc123'): cannot be loaded from the hub: "
    )
    assert message_part in message
    assert message.endswith("use `kind: files`.")
    assert "\n" not in message


def test_without_network_the_hub_gives_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UserError, match=r"'someone/something'.*cannot be loaded from the hub: HF_HUB_OFFLINE is set"):
        written({"source": HUB}, {}, tmp_path)


def test_synthetic_corpora_are_interleaved_and_splits_share_no_document(tmp_path: Path) -> None:
    synthetic = {"kind": "synthetic", "corpora": ["news", "reviews"], "train": 3, "test": 2, "seed": 1}
    rows = written({"source": synthetic}, {}, tmp_path)
    assert [row["id"].split("-")[0] for row in rows] == ["news", "reviews"] * 5
    assert [row["split"] for row in rows] == ["train"] * 6 + ["test"] * 4
    assert len({row["id"] for row in rows}) == len({row["input"] for row in rows}) == 10
