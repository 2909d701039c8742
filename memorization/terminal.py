"""What a run says on the terminal, where Snakemake says too much or nothing: dry runs, reasons, failed jobs.

Snakemake's logger passes every record through `Messages`. Jobs, reasons and records are Snakemake's own objects; this
module reads their attributes and imports nothing of it.
"""

from __future__ import annotations

import ast
import logging
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NoReturn

from memorization.errors import UserError
from memorization.plan import PAGE, TABLE

SHOWN = 3
CHARACTERS = 60
_LINE_OF_LOG = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ [A-Z]+ ")
_DIGEST = re.compile(r"[0-9a-f]{16}$")
# Messages of Snakemake's that a dry run's summary replaces, by their beginning.
_REPLACED = (
    "Reasons:\n",
    "Some jobs were triggered by provenance",
    "Rules with provenance triggered jobs",
    "Would remove temporary output",
)
# Exit codes of the shell: 128 and the signal's number (SIGINT, SIGTERM).
_ENDED_BY_SIGNAL = re.compile(r"exit status (130|143)\b")
SECONDS_TO_BE_INTERRUPTED = 0.5
_FOLLOWS, _ABSENT, _UNMADE = "follows from these", "not there yet", "was interrupted, or failed"


def refuse(logger: logging.Logger, error: UserError) -> NoReturn:
    """End the process with the error's message alone; Snakemake would add where in the program it was found."""
    # Parts of a message may come from the command line, in bytes that are no text.
    logger.error(str(error).encode("utf-8", errors="backslashreplace").decode())
    sys.exit(1)


class Messages(logging.Filter):
    """Changes Snakemake's messages on their way to the terminal and to its log file.

    A failed job's message is the one in its log. A dry run lists no single job unless `--printshellcmds` or
    `--verbose` asks for it; in place of the numbers of jobs stands why they would run (`summary`). Where there is
    nothing to do, the places of results and missing intermediate ones are named. `dag` gives Snakemake's graph of
    jobs, `settings` are those of its output, `results` is the folder of results, `unmade` are those that an earlier run
    failed to make: they are made again.
    """

    def __init__(
        self, dag: Callable[[], Any], settings: Any, results: Path, unmade: AbstractSet[str] = frozenset()
    ) -> None:
        super().__init__()
        self.dag = dag
        self.results = results
        self.unmade = unmade
        self.is_short = settings.dryrun and not (settings.printshellcmds or settings.verbose)
        self.has_summary = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown; it may be changed."""
        event = getattr(record, "event", None)
        text = record.msg if isinstance(record.msg, str) else ""
        if _ENDED_BY_SIGNAL.search(text):
            # What ends all processes of a terminal reaches a job before this one: then there is no failure to report.
            time.sleep(SECONDS_TO_BE_INTERRUPTED)
            if logging.root.manager.disable >= record.levelno:
                return False
        if event == "job_error":
            self._explain(record)
        elif text.startswith("Building DAG"):
            # The graph is there, and has no jobs yet. `--forcerun` would also make what no target needs.
            self.dag().forcefiles.update(self.unmade)
        elif text.startswith("Nothing to be done"):
            record.msg = "\n".join([nothing_to_do(self.results), *missing_intermediates(self.dag())])
        elif event == "shellcmd" and not getattr(record, "shellcmd", None):
            # Of a script, which `--printshellcmds` would show as "None".
            return False
        elif self.is_short:
            return self._is_shown_in_short(record, event, text)
        return True

    def _explain(self, record: Any) -> None:
        logs = [failure(Path(log)) for log in record.log[:1]]
        parts = [part for part in (record.rule_msg, *logs) if part]
        record.rule_msg = "; ".join(parts) or "in its log, below"

    def _is_shown_in_short(self, record: logging.LogRecord, event: str | None, text: str) -> bool:
        if event == "run_info":
            # Before the jobs, and once more behind them.
            record.msg = summary(self.dag(), self.unmade)
            shown, self.has_summary = not self.has_summary, True
            return shown
        if text.startswith("This was a dry-run"):
            record.msg = "This was a dry run: nothing was computed. `snakemake -n -p` lists every job."
        return event != "job_info" and not text.startswith(_REPLACED)


def nothing_to_do(results: Path) -> str:
    """One line that names the page and the folder of tables, as far as they are there."""
    places = {"page": results / PAGE, "tables": (results / TABLE).parent}
    named = [f"{what}: {place}" for what, place in places.items() if place.exists()]
    return f"Nothing to be done: all results are there. {', '.join(named)}".rstrip()


def failure(log: Path) -> str:
    """The message of a failed job, from its log, or that there is none."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    messages = [line.split(" ERROR ", 1)[1] for line in lines if " ERROR " in line]
    if not messages:
        # What a library printed when it ended the process.
        last = lines[-1] if lines and not _LINE_OF_LOG.match(lines[-1]) else ""
        return (
            "none in its log: the job was ended from outside, or its memory or time did not suffice"
            f"{'; the last line there: ' if last else ''}{last}"
        )
    # The last line of a traceback says what happened.
    return messages[-1] if messages[-1] != "unexpected error" else f"unexpected error: {lines[-1]}"


def summary(dag: Any, unmade: AbstractSet[str] = frozenset()) -> str:
    """Which jobs would run, and why: one line per rule and reason, results that are not there yet in one."""
    rules = [rule.name for rule in dag.workflow.rules]
    # Without targets, which only name the results of others.
    everything = sorted((job for job in dag.jobs if job.output), key=lambda job: rules.index(job.rule.name))
    jobs = [job for job in everything if dag.needrun(job)]
    of_rule = defaultdict(list)
    for job in everything:
        of_rule[job.rule.name].append(job)
    groups: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for job in jobs:
        groups[cause(job, dag.reason(job), unmade), job.rule.name].append(job)
    lines = [f"To do: {len(jobs)} of {len(everything)} jobs.", ""]
    for (why, rule), here in groups.items():
        if why not in (_ABSENT, _FOLLOWS):
            lines.append(f"  {rule} of {_which(here, of_rule[rule])}: {why}")
    for common in (_ABSENT, _FOLLOWS):
        named = [f"{rule} ({len(here)})" for (why, rule), here in groups.items() if why == common]
        lines += [f"  {common}: {', '.join(named)}"] if named else []
    return "\n".join([*lines, *missing_intermediates(dag)])


def missing_intermediates(dag: Any) -> list[str]:
    """Lines that name missing files of jobs that need not run, since all that is made of them is there.

    Not of those that are removed when they have been used.
    """
    jobs = [job for job in dag.jobs if not dag.needrun(job)]
    files = [
        str(file) for job in jobs for file in job.output if file not in job.temp_output and not Path(file).exists()
    ]
    if not files:
        return []
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return [
        "",
        f"Missing, and needed by nothing that is to do: {', '.join(files[:SHOWN])}{more}. Name a file as a target to "
        "make it again, or a rule by `--forcerun RULE`.",
    ]


def cause(job: Any, reason: Any, unmade: AbstractSet[str] = frozenset()) -> str:
    """Why a job would run, in words."""
    if reason.forced and not unmade.isdisjoint(job.output):
        return _UNMADE
    if reason.forced:
        return "asked for by --force, --forcerun or --forceall"
    if reason.incomplete_output:
        return _UNMADE
    if reason.missing_output:
        return _ABSENT
    causes = []
    if reason.params_changed:
        changed = reason.params_changed
        causes += changes(changed.only_old, changed.only_new, dict(job.params.items()))
    if reason.updated_input:
        causes.append(f"changed: {_some(sorted(map(str, reason.updated_input)))}")
    if reason.input_changed:
        causes.append("it reads other files than before")
    if reason.software_stack_changed:
        causes.append("its environment changed")
    return ", ".join(dict.fromkeys(causes)) or _FOLLOWS


def changes(only_before: Iterable[str], only_now: Iterable[str], parameters: Mapping[str, Any]) -> list[str]:
    """Differences of a rule's parameters: `key before -> now`, and "its code changed" for a digest.

    `only_before` and `only_now` are values as Python spells them, of parameters that are no longer the same. Snakemake
    does not keep their names; those of now are in `parameters`, and each is compared with the most alike of before.
    """
    before, now = [_literal(value) for value in sorted(only_before)], set(only_now)
    texts = []
    for name, new in parameters.items():
        if repr(new) not in now:
            continue
        alike = [(likeness, -place) for place, old in enumerate(before) if (likeness := _likeness(old, new))]
        if alike:
            texts += _differences(name, before.pop(-max(alike)[1]), new)
        else:
            texts.append(f"{name} is now {_short(new)}")
    return _some_of(dict.fromkeys(texts)) or ["its settings changed"]


def _likeness(old: Any, new: Any) -> float:
    """How likely two different values are those of one parameter; 0: not at all."""
    if isinstance(old, dict) and isinstance(new, dict):
        return 1 + len(set(old) & set(new)) / max(1, len(set(old) | set(new)))
    if _is_digest(old) or _is_digest(new):
        return float(_is_digest(old) and _is_digest(new))
    return 1 if type(old) is type(new) else 0.5 if None in (old, new) else 0


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.match(value) is not None


def _differences(name: str, old: Any, new: Any) -> list[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key) or (key in old) != (key in new)]
        return [text for key in keys for text in _differences(str(key), old.get(key), new.get(key))]
    return ["its code changed"] if _is_digest(old) and _is_digest(new) else [f"{name} {_short(old)} -> {_short(new)}"]


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return text


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= CHARACTERS else text[: CHARACTERS - 3] + "..."


def _some(names: Sequence[str]) -> str:
    return ", ".join(_some_of(names))


def _some_of(names: Iterable[str]) -> list[str]:
    listed = list(names)
    return listed if len(listed) <= SHOWN else [*listed[:SHOWN], f"{len(listed) - SHOWN} more"]


def _which(jobs: Sequence[Any], of_rule: Sequence[Any]) -> str:
    """How many of a rule's jobs, of what, and which if they are few: by the coordinates that tell the rule's apart."""
    kind = _kind(set(dict(jobs[0].wildcards.items())))
    number = f"{len(jobs)}" if len(jobs) == len(of_rule) else f"{len(jobs)} of {len(of_rule)}"
    if len(of_rule) > 1:
        kind = {"study": "studies", "set of probes": "sets of probes"}.get(kind, f"{kind}s")
    if len(jobs) > SHOWN or len(jobs) == len(of_rule):
        return f"{number} {kind}"
    all_values = [dict(job.wildcards.items()) for job in of_rule]
    telling = [key for key in all_values[0] if len({str(values.get(key)) for values in all_values}) > 1]
    named = [" ".join(f"{key}={dict(job.wildcards.items())[key]}" for key in telling) for job in jobs]
    return f"{number} {kind} ({', '.join(named)})"


def _kind(coordinates: set[str]) -> str:
    """What jobs with these coordinates are one each of."""
    if {"state", "dataset"} <= coordinates:
        return "run"
    if "recipe" in coordinates:
        return "training"
    if "population" in coordinates:
        return "set of probes"
    known = ("dataset", "model", "classifier", "study")
    return next((name for name in known if name in coordinates), "job")
