"""Batches that exceed a GPU's memory: halved where nothing depends on them, refused where something does."""

from pathlib import Path
from typing import Any

import pytest
import torch
from fine_tuning import fit_rows
from tiny import PREFIXES, tiny_model

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.batches import in_batches
from memorization.models.engine import Prompt
from memorization.models.engines import transformers


def small_card(rows: int, seen: list[int]) -> Any:
    """Work for which more rows than these are too many."""

    def work(batch: list[int]) -> list[int]:
        seen.append(len(batch))
        if len(batch) > rows:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [index * 10 for index in batch]

    return work


def test_a_batch_is_halved_until_it_fits_and_later_ones_are_no_larger() -> None:
    seen: list[int] = []
    batches = [list(range(10)), list(range(10, 17)), [17]]

    made = list(in_batches(batches, small_card(3, seen), may_halve=True))

    assert [index for indices, _ in made for index in indices] == list(range(18))
    assert all(result == [index * 10 for index in indices] for indices, result in made)
    assert seen == [10, 5, 3, 2, 3, 2, 3, 3, 1, 1]


def test_what_depends_on_its_batch_is_not_halved() -> None:
    with pytest.raises(UserError, match="does not suffice for a batch of 10: lower its size"):
        list(in_batches([list(range(10))], small_card(3, []), may_halve=False))


def test_one_text_that_is_too_much_is_a_user_error() -> None:
    with pytest.raises(UserError, match="does not suffice for a batch of 1: choose a smaller model"):
        list(in_batches([[0, 1]], small_card(0, []), may_halve=True))


@pytest.mark.parametrize("strategy", ["greedy", "sample"])
@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_texts_of_halved_batches_are_the_same(
    architecture: str, strategy: str, tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(architecture, tokenizer)
    prompts = [Prompt(number, tokenizer(text)["input_ids"]) for number, text in enumerate(PREFIXES)]
    decoding = Decoding.model_validate({"strategy": strategy, "max_new_tokens": 6})
    model.generation_config.update(max_new_tokens=6, do_sample=False, pad_token_id=0)
    expected = transformers.generate(model, prompts, decoding, 8, lambda _: None)
    write = model.generate

    def generate(input_ids: Any, **options: Any) -> Any:
        if len(input_ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return write(input_ids=input_ids, **options)

    monkeypatch.setattr(model, "generate", generate)
    texts = transformers.generate(model, prompts, decoding, 8, lambda _: None)

    ends = [[*text, 1][: [*text, 1].index(1)] for text in texts]
    assert ends == [[*text, 1][: [*text, 1].index(1)] for text in expected]
    with pytest.raises(UserError, match="does not suffice"):
        transformers.generate(model, prompts, decoding.model_copy(update={"precision": "bf16"}), 8, lambda _: None)


def test_a_training_that_is_too_large_names_what_helps(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    model = tiny_model("t5", tokenizer)

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    model.encoder.register_forward_hook(full)
    with pytest.raises(UserError, match=r"test: the GPU's memory .* `gradient_checkpointing: true` .*accumulation"):
        fit_rows(model, tokenizer, tmp_path)
