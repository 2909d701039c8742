import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from memorization import progress
from memorization.progress import Progress, Stand, stand_of, told

LOG = Path("results/logs/a/b=1/c.log")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a job of another machine, whose process nobody here can ask for."""
    with told(tmp_path, LOG):
        Progress(8, "training", "steps")
        [place] = (tmp_path / progress.FOLDER).iterdir()
        content = json.loads(place.read_text()) | {"host": "elsewhere", "process": 2**30}
    place.write_text(json.dumps(content))
    return place


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_a_job_tells_how_far_it_is_until_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_FILES", 0.0)
    with told(tmp_path, LOG):
        assert stand_of(tmp_path, LOG) is None
        with Progress(8, "training on letters", "steps") as count:
            begun = stand_of(tmp_path, LOG)
            count.advance(3, note="epoch 1 of 2")
            told_last = stand_of(tmp_path, LOG)
            assert stand_of(tmp_path, LOG.with_name("d.log")) is None
        assert begun == Stand(0, 8, "steps", 0.0)
        assert begun.seconds_left is None
        assert told_last is not None
        assert (told_last.done, told_last.total, told_last.note) == (3, 8, "epoch 1 of 2")
        assert told_last.seconds_left == pytest.approx(5 / told_last.rate)
        assert stand_of(tmp_path, LOG) is None, "what follows is not counted"
        Progress(2, "validation", "texts")
    assert stand_of(tmp_path, LOG) is None
    assert list((tmp_path / progress.FOLDER).iterdir()) == []


def test_files_are_written_now_and_then_and_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_FILES", 1e9)
    with told(tmp_path, LOG), Progress(8, "training", "steps") as count:
        count.advance(3)
        assert stand_of(tmp_path, LOG) == Stand(0, 8, "steps", 0.0)
        count.advance(5)
        assert (last := stand_of(tmp_path, LOG)) is not None
        assert last.done == 8


def test_what_another_machine_tells_is_taken(tmp_path: Path, file: Path) -> None:
    change(file, done=2, rate=4.0)
    assert stand_of(tmp_path, LOG) == Stand(2, 8, "steps", 4.0)


def test_a_job_that_died_here_tells_nothing(tmp_path: Path, file: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    change(file, host=progress.socket.gethostname(), process=ended.pid)
    assert stand_of(tmp_path, LOG) is None
    change(file, process=os.getpid())
    assert stand_of(tmp_path, LOG) == Stand(0, 8, "steps", 0.0)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"done": 1', b"[]", b"\xff\xfe", b'{"done": 1}', b"\x00" * 100]
    + [json.dumps({"done": done, "total": 8}).encode() for done in ("many", None, 1e400)],
)
def test_damaged_files_tell_nothing(content: bytes, tmp_path: Path, file: Path) -> None:
    file.write_bytes(content)
    assert stand_of(tmp_path, LOG) is None


@pytest.mark.parametrize("values", [{"done": 9}, {"done": -1}, {"total": "x"}, {"rate": None}, {"process": "x"}])
def test_files_with_impossible_values_tell_nothing(values: dict[str, object], tmp_path: Path, file: Path) -> None:
    change(file, host=progress.socket.gethostname(), process=os.getpid())
    assert stand_of(tmp_path, LOG) is not None
    change(file, **values)
    assert stand_of(tmp_path, LOG) is None


def test_a_place_that_takes_no_file_is_no_error(tmp_path: Path) -> None:
    (tmp_path / progress.FOLDER).write_text("a file where the folder would be")
    with told(tmp_path, LOG), Progress(2, "training", "steps") as count:
        count.advance(2)
    assert stand_of(tmp_path, LOG) is None


def test_the_log_has_a_line_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with Progress(4, "search", "queries") as count:
        count.advance(2)
        count.advance(2, note="done")
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("search: 4 of 4 (")
    assert line.endswith(" queries/s, 0 s left), done")
