"""The benchmarks of generation compare equal texts; their times are not looked at."""

import re
from pathlib import Path

import programs
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def rows(text: str) -> list[list[str]]:
    """Cells of the table's rows."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return lines[2:]


def test_engines_take_turns_and_write_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--shapes", "t5-tiny", "--prompts", "3", "--read", "5", "--tokens", "3", "--repeats", "1"]

    programs.load("generation").main(options)

    table = rows(capsys.readouterr().out)
    engines = [(cells[1], cells[2]) for cells in table if not cells[1].startswith("CTranslate2")]
    assert engines == [
        ("plain `generate`", "32"),
        ("transformers", "32"),
        ("native", "32"),
        ("native", "by memory"),
    ]
    assert {cells[5] for cells in table} == {"3 of 3"}
    assert table[0][4] == "1.00"


def test_a_gpu_is_asked_for_or_a_toy(capsys: pytest.CaptureFixture[str]) -> None:
    program = programs.load("gpu_generation")

    program.main(["--toy", "--shapes", "t5-base", "gpt-neo-125m", "--rows", "4", "--read", "6", "--tokens", "3"])

    table = rows(capsys.readouterr().out)
    assert [cells[1:4] for cells in table[:4]] == [
        [precision, "4", name] for precision in ("fp32", "bf16") for name in ("plain `generate`", "native")
    ]
    assert len(table) == 8
    assert {cells[7] for cells in table if cells[1] == "fp32"} == {"4 of 4"}
    assert all(re.fullmatch(r"\d+%", cells[6]) for cells in table)
