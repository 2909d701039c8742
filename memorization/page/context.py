"""What the page depends on besides its files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class PageContext:
    """Values of the configuration that the page shows, and where the results are.

    `results` is the folder of results; `options` those of the run's command; `label` the configuration's label;
    `studies` are those shown, in their order (`page.plan.shown_study`); `left_out` says by name why a study is not;
    `runs` are their runs (`page.case_plan.case_runs`), `statistics` the settings of intervals.
    `attention` are the coordinates of the files `maps` and `density_means`, with titles; `evidence` are the places of
    results whose manifests are read; `settings` (key, value, default) and `seeds` (key, value) are what the page says
    of the configuration, `methods` and `citations` the paragraph for a paper. `personal_data` and `case_megabytes` are
    those of the section `report`.
    """

    results: Path
    options: str = ""
    label: str = ""
    studies: Sequence[Mapping[str, Any]] = ()
    runs: Sequence[Mapping[str, Any]] = ()
    statistics: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    attention: Sequence[Mapping[str, Any]] = ()
    evidence: Sequence[str] = ()
    settings: Sequence[Sequence[str]] = ()
    seeds: Sequence[Sequence[str]] = ()
    methods: Sequence[str] = ()
    citations: Mapping[str, str] = field(default_factory=dict)
    personal_data: str = "masked"
    case_megabytes: float = 0.0
