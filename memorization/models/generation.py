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
from memorization.models.distribution import end_tokens, plain_configuration, published_configuration
from memorization.models.engine import Prompt, engine_module, load_engine
from memorization.models.prefixes import check_positions
from memorization.models.prompts import asked_in, asked_tokens
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
    """How texts are generated: the decoding, the number of prompts per batch, and the full name of the engine.

    Without a number, the engine chooses it.
    """

    decoding: Decoding
    batch_size: int | None
    engine: str = engine_module()
    max_input_tokens: int | None = None
    """Tokens of a whole question that the model reads, as in training."""


def generate(model: Any, tokenizer: Any, probes: pa.Table, settings: GenerationSettings, what: str) -> list[Generation]:
    """One generation per row of `probes`, in their order.

    The prompt is the bare prefix (Appendix B.1; columns `probe`, `prefix`), or what a table of schema `prompts` says.
    Encoder-decoder models read it and write; decoder-only models continue it, and it is not part of the generation,
    unless the decoding sets `with_prompt`. A probe's draws follow from its number, so that a slice of a table gives the
    same rows as the whole table. `what` names the work in the log and in messages. Raises UserError where the model
    cannot be asked so (`asked_tokens`), where prompt and generation together exceed its positions, and where its own
    settings, asked for by the decoding, draw.
    """
    numbers = probes["probe"].to_pylist()
    tokens = asked_tokens(model, tokenizer, numbers, asked_in(probes), settings.max_input_tokens)
    prompts = [Prompt(*pair) for pair in zip(numbers, tokens, strict=True)]
    return continue_prompts(model, tokenizer, prompts, settings, what)


def continue_prompts(
    model: Any, tokenizer: Any, prompts: Sequence[Prompt], settings: GenerationSettings, what: str
) -> list[Generation]:
    """One generation per prompt, in the prompts' order. Raises UserError as `generate` does.

    Sets the model's `generation_config`.
    """
    decoding = settings.decoding
    if model.config.is_encoder_decoder and decoding.with_prompt:
        raise UserError(
            "this decoding has `with_prompt: true`, and the model is an encoder-decoder, which does not continue its "
            "prompt: use a decoding that has `with_prompt: false`."
        )
    configured = published_configuration if decoding.strategy == "as_published" else plain_configuration
    configuration = configured(model, tokenizer, decoding)
    if configuration.do_sample:
        raise UserError(
            f"{what}: this decoding has `strategy: as_published`, and the checkpoint's own settings draw (`do_sample: "
            "true` in its generation_config.json or config.json), by which a text would depend on the others of its "
            "batch: name a decoding with `strategy: sample` and the checkpoint's `temperature`, `top_k` and `top_p`."
        )
    read = [prompt.tokens for prompt in prompts]
    check_positions(model, read, "max_new_tokens", configuration.max_new_tokens, settings.max_input_tokens)
    model.generation_config = configuration
    with Progress(len(prompts), what, "prompts") as progress:
        texts = load_engine(settings.engine).generate(
            model, prompts, decoding, settings.batch_size, advance=progress.advance
        )
    return [
        _generation(prompt, tokens, configuration, tokenizer, decoding.with_prompt)
        for prompt, tokens in zip(prompts, texts, strict=True)
    ]


def _generation(
    prompt: Prompt, tokens: Sequence[int], configuration: Any, tokenizer: Any, with_prompt: bool
) -> Generation:
    ends = end_tokens(configuration)
    length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
    shown = [*(prompt.tokens if with_prompt else []), *tokens[:length]]
    text = tokenizer.decode(shown, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    # Some checkpoints (BART) force the last token that is allowed to be an end token.
    forced = configuration.forced_eos_token_id is not None and length == configuration.max_new_tokens - 1
    return Generation(prompt.probe, text, length, at_limit=forced or length == len(tokens))


def table_of(generations: Sequence[Generation]) -> pa.Table:
    """Generations as a table of schema `generations`."""
    return pa.Table.from_pylist([asdict(each) for each in generations], schema=GenerationsTable.arrow())
