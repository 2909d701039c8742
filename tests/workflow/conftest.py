"""Fixtures of the tests of whole runs: a copy of the code."""

from pathlib import Path

import pytest
from runs import copy_of_the_code


# First: pytest-xdist reads the mark in its own hook of this name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep whole runs in two processes where tests run in parallel: the paper's, and the others, which share one."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            paper = item.path.stem in ("test_tiny_paper", "test_whole_paper")
            item.add_marker(pytest.mark.xdist_group("the paper" if paper else "whole runs"))


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code; a test that edits it restores it."""
    return copy_of_the_code(tmp_path_factory.mktemp("code") / "code")
