"""How a model's output attends to its input, token by token (Section 6.2, Figures 4 to 14).

A model reads a sample as in training: instruction + input, and the target by teacher forcing. A map has one row per
output token (the position at which the model writes that token) and one column per input token; weights are means over
the heads of a layer. Encoder-decoder models: cross-attention. Decoder-only models: self-attention on the input's
positions, which is only a part of a row's attention, and is therefore divided by its sum; that sum is kept as
`input_share`.

Every sample has a forward pass of its own, so there is no padding, and no batch that a map could depend on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.config.generation import AttentionMaps
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models.examples import IGNORED, encode_examples
from memorization.models.prefixes import position_limit
from memorization.models.rows import read_rows
from memorization.progress import Progress
from memorization.schemas.attention_maps import AttentionMapsTable
from memorization.schemas.probes import ProbesTable


@dataclass(frozen=True)
class Sample:
    """A probe's row of the dataset: number and identifier of the probe, and the texts that training reads."""

    probe: int
    id: str
    instruction: str
    input: str
    target: str

    @property
    def input_digest(self) -> str:
        """Digest of the input text: the same for samples of the same text, in any table of probes."""
        return hashlib.blake2b(self.input.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Maps:
    """A sample's attention in every layer: T output tokens on L input tokens.

    `weights` (layers, T, L), float64: each row sums to 1, or is 0 where a layer that attends locally no longer sees an
    input token. `input_share` (layers, T): the fraction of a row's attention on input tokens; 1 in cross-attention.
    """

    sample: Sample
    input_tokens: list[str]
    output_tokens: list[str]
    weights: np.ndarray
    input_share: np.ndarray


def draw_samples(
    probes: Path, dataset: Path, split: str, samples: int, seed: int, instruction: str | None = None
) -> list[Sample]:
    """At most `samples` probes in the order of the draw, with their rows of the dataset's split.

    A larger number of samples with the same seed begins with the same ones. `instruction` is what all rows of the
    dataset share; None: each has its own.
    """
    table = storage.read(probes, ProbesTable, ["probe", "id", "prefix", "suffix"])
    order = np.random.default_rng(seed).permutation(table.num_rows)[:samples]
    drawn = table.take(order).to_pylist()
    # Identifiers come from the data, where nothing makes them unique.
    wanted = {(row["id"], row["prefix"] + row["suffix"]) for row in drawn}
    texts: dict[tuple[str, str], tuple[str, str]] = {}
    for row in read_rows(dataset, split, ["id", "input", "target"], instruction):
        key = (row["id"], row["input"])
        if key in wanted:
            texts.setdefault(key, (row["instruction"], row["target"]))
    return [
        Sample(row["probe"], row["id"], read, text, target)
        for row in drawn
        for text in [row["prefix"] + row["suffix"]]
        for read, target in [texts[row["id"], text]]
    ]


def attend(model: Any, tokenizer: Any, samples: Sequence[Sample], settings: AttentionMaps, what: str) -> Iterator[Maps]:
    """Yield the maps of each sample, in the samples' order; changes the model's implementation of attention to eager.

    Input and target are each cut to `settings.max_tokens`. `what` names the work in the log. Raises UserError where a
    sample needs more positions than the model has, and where an architecture returns no attention weights.
    """
    import torch

    # The fused kernels never store the weights.
    model.set_attn_implementation("eager")
    encoder_decoder = bool(model.config.is_encoder_decoder)
    recipe = Recipe(
        epochs=1, max_input_tokens=settings.max_tokens, max_target_tokens=settings.max_tokens, loss="target"
    )
    rows = [{"instruction": each.instruction, "input": each.input, "target": each.target} for each in samples]
    examples = encode_examples(rows, tokenizer, recipe, encoder_decoder)
    with Progress(len(samples), what, "samples") as progress, torch.inference_mode():
        for sample, example in zip(samples, examples, strict=True):
            if encoder_decoder:
                read, written = example.inputs, example.labels
                _check_positions(model, max(len(read), len(written)))
                layers = _cross_attention(model, read, written)
            else:
                length = int((example.labels == IGNORED).sum())
                read, written = example.inputs[:length], example.inputs[length:]
                _check_positions(model, len(example.inputs))
                layers = _self_attention(model, example.inputs, length)
            weights = np.stack([_mean_of_heads(layer) for layer in layers])
            share = weights.sum(axis=2)
            weights = np.divide(weights, share[:, :, None], out=np.zeros_like(weights), where=share[:, :, None] > 0)
            yield Maps(sample, _texts(tokenizer, read), _texts(tokenizer, written), weights, share)
            progress.advance()


def _cross_attention(model: Any, read: np.ndarray, written: np.ndarray) -> list[Any]:
    """Tensors (heads, T, L) of every decoder layer."""
    start = model.generation_config.decoder_start_token_id
    if start is None:
        start = model.config.decoder_start_token_id
    output = model(
        input_ids=_batch(model, read),
        decoder_input_ids=_batch(model, np.concatenate([[start], written[:-1]])),
        output_attentions=True,
        use_cache=False,
    )
    return [layer[0] for layer in _attentions(model, output, "cross_attentions")]


def _self_attention(model: Any, tokens: np.ndarray, length: int) -> list[Any]:
    """Tensors (heads, T, L) of every layer: from the positions that write the output, on the first `length` tokens."""
    output = model(input_ids=_batch(model, tokens), output_attentions=True, use_cache=False)
    # A token is written at the position before it: the first one at the last position of the input.
    return [layer[0, :, length - 1 : -1, :length] for layer in _attentions(model, output, "attentions")]


def _batch(model: Any, tokens: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(tokens.astype(np.int64))[None].to(model.device)


def _attentions(model: Any, output: Any, name: str) -> Any:
    attentions = getattr(output, name, None)
    if not attentions or any(layer is None for layer in attentions):
        raise UserError(
            f"the architecture {model.config.model_type!r} does not return the attention weights of every layer: leave "
            "the model out of studies of kind `attention`."
        )
    return attentions


def _mean_of_heads(layer: Any) -> np.ndarray:
    mean: np.ndarray = layer.double().mean(dim=0).cpu().numpy()
    return mean


def _texts(tokenizer: Any, tokens: np.ndarray) -> list[str]:
    return list(tokenizer.convert_ids_to_tokens(tokens.tolist()))


def _check_positions(model: Any, needed: int) -> None:
    limit = position_limit(model)
    if limit is not None and needed > limit:
        raise UserError(
            f"the model has {limit} positions, and a sample needs {needed}: lower `attention.max_tokens`, which cuts "
            "input and target."
        )


Measure = Callable[[Mapping[str, Any], np.ndarray, np.ndarray], Iterable[Mapping[str, Any]]]
"""Rows that describe a sample, from its columns (`probe`, `id`, `input_digest`), weights and input shares (`Maps`)."""


def write_maps(
    path: Path, maps: Iterable[Maps], heatmaps: int, measure: Measure, manifest: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Write the maps of the first `heatmaps` samples (schema `attention_maps`); return the rows of `measure` for all.

    One sample's maps are in memory at a time.
    """
    measured: list[Mapping[str, Any]] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for number, each in enumerate(maps):
            sample = {key: getattr(each.sample, key) for key in ("probe", "id", "input_digest")}
            measured.extend(measure(sample, each.weights, each.input_share))
            if number < heatmaps:
                yield batch_of(number, each)

    storage.write_batches(path, AttentionMapsTable, batches(), manifest)
    return measured


def batch_of(number: int, maps: Maps) -> pa.RecordBatch:
    """A sample's maps as rows of schema `attention_maps`, one per layer; `number` is the sample's place in the draw."""
    sample = {"sample": number, "probe": maps.sample.probe, "id": maps.sample.id}
    texts = {"output_texts": maps.output_tokens, "input_texts": maps.input_tokens}
    counts = {"output_tokens": len(maps.output_tokens), "input_tokens": len(maps.input_tokens)}
    layers = [
        {**sample, **counts, **texts, "layer": layer, "weights": weights.ravel().astype(np.float32)}
        for layer, weights in enumerate(maps.weights, start=1)
    ]
    return pa.RecordBatch.from_pylist(layers, schema=AttentionMapsTable.arrow())
