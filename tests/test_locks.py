import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from memorization import locks, storage

ROOT = Path(__file__).resolve().parents[1]
# Writes half a file and waits.
WRITER = """
import sys
from pathlib import Path
from memorization import storage
with storage.replacing(Path(sys.argv[1])) as scratch:
    scratch.write_text("half")
    print("writes", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    held = locks.hold(tmp_path / "lock")
    assert held is not None
    assert locks.hold(tmp_path / "lock") is None
    held.close()
    assert locks.hold(tmp_path / "lock") is not None


def test_a_file_that_was_removed_while_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two processes would each hold a lock, on two files of one name."""
    place, lock, removals = tmp_path / "lock", fcntl.flock, []

    def after_removal(*arguments: int) -> None:
        lock(*arguments)
        if not removals:
            removals.append(place.unlink())

    monkeypatch.setattr(fcntl, "flock", after_removal)
    held = locks.hold(place)
    assert held is not None
    assert os.path.samestat(os.fstat(held.fileno()), place.stat())


def test_two_processes_write_one_target_beside_each_other(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(target)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with writer as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "writes\n"
        storage.write_text(target, "whole")
        assert target.read_text() == "whole"
        [scratch] = tmp_path.glob(f".*{locks.SCRATCH}")
        assert (scratch / "a.txt").read_text() == "half", "a living process lost its scratch folder"

        other.send_signal(signal.SIGKILL)
        other.wait()
    storage.write_text(tmp_path / "b.txt", "whole")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("taken", ["locked", "removed"])
def test_a_folder_that_is_taken_for_a_leftover_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    hold, first = locks.hold, []

    def late(path: Path) -> object:
        if not first:
            first.append(path)
            if taken == "locked":
                return None
            path.parent.rmdir()
        return hold(path)

    monkeypatch.setattr(locks, "hold", late)
    with locks.scratch_beside(tmp_path / "a") as folder:
        assert folder != first[0].parent
        assert folder.is_dir()


def test_without_locks_nothing_is_taken_for_a_leftover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    other = tmp_path / f".1-ab{locks.SCRATCH}"
    other.mkdir()
    monkeypatch.setattr(fcntl, "flock", refuse)
    storage.write_text(tmp_path / "a.txt", "whole")
    assert sorted(tmp_path.iterdir()) == [other, tmp_path / "a.txt"]
