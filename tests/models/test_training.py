"""Training: the same numbers every time, whole or in pieces, for every architecture."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tiny import ARCHITECTURES, TEXTS, tiny_model

from memorization import storage
from memorization.config import Recipe
from memorization.errors import UserError
from memorization.models import training
from memorization.models.training import EpochReport, Example

ROWS = [{"instruction": "Shorten.", "input": text, "target": " ".join(text.split()[:3])} for text in TEXTS[:10]]
RECIPE = Recipe(epochs=4, batch_size=4, learning_rate=0.01, max_input_tokens=24, max_target_tokens=16, warmup_steps=2)


class KilledError(Exception):
    """Stands for a process that ends at once."""


def weights(model: Any) -> dict[str, np.ndarray]:
    return {name: value.detach().float().numpy().copy() for name, value in model.named_parameters()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    """Equal bit by bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def train(
    model: Any,
    tokenizer: Any,
    device: Any,
    work: Path,
    recipe: Recipe = RECIPE,
    identity: str = "one",
    killed_in: int | None = None,
) -> list[EpochReport]:
    """Train on `ROWS`; `killed_in` ends it at the end of that epoch, before its state is kept."""

    def die(folder: Path) -> None:
        raise KilledError

    examples = training.encode_examples(ROWS, tokenizer, recipe, model.config.is_encoder_decoder)
    keep = {killed_in: die} if killed_in else {}
    return training.fit(model, examples, recipe, tokenizer.pad_token_id, device, work, identity, keep, "test")


def fine_tune(model: Any, tokenizer: Any, device: Any, folder: Path, recipe: Recipe) -> Path:
    """Fine-tune on a dataset of `ROWS` and one test row; return the output."""
    dataset = folder / "rows.parquet"
    rows = [{"id": str(number), "split": "train", **row} for number, row in enumerate(ROWS)]
    rows.append({"id": "never", "split": "test", **ROWS[0]})
    storage.write_table(dataset, "dataset", pa.Table.from_pylist(rows, schema=storage.SCHEMAS["dataset"]), {})
    output = folder / "out"
    training.fine_tune(model, tokenizer, [dataset], recipe, device, folder / "work", "base", "source", {}, output)
    return output


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_twice_gives_the_same_bits_and_a_smaller_loss(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    models = [tiny_model(architecture, tokenizer, spread=0.0) for _ in range(2)]

    reports = [train(model, tokenizer, device, tmp_path / str(number)) for number, model in enumerate(models)]

    assert reports[0] == reports[1]
    assert same(weights(models[0]), weights(models[1]))
    assert reports[0][-1].loss < reports[0][0].loss
    assert [report.epoch for report in reports[0]] == [1, 2, 3, 4]
    assert [report.step for report in reports[0]] == [3, 6, 9, 12]


def test_another_seed_gives_other_weights(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    models = [tiny_model("gpt2", tokenizer) for _ in range(2)]

    for seed, model in enumerate(models):
        train(model, tokenizer, device, tmp_path / str(seed), RECIPE.model_copy(update={"seed": seed}))

    assert not same(weights(models[0]), weights(models[1]))


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
@pytest.mark.parametrize("killed_in", [2, 4])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_by_bit(
    architecture: str, killed_in: int, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    uninterrupted = tiny_model(architecture, tokenizer)
    expected = train(uninterrupted, tokenizer, device, tmp_path / "whole")
    with pytest.raises(KilledError):
        train(tiny_model(architecture, tokenizer), tokenizer, device, tmp_path / "parts", killed_in=killed_in)
    # What it goes on with comes from the disk, not from the base model.
    resumed = tiny_model(architecture, tokenizer, seed=5)

    reports = train(resumed, tokenizer, device, tmp_path / "parts")

    assert reports == expected
    assert same(weights(resumed), weights(uninterrupted))


def test_a_resumed_training_says_where_it_goes_on(
    tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with pytest.raises(KilledError):
        train(tiny_model("t5", tokenizer), tokenizer, device, tmp_path, killed_in=3)
    assert "goes on" not in caplog.text

    train(tiny_model("t5", tokenizer), tokenizer, device, tmp_path)

    assert "test: goes on after epoch 2 of 4" in caplog.text


def test_what_another_training_left_is_not_taken_up(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    fresh = tiny_model("t5", tokenizer)
    expected = train(fresh, tokenizer, device, tmp_path / "fresh")
    with pytest.raises(KilledError):
        train(tiny_model("t5", tokenizer, seed=5), tokenizer, device, tmp_path / "work", identity="two", killed_in=3)
    restarted = tiny_model("t5", tokenizer)

    reports = train(restarted, tokenizer, device, tmp_path / "work", identity="one")

    assert reports == expected
    assert same(weights(restarted), weights(fresh))


def test_one_state_is_kept_while_training_goes_on(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    train(tiny_model("t5", tokenizer), tokenizer, device, tmp_path)

    assert [folder.name for folder in tmp_path.iterdir()] == ["epoch-4"]


def test_one_run_gives_all_kept_epochs_and_keeping_changes_none(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    outputs = {}
    for keep in ([1, 4], [1], None):
        folder = tmp_path / str(keep)
        folder.mkdir()
        recipe = RECIPE.model_copy(update={"keep": keep})
        outputs[str(keep)] = fine_tune(tiny_model("t5", tokenizer), tokenizer, device, folder, recipe)

    kept = {
        (keep, file.parent.name): file.read_bytes()
        for keep, output in outputs.items()
        for file in output.glob("epoch-*/model.safetensors")
    }
    assert set(kept) == {("[1, 4]", "epoch-1"), ("[1, 4]", "epoch-4"), ("[1]", "epoch-1"), ("None", "epoch-4")}
    assert kept["[1, 4]", "epoch-1"] == kept["[1]", "epoch-1"]
    assert kept["[1, 4]", "epoch-4"] == kept["None", "epoch-4"]
    assert kept["[1, 4]", "epoch-1"] != kept["[1, 4]", "epoch-4"]


def test_checkpoints_are_the_trained_weights_in_safetensors_alone(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = tiny_model("gpt2", tokenizer)

    output = fine_tune(model, tokenizer, device, tmp_path, RECIPE)

    files = {str(file.relative_to(output)) for file in output.rglob("*") if file.is_file()}
    assert {"training.parquet", "epoch-4/model.safetensors", "epoch-4/config.json", "epoch-4/tokenizer.json"} <= files
    assert {Path(file).suffix for file in files} == {".parquet", ".safetensors", ".json"}
    assert same(weights(AutoModelForCausalLM.from_pretrained(output / "epoch-4")), weights(model))
    assert AutoTokenizer.from_pretrained(output / "epoch-4").get_vocab() == tokenizer.get_vocab()
    assert len(storage.read(output / "training.parquet", "training")) == 4
    assert not (tmp_path / "work").exists()


def test_rows_of_the_test_split_are_never_trained_on(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    model = tiny_model("t5", tokenizer)
    train(model, tokenizer, device, tmp_path / "rows")

    other = tiny_model("t5", tokenizer)
    fine_tune(other, tokenizer, device, tmp_path, RECIPE)

    assert same(weights(other), weights(model))


def test_encoder_decoder_reads_instruction_and_input_and_writes_the_target(tokenizer: Any) -> None:
    (example,) = training.encode_examples(ROWS[:1], tokenizer, Recipe(epochs=1), encoder_decoder=True)

    assert tokenizer.decode(example.inputs) == f"Shorten. {ROWS[0]['input']}</s>"
    assert tokenizer.decode(example.labels) == f"{ROWS[0]['target']}</s>"


@pytest.mark.parametrize("loss", ["input_and_target", "target"])
def test_decoder_only_loss_runs_over_what_the_recipe_says(loss: str, tokenizer: Any) -> None:
    recipe = Recipe.model_validate({"epochs": 1, "loss": loss})

    (example,) = training.encode_examples(ROWS[:1], tokenizer, recipe, encoder_decoder=False)

    learned = example.labels[example.labels != training.IGNORED]
    said = tokenizer.decode(learned, skip_special_tokens=True)
    whole = f"Shorten. {ROWS[0]['input']}\n{ROWS[0]['target']}"
    assert tokenizer.decode(example.inputs, skip_special_tokens=True) == whole
    assert said == (whole if loss == "input_and_target" else f"\n{ROWS[0]['target']}")
    assert example.inputs[-1] == example.labels[-1] == tokenizer.eos_token_id


def test_decoder_only_sequence_has_one_end(tokenizer: Any) -> None:
    """An end token between input and target would teach the model to stop where the target begins."""
    (example,) = training.encode_examples(ROWS[:1], tokenizer, Recipe(epochs=1), encoder_decoder=False)

    assert list(example.inputs).count(tokenizer.eos_token_id) == 1


def test_long_texts_are_cut_and_counted(tokenizer: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    examples = training.encode_examples(ROWS, tokenizer, RECIPE, encoder_decoder=True)

    assert max(len(example.inputs) for example in examples) == RECIPE.max_input_tokens
    assert f"10 of 10 texts cut to {RECIPE.max_input_tokens} tokens" in caplog.text


def test_a_loss_that_is_no_number_ends_training_with_advice(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"learning_rate": 1e30, "warmup_steps": 0})

    with pytest.raises(UserError, match=r"test: the loss is (nan|inf) in epoch \d, step \d: lower `learning_rate`"):
        train(tiny_model("gpt2", tokenizer), tokenizer, device, tmp_path, recipe)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1.0, 1.0, 0.8535533905932737, 0.5, 0.14644660940672627]),
    ],
)
def test_learning_rate_warms_up_and_follows_its_schedule(schedule: str, factors: list[float]) -> None:
    recipe = Recipe.model_validate({"epochs": 1, "schedule": schedule, "warmup_steps": 2})

    assert [training.learning_rate_factor(step, 6, recipe) for step in range(6)] == pytest.approx(factors)


def test_reported_learning_rate_is_that_of_the_last_step(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    reports = train(tiny_model("t5", tokenizer), tokenizer, device, tmp_path)

    expected = [0.01 * training.learning_rate_factor(step, 12, RECIPE) for step in (2, 5, 8, 11)]
    assert [report.learning_rate for report in reports] == pytest.approx(expected)


@pytest.mark.parametrize("architecture", ["t5", "llama"])
def test_bf16_trains_fp32_weights(architecture: str, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    models = [tiny_model(architecture, tokenizer, spread=0.0) for _ in range(2)]

    full = train(models[0], tokenizer, device, tmp_path / "fp32")
    half = train(models[1], tokenizer, device, tmp_path / "bf16", RECIPE.model_copy(update={"precision": "bf16"}))

    assert {str(parameter.dtype) for parameter in models[1].parameters()} == {"torch.float32"}
    assert half[-1].loss == pytest.approx(full[-1].loss, rel=0.05)
    assert half != full


def test_padding_is_masked_and_has_no_loss() -> None:
    short, long = np.array([5, 6], dtype=np.int32), np.array([7, 8, 9], dtype=np.int32)

    batch = training.collate([Example(short, long), Example(long, short)], pad=0, encoder_decoder=True)

    assert batch["input_ids"].tolist() == [[5, 6, 0], [7, 8, 9]]
    assert batch["attention_mask"].tolist() == [[1, 1, 0], [1, 1, 1]]
    assert batch["labels"].tolist() == [[7, 8, 9], [5, 6, training.IGNORED]]
