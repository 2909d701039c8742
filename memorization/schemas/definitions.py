"""Table `definitions`."""

from __future__ import annotations

from memorization.schemas.run import ProbeColumn
from memorization.schemas.schema import BOOL, FLOAT64, INT32, Column, Nullable


class DefinitionsTable(ProbeColumn):
    """Other definitions of memorization on the same generations: one row per probe."""

    name = "definitions"

    equal_tokens = Column(INT32, "tokens")
    """tokens equal at the head of generation and suffix"""
    longest_equal_run = Column(INT32, "tokens")
    """longest run of tokens that both contain, at any place"""
    comparable = Column(BOOL, "")
    """the suffix has the m tokens of `extractable`, and the decoding's limit allows them"""
    extractable = Nullable(BOOL, "")
    """the first m tokens are equal; null if not comparable"""
    compared_tokens = Column(INT32, "tokens")
    """first tokens that BLEU, edit similarity and ROUGE-L compare"""
    bleu = Column(FLOAT64, "fraction")
    """BLEU-4 of the generation's first tokens against the suffix's"""
    approximate = Column(BOOL, "")
    """BLEU above the threshold"""
    edit_similarity = Column(FLOAT64, "fraction")
    """1 - Levenshtein distance / longer text, in characters"""
    rouge_l = Column(FLOAT64, "fraction")
    """F-measure of the longest common subsequence of words"""
    longest_common_substring = Column(INT32, "characters")
    """longest string that both whole texts contain"""
    prefix_inputs = Column(INT32, "inputs")
    """training inputs that contain the prefix, at any place"""
    shared_prefix = Column(BOOL, "")
    """one of `prefix_inputs` is not the probe's own input"""
    match_in_prefix = Nullable(BOOL, "")
    """the outcome's match is all in the prefix; null for none"""
    copies_input = Column(BOOL, "")
    """it contains a passage of any training input that is not in its own prefix"""
    copies_target = Column(BOOL, "")
    """it contains a passage of any training target that is not in its own prefix"""
