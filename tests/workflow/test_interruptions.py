"""Runs that are killed, started twice, or use other cores, batches and orders: the numbers stay the same.

`MOMENTS=50 pytest tests/workflow/test_interruptions.py -k moment` ends runs at fifty seeded moments instead of five.
"""

import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from runs import Workplace, ended, results_of, wait_until

from memorization import jobs, launch, storage
from memorization.schemas.generations import GenerationsTable

CHECKPOINTS = "checkpoints/model=small/recipe=short/seed=0/dataset=letters"
TUNED = "runs/model=small/state=short/epoch=40/seed=0/dataset=letters/population=member/prefix_tokens=20/decoding="
OUTCOMES = f"{TUNED}short/prompting=bare/side=input/profile=zeng2024/outcomes.parquet"


DRAWN = f"{TUNED}drawn/prompting=bare"
DETECTED = f"{DRAWN}/side=input/profile=zeng2024"
PROBES = "probes/dataset=letters/tokenizer=small/population=member/prefix_tokens=20"

MOMENTS = int(os.environ.get("MOMENTS", "5"))
# What is made again while the run is ended: files to remove first, and targets (none: everything).
PARTS = (
    ([CHECKPOINTS], [CHECKPOINTS]),
    (["models/small", "classifiers/judge"], ["models/small", "classifiers/judge"]),
    (
        ["datasets/*.parquet", "pairs/judge.parquet", f"{PROBES}/*"],
        [
            *("datasets/papers.parquet", "pairs/judge.parquet"),
            *(f"{PROBES}/side=input/{name}" for name in ("index", "sentences.json", "personal_data.parquet")),
            f"{PROBES}/references.parquet",
        ],
    ),
    (
        [f"{DRAWN}/*.parquet", f"{DRAWN}/side=input/*.parquet", f"{DETECTED}/*.parquet"],
        [f"{DETECTED}/rates.parquet", f"{DETECTED}/definition_rates.parquet", f"{DRAWN}/personal_data.parquet"],
    ),
    ([f"{DETECTED}/outcomes.parquet", f"{DETECTED}/rates.parquet", "comparisons/*", "tables/*", "figures/*"], []),
)
ENDS = ("SIGINT", "SIGTERM", "SIGKILL of the main process", "SIGKILL of a job")


def of_session(session: int) -> list[psutil.Process]:
    """Living processes of a run."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def at_work(workplace: Workplace) -> list[int]:
    """Processes of the jobs at work."""
    return [int(mark.name.rsplit("-", 2)[1]) for mark in (workplace.results / jobs.AT_WORK).glob("*")]


def contents(workplace: Workplace, pattern: str) -> dict[str, bytes]:
    """Bytes of every file of the results that matches a pattern, by relative path."""
    files = sorted(workplace.results.glob(pattern))
    assert files, f"no file matches {pattern}"
    return {str(file.relative_to(workplace.results)): file.read_bytes() for file in files}


def generations(workplace: Workplace, decoding: str) -> list[dict[str, object]]:
    """Generations of the fine-tuned model, without the manifest, which contains the batch size."""
    file = workplace.results / f"{TUNED}{decoding}/prompting=bare" / "generations.parquet"
    rows: list[dict[str, object]] = storage.read(file, GenerationsTable).to_pylist()
    return rows


@pytest.fixture
def endings() -> Iterator[list[int]]:
    """Process groups that must not outlive the test."""
    groups: list[int] = []
    yield groups
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def test_the_same_command_resumes_a_killed_run_with_the_same_numbers(
    finished: Workplace, small_config: Path, tmp_path: Path, endings: list[int]
) -> None:
    workplace = Workplace(finished.code, tmp_path / "work", (small_config,))
    unfinished = workplace.results / f"{CHECKPOINTS}.unfinished"

    process = workplace.start()
    endings.append(process.pid)
    wait_until(lambda: any(unfinished.glob("step-*/state.json")), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert any(unfinished.glob("step-*/state.json"))
    assert not (workplace.results / CHECKPOINTS / "training.parquet").exists()
    again = workplace.run()

    assert again.code == 0, again.output
    assert "dataset" not in again.jobs(), "finished work was done again"
    log = (workplace.results / f"logs/{CHECKPOINTS}.log").read_text()
    resumed = re.search(r"resumes after epoch (\d+) of 40", log)
    assert resumed, log
    assert 1 <= int(resumed[1]) < 40
    for pattern in ("tables/small*", "checkpoints/**/*.safetensors", "checkpoints/**/training.parquet"):
        uninterrupted = contents(finished, pattern)
        assert contents(workplace, pattern) == uninterrupted
    assert generations(workplace, "short") == generations(finished, "short")
    leftovers = [str(file) for pattern in ("*.partial", "*.unfinished") for file in workplace.results.rglob(pattern)]
    assert leftovers == []


def end_at_a_moment(workplace: Workplace, process: "subprocess.Popen[str]", end: str, delay: float) -> bool:
    """End a run, or one of its jobs, some seconds after its first job has begun; False if it has ended before."""
    while not at_work(workplace):
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    time.sleep(delay)
    living = at_work(workplace)
    if process.poll() is not None or (end == "SIGKILL of a job" and not living):
        return False
    with contextlib.suppress(ProcessLookupError):
        if end == "SIGKILL of a job":
            os.kill(living[-1], signal.SIGKILL)
        elif end == "SIGKILL of the main process":
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.killpg(process.pid, signal.Signals[end])
    return True


@pytest.mark.parametrize("seed", range(MOMENTS))
def test_at_any_moment_the_same_command_goes_on_to_the_same_results(
    seed: int, finished: Workplace, tmp_path: Path, endings: list[int]
) -> None:
    random_numbers = random.Random(seed)
    end = ENDS[seed % len(ENDS)]
    remove, targets = random_numbers.choice(PARTS)
    delay = random_numbers.choice([0.0, 0.5, 2.0, 6.0]) * random_numbers.random()
    options = ["--", *(f"results/{target}" for target in targets)] if targets else []
    workplace = finished.copy(tmp_path / "work")
    for attempt in range(5):
        for pattern in remove:
            for place in workplace.results.glob(pattern):
                shutil.rmtree(place) if place.is_dir() else place.unlink()
        first = workplace.start(*options)
        endings.append(first.pid)
        hit = end_at_a_moment(workplace, first, end, delay / 2**attempt)
        if hit and end == "SIGKILL of the main process":
            # At once: before the first has come to its end.
            again = workplace.run(*options)
            first_run = ended(first)
        else:
            first_run = ended(first)
            assert not of_session(first.pid)
            again = workplace.run(*options)
        if hit and first_run.code != 0:
            break
        # The run was quicker than this moment: an earlier one.

    assert hit
    assert again.code == 0, again.output
    assert "Traceback" not in again.output
    assert not of_session(first.pid)
    if end in ("SIGINT", "SIGTERM"):
        assert first_run.code == -signal.Signals[end], first_run.output
        # One that comes when Snakemake has ended interrupts nothing.
        assert first_run.output.count(launch.INTERRUPTED) == ("Elapsed time:" not in first_run.output)
        assert "rror" not in first_run.output.split("Select jobs to execute", 1)[1], first_run.output
    if end == "SIGKILL of a job":
        assert first_run.code == 1
    assert "Traceback" not in first_run.output
    assert results_of(workplace) == results_of(finished)
    assert at_work(workplace) == []


def test_a_second_run_in_the_same_folder_is_refused_and_harms_nothing(
    finished: Workplace, tmp_path: Path, endings: list[int]
) -> None:
    workplace = finished.copy(tmp_path / "work").with_configuration(
        tmp_path / "change.yaml", {"label": "Another label."}
    )
    lock = workplace.results / ".running"
    lock.write_text("")

    first = workplace.start()
    endings.append(first.pid)
    wait_until(lambda: lock.read_text() == str(first.pid), first)
    # Stopped, so that it is still at work when the second one starts.
    os.killpg(first.pid, signal.SIGSTOP)
    second = workplace.run()
    os.killpg(first.pid, signal.SIGCONT)
    first_run = ended(first)

    assert second.code != 0
    assert second.output.count("another run is at work in this folder") == 1
    assert f"(process {first.pid})" in second.output
    assert "Traceback" not in second.output
    assert "Finished jobid" not in second.output
    assert first_run.code == 0, first_run.output
    assert "Another label." in (workplace.results / "tables/small.md").read_text()


def test_cores_batch_size_and_order_of_jobs_change_no_table(finished: Workplace, tmp_path: Path) -> None:
    batches_of_three = {"compute": {"device": "cpu", "threads": 1, "generation_batch_size": 3}}
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "change.yaml", batches_of_three)
    before = contents(workplace, "tables/*")

    run = workplace.run(
        *("--cores", "1", "--scheduler", "greedy", "--forcerun", "train", "generations", "--"),
        *("results/tables/small.tex", f"results/{OUTCOMES}", "results/tables/drawn.md"),
    )

    assert run.code == 0, run.output
    assert {rule: len(outputs) for rule, outputs in run.jobs().items()}["generations"] == 6
    assert (
        storage.manifest_of(workplace.results / f"{TUNED}short/prompting=bare/generations.parquet")["settings"][
            "batch_size"
        ]
        == 3
    )
    assert contents(workplace, "tables/*") == before
    assert contents(workplace, "checkpoints/**/*.safetensors") == contents(finished, "checkpoints/**/*.safetensors")
    for decoding in ("short", "drawn"):
        assert generations(workplace, decoding) == generations(finished, decoding)


def test_prefixes_in_shards_give_the_same_file(finished: Workplace, tmp_path: Path) -> None:
    change = {"compute": {"device": "cpu", "threads": 1, "generation_batch_size": 64, "shard_probes": 6}}
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "change.yaml", change)
    target = f"results/{TUNED}drawn/prompting=bare/generations.parquet"
    shards = [f"results/{TUNED}drawn/prompting=bare/shards=2/shard={shard}.parquet" for shard in range(2)]

    run = workplace.run("--", target)

    assert run.code == 0, run.output
    assert run.jobs() == {"generation_shards": shards, "gathered_generations": [target]}
    # With its manifest.
    assert contents(workplace, f"{TUNED}drawn/prompting=bare/generations.parquet") == contents(
        finished, f"{TUNED}drawn/prompting=bare/generations.parquet"
    )
    again = workplace.run("--", target)
    assert "Nothing to be done" in again.output
    # Shards that were gathered are not there, and not missed.
    assert "Missing" not in again.output
    assert not (workplace.results / f"{TUNED}drawn/prompting=bare/shards=2").exists()


def test_a_killed_run_keeps_the_shards_that_were_finished(
    finished: Workplace, tmp_path: Path, endings: list[int]
) -> None:
    change = {"compute": {"device": "cpu", "threads": 1, "generation_batch_size": 64, "shard_probes": 4}}
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "change.yaml", change)
    target, folder = f"results/{TUNED}drawn/prompting=bare/generations.parquet", f"{TUNED}drawn/prompting=bare/shards=3"
    logs = workplace.results / jobs.LOGS / folder

    process = workplace.start("--cores", "1", "--", target)
    endings.append(process.pid)
    # The second has begun, so that the first is finished.
    wait_until(lambda: len(list(logs.glob("*.log"))) > 1, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    kept = contents(workplace, f"{folder}/*.parquet")
    again = workplace.run("--", target)

    assert 1 <= len(kept) < 3
    assert again.code == 0, again.output
    shards = {f"{folder}/shard={shard}.parquet" for shard in range(3)}
    assert set(again.jobs()["generation_shards"]) == {f"results/{shard}" for shard in shards - set(kept)}
    assert contents(workplace, f"{TUNED}drawn/prompting=bare/generations.parquet") == contents(
        finished, f"{TUNED}drawn/prompting=bare/generations.parquet"
    )
    assert not (workplace.results / folder).exists()
