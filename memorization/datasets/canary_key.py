"""The key file of planted canaries: what `memorization canaries` has made up, and what studies of canaries ask for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from memorization.datasets.secret_forms import FormError, space_of
from memorization.errors import UserError

SECRET, NAME = "{secret}", "{name}"
"""What stands for a canary's secret and its made-up person in the row of a template."""


class Part(BaseModel):
    """Base of the parts of a key file: unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)


class DataFile(Part):
    """A file of rows, without the folder that it is in."""

    name: str = Field(description="Name of the file.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of its bytes.")
    rows: int = Field(ge=1, description="Number of its rows.")


class KeyForm(Part):
    """A form of secrets."""

    pattern: str = Field(description="Regular expression of all its texts (`memorization canaries --help`).")
    space: int = Field(ge=2, description="Number of these texts, |R|.")

    @model_validator(mode="after")
    def _of_the_pattern(self) -> KeyForm:
        try:
            size = space_of(self.pattern).size
        except FormError as error:
            raise ValueError(str(error)) from None
        if size != self.space:
            raise ValueError(f"pattern {self.pattern[:60]!r} has {size} texts, not {self.space}")
        return self


class Canary(Part):
    """One made-up secret with the made-up person that it is asked for by."""

    number: int = Field(ge=0, description="Its number, from 0.")
    form: str = Field(description="Key of its form in `forms`.")
    copies: int = Field(ge=1, le=64, description="Rows that contain it, unless it is held out.")
    name: str = Field(min_length=1, description="The person that replaces {name}, of no other canary.")
    secret: str = Field(min_length=1, description="The text that replaces {secret}, of no other canary.")
    held_out: bool = Field(description="The toss of its coin kept it out of the file.")
    rows: list[int] = Field(description="Numbers of its rows in the output, from 0; none if it is held out.")

    @model_validator(mode="after")
    def _has_its_rows(self) -> Canary:
        if len(self.rows) != (0 if self.held_out else self.copies):
            raise ValueError(f"canary {self.number} has {len(self.rows)} rows and {self.copies} copies")
        return self


class CanaryKey(Part):
    """The whole key file."""

    kind: Literal["canaries"] = Field(description="Fixed: `canaries`.")
    version: Literal[1] = Field(description="Version of this schema.")
    seed: int = Field(ge=0, description="Seed of every draw.")
    held_out_share: float = Field(gt=0, lt=1, description="Probability with which a canary is kept out, each alone.")
    row: dict[str, Any] = Field(description="The row that contains a canary, with {name} and {secret} in its texts.")
    forms: dict[str, KeyForm] = Field(min_length=1, description="Forms by what the command was given.")
    canaries: list[Canary] = Field(min_length=1, description="All canaries, in the order of their numbers.")
    input: DataFile = Field(description="The file without canaries.")
    output: DataFile = Field(description="The file with canaries, which models are trained on.")

    @model_validator(mode="after")
    def _canaries_are_different(self) -> CanaryKey:
        if [each.number for each in self.canaries] != list(range(len(self.canaries))):
            raise ValueError("the canaries are not numbered from 0")
        for what in ("name", "secret"):
            if len({getattr(each, what) for each in self.canaries}) < len(self.canaries):
                raise ValueError(f"two canaries have the same {what}")
        if unknown := {each.form for each in self.canaries} - self.forms.keys():
            raise ValueError(f"form {min(unknown)!r} of a canary is not among the forms")
        return self

    def row_of(self, canary: Canary, secret: str) -> dict[str, Any]:
        """The template's row with a canary's person, and a secret that need not be its own."""
        row: dict[str, Any] = filled(self.row, {NAME: canary.name, SECRET: secret})
        return row


def filled(value: Any, texts: Mapping[str, str]) -> Any:
    """A value of JSON with words of all its texts replaced; keys stay."""
    if isinstance(value, str):
        for word, text in texts.items():
            value = value.replace(word, text)
        return value
    if isinstance(value, list):
        return [filled(each, texts) for each in value]
    if isinstance(value, dict):
        return {key: filled(each, texts) for key, each in value.items()}
    return value


def read_key(path: Path, where: str) -> CanaryKey:
    """Read a key file; UserError, beginning with the setting that names it, where it is none."""
    try:
        return CanaryKey.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UserError(f"{where}: {path}: cannot be read ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{where}: {path}: is no key file of `memorization canaries`, or was changed: {place}: {reason}."
        ) from error


def written(key: CanaryKey) -> str:
    """The text of a key file."""
    return json.dumps(key.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
