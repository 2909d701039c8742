"""What takes seconds to import: hidden where it is not needed, and loaded early where one process does it for many.

A module whose functions import a library only when they need it has a function `preload`, which imports it all; the
server that forks itself for jobs (`fork_server`) calls it.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import sys
import types
from collections.abc import Iterator

# Libraries that Arrow, NLTK and transformers import where they find them, for what is not used here.
OPTIONAL = ("matplotlib", "pandas", "scipy", "sklearn")

# Read by libraries when they are loaded. A fixed number of threads gives a fixed order of floating-point sums.
ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "MKL_DYNAMIC": "FALSE",
    "OMP_DYNAMIC": "FALSE",
    "TOKENIZERS_PARALLELISM": "false",
}


@contextlib.contextmanager
def without_optional(library: str) -> Iterator[None]:
    """Let a library that is imported here find no optional ones, unless these are loaded already.

    A library that is loaded already has looked for them, and is left alone.
    """
    hidden = [] if library in sys.modules else [name for name in OPTIONAL if name not in sys.modules]
    # None makes an import of that name fail, which is expected of an optional library.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Missing(importlib.abc.MetaPathFinder):
    def __init__(self, name: str) -> None:
        self.name = name

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == self.name:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


@contextlib.contextmanager
def missing(name: str) -> Iterator[None]:
    """Let an import of `name` fail: `without_optional` for compiled modules, which take None for the module itself."""
    finder = _Missing(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _WhenUsed(types.ModuleType):
    def __getattr__(self, attribute: str) -> object:
        sys.modules.pop(self.__name__, None)
        return getattr(importlib.import_module(self.__name__), attribute)


def when_used(name: str) -> None:
    """Let a module that is imported from now on be loaded when something in it is used; nothing if it is loaded."""
    # Not `importlib.util.LazyLoader`, whose modules are loaded by the import itself before Python 3.12.
    sys.modules.setdefault(name, _WhenUsed(name))


def preload() -> None:
    """Call `preload` of every module of this package that is loaded and has one."""
    for name, module in sorted(sys.modules.items()):
        if name.startswith("memorization.") and name != __name__ and hasattr(module, "preload"):
            module.preload()
