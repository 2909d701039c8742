"""The kinds of studies, and the whole configuration, which has a section for each of them.

A kind is added by its folder and one line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Union

from pydantic import Field

from memorization.config.base import Name
from memorization.config.project import Project
from memorization.studies.attention.plan import Attention
from memorization.studies.audit.plan import Audit
from memorization.studies.canaries.plan import Canaries
from memorization.studies.cases.plan import Cases
from memorization.studies.kind import Study
from memorization.studies.likelihood.plan import Likelihood
from memorization.studies.membership.plan import Membership
from memorization.studies.memorization.plan import Memorization
from memorization.studies.quality.plan import Quality
from memorization.studies.recall.plan import Recall
from memorization.studies.sparse_coding.plan import SparseCoding
from memorization.studies.trade_off.plan import TradeOff

KINDS: tuple[type[Study], ...] = (
    Memorization,
    Attention,
    Quality,
    Likelihood,
    Membership,
    Recall,
    Canaries,
    Cases,
    TradeOff,
    SparseCoding,
    Audit,
)

if TYPE_CHECKING:
    AnyStudy = Study
else:
    AnyStudy = Annotated[Union[KINDS], Field(discriminator="kind")]  # noqa: UP007


class Config(Project):
    """The whole configuration."""

    studies: dict[Name, AnyStudy] = Field(min_length=1, description="Named sets of runs and their table.")
    targets: dict[Name, list[str]] = Field(
        default_factory=dict,
        description="Further names for `snakemake NAME`, each with the studies that it makes; every study is a target "
        "by its own name.",
        examples=[{"table_2": ["task_disparity"], "table_13": ["task_disparity"]}],
    )


def further_tables() -> list[str]:
    """What the further tables of any kind are called after their study's name, as `-definitions`."""
    names = [exhibit.name for kind in KINDS for exhibit in kind.EXHIBITS if exhibit.format == "table"]
    return [f"-{name}" for name in dict.fromkeys(names) if name != "table"]
