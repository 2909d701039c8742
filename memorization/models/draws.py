"""Draws of tokens: each probe has a stream of uniform numbers of its own, one number per token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.distribution import warpers

TIES = 8
"""Scores that may equal the lowest one that top-k allows, beside it."""


def streams(decoding: Decoding, probes: Sequence[int], tokens: int) -> np.ndarray:
    """The uniform numbers (probes, tokens) of these probes: those of probe i are seeded by (seed, i)."""
    return np.stack([np.random.default_rng([decoding.seed, probe]).random(tokens) for probe in probes])


def highest(scores: Any) -> tuple[Any, Any]:
    """The highest of `scores` (rows, tokens) and the first token that has it, (rows,) each; NaN counts as highest.

    In blocks, whose maxima a CPU finds several times as fast as a maximum with its place.
    """
    tokens = scores.shape[-1]
    size = next(size for size in range(math.isqrt(tokens), 0, -1) if tokens % size == 0)
    blocks = scores.unflatten(-1, (size, tokens // size))
    maxima = blocks.amax(dim=-1)
    block = maxima.argmax(dim=-1, keepdim=True)
    inside = blocks.gather(1, block[:, :, None].expand(-1, 1, tokens // size))[:, 0]
    return maxima.gather(1, block)[:, 0], block[:, 0] * (tokens // size) + inside.argmax(dim=-1)


def inverted(scores: Any, uniforms: Any) -> Any:
    """The tokens (rows, 1) at `uniforms` (rows, 1) of the cumulative distribution of `scores` (rows, tokens)."""
    import torch

    cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
    # The last sum can be below 1 by rounding.
    target = uniforms * cumulative[:, -1:]
    return torch.searchsorted(cumulative, target, right=True).clamp(max=scores.shape[-1] - 1)


def drawn_tokens(scores: Any, decoding: Decoding, uniforms: Any) -> Any:
    """The tokens (rows,) that `uniforms` (rows, 1) draw of scores (rows, vocabulary) under a decoding's warpers."""
    if decoding.top_k is None or decoding.top_p is not None or decoding.top_k + TIES > scores.shape[-1]:
        for warper in warpers(decoding):
            scores = warper(None, scores)
        return inverted(scores, uniforms)[:, 0]
    # The same from the highest scores alone, in the vocabulary's order; all that equal the k-th one are allowed.
    scores, tokens = (scores / decoding.temperature).topk(decoding.top_k + TIES)
    scores = scores.masked_fill(scores < scores[:, decoding.top_k - 1, None], -math.inf)
    tokens, order = tokens.sort(dim=-1)
    return tokens.gather(1, inverted(scores.gather(1, order), uniforms))[:, 0]


def refuse_broken(broken: Any) -> None:
    """UserError where a row (rows,) has NaN or infinity among its scores: some token would be chosen of them."""
    if bool(broken.any()):
        raise UserError(
            "the model computes NaN or infinity: its weights are damaged, or too large for its precision. Download it "
            "again, take an earlier checkpoint, or name a decoding of fp32."
        )
