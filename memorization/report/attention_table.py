"""Tables of attention: how dense it is on each dataset, and whether that goes with memorization after fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.density import MEASURES
from memorization.report.tables import TASK_HEADINGS, Row, in_state, intervals, populations, varies, write_formats

HEADINGS = {
    "normalized_entropy": "Entropy / ln L",
    "effective_tokens": "Effective tokens",
    "gini": "Gini",
    "share_above_uniform": "Tokens above 1/L",
}
"""Headings by measure, in the table's order."""


def write_density(
    table: pa.Table,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's densities (schema `density_table`, without its label) as `tables.write_formats` does.

    People read the last layer; the .parquet and .csv files have all layers.
    """
    rows = table.to_pylist()
    said = f"{title}. {density_caption(rows, statistics)}"
    write_formats(table, "density_table", density_layout(rows, titles), said, label, manifest, output)


def density_layout(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a (model, state, dataset) with the measures of the last layer side by side."""
    runs: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        if row["last_layer"]:
            key = (row["model"], row["state"], row["epoch"], row["dataset"])
            runs.setdefault(key, {})[row["measure"]] = row
    varying = varies(rows)
    return [
        {
            "Task": _task(run["gini"]),
            "Dataset": titles["datasets"].get(dataset, dataset),
            "Model": in_state(titles["models"].get(model, model), state, rows),
            **({"Epochs": str(epoch)} if "epoch" in varying else {}),
            **{heading: _with_interval(run[measure]) for measure, heading in HEADINGS.items()},
            "On input": f"{100 * run['input_share']['value']:.1f}%",
            "L": f"{run['input_tokens']['value']:.1f}",
            "T": f"{run['output_tokens']['value']:.1f}",
            "n": f"{run['gini']['n']:,}",
        }
        for (model, state, epoch, dataset), run in runs.items()
    ]


def _task(row: Row) -> str:
    task: str = row["task"]
    return TASK_HEADINGS.get(task, task)


def _with_interval(row: Row) -> str:
    value, low, high = (row[key] for key in ("value", "low", "high"))
    if row["measure"] == "share_above_uniform":
        return f"{100 * value:.1f}% [{100 * low:.1f}, {100 * high:.1f}]"
    digits = 1 if row["measure"] == "effective_tokens" else 3
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def density_caption(rows: Sequence[Row], statistics: Mapping[str, Any]) -> str:
    """What the measures are, in one paragraph."""
    return (
        f"Density of attention in the last layer, means over n samples ({populations(rows)}) with "
        f"{intervals(statistics)}. An output token's attention on its L input tokens (instruction and input), as the "
        "mean of the heads, is a distribution with entropy H; a sample's measure is the mean over its T output tokens. "
        "Entropy / ln L: 1 where attention is uniform, 0 where it is on one token. Effective tokens: exp(H), at most "
        "L. Gini: 0 where it is uniform, 1 - 1/L where it is on one token. Tokens above 1/L: in percent of the input "
        "tokens. Encoder-decoder models: cross-attention. Decoder-only models: self-attention on the input's tokens, "
        "divided by its sum, whose mean stands under On input (100% in cross-attention). All layers stand in the "
        ".parquet and .csv files."
    )


def write_correlations(
    table: pa.Table,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's correlations (schema `correlations`, without its label) as `tables.write_formats` does."""
    rows = table.to_pylist()
    said = f"{title}. {correlation_caption(rows, statistics)}"
    write_formats(table, "correlations", correlation_layout(rows, titles), said, label, manifest, output)


def correlation_layout(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a (recipe, group of cells or samples) with the measures side by side."""
    groups: dict[tuple[Any, ...], dict[str, Row]] = {}
    for row in rows:
        key = (row["state"], row["epoch"], row["decoding"], row["over"], row["model"], row["dataset"])
        groups.setdefault(key, {})[row["measure"]] = row
    varying = varies(rows)
    return [
        {
            "Recipe": state,
            **({"Epochs": str(epoch)} if "epoch" in varying else {}),
            **({"Decoding": decoding} if "decoding" in varying else {}),
            "Over": over,
            "Model": "all" if model is None else titles["models"].get(model, model),
            "Dataset": "all" if dataset is None else titles["datasets"].get(dataset, dataset),
            **{heading: _correlation(group[measure]) for measure, heading in HEADINGS.items()},
            "n": f"{group['gini']['n']:,}",
            "Memorized": "" if over == "cells" else f"{group['gini']['memorized']:,}",
        }
        for (state, epoch, decoding, over, model, dataset), group in groups.items()
    ]


def _correlation(row: Row) -> str:
    if row["spearman"] is None:
        return "-"
    if row["low"] is None:
        return f"{row['spearman']:+.2f}"
    return f"{row['spearman']:+.2f} [{row['low']:+.2f}, {row['high']:+.2f}]"


def correlation_caption(rows: Sequence[Row], statistics: Mapping[str, Any]) -> str:
    """What is correlated, how, and what is found, in one paragraph."""
    return (
        "Spearman's rank correlation of the density of the base model's attention (last layer) with memorization after "
        f"fine-tuning, with {intervals(statistics)}. Over cells: mean density and total rate of each model and "
        "dataset; cells are resampled, are few, which makes wide intervals, and are no random sample of tasks. Over "
        "samples: a probe's density and whether it is memorized (0 or 1); probes are resampled. All datasets together "
        "show differences between datasets as well; the rows of one model and dataset do not. Denser attention has a "
        "smaller Gini coefficient, whose sign is the other way round. - stands where there are fewer than 3 values, or "
        f"all are the same. {' '.join(_found(rows))}"
    )


def _found(rows: Sequence[Row]) -> list[str]:
    """For each recipe and decoding, what the first measure shows over all cells, over all samples, in each cell."""
    said, varying = [], varies(rows)
    for run in dict.fromkeys((row["state"], row["epoch"], row["decoding"]) for row in rows):
        state, epoch, decoding = run
        own = [
            row
            for row in rows
            if (row["state"], row["epoch"], row["decoding"]) == run and row["measure"] == MEASURES[0]
        ]
        name = f"{state}, epoch {epoch}, {decoding}" if "epoch" in varying else f"{state}, {decoding}"
        for row in own:
            if row["over"] == "cells" and row["model"] is None:
                said.append(f"Found for {name}, in {HEADINGS[MEASURES[0]]}: over {row['n']} cells {_sentence(row)};")
            if row["over"] == "samples" and row["model"] is None:
                said.append(f"over all {row['n']:,} samples {_sentence(row)};")
        within = [row for row in own if row["over"] == "samples" and row["dataset"] is not None]
        defined = [row for row in within if row["low"] is not None]
        above, below = (sum(test(row) for row in defined) for test in (_above, _below))
        said.append(
            f"within one model and dataset, of {len(within)} intervals {len(within) - len(defined)} are undefined, "
            f"{above} lie above 0, {below} below, and {len(defined) - above - below} contain it."
        )
    return said


def _sentence(row: Row) -> str:
    if row["spearman"] is None or row["low"] is None:
        return "the correlation is undefined" if row["spearman"] is None else "its interval is undefined"
    where = "lies above 0" if _above(row) else "lies below 0" if _below(row) else "contains 0"
    return f"the correlation is {_correlation(row)}, and its interval {where}"


def _above(row: Row) -> bool:
    return bool(row["low"] > 0)


def _below(row: Row) -> bool:
    return bool(row["high"] < 0)
