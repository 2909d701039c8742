"""The interface of engines, which generate token ids after token ids.

An engine is a module below `engines` with the function of `Engine`. It is loaded by name, so that changed code of one
engine makes only its own generations stale.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from memorization.config.generation import Decoding

DEFAULT = "transformers"
"""Name of the engine that is used unless another one is chosen."""


@dataclass(frozen=True)
class Prompt:
    """Token ids that a model reads, and the number of their probe, which seeds its draws together with the decoding."""

    probe: int
    tokens: Sequence[int]


class Engine(Protocol):
    """A module that generates."""

    PACKAGES: Sequence[str]
    """Packages that decide its numbers, for the manifest."""

    def generate(
        self,
        model: Any,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        batch_size: int,
        advance: Callable[[int], None],
    ) -> list[list[int]]:
        """The token ids that a loaded transformers model writes after each prompt, in the prompts' order.

        The special tokens are those of `model.generation_config`; with the strategy `as_published`, all settings are. A
        list ends with an end token, or with the last token that its `max_new_tokens` allows; after an end token there
        may be further tokens, which do not count. In fp32 the tokens of a prompt depend on the model, the prompt and
        the decoding alone, not on the other prompts or on `batch_size`, the number of prompts per forward pass.
        `advance` counts the prompts that are finished.
        """
        ...


def engine_module(name: str = DEFAULT) -> str:
    """The full name of an engine's module."""
    return f"memorization.models.engines.{name}"


def load_engine(module: str) -> Engine:
    """The engine in the module of that full name."""
    return cast(Engine, importlib.import_module(module))
