"""Padding: on either side, masked, and at least as wide as required."""

import pytest

from memorization.models.padding import padded


@pytest.mark.parametrize(
    ("left", "length", "ids", "mask"),
    [
        (False, 1, [[5, 9], [6, 7]], [[1, 0], [1, 1]]),
        (True, 1, [[9, 5], [6, 7]], [[0, 1], [1, 1]]),
        (False, 3, [[5, 9, 9], [6, 7, 9]], [[1, 0, 0], [1, 1, 0]]),
    ],
)
def test_rows_are_padded_and_masked(left: bool, length: int, ids: list[list[int]], mask: list[list[int]]) -> None:
    arrays = padded([[5], [6, 7]], 9, left, length)

    assert [array.tolist() for array in arrays] == [ids, mask]
    assert {str(array.dtype) for array in arrays} == {"int64"}
