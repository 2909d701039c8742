"""What surrounds a job: every error reaches its log, and signals end it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from memorization import jobs, lifeline
from memorization.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
# Writes half a file and waits for a signal.
JOB = """
import signal, sys
from pathlib import Path
from memorization import jobs, storage
folder = Path(sys.argv[1])

def work():
    with storage.replacing(folder / "a.txt") as scratch:
        scratch.write_text("half")
        print("writes", flush=True)
        signal.pause()

jobs.run(work, folder / "a.log", folder / "a.txt", folder)
"""


def start(folder: Path, prefix: str = "") -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        ["bash", "-c", f'{prefix} exec "$@"', "bash", sys.executable, "-c", JOB, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Ignored where the tests run behind a shell's `&`.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "writes\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_job_with_one_line_and_nothing_left(tmp_path: Path, number: signal.Signals) -> None:
    with start(tmp_path) as job:
        job.send_signal(number)
        _, errors = job.communicate()
    assert job.returncode == 128 + number
    assert errors == ""
    [line] = (tmp_path / "a.log").read_text().splitlines()
    assert line.endswith(f"ERROR interrupted ({number.name}); the same command goes on.")
    assert sorted(each.name for each in tmp_path.iterdir()) == [jobs.AT_WORK, "a.log"]
    assert list((tmp_path / jobs.AT_WORK).iterdir()) == []


def test_a_signal_that_comes_into_a_finalizer_ends_the_job_too(tmp_path: Path) -> None:
    """What is raised there is only printed."""
    code = f"""
import os, signal, time
from pathlib import Path
from memorization import jobs

class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)

def work():
    Finalized()
    time.sleep(60)

folder = Path({str(tmp_path)!r})
jobs.run(work, folder / "a.log", folder / "a.txt", folder)
"""
    job = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (job.returncode, job.stderr) == (128 + signal.SIGTERM, "")
    assert "interrupted (SIGTERM)" in (tmp_path / "a.log").read_text()


def test_a_signal_behind_the_work_is_no_interruption(tmp_path: Path) -> None:
    code = f"""
import os, signal
from pathlib import Path
from memorization import jobs
folder = Path({str(tmp_path)!r})
jobs.run(lambda: None, folder / "logs/a.log", folder / "a.txt", folder)
os.kill(os.getpid(), signal.SIGTERM)
"""
    job = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert (job.returncode, job.stderr) == (-signal.SIGTERM, "")


def test_a_signal_that_the_run_wants_ignored_stays_ignored(tmp_path: Path) -> None:
    with start(tmp_path, "trap '' INT;") as job:
        job.send_signal(signal.SIGINT)
        job.send_signal(signal.SIGTERM)
        job.communicate()
    assert job.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("log", ["/dev/full", "/proc/none/a.log"])
def test_what_a_log_cannot_take_is_printed(tmp_path: Path, log: str) -> None:
    code = f"""
import errno, logging
from pathlib import Path
from memorization import jobs

def work():
    logging.info("begins")
    raise OSError(errno.ENOSPC, "No space left on device")

jobs.run(work, Path("{log}"), Path("a.txt"), Path("{tmp_path}"))
"""
    job = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert job.returncode == 1
    [line] = job.stderr.splitlines()
    assert line.startswith("a.txt: the disk is full.")


def test_a_job_at_work_is_seen_and_named(tmp_path: Path) -> None:
    with start(tmp_path) as job:
        [name] = jobs.living(tmp_path)
        assert name.startswith(f"process {job.pid} on ")
        job.kill()
        job.wait()
        assert jobs.living(tmp_path) == []


def test_what_one_process_trains_is_refused_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_locks", held := [])
    folder = tmp_path / "a.unfinished"
    jobs.lock(folder)
    code = "import sys; from pathlib import Path; from memorization import jobs; jobs.lock(Path(sys.argv[1]))"
    other = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "another process is at work there" in other.stderr
    with pytest.raises(UserError, match="start the same command again"):
        jobs.lock(folder)
    held.pop().close()
    jobs.lock(folder)
    held.pop().close()


def test_a_job_of_a_run_that_has_ended_writes_nothing(tmp_path: Path) -> None:
    # No process has number 0.
    offered = " ".join([*lifeline._system(), "0 3 1"])
    job = subprocess.run(
        [sys.executable, "-c", JOB, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, lifeline.VARIABLE: offered},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (job.returncode, job.stdout, job.stderr) == (1, "", "")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def _signals_as_before() -> Iterator[None]:
    """A job of these tests' own process leaves no handlers in it."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class PanicError(BaseException):
    """As pyo3's PanicException, which a library in Rust raises where it fails: no Exception."""


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.parametrize("error", [PanicError("index out of bounds"), ValueError("index out of bounds")])
def test_an_error_of_any_class_reaches_the_log(error: BaseException, tmp_path: Path) -> None:
    def fail() -> None:
        raise error

    log = tmp_path / "job.log"
    with pytest.raises(SystemExit, match="1"):
        jobs.run(fail, log, tmp_path / "output", tmp_path)
    written = log.read_text()
    assert f" ERROR unexpected error: {type(error).__name__}: index out of bounds" in written
    assert "Traceback" in written


def test_what_libraries_print_goes_to_the_log_and_not_to_the_terminal(tmp_path: Path) -> None:
    code = f"""
import os, sys, warnings
from pathlib import Path
from memorization import jobs

def work():
    warnings.warn("old", FutureWarning)
    print("from Python", file=sys.stderr)
    os.write(2, b"from below\\n")

jobs.run(work, Path("{tmp_path}/logs/a.log"), Path("a.txt"), Path("{tmp_path}"))
print("afterwards", file=sys.stderr)
"""
    (tmp_path / "logs").mkdir()
    job = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert job.stderr == "afterwards\n"
    written = (tmp_path / "logs/a.log").read_text()
    assert all(each in written for each in ("FutureWarning: old", "from Python", "from below"))


@pytest.mark.usefixtures("_signals_as_before")
@pytest.mark.parametrize("ending", [SystemExit(3), KeyboardInterrupt()])
def test_an_ending_is_no_error(ending: BaseException, tmp_path: Path) -> None:
    def end() -> None:
        raise ending

    with pytest.raises(type(ending)):
        jobs.run(end, tmp_path / "job.log", tmp_path / "output", tmp_path)
    assert (tmp_path / "job.log").read_text() == ""
