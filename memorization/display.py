"""What a run shows while it is at work, in place of Snakemake's lines: steps done, and how far each job at work is.

`Display` is a filter of Snakemake's handler of the terminal: what it takes away from there is still in Snakemake's log
(`.snakemake/log`). Its thread alone writes to the terminal: on one that can move its cursor a few lines that change,
elsewhere a line now and then. Records and jobs are Snakemake's own objects; nothing of it is imported here.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from memorization import progress
from memorization.progress import Stand
from memorization.report.texts import visible

if TYPE_CHECKING:
    from rich.text import Text

# Snakemake's name of the handler that writes to the terminal.
HANDLER = "DefaultStreamHandler"
# What the display shows in its own way, or nobody needs to know: kinds of records, and messages by their beginning.
EVENTS = frozenset(
    ["workflow_started", "run_info", "resources_info", "shellcmd", "job_started", "group_info", "rulegraph"]
)
MESSAGES = re.compile(
    "Assuming unrestricted shared filesystem usage|Using shell:|Conda environments: ignored|"
    "Singularity containers: ignored|Group jobs: inactive|Select jobs to execute|Removing temporary output|"
    "Removing output files of failed job|Elapsed time:|Job \\d+ has been submitted with SLURM jobid|"
    # A failure is reported when it happens, and by the run's last lines.
    "RuleException:\nCalledProcessError|Exiting because a job execution failed|"
    "WorkflowError:\nAt least one job did not complete successfully"
)
# Snakemake's last message, of use where something failed.
PLACE_OF_ALL = "Complete log(s):"
SECONDS_BETWEEN_DRAWINGS = 0.5
# Without a terminal: the first lines, and after hours a line per this share of the time so far.
SECONDS_BETWEEN_LINES, SHARE_BETWEEN_LINES, LONGEST_BETWEEN_LINES = 10.0, 1 / 20, 600.0
SECONDS_TO_END = 2.0
# Of a terminal's width: a job's name at most.
NAME = 0.45
BAR, WIDTH_FOR_ONE_BAR, WIDTH_FOR_BARS = 14, 60, 100
NAMED = 3


@dataclass(frozen=True)
class Job:
    """A job at work: its number, its rule, what tells it from others of the rule, and its log."""

    number: int
    name: str
    log: Path | None
    begun: float


@dataclass
class Board:
    """What is known of the run at work; times are those of `time.monotonic`."""

    results: Path
    begun: float
    done: int = 0
    total: int = 0
    jobs: dict[int, Job] = field(default_factory=dict)

    def leave(self, number: int) -> None:
        """Take away a job that has ended."""
        self.jobs.pop(number, None)

    def stands(self) -> list[tuple[Job, Stand | None]]:
        """The jobs at work with how far they are, those first that tell it."""
        found = [(job, progress.stand_of(self.results, job.log) if job.log else None) for job in self.jobs.values()]
        return sorted(found, key=lambda each: each[1] is None)


class Surface(Protocol):
    """Where a run is shown."""

    def say(self, text: str, style: str) -> None:
        """Show a message that stays."""

    def show(self, board: Board) -> None:
        """Show how far the run is; called often."""

    def close(self, board: Board) -> None:
        """Show how far the run came, and leave the terminal as it was."""


class Display(logging.Filter):
    """Shows the run in place of Snakemake's handler `handler`, from its first job until `end`.

    `dag` gives Snakemake's graph of jobs, `results` is the folder of results. Of a dry run (`is_dry`) the list of what
    would run is shown by Snakemake, which begins no job.
    """

    def __init__(self, handler: Any, dag: Callable[[], Any], results: Path, is_dry: bool = False) -> None:
        super().__init__()
        self.events = EVENTS - {"run_info"} if is_dry else EVENTS
        self.handler, self.dag = handler, dag
        self.said: set[str] = set()
        self.has_failed = False
        self.telling: dict[str, list[str]] = {}
        # Changed by the thread alone, by what is put to it, which whatever a signal interrupts can do. None: the end.
        self.board = Board(results, time.monotonic())
        self.items: queue.SimpleQueue[Callable[[Board, Surface], None] | None] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether Snakemake's own handler shows the record."""
        event, text = str(getattr(record, "event", "") or ""), str(record.msg or "")
        if event == "job_info" and getattr(record, "log", None) and not getattr(record, "output", None):
            # A job without a result prints what it finds.
            self.end()
        elif event == "job_info":
            self._begin()
            self._take_up(record)
        elif event == "job_finished":
            number = getattr(record, "job_id", -1)
            self.items.put(lambda board, _: board.leave(number))
        elif event == "progress":
            done, total = getattr(record, "done", 0), getattr(record, "total", 0)
            self.items.put(lambda board, _: vars(board).update(done=done, total=total))
        elif event == "job_error":
            self.has_failed = True
            self._begin()
            self._report_failure(record)
        elif text.startswith(PLACE_OF_ALL):
            return self.has_failed
        elif event not in self.events and not MESSAGES.match(text):
            return self._say_once(record, text)
        return False

    def _say_once(self, record: logging.LogRecord, text: str) -> bool:
        """Say a message that is not the display's own; a warning once."""
        is_warning = record.levelno >= logging.WARNING
        if not text or (is_warning and text in self.said):
            return False
        self.said.add(text)
        if self.thread is None or not self.thread.is_alive():
            return True
        style = "red" if record.levelno >= logging.ERROR else "yellow" if is_warning else ""
        self.items.put(lambda _, surface: surface.say(text, style))
        return False

    def _take_up(self, record: Any) -> None:
        log = Path(record.log[0]) if record.log else None
        coordinates = dict(record.wildcards or {})
        if record.rule_name not in self.telling:
            alike = [dict(job.wildcards_dict) for job in self.dag().jobs if job.rule.name == record.rule_name]
            self.telling[record.rule_name] = telling(alike)
        words = [f"{key} {value}" if value.isdecimal() else value for key, value in coordinates.items()]
        words = [word for key, word in zip(coordinates, words, strict=True) if key in self.telling[record.rule_name]]
        job = Job(record.jobid, " ".join([record.rule_name, *words]), log, time.monotonic())

        def take_up(board: Board, _: Surface) -> None:
            # The first one comes before Snakemake's first count.
            board.total = board.total or total
            board.jobs[job.number] = job

        total = len(self.dag())
        self.items.put(take_up)

    def _report_failure(self, record: Any) -> None:
        lines = [record.rule_msg or "no message", *(f"(log: {log})" for log in record.log[:1])]

        def report(board: Board, surface: Surface) -> None:
            job = board.jobs.pop(record.jobid, None)
            surface.say("\n  ".join([f"Failed: {job.name if job else record.rule_name}", *lines]), "red")

        self.items.put(report)

    def _begin(self) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._work, name="display", daemon=True)
            self.thread.start()

    def _work(self) -> None:
        is_over = False
        # A terminal that is gone is no reason for a run to end.
        with contextlib.suppress(OSError, ValueError):
            surface = surface_of(self.handler.stream, self.handler.nocolor)
            while not is_over:
                is_over = self._take_items(surface)
                surface.show(self.board)
            surface.close(self.board)

    def _take_items(self, surface: Surface) -> bool:
        """Take what came in the time until the next drawing; whether it was the end."""
        deadline = time.monotonic() + SECONDS_BETWEEN_DRAWINGS
        while (left := deadline - time.monotonic()) > 0:
            try:
                item = self.items.get(timeout=left)
            except queue.Empty:
                return False
            if item is None:
                return True
            item(self.board, surface)
        return False

    def end(self) -> None:
        """Show how far the run came and leave the terminal to others; also in a signal's handler."""
        thread, self.thread = self.thread, None
        if thread is not None and thread.is_alive():
            self.items.put(None)
            # It may wait for a terminal that was told to stop.
            thread.join(SECONDS_TO_END)


# The one of this process.
_shown: list[Display] = []


def attach(logger: logging.Logger, settings: Any, dag: Callable[[], Any], results: Path) -> None:
    """Show the run in place of Snakemake's lines, unless its settings of output ask for these, or for silence.

    Nothing where another logger than Snakemake's own writes to the terminal.
    """
    if settings.printshellcmds or settings.verbose or settings.debug_dag or settings.quiet:
        return
    handlers: list[Any] = logger.handlers
    for handler in handlers:
        if handler.name == HANDLER:
            # Snakemake knows the option alone.
            handler.nocolor = handler.nocolor or bool(os.environ.get("NO_COLOR"))
            _shown.append(Display(handler, dag, results, settings.dryrun))
            handler.addFilter(_shown[-1])
            atexit.register(_shown[-1].end)


def end() -> None:
    """End the display of this process, if there is one."""
    for display in _shown:
        display.end()


def surface_of(stream: IO[str], without_colours: bool) -> Surface:
    """What a stream can show: lines that change, or lines one after another."""
    can_move = stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
    if can_move and not _has_a_reader(sys.stdout) and _is_in_front(stream):
        return Screen(stream, without_colours)
    return Lines(stream)


def _has_a_reader(stream: IO[str]) -> bool:
    """Whether another program reads the stream, and may show it on the same terminal, as `less` does."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError, AttributeError):
        return False


def _is_in_front(stream: IO[str]) -> bool:
    """Whether a terminal is this process's: not a shell's that runs it in the background."""
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        # A terminal that controls no process.
        return True


def telling(alike: Sequence[dict[str, str]]) -> list[str]:
    """The fewest leading coordinates that tell jobs of one rule apart: not one that follows from those before it."""
    chosen: list[str] = []
    groups = 1
    for key in alike[0] if alike else ():
        values = {tuple(each.get(name) for name in (*chosen, key)) for each in alike}
        if len(values) > groups:
            groups = len(values)
            chosen.append(key)
    return chosen


def spelled(seconds: float) -> str:
    """A duration in words: `12 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


def details(job: Job, stand: Stand | None, now: float, room: int | None = None) -> str:
    """How far a job is, in words; where they are more than `room` characters, without what tells the least."""
    if stand is None:
        return spelled(now - job.begun)
    epoch, _, loss = stand.note.partition(", ")
    count = f"{stand.done:,} of {stand.total:,} {stand.unit}"
    parts = [epoch, loss, count]
    rate = ""
    if stand.done and (left := stand.seconds_left) is not None:
        rate = f"{stand.rate:,.0f}/s" if stand.rate >= 10 else f"{stand.rate:.2g}/s"
        parts += [f"{spelled(left)} left", rate]
    for part in (rate, loss, count if epoch else rate):
        if room is None or len(_listed(parts)) <= room:
            break
        parts = [each for each in parts if each != part]
    return _listed(parts)


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(filter(None, parts))


def progress_of(board: Board, now: float) -> str:
    """How far the run is, in words."""
    return f"{board.done:,} of {board.total:,} steps done after {spelled(now - board.begun)}"


class Lines:
    """Lines one after another, for a file, a pipe, or a terminal that can do no more."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self.last = time.monotonic()

    def say(self, text: str, style: str) -> None:
        """Write a message."""
        print(visible(text), file=self.stream, flush=True)

    def show(self, board: Board) -> None:
        """Write a line if the last one is old enough."""
        now = time.monotonic()
        pause = max(SECONDS_BETWEEN_LINES, min(SHARE_BETWEEN_LINES * (now - board.begun), LONGEST_BETWEEN_LINES))
        if now - self.last < pause:
            return
        self.last = now
        stands = board.stands()
        at_work = [f"{job.name} ({details(job, stand, now)})" for job, stand in stands[:NAMED]]
        at_work += [f"{len(stands) - NAMED} more"] if len(stands) > NAMED else []
        self.say(f"{progress_of(board, now)}{'; at work: ' if at_work else ''}{', '.join(at_work)}", "")

    def close(self, board: Board) -> None:
        """Write the last line."""
        self.say(f"{progress_of(board, time.monotonic())}.", "")


class Screen:
    """A few lines at the end of a terminal that are drawn anew, below the messages."""

    def __init__(self, stream: IO[str], without_colours: bool) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = Console(
            file=stream, no_color=without_colours or None, highlight=False, markup=False, emoji=False
        )
        encoding = self.console.encoding.lower()
        self.is_ascii = not encoding.startswith("utf")
        # The jobs are as many as there is room for.
        self.live = Live(
            console=self.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self.drawn: list[int] = []
        self.live.start()

    def say(self, text: str, style: str) -> None:
        """Write a message above the lines that change."""
        self._measure()
        self.console.print(self._text(text, style), soft_wrap=True)

    def show(self, board: Board) -> None:
        """Draw the lines anew."""
        from rich.text import Text

        if not _is_in_front(self.console.file):
            return
        self._measure()
        width, height = self.console.size
        lines = self.lines(board, time.monotonic(), width, height)
        self.drawn = [line.cell_len for line in lines]
        self.live.update(Text("\n").join(lines), refresh=True)

    def close(self, board: Board) -> None:
        """Remove the lines, and write how far the run came."""
        self._measure()
        self.live.stop()
        self.console.print(self._text(f"{progress_of(board, time.monotonic())}.", "bold"), soft_wrap=True)

    def lines(self, board: Board, now: float, width: int, height: int) -> list[Text]:
        """The lines of a window of `width` columns and `height` rows: jobs at work, then the whole run."""
        stands = board.stands()
        # One line of the window stays free, and one is the run's; if not all jobs have one, another says so.
        rows = max(1, height - 3)
        shown = stands if len(stands) <= rows else stands[: max(1, rows - 1)]
        names = [self._text(job.name, "cyan") for job, _ in shown]
        longest = min(max((name.cell_len for name in names), default=0), int(NAME * width))
        lines = []
        for name, (job, stand) in zip(names, shown, strict=True):
            self._cut(name, longest)
            name.pad_right(longest - name.cell_len + 2)
            if width >= WIDTH_FOR_BARS:
                share = stand.done / stand.total if stand and stand.total else 0.0
                name.append_text(self._bar(share, stand is not None))
            room = width - 1 - name.cell_len
            lines.append(name.append_text(self._text(details(job, stand, now, room), "")))
        if len(shown) < len(stands):
            lines.append(self._text(f"and {len(stands) - len(shown):,} more", "dim"))
        run = self._text(progress_of(board, now), "bold")
        if width >= WIDTH_FOR_ONE_BAR:
            run = self._bar(board.done / board.total if board.total else 0.0, is_known=True).append_text(run)
        lines.append(run)
        # The last column stays free: some terminals wrap behind it.
        for line in lines:
            self._cut(line, width - 1)
        return lines

    def _bar(self, share: float, is_known: bool) -> Text:
        from rich.text import Text

        full, rest = ("#", "-") if self.is_ascii else ("━", "─")
        cells = int(share * BAR)
        return Text.assemble((full * cells, "green"), ((rest if is_known else " ") * (BAR - cells), "dim"), "  ")

    def _text(self, text: str, style: str) -> Text:
        """A text as data: without control characters, and characters that the encoding lacks."""
        from rich.text import Text

        encoding = self.console.encoding
        return Text(visible(text).encode(encoding, errors="replace").decode(encoding), style=style)

    def _cut(self, text: Text, width: int) -> None:
        text.truncate(max(0, width), overflow="crop" if self.is_ascii else "ellipsis")

    def _measure(self) -> None:
        """Look how large the window is; where it became narrower, go up by the rows that its lines take more."""
        from rich.control import Control
        from rich.segment import ControlType

        columns, rows = os.get_terminal_size(self.console.file.fileno())
        # A terminal that knows no size has none of its own.
        self.console.size = (columns or 80, rows or 24)
        more = _rows(self.drawn, self.console.width) - len(self.drawn)
        self.drawn = []
        if more > 0:
            self.console.control(Control(*[(ControlType.ERASE_IN_LINE, 2), (ControlType.CURSOR_UP, 1)] * more))


def _rows(lengths: Iterable[int], width: int) -> int:
    """How many rows of a window lines of these lengths take."""
    return sum(max(1, -(-length // max(1, width))) for length in lengths)
