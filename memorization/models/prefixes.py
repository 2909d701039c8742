"""Bare prefixes as token ids, and whether a model's positions suffice for what it reads and writes.

A module of its own, so that what is computed of bare prefixes alone does not depend on how other prompts are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization.errors import UserError


def prompt_tokens(model: Any, tokenizer: Any, prefixes: Sequence[str]) -> list[list[int]]:
    """The token ids of each bare prefix (Appendix B.1), with the special tokens that the tokenizer adds."""
    prompts = list(tokenizer(list(prefixes), verbose=False)["input_ids"])
    if not model.config.is_encoder_decoder and prompts and prompts[0] and prompts[0][-1] == tokenizer.eos_token_id:
        # After an end token, a decoder-only model would begin a new text.
        prompts = [tokens[:-1] for tokens in prompts]
    return prompts


def position_limit(model: Any) -> int | None:
    """Number of a model's positions; None where they are relative, as T5's are."""
    limit: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return limit


def check_positions(
    model: Any, prompts: Sequence[Sequence[int]], key: str, new_tokens: int, max_input_tokens: int | None = None
) -> None:
    """UserError where prompts and `new_tokens` after them, the value of the setting `key`, exceed the positions.

    `max_input_tokens` is what prompts were cut to, if they were.
    """
    limit = position_limit(model)
    longest = max(map(len, prompts), default=0)
    needed = max(longest, new_tokens) if model.config.is_encoder_decoder else longest + new_tokens
    if limit is not None and needed > limit:
        raise UserError(
            f"the model has {limit} positions, and a prompt of {longest} tokens with `{key}: {new_tokens}` needs "
            f"{needed}: lower one of them."
            + (
                ""
                if max_input_tokens is None
                else f" Questions are cut to `max_input_tokens: {max_input_tokens}`, which is the recipe's, and that "
                "of the section `answers` for `base` and models that are not fine-tuned here."
            )
        )
