"""Runs on a terminal (a pseudo-terminal): what is there to see during their work, at their end, after Ctrl-C."""

import os
import re
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import Workplace, wait_until
from screens import Window, window

from memorization import launch
from memorization.report.formats import without_markup

CHECKPOINTS = "checkpoints/model=small/recipe=short/seed=0/dataset=letters"
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "", "NO_COLOR": "1"}


def written(place: Window, text: str) -> Callable[[], bool]:
    return lambda: text in place.read()


@pytest.fixture
def workplace(finished: Workplace, tmp_path: Path) -> Workplace:
    return finished.copy(tmp_path / "work")


def test_the_end_of_a_run_fits_the_window(workplace: Workplace) -> None:
    for file in (workplace.results / "tables").glob("small*"):
        file.unlink()
    with window(100) as place:
        process = workplace.start("--", "small", to=place.file, **TERMINAL)
        wait_until(lambda: "Next:" in place.read() or process.poll() is not None, process)
        assert process.wait() == 0, place.read()
        lines = place.lines()
    begin = next(number for number, line in enumerate(lines) if re.match(r"(\d+) of \1 steps done after ", line))
    head, end = lines[:begin], lines[begin:]
    assert [line for line in head if "Using workflow specific profile" not in line] == ["Building DAG of jobs..."]
    assert end[2] == f"Open {workplace.results.name}/report/index.html in a browser: every table, figure and case."
    assert end[4] == "drawn"
    assert "Test run: shows that the program works, and is not evidence." in end
    assert any(line.startswith("Summarization ") and "small T5 (base)" in line for line in end)
    assert any(line.startswith(f"Tables       {workplace.results.name}/tables/") for line in end)
    assert "Next:" in end[-5:]
    assert max(map(len, end)) <= 100
    assert not re.search(r"\x1b\[(\d+;)*3\dm", place.written)
    [log] = sorted((workplace.directory / ".snakemake/log").glob("*.log"))[-1:]
    assert "rule memorization_table:" in log.read_text()


def test_a_file_has_few_lines_and_whole_tables(workplace: Workplace) -> None:
    for file in (workplace.results / "tables").glob("small*"):
        file.unlink()
    place = workplace.directory / "output.txt"
    with place.open("w") as output:
        assert workplace.start("--", "small", to=output).wait() == 0
    text = place.read_text(encoding="utf-8")
    progress, summary = re.split(r"(?<=steps done after )\d+.*\.\n", text)
    assert 2 < len(progress.splitlines()) < 20
    assert "rule " not in progress
    assert without_markup((workplace.results / "tables/small.md").read_text(encoding="utf-8")).strip() in summary
    assert "\x1b" not in text


def test_ctrl_c_ends_a_run_that_tells_how_far_it_is(workplace: Workplace, tmp_path: Path) -> None:
    shutil.rmtree(workplace.results / CHECKPOINTS)
    recipe = {"epochs": 40000, "keep": [2, 40000], "batch_size": 4, "max_input_tokens": 64, "max_target_tokens": 32}
    long = workplace.with_configuration(tmp_path / "long.yaml", {"recipes": {"short": recipe}})
    with window(100) as place:
        process = long.start("--", f"results/{CHECKPOINTS}", to=place.file, **TERMINAL)
        wait_until(written(place, " of 40000, loss "), process)
        *_, job, run = place.lines()
        assert re.match(r"train  [━─]+  epoch \d+ of 40000, loss \d\.\d{3}, [\d,]+ of 120,000 steps", job), job
        assert re.match(r"─+  0 of 1 steps done after \d", run), run
        os.write(place.inside, b"\x03")
        assert process.wait() == -signal.SIGINT
        *_, done, _, end = place.lines()
        assert place.has_cursor()
    assert done.startswith("0 of 1 steps done after ")
    assert end == launch.INTERRUPTED
    assert "Traceback" not in place.written
    assert list((long.results / ".progress").iterdir()) == []
