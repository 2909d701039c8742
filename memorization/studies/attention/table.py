"""How dense attention is on each dataset: one row per model in a state and dataset, one column per measure."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.query import query
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, in_state, intervals, populations, task_heading, varying
from memorization.schemas.density_means import DensityMeansTable
from memorization.schemas.run import AttentionColumns
from memorization.schemas.schema import BOOL, Column, StudyTable
from memorization.studies.attention.density_means import AVERAGED
from memorization.studies.attention.headings import HEADINGS

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `means` (schema `density_means`).

    The printed table shows the last layer; the .parquet and .csv files contain all layers.
    """
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {"means": files["means"]},
        study=context.study,
        **{axis: study[axis] for axis in ("datasets", "models", "states")},
        measures=list(AVERAGED),
    )
    rows = tidy.to_pylist()
    return Sheet(AttentionTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per (model, state, dataset) with the measures of the last layer side by side."""
    last_layers = [row for row in rows if row["last_layer"]]
    lines = []
    for run in side_by_side(last_layers, AttentionColumns.columns(), "measure"):
        first = run["gini"]
        line = {
            "Task": cells.text(task_heading(first["task"])),
            "Dataset": cells.text(context.dataset(first["dataset"])),
            "Model": cells.text(in_state(context.model(first["model"]), first["state"], rows)),
            **{VARYING[name]: cells.text(first[name]) for name in varying(rows)},
            **{heading: mean(run[measure]) for measure, heading in HEADINGS.items()},
            "On input": cells.percent(run["input_share"]["value"], digits=1),
            "L": cells.number(run["input_tokens"]["value"], 1, "tokens"),
            "T": cells.number(run["output_tokens"]["value"], 1, "tokens"),
            "n": cells.count(first["n"], "samples"),
        }
        lines.append(line)
    return lines


def mean(row: Row) -> Cell:
    """A mean with its interval; shares in percent."""
    if row["measure"] == "share_above_uniform":
        return cells.percent_interval(row, ("value", "low", "high"), digits=1)
    return cells.interval(row["value"], row["low"], row["high"], 1 if row["measure"] == "effective_tokens" else 3)


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the measures are, in one paragraph."""
    return (
        f"Density of attention in the last layer, means over n samples ({populations(rows)}) with "
        f"{intervals(context.statistics)}. "
        "An output token's attention on its L input tokens (instruction and input), as the mean of the heads, is a "
        "distribution with entropy H; a sample's measure is the mean over its T output tokens. "
        "Entropy / ln L: 1 where attention is uniform, 0 where it is on one token. Effective tokens: exp(H), at most "
        "L. Gini: 0 where it is uniform, 1 - 1/L where it is on one token. Tokens above 1/L: in percent of the input "
        "tokens. Encoder-decoder models: cross-attention. Decoder-only models: self-attention on the input's tokens, "
        "divided by its sum, whose mean stands under On input (100% in cross-attention). All layers stand in the "
        ".parquet and .csv files."
    )


class AttentionTable(StudyTable, DensityMeansTable):
    """A study's densities: one row per model in a state, dataset, layer and measure."""

    name = "attention_table"

    last_layer = Column(BOOL, "")
    """the layer is the model's last"""
