"""One outcome per probe: which candidate decides, and what led to it (Section 3.1, Appendix B.2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from memorization.detection.entities import words_of
from memorization.detection.paraphrase import numbered

# The aligner's types and the paper's words for them.
CATEGORY_OF = {"verbatim": "verbatim", "summary": "idea", "other": "paraphrase"}
# From the strongest evidence to the weakest.
STRENGTH = ("verbatim", "paraphrase_high", "paraphrase_low", "paraphrase", "idea")
SPAN = ("generation_start", "generation_length", "suffix_start", "suffix_length")

Key = tuple[int, int, int]
"""Probe, rank and number of a match."""


def outcomes(
    probes: pa.Table,
    matches: pa.Table,
    paraphrases: pa.Table | None = None,
    entities: pa.Table | None = None,
    decides: str = "first",
) -> Iterator[dict[str, object]]:
    """Rows of schema `outcomes`, in the probes' order, from tables of the schemas of the same names.

    A probe is counted once. With `first` its best-ranked candidate that has a match decides, with `strongest` the one
    of the strongest category, the better-ranked of two; `none` without any match. Without `paraphrases` no confidence
    is told, without `entities` no entities.
    """
    ids = probes["id"].to_pylist()
    judged, annotated = _by_match(paraphrases), _by_match(entities)
    candidates: dict[int, dict[int, list[dict[str, Any]]]] = {}
    for match in numbered(matches):
        candidates.setdefault(match["probe"], {}).setdefault(match["rank"], []).append(match)
    for probe in range(len(ids)):
        row: dict[str, object] = {"probe": probe, "id": ids[probe], "outcome": "none", "spans": 0}
        ranked = candidates.get(probe)
        if ranked:
            of_rank = {rank: category(spans, judged) for rank, spans in ranked.items()}
            rank = min(ranked) if decides == "first" else min(ranked, key=lambda r: (STRENGTH.index(of_rank[r]), r))
            spans = ranked[rank]
            document = spans[0]["document"]
            row |= {
                "outcome": of_rank[rank],
                "rank": rank,
                "document": document,
                "document_id": ids[document],
                "own_suffix": document == probe,
                "spans": len(spans),
                **{key: spans[0][key] for key in SPAN},
                **_probability(spans, judged),
                **_entities(spans, annotated),
            }
        yield row


def category(spans: list[dict[str, Any]], judged: dict[Key, dict[str, Any]] | None) -> str:
    """The paper's word for a candidate's matches; a paraphrase is of high confidence where one of its spans is."""
    named = CATEGORY_OF[spans[0]["type"]]
    if named != "paraphrase" or judged is None:
        return named
    return "paraphrase_high" if any(judged[_key(span)]["high"] for span in spans) else "paraphrase_low"


def _probability(spans: list[dict[str, Any]], judged: dict[Key, dict[str, Any]] | None) -> dict[str, object]:
    if judged is None or spans[0]["type"] != "other":
        return {}
    rows = [judged[_key(span)] for span in spans]
    column = "probability_between" if any(row["high"] for row in rows) else "probability"
    return {"paraphrase_probability": max((row[column] for row in rows if row[column] is not None), default=None)}


def _entities(spans: list[dict[str, Any]], annotated: dict[Key, dict[str, Any]] | None) -> dict[str, object]:
    if annotated is None:
        return {}
    rows = [annotated[_key(span)] for span in spans]
    leaked = {words_of(entity["text"]) for row in rows for entity in row["leaked"]}
    return {"entities_match": all(row["entities_match"] for row in rows), "leaked_entities": len(leaked)}


def _by_match(table: pa.Table | None) -> dict[Key, dict[str, Any]] | None:
    return None if table is None else {_key(row): row for row in table.to_pylist()}


def _key(row: dict[str, Any]) -> Key:
    return row["probe"], row["rank"], row["span"]
