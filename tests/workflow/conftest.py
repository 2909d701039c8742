"""Fixtures of the tests of whole runs: a copy of the code."""

from pathlib import Path

import pytest
from runs import copy_of_the_code


# First: pytest-xdist reads the mark in its own hook of this name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep whole runs in one process where tests run in parallel, so that they do not compete for the cores."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("whole runs"))


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code; a test that edits it restores it."""
    return copy_of_the_code(tmp_path_factory.mktemp("code") / "code")
