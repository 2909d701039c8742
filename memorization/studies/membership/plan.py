"""Studies of kind `membership`: their settings, cells, table and figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.project import Project
from memorization.plan import BASE
from memorization.studies.kind import Exhibit, Inputs, StateGrid, Work, study_settings


def _attacks(config: Project, study: Membership, name: str) -> Inputs:
    """The attacks on all models that the study shows."""
    return {"attacks": [plan.fill(plan.ATTACKS, cell) for cell in study.cells(config)]}


EXHIBITS = (Exhibit("table", _attacks, study_settings), Exhibit("figure", _attacks, study_settings))


class Membership(StateGrid):
    """Whether training rows can be told from test rows by what models assign to them, and by their texts alone."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS
    detects: ClassVar[bool] = False

    kind: Literal["membership"] = Field(description="Fixed: `membership`.", examples=["membership"])

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the models in their states, on each dataset, in the order of the table, each once."""
        return [
            {"model": model, **trained, "dataset": dataset}
            for dataset in dict.fromkeys(self.datasets)
            for model in self.all_models()
            for trained in self.trained_states(config)
            if self.includes(model, dataset, trained["state"])
        ]

    def work(self, config: Project) -> dict[str, Work]:
        """Rows that are read; a fine-tuned model's by its base model, too."""
        return membership_work(config, self.cells(config))

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Training rows are told from test rows."""
        yield (
            f"studies.{name}.datasets: membership is measured against a test split, which dataset {dataset!r} does not "
            "have; give it one (`source.test`)."
        )


def membership_work(config: Project, cells: Iterable[Mapping[str, Any]]) -> dict[str, Work]:
    """Rows that are read; a fine-tuned model's by its base model, too; `cells` are coordinates of models in their
    states, with a dataset.
    """
    work = {}
    for cell in cells:
        reading = plan.reading(config, cell["state"])
        blocks = reading.get("blocks")
        tokens = blocks["tokens"] if blocks else reading["max_input_tokens"] + reading["max_target_tokens"]
        asked = plan.endpoint_of(config, cell["model"], cell["state"]) is not None
        texts = config.membership.n * (1 if cell["state"] == BASE or asked else 2)
        for population in ("member", "control"):
            for own in [cell, *plan.asked_base(config, cell)]:
                place = plan.fill(plan.MEMBERSHIP_SCORES, {**own, "population": population})
                work[place] = Work("membership", cell["model"], texts, tokens, written=int(asked))
    return work
