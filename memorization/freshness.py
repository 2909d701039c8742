"""Digests of the code that a script reaches: changed code makes its results stale, a changed comment does not.

Snakemake detects changed inputs, parameters and environments, but not a changed module that a script imports. Each rule
therefore has among its parameters the digest of its script and of every module of this package that the script reaches.
Modules that the configuration chooses (a switch of a recipe, an engine, a kind of study) are loaded by name, without an
import: the rule names them. Digests are computed from syntax trees: comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from memorization.errors import UserError

PACKAGE = "memorization"

# In no digest, nor are the modules in them. `config` contains only values, and the values that a stage receives are
# parameters of its rule; `errors` and `progress` change messages, `hub` the number of tries, `lifeline` and `locks` who
# may write, `checksums` what is damaged, never values of results.
EXCLUDED = (
    "memorization.checksums",
    "memorization.config",
    "memorization.errors",
    "memorization.hub",
    "memorization.lifeline",
    "memorization.locks",
    "memorization.progress",
)


def digest(script: Path, root: Path, *modules: str) -> str:
    """The digest (16 hexadecimal digits) of `script`, of `modules` and of all that they reach of the package in `root`.

    `modules` are full names of those that the script loads by name. All imports count, also those inside functions.
    Raises OSError if a file cannot be read and SyntaxError if it is not Python.
    """
    reached = reach(script, root, *modules)
    parts = [f"{script.name}:{_code(script)}"]
    parts += [f"{name}:{_code(_file(name, root))}" for name in sorted(reached)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def check(source: str, root: Path, script: str, *modules: str) -> None:
    """Raise UserError if a script's digest is no longer `source`, under which its result would be recorded."""
    if digest(root / "scripts" / script, root, *modules) != source:
        raise UserError(
            f"the program was changed while the run was at work (scripts/{script}, or a module that it uses). Start "
            "the same command again: it makes anew what the change concerns."
        )


def reach(script: Path, root: Path, *modules: str) -> set[str]:
    """Names of the package's modules that a script imports or loads by name, directly or through other modules."""
    todo = [*_imports(script, root), *(parent for module in modules for parent in _with_packages(module, root))]
    reached: set[str] = set()
    while todo:
        name = todo.pop()
        if name in reached or _is_excluded(name):
            continue
        reached.add(name)
        todo += _imports(_file(name, root), root)
    return reached


def _is_excluded(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in EXCLUDED)


def _with_packages(name: str, root: Path) -> Iterator[str]:
    """The packages above a module, which its import runs too, and the module; nothing if the package lacks it."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        if _is_module(parent := ".".join(parts[:length]), root):
            yield parent


def _file(module: str, root: Path) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_module(name: str, root: Path) -> bool:
    return name.split(".")[0] == PACKAGE and _file(name, root).is_file()


def _imports(file: Path, root: Path) -> tuple[str, ...]:
    return _imported(file, root, _stamp(file))


@cache
def _imported(file: Path, root: Path, stamp: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_modules(ast.parse(file.read_text(encoding="utf-8"), filename=str(file)), root)))


def _modules(tree: ast.Module, root: Path) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from memorization import storage` names a module; `from memorization.storage import read` a function.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            yield from _with_packages(name, root)


def _stamp(file: Path) -> int:
    return file.stat().st_mtime_ns


def _code(file: Path) -> str:
    return _dump(file, _stamp(file))


@cache
def _dump(file: Path, stamp: int) -> str:
    tree = ast.parse(file.read_text(encoding="utf-8"), filename=str(file))
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            # A string as a statement does nothing: it documents a module, class, function, constant or field.
            node.body = [part for part in node.body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
