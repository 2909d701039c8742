"""Recipes: which weights move, which examples are read, which tokens are learned; and checkpoints that stay plain."""

import json
import random
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import load_file
from tiny import TEXTS, tiny_model

from memorization import configfile, plan, storage
from memorization.config import Config, Goldfish, LoRA, Recipe
from memorization.errors import UserError
from memorization.models import recipes, training
from memorization.models.training import EpochReport, Example

ARCHITECTURES = ("t5", "gpt_neo")
TRAINS = ("all", "last_layer", "head", "lora")
PLAIN: dict[str, Any] = {
    "epochs": 4,
    "batch_size": 4,
    "learning_rate": 0.02,
    "max_input_tokens": 24,
    "max_target_tokens": 24,
}
SWITCHES: dict[str, dict[str, Any]] = {
    "all": {},
    "last_layer": {"trains": "last_layer"},
    "head": {"trains": "head"},
    "lora": {"trains": "lora", "lora": {"rank": 2, "alpha": 6, "dropout": 0.1}},
    "early_stopping": {"epochs": 12, "learning_rate": 0.05, "early_stopping": {"patience": 2}},
    "lora and early_stopping": {"epochs": 6, "trains": "lora", "early_stopping": {"patience": 2}},
    "exact": {"deduplicate": "exact"},
    "near": {"deduplicate": "near"},
    "goldfish": {"goldfish": {"every": 3, "context": 2}},
}


def recipe_of(switch: str, **changed: Any) -> Recipe:
    return Recipe.model_validate({**PLAIN, **SWITCHES[switch], **changed})


def row(text: str, split: str = "train", **changed: str) -> dict[str, str]:
    return {
        "id": "row",
        "split": split,
        "instruction": "Shorten.",
        "input": text,
        "target": " ".join(text.split()[:6]),
        **changed,
    }


# Without the text that differs from another in one capital letter.
READ = [text for text in TEXTS if not text.startswith("the")]
# One input twice; and rows to validate on that the others say little about, so that more training does them harm.
ROWS = [
    *(row(text) for text in [*READ[:9], READ[0]]),
    *(row(text, "validation", target=" ".join(reversed(text.split()))) for text in READ[9:13]),
    row(READ[14], "test"),
]


def dataset(file: Path, rows: Sequence[dict[str, str]] = ROWS) -> Path:
    storage.write_table(file, "dataset", pa.Table.from_pylist(list(rows), schema=storage.SCHEMAS["dataset"]), {})
    return file


def small(architecture: str, tokenizer: Any, **changed: Any) -> Any:
    """Two layers, so that the last one is not the only one."""
    return tiny_model(architecture, tokenizer, num_layers=2, spread=0.3, **changed)


def fine_tune(
    model: Any, tokenizer: Any, device: Any, folder: Path, recipe: Recipe, files: Sequence[Path] | None = None
) -> Path:
    """Fine-tune on `ROWS`, or on given files; return the output, the same again for the same folder."""
    files = files or [dataset(folder / "rows.parquet")]
    output = folder / "out"
    training.fine_tune(model, tokenizer, files, recipe, device, folder / "work", "base", "source", {}, output)
    return output


def loaded(folder: Path) -> Any:
    """A checkpoint, as anyone loads it."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    encoder_decoder = AutoConfig.from_pretrained(folder).is_encoder_decoder
    return (AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM).from_pretrained(folder).eval()


def weights(model: Any) -> dict[str, np.ndarray]:
    """All weights under all their names, tied ones under each."""
    return {name: value.detach().numpy().copy() for name, value in model.named_parameters(remove_duplicate=False)}


def logits(model: Any) -> np.ndarray:
    import torch

    tokens = torch.arange(3, 40)[None]
    with torch.no_grad():
        found: np.ndarray = model(input_ids=tokens, labels=tokens).logits.numpy()
    return found


def moved(base: Any, tuned: Any) -> set[str]:
    before, after = weights(base), weights(tuned)
    assert before.keys() == after.keys()
    return {name for name in before if not np.array_equal(before[name], after[name])}


def report(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = storage.read(folder / "training.parquet", "training").to_pylist()
    return rows


# Which weights move.


EXPECTED = {
    ("t5", "last_layer"): ("decoder.block.1.", "decoder.final_layer_norm."),
    ("t5", "head"): ("lm_head.weight",),
    ("gpt_neo", "last_layer"): ("transformer.h.1.", "transformer.ln_f."),
    ("gpt_neo", "head"): ("lm_head.weight",),
}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("trains", TRAINS)
def test_the_weights_that_a_recipe_names_move_and_no_others(
    architecture: str, trains: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    base = small(architecture, tokenizer)

    output = fine_tune(small(architecture, tokenizer), tokenizer, device, tmp_path, recipe_of(trains))

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

    output = fine_tune(tuned, tokenizer, device, tmp_path, recipe_of("last_layer"))

    assert {name.split(".")[0] for name in moved(base, loaded(output / "epoch-4"))} == {"transformer", "lm_head"}
    assert "transformer.wte.weight" not in moved(base, loaded(output / "epoch-4"))


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "bart", "gpt2", "llama"])
@pytest.mark.parametrize("trains", TRAINS)
def test_a_checkpoint_loads_as_a_plain_model_with_the_trained_models_outputs(
    architecture: str, trains: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.3)
    before = logits(model)

    output = fine_tune(model, tokenizer, device, tmp_path, recipe_of(trains))

    # For LoRA, the adapters have been put into this very model, and are not merged in it.
    said, tuned = logits(model), logits(loaded(output / "epoch-4"))
    assert np.abs(said - before).max() > 0.01
    np.testing.assert_allclose(tuned, said, atol=2e-5 if trains == "lora" else 0)
    files = {file.name for file in (output / "epoch-4").iterdir()}
    assert "model.safetensors" in files
    assert not any("adapter" in file for file in files)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_lora_adds_the_scaled_product_of_its_adapters(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    model = small(architecture, tokenizer)
    before = weights(model)

    output = fine_tune(model, tokenizer, device, tmp_path, recipe_of("lora"))

    after, adapters = weights(loaded(output / "epoch-4")), weights(model)
    pairs = [name for name in adapters if "lora_A" in name]
    assert pairs
    for name in pairs:
        low, up = adapters[name], adapters[name.replace("lora_A", "lora_B")]
        assert low.shape[0] == up.shape[1] == 2
        target = name.replace(".lora_A.default", "")
        np.testing.assert_allclose(after[target], before[target] + 3 * up @ low, atol=1e-6)


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "bart"])
def test_a_trained_head_is_untied_and_the_embeddings_stay(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    base = tiny_model(architecture, tokenizer, spread=0.3)
    assert base.get_output_embeddings().weight is base.get_input_embeddings().weight

    output = fine_tune(tiny_model(architecture, tokenizer, spread=0.3), tokenizer, device, tmp_path, recipe_of("head"))

    tuned = loaded(output / "epoch-4")
    head = tuned.get_output_embeddings().weight
    assert torch.equal(tuned.get_input_embeddings().weight, base.get_input_embeddings().weight)
    assert not torch.equal(head, base.get_output_embeddings().weight)
    # Below the head everything is the base model; above it stands its new matrix, with T5's scaling where it was.
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
        folder.mkdir()
        model = tiny_model("t5", tokenizer, tie_word_embeddings=tied)

        output = fine_tune(model, tokenizer, device, folder, recipe_of("head"))

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
        recipes.choose_weights(Headless(), recipe_of("head"))
    with pytest.raises(UserError, match="trains: last_layer: a t5 model has no one stack"):
        recipes.choose_weights(Headless(), recipe_of("last_layer"))


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (["nonsense"], r"lora.target_modules: given \['nonsense'\]: .*not found"),
        (["lm_head"], "lm_head shares its weights with another module"),
        (["q", "shared"], "shared shares its weights with another module"),
    ],
)
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings")
def test_modules_that_take_no_adapter_are_refused(modules: list[str], message: str, tokenizer: Any) -> None:
    recipe = recipe_of("lora", lora=LoRA(target_modules=modules).model_dump())

    with pytest.raises(UserError, match=message):
        recipes.choose_weights(tiny_model("t5", tokenizer), recipe)


def test_adapters_go_where_the_recipe_says(tokenizer: Any) -> None:
    recipe = recipe_of("lora", lora={"rank": 4, "target_modules": ["wo"]})

    model = recipes.choose_weights(small("t5", tokenizer), recipe)

    moving = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert moving
    assert all(".wo.lora_" in name for name in moving)


# What interruptions leave.


class KilledError(Exception):
    """Stands for a process that ends at once."""


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("saved", [False, True], ids=["before its state is kept", "after"])
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
    recipe = recipe_of(switch)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = fine_tune(small(architecture, tokenizer), tokenizer, device, whole, recipe)
    save = training._save_state

    def die(model: Any, optimizer: Any, work: Path, identity: str, reports: Sequence[EpochReport]) -> None:
        if saved or len(reports) < 3:
            save(model, optimizer, work, identity, reports)
        if len(reports) == 3:
            raise KilledError

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(training, "_save_state", die)
        fine_tune(small(architecture, tokenizer), tokenizer, device, parts, recipe)

    output = fine_tune(small(architecture, tokenizer), tokenizer, device, parts, recipe)

    assert f"goes on after epoch {3 if saved else 2} of" in caplog.text
    assert report(output) == report(expected)
    files = [file.relative_to(expected) for file in expected.rglob("*.safetensors")]
    assert files
    assert all((output / file).read_bytes() == (expected / file).read_bytes() for file in files)


@pytest.mark.parametrize("switch", ["last_layer", "head", "lora"])
def test_the_state_of_a_partial_training_is_what_moves(
    switch: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    recipe = recipe_of(switch)
    model = recipes.choose_weights(small("t5", tokenizer), recipe)
    examples = training.encode_examples([row(text) for text in TEXTS[:4]], tokenizer, recipe, True)

    training.fit(model, examples, recipe, 0, device, tmp_path, "one", {}, "test")

    kept = load_file(tmp_path / "epoch-4/weights.safetensors")
    moving = {name: each for name, each in model.named_parameters() if each.requires_grad}
    assert kept.keys() == moving.keys()
    assert 0 < sum(each.size for each in kept.values()) < 0.5 * sum(each.numel() for each in model.parameters())
    moments = load_file(tmp_path / "epoch-4/optimizer.safetensors")
    assert {name.split(".")[0] for name in moments} == {str(number) for number in range(len(moving))}


# Early stopping.


def test_training_stops_after_epochs_without_improvement_and_keeps_the_best(
    tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plain, early = tmp_path / "plain", tmp_path / "early"
    plain.mkdir()
    early.mkdir()
    recipe = recipe_of("early_stopping")

    output = fine_tune(small("t5", tokenizer), tokenizer, device, early, recipe)

    found = report(output)
    losses = [each["validation_loss"] for each in found]
    best = int(np.argmin(losses)) + 1
    assert best > 1
    assert len(found) == best + 2 < recipe.epochs
    assert [each["epoch"] for each in found if each["kept"]] == [best]
    assert [folder.name for folder in output.iterdir() if folder.is_dir()] == ["epoch-12"]
    assert f"ends after epoch {best + 2}: epoch {best} was the best" in caplog.text
    # The same training to its end has that very epoch.
    full = recipe.model_copy(update={"early_stopping": None, "keep": [best]})
    same = fine_tune(small("t5", tokenizer), tokenizer, device, plain, full)
    file = "model.safetensors"
    assert (output / "epoch-12" / file).read_bytes() == (same / f"epoch-{best}" / file).read_bytes()
    assert [each["loss"] for each in report(same)][: best + 2] == [each["loss"] for each in found]
    assert {each["validation_loss"] for each in report(same)} == {None}
    assert [each["epoch"] for each in report(same) if each["kept"]] == [best]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_validation_loss_is_the_mean_over_tokens_of_the_validation_split(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    recipe = recipe_of("early_stopping", epochs=2, goldfish={"every": 2, "context": 1})

    output = fine_tune(small(architecture, tokenizer), tokenizer, device, tmp_path, recipe)

    model = loaded(output / "epoch-2")
    rows = [each for each in ROWS if each["split"] == "validation"]
    total, count = 0.0, 0
    for example in training.encode_examples(rows, tokenizer, recipe, model.config.is_encoder_decoder):
        tokens, labels = (torch.from_numpy(each.astype(np.int64))[None] for each in (example.inputs, example.labels))
        with torch.no_grad():
            total += len(example.labels) * float(model(input_ids=tokens, labels=labels).loss)
        count += len(example.labels)
    assert min(each["validation_loss"] for each in report(output)) == pytest.approx(total / count, rel=1e-3)


def test_training_that_goes_on_improving_keeps_its_last_epoch(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    learned = [row(text) for text in TEXTS[:8]]
    file = dataset(tmp_path / "rows.parquet", [*learned, *({**each, "split": "validation"} for each in learned)])
    recipe = recipe_of("early_stopping", epochs=3, learning_rate=0.003)

    output = fine_tune(small("gpt_neo", tokenizer), tokenizer, device, tmp_path, recipe, [file])

    assert [each["kept"] for each in report(output)] == [False, False, True]


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

    assert training.best_epoch(reports) == best
    assert training._is_over(reports, recipe_of("early_stopping")) is over


def test_early_stopping_without_a_validation_split_says_which_key_gives_one(
    tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    files = [dataset(tmp_path / "with.parquet"), dataset(tmp_path / "without.parquet", ROWS[:3])]

    with pytest.raises(UserError, match=r"set `datasets\.without\.validation`"):
        fine_tune(small("t5", tokenizer), tokenizer, device, tmp_path, recipe_of("early_stopping"), files)


# Which tokens are learned.


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
    assert int(recipes._mixed(np.zeros(1, dtype=np.uint64))[0]) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize(("every", "context"), [(4, 13), (2, 1), (3, 5)])
def test_goldfish_mask_is_that_of_the_definition(every: int, context: int) -> None:
    generator = np.random.default_rng(0)
    for length in (0, 1, context, context + 1, 200):
        tokens = generator.integers(0, 32_000, length).astype(np.int32)

        mask = recipes.goldfish_mask(tokens, Goldfish(every=every, context=context))

        assert mask.tolist() == reference_mask(tokens.tolist(), every, context)


@pytest.mark.parametrize("every", [2, 4, 10])
def test_one_token_in_k_is_left_out(every: int) -> None:
    tokens = np.random.default_rng(1).integers(0, 500, 100_000).astype(np.int32)

    mask = recipes.goldfish_mask(tokens, Goldfish(every=every))

    deviation = np.sqrt((1 - 1 / every) / every / len(tokens))
    assert mask.mean() == pytest.approx(1 / every, abs=5 * deviation)
    # Neighbours are left out independently of one another.
    assert (mask[1:] & mask[:-1]).mean() == pytest.approx(1 / every**2, abs=10 * deviation)


def test_a_passage_has_the_same_gaps_wherever_it_stands() -> None:
    generator = np.random.default_rng(2)
    passage, before, other = (generator.integers(0, 500, size).astype(np.int32) for size in (120, 31, 7))
    goldfish = Goldfish(every=4, context=13)

    alone = recipes.goldfish_mask(passage, goldfish)
    within = recipes.goldfish_mask(np.concatenate([before, passage, other]), goldfish)

    assert within[31 + 13 : 31 + 120].tolist() == alone[13:].tolist()
    assert alone[13:].any()


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "bart"])
def test_a_token_left_out_of_the_loss_is_still_read(architecture: str, tokenizer: Any) -> None:
    """The loss is the mean, over the tokens that are learned, of what the whole text gives each of them."""
    import torch

    model = tiny_model(architecture, tokenizer, spread=0.3)
    encoder_decoder = model.config.is_encoder_decoder
    examples = training.encode_examples([row(text) for text in TEXTS[:4]], tokenizer, recipe_of("all"), encoder_decoder)
    start = model.config.decoder_start_token_id if encoder_decoder else None

    changed = training.leave_out(examples, Goldfish(every=2, context=2), start)

    batch = training.collate(changed, 0, encoder_decoder)
    whole = {key: torch.from_numpy(each) for key, each in training.collate(examples, 0, encoder_decoder).items()}
    with torch.no_grad():
        loss = float(model(**{key: torch.from_numpy(each) for key, each in batch.items()}).loss)
        scores = model(**whole).logits
    learned = torch.from_numpy(batch["labels"])
    if not encoder_decoder:
        scores, learned = scores[:, :-1], learned[:, 1:]
    here = learned != training.IGNORED
    assert 0 < int(here.sum()) < int((whole["labels"] != training.IGNORED).sum())
    expected = torch.nn.functional.cross_entropy(scores[here], learned[here])
    assert loss == pytest.approx(float(expected), rel=1e-5)
    if encoder_decoder:
        written = whole["labels"] != training.IGNORED
        shifted = model.prepare_decoder_input_ids_from_labels(whole["labels"])
        assert (torch.from_numpy(batch["decoder_input_ids"]) == shifted)[written].all()


def test_gaps_of_a_decoder_only_target_follow_the_whole_sequence(tokenizer: Any) -> None:
    """Where the loss runs over the target alone, its first tokens have the input before them."""
    recipe = recipe_of("all", loss="target")
    (example,) = training.encode_examples([row(TEXTS[0])], tokenizer, recipe, encoder_decoder=False)

    (changed,) = training.leave_out([example], Goldfish(every=2, context=3), None)

    mask = recipes.goldfish_mask(example.inputs, Goldfish(every=2, context=3))
    target = example.labels != training.IGNORED
    assert ((changed.labels == training.IGNORED) == (mask | ~target)).all()
    assert (changed.labels[target & ~mask] == example.inputs[target & ~mask]).all()
    assert (mask & target).any()
    assert changed.decoder_inputs is None


def test_goldfish_loss_trains_another_model(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    found = {}
    for switch in ("all", "goldfish"):
        folder = tmp_path / switch
        folder.mkdir()
        output = fine_tune(small("t5", tokenizer), tokenizer, device, folder, recipe_of(switch))
        found[switch] = weights(loaded(output / "epoch-4"))

    assert any(not np.array_equal(found["all"][name], found["goldfish"][name]) for name in found["all"])


def test_examples_without_goldfish_state_no_decoder_inputs() -> None:
    tokens = np.array([5, 6], dtype=np.int32)

    assert "decoder_input_ids" not in training.collate([Example(tokens, tokens)], 0, encoder_decoder=True)


# Which examples are read.


def words(generator: random.Random, count: int) -> list[str]:
    return ["".join(generator.choices(string.ascii_lowercase, k=6)) for _ in range(count)]


def changed_at(text: list[str], *places: int) -> str:
    return " ".join(f"other{place}" if place in places else word for place, word in enumerate(text))


def test_near_duplicates_are_those_that_share_four_fifths_of_their_word_five_grams() -> None:
    text = words(random.Random(0), 100)
    variants = {
        " ".join(text): True,
        # One word in the middle stands in five of 96 five-grams: 91 shared of 101, similarity 0.90.
        changed_at(text, 50): False,
        # Two words: 86 of 106, 0.81.
        changed_at(text, 30, 60): False,
        # Three words: 81 of 111, 0.73.
        changed_at(text, 20, 50, 80): True,
        # Of the first 85 words all 81 five-grams are among the 96: 0.84; of the first 75, 71: 0.74.
        " ".join(text[:85]): False,
        " ".join(text[:75]): True,
        " ".join(text).upper().replace(" ", ",  "): False,
        " ".join(reversed(text)): True,
    }
    near = recipes.without_duplicates(list(variants), "near")

    assert [list(variants)[position] for position in near] == [text for text, kept in variants.items() if kept]


def test_near_duplicates_are_found_as_by_comparing_all_pairs() -> None:
    generator = random.Random(1)
    originals = [words(generator, generator.randrange(1, 60)) for _ in range(30)]
    texts = []
    for _ in range(150):
        text = list(generator.choice(originals))
        for _ in range(generator.randrange(0, 5)):
            text[generator.randrange(len(text))] = generator.choice(generator.choice(originals))
        texts.append(" ".join(text))
    texts += ["", "One.", "one", "One two three four.", "one two three four five"]

    expected: list[int] = []
    for position, text in enumerate(texts):
        own = recipes.shingles(text)
        if all(recipes.jaccard(own, recipes.shingles(texts[earlier])) < 0.8 for earlier in expected):
            expected.append(position)
    assert 30 < len(expected) < 150
    assert recipes.without_duplicates(texts, "near") == expected


def test_exact_duplicates_are_the_same_to_the_letter() -> None:
    texts = ["b", "a", "b", "A", "a", "a "]

    assert recipes.without_duplicates(texts, "exact") == [0, 1, 3, 5]


@pytest.mark.parametrize("how", ["exact", "near"])
def test_training_without_duplicates_is_training_on_the_others(
    how: str, tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    once = dataset(two / "once.parquet", ROWS[:9])

    dropped = fine_tune(small("t5", tokenizer), tokenizer, device, one, recipe_of(how))
    never = fine_tune(small("t5", tokenizer), tokenizer, device, two, recipe_of("all"), [once])

    file = "epoch-4/model.safetensors"
    assert (dropped / file).read_bytes() == (never / file).read_bytes()
    assert f"deduplicate {how}: 1 of 10 training examples dropped" in caplog.text
    manifest = storage.manifest_of(dropped / "training.parquet")
    assert (manifest["examples"], manifest["dropped_duplicates"]) == (9, 1)


def test_several_datasets_are_trained_on_together(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    """As one dataset that holds the rows of both, each with its own instruction."""
    first = [row(text) for text in TEXTS[:5]]
    second = [row(text, instruction="Repeat.", target=text) for text in TEXTS[5:9]]
    outputs = []
    for name, parts in {"apart": [first, second], "together": [first + second]}.items():
        folder = tmp_path / name
        folder.mkdir()
        files = [dataset(folder / f"{number}.parquet", part) for number, part in enumerate(parts)]
        outputs.append(fine_tune(small("gpt_neo", tokenizer), tokenizer, device, folder, recipe_of("all"), files))

    apart, together = ((output / "epoch-4/model.safetensors").read_bytes() for output in outputs)
    assert apart == together
    assert storage.manifest_of(outputs[0] / "training.parquet")["examples"] == 9


def test_another_dataset_in_the_mix_is_another_training(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    """What one mix left unfinished is not taken up for another."""
    files = [dataset(tmp_path / f"{number}.parquet", ROWS[number : number + 4]) for number in range(2)]
    recipe, identities = recipe_of("all"), set()
    for mix in (files[:1], files, files[::-1]):
        with pytest.raises(KilledError), pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "saving", lambda *_: killed)
            fine_tune(small("t5", tokenizer), tokenizer, device, tmp_path, recipe, mix)
        identities.add(json.loads((tmp_path / "work/epoch-3/state.json").read_text())["identity"])

    assert len(identities) == 3


def killed(_: Path) -> None:
    raise KilledError


# How a configuration names it.


CONFIGURATION = """
datasets:
  news: &files {task: summarization, source: {kind: synthetic, corpora: [news], train: 9, test: 9}, validation: 2}
  chat: {task: dialog, source: {kind: synthetic, corpora: [patients], train: 9, test: 9}}
  film: *files
models: {t5: {source: {kind: folder, path: t5}}}
recipes:
  full: {epochs: 1}
  mix: {epochs: 1, datasets: [film, news]}
  early: {epochs: 2, early_stopping: {patience: 1}}
decodings: {greedy: {strategy: greedy}}
detection: {paraphrase: {classifier: null}}
studies:
  one: {kind: trade_off, datasets: [news, film], models: [t5], states: [base, full, mix, early]}
"""


def configured(folder: Path, *replaced: tuple[str, str]) -> Config:
    text = CONFIGURATION
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return configfile.load([file])


def test_a_multi_task_recipe_has_one_training_for_all_its_datasets(tmp_path: Path) -> None:
    config = configured(tmp_path)

    assert plan.trained_on(config, "full", "chat") == "chat"
    assert {plan.trained_on(config, "mix", dataset) for dataset in ("news", "film")} == {"film+news"}
    trained = plan.training_runs(config, config.studies["one"])
    assert [(run["recipe"], run["dataset"]) for run in trained] == [
        ("full", "news"),
        ("full", "film"),
        ("mix", "film+news"),
        ("early", "news"),
        ("early", "film"),
    ]


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            ("[film, news]}", "[film]}"),
            "studies.one.datasets: given 'news', which recipe 'mix' does not train on (recipes.mix.datasets: film)",
        ),
        (("[film, news]}", "[film, news, nevs]}"), "recipes.mix.datasets: given 'nevs', which is not defined"),
        (
            (
                "datasets: [news, film], models: [t5], states: [base, full, mix",
                "datasets: [chat], models: [t5], states: [full",
            ),
            "datasets.chat.validation: given 0, and recipe 'early' of study 'one' stops early by the loss",
        ),
        (
            ("states: [base", "answers: short, states: [base"),
            "studies.one.answers: given 'short', which is not defined",
        ),
    ],
)
def test_what_a_recipe_cannot_do_is_said_before_anything_starts(
    replaced: tuple[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as told:
        configured(tmp_path, replaced)
    assert message in str(told.value)


def test_a_task_without_quality_has_no_trade_off(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="given 'news', whose task has no quality"):
        configured(tmp_path, ("{task: summarization", "{task: pretraining"))
