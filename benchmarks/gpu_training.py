"""Seconds per step of fine-tuning a T5-base on a GPU, and its share of the GPU's peak: eager, in bf16, and compiled.

    python benchmarks/gpu_training.py

The workflow's own trainer is measured, on random tokens at the paper's lengths, from random weights; nothing is
downloaded. Without a GPU it measures a toy, to show that it runs. Operations are counted: the matrix products of a
step, forwards and backwards, whichever kernels compute them.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from memorization.config.models import Recipe
from memorization.models import torch_setup
from memorization.models.examples import Example, Widths, collate
from memorization.models.fitting import NO_CACHE, Trainer, TrainingData
from memorization.models.resumption import Unfinished
from memorization.progress import Progress

T5_BASE = {"d_model": 768, "d_ff": 3072, "num_layers": 12, "num_heads": 12, "d_kv": 64, "vocab_size": 32128}
TOY = {"d_model": 32, "d_ff": 64, "num_layers": 2, "num_heads": 2, "d_kv": 16, "vocab_size": 500}
# Dense bf16, as NVIDIA states it for H100 (SXM) and H200.
PEAK = 989e12


@dataclass(frozen=True)
class Sizes:
    """What is trained: architecture, numbers of tokens read and written, batch sizes, steps of an epoch."""

    architecture: dict[str, int]
    lengths: tuple[int, int]
    batches: list[int]
    steps: int


ON_CARD = Sizes(T5_BASE, (512, 256), [16, 32, 64], 10)
ON_CPU = Sizes(TOY, (24, 12), [2, 4], 2)
PROGRAMS: dict[str, dict[str, Any]] = {
    "bf16, compiled": {"precision": "bf16", "torch_compile": True},
    "bf16, compiled, the library's attention": {"precision": "bf16", "torch_compile": True},
    "bf16, compiled, kernel by kernel": {"precision": "bf16", "torch_compile": True},
    "bf16": {"precision": "bf16"},
    "fp32": {"precision": "fp32"},
}
KERNEL_BY_KERNEL, LIBRARYS = "bf16, compiled, kernel by kernel", "bf16, compiled, the library's attention"
EPOCHS = 3


def main() -> None:
    """Print a Markdown table, one line per program and batch size."""
    parser = argparse.ArgumentParser(description="Seconds per step of a T5-base's fine-tuning on a GPU.")
    parser.add_argument("--seconds", type=float, default=130, help="nothing is begun after so many seconds")
    parser.add_argument("--profile", action="store_true", help="also print where the time of a compiled step goes")
    given = parser.parse_args()
    begun = time.monotonic()
    device = torch_setup.start("auto", 1)
    import torch
    import transformers

    on_card = device.type == "cuda"
    sizes = ON_CARD if on_card else ON_CPU
    name = torch.cuda.get_device_name() if on_card else "CPU (a toy)"
    print(f"{name}; torch {torch.__version__}, transformers {transformers.__version__}")
    read, written = sizes.lengths
    print(f"{read} tokens read, {written} written; {sizes.steps} steps of {EPOCHS} epochs after a first one\n")
    columns = ("program", "batch", "s/step", "examples/s", "TFLOP a step", "TFLOP/s", "share of peak (%)", "GB")
    columns = (*columns, "first epoch (s)", "loss")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    operations = operations_of_example(sizes)
    for batch in sizes.batches:
        for program in PROGRAMS:
            if time.monotonic() - begun < given.seconds:
                try:
                    print(line(program, batch, measured(sizes, batch, program, device), batch * operations), flush=True)
                except Exception:
                    traceback.print_exc()
    if given.profile:
        print(profile(sizes, device))


@dataclass
class Measured:
    """Seconds of the first epoch, seconds per step of each other, gigabytes at the peak, and the last loss."""

    first: float
    steps: list[float]
    gigabytes: float
    loss: float


def line(program: str, batch: int, measured: Measured | None, operations: float) -> str:
    """Cells of a measurement; None: it did not fit."""
    if measured is None:
        return f"| {program} | {batch} | does not fit | | | | | | | |"
    best = min(measured.steps)
    return (
        f"| {program} | {batch} | {best:.4f} to {max(measured.steps):.4f} | {batch / best:.1f} "
        f"| {operations / 1e12:.2f} | {operations / best / 1e12:.1f} | {100 * operations / best / PEAK:.1f} "
        f"| {measured.gigabytes:.1f} | {measured.first:.1f} | {measured.loss:.3f} |"
    )


def measured(sizes: Sizes, batch: int, program: str, device: Any) -> Measured | None:
    """Measure a program; None: it did not fit."""
    import torch

    on_card = device.type == "cuda"
    if on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        trainer = trainer_of(sizes, batch, program, device)
        seconds = []
        with Progress(10**9, "steps", "steps") as progress:
            for _ in range(1 + EPOCHS):
                begun = time.perf_counter()
                # Reads its losses, and so waits for all but the last change of the weights.
                trainer.epoch(progress)
                if on_card:
                    torch.cuda.synchronize()
                seconds.append(time.perf_counter() - begun)
    except torch.OutOfMemoryError:
        return None
    gigabytes = torch.cuda.max_memory_allocated() / 1e9 if on_card else math.nan
    return Measured(seconds[0], [each / sizes.steps for each in seconds[1:]], gigabytes, trainer.reports[-1].loss)


def trainer_of(sizes: Sizes, batch: int, program: str, device: Any) -> Trainer:
    """The workflow's trainer of a random model on random tokens, all of nearly the same lengths."""
    generator = np.random.default_rng(0)
    most = sizes.architecture["vocab_size"]
    # One token less in every other example, so that there is something to mask.
    examples = [
        Example(*(generator.integers(2, most, length - number % 2, dtype=np.int32) for length in sizes.lengths))
        for number in range(batch * sizes.steps)
    ]
    batch_of = partial(collate, pad=0, encoder_decoder=True, widths=Widths.within(examples))
    model = model_of(sizes.architecture).to(device)
    recipe = Recipe.model_validate({"epochs": 1 + EPOCHS, "batch_size": batch, **PROGRAMS[program]})
    data = TrainingData(examples, batch_of, arguments=NO_CACHE)
    trainer = Trainer(model, data, recipe, Unfinished(Path(), "benchmark", minutes=math.inf), "benchmark")
    if program == KERNEL_BY_KERNEL:
        trainer.captured = None
    if program == LIBRARYS:
        for stack in (model.encoder, model.decoder):
            stack.set_attn_implementation("sdpa")
    return trainer


def model_of(architecture: dict[str, int], **changed: Any) -> Any:
    """A T5 with random weights."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    tokens = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    torch.manual_seed(0)
    return AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model("t5", **architecture, **tokens), **changed)


def operations_of_example(sizes: Sizes) -> float:
    """Operations of an example's matrix products, forwards and backwards (2 per multiplication), without computing."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        # Attention as plain products: fused kernels compute some of them twice.
        model = model_of(sizes.architecture, attn_implementation="eager")
        read, written = (torch.ones(1, length, dtype=torch.long) for length in sizes.lengths)
        with FlopCounterMode(display=False) as counter:
            model(input_ids=read, labels=written, use_cache=False).loss.backward()
    return float(counter.get_total_flops())


def profile(sizes: Sizes, device: Any) -> str:
    """Where the time of one epoch of compiled steps goes, at the first batch size."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as profiled

    trainer = trainer_of(sizes, sizes.batches[0], "bf16, compiled", device)
    with Progress(10**9, "steps", "steps") as progress:
        trainer.epoch(progress)
        kinds = [ProfilerActivity.CUDA] if device.type == "cuda" else [ProfilerActivity.CPU]
        with profiled(activities=kinds) as result:
            trainer.epoch(progress)
    column = f"self_{device.type}_time_total"
    return str(result.key_averages().table(sort_by=column, row_limit=25, max_name_column_width=90))


if __name__ == "__main__":
    main()
