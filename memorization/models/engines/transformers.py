"""Generation with transformers' own `generate`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from memorization.config.generation import Decoding
from memorization.models.batches import in_batches
from memorization.models.distribution import warpers
from memorization.models.draws import inverted, refuse_broken, streams
from memorization.models.engine import Prompt
from memorization.models.padding import padded

PACKAGES = ("torch", "transformers")
BATCH_SIZE = 32
"""Prompts per batch where no number is stated."""


def fault(model: Any) -> str | None:
    """None: it generates with every model."""
    return None


def generate(
    model: Any,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    batch_size: int | None,
    advance: Callable[[int], None],
) -> list[list[int]]:
    """The token ids after each prompt, as `Engine.generate` specifies them."""
    import torch
    from transformers.generation import LogitsProcessorList

    encoder_decoder = bool(model.config.is_encoder_decoder)
    texts: list[list[int]] = [[] for _ in prompts]

    def write(chosen: list[int]) -> list[list[int]]:
        batch = [prompts[index] for index in chosen]
        ids, mask = padded(
            [prompt.tokens for prompt in batch], model.generation_config.pad_token_id, left=not encoder_decoder
        )
        first = 1 if encoder_decoder else ids.shape[1]
        sequences = model.generate(
            input_ids=torch.from_numpy(ids).to(model.device),
            attention_mask=torch.from_numpy(mask).to(model.device),
            logits_processor=LogitsProcessorList(_processors(decoding, batch, first, model.device)),
        )
        written: list[list[int]] = sequences[:, first:].tolist()
        return written

    # A checkpoint's own penalties take padding for text.
    batches = _batches(prompts, batch_size or BATCH_SIZE, padding=decoding.strategy != "as_published")
    with torch.inference_mode():
        for chosen, written in in_batches(batches, write, may_halve=decoding.precision == "fp32"):
            for index, tokens in zip(chosen, written, strict=True):
                texts[index] = tokens
            advance(len(chosen))
    return texts


def _batches(prompts: Sequence[Prompt], batch_size: int, padding: bool) -> Iterator[list[int]]:
    """Indices of the prompts of each batch: of similar length, so that there is little padding, or of the same."""
    lengths = [len(prompt.tokens) for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda index: (lengths[index], index))
    groups = [list(group) for _, group in groupby(order, lambda index: 0 if padding else lengths[index])]
    for group in groups:
        for start in range(0, len(group), batch_size):
            yield group[start : start + batch_size]


def _processors(decoding: Decoding, prompts: Sequence[Prompt], first: int, device: Any) -> Iterator[Any]:
    """A check of the numbers; for sampling temperature, top-k, top-p, then the draw, which leaves one token."""
    yield _refuse_broken
    if decoding.strategy == "sample":
        yield from warpers(decoding)
        yield draw(decoding, [prompt.probe for prompt in prompts], first, device)


def _refuse_broken(input_ids: Any, scores: Any) -> Any:
    """A logits processor that raises UserError where a score is NaN or infinite."""
    # Minus infinity is a token that must not be written.
    refuse_broken(~(scores < math.inf))
    return scores


def draw(decoding: Decoding, probes: Sequence[int], first: int, device: Any) -> Any:
    """A logits processor that draws each row's token with the row's own uniform numbers.

    Sampling is by inversion of the cumulative distribution, so the same probe draws the same text in any batch. `first`
    is the length of what precedes a text.
    """
    import torch
    from transformers.generation import LogitsProcessor

    uniforms = torch.from_numpy(streams(decoding, probes, decoding.max_new_tokens)).to(device)

    class Draw(LogitsProcessor):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            step = input_ids.shape[1] - first
            token = inverted(scores, uniforms[:, step : step + 1])
            return torch.full_like(scores, -torch.inf).scatter(1, token, 0.0)

    return Draw()
