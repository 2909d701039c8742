"""Table `entities`."""

from __future__ import annotations

import pyarrow as pa

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, INT32, TEXT, Column, list_of

ENTITIES = list_of(pa.struct([pa.field("type", TEXT, nullable=False), pa.field("text", TEXT, nullable=False)]))
"""Entities, each with its type and text."""


class EntitiesTable(ProbeColumn):
    """Entities of every match, and which of them leaked: one row per match."""

    name = "entities"

    rank = Column(INT32, "")
    """rank of the candidate"""
    document = Column(INT32, "")
    """probe whose suffix was aligned"""
    span = Column(INT32, "")
    """number of the match among those of this candidate, from 0"""
    generation_entities = Column(ENTITIES, "")
    """entities of the generation's span, each once"""
    training_entities = Column(ENTITIES, "")
    """entities of the suffix's span, each once"""
    relation = Column(TEXT, "")
    """equal, subset (one set lies in the other, an empty one too), different, or none (both are empty); addresses,
    numbers and identifiers are compared as such, other texts by their words in lower case, whatever their type
    """
    entities_match = Column(BOOL, "")
    """the relation is not `different`"""
    leaked = Column(ENTITIES, "")
    """training entities that are written in the whole generation and not in the prefix: addresses, numbers and
    identifiers exactly, names by their words
    """
