"""Goldfish loss (Hans et al. 2024): the same tokens of a passage are left out of the loss wherever it occurs."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from memorization.config.models import Goldfish, Recipe
from memorization.models.examples import IGNORED, Example
from memorization.models.recipes.switch import Switch

log = logging.getLogger(__name__)


def switch(recipe: Recipe) -> Switch:
    """The switch `goldfish`."""
    assert recipe.goldfish is not None
    return _GoldfishLoss(recipe.goldfish)


class _GoldfishLoss(Switch):
    def __init__(self, goldfish: Goldfish) -> None:
        super().__init__()
        self.goldfish = goldfish

    def change_examples(self, examples: Sequence[Example], start: int | None) -> Sequence[Example]:
        changed = leave_out(examples, self.goldfish, start)
        learned, left = (sum(int((each.labels != IGNORED).sum()) for each in part) for part in (examples, changed))
        log.info("goldfish: %d of %d labels left out of the loss", learned - left, learned)
        self.counts = {"labels": learned, "labels_left_out": learned - left}
        return changed


def leave_out(examples: Sequence[Example], goldfish: Goldfish, start: int | None) -> list[Example]:
    """The examples without the labels that goldfish loss leaves out.

    `start` is the token that the decoder of an encoder-decoder model begins with; None for decoder-only models. The
    context of a token is the sequence, for encoder-decoder models what is written. A token without loss is still read:
    an encoder-decoder would otherwise derive its decoder inputs from the labels, and read padding there.
    """
    changed = []
    for example in examples:
        mask = goldfish_mask(example.inputs if start is None else example.labels, goldfish)
        labels = np.where(mask, np.int32(IGNORED), example.labels)
        read = None if start is None else np.concatenate([np.array([start], dtype=np.int32), example.labels[:-1]])
        changed.append(Example(example.inputs, labels, read))
    return changed


def goldfish_mask(tokens: np.ndarray, goldfish: Goldfish) -> np.ndarray:
    """Which of a text's tokens (int, shape (n,)) the loss leaves out: bool, shape (n,).

    A token is left out where the hash of the `context` tokens before it is a multiple of `every` (Hans et al. 2024,
    Section 3). The hash depends on these tokens alone, so that a passage has the same gaps wherever it occurs.
    """
    left_out = np.zeros(len(tokens), dtype=bool)
    if len(tokens) > goldfish.context:
        windows = np.lib.stride_tricks.sliding_window_view(tokens[:-1].astype(np.uint64), goldfish.context)
        state = np.zeros(len(windows), dtype=np.uint64)
        for place in range(goldfish.context):
            state = _mixed(state + windows[:, place])
        left_out[goldfish.context :] = state % np.uint64(goldfish.every) == 0
    return left_out


def _mixed(state: np.ndarray) -> np.ndarray:
    """A step of SplitMix64 (Steele et al. 2014): every bit of the result depends on every bit of uint64 `state`."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed
