import contextlib
import errno
import fcntl
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from audit_files import options, results

from memorization import jobs, launch, lifeline
from memorization.errors import UserError
from memorization.storage import write_text
from memorization.studies.audit.judgement import judgement
from memorization.studies.kinds import Config

ROOT = Path(__file__).resolve().parents[1]

# Locks the folder, reports that, and waits until its standard input ends.
OWNER = """
import sys
from pathlib import Path
from memorization.errors import UserError
from memorization.launch import lock
try:
    lock(Path(sys.argv[1]))
except UserError as error:
    sys.exit(str(error))
print("locked", flush=True)
sys.stdin.read()
"""


class Scripts:
    """In place of Snakemake's class of scripts."""

    def execute_script(self, file: str) -> None:
        """Snakemake would start it."""


def start(results: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(results)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that has locked the results folder."""
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


@pytest.fixture(autouse=True)
def nothing_locked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(launch, "_locks", locks := [])
    monkeypatch.setattr(launch, "_logs_before", {})
    monkeypatch.setattr(os, "environ", dict(os.environ))
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for file in locks:
        file.close()
    for each, handler in handlers.items():
        signal.signal(each, handler)


def test_a_second_process_is_refused_with_the_id_of_the_first(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    with pytest.raises(UserError) as raised:
        launch.lock(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path}: another run is at work in this folder (process {owner.pid}).")
    assert "--config results=FOLDER" in str(raised.value)


def test_a_refused_process_does_not_replace_the_owner(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    for _ in range(2):
        with pytest.raises(UserError, match=rf"process {owner.pid}\)"):
            launch.lock(tmp_path)


def test_another_folder_may_be_locked_at_the_same_time(tmp_path: Path, owner: "subprocess.Popen[str]") -> None:
    (tmp_path / "other").mkdir()
    launch.lock(tmp_path / "other")
    assert owner.poll() is None


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_the_folder_is_free_after_its_process_was_killed(
    tmp_path: Path, owner: "subprocess.Popen[str]", end: signal.Signals
) -> None:
    owner.send_signal(end)
    owner.wait()
    launch.lock(tmp_path)
    assert (tmp_path / launch.LOCK).read_text() == str(os.getpid())


def test_a_folder_reached_by_a_link_has_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "results")
    launch.lock(tmp_path / "link")
    with start(tmp_path / "results") as other:
        _, text = other.communicate()
    assert f"(process {os.getpid()})" in text
    (tmp_path / "results").rename(tmp_path / "moved")
    with start(tmp_path / "moved") as other:
        _, text = other.communicate()
    assert f"(process {os.getpid()})" in text


def test_a_run_waits_for_jobs_of_a_killed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            job.close()

    with contextlib.ExitStack() as job:
        job.enter_context(jobs.at_work(tmp_path))
        monkeypatch.setattr(time, "sleep", sleep)
        launch.lock(tmp_path)
    assert len(waited) == 3
    assert list((tmp_path / jobs.AT_WORK).iterdir()) == []


def test_a_job_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "RUN_ENDS", 0.0)
    monkeypatch.setattr(launch, "JOBS_END", 0.0)
    with jobs.at_work(tmp_path), pytest.raises(UserError, match=rf"process {os.getpid()} on .*start the same command"):
        launch.lock(tmp_path)


def test_the_mark_of_a_dead_job_is_removed(tmp_path: Path) -> None:
    mark = tmp_path / jobs.AT_WORK / "host-1-ab"
    mark.parent.mkdir()
    mark.touch()
    launch.lock(tmp_path)
    assert not mark.exists()


def test_a_lock_of_another_user_is_a_user_error() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o777)
        (folder / launch.LOCK).touch(mode=0o444)
        with another_user(), pytest.raises(UserError, match=r"\.running: cannot be written .* another user made it"):
            launch.lock(folder)
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def another_user() -> Iterator[None]:
    """Without root's rights, if this is root."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(me)


def test_a_file_system_without_locks_is_used_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    launch.lock(tmp_path)
    assert "this file system has no locks" in capsys.readouterr().out


def test_jobs_in_a_queue_get_the_configuration_of_their_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environment := dict(os.environ))
    config = configuration(tmp_path)
    launch.begin(config, True, Scripts)
    assert launch.configuration_of_run() is None
    assert lifeline.VARIABLE in environment
    launch._locks.pop().close()
    launch.begin(config, False, Scripts)
    assert launch.configuration_of_run() == config
    assert lifeline.VARIABLE not in environment


def test_a_folder_that_this_process_locked_is_refused_to_another(tmp_path: Path) -> None:
    launch.lock(tmp_path)
    with start(tmp_path) as other:
        _, text = other.communicate()
    assert other.returncode == 1
    assert f"(process {os.getpid()})" in text
    assert "Traceback" not in text


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path) -> None:
    launch.check_writable(tmp_path / "a/b")
    assert list((tmp_path / "a/b").iterdir()) == []


@pytest.mark.parametrize("below", ["", "results"])
def test_a_file_in_place_of_the_folder_is_a_user_error(tmp_path: Path, below: str) -> None:
    file = tmp_path / "file"
    file.touch()
    results = file / below
    with pytest.raises(UserError) as raised:
        launch.check_writable(results)
    assert str(raised.value).startswith(f"results: {results}: cannot be written (")
    assert "--config results=FOLDER" in str(raised.value)


def test_a_folder_that_cannot_be_written_is_a_user_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(UserError, match=r"cannot be written \(Permission denied\)"):
        launch.check_writable(tmp_path)


def log(results: Path, name: str, *lines: str) -> Path:
    """A job's log."""
    file = results / "logs" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def test_messages_of_this_run_are_collected_with_their_logs(tmp_path: Path) -> None:
    launch.lock(tmp_path)
    one = log(tmp_path, "a/one.log", "12:00 INFO fine", "12:01 ERROR the file is missing", "12:02 INFO fine")
    two = log(tmp_path, "two.log", "12:00 ERROR the disk is full", "12:00 ERROR the disk is full")
    log(tmp_path, "three.log", "12:00 WARNING not bad", "the word ERRORS")
    text = launch.failures(tmp_path)
    assert text.count("the disk is full") == 1
    assert f"the file is missing\n    (log: {one})" in text
    assert f"(log: {two})" in text
    assert "WARNING" not in text
    assert "three.log" not in text


def test_messages_of_earlier_runs_are_left_out(tmp_path: Path) -> None:
    log(tmp_path, "old.log", "12:00 ERROR corrected long ago")
    launch.lock(tmp_path)
    log(tmp_path, "new.log", "12:00 ERROR still present")
    text = launch.failures(tmp_path)
    assert "still present" in text
    assert "corrected long ago" not in text


def test_results_of_a_clock_that_was_set_back_are_dated_to_now_in_their_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time()
    files = [tmp_path / "old", tmp_path / "folder/first", tmp_path / "second", log(tmp_path, "last.log")]
    (tmp_path / "folder").mkdir()
    for file, hours in zip(files, (-1, 1, 2, 3), strict=True):
        file.touch()
        os.utime(file, (now + 3600 * hours, now + 3600 * hours))
    launch.begin(configuration(tmp_path), True, Scripts)
    times = [file.stat().st_mtime_ns for file in files]
    assert times == sorted(set(times))
    assert times[0] < (now - 3500) * 1e9
    assert now * 1e9 - 1e9 < times[1] <= times[-1] <= time.time_ns()
    assert "the clock was set back: 3 files" in capsys.readouterr().out


@pytest.mark.parametrize("hours", [-1, 1])
def test_messages_are_found_where_the_clock_is_set_during_the_run(tmp_path: Path, hours: int) -> None:
    log(tmp_path, "one.log", "12:00 INFO fine")
    launch.lock(tmp_path)
    file = log(tmp_path, "one.log", "12:00 ERROR the disk is full")
    other = time.time() + 3600 * hours
    os.utime(file, (other, other))
    assert "the disk is full" in launch.failures(tmp_path)


def test_a_failed_run_without_messages_refers_to_those_above(tmp_path: Path) -> None:
    assert launch.failures(tmp_path) == "\nThe run did not finish; see the messages above."


def test_logs_with_invalid_characters_are_read(tmp_path: Path) -> None:
    launch.lock(tmp_path)
    file = log(tmp_path, "a.log")
    file.write_bytes(b"12:00 ERROR caf\xe9 is missing\n")
    assert "is missing" in launch.failures(tmp_path)


def configuration(results: Path, studies: Sequence[str] = ("one", "two.5")) -> Config:
    return Config.model_validate(
        {
            "results": str(results),
            "datasets": {},
            "models": {},
            "recipes": {},
            "decodings": {},
            "studies": {
                name: {"kind": "memorization", "datasets": ["news"], "models": ["t5"], "states": ["base"]}
                for name in studies
            },
        }
    )


def test_the_summary_repeats_warnings_of_this_run(tmp_path: Path) -> None:
    log(tmp_path, "old.log", "12:00 WARNING of last year")
    launch.lock(tmp_path)
    log(tmp_path, "one.log", "12:00 WARNING dataset news: n is 12", "12:00 INFO fine")
    text = launch.summary(configuration(tmp_path))
    assert text.count("Warning: dataset news: n is 12") == 1
    assert "last year" not in text


@pytest.mark.parametrize(
    ("hits", "code"), [({"one": 0}, 0), ({"one": 0, "two": 40}, 1), ({"one": 5, "two": 0}, 3)], ids=str
)
def test_an_audit_ends_with_the_worst_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], hits: dict[str, int], code: int
) -> None:
    for study, count in hits.items():
        verdict = judgement(results(({}, count, 0)), options({"rate_percent": 6.0}, study=study))
        write_text(tmp_path / f"audit/{study}/verdict.json", verdict.model_dump_json())

    with pytest.raises(SystemExit) as ended:
        launch.end_with_verdicts(tmp_path, list(hits))

    assert ended.value.code == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines if line and line[0] != " "][:-1] == list(hits)
    assert lines[-1] == f"Exit code {code}."


def test_a_verdict_that_is_to_be_made_again_is_not_left_for_a_run_that_fails(tmp_path: Path) -> None:
    old, other = tmp_path / "verdict.json", tmp_path / "rates.parquet"
    jobs = [
        SimpleNamespace(rule=SimpleNamespace(name=name), output=[str(file)])
        for name, file in (("audit_verdict", old), ("rates", other))
    ]
    old.touch()
    other.touch()

    launch.forget_verdicts(jobs)
    launch.forget_verdicts(jobs)

    assert (old.exists(), other.exists()) == (False, True)


def test_characters_that_a_terminal_cannot_show_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    launch.print_text("rates ↑ 5%")
    assert terminal.buffer.getvalue() == b"rates ? 5%\n"  # type: ignore[attr-defined]


def test_a_reader_that_was_ended_is_no_error() -> None:
    code = "from memorization import launch; launch.print_text('one'); launch.print_text('two')"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")
