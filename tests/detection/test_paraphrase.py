"""Confidence in paraphrases: which sentence pairs are judged, and what follows from their probabilities."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization.config.detection import Paraphrase
from memorization.detection.paraphrase import confidence, sentence_pairs
from memorization.detection.spans import RunTexts
from memorization.detection.text import SentenceModel, sentence_model
from memorization.schemas.matches import MatchesTable
from memorization.schemas.paraphrases import ParaphrasesTable

GENERATIONS = ["It rained. The roof leaked all night.", "Nobody came.\nNot even the mayor."]
SUFFIXES = ["It rained. Water came through the roof.", "No one was there. Not even the mayor."]


def texts(generations: list[str] = GENERATIONS) -> RunTexts:
    return RunTexts(dict(enumerate(generations)), {}, dict(enumerate(SUFFIXES)))


def bounds(low: float = 0.5, high: float = 0.99) -> Paraphrase:
    return Paraphrase(low=low, high=high)


def match(probe: int, document: int, rank: int = 1, kind: str = "other", span: int = 0) -> dict[str, Any]:
    return {
        "probe": probe,
        "rank": rank,
        "document": document,
        "span": span,
        "type": kind,
        "generation_start": 0,
        "generation_length": len(GENERATIONS[probe]),
        "suffix_start": 0,
        "suffix_length": len(SUFFIXES[document]),
    }


def table(*matches: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(matches), schema=MatchesTable.arrow())


def punkt() -> SentenceModel:
    return sentence_model("punkt_corpus", [*GENERATIONS, *SUFFIXES])


class Judge:
    """Gives probabilities by the words of a pair, and keeps a list of the pairs that it has judged."""

    def __init__(self, **by_word: float) -> None:
        self.by_word = by_word
        self.judged: list[tuple[str, str]] = []

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> tuple[np.ndarray, np.ndarray]:
        self.judged += pairs
        values = [max((p for word, p in self.by_word.items() if word in " ".join(pair)), default=0.1) for pair in pairs]
        return np.array(values), np.array(["roof" in first for first, _ in pairs])


def judged(judge: Judge, *matches: dict[str, Any], low: float = 0.5, high: float = 0.99) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = confidence(table(*matches), texts(), punkt, judge, bounds(low, high)).to_pylist()
    return rows


def test_every_pair_of_different_sentences_is_judged_generated_first() -> None:
    judge = Judge()

    [row] = judged(judge, match(0, 0))

    assert judge.judged == [
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


def test_a_newline_is_a_space_on_both_sides() -> None:
    generation, suffix = "The roof\nleaked.", "The\nroof leaks."
    row = match(0, 0) | {"generation_length": len(generation), "suffix_length": len(suffix)}
    judge = Judge()

    confidence(table(row), RunTexts({0: generation}, {}, {0: suffix}), punkt, judge, bounds())

    assert judge.judged == [("The roof leaked.", "The roof leaks.")]


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

    rows = judged(judge, match(0, 0), match(0, 0, rank=2), match(0, 0, rank=2, span=1), match(1, 1))

    assert len(judge.judged) == len(set(judge.judged))
    assert [row["probability"] for row in rows] == [0.7, 0.7, 0.7, 0.1]
    assert [(row["rank"], row["span"]) for row in rows] == [(1, 0), (2, 0), (2, 1), (1, 0)]


def test_a_match_of_equal_sentences_alone_has_no_probability_and_low_confidence() -> None:
    row = match(0, 0) | {"generation_length": len("It rained."), "suffix_length": len("It rained.")}
    judge = Judge()

    [judgement] = judged(judge, row)

    assert (judgement["pairs"], judgement["probability"], judgement["high"]) == (0, None, False)
    assert judge.judged == []


def test_without_a_match_of_type_other_nothing_is_loaded() -> None:
    def unwanted(*_: object) -> Any:
        raise AssertionError

    matches = table(match(0, 0, kind="verbatim"), match(1, 1, kind="summary"))
    judgements = confidence(matches, texts(), unwanted, unwanted, bounds(0, 1))

    assert judgements.num_rows == 0
    assert judgements.schema.names == ParaphrasesTable.arrow().names


def test_a_part_of_the_generations_gives_the_rows_of_the_whole() -> None:
    matches = [match(0, 1), match(1, 1), match(1, 0, rank=2)]
    whole = judged(Judge(Water=0.7), *matches)
    part = RunTexts({1: GENERATIONS[1]}, {}, texts().suffixes)

    rows = confidence(table(*matches[1:]), part, punkt, Judge(Water=0.7), bounds())

    assert rows.to_pylist() == whole[1:]
