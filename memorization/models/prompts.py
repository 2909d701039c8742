"""Prompts: the token ids that a model reads before it writes, whatever the prompting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from memorization.errors import UserError
from memorization.models.chat import begun, named, written
from memorization.models.examples import last_ids, plain_ids
from memorization.models.prefixes import prompt_tokens
from memorization.schemas.prompts import Asked


def asked_in(table: pa.Table) -> list[Asked]:
    """What models are asked: rows of schema `prompts`, or of schema `probes`, whose prefixes are asked bare."""
    if "text" not in table.column_names:
        return [Asked(prefix) for prefix in table["prefix"].to_pylist()]
    rows = table.select(["text", "system", "turns", "answer_start", "is_question"]).to_pylist()
    return [Asked(**row | {"turns": None if row["turns"] is None else tuple(row["turns"])}) for row in rows]


def asked_tokens(
    model: Any, tokenizer: Any, probes: Sequence[int], asked: Sequence[Asked], max_input_tokens: int | None
) -> list[list[int]]:
    """The token ids that a model reads for what it is asked of these probes, of a run: all are questions, or none.

    Encoder-decoder models read plain text, others their chat template where there are turns. Questions are cut as in
    training: of more than `max_input_tokens` the first ones or, in a chat template, the last ones are read. UserError
    where there is no chat template, where it raises, and where an encoder-decoder would continue an answer's beginning.
    """
    encoder_decoder = bool(model.config.is_encoder_decoder)
    if encoder_decoder and any(each.answer_start for each in asked):
        raise UserError(
            "the prompting gives the beginning of an answer, and the model is an encoder-decoder, which begins its "
            "answers itself: use the prompting `question`, or a decoder-only model."
        )
    in_chat = [not encoder_decoder and each.turns is not None for each in asked]
    if any(in_chat) and not tokenizer.chat_template:
        raise UserError(
            f"{named(tokenizer)}: has no chat template (`chat_template.jinja`, or a key of `tokenizer_config.json`), "
            "in which it is to be asked: set `chat_template: false` in the prompting (or in the dataset's "
            "`conversation`), or name a model that has one."
        )
    places = [f"the prompt of probe {probe}" for probe in probes]
    texts = [each.text for each, is_chat in zip(asked, in_chat, strict=True) if not is_chat]
    chats = [
        written(tokenizer, each.system, each.turns or (), place)
        for place, each, is_chat in zip(places, asked, in_chat, strict=True)
        if is_chat
    ]
    limit = max_input_tokens if any(each.is_question for each in asked) else None
    if limit is None:
        plain = prompt_tokens(model, tokenizer, texts) if texts else []
    else:
        plain = [ids.tolist() for ids in plain_ids(tokenizer, texts, limit, encoder_decoder)]
    read, led = iter(plain), (ids.tolist() for ids in last_ids(tokenizer, chats, limit))
    return [
        [*next(led if is_chat else read), *([] if encoder_decoder else _beginning(tokenizer, each, is_chat, place))]
        for place, each, is_chat in zip(places, asked, in_chat, strict=True)
    ]


def _beginning(tokenizer: Any, asked: Asked, is_chat: bool, place: str) -> list[int]:
    """Token ids of an answer's beginning for a decoder-only model, with what stands before an answer in training: what
    the chat template puts there, or a newline, which ends a plain question in any case.
    """
    text = asked.answer_start
    if is_chat and text:
        text = begun(tokenizer, asked.system, asked.turns or (), text, place)
    elif asked.is_question and not is_chat:
        text = "\n" + text
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []
