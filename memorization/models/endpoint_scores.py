"""What a served model assigns to texts: the log-probabilities of a prompt's own tokens, as some servers give them.

A row is read as decoder-only models are trained on it here (`examples`): instruction + input, newline, target. It is
sent as one text, whose parts the tokenizer in the base model's folder cuts to their limits; the server cuts the text
into tokens of its own, and says which. A token counts that begins where the counted part does, or later. Unlike here,
no end token is scored, since a server reads none, and none has the distribution that Min-K%++ needs.

The server is asked to repeat the prompt (`echo`) with log-probabilities, and to write one token, which is left out:
servers take 0 for none, for no limit, or not at all. Some accept all of that and give the written token alone. So
tokens are only believed where they spell the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from memorization.config.models import Endpoint, Recipe
from memorization.errors import UserError
from memorization.models import loading, membership, torch_setup
from memorization.models.endpoint import PACKAGES, answer_of, model_named, place_of, replies_to, tokenizer_of
from memorization.models.examples import IGNORED, Example, source_text
from memorization.models.membership import Score, Text, TokenScores
from memorization.models.prefixes import position_limit
from memorization.models.replies import Reply
from memorization.models.server import Body

__all__ = ["PACKAGES", "Asked", "Weights", "scores"]

HIDDEN = -9999.0
"""What servers write where a log-probability is infinite or withheld."""
ROUNDING = 1e-4
"""Above 0 by so much, a log-probability is one of 0 in low precision."""
NOT_GIVEN = "this server gives no log-probabilities of a prompt's tokens (`log_probabilities: false`)"
"""What most wrong answers mean."""
UNREADABLE = re.compile("\ufffd+|[\ud800-\udfff]+")
"""A part of a character, which a token alone cannot be written as."""


@dataclass(frozen=True)
class Asked:
    """A row as a server reads it, and the character from which its tokens count."""

    text: str
    counted_from: int


@dataclass(frozen=True)
class Weights:
    """Where a base model's weights are, and how they are run."""

    folder: Path
    name: str
    device: str
    threads: int
    batch_size: int


# Seven parameters: who is asked about what, and against whom.
def scores(
    settings: Mapping[str, Any],
    base: Mapping[str, Any] | Weights | None,
    rows: Sequence[Mapping[str, Any]],
    recipe: Recipe,
    folders: tuple[Path, Path],
    percent: float,
    what: str,
) -> tuple[list[Score], dict[str, Any]]:
    """The scores of rows that an endpoint gives, in their order, and what the manifest states of them.

    `settings` are the endpoint's (`endpoint.generate`), and `base` those of its base model, its weights, or None, where
    nothing tells its losses. `folders` are the base model's, whose tokenizer cuts, and that of the results. Raises
    UserError where a request fails, where a reply is none, and where base model and endpoint do not read the same
    tokens.
    """
    model, results = folders
    texts = plain_texts(rows, tokenizer_of(settings["key"], model), recipe)
    own = _told(settings, texts, results, what)
    parts, found = _counted(texts, own)
    versus = None
    if isinstance(base, Weights):
        versus = _computed(base, texts, what)
    elif base is not None:
        told = _told(base, texts, results, f"{what}, base")
        if any(one.tokens != other.tokens for one, other in zip(own, told, strict=True)):
            raise _other_tokens(settings["key"])
        versus = _counted(texts, told)[1]
    if versus is not None and any(len(a.logs) != len(b.logs) for a, b in zip(found, versus, strict=True)):
        raise _other_tokens(settings["key"])
    stated = {**place_of(Endpoint.model_validate(settings["endpoint"])), "answered_by": sorted({r.model for r in own})}
    return membership.scores_of(rows, parts, found, versus, percent), stated


def _other_tokens(key: str) -> UserError:
    return UserError(
        f"{key}: it reads other tokens than its base model, so that their losses cannot be compared: make it a model "
        "of its own (`models`)."
    )


def plain_texts(rows: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, recipe: Recipe) -> list[Asked]:
    """The text of each row (`instruction, input, target`), cut as by a training of a decoder-only model."""
    # Limits include the special tokens of an input.
    limit = max(0, recipe.max_input_tokens - tokenizer.num_special_tokens_to_add(False))
    sources = _cut([source_text(row["instruction"], row["input"]) for row in rows], tokenizer, limit)
    targets = _cut([f"\n{row['target']}" for row in rows], tokenizer, recipe.max_target_tokens)
    starts = [len(source) if recipe.loss == "target" else 0 for source in sources]
    return [Asked(source + target, start) for source, target, start in zip(sources, targets, starts, strict=True)]


def _cut(texts: Sequence[str], tokenizer: Tokenizer, limit: int) -> list[str]:
    """The texts to the end of their token of that number."""
    encoded = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [
        text if len(each.ids) <= limit else text[: max((end for _, end in each.offsets[:limit]), default=0)]
        for text, each in zip(texts, encoded, strict=True)
    ]


def _told(settings: Mapping[str, Any], texts: Sequence[Asked], results: Path, what: str) -> list[Reply]:
    """The replies about texts, in their order; an empty one about those of white space alone."""
    endpoint = Endpoint.model_validate(settings["endpoint"])
    bodies = [body_of(endpoint, each.text) for each in texts if each.text.strip()]
    replies = iter(replies_to(settings["key"], endpoint, bodies, results, what, reply_of))
    return [next(replies) if each.text.strip() else Reply("", "", "", False) for each in texts]


def body_of(endpoint: Endpoint, text: str) -> dict[str, Any]:
    """The request for the log-probabilities of a text."""
    return {"model": endpoint.model, "prompt": text, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}


def reply_of(body: Body, data: bytes) -> Reply:
    """The tokens of a prompt with their log-probabilities. Raises ValueError, with what is wrong, without them."""
    answer, choice = answer_of(data)
    given = choice.get("logprobs")
    if not isinstance(given, dict):
        raise ValueError(f"`choices[0].logprobs` is missing: {NOT_GIVEN}")
    tokens, logs = given.get("tokens"), given.get("token_logprobs")
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise ValueError(f"`logprobs.tokens` is no list of texts: {NOT_GIVEN}")
    if not isinstance(logs, list) or len(logs) != len(tokens):
        raise ValueError("`logprobs.token_logprobs` is no list of as many numbers as there are tokens")
    starts = starts_of(body["prompt"], tokens)
    logs = logs[: len(starts)]
    # Nothing predicts the first token.
    for number, log in enumerate(logs):
        if not ((log is None and number == 0) or _is_log(log)):
            raise ValueError(
                f"the log-probability of token {number + 1} of {len(logs)} is none: {json.dumps(log)[:30]}"
            )
    return Reply(
        "",
        "",
        model_named(answer),
        False,
        tokens[: len(starts)],
        [None if log is None else min(log, 0.0) for log in logs],
    )


def _is_log(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and HIDDEN < value <= ROUNDING


def starts_of(text: str, tokens: Sequence[str]) -> list[int]:
    """The character of a text at which each of its tokens begins; none of those after its end.

    Servers write some tokens otherwise than they stand in the text: a space before a word may be missing, or too much
    at the beginning; parts of one character cannot be written; the first token may be one that begins every text.
    Raises ValueError where the tokens do not spell the text.
    """
    starts: list[int] = []
    place, open_end = 0, False
    for number, token in enumerate(tokens):
        if place == len(text):
            break
        found = _spelled(text, place, token, open_end)
        if found is None:
            if _is_spelled(text[place:], open_end):
                break
            if number:
                raise ValueError(
                    f"its tokens do not spell the text that was sent (to character {place:,} of {len(text):,} alone): "
                    f"{NOT_GIVEN}, or it repeats another text"
                )
            found = 0, 0, False
        begin, place, open_end = found
        starts.append(begin)
    if not _is_spelled(text[place:], open_end):
        raise ValueError(
            f"its tokens end before the text that was sent (at character {place:,} of {len(text):,}): {NOT_GIVEN}"
        )
    return starts


def _spelled(text: str, place: int, token: str, open_end: bool) -> tuple[int, int, bool] | None:
    """Where a token after that place begins and ends, and whether it ends within a character; None if it is not there.

    `open_end`: the token before may have ended within a character.
    """
    begin = place
    for number, part in enumerate(UNREADABLE.split(token)):
        open_end = open_end or number > 0
        if not part:
            continue
        if open_end:
            # The shortest run of other characters than ASCII, which those parts may be of.
            while place < len(text) and not text[place].isascii():
                place += 1
                if text.startswith(part, place):
                    break
            begin = begin if number else place
        if not text.startswith(part, place):
            part = part.lstrip()
            place += len(text[place:]) - len(text[place:].lstrip()) if part else 0
        if not text.startswith(part, place):
            return None
        place, open_end = place + len(part), False
    return begin, place, open_end


def _is_spelled(rest: str, open_end: bool) -> bool:
    """Whether what is left of a text is spelled: white space, or characters that tokens had parts of."""
    return not rest.strip() or (open_end and not any(character.isascii() for character in rest))


def _counted(texts: Sequence[Asked], replies: Sequence[Reply]) -> tuple[list[Text], list[TokenScores]]:
    """The counted part of each text, and the scores of its tokens."""
    parts, found = [], []
    for asked, reply in zip(texts, replies, strict=True):
        counted = [
            (start, log)
            for start, log in zip(starts_of(asked.text, reply.tokens), reply.logs, strict=True)
            if log is not None and start >= asked.counted_from
        ]
        parts.append(Text((), asked.text[counted[0][0] :] if counted else ""))
        found.append(TokenScores(np.array([log for _, log in counted]), None))
    return parts, found


def _computed(base: Weights, texts: Sequence[Asked], what: str) -> list[TokenScores]:
    """The scores of the same tokens by weights that are here."""
    device = torch_setup.start(base.device, base.threads)
    model, tokenizer = loading.load_state(base.folder, base.name, None, "0", "fp32", device)
    if model.config.is_encoder_decoder:
        raise UserError(f"{base.name}: an encoder-decoder model, which servers of texts cannot be fine-tuned from.")
    encoded = tokenizer([each.text for each in texts], verbose=False)["input_ids"]
    examples = []
    for asked, tokens in zip(texts, encoded, strict=True):
        ids = np.array(tokens[:-1] if tokens[-1:] == [tokenizer.eos_token_id] else tokens, dtype=np.int32)
        written = tokenizer.batch_decode([[token] for token in ids], clean_up_tokenization_spaces=False)
        try:
            starts = starts_of(asked.text, written)
        except ValueError:
            raise UserError(
                f"{base.name}: its tokens do not spell a text that was read, so that none of them can be told to be "
                "the server's: make the endpoint a model of its own (`models`)."
            ) from None
        labels = ids.copy()
        # Nobody asks about white space alone.
        counted_from = asked.counted_from if asked.text.strip() else len(asked.text)
        labels[np.array(starts, dtype=int) < counted_from] = IGNORED
        examples.append(Example(ids, labels))
    limit, longest = position_limit(model), max(len(example.inputs) for example in examples)
    if limit is not None and longest > limit:
        raise UserError(
            f"{base.name}: the model has {limit} positions, and a row needs {longest}: lower "
            "`membership.max_input_tokens` or `membership.max_target_tokens`."
        )
    read = [Text((example,), "") for example in examples]
    return membership.read(model, tokenizer, read, base.batch_size, f"{what}, base")
