"""The table of a sparse coding study: what is recovered and what attention shows of b', with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.query import query
from memorization.report.sheet import Sheet
from memorization.report.words import intervals
from memorization.schemas.schema import FLOAT64, INT32, TEXT, Column, Nullable, StudyTable
from memorization.studies.sparse_coding.estimates import SETTING, estimates
from memorization.studies.sparse_coding.headings import SOLVERS

PACKAGES = ("duckdb", "scipy")
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `fits` (schema `sparse_coding_fits`)."""
    measured = query(files["query"][0], {"fits": files["fits"]}, solvers=list(SOLVERS))
    settings = Statistics.model_validate(context.statistics)
    rows = [{"study": context.study, **row} for row in estimates(measured.to_pylist(), settings)]
    tidy = pa.Table.from_pylist(rows, schema=SparseCodingTable.unlabelled())
    return Sheet(SparseCodingTable, tidy, layout(rows), context.title, caption(rows, context), context.label)


def layout(rows: Sequence[Row]) -> list[dict[str, Cell]]:
    """One row per (task, solver, mean of features, signs of b')."""
    lines = []
    for setting in dict.fromkeys(tuple(row[name] for name in SETTING) for row in rows):
        task, solver, feature_mean, signs = setting
        whole = by_measure(rows, setting, None)
        line = {
            "Task": cells.text(task.capitalize()),
            "Learned by": cells.text(SOLVERS[solver]),
            "Feature mean": Cell(f"{feature_mean:g}", feature_mean),
            "Signs of b'": cells.text(signs),
            "Parameters": cells.count(round(whole["parameters"]["value"]), "numbers"),
            "Test loss": percent(whole["test_loss"]),
            "Z recovered": percent(whole["recovered"]),
            "from pairs": percent(whole["recovered_from_pairs"]),
            "Alignment": number(whole["alignment"]),
            "of v2": number(whole["v2_alignment"]) if "v2_alignment" in whole else Cell(),
        }
        for heading, measure in (
            ("Effective tokens wanted", "wanted_effective_tokens"),
            ("of aggregated attention", "aggregated_effective_tokens"),
            ("of attention", "attention_effective_tokens"),
        ):
            line[heading] = cells.text(_ends(rows, setting, measure))
        for heading, measure in (
            ("Rank correlation, aggregated", "aggregated_rank_correlation"),
            ("Rank correlation, attention", "attention_rank_correlation"),
        ):
            line[heading] = number(whole[measure]) if measure in whole else Cell()
        lines.append(line)
    return lines


def by_measure(rows: Sequence[Row], setting: tuple[Any, ...], nonzeros: int | None) -> dict[str, Row]:
    """The estimates of a setting at that many nonzeros, by measure."""
    return {
        row["measure"]: row
        for row in rows
        if tuple(row[name] for name in SETTING) == setting and row["nonzeros"] == nonzeros
    }


def _ends(rows: Sequence[Row], setting: tuple[Any, ...], measure: str) -> str:
    """A measure at the fewest and at the most nonzeros; one value where rows have no nonzeros."""
    counts = sorted({row["nonzeros"] for row in rows if row["nonzeros"] is not None and row["task"] == setting[0]})
    ends = list(dict.fromkeys([counts[0], counts[-1]])) if counts else [None]
    shown = [by_measure(rows, setting, count).get(measure) for count in ends]
    return " → ".join(f"{row['value']:.1f}" for row in shown if row is not None)


def percent(row: Row) -> Cell:
    """A fraction with its interval in percent."""
    return cells.percent_interval(row, ("value", "low", "high"), digits=1)


def number(row: Row) -> Cell:
    """A value with its interval."""
    return cells.interval(row["value"], row["low"], row["high"])


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are and what follows from them, in one paragraph."""
    study = context.options["study"]
    sizes = ", ".join(
        f"{name} = {study[key]}"
        for name, key in (
            ("d", "embedding"),
            ("D", "tokens"),
            ("k", "embedding_features"),
            ("K", "token_features"),
        )
    )
    return (
        f"The sparse coding model Z = UXV (Eq. 1; {sizes}), learned from {study['samples']:,} texts and measured on "
        f"{study['test_samples']:,} others: classification asks for a number a'Zb' (Eq. 2), summarization for all of X "
        "(Eq. 3), by the linear solutions of Section 6.1 and by the attention layer of Eq. 4 (best training loss of "
        f"{study['starts']} starts). Values are means over {study['seeds']} seeds, and for classification over b' with "
        f"{', '.join(map(str, study['nonzeros']))} nonzeros, with {intervals(context.statistics)} over seeds. "
        "Feature mean: spread of the means of the hidden features, in their standard deviations; at 0 no "
        "position is known by its embedding. Test loss: squared error in percent of that of the best constant. Z "
        "recovered: variance of Z that the outputs give back by the model's own weights (Z^ = U'^T f(Z) V'^T, with "
        "pseudo-inverses; below 0 is worse than the mean), and by a linear map learned from pairs (Z, f(Z)). "
        "Alignment: |cosine| of a text's aggregated attention softmax(...) v2 and b', and of v2 itself. Effective "
        "tokens: "
        "exp(entropy) of the magnitudes, at the fewest and at the most nonzeros: wanted (those of b', for "
        "summarization of the columns of V^T), of the aggregated attention (for linear solutions of what they learned "
        "in its place), and of the attention itself, summed over queries, as heatmaps show it. Rank correlation: "
        "Spearman's, over the nonzeros, of these with those of b'. " + " ".join(findings(rows))
    )


def findings(rows: Sequence[Row]) -> list[str]:
    """Sentences that follow from the numbers."""
    settings = list(dict.fromkeys(tuple(row[name] for name in SETTING) for row in rows))

    def mean(chosen: Sequence[tuple[Any, ...]], measure: str) -> float:
        return float(np.mean([by_measure(rows, each, None)[measure]["value"] for each in chosen]))

    linear = {
        task: mean([each for each in settings if each[:2] == (task, "linear")], "recovered")
        for task in ("classification", "summarization")
    }
    sentences = [
        f"Found: from the outputs of the linear solutions {100 * linear['classification']:.1f}% of Z comes back in "
        f"classification and {100 * linear['summarization']:.1f}% in summarization."
    ]
    classified = [each for each in settings if each[0] == "classification"]
    for feature_mean in dict.fromkeys(each[2] for each in settings):
        trained = [each for each in classified if each[1:3] == ("attention", feature_mean)]
        uniform = [each for each in classified if each[1:3] == ("attention_uniform", feature_mean)]
        parts = [
            f"the aggregated attention of a trained v2 {_follows(rows, trained, 'aggregated')}",
            f"its attention itself {_follows(rows, trained, 'attention')}",
            f"with v2 = 1/D the attention {_follows(rows, uniform, 'attention')}",
        ]
        sentences.append(
            f"With features of mean {feature_mean:g}, as b' goes {_way(rows, trained, 'wanted')}: {'; '.join(parts)}."
        )
        for which, ending in (("the best starts", ""), ("all starts", "_any_start")):
            sentences.append(
                f"There, over {which} of a trained v2, the test loss is "
                f"{100 * mean(trained, f'test_loss{ending}'):.1f}%, the alignment of the aggregated attention "
                f"{mean(trained, f'alignment{ending}'):.2f} and of v2 {mean(trained, f'v2_alignment{ending}'):.2f}."
            )
    losses = {
        signs: mean([each for each in classified if (each[1], each[3]) == ("attention_uniform", signs)], "test_loss")
        for signs in dict.fromkeys(each[3] for each in classified)
    }
    by_signs = " and ".join(f"{100 * loss:.0f}% with {signs} signs of b'" for signs, loss in losses.items())
    sentences.append(f"Attention weights are positive and sum to 1; v2 = 1/D leaves a test loss of {by_signs}.")
    return sentences


def _way(rows: Sequence[Row], chosen: Sequence[tuple[Any, ...]], weights: str) -> str:
    """Effective tokens at the fewest and at the most nonzeros, as means over settings."""
    shown = [row for row in rows if row["measure"] == f"{weights}_effective_tokens" and row["nonzeros"] is not None]
    shown = [row for row in shown if tuple(row[name] for name in SETTING) in chosen]
    counts = sorted({row["nonzeros"] for row in shown})
    ends = [np.mean([row["value"] for row in shown if row["nonzeros"] == count]) for count in (counts[0], counts[-1])]
    return f"from {ends[0]:.1f} to {ends[1]:.1f} effective tokens"


def _follows(rows: Sequence[Row], chosen: Sequence[tuple[Any, ...]], weights: str) -> str:
    """How weights change with the nonzeros, and in how many settings the rank correlation's interval is above 0."""
    way = f"goes {_way(rows, chosen, weights)}"
    correlations = [by_measure(rows, each, None).get(f"{weights}_rank_correlation") for each in chosen]
    if any(row is None for row in correlations):
        return way
    above = sum(row["low"] > 0 for row in correlations if row is not None)
    return f"{way} (rank correlation above 0 for {above} of {len(correlations)} signs)"


class SparseCodingTable(StudyTable):
    """Estimates of a sparse coding study: one row per setting and measure."""

    name = "sparse_coding_table"

    task = Column(TEXT, "")
    """classification or summarization"""
    solver = Column(TEXT, "")
    """linear, attention or attention_uniform"""
    feature_mean = Column(FLOAT64, "")
    """as in `sparse_coding`"""
    signs = Nullable(TEXT, "")
    """signs of b': mixed or positive; null in summarization"""
    nonzeros = Nullable(INT32, "tokens")
    """tokens where b' is not 0; null in summarization, and in classification for all of them together"""
    measure = Column(TEXT, "")
    """column of `sparse_coding`, of the chosen start or (ending in _any_start) of all; or, over the nonzeros,
    aggregated_ or attention_rank_correlation: Spearman's, of the effective tokens with those of b'
    """
    unit = Column(TEXT, "")
    """unit of value, low and high"""
    seeds = Column(INT32, "seeds")
    """seeds that the mean is taken over"""
    value = Column(FLOAT64, "see unit")
    """mean over seeds"""
    low = Column(FLOAT64, "see unit")
    """lower bound of the bootstrap interval over seeds"""
    high = Column(FLOAT64, "see unit")
    """upper bound of the bootstrap interval over seeds"""
