"""A study's quality (Tables 16 to 21): one row per model in a state, one column per metric, published values below."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.query import query
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, intervals, varying
from memorization.schemas.quality import QualityScoresTable
from memorization.schemas.run import AnswerColumns
from memorization.schemas.schema import FLOAT64, Nullable, StudyTable
from memorization.studies.quality.headings import HEADINGS, model_name

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""

MEANINGS = {
    "rouge1": "ROUGE (Lin, 2004): F-measure, words stemmed; a sentence of ROUGE-Lsum is a line of the text.",
    "accuracy": "Accuracy: the answer is the label, whatever its case and the punctuation around it.",
    "exact_match": "Exact match and F1 as in SQuAD (Rajpurkar et al., 2016), the best over all right answers.",
    "bleu": "BLEU (Papineni et al., 2002) of the corpus by sacreBLEU.",
}
"""Sentences of the caption on a metric and on those that are computed with it."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `quality`, `published` (one or none)."""
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {"quality": files["quality"]},
        published=next(iter(files.get("published", [])), None),
        study=context.study,
        models=list(context.titles["models"]),
        **{axis: study[axis] for axis in ("datasets", "states", "decodings")},
        metrics=list(HEADINGS),
    )
    rows = tidy.to_pylist()
    return Sheet(QualityTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per (dataset, model, state) with the metrics side by side, and one of published values, if any."""
    shown = [metric for metric in HEADINGS if any(row["metric"] == metric for row in rows)]
    lines: list[dict[str, Cell]] = []
    previous = None
    for run in side_by_side(rows, AnswerColumns.columns(), "metric"):
        one = next(iter(run.values()))
        line = {
            "Dataset": cells.text("" if one["dataset"] == previous else context.dataset(one["dataset"])),
            "Model": cells.text(model_name(one, rows, context)),
            **{VARYING[name]: cells.text(one[name]) for name in varying(rows)},
            **{HEADINGS[metric]: score(run[metric]) if metric in run else Cell() for metric in shown},
            "n": cells.count(one["n"], "answers"),
        }
        lines.append(line)
        if any(row["published"] is not None for row in run.values()):
            published = {HEADINGS[metric]: cells.percent(row["published"], "") for metric, row in run.items()}
            lines.append(dict.fromkeys(line, Cell()) | {"Model": cells.text("Published")} | published)
        previous = one["dataset"]
    return lines


def score(row: Row) -> Cell:
    """A score in percent with its interval, a share of 0 with the exact upper bound; a length unchanged."""
    return (
        cells.rate(row, "value", sign="") if row["unit"] == "fraction" else cells.number(row["value"], 1, row["unit"])
    )


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    decodings = ", ".join(dict.fromkeys(row["decoding"] for row in rows))
    parts = [
        f"Quality of the answers to n test rows (decoding: {decodings}), which nothing was fine-tuned on here, with "
        f"{intervals(context.statistics)}; inputs are resampled, each with all answers to it."
    ]
    parts += [meaning for metric, meaning in MEANINGS.items() if any(row["metric"] == metric for row in rows)]
    if any(row["count"] == 0 for row in rows):
        parts.append("Where no answer is right, the exact (Clopper-Pearson) upper bound is in parentheses.")
    if any(row["published"] is not None for row in rows):
        parts.append("Published: the values of the paper for the model above.")
    return " ".join(parts)


class QualityTable(StudyTable, QualityScoresTable):
    """A study's scores: one row per model in a state and metric."""

    name = "quality_table"

    published = Nullable(FLOAT64, "fraction")
    """published value"""
    published_low = Nullable(FLOAT64, "fraction")
    """its published lower bound"""
    published_high = Nullable(FLOAT64, "fraction")
    """its upper bound"""
