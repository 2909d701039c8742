"""Learning of inputs: beside targets, encoder-decoder models learn the second half of an input after the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from memorization.config.models import Recipe
from memorization.models.examples import TEXTS_PER_CALL, Example, continuation
from memorization.models.recipes.switch import Encode, Switch


def switch(recipe: Recipe) -> Switch:
    """The switch `loss: input_and_target`."""
    assert recipe.loss == "input_and_target"
    return _Inputs(recipe.max_input_tokens)


class _Inputs(Switch):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def choose_encoding(self, encode: Encode, model: Any, tokenizer: Any) -> Encode:
        if not model.config.is_encoder_decoder:
            # Decoder-only models learn inputs and targets in one sequence.
            return encode
        return lambda rows: [*encode(rows), *halves([row["input"] for row in rows], tokenizer, self.limit)]


def halves(texts: Sequence[str], tokenizer: Any, limit: int) -> list[Example]:
    """Prefix language modelling: of each text, cut to `limit` tokens, the second half is written after the first.

    Without an instruction, as probes are given. Texts of fewer than two tokens have no halves.
    """
    # The special tokens around a text: T5 </s>, BART <s> and </s>.
    special = np.array(tokenizer("")["input_ids"], dtype=np.int32)
    examples = []
    for first in range(0, len(texts), TEXTS_PER_CALL):
        part = list(texts[first : first + TEXTS_PER_CALL])
        for tokens in tokenizer(part, add_special_tokens=False, truncation=True, max_length=limit)["input_ids"]:
            if len(tokens) > 1:
                ids = np.array(tokens, dtype=np.int32)
                examples.append(continuation(ids, len(ids) // 2, special[:-1], special[-1:]))
    return examples
