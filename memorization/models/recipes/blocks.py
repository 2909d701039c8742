"""Blocks: the texts of all rows as one stream of tokens, cut into examples of equal length."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from memorization.config.models import Blocks, Recipe
from memorization.errors import UserError
from memorization.models.examples import TEXTS_PER_CALL, Example
from memorization.models.prefixes import position_limit
from memorization.models.recipes.switch import Encode, Row, Switch

log = logging.getLogger(__name__)


def switch(recipe: Recipe) -> Switch:
    """The switch `blocks`."""
    assert recipe.blocks is not None
    return _Blocks(recipe.blocks)


class _Blocks(Switch):
    def __init__(self, blocks: Blocks) -> None:
        super().__init__()
        self.blocks = blocks

    def choose_encoding(self, encode: Encode, model: Any, tokenizer: Any) -> Encode:
        if model.config.is_encoder_decoder:
            raise UserError(
                f"blocks: a {model.config.model_type} model is an encoder-decoder, which reads an input and writes a "
                "target, and no stream of texts: leave `blocks` out of its recipe, or name a decoder-only model."
            )
        limit = position_limit(model)
        if limit is not None and self.blocks.tokens > limit:
            raise UserError(
                f"blocks.tokens: given {self.blocks.tokens}, and the model has {limit} positions; allowed: 2 to "
                f"{limit}."
            )
        return partial(in_blocks, tokenizer=tokenizer, blocks=self.blocks)


def in_blocks(rows: Sequence[Row], tokenizer: Any, blocks: Blocks) -> list[Example]:
    """The blocks of a stream of rows (`instruction, input, target`), all of them `blocks.tokens` long.

    A shorter rest is left out, and is the only block of a stream that is shorter than one. `run_clm.py` of Hugging Face
    does that with every thousand texts, and leaves out a rest of each. UserError for conversations that a chat template
    is to write.
    """
    if any(row.get("turns") for row in rows):
        raise UserError(
            "blocks: a stream of texts has no turns, and the dataset's conversations are to be read in a chat "
            "template: leave `blocks` out of the recipe, or set `chat_template: false` in the dataset's `conversation`."
        )
    texts = [blocks.text.format(**row).strip() + blocks.separator for row in rows]
    parts = [np.zeros(0, dtype=np.int32)]
    for first in range(0, len(texts), TEXTS_PER_CALL):
        ids = tokenizer(texts[first : first + TEXTS_PER_CALL], add_special_tokens=False, verbose=False)["input_ids"]
        parts.append(np.fromiter(chain.from_iterable(ids), dtype=np.int32))
    stream = np.concatenate(parts)
    whole = len(stream) // blocks.tokens * blocks.tokens or len(stream)
    log.info("blocks: %d of the %d tokens of %d texts", whole, len(stream), len(texts))
    cut = [stream[start : start + blocks.tokens] for start in range(0, whole, blocks.tokens)]
    return [Example(tokens, tokens) for tokens in cut]
