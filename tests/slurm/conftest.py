"""Fixtures of the Slurm tests: a running cluster, or a clear reason why there is none."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster, ClusterUnavailableError, check_machine, slurm_cluster


# First: pytest-xdist reads the mark in its own hook of this name.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process where tests run in parallel: a machine has room for one cluster."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("slurm"))


@contextlib.contextmanager
def skipping_where_impossible() -> Iterator[None]:
    """Turn `ClusterUnavailableError` into a skip, except under `REQUIRE_SLURM=1`.

    Continuous integration sets the variable, so that a missing package is a failure there.
    """
    try:
        yield
    except ClusterUnavailableError as reason:
        if os.environ.get("REQUIRE_SLURM") == "1":
            raise
        pytest.skip(f"no Slurm test cluster here: {reason}")


@pytest.fixture
def slurm_machine() -> None:
    """Skip the test if this machine cannot run a cluster."""
    with skipping_where_impossible():
        check_machine()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A new two-node cluster for one test (it starts in a second or two), so that all its jobs belong to that test."""
    with contextlib.ExitStack() as stack:
        with skipping_where_impossible():
            running = stack.enter_context(slurm_cluster())
        yield running
