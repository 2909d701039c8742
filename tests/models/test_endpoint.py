"""Texts of a model that can only be asked: against a local server that answers well, badly, late or not at all."""

import json
import logging
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from stand_in_endpoint import Answer, StandIn, completion, refusal, text_of
from tiny import tiny_tokenizer

from memorization import jobs
from memorization.config.generation import Decoding
from memorization.config.models import Endpoint
from memorization.errors import UserError
from memorization.models import endpoint, server
from memorization.models.replies import FOLDER, Replies, Reply
from memorization.schemas.prompts import Asked

SECRET = "sk-not-for-anybody-0123456789"
GREEDY = Decoding(strategy="greedy", max_new_tokens=40)
PREFIXES = ["The first letter", "The second letter", "The third letter", "The first letter"]


pytestmark = pytest.mark.usefixtures("quick_server")


def settings(url: str, **keys: Any) -> dict[str, Any]:
    stated = {"kind": "endpoint", "url": url, "model": "bot", "api": "completions", "send": True, "parallel": 1}
    return {"key": "models.bot.source", "endpoint": Endpoint.model_validate(stated | keys).model_dump(mode="json")}


def probes(prefixes: list[str]) -> pa.Table:
    return pa.table({"probe": range(len(prefixes)), "prefix": prefixes})


def asked(
    stand_in: StandIn,
    folder: Path,
    results: Path,
    prefixes: list[str] = PREFIXES,
    decoding: Decoding = GREEDY,
    **keys: Any,
) -> list[str]:
    """The texts of these prefixes."""
    given = settings(stand_in.url, **keys)
    made = endpoint.generate(given, folder, probes(prefixes), decoding, results, "bot")
    assert [each.probe for each in made.generations] == list(range(len(prefixes)))
    return [each.generation for each in made.generations]


@pytest.mark.parametrize("api", ["completions", "chat"])
def test_each_prefix_is_asked_for_once_and_never_again(api: str, folder: Path, tmp_path: Path) -> None:
    with StandIn() as stand_in:
        texts = asked(stand_in, folder, tmp_path, api=api)
        again = asked(stand_in, folder, tmp_path, api=api, send=False, parallel=7, price_read=1.0)

    assert texts == again == [text_of(request) for request in [*stand_in.requests, stand_in.requests[0]]]
    assert stand_in.prompts == PREFIXES[:3]
    path = {"completions": "/v1/completions", "chat": "/v1/chat/completions"}[api]
    assert {request.path for request in stand_in.requests} == {path}
    body = stand_in.requests[0].body
    prompt = (
        {"prompt": PREFIXES[0]} if api == "completions" else {"messages": [{"role": "user", "content": PREFIXES[0]}]}
    )
    assert body == {"model": "bot", **prompt, "max_tokens": 40, "temperature": 0}


def test_another_request_model_or_server_is_asked_anew(folder: Path, tmp_path: Path) -> None:
    with StandIn() as stand_in, StandIn() as other:
        asked(stand_in, folder, tmp_path)
        asked(stand_in, folder, tmp_path, decoding=GREEDY.model_copy(update={"max_new_tokens": 41}))
        asked(stand_in, folder, tmp_path, model="another bot")
        asked(other, folder, tmp_path)
    assert (len(stand_in.requests), len(other.requests)) == (9, 3)


def test_promptings_are_sent_as_messages_or_as_one_text() -> None:
    def body(asked: Asked, api: str) -> dict[str, Any]:
        given = Endpoint.model_validate(settings("http://localhost/v1", api=api)["endpoint"])
        return endpoint.body_of(given, asked, GREEDY, 0)

    talk = Asked("all in one", "be kind", ("hello", "good day", "who are you"))
    assert body(talk, "chat")["messages"] == [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "good day"},
        {"role": "user", "content": "who are you"},
    ]
    assert body(Asked("a text"), "chat")["messages"] == [{"role": "user", "content": "a text"}]
    question = Asked("who are you?", answer_start="I am", is_question=True)
    assert body(question, "completions")["prompt"] == "who are you?\nI am"
    with pytest.raises(UserError, match="`api: completions`"):
        body(question, "chat")
    with pytest.raises(UserError, match="`api: chat`"):
        body(talk, "completions")


def test_draws_have_a_seed_of_their_own_for_each_probe(folder: Path, tmp_path: Path) -> None:
    drawn = Decoding(strategy="sample", temperature=0.7, top_k=5, top_p=0.9, max_new_tokens=4, seed=3)
    with StandIn() as stand_in:
        asked(stand_in, folder, tmp_path, ["one prefix"] * 3, drawn, top_k=True)
        asked(stand_in, folder, tmp_path, ["one prefix"] * 3, drawn.model_copy(update={"seed": 4}), top_k=True)
    bodies = [request.body for request in stand_in.requests]
    assert len({body["seed"] for body in bodies}) == 6
    assert all(0 <= body["seed"] < 2**31 for body in bodies)
    assert {(body["temperature"], body["top_k"], body["top_p"]) for body in bodies} == {(0.7, 5, 0.9)}


def test_nothing_is_sent_without_a_confirmation(folder: Path, tmp_path: Path) -> None:
    with StandIn() as stand_in, pytest.raises(UserError, match=r"^models.bot.source.send: 3 requests would be sent to"):
        asked(stand_in, folder, tmp_path, send=False)
    assert not stand_in.requests


def test_what_passes_is_asked_again(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    troubles = [
        lambda request: refusal(429, "slow down", retry_after="0.02"),
        lambda request: refusal(503),
        lambda request: Answer(200, completion(request).body, broken=20),
        lambda request: completion(request),
        lambda request: refusal(500, retry_after="Thu, 01 Jan 1970 00:00:00 GMT"),
    ]
    with StandIn(*troubles) as stand_in:
        texts = asked(stand_in, folder, tmp_path)
    assert texts[1] == text_of(stand_in.requests[4])
    assert stand_in.prompts == [PREFIXES[0]] * 4 + [PREFIXES[1]] * 2 + [PREFIXES[2]]
    assert "it answered 429 (Too Many Requests): slow down; trying again in 0 s" in caplog.text
    assert "it broke off" in caplog.text


def test_a_slow_server_is_asked_again(folder: Path, tmp_path: Path) -> None:
    never = threading.Event()
    with StandIn(lambda request: Answer(200, completion(request).body, until=never)) as stand_in:
        asked(stand_in, folder, tmp_path, ["a prefix"], timeout_seconds=0.2)
        never.set()
    assert len(stand_in.requests) == 2


@pytest.mark.parametrize("broken", [0, 30])
def test_what_does_not_pass_is_one_message_and_keeps_the_replies(broken: int, folder: Path, tmp_path: Path) -> None:
    busy = lambda request: Answer(200, completion(request).body, broken=broken)  # noqa: E731
    with StandIn(completion, usual=busy) as stand_in:
        with pytest.raises(UserError) as raised:
            asked(stand_in, folder, tmp_path)
        assert str(raised.value).startswith(f"models.bot.source: {stand_in.url}/completions: it broke off (")
        assert "at each of 4 tries" in str(raised.value)
        stand_in.usual = completion
        asked(stand_in, folder, tmp_path)
    assert stand_in.prompts == [PREFIXES[0], *[PREFIXES[1]] * 5, PREFIXES[2]]


REFUSALS = {
    "401 without a key": (refusal(401, f"wrong key {SECRET}"), {}, r"it answered 401\. It wants a key: name its env"),
    "401 with a key": (
        refusal(401, f"wrong key {SECRET}"),
        {"key": "A_KEY"},
        r"401\. Check the key in .* variable A_KEY",
    ),
    "404": (refusal(404, "no such model"), {}, r"404 \(Not Found\): no such model\. Check `url` .* and `model`"),
    "400": (refusal(400, "only 16 tokens are left"), {}, r"400 \(Bad Request\): only 16 tokens are left\. It does not"),
    "the prompt in a message": (refusal(400, f"cannot read: {PREFIXES[0]}"), {}, r"400 \(Bad Request\)\. It does not"),
    "the key in a message": (refusal(400, f"bad: {SECRET}!"), {"key": "A_KEY"}, r"400 \(Bad Request\): bad: \*\*\*!"),
    "elsewhere": (Answer(307, b"", {"Location": "http://127.0.0.1:1/"}), {}, r"307 .*requests elsewhere"),
    "no means": (refusal(429, "quota", "insufficient_quota"), {}, r"429 .*quota\. Its account has no means left"),
    "a long wait": (refusal(429, "tomorrow", retry_after="86400"), {}, r"429 .*tomorrow, and asks to wait 86,400 s"),
    "no message": (Answer(418, b"\xff" * 100), {}, r"it answered 418 \(.*\)\. It does not take this request"),
    "a strange one": (Answer(418, b'{"error": [1]}'), {}, r"it answered 418"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_not_asked_for_again(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer, keys, message = REFUSALS[name]
    monkeypatch.setenv("A_KEY", SECRET)
    with StandIn(usual=lambda request: answer) as stand_in:
        with pytest.raises(UserError, match=message) as raised:
            asked(stand_in, folder, tmp_path, **keys)
        assert stand_in.url in str(raised.value)
    assert len(stand_in.requests) == 1
    assert SECRET not in str(raised.value) + caplog.text
    assert PREFIXES[0] not in str(raised.value) + caplog.text


def test_no_server_is_one_message(folder: Path, tmp_path: Path) -> None:
    with StandIn() as stand_in:
        pass
    with pytest.raises(UserError, match=r"/completions: no connection \(.*\)\. Check `url`"):
        asked(stand_in, folder, tmp_path)


HOSTILE = {
    "no JSON": (b"<html>", "it is not JSON"),
    "half of it": (b'{"choices": [{"text": "a', "it is not JSON"),
    "deep": (b"[" * 100_000, "it is not JSON"),
    "a list": (b"[]", "`choices` contains no text"),
    "no choices": (b'{"choices": []}', "`choices` contains no text"),
    "other choices": (b'{"choices": [null]}', "`choices` contains no text"),
    "null": (
        b'{"choices": [{"text": null, "finish_reason": "length"}]}',
        r"`choices\[0\].text` is no text .*'length'",
    ),
    "a number": (b'{"choices": [{"text": 1}]}', r"`choices\[0\].text` is no text"),
    "chat": (b'{"choices": [{"message": {"content": "a"}}]}', r"`choices\[0\].text` is no text"),
    "nothing": (b"", "it is not JSON"),
    "too much": (b" " * (server.LONGEST_REPLY + 1), "more than 10,000,000 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reply_that_is_none_is_one_message(name: str, folder: Path, tmp_path: Path) -> None:
    body, message = HOSTILE[name]
    with StandIn(completion, usual=lambda request: Answer(body=body)) as stand_in:
        with pytest.raises(UserError, match=f"^models.bot.source: .*/completions: .*{message}"):
            asked(stand_in, folder, tmp_path)
        stand_in.usual = completion
        asked(stand_in, folder, tmp_path)
    assert stand_in.prompts == [PREFIXES[0], PREFIXES[1], PREFIXES[1], PREFIXES[2]]


def test_a_completion_is_no_chat() -> None:
    with pytest.raises(ValueError, match="is this a server of `api: completions`"):
        endpoint.reply_of("chat", b'{"choices": [{"text": "a"}]}')


def test_tokens_are_counted_here_and_long_texts_are_cut(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = tiny_tokenizer().backend_tokenizer
    long = "the letter was written by the man " * 30_000
    written = {"a": long, "b": "the letter", "c": "half a pair \ud83d of it", "d": "short", "e": "", "f": "x" * 10**6}
    limit = Decoding(strategy="greedy", max_new_tokens=6)

    def answers(request: Any) -> Answer:
        return completion(request, written[request.prompt], finish_reason="length" if request.prompt == "d" else "stop")

    with StandIn(usual=answers) as stand_in:
        given = settings(stand_in.url)
        made = endpoint.generate(given, folder, probes(list(written)), limit, tmp_path, "bot")
    texts = dict(zip(written, made.generations, strict=True))

    assert long.startswith(texts["a"].generation)
    assert len(tokenizer.encode(texts["a"].generation, add_special_tokens=False).ids) == 6
    assert (texts["a"].generated_tokens, texts["a"].at_limit) == (6, True)
    tokens = len(tokenizer.encode("the letter", add_special_tokens=False).ids)
    assert (texts["b"].generated_tokens, texts["b"].at_limit) == (tokens, tokens >= 6)
    assert texts["c"].generation.encode() and "half" in texts["c"].generation
    assert texts["d"].at_limit
    assert (texts["e"].generation, texts["e"].generated_tokens, texts["e"].at_limit) == ("", 0, False)
    assert 0 < len(texts["f"].generation) < 10**4
    assert made.stated["cut"] >= 2 and "longer than 6 tokens" in caplog.text


def test_a_withheld_text_is_empty_and_counted(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def withheld(request: Any) -> Answer:
        message = {"role": "assistant", "content": None, "refusal": "I cannot do that."}
        return completion(request, message=message)

    with StandIn(usual=withheld) as stand_in:
        assert asked(stand_in, folder, tmp_path, ["a", "b"], api="chat") == ["", ""]
    assert "2 of 2 texts were withheld by the server's filter" in caplog.text


def test_another_model_that_answers_is_reported(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def other(request: Any) -> Answer:
        answer = json.loads(completion(request).body) | {"model": "cheaper-bot"}
        return Answer(body=json.dumps(answer).encode())

    with StandIn(usual=other) as stand_in:
        made = endpoint.generate(settings(stand_in.url), folder, probes(["a"]), GREEDY, tmp_path, "bot")
    assert "asked was 'bot', and it is 'cheaper-bot' that answered" in caplog.text
    assert made.stated["answered_by"] == ["cheaper-bot"]


def test_the_key_is_sent_and_is_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("A_KEY", f" {SECRET}\n")
    monkeypatch.setenv("OPENAI_API_KEY", "for somebody else")
    with StandIn() as stand_in:
        asked(stand_in, folder, tmp_path, key="A_KEY")
        asked(stand_in, folder, tmp_path, model="without")
    sent = {request.body["model"]: request.headers.get("Authorization") for request in stand_in.requests}
    assert sent == {"bot": f"Bearer {SECRET}", "without": None}
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert SECRET not in caplog.text


def test_a_key_that_is_not_there_is_missed_before_anything_is_sent(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("A_KEY", raising=False)
    with StandIn() as stand_in:
        with pytest.raises(UserError, match=r"^models.bot.source.key: the environment variable A_KEY is not set here"):
            asked(stand_in, folder, tmp_path, key="A_KEY")
        assert not stand_in.requests
        asked(stand_in, folder, tmp_path)
        # What has its replies already needs no key.
        asked(stand_in, folder, tmp_path, key="A_KEY")


def test_a_key_that_cannot_be_sent_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "two\nlines")
    with StandIn() as stand_in, pytest.raises(UserError, match="A_KEY contains characters that no key has") as raised:
        asked(stand_in, folder, tmp_path, key="A_KEY")
    assert "lines" not in str(raised.value)


def test_so_many_requests_are_under_way_at_once(folder: Path, tmp_path: Path) -> None:
    gate = threading.Event()
    prefixes = [f"prefix {number}" for number in range(9)]

    def waiting(request: Any) -> Answer:
        if len(stand_in.requests) == 3:
            gate.set()
        return Answer(200, completion(request).body, until=gate)

    with StandIn(usual=waiting) as stand_in:
        texts = asked(stand_in, folder, tmp_path, prefixes, parallel=3)
    assert 2 <= stand_in.most_at_once <= 3
    by_prompt = {request.prompt: text_of(request) for request in stand_in.requests}
    assert texts == [by_prompt[prefix] for prefix in prefixes]


def test_requests_begin_no_faster_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = server._Pace(30)
    waited: list[float] = []
    monkeypatch.setattr(pace.stop, "wait", lambda seconds: waited.append(seconds))
    for _ in range(3):
        pace.wait()
    assert waited == [0, 2, 4]
    # After two quiet minutes nothing is made up for; and a server's wish holds for all.
    now[0] += 120
    pace.wait()
    pace.hold(10)
    pace.wait()
    assert waited[3:] == [0, 10]


def test_a_signal_ends_a_job_that_waits(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    calls = iter([completion, lambda request: Answer(200, completion(request).body, until=never)])

    def interrupted(self: threading.Thread, timeout: float | None = None) -> None:
        while len(stand_in.requests) < 2:
            time.sleep(0.01)
        raise jobs.Interrupted(15)

    with StandIn(usual=lambda request: next(calls)(request)) as stand_in:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "join", interrupted)
            with pytest.raises(jobs.Interrupted):
                asked(stand_in, folder, tmp_path)
        # The first reply is there.
        stand_in.usual = completion
        asked(stand_in, folder, tmp_path)
        never.set()
    assert stand_in.prompts == [PREFIXES[0], PREFIXES[1], PREFIXES[1], PREFIXES[2]]


def reply(text: str) -> Reply:
    return Reply(text, "stop", "bot", False)


def test_replies_survive_a_kill_and_damage(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    replies = Replies(tmp_path / FOLDER / "a.jsonl")
    assert replies.find(["a"]) == {}
    for name in "abc":
        replies.keep(name, reply(f"text {name} \u2028 \ufffd \n"))
    whole = replies.file.read_bytes()
    # Whatever a killed process has written of a line, the next one is whole.
    for end in range(len(whole) - 60, len(whole)):
        replies.file.write_bytes(whole[:end])
        assert set(replies.find("abc")) == set("ab") | (set("c") if end == len(whole) - 1 else set())
        replies.keep("d", reply("later"))
        assert replies.find("bd") == {"b": reply("text b \u2028 \ufffd \n"), "d": reply("later")}
    # A reply that is not what was written is none.
    replies.file.write_bytes(whole.replace(b"text b", b"test b") + b'[1]\n{"sum": 1}\n\xff\n')
    caplog.clear()
    assert set(replies.find("abc")) == {"a", "c"}
    assert "4 lines are damaged" in caplog.text


def test_processes_keep_replies_in_one_file(tmp_path: Path) -> None:
    replies = Replies(tmp_path / "a.jsonl")

    def keep(first: int) -> None:
        for number in range(first, first + 25):
            replies.keep(str(number), reply("x" * 5000))

    threads = [threading.Thread(target=keep, args=(first,)) for first in (0, 25, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies.find(map(str, range(75)))) == 75
