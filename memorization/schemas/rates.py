"""Table `rates`."""

from __future__ import annotations

from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Nullable


class RatesTable(RunColumns):
    """Rates of a run: one row per category."""

    name = "rates"

    n = Column(INT64, "probes")
    """probes counted"""
    input_texts = Column(INT64, "texts")
    """different input texts among them"""
    generated_tokens = Column(FLOAT64, "tokens")
    """mean length of the generations"""
    own_matches = Column(INT64, "probes")
    """probes of any category whose deciding suffix is their own"""
    matched_suffixes = Column(INT64, "suffixes")
    """different suffixes that decide for any category"""
    condensing = Column(INT64, "probes")
    """paraphrases among the probes that condense a passage three times as long"""
    prefixes = Column(INT64, "prefixes")
    """different prefixes among the probes, each a prompt: probes of one are resampled together"""
    entities = Nullable(FLOAT64, "entities")
    """mean number of different entities that a probe leaks: in the passage of a suffix that its generation matches and
    in the generation, and not in the prefix; what stands in no match is not counted; null where none are looked for
    """
    entities_low = Nullable(FLOAT64, "entities")
    """lower bound of its interval (Student's t over prompts; for means over trainings too)"""
    entities_high = Nullable(FLOAT64, "entities")
    """upper bound of that interval; infinite where several probes have one prompt"""
    category = Column(TEXT, "")
    """total, verbatim, idea, paraphrase, paraphrase_high or paraphrase_low"""
    count = Column(INT64, "probes")
    """probes of the category"""
    rate = Column(FLOAT64, "fraction")
    """count / n"""
    low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    exact_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound, for as many observations as there are prompts, as the other exact bounds"""
    exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    once_count = Column(INT64, "probes")
    """probes of the category; of several with one prefix the first alone counts, as in the authors' program"""
    once_rate = Column(FLOAT64, "fraction")
    """once_count / n"""
    once_low = Column(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    once_high = Column(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    once_exact_high = Column(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound"""
    ceiling = Nullable(FLOAT64, "fraction")
    """rate of the true suffixes, each cut to as many tokens as the model wrote for the probe; null for controls"""
    ceiling_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    ceiling_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    ceiling_exact_high = Nullable(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound"""
    limit_ceiling = Nullable(FLOAT64, "fraction")
    """rate of the true suffixes, cut to as many tokens as the decoding allows; null for controls"""
    limit_ceiling_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    limit_ceiling_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    limit_ceiling_exact_high = Nullable(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound"""
