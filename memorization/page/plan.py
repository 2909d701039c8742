"""What the page is made from: its files and values, from the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from memorization.studies.kind import Inputs, Study
from memorization.studies.kinds import Config


def inputs(config: Config, left_out: Mapping[str, str]) -> Inputs:
    """The page's files by name, below the results folder."""
    studies = _shown(config, left_out)
    return {"exhibits": [file for name, study in studies.items() for file in study.products(name)]}


def values(config: Config, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Fields of `page.context.PageContext`, as plain values for the rule's parameters."""
    return {
        "label": config.label,
        "studies": [shown_study(name, study) for name, study in _shown(config, left_out).items()],
        "left_out": dict(left_out),
        **config.report.model_dump(mode="json"),
    }


def shown_study(name: str, study: Study) -> dict[str, Any]:
    """What the page shows of a study beside its files: its name, kind and title, and where its exhibits are."""
    return {
        "name": name,
        "kind": study.kind_name(),
        "title": study.title or "",
        "exhibits": [
            {"name": exhibit.name, "format": exhibit.format, "place": exhibit.place.format(study=name)}
            for exhibit in study.exhibits()
        ],
    }


def _shown(config: Config, left_out: Mapping[str, str]) -> dict[str, Study]:
    return {name: study for name, study in config.studies.items() if name not in left_out}
