"""The choice of an engine: which may generate is known before a model is there, which does when it is loaded."""

import logging
import sys
from types import SimpleNamespace

import pytest

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.decoder import READERS
from memorization.models.engine import MODEL_TYPES, candidates, choose, engine_module, load_engine

NATIVE, REFERENCE, VLLM = engine_module("native"), engine_module("transformers"), engine_module("vllm")
GREEDY = Decoding(strategy="greedy")
BF16 = Decoding(strategy="greedy", precision="bf16")
PUBLISHED = Decoding(strategy="as_published")


@pytest.mark.parametrize(
    ("chosen", "device", "model_type", "decoding", "expected"),
    [
        ("auto", "auto", "t5", GREEDY, [NATIVE, REFERENCE]),
        ("auto", "cpu", "gpt_neo", Decoding(strategy="sample", top_k=40), [NATIVE, REFERENCE]),
        ("auto", "cpu", "bart", GREEDY, [REFERENCE]),
        ("auto", "auto", None, GREEDY, [NATIVE, REFERENCE]),
        ("auto", "cpu", "t5", BF16, [REFERENCE]),
        ("auto", "cuda", "t5", BF16, [NATIVE, REFERENCE]),
        ("auto", "cpu", "t5", PUBLISHED, [REFERENCE]),
        ("native", "cpu", "t5", GREEDY, [NATIVE]),
        ("native", "cpu", None, GREEDY, [NATIVE]),
        ("native", "cpu", "bart", PUBLISHED, [REFERENCE]),
        ("native", "cpu", "t5", PUBLISHED, [REFERENCE]),
        ("transformers", "cuda", "t5", GREEDY, [REFERENCE]),
        ("vllm", "auto", "llama", GREEDY, [VLLM]),
        ("vllm", "cuda", None, BF16, [VLLM]),
        ("vllm", "cpu", "llama", PUBLISHED, [REFERENCE]),
    ],
)
def test_candidates(chosen: str, device: str, model_type: str | None, decoding: Decoding, expected: list[str]) -> None:
    assert candidates(chosen, device, model_type, decoding) == expected


def test_an_engine_that_does_not_know_the_architecture_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"^compute\.engine: given 'native', which does not know models of type bart, o"
    ):
        candidates("native", "cpu", "bart", GREEDY)


@pytest.mark.parametrize(
    ("device", "model_type", "decoding", "message"),
    [
        ("auto", "t5", GREEDY, "does not know models of type t5, only gemma, "),
        ("cpu", "llama", GREEDY, r"needs a GPU, and compute\.device is 'cpu': use auto\.$"),
        ("cuda", "llama", Decoding(strategy="sample"), "does not draw by this program's numbers"),
    ],
)
def test_vllm_is_refused_where_it_cannot_be_used(
    device: str, model_type: str, decoding: Decoding, message: str
) -> None:
    with pytest.raises(UserError, match=rf"^compute\.engine: given 'vllm', which {message}"):
        candidates("vllm", device, model_type, decoding)


def test_the_first_that_can_is_chosen_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name, fault in (("wrong", "computes other numbers"), ("right", None)):
        monkeypatch.setitem(sys.modules, f"made_up.{name}", SimpleNamespace(fault=lambda model, fault=fault: fault))
    caplog.set_level(logging.INFO)

    assert choose(["made_up.right", "made_up.wrong"], None) == "made_up.right"
    assert caplog.messages == []
    assert choose(["made_up.wrong", "made_up.right"], None) == "made_up.right"
    assert caplog.messages == ["the engine wrong is not used: it computes other numbers"]
    with pytest.raises(
        UserError, match=r"^compute\.engine: given 'wrong', which computes other numbers\. `auto` takes"
    ):
        choose(["made_up.wrong"], None)


def test_the_reference_takes_every_model() -> None:
    assert load_engine(REFERENCE).fault(None) is None


def test_the_architectures_of_the_native_engine_are_stated() -> None:
    assert MODEL_TYPES["native"] == tuple(READERS)
