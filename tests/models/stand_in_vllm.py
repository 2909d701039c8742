"""A stand-in for vLLM where it cannot run: the names that the engine uses, with the signatures of vLLM 0.29.0.

They were compared with its source (`entrypoints/llm.py`, `sampling_params.py`, `outputs.py`, `logprobs.py`,
`v1/core/sched/utils.py`). What it computes is computed from the folder that it is given, in a loop without a cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(kw_only=True)
class SamplingParams:
    """vLLM's fields with its defaults, without those of structured outputs and beams."""

    n: int = 1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: int | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    max_tokens: int | None = 16
    min_tokens: int = 0
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    detokenize: bool = True
    skip_special_tokens: bool = True
    include_stop_str_in_output: bool = False


@dataclass
class Logprob:
    logprob: float
    rank: int | None = None
    decoded_token: str | None = None


@dataclass
class CompletionOutput:
    index: int
    text: str
    token_ids: Sequence[int]
    cumulative_logprob: float | None
    logprobs: list[dict[int, Logprob]] | None
    finish_reason: str | None = None
    stop_reason: int | str | None = None


@dataclass
class RequestOutput:
    """Of vLLM's many arguments, those that matter here."""

    prompt_token_ids: list[int]
    outputs: list[CompletionOutput]
    finished: bool = True


class LLM:
    """With the arguments of vLLM's `LLM` and `EngineArgs` that matter here."""

    def __init__(
        self,
        model: str,
        *,
        tokenizer: str | None = None,
        skip_tokenizer_init: bool = False,
        trust_remote_code: bool = False,
        dtype: str = "auto",
        seed: int = 0,
        gpu_memory_utilization: float = 0.92,
        enforce_eager: bool = False,
        kv_cache_memory_bytes: int | None = None,
        generation_config: str = "auto",
        enable_prefix_caching: bool | None = None,
        max_model_len: int | None = None,
        max_logprobs: int = 20,
    ) -> None:
        import torch
        from transformers import AutoModelForCausalLM

        self.skip_tokenizer_init, self.max_logprobs = skip_tokenizer_init, max_logprobs
        self.loaded: Any = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype)).eval()

    def generate(
        self,
        prompts: Sequence[dict[str, Any]],
        sampling_params: SamplingParams | None = None,
        *,
        use_tqdm: bool = True,
        lora_request: Any = None,
        priority: list[int] | None = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        mm_processor_kwargs: dict[str, Any] | None = None,
    ) -> list[RequestOutput]:
        parameters = sampling_params or SamplingParams()
        assert parameters.temperature == 0.0
        assert (parameters.logprobs or 0) <= self.max_logprobs
        # Without a tokenizer there are no texts.
        assert self.skip_tokenizer_init and not parameters.detokenize
        return [
            RequestOutput(prompt["prompt_token_ids"], [self._written(prompt["prompt_token_ids"], parameters)])
            for prompt in prompts
        ]

    def _written(self, prompt: list[int], parameters: SamplingParams) -> CompletionOutput:
        import torch

        ends = set(parameters.stop_token_ids or ())
        if not parameters.ignore_eos:
            ends |= {self.loaded.config.eos_token_id}
        tokens: list[int] = []
        logprobs: list[dict[int, Logprob]] = []
        assert parameters.max_tokens is not None
        while len(tokens) < parameters.max_tokens and not (tokens and tokens[-1] in ends):
            with torch.no_grad():
                scores = self.loaded(input_ids=torch.tensor([[*prompt, *tokens]])).logits[0, -1].float()
            raw = scores.log_softmax(-1)
            if len(tokens) < parameters.min_tokens:
                scores[list(ends)] = -torch.inf
            tokens.append(int(scores.argmax()))
            likeliest = raw.topk(parameters.logprobs or 0).indices.tolist()
            logprobs.append(
                {token: Logprob(float(raw[token]), place + 1) for place, token in enumerate([*likeliest, tokens[-1]])}
            )
        return CompletionOutput(0, "", tokens, None, logprobs if parameters.logprobs is not None else None)
