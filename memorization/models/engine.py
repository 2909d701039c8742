"""The interface of engines, which generate token ids after token ids, and the choice among them.

An engine is a module below `engines` with the names of `Engine`. It is loaded by name, so that changed code of one
engine makes only its own generations stale: `candidates` names those that a run may use before a model is there, and
`choose` takes the first of them that computes what the loaded model does.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from memorization.config.generation import Decoding
from memorization.errors import UserError

log = logging.getLogger(__name__)

REFERENCE = "transformers"
"""Name of the engine that takes every model and decoding, and that the others are compared with."""
FAST = "native"
"""Name of the engine that `auto` prefers."""
VLLM = "vllm"
"""Name of the engine that decodes greedily on a GPU alone, and that `auto` does not take."""
ENDPOINT = "memorization.models.endpoint"
"""Full name of the module that asks a server for texts, in place of an engine and a loaded model."""
MODEL_TYPES: dict[str, tuple[str, ...]] = {
    FAST: ("t5", "gpt2", "gpt_neo", "llama"),
    VLLM: ("gemma", "gemma2", "gpt2", "gpt_neox", "gptj", "llama", "mistral", "opt", "phi3", "qwen2", "qwen3"),
}
"""Architectures that an engine knows, by their `model_type`; one that is not here knows all."""


@dataclass(frozen=True)
class Prompt:
    """Token ids that a model reads, and the number of their probe, which seeds its draws together with the decoding."""

    probe: int
    tokens: Sequence[int]


class Engine(Protocol):
    """A module that generates."""

    PACKAGES: Sequence[str]
    """Packages that decide its numbers, for the manifest."""

    def fault(self, model: Any) -> str | None:
        """Why it cannot generate with a loaded transformers model, in words that follow `it`; None if it can."""
        ...

    def generate(
        self,
        model: Any,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        batch_size: int | None,
        advance: Callable[[int], None],
    ) -> list[list[int]]:
        """The token ids that a loaded transformers model writes after each prompt, in the prompts' order.

        The special tokens are those of `model.generation_config`; with the strategy `as_published`, all settings are. A
        list ends with an end token, or with the last token that its `max_new_tokens` allows; after an end token there
        may be further tokens, which do not count. In fp32 the tokens of a prompt depend on the model, the prompt and
        the decoding alone, not on the other prompts or on `batch_size`, the number of prompts per forward pass; without
        it, the engine takes as many as it finds best. `advance` counts the prompts that are finished.
        """
        ...


def engine_module(name: str = REFERENCE) -> str:
    """The full name of an engine's module."""
    return f"memorization.models.engines.{name}"


def load_engine(module: str) -> Engine:
    """The engine in the module of that full name."""
    return cast(Engine, importlib.import_module(module))


def candidates(chosen: str, device: str, model_type: str | None, decoding: Decoding) -> list[str]:
    """Full names of the modules of which one will generate, by preference.

    `chosen` is `compute.engine`, `device` is `compute.device`, `model_type` the architecture; None where it is not
    known before the model is there. A checkpoint's own settings are those of transformers, whichever engine is chosen.
    On a CPU, where bf16 is slow anyway, its texts stay those of the reference. Raises UserError where the chosen engine
    does not know the architecture, the device or the decoding.
    """
    reference, fast = engine_module(REFERENCE), engine_module(FAST)
    if decoding.strategy == "as_published":
        return [reference]
    known = MODEL_TYPES.get(FAST if chosen == "auto" else chosen)
    is_unknown = known is not None and model_type is not None and model_type not in known
    if chosen != "auto":
        if known is not None and is_unknown:
            raise UserError(
                f"compute.engine: given {chosen!r}, which does not know models of type {model_type}, only "
                f"{', '.join(known)}: use auto or transformers."
            )
        if chosen == VLLM and device == "cpu":
            raise UserError(
                f"compute.engine: given {chosen!r}, which needs a GPU, and compute.device is {device!r}: use auto."
            )
        if chosen == VLLM and decoding.strategy == "sample":
            raise UserError(
                f"compute.engine: given {chosen!r}, which does not draw by this program's numbers, and a decoding has "
                "`strategy: sample`: use auto, or greedy decodings alone."
            )
        return [engine_module(chosen)]
    if is_unknown or (decoding.precision == "bf16" and device == "cpu"):
        return [reference]
    return [fast, reference]


def choose(modules: Sequence[str], model: Any) -> str:
    """The first of the engines that a loaded model can be used with; the log says why another one is not.

    Raises UserError where it is none of them.
    """
    for module in modules:
        name = module.rpartition(".")[2]
        fault = load_engine(module).fault(model)
        if fault is None:
            return module
        if module != modules[-1]:
            log.info("the engine %s is not used: it %s", name, fault)
    raise UserError(
        f"compute.engine: given {name!r}, which {fault}. `auto` takes the fastest engine that can be used with the "
        "model."
    )
