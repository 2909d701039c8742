"""Start and end of a run: the lock on its folder, signals that end it, the summary at its end, failures of its jobs."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

from memorization import caches, display, fork_client, fork_server, jobs, lifeline, locks, progress
from memorization.errors import UserError
from memorization.storage import disk_error, write_text
from memorization.studies.kinds import Config

T = TypeVar("T")

AUDIT = "audit"
"""Target whose runs end with the verdict of every audit, in words and as exit code."""
VERDICT_RULE = "audit_verdict"

LOCK = ".running"
CACHES = ".caches"
CONFIGURATION = ".configuration.json"
CONFIGURATION_VARIABLE = "MEMORIZATION_CONFIGURATION"
ERROR, WARNING = " ERROR ", " WARNING "

# Seconds in which a killed run, and its jobs, come to their end; then they are at work.
RUN_ENDS, JOBS_END = 2.0, 30.0
SECONDS_TO_TIDY_UP = 10.0
INTERRUPTED = "Interrupted. Finished work is kept; the same command goes on."

# Open as long as the process lives: the kernel releases the lock when the process ends, in whatever way.
_locks: list[IO[str]] = []
_interrupted: list[int] = []
# When each log was written, before this run: by a clock that may be another one, or be set back.
_logs_before: dict[Path, int] = {}


def check_writable(results: Path) -> None:
    """Raise UserError if the results folder cannot be created or written to."""
    probe = results / f".writable-{os.getpid()}"
    try:
        results.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"results: {results}: cannot be written ({error.strerror}). Make the folder writable, or choose another "
            "one with `--config results=FOLDER`."
        ) from error


def begin(config: Config, jobs_here: bool, scripts: Any) -> None:
    """Lock the results folder, and be ready for signals and for jobs, which end with this process if they are here.

    Jobs in a queue get this run's configuration. `scripts` is Snakemake's class of Python scripts. Raises UserError as
    `lock` does.
    """
    results = Path(config.results)
    lock(results)
    _date_back(results)
    # Again: Snakemake has set handlers of its own.
    end_on_signals(jobs_here)
    lifeline.offer(jobs_here)
    caches.provide(results / CACHES)
    # Of jobs that were killed: none lives.
    shutil.rmtree(results / progress.FOLDER, ignore_errors=True)
    if jobs_here:
        if place := fork_server.start():
            fork_client.take_scripts(scripts, place)
    else:
        file = results / CONFIGURATION
        write_text(file, config.model_dump_json())
        os.environ[CONFIGURATION_VARIABLE] = str(file.resolve())


def configuration_of_run() -> Config | None:
    """The configuration of the run that submitted this process to a queue; None in other processes.

    Such a job reads the workflow again, and its files may have been changed since: its result would be recorded as made
    with the old ones.
    """
    file = os.environ.get(CONFIGURATION_VARIABLE)
    return Config.model_validate_json(Path(file).read_bytes()) if file else None


def _date_back(results: Path) -> None:
    """Date results of the future to the present, in their order: they are from before the clock was set back.

    Snakemake refuses a result that is older than what it was made from.
    """
    now = time.time_ns()
    # The logs have been looked at already: as a rule there is nothing to do.
    if not any(written > now for written in _logs_before.values()):
        return
    times = {file: file.stat().st_mtime_ns for file in results.rglob("*") if file.is_file()}
    future = sorted((file for file, written in times.items() if written > now), key=times.__getitem__, reverse=True)
    for place, file in enumerate(future):
        os.utime(file, ns=(now - 1000 * place, now - 1000 * place))
    print_text(f"Note: the clock was set back: {len(future)} files in {results} were dated in the future.")


def lock(results: Path) -> None:
    """Lock the results folder for this process; raise UserError if another run, or a job of one, is at work there."""
    _logs_before.clear()
    _logs_before.update(_logs(results))
    place = results / LOCK
    try:
        file = _soon(lambda: locks.hold(place), RUN_ENDS)
        if file is None:
            owner = place.read_text(encoding="utf-8", errors="replace").strip() or "unknown"
            raise UserError(
                f"{results}: another run is at work in this folder (process {owner}). Wait for it, or choose another "
                "folder with `--config results=FOLDER`."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        _locks.append(file)
        _wait_for_jobs(results)
    except PermissionError as error:
        raise UserError(
            f"{error.filename}: cannot be written ({error.strerror}); another user made it. Let that user make the "
            "folder writable for both, or choose another folder with `--config results=FOLDER`."
        ) from None
    except OSError as error:
        if error.errno not in locks.NO_LOCKS:
            raise disk_error(error, place) from error
        print_text(
            f"Note: {results}: this file system has no locks; start no second run there while this one is at work."
        )


def _wait_for_jobs(results: Path) -> None:
    """Return when no job of an earlier run is at work; raise UserError if one does not end."""

    def none_lives() -> bool:
        return not jobs.living(results)

    if _soon(none_lives, RUN_ENDS):
        return
    print_text(f"Waits for jobs of an earlier run to end: {', '.join(jobs.living(results))}.")
    if not _soon(none_lives, JOBS_END):
        raise UserError(
            f"{results}: jobs of an earlier run are at work in this folder ({', '.join(jobs.living(results))}). Wait "
            "for them or end them, on a cluster by `scancel`, and start the same command again."
        )


def _soon(attempt: Callable[[], T], seconds: float) -> T:
    """What an attempt gives, repeated for some seconds until it gives something."""
    deadline = time.monotonic() + seconds
    while not (result := attempt()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


def end_on_signals(jobs_here: bool) -> None:
    """From now on, a signal ends this process with one line, and its jobs with it; nothing outside the main thread.

    Where jobs are not here but in a queue, Snakemake cancels them.
    """
    if threading.current_thread() is not threading.main_thread():
        return

    def interrupt(number: int, frame: object) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        # Jobs that end now have not failed: Snakemake reports nothing from here on.
        logging.disable()
        display.end()
        with contextlib.suppress(OSError):
            # Not `print`, which a signal may have come into.
            os.write(1, f"\n{INTERRUPTED}\n".encode())
        _interrupted.append(number)
        if not jobs_here:
            # Snakemake cancels what it has submitted.
            raise KeyboardInterrupt
        _end_children()
        # Snakemake's own temporary folders.
        atexit._run_exitfuncs()
        # Not an exit code alone: a shell's loop ends with a process that its signal ended.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    # One that is ignored stays so: `nohup` and a shell's `&` want that.
    signals = [
        each for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN
    ]
    for each in signals:
        signal.signal(each, interrupt)


def _end_children() -> None:
    """End all processes below this one: those that tidy up get some seconds for it."""
    import psutil

    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    _, alive = psutil.wait_procs(children, SECONDS_TO_TIDY_UP)
    for child in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


def print_text(text: str) -> None:
    """Print to standard output; characters that its encoding lacks are replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, errors="replace").decode(encoding), flush=True)
    except BrokenPipeError:
        # Its reader, such as `less`, was ended; Python would report that once more at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def summary(config: Config) -> str:
    """The text at the end of a run: page, tables, warnings of this run's jobs, folders of results, what to do next.

    As wide as the terminal, and whole where standard output is none.
    """
    # Here, because it loads Arrow, which a run with nothing to do does without.
    from memorization import summaries

    display.end()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return summaries.text(config, [text for text, _ in _messages(Path(config.results), WARNING)], width)


def forget_verdicts(jobs: Iterable[Any]) -> None:
    """Remove the verdicts that Snakemake's jobs are to make again: those of a run that fails are not to be found."""
    for job in jobs:
        if job.rule.name == VERDICT_RULE:
            for file in job.output:
                Path(file).unlink(missing_ok=True)


def end_with_verdicts(results: Path, studies: Sequence[str]) -> NoReturn:
    """Print the verdicts of these audits and end the process with the exit code of the worst."""
    from memorization import summaries

    verdicts = summaries.verdicts(results, studies)
    print_text(summaries.verdict_lines(verdicts, sys.stdout.isatty() and not os.environ.get("NO_COLOR")))
    sys.exit(summaries.exit_code(verdicts))


def failures(results: Path) -> str:
    """The text after a failed run: error messages from the logs of this run's jobs, each once per log.

    Empty after a signal: no job has failed.
    """
    display.end()
    if _interrupted:
        return ""
    messages = [f"  {text}\n    (log: {log})" for text, log in _messages(results, ERROR)]
    if not messages:
        return "\nThe run did not finish; see the messages above."
    return "\n".join(["", "The run did not finish. Finished work is kept; what went wrong:", *messages])


def _messages(results: Path, mark: str) -> list[tuple[str, Path]]:
    """Messages in this run's logs behind `mark`, each once per log, with their log."""
    messages: dict[tuple[str, Path], None] = {}
    for log, written in _logs(results).items():
        if _logs_before.get(log) != written:
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            messages |= {(line.split(mark, 1)[1], log): None for line in lines if mark in line}
    return list(messages)


def _logs(results: Path) -> dict[Path, int]:
    """When each log was last written, in nanoseconds of its file system's clock."""
    return {log: log.stat().st_mtime_ns for log in sorted((results / "logs").rglob("*.log"))}
