"""What the page is made from: its files and values, from the configuration."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization import plan
from memorization.config.base import BARE
from memorization.page import configuration, methods
from memorization.page.case_plan import case_inputs, case_runs
from memorization.studies.attention.plan import Attention
from memorization.studies.audit.plan import Audit
from memorization.studies.kind import Inputs, Study
from memorization.studies.kinds import Config


def inputs(config: Config, left_out: Mapping[str, str]) -> Inputs:
    """The page's files by name, below the results folder."""
    studies = _shown(config, left_out)
    cells = _attention(config, studies)
    return {
        "exhibits": [file for name, study in studies.items() for file in study.products(name)],
        "verdicts": [
            f"{plan.VERDICT.format(study=name)}.json" for name, study in studies.items() if isinstance(study, Audit)
        ],
        "maps": [f"{place}/maps.parquet" for place in cells],
        "density_means": [f"{place}/density_means.parquet" for place in cells],
        **case_inputs(config, studies),
    }


def values(config: Config, left_out: Mapping[str, str]) -> dict[str, Any]:
    """Fields of `page.context.PageContext`, as plain values for the rule's parameters."""
    text = methods.sentences(config, _shown(config, left_out))
    return {
        "label": config.label,
        "statistics": config.statistics.model_dump(mode="json"),
        "studies": [shown_study(config, name, study) for name, study in _shown(config, left_out).items()],
        "runs": case_runs(config, _shown(config, left_out)),
        "left_out": {name: why_left_out(config, name) for name in left_out},
        "attention": list(_attention(config, _shown(config, left_out)).values()),
        "evidence": evidence(config, _shown(config, left_out)),
        "settings": configuration.differences(config),
        "seeds": configuration.seeds(config),
        "methods": text,
        "citations": methods.cited(text),
        **config.report.model_dump(mode="json"),
    }


def shown_study(config: Config, name: str, study: Study) -> dict[str, Any]:
    """What the page shows of a study beside its files: name, kind and titles, and where its exhibits are."""
    return {
        "name": name,
        "kind": study.kind_name(),
        "title": study.title or "",
        "titles": study.titles(config),
        "exhibits": [
            {"name": exhibit.name, "format": exhibit.format, "place": exhibit.place.format(study=name)}
            for exhibit in study.exhibits()
        ],
    }


def why_left_out(config: Config, name: str) -> str:
    """Why a study is not shown, without the paths of the files that are missing, which are this machine's."""
    study = config.studies[name]
    datasets = [each for each in study.all_datasets() if getattr(config.datasets[each].source, "optional", False)]
    return f"{study.title or name}: optional files are missing ({', '.join(datasets)})."


def options(files: Sequence[Path]) -> str:
    """The options of a command that name these files of the configuration: whole paths, which are this machine's, by
    their names alone.
    """
    shown = [file.name if file.is_absolute() else str(file) for file in files]
    return shlex.join(["--configfile", *shown]) if shown else ""


def evidence(config: Config, studies: Mapping[str, Study]) -> list[str]:
    """Results whose manifests say what computed them, below the results folder: of each study its first run's."""
    places: dict[str, None] = {}
    for name, study in studies.items():
        for run in study.runs(config)[:1]:
            patterns = [plan.DATASET, plan.PROBES, f"{plan.RUN}/generations.parquet", plan.CANDIDATES]
            patterns += [plan.PROMPTS] if run.prompting != BARE else []
            patterns += [f"{plan.DETECTION}/{each}.parquet" for each in ("matches", "paraphrases", "entities")]
            patterns += [f"{plan.DETECTION}/{each}.parquet" for each in ("outcomes", "definitions", "rates")]
            places |= dict.fromkeys(plan.fill(pattern, run) for pattern in patterns)
        trained = [plan.fill(plan.CHECKPOINTS, training) for training in study.trainings(config)]
        places |= dict.fromkeys(f"{place}/training.parquet" for place in trained)
        tables = [exhibit.place.format(study=name) for exhibit in study.exhibits() if exhibit.format == "table"]
        places |= dict.fromkeys(f"{place}.parquet" for place in tables)
    return list(places)


def _attention(config: Config, studies: Mapping[str, Study]) -> dict[str, dict[str, Any]]:
    """Coordinates and titles of all attention that the studies show, by folder below the results folder."""
    cells: dict[str, dict[str, Any]] = {}
    for study in studies.values():
        titles = study.titles(config)
        for cell in study.cells(config) if isinstance(study, Attention) else []:
            cells[plan.fill(plan.ATTENTION, cell)] = {
                **cell,
                "dataset_title": titles["datasets"][cell["dataset"]],
                "model_title": titles["models"][cell["model"]],
            }
    return cells


def _shown(config: Config, left_out: Mapping[str, str]) -> dict[str, Study]:
    return {name: study for name, study in config.studies.items() if name not in left_out}
