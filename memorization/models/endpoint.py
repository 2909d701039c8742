"""f(p) of a model that can only be asked: texts that a server writes, in place of an engine and a loaded model.

A server's texts are its own: the same request may have another answer tomorrow, and a seed is sent without a promise.
So replies are kept (`replies`), and the same request is never sent twice. What a server says of lengths is not
believed: tokens are counted by the tokenizer that cuts the prefixes, and a text is cut at the decoding's limit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from memorization.checksums import check_folder
from memorization.config.generation import Decoding
from memorization.config.models import Endpoint
from memorization.errors import UserError
from memorization.models.generation import Generation
from memorization.models.prompts import asked_in
from memorization.models.replies import FOLDER, Replies, Reply
from memorization.models.server import Body, Server
from memorization.progress import Progress
from memorization.schemas.prompts import Asked

log = logging.getLogger(__name__)

PACKAGES = ("httpx2", "tokenizers")
CHARACTERS_PER_TOKEN = 256
"""Characters that a token has at most, where a text is much too long."""
NAMED = 5
"""Names of models that the log shows."""


@dataclass(frozen=True)
class Written:
    """Generations of probes, in their order, and what the manifest states of them."""

    generations: list[Generation]
    stated: dict[str, Any]


def generate(
    settings: Mapping[str, Any], model: Path, probes: pa.Table, decoding: Decoding, results: Path, what: str
) -> Written:
    """One generation per row of `probes`, in their order, from an endpoint.

    The prompt is the bare prefix (columns `probe`, `prefix`), or what a table of schema `prompts` says.

    `settings` are the endpoint's in the configuration, with their place there (`key`), and `what` names the work, for
    messages; `model` is the base model's folder, whose tokenizer counts; replies are kept in the folder of results.
    Raises UserError where requests would have to be sent and the endpoint has not `send`, where one fails for good, and
    where a reply is none.
    """
    key, endpoint = settings["key"], Endpoint.model_validate(settings["endpoint"])
    tokenizer = tokenizer_of(key, model)
    bodies = [
        body_of(endpoint, asked, decoding, probe)
        for probe, asked in zip(probes["probe"].to_pylist(), asked_in(probes), strict=True)
    ]
    replies = replies_to(key, endpoint, bodies, results, what, lambda _, data: reply_of(endpoint.api, data))
    generations, counts = _generations(probes["probe"].to_pylist(), replies, tokenizer, decoding)
    return Written(generations, {"engine": "endpoint", **place_of(endpoint), **counts})


# Six parameters: whom to ask, for what, where replies are kept, and how they are read.
def replies_to(
    key: str, endpoint: Endpoint, bodies: Sequence[Body], results: Path, what: str, read: Callable[[Body, bytes], Reply]
) -> list[Reply]:
    """The replies to requests, in their order; those that are kept are not asked for again, nor equal ones twice.

    `read` makes a reply of a request and a server's answer, or raises ValueError, with what is wrong: such an answer is
    not kept. Raises UserError as `generate` does.
    """
    digests = [digest_of(endpoint, body) for body in bodies]
    kept = Replies(results / FOLDER / f"{_digest(place_of(endpoint))[:32]}.jsonl")
    replies = kept.find(digests)
    new = {digest: body for digest, body in zip(digests, bodies, strict=True) if digest not in replies}
    if new and not endpoint.send:
        raise UserError(
            f"{key}.send: {len(new):,} requests would be sent to {endpoint.url}; confirm it by `send: true`. Nothing "
            "is sent."
        )
    log.info("%d of %d requests have replies already", len(replies), len(set(digests)))
    with Progress(len(set(digests)), what, "requests") as progress:
        progress.advance(len(replies))
        replies |= _ask(Server(key, endpoint), new, kept, read, progress.advance) if new else {}
    _report_names(key, endpoint, {reply.model for reply in replies.values()})
    return [replies[digest] for digest in digests]


def body_of(endpoint: Endpoint, asked: Asked, decoding: Decoding, probe: int) -> dict[str, Any]:
    """The request for a probe's text. Its seed follows from the decoding's and the probe's number."""
    body = {"model": endpoint.model, **_prompt(endpoint, asked), "max_tokens": decoding.max_new_tokens}
    if decoding.strategy == "greedy":
        return body | {"temperature": 0}
    drawn = body | {"temperature": decoding.temperature, "seed": _seed(decoding.seed, probe)}
    limits = {"top_p": decoding.top_p, "top_k": decoding.top_k}
    return drawn | {name: value for name, value in limits.items() if value is not None}


def _prompt(endpoint: Endpoint, asked: Asked) -> dict[str, Any]:
    """What an endpoint is given: a text that it continues, or messages. Questions are not cut; servers have limits.

    Raises UserError for turns where there are none (`completions`), and for the beginning of an answer in a chat.
    """
    if endpoint.api == "chat":
        if asked.answer_start:
            raise UserError("a chat begins its answers itself: ask for them by `api: completions`.")
        turns = (asked.text,) if asked.turns is None else asked.turns
        messages = [{"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(turns)]
        system = [{"role": "system", "content": asked.system}] if asked.system else []
        return {"messages": system + messages}
    if asked.turns is not None:
        raise UserError("turns of a conversation are asked by `api: chat`.")
    # As in training, an answer begins in a new line.
    return {"prompt": asked.text + ("\n" if asked.is_question else "") + asked.answer_start}


def _seed(seed: int, probe: int) -> int:
    """A number of 31 bits, which every server takes."""
    return int(_digest([seed, probe])[:8], 16) >> 1


def digest_of(endpoint: Endpoint, body: Body) -> str:
    """What a reply is kept under: url, model, API and all that is sent, and nothing of the key."""
    return _digest([place_of(endpoint), body])


def place_of(endpoint: Endpoint) -> dict[str, str]:
    """Who is asked."""
    return {"url": endpoint.url, "model": endpoint.model, "api": endpoint.api}


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def tokenizer_of(key: str, model: Path) -> Tokenizer:
    """The tokenizer in a model's folder, which cuts nothing by itself. Raises UserError where it has no fast form."""
    check_folder(model)
    if not (model / "tokenizer.json").is_file():
        raise UserError(f"{key}: the tokenizer has no fast form (tokenizer.json), which cuts texts at a token.")
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _ask(
    server: Server,
    bodies: Mapping[str, Body],
    kept: Replies,
    read: Callable[[Body, bytes], Reply],
    advance: Callable[[int], None],
) -> dict[str, Reply]:
    """The replies to requests, by their digest; each is kept as soon as it is there."""
    digests, replies, lock = list(bodies), {}, threading.Lock()

    def take(number: int, data: bytes) -> None:
        try:
            reply = read(bodies[digests[number]], data)
        except ValueError as error:
            raise UserError(f"{server.key}: {server.url}: the reply is none: {error}.") from None
        with lock:
            kept.keep(digests[number], reply)
            replies[digests[number]] = reply
            advance(1)

    server.ask_all(bodies.values(), take)
    return replies


def reply_of(api: str, data: bytes) -> Reply:
    """What a server's answer contains. Raises ValueError, with what is wrong, where it is none."""
    answer, choice = answer_of(data)
    place = "choices[0].text"
    text, refusal = choice.get("text"), None
    if api == "chat":
        message, place = choice.get("message"), "choices[0].message.content"
        if not isinstance(message, dict):
            raise ValueError("`choices[0].message` is missing; is this a server of `api: completions`?")
        text, refusal = message.get("content"), message.get("refusal")
    finish = choice.get("finish_reason")
    withheld = text is None and (finish == "content_filter" or isinstance(refusal, str))
    if not isinstance(text, str) and not withheld:
        raise ValueError(f"`{place}` is no text (finish_reason: {str(finish)[:30]!r})")
    return Reply(
        # A half of a pair of code units is no character, and nothing could write it.
        (text or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        finish[:30] if isinstance(finish, str) else "",
        model_named(answer),
        withheld,
    )


def answer_of(data: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """A server's answer, and its first choice. Raises ValueError, with what is wrong, where it has none."""
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    choices = answer.get("choices") if isinstance(answer, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise ValueError("`choices` contains no text")
    return answer, choices[0]


def model_named(answer: Mapping[str, Any]) -> str:
    """The model that an answer names; empty if none."""
    model = answer.get("model")
    return model[:200] if isinstance(model, str) else ""


def _report_names(key: str, endpoint: Endpoint, names: set[str]) -> None:
    """Warn where a server names another model than the one that was asked: providers name its version."""
    others = sorted(name for name in names if name and not name.startswith(endpoint.model))
    if others or len(names) > 1:
        shown = ", ".join(map(repr, (others or sorted(names))[:NAMED]))
        log.warning("%s: asked was %r, and it is %s that answered", key, endpoint.model, shown)


def _generations(
    probes: Sequence[int], replies: Sequence[Reply], tokenizer: Tokenizer, decoding: Decoding
) -> tuple[list[Generation], dict[str, Any]]:
    """Generations of probes, and counts: each text at most as long as the decoding allows, by this tokenizer."""
    limit = decoding.max_new_tokens
    heads = [reply.text[: CHARACTERS_PER_TOKEN * limit] for reply in replies]
    rows, cut = [], 0
    for probe, reply, head, encoding in zip(
        probes, replies, heads, tokenizer.encode_batch(heads, add_special_tokens=False), strict=True
    ):
        tokens = len(encoding.ids)
        too_long = tokens > limit or len(head) < len(reply.text)
        cut += too_long
        text = head[: encoding.offsets[limit - 1][1]] if tokens > limit else head
        at_limit = tokens >= limit or reply.finish == "length"
        rows.append(Generation(probe, text, min(tokens, limit), at_limit))
    withheld = sum(reply.withheld for reply in replies)
    if cut:
        log.warning("%d of %d texts are longer than %d tokens of this tokenizer, and were cut", cut, len(rows), limit)
    if withheld:
        log.warning("%d of %d texts were withheld by the server's filter, and count as empty", withheld, len(rows))
    return rows, {"cut": cut, "withheld": withheld, "answered_by": sorted({reply.model for reply in replies})}
