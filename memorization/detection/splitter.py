"""Sentences of a dataset's texts, whatever their script."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from memorization.detection.text import SentenceSplitter, read_sentence_model
from memorization.segmentation import by_characters


class SegmentedSplitter:
    """Splits texts where their readable forms (`segmentation.by_characters`) have sentences."""

    def __init__(self, model: SentenceSplitter) -> None:
        """Wrap the splitter of readable forms."""
        self._model = model

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        readable = by_characters(text)
        spans = np.array(self._model.span_tokenize(readable.text), np.int64).reshape(-1, 2)
        return [(start, end) for start, end in readable.origins(spans).tolist()]


def read_splitter(sentences: Path, segmentation: str | None) -> SentenceSplitter:
    """The splitter of a dataset's texts, from the file of its sentence model and the dataset's `segmentation`."""
    model = read_sentence_model(sentences)
    return model if segmentation is None else SegmentedSplitter(model)
