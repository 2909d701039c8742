"""The engine vLLM, by a stand-in with its signatures: the texts of the reference, and numbers that are compared."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stand_in_vllm
import torch
from tiny import PREFIXES, tiny_model

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.distribution import end_tokens, plain_configuration
from memorization.models.engine import Prompt, choose, engine_module
from memorization.models.engines import transformers, vllm

GREEDY = Decoding(strategy="greedy", max_new_tokens=12)
LONG = Decoding(strategy="greedy", min_new_tokens=8, max_new_tokens=12)


@pytest.fixture
def on_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM is installed, and the CPU is a GPU with a gigabyte."""
    monkeypatch.setitem(sys.modules, "vllm", stand_in_vllm)
    monkeypatch.setattr(stand_in_vllm, "__spec__", object())
    monkeypatch.setattr(vllm, "_free", lambda device: 10**9)


def model_of(name: str, tokenizer: Any, decoding: Decoding = GREEDY) -> Any:
    model = tiny_model(name, tokenizer, spread=0.4)
    model.generation_config = plain_configuration(model, tokenizer, decoding)
    return model


def prompts_of(tokenizer: Any) -> list[Prompt]:
    encoded = tokenizer(PREFIXES, add_special_tokens=False)["input_ids"]
    return [Prompt(number, tokens) for number, tokens in enumerate(encoded)]


@pytest.mark.usefixtures("on_a_card")
@pytest.mark.parametrize("decoding", [GREEDY, LONG], ids=["greedy", "long"])
@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_texts_are_those_of_the_reference(
    name: str, decoding: Decoding, tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "TOGETHER", 3)
    model, prompts = model_of(name, tokenizer, decoding), prompts_of(tokenizer)
    # Some texts end early.
    model.generation_config.eos_token_id = [1, *range(20, 200)]
    ends = end_tokens(model.generation_config)
    finished: list[int] = []

    assert vllm.fault(model) is None
    texts = vllm.generate(model, prompts, decoding, None, finished.append)

    expected = transformers.generate(model, prompts, decoding, 1, lambda _: None)
    assert texts == expected
    assert finished == [3, 3, 1]
    assert any(len(text) < 12 and text[-1] in ends for text in texts)
    assert all(decoding.min_new_tokens < len(text) <= 12 for text in texts)


@pytest.mark.usefixtures("on_a_card")
def test_a_model_is_loaded_once_and_its_folder_removed(
    tokenizer: Any, device: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[str] = []

    class Counted(stand_in_vllm.LLM):
        def __init__(self, model: str, **settings: Any) -> None:
            folders.append(model)
            assert settings["kv_cache_memory_bytes"] < 5 * 10**8
            super().__init__(model, **settings)

    monkeypatch.setattr(stand_in_vllm, "LLM", Counted)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = model_of("llama", tokenizer)

    assert vllm.fault(model) is None
    for _ in range(2):
        vllm.generate(model, prompts_of(tokenizer), GREEDY, None, lambda _: None)

    assert len(folders) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("on_a_card")
@pytest.mark.parametrize("wrong", [1.01, np.nan])
def test_a_model_with_other_numbers_is_refused(
    wrong: float, tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Greedy texts would be equal."""

    class Scaled(stand_in_vllm.LLM):
        def __init__(self, model: str, **settings: Any) -> None:
            super().__init__(model, **settings)
            with torch.no_grad():
                self.loaded.get_output_embeddings().weight.mul_(wrong)

    monkeypatch.setattr(stand_in_vllm, "LLM", Scaled)

    with pytest.raises(UserError, match=r"^compute\.engine: given 'vllm', which computes other numbers with this mod"):
        choose([engine_module("vllm")], model_of("llama", tokenizer))


@pytest.mark.usefixtures("on_a_card")
def test_a_model_that_vllm_does_not_load_is_refused(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **settings: Any) -> None:
        raise ValueError("No available memory for the cache blocks.")

    monkeypatch.setattr(stand_in_vllm, "LLM", refuse)

    assert vllm.fault(model_of("gpt2", tokenizer)) == (
        "cannot load this model (No available memory for the cache blocks.)"
    )


def test_what_it_needs_is_said(tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vllm.fault(model_of("t5", tokenizer)) == "knows decoder-only models alone"
    assert vllm.fault(model_of("llama", tokenizer)) == "needs a GPU"
    monkeypatch.setattr(vllm, "_free", lambda device: 10**9)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert vllm.fault(model_of("llama", tokenizer)).startswith("is not installed here (`pip install vllm==")
