"""Memory that is freed and asked for again stays in the process."""

import ctypes
import subprocess
import sys

import pytest

# Prints how many pages the kernel hands out while 64 MB are filled and freed four times, after a first time.
PROGRAM = """
import resource, sys
import numpy as np
from memorization.models import allocation
if sys.argv[1] == "kept":
    allocation.keep_freed_memory()
np.ones(8_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    np.ones(8_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc alone gives memory back by that rule")
def test_freed_memory_is_used_again_without_the_kernel() -> None:
    faults = {
        how: int(
            subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True).stdout
        )
        for how in ("kept", "given back")
    }

    assert faults["kept"] < 0.2 * faults["given back"]
