"""Positive controls: what the detector finds in the true suffixes themselves, the ceiling of a run's rates.

A model that gives back everything would write a probe's own suffix. What the detector reports for that text is the most
that a rate can be; what is missing to 100% is what the detector cannot see. A text is cut twice: at as many tokens as
the run's model wrote for the probe, because a short text cannot show much, and at the limit of the decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.detector import Detector
from memorization.probes import read_tokenizer
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.positive_controls import PositiveControlsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.prompts import PromptsTable


def positive_controls(
    generations: Path,
    model: Path,
    detector: Detector,
    max_new_tokens: int,
    with_prompt: bool,
    prompts: Path | None = None,
) -> pa.Table:
    """Table `positive_controls` of a run: the outcomes of its true suffixes, by cut and probe.

    `model` is the base model's folder, whose tokenizer cuts; `max_new_tokens` is the decoding's limit, and
    `with_prompt` states that its texts begin with the prompt. Where the model was given the beginnings of answers, in
    the file `prompts` of that schema, the rest of each is its true text.
    """
    written = storage.read(generations, GenerationsTable, ["probe", "generated_tokens"])
    probes = storage.read(detector.probes, ProbesTable, ["probe", "prefix", "suffix"])
    tokenizer = read_tokenizer(model)
    numbers, suffixes = probes["probe"].to_pylist(), probes["suffix"].to_pylist()
    if prompts is not None:
        starts = storage.read(prompts, PromptsTable, ["answer_start"])["answer_start"].to_pylist()
        suffixes = [suffix.removeprefix(start) for suffix, start in zip(suffixes, starts, strict=True)]
    before = spelled(probes["prefix"].to_pylist(), None, tokenizer) if with_prompt else [""] * len(numbers)
    lengths = dict(zip(written["probe"].to_pylist(), written["generated_tokens"].to_pylist(), strict=True))
    cuts = {"length": [lengths[number] for number in numbers], "limit": [max_new_tokens] * len(numbers)}
    rows: list[dict[str, Any]] = []
    for cut, tokens in cuts.items():
        texts = spelled(suffixes, tokens, tokenizer)
        outcomes = detector.outcomes(numbers, [first + text for first, text in zip(before, texts, strict=True)])
        rows += [
            {"probe": number, "cut": cut, "tokens": length, "characters": len(text), **outcome}
            for number, length, text, outcome in zip(
                numbers, tokens, texts, outcomes.select(["outcome", "own_suffix"]).to_pylist(), strict=True
            )
        ]
    return pa.Table.from_pylist(rows, schema=PositiveControlsTable.arrow())


def spelled(texts: Sequence[str], tokens: Sequence[int] | None, tokenizer: Any) -> list[str]:
    """Texts (n,) as a model could write them: what their first `tokens` (n,) tokens decode to; None for all tokens.

    T5's tokenizer replaces a line break by a space and leaves out what it cannot spell, so no model of it could write
    the text itself.
    """
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    if tokens is not None:
        ids = [each[:length] for each, length in zip(ids, tokens, strict=True)]
    decoded: list[str] = tokenizer.decode_batch(ids)
    return decoded
