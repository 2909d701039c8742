"""Runs that are killed, started twice, or use other cores, batches and orders: the numbers stay the same."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import Workplace, ended, wait_until

from memorization import storage
from memorization.schemas.generations import GenerationsTable

CHECKPOINTS = "checkpoints/model=small/recipe=short/seed=0/dataset=letters"
TUNED = "runs/model=small/state=short/epoch=40/seed=0/dataset=letters/population=member/prefix_tokens=20/decoding="
OUTCOMES = f"{TUNED}short/profile=zeng2024/outcomes.parquet"


def contents(workplace: Workplace, pattern: str) -> dict[str, bytes]:
    """Bytes of every file of the results that matches a pattern, by relative path."""
    files = sorted(workplace.results.glob(pattern))
    assert files, f"no file matches {pattern}"
    return {str(file.relative_to(workplace.results)): file.read_bytes() for file in files}


def generations(workplace: Workplace, decoding: str) -> list[dict[str, object]]:
    """Generations of the fine-tuned model, without the manifest, which contains the batch size."""
    file = workplace.results / f"{TUNED}{decoding}" / "generations.parquet"
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
    wait_until(lambda: any(unfinished.glob("epoch-*/state.json")), process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert any(unfinished.glob("epoch-*/state.json"))
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
    assert storage.manifest_of(workplace.results / f"{TUNED}short/generations.parquet")["settings"]["batch_size"] == 3
    assert contents(workplace, "tables/*") == before
    assert contents(workplace, "checkpoints/**/*.safetensors") == contents(finished, "checkpoints/**/*.safetensors")
    for decoding in ("short", "drawn"):
        assert generations(workplace, decoding) == generations(finished, decoding)


def test_prefixes_decoded_alone_give_the_same_texts(finished: Workplace, tmp_path: Path) -> None:
    one_by_one = {"compute": {"device": "cpu", "threads": 1, "generation_batch_size": 1}}
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "change.yaml", one_by_one)
    targets = [f"results/{TUNED}{decoding}/generations.parquet" for decoding in ("short", "drawn")]

    run = workplace.run("--forcerun", *targets, "--", *targets)

    assert run.code == 0, run.output
    assert run.jobs() == {"generations": sorted(targets)}
    for decoding in ("short", "drawn"):
        assert generations(workplace, decoding) == generations(finished, decoding)
