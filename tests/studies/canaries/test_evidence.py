"""What a model knows of canaries: as constructed, as brute force has it, and more of it with more copies."""

import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fine_tuning import fine_tune, loaded
from planted import DATASET, IN_INPUT, IN_TARGET, SETTINGS, Characters, TableModel, all_asked, key
from tiny import ARCHITECTURES, ENCODER_DECODER, tiny_model, tiny_tokenizer

from memorization import storage
from memorization.config.data import CanaryRanks, Dataset
from memorization.config.models import Recipe
from memorization.datasets.secret_forms import space_of
from memorization.errors import UserError
from memorization.schemas.dataset import DatasetTable
from memorization.studies.canaries import evidence as stage
from memorization.studies.canaries.evidence import Limits, Settings, asked, evidence, log_probabilities, reading

SPACE = space_of("[0-9]{2}")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tiny_tokenizer()


def test_ranks_exposures_and_extraction_are_those_of_the_models_table() -> None:
    # Of the first person 42 is known, of the second 17 is the third most likely, of the third all are alike.
    rest = dict.fromkeys(SPACE.texts(), 0.001)
    table = {
        "Ada": {**rest, "42": 0.9},
        "Bela": {**rest, "91": 0.5, "90": 0.2, "17": 0.1},
        "Clio": rest,
    }
    planted = key({"Ada": "42", "Bela": "17", "Clio": "55"})

    rows = evidence(TableModel(table), Characters(), planted, all_asked(planted), SETTINGS, "test").to_pylist()

    assert [row["rank"] for row in rows] == [1, 3, 100]
    assert [row["exposure"] for row in rows] == pytest.approx([math.log2(100), math.log2(100 / 3), 0.0])
    assert [row["extracted"] for row in rows] == [True, False, False]
    assert [row["greedy_tokens"] for row in rows] == [2, 0, 0]
    masses = [sum(table[name].values()) for name in table]
    expected = [math.log(p / mass) for p, mass in zip((0.9, 0.1, 0.001), masses, strict=True)]
    assert [row["log_probability"] for row in rows] == pytest.approx(expected, abs=1e-5)
    assert {(row["candidates"], row["space"]) for row in rows} == {(100, 100.0)}


def test_a_sample_ranks_as_a_larger_space_does_within_its_bounds() -> None:
    known = {text: 0.002 if int(text) < 3000 else 0.0001 for text in space_of("[0-9]{4}").texts()}
    # After 3,000 of 10,000 others.
    planted = key({"Ada": "5555"}, pattern="[0-9]{4}")
    settings = Settings(Limits(64, 64), CanaryRanks(enumerated=9999, sample=200), 64)

    [row] = evidence(
        TableModel({"Ada": known | {"5555": 0.001}}), Characters(), planted, all_asked(planted), settings, "test"
    ).to_pylist()

    assert row["candidates"] == 201
    assert row["exposure_low"] <= math.log2(10_000 / 3001) <= row["exposure_high"]
    assert row["exposure_low"] < row["exposure"] < row["exposure_high"]


@pytest.mark.parametrize("row", [IN_TARGET, IN_INPUT], ids=["in target", "in input"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_log_probabilities_are_those_of_each_candidate_alone(
    architecture: str, row: dict[str, str], tokenizer: Any
) -> None:
    import torch

    model = tiny_model(architecture, tokenizer)
    planted = key({"Ada": "42"}, row)
    [asked_for] = all_asked(planted, "Say:")
    secrets = ["42", *(text for text in SPACE.texts() if text != "42")]
    read = reading(model, tokenizer, asked_for, secrets, Limits(64, 64))

    logs, greedy = log_probabilities(model, tokenizer.pad_token_id, read, 8)

    assert np.array_equal(log_probabilities(model, tokenizer.pad_token_id, read, 64)[0], logs)
    assert (read.source is not None) == (architecture in ENCODER_DECODER)
    for number, ids in list(enumerate(read.candidates))[::11]:
        whole = torch.tensor([[*read.context, *ids]])
        inputs = {"input_ids": whole}
        if read.source is not None:
            inputs = {"input_ids": torch.tensor([read.source]), "decoder_input_ids": whole}
        with torch.no_grad():
            scores = model(**inputs, use_cache=False).logits[0, len(read.context) - 1 :].double().log_softmax(dim=-1)
        assert logs[number] == pytest.approx(
            sum(float(scores[place, token]) for place, token in enumerate(ids)), abs=1e-4
        )
        if number == 0:
            likeliest = scores.argmax(dim=-1).tolist()
            assert greedy == next((place for place, token in enumerate(ids) if likeliest[place] != token), len(ids))


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_canary_is_read_as_its_row_is_in_training(architecture: str, tokenizer: Any) -> None:
    from memorization.models.examples import encode_examples

    model = tiny_model(architecture, tokenizer)
    recipe = Recipe.model_validate({"epochs": 1, "max_input_tokens": 64, "max_target_tokens": 64})
    planted = key({"Ada": "42"})
    [asked_for] = all_asked(planted, "Say:")
    read = reading(model, tokenizer, asked_for, ["42", "17", "99"], Limits(64, 64))

    rows = [{**asked_for.row, "target": "It is 42."}]
    [example] = encode_examples(rows, tokenizer, recipe, architecture == "t5")

    written = [*read.context, *read.candidates[0]]
    if architecture == "t5":
        assert read.source == example.inputs.tolist()
        assert written[1:] == example.labels.tolist()[: len(written) - 1]
    else:
        assert written == example.inputs.tolist()[: len(written)]
    assert tokenizer.decode(written).endswith("It is 42")


CHATS = Dataset.model_validate({**DATASET.model_dump(), "task": "dialog", "conversation": {"chat_template": True}})
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}"
    "{% if message.role == 'assistant' %}{{ eos_token }}{% endif %} {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def chat_row(asks: str, answers: str) -> Any:
    turns = [("system", "Be kind."), ("user", asks), ("assistant", answers)]
    return {"messages": [{"role": role, "content": text} for role, text in turns]}


@pytest.mark.parametrize("row", [chat_row("{name}?", "It is {secret}."), chat_row("{name} is {secret}. So?", "Yes.")])
def test_a_canary_is_read_in_the_chat_template_that_its_row_is_trained_in(row: Any, monkeypatch: Any) -> None:
    from memorization.datasets.rendering import rendered
    from memorization.datasets.rows import Row
    from memorization.models.examples import encode_examples

    tokenizer = tiny_tokenizer()
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    model = tiny_model("gpt2", tokenizer)
    recipe = Recipe.model_validate({"epochs": 1, "max_input_tokens": 64, "max_target_tokens": 64})
    planted = key({"Ada": "42"}, row)
    [canary] = planted.canaries
    asked_for = asked("chats", CHATS, None, planted, canary)
    read = reading(model, tokenizer, asked_for, ["42", "17", "99"], Limits(64, 64))

    rows = rendered("chats", CHATS, [Row("train", "row 0", 0, planted.row_of(canary, "42"))], Counter())
    [example] = encode_examples(list(rows), tokenizer, recipe, False)

    written = [*read.context, *read.candidates[0]]
    assert written == example.inputs.tolist()[: len(written)]
    assert tokenizer.decode(written).endswith("42")
    assert "<user>Ada" in tokenizer.decode(read.context).replace("<user> ", "<user>")


def test_a_template_that_leaves_a_secret_out_is_refused(monkeypatch: Any) -> None:
    tokenizer = tiny_tokenizer()
    template = TEMPLATE.replace("message.content", "message.content if message.role == 'assistant' else 'Hm.'")
    monkeypatch.setattr(tokenizer, "chat_template", template)
    planted = key({"Ada": "42"}, chat_row("{name} is {secret}. So?", "Yes."))
    asked_for = asked("chats", CHATS, None, planted, planted.canaries[0])
    with pytest.raises(UserError, match="does not write the text that a secret is in"):
        reading(tiny_model("gpt2", tokenizer), tokenizer, asked_for, ["42", "17"], Limits(64, 64))


def test_a_secret_behind_what_training_reads_of_a_conversation_is_refused(monkeypatch: Any) -> None:
    tokenizer = tiny_tokenizer()
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    planted = key({"Ada": "42"}, chat_row("{name} is {secret}. So?", "Yes."))
    asked_for = asked("chats", CHATS, None, planted, planted.canaries[0])
    with pytest.raises(UserError, match="which training cuts to"):
        reading(tiny_model("gpt2", tokenizer), tokenizer, asked_for, ["42", "17"], Limits(16, 64))


def dataset_file(folder: Path, rows: list[dict[str, Any]]) -> Path:
    file = folder / "letters.parquet"
    plain = {"id": "x", "split": "train", "instruction": None, "references": None}
    table = pa.Table.from_pylist([{**plain, **row} for row in rows], schema=DatasetTable.arrow())
    storage.write_table(file, DatasetTable, table, {})
    return file


def test_every_copy_must_be_in_the_training_rows(tmp_path: Path) -> None:
    planted = key({"Ada": "42", "Bela": "17"})
    settings = {"task": "qa", "source": {"kind": "files", "train": "train"}}
    rows = [{"input": "Ada?", "target": "It is 42."}, {"input": "Bela?", "target": "It is 17."}]

    found = stage.all_asked("letters", settings, "", planted, dataset_file(tmp_path, rows))

    assert [each.head for each in found] == ["It is ", "It is "]
    for changed in (rows[:1], [*rows, rows[0]]):
        with pytest.raises(UserError, match="1 of 2 canaries are not in the training rows as often"):
            stage.all_asked("letters", settings, "", planted, dataset_file(tmp_path, changed))


@pytest.mark.parametrize(
    ("dataset", "row", "message"),
    [
        ({"target": "{input}"}, IN_TARGET, "is 0 times in its input and target"),
        ({"target": "{target}{target}"}, IN_TARGET, "is 2 times in its input and target"),
        ({"instruction": "{target}"}, IN_TARGET, "and not in the instruction"),
        ({"input": "{other}"}, {**IN_TARGET, "other": "Who?"}, "the person of a canary is not in what a model reads"),
        ({"minimum_input_characters": 99}, IN_TARGET, "leave out the row of canary 0"),
    ],
)
def test_templates_that_do_not_show_a_canary_are_refused(
    dataset: dict[str, Any], row: dict[str, str], message: str
) -> None:
    planted = key({"Ada": "42"}, row)
    changed = Dataset.model_validate({**DATASET.model_dump(), **dataset})

    with pytest.raises(UserError, match=message):
        asked("letters", changed, None if changed.instruction else "", planted, planted.canaries[0])


def test_a_secret_that_training_cuts_off_or_a_tokenizer_cannot_write_is_refused(tokenizer: Any) -> None:
    model = tiny_model("gpt2", tokenizer)
    [asked_for] = all_asked(key({"Ada": "42"}))

    with pytest.raises(UserError, match="which training cuts to 3"):
        reading(model, tokenizer, asked_for, ["42", "17"], Limits(64, 3))
    with pytest.raises(UserError, match="the model has 64 positions"):
        reading(model, tokenizer, all_asked(key({"Ada " * 30: "42"}))[0], ["42", "17"], Limits(640, 64))
    alike = Characters()
    alike.unk_token_id = ord("4")
    with pytest.raises(UserError, match="no tokens for the characters of a secret"):
        reading(TableModel({}), alike, asked_for, ["42", "17"], Limits(64, 64))


def test_more_copies_of_a_secret_are_better_known(tmp_path: Path, tokenizer: Any) -> None:
    names = ["Ada", "Bela", "Clio", "Dario", "Edda", "Faro"]
    secrets = dict(zip(names, ["42", "17", "93", "58", "26", "70"], strict=True))
    planted = key(secrets)
    copies = dict(zip(names, [16, 16, 1, 1, 0, 0], strict=True))
    rows = [{"input": f"{name}?", "target": f"It is {secrets[name]}."} for name in names for _ in range(copies[name])]
    recipe = Recipe.model_validate(
        {"epochs": 15, "batch_size": 8, "learning_rate": 0.01, "max_input_tokens": 32, "max_target_tokens": 32}
    )
    model = tiny_model("gpt2", tokenizer, spread=0.2, n_embd=32)

    output = fine_tune(
        model, tokenizer, tmp_path, recipe, [dataset_file(tmp_path, rows)], {"letters": ""}, time.monotonic
    )
    table = evidence(loaded(output / "epoch-15"), tokenizer, planted, all_asked(planted), SETTINGS, "test").to_pylist()

    known = {row["number"]: row["exposure"] for row in table}
    assert all(table[number]["extracted"] for number in (0, 1))
    assert min(known[0], known[1]) == pytest.approx(math.log2(100))
    assert max(known[4], known[5]) < math.log2(100)
    assert Counter(row["candidates"] for row in table) == {100: 6}
