"""Table `personal_data`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import INT32, TEXT, Column


class PersonalDataTable(ProbeColumn):
    """Names, addresses, numbers and dates in whole texts, so that they can be masked: one row per place in a text.

    Places in one text do not overlap, and follow one another.
    """

    name = "personal_data"

    text = Column(TEXT, "")
    """prefix, suffix or generation: which text of the probe"""
    type = Column(TEXT, "")
    """secret, email, account, card, date, age, phone, address (postal), identifier, or a type of the tagger"""
    start = Column(INT32, "characters")
    """first character in that text"""
    length = Column(INT32, "characters")
    """length in characters"""
