import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import retrieval, storage
from memorization.errors import UserError
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.rates import RatesTable
from memorization.schemas.training import TrainingTable

TRAINING = pa.table(
    {
        "epoch": [1, 2],
        "step": [10, 20],
        "loss": [2.5, 1.25],
        "learning_rate": [0.1, 0.0],
        "validation_loss": [None, None],
        "kept": [False, True],
    },
    schema=TrainingTable.arrow(),
)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "deep/er/training.parquet"
    storage.write_table(file, TrainingTable, TRAINING, {})
    assert storage.read(file, TrainingTable).equals(TRAINING)
    assert storage.rows_of(file) == 2
    assert pa.Table.from_batches(storage.stream(file, ["loss"], rows=1)).to_pydict() == {"loss": [2.5, 1.25]}


def test_columns_keep_their_unit_and_meaning(tmp_path: Path) -> None:
    file = tmp_path / "training.parquet"
    storage.write_table(file, TrainingTable, TRAINING, {})
    loss = pq.read_schema(file).field("loss")
    assert loss.metadata[b"unit"] == b"nats/token"
    assert b"mean training loss" in loss.metadata[b"meaning"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TRAINING.drop_columns("loss"), "columns"),
        (TRAINING.append_column("more", pa.array([1, 2])), "columns"),
        (TRAINING.select(["step", "epoch", "loss", "learning_rate"]), "columns"),
        (TRAINING.set_column(2, "loss", pa.array([1.0, None])), "loss"),
        (TRAINING.set_column(2, "loss", pa.array(["a", "b"])), "Failed to parse|cast"),
        (TRAINING.set_column(0, "epoch", pa.array([1, 2**40])), "not in range"),
    ],
    ids=["missing", "additional", "order", "null", "type", "too large"],
)
def test_a_table_of_another_schema_is_not_written(tmp_path: Path, table: pa.Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        storage.write_table(tmp_path / "training.parquet", TrainingTable, table, {})
    assert list(tmp_path.iterdir()) == []


def test_nulls_are_written_where_the_schema_allows_them(tmp_path: Path) -> None:
    row = dict.fromkeys(OutcomesTable.arrow().names) | {"probe": 0, "id": "a", "outcome": "none"}
    table = pa.Table.from_pylist([row | {"spans": 0}], schema=OutcomesTable.arrow())
    storage.write_table(tmp_path / "outcomes.parquet", OutcomesTable, table, {})
    assert storage.read(tmp_path / "outcomes.parquet", OutcomesTable)["rank"].to_pylist() == [None]


def test_a_table_of_another_stage_is_not_read(tmp_path: Path) -> None:
    storage.write_table(tmp_path / "a.parquet", TrainingTable, TRAINING, {})
    with pytest.raises(ValueError, match="expected"):
        storage.read(tmp_path / "a.parquet", RatesTable)


def test_the_manifest_is_read_with_the_name_of_the_table(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    manifest = {"seed": 3, "title": "Größe 😀", "nested": {"b": [1, None], "a": 0.5}}
    storage.write_table(file, TrainingTable, TRAINING, manifest)
    assert storage.manifest_of(file) == {"table": "training", **manifest}


def test_a_manifest_may_count_rows_of_the_stream(tmp_path: Path) -> None:
    seen = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal seen
        for batch in TRAINING.to_batches(max_chunksize=1):
            seen += 1
            yield batch

    rows = storage.write_batches(tmp_path / "a.parquet", TrainingTable, batches(), lambda: {"seen": seen})
    assert rows == 2
    assert storage.manifest_of(tmp_path / "a.parquet")["seen"] == 2


def test_a_file_without_manifest_has_an_empty_one(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    assert storage.manifest_of(tmp_path / "a.parquet") == {}


def test_a_table_without_rows_can_be_written_and_read(tmp_path: Path) -> None:
    storage.write_table(tmp_path / "a.parquet", TrainingTable, TRAINING.slice(0, 0), {"n": 0})
    assert storage.read(tmp_path / "a.parquet", TrainingTable).num_rows == 0
    assert storage.manifest_of(tmp_path / "a.parquet")["n"] == 0


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, manifest in (("a", {"x": 1, "y": 2}), ("b", {"y": 2, "x": 1})):
        storage.write_table(tmp_path / name, TrainingTable, TRAINING, manifest)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_error_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    storage.write_text(file, "old")

    def break_off() -> None:
        with storage.replacing(file) as scratch:
            scratch.write_text("half")
            raise KeyError("in between")

    with pytest.raises(KeyError):
        break_off()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_there_is_no_target_before_the_end(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    with storage.replacing(file) as scratch:
        scratch.write_text("new")
        assert not file.exists()
        assert scratch.parent.parent == tmp_path
    assert file.read_text() == "new"


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "old").touch()
    with storage.replacing(folder) as scratch:
        scratch.mkdir()
        (scratch / "new").touch()
    assert sorted(each.name for each in folder.iterdir()) == ["SHA256SUMS", "new"]


def test_files_of_a_killed_job_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    left = tmp_path / ".a.txt.partial"
    left.mkdir()
    (left / "a.txt").write_text("half")
    (left / "other").write_text("half")
    storage.write_text(file, "whole")
    assert file.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "cannot be written"),
        (errno.EPERM, "cannot be written"),
    ],
)
def test_errors_of_the_disk_are_user_errors(tmp_path: Path, code: int, message: str) -> None:
    file = tmp_path / "a.txt"
    storage.write_text(file, "old")
    with pytest.raises(UserError) as raised, storage.replacing(file):
        raise OSError(code, os.strerror(code))
    assert str(raised.value).startswith(f"{file}: {message}")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_that_cannot_be_created_is_a_user_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(UserError, match="Read-only file system"):
        storage.write_text(tmp_path / "new/a.txt", "x")


def test_other_errors_of_the_system_stay_unchanged(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), storage.replacing(tmp_path / "a"):
        raise IsADirectoryError(errno.EISDIR, "Is a directory")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root of a machine that allows it can mount a small file system")
    yield disk
    # Lazily: the exception of a failed write may still keep its file open.
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_is_a_user_error_and_keeps_earlier_files(full_disk: Path) -> None:
    noise = [os.urandom(500).hex() for _ in range(3000)]
    text = dict.fromkeys(DatasetTable.arrow().names, noise) | {
        key: [[each] for each in noise] for key in ("turns", "references")
    }
    storage.write_table(full_disk / "a.parquet", TrainingTable, TRAINING, {})
    before = (full_disk / "a.parquet").read_bytes()
    for name in ("a.parquet", "b.parquet"):
        with pytest.raises(UserError, match="the disk is full"):
            storage.write_table(full_disk / name, DatasetTable, pa.table(text), {})
    with pytest.raises(UserError, match="the disk is full"):
        storage.write_text(full_disk / "c.txt", "x" * 3_000_000)
    with pytest.raises(UserError, match="the disk is full"):
        retrieval.build_index((" ".join(line[i : i + 8] for i in range(0, 1000, 8)) for line in noise), full_disk / "d")
    assert list(full_disk.iterdir()) == [full_disk / "a.parquet"]
    assert (full_disk / "a.parquet").read_bytes() == before


def test_versions_are_those_installed() -> None:
    assert storage.versions("pyarrow", "numpy") == {
        "numpy": storage.versions("numpy")["numpy"],
        "pyarrow": pa.__version__,
    }
