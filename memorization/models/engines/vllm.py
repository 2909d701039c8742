"""Generation by vLLM on a GPU, for decoder-only models, where it is installed.

Greedy texts alone: it does not draw by this program's numbers. The loaded model, with what is merged into it, is
written to a temporary folder, from which vLLM loads it, so that its weights are in the GPU's memory twice. Its numbers
are compared with the library's own before it is used (`fault`). It decides by itself what is computed together, so that
of two tokens that are nearly as likely another may be written beside other prompts.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from memorization.config.generation import Decoding
from memorization.models.distribution import end_tokens
from memorization.models.engine import Prompt

PACKAGES = ("torch", "transformers", "vllm")
LARGEST_DIFFERENCE = (1e-3, 1.0)
"""Between log-probabilities of this engine and of the library, in fp32 and bf16, with which a model is accepted."""
TRIED_LENGTHS, TRIED_TOKENS, TRIED_SCORES = (3, 9, 12), 4, 20
TOGETHER = 1000
"""Prompts that are handed over at once, after which progress is shown."""

_loaded: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()


def fault(model: Any) -> str | None:
    """Why a loaded model cannot be used, as `Engine.fault` specifies it."""
    import torch

    if model.config.is_encoder_decoder:
        return "knows decoder-only models alone"
    if _free(model.device) is None:
        return "needs a GPU"
    if importlib.util.find_spec("vllm") is None:
        return "is not installed here (`pip install vllm==0.29.0` keeps PyTorch, and replaces Numba)"
    try:
        difference = _difference(model)
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        return f"cannot load this model ({' '.join(str(error).split())[:300]})"
    allowed = LARGEST_DIFFERENCE[model.dtype == torch.bfloat16]
    if not difference <= allowed:
        return f"computes other numbers with this model (log-probabilities differ by {difference:.2g}, over {allowed})"
    return None


def generate(
    model: Any,
    prompts: Sequence[Prompt],
    decoding: Decoding,
    batch_size: int | None,
    advance: Callable[[int], None],
) -> list[list[int]]:
    """The token ids after each prompt, as `Engine.generate` specifies them, for greedy decodings."""
    configuration = model.generation_config
    texts: list[list[int]] = []
    for start in range(0, len(prompts), TOGETHER):
        part = prompts[start : start + TOGETHER]
        outputs = _written(
            model,
            [list(prompt.tokens) for prompt in part],
            max_tokens=configuration.max_new_tokens,
            min_tokens=configuration.min_new_tokens or 0,
            stop_token_ids=end_tokens(configuration),
        )
        texts += [list(output.token_ids) for output in outputs]
        advance(len(part))
    return texts


def _free(device: Any) -> int | None:
    """Free bytes of a GPU; None for a CPU."""
    import torch

    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def _written(model: Any, prompts: Sequence[list[int]], **settings: Any) -> list[Any]:
    """What vLLM writes greedily after the tokens of each prompt: objects with `token_ids` and `logprobs`."""
    from vllm import SamplingParams

    # Its end tokens are those that are named, and texts are made elsewhere.
    parameters = SamplingParams(temperature=0.0, ignore_eos=True, detokenize=False, **settings)
    given = [{"prompt_token_ids": tokens} for tokens in prompts]
    return [result.outputs[0] for result in _engine(model).generate(given, parameters, use_tqdm=False)]


def _engine(model: Any) -> Any:
    """vLLM's engine with the weights of a loaded model, made once."""
    if model not in _loaded:
        # In this process, which holds the card and whose end is that of its job.
        os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
        from vllm import LLM

        free = _free(model.device) or 0
        weights = sum(parameter.nbytes for parameter in model.parameters())
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            _loaded[model] = LLM(
                folder,
                skip_tokenizer_init=True,
                dtype=str(model.dtype).removeprefix("torch."),
                generation_config="vllm",
                # A prompt that begins as another one is computed as if it were alone.
                enable_prefix_caching=False,
                kv_cache_memory_bytes=max(0, free - weights) // 2,
            )
    return _loaded[model]


def _difference(model: Any) -> float:
    """The largest difference of log-probabilities between this engine's numbers and those of the library's own pass.

    Of the likeliest tokens behind prompts of random tokens, of different lengths, and behind a few tokens after them.
    """
    import torch

    draws = np.random.default_rng(0)
    vocabulary = model.config.get_text_config().vocab_size
    prompts = [draws.integers(0, vocabulary, length).tolist() for length in TRIED_LENGTHS]
    differences = []
    for prompt, output in zip(
        prompts, _written(model, prompts, max_tokens=TRIED_TOKENS, logprobs=TRIED_SCORES), strict=True
    ):
        ids = torch.tensor([[*prompt, *output.token_ids]], device=model.device)
        with torch.inference_mode():
            expected = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float().log_softmax(-1).cpu()
        for row, scores in zip(expected, output.logprobs, strict=True):
            differences += [abs(each.logprob - float(row[token])) for token, each in scores.items()]
    # Of numbers and no numbers, this is no number.
    return float(np.max(differences))
