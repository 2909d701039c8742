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


def published_configuration(model: Any, tokenizer: Any, decoding: Decoding) -> Any:
    """The transformers configuration of generation that a checkpoint brings, at most as long as the decoding allows.

    Old checkpoints also have settings by task in config.json (`task_specific_params`), as transformers' pipelines used
    them: they are taken where there is one task. Several, as T5 has them, leave open which is the checkpoint's.

    Of `max_new_tokens` of the decoding and the checkpoint's `max_new_tokens` and `max_length` the smallest holds. An
    encoder-decoder's `max_length` and `min_length` count the token that its text starts with; a decoder-only model's
    count the prompt, and are not used.
    """
    published = copy.deepcopy(model.generation_config)
    tasks = list((getattr(model.config, "task_specific_params", None) or {}).values())
    if len(tasks) == 1:
        published.update(**tasks[0])
    encoder_decoder = bool(model.config.is_encoder_decoder)
    limits = [decoding.max_new_tokens, published.max_new_tokens]
    if encoder_decoder and published.max_length is not None:
        limits.append(published.max_length - 1)
    limit = min(each for each in limits if each is not None)
    ends = published.eos_token_id
    published.update(
        max_new_tokens=limit,
        max_length=None,
        min_new_tokens=min(published.min_new_tokens, limit) if published.min_new_tokens else None,
        min_length=min(published.min_length, limit + 1) if encoder_decoder and published.min_length else None,
        num_return_sequences=1,
        return_dict_in_generate=False,
        eos_token_id=tokenizer.eos_token_id if ends is None else ends,
        pad_token_id=tokenizer.pad_token_id,
    )
    return published


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
