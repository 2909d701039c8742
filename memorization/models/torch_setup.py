"""Torch and transformers: imported without what is not needed here, and set up for repeatable results."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import types
from collections.abc import Iterator
from typing import Any

from memorization.errors import UserError
from memorization.imports import ENVIRONMENT, without_optional


def start(device: str, threads: int) -> Any:
    """Set torch up for repeatable results and return the `torch.device` for `auto`, `cpu` or `cuda`.

    UserError where a GPU is required and there is none.
    """
    os.environ.update(ENVIRONMENT)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    preload()
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("compute.device: given 'cuda', and torch sees no GPU here; allowed here: auto, cpu.")
    torch.set_num_threads(threads)
    # Numbers under 1e-38, as attention leaves many of, are handled by the processor's microcode, ten times as slowly as
    # others, and are too small to change a sum that is not as small itself. Threads that start later do so, too.
    torch.set_flush_denormal(True)
    # Like `use_deterministic_algorithms`, which would also import a compiler that is not used here, in two seconds.
    torch.set_deterministic_debug_mode("warn")
    # Otherwise every new tensor would first be filled with NaN, to reveal reads of memory that was never written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return torch.device(chosen)


@functools.cache
def preload() -> None:
    """Import torch and what of transformers every model needs, without what few models need."""
    with without_optional("transformers"), _without_compiler():
        import transformers.generation.utils
        import transformers.modeling_utils  # noqa: F401
        from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer  # noqa: F401


@contextlib.contextmanager
def _without_compiler() -> Iterator[None]:
    """Let transformers be imported without torch's compiler and its parts for several processes: a third of the time.

    It marks functions for the compiler, none of which is called here, and names one of its classes, which is loaded
    when it is called. What is loaded already, or later, is left alone.
    """
    import torch

    name, part = "torch._dynamo", "torch._dynamo._trace_wrapped_higher_order_op"
    if name in sys.modules or "transformers.modeling_utils" in sys.modules:
        yield
        return
    classes = types.ModuleType(part)
    classes.TransformGetItemToIndex = _index_transform  # type: ignore[attr-defined]
    has_processes = torch.distributed.is_available
    sys.modules.update({name: _Marks(name), part: classes})
    torch.distributed.is_available = lambda: False
    try:
        yield
    finally:
        torch.distributed.is_available = has_processes
        for each in (name, part):
            del sys.modules[each]


class _Marks(types.ModuleType):
    """A module of decorators that return the function."""

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return lambda function=None, *_, **__: function or (lambda marked: marked)


def _index_transform() -> Any:
    from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex

    return TransformGetItemToIndex()
