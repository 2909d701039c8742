"""The base of all sections of the configuration, and types of values that they share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Task = Literal["summarization", "dialog", "sentiment", "qa", "translation", "classification", "pretraining"]


Corpus = Literal["news", "patients", "reviews", "passages", "translation"]


Population = Literal["member", "control"]


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


def _not_empty(path: str) -> str:
    if not path.strip():
        raise ValueError("an empty path")
    return path


FilePath = Annotated[str, AfterValidator(_not_empty)]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values cannot be changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LocalFiles(Section):
    """Local Parquet, CSV or JSONL files of a train and a test split."""

    kind: Literal["files"] = Field(description="Fixed: `files`.", examples=["files"])
    train: FilePath = Field(
        description="File of the rows to train on; `{data_root}` is replaced by that setting.",
        examples=["{data_root}/imdb.parquet"],
    )
    test: FilePath | None = Field(
        None,
        description="File of the rows that are never trained on (may be the same file); null for none.",
        examples=["{data_root}/imdb.parquet"],
    )
    split_column: str | None = Field(
        None, description="Column that contains `train` or `test`; null if each file is one split.", examples=["split"]
    )
