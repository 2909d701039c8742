"""Low-rank adapters (Hu et al. 2022), merged into the weights of the checkpoints that are kept."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from memorization.config.models import LoRA, Recipe
from memorization.errors import UserError
from memorization.models.recipes.switch import Switch


def switch(recipe: Recipe) -> Switch:
    """The switch `trains: lora`."""
    return _Adapters(recipe.lora or LoRA(), recipe.seed)


class _Adapters(Switch):
    def __init__(self, lora: LoRA, seed: int) -> None:
        super().__init__()
        self.lora, self.seed = lora, seed

    def choose_weights(self, model: Any) -> Any:
        return with_adapters(model, self.lora, self.seed)

    def plain_model(self, model: Any) -> Any:
        return merged(model)


def with_adapters(model: Any, lora: LoRA, seed: int) -> Any:
    """A PEFT model around `model` whose adapters alone are trainable; puts the adapters into `model` itself.

    UserError where `target_modules` names no module, or one that shares its weights.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    uses = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    torch.manual_seed(seed)
    try:
        adapted = get_peft_model(
            model,
            LoraConfig(
                r=lora.rank,
                lora_alpha=lora.alpha,
                lora_dropout=lora.dropout,
                target_modules=lora.target_modules,
            ),
        )
    except ValueError as error:
        raise UserError(
            f"lora.target_modules: given {lora.target_modules}: {' '.join(str(error).split())[:300]} Give the last "
            f"parts of names of linear modules of the {model.config.model_type} model."
        ) from error
    for name, module in adapted.named_modules():
        if hasattr(module, "lora_A") and uses[id(module.get_base_layer().weight)] > 1:
            raise UserError(
                f"lora.target_modules: given {lora.target_modules}: {name.removeprefix('base_model.model.')} shares "
                "its weights with another module, which merging would change too; name modules with weights of their "
                "own."
            )
    return adapted


def merged(adapted: Any) -> Any:
    """A copy of a PEFT model with the adapters added into its weights: a plain transformers model.

    A copy, because removing an adapter from the weights again would not restore the same bits.
    """
    return copy.deepcopy(adapted).merge_and_unload()
