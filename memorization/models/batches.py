"""Batches that are halved where the memory of a GPU does not suffice for them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from memorization.errors import UserError

log = logging.getLogger(__name__)

Result = TypeVar("Result")


def in_batches(
    batches: Iterable[list[int]], work: Callable[[list[int]], Result], may_halve: bool
) -> Iterator[tuple[list[int], Result]]:
    """Yield the indices of each batch with what `work` makes of them.

    Where `may_halve` (no result depends on a batch), one that exceeds the GPU's memory is halved, and later ones are
    no larger. UserError where it may not, or where one index is too many.
    """
    import torch

    limit: int | None = None
    for batch in batches:
        todo = deque([batch])
        while todo:
            part = todo.popleft()
            if limit is not None and len(part) > limit:
                todo.extendleft(reversed([part[start : start + limit] for start in range(0, len(part), limit)]))
                continue
            try:
                result = work(part)
            except torch.OutOfMemoryError:
                # Its tensors live as long as the exception: what follows is outside.
                pass
            else:
                yield part, result
                continue
            if len(part) == 1 or not may_halve:
                raise UserError(
                    f"the GPU's memory does not suffice for a batch of {len(part)}: "
                    + ("choose a smaller model or a GPU with more." if may_halve else "lower its size.")
                )
            limit = -(-len(part) // 2)
            log.warning("a batch of %d exceeds the GPU's memory: goes on with batches of %d", len(part), limit)
            torch.cuda.empty_cache()
            todo.appendleft(part)
