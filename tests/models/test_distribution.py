"""Distributions: a checkpoint's special tokens are kept, and nothing else that it sets."""

from typing import Any

import numpy as np
import pytest
from generating import restricted
from tiny import tiny_model

from memorization.config.generation import Decoding
from memorization.models.distribution import end_tokens, plain_configuration, warpers


def test_only_special_tokens_of_a_checkpoint_are_kept(tokenizer: Any, device: Any) -> None:
    model = tiny_model("bart", tokenizer)
    model.generation_config.update(num_beams=4, no_repeat_ngram_size=3, forced_bos_token_id=7, eos_token_id=[1, 9])

    plain = plain_configuration(model, tokenizer, Decoding(strategy="greedy", max_new_tokens=5, min_new_tokens=2))

    assert (plain.num_beams, plain.no_repeat_ngram_size, plain.do_sample) == (1, None, False)
    assert (plain.max_new_tokens, plain.min_new_tokens) == (5, 2)
    assert (plain.forced_bos_token_id, plain.pad_token_id, end_tokens(plain)) == (7, 0, [1, 9])


def test_a_checkpoint_without_an_end_token_has_that_of_its_tokenizer(tokenizer: Any, device: Any) -> None:
    model = tiny_model("gpt2", tokenizer)
    model.generation_config.eos_token_id = None

    assert end_tokens(plain_configuration(model, tokenizer, Decoding(strategy="greedy"))) == [1]
    assert end_tokens(model.generation_config) == []


@pytest.mark.parametrize("options", [{}, {"top_k": 3}, {"temperature": 0.5, "top_k": 6, "top_p": 0.8}])
def test_warpers_restrict_the_distribution_as_defined(options: dict[str, Any]) -> None:
    import torch

    decoding = Decoding.model_validate({"strategy": "sample", **options})
    logits = np.random.default_rng(0).normal(size=12)
    scores = torch.from_numpy(logits)[None]

    for warper in warpers(decoding):
        scores = warper(None, scores)

    assert scores.softmax(dim=-1)[0].tolist() == pytest.approx(restricted(logits, decoding).tolist(), abs=1e-9)
