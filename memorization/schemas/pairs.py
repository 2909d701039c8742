"""Table `pairs`."""

from __future__ import annotations

from memorization.schemas.schema import INT32, TEXT, Column, Schema


class PairsTable(Schema):
    """Labelled sentence pairs that a classifier is trained on."""

    name = "pairs"

    split = Column(TEXT, "")
    """train or test"""
    text1 = Column(TEXT, "")
    """first text"""
    text2 = Column(TEXT, "")
    """second text"""
    label = Column(INT32, "")
    """number of the label; 1 for equivalent texts"""
