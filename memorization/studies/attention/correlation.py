"""Rank correlations of the density of the base model's attention with memorization after fine-tuning (Section 6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.detection.spans import by_probe
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, intervals, varying
from memorization.schemas.density import DensityTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable, StudyTable
from memorization.studies.attention.correlations import cell_of, correlations
from memorization.studies.attention.density import MEASURES
from memorization.studies.attention.headings import HEADINGS

PACKAGES = ("numpy",)
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study.

    Files: `density` (of base models), `outcomes` and `probes` (of the runs in the option `runs`).
    """
    by_run = zip(context.options["runs"], files["density"], files["outcomes"], files["probes"], strict=True)
    joined = [
        cell_of(
            storage.read(density, DensityTable),
            storage.read(outcomes, OutcomesTable, ["probe", "id", "outcome"]),
            by_probe(storage.read(probes, ProbesTable, ["probe", "prefix"]), "prefix"),
            run,
        )
        for run, density, outcomes, probes in by_run
    ]
    correlated = correlations(joined, Statistics.model_validate(context.statistics))
    rows = [{"study": context.study, **asdict(correlation)} for correlation in correlated]
    tidy = pa.Table.from_pylist(rows, schema=AttentionCorrelationTable.unlabelled())
    return Sheet(
        AttentionCorrelationTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label
    )


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per (recipe, group of cells or samples) with the measures side by side."""
    lines = []
    for group in side_by_side(rows, ("state", "epoch", "decoding", "over", "model", "dataset"), "measure"):
        first = group["gini"]
        model, dataset = first["model"], first["dataset"]
        line = {
            "Recipe": cells.text(first["state"]),
            **{VARYING[name]: cells.text(first[name]) for name in varying(rows)},
            "Over": cells.text(first["over"]),
            "Model": cells.text("all" if model is None else context.model(model)),
            "Dataset": cells.text("all" if dataset is None else context.dataset(dataset)),
            **{heading: _correlation(group[measure]) for measure, heading in HEADINGS.items()},
            "n": replace(cells.probes(first["n"], first["prefixes"] or first["n"]), unit=first["over"]),
            "Memorized": Cell() if first["over"] == "cells" else cells.count(first["memorized"], "samples"),
        }
        lines.append(line)
    return lines


def _correlation(row: Row) -> Cell:
    if row["spearman"] is None:
        return cells.text("-")
    bounds = "" if row["low"] is None else f" [{cells.signed(row['low'])}, {cells.signed(row['high'])}]"
    return Cell(f"{cells.signed(row['spearman'])}{bounds}", row["spearman"], row["low"], row["high"])


def caption(rows: Sequence[Row], context: Context) -> str:
    """What is correlated, how, and with what result, in one paragraph."""
    return (
        "Spearman's rank correlation of the density of the base model's attention (last layer) with memorization after "
        f"fine-tuning, with {intervals(context.statistics)}. Over cells: mean density and total rate of each model and "
        "dataset; cells are resampled, are few, which makes wide intervals, and are no random sample of tasks. Over "
        "samples: a probe's density and whether it is memorized (0 or 1); probes are resampled, those of one prompt or "
        "input text together. All datasets together "
        "show differences between datasets as well; the rows of one model and dataset do not. Denser attention has a "
        "smaller Gini coefficient, whose sign is the other way round. - stands where there are fewer than 3 values, or "
        f"all are the same. {' '.join(_results(rows))}"
    )


def _results(rows: Sequence[Row]) -> list[str]:
    """For each recipe and decoding, what the first measure shows over all cells, over all samples, in each cell."""
    sentences = []
    for run in dict.fromkeys((row["state"], row["epoch"], row["decoding"]) for row in rows):
        state, epoch, decoding = run
        own = [
            row
            for row in rows
            if (row["state"], row["epoch"], row["decoding"]) == run and row["measure"] == MEASURES[0]
        ]
        name = f"{state}, epoch {epoch}, {decoding}" if "epoch" in varying(rows) else f"{state}, {decoding}"
        for row in own:
            if row["over"] == "cells" and row["model"] is None:
                sentences.append(
                    f"Found for {name}, in {HEADINGS[MEASURES[0]]}: over {row['n']} cells {_sentence(row)};"
                )
            if row["over"] == "samples" and row["model"] is None:
                sentences.append(f"over all {row['n']:,} samples {_sentence(row)};")
        within = [row for row in own if row["over"] == "samples" and row["dataset"] is not None]
        defined = [row for row in within if row["low"] is not None]
        above, below = (sum(test(row) for row in defined) for test in (_above, _below))
        sentences.append(
            f"within one model and dataset, of {len(within)} intervals {len(within) - len(defined)} are undefined, "
            f"{above} lie above 0, {below} below, and {len(defined) - above - below} contain it."
        )
    return sentences


def _sentence(row: Row) -> str:
    if row["spearman"] is None or row["low"] is None:
        return "the correlation is undefined" if row["spearman"] is None else "its interval is undefined"
    where = "lies above 0" if _above(row) else "lies below 0" if _below(row) else "contains 0"
    return f"the correlation is {_correlation(row).text}, and its interval {where}"


def _above(row: Row) -> bool:
    return bool(row["low"] > 0)


def _below(row: Row) -> bool:
    return bool(row["high"] < 0)


class AttentionCorrelationTable(StudyTable):
    """Correlations of density with memorization."""

    name = "attention_correlation"

    state = Column(TEXT, "")
    """recipe of the fine-tuned models whose memorization is taken"""
    epoch = Column(INT32, "epochs")
    """epochs of that fine-tuning"""
    decoding = Column(TEXT, "")
    """decoding of the runs whose memorization is taken"""
    over = Column(TEXT, "")
    """cells (mean density, rate) or samples (density, memorized or not)"""
    model = Nullable(TEXT, "")
    """base model; null for all together"""
    dataset = Nullable(TEXT, "")
    """dataset; null for all together"""
    measure = Column(TEXT, "")
    """measure of the base model's density in its last layer"""
    n = Column(INT64, "see over")
    """cells or samples"""
    prefixes = Nullable(INT64, "prefixes")
    """different prefixes among the samples, each a prompt; null for cells"""
    memorized = Nullable(INT64, "samples")
    """samples memorized; null for cells"""
    spearman = Nullable(FLOAT64, "")
    """Spearman's rank correlation; null where undefined"""
    low = Nullable(FLOAT64, "")
    """lower bound of the bootstrap interval"""
    high = Nullable(FLOAT64, "")
    """upper bound of the bootstrap interval"""
    draws = Column(INT64, "draws")
    """bootstrap draws in which the correlation is defined"""
