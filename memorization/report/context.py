"""What a table or figure of a study depends on besides its files: names to show, label, settings, options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
"""A row of a tidy table."""

Files = Mapping[str, list[Path]]
"""Input files of a table or figure, by their names in its rule."""


@dataclass(frozen=True)
class Context:
    """Names, settings and options of a study for one of its tables or figures.

    `study` is the study's name, and `title` begins captions ("" for none); `titles` maps `datasets` and `models` to the
    names that are shown; `label` is the configuration's label, `statistics` its settings of intervals; `options` belong
    to this table or figure; `machine` contains settings that change no result, such as batch sizes.
    """

    study: str
    title: str = ""
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: {"datasets": {}, "models": {}})
    label: str = ""
    statistics: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    def dataset(self, name: str) -> str:
        """The shown name of a dataset."""
        return self.titles["datasets"].get(name, name)

    def model(self, name: str) -> str:
        """The shown name of a model."""
        return self.titles["models"].get(name, name)

    @property
    def heading(self) -> str:
        """The study's title, or its name where it has none."""
        return self.title or self.study
