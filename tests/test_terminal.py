import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memorization import terminal
from memorization.errors import UserError

OLD, NEW = "0123456789abcdef", "fedcba9876543210"


class Changes(SimpleNamespace):
    def __bool__(self) -> bool:
        return bool(self.only_old or self.only_new)


def reason(**given: Any) -> SimpleNamespace:
    nothing = {
        "forced": False,
        "incomplete_output": set(),
        "missing_output": set(),
        "params_changed": Changes(only_old=set(), only_new=set()),
        "updated_input": set(),
        "input_changed": False,
        "software_stack_changed": False,
    }
    return SimpleNamespace(**(nothing | given))


def changed(old: set[Any], new: set[Any]) -> SimpleNamespace:
    return reason(params_changed=Changes(only_old=set(map(repr, old)), only_new=set(map(repr, new))))


def job(rule: str, output: Path | None = None, params: Any = None, **wildcards: str) -> SimpleNamespace:
    files = [str(output)] if output else []
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule), wildcards=wildcards, output=files, temp_output=set(), params=params or {}
    )


class Dag:
    """Jobs with the reasons of those that would run, as Snakemake's graph has them."""

    def __init__(self, *jobs: tuple[SimpleNamespace, SimpleNamespace | None]) -> None:
        self.jobs = [job for job, _ in jobs]
        self.reasons = {id(job): why for job, why in jobs}
        names = dict.fromkeys(job.rule.name for job in self.jobs)
        self.workflow = SimpleNamespace(rules=[SimpleNamespace(name=name) for name in names])

    def needrun(self, job: Any) -> bool:
        return self.reasons[id(job)] is not None

    def reason(self, job: Any) -> Any:
        return self.reasons[id(job)]


def messages(dag: Dag, results: Path = Path("results"), **settings: bool) -> terminal.Messages:
    silent = {"dryrun": False, "printshellcmds": False, "verbose": False}
    return terminal.Messages(lambda: dag, SimpleNamespace(**(silent | settings)), results)


def record(text: str, **attributes: Any) -> logging.LogRecord:
    made = logging.LogRecord("snakemake.logging", logging.INFO, "", 0, text, None, None)
    vars(made).update(attributes)
    return made


@pytest.mark.parametrize(
    ("old", "new", "params", "expected"),
    [
        ({OLD}, {NEW}, {"source": NEW, "threads": 1}, ["its code changed"]),
        ({1e-4}, {2e-4}, {"source": NEW, "rate": 2e-4}, ["rate 0.0001 -> 0.0002"]),
        ({None}, {5}, {"limit": 5}, ["limit None -> 5"]),
        (set(), {5}, {"limit": 5}, ["limit is now 5"]),
        ({5}, set(), {"limit": 4}, ["its settings changed"]),
    ],
)
def test_changed_parameters_are_named(old: set[Any], new: set[Any], params: Any, expected: list[str]) -> None:
    assert terminal.changes(map(repr, old), map(repr, new), params) == expected


def test_changes_inside_of_sections_are_named_by_key_and_the_first_are_shown() -> None:
    before = {"rate": 1e-4, "lora": {"rank": 8, "alpha": 16}, "keep": None, "same": 1}
    now = {"rate": 2e-4, "lora": {"rank": 4, "alpha": 16}, "keep": [1, 2], "same": 1, "new": True}
    other = {"n": 5, "seed": 1}
    params = {"source": OLD, "recipe": now, "probes": {"n": 6, "seed": 1}}
    texts = terminal.changes([repr(other), repr(before)], [repr(now), repr({"n": 6, "seed": 1})], params)
    assert texts == ["rate 0.0001 -> 0.0002", "rank 8 -> 4", "keep None -> [1, 2]", "2 more"]


def test_a_summary_has_one_line_for_a_rule_and_reason() -> None:
    code, rate = changed({OLD}, {NEW}), changed({1e-4}, {2e-4})
    dag = Dag(
        (job("dataset", Path("d"), dataset="a"), None),
        *(
            (job("train", Path("t"), params={"rate": 2e-4}, recipe=name), rate if name == "b" else None)
            for name in "ab"
        ),
        *((job("matches", Path("m"), params={"source": NEW}, state=state, dataset="a"), code) for state in "wxyz"),
        (job("rates", Path("r"), state="w", dataset="a"), reason()),
        (job("table", Path("n"), study="s"), reason(missing_output={"n"})),
        (job("figure", Path("n"), study="s"), reason(incomplete_output={"n"})),
        (job("index", Path("i"), population="member"), reason(updated_input={"a", "b", "c", "d"})),
        (job("all"), reason()),
    )

    lines = terminal.summary(dag).splitlines()

    assert lines[:2] == ["To do: 9 of 11 jobs.", ""]
    assert lines[2:8] == [
        "  train of 1 of 2 trainings (recipe=b): rate 0.0001 -> 0.0002",
        "  matches of 4 runs: its code changed",
        "  figure of 1 study: was interrupted, or failed",
        "  index of 1 set of probes: changed: a, b, c, 1 more",
        "  not there yet: table (1)",
        "  follows from these: rates (1)",
    ]


def test_missing_files_that_nothing_needs_are_named_with_what_makes_them_again(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.touch()
    dag = Dag(
        *((job("index", path), None) for path in (there, tmp_path / "gone")), (job("x", tmp_path / "y"), reason())
    )
    nothing = record("Nothing to be done (all requested files are present and up to date).")

    assert messages(dag).filter(nothing)

    _, _, line = nothing.msg.splitlines()
    assert line.startswith(f"Missing, and needed by nothing that is to do: {tmp_path}/gone. Name a file as a target")


def test_that_nothing_is_to_do_is_one_line_with_the_places_of_results(tmp_path: Path) -> None:
    def line() -> str:
        nothing = record("Nothing to be done (all requested files are present and up to date).")
        assert messages(Dag(), tmp_path).filter(nothing)
        return str(nothing.msg)

    assert line() == "Nothing to be done: all results are there."
    (tmp_path / "tables").mkdir()
    (tmp_path / "report").mkdir()
    (tmp_path / "report/index.html").touch()
    assert line() == (
        f"Nothing to be done: all results are there. page: {tmp_path}/report/index.html, tables: {tmp_path}/tables"
    )


def test_a_script_has_no_command_to_show() -> None:
    assert not messages(Dag(), printshellcmds=True).filter(record("Shell command: None", event="shellcmd"))
    command = record("Shell command: touch a", event="shellcmd", shellcmd="touch a")
    assert messages(Dag(), printshellcmds=True).filter(command)


def test_a_dry_run_shows_its_summary_once_and_no_job() -> None:
    dag = Dag((job("dataset", Path("d"), dataset="a"), reason(missing_output={"d"})))
    shown = messages(dag, dryrun=True)
    records = [
        record("Job stats: ...", event="run_info"),
        record("rule dataset", event="job_info"),
        record("Job stats: ...", event="run_info"),
        record("Reasons:\n    (check individual jobs above for details)"),
        record("Some jobs were triggered by provenance information, see"),
        record("This was a dry-run (flag -n). The order of jobs does not reflect the order of execution."),
    ]

    kept = [each for each in records if shown.filter(each)]

    assert kept == [records[0], records[-1]]
    assert kept[0].msg.startswith("To do: 1 of 1 jobs.")
    assert "`snakemake -n -p` lists every job" in kept[1].msg


@pytest.mark.parametrize("setting", ["printshellcmds", "verbose"])
def test_a_dry_run_lists_every_job_where_it_is_asked_to(setting: str) -> None:
    listed = record("rule dataset", event="job_info")
    assert messages(Dag(), dryrun=True, **{setting: True}).filter(listed)


def error_of(log: Path, message: str | None = None) -> Any:
    failed = record("Error in rule train", event="job_error", rule_msg=message, log=[str(log)])
    assert messages(Dag()).filter(failed)
    return vars(failed)["rule_msg"]


def test_a_failed_job_says_why_on_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    assert error_of(log).startswith("none in its log: the job was ended from outside")
    log.write_text("2026-01-01 12:00:00,123 INFO begun\n")
    assert error_of(log).endswith("did not suffice")
    log.write_text("2026-01-01 12:00:00,123 INFO begun\nterminate called: bad_alloc\n")
    assert error_of(log).endswith("did not suffice; the last line there: terminate called: bad_alloc")
    log.write_text("2026-01-01 INFO begun\n2026-01-01 ERROR models.x: no such file\n")
    assert error_of(log) == "models.x: no such file"
    assert error_of(log, "SLURM status is FAILED") == "SLURM status is FAILED; models.x: no such file"
    log.write_text("2026-01-01 ERROR unexpected error\nTraceback (most recent call last):\nKeyError: 'x'\n")
    assert error_of(log) == "unexpected error: KeyError: 'x'"


def test_an_error_of_the_user_ends_the_process_with_its_message_alone(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as ended:
        terminal.refuse(logging.getLogger("test"), UserError("a\udcff.yaml: no such file."))
    assert ended.value.code == 1
    assert [each.getMessage() for each in caplog.records] == ["a\\udcff.yaml: no such file."]


@pytest.mark.parametrize("interrupted", [True, False])
def test_a_job_that_a_signal_ended_before_the_run_is_no_failure(
    interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: logging.disable() if interrupted else None)
    text = "CalledProcessError: Command 'python a.py' returned non-zero exit status 143."
    try:
        shown = messages(Dag()).filter(record(text))
    finally:
        logging.disable(logging.NOTSET)

    assert shown != interrupted
