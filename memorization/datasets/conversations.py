"""From conversations with an assistant to instruction, input and target: one row for each of its turns.

Rows of a source contain a whole conversation, in one of the formats that fine-tuning programs read. Its turns are
numbered from 0 as the source has them, so that `train-7:3`, the id of a row, names a row of the source and the turn
that is the target. What is no text, such as an image or the call of a tool, is refused, because a measurement without
it would be one of other data.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from memorization.config.data import Conversation
from memorization.datasets.rows import RenderedRow, Row, is_blank, is_null, require, shown_names
from memorization.errors import UserError, did_you_mean

log = logging.getLogger(__name__)

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
TOOL_ROLES = ("tool", "function", "function_call", "observation", "ipython")
TOOL_CALLS = ("tool_calls", "function_call")

# The two keys of a turn in formats that list turns.
KEYS = {"messages": ("role", "content"), "sharegpt": ("from", "value")}
# Where lists of turns are, by default and as they are looked for.
LISTS = {"messages": "messages", "sharegpt": "conversations"}
LIST_COLUMNS = ("messages", "conversations", "conversation")
# The columns that rows of other formats cannot be without, and one that they may have.
REQUIRED = {"prompt_completion": ("prompt", "completion"), "alpaca": ("instruction", "output")}
ALPACA_INPUT = "input"


class Turn(NamedTuple):
    """A turn: its number in the conversation, its role (one of the values of ROLES) and its text."""

    number: int
    role: str
    text: str
    is_target: bool = True
    """Whether an assistant's turn was learned; False in a prompt, or where the row gives it the weight 0."""


def columns(conversation: Conversation) -> set[str]:
    """The columns of a source that are read."""
    every = {*LIST_COLUMNS, ALPACA_INPUT}.union(*REQUIRED.values())
    if conversation.column is not None:
        return {conversation.column.split(".")[0]}
    return {
        "auto": every,
        "messages": {LISTS["messages"]},
        "sharegpt": {LISTS["sharegpt"]},
        "prompt_completion": {*REQUIRED["prompt_completion"]},
        "alpaca": {*REQUIRED["alpaca"], ALPACA_INPUT},
    }[conversation.format]


def by_turn(
    name: str, conversation: Conversation, rows: Iterable[Row], left_out: Counter[str]
) -> Iterator[tuple[Row, RenderedRow]]:
    """Each answer of the assistant as a row of schema `dataset`, with the source's row, which names its turn.

    Target is the answer, input what the configuration says, instruction the system message, if there is one. Counts
    in `left_out` what becomes no row: empty turns of the assistant, and those that answer an empty one; turns that
    were no targets in training; and last turns of the user that nobody answered. Raises UserError, with row and turn,
    for rows of another format, unknown roles, what is no text, and turns that do not alternate.
    """
    key = f"datasets.{name}.conversation"
    stated = conversation if conversation.format != "auto" else None
    for row in rows:
        if stated is None:
            stated = _found(key, conversation, row)
            where = f", column {stated.column}" if stated.column else ""
            log.info("dataset %s, split %s: conversations in the format %s%s", name, row.split, stated.format, where)
        turns = _turns(key, stated, row)
        _check_order(key, row, turns)
        instruction = turns[0].text if turns[0].role == "system" else ""
        spoken = [turn for turn in turns if turn.role != "system"]
        if spoken[-1].role == "user":
            left_out["last turns of the user without an answer"] += 1
        for number, turn in enumerate(spoken):
            if turn.role != "assistant":
                continue
            asked = spoken[number - 1]
            if not turn.is_target:
                left_out["assistant's turns that are no targets (of a prompt, or of weight 0)"] += 1
            elif is_blank(turn.text):
                left_out["assistant's turns without a visible character"] += 1
            elif is_blank(asked.text):
                left_out["answers to a turn without a visible character"] += 1
            else:
                read = [each.text for each in (spoken[:number] if stated.input == "dialogue" else [asked])]
                texts = {
                    "instruction": instruction,
                    "input": "\n".join(read),
                    "target": turn.text,
                    "turns": read if stated.chat_template else None,
                }
                place = replace(row, place=_at(row, turn.number))
                identifier = f"{row.identifier}:{turn.number}"
                yield place, {"id": identifier, "split": row.split, **texts, "references": None}


def _found(key: str, conversation: Conversation, row: Row) -> Conversation:
    """The settings with the format, and the column of turns, that a row has; UserError where it is none or several."""
    known = row.values if row.columns is None else row.columns
    if conversation.column is not None:
        lists = [conversation.column]
    else:
        lists = [column for column in LIST_COLUMNS if column in known]
    others = [] if lists else [format for format, names in REQUIRED.items() if {*names} <= {*known}]
    if len(lists) + len(others) != 1:
        found = f"more than one ({', '.join(lists or others)})" if lists or others else "none of them"
        advice = "Set `column`." if lists else "Set `format`, and `column` if it is a list of turns."
        raise UserError(
            f"{key}: {row.place}: `format: auto` looks for a column {' or '.join(LIST_COLUMNS)}, for "
            f"{' and '.join(REQUIRED['prompt_completion'])}, or for {' and '.join(REQUIRED['alpaca'])}, and found "
            f"{found}; columns there: {shown_names(known)}. {advice}"
        )
    if others:
        return conversation.model_copy(update={"format": others[0]})
    values = _list(key, lists[0], row)
    first = values[0] if values and isinstance(values[0], Mapping) else {}
    formats = [format for format, keys in KEYS.items() if {*keys} <= _given(first)]
    if len(formats) != 1:
        raise UserError(
            f"{key}: {_at(row, 0)}: `format: auto` looks for `role` and `content`, or for `from` and `value`, in the "
            f"first turn, and found {_keys_shown(first)}. Set `format`, or correct the row."
        )
    return conversation.model_copy(update={"format": formats[0], "column": lists[0]})


def _turns(key: str, conversation: Conversation, row: Row) -> list[Turn]:
    if conversation.format in KEYS:
        values = _list(key, conversation.column or LISTS[conversation.format], row)
        return [_turn(key, conversation.format, row, number, value) for number, value in enumerate(values)]
    require(f"{key}.format", REQUIRED[conversation.format], row)
    if conversation.format == "alpaca":
        asked = [_text(key, row, column, row.values.get(column)) for column in ("instruction", ALPACA_INPUT)]
        answer = _text(key, row, "output", row.values["output"])
        return [Turn(0, "user", "\n".join(text for text in asked if not is_blank(text))), Turn(1, "assistant", answer)]
    prompt, completion = (row.values[column] for column in REQUIRED["prompt_completion"])
    if not isinstance(prompt, list) and not isinstance(completion, list):
        return [
            Turn(0, "user", _text(key, row, "prompt", prompt)),
            Turn(1, "assistant", _text(key, row, "completion", completion)),
        ]
    if not isinstance(prompt, list) or not isinstance(completion, list):
        raise UserError(
            f"{key}: {row.place}: column 'prompt' contains {type(prompt).__name__} and 'completion' contains "
            f"{type(completion).__name__}; both must be texts, or both lists of messages."
        )
    turns = [_turn(key, "messages", row, number, value) for number, value in enumerate([*prompt, *completion])]
    return [turn._replace(is_target=turn.is_target and turn.number >= len(prompt)) for turn in turns]


def _list(key: str, column: str, row: Row) -> list[Any]:
    require(f"{key}.column", [column.split(".")[0]], row)
    value: Any = row.values
    for step in column.split("."):
        if not isinstance(value, Mapping) or step not in value:
            raise UserError(f"{key}.column: {row.place}: {column!r} cannot be reached at {step!r}.")
        value = value[step]
    if not isinstance(value, list):
        raise UserError(
            f"{key}: {row.place}: column {column!r} contains {type(value).__name__} ({str(value)[:40]!r}); it must be "
            "a list of turns."
        )
    return value


def _turn(key: str, format: str, row: Row, number: int, value: Any) -> Turn:
    place = _at(row, number)
    if not isinstance(value, Mapping):
        raise UserError(
            f"{key}: {place}: contains {type(value).__name__} ({str(value)[:40]!r}); a turn in the format {format!r} "
            f"is an object of {_keys_shown(dict.fromkeys(KEYS[format], ''))}."
        )
    role_key, text_key = KEYS[format]
    role = value.get(role_key)
    if is_null(role):
        other = next((each for each, keys in KEYS.items() if each != format and {*keys} <= _given(value)), None)
        mixed = f" It is of the format {other!r}: all rows of a split must have one format." if other else ""
        raise UserError(
            f"{key}: {place}: has no `{role_key}`, which turns in the format {format!r} have; found: "
            f"{_keys_shown(value)}.{mixed}"
        )
    if role in TOOL_ROLES or any(value.get(call) for call in TOOL_CALLS):
        raise UserError(
            f"{key}: {place}: calls a tool or contains what one returned, and only turns of text can be measured: "
            "leave such conversations out of the file."
        )
    if not isinstance(role, str) or role not in ROLES:
        raise UserError(
            f"{key}: {place}: `{role_key}` is {str(role)[:40]!r}; allowed: {', '.join(ROLES)}"
            f"{did_you_mean(str(role), ROLES)}"
        )
    is_target = value.get("weight") != 0
    return Turn(number, ROLES[role], _text(key, row, text_key, value.get(text_key), number), is_target)


def _text(key: str, row: Row, name: str, value: Any, number: int | None = None) -> str:
    """A text, or the texts of a list of parts, joined; null is an empty text."""
    place = row.place if number is None else _at(row, number)
    if is_null(value):
        return ""
    if isinstance(value, list):
        return "".join(_part(key, place, name, part) for part in value)
    if not isinstance(value, str):
        raise UserError(
            f"{key}: {place}: `{name}` contains {type(value).__name__} ({str(value)[:40]!r}); it must be text, or a "
            "list of parts that are text."
        )
    return value


def _part(key: str, place: str, name: str, part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) and (part.get("type") or "text") == "text" else part
    if not isinstance(text, str):
        kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
        raise UserError(
            f"{key}: {place}: `{name}` has a part that is no text ({str(kind)[:40]!r}), and only turns of text can be "
            "measured: leave such conversations out of the file."
        )
    return text


def _check_order(key: str, row: Row, turns: Sequence[Turn]) -> None:
    """UserError unless the turns are user's and assistant's in alternation, perhaps after a system message."""
    if not any(turn.role == "assistant" for turn in turns):
        found = ", ".join(turn.role for turn in turns) or "no turn at all"
        raise UserError(
            f"{key}: {row.place}: has no turn of the assistant, which would be a target (found: {found}): leave it out "
            "of the file."
        )
    before = "system"
    for turn in turns:
        if turn.role == "system" and turn.number:
            fault = "is a second system message, or one after the beginning; one may be there, as the first turn"
        elif turn.role == "assistant" and before == "system":
            fault = "is the assistant's, and nobody has asked: a conversation begins with the user, or a system message"
        elif turn.role == before and turn.number:
            fault = f"is the {turn.role}'s, as the one before it: join them, so that user and assistant alternate"
        else:
            before = turn.role
            continue
        raise UserError(f"{key}: {_at(row, turn.number)}: {fault}.")


def _at(row: Row, number: int) -> str:
    return f"{row.place}, turn {number}"


def _given(turn: Mapping[str, Any]) -> set[str]:
    """Keys of a turn that are not null; Parquet gives each the keys of all."""
    return {key for key, value in turn.items() if value is not None}


def _keys_shown(turn: Mapping[str, Any]) -> str:
    return f"`{shown_names(list(turn)).replace(', ', '` and `')}`" if turn else "none"
