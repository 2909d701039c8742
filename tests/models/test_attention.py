"""Maps of attention: those of transformers for each sample, read as in training, without padding."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tiny import ARCHITECTURES, DECODER_ONLY, ENCODER_DECODER, PREFIXES, tiny_model

from memorization import storage
from memorization.config.generation import AttentionMaps
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models.attention import Maps, Sample, attend, batch_of, draw_samples, write_maps
from memorization.models.examples import collate, encode_examples
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable

SETTINGS = AttentionMaps(max_tokens=24)
LAYERS = {
    "t5": {"num_layers": 1, "num_decoder_layers": 3},
    "bart": {"decoder_layers": 3},
    "fsmt": {"decoder_layers": 3},
    "gpt_neo": {"num_layers": 3, "attention_types": [[["global", "local", "global"], 1]], "window_size": 32},
    "gpt2": {"n_layer": 3},
    "llama": {"num_hidden_layers": 3},
    "biogpt": {"num_hidden_layers": 3},
}
RECIPE = Recipe(epochs=1, max_input_tokens=24, max_target_tokens=24, loss="target")


def samples() -> list[Sample]:
    """Samples of different lengths; the first input is cut."""
    return [
        Sample(number, f"train-{number}", "Answer:", text, target)
        for number, (text, target) in enumerate(
            zip([" ".join(PREFIXES), *PREFIXES[1:]], [*PREFIXES[1:], "the lazy dog"], strict=True)
        )
    ]


def rows() -> list[dict[str, str]]:
    return [{"instruction": each.instruction, "input": each.input, "target": each.target} for each in samples()]


def tiny(architecture: str, tokenizer: Any, **changed: Any) -> Any:
    return tiny_model(architecture, tokenizer, **{**LAYERS[architecture], **changed})


def attended(model: Any, tokenizer: Any, chosen: list[Sample] | None = None) -> list[Maps]:
    return list(attend(model, tokenizer, samples() if chosen is None else chosen, SETTINGS, "test"))


@pytest.mark.parametrize("architecture", ENCODER_DECODER)
def test_maps_are_the_cross_attentions_that_training_has(architecture: str, tokenizer: Any, device: Any) -> None:
    import torch

    model = tiny(architecture, tokenizer, attn_implementation="eager")
    examples = encode_examples(rows(), tokenizer, RECIPE, encoder_decoder=True)
    # All samples in one padded batch, as training has them: masked padding must change nothing.
    batch = {key: torch.from_numpy(value) for key, value in collate(examples, 0, encoder_decoder=True).items()}
    with torch.inference_mode():
        layers = model(**batch, output_attentions=True).cross_attentions

    all_maps = attended(tiny(architecture, tokenizer), tokenizer)

    for index, (maps, example) in enumerate(zip(all_maps, examples, strict=True)):
        length, outputs = len(example.inputs), len(example.labels)
        assert maps.weights.shape == (3, outputs, length)
        assert maps.input_tokens == tokenizer.convert_ids_to_tokens(example.inputs.tolist())
        assert maps.output_tokens == tokenizer.convert_ids_to_tokens(example.labels.tolist())
        np.testing.assert_allclose(maps.input_share, 1.0, atol=1e-6)
        for layer, weights in zip(layers, maps.weights, strict=True):
            expected = layer[index].numpy().mean(axis=0)[:outputs, :length]
            np.testing.assert_allclose(weights, expected, atol=2e-6)
    assert len(all_maps[0].input_tokens) == 24


@pytest.mark.parametrize("architecture", DECODER_ONLY)
def test_maps_are_the_self_attentions_on_the_input_over_their_sum(
    architecture: str, tokenizer: Any, device: Any
) -> None:
    import torch

    model = tiny(architecture, tokenizer, attn_implementation="eager")
    examples = encode_examples(rows(), tokenizer, RECIPE, encoder_decoder=False)

    all_maps = attended(tiny(architecture, tokenizer), tokenizer)

    for maps, example in zip(all_maps, examples, strict=True):
        length = list(example.labels != -100).index(True)
        tokens = example.inputs.tolist()
        assert maps.input_tokens == tokenizer.convert_ids_to_tokens(tokens[:length])
        assert maps.output_tokens == tokenizer.convert_ids_to_tokens(tokens[length:])
        with torch.inference_mode():
            layers = model(input_ids=torch.tensor([tokens]), output_attentions=True).attentions
        for number, layer in enumerate(layers):
            mean = layer[0].numpy().mean(axis=0)
            for row, position in enumerate(range(length, len(tokens))):
                # The token at a position is written by the one before it.
                whole = mean[position - 1]
                share = whole[:length].sum()
                np.testing.assert_allclose(maps.input_share[number, row], share, atol=2e-6)
                np.testing.assert_allclose(maps.weights[number, row], whole[:length] / share, rtol=1e-4, atol=1e-6)
        assert maps.input_share[:, 0] == pytest.approx(1.0, abs=1e-6)
        assert maps.input_share[:, -1].max() < 1


def test_cross_attention_worked_out_by_hand(tokenizer: Any, device: Any) -> None:
    import torch

    model = tiny_model("t5", tokenizer)
    [maps] = attended(model, tokenizer, samples()[:1])
    [example] = encode_examples(rows()[:1], tokenizer, RECIPE, encoder_decoder=True)
    block = model.decoder.block[0].layer
    with torch.inference_mode():
        read = model.encoder(input_ids=torch.tensor([example.inputs.tolist()])).last_hidden_state
        start = torch.tensor([[0, *example.labels[:-1].tolist()]])
        hidden = block[0](model.shared(start), attention_mask=causal(start.shape[1]))[0]
        cross = block[1].EncDecAttention
        query = cross.q(block[1].layer_norm(hidden)).view(-1, 2, 8)
        key = cross.k(read).view(-1, 2, 8)
        # T5 does not scale scores, and its cross-attention has no position bias.
        expected = torch.einsum("thd,lhd->htl", query, key).softmax(dim=-1).mean(dim=0)

    np.testing.assert_allclose(maps.weights[0], expected.numpy(), atol=1e-5)


def causal(length: int) -> Any:
    import torch

    return torch.full((1, 1, length, length), torch.finfo(torch.float32).min).triu(diagonal=1)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_sum_to_one_and_do_not_depend_on_the_other_samples(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny(architecture, tokenizer)
    together = attended(model, tokenizer)

    for maps in together:
        np.testing.assert_allclose(maps.weights.sum(axis=2), 1.0, atol=1e-9)
        [alone] = attended(model, tokenizer, [maps.sample])
        assert np.array_equal(alone.weights, maps.weights)
        assert alone.output_tokens == maps.output_tokens
    assert np.ptp(together[0].weights) > 0.01, "this model attends the same everywhere: the test would show nothing"


def test_a_local_layer_that_sees_no_input_any_more_has_rows_of_zeros(tokenizer: Any, device: Any) -> None:
    model = tiny_model("gpt_neo", tokenizer, window_size=4)

    [maps] = attended(model, tokenizer, samples()[:1])

    distance = np.arange(len(maps.output_tokens))
    assert (maps.weights[0].sum(axis=1) > 0.99).all(), "the global layer"
    # Row 0 is at the last input token, and sees it and the three before.
    assert np.array_equal(maps.weights[1].any(axis=1), distance < 4)
    assert [np.count_nonzero(row) for row in maps.weights[1][:5]] == [4, 3, 2, 1, 0]
    assert (maps.input_share[1][distance >= 4] == 0).all()


@pytest.mark.parametrize("architecture", ["bart", "gpt2", "llama"])
def test_too_few_positions_are_refused(architecture: str, tokenizer: Any, device: Any) -> None:
    size = {"gpt2": "n_positions"}.get(architecture, "max_position_embeddings")
    model = tiny_model(architecture, tokenizer, **{size: 20})

    with pytest.raises(UserError, match=r"the model has 20 positions, and a sample needs \d+: lower `attention.max_t"):
        attended(model, tokenizer)


def test_an_architecture_without_attention_is_refused(tokenizer: Any, device: Any) -> None:
    from transformers import AutoModelForCausalLM, MambaConfig

    mamba = MambaConfig(vocab_size=len(tokenizer), hidden_size=16, state_size=4, num_hidden_layers=1)

    with pytest.raises(UserError, match="'mamba' does not return the attention weights"):
        attended(AutoModelForCausalLM.from_config(mamba).eval(), tokenizer)


def test_every_sample_is_measured_and_the_first_ones_are_written(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    file = tmp_path / "maps.parquet"
    maps = attended(tiny("t5", tokenizer), tokenizer)

    def measure(sample: Mapping[str, Any], weights: np.ndarray, input_share: np.ndarray) -> list[dict[str, Any]]:
        return [{**sample, "shape": weights.shape}, {**sample, "shape": input_share.shape}]

    rows = write_maps(file, iter(maps), 2, measure, {"settings": 1})

    expected = [(each.sample, shape) for each in maps for shape in (each.weights.shape, each.input_share.shape)]
    assert rows == [
        {"probe": sample.probe, "id": sample.id, "input_digest": sample.input_digest, "shape": shape}
        for sample, shape in expected
    ]
    assert storage.read(file, AttentionMapsTable).to_pylist() == [
        row for number in (0, 1) for row in batch_of(number, maps[number]).to_pylist()
    ]
    assert storage.manifest_of(file)["settings"] == 1


def test_a_kept_map_can_be_read_back(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    maps = attended(tiny("t5", tokenizer), tokenizer)[:2]

    storage.write_batches(
        tmp_path / "maps.parquet", AttentionMapsTable, (batch_of(i, m) for i, m in enumerate(maps)), {}
    )

    kept = storage.read(tmp_path / "maps.parquet", AttentionMapsTable).to_pylist()
    assert [(row["sample"], row["layer"]) for row in kept] == [(s, layer) for s in (0, 1) for layer in (1, 2, 3)]
    for row in kept:
        original = maps[row["sample"]]
        shape = (row["output_tokens"], row["input_tokens"])
        assert shape == (len(row["output_texts"]), len(row["input_texts"]))
        assert row["input_texts"] == original.input_tokens
        np.testing.assert_array_equal(
            np.array(row["weights"], np.float32).reshape(shape), original.weights[row["layer"] - 1].astype(np.float32)
        )


def written(folder: Path, shared: bool = False) -> tuple[Path, Path]:
    """Probes and their dataset, in which an identifier comes twice, and both splits have the same texts."""
    texts = [f"text {number} of some words" for number in range(30)]
    data = [
        {"id": f"{number % 29}", "split": split, "input": text, "target": text[:6]}
        | {"instruction": None if shared else f"{split} {number}"}
        for split in ("test", "train")
        for number, text in enumerate(texts)
    ]
    probes = [
        {"probe": row, "id": f"{number % 29}", "prefix": text[:5], "suffix": text[5:]}
        | {"prefix_characters": 5, "suffix_characters": len(text) - 5, "input_text": row}
        for row, (number, text) in enumerate([*list(enumerate(texts))[::2], (29, texts[29])])
    ]
    for schema, given in ((DatasetTable, data), (ProbesTable, probes)):
        table = pa.Table.from_pylist(given, schema=schema.arrow())
        storage.write_table(folder / f"{schema.name}.parquet", schema, table, {})
    return folder / "probes.parquet", folder / "dataset.parquet"


def test_samples_are_probes_with_their_own_rows(tmp_path: Path) -> None:
    probes, dataset = written(tmp_path)

    drawn = draw_samples(probes, dataset, "train", 100, 0)

    table = {row["probe"]: row for row in storage.read(probes, ProbesTable).to_pylist()}
    assert sorted(sample.probe for sample in drawn) == sorted(table)
    for sample in drawn:
        assert sample.input == table[sample.probe]["prefix"] + table[sample.probe]["suffix"]
        assert sample.id == table[sample.probe]["id"]
        assert sample.instruction == f"train {sample.input.split()[1]}"
        assert sample.target == sample.input[:6]


def test_samples_have_the_instruction_that_all_rows_share(tmp_path: Path) -> None:
    drawn = draw_samples(*written(tmp_path, shared=True), "train", 100, 0, "Sum up.")

    assert {sample.instruction for sample in drawn} == {"Sum up."}


def test_the_draw_is_seeded_and_more_samples_begin_with_the_same_ones(tmp_path: Path) -> None:
    probes, dataset = written(tmp_path)

    def numbers(samples: int, seed: int) -> list[int]:
        return [sample.probe for sample in draw_samples(probes, dataset, "test", samples, seed)]

    assert numbers(10, 0)[:4] == numbers(4, 0)
    assert numbers(10, 0) != numbers(10, 1)
    assert len(set(numbers(10, 0))) == 10
