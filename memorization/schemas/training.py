"""Table `training`."""

from __future__ import annotations

from memorization.schemas.schema import BOOL, FLOAT64, INT32, Column, Nullable, Schema


class TrainingTable(Schema):
    """Epochs of one training run: one row per epoch."""

    name = "training"

    epoch = Column(INT32, "epochs")
    """epochs finished"""
    step = Column(INT32, "steps")
    """optimizer steps taken"""
    loss = Column(FLOAT64, "nats/token")
    """mean training loss over the epoch"""
    learning_rate = Column(FLOAT64, "")
    """learning rate of the last step"""
    validation_loss = Nullable(FLOAT64, "nats/token")
    """mean loss on the split `validation` after the epoch; null without early stopping"""
    kept = Column(BOOL, "")
    """a checkpoint with this epoch's weights was kept"""
