"""Table `dataset`."""

from __future__ import annotations

from memorization.schemas.schema import TEXT, Column, Nullable, Schema, list_of


class DatasetTable(Schema):
    """Rows of a dataset, as models are trained on them and probes are cut from them."""

    name = "dataset"

    id = Column(TEXT, "")
    """identifier of the row in its source"""
    split = Column(TEXT, "")
    """train, test, or validation (set aside from test)"""
    instruction = Nullable(TEXT, "")
    """text put before the input in training, never in a prompt; null where all rows share one, which no file has"""
    input = Column(TEXT, "")
    """x: what the model reads"""
    target = Column(TEXT, "")
    """y: what it learns to write"""
    turns = Nullable(list_of(TEXT), "")
    """turns before the target, user's and assistant's in alternation; null where no chat template is to write them"""
    references = Nullable(list_of(TEXT), "")
    """all right answers; null where the target is the only one"""
