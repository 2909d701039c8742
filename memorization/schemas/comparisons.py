"""Table `comparisons`."""

from __future__ import annotations

from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable


class ComparisonsTable(RunColumns):
    """Differences between runs of a study: one row per run, other run and category."""

    name = "comparisons"

    seed = Nullable(INT32, "")
    """seed of the fine-tuning; 0 for base, null for the mean of all seeds of the recipe"""
    versus = Column(TEXT, "")
    """base (the same probes before fine-tuning) or control (other probes)"""
    category = Column(TEXT, "")
    """as in `rates`, or entities: the mean number that a probe leaks"""
    n = Column(INT64, "probes")
    """probes of the run"""
    n_versus = Column(INT64, "probes")
    """probes of what it is compared with"""
    difference = Column(FLOAT64, "fraction, or entities")
    """the run's rate, or leaked entities, minus the other"""
    low = Column(FLOAT64, "fraction, or entities")
    """lower bound of the bootstrap interval, paired by probe for base"""
    high = Column(FLOAT64, "fraction, or entities")
    """upper bound of that interval"""
    p_value = Column(FLOAT64, "")
    """McNemar's exact test for base, Fisher's exact test for control; for entities Student's t over prompts, for means
    over trainings and prompts
    """
    p_holm = Column(FLOAT64, "")
    """p_value after Holm's correction among the study's of this versus and category"""
