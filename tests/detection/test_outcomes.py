from typing import Any

import pyarrow as pa
import pytest

from memorization import storage
from memorization.detection.outcomes import outcomes

PROBES = pa.table({"id": ["a", "b", "c", "d"]})
SPANS = ("generation_start", "generation_length", "suffix_start", "suffix_length")


def match(probe: int, rank: int, document: int, kind: str = "other", start: int = 0) -> dict[str, Any]:
    spans = dict(zip(SPANS, (start, 50, start + 5, 60), strict=True))
    return {"probe": probe, "rank": rank, "document": document, "type": kind, **spans}


def decided(*matches: dict[str, Any]) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist(list(matches), schema=storage.SCHEMAS["matches"])
    rows: list[dict[str, Any]] = pa.Table.from_pylist(
        list(outcomes(PROBES, table)), schema=storage.SCHEMAS["outcomes"]
    ).to_pylist()
    return rows


def test_every_probe_has_one_outcome_in_the_order_of_the_probes() -> None:
    rows = decided(match(2, 1, 2), match(0, 3, 1))
    assert [(row["probe"], row["id"]) for row in rows] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert [row["outcome"] for row in rows] == ["paraphrase", "none", "paraphrase", "none"]


@pytest.mark.parametrize(("kind", "outcome"), [("verbatim", "verbatim"), ("summary", "idea"), ("other", "paraphrase")])
def test_types_of_the_aligner_have_the_names_of_the_paper(kind: str, outcome: str) -> None:
    assert decided(match(1, 1, 1, kind))[1]["outcome"] == outcome


def test_without_matches_nothing_decides() -> None:
    for row in decided():
        assert (row["outcome"], row["spans"]) == ("none", 0)
        assert all(row[key] is None for key in ("rank", "document", "document_id", "own_suffix", *SPANS))


def test_the_best_ranked_candidate_with_a_match_decides() -> None:
    row = decided(match(0, 5, 0, "verbatim"), match(0, 2, 3, "summary"), match(0, 9, 1, "other"))[0]
    assert (row["outcome"], row["rank"], row["document"], row["document_id"]) == ("idea", 2, 3, "d")


def test_several_spans_of_the_deciding_candidate_are_one_outcome() -> None:
    row = decided(match(0, 1, 0, start=7), match(0, 1, 0, start=90), match(0, 2, 1))[0]
    assert (row["spans"], row["generation_start"], row["suffix_start"]) == (2, 7, 12)
    assert (row["generation_length"], row["suffix_length"]) == (50, 60)


def test_own_suffixes_are_told_from_those_of_other_probes() -> None:
    rows = decided(match(0, 1, 0), match(1, 1, 0))
    assert [row["own_suffix"] for row in rows] == [True, False, None, None]


def span_of(found: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"probe": found["probe"], "rank": found["rank"], "document": found["document"], "span": 0, **values}


def confidence(
    found: dict[str, Any], probability: float | None, between: float | None, span: int = 0
) -> dict[str, Any]:
    values = {"probability": probability, "probability_between": between, "high": between is not None}
    return span_of(found, pairs=1, cut_pairs=0, **values) | {"span": span}


def annotation(found: dict[str, Any], matches: bool, leaked: list[str], span: int = 0) -> dict[str, Any]:
    texts = [{"type": "date", "text": text} for text in leaked]
    return span_of(
        found,
        generation_entities=[],
        training_entities=texts,
        relation="subset" if matches else "different",
        entities_match=matches,
        leaked=texts,
    ) | {"span": span}


def annotated(
    matches: list[dict[str, Any]],
    paraphrases: list[dict[str, Any]] | None = None,
    entities: list[dict[str, Any]] | None = None,
    decides: str = "first",
) -> list[dict[str, Any]]:
    tables = {
        name: None if rows is None else pa.Table.from_pylist(rows, schema=storage.SCHEMAS[name])
        for name, rows in (("matches", matches), ("paraphrases", paraphrases), ("entities", entities))
    }
    rows = outcomes(PROBES, tables["matches"], tables["paraphrases"], tables["entities"], decides)
    found: list[dict[str, Any]] = pa.Table.from_pylist(list(rows), schema=storage.SCHEMAS["outcomes"]).to_pylist()
    return found


def test_paraphrases_are_of_high_or_low_confidence_where_they_were_judged() -> None:
    high, low = match(0, 1, 0), match(1, 1, 0)

    rows = annotated([high, low], [confidence(high, 0.999, 0.8), confidence(low, 0.4, None)])

    assert [row["outcome"] for row in rows] == ["paraphrase_high", "paraphrase_low", "none", "none"]
    assert [row["paraphrase_probability"] for row in rows] == [0.8, 0.4, None, None]


def test_one_span_of_high_confidence_makes_the_candidate_one() -> None:
    spans = [match(0, 1, 0), match(0, 1, 0, start=60)]

    [row, *_] = annotated(spans, [confidence(spans[0], 0.995, None), confidence(spans[1], 0.6, 0.6, span=1)])

    assert (row["outcome"], row["paraphrase_probability"], row["spans"]) == ("paraphrase_high", 0.6, 2)


def test_a_paraphrase_without_pairs_is_of_low_confidence_and_has_no_probability() -> None:
    found = match(0, 1, 0)

    [row, *_] = annotated([found], [confidence(found, None, None)])

    assert (row["outcome"], row["paraphrase_probability"]) == ("paraphrase_low", None)


def test_other_outcomes_have_no_confidence() -> None:
    rows = annotated([match(0, 1, 0, "verbatim"), match(1, 1, 0, "summary")], [])

    assert [row["outcome"] for row in rows[:2]] == ["verbatim", "idea"]
    assert {row["paraphrase_probability"] for row in rows} == {None}


def test_entities_of_all_the_spans_of_the_deciding_candidate_count_each_once() -> None:
    spans = [match(0, 1, 0), match(0, 1, 0, start=60), match(0, 2, 1)]
    entities = [
        annotation(spans[0], True, ["May 3"]),
        annotation(spans[1], False, ["may 3", "May 4"], span=1),
        annotation(spans[2], True, ["May 5"]),
    ]

    rows = annotated(spans, None, entities)

    assert (rows[0]["entities_match"], rows[0]["leaked_entities"]) == (False, 2)
    assert (rows[1]["entities_match"], rows[1]["leaked_entities"]) == (None, None)


def test_without_annotations_nothing_is_told() -> None:
    [row, *_] = annotated([match(0, 1, 0)])

    assert row["outcome"] == "paraphrase"
    assert [row[key] for key in ("paraphrase_probability", "entities_match", "leaked_entities")] == [None] * 3


def test_the_strongest_candidate_decides_where_that_is_asked_for() -> None:
    idea, low, high = match(0, 1, 0, "summary"), match(0, 2, 1), match(0, 3, 2)
    first, second = match(1, 4, 0, "verbatim"), match(1, 2, 1, "verbatim")
    judged = [confidence(low, 0.1, None), confidence(high, 0.9, 0.9)]

    rows = annotated([idea, low, high, first, second], judged, decides="strongest")

    assert [(row["outcome"], row["rank"]) for row in rows[:2]] == [("paraphrase_high", 3), ("verbatim", 2)]
    assert annotated([idea, low, high], judged)[0]["outcome"] == "idea"
