"""Passes recorded on a GPU, and the masks that they need."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fine_tuning import FIT_RECIPE, data_of, row, weights
from tiny import TEXTS, tiny_model

from memorization.models.captured import can_be_captured, with_whole_masks
from memorization.models.examples import Widths
from memorization.models.fitting import Trainer, TrainingData, checkpoint_gradients
from memorization.models.resumption import Unfinished
from memorization.models.training import load_switches

ROWS = [row(text[: 5 * (place + 1)], target=text[: 40 - 4 * place]) for place, text in enumerate(TEXTS[:9])]


@pytest.mark.parametrize("architecture", ["t5", "bart"])
def test_masks_made_here_are_the_models_own(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)
    data = data_of(model, tokenizer, ROWS, FIT_RECIPE)
    batch = {key: torch.from_numpy(value) for key, value in data.batch_of(data.examples).items()}
    assert not batch["attention_mask"].all()

    own, whole = (model(**each).logits.detach().numpy() for each in (batch, with_whole_masks(batch)))

    np.testing.assert_allclose(whole, own, atol=1e-5)


def test_only_passes_that_are_known_in_full_are_recorded(tokenizer: Any, device: Any) -> None:
    models = {name: tiny_model(name, tokenizer) for name in ("t5", "bart", "fsmt", "gpt2")}
    assert {name: can_be_captured(model) for name, model in models.items()} == {
        **dict.fromkeys(("t5", "bart"), True),
        **dict.fromkeys(("fsmt", "gpt2"), False),
    }
    checkpoint_gradients(models["t5"])
    assert not can_be_captured(models["t5"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(
    ("architecture", "trains", "parts"),
    [("t5", "all", 1), ("t5", "all", 2), ("t5", "lora", 2), ("bart", "all", 1), ("bart", "lora", 2)],
)
def test_recorded_passes_give_the_weights_of_others(
    architecture: str, trains: str, parts: int, tokenizer: Any, tmp_path: Path
) -> None:
    """With the same dropout; the gradients of attention on a GPU add up in no stated order."""
    trained = []
    for recorded in (True, False):
        recipe = FIT_RECIPE.model_copy(update={"torch_compile": True, "accumulation_steps": parts, "trains": trains})
        layers = {"num_layers": 2} if architecture == "t5" else {}
        model = tiny_model(architecture, tokenizer, spread=0.3, **layers).to("cuda")
        for switch in load_switches(recipe):
            model = switch.choose_weights(model)
        data = data_of(model, tokenizer, ROWS, recipe)
        # Three steps of one or two widths.
        batch_of = partial(data.batch_of, widths=Widths.within(data.examples))
        trainer = Trainer(
            model, TrainingData(data.examples, batch_of), recipe, Unfinished(tmp_path / str(recorded), "one"), "test"
        )
        assert trainer.captured is not None
        if not recorded:
            trainer.captured = None
        reports = trainer.train({})
        assert reports[-1].loss < reports[0].loss
        trained.append(weights(model.cpu()))

    for name, value in trained[0].items():
        np.testing.assert_allclose(value, trained[1][name], atol=1e-3)
