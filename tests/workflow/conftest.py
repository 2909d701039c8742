"""Fixtures of the tests of whole runs: a copy of the code."""

from pathlib import Path

import pytest
from runs import copy_of_the_code


# First: pytest-xdist reads the mark in its own hook of this name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep whole runs in three processes where tests run in parallel: by what they share."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            if item.path.stem in ("test_tiny_paper", "test_whole_paper"):
                group = "the paper"
            elif "first_run" in getattr(item, "fixturenames", ()):
                group = "the finished run"
            else:
                group = "other runs"
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code; a test that edits it restores it."""
    return copy_of_the_code(tmp_path_factory.mktemp("code") / "code")
