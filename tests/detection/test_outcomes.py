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
