"""Density of attention: against hand-computed values and other definitions of the same measures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import entropy

from memorization.schemas.density import DensityTable
from memorization.studies.attention.density import MEASURES, Density, density, rows

LENGTHS = (2, 3, 7, 512)


def spread(*values: float) -> dict[str, float]:
    return dict(zip(MEASURES, values, strict=True))


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_uniform_attention(length: int, kind: type) -> None:
    uniform = np.full((4, length), 1 / length, kind)
    assert vars(density(uniform)) == pytest.approx(spread(1, length, 0, 0), abs=1e-5)


@pytest.mark.parametrize("length", LENGTHS)
def test_attention_on_one_token(length: int) -> None:
    one = np.eye(length)[:3]
    assert vars(density(one)) == pytest.approx(spread(0, 1, 1 - 1 / length, 1 / length))


def test_values_worked_out_by_hand() -> None:
    halves, quarters = [0.5, 0.5, 0.0, 0.0], [0.5, 0.25, 0.25, 0.0]

    assert vars(density(np.array([halves]))) == pytest.approx(spread(0.5, 2, 0.5, 0.5))
    # H = 1.5 bit; sorted weights 0, 1/4, 1/4, 1/2 have (-3*0 - 1/4 + 1/4 + 3/2) / 4.
    assert vars(density(np.array([quarters]))) == pytest.approx(spread(0.75, 2**1.5, 0.375, 0.25))
    # The mean over the rows, and not the measure of the mean row.
    both = density(np.array([halves, quarters]))
    assert vars(both) == pytest.approx(spread(0.625, (2 + 2**1.5) / 2, 0.4375, 0.375))


def test_rows_without_attention_are_left_out() -> None:
    assert density(np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])) == density(np.array([[0.5, 0.5, 0.0]]))
    with pytest.raises(ValueError, match="no attention"):
        density(np.zeros((2, 3)))


def test_a_single_input_token_is_attended_uniformly() -> None:
    assert vars(density(np.ones((2, 1)))) == spread(1, 1, 0, 0)


weights = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=12), elements=st.floats(0, 1, width=32)
).filter(lambda array: bool((array.sum(axis=1) > 1e-3).all()))


@given(weights)
def test_measures_are_those_of_their_definitions(drawn: np.ndarray) -> None:
    drawn = drawn / drawn.sum(axis=1, keepdims=True)
    length = drawn.shape[1]

    measured = density(drawn)

    entropies = [entropy(row) for row in drawn]
    differences = [np.abs(row[:, None] - row[None, :]).mean() / (2 * row.mean()) for row in drawn]
    assert measured.normalized_entropy == pytest.approx(np.mean([entropy(row, base=length) for row in drawn]), abs=1e-9)
    assert measured.effective_tokens == pytest.approx(np.mean(np.exp(entropies)))
    assert measured.gini == pytest.approx(np.mean(differences), abs=1e-9)


@given(weights, st.randoms(use_true_random=False))
def test_the_order_of_input_tokens_does_not_count(drawn: np.ndarray, random: object) -> None:
    drawn = drawn / drawn.sum(axis=1, keepdims=True)
    order = list(range(drawn.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]

    assert vars(density(drawn[:, order])) == pytest.approx(vars(density(drawn)), abs=1e-9)


def test_a_sample_has_one_row_per_layer() -> None:
    layers = np.stack([np.full((3, 4), 0.25), np.eye(4)[:3]])
    share = np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])

    sample = {"probe": 7, "id": "train-9", "input_digest": "ab"}
    layer_rows = rows(sample, layers, share)

    assert [row["layer"] for row in layer_rows] == [1, 2]
    assert [row["input_share"] for row in layer_rows] == [0.5, 1.0]
    assert layer_rows[1] == {**sample, "layer": 2, "output_tokens": 3, "input_tokens": 4} | {
        "input_share": 1.0,
        **vars(density(np.eye(4)[:3])),
    }
    assert set(layer_rows[0]) == set(DensityTable.arrow().names)
    assert tuple(Density.__dataclass_fields__) == MEASURES
