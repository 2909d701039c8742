"""What the model tests share."""

import sys
from pathlib import Path
from typing import Any

import pytest
from tiny import tiny_tokenizer

from memorization.models import server, torch_setup


@pytest.fixture(scope="session")
def device() -> Any:
    """The CPU, with torch set up as jobs set it up."""
    return torch_setup.start("cpu", 1)


@pytest.fixture(autouse=True)
def _no_denormal_numbers() -> None:
    """As in a job, also for a test whose `device` was set up before."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(True)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """A small tokenizer; tests leave it as it is."""
    return tiny_tokenizer()


@pytest.fixture
def quick_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are tried again at once, and reach this machine without a proxy."""
    monkeypatch.setattr(server, "WAITS", (0.01,) * 3)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model's folder of which only the tokenizer is read."""
    folder = tmp_path_factory.mktemp("model")
    tiny_tokenizer().backend_tokenizer.save(str(folder / "tokenizer.json"))
    return folder
