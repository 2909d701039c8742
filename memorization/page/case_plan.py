"""What the page's cases are made from: the files of every run of the studies shown, and the runs' coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from memorization import plan
from memorization.plan import Run
from memorization.studies.kind import Inputs, Study, run_files
from memorization.studies.kinds import Config


def case_inputs(config: Config, studies: Mapping[str, Study]) -> Inputs:
    """Files by name, below the results folder, one for each run; those that the configuration does not make are left
    out.
    """
    runs = list(_runs(config, studies))
    entities = config.detection.entities
    files = {
        "outcomes": run_files(runs, "outcomes.parquet"),
        "matches": run_files(runs, "matches.parquet"),
        "generations": run_files(runs, "generations.parquet", plan.RUN),
        "candidates": [plan.fill(plan.CANDIDATES, run) for run in runs],
        "probes": [plan.searched(run) for run in runs],
        "prompts": [plan.asked(run) for run in runs],
    }
    if config.detection.paraphrase.classifier is not None:
        files["paraphrases"] = run_files(runs, "paraphrases.parquet")
    if entities.tagger is not None or entities.patterns:
        files["entities"] = run_files(runs, "entities.parquet")
    if config.report.personal_data != "revealed":
        files["personal_data"] = [plan.fill(plan.GENERATED_PERSONAL_DATA, run) for run in runs]
        files["probes_personal_data"] = [plan.fill(plan.PERSONAL_DATA, run) for run in runs]
    return files


def case_runs(config: Config, studies: Mapping[str, Study]) -> list[dict[str, Any]]:
    """Coordinates of every run, in the order of its files, with its task, the names that are shown, and its studies."""
    return [
        asdict(run)
        | {
            "task": config.datasets[run.dataset].task,
            "dataset_title": config.datasets[run.dataset].title or run.dataset,
            "model_title": config.models[run.model].title or run.model,
            "studies": shown,
        }
        for run, shown in _runs(config, studies).items()
    ]


def _runs(config: Config, studies: Mapping[str, Study]) -> dict[Run, list[str]]:
    """Every run of the studies, with the names of those that show it."""
    shown: dict[Run, list[str]] = {}
    for name, study in studies.items():
        for run in study.runs(config):
            shown.setdefault(run, []).append(name)
    return shown
