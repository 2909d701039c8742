"""What a configuration says, as the page shows it: what differs from the defaults, and all seeds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from memorization.studies.kinds import Config

Setting = tuple[str, str, str]
"""A key with its value and its default, both as JSON; "" for the default of a key that has none."""


# What says how jobs use the machine, or where files are: it changes no result, and makes no page stale.
OF_THE_MACHINE = re.compile(
    r"(compute\..*|results|data_root|model_root|models\..*\.gradient_checkpointing|detection\.\w+\.batch_size)"
)
# Keys of files and folders, whose names are shown alone: where they lie is the machine's, and may name a person.
PATHS = ("path", "train", "test", "tokenizer")


def differences(config: Config) -> list[Setting]:
    """Every setting that is not its default, in the order of the configuration, but for those of the machine."""
    return [(key, value, default) for key, value, default in _all(config) if value != default]


def seeds(config: Config) -> list[tuple[str, str]]:
    """Every seed of the configuration, whether or not it is the default."""
    return [(key, value) for key, value, _ in _all(config) if key.rsplit(".", 1)[-1] in ("seed", "seeds")]


def _all(config: Config) -> list[Setting]:
    return [setting for setting in _settings(config, "") if not OF_THE_MACHINE.fullmatch(setting[0])]


def _settings(section: BaseModel, path: str) -> Iterator[Setting]:
    """The settings of a section and of those in it."""
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), f"{path}{name}"
        inner = value if isinstance(value, dict) else {"": value}
        if inner and all(isinstance(each, BaseModel) for each in inner.values()):
            # Built-in entries of a section of names.
            built_in = field.get_default(call_default_factory=True) if isinstance(value, dict) else {}
            for entry, each in inner.items():
                if isinstance(built_in, dict) and built_in.get(entry) == each:
                    continue
                yield from _settings(each, f"{key}.{entry}." if entry else f"{key}.")
        else:
            default = "" if field.is_required() else _shown(name, field.get_default(call_default_factory=True))
            yield key, _shown(name, value), default


def _shown(name: str, value: Any) -> str:
    return json.dumps(_plain(name, value), ensure_ascii=False)


def _plain(name: str, value: Any) -> Any:
    """A value without sections, and without the folders of files."""
    if isinstance(value, BaseModel):
        return _plain(name, value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {key: _plain(str(key), each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(name, each) for each in value]
    if isinstance(value, str) and name in PATHS:
        return value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return value
