"""Which training records came back, the most severe first: identifiers and numbers, no text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.schemas.leaked_records import LeakedRecordsColumns, LeakedRecordsTable
from memorization.schemas.schema import StudyTable
from memorization.studies.cases.table import HEADINGS

PACKAGES = ("pyarrow",)
"""What a sheet is computed by, for its manifest."""

SHOWN = 100
"""Records in the table at most; the file of leaked records has all."""

ORDER = (
    "Records of which entities leaked come first; then by category, verbatim before paraphrase before idea; then the "
    "longest run first."
)


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `leaked`, of schema `leaked_records`."""
    [file] = files["leaked"]
    rows = storage.read(file, LeakedRecordsTable).slice(0, SHOWN).to_pylist()
    counts = storage.manifest_of(file)["records"]
    tidy = pa.Table.from_pylist(
        [{"study": context.study, **row} for row in rows], schema=AuditRecordsTable.unlabelled()
    )
    title = f"{context.heading}: which records"
    return Sheet(AuditRecordsTable, tidy, layout(rows, context), title, caption(counts, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One line per record; what no record has is left out."""
    files = any(row["file"] for row in rows)
    return [
        {
            "Severity": cells.count(row["severity"], ""),
            "Dataset": cells.text(context.dataset(row["dataset"])),
            "Record": cells.text(row["id"]),
            **({"File": cells.text(row["file"])} if files else {}),
            "Row": cells.count(row["row"], ""),
            "What": cells.text(row["sides"]),
            "Category": cells.text(HEADINGS[row["category"]]),
            "Entities": cells.text(_entities(row)),
            "Longest run (characters)": cells.count(row["longest_run_characters"], "characters"),
            "Longest run (words)": cells.count(row["longest_run_words"], "words"),
            "Prompts": cells.count(row["prompts"], "prompts"),
            "Whose": cells.text(" and ".join(_asked(row))),
            "Decodings": cells.count(row["decodings"], "decodings"),
            "Promptings": cells.count(row["promptings"], "promptings"),
            "Prefix lengths": cells.count(row["prefix_lengths"], "prefix lengths"),
            "Copies": cells.count(row["copies"], "records"),
            "Base model too": cells.text("") if row["base"] is None else cells.yes(row["base"]),
        }
        for row in rows
    ]


def _entities(row: Row) -> str:
    return f"{row['entities']} ({row['entity_types']})" if row["entities"] else ""


def _asked(row: Row) -> list[str]:
    """Whose prompts gave a record back."""
    return [name for name, is_so in (("its own", row["own_prompt"]), ("others", row["other_prompt"])) if is_so]


def caption(counts: dict[str, dict[str, Any]], context: Context) -> str:
    """How many records came back, and what the columns are, in one paragraph."""
    numbers = "; ".join(
        f"{context.dataset(name)}: {count['leaked']:,} of {count['searched']:,} records that were searched for "
        f"({count['training']:,} training records)"
        for name, count in counts.items()
    )
    return (
        f"Training records that came back in at least one run. {numbers}. What was not searched for is not known. "
        f"At most {SHOWN} are shown, the others are in leaked_records.parquet. {ORDER} A match with a text is one with "
        "every record that has it; each match counts, those too that do not decide an outcome. Row: the record's own "
        "in its file, from 0. Entities: what leaked of addresses, numbers, dates and names, with the types. Prompts: "
        "different ones that gave the record back, its own (or that of a record with the same text) or others'. "
        "Copies: training records with the text that came back. Longest run: letter by letter, of the record and a "
        "generation that it matches."
    )


class AuditRecordsTable(StudyTable, LeakedRecordsColumns):
    """The most severe of an audit's leaked records: one row per record."""

    name = "audit_records"
