"""`memorization align`, as people call it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import cli, storage
from memorization.detection import alignment
from memorization.detection.alignment import AlignmentParameters, align
from memorization.detection.text import sentence_model
from memorization.schemas.alignment import AlignmentTable

BRIDGE = "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting."
DROUGHT = "Local farmers have complained that the drought reduced their corn harvest by nearly forty percent."
WHALES = "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists."
GENERATIONS = [f"{BRIDGE} {DROUGHT}", WHALES, "", f"{WHALES} {BRIDGE}"] * 3
SUFFIXES = [f"{WHALES} {BRIDGE} {DROUGHT}", DROUGHT, BRIDGE, f"{BRIDGE} {DROUGHT}"] * 3


def write(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=5)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    generations = write(tmp_path / "a.parquet", generation=GENERATIONS, other=range(12))
    suffixes = write(tmp_path / "b.parquet", suffix=SUFFIXES)
    return ["align", "--generations", str(generations), "--suffixes", str(suffixes), "--sentences", "punkt_corpus"]


@pytest.mark.parametrize("profile", ["zeng2024", "collection"])
def test_align_writes_what_the_library_returns(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 7)
    output = tmp_path / "matches.parquet"

    assert cli.main([*files, "--output", str(output), "--threads", "2", "--profile", profile]) == 0

    parameters = AlignmentParameters.profile(profile)
    expected = align(GENERATIONS, SUFFIXES, parameters, sentence_model("punkt_corpus", SUFFIXES))
    table = pq.read_table(output)
    assert table.schema.equals(AlignmentTable.arrow())
    assert table.equals(expected)
    assert set(table["type"].to_pylist()) == {"none", "verbatim"}
    manifest = storage.manifest_of(output)
    assert manifest["settings"] == {"profile": profile, "sentences": "punkt_corpus"}
    assert set(manifest["versions"]) == {"finetune-memorization", "nltk", "numba"}


def test_align_runs_as_a_program(files: list[str], tmp_path: Path) -> None:
    output = tmp_path / "matches.parquet"
    command = [sys.executable, "-m", "memorization.cli", *files, "--output", str(output), "--profile", "pan2015"]
    subprocess.run(command, check=True)
    assert storage.manifest_of(output)["settings"]["profile"] == "pan2015"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--generations", "missing.parquet"], "missing.parquet: no such file"),
        (["--generations", __file__], "not a readable Parquet file"),
        (["--generation-column", "generations"], "no column 'generations'; columns there: generation, other"),
        (["--generation-column", "generations"], "did you mean 'generation'?"),
        (["--generation-column", "other"], "column 'other' contains int64; allowed: text"),
        (["--threads", "0"], "--threads: given 0"),
        (["--output", "/proc/no/matches.parquet"], "/proc/no"),
        (["--output", "/tmp"], "--output: /tmp is a folder"),
    ],
)
def test_mistakes_give_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: list[str], message: str
) -> None:
    output = tmp_path / "matches.parquet"
    assert cli.main([*files, "--output", str(output), *changed]) == 2
    printed = capsys.readouterr().err
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert not output.exists()


def test_a_null_and_lists_of_different_length_are_mistakes(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "matches.parquet"
    short = write(tmp_path / "short.parquet", suffix=SUFFIXES[:-1])
    assert cli.main([*files, "--output", str(output), "--suffixes", str(short)]) == 2
    assert "has 12 rows" in capsys.readouterr().err
    holed = write(tmp_path / "holed.parquet", suffix=[*SUFFIXES[:-1], None])
    assert cli.main([*files, "--output", str(output), "--suffixes", str(holed)]) == 2
    assert "holed.parquet: column 'suffix', row 11: expected a text, found null" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "a.parquet",
        "b.parquet",
        "holed.parquet",
        "short.parquet",
    ]
