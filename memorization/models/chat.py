"""Conversations as a model's chat template writes them: what it reads before an answer, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from memorization.errors import UserError


class Chat(NamedTuple):
    """The two parts of a conversation's text."""

    prompt: str
    """System message, turns, and what the template puts before an answer."""
    answer: str
    """The answer, and what the template puts after it."""


def chats_of(rows: Sequence[Mapping[str, Any]], tokenizer: Any) -> list[Chat | None]:
    """The text of each row (`id, instruction, turns, target`) in the tokenizer's chat template; None without turns.

    UserError where there is no template, where it raises, where it does not end a prompt as it begins an answer, and
    where it leaves the answer out.
    """
    return [_chat(row, tokenizer) if row.get("turns") else None for row in rows]


def _chat(row: Mapping[str, Any], tokenizer: Any) -> Chat:
    model, place = named(tokenizer), f"row {row['id']!r}"
    if not tokenizer.chat_template:
        raise UserError(
            f"{model}: has no chat template (`chat_template.jinja`, or a key of `tokenizer_config.json`), in which the "
            "dataset's conversations are to be read: set `chat_template: false` in its `conversation`, or name a model "
            "that has one."
        )
    prompt = written(tokenizer, row["instruction"], row["turns"], place)
    whole = written(tokenizer, row["instruction"], [*row["turns"], row["target"]], place)
    if not whole.startswith(prompt):
        raise UserError(
            f"{model}: its chat template writes row {row['id']!r} otherwise with an answer than before it, so that "
            "what is the answer cannot be told: set `chat_template: false` in the dataset's `conversation`."
        )
    if not whole[len(prompt) :].strip():
        raise UserError(f"{model}: its chat template writes nothing of the answer of row {row['id']!r}: correct it.")
    return Chat(prompt, whole[len(prompt) :])


def begun(tokenizer: Any, system: str, turns: Sequence[str], start: str, place: str) -> str:
    """What follows a prompt (`written`) where the answer begins with `start`, as the tokenizer's chat template has it.

    Templates often put white space before an answer, which is the answer's in training: without it, a model is not
    where its answers begin. UserError, which names `place`, where the template raises, and where it does not end a
    prompt as it begins an answer.
    """
    prompt = written(tokenizer, system, turns, place)
    whole = written(tokenizer, system, [*turns, start], place)
    if whole.startswith(prompt):
        # Some templates trim what they are given.
        for text in (start, start.strip()):
            if (found := whole.find(text, len(prompt))) >= 0:
                return whole[len(prompt) : found + len(text)]
    raise UserError(
        f"{named(tokenizer)}: its chat template writes {place} otherwise with the beginning of an answer than before "
        "it, so that where the answer begins cannot be told: use the prompting `question`."
    )


def written(tokenizer: Any, system: str, turns: Sequence[str], place: str) -> str:
    """System message (empty for none) and turns, the user's first, in the tokenizer's chat template.

    Where the last turn is the user's, with what the template puts before an answer. UserError, which names `place`,
    where the template raises.
    """
    messages = [{"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(turns)]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    try:
        text: str = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=messages[-1]["role"] == "user"
        )
    except Exception as error:
        # A template is a program of the model's, in a sandbox, and may fail in any way.
        said = " ".join(str(error).split())[:300] or type(error).__name__
        advice = " Perhaps it knows no system message, as the row has one." if system else ""
        raise UserError(f"{named(tokenizer)}: its chat template fails for {place}: {said}{advice}") from error
    return text


def named(tokenizer: Any) -> str:
    """The model that a tokenizer is of, for messages."""
    return tokenizer.name_or_path or "the model"
