"""f(p): the text that a model generates for each prefix.

Does not know where prefixes come from. A probe's text depends on the model, its prefix, the decoding and the probe's
own draws: never on the other probes of its batch, their order or the batch's size (in fp32).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.distribution import end_tokens, plain_configuration
from memorization.models.engine import Prompt, engine_module, load_engine
from memorization.models.prompts import check_positions, prompt_tokens
from memorization.progress import Progress
from memorization.schemas.generations import GenerationsTable


@dataclass(frozen=True)
class Generation:
    """Row of schema `generations`."""

    probe: int
    generation: str
    generated_tokens: int
    at_limit: bool


@dataclass(frozen=True)
class GenerationSettings:
    """How texts are generated: the decoding, the number of prompts per batch, and the full name of the engine."""

    decoding: Decoding
    batch_size: int
    engine: str = engine_module()


def generate(model: Any, tokenizer: Any, probes: pa.Table, settings: GenerationSettings, what: str) -> list[Generation]:
    """One generation per row of `probes` (columns `probe`, `prefix`), in their order.

    The prompt is the bare prefix (Appendix B.1). Encoder-decoder models read the prefix and write; decoder-only models
    continue it, and the prefix is not part of the generation, unless the decoding sets `with_prompt`. A probe's draws
    follow from its number, so that a slice of a table gives the same rows as the whole table. `what` names the work in
    the log. Raises UserError where prefix and generation together exceed the model's positions.
    """
    prompts = [
        Prompt(*pair)
        for pair in zip(
            probes["probe"].to_pylist(), prompt_tokens(model, tokenizer, probes["prefix"].to_pylist()), strict=True
        )
    ]
    return continue_prompts(model, tokenizer, prompts, settings, what)


def continue_prompts(
    model: Any, tokenizer: Any, prompts: Sequence[Prompt], settings: GenerationSettings, what: str
) -> list[Generation]:
    """One generation per prompt, in the prompts' order. Raises UserError as `generate` does."""
    decoding = settings.decoding
    if model.config.is_encoder_decoder and decoding.with_prompt:
        raise UserError(
            "this decoding has `with_prompt: true`, and the model is an encoder-decoder, which does not continue its "
            "prompt: use a decoding that has `with_prompt: false`."
        )
    check_positions(model, [prompt.tokens for prompt in prompts], "max_new_tokens", decoding.max_new_tokens)
    model.generation_config = plain_configuration(model, tokenizer, decoding)
    with Progress(len(prompts), what, "prompts") as progress:
        texts = load_engine(settings.engine).generate(
            model, prompts, decoding, settings.batch_size, advance=progress.advance
        )
    ends = end_tokens(model.generation_config)
    return [
        _generation(prompt, tokens, ends, tokenizer, decoding.with_prompt)
        for prompt, tokens in zip(prompts, texts, strict=True)
    ]


def _generation(
    prompt: Prompt, tokens: Sequence[int], ends: Sequence[int], tokenizer: Any, with_prompt: bool
) -> Generation:
    length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    shown = [*(prompt.tokens if with_prompt else []), *tokens[:length]]
    text = tokenizer.decode(shown, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Generation(prompt.probe, text, length, at_limit=length == len(tokens))


def table_of(generations: Sequence[Generation]) -> pa.Table:
    """Generations as a table of schema `generations`."""
    return pa.Table.from_pylist([asdict(each) for each in generations], schema=GenerationsTable.arrow())
