"""f(p): what a model writes for each prefix.

Does not know where prefixes come from. A probe's text depends on the model, its prefix, the decoding and the probe's
own draws: never on the other probes of its batch, their order or the batch's size (in fp32).
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from memorization.config import Decoding
from memorization.errors import UserError
from memorization.progress import Progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Generation:
    """Row of schema `generations`."""

    probe: int
    generation: str
    generated_tokens: int
    at_limit: bool


def generate(
    model: Any, tokenizer: Any, prefixes: Sequence[str], decoding: Decoding, batch_size: int, what: str
) -> list[Generation]:
    """One generation a prefix, in the prefixes' order; the prompt is the bare prefix (Appendix B.1).

    Encoder-decoder models read the prefix and write; decoder-only models continue it, and the prefix is not part of the
    generation, unless the decoding has it `with_prompt`. Raises UserError where prefix and generation together exceed
    the model's positions.
    """
    return write(model, tokenizer, prompt_tokens(model, tokenizer, prefixes), decoding, batch_size, what)


def write(
    model: Any, tokenizer: Any, prompts: Sequence[Sequence[int]], decoding: Decoding, batch_size: int, what: str
) -> list[Generation]:
    """One generation a prompt of token ids, in the prompts' order. Raises UserError as `generate` does."""
    import torch
    from transformers.generation import LogitsProcessorList

    model.generation_config = plain_configuration(model, tokenizer, decoding)
    encoder_decoder = bool(model.config.is_encoder_decoder)
    if encoder_decoder and decoding.with_prompt:
        raise UserError(
            "this decoding has `with_prompt: true`, and the model is an encoder-decoder, which does not continue its "
            "prompt: ask it with a decoding that has `with_prompt: false`."
        )
    check_positions(model, prompts, "max_new_tokens", decoding.max_new_tokens)
    # Neighbours in length share a batch, so that little is padded.
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), index))
    texts: list[Generation | None] = [None] * len(prompts)
    with Progress(len(prompts), what, "prompts") as progress, torch.inference_mode():
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            ids, mask = padded([prompts[index] for index in chosen], tokenizer.pad_token_id, left=not encoder_decoder)
            first = 1 if encoder_decoder else ids.shape[1]
            processors = LogitsProcessorList(_processors(decoding, chosen, first, model.device))
            written = model.generate(
                input_ids=torch.from_numpy(ids).to(model.device),
                attention_mask=torch.from_numpy(mask).to(model.device),
                logits_processor=processors,
            )
            for index, tokens in zip(chosen, written[:, first:].tolist(), strict=True):
                shown = prompts[index] if decoding.with_prompt else []
                texts[index] = _generation(index, shown, tokens, tokenizer, model.generation_config.eos_token_id)
            progress.advance(len(chosen))
    return [text for text in texts if text is not None]


def prompt_tokens(model: Any, tokenizer: Any, prefixes: Sequence[str]) -> list[list[int]]:
    """What the model reads: the token ids of each bare prefix, with the special tokens that its tokenizer puts in."""
    prompts = list(tokenizer(list(prefixes), verbose=False)["input_ids"])
    if not model.config.is_encoder_decoder and prompts and prompts[0] and prompts[0][-1] == tokenizer.eos_token_id:
        # An end token after the prefix would ask a decoder-only model for a new text.
        prompts = [tokens[:-1] for tokens in prompts]
    return prompts


def plain_configuration(model: Any, tokenizer: Any, decoding: Decoding) -> Any:
    """Greedy search with the checkpoint's special tokens and nothing else that it may ask for (beams, penalties)."""
    from transformers import GenerationConfig

    given = model.generation_config
    plain = GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        min_new_tokens=decoding.min_new_tokens or None,
        do_sample=False,
        num_beams=1,
        eos_token_id=given.eos_token_id if given.eos_token_id is not None else tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=given.bos_token_id,
        decoder_start_token_id=given.decoder_start_token_id,
        forced_bos_token_id=given.forced_bos_token_id,
    )
    return copy.deepcopy(plain)


def check_positions(model: Any, prompts: Sequence[Sequence[int]], key: str, new_tokens: int) -> None:
    """UserError where prompts and `new_tokens` after them, which `key` asks for, exceed the model's positions."""
    # T5's positions are relative: its configuration names none.
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    longest = max(map(len, prompts), default=0)
    needed = max(longest, new_tokens) if model.config.is_encoder_decoder else longest + new_tokens
    if limit is not None and needed > limit:
        raise UserError(
            f"the model has {limit} positions, and a prompt of {longest} tokens with `{key}: {new_tokens}` takes "
            f"{needed}: lower one of them."
        )


def padded(rows: Sequence[Sequence[int]], pad: int, left: bool, length: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and attention mask, int64 arrays (rows, longest); at least `length` wide."""
    longest = max([length, *map(len, rows)])
    ids = np.full((len(rows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[index, place] = row
        mask[index, place] = 1
    return ids, mask


def _generation(
    probe: int, shown: Sequence[int], tokens: Sequence[int], tokenizer: Any, ends: int | list[int] | None
) -> Generation:
    stops = set(ends) if isinstance(ends, list) else {ends}
    length = next((place for place, token in enumerate(tokens) if token in stops), len(tokens))
    text = tokenizer.decode([*shown, *tokens[:length]], skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return Generation(probe, text, length, at_limit=length == len(tokens))


def _processors(decoding: Decoding, probes: Sequence[int], first: int, device: Any) -> Iterator[Any]:
    """Nothing for greedy; for a draw: temperature, top-k, top-p, then the draw itself as the only token left."""
    if decoding.strategy == "sample":
        yield from warpers(decoding)
        yield draw(decoding, probes, first, device)


def warpers(decoding: Decoding) -> Iterator[Any]:
    """What makes a decoding's distribution of a model's scores (rows, vocabulary): temperature, top-k, top-p."""
    from transformers.generation import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    if decoding.temperature != 1.0:
        yield TemperatureLogitsWarper(decoding.temperature)
    if decoding.top_k is not None:
        yield TopKLogitsWarper(decoding.top_k)
    if decoding.top_p is not None:
        yield TopPLogitsWarper(decoding.top_p)


def draw(decoding: Decoding, probes: Sequence[int], first: int, device: Any) -> Any:
    """A logits processor that draws each row's token with the row's own uniform numbers.

    Probe i has the stream seeded by (seed, i), one number a token: sampling is by inversion of the cumulative
    distribution, so the same probe draws the same text in any batch.
    """
    import torch
    from transformers.generation import LogitsProcessor

    streams = np.stack(
        [np.random.default_rng([decoding.seed, probe]).random(decoding.max_new_tokens) for probe in probes]
    )
    uniforms = torch.from_numpy(streams).to(device)

    class Draw(LogitsProcessor):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            step = input_ids.shape[1] - first
            cumulative = torch.softmax(scores.double(), dim=-1).cumsum(dim=-1)
            # The last sum may fall short of 1 by rounding.
            target = uniforms[:, step : step + 1] * cumulative[:, -1:]
            token = torch.searchsorted(cumulative, target, right=True).clamp(max=scores.shape[-1] - 1)
            return torch.full_like(scores, -torch.inf).scatter(1, token, 0.0)

    return Draw()
