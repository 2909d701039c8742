"""Training of a part of the weights: the last decoder layer, or the output head alone."""

from __future__ import annotations

from typing import Any, Literal

from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models.recipes.switch import Switch

# Names of the norm after the last block: T5, GPT-2 and GPT-Neo, Llama, BioGPT. BART has none.
FINAL_NORMS = ("final_layer_norm", "ln_f", "norm", "layer_norm")

Part = Literal["last_layer", "head"]


def switch(recipe: Recipe) -> Switch:
    """The switch `trains: last_layer` or `trains: head`."""
    assert recipe.trains in ("last_layer", "head")
    return _PartOfWeights(recipe.trains)


class _PartOfWeights(Switch):
    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part = part

    def choose_weights(self, model: Any) -> Any:
        choose_part(model, self.part)
        return model


def choose_part(model: Any, part: Part) -> None:
    """Make only the last layer's or the head's weights of a model trainable, in place.

    UserError where the architecture does not have that part.
    """
    model.requires_grad_(False)
    for module in _head_alone(model) if part == "head" else _last_layer(model):
        module.requires_grad_(True)


def _head_alone(model: Any) -> list[Any]:
    """The output head, untied from the input embeddings, which would change with it.

    A head is saved where its weights differ from the embeddings', and when it loads a model, transformers ties only
    weights that are equal. Therefore the configurations of encoder-decoders stay unchanged: T5's `tie_word_embeddings`
    decides there whether the decoder's outputs are scaled, and without it BART would expect three copies of the
    embeddings.
    """
    import torch

    head = _head(model)
    if head is None:
        raise UserError(f"trains: head: a {model.config.model_type} model has no output head of its own; allowed: all.")
    if _is_tied(model, head):
        head.weight = torch.nn.Parameter(head.weight.detach().clone())
        if not model.config.is_encoder_decoder:
            model.config.tie_word_embeddings = False
    return [head]


def _last_layer(model: Any) -> list[Any]:
    """The last block of the decoder, the norm after it, and the output head where it is not tied."""
    import torch

    decoder = model.get_decoder()
    stacks = [part for part in decoder.children() if isinstance(part, torch.nn.ModuleList)]
    if len(stacks) != 1:
        raise UserError(
            f"trains: last_layer: a {model.config.model_type} model has no single stack of decoder blocks; "
            "allowed: all."
        )
    norms = [part for name in FINAL_NORMS if (part := getattr(decoder, name, None)) is not None]
    head = _head(model)
    return [stacks[0][-1], *norms, *([head] if head is not None and not _is_tied(model, head) else [])]


def _head(model: Any) -> Any:
    import torch

    head = model.get_output_embeddings()
    return head if isinstance(head, torch.nn.Linear) else None


def _is_tied(model: Any, head: Any) -> bool:
    return head.weight is model.get_input_embeddings().weight
