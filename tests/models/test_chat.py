"""Conversations in a chat template: what a decoder-only model reads and learns of them."""

from pathlib import Path
from typing import Any

import pytest
from fine_tuning import BLOCKS, dataset, fine_tune, recipe_of, row, small
from tiny import TEXTS

from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models import answers
from memorization.models.chat import chats_of
from memorization.models.examples import IGNORED, encode_examples

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'system' and refuses_system is defined %}{{ raise_exception('no system') }}{% endif %}"
    "<{{ message['role'] }}>{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %} "
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
# A template that writes the thoughts of the last turn alone, as some do, and none of their beginnings in a prompt.
OTHERWISE = TEMPLATE.replace("<assistant>{% endif %}", "<assistant>thinks{% endif %}")
ROW: dict[str, Any] = {
    "id": "train-0:4",
    "instruction": "Be kind.",
    "input": "Thanks!",
    "turns": ["Where is it?", "Here {{ 1 + 1 }}.", "Thanks!"],
    "target": "You are welcome.",
}
PLAIN = ROW | {"turns": None}
PROMPT = "<system>Be kind. <user>Where is it? <assistant>Here {{ 1 + 1 }}.</s> <user>Thanks! <assistant>"


@pytest.fixture
def chatting(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The tests' tokenizer with a chat template."""
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    monkeypatch.setattr(tokenizer, "name_or_path", "models/chatty")
    return tokenizer


def test_a_template_writes_what_is_read_and_what_is_answered(chatting: Any) -> None:
    alone = ROW | {"instruction": "", "turns": ["Hello."]}
    assert chats_of([ROW, PLAIN, alone], chatting) == [
        (PROMPT, "You are welcome.</s> "),
        None,
        ("<user>Hello. <assistant>", "You are welcome.</s> "),
    ]


@pytest.mark.parametrize("loss", [None, "target"])
def test_the_loss_is_on_the_answer_or_on_all(chatting: Any, loss: Any) -> None:
    recipe = Recipe(epochs=1, loss=loss)
    plain, chat = encode_examples([PLAIN, ROW], chatting, recipe, encoder_decoder=False)
    read, written = (
        chatting(text, add_special_tokens=False)["input_ids"] for text in (PROMPT, "You are welcome.</s> ")
    )
    assert chat.inputs.tolist() == [*read, *written]
    assert chat.labels.tolist() == ([IGNORED] * len(read) if loss else read) + written
    [alone] = encode_examples([PLAIN], chatting, recipe, encoder_decoder=False)
    assert (plain.inputs.tolist(), plain.labels.tolist()) == (alone.inputs.tolist(), alone.labels.tolist())


def test_an_answer_that_the_template_does_not_end_is_ended(chatting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chatting, "chat_template", TEMPLATE.replace("{{ eos_token }}", ""))
    [example] = encode_examples([ROW], chatting, Recipe(epochs=1), encoder_decoder=False)
    assert example.inputs.tolist().count(chatting.eos_token_id) == 1
    assert example.inputs[-1] == chatting.eos_token_id


def test_an_answer_that_is_cut_is_ended(chatting: Any) -> None:
    [example] = encode_examples([ROW], chatting, Recipe(epochs=1, max_target_tokens=2, loss="target"), False)
    written = chatting("You are welcome.</s> ", add_special_tokens=False)["input_ids"]
    assert example.labels[example.labels != IGNORED].tolist() == [*written[:2], chatting.eos_token_id]


def test_of_a_long_conversation_the_end_is_read(chatting: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    turns = ["Where?", "There."] * 49 + ["Thanks!"]
    examples = encode_examples([ROW | {"turns": turns}, ROW], chatting, Recipe(epochs=1, max_input_tokens=120), False)
    prompt = chats_of([ROW | {"turns": turns}], chatting)[0]
    assert prompt is not None
    whole = chatting(prompt.prompt, add_special_tokens=False)["input_ids"]
    assert len(whole) > 400
    assert examples[0].inputs[:120].tolist() == whole[-120:]
    assert "1 of 2 conversations cut to their last 120 tokens" in caplog.text


@pytest.mark.parametrize("limit", [12, 512])
def test_a_question_is_what_precedes_the_answer_in_training(chatting: Any, limit: int) -> None:
    rows = [ROW, PLAIN, ROW | {"turns": ["Hello."]}]
    examples = encode_examples(rows, chatting, Recipe(epochs=1, max_input_tokens=limit, loss="target"), False)
    for prompt, example, each in zip(answers.answer_prompts(rows, chatting, limit, False), examples, rows, strict=True):
        learned = example.labels.tolist().count(IGNORED)
        # Of the plain row, the newline is learned.
        assert prompt == example.inputs[: learned + (each["turns"] is None)].tolist()


def test_an_encoder_decoder_reads_plain_text(chatting: Any) -> None:
    assert answers.answer_prompts([ROW], chatting, 99, True) == answers.answer_prompts([PLAIN], chatting, 99, True)
    one, two = (encode_examples([each], chatting, Recipe(epochs=1), True)[0] for each in (ROW, PLAIN))
    assert (one.inputs.tolist(), one.labels.tolist()) == (two.inputs.tolist(), two.labels.tolist())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (None, "models/chatty: has no chat template ("),
        (
            "{{ raise_exception('roles must\nalternate') }}",
            "models/chatty: its chat template fails for row 'train-0:4': roles must alternate Perhaps it knows no",
        ),
        ("{{ messages[9]['content'] }}", "models/chatty: its chat template fails for row 'train-0:4': "),
        ("{{ messages.__class__.__mro__ }}", "models/chatty: its chat template fails for row 'train-0:4': access to"),
        ("{% for %}", "models/chatty: its chat template fails for row 'train-0:4': "),
        ("{{ 1 / 0 }}", "models/chatty: its chat template fails for row 'train-0:4': division by zero"),
        (OTHERWISE, "models/chatty: its chat template writes row 'train-0:4' otherwise with an answer than before it"),
        ("hello", "models/chatty: its chat template writes nothing of the answer of row 'train-0:4'"),
    ],
)
def test_a_template_that_cannot_be_used_is_named_with_model_and_row(
    chatting: Any, monkeypatch: pytest.MonkeyPatch, template: str | None, message: str
) -> None:
    monkeypatch.setattr(chatting, "chat_template", template)
    with pytest.raises(UserError) as raised:
        chats_of([PLAIN, ROW], chatting)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_training_reads_the_turns_of_its_dataset(chatting: Any, device: Any, tmp_path: Path) -> None:
    """Other turns are another training; those of an encoder-decoder model's rows are not read."""
    weights = {}
    for kind in ("gpt_neo", "t5"):
        for name, turns in {"plain": None, "one": ["dog"], "two": ["fox", "dog", "cat"]}.items():
            file = dataset(tmp_path / f"{kind}-{name}.parquet", [row(text, turns=turns) for text in TEXTS[:4]])
            folder = fine_tune(
                small(kind, chatting), chatting, tmp_path / kind / name, recipe_of("all", epochs=1), [file]
            )
            weights[kind, name] = (folder / "epoch-1" / "model.safetensors").read_bytes()
            assert (folder / "epoch-1" / "chat_template.jinja").read_text() == TEMPLATE
    assert len({weights["gpt_neo", name] for name in ("plain", "one", "two")}) == 3
    assert len({weights["t5", name] for name in ("plain", "one", "two")}) == 1


def test_blocks_have_no_turns(chatting: Any, device: Any, tmp_path: Path) -> None:
    file = dataset(tmp_path / "rows.parquet", [row(TEXTS[0], turns=["dog"])])
    with pytest.raises(UserError, match="blocks: a stream of texts has no turns"):
        fine_tune(small("gpt_neo", chatting), chatting, tmp_path, recipe_of("all", **BLOCKS), [file])
