"""Attacks of membership inference on a model: how well each tells members from held-out rows.

An attack is a number of each row, higher for members:

- `loss`: minus the loss (Yeom et al., 2018);
- `loss_over_base`: the loss of the base model minus that of the fine-tuned one (Carlini et al., 2021, "Extracting
  Training Data from Large Language Models", with the base model as the reference); not for base models, nor where
  the base model gives no probabilities;
- `zlib`: minus the bits that the model needs for the scored text over those that zlib needs. Carlini et al. divide the
  loss per token, not per text, so that there a longer text ranks higher;
- `min_k` and `min_k_plus_plus`, as `models/membership.py` defines them; the latter not for models that can only be
  asked.

None of them trains further models, as the strongest attacks do (Carlini et al., 2022, "Membership Inference Attacks
From First Principles"): what they find is a lower bound of what can be inferred.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.config.project import Statistics
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.membership import MembershipTable
from memorization.statistics.bootstrap import Bounds, percentiles
from memorization.statistics.clusters import clusters_of
from memorization.statistics.roc import Roc, Sides, controls_needed, rocs
from memorization.studies.membership.blind import FOLDS, blind_scores
from memorization.studies.membership.headings import ATTACKS, BLIND

FALSE_POSITIVE_RATES = {"tpr_1": 0.01, "tpr_01": 0.001}
"""False positive rates at which true positive rates are stated, by the column of these."""

CHANCE = 0.5
"""AUC of a guess. An attack is compared with it where the baseline's is lower: a guess needs no text either."""

# False positive rates of a curve for each power of ten.
PER_DECADE = 12

# Classifiers of different folds learn from common texts, so that cross-validated scores vary more than a bootstrap of
# them. Nadeau and Bengio (2003) multiply the variance of J folds by 1 + J x tested / trained rows: here 1 + 5 / 4.
WIDENED = math.sqrt(1 + FOLDS / (FOLDS - 1))


@dataclass(frozen=True)
class Population:
    """Rows of one side: their scores (schema `membership`), and for each its input, its whole text and the row of the
    source that it is from, which several turns of a conversation share.
    """

    scores: pa.Table
    inputs: Sequence[str]
    texts: Sequence[str]
    sources: Sequence[str]


def read_population(scores: Path, dataset: Path, split: str) -> Population:
    """The rows of a file of schema `membership`, with their texts in that split of the dataset."""
    table = storage.read(scores, MembershipTable)
    rows = storage.read(dataset, DatasetTable, ["id", "split", "instruction", "input", "target"])
    rows = rows.filter(pc.equal(rows["split"], split)).take(table["row"])
    # An instruction that all rows share is in no row, and tells none from another.
    texts = [
        "\n".join([row["instruction"] or "", row["input"], row["target"]])
        for row in rows.drop(["id", "split"]).to_pylist()
    ]
    sources = [f"{split} {name.partition(':')[0]}" for name in rows["id"].to_pylist()]
    return Population(table, rows["input"].to_pylist(), texts, sources)


def signals(scores: pa.Table) -> dict[str, np.ndarray]:
    """The attacks' numbers (n,) of rows of schema `membership`, each higher for members."""
    loss, tokens, size = (scores[name].to_numpy() for name in ("loss", "tokens", "zlib_bytes"))
    found = {
        "loss": -loss,
        "zlib": -(loss * tokens / math.log(2)) / (8 * size),
        "min_k": scores["min_k"].to_numpy(),
    }
    if scores["min_k_plus_plus"].null_count == 0:
        found["min_k_plus_plus"] = scores["min_k_plus_plus"].to_numpy()
    if scores["base_loss"].null_count == 0:
        found["loss_over_base"] = scores["base_loss"].to_numpy() - loss
    return {name: found[name] for name in ATTACKS if name in found}


def attack(
    members: Population, controls: Population, settings: Statistics, seed: int, characters: bool = False
) -> list[dict[str, Any]]:
    """Rows of schema `attacks` without coordinates: every attack, and last the blind baseline, if inputs suffice.

    Rows of equal inputs are one cluster, and so are the turns of a conversation: a name in one of them would give the
    others away to the baseline. `seed` draws the baseline's folds; where `characters` is true it looks at
    characters in place of words. Raises ValueError where a side has no row.
    """
    clusters = clusters_of([*members.inputs, *controls.inputs], [*members.sources, *controls.sources])
    sides = Sides(clusters[: len(members.inputs)], clusters[len(members.inputs) :])
    own, other = signals(members.scores), signals(controls.scores)
    numbers = {name: (own[name], other[name]) for name in own}
    is_member = np.arange(len(clusters)) < len(members.inputs)
    blind = blind_scores([*members.texts, *controls.texts], is_member, clusters, seed, characters)
    if blind is not None:
        numbers[BLIND] = (blind[is_member], blind[~is_member])
    stated = [rate for rate in FALSE_POSITIVE_RATES.values() if sides.clusters[1] >= controls_needed(rate)]
    curve = _curve_rates(sides.clusters[1])
    found = rocs(numbers, sides, [*stated, *curve], settings)
    baseline = None
    if blind is not None:
        baseline = found[BLIND] = _widened(found[BLIND], settings)
    rows = []
    for name, roc in found.items():
        over = (-1.0, 1.0)
        if baseline is not None and not sides.one_cluster:
            over = percentiles(roc.auc_draws - np.maximum(baseline.auc_draws, CHANCE), settings)
        rows.append(_row(name, roc, baseline, sides, (stated, curve), over))
    return rows


def _curve_rates(controls: int) -> list[float]:
    """False positive rates of a curve, in equal steps of a logarithmic axis."""
    decades = math.log10(controls)
    return np.geomspace(1 / controls, 1, max(2, math.ceil(PER_DECADE * decades))).tolist() if controls > 1 else [1.0]


def _widened(blind: Roc, settings: Statistics) -> Roc:
    """The baseline with the variance of cross-validated scores."""
    draws = blind.auc + WIDENED * (blind.auc_draws - blind.auc)
    low, high = percentiles(np.clip(draws, 0.0, 1.0), settings)
    bounds = min(low, blind.auc_bounds[0]), max(high, blind.auc_bounds[1])
    return replace(blind, auc_bounds=bounds, auc_draws=draws)


# Six parameters: a row is of everything that was computed.
def _row(
    name: str, roc: Roc, blind: Roc | None, sides: Sides, rates: tuple[Sequence[float], Sequence[float]], over: Bounds
) -> dict[str, Any]:
    """Columns of schema `attacks` but the coordinates; `rates` are those that are stated, and those of the curve."""
    stated, curve = rates
    member_inputs, control_inputs = sides.clusters
    row: dict[str, Any] = {
        "attack": name,
        "members": len(sides.members),
        "controls": len(sides.controls),
        "member_inputs": member_inputs,
        "control_inputs": control_inputs,
        **_bounded("auc", roc.auc, roc.auc_bounds),
    }
    for column, rate in FALSE_POSITIVE_RATES.items():
        needed = controls_needed(rate)
        if rate in stated:
            place = list(stated).index(rate)
            row |= _bounded(column, float(roc.tpr[place]), (float(roc.tpr_low[place]), float(roc.tpr_high[place])))
        else:
            row[f"{column}_reason"] = f"cannot be measured: {needed:,} inputs needed"
    if blind is not None:
        row |= _bounded("blind_auc", blind.auc, blind.auc_bounds) | {"differ": blind.auc_bounds[0] > CHANCE}
        if name != BLIND:
            row |= _bounded("over_blind", roc.auc - max(blind.auc, CHANCE), over)
    bars = {"roc_tpr": roc.tpr, "roc_tpr_low": roc.tpr_low, "roc_tpr_high": roc.tpr_high}
    return row | {"roc_fpr": list(curve)} | {column: bar[len(stated) :].tolist() for column, bar in bars.items()}


def _bounded(column: str, value: float, bounds: Bounds) -> dict[str, float]:
    low, high = bounds
    return {column: value, f"{column}_low": low, f"{column}_high": high}
