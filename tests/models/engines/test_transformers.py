"""The transformers engine: token ids of each prompt in order, with draws that follow from the probe's number."""

from typing import Any

import numpy as np
import pytest
from tiny import PREFIXES, tiny_model

from memorization.config.generation import Decoding
from memorization.models.distribution import plain_configuration
from memorization.models.engine import REFERENCE, Prompt, engine_module, load_engine
from memorization.models.engines import transformers as engine

DRAWN = Decoding(strategy="sample", top_k=40, max_new_tokens=6, seed=3)


def test_the_reference_is_this_engine() -> None:
    assert load_engine(engine_module()) is engine
    assert engine_module(REFERENCE) == engine.__name__


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_the_tokens_of_prompts_are_in_their_order(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.2)
    model.generation_config = plain_configuration(model, tokenizer, DRAWN)
    prompts = [
        Prompt(number, tokens)
        for number, tokens in enumerate(tokenizer(PREFIXES, add_special_tokens=False)["input_ids"])
    ]
    finished: list[int] = []

    together = engine.generate(model, prompts, DRAWN, 3, finished.append)

    assert finished == [3, 3, 1]
    alone = [engine.generate(model, [prompt], DRAWN, 1, finished.append)[0] for prompt in prompts]
    # Rows of a batch have the length of its longest text.
    for one, other in zip(together, alone, strict=True):
        assert one[: len(other)] == other
        assert set(one[len(other) :]) <= {0}
    assert engine.generate(model, [], DRAWN, 3, finished.append) == []


def test_draws_invert_the_cumulative_distribution_with_the_stream_of_the_probe(device: Any) -> None:
    import torch

    probabilities = np.array([0.1, 0.2, 0.3, 0.4])
    scores = torch.tensor(np.log(probabilities))[None].repeat(2, 1)
    processor = engine.draw(DRAWN, [5, 5000], 2, "cpu")

    for step in range(6):
        drawn = processor(torch.zeros(2, 2 + step), scores)
        uniforms = [np.random.default_rng([3, probe]).random(6)[step] for probe in (5, 5000)]
        expected = np.searchsorted(np.cumsum(probabilities), uniforms, side="right")
        assert drawn.argmax(dim=1).tolist() == expected.tolist()
        assert torch.isinf(drawn).sum() == 6
