"""Prompts: bare prefixes with the special tokens of the tokenizer, and the positions that they need."""

from typing import Any

import pytest
from tiny import PREFIXES, tiny_model

from memorization.errors import UserError
from memorization.models.prompts import check_positions, position_limit, prompt_tokens


def test_only_encoder_decoder_models_read_an_end_token(tokenizer: Any, device: Any) -> None:
    with_end, bare = (prompt_tokens(tiny_model(name, tokenizer), tokenizer, PREFIXES) for name in ("t5", "gpt2"))

    assert with_end == [[*tokens, tokenizer.eos_token_id] for tokens in bare]
    assert bare == tokenizer(PREFIXES, add_special_tokens=False)["input_ids"]


def test_relative_positions_have_no_limit(tokenizer: Any, device: Any) -> None:
    limits = {name: position_limit(tiny_model(name, tokenizer)) for name in ("t5", "bart", "gpt2", "llama")}

    assert limits == {"t5": None, "bart": 64, "gpt2": 64, "llama": 64}


def test_encoder_decoder_models_need_no_room_for_both(tokenizer: Any, device: Any) -> None:
    prompts = [[5] * 40, [5]]

    check_positions(tiny_model("bart", tokenizer), prompts, "tokens", 64)
    check_positions(tiny_model("gpt2", tokenizer), prompts, "tokens", 24)
    with pytest.raises(UserError, match="a prompt of 40 tokens with `tokens: 25` needs 65: lower one"):
        check_positions(tiny_model("gpt2", tokenizer), prompts, "tokens", 25)
