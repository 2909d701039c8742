"""The clearest cases as a table (Table 22)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report.tables import marked, write_formats

HEADINGS = {
    "verbatim": "Verbatim",
    "paraphrase_high": "Paraphrase (high confidence)",
    "paraphrase_low": "Paraphrase (low confidence)",
    "paraphrase": "Paraphrase",
    "idea": "Idea",
}
MASKED = {
    "nothing": "Personal data are not masked.",
    "patterns": "E-mail addresses, telephone numbers, dates, ages and identifiers are masked by their type in "
    "brackets; names are not, because no tagger is configured.",
    "names and patterns": "What the tagger takes for a name, and e-mail addresses, telephone numbers, dates, ages and "
    "identifiers, are masked by their type in brackets; taggers err, so look before you pass them on.",
}


def write(
    table: pa.Table,
    found: int,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    masked: str,
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write cases (schema `cases`, without its label) as `tables.write_formats` does.

    `found` is the number of cases they were chosen from, `masked` a key of `MASKED`.
    """
    said = (
        f"{title}. The clearest of {found:,} cases: by the classifier's probability for paraphrases, then by the "
        "length of the shorter passage; what only repeats its prompt is left out, and a training passage shown once. Aligned "
        f"passages are marked. {MASKED[masked]}"
    )
    write_formats(table, "cases", layout(table, titles), said, label, manifest, output)


def layout(table: pa.Table, titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a case, with the aligned passages marked."""
    return [
        {
            "Type": HEADINGS[row["type"]],
            "From": ", ".join(
                [
                    titles["datasets"].get(row["dataset"], row["dataset"]),
                    titles["models"].get(row["model"], row["model"]),
                    row["state"],
                ]
            ),
            **{
                heading: plain(row[f"{side}_before"])
                + marked(plain(row[f"{side}_aligned"]))
                + plain(row[f"{side}_after"])
                for heading, side in (("Machine-written text", "generation"), ("Training text", "training"))
            },
        }
        for row in table.to_pylist()
    ]


def plain(text: str) -> str:
    """A text on one line, without characters that show nothing or that are kept for marks."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]", "", text))
