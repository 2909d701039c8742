"""Measures of how dense attention is.

The paper shows heatmaps and judges density by eye (Section 6.2). Here each output token's attention over L input tokens
is a distribution, whose spread has four measures; a sample's measure is the mean over its output tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

MEASURES = ("normalized_entropy", "effective_tokens", "gini", "share_above_uniform")
"""Measures of spread: denser attention has higher values of the first two and the last, lower ones of `gini`."""

# A weight this close to 1/L (relative difference) counts as 1/L.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Density:
    """Means over the rows of one map; all are fractions except `effective_tokens` (tokens)."""

    normalized_entropy: float
    effective_tokens: float
    gini: float
    share_above_uniform: float


def density(weights: np.ndarray) -> Density:
    """The density of attention weights (T, L) whose rows sum to 1; rows of zeros are left out.

    With entropy H = -sum w ln w of a row: H / ln L, exp(H) (perplexity), Gini's coefficient, and the share of the L
    tokens whose weight is above 1/L. Uniform rows have 1, L, 0, 0; rows on one token 0, 1, 1 - 1/L, 1/L. Raises
    ValueError where no row has attention.
    """
    rows = weights[weights.any(axis=1)].astype(float)
    if not len(rows):
        raise ValueError("no attention in any row")
    length = rows.shape[1]
    logarithms = np.log(rows, out=np.zeros_like(rows), where=rows > 0)
    entropy = -(rows * logarithms).sum(axis=1)
    # With a single token, uniform and concentrated are the same: it counts as uniform.
    normalized = entropy / np.log(length) if length > 1 else np.ones_like(entropy)
    ranks = 2 * np.arange(1, length + 1) - length - 1
    return Density(
        normalized_entropy=float(normalized.mean()),
        effective_tokens=float(np.exp(entropy).mean()),
        gini=float((np.sort(rows, axis=1) @ ranks / length).mean()),
        share_above_uniform=float((rows > (1 + ROUNDING) / length).mean()),
    )


def rows(sample: Mapping[str, Any], weights: np.ndarray, input_share: np.ndarray) -> list[dict[str, Any]]:
    """Rows of the table `density` for a sample, one per layer, from weights (layers, T, L) and shares (layers, T).

    `sample` contains the columns of the sample itself: probe, id, input_digest.
    """
    _, outputs, inputs = weights.shape
    counts = {"output_tokens": outputs, "input_tokens": inputs}
    return [
        {**sample, **counts, "layer": number, "input_share": float(share.mean()), **asdict(density(layer))}
        for number, (layer, share) in enumerate(zip(weights, input_share, strict=True), start=1)
    ]
