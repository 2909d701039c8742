"""Confidence in paraphrases: which sentence pairs are judged, and what follows from their probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization import storage
from memorization.detection.paraphrase import confidence, numbered, sentence_pairs
from memorization.detection.text import SentenceModel, sentence_model

GENERATIONS = ["It rained. The roof leaked all night.", "Nobody came.\nNot even the mayor."]
SUFFIXES = ["It rained. Water came through the roof.", "No one was there. Not even the mayor."]


def match(probe: int, document: int, rank: int = 1, kind: str = "other", start: int = 0) -> dict[str, Any]:
    return {
        "probe": probe,
        "rank": rank,
        "document": document,
        "type": kind,
        "generation_start": start,
        "generation_length": len(GENERATIONS[probe]) - start,
        "suffix_start": start,
        "suffix_length": len(SUFFIXES[document]) - start,
    }


def table(*matches: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(matches), schema=storage.SCHEMAS["matches"])


def punkt() -> SentenceModel:
    return sentence_model("punkt_corpus", [*GENERATIONS, *SUFFIXES])


class Judge:
    """Gives probabilities by what stands in a pair, and remembers what it was asked."""

    def __init__(self, **by_word: float) -> None:
        self.by_word = by_word
        self.asked: list[tuple[str, str]] = []

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
        self.asked += pairs
        values = [max((p for word, p in self.by_word.items() if word in " ".join(pair)), default=0.1) for pair in pairs]
        return np.array(values), np.array(["roof" in first for first, _ in pairs])


def judged(judge: Judge, *matches: dict[str, Any], low: float = 0.5, high: float = 0.99) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = confidence(table(*matches), GENERATIONS, SUFFIXES, punkt, judge, low, high).to_pylist()
    return rows


def test_every_pair_of_different_sentences_is_judged_generated_first() -> None:
    judge = Judge()

    [row] = judged(judge, match(0, 0))

    assert judge.asked == [
        ("It rained.", "Water came through the roof."),
        ("The roof leaked all night.", "It rained."),
        ("The roof leaked all night.", "Water came through the roof."),
    ]
    assert (row["pairs"], row["cut_pairs"]) == (3, 2)


def test_equal_sentences_are_no_paraphrases_whatever_their_case_and_edges() -> None:
    assert sentence_pairs(["It Rained. ", "Then"], ["it rained.", "now"]) == [
        ("It Rained. ", "now"),
        ("Then", "it rained."),
        ("Then", "now"),
    ]


def test_newlines_are_dropped() -> None:
    generations = ["The roof\nleaked."]
    row = match(0, 0) | {"generation_length": len(generations[0])}
    judge = Judge()

    confidence(table(row), generations, SUFFIXES, punkt, judge, 0.5, 0.99)

    assert {first for first, _ in judge.asked} == {"The roofleaked."}


@pytest.mark.parametrize(
    ("probability", "high"), [(0.0, False), (0.5, False), (0.500001, True), (0.98, True), (0.99, False), (1.0, False)]
)
def test_confidence_is_high_strictly_between_the_bounds(probability: float, high: bool) -> None:
    [row] = judged(Judge(Water=probability), match(0, 0))

    assert row["high"] is high
    assert row["probability_between"] == (probability if high else None)


def test_one_pair_between_the_bounds_is_enough_beside_a_surer_one() -> None:
    [row] = judged(Judge(Water=0.7, leaked=0.995), match(0, 0))

    assert (row["probability"], row["probability_between"], row["high"]) == (0.995, 0.7, True)


def test_bounds_are_settings() -> None:
    [row] = judged(Judge(Water=0.7), match(0, 0), low=0.7, high=0.9)

    assert row["high"] is False


def test_every_different_pair_is_judged_once_in_the_whole_run() -> None:
    judge = Judge(Water=0.7)

    rows = judged(judge, match(0, 0), match(0, 0, rank=2), match(0, 0, rank=2), match(1, 1))

    assert len(judge.asked) == len(set(judge.asked))
    assert [row["probability"] for row in rows] == [0.7, 0.7, 0.7, 0.1]
    assert [(row["rank"], row["span"]) for row in rows] == [(1, 0), (2, 0), (2, 1), (1, 0)]


def test_a_match_of_equal_sentences_alone_has_no_probability_and_low_confidence() -> None:
    row = match(0, 0) | {"generation_length": len("It rained."), "suffix_length": len("It rained.")}
    judge = Judge()

    [found] = judged(judge, row)

    assert (found["pairs"], found["probability"], found["high"], judge.asked) == (0, None, False, [])


def test_without_a_match_of_type_other_nothing_is_loaded() -> None:
    def unwanted(*_: object) -> Any:
        raise AssertionError

    found = confidence(
        table(match(0, 0, kind="verbatim"), match(1, 1, kind="summary")),
        GENERATIONS,
        SUFFIXES,
        unwanted,
        unwanted,
        0,
        1,
    )

    assert found.num_rows == 0
    assert found.schema.names == storage.SCHEMAS["paraphrases"].names


def test_matches_are_numbered_within_their_candidate_in_the_order_in_which_they_stand() -> None:
    rows = numbered(table(match(1, 1), match(0, 0, rank=2), match(0, 0, rank=2, start=3), match(0, 1, rank=1)))

    assert [(row["probe"], row["rank"], row["span"], row["generation_start"]) for row in rows] == [
        (0, 1, 0, 0),
        (0, 2, 0, 0),
        (0, 2, 1, 3),
        (1, 1, 0, 0),
    ]
