"""The benchmark runs, at a tiny size, and reports that both programs return the same."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks/alignment.py"


@pytest.mark.parametrize("options", [["--generations", "6", "--sample", "20"], ["--long", "--sample", "1"]])
def test_the_table_names_both_programs_and_counts_equal_results(options: list[str]) -> None:
    command = [sys.executable, str(BENCHMARK), *options, "--repeats", "1", "--threads", "2"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "| memorization |" in run.stdout
    assert "| transcription |" in run.stdout
    assert ("the same result in 20 of 20 pairs" if "--generations" in options else "in 1 of 1 pairs") in run.stdout
