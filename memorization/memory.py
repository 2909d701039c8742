"""Memory of a job that runs a model, estimated before anything starts, and compared with a GPU's.

Training keeps weights, gradients and the optimizer's numbers (with AdamW 16 bytes per parameter in fp32), and the
activations of one pass, each text at its maximum length. A layer stores, for each token that it reads, about nine
numbers per unit of its width, five per unit of its attention and 1.4 per unit and matrix of its feed-forward part; the
scores of its attention three times where the architecture computes them in full (T5); and the output's scores are
stored three times. With gradient checkpointing each layer keeps its input alone, and one layer at a time is stored in
full. Writing keeps weights, keys and values of all layers, and one layer's activations. The numbers were fitted to
measured peaks (`docs/benchmarks.md`); where a fused kernel runs on a GPU, less is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Literal

from memorization import cards, local_files, plan
from memorization.cards import Card
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models import files
from memorization.studies.kind import Work, written_work
from memorization.studies.kinds import Config

BYTES = {"fp32": 4, "bf16": 2}
GB = 1e9
# Numbers that training stores per token and layer: per unit of width, of attention, and of a feed-forward matrix.
WIDTHS, ATTENTIONS, FEED_FORWARD = 9, 5, 1.4
OUTPUT_SCORES = 3
# Architectures whose attention scores are computed in full and stored so many times; others have fused kernels.
STORED_SCORES = {"t5": 3, "mt5": 3, "umt5": 3, "fsmt": 3, "gpt_neo": 2}


@dataclass(frozen=True)
class Shape:
    """Sizes of a model: layers, width, heads, and units of a layer's attention and feed-forward part."""

    encoder_layers: int
    decoder_layers: int
    width: int
    heads: int
    attention: int
    feed_forward: int
    matrices: int
    vocabulary: int
    stored_scores: int
    tied: bool

    @property
    def layers(self) -> int:
        """Layers of encoder and decoder."""
        return self.encoder_layers + self.decoder_layers

    @property
    def parameters(self) -> int:
        """Number of parameters, without norms and positions."""
        embeddings = self.vocabulary * self.width * (1 if self.tied else 2)
        attention, feed_forward = 4 * self.width * self.attention, self.matrices * self.width * self.feed_forward
        cross = attention if self.encoder_layers else 0
        return embeddings + self.layers * (attention + feed_forward) + self.decoder_layers * cross

    @property
    def decoder_parameters(self) -> int:
        """Those of them that are read to write one token: all but the encoder's."""
        return self.parameters - self.encoder_layers * self.width * (
            4 * self.attention + self.matrices * self.feed_forward
        )


def shape_of(architecture: Mapping[str, Any]) -> Shape | None:
    """The sizes that a transformers configuration states, as in config.json; None where it lacks one."""

    def first(*names: str) -> int | None:
        values = (architecture.get(name) for name in names)
        return next((value for value in values if type(value) is int and value > 0), None)

    kind = str(architecture.get("model_type"))
    width = first("d_model", "hidden_size", "n_embd")
    heads = first("num_heads", "num_attention_heads", "n_head", "encoder_attention_heads")
    layers = first("num_layers", "num_hidden_layers", "n_layer", "encoder_layers")
    if width is None or heads is None or layers is None:
        return None
    size = first("d_kv", "head_dim") or width // heads
    encoder_decoder = files.is_encoder_decoder(architecture)
    gated = str(architecture.get("feed_forward_proj", "")).startswith("gated") or kind == "llama"
    return Shape(
        encoder_layers=layers if encoder_decoder else 0,
        decoder_layers=first("num_decoder_layers", "decoder_layers") or layers,
        width=width,
        heads=heads,
        attention=heads * size,
        feed_forward=first("d_ff", "intermediate_size", "n_inner", "decoder_ffn_dim") or 4 * width,
        matrices=3 if gated else 2,
        vocabulary=first("vocab_size", "tgt_vocab_size") or 0,
        stored_scores=STORED_SCORES.get(kind, 0),
        tied=architecture.get("tie_word_embeddings") is not False,
    )


def shape(config: Config, model: str) -> Shape | None:
    """A model's sizes, from the configuration or its local config.json; None if neither states them."""
    architecture = local_files.architecture(config, model)
    return None if architecture is None else shape_of(architecture)


def parameters(config: Config, model: str) -> int | None:
    """Number of parameters of a model: stated, in its local files, or of its sizes; None if nothing states it."""
    stated = config.models[model].parameters
    if stated is not None:
        return stated
    folder = local_files.weights_folder(config, model)
    if folder is None:
        sizes = shape(config, model)
        return None if sizes is None else sizes.parameters
    return files.parameters(Path(folder)) or None


def training_gb(sizes: Shape, count: int, recipe: Recipe, checkpointing: bool) -> float:
    """Memory of a training (10^9 bytes) of a model with that number of parameters."""
    size = BYTES[recipe.weights]
    # Of a part of the weights (a layer, a head, adapters) more than enough.
    trained = count if recipe.trains == "all" else count // 10
    fixed = count * size + trained * size * (3 if recipe.optimizer == "adamw" else 1)
    if recipe.precision == "bf16" and recipe.weights == "fp32":
        # Copies of the weights for the arithmetic.
        fixed += count * BYTES["bf16"]
    rows = ceil(recipe.batch_size / recipe.accumulation_steps)
    read, written = recipe.max_input_tokens, recipe.max_target_tokens
    if recipe.blocks is not None:
        read, written = recipe.blocks.tokens, 0
    return (fixed + 4 * _activations(sizes, rows, read, written, checkpointing)) / GB


def _activations(sizes: Shape, rows: int, read: int, written: int, checkpointing: bool) -> float:
    """Numbers that the forward pass of a training stores."""
    if not sizes.encoder_layers:
        read, written = 0, read + written
    encoder = _layer(sizes, rows, read, read)
    decoder = _layer(sizes, rows, written, written)
    if sizes.encoder_layers:
        decoder += rows * (written * (4 * sizes.width + 3 * sizes.attention) + 2 * read * sizes.attention)
        decoder += rows * sizes.stored_scores * sizes.heads * read * written
    output = OUTPUT_SCORES * rows * written * sizes.vocabulary
    if checkpointing:
        kept = rows * sizes.width * (sizes.encoder_layers * read + sizes.decoder_layers * written)
        return kept + max(encoder, decoder) + output
    return sizes.encoder_layers * encoder + sizes.decoder_layers * decoder + output


def _layer(sizes: Shape, rows: int, tokens: int, seen: int) -> float:
    """Numbers that one layer stores which reads `tokens` of each row, of which each attends to `seen`."""
    units = WIDTHS * sizes.width + ATTENTIONS * sizes.attention + FEED_FORWARD * sizes.matrices * sizes.feed_forward
    return rows * tokens * (units + sizes.stored_scores * sizes.heads * seen)


def reading_gb(sizes: Shape, count: int, work: Work, rows: int) -> float:
    """Memory (10^9 bytes) of reading and writing a batch of `rows` texts, each at its maximum length."""
    size = BYTES[work.precision]
    read, written, beams = work.read, work.written, work.beams
    # While it reads, a layer stores what goes in and out, and its feed-forward part or its attention; nothing is kept.
    part = max(sizes.matrices * sizes.feed_forward, 2 * (sizes.attention + sizes.heads * read))
    layer = rows * read * (4 * sizes.width + part)
    if work.maps:
        kept = (sizes.encoder_layers + 2 * sizes.decoder_layers) * sizes.heads * read * read + layer
    elif not written:
        kept = max(layer, 2 * rows * read * sizes.vocabulary)
    else:
        keys_and_values = 2 * sizes.decoder_layers * sizes.attention * rows * beams * (read + written)
        # The scores of the next token, and for a draw their sorted copies in double precision.
        output = rows * beams * sizes.vocabulary * 8
        # A decoder-only model keeps keys and values while it reads, an encoder none.
        kept = max(layer, keys_and_values + output) if sizes.encoder_layers else keys_and_values + max(layer, output)
    return size * (count + kept) / GB


@dataclass(frozen=True)
class Need:
    """Memory that a kind of job needs (10^9 bytes): what it does, the model, and how; `rows` texts at once."""

    what: str
    model: str
    how: str
    rows: int
    gb: float


def fitting_rows(sizes: Shape, count: int, work: Work, rows: int, limit: float | None) -> int:
    """The rows of a batch after it was halved until it fits into `limit`, as generation does; at least one."""
    while limit is not None and rows > 1 and reading_gb(sizes, count, work, rows) > limit:
        rows = ceil(rows / 2)
    return rows


def training_need(config: Config, model: str, name: str) -> Need | None:
    """What a training of a recipe needs; None where the model's size is not known."""
    sizes, count = shape(config, model), parameters(config, model)
    if sizes is None or count is None:
        return None
    recipe, checkpointing = config.recipes[name], config.models[model].gradient_checkpointing
    rows = ceil(recipe.batch_size / recipe.accumulation_steps)
    gb = training_gb(sizes, count, recipe, checkpointing)
    how = f"{name}, layers computed again" if checkpointing else name
    return Need("training", model, how, rows, gb)


def work_need(config: Config, work: Work, limit: float | None) -> Need | None:
    """What reading and writing texts needs, with the batch that fits into `limit`; None where sizes are not known."""
    sizes, count = shape(config, work.model), parameters(config, work.model)
    if sizes is None or count is None:
        return None
    rows = 1 if work.maps else config.compute.batch_size
    if work.precision == "fp32":
        rows = fitting_rows(sizes, count, work, rows, limit)
    how = f"{work.read} tokens" + (f" and {work.written} written" if work.written else "")
    return Need(work.what, work.model, how, rows, reading_gb(sizes, count, work, rows))


def card_gb(config: Config, found: Sequence[Card] | None = None) -> float | None:
    """Memory that one job has on a GPU (10^9 bytes), stated or found; None where neither is known."""
    if config.compute.device == "cpu":
        return None
    stated = config.compute.gpu_memory_gb
    gb = stated if stated is not None else cards.memory_gb(list(cards.visible() if found is None else found))
    return None if gb is None else gb / config.compute.jobs_per_gpu


def check(config: Config, found: Sequence[Card] | None, jobs: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Raise UserError where jobs that need a GPU have none here, or where a training exceeds its memory.

    `jobs` are rule and wildcards of each job that asks for a GPU; `found` are this machine's, None on a cluster, whose
    GPUs are not seen from here.
    """
    jobs = list(jobs)
    if not jobs:
        return
    if found is not None and config.compute.device == "cuda":
        cards.refuse_without(list(found))
    limit = card_gb(config, [] if found is None else found)
    if limit is None:
        return
    faults = list(dict.fromkeys(fault for rule, job in jobs for fault in _faults(config, rule, job, limit)))
    if faults:
        raise UserError(
            f"A GPU's memory ({limit:.3g} GB for each job) does not suffice.\n"
            + "\n".join(f"  {fault}" for fault in faults)
            + "\n  These are estimates: if you know that a job fits, set `compute.gpu_memory_gb` to a larger number."
        )


def _faults(config: Config, rule: str, job: Mapping[str, Any], limit: float) -> Iterator[str]:
    """What exceeds the limit in a job of a rule with these wildcards."""
    if rule == "train":
        yield from _training_faults(config, job["model"], job["recipe"], limit)
    elif rule in ("generations", "generation_shards", "answers"):
        what: Literal["generations", "answers"] = "answers" if rule == "answers" else "generations"
        read = _answer_tokens(config, job["state"]) if rule == "answers" else plan.read_tokens(config, job)
        work = written_work(config, what, job["model"], 1, read=read, decoding=job["decoding"])
        need = work_need(config, work, limit)
        if need is not None and need.gb > limit:
            advice = "choose a smaller model" if need.rows == 1 else "lower `compute.generation_batch_size`"
            yield (
                f"decodings.{job['decoding']}, models.{need.model}: {what} in batches of {need.rows} need about "
                f"{need.gb:.3g} GB: {advice}."
            )


def _answer_tokens(config: Config, state: str) -> int:
    return int(plan.answer_settings(config, state)["max_input_tokens"])


def _training_faults(config: Config, model: str, name: str, limit: float) -> Iterator[str]:
    need = training_need(config, model, name)
    if need is None or need.gb <= limit:
        return
    sizes, count, recipe = shape(config, model), parameters(config, model), config.recipes[name]
    assert sizes is not None and count is not None
    saved = config.models[model].gradient_checkpointing
    ways: list[tuple[str, dict[str, Any]]] = [
        (f"`models.{model}.gradient_checkpointing: true` (which changes no number)", {}),
        (f"`accumulation_steps: {recipe.batch_size}`", {"accumulation_steps": recipe.batch_size}),
        ("`optimizer: adafactor`", {"optimizer": "adafactor"}),
        ("`precision: bf16` and `weights: bf16`", {"precision": "bf16", "weights": "bf16"}),
    ]
    words: list[str] = []
    changed: dict[str, Any] = {}
    advice = "train adapters (`trains: lora`), or a smaller model"
    for way, changes in ways[1 if saved else 0 :]:
        changed |= changes
        words.append(way)
        if (gb := training_gb(sizes, count, recipe.model_copy(update=changed), checkpointing=True)) <= limit:
            advice = f"set {', '.join(words)}, for about {gb:.3g} GB"
            break
    yield f"recipes.{name}, models.{model}: training needs about {need.gb:.3g} GB: {advice}."
