"""Answers: what a model writes for whole test rows, instruction and input, as it was trained to."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.errors import UserError
from memorization.models.engine import Prompt
from memorization.models.examples import source_ids
from memorization.models.generation import GenerationSettings, continue_prompts
from memorization.models.rows import read_rows
from memorization.schemas.answers import AnswersTable

log = logging.getLogger(__name__)


def draw_rows(dataset: Path, n: int, seed: int, instruction: str | None = None) -> list[dict[str, Any]]:
    """At most n rows (schema `dataset`) of a dataset's test split, drawn by the seed, in the dataset's order.

    `instruction` is what all rows share; None: each has its own. UserError where there is no test row; warns where
    there are fewer than n.
    """
    rows = list(read_rows(dataset, "test", ["id", "input", "target", "references", "turns"], instruction))
    if not rows:
        raise UserError(
            f"{dataset}: no rows in split 'test', on which quality is measured: set one in the dataset's `source`."
        )
    if len(rows) < n:
        log.warning("dataset %s: n is %d answers, but there are %d test rows: all are used", dataset.stem, n, len(rows))
    drawn = sorted(random.Random(seed).sample(range(len(rows)), min(n, len(rows))))
    return [rows[number] for number in drawn]


def answer(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Mapping[str, Any]],
    max_input_tokens: int,
    settings: GenerationSettings,
    what: str,
) -> pa.Table:
    """The model's answers to dataset rows, in their order, as a table of schema `answers`.

    Encoder-decoder models read instruction + input, cut to `max_input_tokens`; decoder-only models continue after the
    newline that precedes the target in training, or in their chat template. A row's draws follow from its position.
    Where a row lists no references, its target is the only one. Raises UserError where texts exceed the model's
    positions.
    """
    encoder_decoder = bool(model.config.is_encoder_decoder)
    prompts = [
        Prompt(number, tokens)
        for number, tokens in enumerate(answer_prompts(rows, tokenizer, max_input_tokens, encoder_decoder))
    ]
    answers = continue_prompts(model, tokenizer, prompts, settings, what)
    number_of_text: dict[str, int] = {}
    return pa.Table.from_pylist(
        [
            {
                "id": row["id"],
                "answer": text.generation,
                "references": row["references"] or [row["target"]],
                "answer_tokens": text.generated_tokens,
                "at_limit": text.at_limit,
                "input_text": number_of_text.setdefault(row["input"], len(number_of_text)),
            }
            for row, text in zip(rows, answers, strict=True)
        ],
        schema=AnswersTable.arrow(),
    )


def answer_prompts(
    rows: Sequence[Mapping[str, Any]], tokenizer: Any, max_input_tokens: int, encoder_decoder: bool
) -> list[list[int]]:
    """Token ids after which a model writes its answer: those that precede the target in training."""
    sources = source_ids(rows, tokenizer, max_input_tokens, encoder_decoder)
    newline = [] if encoder_decoder else tokenizer("\n", add_special_tokens=False)["input_ids"]
    # A chat template ends with what begins an answer.
    return [[*ids.tolist(), *([] if row.get("turns") else newline)] for row, ids in zip(rows, sources, strict=True)]
