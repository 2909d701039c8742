"""Statistics of attention's density: means with intervals, and the correlation with memorization.

The question is the paper's (Section 6.2): does the density of the *base* model's attention tell how much will be
memorized in fine-tuning?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.density import MEASURES
from memorization.statistics import bootstrap_mean, bootstrap_spearman
from memorization.storage import SCHEMAS, unlabelled

TOLD = (*MEASURES, "input_share", "input_tokens", "output_tokens")
"""Columns of schema `density` whose means are told, in the table's order."""


@dataclass(frozen=True)
class DensityMean:
    """Mean of a column of `TOLD` over n samples in one layer, with its bootstrap interval, in its unit."""

    layer: int
    measure: str
    unit: str
    n: int
    value: float
    low: float
    high: float


def means(samples: pa.Table, draws: int, low: float, high: float, seed: int) -> list[DensityMean]:
    """The means of every layer of a table of schema `density`; input texts are resampled."""
    found = []
    for layer in sorted(set(samples["layer"].to_pylist())):
        rows = samples.filter(pc.equal(samples["layer"], layer))
        texts = np.unique(rows["input_digest"].to_pylist(), return_inverse=True)[1].tolist()
        for measure in TOLD:
            values = rows[measure].to_numpy().astype(float)
            unit = SCHEMAS["density"].field(measure).metadata[b"unit"].decode()
            bounds = bootstrap_mean(values, measure, draws, low, high, seed, texts)
            found.append(DensityMean(layer, measure, unit, len(values), float(values.mean()), *bounds))
    return found


def table_of(means: Sequence[DensityMean], coordinates: Mapping[str, Any]) -> pa.Table:
    """Means as a table of schema `density_means`; `coordinates` are those of the path, with the dataset's task."""
    rows = [{**coordinates, "epoch": int(coordinates["epoch"]), **asdict(mean)} for mean in means]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["density_means"])


@dataclass(frozen=True)
class Cell:
    """A model and a dataset: the base model's density, and what a recipe made the model memorize.

    `density` maps each measure to an array (samples,) in the last layer; `memorized` (samples,) tells for the same
    probes whether the fine-tuned model's outcome is any memorization; `texts` (samples,)
    are digests of their inputs; `rate` (fraction) is that of all the cell's probes.
    """

    model: str
    dataset: str
    state: str
    epoch: int
    decoding: str
    density: Mapping[str, np.ndarray]
    memorized: np.ndarray
    texts: list[str]
    rate: float


def cell_of(samples: pa.Table, outcomes: pa.Table, coordinates: Mapping[str, Any]) -> Cell:
    """A cell from the base model's table of schema `density` and the fine-tuned model's `outcomes`, joined by probe.

    `coordinates` name model, dataset, state, epoch and decoding of the outcomes. ValueError where a sample has
    no outcome.
    """
    last = samples.filter(pc.equal(samples["layer"], pc.max(samples["layer"])))
    found = {row["probe"]: row for row in outcomes.select(["probe", "id", "outcome"]).to_pylist()}
    joined = [(row["id"], found.get(row["probe"], {})) for row in last.select(["probe", "id"]).to_pylist()]
    if lacking := [identifier for identifier, outcome in joined if outcome.get("id") != identifier]:
        raise ValueError(f"samples without an outcome of the same probe: {lacking[:3]}")
    memorized = np.array([outcome["outcome"] != "none" for _, outcome in joined])
    rate = float(np.mean([row["outcome"] != "none" for row in found.values()]))
    texts = last["input_digest"].to_pylist()
    measured = {measure: last[measure].to_numpy() for measure in MEASURES}
    wanted = {key: coordinates[key] for key in ("model", "dataset", "state", "decoding")}
    return Cell(
        **wanted, epoch=int(coordinates["epoch"]), density=measured, memorized=memorized, texts=texts, rate=rate
    )


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of a measure before fine-tuning with memorization after it.

    `over` is `cells` (mean density with rate; n cells) or `samples` (a probe's density with its outcome, 0 or 1; n
    probes, of which `memorized` are); model and dataset are null where all are taken together. Undefined, and so null,
    with fewer than 3 cells or samples, or where all densities or all outcomes are the same. `draws` counts the
    bootstrap draws in which it is defined.
    """

    state: str
    epoch: int
    decoding: str
    over: str
    model: str | None
    dataset: str | None
    measure: str
    n: int
    memorized: int | None
    spearman: float | None
    low: float | None
    high: float | None
    draws: int


def correlations(cells: Sequence[Cell], draws: int, low: float, high: float, seed: int) -> list[Correlation]:
    """Correlations of every measure, by recipe, epoch and decoding.

    Over all cells, over each model's cells where there are several models, over all samples together,
    and over the samples of each cell.
    """
    found = []
    for run in dict.fromkeys((cell.state, cell.epoch, cell.decoding) for cell in cells):
        state, epoch, decoding = run
        own = [cell for cell in cells if (cell.state, cell.epoch, cell.decoding) == run]
        for over, model, dataset, group in _groups(own):
            for measure in MEASURES:
                if over == "cells":
                    x = np.array([cell.density[measure].mean() for cell in group])
                    y = np.array([cell.rate for cell in group])
                else:
                    x = np.concatenate([cell.density[measure] for cell in group])
                    y = np.concatenate([cell.memorized for cell in group]).astype(float)
                # One text of a dataset is one text, whichever model reads it.
                texts = (
                    [f"{cell.dataset} {text}" for cell in group for text in cell.texts] if over == "samples" else None
                )
                bounds = bootstrap_spearman(x, y, f"{over} {measure}", draws, low, high, seed, texts)
                memorized = None if over == "cells" else int(y.sum())
                found.append(
                    Correlation(state, epoch, decoding, over, model, dataset, measure, len(x), memorized, *bounds)
                )
    return found


def correlations_table(found: Sequence[Correlation], study: str) -> pa.Table:
    """A study's correlations as a table of schema `correlations`, without its label."""
    rows = [{"study": study, **asdict(each)} for each in found]
    return pa.Table.from_pylist(rows, schema=unlabelled("correlations"))


def _groups(cells: Sequence[Cell]) -> Iterator[tuple[str, str | None, str | None, list[Cell]]]:
    models = list(dict.fromkeys(cell.model for cell in cells))
    yield "cells", None, None, list(cells)
    if len(models) > 1:
        for model in models:
            yield "cells", model, None, [cell for cell in cells if cell.model == model]
    yield "samples", None, None, list(cells)
    for cell in cells:
        yield "samples", cell.model, cell.dataset, [cell]
