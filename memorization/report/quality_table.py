"""A study's quality (Tables 16 to 21): a line a model in its state, a column a metric, and published values below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report.tables import VARYING, Row, in_state, intervals, varies, write_formats
from memorization.storage import unlabelled

HEADINGS = {
    "rouge1": "ROUGE-1 (%)",
    "rouge2": "ROUGE-2 (%)",
    "rougeL": "ROUGE-L (%)",
    "rougeLsum": "ROUGE-Lsum (%)",
    "accuracy": "Accuracy (%)",
    "exact_match": "Exact match (%)",
    "f1": "F1 (%)",
    "bleu": "BLEU (%)",
    "answer_tokens": "Answer (tokens)",
}
"""Headings by metric, in the table's order."""

MEANINGS = {
    "rouge1": "ROUGE (Lin, 2004): F-measure, words stemmed; a sentence of ROUGE-Lsum is a line of the text.",
    "accuracy": "Accuracy: the answer is the label, whatever its case and the punctuation around it.",
    "exact_match": "Exact match and F1 as in SQuAD (Rajpurkar et al., 2016), the best over all right answers.",
    "bleu": "BLEU (Papineni et al., 2002) of the corpus by sacreBLEU.",
}
COORDINATES = ("model", "dataset", "state", "epoch", "decoding")


def write(
    table: pa.Table,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's quality (schema `quality_table`, without its label) as `tables.write_formats` does."""
    rows = table.to_pylist()
    said = f"{title}. {caption(rows, statistics)}"
    write_formats(table, "quality_table", layout(rows, titles), said, label, manifest, output)


def layout(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a (dataset, model, state) with the metrics side by side, and one of published values where there are."""
    shown = [metric for metric in HEADINGS if any(row["metric"] == metric for row in rows)]
    runs: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        runs.setdefault(tuple(row[key] for key in COORDINATES), {})[row["metric"]] = row
    wide: list[dict[str, str]] = []
    previous = None
    for run in runs.values():
        one = next(iter(run.values()))
        dataset = titles["datasets"].get(one["dataset"], one["dataset"])
        line = {
            "Dataset": "" if one["dataset"] == previous else dataset,
            "Model": name_of(one, rows, titles),
            **{heading: str(one[key]) for key, heading in VARYING.items() if key in varies(rows)},
            **{HEADINGS[metric]: cell(run[metric]) if metric in run else "" for metric in shown},
            "n": f"{one['n']:,}",
        }
        wide.append(line)
        if any(row["published"] is not None for row in run.values()):
            published = {HEADINGS[metric]: percent(row["published"]) for metric, row in run.items()}
            wide.append(dict.fromkeys(line, "") | {"Model": "Published"} | published)
        previous = one["dataset"]
    return wide


def name_of(row: Row, rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> str:
    """A model's name with its state, or alone where the table shows it in none but the published one."""
    name = titles["models"].get(row["model"], row["model"])
    states = {each["state"] for each in rows if each["model"] == row["model"]}
    return name if states == {"base"} else in_state(name, row["state"], rows)


def cell(row: Row) -> str:
    """A score in percent with its interval, 0 of n with the exact upper bound; a length as it is."""
    if row["unit"] != "fraction":
        return f"{row['value']:.1f}"
    if row["count"] == 0:
        return f"0.00 (≤ {percent(row['exact_high'])})"
    return f"{percent(row['value'])} [{percent(row['low'])}, {percent(row['high'])}]"


def upper(row: Row) -> float:
    """The upper bound of a score: the bootstrap knows no spread where no answer was right, the exact bound does."""
    bound: float = row["exact_high"] if row["count"] == 0 else row["high"]
    return bound


def percent(fraction: float | None) -> str:
    """A fraction in percent, without the sign; nothing for none."""
    return "" if fraction is None else f"{100 * fraction:.2f}"


def caption(rows: Sequence[Row], statistics: Mapping[str, Any]) -> str:
    """What the numbers are, in one paragraph."""
    decodings = ", ".join(dict.fromkeys(row["decoding"] for row in rows))
    parts = [
        f"Quality of the answers to n test rows (decoding: {decodings}), which nothing was fine-tuned on here, with "
        f"{intervals(statistics)}; inputs are resampled, each with all answers to it."
    ]
    parts += [said for metric, said in MEANINGS.items() if any(row["metric"] == metric for row in rows)]
    if any(row["count"] == 0 for row in rows):
        parts.append("Where no answer is right, the exact (Clopper-Pearson) upper bound stands in parentheses.")
    if any(row["published"] is not None for row in rows):
        parts.append("Published: the values of the paper for the model above.")
    return " ".join(parts)


def compared(rows: Sequence[Row]) -> pa.Table:
    """Rows of schema `quality_published_table`, without its label, from rows of schema `quality_table`."""
    found = []
    for row in rows:
        if row["published"] is None:
            continue
        high = upper(row)
        found.append(
            {key: row[key] for key in ("study", "task", "metric", "n", *COORDINATES)}
            | {key: row[key] for key in ("published", "published_low", "published_high", "low")}
            | {"measured": row["value"], "high": high, "difference": row["value"] - row["published"]}
            | {"inside": row["low"] <= row["published"] <= high}
        )
    return pa.Table.from_pylist(found, schema=unlabelled("quality_published_table"))


def write_published(
    rows: Sequence[Row],
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write the published values beside a study's own (rows of `quality_table`) as `tables.write_formats` does."""
    table = compared(rows)
    wide = [
        {
            "Dataset": titles["datasets"].get(row["dataset"], row["dataset"]),
            "Model": name_of(row, rows, titles),
            **{heading: str(row[key]) for key, heading in VARYING.items() if key in varies(rows)},
            "Metric": HEADINGS[row["metric"]],
            "Published": percent(row["published"]),
            "Measured": f"{percent(row['measured'])} [{percent(row['low'])}, {percent(row['high'])}]",
            "Difference": f"{100 * row['difference']:+.2f}",
            "Inside": "yes" if row["inside"] else "no",
            "n": f"{row['n']:,}",
        }
        for row in table.to_pylist()
    ]
    inside = sum(table["inside"].to_pylist())
    said = (
        f"{title}: published and measured. {inside} of {table.num_rows} published values lie in the measured interval "
        f"({intervals(statistics)}; up to the exact bound where no answer was right). Difference: measured minus "
        "published, in percentage points."
    )
    write_formats(table, "quality_published_table", wide, said, label, manifest, output)
