"""Adapters: the product that they add to the weights, and the modules that can have them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fine_tuning import BOTH_KINDS, fine_tune, loaded, recipe_of, small, weights
from tiny import tiny_model

from memorization.config.models import LoRA
from memorization.errors import UserError
from memorization.models.recipes.adapters import with_adapters


@pytest.mark.parametrize("architecture", BOTH_KINDS)
def test_lora_adds_the_scaled_product_of_its_adapters(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    model = small(architecture, tokenizer)
    before = weights(model)

    output = fine_tune(model, tokenizer, tmp_path, recipe_of("lora"))

    after, adapters = weights(loaded(output / "epoch-4")), weights(model)
    pairs = [name for name in adapters if "lora_A" in name]
    assert pairs
    for name in pairs:
        low, up = adapters[name], adapters[name.replace("lora_A", "lora_B")]
        assert low.shape[0] == up.shape[1] == 2
        target = name.replace(".lora_A.default", "")
        np.testing.assert_allclose(after[target], before[target] + 3 * up @ low, atol=1e-6)


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (["nonsense"], r"lora.target_modules: given \['nonsense'\]: .*not found"),
        (["lm_head"], "lm_head shares its weights with another module"),
        (["q", "shared"], "shared shares its weights with another module"),
    ],
)
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings")
def test_modules_that_take_no_adapter_are_refused(modules: list[str], message: str, tokenizer: Any) -> None:
    with pytest.raises(UserError, match=message):
        with_adapters(tiny_model("t5", tokenizer), LoRA(target_modules=modules), 0)


def test_adapters_go_where_the_recipe_says(tokenizer: Any) -> None:
    model = with_adapters(small("t5", tokenizer), LoRA(rank=4, target_modules=["wo"]), 0)

    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert trainable
    assert all(".wo.lora_" in name for name in trainable)
