from typing import Any

import pyarrow as pa
import pytest

from memorization.detection.outcomes import outcomes
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.paraphrases import ParaphrasesTable
from memorization.schemas.schema import Schema

PROBES = pa.table({"probe": [0, 1, 2, 3], "id": ["a", "b", "c", "d"]})
SPANS = ("generation_start", "generation_length", "suffix_start", "suffix_length")


def match(probe: int, rank: int, document: int, kind: str = "other", start: int = 0, span: int = 0) -> dict[str, Any]:
    spans = dict(zip(SPANS, (start, 50, start + 5, 60), strict=True))
    return {"probe": probe, "rank": rank, "document": document, "span": span, "type": kind, **spans}


def decided(*matches: dict[str, Any], probes: pa.Table = PROBES) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist(list(matches), schema=MatchesTable.arrow())
    rows: list[dict[str, Any]] = pa.Table.from_pylist(
        list(outcomes(probes, table)), schema=OutcomesTable.arrow()
    ).to_pylist()
    return rows


def test_every_probe_has_one_outcome_in_the_order_of_the_probes() -> None:
    rows = decided(match(2, 1, 2), match(0, 3, 1))
    assert [(row["probe"], row["id"]) for row in rows] == [(0, "a"), (1, "b"), (2, "c"), (3, "d")]
    assert [row["outcome"] for row in rows] == ["paraphrase", "none", "paraphrase", "none"]


def test_a_probe_is_known_by_its_number_not_by_its_place() -> None:
    late = pa.table({"probe": [5000, 5002, 5001], "id": ["x", "y", "z"]})
    rows = decided(match(5001, 1, 5000), match(5002, 1, 5002), probes=late)
    assert [(row["probe"], row["id"]) for row in rows] == [(5000, "x"), (5002, "y"), (5001, "z")]
    assert [row["document_id"] for row in rows] == [None, "y", "x"]
    assert [row["own_suffix"] for row in rows] == [None, True, False]


def test_a_part_of_the_matches_gives_the_rows_of_the_whole() -> None:
    matches = [match(0, 1, 3), match(2, 1, 0), match(3, 2, 3), match(3, 2, 3, start=60, span=1)]
    assert decided(*matches[1:])[1:] == decided(*matches)[1:]


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
    row = decided(match(0, 1, 0, start=7), match(0, 1, 0, start=90, span=1), match(0, 2, 1))[0]
    assert (row["spans"], row["generation_start"], row["suffix_start"]) == (2, 7, 12)
    assert (row["generation_length"], row["suffix_length"]) == (50, 60)


def test_own_suffixes_are_distinguished_from_those_of_other_probes() -> None:
    rows = decided(match(0, 1, 0), match(1, 1, 0))
    assert [row["own_suffix"] for row in rows] == [True, False, None, None]


def about(match: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {key: match[key] for key in ("probe", "rank", "document", "span")} | values


def confidence(match: dict[str, Any], probability: float | None, between: float | None) -> dict[str, Any]:
    values = {"probability": probability, "probability_between": between, "high": between is not None}
    return about(match, pairs=1, cut_pairs=0, **values)


def annotation(match: dict[str, Any], matches: bool, leaked: list[str]) -> dict[str, Any]:
    texts = [{"type": "date", "text": text} for text in leaked]
    return about(
        match,
        generation_entities=[],
        training_entities=texts,
        relation="subset" if matches else "different",
        entities_match=matches,
        leaked=texts,
    )


def annotated(
    matches: list[dict[str, Any]],
    paraphrases: list[dict[str, Any]] | None = None,
    entities: list[dict[str, Any]] | None = None,
    decides: str = "first",
) -> list[dict[str, Any]]:
    tables: list[tuple[list[dict[str, Any]] | None, type[Schema]]] = [
        (matches, MatchesTable),
        (paraphrases, ParaphrasesTable),
        (entities, EntitiesTable),
    ]
    given = [None if rows is None else pa.Table.from_pylist(rows, schema=table.arrow()) for rows, table in tables]
    decided_rows = list(outcomes(PROBES, *given, decides=decides))
    rows: list[dict[str, Any]] = pa.Table.from_pylist(decided_rows, schema=OutcomesTable.arrow()).to_pylist()
    return rows


def test_paraphrases_are_of_high_or_low_confidence_where_they_were_judged() -> None:
    high, low = match(0, 1, 0), match(1, 1, 0)

    rows = annotated([high, low], [confidence(high, 0.999, 0.8), confidence(low, 0.4, None)])

    assert [row["outcome"] for row in rows] == ["paraphrase_high", "paraphrase_low", "none", "none"]
    assert [row["paraphrase_probability"] for row in rows] == [0.8, 0.4, None, None]


def test_one_span_of_high_confidence_makes_the_candidate_one() -> None:
    spans = [match(0, 1, 0), match(0, 1, 0, start=60, span=1)]

    [row, *_] = annotated(spans, [confidence(spans[0], 0.995, None), confidence(spans[1], 0.6, 0.6)])

    assert (row["outcome"], row["paraphrase_probability"], row["spans"]) == ("paraphrase_high", 0.6, 2)


def test_a_paraphrase_without_pairs_is_of_low_confidence_and_has_no_probability() -> None:
    unjudged = match(0, 1, 0)

    [row, *_] = annotated([unjudged], [confidence(unjudged, None, None)])

    assert (row["outcome"], row["paraphrase_probability"]) == ("paraphrase_low", None)


def test_other_outcomes_have_no_confidence() -> None:
    rows = annotated([match(0, 1, 0, "verbatim"), match(1, 1, 0, "summary")], [])

    assert [row["outcome"] for row in rows[:2]] == ["verbatim", "idea"]
    assert {row["paraphrase_probability"] for row in rows} == {None}


def test_entities_of_all_the_spans_of_the_deciding_candidate_count_each_once() -> None:
    spans = [match(0, 1, 0), match(0, 1, 0, start=60, span=1), match(0, 2, 1)]
    entities = [
        annotation(spans[0], True, ["May 3"]),
        annotation(spans[1], False, ["may 3", "May 4"]),
        annotation(spans[2], True, ["May 5"]),
    ]

    rows = annotated(spans, None, entities)

    assert (rows[0]["entities_match"], rows[0]["leaked_entities"]) == (False, 2)
    assert (rows[1]["entities_match"], rows[1]["leaked_entities"]) == (None, None)
    # Those of the probe are of any of its candidates.
    assert [row["entities"] for row in rows[:2]] == [3, 0]


def test_without_annotations_their_columns_are_null() -> None:
    [row, *_] = annotated([match(0, 1, 0)])

    assert row["outcome"] == "paraphrase"
    columns = ("paraphrase_probability", "entities_match", "leaked_entities", "entities")
    assert [row[key] for key in columns] == [None] * 4


def test_the_strongest_candidate_decides_where_that_is_configured() -> None:
    idea, low, high = match(0, 1, 0, "summary"), match(0, 2, 1), match(0, 3, 2)
    first, second = match(1, 4, 0, "verbatim"), match(1, 2, 1, "verbatim")
    judged = [confidence(low, 0.1, None), confidence(high, 0.9, 0.9)]

    rows = annotated([idea, low, high, first, second], judged, decides="strongest")

    assert [(row["outcome"], row["rank"]) for row in rows[:2]] == [("paraphrase_high", 3), ("verbatim", 2)]
    assert annotated([idea, low, high], judged)[0]["outcome"] == "idea"
