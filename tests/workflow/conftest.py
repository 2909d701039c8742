"""Fixtures of the tests of whole runs: a copy of the code, and one finished run of two studies."""

from pathlib import Path

import pytest
import yaml
from runs import Ended, Workplace, copy_of_the_code

SECOND_STUDY = {
    "studies": {
        name: {
            "kind": "memorization",
            "datasets": ["letters"],
            "models": ["small"],
            "states": ["base", "short"],
            "decodings": [decoding],
            "control": name == "drawn",
        }
        for name, decoding in (("small", "short"), ("drawn", "drawn"))
    }
}


# First: pytest-xdist reads the mark in its own hook of this name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep whole runs in one process where tests run in parallel, so that the finished run is made once."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("whole runs"))


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code; a test that edits it restores it."""
    return copy_of_the_code(tmp_path_factory.mktemp("code") / "code")


@pytest.fixture(scope="session")
def first_run(code: Path, small_config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workplace, Ended]:
    """A workplace with a finished run of a greedy and a sampled study, and that run's exit code and output."""
    folder = tmp_path_factory.mktemp("finished")
    both = folder / "both.yaml"
    both.write_text(yaml.safe_dump(SECOND_STUDY), encoding="utf-8")
    workplace = Workplace(code, folder / "work", (small_config, both))
    run = workplace.run()
    assert run.code == 0, run.output
    return workplace, run


@pytest.fixture(scope="session")
def finished(first_run: tuple[Workplace, Ended]) -> Workplace:
    """The finished workplace; for reading and dry runs only: use a `copy` to change something."""
    return first_run[0]
