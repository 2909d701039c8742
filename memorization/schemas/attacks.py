"""Table `attacks`, and the columns that the table of a study shows of it."""

from __future__ import annotations

from memorization.schemas.run import StateColumns
from memorization.schemas.schema import BOOL, FLOAT64, INT64, TEXT, Column, Nullable, list_of


class AttackColumns(StateColumns):
    """How well one attack tells a model's members from held-out rows."""

    attack = Column(TEXT, "")
    """loss, loss_over_base, zlib, min_k, min_k_plus_plus, or blind, which sees the texts and no model"""
    members = Column(INT64, "rows")
    """rows of the train split"""
    controls = Column(INT64, "rows")
    """rows of the test split, never trained on"""
    member_inputs = Column(INT64, "inputs")
    """different inputs of the members: rows of one input, or one conversation, are resampled together"""
    control_inputs = Column(INT64, "inputs")
    """different inputs of the controls; no false positive rate below 1 / this can be measured"""
    auc = Column(FLOAT64, "fraction")
    """area under the ROC curve: the chance that a member's score is above a control's, half of ties; 0.5 is chance"""
    auc_low = Column(FLOAT64, "fraction")
    """lower bound of its bootstrap interval; an exact bound where the AUC is 0 or 1"""
    auc_high = Column(FLOAT64, "fraction")
    """upper bound"""
    tpr_1 = Nullable(FLOAT64, "fraction")
    """true positive rate at a false positive rate of 1%; null where that cannot be measured"""
    tpr_1_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval; an exact bound where it is 0 or 1"""
    tpr_1_high = Nullable(FLOAT64, "fraction")
    """upper bound"""
    tpr_1_reason = Nullable(TEXT, "")
    """why it cannot be measured, and what is needed; null where it is"""
    tpr_01 = Nullable(FLOAT64, "fraction")
    """true positive rate at a false positive rate of 0.1%; null where that cannot be measured"""
    tpr_01_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval; an exact bound where it is 0 or 1"""
    tpr_01_high = Nullable(FLOAT64, "fraction")
    """upper bound"""
    tpr_01_reason = Nullable(TEXT, "")
    """why it cannot be measured, and what is needed; null where it is"""
    blind_auc = Nullable(FLOAT64, "fraction")
    """AUC of the blind baseline on the same rows; null where there are too few inputs for it"""
    blind_auc_low = Nullable(FLOAT64, "fraction")
    """lower bound of its interval"""
    blind_auc_high = Nullable(FLOAT64, "fraction")
    """upper bound"""
    over_blind = Nullable(FLOAT64, "fraction")
    """AUC minus that of the blind baseline, or minus 0.5 where that is lower; null for the baseline itself, and without
    one
    """
    over_blind_low = Nullable(FLOAT64, "fraction")
    """lower bound of its interval, paired by rows"""
    over_blind_high = Nullable(FLOAT64, "fraction")
    """upper bound"""
    differ = Nullable(BOOL, "")
    """whether members and controls differ by themselves (`blind_auc_low` is above 0.5): then the AUC of an attack means
    nothing by itself; null without the baseline
    """


class AttacksTable(AttackColumns):
    """A model's attacks on a dataset: one row per attack."""

    name = "attacks"

    roc_fpr = Column(list_of(FLOAT64), "fraction")
    """false positive rates, increasing, from the lowest that can be measured to 1"""
    roc_tpr = Column(list_of(FLOAT64), "fraction")
    """true positive rate at each of them"""
    roc_tpr_low = Column(list_of(FLOAT64), "fraction")
    """its lower bound"""
    roc_tpr_high = Column(list_of(FLOAT64), "fraction")
    """its upper bound"""
