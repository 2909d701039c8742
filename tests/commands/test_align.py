"""`memorization align`, as people call it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_files import ENDINGS, source

from memorization import cli, storage
from memorization.detection import alignment
from memorization.detection.alignment import AlignmentParameters, align
from memorization.detection.text import sentence_model
from memorization.errors import UserError
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
    files: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    profile: str,
) -> None:
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 7)
    output = tmp_path / "matches.parquet"

    assert cli.main([*files, "--output", str(output), "--threads", "2", "--profile", profile]) == 0

    parameters = AlignmentParameters.profile(profile)
    expected = align(GENERATIONS, SUFFIXES, parameters, sentence_model("punkt_corpus", SUFFIXES))
    table = pq.read_table(output)
    assert capsys.readouterr().err.endswith(
        f"memorization: 12 pairs, 6 of them with a match, 6 matches in all: {output}\n"
    )
    assert table.schema.equals(AlignmentTable.arrow())
    assert table.equals(expected)
    assert set(table["type"].to_pylist()) == {"none", "verbatim"}
    manifest = storage.manifest_of(output)
    assert manifest["settings"] == {"profile": profile, "sentences": "punkt_corpus"}
    assert set(manifest["versions"]) == {"finetune-memorization", "nltk", "numba"}


def test_align_runs_as_a_program(files: list[str], tmp_path: Path) -> None:
    output = tmp_path / "matches.parquet"
    command = [sys.executable, "-m", "memorization.cli", *files, "--output", str(output), "--profile", "pan2015"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    assert storage.manifest_of(output)["settings"]["profile"] == "pan2015"
    # Progress and the closing line, where standard error is no terminal.
    assert lines[-2].startswith("memorization: alignment: 12 of 12 (")
    assert lines[-1].startswith("memorization: 12 pairs, ")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--generations", "missing.parquet"], "missing.parquet: no such file"),
        (["--generations", __file__], "ending '.py'; allowed: .parquet, .arrow, .csv"),
        (["--generation-column", "generations"], "no column 'generations'; columns there: generation, other"),
        (["--generation-column", "generations"], "did you mean 'generation'?"),
        (["--generation-column", "other"], "a.parquet: column 'other', row 0: expected a text, found int 0"),
        (["--keep-suffix", "suffix", "id"], "b.parquet, row 0: has no column 'id'; columns there: suffix"),
        (["--separator", ";;"], "--separator: given ';;'; allowed: one character"),
        (["--encoding", "utf-9"], "--encoding: given 'utf-9'; no encoding of this name is known"),
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


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_files_give_the_same_and_columns_are_kept(tmp_path: Path, ending: str) -> None:
    rows = [
        {"id": f"id {number}", "generation": generation, "suffix": suffix, "more": [number]}
        for number, (generation, suffix) in enumerate(zip(GENERATIONS, SUFFIXES, strict=True))
    ]
    file = source(tmp_path / f"rows{ending}", rows)
    output = tmp_path / "matches.parquet"
    command = ["align", "--generations", str(file), "--suffixes", str(file), "--sentences", "punkt_corpus"]
    assert cli.main([*command, "--output", str(output), "--keep-generation", "id", "--keep-suffix", "id", "more"]) == 0

    table = pq.read_table(output)
    assert table.column_names == [*AlignmentTable.arrow().names, "generation.id", "suffix.id", "suffix.more"]
    sentences = sentence_model("punkt_corpus", SUFFIXES)
    assert table.select(AlignmentTable.arrow().names).equals(
        align(GENERATIONS, SUFFIXES, AlignmentParameters.profile("zeng2024"), sentences)
    )
    assert table["generation.id"].to_pylist() == [f"id {pair}" for pair in table["pair"].to_pylist()]
    plain = ending.startswith((".csv", ".tsv"))
    assert table["suffix.more"].to_pylist()[-1] == ("[11]" if plain else [11])


def test_kept_values_of_several_kinds_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    values = [1, "two", None, {"a": 3}, "9" * 5000]
    lines = [json.dumps({"generation": WHALES, "suffix": WHALES, "id": value}) for value in values[:-1]]
    file.write_text("\n".join([*lines, f'{{"generation": "", "suffix": "", "id": {values[-1]}}}']))
    output = tmp_path / "matches.parquet"
    command = ["align", "--generations", str(file), "--suffixes", str(file), "--sentences", "punkt_corpus"]
    assert cli.main([*command, "--output", str(output), "--keep-suffix", "id"]) == 0
    assert pq.read_table(output)["suffix.id"].to_pylist() == ["1", "two", None, '{"a": 3}', values[-1]]


def test_half_of_a_surrogate_pair_is_not_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"generation": "x", "suffix": "y", "id": "\\ud800"}\n')
    command = ["align", "--generations", str(file), "--suffixes", str(file), "--keep-suffix", "id"]
    assert cli.main([*command, "--output", str(tmp_path / "out.parquet")]) == 2
    assert "column 'id' contains half of a surrogate pair" in capsys.readouterr().err


def test_compiling_is_announced_where_no_machine_code_is_kept(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*files, "--output", str(tmp_path / "matches.parquet")]
    assert cli.main(command) == 0
    capsys.readouterr()
    assert cli.main(command) == 0
    assert "compiling the aligner" not in capsys.readouterr().err
    monkeypatch.setattr(Path, "glob", lambda *_: iter([]))
    assert cli.main(command) == 0
    assert "memorization: compiling the aligner, once" in capsys.readouterr().err


def test_missing_sentence_data_names_the_option(
    files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object) -> None:
        raise UserError("NLTK's data is missing.")

    monkeypatch.setattr("memorization.detection.text.sentence_model", missing)
    options = [*files[:-2], "--output", str(tmp_path / "matches.parquet")]
    assert cli.main(options) == 2
    assert capsys.readouterr().err.endswith("the option `--sentences punkt_corpus`.\n")
