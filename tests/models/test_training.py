"""Fine-tuning: checkpoints of the kept epochs, of the rows of the train split, as plain models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fine_tuning import (
    BOTH_KINDS,
    FIT_RECIPE,
    FIT_ROWS,
    ROWS,
    TRAINS,
    dataset,
    fine_tune,
    fit_rows,
    loaded,
    logits,
    recipe_of,
    report,
    row,
    same,
    small,
    weights,
)
from tiny import TEXTS, tiny_model

from memorization import storage
from memorization.errors import UserError
from memorization.models.examples import encode_examples
from memorization.schemas.training import TrainingTable


def test_one_run_gives_all_kept_epochs_and_keeping_changes_none(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    outputs = {}
    for keep in ([1, 4], [1], None):
        folder = tmp_path / str(keep)
        recipe = FIT_RECIPE.model_copy(update={"keep": keep})
        outputs[str(keep)] = fine_tune(tiny_model("t5", tokenizer), tokenizer, folder, recipe)

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

    output = fine_tune(model, tokenizer, tmp_path, FIT_RECIPE)

    files = {str(file.relative_to(output)) for file in output.rglob("*") if file.is_file()}
    assert {"training.parquet", "epoch-4/model.safetensors", "epoch-4/config.json", "epoch-4/tokenizer.json"} <= files
    assert {Path(file).suffix or Path(file).name for file in files} == {
        *(".parquet", ".safetensors", ".json"),
        "SHA256SUMS",
    }
    assert same(weights(AutoModelForCausalLM.from_pretrained(output / "epoch-4")), weights(model))
    assert AutoTokenizer.from_pretrained(output / "epoch-4").get_vocab() == tokenizer.get_vocab()
    assert len(storage.read(output / "training.parquet", TrainingTable)) == 4
    assert not (tmp_path / "work").exists()


def test_rows_of_the_test_split_are_never_trained_on(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    model = tiny_model("t5", tokenizer)
    fit_rows(model, tokenizer, tmp_path / "rows")

    other = tiny_model("t5", tokenizer)
    file = dataset(tmp_path / "rows.parquet", [*FIT_ROWS, row(TEXTS[12], "test")])
    fine_tune(other, tokenizer, tmp_path, FIT_RECIPE, [file])

    assert same(weights(other), weights(model))


@pytest.mark.parametrize("architecture", [*BOTH_KINDS, "bart", "gpt2", "llama"])
@pytest.mark.parametrize("trains", TRAINS)
def test_a_checkpoint_loads_as_a_plain_model_with_the_trained_models_outputs(
    architecture: str, trains: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.3)
    before = logits(model)

    output = fine_tune(model, tokenizer, tmp_path, recipe_of(trains))

    # For LoRA, the adapters have been put into this very model, and are not merged in it.
    scores, tuned = logits(model), logits(loaded(output / "epoch-4"))
    assert np.abs(scores - before).max() > 0.01
    np.testing.assert_allclose(tuned, scores, atol=2e-5 if trains == "lora" else 0)
    files = {file.name for file in (output / "epoch-4").iterdir()}
    assert "model.safetensors" in files
    assert not any("adapter" in file for file in files)


def test_training_stops_after_epochs_without_improvement_and_keeps_the_best(
    tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plain, early = tmp_path / "plain", tmp_path / "early"
    recipe = recipe_of("early_stopping")

    output = fine_tune(small("t5", tokenizer), tokenizer, early, recipe)

    reports = report(output)
    losses = [each["validation_loss"] for each in reports]
    best = int(np.argmin(losses)) + 1
    assert best > 1
    assert len(reports) == best + 2 < recipe.epochs
    assert [each["epoch"] for each in reports if each["kept"]] == [best]
    assert [folder.name for folder in output.iterdir() if folder.is_dir()] == ["epoch-12"]
    assert f"ends after epoch {best + 2}: epoch {best} was the best" in caplog.text
    # The same training to its end has that very epoch.
    full = recipe.model_copy(update={"early_stopping": None, "keep": [best]})
    same = fine_tune(small("t5", tokenizer), tokenizer, plain, full)
    file = "model.safetensors"
    assert (output / "epoch-12" / file).read_bytes() == (same / f"epoch-{best}" / file).read_bytes()
    assert [each["loss"] for each in report(same)][: best + 2] == [each["loss"] for each in reports]
    assert {each["validation_loss"] for each in report(same)} == {None}
    assert [each["epoch"] for each in report(same) if each["kept"]] == [best]


@pytest.mark.parametrize("architecture", BOTH_KINDS)
def test_the_validation_loss_is_the_mean_over_tokens_of_the_validation_split(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    recipe = recipe_of("early_stopping", epochs=2, goldfish={"every": 2, "context": 1})

    output = fine_tune(small(architecture, tokenizer), tokenizer, tmp_path, recipe)

    model = loaded(output / "epoch-2")
    rows = [each for each in ROWS if each["split"] == "validation"]
    total, count = 0.0, 0
    for example in encode_examples(rows, tokenizer, recipe, model.config.is_encoder_decoder):
        tokens, labels = (torch.from_numpy(each.astype(np.int64))[None] for each in (example.inputs, example.labels))
        with torch.no_grad():
            # Nothing predicts a decoder-only model's first token.
            learned = len(example.labels) - (not model.config.is_encoder_decoder)
            total += learned * float(model(input_ids=tokens, labels=labels).loss)
        count += learned
    assert min(each["validation_loss"] for each in report(output)) == pytest.approx(total / count, rel=1e-5)


def test_training_that_goes_on_improving_keeps_its_last_epoch(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    learned = [row(text) for text in TEXTS[:8]]
    file = dataset(tmp_path / "rows.parquet", [*learned, *({**each, "split": "validation"} for each in learned)])
    recipe = recipe_of("early_stopping", epochs=3, learning_rate=0.003)

    output = fine_tune(small("gpt_neo", tokenizer), tokenizer, tmp_path, recipe, [file])

    assert [each["kept"] for each in report(output)] == [False, False, True]


def test_early_stopping_without_a_validation_split_says_which_key_gives_one(
    tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    files = [dataset(tmp_path / "with.parquet"), dataset(tmp_path / "without.parquet", ROWS[:3])]

    with pytest.raises(UserError, match=r"set `datasets\.without\.validation`"):
        fine_tune(small("t5", tokenizer), tokenizer, tmp_path, recipe_of("early_stopping"), files)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_examples_beyond_the_models_positions_are_refused(architecture: str, tokenizer: Any, tmp_path: Path) -> None:
    model = small(architecture, tokenizer, max_position_embeddings=16)
    with pytest.raises(UserError, match=r"the model has 16 positions, and an example has \d+ tokens: lower `max_input"):
        fine_tune(model, tokenizer, tmp_path / "long", recipe_of("all"))
    fine_tune(model, tokenizer, tmp_path / "short", recipe_of("all", max_input_tokens=8, max_target_tokens=7))


def test_several_datasets_are_trained_on_together(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    """Like one dataset with the rows of both, each with its own instruction, or with what those of one share."""
    first = [row(text) for text in TEXTS[:5]]
    second = [row(text, instruction="Repeat.", target=text) for text in TEXTS[5:9]]
    shared = [{**each, "instruction": None} for each in second]
    outputs = []
    for name, parts in {"apart": [first, second], "together": [first + second], "shared": [first, shared]}.items():
        folder = tmp_path / name
        files = [dataset(folder / f"{number}.parquet", part) for number, part in enumerate(parts)]
        instructions = {"1": "Repeat."} if name == "shared" else None
        outputs.append(fine_tune(small("gpt_neo", tokenizer), tokenizer, folder, recipe_of("all"), files, instructions))

    assert len({(output / "epoch-4/model.safetensors").read_bytes() for output in outputs}) == 1
    assert storage.manifest_of(outputs[0] / "training.parquet")["examples"] == 9
