"""Fitting: the same numbers every time, the schedule, early stopping."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fine_tuning import FIT_RECIPE, data_of, fit_rows, recipe_of, row, same, weights
from safetensors.numpy import load_file
from tiny import ARCHITECTURES, TEXTS, tiny_model

from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models.examples import Example
from memorization.models.fitting import (
    NO_CACHE,
    EpochReport,
    Trainer,
    TrainingData,
    batches_of_epoch,
    best_epoch,
    checkpoint_gradients,
    compile_layers,
    is_over,
    learning_rate_factor,
    save_checkpoint,
)
from memorization.models.resumption import Unfinished

NO_DROPOUT = {"embed_dropout": 0.0, "attention_dropout": 0.0, "resid_dropout": 0.0}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_twice_gives_the_same_bits_and_a_smaller_loss(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    models = [tiny_model(architecture, tokenizer, spread=0.0) for _ in range(2)]

    reports = [fit_rows(model, tokenizer, tmp_path / str(number)) for number, model in enumerate(models)]

    assert reports[0] == reports[1]
    assert same(weights(models[0]), weights(models[1]))
    assert reports[0][-1].loss < reports[0][0].loss
    assert [report.epoch for report in reports[0]] == [1, 2, 3, 4]
    assert [report.step for report in reports[0]] == [3, 6, 9, 12]


@pytest.mark.parametrize("architecture", ["t5", "gpt_neo"])
def test_a_step_in_parts_is_the_step_of_all_its_examples(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """Without dropout, but for the order in which numbers are added up."""
    trained = []
    for parts in (1, 2, 4):
        model = tiny_model(architecture, tokenizer, **({"dropout_rate": 0.0} if architecture == "t5" else NO_DROPOUT))
        recipe = FIT_RECIPE.model_copy(update={"accumulation_steps": parts, "epochs": 1, "learning_rate": 0.001})
        reports = fit_rows(model, tokenizer, tmp_path / str(parts), recipe)
        trained.append((weights(model), reports[0].loss))

    for each, loss in trained[1:]:
        assert loss == pytest.approx(trained[0][1], rel=1e-4)
        for name, value in each.items():
            np.testing.assert_allclose(value, trained[0][0][name], atol=1e-5)


def test_another_seed_gives_other_weights(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    models = [tiny_model("gpt2", tokenizer) for _ in range(2)]

    for seed, model in enumerate(models):
        fit_rows(model, tokenizer, tmp_path / str(seed), FIT_RECIPE.training(seed))

    assert not same(weights(models[0]), weights(models[1]))


def test_a_loss_that_is_no_number_ends_training_with_advice(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    recipe = FIT_RECIPE.model_copy(update={"learning_rate": 1e30, "warmup_steps": 0})

    with pytest.raises(UserError, match=r"test: the loss is (nan|inf) in epoch \d, step \d: lower `learning_rate`"):
        fit_rows(tiny_model("gpt2", tokenizer), tokenizer, tmp_path, recipe)


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

    assert [learning_rate_factor(step, 6, recipe) for step in range(6)] == pytest.approx(factors)


def test_reported_learning_rate_is_that_of_the_last_step(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    reports = fit_rows(tiny_model("t5", tokenizer), tokenizer, tmp_path)

    expected = [0.01 * learning_rate_factor(step, 12, FIT_RECIPE) for step in (2, 5, 8, 11)]
    assert [report.learning_rate for report in reports] == pytest.approx(expected)


@pytest.mark.parametrize("architecture", ["t5", "llama"])
def test_bf16_trains_fp32_weights(architecture: str, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    models = [tiny_model(architecture, tokenizer, spread=0.0) for _ in range(2)]

    full = fit_rows(models[0], tokenizer, tmp_path / "fp32")
    half = fit_rows(models[1], tokenizer, tmp_path / "bf16", FIT_RECIPE.model_copy(update={"precision": "bf16"}))

    assert {str(parameter.dtype) for parameter in models[1].parameters()} == {"torch.float32"}
    assert half[-1].loss == pytest.approx(full[-1].loss, rel=0.05)
    assert half != full


@pytest.mark.parametrize(
    ("losses", "best", "over"),
    [
        ([3.0], 1, False),
        ([3.0, 3.0], 1, False),
        ([3.0, 3.0, 3.0], 1, True),
        ([3.0, 4.0, 2.0], 3, False),
        ([3.0, 2.0, 2.5, 2.0], 2, True),
        ([3.0, 2.0, 2.5, 1.9], 4, False),
    ],
)
def test_patience_counts_epochs_since_the_first_lowest_loss(losses: list[float], best: int, over: bool) -> None:
    reports = [EpochReport(number, number, 1.0, 0.1, loss) for number, loss in enumerate(losses, 1)]

    assert best_epoch(reports) == best
    assert is_over(reports, recipe_of("early_stopping")) is over


# One to forty tokens to read, and as many to write: what is padded differs from part to part.
UNEVEN = [
    row(" ".join(text.split() * 2)[: 4 + 9 * place], target=" ".join(text.split())[: 3 + 5 * place])
    for place, text in enumerate(TEXTS[:12])
]


@pytest.mark.parametrize("loss", [None, "target"])
@pytest.mark.parametrize("architecture", ["t5", "gpt_neo"])
def test_texts_of_different_lengths_count_by_their_tokens_in_any_part(
    architecture: str, loss: str | None, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """Accumulation of 4 gives the weights of one batch, which is four times as large."""
    trained = []
    for parts in (1, 4):
        model = tiny_model(architecture, tokenizer, **({"dropout_rate": 0.0} if architecture == "t5" else NO_DROPOUT))
        changed = {"batch_size": 12, "accumulation_steps": parts, "epochs": 2, "learning_rate": 0.001, "loss": loss}
        recipe = FIT_RECIPE.model_copy(update={**changed, "max_input_tokens": 40, "max_target_tokens": 20})
        data = data_of(model, tokenizer, UNEVEN, recipe)
        reports = Trainer(model, data, recipe, Unfinished(tmp_path / str(parts), "one"), "test").train({})
        trained.append((weights(model), [report.loss for report in reports]))
    lengths = {len(example.labels) for example in data.examples}
    assert max(lengths) > 2 * min(lengths)

    assert trained[1][1] == pytest.approx(trained[0][1], rel=1e-5)
    for name, value in trained[1][0].items():
        np.testing.assert_allclose(value, trained[0][0][name], atol=1e-5)


def test_a_part_without_learned_tokens_changes_nothing(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    """A decoder-only model learns nothing of one token, whose mean loss is no number."""
    rows = [*UNEVEN[:3], row("", instruction="", target="")]
    losses = []
    for number, chosen in enumerate((rows, rows[:3])):
        model = tiny_model("gpt2", tokenizer, attn_pdrop=0.0, embd_pdrop=0.0, resid_pdrop=0.0)
        recipe = FIT_RECIPE.model_copy(update={"batch_size": 4, "accumulation_steps": 4, "epochs": 1})
        data = data_of(model, tokenizer, chosen, recipe)
        data = TrainingData([_one_token(each) for each in data.examples], data.batch_of)
        losses.append(Trainer(model, data, recipe, Unfinished(tmp_path / str(number), "one"), "test").train({})[0].loss)

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def _one_token(example: Example) -> Example:
    """The example; of an empty row its last token alone."""
    return example if len(example.inputs) > 3 else Example(example.inputs[-1:], example.labels[-1:])


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "fsmt"])
def test_layers_computed_again_give_the_same_bits(
    architecture: str, precision: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    recipe = FIT_RECIPE.model_copy(update={"precision": precision, "epochs": 2})
    models = [tiny_model(architecture, tokenizer) for _ in range(2)]
    checkpoint_gradients(models[1])

    reports = [fit_rows(model, tokenizer, tmp_path / str(number), recipe) for number, model in enumerate(models)]

    assert reports[0] == reports[1]
    assert same(weights(models[0]), weights(models[1]))
    for number, model in enumerate(models):
        save_checkpoint(model, tokenizer, tmp_path / f"saved-{number}")
    assert (tmp_path / "saved-0/config.json").read_text() == (tmp_path / "saved-1/config.json").read_text()


def test_layers_are_computed_again(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    model = tiny_model("t5", tokenizer)
    calls = []
    model.encoder.block[0].layer[0].SelfAttention.q.register_forward_hook(lambda *_: calls.append(1))

    fit_rows(model, tokenizer, tmp_path / "plain")
    plain = len(calls)
    checkpoint_gradients(model)
    fit_rows(model, tokenizer, tmp_path / "again")

    assert len(calls) == 3 * plain


def test_an_architecture_that_cannot_compute_again_is_a_user_error(tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"gradient_checkpointing: a fsmt model cannot .* `accumulation_steps`"):
        checkpoint_gradients(tiny_model("fsmt", tokenizer))


@pytest.mark.parametrize("architecture", ["t5", "llama"])
def test_weights_of_bf16_are_trained_as_such(architecture: str, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    recipe = FIT_RECIPE.model_copy(update={"precision": "bf16", "weights": "bf16"})
    half, full = (tiny_model(architecture, tokenizer, spread=0.0) for _ in range(2))

    reports = fit_rows(half.bfloat16(), tokenizer, tmp_path / "bf16", recipe)
    expected = fit_rows(full, tokenizer, tmp_path / "fp32")

    assert {str(parameter.dtype) for parameter in half.parameters()} == {"torch.bfloat16"}
    assert reports[-1].loss == pytest.approx(expected[-1].loss, rel=0.1)
    assert reports[-1].loss < reports[0].loss


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_adafactor_learns_with_less_state(architecture: str, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    recipe = FIT_RECIPE.model_copy(update={"optimizer": "adafactor", "learning_rate": 0.1})
    model = tiny_model(architecture, tokenizer, spread=0.0)

    reports = fit_rows(model, tokenizer, tmp_path, recipe)

    assert reports[-1].loss < reports[0].loss
    state = load_file(tmp_path / "step-12/optimizer.safetensors")
    assert sum(each.size for each in state.values()) < 0.3 * sum(each.numel() for each in model.parameters())


# In no order: one to sixty tokens to read, and as many to write.
SCATTERED = [
    Example(np.zeros(1 + 37 * number % 60, np.int32), np.zeros(1 + 11 * number % 60, np.int32)) for number in range(290)
]


def batches(seed: int = 0, **changed: Any) -> list[list[int]]:
    recipe = Recipe.model_validate({"epochs": 1, "batch_size": 4, **changed})
    return [each.tolist() for each in batches_of_epoch(SCATTERED, recipe, np.random.default_rng(seed))]


def padded_tokens(chosen: list[list[int]]) -> int:
    """Tokens that batches are padded to, of both kinds together."""
    return sum(
        len(batch) * max(len(rows) for rows in kind)
        for batch in chosen
        for kind in (
            [SCATTERED[index].inputs for index in batch],
            [SCATTERED[index].labels for index in batch],
        )
    )


def test_without_grouping_batches_are_parts_of_one_random_order() -> None:
    order = np.random.default_rng(3).permutation(290).tolist()

    assert batches(3) == [order[start : start + 4] for start in range(0, 290, 4)]


def test_grouped_batches_contain_every_example_once_and_less_padding() -> None:
    grouped = batches(group_by_length=True)

    assert sorted(index for batch in grouped for index in batch) == list(range(290))
    assert sorted(map(len, grouped)) == [2] + 72 * [4]
    assert padded_tokens(grouped) < 0.9 * padded_tokens(batches())
    assert grouped == batches(group_by_length=True)
    assert grouped != batches(1, group_by_length=True)


def test_grouped_batches_are_in_no_order_of_length() -> None:
    """A training that reads short texts first, or last, is another one."""
    lengths = [
        len(SCATTERED[batch[0]].inputs) + len(SCATTERED[batch[0]].labels) for batch in batches(group_by_length=True)
    ]

    assert abs(np.corrcoef(lengths, np.arange(len(lengths)))[0, 1]) < 0.3
    assert lengths != sorted(lengths)


def test_a_group_has_fifty_batches() -> None:
    """The longest texts of a group share a batch: with 73 batches in two groups, two batches of long texts."""
    totals = np.array([len(example.inputs) + len(example.labels) for example in SCATTERED])
    order = np.random.default_rng(0).permutation(290)
    first = sorted(totals[order[:200]])[-4:]

    assert any(sorted(totals[batch]) == first for batch in batches(group_by_length=True))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_cache_that_writing_needs_changes_no_number(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    trained = []
    for arguments in ({}, NO_CACHE):
        model = tiny_model(architecture, tokenizer)
        data = data_of(model, tokenizer, UNEVEN, FIT_RECIPE)
        data = TrainingData(data.examples, data.batch_of, arguments=arguments)
        Trainer(model, data, FIT_RECIPE, Unfinished(tmp_path / str(len(trained)), "one"), "test").train({})
        trained.append(weights(model))

    assert same(*trained)


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_compiled_layers_compute_what_layers_compute(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """With a compiler that changes no operation, the same bits; and one program for layers of one kind."""
    compiled = []

    def compiler(graph: Any, inputs: Any) -> Any:
        compiled.append(graph)
        return graph.forward

    models = [
        tiny_model(architecture, tokenizer, **{"num_layers" if architecture == "t5" else "n_layer": 4})
        for _ in range(2)
    ]
    compile_layers(models[1], compiler)
    if architecture == "t5":
        # The compiled one has plain attention.
        for stack in (models[0].encoder, models[0].decoder):
            assert stack.config._attn_implementation == "sdpa"
            stack.set_attn_implementation("eager")
    recipe = FIT_RECIPE.model_copy(update={"epochs": 2, "batch_size": 5})
    data = data_of(models[0], tokenizer, [row(TEXTS[0])] * 10, recipe)

    reports = [
        Trainer(model, data, recipe, Unfinished(tmp_path / str(number), "one"), "test").train({})
        for number, model in enumerate(models)
    ]

    assert reports[0] == reports[1]
    assert same(weights(models[0]), weights(models[1]))
    # First and other layers of encoder and decoder, at most.
    assert 1 <= len(compiled) <= 4
    for number, model in enumerate(models):
        save_checkpoint(model, tokenizer, tmp_path / f"saved-{number}")
    assert (tmp_path / "saved-0/config.json").read_text() == (tmp_path / "saved-1/config.json").read_text()


def test_layers_that_cannot_be_compiled_are_a_user_error(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    def compiler(graph: Any, inputs: Any) -> Any:
        raise RuntimeError("Failed to find C compiler")

    model = tiny_model("gpt2", tokenizer)
    compile_layers(model, compiler)

    with pytest.raises(UserError, match=r"test: the model's layers cannot be compiled .*C compiler.* `torch_compile`"):
        fit_rows(model, tokenizer, tmp_path, FIT_RECIPE.model_copy(update={"torch_compile": True}))


def test_torch_compile_changes_nothing_on_a_cpu(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    models = [tiny_model("t5", tokenizer) for _ in range(2)]
    for compiled, model in enumerate(models):
        recipe = FIT_RECIPE.model_copy(update={"torch_compile": bool(compiled)})
        fit_rows(model, tokenizer, tmp_path / str(compiled), recipe)

    assert same(weights(models[0]), weights(models[1]))
