"""What the page depends on besides its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PageContext:
    """Values of the configuration that the page shows, and where the results are.

    `results` is the folder of results; `label` the configuration's label; `studies` are those shown, in their order
    (`page.plan.shown_study`); `left_out` says by name why a study is not;
    `statistics` are the settings of intervals; `personal_data` and `case_megabytes` are
    those of the section `report`.
    """

    results: Path
    label: str = ""
    studies: Sequence[Mapping[str, Any]] = ()
    statistics: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    personal_data: str = "masked"
    case_megabytes: float = 0.0
