"""One outcome per probe: which candidate decides, and which match led to it (Section 3.1, Appendix B.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from memorization.detection.entities import key_of
from memorization.detection.spans import MatchKey, by_probe, match_key
from memorization.schemas.outcomes import STRENGTH

# The aligner's types and the paper's words for them.
CATEGORY_OF = {"verbatim": "verbatim", "summary": "idea", "other": "paraphrase"}
SPAN = ("generation_start", "generation_length", "suffix_start", "suffix_length")
# Times the generation's characters that a condensed passage has: the aligner's own bound for idea, which it applies in
# the other direction alone.
CONDENSED = 3

Rows = Mapping[MatchKey, dict[str, Any]]
"""Rows of a table about matches."""


def outcomes(
    probes: pa.Table,
    matches: pa.Table,
    paraphrases: pa.Table | None = None,
    entities: pa.Table | None = None,
    decides: str = "first",
) -> Iterator[dict[str, object]]:
    """Rows of schema `outcomes`, one per row of `probes` (columns `probe` and `id`) and in their order.

    The other tables have the schemas of the same names; documents of the matches are rows of `probes`. A probe has one
    outcome. With `first` its best-ranked candidate that has a match decides; with `strongest` the candidate of the
    strongest category does, the better-ranked of two; `none` without any match. Without `paraphrases` the outcome
    states no confidence, without `entities` no entities.
    """
    ids = by_probe(probes, "id")
    leaked = None if entities is None else _leaked_by_probe(entities)
    judged, annotated = _by_match(paraphrases), _by_match(entities)
    candidates: dict[int, dict[int, list[dict[str, Any]]]] = {}
    for match in matches.to_pylist():
        candidates.setdefault(match["probe"], {}).setdefault(match["rank"], []).append(match)
    for probe, identifier in ids.items():
        row: dict[str, object] = {"probe": probe, "id": identifier, "outcome": "none", "spans": 0}
        if leaked is not None:
            row["entities"] = len(leaked.get(probe, ()))
        ranked = candidates.get(probe)
        if ranked:
            category_of_rank = {rank: category(spans, judged) for rank, spans in ranked.items()}
            if decides == "first":
                rank = min(ranked)
            else:
                rank = min(ranked, key=lambda each: (STRENGTH.index(category_of_rank[each]), each))
            spans = ranked[rank]
            document = spans[0]["document"]
            row |= {
                "outcome": category_of_rank[rank],
                "rank": rank,
                "document": document,
                "document_id": ids[document],
                "own_suffix": document == probe,
                "spans": len(spans),
                **{key: spans[0][key] for key in SPAN},
                "condenses": condenses(spans),
                **_probability(spans, judged),
                **_entities(spans, annotated),
            }
        yield row


def category(spans: list[dict[str, Any]], judged: Rows | None) -> str:
    """The paper's word for a candidate's matches; a paraphrase is of high confidence where one of its spans is.

    `judged`: rows of schema `paraphrases`, None where no classifier judges.
    """
    named = CATEGORY_OF[spans[0]["type"]]
    if named != "paraphrase" or judged is None:
        return named
    return "paraphrase_high" if any(judged[match_key(span)]["high"] for span in spans) else "paraphrase_low"


def condenses(spans: list[dict[str, Any]]) -> bool:
    """Whether a candidate's paraphrase condenses: its passages of the suffix are `CONDENSED` times the generation's.

    With the roles of `zeng2024` the aligner reports as idea where the generation is the longer side, never this.
    """
    generated, trained = (sum(span[f"{side}_length"] for span in spans) for side in ("generation", "suffix"))
    return CATEGORY_OF[spans[0]["type"]] == "paraphrase" and trained >= CONDENSED * generated


def _probability(spans: list[dict[str, Any]], judged: Rows | None) -> dict[str, object]:
    if judged is None or spans[0]["type"] != "other":
        return {}
    rows = [judged[match_key(span)] for span in spans]
    column = "probability_between" if any(row["high"] for row in rows) else "probability"
    return {"paraphrase_probability": max((row[column] for row in rows if row[column] is not None), default=None)}


def _entities(spans: list[dict[str, Any]], annotated: Rows | None) -> dict[str, object]:
    if annotated is None:
        return {}
    rows = [annotated[match_key(span)] for span in spans]
    leaked = {key_of(entity) for row in rows for entity in row["leaked"]}
    return {"entities_match": all(row["entities_match"] for row in rows), "leaked_entities": len(leaked)}


def _leaked_by_probe(entities: pa.Table) -> dict[int, set[str]]:
    """The entities (`key_of`) that each probe's matches leak."""
    leaked: dict[int, set[str]] = {}
    for row in entities.select(["probe", "leaked"]).to_pylist():
        leaked.setdefault(row["probe"], set()).update(key_of(entity) for entity in row["leaked"])
    return leaked


def _by_match(table: pa.Table | None) -> Rows | None:
    return None if table is None else {match_key(row): row for row in table.to_pylist()}
