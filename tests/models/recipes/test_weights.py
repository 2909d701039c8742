"""Parts of the weights: those that the recipe names are trained, and the head is untied."""

from pathlib import Path
from typing import Any

import pytest
from fine_tuning import BOTH_KINDS, TRAINS, fine_tune, loaded, moved, recipe_of, small, weights
from tiny import tiny_model

from memorization.errors import UserError
from memorization.models.recipes.weights import choose_part

EXPECTED = {
    ("t5", "last_layer"): ("decoder.block.1.", "decoder.final_layer_norm."),
    ("t5", "head"): ("lm_head.weight",),
    ("gpt_neo", "last_layer"): ("transformer.h.1.", "transformer.ln_f."),
    ("gpt_neo", "head"): ("lm_head.weight",),
}


@pytest.mark.parametrize("architecture", BOTH_KINDS)
@pytest.mark.parametrize("trains", TRAINS)
def test_the_weights_that_a_recipe_names_move_and_no_others(
    architecture: str, trains: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    base = small(architecture, tokenizer)

    output = fine_tune(small(architecture, tokenizer), tokenizer, tmp_path, recipe_of(trains))

    names = set(weights(base))
    if trains == "all":
        expected = names
    elif trains == "lora":
        # What PEFT chooses for the architecture: queries and values of every attention.
        expected = {name for name in names if name.split(".")[-2] in ("q", "v", "q_proj", "v_proj")}
        assert expected
    else:
        expected = {name for name in names if name.startswith(EXPECTED[architecture, trains])}
    assert moved(base, loaded(output / "epoch-4")) == expected


def test_the_last_layer_has_the_output_head_where_that_is_not_tied(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    base, tuned = (small("gpt_neo", tokenizer, tie_word_embeddings=False) for _ in range(2))

    output = fine_tune(tuned, tokenizer, tmp_path, recipe_of("last_layer"))

    assert {name.split(".")[0] for name in moved(base, loaded(output / "epoch-4"))} == {"transformer", "lm_head"}
    assert "transformer.wte.weight" not in moved(base, loaded(output / "epoch-4"))


@pytest.mark.parametrize("architecture", [*BOTH_KINDS, "bart"])
def test_a_trained_head_is_untied_and_the_embeddings_stay(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    base = tiny_model(architecture, tokenizer, spread=0.3)
    assert base.get_output_embeddings().weight is base.get_input_embeddings().weight

    output = fine_tune(tiny_model(architecture, tokenizer, spread=0.3), tokenizer, tmp_path, recipe_of("head"))

    tuned = loaded(output / "epoch-4")
    head = tuned.get_output_embeddings().weight
    assert torch.equal(tuned.get_input_embeddings().weight, base.get_input_embeddings().weight)
    assert not torch.equal(head, base.get_output_embeddings().weight)
    # Below the head everything is the base model; above it is its new matrix, with T5's scaling as before.
    tokens = torch.arange(3, 40)[None]
    body = {"input_ids": tokens, "output_hidden_states": True}
    with torch.no_grad():
        was, now = (each(**body, labels=tokens) for each in (base, tuned))
        key = "decoder_hidden_states" if base.config.is_encoder_decoder else "hidden_states"
        hidden = was[key][-1]
        scaled = hidden * base.config.d_model**-0.5 if architecture == "t5" else hidden
    assert torch.equal(now[key][-1], hidden)
    torch.testing.assert_close(now.logits, scaled @ head.T)


def test_training_a_head_leaves_the_scaling_of_t5_as_the_base_model_has_it(
    tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    for tied in (True, False):
        folder = tmp_path / str(tied)
        model = tiny_model("t5", tokenizer, tie_word_embeddings=tied)

        output = fine_tune(model, tokenizer, folder, recipe_of("head"))

        # transformers reads the scaling from this key.
        assert loaded(output / "epoch-4").config.scale_decoder_outputs is tied


def test_a_model_without_what_is_trained_is_refused(tokenizer: Any) -> None:
    class Headless:
        config = tiny_model("t5", tokenizer).config

        def requires_grad_(self, _: bool) -> None: ...

        def get_output_embeddings(self) -> None: ...

        def get_decoder(self) -> Any:
            return tiny_model("t5", tokenizer).lm_head

    with pytest.raises(UserError, match="trains: head: a t5 model has no output head"):
        choose_part(Headless(), "head")
    with pytest.raises(UserError, match="trains: last_layer: a t5 model has no single stack"):
        choose_part(Headless(), "last_layer")
