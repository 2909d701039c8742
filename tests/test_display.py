"""What a run shows: on a window with a cursor (a pseudo-terminal), and in a file."""

import io
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len
from screens import Window, window
from screens import shown as lines_of

from memorization import display, progress
from memorization.display import Board, Display, Job, Lines, Screen
from memorization.progress import Progress, Stand, told

NAMES = ("train letters", "generations letters control", "模型 " * 30)


def record(text: str = "", level: int = logging.INFO, **attributes: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake.logging", level, "", 0, text, None, None)
    vars(made).update(attributes)
    return made


def started(number: int, rule: str, log: str = "logs/a.log", output: str = "a", **wildcards: str) -> logging.LogRecord:
    logs = [log] if log else []
    outputs = [output] if output else []
    return record(
        event="job_info", jobid=number, rule_name=rule, wildcards=wildcards, log=logs, output=outputs, input=[]
    )


def failed(number: int, rule: str, message: str) -> logging.LogRecord:
    return record(level=logging.ERROR, event="job_error", jobid=number, rule_name=rule, rule_msg=message, log=["a.log"])


class Dag:
    def __init__(self, rule: str, *wildcards: dict[str, str]) -> None:
        self.jobs = [SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards_dict=each) for each in wildcards]

    def __len__(self) -> int:
        return 7


class Handler(logging.StreamHandler[Any]):
    """As Snakemake's: a stream, and whether it takes no colours."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.name = display.HANDLER
        self.nocolor = False


@pytest.fixture
def shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Display]:
    """A display that writes to a text; its jobs are told apart by dataset and population."""
    monkeypatch.setattr(display, "SECONDS_BETWEEN_DRAWINGS", 0.001)
    grid = [
        {"model": "t5", "state": state, "epoch": epoch, "dataset": dataset, "prefix_tokens": "50"}
        for state, epoch in (("base", "0"), ("full", "3"))
        for dataset in ("news", "chat")
    ]
    made = Display(Handler(io.StringIO()), lambda: Dag("generations", *grid), tmp_path)
    yield made
    made.end()


def text_of(shown: Display) -> str:
    shown.end()
    return str(shown.handler.stream.getvalue())


@pytest.mark.parametrize(
    ("alike", "expected"),
    [
        ([], []),
        ([{"model": "a", "dataset": "x"}], []),
        ([{"model": "a", "dataset": "x"}, {"model": "a", "dataset": "y"}], ["dataset"]),
        ([{"state": "a", "epoch": "1"}, {"state": "b", "epoch": "2"}], ["state"]),
        ([{"state": "a", "epoch": "1"}, {"state": "a", "epoch": "2"}], ["epoch"]),
    ],
)
def test_coordinates_that_tell_jobs_apart_are_chosen(alike: list[dict[str, str]], expected: list[str]) -> None:
    assert display.telling(alike) == expected


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "0 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s"), (4000 * 3600 + 60, "4,000 h 1 min")]
)
def test_durations_are_spelled(seconds: float, words: str) -> None:
    assert display.spelled(seconds) == words


@pytest.mark.parametrize(
    ("stand", "words"),
    [
        (None, "7 s"),
        (Stand(0, 10, "prompts", 0.0), "0 of 10 prompts"),
        (Stand(412, 1000, "prompts", 9.8), "412 of 1,000 prompts, 1 min 0 s left, 9.8/s"),
        (Stand(5, 9, "steps", 2000.0, "epoch 1 of 3"), "epoch 1 of 3, 5 of 9 steps, 0 s left, 2,000/s"),
        (Stand(5, 9, "steps", float("nan")), "5 of 9 steps"),
    ],
)
def test_how_far_a_job_is_in_words(stand: Stand | None, words: str) -> None:
    assert display.details(Job(1, "train", None, 10.0), stand, 17.0) == words


@pytest.mark.parametrize(
    ("room", "words"),
    [
        (100, "epoch 2 of 3, loss 0.512, 55 of 90 steps, 17 s left, 2/s"),
        (55, "epoch 2 of 3, loss 0.512, 55 of 90 steps, 17 s left"),
        (50, "epoch 2 of 3, 55 of 90 steps, 17 s left"),
        (30, "epoch 2 of 3, 17 s left"),
        (5, "epoch 2 of 3, 17 s left"),
    ],
)
def test_where_room_is_scarce_the_epoch_and_the_time_left_stay(room: int, words: str) -> None:
    stand = Stand(55, 90, "steps", 2.04, "epoch 2 of 3, loss 0.512")
    assert display.details(Job(1, "train", None, 0.0), stand, 0.0, room) == words
    of_prompts = display.details(Job(1, "generations", None, 0.0), Stand(5, 9, "prompts", 2.0), 0.0, room)
    assert of_prompts == "5 of 9 prompts, 2 s left, 2/s"[: None if room >= 29 else 24]


def test_a_job_is_named_by_its_rule_and_what_tells_it_from_others(shown: Display) -> None:
    wildcards = {"model": "t5", "state": "full", "epoch": "3", "dataset": "news", "prefix_tokens": "50"}
    assert not shown.filter(started(1, "generations", **wildcards))
    assert not shown.filter(failed(1, "generations", "the disk is full"))
    assert text_of(shown).splitlines() == [
        "Failed: generations full news",
        "  the disk is full",
        "  (log: a.log)",
        "0 of 7 steps done after 0 s.",
    ]


def test_numbers_have_the_names_of_their_coordinates(tmp_path: Path) -> None:
    dag = Dag("train", {"seed": "0"}, {"seed": "1"})
    shown = Display(Handler(io.StringIO()), lambda: dag, tmp_path)
    shown.filter(started(1, "train", seed="1"))
    shown.filter(failed(1, "train", "no"))
    assert "Failed: train seed 1\n" in text_of(shown)


@pytest.mark.parametrize("event", [*sorted(display.EVENTS), "job_finished", "progress"])
def test_lines_that_the_display_replaces_are_taken_away(event: str, shown: Display) -> None:
    assert not shown.filter(record("any", event=event))
    assert text_of(shown) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Assuming unrestricted shared filesystem usage.",
        "Using shell: /bin/bash",
        "Conda environments: ignored",
        "Select jobs to execute...",
        "Removing output files of failed job train since they might be corrupted:\na",
        "RuleException:\nCalledProcessError in file a, line 1:\nCommand 'b' returned non-zero exit status 1.",
        "Exiting because a job execution failed. Look above for error messages",
        "WorkflowError:\nAt least one job did not complete successfully.",
        "Job 5 has been submitted with SLURM jobid 100 (log: a.log).",
        "Complete log(s): a.log",
        "Elapsed time: 0:02:10.767485",
    ],
)
def test_messages_that_nobody_needs_are_taken_away(text: str, shown: Display) -> None:
    assert not shown.filter(record(text))


@pytest.mark.parametrize("text", ["WorkflowError:\nno space", "RuleException:\nNameError in file a", "SLURM run ID: a"])
def test_others_stay(text: str, shown: Display) -> None:
    assert shown.filter(record(text))


def test_the_place_of_all_messages_is_named_after_a_failure(shown: Display) -> None:
    shown.filter(failed(1, "train", "no"))
    shown.end()
    assert shown.filter(record(f"{display.PLACE_OF_ALL} a.log"))


def test_other_messages_are_snakemakes_before_the_first_job_and_after_the_end(shown: Display) -> None:
    assert shown.filter(record("Unlocking"))
    shown.filter(started(1, "generations"))
    assert not shown.filter(record("during"))
    assert text_of(shown).splitlines()[0] == "during"
    assert shown.filter(record("afterwards"))


def test_a_warning_is_shown_once_and_a_message_as_often_as_it_comes(shown: Display) -> None:
    assert shown.filter(record("careful", logging.WARNING))
    assert not shown.filter(record("careful", logging.WARNING))
    shown.filter(started(1, "generations"))
    for level in (logging.WARNING, logging.WARNING, logging.INFO, logging.INFO):
        assert not shown.filter(record("look here" if level == logging.WARNING else "again", level))
    assert text_of(shown).splitlines()[:3] == ["look here", "again", "again"]


def test_texts_are_data(shown: Display) -> None:
    shown.filter(started(1, "generations"))
    shown.filter(failed(1, "generations", "[red]\x1b[2J\x1b]0;title\x07 {0} %s \u202egnp.exe"))
    assert "  [red][2J]0;title {0} %s gnp.exe\n" in text_of(shown)


def test_a_job_without_a_result_has_the_terminal_to_itself(shown: Display) -> None:
    assert not shown.filter(started(1, "plan", output=""))
    assert shown.thread is None
    assert not shown.filter(record(event="job_finished", job_id=1))
    assert text_of(shown) == ""


def test_what_is_known_of_the_run_outlives_such_a_job(shown: Display) -> None:
    shown.filter(started(1, "generations"))
    shown.filter(record(event="progress", done=2, total=5))
    shown.filter(started(2, "plan", output=""))
    shown.filter(failed(1, "generations", "no"))
    written = text_of(shown).splitlines()
    assert written[0].startswith("2 of 5 steps done after ")
    assert written[-1].startswith("2 of 5 steps done after ")


def test_the_end_may_come_twice_or_before_the_beginning(shown: Display) -> None:
    shown.end()
    shown.filter(started(1, "generations"))
    threads = threading.active_count()
    shown.end()
    shown.end()
    assert threading.active_count() == threads - 1


def test_a_terminal_that_is_gone_ends_no_run(shown: Display) -> None:
    shown.handler.stream.close()
    shown.filter(started(1, "generations"))
    shown.filter(record("a message"))
    shown.end()
    assert not shown.filter(started(2, "generations"))


@pytest.mark.parametrize("option", ["printshellcmds", "verbose", "debug_dag", "quiet"])
def test_snakemakes_own_lines_are_shown_where_they_are_asked_for(option: str, tmp_path: Path) -> None:
    def attached(**settings: bool) -> list[Any]:
        logger, handler = logging.Logger("test"), Handler(io.StringIO())
        logger.addHandler(handler)
        all_settings = dict.fromkeys(["dryrun", "printshellcmds", "verbose", "debug_dag", "quiet"], False) | settings
        display.attach(logger, SimpleNamespace(**all_settings), Dag, tmp_path)  # type: ignore[arg-type]
        return handler.filters

    assert len(attached()) == 1
    assert attached(**{option: True}) == []


def test_of_a_dry_run_the_list_is_shown_and_snakemakes_heading_is_not(tmp_path: Path) -> None:
    dry = Display(Handler(io.StringIO()), lambda: None, tmp_path, is_dry=True)
    assert dry.filter(record("To do: 3 of 5 jobs.", event="run_info"))
    assert not dry.filter(record("any", event="workflow_started"))
    assert dry.thread is None


def test_snakemakes_own_messages_have_no_colours_where_none_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger, handler = logging.Logger("test"), Handler(io.StringIO())
    logger.addHandler(handler)
    settings = SimpleNamespace(dryrun=False, printshellcmds=False, verbose=False, debug_dag=False, quiet=set())
    for value, expected in (("", False), ("1", True)):
        monkeypatch.setenv("NO_COLOR", value)
        display.attach(logger, settings, lambda: None, tmp_path)
        assert handler.nocolor == expected


def test_another_logger_is_left_alone(tmp_path: Path) -> None:
    logger, handler = logging.Logger("test"), logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    settings = SimpleNamespace(dryrun=False, printshellcmds=False, verbose=False, debug_dag=False, quiet=set())
    display.attach(logger, settings, lambda: None, tmp_path)
    assert handler.filters == []


# Without a terminal.


def board(results: Path, jobs: int = 3) -> Board:
    """A run at work: the first job has told nothing, the second is half done."""
    made = Board(results, time.monotonic() - 65, 3, 12)
    for number in range(jobs):
        log = results / f"logs/{number}.log"
        made.jobs[number] = Job(number, NAMES[number % len(NAMES)], log, time.monotonic() - 3)
    return made


@pytest.fixture
def half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_FILES", 0.0)
    with told(tmp_path, tmp_path / "logs/1.log"), Progress(1000, "generations", "prompts") as count:
        count.begun -= 10
        count.advance(500)
        yield board(tmp_path)


def test_a_file_has_a_line_now_and_then(half_done: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr(display.time, "monotonic", lambda: clock[0])
    lines = Lines(stream := io.StringIO())
    half_done.begun = clock[0]
    for _ in range(600):
        clock[0] += 1
        lines.show(half_done)
    written = stream.getvalue().splitlines()
    assert 20 < len(written) < 45
    assert written[0].startswith(
        "3 of 12 steps done after 10 s; at work: generations letters control (500 of 1,000 prompts"
    )
    assert written[-1].startswith("3 of 12 steps done after 9 min ")
    lines.close(half_done)
    assert stream.getvalue().endswith("3 of 12 steps done after 10 min 0 s.\n")


def test_of_many_jobs_a_line_names_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "SECONDS_BETWEEN_LINES", 0.0)
    lines = Lines(stream := io.StringIO())
    many = board(tmp_path, 20)
    many.begun = time.monotonic()
    lines.show(many)
    assert stream.getvalue().endswith(f"), {20 - display.NAMED} more\n")


# On a terminal.


@pytest.fixture(autouse=True)
def _a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())


@pytest.mark.parametrize("columns", [20, 40, 80, 160])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_lines_are_no_wider_than_the_window(columns: int, encoding: str, half_done: Board) -> None:
    with window(columns, encoding) as place:
        screen = Screen(place.file, False)
        lines = screen.lines(half_done, time.monotonic(), columns, 24)
        screen.show(half_done)
        screen.close(half_done)
        drawn = place.lines()
    assert len(lines) == 4
    assert all(0 < cell_len(line.plain) < columns for line in lines)
    if encoding == "ascii":
        assert all(line.plain.isascii() for line in lines)
    if columns >= 80:
        assert lines[0].plain.startswith("generations letters control  ")
        assert "500 of 1,000 prompts, 10 s left, 50/s" in lines[0].plain
        assert "3 of 12 steps done after 1 min 5 s" in lines[-1].plain
    assert drawn == ["3 of 12 steps done after 1 min 5 s."]


def test_a_wide_window_has_a_bar_for_each_job_that_tells_how_far_it_is(half_done: Board) -> None:
    with window(160) as place:
        lines = [line.plain for line in Screen(place.file, False).lines(half_done, time.monotonic(), 160, 24)]
    assert [line.count("━") for line in lines] == [display.BAR // 2, 0, 0, display.BAR // 4]


def test_of_more_jobs_than_a_window_has_rows_the_rest_is_counted(tmp_path: Path) -> None:
    many = board(tmp_path, 1010)
    with window(80) as place:
        lines = Screen(place.file, False).lines(many, time.monotonic(), 80, 10)
    assert len(lines) == 8
    assert lines[-2].plain == "and 1,004 more"


def test_messages_stay_above_lines_that_are_drawn_anew_and_the_cursor_comes_back(half_done: Board) -> None:
    with window(80) as place:
        screen = Screen(place.file, False)
        screen.show(half_done)
        assert not place.has_cursor()
        assert len(place.lines()) == 4
        screen.say("Failed: train", "red")
        half_done.jobs.pop(2)
        screen.show(half_done)
        first, *rest = place.lines()
        assert first == "Failed: train"
        assert [line[:5] for line in rest[:3]] == ["gener", "train", "━━━──"]
        screen.close(half_done)
        assert place.lines() == ["Failed: train", "3 of 12 steps done after 1 min 5 s."]
        assert place.has_cursor()


def test_a_narrower_window_leaves_no_torn_lines(half_done: Board) -> None:
    with window(160) as place:
        screen = Screen(place.file, False)
        screen.show(half_done)
        wide = place.read()
        place.resize(40)
        screen.show(half_done)
        narrow = place.read()[len(wide) :]
    lengths = [len(line) for line in display_lines(wide)]
    extra = sum(-(-length // 40) - 1 for length in lengths)
    assert extra > 2
    # Up by the rows that the lines take in the narrower window, and then by the lines themselves.
    assert narrow.count("\x1b[1A") == extra + len(lengths) - 1


def display_lines(written: str) -> list[str]:
    # As long as their characters are wide.
    return ["x" * cell_len(line) for line in lines_of(written)[0]]


@pytest.mark.parametrize("how", ["NO_COLOR", "nocolor"])
def test_colours_can_be_left_out(how: str, half_done: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def written(without: bool) -> str:
        with window(120) as place:
            screen = Screen(place.file, without)
            screen.say("Failed", "red")
            screen.show(half_done)
            return place.read()

    assert "\x1b[31m" in written(False)
    if how == "NO_COLOR":
        monkeypatch.setenv("NO_COLOR", "1")
    plain = written(how == "nocolor")
    assert not [code for code in ("31", "32", "33", "36") if f"\x1b[{code}m" in plain or f";{code}m" in plain]


@pytest.mark.parametrize("term", ["dumb", "unknown", None])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(term: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    with window(80) as place:
        assert isinstance(display.surface_of(place.file, False), Screen)
        monkeypatch.setenv("TERM", term) if term else monkeypatch.delenv("TERM")
        assert isinstance(display.surface_of(place.file, False), Lines)
    assert isinstance(display.surface_of(io.StringIO(), False), Lines)


def test_beside_a_pager_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with window(80) as place, os.fdopen(reading), os.fdopen(writing, "w") as piped:
        monkeypatch.setattr(sys, "stdout", piped)
        assert isinstance(display.surface_of(place.file, False), Lines)


def test_a_whole_display_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "SECONDS_BETWEEN_DRAWINGS", 0.2)
    dag = Dag("train", {"dataset": "news"}, {"dataset": "chat"})
    with window(80) as place:
        shown = Display(Handler(place.file), lambda: dag, tmp_path)
        for number, dataset in enumerate(("news", "chat")):
            shown.filter(started(number, "train", dataset=dataset))
        wait_for(place, "train chat")
        shown.filter(record(event="job_finished", job_id=1))
        shown.filter(record(event="progress", done=1, total=2))
        shown.filter(record("a warning", logging.WARNING))
        wait_for(place, "1 of 2 steps done")
        [warning, job, run] = place.lines()
        assert (warning, job.split("  ")[0]) == ("a warning", "train news")
        assert "1 of 2 steps done after " in run
        shown.end()
        [warning, end] = place.lines()
        assert warning == "a warning"
        assert end.startswith("1 of 2 steps done after ")
        assert place.has_cursor()


def wait_for(place: Window, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in place.read():
        assert time.monotonic() < deadline, place.written
