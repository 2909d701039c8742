"""Differences between fine-tuned models: which are compared, on what, and with which test."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sheets import STATISTICS, context, run, texts, write_parts

from memorization.report.sheet import Sheet
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.statistics.rates import RunOutcomes
from memorization.studies.memorization import differences
from memorization.studies.memorization.differences import MemorizationDifferencesTable

HITS = {"news": (30, 34, 29), "chat": (2, 0, 3)}
"""Memorized probes of 60, by seed."""


def trained(dataset: str, seed: int = 0, hits: int = 0, **changed: Any) -> tuple[dict[str, Any], RunOutcomes]:
    outcomes = ["verbatim"] * hits + ["none"] * (60 - hits)
    return run(dataset) | {"seed": seed} | changed, RunOutcomes(outcomes, list(range(60)))


def rows(*runs: tuple[dict[str, Any], RunOutcomes]) -> list[dict[str, Any]]:
    return differences.differences(runs, STATISTICS)


def test_means_of_two_tasks_are_compared_with_all_their_trainings() -> None:
    [row] = rows(*(trained(name, seed, hits) for name, each in HITS.items() for seed, hits in enumerate(each)))
    assert (row["differs"], row["first"], row["second"]) == ("dataset", "news", "chat")
    assert (row["trainings"], row["trainings_second"], row["n"]) == (3, 3, 60)
    assert row["rate"] == pytest.approx(sum(HITS["news"]) / 180)
    assert row["difference"] == pytest.approx(row["rate"] - row["rate_second"])
    assert row["low"] < row["difference"] < row["high"]
    assert row["p_value"] < 0.001
    assert row["p_holm"] == row["p_value"]


def test_trainings_that_disagree_make_a_difference_uncertain() -> None:
    steady = rows(*(trained("news", seed, 30) for seed in range(3)), *(trained("chat", seed, 15) for seed in range(3)))
    luck = [trained("news", seed, hits) for seed, hits in enumerate((0, 30, 60))]
    lucky = rows(*luck, *(trained("chat", seed, 15) for seed in range(3)))
    assert steady[0]["difference"] == pytest.approx(lucky[0]["difference"])
    assert steady[0]["p_value"] < 0.05 < lucky[0]["p_value"]
    assert lucky[0]["high"] - lucky[0]["low"] > 2 * (steady[0]["high"] - steady[0]["low"])


def test_recipes_and_epochs_are_compared_on_the_same_probes() -> None:
    found = rows(
        trained("news", hits=30),
        trained("news", hits=20, epoch=1),
        trained("news", hits=25, state="lora", epoch=9),
    )
    assert [(row["differs"], row["first"], row["second"]) for row in found] == [
        ("state", "full", "lora"),
        ("state", "full", "lora"),
        ("epoch", "3", "1"),
    ]
    # The same 20 probes are memorized in both epochs: only the 10 others vary.
    apart = rows(trained("news", hits=30), trained("chat", hits=20))[0]
    assert found[2]["high"] - found[2]["low"] < 0.8 * (apart["high"] - apart["low"])


def test_nothing_else_may_differ() -> None:
    assert rows(trained("news"), trained("chat", decoding="top_k")) == []
    assert rows(trained("news"), trained("news", profile="collection")) == []
    assert rows(trained("news"), trained("news", seed=1)) == []


def sheet_of(folder: Path, several_seeds: bool) -> Sheet:
    runs = [run("news"), run("chat"), run("chat", state="base")]
    outcomes, probes = [], []
    for each in runs:
        hits = 30 if each["dataset"] == "news" else 3
        written = [
            {"probe": probe, "id": str(probe), "outcome": "idea" if probe < hits else "none", "spans": 0}
            for probe in range(60)
        ]
        cut = [
            {"probe": probe, "id": str(probe), "prefix": f"{probe}", "suffix": "b", "input_text": probe}
            | {"prefix_characters": 1, "suffix_characters": 1}
            for probe in range(60)
        ]
        outcomes.append(pa.Table.from_pylist(written, schema=OutcomesTable.arrow()))
        probes.append(pa.Table.from_pylist(cut, schema=ProbesTable.arrow()))
    files = {
        "outcomes": write_parts(folder / "outcomes", OutcomesTable, outcomes),
        "probes": write_parts(folder / "probes", ProbesTable, probes),
    }
    options = {"runs": runs, "several_seeds": several_seeds}
    return differences.sheet(files, context({"news": "Multi-news"}, {"t5": "T5-base"}, options=options))


def test_the_sheet_shows_pairs_and_says_what_one_training_is_worth(tmp_path: Path) -> None:
    one, several = (sheet_of(tmp_path / str(number), number > 1) for number in (1, 2))
    [line] = texts(one.rows)
    assert (line["First"], line["Second"], line["Rate"]) == ("Multi-news", "chat", "50.00%")
    assert line["Difference"].startswith("↑45.00%***")
    assert line["p (Holm)"] == "< 0.0001"
    assert one.tidy.schema.equals(MemorizationDifferencesTable.unlabelled())
    assert "another seed could give another difference" in one.caption
    assert "both sources of chance" in several.caption
