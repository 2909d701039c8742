import os

import pytest

from memorization import cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not limit a process to cores")
def test_a_process_that_may_use_one_core_has_one() -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert cores.available() == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert cores.available() == len(allowed)
