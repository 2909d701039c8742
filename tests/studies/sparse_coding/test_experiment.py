"""The sparse coding experiment: the model of Eq. 1, exact linear solutions, closed forms, measures by hand."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable
from memorization.studies.sparse_coding import experiment
from memorization.studies.sparse_coding.experiment import Attacker, Attention, Sizes, Training
from memorization.studies.sparse_coding.plan import SparseCoding

SIZES = Sizes(embedding=7, tokens=6, embedding_features=4, token_features=5)
SMALL = {
    "embedding": 5,
    "tokens": 4,
    "embedding_features": 4,
    "token_features": 3,
    "nonzeros": [1, 2, 4],
    "samples": 100,
    "test_samples": 40,
    "seeds": 2,
    "starts": 2,
    "steps": 5,
    "batch_size": 8,
}


def settings(**changed: Any) -> dict[str, Any]:
    return SparseCoding.model_validate({"kind": "sparse_coding"} | SMALL | changed).model_dump(mode="json")


def world(nonzeros: int | None = 2, feature_mean: float = 0.0, seed: int = 0) -> tuple[experiment.World, Any]:
    generator = np.random.default_rng(seed)
    return experiment.draw_world(SIZES, nonzeros, ["mixed", "positive"], feature_mean, generator), generator


# The model


@pytest.mark.parametrize("nonzeros", [None, 1, 2, 3, 6])
def test_columns_of_u_and_rows_of_v_are_orthonormal(nonzeros: int | None) -> None:
    drawn, _ = world(nonzeros)
    assert drawn.u.shape == (7, 4)
    assert drawn.v.shape == (5, 6)
    np.testing.assert_allclose(drawn.u.T @ drawn.u, np.eye(4), atol=1e-14)
    np.testing.assert_allclose(drawn.v @ drawn.v.T, np.eye(5), atol=1e-14)


@pytest.mark.parametrize("nonzeros", [1, 2, 3, 6])
def test_b_gives_a_sparse_b_prime_through_v(nonzeros: int) -> None:
    drawn, _ = world(nonzeros)
    for wanted in drawn.weights.values():
        b = drawn.v @ wanted
        np.testing.assert_allclose(drawn.v.T @ b, wanted, atol=1e-14)
        assert np.linalg.norm(wanted) == pytest.approx(1)
        assert np.count_nonzero(wanted) == nonzeros
        # b itself is not sparse: it is no unit vector of the features.
        assert np.count_nonzero(np.abs(b) > 1e-6) == 5
    mixed, positive = drawn.weights["mixed"], drawn.weights["positive"]
    np.testing.assert_array_equal(np.abs(mixed), positive)
    assert (mixed < 0).sum() == nonzeros // 2


@pytest.mark.parametrize("feature_mean", [0.0, 2.0])
def test_features_have_mean_square_one_and_texts_are_their_image(feature_mean: float) -> None:
    drawn, generator = world(3, feature_mean)
    features, texts = drawn.texts(20_000, generator)
    np.testing.assert_allclose(np.einsum("dk,nkl,lt->ndt", drawn.u, features, drawn.v), texts, atol=1e-12)
    assert features.std(axis=0).mean() == pytest.approx(1 / np.sqrt(1 + feature_mean**2), rel=0.02)
    assert np.ptp(features.mean(axis=0)) > 1 if feature_mean else np.ptp(features.mean(axis=0)) < 0.1
    spread = features.mean(axis=0) / features.std(axis=0)
    assert np.sqrt(np.square(spread).mean()) == pytest.approx(feature_mean, abs=0.8)
    expected = np.einsum("k,nkl,l->n", drawn.a, features, drawn.v @ drawn.weights["mixed"])
    np.testing.assert_allclose(drawn.labels(features, "mixed")[:, 0, 0], expected, atol=1e-12)


def test_parameters_are_counted_as_in_the_paper_and_as_they_are_trained() -> None:
    d, tokens, k, rows = 7, 6, 4, 5
    assert experiment.parameters("classification", "linear", SIZES) == d + tokens == 13
    assert experiment.parameters("summarization", "linear", SIZES) == d * k + tokens * rows == 58
    assert experiment.parameters("classification", "attention", SIZES) == 3 * 49 + 13
    assert experiment.parameters("classification", "attention_uniform", SIZES) == 3 * 49 + 7
    assert experiment.parameters("summarization", "attention", SIZES) == 3 * 49 + 58

    texts, targets = np.zeros((9, d, tokens)), np.zeros((1, 9, k, rows))
    layer = experiment.fit_attention(texts, targets, [True], Training(0, 2, 0.1), np.random.default_rng(0))
    learned = sum(each[0].size for each in (layer.value, layer.key, layer.query, layer.v1, layer.v2))
    assert learned == experiment.parameters("summarization", "attention", SIZES)


# Linear solutions


@pytest.mark.parametrize("feature_mean", [0.0, 2.0])
@pytest.mark.parametrize("signs", ["mixed", "positive"])
def test_classification_is_solved_by_a_prime_and_b_prime(feature_mean: float, signs: Any) -> None:
    drawn, generator = world(2, feature_mean)
    features, texts = drawn.texts(60, generator)
    left, right = experiment.fit_linear(texts, drawn.labels(features, signs))
    sign = np.sign(right[:, 0] @ drawn.weights[signs])
    np.testing.assert_allclose(sign * left[0], drawn.u @ drawn.a, atol=1e-10)
    np.testing.assert_allclose(sign * right[:, 0], drawn.weights[signs], atol=1e-10)


@pytest.mark.parametrize("feature_mean", [0.0, 2.0])
@pytest.mark.parametrize("seed", range(4))
def test_summarization_is_solved_by_the_transposes_of_u_and_v(feature_mean: float, seed: int) -> None:
    drawn, generator = world(None, feature_mean, seed)
    features, texts = drawn.texts(60, generator)
    left, right = experiment.fit_linear(texts, features)
    # Both are known up to a common sign alone.
    np.testing.assert_allclose(
        np.einsum("ai,tb->aitb", left, right), np.einsum("ia,bt->aitb", drawn.u, drawn.v), atol=1e-9
    )
    further, unseen = drawn.texts(30, generator)
    np.testing.assert_allclose(left @ unseen @ right, further, atol=1e-9)


def test_a_bilinear_map_that_texts_do_not_determine_is_still_fitted() -> None:
    """Fewer texts than k K: the least-squares start is not exact, alternating steps are."""
    drawn, generator = world(2)
    features, texts = drawn.texts(19, generator)
    targets = drawn.labels(features, "mixed")
    left, right = experiment.fit_linear(texts, targets)
    further, unseen = drawn.texts(200, generator)
    assert experiment.relative_loss(left @ unseen @ right, drawn.labels(further, "mixed")) < 1e-3


# Recovery


def test_an_attacker_gets_all_of_a_summary_and_one_part_in_k_times_k_of_a_class() -> None:
    drawn, generator = world(2, 1.0)
    features, texts = drawn.texts(4000, generator)
    further, unseen = drawn.texts(4000, generator)

    left, right = experiment.fit_linear(texts, features)
    summaries = Attacker.of(texts, left @ texts @ right)
    np.testing.assert_allclose(summaries.by_weights(left @ unseen @ right, left, right), unseen, atol=1e-8)
    # The paper's own formula: transposes.
    np.testing.assert_allclose(
        left.T @ (left @ unseen @ right) @ right.T * (4 / np.square(left).sum()), unseen, atol=1e-8
    )
    pairs = (texts, left @ texts @ right)
    np.testing.assert_allclose(summaries.by_pairs(left @ unseen @ right, pairs), unseen, atol=1e-8)

    left, right = experiment.fit_linear(texts, drawn.labels(features, "mixed"))
    classes = Attacker.of(texts, left @ texts @ right)
    share, error = experiment.recovered(classes.by_weights(left @ unseen @ right, left, right), unseen)
    assert share == pytest.approx(1 / (4 * 5), abs=0.005)
    guessed = experiment.recovered(np.broadcast_to(texts.mean(axis=0), unseen.shape), unseen)[1]
    assert 0.9 * guessed < error < guessed
    by_pairs, _ = experiment.recovered(classes.by_pairs(left @ unseen @ right, (texts, left @ texts @ right)), unseen)
    assert by_pairs == pytest.approx(1 / (4 * 5), abs=0.01)
    assert len(further) == 4000


def test_recovery_and_loss_by_hand() -> None:
    texts = np.array([[[3.0, 0.0]], [[1.0, 0.0]]])
    assert experiment.recovered(texts, texts) == (1, 0)
    assert experiment.recovered(np.broadcast_to(texts.mean(axis=0), texts.shape), texts) == (
        0,
        pytest.approx((1 / 3 + 1) / 2),
    )
    assert experiment.recovered(np.zeros_like(texts), texts) == (-4, 1)
    outputs = np.array([[[1.0]], [[3.0]]])
    assert experiment.relative_loss(outputs, outputs) == 0
    assert experiment.relative_loss(np.full((2, 1, 1), 2.0), outputs) == 1
    assert experiment.relative_loss(np.full((2, 1, 1), 3.0), outputs) == 2


# Measures of sparsity


@pytest.mark.parametrize(
    ("weights", "effective", "participation", "gini"),
    [
        ([1, 0, 0, 0], 1, 1, 0.75),
        ([0, -2, 2, 0], 2, 2, 0.5),
        ([1, 1, 1, 1], 4, 4, 0),
        ([-3, 1, 0, 0], np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25)), 1 / (0.75**2 + 0.25**2), 0.625),
    ],
)
def test_concentration_by_hand(weights: list[float], effective: float, participation: float, gini: float) -> None:
    measures = experiment.concentration(np.array(weights, dtype=float))
    assert measures["effective_tokens"] == pytest.approx(effective)
    assert measures["participation"] == pytest.approx(participation)
    assert measures["gini"] == pytest.approx(gini)
    assert tuple(measures) == experiment.CONCENTRATION


def test_concentration_is_that_of_the_definitions_whatever_the_scale() -> None:
    weights = np.random.default_rng(0).standard_normal((3, 5, 8))
    measures = experiment.concentration(weights)
    shares = np.abs(weights[1, 2]) / np.abs(weights[1, 2]).sum()
    assert measures["effective_tokens"][1, 2] == pytest.approx(np.exp(stats.entropy(shares)))
    differences = np.abs(shares[:, None] - shares[None]).sum() / (2 * 8 * 8 * shares.mean())
    assert measures["gini"][1, 2] == pytest.approx(differences)
    for name, values in experiment.concentration(-3 * weights).items():
        np.testing.assert_allclose(values, measures[name])


def test_alignment_is_the_cosine_of_columns_whatever_sign_and_scale() -> None:
    wanted = np.array([[1.0, 0.0], [0.0, 2.0]])
    assert experiment.alignment(np.array([[-3.0, 0.0], [0.0, 1.0]]), wanted) == pytest.approx(1)
    turned = np.array([[[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    assert experiment.alignment(turned, wanted) == pytest.approx((np.sqrt(0.5) + 0 + 1 + 1) / 4)


def test_share_on_the_support() -> None:
    assert experiment.support_share(np.array([[3.0, -1.0, 4.0]]), np.array([0.5, 0.0, -0.5])) == pytest.approx([7 / 8])


# Attention


def test_attention_is_equation_4() -> None:
    generator = np.random.default_rng(0)
    shapes = {"value": (2, 3, 3), "key": (2, 3, 3), "query": (2, 3, 3), "v1": (2, 3, 1), "v2": (2, 4, 1)}
    layers = Attention(**{name: generator.standard_normal(shape) for name, shape in shapes.items()})
    texts = generator.standard_normal((5, 3, 4))
    scores, aggregated = layers.attend(texts)
    for layer in range(2):
        for number, z in enumerate(texts):
            logits = (layers.key[layer] @ z).T @ (layers.query[layer] @ z)
            expected = np.exp(logits) / np.exp(logits).sum(axis=0)
            np.testing.assert_allclose(scores[layer, number], expected)
            np.testing.assert_allclose(aggregated[layer, number], expected @ layers.v2[layer])
            output = layers.v1[layer].T @ layers.value[layer] @ z @ expected @ layers.v2[layer]
            np.testing.assert_allclose(layers.left()[layer] @ z @ aggregated[layer, number], output)


def test_a_trained_layer_fits_its_targets_and_a_fixed_v2_stays() -> None:
    drawn, generator = world(2, 1.0)
    features, texts = drawn.texts(500, generator)
    targets = np.stack([drawn.labels(features, "mixed")] * 2)
    layers = experiment.fit_attention(texts, targets, [True, False], Training(300, 32, 0.02), generator)
    outputs = layers.left()[:, None] @ texts @ layers.attend(texts)[1]
    losses = [experiment.relative_loss(output, target) for output, target in zip(outputs, targets, strict=True)]
    assert losses[0] < 0.3
    assert losses[0] < losses[1]
    np.testing.assert_allclose(layers.v2[1], 1 / 6, rtol=1e-6)
    assert np.ptp(layers.v2[0]) > 0.1


# The experiment


def test_every_setting_has_its_rows_and_the_numbers_are_the_same_every_time() -> None:
    table = experiment.run(settings())
    assert table.schema.equals(SparseCodingFitsTable.arrow())
    assert table.equals(experiment.run(settings()))
    rows = table.to_pylist()
    # Seeds and means; nonzeros, signs and fits of classification; fits of summarization.
    assert len(rows) == 2 * 2 * (3 * 2 * (1 + 2 + 2) + (1 + 2))
    fits = {tuple(row[key] for key in ("task", "solver", "feature_mean", "signs", "nonzeros", "seed")) for row in rows}
    chosen = [row for row in rows if row["chosen"]]
    assert len(chosen) == len(fits)
    for row in rows:
        assert (row["signs"] is None) == (row["nonzeros"] is None) == (row["task"] == "summarization")
        if row["solver"] == "linear":
            assert row["test_loss"] < 1e-15
            assert row["alignment"] == pytest.approx(1)
            assert row["aggregated_effective_tokens"] == pytest.approx(row["wanted_effective_tokens"], abs=1e-6)
            assert row["attention_effective_tokens"] is None
        if row["nonzeros"] is not None:
            for measure in ("wanted_effective_tokens", "wanted_participation"):
                assert row[measure] == pytest.approx(row["nonzeros"])
        same = [other for other in rows if all(row[key] == other[key] for key in ("task", "solver", "feature_mean"))]
        same = [other for other in same if all(row[key] == other[key] for key in ("signs", "nonzeros", "seed"))]
        assert row["chosen"] == (row["train_loss"] == min(other["train_loss"] for other in same))


def test_a_setting_does_not_depend_on_which_others_are_computed() -> None:
    def rows(**changed: Any) -> list[dict[str, Any]]:
        computed = experiment.run(settings(**changed)).to_pylist()
        return [row for row in computed if row["seed"] == 1 and row["feature_mean"] == 2.0 and row["nonzeros"] == 2]

    assert rows(nonzeros=[2], feature_means=[2.0]) == rows(nonzeros=[4, 2], feature_means=[0.0, 2.0])


def test_with_a_uniform_v2_the_aggregated_attention_is_the_attention() -> None:
    for row in experiment.run(settings(seeds=1)).to_pylist():
        if row["solver"] == "attention_uniform":
            for measure in (*experiment.CONCENTRATION, "support_share"):
                assert row[f"aggregated_{measure}"] == pytest.approx(row[f"attention_{measure}"], rel=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"embedding_features": 6}, "`embedding_features` is 6 and `embedding` 5"),
        ({"token_features": 5}, "`token_features` is 5 and `tokens` 4"),
        ({"nonzeros": [1, 5]}, r"`nonzeros` has 5: it takes numbers from 1 to `tokens` \(4\)"),
        ({"nonzeros": [0]}, "`nonzeros` has 0"),
        ({"feature_means": [-1.0]}, "greater than or equal to 0"),
    ],
)
def test_sizes_that_no_world_has_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**changed)
