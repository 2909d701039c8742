"""What tests of generation and likelihoods share: tables of probes, generation as scripts call it, a distribution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.generation import Decoding
from memorization.models.generation import Generation, GenerationSettings, generate


def probes_of(prefixes: Sequence[str], suffixes: Sequence[str] | None = None, first: int = 0) -> pa.Table:
    """The columns of a probes table that models read, with numbers that begin at `first`."""
    numbers = pa.array(range(first, first + len(prefixes)), pa.int32())
    columns = {"probe": numbers, "prefix": pa.array(list(prefixes), pa.string())}
    if suffixes is not None:
        columns["suffix"] = pa.array(list(suffixes), pa.string())
    return pa.table(columns)


def texts_of(
    model: Any, tokenizer: Any, prefixes: Sequence[str], decoding: Decoding, batch_size: int
) -> list[Generation]:
    """Generations for prefixes, numbered from 0."""
    return generate(model, tokenizer, probes_of(prefixes), GenerationSettings(decoding, batch_size), "test")


def restricted(logits: np.ndarray, decoding: Decoding) -> np.ndarray:
    """The distribution that a token is drawn from, written anew from the definitions of temperature, top-k, top-p."""
    logits = logits / decoding.temperature
    allowed = np.argsort(-logits)[: decoding.top_k]
    probabilities = np.zeros_like(logits)
    probabilities[allowed] = np.exp(logits[allowed] - logits.max())
    probabilities /= probabilities.sum()
    if decoding.top_p is not None:
        order = np.argsort(-probabilities)
        # The fewest tokens whose mass reaches p: a token remains where the mass of those before it is less than p.
        before = np.cumsum(probabilities[order]) - probabilities[order]
        probabilities[order[before >= decoding.top_p]] = 0.0
        probabilities /= probabilities.sum()
    return probabilities
