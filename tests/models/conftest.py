"""What the model tests share."""

from typing import Any

import pytest
from tiny import tiny_tokenizer

from memorization.models import loading


@pytest.fixture(scope="session")
def device() -> Any:
    """The CPU, with torch set up as jobs set it up."""
    return loading.start_torch("cpu", 1)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """A small tokenizer; tests leave it as it is."""
    return tiny_tokenizer()
