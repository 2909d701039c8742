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
# Characters of an aligned passage that are shown; the Parquet and CSV files hold it whole.
LONGEST = 600


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
        f"{title}. The clearest of {found:,} cases: paraphrases by the classifier's probability times the ratio of the "
        "passages' lengths, others by the length of the shorter passage; what only repeats its prompt is left out, and "
        f"a passage is shown once. Aligned passages are marked, and shown whole up to {LONGEST} characters. "
        f"{MASKED[masked]}"
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
                heading: in_context(*(plain(row[f"{side}_{part}"]) for part in ("before", "aligned", "after")))
                for heading, side in (("Machine-written text", "generation"), ("Training text", "training"))
            },
        }
        for row in table.to_pylist()
    ]


def in_context(before: str, aligned: str, after: str) -> str:
    """An excerpt with its aligned passage marked; the middle of one longer than `LONGEST` is left out, and counted."""
    inner = aligned.strip()
    # Spaces stand outside of the marks: Markdown takes marks beside a space for asterisks.
    begin = aligned.index(inner)
    before, after = before + aligned[:begin], aligned[begin + len(inner) :] + after
    if len(inner) > LONGEST:
        first, last = inner[: LONGEST // 2], inner[-(LONGEST // 2) :]
        first, last = first.rpartition(" ")[0] or first, last.partition(" ")[2] or last
        inner = f"{first} […{len(inner) - len(first) - len(last):,} characters…] {last}"
    return before + marked(inner) + after


def plain(text: str) -> str:
    """A text on one line, without characters that show nothing or that are kept for marks."""
    return re.sub(r"\s+", " ", re.sub(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff]", "", text))
