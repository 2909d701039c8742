"""The base of all sections of the configuration, and types of values that they share."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Task = Literal["summarization", "dialog", "sentiment", "qa", "translation", "classification", "pretraining"]


Corpus = Literal["news", "patients", "reviews", "passages", "translation"]


Population = Literal["member", "control"]


Side = Literal["input", "target", "both"]

BARE = "bare"
"""The prompting that asks with prefixes alone."""


# Names are parts of the names of folders, and Slurm's logs join those of a job in one: it has 255 characters at most.
NAME_LENGTH, JOINED_LENGTH = 50, 140

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=NAME_LENGTH)]


Count = Annotated[int, Field(ge=1)]


def _not_empty(path: str) -> str:
    if not path.strip():
        raise ValueError("an empty path")
    return path


FilePath = Annotated[str, AfterValidator(_not_empty)]


def _path_or_paths(value: Any) -> Any:
    """One message for whatever is neither a path nor a list of paths."""
    paths = value if isinstance(value, list) else [value]
    if not paths or not all(isinstance(path, str) and path.strip() for path in paths):
        raise ValueError("allowed: a path, a pattern such as `rows-*.jsonl`, or a list of them")
    return value


FilePaths = Annotated[str | list[str], BeforeValidator(_path_or_paths)]


def _one_character(separator: str) -> str:
    if len(separator) != 1 or separator in '"\r\n\0':
        raise ValueError('allowed: one character, such as ";" or "\\t", which is no quote and no line break')
    return separator


def _known_encoding(encoding: str) -> str:
    try:
        known = codecs.lookup(encoding)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ValueError("no encoding of this name is known; common ones: utf-8, utf-16, cp1252, latin-1, gb18030")
    return encoding


Separator = Annotated[str, AfterValidator(_one_character)]
Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Section(BaseModel):
    """Base of all sections: unknown keys and values of another type are errors; nothing is changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class LocalFiles(Section):
    """Local files of a train and a test split: Parquet, CSV, TSV, JSONL or JSON, or folders of saved datasets."""

    kind: Literal["files"] = Field(description="Fixed: `files`.", examples=["files"])
    train: FilePaths = Field(
        description="File of the rows to train on, recognized by its ending: .parquet, .csv, .tsv, .jsonl, .json (an "
        "array of objects, or one object per line), all but the first also with .gz. Or a pattern (`*`), whose files "
        "are read in the order of their names; a list of files or patterns; or a folder that `save_to_disk` of "
        "Hugging Face's `datasets` has written. `{data_root}` is replaced by that setting.",
        examples=["{data_root}/imdb.parquet"],
    )
    test: FilePaths | None = Field(
        None,
        description="The same of the rows that are never trained on (may be the same file); null for none.",
        examples=["{data_root}/imdb-test-*.jsonl.gz"],
    )
    split_column: str | None = Field(
        None, description="Column that contains `train` or `test`; null if each file is one split.", examples=["split"]
    )
    separator: Separator | None = Field(
        None,
        description="Character between the columns of CSV and TSV files; null: a comma in .csv, a tab in .tsv.",
        examples=[";"],
    )
    encoding: Encoding | None = Field(
        None,
        description="Encoding of text files, such as `cp1252`; null: UTF-8. A byte order mark at a file's beginning "
        "(UTF-8, UTF-16, UTF-32) is obeyed in any case.",
        examples=["cp1252"],
    )
