"""Resumption: a killed training continues with the same numbers, and only from its own state."""

import itertools
import json
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import fine_tuning
import pytest
import safetensors.torch
from safetensors.numpy import load_file
from tiny import TEXTS, tiny_model

from memorization import jobs
from memorization.models import fitting, resumption, training
from memorization.models.fitting import Trainer
from memorization.models.resumption import Unfinished


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
@pytest.mark.parametrize("killed_in", [2, 4])
def test_a_resumed_training_equals_an_uninterrupted_one_bit_by_bit(
    architecture: str, killed_in: int, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    uninterrupted = tiny_model(architecture, tokenizer)
    expected = fine_tuning.fit_rows(uninterrupted, tokenizer, tmp_path / "whole")
    with pytest.raises(fine_tuning.KilledError):
        fine_tuning.fit_rows(tiny_model(architecture, tokenizer), tokenizer, tmp_path / "parts", killed_in=killed_in)
    # What it continues with comes from the disk, not from the base model.
    resumed = tiny_model(architecture, tokenizer, seed=5)

    reports = fine_tuning.fit_rows(resumed, tokenizer, tmp_path / "parts")

    assert reports == expected
    assert fine_tuning.same(fine_tuning.weights(resumed), fine_tuning.weights(uninterrupted))


# What a training does one after another, as far as it changes files or weights.
EVENTS = ((Trainer, "step"), (safetensors.torch, "save_file"), (Path, "replace"), (shutil, "rmtree"))


def killed_at(event: int, architecture: str, tokenizer: Any, folder: Path) -> int:
    """Train in a process of its own, which is killed at the beginning of an event; return its exit code."""
    events = itertools.count(1)

    def train() -> None:
        for owner, name in EVENTS:
            setattr(owner, name, until_killed(getattr(owner, name)))
        model = fine_tuning.small(architecture, tokenizer)
        fine_tuning.fine_tune(model, tokenizer, folder, RECIPE, clock=fine_tuning.hurried())

    def until_killed(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            if next(events) == event:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **named)

        return call

    process = multiprocessing.get_context("fork").Process(target=train)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


RECIPE = fine_tuning.recipe_of("all", epochs=2, keep=[1, 2], accumulation_steps=2)


@pytest.mark.parametrize(
    ("architecture", "events", "resumes"),
    [
        ("t5", (1,), None),
        ("t5", (4,), None),
        ("t5", (9,), "0 of 2 and step 1 of the next"),
        ("t5", (22,), "0 of 2 and step 2 of the next"),
        ("t5", (23, 12), "1 of 2 and step 1 of the next"),
        ("t5", (40,), "1 of 2 and step 2 of the next"),
        ("gpt_neo", (16,), "0 of 2 and step 2 of the next"),
    ],
)
def test_a_training_killed_at_any_moment_goes_on_to_the_same_files(
    architecture: str,
    events: tuple[int, ...],
    resumes: str | None,
    tokenizer: Any,
    device: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Within epochs too: a state is saved after every step; and again and again."""
    caplog.set_level("INFO")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = fine_tuning.fine_tune(fine_tuning.small(architecture, tokenizer), tokenizer, whole, RECIPE)
    for event in events:
        assert killed_at(event, architecture, tokenizer, parts) == -signal.SIGKILL

    model = fine_tuning.small(architecture, tokenizer)
    output = fine_tuning.fine_tune(model, tokenizer, parts, RECIPE, clock=fine_tuning.hurried())

    assert (f"resumes after epoch {resumes}" in caplog.text) == ("resumes" in caplog.text) == (resumes is not None)
    files = [file.relative_to(expected) for file in expected.rglob("*") if file.is_file()]
    assert files
    assert all((output / file).read_bytes() == (expected / file).read_bytes() for file in files)


def test_a_state_is_saved_within_an_epoch_by_time_alone(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    """At a minute a step, after ten of them, and again ten after that."""
    now = 0.0
    saved: list[int] = []
    save = resumption.save_state

    class Slow(Trainer):
        def step(self, batches: Any) -> Any:
            nonlocal now
            now += 60
            return super().step(batches)

    def note(unfinished: Unfinished, model: Any, optimizer: Any, step: int, progress: Mapping[str, Any]) -> None:
        saved.append(step)
        save(unfinished, model, optimizer, step, progress)

    recipe = fine_tuning.FIT_RECIPE.model_copy(update={"epochs": 1, "batch_size": 1})
    model = tiny_model("gpt2", tokenizer)
    rows = [fine_tuning.row(text) for text in (*TEXTS, *TEXTS)][:25]
    data = fine_tuning.data_of(model, tokenizer, rows, recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumption, "save_state", note)
        Slow(model, data, recipe, Unfinished(tmp_path, "one", clock=lambda: now), "test").train({})

    assert saved == [10, 20, 25]


def test_saving_takes_a_small_part_of_the_time(tmp_path: Path) -> None:
    """Saving takes 5 seconds here, an epoch 60."""
    now = 0.0
    unfinished = Unfinished(tmp_path, "one", clock=lambda: now)
    saved = []
    for epoch in range(1, 8):
        now += 60.0
        if unfinished.is_due(epoch_is_over=True):
            saved.append(epoch)
            now += 5.0
            unfinished.has_saved(now - 5.0)

    assert saved == [1, 3, 5, 7]


def test_a_resumed_training_logs_where_it_resumes(
    tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with pytest.raises(fine_tuning.KilledError):
        fine_tuning.fit_rows(tiny_model("t5", tokenizer), tokenizer, tmp_path, killed_in=3)
    assert "resumes" not in caplog.text

    fine_tuning.fit_rows(tiny_model("t5", tokenizer), tokenizer, tmp_path)

    assert "test: resumes after epoch 2 of 4" in caplog.text


def test_what_another_training_left_is_not_resumed(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    fresh = tiny_model("t5", tokenizer)
    expected = fine_tuning.fit_rows(fresh, tokenizer, tmp_path / "fresh")
    with pytest.raises(fine_tuning.KilledError):
        fine_tuning.fit_rows(
            tiny_model("t5", tokenizer, seed=5), tokenizer, tmp_path / "work", identity="two", killed_in=3
        )
    restarted = tiny_model("t5", tokenizer)

    reports = fine_tuning.fit_rows(restarted, tokenizer, tmp_path / "work", identity="one")

    assert reports == expected
    assert fine_tuning.same(fine_tuning.weights(restarted), fine_tuning.weights(fresh))


def test_one_state_is_kept_during_training(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    fine_tuning.fit_rows(tiny_model("t5", tokenizer), tokenizer, tmp_path)

    assert [folder.name for folder in tmp_path.iterdir()] == ["step-12"]


def test_the_lock_of_the_job_outlives_a_state_of_another_identity(tmp_path: Path) -> None:
    (tmp_path / "step-1").mkdir()
    (tmp_path / "step-1" / resumption.STATE).write_text('{"identity": "other"}')
    lock = tmp_path / jobs.LOCK
    lock.touch()
    assert resumption.resume(Unfinished(tmp_path, "one"), None, None) == {}
    assert list(tmp_path.iterdir()) == [lock]


def test_a_training_killed_while_its_state_is_removed_begins_anew(
    tokenizer: Any, device: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state of its last epoch needs checkpoints that may be gone by then."""
    parts = tmp_path / "parts"
    expected = fine_tuning.fine_tune(fine_tuning.small("t5", tokenizer), tokenizer, tmp_path / "whole", RECIPE)
    remove_tree = shutil.rmtree

    def killed(place: Path, **options: Any) -> None:
        kept = [*place.glob("kept-1"), *([place] if place.name == "kept-1" else [])]
        remove_tree(*(kept or [place]), **options)
        if kept and list(parts.rglob("epoch-1")):
            raise fine_tuning.KilledError

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(fine_tuning.KilledError):
        fine_tuning.fine_tune(fine_tuning.small("t5", tokenizer), tokenizer, parts, RECIPE)
    monkeypatch.undo()

    output = fine_tuning.fine_tune(fine_tuning.small("t5", tokenizer), tokenizer, parts, RECIPE)

    files = [file.relative_to(expected) for file in expected.rglob("*") if file.is_file()]
    assert files
    assert all((output / file).read_bytes() == (expected / file).read_bytes() for file in files)


@pytest.mark.parametrize("architecture", fine_tuning.BOTH_KINDS)
@pytest.mark.parametrize("switch", fine_tuning.SWITCHES)
@pytest.mark.parametrize("saved", [False, True], ids=["before its state is saved", "after"])
def test_a_resumed_training_gives_the_files_of_an_uninterrupted_one(
    architecture: str,
    switch: str,
    saved: bool,
    tokenizer: Any,
    device: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    recipe = fine_tuning.recipe_of(switch)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    expected = fine_tuning.fine_tune(fine_tuning.small(architecture, tokenizer), tokenizer, whole, recipe)
    save = resumption.save_state

    def die(unfinished: Unfinished, model: Any, optimizer: Any, step: int, progress: Mapping[str, Any]) -> None:
        epochs = len(progress["reports"])
        if saved or epochs < 3:
            save(unfinished, model, optimizer, step, progress)
        if epochs == 3:
            raise fine_tuning.KilledError

    with monkeypatch.context() as patch, pytest.raises(fine_tuning.KilledError):
        patch.setattr(resumption, "save_state", die)
        fine_tuning.fine_tune(fine_tuning.small(architecture, tokenizer), tokenizer, parts, recipe)

    output = fine_tuning.fine_tune(fine_tuning.small(architecture, tokenizer), tokenizer, parts, recipe)

    assert f"resumes after epoch {3 if saved else 2} of" in caplog.text
    assert fine_tuning.report(output) == fine_tuning.report(expected)
    files = [file.relative_to(expected) for file in expected.rglob("*.safetensors")]
    assert files
    assert all((output / file).read_bytes() == (expected / file).read_bytes() for file in files)


@pytest.mark.parametrize("switch", ["last_layer", "head", "lora"])
def test_the_state_of_a_partial_training_contains_what_is_trained(
    switch: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    recipe = fine_tuning.recipe_of(switch)
    [part] = training.load_switches(recipe)
    model = part.choose_weights(fine_tuning.small("t5", tokenizer))
    data = fine_tuning.data_of(model, tokenizer, [fine_tuning.row(text) for text in TEXTS[:4]], recipe)

    fitting.Trainer(model, data, recipe, Unfinished(tmp_path, "one", clock=fine_tuning.still), "test").train({})

    kept = load_file(tmp_path / "step-4/weights.safetensors")
    trained = {name: each for name, each in model.named_parameters() if each.requires_grad}
    assert kept.keys() == trained.keys()
    assert 0 < sum(each.size for each in kept.values()) < 0.5 * sum(each.numel() for each in model.parameters())
    moments = load_file(tmp_path / "step-4/optimizer.safetensors")
    assert {name.split(".")[0] for name in moments} == {str(number) for number in range(len(trained))}


def test_another_dataset_in_the_mix_or_instruction_is_another_training(
    tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """What one left unfinished is not resumed for another."""
    rows = [{**row, "instruction": None} for row in fine_tuning.ROWS[:5]]
    files = [fine_tuning.dataset(tmp_path / f"{number}.parquet", rows[number : number + 4]) for number in range(2)]
    one, other = dict.fromkeys("01", "Shorten."), dict.fromkeys("01", "Sum up.")
    recipe, identities = fine_tuning.recipe_of("all"), set()
    for mix, instructions in ((files[:1], one), (files[:1], other), (files, one), (files[::-1], one)):
        with pytest.raises(fine_tuning.KilledError), pytest.MonkeyPatch.context() as patch:
            patch.setattr(fitting, "save_checkpoint", killed)
            fine_tuning.fine_tune(fine_tuning.small("t5", tokenizer), tokenizer, tmp_path, recipe, mix, instructions)
        [state] = (tmp_path / "work").glob("step-*/state.json")
        identities.add(json.loads(state.read_text())["identity"])

    assert len(identities) == 4


def killed(*_: Any) -> None:
    raise fine_tuning.KilledError
