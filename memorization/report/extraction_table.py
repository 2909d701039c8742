"""A study's table of what can be extracted without sampling: a line a (dataset, state, decoding), a column a n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report.tables import VARYING, Row, cell, in_state, intervals, varies, write_formats

POPULATIONS = {"member": "training", "control": "test"}


def write(
    table: pa.Table,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's shares (schema `extraction_table`, without its label) as `tables.write_formats` does."""
    rows = table.to_pylist()
    said = f"{title}. {caption(rows, statistics)}"
    write_formats(table, "extraction_table", layout(rows, titles), said, label, manifest, output)


def shown_probability(rows: Sequence[Row]) -> float:
    """The p whose discoverable shares people are shown: the middle one."""
    asked = sorted({row["probability"] for row in rows if row["probability"] is not None})
    middle: float = asked[len(asked) // 2]
    return middle


def layout(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a run with its discoverable shares side by side, by n, and the expected share of the largest n.

    Coordinates that do not vary are left out, except the decoding.
    """
    keys = ("model", "dataset", "prefix_tokens", "decoding", "state", "epoch", "population")
    runs: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["draws"] is not None:
            runs.setdefault(tuple(row[key] for key in keys), []).append(row)
    shown = shown_probability(rows)
    largest = max(row["draws"] for row in rows if row["draws"] is not None)
    varying = [name for name in varies(rows) if name != "decoding"]
    several = len({row["population"] for row in rows}) > 1
    lines = []
    for run in runs.values():
        first = run[0]
        discoverable = [row for row in run if row["probability"] == shown]
        expected = next(row for row in run if row["measure"] == "expected" and row["draws"] == largest)
        lines.append(
            {
                "Dataset": titles["datasets"].get(first["dataset"], first["dataset"]),
                "Model": in_state(titles["models"].get(first["model"], first["model"]), first["state"], rows),
                **{VARYING[name]: str(first[name]) for name in varying},
                **({"Inputs": POPULATIONS[first["population"]]} if several else {}),
                "Decoding": first["decoding"],
                **{f"n = {row['draws']:,}": share(row) for row in discoverable},
                f"Expected, n = {largest:,}": share(expected),
                "Probes": f"{first['n']:,}",
            }
        )
    return lines


def share(row: Row) -> str:
    """A share with its interval in percent; `-` where no probe is comparable."""
    return "-" if row["value"] is None else cell({**row, "rate": row["value"]})


def caption(rows: Sequence[Row], statistics: Mapping[str, Any]) -> str:
    """What the numbers are, in one paragraph."""
    length = max(row["length"] for row in rows)
    return (
        f"Suffixes that n drawn texts give back, told from the likelihood of their first {length} tokens without "
        f"drawing any, in percent of the probes whose suffix has so many tokens, with {intervals(statistics)}. "
        "q is the probability that one text begins with those tokens. Columns n: (n, p)-discoverable suffixes, "
        f"1 - (1 - q)^n >= p with p = {shown_probability(rows):g} (Hayes et al., 2024); other p stand in the .parquet "
        "and .csv files. Expected: the mean of 1 - (1 - q)^n. Greedy decoding writes one text, whatever n. Where no "
        "suffix counts, the exact (Clopper-Pearson) upper bound stands in parentheses."
        + (
            " Inputs: training, or test inputs that no model was trained on."
            if len({row["population"] for row in rows}) > 1
            else ""
        )
    )
