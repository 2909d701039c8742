"""Digests of the code that a script reaches: changed code makes its results stale, a changed comment does not.

Snakemake detects changed inputs, parameters and environments, but not a changed module that a script imports. Each rule
therefore has among its parameters the digest of its script and of every module of this package that the script reaches.
Modules that the configuration chooses (a switch of a recipe, an engine, a kind of study) are loaded by name, without an
import: the rule names them. Digests are computed from syntax trees: comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from memorization.errors import UserError

PACKAGE = "memorization"
# In the results folder: what is known of files of code.
PLACE = ".code.json"

# In no digest, nor are the modules in them. `config` contains only values, and the values that a stage receives are
# parameters of its rule; `errors` and `progress` change messages, `hub` the number of tries, `imports` how long a start
# takes, `lifeline` and `locks` who may write, `checksums` what is damaged, never values of results.
EXCLUDED = (
    "memorization.checksums",
    "memorization.config",
    "memorization.errors",
    "memorization.hub",
    "memorization.imports",
    "memorization.lifeline",
    "memorization.locks",
    "memorization.progress",
)


# What is known of files of code (`_facts`), and how much of it a file of `remember` has.
_known: dict[str, tuple[list[int], str, list[str]]] = {}


def recall(place: Path) -> None:
    """Take what another process remembered, if it was of this Python: syntax trees differ between versions."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        remembered = json.loads(place.read_bytes())
        if remembered["python"] == sys.version:
            _known.update((file, (list(stamp), code, imports)) for file, (stamp, code, imports) in remembered["files"])


def remember(place: Path) -> None:
    """Write what is known of files of code, for other processes, unless the file says it already."""
    text = json.dumps({"python": sys.version, "files": [[file, list(facts)] for file, facts in _known.items()]})
    # A disk that takes nothing is the run's to report.
    with contextlib.suppress(OSError, UserError):
        if not place.is_file() or place.read_text(encoding="utf-8") != text:
            from memorization.storage import write_text

            place.parent.mkdir(parents=True, exist_ok=True)
            write_text(place, text)


def digest(script: Path, root: Path, *modules: str) -> str:
    """The digest (16 hexadecimal digits) of `script`, of `modules` and of all that they reach of the package in `root`.

    `modules` are full names of those that the script loads by name. All imports count, also those inside functions.
    Raises OSError if a file cannot be read and SyntaxError if it is not Python.
    """
    reached = reach(script, root, *modules)
    parts = [f"{script.name}:{_code(script, root)}"]
    parts += [f"{name}:{_code(_file(name, root), root)}" for name in sorted(reached)]
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


def _imports(file: Path, root: Path) -> list[str]:
    return _facts(file, root)[2]


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


def _code(file: Path, root: Path) -> str:
    return _facts(file, root)[1]


def _facts(file: Path, root: Path) -> tuple[list[int], str, list[str]]:
    """Size and time of a file, the digest of its code, and the modules that it imports; remembered while it is so."""
    status, place = file.stat(), str(file)
    stamp = [status.st_size, status.st_mtime_ns]
    known = _known.get(place)
    if known is None or known[0] != stamp:
        tree = ast.parse(file.read_text(encoding="utf-8"), filename=place)
        imports = list(dict.fromkeys(_modules(tree, root)))
        known = _known[place] = (stamp, hashlib.sha256(_dump(tree).encode()).hexdigest(), imports)
    return known


def _dump(tree: ast.Module) -> str:
    """The code of a module without what documents it."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            # A string as a statement does nothing: it documents a module, class, function, constant or field.
            node.body = [part for part in node.body if not _is_text(part)]
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
