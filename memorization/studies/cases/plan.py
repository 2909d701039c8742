"""Studies of kind `cases`: their settings, runs and table."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.project import Project
from memorization.plan import Run
from memorization.studies.kind import Exhibit, Inputs, ProbeGrid, run_files, study_settings


def _table_inputs(config: Project, study: Cases, name: str) -> Inputs:
    """Outcomes, generations and probes of the study's runs and, where cases are masked, where personal data stands."""
    runs = study.runs(config)
    masks = {
        "personal_data": [plan.fill(plan.GENERATED_PERSONAL_DATA, run) for run in runs],
        "probes_personal_data": [plan.fill(plan.PERSONAL_DATA, run) for run in runs],
    }
    return {
        "outcomes": run_files(runs, "outcomes.parquet"),
        "generations": run_files(runs, "generations.parquet", plan.RUN),
        "probes": [plan.searched(run) for run in runs],
        "prompts": [plan.asked(run) for run in runs],
        **(masks if study.mask else {}),
    }


def _table_options(config: Project, study: Cases) -> dict[str, Any]:
    named = study.mask and config.detection.entities.tagger is not None
    return study_settings(config, study) | {"runs": study.run_rows(config), "tagger": named}


EXHIBITS = (Exhibit("table", _table_inputs, _table_options, without=("statistics",)),)


class Cases(ProbeGrid):
    """The clearest cases of each type, aligned parts marked (Table 22)."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["cases"] = Field(description="Fixed: `cases`.", examples=["cases"])
    each: int = Field(3, ge=1, description="Cases of each type, of all runs together.", examples=[5])
    context: int = Field(100, ge=0, description="Characters shown on both sides of an aligned passage.", examples=[0])
    mask: bool = Field(
        True,
        description="Replace personal data (what `detection.entities` finds: with a tagger names too) by its type.",
        examples=[False],
    )

    def runs(self, config: Project) -> list[Run]:
        """Runs on training inputs."""
        return self.member_runs(config)
