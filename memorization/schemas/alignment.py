"""Table `alignment`."""

from __future__ import annotations

from memorization.schemas.schema import INT32, TEXT, Column, Nullable, Schema


class AlignmentTable(Schema):
    """Detections of the aligner: one row per detection, or one of type `none` for a pair without any."""

    name = "alignment"

    pair = Column(INT32, "")
    """number of the pair, from 0"""
    type = Column(TEXT, "")
    """none, verbatim, summary or other"""
    generation_start = Nullable(INT32, "characters")
    """start of the span in the generation; null for none"""
    generation_length = Nullable(INT32, "characters")
    """length of that span; null for none"""
    suffix_start = Nullable(INT32, "characters")
    """start of the span in the suffix; null for none"""
    suffix_length = Nullable(INT32, "characters")
    """length of that span; null for none"""
