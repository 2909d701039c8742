"""Studies of kind `quality`: their settings, cells, tables and figure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.project import Project
from memorization.plan import UNTRAINED
from memorization.studies.kind import (
    Exhibit,
    Fault,
    Grid,
    Inputs,
    Work,
    answer_faults,
    answer_work,
    own_table,
    published_faults,
    published_file,
    quality_without_test_split,
    study_settings,
    undefined,
)


def _table_inputs(config: Project, study: Quality, name: str) -> Inputs:
    """Scores of all that the study shows."""
    files = [f"{plan.fill(plan.QUALITY, cell)}/quality.parquet" for cell in study.cells(config)]
    return {"quality": files, **published_file(study.published)}


EXHIBITS = (
    Exhibit("table", _table_inputs, study_settings),
    Exhibit("published", own_table, shown=lambda study: study.published is not None),
    Exhibit("figure", own_table),
)


class Quality(Grid):
    """How well models do their tasks on test rows (Tables 16 to 21): one row for each of all combinations."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["quality"] = Field(description="Fixed: `quality`.", examples=["quality"])
    against: list[str] = Field(
        default_factory=list,
        description="Further models, shown without fine-tuning; the first before the first of `models`, and so on.",
        examples=[["flan-t5-base"]],
    )
    published: str | None = Field(
        None,
        description="Published numbers to compare with: a file of `workflow/published`, without its ending, whose "
        "categories are metrics.",
        examples=["quality"],
    )

    def all_models(self) -> list[str]:
        """Models in the order of the table, each once; those shown without fine-tuning before the model beside them."""
        pairs = zip_longest(self.against, self.models)
        return list(dict.fromkeys(name for pair in pairs for name in pair if name is not None))

    def cells(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of the answers that the study shows, in the order of its table."""
        return [
            {"model": model, **trained, "dataset": dataset, "decoding": decoding}
            for dataset in dict.fromkeys(self.datasets)
            for model in self.all_models()
            for decoding in dict.fromkeys(self.decodings)
            for trained in (self.trained_states(config) if model in self.models else [UNTRAINED])
            if model not in self.models or self.includes(model, dataset, trained["state"])
        ]

    def work(self, config: Project) -> dict[str, Work]:
        """Answers to test rows."""
        return answer_work(config, self.cells(config))

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, and models, published numbers and decodings that cannot be used."""
        yield from super().faults(config, name)
        for model in self.against:
            yield from undefined(["studies", name, "against"], model, config.models)
        yield from published_faults(name, self.published)
        yield from answer_faults(["studies", name, "decodings"], self.decodings, config)

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """Quality is measured on test rows."""
        yield quality_without_test_split(name, dataset)
