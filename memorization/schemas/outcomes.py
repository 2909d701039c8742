"""Table `outcomes`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, FLOAT64, INT32, TEXT, Column, Nullable

STRENGTH = ("verbatim", "paraphrase_high", "paraphrase_low", "paraphrase", "idea")
"""Outcomes of memorized probes, from the strongest evidence to the weakest."""


class OutcomesTable(ProbeColumn):
    """One row per probe: its outcome, and the match that led to it."""

    name = "outcomes"

    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    outcome = Column(TEXT, "")
    """none, verbatim, idea, paraphrase_high or paraphrase_low; paraphrase where no classifier is configured"""
    rank = Nullable(INT32, "")
    """rank of the deciding candidate; null for none"""
    document = Nullable(INT32, "")
    """probe of the deciding suffix; null for none"""
    document_id = Nullable(TEXT, "")
    """identifier of that probe's row; null for none"""
    own_suffix = Nullable(BOOL, "")
    """the deciding suffix is the probe's own; null for none"""
    spans = Column(INT32, "")
    """aligned spans of the deciding candidate; 0 for none"""
    generation_start = Nullable(INT32, "characters")
    """start of the first span; null for none"""
    generation_length = Nullable(INT32, "characters")
    """length of the first span; null for none"""
    suffix_start = Nullable(INT32, "characters")
    """start of the first span; null for none"""
    suffix_length = Nullable(INT32, "characters")
    """length of the first span; null for none"""
    condenses = Nullable(BOOL, "")
    """a paraphrase whose passages of the suffix have at least three times the characters of the generation's; null for
    none
    """
    paraphrase_probability = Nullable(FLOAT64, "")
    """highest p(equivalent) of the deciding candidate's sentence pairs, in high confidence of those between the bounds;
    null for other outcomes and without pairs or classifier
    """
    entities_match = Nullable(BOOL, "")
    """entities of all the deciding candidate's spans match; null for none and where none are looked for"""
    leaked_entities = Nullable(INT32, "entities")
    """different entities leaked by the deciding candidate's spans; null for none and where none are looked for"""
    entities = Nullable(INT32, "entities")
    """different entities that any match of the probe leaks: in the matched passage of the suffix and in the generation,
    and not in the prefix; 0 without a match; null where none are looked for
    """
