"""Generation by this program's own loop: keys and values are allocated once, and finished rows leave.

The library reads the prompts, `decoder` writes token after token. On a CPU a step looks at the places that are filled;
on a GPU it looks at all of them, so that one CUDA graph is every step, and Python starts one operation for a token
instead of hundreds.

Before it is used with a model, its numbers are compared with the library's own (`fault`).

A text does not depend on its batch: a prompt is padded to a width that follows from its own length, batches contain
prompts of one width, and rows are a multiple of ROWS, so that every sum has the same order (on a CPU to the last bit,
which tests compare).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from memorization.config.generation import Decoding
from memorization.models.batches import in_batches
from memorization.models.decoder import READERS, Cache, decoder_of, packed, read, read_prompts, with_places
from memorization.models.distribution import end_tokens
from memorization.models.draws import drawn_tokens, highest, refuse_broken, streams
from memorization.models.engine import Prompt
from memorization.models.padding import padded
from memorization.models.prefixes import position_limit

PACKAGES = ("torch", "transformers")
ROWS = 16
ROWS_AT_MOST = {"cpu": 256, "cuda": 1024}
"""More rows in a batch win nothing: what a step reads beside the weights no longer fits into a CPU's cache."""
CPU_BYTES = 1 << 30
"""Memory that a batch's keys, values and scores may take on a CPU."""
LARGEST_DIFFERENCE = (1e-3, 1.0)
"""Between log-probabilities of this engine and of the library, in fp32 and bf16, with which a model is accepted."""
TRIED_LENGTHS, TRIED_TOKENS = (3, 9, 12), 4
GPU_PART = 4
"""Part of a GPU's free memory for a batch, whose tensors are there twice while they are copied into a graph's."""
LEFT = 0.95
"""Share of a batch's rows to which those that go on are copied."""
CHECKED = 8
"""Steps on a GPU until finished rows are counted, for which Python waits."""


def generate(
    model: Any,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    batch_size: int | None,
    advance: Callable[[int], None],
) -> list[list[int]]:
    """The token ids after each prompt, as `Engine.generate` specifies them."""
    import torch

    writer = _Writer(model, decoding)
    groups = _groups(prompts, drawn=decoding.strategy == "sample")
    texts: list[list[int]] = [[] for _ in prompts]

    def write(chosen: list[int]) -> list[list[int]]:
        try:
            return writer.write([prompts[groups[each][0]] for each in chosen])
        except torch.OutOfMemoryError:
            # A smaller batch follows, and needs what the graph of an earlier one keeps.
            writer.graphs.clear()
            raise

    firsts = [(each, prompts[members[0]].tokens) for each, members in enumerate(groups)]
    batches = _batches(firsts, writer.width, lambda width: writer.rows(width, batch_size))
    with torch.inference_mode(), packed(model):
        for chosen, written in in_batches(batches, write, may_halve=decoding.precision == "fp32"):
            for each, tokens in zip(chosen, written, strict=True):
                for index in groups[each]:
                    texts[index] = tokens
            advance(sum(len(groups[each]) for each in chosen))
    return texts


def fault(model: Any) -> str | None:
    """Why a loaded model cannot be used, as `Engine.fault` specifies it."""
    import torch

    config, configuration = model.config, model.generation_config
    if config.model_type not in READERS:
        return f"does not know models of type {config.model_type}, only {', '.join(READERS)}"
    if configuration.forced_bos_token_id is not None:
        return "knows no forced first token (`forced_bos_token_id`)"
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type", "default") not in ("default", "linear", "llama3"):
        return f"does not know rotary positions of type {rope['rope_type']}"
    if model.device.type == "cpu" and model.dtype == torch.bfloat16:
        return "does not compute in bf16 on a CPU"
    with torch.inference_mode():
        difference = _difference(model)
    allowed = LARGEST_DIFFERENCE[model.dtype == torch.bfloat16]
    if not difference <= allowed:
        return f"computes other numbers with this model (log-probabilities differ by {difference:.2g}, over {allowed})"
    return None


def _difference(model: Any) -> float:
    """The largest difference of log-probabilities between this engine's numbers and those of the library's own pass.

    Of prompts of random tokens, of different lengths, and of a few tokens after them.
    """
    import torch

    decoder, device, encoder_decoder = decoder_of(model), model.device, bool(model.config.is_encoder_decoder)
    draws = np.random.default_rng(0)
    vocabulary = model.config.get_text_config().vocab_size
    prompts = [draws.integers(0, vocabulary, length) for length in TRIED_LENGTHS]
    tokens = torch.from_numpy(draws.integers(0, vocabulary, (len(prompts), TRIED_TOKENS))).to(device)
    ids, mask = (torch.from_numpy(array).to(device) for array in padded(prompts, 0, left=not encoder_decoder))
    start = model.generation_config.decoder_start_token_id
    with packed(model):
        cache, scores = read_prompts(model, decoder, ids, mask, start)
        filled = cache.own[0][0].shape[2]
        cache = with_places(decoder, cache, filled + TRIED_TOKENS)
        found = [scores]
        for step in range(TRIED_TOKENS):
            place = torch.full((1,), filled + step, device=device)
            found.append(read(decoder, cache, tokens[:, step], place, filled + step + 1))
    largest = 0.0
    for row, prompt in enumerate(prompts):
        alone = torch.from_numpy(prompt)[None].to(device)
        if encoder_decoder:
            starts = torch.full((1, 1), start, device=device)
            logits = model(input_ids=alone, decoder_input_ids=torch.cat([starts, tokens[row : row + 1]], 1)).logits
        else:
            logits = model(input_ids=torch.cat([alone, tokens[row : row + 1]], 1)).logits[:, len(prompt) - 1 :]
        expected = logits[0].float().log_softmax(-1)
        given = torch.stack([scores[row] for scores in found]).float().log_softmax(-1)
        largest = max(largest, float((expected - given).abs().max()))
    return largest


def _groups(prompts: Sequence[Prompt], drawn: bool) -> list[list[int]]:
    """Indices of prompts that have one text: greedily, all with the same tokens."""
    groups: dict[Any, list[int]] = {}
    for index, prompt in enumerate(prompts):
        groups.setdefault(index if drawn else tuple(prompt.tokens), []).append(index)
    return list(groups.values())


def _batches(
    prompts: Sequence[tuple[int, Sequence[int]]], width: Callable[[int], int], rows: Callable[[int], int]
) -> Iterator[list[int]]:
    """The numbers of the prompts of each batch, which have one width; equal ones are side by side."""
    order = sorted((width(len(tokens)), tuple(tokens), number) for number, tokens in prompts)
    for wide, group in groupby(order, lambda each: each[0]):
        numbers, size = [number for _, _, number in group], rows(wide)
        for start in range(0, len(numbers), size):
            yield numbers[start : start + size]


def _width(tokens: int) -> int:
    """The width to which a prompt of so many tokens is padded: an eighth more at most, or the next multiple of 8."""
    step = max(8, 1 << max(0, (tokens - 1).bit_length() - 4))
    return step * max(1, -(-tokens // step))


def _whole(rows: int) -> int:
    """So many rows, as a multiple of ROWS."""
    return -(-rows // ROWS) * ROWS


@dataclass
class _Batch:
    """Rows that are written together: the tokens that are read next, their place, and what is written so far."""

    cache: Cache
    tokens: Any
    place: Any
    step: Any
    texts: Any
    finished: Any
    broken: Any
    uniforms: Any

    def tensors(self) -> list[Any]:
        """All of its tensors, in one order."""
        parts = [self.tokens, self.place, self.step, self.texts, self.finished, self.broken, self.cache.first]
        pairs = [part for pair in (*self.cache.own, *self.cache.cross) for part in pair]
        return [*parts, *pairs, *(part for part in (self.uniforms, self.cache.cross_mask) if part is not None)]

    def rows(self, kept: Any) -> _Batch:
        """The same of the rows with these indices."""
        return _Batch(
            self.cache.rows(kept),
            self.tokens[kept],
            self.place,
            self.step,
            self.texts[kept],
            self.finished[kept],
            self.broken[kept],
            None if self.uniforms is None else self.uniforms[kept],
        )


class _Writer:
    """A model that writes under one decoding."""

    def __init__(self, model: Any, decoding: Decoding) -> None:
        import torch

        self.model, self.decoding, self.decoder, self.device = model, decoding, decoder_of(model), model.device
        self.on_gpu = self.device.type == "cuda"
        self.configuration = model.generation_config
        self.limit: int = self.configuration.max_new_tokens
        self.ends = torch.tensor(end_tokens(self.configuration), dtype=torch.int64, device=self.device)
        self.drawn = decoding.strategy == "sample"
        self.graphs: dict[tuple[int, int], tuple[_Batch, Any]] = {}
        # One for all graphs: libraries keep memory for each.
        self.aside: Any = torch.cuda.Stream() if self.on_gpu else None  # type: ignore[no-untyped-call]

    def width(self, tokens: int) -> int:
        """The width to which a prompt of so many tokens is padded, within the model's positions."""
        width, limit = _width(tokens), position_limit(self.model)
        return width if limit is None else max(tokens, min(width, limit))

    def rows(self, width: int, batch_size: int | None) -> int:
        """Rows of a batch of prompts of that width: as stated, or as memory suffices for; a multiple of ROWS."""
        import torch

        if self.decoding.precision == "bf16" and batch_size is not None:
            # Texts depend on it, and must not depend on the memory that is free.
            return _whole(batch_size)
        config, size = self.model.config, self.model.dtype.itemsize
        read_and_written = 2 * (width + self.limit) * len(self.decoder.blocks) * self.decoder.heads * self.decoder.size
        # A draw needs sorted copies of the scores, and sums in double precision.
        scores = config.get_text_config().vocab_size * (8 if self.drawn else 2)
        free = torch.cuda.mem_get_info(self.device)[0] // GPU_PART if self.on_gpu else CPU_BYTES
        most = min(free // (size * (read_and_written + scores)), batch_size or ROWS_AT_MOST[self.device.type])
        return max(ROWS, _whole(most) if most == batch_size else most // ROWS * ROWS)

    def write(self, prompts: Sequence[Prompt]) -> list[list[int]]:
        """The tokens that are written after each of these prompts, which have one width."""
        batch = self._begin(prompts)
        texts = np.empty((len(prompts), self.limit), dtype=np.int64)
        if self.on_gpu:
            self._replay(batch)
            texts[:] = batch.texts[: len(prompts)].cpu().numpy()
        else:
            self._step_by_step(batch, texts)
        return texts.tolist()

    def _begin(self, prompts: Sequence[Prompt]) -> _Batch:
        """The prompts read, and the first token chosen; copies of the first prompt fill the rows up."""
        import torch

        filled = [*prompts, *[prompts[0]] * (-len(prompts) % ROWS)]
        numbers: dict[tuple[int, ...], int] = {}
        # Several draws of one prompt read it once.
        row_of = [numbers.setdefault(tuple(prompt.tokens), len(numbers)) for prompt in filled]
        distinct = [*numbers, *[next(iter(numbers))] * (-len(numbers) % ROWS)]
        left = not self.model.config.is_encoder_decoder
        width = self.width(len(prompts[0].tokens))
        ids, mask = (
            torch.from_numpy(array).to(self.device)
            for array in padded(distinct, self.configuration.pad_token_id, left=left, length=width)
        )
        start = self.configuration.decoder_start_token_id
        cache, scores = read_prompts(self.model, self.decoder, ids, mask, start)
        filled_places = width if left else 1
        if len(numbers) < len(filled):
            kept = torch.tensor(row_of, device=self.device)
            cache, scores = cache.rows(kept), scores[kept]
        places = filled_places + self.limit - 1
        cache = with_places(self.decoder, cache, -(-places // 8) * 8)
        rows = len(filled)
        uniforms = None
        if self.drawn:
            drawn = streams(self.decoding, [prompt.probe for prompt in filled], self.limit)
            uniforms = torch.from_numpy(drawn).to(self.device)

        def integers(*shape: int) -> Any:
            return torch.zeros(shape, dtype=torch.int64, device=self.device)

        finished, broken = (torch.zeros(rows, dtype=torch.bool, device=self.device) for _ in range(2))
        # Rows that only fill up are finished from the start.
        finished[len(prompts) :] = True
        place = integers(1) + filled_places
        batch = _Batch(
            cache, integers(rows), place, integers(1), integers(rows, self.limit), finished, broken, uniforms
        )
        self._choose(batch, scores)
        return batch

    def _step(self, batch: _Batch, seen: int) -> None:
        """Read the last tokens and choose the next ones, in the batch's own tensors."""
        scores = read(self.decoder, batch.cache, batch.tokens, batch.place, seen)
        batch.place += 1
        self._choose(batch, scores)

    def _choose(self, batch: _Batch, scores: Any) -> None:
        import torch

        scores = scores.float()
        if self.configuration.min_new_tokens:
            blocked = torch.zeros_like(scores[0]).index_fill_(0, self.ends, -math.inf)
            scores = scores + torch.where(batch.step < self.configuration.min_new_tokens, blocked, 0.0)
        most, tokens = highest(scores)
        batch.broken |= ~(most < math.inf)
        if self.drawn:
            tokens = drawn_tokens(scores, self.decoding, batch.uniforms.index_select(1, batch.step))
        batch.tokens.copy_(tokens)
        batch.texts.index_copy_(1, batch.step, tokens[:, None])
        batch.finished |= (tokens[:, None] == self.ends).any(dim=1)
        batch.step += 1

    def _step_by_step(self, batch: _Batch, texts: np.ndarray) -> None:
        """Write until all rows are finished; those that are leave the batch, where that is worth a copy of it."""
        import torch

        indices = torch.arange(len(texts))
        for step in range(1, self.limit + 1):
            refuse_broken(batch.broken)
            going_on = (~batch.finished).nonzero()[:, 0]
            last = step == self.limit or not len(going_on)
            if last or _whole(len(going_on)) <= len(batch.tokens) * LEFT:
                texts[indices] = batch.texts[: len(indices)]
                if last:
                    return
                indices = indices[going_on]
                fillers = batch.finished.nonzero()[: -len(going_on) % ROWS, 0]
                batch = batch.rows(torch.cat([going_on, fillers]))
            self._step(batch, int(batch.place) + 1)

    def _graph(self, batch: _Batch, places: int) -> Any:
        """A CUDA graph of a step in this batch's tensors, which are left as they are."""
        import torch

        mode = torch.get_deterministic_debug_mode()
        # Indices that are all different need no sorting, which the deterministic form of `index_copy_` begins with.
        torch.set_deterministic_debug_mode("default")
        changed = [batch.tokens, batch.place, batch.step, batch.texts, batch.finished, batch.broken]
        kept = [part.clone() for part in changed]
        try:
            self.aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.aside):
                # Libraries allocate when they are called first.
                self._step(batch, places)
            torch.cuda.current_stream().wait_stream(self.aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=self.aside):
                self._step(batch, places)
        finally:
            # Also where memory does not suffice, and a smaller batch follows.
            torch.set_deterministic_debug_mode(mode)
        for one, other in zip(changed, kept, strict=True):
            one.copy_(other)
        return graph

    def _replay(self, batch: _Batch) -> None:
        """Write until all rows are finished, by one CUDA graph for all steps, and for all batches of one shape."""
        if self.limit == 1:
            # The first token is there, and a step would write behind it.
            refuse_broken(batch.broken)
            return
        places = batch.cache.own[0][0].shape[2]
        shape = (len(batch.tokens), places if batch.cache.cross_mask is None else batch.cache.cross_mask.shape[-1])
        if shape in self.graphs:
            static, graph = self.graphs[shape]
            for one, other in zip(static.tensors(), batch.tensors(), strict=True):
                one.copy_(other)
        else:
            # One at a time, because each keeps its batch.
            self.graphs.clear()
            static, graph = self.graphs[shape] = (batch, self._graph(batch, places))
        for step in range(1, self.limit):
            graph.replay()
            if step % CHECKED == 0 and bool(static.finished.all()):
                break
        refuse_broken(static.broken)
        batch.texts.copy_(static.texts)
