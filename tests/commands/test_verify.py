"""`memorization verify`: what it checks, names and counts."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import cli, freshness, storage
from memorization.schemas.training import TrainingTable


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with a result of every form."""
    folder = tmp_path / "results"
    rows = [{"epoch": 1, "step": 1, "loss": 0.5, "learning_rate": 0.1, "validation_loss": None, "kept": True}] * 50
    table = pa.Table.from_pylist(rows, schema=TrainingTable.arrow())
    storage.write_table(folder / "runs/a.parquet", TrainingTable, table, {})
    with storage.replacing(folder / "checkpoints/one") as scratch:
        (scratch / "epoch-1").mkdir(parents=True)
        (scratch / "epoch-1/model.safetensors").write_bytes(bytes(100))
        storage.write_table(scratch / "training.parquet", TrainingTable, table, {})
    tables = [folder / f"tables/v1.0.{ending}" for ending in ("csv", "md")]
    for file in tables:
        storage.write_text(file, "a,b\n" + "1,2\n" * 40)
    storage.write_sums(folder / "tables/v1.0.sha256", tables)
    # What is not checked: logs, what is begun, hidden files.
    for name in ("logs/a.log", "checkpoints/two.unfinished/step-1/state.json", ".running", "runs/.b.partial/b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


def verify(results: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code = cli.main(["verify", str(results)])
    return code, capsys.readouterr().out.splitlines()


def test_undamaged_results_are_counted(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, (summary,) = verify(results, capsys)
    checked = [*results.glob("runs/*.parquet"), *results.glob("checkpoints/one/epoch-1/*")]
    checked += [results / "checkpoints/one/training.parquet", *results.glob("tables/v1.0.[cm]*")]
    size = sum(file.stat().st_size for file in checked)
    assert code == 0
    assert summary == (
        f"{results}: 5 files with {size:,} bytes checked; 0 damaged or missing; 0 without a checksum, from other "
        "programs or earlier versions."
    )


def test_results_in_results_are_checked_as_by_themselves(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = results / "mine"
    shutil.copytree(results / "tables", inner / "tables")
    for name in (freshness.PLACE, "logs/a.log", "benchmarks/a.tsv"):
        (inner / name).parent.mkdir(exist_ok=True)
        (inner / name).write_text("x")
    code, (summary,) = verify(results, capsys)
    assert (code, ": 7 files " in summary, "; 0 without a checksum" in summary) == (0, True, True)


@pytest.mark.parametrize(
    ("file", "result"),
    [
        ("runs/a.parquet", "runs/a.parquet"),
        ("checkpoints/one/epoch-1/model.safetensors", "checkpoints/one"),
        ("checkpoints/one/training.parquet", "checkpoints/one"),
        ("tables/v1.0.md", "tables/v1.0.md"),
    ],
)
def test_damage_is_named_with_what_makes_it_again(
    file: str, result: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytearray((results / file).read_bytes())
    content[-70 % len(content)] ^= 4
    (results / file).write_bytes(content)
    code, (line, summary) = verify(results, capsys)
    assert code == 1
    assert line.startswith(f"{results / file}: is damaged: its content is not what was written.")
    assert f"`--forcerun {results / result}`" in line
    assert "; 1 damaged or missing; " in summary


def test_several_damaged_results_have_one_command(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "tables/v1.0.csv").unlink()
    (results / "checkpoints/one/epoch-1/model.safetensors").write_bytes(b"")
    code, lines = verify(results, capsys)
    assert code == 1
    assert len(lines) == 4
    assert f"`--forcerun {results}/checkpoints/one {results}/tables/v1.0.csv`" in lines[2]


def test_files_without_a_checksum_are_counted_and_read(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pq.write_table(pa.table({"a": list(range(1000))}), results / "runs/older.parquet")
    (results / "tables/notes.txt").write_text("mine")
    code, (summary,) = verify(results, capsys)
    assert (code, "; 2 without a checksum, " in summary) == (0, True)
    content = (results / "runs/older.parquet").read_bytes()
    (results / "runs/older.parquet").write_bytes(content[: len(content) // 2])
    code, (line, _) = verify(results, capsys)
    assert code == 1
    assert line.startswith(f"{results}/runs/older.parquet: is damaged: not a readable Parquet file (")


def test_a_folder_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(tmp_path / "nothing")]) == 2
    assert "nothing: no such folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "result"), [("checkpoints/one/SHA256SUMS", "checkpoints/one"), ("tables/v1.0.sha256",) * 2]
)
def test_a_damaged_list_is_made_again_with_its_result(
    file: str, result: str, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / file).write_text("")
    code, (line, _) = verify(results, capsys)
    assert code == 1
    assert line.startswith(f"{results / file}: is damaged: its content is not what was written.")
    assert f"`--forcerun {results / result}`" in line
