"""What a configuration says, as the page shows it: what differs from the defaults, and all seeds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePath, PureWindowsPath
from typing import Any

from pydantic import BaseModel

from memorization.studies.kinds import Config

Setting = tuple[str, str, str]
"""A key with its value and its default, both as JSON; "" for the default of a key that has none."""


def differences(config: Config) -> list[Setting]:
    """Every setting that is not its default, in the order of the configuration."""
    return list(_differences(config, ""))


def seeds(config: Config) -> list[tuple[str, str]]:
    """Every seed of the configuration, whether or not it is the default."""
    return [(key, value) for key, value, _ in _settings(config, "") if key.rsplit(".", 1)[-1] in ("seed", "seeds")]


def _differences(section: BaseModel, path: str) -> Iterator[Setting]:
    for key, value, default in _settings(section, path):
        if value != default:
            yield key, value, default


def _settings(section: BaseModel, path: str) -> Iterator[Setting]:
    """The settings of a section and of those in it."""
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{path}{name}"
        inner = value if isinstance(value, dict) else {"": value}
        if inner and all(isinstance(each, BaseModel) for each in inner.values()):
            for entry, each in inner.items():
                yield from _settings(each, f"{key}.{entry}." if entry else f"{key}.")
        else:
            default = "" if field.is_required() else _shown(field.get_default(call_default_factory=True))
            yield key, _shown(value), default


def _shown(value: Any) -> str:
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """A value without sections, and without whole paths, which are this machine's and may name a person."""
    if isinstance(value, BaseModel):
        return _plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, str) and (value.startswith(("/", "~")) or PureWindowsPath(value).is_absolute()):
        return f"…/{PurePath(value.replace(chr(92), '/')).name}"
    return value
