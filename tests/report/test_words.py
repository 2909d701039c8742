"""Wording that tables and figures share."""

from typing import Any

import pytest
from sheets import STATISTICS, run

from memorization.report.words import (
    VARYING,
    coordinate,
    coverage,
    in_state,
    intervals,
    searched,
    sources,
    task_heading,
    varying,
)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"epoch": [1, 3]}, ["Epochs"]),
        ({"decoding": ["greedy", "top_k"]}, ["Decoding"]),
        ({"side": ["input", "target"]}, ["Searched for"]),
        ({"prefix_tokens": [10, 50]}, ["Prefix tokens"]),
        ({"dataset": ["news", "chat"], "prefix_tokens": [15, 50]}, []),
        ({"state": ["base", "full"], "epoch": [0, 3]}, []),
    ],
)
def test_coordinates_are_shown_where_a_study_varies_them(changes: dict[str, list[Any]], shown: list[str]) -> None:
    rows = [run() | {name: values[number] for name, values in changes.items()} for number in (0, 1)]
    assert [VARYING[name] for name in varying(rows)] == shown


def test_what_is_searched_for_is_said_where_it_is_more_than_suffixes_of_inputs() -> None:
    rows = [run() | {"side": side} for side in ("target", "input")]
    assert [coordinate(row, "side") for row in rows] == ["targets", "inputs"]
    assert [coordinate(row | {"decoding": "target"}, "decoding") for row in rows] == ["target"] * 2
    assert searched(rows[1:]) == ""
    text = searched(rows)
    assert "inputs: the suffixes of inputs; targets: what is trained to be written for these inputs." in text
    assert "n counts every prompt" in text
    assert "both" not in text


def test_recipes_are_named_where_there_are_several() -> None:
    several = [run(state=state) for state in ("base", "full", "lora")]
    assert in_state("T5", "lora", several) == "T5 (lora)"
    assert in_state("T5", "lora", several[:1] + several[2:]) == "T5 (fine-tuned)"
    assert in_state("T5", "base", several) == "T5 (base)"
    assert in_state("BART", "base", several[:1]) == "BART"


def test_unknown_tasks_are_named_as_they_are_configured() -> None:
    assert [task_heading(task) for task in ("qa", "haiku")] == ["Reading Comprehension", "haiku"]


def test_sources_name_populations_and_decodings_once() -> None:
    rows = [run(), run(population="control"), run() | {"decoding": "top_k"}]
    assert sources(rows) == "training inputs and test inputs, never trained on; decoding: greedy, top_k"


def test_intervals_are_described_with_their_settings() -> None:
    settings = {"draws": 1000, "low": 0.05, "high": 0.95}
    assert coverage(STATISTICS.model_dump()) == "95% bootstrap interval"
    assert intervals(settings) == "90% bootstrap intervals (1,000 draws, quantiles 0.05 and 0.95)"
