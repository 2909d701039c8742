"""Examples: what the model reads and learns of a training row, and batches of them."""

from typing import Any

import numpy as np
import pytest
from tiny import TEXTS

from memorization.config.models import Recipe
from memorization.models.examples import IGNORED, Example, Widths, collate, encode_examples

ROWS = [{"instruction": "Shorten.", "input": text, "target": " ".join(text.split()[:3])} for text in TEXTS[:10]]
RECIPE = Recipe(epochs=1, max_input_tokens=24)


def test_encoder_decoder_reads_instruction_and_input_and_writes_the_target(tokenizer: Any) -> None:
    (example,) = encode_examples(ROWS[:1], tokenizer, Recipe(epochs=1), encoder_decoder=True)

    assert tokenizer.decode(example.inputs) == f"Shorten. {ROWS[0]['input']}</s>"
    assert tokenizer.decode(example.labels) == f"{ROWS[0]['target']}</s>"


@pytest.mark.parametrize("loss", ["input_and_target", "target"])
def test_decoder_only_loss_runs_over_what_the_recipe_says(loss: str, tokenizer: Any) -> None:
    recipe = Recipe.model_validate({"epochs": 1, "loss": loss})

    (example,) = encode_examples(ROWS[:1], tokenizer, recipe, encoder_decoder=False)

    learned = example.labels[example.labels != IGNORED]
    text = tokenizer.decode(learned, skip_special_tokens=True)
    whole = f"Shorten. {ROWS[0]['input']}\n{ROWS[0]['target']}"
    assert tokenizer.decode(example.inputs, skip_special_tokens=True) == whole
    assert text == (whole if loss == "input_and_target" else f"\n{ROWS[0]['target']}")
    assert example.inputs[-1] == example.labels[-1] == tokenizer.eos_token_id


def test_decoder_only_sequence_has_one_end(tokenizer: Any) -> None:
    """An end token between input and target would teach the model to stop where the target begins."""
    (example,) = encode_examples(ROWS[:1], tokenizer, Recipe(epochs=1), encoder_decoder=False)

    assert list(example.inputs).count(tokenizer.eos_token_id) == 1


def test_long_texts_are_cut_and_counted(tokenizer: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    examples = encode_examples(ROWS, tokenizer, RECIPE, encoder_decoder=True)

    assert max(len(example.inputs) for example in examples) == RECIPE.max_input_tokens
    assert f"10 of 10 texts cut to {RECIPE.max_input_tokens} tokens" in caplog.text


def test_padding_is_masked_and_has_no_loss() -> None:
    short, long = np.array([5, 6], dtype=np.int32), np.array([7, 8, 9], dtype=np.int32)

    batch = collate([Example(short, long), Example(long, short)], pad=0, encoder_decoder=True)

    assert batch["input_ids"].tolist() == [[5, 6, 0], [7, 8, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [[7, 8, 9], [5, 6, IGNORED]]


def test_a_first_token_that_nothing_predicts_does_not_count() -> None:
    tokens = np.array([5, 6, 7], dtype=np.int32)

    labels = {kind: collate([Example(tokens, tokens)], 0, encoder_decoder=kind)["labels"] for kind in (True, False)}

    assert labels[True].tolist() == [[5, 6, 7]]
    assert labels[False].tolist() == [[IGNORED, 6, 7]]
    assert tokens.tolist() == [5, 6, 7]


def test_examples_without_goldfish_state_no_decoder_inputs() -> None:
    tokens = np.array([5, 6], dtype=np.int32)

    assert "decoder_input_ids" not in collate([Example(tokens, tokens)], 0, encoder_decoder=True)


def test_compiled_code_sees_few_widths_and_no_text_longer_than_the_longest() -> None:
    examples = [
        Example(np.ones(read, np.int32), np.ones(written, np.int32)) for read, written in ((200, 30), (65, 5), (3, 70))
    ]
    widths = Widths.within(examples)
    shapes = []
    for chosen in ([0], [1], [2], [1, 2]):
        batch = collate([examples[index] for index in chosen], 0, encoder_decoder=True, widths=widths)
        shapes.append((batch["input_ids"].shape[1], batch["labels"].shape[1]))
        assert batch["attention_mask"].sum() == sum(len(examples[index].inputs) for index in chosen)
        assert (batch["labels"] != IGNORED).sum() == sum(len(examples[index].labels) for index in chosen)

    assert shapes == [(200, 64), (128, 64), (64, 70), (128, 70)]
