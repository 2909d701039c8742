"""Reads a YAML file as YAML 1.2 does, within bounds; whatever is wrong with it is one message that names the line.

PyYAML knows YAML 1.1, where `010` is 8, `1:30` is 90, `no` is false and `2020-99-99` an error. Here numbers are
decimal, `true` and `false` are the only booleans, there are no dates, and everything else is text.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from memorization.errors import UserError

BYTES = 1_000_000
# What a file may contain, with its aliases written out: without a bound, thirty lines of them can stand for any number.
DEPTH, VALUES, DIGITS = 50, 100_000, 18

# `25_000` is 25000, as it has always been here, though YAML 1.2 has no such spelling.
_WHOLE = re.compile(r"[-+]?(0|[1-9](_?[0-9])*)$")
_DECIMAL = re.compile(r"[-+]?([0-9](_?[0-9])*(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+$")
# The tag of what is neither quoted nor tagged.
_PLAIN = "plain"
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHING = ("", "~", "null", "Null", "NULL")
# Characters that no text of a configuration contains: control characters and lone surrogates, which no file can hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read(file: Path) -> Any:
    """The value that a YAML file contains; None if it is empty.

    Raises UserError with file and line if the file cannot be read, is not UTF-8 or no valid YAML, contains a key twice,
    or is larger or deeper than any configuration.
    """
    try:
        state = file.stat()
        if not stat.S_ISREG(state.st_mode):
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "no regular file, and every job reads it again"
            raise UserError(f"{file}: cannot be read: it is {kind}.")
        if state.st_size > BYTES:
            raise UserError(f"{file}: cannot be read: {state.st_size:,} bytes; a configuration has at most {BYTES:,}.")
        content = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{file}: no such configuration file.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{file}: cannot be read: line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save it as UTF-8."
        ) from None
    try:
        node = _Composer(text).get_single_node()
        return None if node is None else _value(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context
        if "\\t" in problem:
            problem += "; indent with spaces, not with tabs"
        raise UserError(f"{file}: not valid YAML: line {mark.line + 1}: {problem}.") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UserError(f"{file}: not valid YAML: line {line}: the character {_code(error.character)}.") from None


def resolved(value: Any, where: str) -> Any:
    """A value of the command line, whose plain words Snakemake leaves as texts inside of `{...}` and `[...]`.

    Raises UserError, which `where` begins, for texts that no file can hold.
    """
    if isinstance(value, Mapping):
        return {_checked(str(key), where): _inner(item, where) for key, item in value.items()}
    if isinstance(value, list):
        return [_inner(item, where) for item in value]
    return _checked(value, where) if isinstance(value, str) else value


def _inner(value: Any, where: str) -> Any:
    if not isinstance(value, str):
        return resolved(value, where)
    try:
        return _scalar(_checked(value, where))
    except ValueError as error:
        raise UserError(f"{where}: {error}.") from None


def hint(given: object) -> str:
    """What to write in place of a text that looks like a number or a boolean to other readers of YAML, or nothing."""
    if not isinstance(given, str):
        return ""
    if _LEADING_ZERO.match(given):
        return "; write it without leading zeros"
    if _WHOLE.match(given) or _DECIMAL.match(given):
        return "; write it without quotes"
    if given.lower() in ("yes", "on", "y"):
        return "; write true"
    if given.lower() in ("no", "off", "n"):
        return "; write false"
    return ""


def _scalar(text: str) -> Any:
    """The value of a plain word. Raises ValueError if it is a number that no setting has."""
    if text in _NOTHING:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _WHOLE.match(text):
        digits = text.replace("_", "")
        if len(digits.lstrip("+-")) > DIGITS:
            raise ValueError(f"a whole number of {len(digits.lstrip('+-'))} digits; at most {DIGITS} are allowed")
        return int(digits)
    if _DECIMAL.match(text) and not _LEADING_ZERO.match(text):
        number = float(text.replace("_", ""))
        if math.isinf(number):
            raise ValueError("a number too large to be computed with")
        return number
    return text


def _code(character: str | int) -> str:
    code = ord(character) if isinstance(character, str) else character
    return f"U+{code:04X}, which no configuration may contain"


def _checked(text: str, where: str) -> str:
    if found := _UNWRITABLE.search(text):
        raise UserError(f"{where}: {text!r} contains the character {_code(found[0])}.")
    return text


class _Composer(yaml.SafeLoader):  # type: ignore[misc]
    """Nodes of a text, within bounds; a key may be given only once, where PyYAML takes the last one."""

    # Plain words are told apart by `_scalar`, not by PyYAML's patterns.
    yaml_implicit_resolvers = {None: [(_PLAIN, re.compile(""))]}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0
        # Of every finished node: its depth and its number of values, aliases written out.
        self.sizes: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The node that begins here."""
        is_alias, start = self.check_event(yaml.AliasEvent), self.peek_event().start_mark
        self.depth += 1
        if self.depth > DEPTH:
            raise _fault(f"nested more than {DEPTH} deep", start)
        node = super().compose_node(parent, index)
        self.depth -= 1
        if not is_alias:
            self.sizes[id(node)] = self._size(node)
        elif id(node) not in self.sizes:
            raise _fault("an alias stands inside of what it stands for", start)
        depth, values = self.sizes[id(node)]
        if depth + self.depth > DEPTH or values > VALUES:
            raise _fault(f"more than {VALUES:,} values, or nested more than {DEPTH} deep, aliases written out", start)
        return node

    def _size(self, node: Any) -> tuple[int, int]:
        children = []
        if isinstance(node, yaml.MappingNode):
            seen: set[Any] = set()
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    raise _fault("a key that is not a single word or text", key.start_mark)
                # Also as another reader may spell it: 1 and "1" are one label, 1 and true one key of a dictionary.
                names = {key.value, value_of_key := _value(key), str(value_of_key)}
                if names & seen:
                    raise _fault(f"the key {key.value!r} is given twice", key.start_mark)
                seen |= names
                children += [key, value]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        sizes = [self.sizes[id(child)] for child in children]
        return 1 + max((depth for depth, _ in sizes), default=0), 1 + sum(values for _, values in sizes)


def _value(node: Any) -> Any:
    if node.tag not in (_PLAIN, *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))):
        raise _fault(f"the tag {node.tag!r} is not allowed", node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        values: dict[Any, Any] = {}
        for key, value in node.value:
            if key.tag == _PLAIN and key.value == "<<":
                values = _merged(value) | values
            else:
                values[_value(key)] = _value(value)
        return values
    if found := _UNWRITABLE.search(node.value):
        raise _fault(f"the character {_code(found[0])}", node.start_mark)
    if node.tag != _PLAIN:
        return node.value
    try:
        return _scalar(node.value)
    except ValueError as error:
        raise _fault(str(error), node.start_mark) from None


def _merged(node: Any) -> dict[Any, Any]:
    """What a merge key stands for: a mapping, or several of which the first has precedence."""
    values = [_value(child) for child in node.value] if isinstance(node, yaml.SequenceNode) else [_value(node)]
    merged: dict[Any, Any] = {}
    for value in values:
        if not isinstance(value, dict):
            raise _fault("`<<` takes keys with their values, or a list of such", node.start_mark)
        merged = value | merged
    return merged


def _fault(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
