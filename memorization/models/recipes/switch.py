"""What a switch of a recipe can change about training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from memorization.config.models import Recipe
from memorization.models.examples import Example

Row = Mapping[str, Any]
"""A training row: columns of schema `dataset`."""
Encode = Callable[[Sequence[Row]], Sequence[Example]]
"""Makes examples of training or validation rows."""


class Switch:
    """One switch of a recipe: changes nothing, except what a subclass overrides.

    Whatever a switch does, the checkpoint is a plain transformers folder, and no later stage knows about it.
    """

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        """What the switch has counted, for the manifest of the training."""

    def choose_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The training rows that are read, in their order."""
        return rows

    def choose_encoding(self, encode: Encode, model: Any, tokenizer: Any) -> Encode:
        """How rows become examples for that model; `encode` is how they do without the switch."""
        return encode

    def change_examples(self, examples: Sequence[Example], start: int | None) -> Sequence[Example]:
        """The examples as they are trained on.

        `start` is the token that the decoder of an encoder-decoder model begins with; None for decoder-only models.
        """
        return examples

    def choose_weights(self, model: Any) -> Any:
        """The model to train, in which only the switch's weights are trainable; changes `model` in place."""
        return model

    def plain_model(self, model: Any) -> Any:
        """A plain transformers model with the outputs of `model`, which `choose_weights` returned."""
        return model


class SwitchModule(Protocol):
    """A module of this package that `chosen` can name."""

    def switch(self, recipe: Recipe) -> Switch:
        """The switch as the recipe sets it."""
        ...
