"""What the page is made from: its files and values, from the configuration."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization.studies.kind import Inputs, Study
from memorization.studies.kinds import Config


def inputs(config: Config, left_out: Mapping[str, str]) -> Inputs:
    """The page's files by name, below the results folder."""
    studies = _shown(config, left_out)
    return {"exhibits": [file for name, study in studies.items() for file in study.products(name)]}


def values(config: Config, left_out: Mapping[str, str], files: Sequence[Path] = ()) -> dict[str, Any]:
    """Fields of `page.context.PageContext`, as plain values for the rule's parameters.

    `files` are those of the configuration that the command names.
    """
    return {
        "label": config.label,
        "statistics": config.statistics.model_dump(mode="json"),
        "studies": [shown_study(config, name, study, files) for name, study in _shown(config, left_out).items()],
        "left_out": dict(left_out),
        **config.report.model_dump(mode="json"),
    }


def shown_study(config: Config, name: str, study: Study, files: Sequence[Path]) -> dict[str, Any]:
    """What the page shows of a study beside its files: name, kind and titles, its command, where its exhibits are."""
    return {
        "name": name,
        "kind": study.kind_name(),
        "title": study.title or "",
        "titles": study.titles(config),
        "command": command(name, files),
        "exhibits": [
            {"name": exhibit.name, "format": exhibit.format, "place": exhibit.place.format(study=name)}
            for exhibit in study.exhibits()
        ],
    }


def command(target: str, files: Sequence[Path]) -> str:
    """The command that makes a target; whole paths of files, which are this machine's, are left out."""
    shown = [file.name if file.is_absolute() else str(file) for file in files]
    return shlex.join(["snakemake", "--cores", "2", target, *(["--configfile", *shown] if shown else [])])


def _shown(config: Config, left_out: Mapping[str, str]) -> dict[str, Study]:
    return {name: study for name, study in config.studies.items() if name not in left_out}
