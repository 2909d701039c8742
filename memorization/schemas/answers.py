"""Table `answers`."""

from __future__ import annotations

from memorization.schemas.schema import BOOL, INT32, TEXT, Column, Schema, list_of


class AnswersTable(Schema):
    """What a model in a state answers to test rows: one row per answer."""

    name = "answers"

    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    answer = Column(TEXT, "")
    """text written for instruction + input"""
    references = Column(list_of(TEXT), "")
    """right answers: the dataset's references, or its target"""
    answer_tokens = Column(INT32, "tokens")
    """tokens written, end token not counted"""
    at_limit = Column(BOOL, "")
    """stopped by the decoding's limit, not by the end token"""
    input_text = Column(INT32, "")
    """number of the input's text; answers to one text are resampled together"""
