"""Memory that training frees and asks for again: kept in the process."""

from __future__ import annotations

import ctypes

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_MOST = 2**31 - 1


def keep_freed_memory() -> None:
    """Keep freed memory for what is allocated next, from now on in this process; nothing where libc is not glibc.

    A step frees hundreds of megabytes and the next one asks for as many. By default each large tensor is a mapping of
    its own, whose pages the kernel fills with zeros one by one.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _MOST)
