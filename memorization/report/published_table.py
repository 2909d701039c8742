"""A study's measured rates beside published ones: difference, and whether the published value lies in our interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report.tables import CATEGORY_HEADINGS, VARYING, Row, in_state, intervals, varies, write_formats
from memorization.storage import unlabelled

CATEGORIES = {
    **CATEGORY_HEADINGS,
    "paraphrase_high": "Paraphrase (high confidence)",
    "paraphrase_low": "Paraphrase (low confidence)",
}


def compared(rows: Sequence[Row]) -> pa.Table:
    """Rows of schema `published_table`, without its label, from rows of schema `table`: all that was published."""
    found = []
    for row in rows:
        for state, name, measured in (
            (row["state"], "published", ("rate", "low", "high")),
            ("difference", "published_over_base", ("over_base", "over_base_low", "over_base_high")),
        ):
            value = row[name]
            ours, low, high = (row[column] for column in measured)
            if value is None or ours is None:
                continue
            if state != "difference" and row["count"] == 0:
                # The bootstrap knows no spread where nothing was found; the exact bound does.
                high = row["exact_high"]
            found.append(
                {key: row[key] for key in COORDINATES}
                | {
                    "state": state,
                    "published": value,
                    "published_low": row[f"{name}_low"],
                    "published_high": row[f"{name}_high"],
                    "measured": ours,
                    "low": low,
                    "high": high,
                    "difference": ours - value,
                    "inside": low <= value <= high,
                }
            )
    return pa.Table.from_pylist(found, schema=unlabelled("published_table"))


COORDINATES = ("study", "dataset", "task", "model", "epoch", "prefix_tokens", "decoding", "category", "n")


def layout(table: pa.Table, rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a published number."""
    varying = varies(rows)
    return [
        {
            "Dataset": titles["datasets"].get(each["dataset"], each["dataset"]),
            "Model": "Difference"
            if each["state"] == "difference"
            else in_state(titles["models"].get(each["model"], each["model"]), each["state"], rows),
            **{heading: str(each[name]) for name, heading in VARYING.items() if name in varying},
            "Category": CATEGORIES[each["category"]],
            "Published": _with_interval(each["published"], each["published_low"], each["published_high"]),
            "Measured": _with_interval(each["measured"], each["low"], each["high"]),
            "Difference": f"{100 * each['difference']:+.2f}",
            "Inside": "yes" if each["inside"] else "no",
            "n": f"{each['n']:,}",
        }
        for each in table.to_pylist()
    ]


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    return f"{100 * value:.2f}%" + ("" if low is None or high is None else f" [{100 * low:.2f}, {100 * high:.2f}]")


def write(
    rows: Sequence[Row],
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's published numbers beside its own (rows of schema `table`) as `tables.write_formats` does."""
    table = compared(rows)
    inside = sum(table["inside"].to_pylist())
    said = (
        f"{title}: published and measured. {inside} of {table.num_rows} published numbers lie in the measured interval "
        f"({intervals(statistics)}; up to the exact bound where nothing was found). Difference: measured minus "
        "published, in percentage points. Published intervals are those of the paper, where it gives any."
    )
    write_formats(table, "published_table", layout(table, rows, titles), said, label, manifest, output)
