"""Masks: what stands for personal data, and where places of the original are."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from memorization.report.masks import mask

TEXT = "Ann wrote to bob@x.org on 3 May."
ENTITIES = [("per", 0, 3), ("email", 13, 22), ("date", 26, 31)]


def test_personal_data_is_replaced_by_its_type() -> None:
    masked = mask(TEXT, ENTITIES)

    assert masked.text == "[PER] wrote to [EMAIL] on [DATE]."
    assert [masked.text[start:end] for _, start, end in masked.places] == ["[PER]", "[EMAIL]", "[DATE]"]


def test_a_place_within_personal_data_is_behind_it() -> None:
    masked = mask(TEXT, ENTITIES)

    passages = {(10, 25): "to [EMAIL] on", (15, 28): " on [DATE]", (0, 3): "[PER]", (3, 13): " wrote to ", (32, 32): ""}
    for (start, end), passage in passages.items():
        assert masked.text[masked.place(start) : masked.place(end)] == passage
    assert mask(TEXT, []).place(7) == 7


@given(st.text(max_size=30), st.lists(st.integers(0, 30), max_size=8))
def test_what_is_no_personal_data_stays(text: str, ends: list[int]) -> None:
    ends = sorted({min(end, len(text)) for end in ends})
    entities = [("x", start, end) for start, end in zip(ends[::2], ends[1::2], strict=False)]
    masked = mask(text, entities)

    kept = [(0, 0), *((start, end) for _, start, end in entities), (len(text), len(text))]
    for (_, start), (end, _) in itertools.pairwise(kept):
        assert masked.text[masked.place(start) : masked.place(end)] == text[start:end]
