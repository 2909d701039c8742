"""Correlations of attention's density with memorization.

The question is the paper's (Section 6.2): does the density of the *base* model's attention predict how much will be
memorized in fine-tuning?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import bootstrap_spearman
from memorization.statistics.clusters import clusters_of
from memorization.studies.attention.density import MEASURES


@dataclass(frozen=True)
class Cell:
    """A model and a dataset: the base model's density, and what the model memorized when fine-tuned with a recipe.

    `density` maps each measure to an array (samples,) in the last layer; `memorized` (samples,) is true where the
    fine-tuned model's outcome for the same probe is any memorization; `texts` (samples,) are digests of the samples'
    inputs, `prefixes` (samples,) what the fine-tuned model was asked with; `rate` (fraction) is the rate of
    memorization among all the run's probes.
    """

    model: str
    dataset: str
    state: str
    epoch: int
    decoding: str
    density: Mapping[str, np.ndarray]
    memorized: np.ndarray
    texts: list[str]
    prefixes: list[str]
    rate: float


def cell_of(samples: pa.Table, outcomes: pa.Table, prefixes: Mapping[int, str], coordinates: Mapping[str, Any]) -> Cell:
    """A cell from the base model's table `density` and the fine-tuned model's `outcomes`, joined by probe.

    `prefixes` has every probe's, by its number; `coordinates` contain model, dataset, state, epoch and decoding of the
    outcomes. Raises ValueError where a sample has no outcome.
    """
    last_layer = samples.filter(pc.equal(samples["layer"], pc.max(samples["layer"])))
    outcomes_by_probe = {row["probe"]: row for row in outcomes.select(["probe", "id", "outcome"]).to_pylist()}
    joined = [
        (row["id"], outcomes_by_probe.get(row["probe"], {})) for row in last_layer.select(["probe", "id"]).to_pylist()
    ]
    if lacking := [identifier for identifier, outcome in joined if outcome.get("id") != identifier]:
        raise ValueError(f"samples without an outcome of the same probe: {lacking[:3]}")
    return Cell(
        model=coordinates["model"],
        dataset=coordinates["dataset"],
        state=coordinates["state"],
        epoch=int(coordinates["epoch"]),
        decoding=coordinates["decoding"],
        density={measure: last_layer[measure].to_numpy() for measure in MEASURES},
        memorized=np.array([outcome["outcome"] != "none" for _, outcome in joined]),
        texts=last_layer["input_digest"].to_pylist(),
        prefixes=[prefixes[probe] for probe in last_layer["probe"].to_pylist()],
        rate=float(np.mean([row["outcome"] != "none" for row in outcomes_by_probe.values()])),
    )


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation of a measure before fine-tuning with memorization after it.

    `over` is `cells` (mean density with rate; n cells) or `samples` (a probe's density with its outcome, 0 or 1; n
    probes, `memorized` of them memorized, in so many clusters as `prefixes`); model and dataset are None where all are
    taken together. Undefined, and so None, with fewer than 3 cells or clusters, or where all densities or all outcomes
    are equal. `draws` counts the bootstrap draws in which it is defined.
    """

    state: str
    epoch: int
    decoding: str
    over: str
    model: str | None
    dataset: str | None
    measure: str
    n: int
    prefixes: int | None
    memorized: int | None
    spearman: float | None
    low: float | None
    high: float | None
    draws: int


def correlations(cells: Sequence[Cell], settings: Statistics) -> list[Correlation]:
    """Correlations of every measure, by recipe, epoch and decoding.

    Over all cells; over each model's cells where there are several models; over all samples together; and over the
    samples of each cell.
    """
    rows = []
    for run in dict.fromkeys((cell.state, cell.epoch, cell.decoding) for cell in cells):
        state, epoch, decoding = run
        own = [cell for cell in cells if (cell.state, cell.epoch, cell.decoding) == run]
        for over, model, dataset, group in _groups(own):
            for measure in MEASURES:
                if over == "cells":
                    x = np.array([cell.density[measure].mean() for cell in group])
                    y = np.array([cell.rate for cell in group])
                    together, prefixes, memorized = None, None, None
                else:
                    x = np.concatenate([cell.density[measure] for cell in group])
                    y = np.concatenate([cell.memorized for cell in group]).astype(float)
                    together = _clusters(group)
                    prefixes, memorized = len(set(together)), int(y.sum())
                spearman = bootstrap_spearman(x, y, f"{over} {measure}", settings, together)
                group_of = (over, model, dataset, measure, len(x), prefixes, memorized)
                rows.append(Correlation(state, epoch, decoding, *group_of, *spearman))
    return rows


def _clusters(group: Sequence[Cell]) -> list[str]:
    """The cluster of every sample of some cells, named by its first text."""
    # A text of a dataset is the same text for every model, and a prefix the same prompt.
    texts = [f"{cell.dataset} {text}" for cell in group for text in cell.texts]
    prompts = [f"{cell.dataset} {prefix}" for cell in group for prefix in cell.prefixes]
    names: dict[int, str] = {}
    return [names.setdefault(cluster, text) for cluster, text in zip(clusters_of(texts, prompts), texts, strict=True)]


def _groups(cells: Sequence[Cell]) -> Iterator[tuple[str, str | None, str | None, list[Cell]]]:
    """Groups of cells that a correlation is computed over: (`over`, model, dataset, cells)."""
    models = list(dict.fromkeys(cell.model for cell in cells))
    yield "cells", None, None, list(cells)
    if len(models) > 1:
        for model in models:
            yield "cells", model, None, [cell for cell in cells if cell.model == model]
    yield "samples", None, None, list(cells)
    for cell in cells:
        yield "samples", cell.model, cell.dataset, [cell]
