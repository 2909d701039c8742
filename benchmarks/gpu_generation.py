"""The engine `native` beside transformers' plain `generate` on a GPU, at T5-base's shape, as a Markdown table.

    PYTHONPATH=. python3 benchmarks/gpu_generation.py
    PYTHONPATH=. python3 benchmarks/gpu_generation.py --toy    # on a CPU, at toy size: tries the code

Weights are random, prompts random tokens of one length, and no text ends before its limit. The bound is what the
memory's bandwidth allows: a step reads the decoder's weights, and the keys and values that are filled; it is compared
with what a copy of a gigabyte reaches on the same card. The first call of each loads the libraries' kernels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from memorization.config.generation import Decoding
from memorization.models.engine import Prompt, engine_module, load_engine

SHAPES: dict[str, dict[str, Any]] = {
    "t5-base": {
        "model_type": "t5",
        "vocab_size": 32128,
        "d_model": 768,
        "d_kv": 64,
        "d_ff": 3072,
        "num_heads": 12,
        "num_layers": 12,
        "decoder_start_token_id": 0,
        "pad_token_id": 0,
        "eos_token_id": 1,
    },
    "gpt-neo-125m": {
        "model_type": "gpt_neo",
        "vocab_size": 50257,
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "attention_types": [[["global", "local"], 6]],
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 1,
    },
}
BATCHES = 4
"""Batches of a call of `native`, which share a graph."""
TOY = {"d_model": 64, "d_kv": 16, "d_ff": 128, "hidden_size": 64, "num_heads": 4, "vocab_size": 500, "num_layers": 2}
TOY_LAYERS = {"attention_types": [[["global", "local"], 1]]}


def main(arguments: list[str] | None = None) -> None:
    """Measure both in fp32 and bf16 and print a table."""
    import torch
    import transformers

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--toy", action="store_true", help="small models, on a CPU where there is no card")
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--rows", type=int, nargs="*", default=[32, 256], help="prompts per batch")
    parser.add_argument("--read", type=int, default=51)
    parser.add_argument("--tokens", type=int, default=100)
    options = parser.parse_args(arguments)
    if not options.toy and not torch.cuda.is_available():
        print("torch sees no GPU here: nothing was measured. `--toy` tries the code on a CPU.")
        return
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    bandwidth = copied_bytes_per_second(device)
    print(
        f"{name}, torch {torch.__version__}, transformers {transformers.__version__}; {options.read} tokens read, "
        f"{options.tokens} written; a copy moves {bandwidth / 1e9:,.0f} GB/s.\n"
    )
    print("| model | precision | batch | program | tokens/s | to plain | of the bound | equal texts | first (s) |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for shape in options.shapes:
        for precision in ("fp32", "bf16"):
            model = made(shape, precision, options.toy).to(device).eval()
            for rows in options.rows:
                measure(shape, precision, model, rows, options, bandwidth)


def copied_bytes_per_second(device: Any) -> float:
    """Bytes read and written per second by a copy of a gigabyte."""
    import torch

    source = torch.ones(1 << (28 if device.type == "cuda" else 22), device=device)
    target = torch.empty_like(source)
    seconds = min(timed(lambda: target.copy_(source), device)[0] for _ in range(5))
    return 2 * source.nbytes / seconds


def timed(work: Callable[[], Any], device: Any) -> tuple[float, Any]:
    """Seconds until the device has done some work, and what came of it."""
    import torch

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    wait()
    started = time.perf_counter()
    result = work()
    wait()
    return time.perf_counter() - started, result


def made(shape: str, precision: str, toy: bool) -> Any:
    """A model of random weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    values = dict(SHAPES[shape])
    if toy:
        values |= {key: value for key, value in TOY.items() if key in values}
        values |= {key: value for key, value in TOY_LAYERS.items() if key in values}
    config = AutoConfig.for_model(values.pop("model_type"), **values)
    torch.manual_seed(0)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    return kind.from_config(config).to({"fp32": torch.float32, "bf16": torch.bfloat16}[precision])


def measure(shape: str, precision: str, model: Any, rows: int, options: Any, bandwidth: float) -> None:
    """Print a row of the table for each program."""
    import torch
    from transformers import GenerationConfig

    decoding = Decoding.model_validate({"strategy": "greedy", "max_new_tokens": options.tokens, "precision": precision})
    encoder_decoder = model.config.is_encoder_decoder
    model.generation_config = GenerationConfig(
        max_new_tokens=options.tokens,
        # No token that a text would end with.
        eos_token_id=None,
        pad_token_id=0,
        decoder_start_token_id=0 if encoder_decoder else None,
    )
    tokens = np.random.default_rng(0).integers(2, model.config.vocab_size, (BATCHES * rows, options.read))
    native = load_engine(engine_module("native"))

    def plain() -> list[list[int]]:
        ids = torch.from_numpy(tokens[:rows]).to(model.device)
        with torch.inference_mode():
            sequences = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids))
        return sequences[:, 1 if encoder_decoder else options.read :].tolist()

    def ours() -> list[list[int]]:
        prompts = [Prompt(*pair) for pair in enumerate(tokens.tolist())]
        return native.generate(model, prompts, decoding, rows, lambda finished: None)

    results = {}
    for program, work, batches in (("plain `generate`", plain, 1), ("native", ours, BATCHES)):
        first, texts = timed(work, model.device)
        results[program] = first, min(timed(work, model.device)[0] for _ in range(2)) / batches, texts[:rows]
    seconds, expected = results["plain `generate`"][1:]
    bound = bytes_read(model, rows, options) / bandwidth
    for program, (first, each, texts) in results.items():
        same = sum(one == other for one, other in zip(texts, expected, strict=True))
        print(
            f"| {shape} | {precision} | {rows} | {program} | {rows * options.tokens / each:,.0f} | "
            f"{seconds / each:.1f} | {bound / each:.0%} | {same} of {rows} | {first:.1f} |",
            flush=True,
        )


def bytes_read(model: Any, rows: int, options: Any) -> float:
    """Bytes that writing a batch reads: weights of the decoder once a step, keys and values that are filled."""
    config = model.config
    stack = model.decoder if config.is_encoder_decoder else model.base_model
    weights = {id(each): each for part in (stack, model.get_output_embeddings()) for each in part.parameters()}
    # Of embeddings that are no head one row is read for each token.
    embeddings = model.get_input_embeddings().weight
    head = model.get_output_embeddings().weight
    if embeddings is not head:
        weights.pop(id(embeddings), None)
    numbers = sum(each.numel() for each in weights.values())
    layers = config.num_layers
    size = config.num_heads * (config.d_kv if config.is_encoder_decoder else config.hidden_size // config.num_heads)
    # Half of what is written, and all of what was read.
    seen = options.read + options.tokens / 2
    return options.tokens * model.dtype.itemsize * (numbers + 2 * layers * size * seen * rows)


if __name__ == "__main__":
    main()
