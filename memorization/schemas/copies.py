"""Table `copies`."""

from __future__ import annotations

from memorization.schemas.schema import INT32, TEXT, Column, Schema


class CopiesTable(Schema):
    """How many training records have a text, and nearly that text: one row per different text of a side."""

    name = "copies"

    text = Column(TEXT, "")
    """digest of the text (BLAKE2b, 16 bytes in hexadecimal)"""
    exact = Column(INT32, "records")
    """records with exactly this text"""
    near = Column(INT32, "records")
    """records of its family, those with exactly this text among them"""
    family = Column(INT32, "")
    """number of the family: texts linked by near copies (sets of word 5-grams of Jaccard similarity 0.8 or more)"""
