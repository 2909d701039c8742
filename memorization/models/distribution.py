"""A decoding's distribution over the next token: the same for texts that are generated and for likelihoods."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from memorization.config.generation import Decoding


def plain_configuration(model: Any, tokenizer: Any, decoding: Decoding) -> Any:
    """A transformers configuration of greedy search with the checkpoint's special tokens.

    Nothing else that the checkpoint's own configuration sets (beams, penalties) is kept.
    """
    from transformers import GenerationConfig

    given = model.generation_config
    plain = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        min_new_tokens=decoding.min_new_tokens or None,
        do_sample=False,
        num_beams=1,
        eos_token_id=given.eos_token_id if given.eos_token_id is not None else tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=given.bos_token_id,
        decoder_start_token_id=given.decoder_start_token_id,
        forced_bos_token_id=given.forced_bos_token_id,
    )
    return copy.deepcopy(plain)


def end_tokens(configuration: Any) -> list[int]:
    """The tokens that end a text in a transformers configuration of generation."""
    ends = configuration.eos_token_id
    return [token for token in (ends if isinstance(ends, list) else [ends]) if token is not None]


def warpers(decoding: Decoding) -> Iterator[Any]:
    """The processors that turn a model's scores (rows, vocabulary) into a decoding's: temperature, top-k, top-p."""
    from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    if decoding.temperature != 1.0:
        yield TemperatureLogitsWarper(decoding.temperature)
    if decoding.top_k is not None:
        yield TopKLogitsWarper(decoding.top_k)
    if decoding.top_p is not None:
        yield TopPLogitsWarper(decoding.top_p)
