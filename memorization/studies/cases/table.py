"""The clearest cases as a table (Table 22)."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from memorization import storage
from memorization.detection.personal_data import read_places
from memorization.detection.spans import read_texts
from memorization.report import cells
from memorization.report.cells import Cell, Excerpt
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.texts import printable
from memorization.report.words import coordinate, varying
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT32, TEXT, Column, Nullable, StudyTable
from memorization.studies.cases.cases import Case, case_rows, cases_of, clearest

PACKAGES = ("pyarrow",)
"""What a sheet is computed by, for its manifest."""

HEADINGS = {
    "verbatim": "Verbatim",
    "paraphrase_high": "Paraphrase (high confidence)",
    "paraphrase_low": "Paraphrase (low confidence)",
    "paraphrase": "Paraphrase",
    "idea": "Idea",
}
MASKING = {
    "nothing": "Personal data are not masked.",
    "patterns": "E-mail and postal addresses, telephone numbers, dates, ages, numbers of cards and accounts, secrets "
    "and identifiers are masked by their type in brackets; names are not, because no tagger is configured.",
    "names and patterns": "What the tagger takes for a name, e-mail and postal addresses, telephone numbers, dates, "
    "ages, numbers of cards and accounts, secrets and identifiers are masked by their type in brackets; taggers err, "
    "so look before you pass them on.",
}
# Characters of an aligned passage that are printed at most; the Parquet and CSV files contain it whole.
LONGEST = 600


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study.

    Files, one for each of the option `runs`: `outcomes`, `generations`, `probes` and, where the study masks,
    `personal_data` of the generations and `probes_personal_data`.
    """
    study = context.options["study"]
    cases = _cases(files, context)
    rows = case_rows(clearest(cases, study["each"]), study["context"])
    tidy = pa.Table.from_pylist([{"study": context.study, **row} for row in rows], schema=CasesTable.unlabelled())
    masking = "nothing" if not study["mask"] else "names and patterns" if context.options["tagger"] else "patterns"
    caption = (
        f"The clearest of {len(cases):,} cases: paraphrases by the classifier's probability times the ratio of the "
        "passages' lengths, others by the length of the shorter passage; what only repeats its prompt is left out, and "
        f"a passage is shown once. Aligned passages are marked, and shown whole up to {LONGEST} characters. "
        f"{MASKING[masking]}"
    )
    return Sheet(CasesTable, tidy, layout(tidy.to_pylist(), context), context.heading, caption, context.label)


def _cases(files: Files, context: Context) -> list[Case]:
    """Every case of the study's runs."""
    cases = []
    for number, run in enumerate(context.options["runs"]):
        of_run = {name: paths[number] for name, paths in files.items()}
        outcomes = storage.read(of_run["outcomes"], OutcomesTable)
        texts = read_texts(of_run["generations"], of_run["probes"])
        masks = read_places(*(of_run[name] for name in ("personal_data", "probes_personal_data") if name in of_run))
        cases += cases_of(run, outcomes, texts, masks)
    return cases


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell | Excerpt]]:
    """One row per case, with the aligned passages marked."""
    return [
        {
            "Type": cells.text(HEADINGS[row["type"]]),
            "From": cells.text(
                ", ".join(
                    [
                        context.dataset(row["dataset"]),
                        context.model(row["model"]),
                        row["state"],
                        *([coordinate(row, "side")] if "side" in varying(rows) else []),
                    ]
                )
            ),
            **{
                heading: excerpt(*(printable(row[f"{side}_{part}"]) for part in ("before", "aligned", "after")))
                for heading, side in (("Machine-written text", "generation"), ("Training text", "training"))
            },
        }
        for row in rows
    ]


def excerpt(before: str, aligned: str, after: str) -> Excerpt:
    """An excerpt with its aligned passage marked.

    Of a passage longer than `LONGEST`, the middle is left out, and the number of its characters is given instead.
    """
    inner = aligned.strip()
    # Spaces are outside of the marks, because Markdown takes marks beside a space for asterisks.
    begin = aligned.index(inner)
    before, after = before + aligned[:begin], aligned[begin + len(inner) :] + after
    if len(inner) > LONGEST:
        first, last = inner[: LONGEST // 2], inner[-(LONGEST // 2) :]
        first, last = first.rpartition(" ")[0] or first, last.partition(" ")[2] or last
        inner = f"{first} […{len(inner) - len(first) - len(last):,} characters…] {last}"
    return Excerpt(before, inner, after)


class CasesTable(StudyTable, RunColumns):
    """A study's clearest cases: one row per case."""

    name = "cases_table"

    type = Column(TEXT, "")
    """outcome of the probe, as in `outcomes`"""
    probe = Column(INT32, "")
    """row number of the probe in its probes table"""
    probability = Nullable(FLOAT64, "")
    """p(equivalent) of a paraphrase; null without one"""
    generation_before = Column(TEXT, "")
    """text before the aligned passage in the generation; personal data masked where asked for"""
    generation_aligned = Column(TEXT, "")
    """aligned passage in the generation; personal data masked where asked for"""
    generation_after = Column(TEXT, "")
    """text after it in the generation; personal data masked where asked for"""
    training_before = Column(TEXT, "")
    """text before the aligned passage in the training text; personal data masked where asked for"""
    training_aligned = Column(TEXT, "")
    """aligned passage in the training text; personal data masked where asked for"""
    training_after = Column(TEXT, "")
    """text after it in the training text; personal data masked where asked for"""
