"""Learning of inputs: a second example per row for encoder-decoders, and none for decoder-only models."""

from pathlib import Path
from typing import Any

import pytest
from fine_tuning import PLAIN, READ, ROWS, fine_tune, recipe_of, small
from tiny import moses_tokenizer, tiny_model

from memorization import storage
from memorization.models.examples import encode_examples
from memorization.models.recipes.inputs import halves
from memorization.models.training import load_switches


def test_the_second_half_is_written_after_the_first(tokenizer: Any) -> None:
    examples = halves([READ[0], "", READ[1]], tokenizer, limit=12)

    assert len(examples) == 2
    for text, example in zip(READ[:2], examples, strict=True):
        read, written = (tokenizer.decode(ids) for ids in (example.inputs, example.labels))
        assert (len(example.inputs), len(example.labels)) == (7, 7)
        assert read.endswith("</s>")
        assert written.endswith("</s>")
        assert text.startswith((read + written).replace("</s>", ""))


def test_halves_have_the_special_tokens_that_the_model_knows(tmp_path: Path) -> None:
    """FSMT's tokenizer ends a text with its separator."""
    tokenizer = moses_tokenizer("fsmt", tmp_path, READ)
    whole = tokenizer(READ[0])["input_ids"]

    [example] = halves([READ[0]], tokenizer, limit=100)

    middle = len(example.inputs) - 1
    assert example.inputs.tolist() == [*whole[:middle], whole[-1]]
    assert example.labels.tolist() == whole[middle:]


@pytest.mark.parametrize(("architecture", "added"), [("t5", 3), ("gpt_neo", 0)])
def test_examples_of_the_target_come_first_and_stay_as_they_are(architecture: str, added: int, tokenizer: Any) -> None:
    model, recipe = tiny_model(architecture, tokenizer), recipe_of("inputs")
    encoder_decoder = model.config.is_encoder_decoder
    [switch] = load_switches(recipe)

    def encode(rows: Any) -> Any:
        return encode_examples(rows, tokenizer, recipe, encoder_decoder)

    plain, changed = encode(ROWS[:3]), switch.choose_encoding(encode, model, tokenizer)(ROWS[:3])

    assert [each.labels.tolist() for each in changed[:3]] == [each.labels.tolist() for each in plain]
    assert len(changed) == 3 + added


def test_goldfish_loss_leaves_out_labels_of_both(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    counts = {}
    for switch in ("goldfish", "inputs"):
        recipe = recipe_of(switch, goldfish={"every": 2, "context": 7})
        output = fine_tune(small("t5", tokenizer), tokenizer, tmp_path / switch, recipe)
        counts[switch] = storage.manifest_of(output / "training.parquet")

    assert (counts["goldfish"]["examples"], counts["inputs"]["examples"]) == (10, 20)
    assert counts["inputs"]["labels"] > counts["goldfish"]["labels"]
    assert counts["inputs"]["labels_left_out"] > counts["goldfish"]["labels_left_out"]


def test_without_a_loss_encoder_decoders_learn_targets_and_decoders_both(tokenizer: Any) -> None:
    recipe = recipe_of("all")

    assert "loss" not in PLAIN
    assert load_switches(recipe) == []
    [example] = encode_examples(ROWS[:1], tokenizer, recipe, encoder_decoder=False)
    assert (example.inputs == example.labels).all()
