"""Engines beside transformers' plain `generate`: tokens per second of processor time, as a Markdown table.

    python benchmarks/generation.py
    python benchmarks/generation.py --model FOLDER --parquet texts.parquet --column text
    python benchmarks/generation.py --shapes t5-base gpt-neo-125m --prompts 16 --tokens 50 --repeats 3

Shapes are models of random weights, whose prompts are random tokens; with a folder, prompts are the first tokens of a
file's texts. Engines take turns in one process, so that other work on the machine concerns all of them alike. Tokens
are counted up to the end of each text. CTranslate2 is measured where it is installed, on models that it can convert.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memorization import storage
from memorization.config.generation import Decoding
from memorization.models import torch_setup
from memorization.models.distribution import plain_configuration
from memorization.models.engine import Prompt, engine_module, load_engine
from memorization.models.engines.transformers import BATCH_SIZE

T5 = {"model_type": "t5", "vocab_size": 32128, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1}
GPT = {"vocab_size": 50257, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
SHAPES: dict[str, dict[str, Any]] = {
    "t5-tiny": T5 | {"d_model": 256, "d_kv": 64, "d_ff": 1024, "num_heads": 4, "num_layers": 2},
    "t5-base": T5 | {"d_model": 768, "d_kv": 64, "d_ff": 3072, "num_heads": 12, "num_layers": 12},
    "gpt2": GPT | {"model_type": "gpt2"},
    "gpt-neo-125m": GPT
    | {
        "model_type": "gpt_neo",
        "hidden_size": 768,
        "num_layers": 12,
        "num_heads": 12,
        "attention_types": [[["global", "local"], 6]],
    },
}

Written = list[list[int]]


def main(arguments: list[str] | None = None) -> None:
    """Measure the engines on each model and print a table."""
    options = parsed(arguments)
    device = torch_setup.start("cpu", options.threads)
    decoding = Decoding.model_validate(
        {"strategy": options.strategy, "top_k": options.top_k, "max_new_tokens": options.tokens}
    )
    print(
        f"{options.prompts} prompts of {options.read} tokens, {options.tokens} tokens written at most, "
        f"{options.strategy}, fp32, {options.threads} thread, {options.repeats} turns, "
        f"{versions('torch', 'transformers')}.\n"
    )
    print("| model | engine | batch | tokens/s of processor time (least to most) | to plain `generate` | equal texts |")
    print("|---|---|---|---|---|---|")
    for name, model, tokens in models(options):
        tokenizer = argparse.Namespace(eos_token_id=1, pad_token_id=0)
        model = model.to(device).eval()
        model.generation_config = plain_configuration(model, tokenizer, decoding)
        with tempfile.TemporaryDirectory() as folder:
            measure(name, programs(model, decoding, Path(folder), options), tokens, options.repeats)


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, help="default: t5-tiny, unless a model is given")
    parser.add_argument("--model", type=Path, help="a folder as transformers writes it")
    parser.add_argument("--parquet", type=Path, help="texts whose first tokens are the model's prompts")
    parser.add_argument("--column", default="text")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--read", type=int, default=50, help="tokens of a prompt")
    parser.add_argument("--tokens", type=int, default=100, help="tokens written at most")
    parser.add_argument("--strategy", choices=("greedy", "sample"), default="greedy")
    parser.add_argument("--top-k", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    if options.shapes is None:
        options.shapes = [] if options.model else ["t5-tiny"]
    if options.model and not options.parquet:
        parser.error("--model needs --parquet, the texts that its prompts are taken from")
    return options


def versions(*packages: str) -> str:
    """The versions of packages, in words."""
    return ", ".join(f"{name} {version}" for name, version in storage.versions(*packages).items())


def models(options: argparse.Namespace) -> Any:
    """Name, model and prompts of each."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    def kind(config: Any) -> Any:
        return AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM

    if options.model:
        import pyarrow.parquet as pq

        tokenizer = AutoTokenizer.from_pretrained(options.model)
        texts = [text for text in pq.ParquetFile(options.parquet).read([options.column])[0].to_pylist() if text]
        encoded = tokenizer(texts[: 4 * options.prompts], add_special_tokens=False, verbose=False)["input_ids"]
        config = AutoConfig.from_pretrained(options.model)
        end = [tokenizer.eos_token_id] if config.is_encoder_decoder else []
        tokens = [ids[: options.read] + end for ids in encoded if len(ids) >= options.read][: options.prompts]
        yield options.model.name, kind(config).from_pretrained(options.model, dtype=torch.float32), tokens
    for name in options.shapes:
        torch.manual_seed(0)
        config = AutoConfig.for_model(**SHAPES[name])
        draws = np.random.default_rng(0).integers(2, config.vocab_size, (options.prompts, options.read))
        yield name, kind(config).from_config(config), draws.tolist()


def programs(
    model: Any, decoding: Decoding, folder: Path, options: argparse.Namespace
) -> dict[tuple[str, str], Callable[[Sequence[Sequence[int]]], Written]]:
    """What is measured, by engine and batch."""

    def engine(name: str, batch_size: int | None) -> Callable[[Sequence[Sequence[int]]], Written]:
        module = load_engine(engine_module(name))
        return lambda tokens: module.generate(
            model, [Prompt(*pair) for pair in enumerate(tokens)], decoding, batch_size, lambda finished: None
        )

    found: dict[tuple[str, str], Callable[[Sequence[Sequence[int]]], Written]] = {}
    if decoding.strategy == "greedy":
        found["plain `generate`", str(BATCH_SIZE)] = lambda tokens: plain(model, tokens, decoding.max_new_tokens)
    found["transformers", str(BATCH_SIZE)] = engine("transformers", BATCH_SIZE)
    found["native", str(BATCH_SIZE)] = engine("native", BATCH_SIZE)
    found["native", "by memory"] = engine("native", None)
    if decoding.strategy == "greedy" and (other := ctranslate2(model, folder, options)) is not None:
        found[f"CTranslate2 {other[0]}", "200"] = other[1]
    return found


def plain(model: Any, tokens: Sequence[Sequence[int]], new: int) -> Written:
    """As one would call transformers: denormal numbers, which a job of the workflow flushes to zero, are kept."""
    import torch

    written: Written = []
    torch.set_flush_denormal(False)
    for start in range(0, len(tokens), BATCH_SIZE):
        ids = torch.tensor(tokens[start : start + BATCH_SIZE])
        sequences = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=new)
        written += sequences[:, 1 if model.config.is_encoder_decoder else ids.shape[1] :].tolist()
    torch.set_flush_denormal(True)
    return written


def ctranslate2(model: Any, folder: Path, options: argparse.Namespace) -> Any:
    """CTranslate2's version and function, where it is installed and knows the model; without its tokenizer."""
    try:
        import ctranslate2 as library
        from ctranslate2.converters import transformers as converters
    except ImportError:
        return None
    loader = converters._MODEL_LOADERS.get(type(model.config).__name__)
    if loader is None:
        return None
    vocabulary = [str(number) for number in range(model.config.vocab_size)]
    loader.get_vocabulary = lambda *_: vocabulary
    tokenizer = argparse.Namespace(
        bos_token="1", eos_token="1", pad_token="0", unk_token="2", convert_ids_to_tokens=str
    )
    specification = loader(model, tokenizer)
    specification.validate()
    specification.save(str(folder))
    threads = {"intra_threads": options.threads, "inter_threads": 1}

    def written(tokens: Sequence[Sequence[int]]) -> Written:
        texts = [[str(token) for token in ids] for ids in tokens]
        if model.config.is_encoder_decoder:
            results = translator.translate_batch(
                texts, beam_size=1, max_batch_size=200, max_decoding_length=options.tokens
            )
            return [[int(token) for token in result.hypotheses[0]] for result in results]
        results = translator.generate_batch(
            texts,
            beam_size=1,
            max_batch_size=200,
            max_length=options.tokens,
            include_prompt_in_result=False,
        )
        return [[int(token) for token in result.sequences[0]] for result in results]

    kind = library.Translator if model.config.is_encoder_decoder else library.Generator
    translator = kind(str(folder), compute_type="float32", **threads)
    return library.__version__, written


def measure(name: str, found: dict[Any, Any], tokens: Sequence[Sequence[int]], repeats: int) -> None:
    """Let the programs take turns, and print their rows of the table."""
    rates: dict[Any, list[float]] = {program: [] for program in found}
    texts: dict[Any, Written] = {}
    for function in found.values():
        # First calls import and allocate.
        function(tokens[:8])
    for _ in range(repeats):
        for program, function in found.items():
            started = time.process_time()
            written = function(tokens)
            seconds = time.process_time() - started
            texts[program] = [text[: text.index(1)] if 1 in text else text for text in written]
            rates[program].append(sum(map(len, texts[program])) / seconds)
    first = next(iter(found))
    for program, rate in rates.items():
        same = sum(one == other for one, other in zip(texts[program], texts[first], strict=True))
        ratio = statistics.median(one / other for one, other in zip(rate, rates[first], strict=True))
        print(
            f"| {name} | {program[0]} | {program[1]} | {statistics.median(rate):,.0f} "
            f"({min(rate):,.0f} to {max(rate):,.0f}) | {ratio:.2f} | {same} of {len(tokens)} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
