"""Goldfish loss: the tokens of the definition are left out of the loss, and are still read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fine_tuning import BOTH_KINDS, fine_tune, loaded, recipe_of, row, small, weights
from tiny import TEXTS, tiny_model

from memorization.config.models import Goldfish
from memorization.models.examples import IGNORED, collate, encode_examples
from memorization.models.recipes import goldfish
from memorization.models.recipes.goldfish import goldfish_mask, leave_out


def reference_mask(tokens: Sequence[int], every: int, context: int) -> list[bool]:
    """The definition, in Python's own numbers."""
    whole = 2**64
    left_out = []
    for place in range(len(tokens)):
        state = 0
        for token in tokens[place - context : place] if place >= context else []:
            state = (state + token + 0x9E3779B97F4A7C15) % whole
            state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % whole
            state = (state ^ (state >> 27)) * 0x94D049BB133111EB % whole
            state ^= state >> 31
        left_out.append(place >= context and state % every == 0)
    return left_out


def test_the_hash_is_the_published_one() -> None:
    """The first output of SplitMix64 from seed 0."""
    assert int(goldfish._mixed(np.zeros(1, dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize(("every", "context"), [(4, 13), (2, 1), (3, 5)])
def test_goldfish_mask_is_that_of_the_definition(every: int, context: int) -> None:
    generator = np.random.default_rng(0)
    for length in (0, 1, context, context + 1, 200):
        tokens = generator.integers(0, 32_000, length).astype(np.int32)

        mask = goldfish_mask(tokens, Goldfish(every=every, context=context))

        assert mask.tolist() == reference_mask(tokens.tolist(), every, context)


@pytest.mark.parametrize("every", [2, 4, 10])
def test_one_token_in_k_is_left_out(every: int) -> None:
    tokens = np.random.default_rng(1).integers(0, 500, 100_000).astype(np.int32)

    mask = goldfish_mask(tokens, Goldfish(every=every))

    deviation = np.sqrt((1 - 1 / every) / every / len(tokens))
    assert mask.mean() == pytest.approx(1 / every, abs=5 * deviation)
    # Neighbours are left out independently of one another.
    assert (mask[1:] & mask[:-1]).mean() == pytest.approx(1 / every**2, abs=10 * deviation)


def test_a_passage_has_the_same_gaps_wherever_it_stands() -> None:
    generator = np.random.default_rng(2)
    passage, before, other = (generator.integers(0, 500, size).astype(np.int32) for size in (120, 31, 7))
    settings = Goldfish(every=4, context=13)

    alone = goldfish_mask(passage, settings)
    within = goldfish_mask(np.concatenate([before, passage, other]), settings)

    assert within[31 + 13 : 31 + 120].tolist() == alone[13:].tolist()
    assert alone[13:].any()


@pytest.mark.parametrize("architecture", [*BOTH_KINDS, "bart"])
def test_a_token_left_out_of_the_loss_is_still_read(architecture: str, tokenizer: Any) -> None:
    """The loss is the mean, over the tokens that are learned, of what the whole text gives each of them."""
    import torch

    model = tiny_model(architecture, tokenizer, spread=0.3)
    encoder_decoder = model.config.is_encoder_decoder
    examples = encode_examples([row(text) for text in TEXTS[:4]], tokenizer, recipe_of("all"), encoder_decoder)
    start = model.config.decoder_start_token_id if encoder_decoder else None

    changed = leave_out(examples, Goldfish(every=2, context=2), start)

    batch = collate(changed, 0, encoder_decoder)
    whole = {key: torch.from_numpy(each) for key, each in collate(examples, 0, encoder_decoder).items()}
    with torch.no_grad():
        loss = float(model(**{key: torch.from_numpy(each) for key, each in batch.items()}).loss)
        scores = model(**whole).logits
    learned = torch.from_numpy(batch["labels"])
    if not encoder_decoder:
        scores, learned = scores[:, :-1], learned[:, 1:]
    here = learned != IGNORED
    assert 0 < int(here.sum()) < int((whole["labels"] != IGNORED).sum())
    expected = torch.nn.functional.cross_entropy(scores[here], learned[here])
    assert loss == pytest.approx(float(expected), rel=1e-5)
    if encoder_decoder:
        written = whole["labels"] != IGNORED
        shifted = model.prepare_decoder_input_ids_from_labels(whole["labels"])
        assert (torch.from_numpy(batch["decoder_input_ids"]) == shifted)[written].all()


def test_gaps_of_a_decoder_only_target_follow_the_whole_sequence(tokenizer: Any) -> None:
    """Where the loss runs over the target alone, its first tokens have the input before them."""
    recipe = recipe_of("all", loss="target")
    (example,) = encode_examples([row(TEXTS[0])], tokenizer, recipe, encoder_decoder=False)

    (changed,) = leave_out([example], Goldfish(every=2, context=3), None)

    mask = goldfish_mask(example.inputs, Goldfish(every=2, context=3))
    target = example.labels != IGNORED
    assert ((changed.labels == IGNORED) == (mask | ~target)).all()
    assert (changed.labels[target & ~mask] == example.inputs[target & ~mask]).all()
    assert (mask & target).any()
    assert changed.decoder_inputs is None


def test_goldfish_loss_trains_another_model(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    trained = {}
    for switch in ("all", "goldfish"):
        folder = tmp_path / switch
        output = fine_tune(small("t5", tokenizer), tokenizer, folder, recipe_of(switch))
        trained[switch] = weights(loaded(output / "epoch-4"))

    assert any(not np.array_equal(trained["all"][name], trained["goldfish"][name]) for name in trained["all"])
