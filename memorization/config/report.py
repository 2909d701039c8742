"""The page: `report`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from memorization.config.base import Section


class Report(Section):
    """The page of all results (`report/index.html`)."""

    personal_data: Literal["masked", "revealed", "absent"] = Field(
        "masked",
        description="Personal data in the texts of the page's cases. `masked`: hidden until a reader asks for it; "
        "`revealed`: shown; `absent`: not in the file at all.",
        examples=["absent"],
    )
    case_megabytes: float = Field(
        50.0,
        gt=0,
        description="Size of the cases in the page (10^6 bytes, compressed): 100,000 cases of 1,000 characters on each "
        "side take about 100. Beyond it the page has all matches, and of the outcome `none` a sample; a sample of the "
        "matches alone, if these exceed it.",
        examples=[10],
    )
