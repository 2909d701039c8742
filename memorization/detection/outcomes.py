"""One outcome per probe: the first candidate with a detection decides (Section 3.1, Appendix B.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

# The aligner's types and the paper's words for them.
CATEGORY_OF = {"verbatim": "verbatim", "summary": "idea", "other": "paraphrase"}


def outcomes(probes: pa.Table, matches: pa.Table) -> Iterator[dict[str, object]]:
    """Rows of schema `outcomes`, in the probes' order, from tables of the schemas `probes` and `matches`.

    A probe is counted once, with the type of its best-ranked candidate that has a match; `none` without any.
    """
    ids = probes["id"].to_pylist()
    first: dict[int, list[dict[str, object]]] = {}
    for match in matches.sort_by([("probe", "ascending"), ("rank", "ascending")]).to_pylist():
        spans = first.setdefault(match["probe"], [])
        if not spans or spans[0]["rank"] == match["rank"]:
            spans.append(match)
    for probe in range(len(ids)):
        spans = first.get(probe, [])
        row: dict[str, object] = {"probe": probe, "id": ids[probe], "outcome": "none", "spans": len(spans)}
        if spans:
            match = spans[0]
            document = match["document"]
            row |= {
                "outcome": CATEGORY_OF[str(match["type"])],
                "rank": match["rank"],
                "document": document,
                "document_id": ids[int(str(document))],
                "own_suffix": document == probe,
            }
            row |= {
                key: match[key] for key in ("generation_start", "generation_length", "suffix_start", "suffix_length")
            }
        yield row
