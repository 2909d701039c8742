"""Runs on a machine that seems to have GPUs: jobs ask for them, and each sees one; models are computed on the CPU."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from runs import Ended, Workplace
from stand_in_cards import TWO, stand_in

GENERATIONS = "runs/model=small/state=base/epoch=0/seed=0/dataset=letters/population=member/prefix_tokens=20/decoding="
# What a model does where there is one; a model or classifier that is read is not computed with.
ON_CARDS = {"base_model", "train", "classifier", "generations", "paraphrases", "positive_controls"}


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a machine with two cards, of which the user has chosen the second."""
    folder = stand_in(tmp_path_factory.mktemp("driver"), TWO)
    (folder / "tmp").mkdir()
    return {"PATH": f"{folder}:{os.environ['PATH']}", "TMPDIR": str(folder / "tmp"), "CUDA_VISIBLE_DEVICES": "1,0"}


def on(small_config: Path, code: Path, folder: Path, **compute: Any) -> Workplace:
    values = {"device": "auto", "threads": 1, "generation_batch_size": 64, "memory_mb": 1000}
    return Workplace(code, folder / "work", (small_config,)).with_configuration(
        folder / "cards.yaml", {"compute": values | compute}
    )


def asked(run: Ended) -> dict[str, str]:
    """Cards that the jobs of each rule ask for."""
    return dict(re.findall(r"\n(?:local)?rule (\w+):\n(?:    .*\n)*?    resources: .*\bgpu=(\d+)", run.output))


def test_what_runs_a_model_asks_for_a_card_and_nothing_else(
    small_config: Path, code: Path, cards: dict[str, str], tmp_path: Path
) -> None:
    run = on(small_config, code, tmp_path, jobs_per_gpu=2).run("--dry-run", "--printshellcmds", **cards)

    assert run.code == 0, run.output
    assert {rule for rule, number in asked(run).items() if number == "1"} == ON_CARDS
    assert set(asked(run).values()) == {"0", "1"}


def test_every_job_of_a_model_sees_one_of_the_chosen_cards(
    small_config: Path, code: Path, cards: dict[str, str], tmp_path: Path
) -> None:
    workplace = on(small_config, code, tmp_path)
    files = [f"{GENERATIONS}{decoding}/prompting=bare/generations.parquet" for decoding in ("short", "drawn")]

    run = workplace.run("--", *(f"results/{file}" for file in files), **cards)

    assert run.code == 0, run.output
    assert re.search(r"Provided resources: gpu=\D*2\b", run.output)
    logs = {log.relative_to(workplace.results / "logs"): log.read_text() for log in workplace.results.rglob("*.log")}
    taken = {str(log): re.findall(r"INFO card (\S+)", text) for log, text in logs.items()}
    assert {log for log, names in taken.items() if names} == {
        "models/small.log",
        *(file.removesuffix(".parquet") + ".log" for file in files),
    }
    assert {name for names in taken.values() for name in names} <= {"0", "1"}
    assert all(len(names) <= 1 for names in taken.values())
    again = workplace.run("--", *(f"results/{file}" for file in files), PATH=os.environ["PATH"])
    assert "Nothing to be done" in again.output, "cards are no parameters"


@pytest.mark.parametrize(
    ("compute", "message"),
    [
        ({"device": "cuda"}, r"compute\.device: given 'cuda', and there is no NVIDIA GPU here"),
        (
            {"gpu_memory_gb": 0.0018},
            r"recipes\.short, models\.small: training needs about [\d.]+ GB: set `models\.small\.gradient_check",
        ),
    ],
)
def test_what_cannot_work_is_told_before_anything_starts(
    small_config: Path, code: Path, cards: dict[str, str], tmp_path: Path, compute: dict[str, Any], message: str
) -> None:
    workplace = on(small_config, code, tmp_path, **compute)
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if compute.get("device") else {}

    run = workplace.run(**cards | hidden)

    assert run.code == 1
    assert re.search(message, run.output), run.output
    assert "Traceback" not in run.output
    assert not list(workplace.results.rglob("*.parquet"))
