"""Prompts: the tokens of bare prefixes and of what else models are asked, and the positions that they need."""

from dataclasses import replace
from typing import Any

import pytest
from tiny import PREFIXES, tiny_model

from memorization.errors import UserError
from memorization.models.answers import answer_prompts
from memorization.models.prefixes import check_positions, position_limit, prompt_tokens
from memorization.models.prompts import asked_tokens
from memorization.schemas.prompts import Asked

TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'system' and refuses_system is defined %}"
    "{{ raise_exception('no system') }}{% endif %}<{{ message['role'] }}>{{ message['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
QUESTION = Asked("Be kind. And now?", "Be kind.", ("Where is it?", "Here.", "And now?"), is_question=True)
ROW = {"id": "a", "instruction": "Be kind.", "input": "And now?", "turns": QUESTION.turns, "target": "Gone."}


def read(name: str, tokenizer: Any, asked: Asked, limit: int = 1000) -> list[int]:
    """What a tiny model reads."""
    [tokens] = asked_tokens(tiny_model(name, tokenizer), tokenizer, [0], [asked], limit)
    return tokens


def ids(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def test_a_bare_prefix_is_asked_as_it_is(tokenizer: Any, device: Any) -> None:
    model = tiny_model("gpt2", tokenizer)
    asked = [Asked(prefix) for prefix in PREFIXES]
    numbers = list(range(len(asked)))
    assert asked_tokens(model, tokenizer, numbers, asked, 1) == prompt_tokens(model, tokenizer, PREFIXES)


@pytest.mark.parametrize("limit", [64, 7])
@pytest.mark.parametrize("turns", [None, QUESTION.turns])
@pytest.mark.parametrize("name", ["t5", "gpt2"])
def test_a_question_is_read_as_for_an_answer(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch, name: str, turns: Any, limit: int
) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    encoder_decoder = name == "t5"
    [expected] = answer_prompts([ROW | {"turns": turns}], tokenizer, limit, encoder_decoder)
    assert read(name, tokenizer, replace(QUESTION, turns=turns), limit) == expected


def test_an_answer_s_beginning_follows_as_in_training(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    begun = replace(QUESTION, answer_start="It is")
    chat = "<system>Be kind. <user>Where is it? <assistant>Here. <user>And now? <assistant>"
    assert read("gpt2", tokenizer, begun) == ids(tokenizer, chat) + ids(tokenizer, "It is")
    plain = replace(begun, turns=None)
    assert read("gpt2", tokenizer, plain) == ids(tokenizer, "Be kind. And now?") + ids(tokenizer, "\nIt is")


@pytest.mark.parametrize(
    ("content", "start", "begun"),
    [("message['content']", " It is", "  It is"), ("message['content'] | trim", " It is ", " It is")],
)
def test_an_answer_s_beginning_stands_where_the_template_puts_answers(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch, content: str, start: str, begun: str
) -> None:
    """White space before an answer is the answer's in training, since a prompt ends without it."""
    template = "{% for message in messages %}{{ message['role'] }}: {{ CONTENT }}\n{% endfor %}"
    template += "{% if add_generation_prompt %}assistant:{% endif %}"
    monkeypatch.setattr(tokenizer, "chat_template", template.replace("CONTENT", content))
    asked = replace(QUESTION, answer_start=start)
    chat = "system: Be kind.\nuser: Where is it?\nassistant: Here.\nuser: And now?\nassistant:"
    assert read("gpt2", tokenizer, asked) == ids(tokenizer, chat) + ids(tokenizer, begun)


def test_a_request_is_not_cut_and_plain_for_encoder_decoders(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    text = "Write the rest of this letter, please."
    request = Asked(text, turns=(text,))
    assert read("gpt2", tokenizer, request, 2) == ids(tokenizer, f"<user>{text} <assistant>")
    assert read("t5", tokenizer, request, 2) == [*ids(tokenizer, text), tokenizer.eos_token_id]


@pytest.mark.parametrize(
    ("name", "asked", "template", "message"),
    [
        ("gpt2", QUESTION, None, r"has no chat template .* in which it is to be asked: set `chat_template: false`"),
        (
            "gpt2",
            QUESTION,
            "{{ raise_exception('no system') }}",
            "template fails for the prompt of probe 0: no system",
        ),
        (
            "gpt2",
            replace(QUESTION, answer_start="It"),
            TEMPLATE.replace("{% if add_generation_prompt %}", "{% if add_generation_prompt %}(think)"),
            "the prompt of probe 0 otherwise with the beginning of an answer",
        ),
        ("t5", replace(QUESTION, answer_start="It"), TEMPLATE, "an encoder-decoder, which begins its answers itself"),
    ],
)
def test_a_model_that_cannot_be_asked_so_is_refused(
    tokenizer: Any,
    device: Any,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    asked: Asked,
    template: str | None,
    message: str,
) -> None:
    monkeypatch.setattr(tokenizer, "chat_template", template)
    with pytest.raises(UserError, match=message):
        read(name, tokenizer, asked)


def test_only_encoder_decoder_models_read_an_end_token(tokenizer: Any, device: Any) -> None:
    with_end, bare = (prompt_tokens(tiny_model(name, tokenizer), tokenizer, PREFIXES) for name in ("t5", "gpt2"))

    assert with_end == [[*tokens, tokenizer.eos_token_id] for tokens in bare]
    assert bare == tokenizer(PREFIXES, add_special_tokens=False)["input_ids"]


def test_relative_positions_have_no_limit(tokenizer: Any, device: Any) -> None:
    limits = {name: position_limit(tiny_model(name, tokenizer)) for name in ("t5", "bart", "gpt2", "llama")}

    assert limits == {"t5": None, "bart": 64, "gpt2": 64, "llama": 64}


def test_encoder_decoder_models_need_no_room_for_both(tokenizer: Any, device: Any) -> None:
    prompts = [[5] * 40, [5]]

    check_positions(tiny_model("bart", tokenizer), prompts, "tokens", 64)
    check_positions(tiny_model("gpt2", tokenizer), prompts, "tokens", 24)
    with pytest.raises(UserError, match="a prompt of 40 tokens with `tokens: 25` needs 65: lower one"):
        check_positions(tiny_model("gpt2", tokenizer), prompts, "tokens", 25)


def test_the_message_says_what_questions_are_cut_to(tokenizer: Any, device: Any) -> None:
    with pytest.raises(
        UserError, match=r"lower one of them\. Questions are cut to `max_input_tokens: 40`, .* `answers`"
    ):
        check_positions(tiny_model("gpt2", tokenizer), [[5] * 40], "tokens", 25, 40)
