"""A study's table of the other definitions of memorization: a line a (dataset, state), a column a definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report.tables import VARYING, Row, asked, cell, in_state, intervals, varies, write_formats

HEADINGS = {
    "extractable": "Extractable",
    "approximate": "BLEU > {bleu:g}",
    "copies_input": "Copies an input",
    "copies_target": "Copies a target",
    "equal_tokens": "Equal tokens",
    "longest_equal_run": "Longest run (tokens)",
    "longest_common_substring": "Longest run (characters)",
    "bleu": "BLEU",
    "edit_similarity": "Edit similarity",
    "rouge_l": "ROUGE-L",
    "comparable": "Comparable",
    "shared_prefix": "Shared prefix",
    "match_in_prefix": "Match in prefix",
}
"""Headings by definition, in the table's order; they may name a threshold."""

RATES = ("extractable", "approximate", "copies_input", "copies_target")
"""What counts as memorization, and so is shown with its interval."""


def write(
    table: pa.Table,
    titles: Mapping[str, Mapping[str, str]],
    label: str,
    statistics: Mapping[str, Any],
    definitions: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's estimates (schema `definitions_table`, without its label) as `tables.write_formats` does."""
    rows = table.to_pylist()
    said = caption(rows, statistics, definitions)
    write_formats(table, "definitions_table", layout(rows, titles, definitions), said, label, manifest, output)


def layout(
    rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], definitions: Mapping[str, Any]
) -> list[dict[str, str]]:
    """One row a (model, dataset, state) with the definitions side by side."""
    keys = ("model", "dataset", "state", "epoch", "population", "prefix_tokens", "decoding")
    runs: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        runs.setdefault(tuple(row[key] for key in keys), {})[row["definition"]] = row
    varying = varies(rows)
    return [
        {
            "Dataset": titles["datasets"].get(dataset, dataset),
            "Model": in_state(titles["models"].get(model, model), state, rows),
            **{heading: str(run["comparable"][name]) for name, heading in VARYING.items() if name in varying},
            **{heading.format(**definitions): shown(run[name]) for name, heading in HEADINGS.items()},
            # Every probe is told whether it is comparable.
            "n": f"{run['comparable']['n']:,}",
        }
        for (model, dataset, state, *_), run in runs.items()
    ]


def shown(row: Row) -> str:
    """A rate with its interval in percent, other fractions in percent, lengths as they are; `-` without probes."""
    if row["value"] is None:
        return "-"
    if row["definition"] in RATES:
        return cell({**row, "rate": row["value"]})
    return f"{100 * row['value']:.2f}%" if row["unit"] == "fraction" else f"{row['value']:.1f}"


def caption(rows: Sequence[Row], statistics: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What each definition is and where it comes from, in one paragraph."""
    m, bleu = definitions["tokens"], definitions["bleu"]
    return (
        f"Other definitions of memorization on the same n probes ({asked(rows)}). Against the probe's own suffix: "
        f"extractable (Carlini et al., 2021, 2023): the first {m} tokens of the generation are the suffix's, in "
        "percent of the comparable probes, whose suffix and decoding have so many. "
        f"BLEU > {bleu:g}: approximate memorization (Ippolito et al., 2023). Against all that was trained on (as Nasr "
        f"et al., 2023): generations that hold {definitions['passage']} characters in a row of any training input, or "
        "of any training target, and not in the prefix that they were asked with; white space and case aside. "
        f"These four with {intervals(statistics)}; those of the other columns stand in the .parquet and .csv files; "
        "where no probe counts, the exact (Clopper-Pearson) upper bound stands in parentheses. "
        "Means over probes, against the own suffix again: tokens equal from the first one on; longest run of tokens, "
        f"and of characters, that stands in both whole texts; and on the first {m} tokens of both, or as many as there "
        "can be, BLEU (Papineni et al., 2002), edit similarity (1 - Levenshtein distance / characters of the longer "
        "text) and ROUGE-L (F-measure; Lin, 2004). "
        "Shared prefix: probes whose prefix stands in another training input too. Match in prefix: of the detector's "
        "matches, those that lie wholly in the prompt's own prefix."
    )
