"""Answers: the prompt is what precedes the target in training, and the rows are test rows drawn by a seed."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from generating import texts_of
from tiny import ARCHITECTURES, PREFIXES, TEXTS, tiny_model

from memorization import storage
from memorization.config.generation import Decoding
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models import answers
from memorization.models.examples import encode_examples, source_text
from memorization.models.generation import GenerationSettings
from memorization.schemas.answers import AnswersTable
from memorization.schemas.dataset import DatasetTable

ROWS = [
    {"id": str(number), "instruction": "Say it:", "input": text, "target": f"dog {number}", "references": None}
    for number, text in enumerate(TEXTS[:6])
]
GREEDY = Decoding(strategy="greedy", max_new_tokens=8)
SETTINGS = GenerationSettings(GREEDY, 3)


@pytest.mark.parametrize("limit", [12, 512])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_prompt_is_what_precedes_the_target_in_training(architecture: str, limit: int, tokenizer: Any) -> None:
    encoder_decoder = architecture in ("t5", "bart")
    recipe = Recipe(epochs=1, max_input_tokens=limit, loss="target")
    examples = encode_examples(ROWS, tokenizer, recipe, encoder_decoder)

    prompts = answers.answer_prompts(ROWS, tokenizer, limit, encoder_decoder)

    for prompt, example, row in zip(prompts, examples, ROWS, strict=True):
        if encoder_decoder:
            assert prompt == example.inputs.tolist()
            assert prompt[-1] == tokenizer.eos_token_id
        else:
            whole = example.inputs.tolist()
            assert whole[: len(prompt)] == prompt
            # What is left is the target, after its newline, and the end.
            assert tokenizer.decode(whole[len(prompt) : -1]).strip() == row["target"]
            assert tokenizer.eos_token_id not in prompt
        assert len(prompt) <= limit + (0 if encoder_decoder else 1)
    whole = [tokenizer(source_text(row["instruction"], row["input"]))["input_ids"] for row in ROWS]
    assert all((len(ids) > limit) == (limit == 12) for ids in whole)


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_row_is_answered_as_its_text_is_continued(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)
    rows = [{**ROWS[0], "id": prefix, "instruction": "", "input": prefix} for prefix in PREFIXES]
    texts = PREFIXES if architecture == "t5" else [f"{prefix}\n" for prefix in PREFIXES]
    expected = [(text.generation, text.generated_tokens) for text in texts_of(model, tokenizer, texts, GREEDY, 4)]

    table = answers.answer(model, tokenizer, rows, 512, SETTINGS, "test").to_pylist()

    assert [(row["answer"], row["answer_tokens"]) for row in table] == expected
    assert [row["id"] for row in table] == PREFIXES
    assert len({row["answer"] for row in table}) > 1


def test_references_are_those_of_the_dataset_or_its_target(tokenizer: Any, device: Any) -> None:
    given = [["one", "two"], [], None]
    rows = [{**row, "references": references} for row, references in zip(ROWS, given, strict=False)]
    table = answers.answer(tiny_model("t5", tokenizer), tokenizer, rows, 512, SETTINGS, "test")
    assert table["references"].to_pylist() == [["one", "two"], ["dog 1"], ["dog 2"]]
    assert table.schema.equals(AnswersTable.arrow())


def test_answers_to_one_input_have_its_number(tokenizer: Any, device: Any) -> None:
    rows = [{**ROWS[0], "input": text, "instruction": text * 2} for text in ("dog", "fox", "dog")]
    table = answers.answer(tiny_model("t5", tokenizer), tokenizer, rows, 512, SETTINGS, "test")
    assert table["input_text"].to_pylist() == [0, 1, 0]


def test_inputs_beyond_the_model_s_positions_are_refused(tokenizer: Any, device: Any) -> None:
    rows = [{**ROWS[0], "input": " ".join(TEXTS)}]
    with pytest.raises(UserError, match="the model has 64 positions, and a prompt of 512 tokens"):
        answers.answer(tiny_model("bart", tokenizer), tokenizer, rows, 512, SETTINGS, "test")


def dataset(file: Path, splits: dict[str, int], instruction: str | None = "Say it:") -> Path:
    rows = [
        {**ROWS[0], "id": f"{split}{number:03}", "split": split, "instruction": instruction}
        for split, count in splits.items()
        for number in range(count)
    ]
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})
    return file


def test_rows_are_drawn_by_the_seed_from_test_alone(tmp_path: Path) -> None:
    file = dataset(tmp_path / "d.parquet", {"train": 50, "test": 40, "validation": 30})
    drawn = {seed: [row["id"] for row in answers.draw_rows(file, 10, seed)] for seed in (0, 1)}
    assert all(len(set(ids)) == 10 and ids == sorted(ids) for ids in drawn.values())
    assert all(identifier.startswith("test") for ids in drawn.values() for identifier in ids)
    assert drawn[0] != drawn[1]
    assert drawn[0] == [row["id"] for row in answers.draw_rows(file, 10, 0)]


def test_rows_have_the_instruction_that_all_of_them_share(tmp_path: Path) -> None:
    file = dataset(tmp_path / "d.parquet", {"train": 2, "test": 3}, None)
    assert {row["instruction"] for row in answers.draw_rows(file, 10, 0, "Say it.")} == {"Say it."}


def test_where_there_are_fewer_rows_all_are_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = answers.draw_rows(dataset(tmp_path / "d.parquet", {"train": 2, "test": 3}), 10, 0)
    assert [row["id"] for row in rows] == ["test000", "test001", "test002"]
    assert "dataset d: n is 10 answers, but there are 3 test rows" in caplog.text


def test_a_dataset_without_test_rows_is_refused(tmp_path: Path) -> None:
    file = dataset(tmp_path / "d.parquet", {"train": 2})
    with pytest.raises(UserError, match=r"d\.parquet: no rows in split 'test', on which quality is measured"):
        answers.draw_rows(file, 10, 0)
