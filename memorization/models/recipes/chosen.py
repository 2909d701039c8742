"""Which modules of this package a recipe's training loads."""

from __future__ import annotations

from memorization.config.models import Recipe

PACKAGE = "memorization.models.recipes"


def chosen(recipe: Recipe) -> tuple[str, ...]:
    """Full names of the modules that a recipe's switches need, in the order in which they apply; none: empty."""
    names = {
        "deduplication": recipe.deduplicate is not None,
        "inputs": recipe.loss == "input_and_target",
        "blocks": recipe.blocks is not None,
        "goldfish": recipe.goldfish is not None,
        "weights": recipe.trains in ("last_layer", "head"),
        "adapters": recipe.trains == "lora",
    }
    return tuple(f"{PACKAGE}.{name}" for name, needed in names.items() if needed)
