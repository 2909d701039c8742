"""The sparse coding model of Section 6.1 and Appendix A, as an experiment.

A text is Z = U X V (Eq. 1): hidden features X (k, K), multiplied by U (d, k), whose columns are orthonormal, and by V
(K, D), whose rows are orthonormal; d is the length of an embedding, D the number of tokens. The paper writes X in
R^(K x K) and multiplies it by U in R^(d x k): here X is k x K, the only shape for which every product of Section 6.1 is
defined.

Two tasks are learned from the same texts. The target of *classification* is one number y = a^T X b (Eq. 2); its best
solution is a'^T Z b' with a' = U a and b' = V^T b. The target of *summarization* is all of X (Eq. 3); its best solution
is U' Z V' with U' = U^T and V' = V^T. Both are two-sided linear maps Z -> L Z R, with L (1, d) and R (D, 1) or with
L (k, d) and R (D, K), and one least-squares solver fits both. The other solver is the attention layer of Eq. 4 between
the two factors of Eq. 5,

    v1^T W^V Z softmax((W^K Z)^T (W^Q Z)) v2,

trained by gradients; for summarization v1 and v2 have k and K columns.

**A sparse b'.** The paper discusses the sparsity of b' = V^T b. This b' lies in the row space of V: if V
were drawn first, no b would give a sparse b'. So b' is drawn first, with equal magnitudes on a random set of tokens;
then V is drawn among the matrices whose row space contains b', and b = V b' gives V^T b = b'.

**Which tokens can be distinguished.** Attention weights are at least 0 and sum to 1 for every query, and neither W^K
nor W^Q depends on a token's position: their input is the embeddings alone. With hidden features of mean 0 the
embeddings of all positions have mean 0 too, so that no position can be recognized by its embedding, and only v2 depends
on positions. Features with a mean (`feature_mean`, in standard deviations of a feature) give every position a mean
embedding of its own, as words have. The layer is also fitted with v2 fixed at 1/D (solver `attention_uniform`; the
paper allows v2 to be trained or arbitrary), where the attention itself must choose the tokens and cannot give one a
negative weight.

**An output without alignment.** Appendix A concludes from a small loss that softmax(...) v2 resembles b'. That does not
follow. Where logits are small, softmax(L) is about (1 + L - column means) / D with L = Z^T W Z and W = (W^K)^T W^Q, so
that the output contains the term Z Z^T W Z v2. With many features Z Z^T is nearly a multiple of U U^T, and for a W that
is nearly a multiple of I, of either sign, this term is a multiple of Z v2. Then v2 resembles b' and the output is
right, while the aggregated attention, which contains Z^T W Z v2, is another dense vector in every text. The other kind
of solution is attention of every token to itself. Training arrives at either, depending on the random start; so the
results contain all starts, and the alignment of v2 as well as that of the aggregated attention.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from memorization.progress import Progress
from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable

Task = Literal["classification", "summarization"]
Solver = Literal["linear", "attention", "attention_uniform"]
Signs = Literal["mixed", "positive"]

CONCENTRATION = ("effective_tokens", "participation", "gini")
"""Keys of `concentration`."""

# Alternating least squares continues while a step reduces the residual by a thousandth, for at most MOST_STEPS steps.
SMALLER = 0.999
MOST_STEPS = 200


@dataclass(frozen=True)
class Sizes:
    """Sizes of Eq. 1: d (`embedding`), D (`tokens`), k (`embedding_features`) and K (`token_features`)."""

    embedding: int
    tokens: int
    embedding_features: int
    token_features: int


@dataclass(frozen=True)
class World:
    """What all texts have in common: U (d, k), V (K, D), a (k,), and `weights`, the b' (D,) by signs.

    Features are normal with this mean (k, K) and standard deviation; their mean square is 1 for every `feature_mean`.
    Both a and b' have length 1.
    """

    u: np.ndarray
    v: np.ndarray
    mean: np.ndarray
    deviation: float
    a: np.ndarray
    weights: Mapping[Signs, np.ndarray]

    def texts(self, n: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Randomly drawn hidden features X (n, k, K), and their texts Z = U X V (n, d, D)."""
        features = self.mean + self.deviation * generator.standard_normal((n, *self.mean.shape))
        return features, self.u @ features @ self.v

    def labels(self, features: np.ndarray, signs: Signs) -> np.ndarray:
        """The targets a^T X b of classification (n, 1, 1), with b = V b'."""
        wanted: np.ndarray = self.a @ features @ (self.v @ self.weights[signs])
        return wanted[:, None, None]


def draw_world(
    sizes: Sizes,
    nonzeros: int | None,
    signs: Sequence[Signs],
    feature_mean: float,
    generator: np.random.Generator,
) -> World:
    """A random world; the row space of its V contains one b' for each of `signs`, or none where `nonzeros` is None.

    A b' has that many nonzero entries. The b' of all signs have the same tokens and magnitudes; in a mixed one every
    second nonzero is negative.
    """
    d, tokens, k, rows = sizes.embedding, sizes.tokens, sizes.embedding_features, sizes.token_features
    u = _orthonormal(generator.standard_normal((d, k)))
    weights: dict[Signs, np.ndarray] = {}
    span = np.zeros((tokens, 0))
    if nonzeros is not None:
        chosen = generator.permutation(tokens)[:nonzeros]
        for each in signs:
            weights[each] = np.zeros(tokens)
            weights[each][chosen] = np.where((np.arange(nonzeros) % 2 == 1) & (each == "mixed"), -1.0, 1.0)
            weights[each] /= math.sqrt(nonzeros)
        # With a single token, mixed and positive are the same direction.
        basis, lengths, _ = np.linalg.svd(np.stack(list(weights.values()), axis=1), full_matrices=False)
        span = basis[:, lengths > 1e-9]
    rest = generator.standard_normal((tokens, rows - span.shape[1]))
    # Rotated, so that b is no unit vector.
    turn = _orthonormal(generator.standard_normal((rows, rows)))
    v = turn @ _orthonormal(np.concatenate([span, rest], axis=1)).T
    a = generator.standard_normal(k)
    deviation = 1 / math.sqrt(1 + feature_mean**2)
    mean = feature_mean * deviation * generator.standard_normal((k, rows))
    return World(u, v, mean, deviation, a / np.linalg.norm(a), weights)


def _orthonormal(columns: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.qr(columns)[0])


def parameters(task: Task, solver: Solver, sizes: Sizes) -> int:
    """How many numbers a solver learns: d + D or dk + DK (Section 6.1), and for attention also W^V, W^K and W^Q.

    A v2 fixed at 1/D is not learned.
    """
    left, right = (1, 1) if task == "classification" else (sizes.embedding_features, sizes.token_features)
    outer = sizes.embedding * left + (0 if solver == "attention_uniform" else sizes.tokens * right)
    return outer + (0 if solver == "linear" else 3 * sizes.embedding**2)


# Solvers


def fit_linear(texts: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The map Z -> L Z R with least squared error: L (p, d) and R (D, q), from texts (n, d, D) and targets (n, p, q).

    Starts from the closed form: the least-squares map of all of Z to all of the target, and the Kronecker product
    nearest to it (Van Loan and Pitsianis, 1993), which is exact where the texts determine that map. Alternating least
    squares follow. Every solution is the one of minimum norm, so that nothing is learned where the texts have no
    variance. R has length sqrt(q), as b' and V^T have.
    """
    (n, d, tokens), (_, p, q) = texts.shape, targets.shape
    whole = np.linalg.lstsq(texts.reshape(n, d * tokens), targets.reshape(n, p * q))[0]
    # Entry (i, t), (a, b) is L[a, i] R[t, b]: a matrix of rank 1 with rows (a, i) and columns (t, b).
    apart = whole.reshape(d, tokens, p, q).transpose(2, 0, 1, 3).reshape(p * d, tokens * q)
    right = np.linalg.svd(apart, full_matrices=False)[2][0].reshape(tokens, q)
    for_left = targets.transpose(0, 2, 1).reshape(n * q, p)
    for_right = targets.reshape(n * p, q)
    smallest = math.inf
    for _ in range(MOST_STEPS):
        inputs = (texts @ right).transpose(0, 2, 1).reshape(n * q, d)
        left = np.linalg.lstsq(inputs, for_left)[0].T
        inputs = (left @ texts).reshape(n * p, tokens)
        right = np.linalg.lstsq(inputs, for_right)[0]
        residual = float(np.square(inputs @ right - for_right).mean())
        if residual >= SMALLER * smallest:
            break
        smallest = residual
    length = np.linalg.norm(right) / math.sqrt(q)
    return left * length, right / length


@dataclass(frozen=True)
class Attention:
    """Attention layers trained side by side, m of them: the weights of Eq. 4, v1 (m, d, p) and v2 (m, D, q)."""

    value: np.ndarray
    key: np.ndarray
    query: np.ndarray
    v1: np.ndarray
    v2: np.ndarray

    def left(self) -> np.ndarray:
        """v1^T W^V (m, p, d), which corresponds to a' or U^T."""
        product: np.ndarray = self.v1.transpose(0, 2, 1) @ self.value
        return product

    def attend(self, texts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Attention of every layer to texts (n, d, D): scores softmax(...) (m, n, D, D), and scores v2 (m, n, D, q).

        A column of scores belongs to one query and sums to 1.
        """
        logits = (self.key[:, None] @ texts).transpose(0, 1, 3, 2) @ (self.query[:, None] @ texts)
        scores = np.exp(logits - logits.max(axis=2, keepdims=True))
        scores /= scores.sum(axis=2, keepdims=True)
        return scores, scores @ self.v2[:, None]


@dataclass(frozen=True)
class Training:
    """How attention is trained: steps of Adam, texts per step, and the first learning rate, which falls to 0."""

    steps: int
    batch_size: int
    learning_rate: float


def fit_attention(
    texts: np.ndarray,
    targets: np.ndarray,
    trained_v2: Sequence[bool],
    training: Training,
    generator: np.random.Generator,
) -> Attention:
    """Train m attention layers (Eq. 4, 5) by Adam on the squared error, each from a random start of its own.

    texts (n, d, D), targets (m, n, p, q); v2 is fixed at 1/D where `trained_v2` (m,) is false. The learning rate falls
    linearly; all layers get the same batches.
    """
    import torch

    (n, d, tokens), (m, _, p, q) = texts.shape, targets.shape

    def start(rows: int, columns: int, fan: int) -> Any:
        drawn = generator.standard_normal((m, rows, columns)) / math.sqrt(fan)
        return torch.tensor(drawn, dtype=torch.float32, requires_grad=True)

    value, key, query = (start(d, d, d) for _ in range(3))
    v1, free = start(d, p, d), start(tokens, q, tokens)
    mask = torch.tensor(list(trained_v2))[:, None, None]
    tokens_first = torch.tensor(texts.transpose(0, 2, 1), dtype=torch.float32)
    wanted = torch.tensor(targets, dtype=torch.float32)
    learned = [value, key, query, v1, free]
    optimizer = torch.optim.Adam(learned, lr=training.learning_rate)
    for step in range(training.steps):
        for group in optimizer.param_groups:
            group["lr"] = training.learning_rate * (1 - step / training.steps)
        chosen = torch.from_numpy(generator.integers(n, size=min(training.batch_size, n)))
        z = tokens_first[chosen]
        flat = z.reshape(1, -1, d)
        queries = (flat @ (query.transpose(1, 2) @ key)).view(m, -1, tokens, d)
        scores = torch.softmax(queries @ z.transpose(1, 2), dim=-1)
        v2 = torch.where(mask, free, 1 / tokens)
        aggregated = scores.transpose(2, 3) @ v2[:, None]
        valued = (flat @ (v1.transpose(1, 2) @ value).transpose(1, 2)).view(m, -1, tokens, p)
        # Summed over layers: the gradient of each depends on its own term alone.
        loss = (valued.transpose(2, 3) @ aggregated - wanted[:, chosen]).square().mean(dim=(1, 2, 3)).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        weights = [each.double().numpy() for each in (value, key, query, v1, torch.where(mask, free, 1 / tokens))]
    return Attention(*weights)


# Measures


def concentration(weights: np.ndarray) -> dict[str, np.ndarray]:
    """How concentrated weights (..., D) are over tokens, by their magnitudes p = |w| / sum |w|.

    `effective_tokens` is exp(entropy), `participation` 1 / sum p^2 (both 1 to D tokens, s for s equal weights), `gini`
    the Gini coefficient (0 for equal weights, 1 - 1/D for a single one).
    """
    share = np.abs(weights) / np.abs(weights).sum(axis=-1, keepdims=True)
    tokens = share.shape[-1]
    logarithms = np.log(share, out=np.zeros_like(share), where=share > 0)
    rank = np.arange(1, tokens + 1)
    return {
        "effective_tokens": np.exp(-(share * logarithms).sum(axis=-1)),
        "participation": 1 / np.square(share).sum(axis=-1),
        "gini": (np.sort(share, axis=-1) * (2 * rank - tokens - 1)).sum(axis=-1) / tokens,
    }


def support_share(weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Share (...,) of the magnitude of weights (..., D) at tokens where `wanted` (D,) is not 0."""
    magnitudes = np.abs(weights)
    share: np.ndarray = magnitudes[..., wanted != 0].sum(axis=-1) / magnitudes.sum(axis=-1)
    return share


def alignment(weights: np.ndarray, wanted: np.ndarray) -> float:
    """Mean |cosine| between the columns of weights (..., D, q) and those of `wanted` (D, q)."""
    lengths = np.linalg.norm(weights, axis=-2) * np.linalg.norm(wanted, axis=0)
    return float(np.abs((weights * wanted).sum(axis=-2) / lengths).mean())


def relative_loss(outputs: np.ndarray, targets: np.ndarray) -> float:
    """Squared error of outputs (n, p, q), divided by that of the best constant: 0 is perfect, 1 no better."""
    return float(np.square(outputs - targets).sum() / np.square(targets - targets.mean(axis=0)).sum())


def recovered(reconstructed: np.ndarray, texts: np.ndarray) -> tuple[float, float]:
    """How well texts (n, d, D) are recovered: the share of their variance, and the mean of |Z^ - Z| / |Z|."""
    explained = 1 - np.square(reconstructed - texts).sum() / np.square(texts - texts.mean(axis=0)).sum()
    errors = np.linalg.norm(reconstructed - texts, axis=(1, 2)) / np.linalg.norm(texts, axis=(1, 2))
    return float(explained), float(errors.mean())


@dataclass(frozen=True)
class Attacker:
    """An attacker who reconstructs Z from f(Z) alone, and knows the means of both, (d, D) and (p, q)."""

    mean_text: np.ndarray
    mean_output: np.ndarray

    @classmethod
    def of(cls, texts: np.ndarray, outputs: np.ndarray) -> Attacker:
        """An attacker who knows the means of these texts (n, d, D) and outputs (n, p, q)."""
        return cls(texts.mean(axis=0), outputs.mean(axis=0))

    def by_weights(self, outputs: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Texts (n, d, D) reconstructed with the model's own weights: the mean plus L^+ (f(Z) - mean) R^+.

        For U^T and V^T the pseudo-inverses are the transposes of Section 6.1, Z^ = U'^T f(Z) V'^T; for vectors the
        result is a' f(Z) b'^T divided by the squared lengths, the best that a single number allows.
        """
        centred = np.linalg.pinv(left) @ (outputs - self.mean_output) @ np.linalg.pinv(right)
        return np.asarray(self.mean_text + centred)

    def by_pairs(self, outputs: np.ndarray, known: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Texts (n, d, D) reconstructed without weights, by the linear map that fits known (texts, outputs) best."""
        texts, known_outputs = known
        n = len(texts)
        centred = (known_outputs - self.mean_output).reshape(n, -1)
        inverse = np.linalg.lstsq(centred, (texts - self.mean_text).reshape(n, -1))[0]
        reconstructed = (outputs - self.mean_output).reshape(len(outputs), -1) @ inverse
        return np.asarray(self.mean_text + reconstructed.reshape(len(outputs), *texts.shape[1:]))


# The experiment


@dataclass(frozen=True)
class Learned:
    """What a solver learned: its outputs on training texts (`trained`) and test texts (`tested`), its sides L and R.

    `weights` (n, D, q) is the right side for each test text. For attention this is its aggregated attention, `right` is
    the mean of that over training texts, `scores` (n, D, D) is the attention to test texts, and `v2` (D, q) that of
    Eq. 5.
    """

    trained: np.ndarray
    tested: np.ndarray
    left: np.ndarray
    right: np.ndarray
    weights: np.ndarray
    scores: np.ndarray | None = None
    v2: np.ndarray | None = None


def run(settings: Mapping[str, Any]) -> pa.Table:
    """The whole experiment, as the table `sparse_coding_fits`; `settings` are the fields of a study of this kind.

    Every (seed, feature mean, nonzeros) has random draws of its own, so that its rows do not depend on which others are
    computed.
    """
    sizes = Sizes(*(settings[key] for key in ("embedding", "tokens", "embedding_features", "token_features")))
    cells = [
        (seed, feature_mean, nonzeros)
        for seed in range(settings["seeds"])
        for feature_mean in settings["feature_means"]
        for nonzeros in [None, *settings["nonzeros"]]
    ]
    rows: list[dict[str, Any]] = []
    with Progress(len(cells), "sparse coding", "draws") as progress:
        for seed, feature_mean, nonzeros in cells:
            rows += _cell(sizes, seed, feature_mean, nonzeros, settings)
            progress.advance()
    return pa.Table.from_pylist(rows, schema=SparseCodingFitsTable.arrow())


def _cell(
    sizes: Sizes, seed: int, feature_mean: float, nonzeros: int | None, settings: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Rows of one world: classification with that many nonzeros of b', or summarization where `nonzeros` is None."""
    generator = np.random.default_rng([seed, *np.float64(feature_mean).tobytes(), nonzeros or 0])
    task: Task = "summarization" if nonzeros is None else "classification"
    world = draw_world(sizes, nonzeros, settings["signs"], feature_mean, generator)
    features, texts = world.texts(settings["samples"], generator)
    test_features, test_texts = world.texts(settings["test_samples"], generator)
    wanted: dict[Signs | None, np.ndarray] = {None: world.v.T}
    targets: dict[Signs | None, np.ndarray] = {None: features}
    test_targets: dict[Signs | None, np.ndarray] = {None: test_features}
    if task == "classification":
        wanted = {signs: weights[:, None] for signs, weights in world.weights.items()}
        targets = {signs: world.labels(features, signs) for signs in world.weights}
        test_targets = {signs: world.labels(test_features, signs) for signs in world.weights}
    for signs, solver, start, chosen, learned in _solve(task, texts, test_texts, targets, settings, generator):
        yield {
            "task": task,
            "solver": solver,
            "feature_mean": feature_mean,
            "signs": signs,
            "nonzeros": nonzeros,
            "seed": seed,
            "start": start,
            "chosen": chosen,
            "parameters": parameters(task, solver, sizes),
            "train_loss": relative_loss(learned.trained, targets[signs]),
            "test_loss": relative_loss(learned.tested, test_targets[signs]),
            **_attacked(learned, texts, test_texts),
            **_shape(learned, wanted[signs], task),
        }


def _solve(
    task: Task,
    texts: np.ndarray,
    test_texts: np.ndarray,
    targets: Mapping[Signs | None, np.ndarray],
    settings: Mapping[str, Any],
    generator: np.random.Generator,
) -> Iterator[tuple[Signs | None, Solver, int, bool, Learned]]:
    """Yield (signs, solver, start, chosen, what was learned); the start with the least training loss is chosen.

    Summarization has no `attention_uniform`: equal columns of v2 would make the columns of its outputs equal.
    """
    for signs, target in targets.items():
        left, right = fit_linear(texts, target)
        weights = np.broadcast_to(right, (len(test_texts), *right.shape))
        yield signs, "linear", 0, True, Learned(left @ texts @ right, left @ test_texts @ right, left, right, weights)
    solvers: list[Solver] = ["attention", "attention_uniform"] if task == "classification" else ["attention"]
    layers = [(signs, solver, start) for signs in targets for solver in solvers for start in range(settings["starts"])]
    attention = fit_attention(
        texts,
        np.stack([targets[signs] for signs, _, _ in layers]),
        [solver == "attention" for _, solver, _ in layers],
        Training(settings["steps"], settings["batch_size"], settings["learning_rate"]),
        generator,
    )
    lefts, (_, trained_weights) = attention.left(), attention.attend(texts)
    scores, weights = attention.attend(test_texts)
    trained, tested = lefts[:, None] @ texts @ trained_weights, lefts[:, None] @ test_texts @ weights
    losses = [relative_loss(trained[index], targets[signs]) for index, (signs, _, _) in enumerate(layers)]
    for index, (signs, solver, start) in enumerate(layers):
        best = min(loss for loss, layer in zip(losses, layers, strict=True) if layer[:2] == (signs, solver))
        learned = Learned(
            trained[index],
            tested[index],
            lefts[index],
            trained_weights[index].mean(axis=0),
            weights[index],
            scores[index],
            attention.v2[index],
        )
        yield signs, solver, start, losses[index] == best, learned


def _attacked(learned: Learned, texts: np.ndarray, test_texts: np.ndarray) -> dict[str, float]:
    """How well an attacker recovers the test texts."""
    attacker = Attacker.of(texts, learned.trained)
    share, error = recovered(attacker.by_weights(learned.tested, learned.left, learned.right), test_texts)
    by_pairs, _ = recovered(attacker.by_pairs(learned.tested, (texts, learned.trained)), test_texts)
    return {"recovered": share, "recovery_error": error, "recovered_from_pairs": by_pairs}


def _shape(learned: Learned, wanted: np.ndarray, task: Task) -> dict[str, float | None]:
    """Measures of the learned token weights (n, D, q) and of those wanted (D, q): means over test texts and columns."""
    columns = learned.weights.transpose(0, 2, 1)
    measures: dict[str, float | None] = {
        "alignment": alignment(learned.weights, wanted),
        "v2_alignment": None if learned.v2 is None else alignment(learned.v2, wanted),
        **_mean_concentration("wanted", wanted.T),
        **_mean_concentration("aggregated", columns),
        "aggregated_support_share": None,
        **dict.fromkeys(f"attention_{measure}" for measure in CONCENTRATION),
        "attention_support_share": None,
        "attention_to_itself": None,
    }
    if task == "classification":
        measures["aggregated_support_share"] = float(support_share(columns, wanted[:, 0]).mean())
    if learned.scores is not None:
        # What a heatmap of attention shows for a token: the attention that it gets from all queries together.
        received = learned.scores.mean(axis=2)
        measures |= _mean_concentration("attention", received)
        measures["attention_to_itself"] = float(np.diagonal(learned.scores, axis1=1, axis2=2).mean())
        if task == "classification":
            measures["attention_support_share"] = float(support_share(received, wanted[:, 0]).mean())
    return measures


def _mean_concentration(prefix: str, weights: np.ndarray) -> dict[str, float | None]:
    return {f"{prefix}_{measure}": float(values.mean()) for measure, values in concentration(weights).items()}
