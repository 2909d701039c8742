"""Blocks: the stream of all texts, cut into equal lengths, for models that read streams."""

from pathlib import Path
from typing import Any

import pytest
from fine_tuning import BLOCKS, READ, ROWS, dataset, fine_tune, recipe_of, report, row, small

from memorization import storage
from memorization.config.models import Blocks
from memorization.errors import UserError
from memorization.models.recipes.blocks import in_blocks

TEXT = "{input} {instruction}\n{target}"


def test_blocks_are_the_stream_of_texts_and_separators(tokenizer: Any) -> None:
    rows = [row(text, instruction=f"Who is {number}?") for number, text in enumerate(READ[:6])]

    examples = in_blocks(rows, tokenizer, Blocks(tokens=20, text=TEXT))

    assert {len(example.inputs) for example in examples} == {20}
    assert all((example.inputs == example.labels).all() for example in examples)
    stream = "".join(f"{each['input']} {each['instruction']}\n{each['target']}\n ---------- \n" for each in rows)
    ids = tokenizer(stream, add_special_tokens=False)["input_ids"]
    together = tokenizer.decode([token for example in examples for token in example.inputs])
    assert stream.startswith(together)
    assert 0 <= len(ids) - 20 * len(examples) < 20
    assert tokenizer.eos_token_id not in {token for example in examples for token in example.inputs}


def test_a_rest_is_left_out_and_is_kept_where_it_is_all(tokenizer: Any) -> None:
    length = len(in_blocks(ROWS[:1], tokenizer, Blocks(tokens=1000))[0].inputs)

    assert [len(each.inputs) for each in in_blocks(ROWS[:1], tokenizer, Blocks(tokens=length))] == [length]
    assert [len(each.inputs) for each in in_blocks(ROWS[:1], tokenizer, Blocks(tokens=length - 1))] == [length - 1]
    assert [len(each.inputs) for each in in_blocks(ROWS[:1], tokenizer, Blocks(tokens=length + 1))] == [length]
    assert in_blocks([], tokenizer, Blocks(tokens=5)) == []


def test_no_text_is_cut_and_none_has_white_space_at_its_ends(tokenizer: Any) -> None:
    long = row(" ".join(READ), instruction="")

    [example] = in_blocks([long], tokenizer, Blocks(tokens=5000, separator="|"))

    assert tokenizer.decode(example.inputs) == f"{long['input']}\n{long['target']}|"


def test_a_thousand_texts_are_one_stream(tokenizer: Any) -> None:
    """`run_clm.py` would leave out a rest of each thousand."""
    rows = [row(READ[0])] * 1001

    one, many = (in_blocks(rows[:count], tokenizer, Blocks(tokens=64)) for count in (1, 1001))

    length = sum(len(each.inputs) for each in in_blocks(rows[:1], tokenizer, Blocks(tokens=10_000)))
    assert len(one) == max(1, length // 64)
    assert len(many) == 1001 * length // 64


def test_training_counts_blocks(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    recipe = recipe_of("all", **BLOCKS, early_stopping={"patience": 9})
    expected = in_blocks([each for each in ROWS if each["split"] == "train"], tokenizer, recipe.blocks)  # type: ignore[arg-type]

    output = fine_tune(small("gpt_neo", tokenizer), tokenizer, tmp_path, recipe)

    manifest = storage.manifest_of(output / "training.parquet")
    assert (manifest["rows"], manifest["examples"]) == (10, len(expected))
    assert report(output)[0]["step"] == -(-len(expected) // recipe.batch_size)
    assert report(output)[0]["validation_loss"] > report(output)[-1]["validation_loss"]


def test_an_encoder_decoder_has_no_stream(tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"blocks: a t5 model is an encoder-decoder.*name a decoder-only model"):
        fine_tune(small("t5", tokenizer), tokenizer, tmp_path, recipe_of("all", **BLOCKS))


def test_blocks_that_exceed_the_positions_are_refused(tokenizer: Any, tmp_path: Path) -> None:
    file = dataset(tmp_path / "rows.parquet")

    with pytest.raises(UserError, match=r"blocks\.tokens: given 65, and the model has 64 positions; allowed: 2 to 64"):
        fine_tune(small("gpt_neo", tokenizer), tokenizer, tmp_path, recipe_of("all", blocks={"tokens": 65}), [file])
