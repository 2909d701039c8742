"""Quality: how well a model does its task on test rows (Appendix I, Tables 16 to 21).

- Summarization and dialog: ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin, 2004), F-measure, with Porter's stemmer, as
  summaries are usually scored. A sentence of ROUGE-Lsum is a line of the text as it stands: texts are not split into
  sentences first. So ROUGE-Lsum is ROUGE-L where a text has no line break, as it is throughout Tables 16, 18 and 20.
- Sentiment and classification: accuracy, by the label's text.
- Question answering: exact match and F1 of SQuAD (Rajpurkar et al., 2016), the best over all right answers.
- Translation: BLEU of the corpus (Papineni et al., 2002) as sacreBLEU computes it (Post, 2018): 13a tokens, mixed case,
  exponential smoothing.

The mean length of answers stands beside each.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from memorization import statistics
from memorization.config import Task
from memorization.storage import SCHEMAS

ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
LENGTH = "answer_tokens"
METRICS: dict[Task, tuple[str, ...]] = {
    "summarization": (*ROUGE, LENGTH),
    "dialog": (*ROUGE, LENGTH),
    "sentiment": ("accuracy", LENGTH),
    "classification": ("accuracy", LENGTH),
    "qa": ("exact_match", "f1", LENGTH),
    "translation": ("bleu", LENGTH),
    "pretraining": (LENGTH,),
}
"""What is told of a task, in the order of its table."""

SHARES = ("accuracy", "exact_match")
"""Metrics that an answer has or has not."""

# Orders of n-grams that BLEU counts.
ORDERS = 4
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Score:
    """A metric of n answers, with its intervals in its unit; only shares have a count and exact bounds."""

    metric: str
    unit: str
    n: int
    value: float
    low: float
    high: float
    count: int | None = None
    exact_low: float | None = None
    exact_high: float | None = None


def scores(answers: pa.Table, task: Task, draws: int, low: float, high: float, seed: int) -> list[Score]:
    """One score for each of the task's metrics, from a table of schema `answers`.

    Bootstrap intervals resample inputs, each with all answers to it: `low` and `high` are quantiles. ValueError where
    there is no answer.
    """
    n = answers.num_rows
    if not n:
        raise ValueError("no answers")
    texts, references = answers["answer"].to_pylist(), answers["references"].to_pylist()
    settings = (draws, low, high, seed, answers["input_text"].to_pylist())
    values = {LENGTH: answers[LENGTH].to_numpy().astype(float), **_by_answer(task, texts, references)}
    found = []
    for metric in METRICS[task]:
        if metric == "bleu":
            counts = bleu_counts(texts, references)
            bounds = statistics.bootstrap_sums(counts, corpus_bleu, metric, *settings)
            found.append(Score(metric, "fraction", n, float(corpus_bleu(counts.sum(axis=0))), *bounds))
        elif metric in SHARES:
            count = int(values[metric].sum())
            bounds = statistics.bootstrap_share(values[metric], metric, *settings)
            exact = statistics.clopper_pearson(count, n, low, high)
            found.append(Score(metric, "fraction", n, count / n, *bounds, count, *exact))
        else:
            unit = "tokens" if metric == LENGTH else "fraction"
            bounds = statistics.bootstrap_mean(values[metric], metric, *settings)
            found.append(Score(metric, unit, n, float(values[metric].mean()), *bounds))
    return found


def _by_answer(task: Task, texts: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """Arrays (n,) of the task's metrics that every answer has for itself."""
    if task in ("summarization", "dialog"):
        return rouge(texts, references)
    if task in ("sentiment", "classification"):
        return {"accuracy": _best(_equal_labels, texts, references)}
    if task == "qa":
        return {"exact_match": _best(exact_match, texts, references), "f1": _best(f1, texts, references)}
    return {}


def table_of(scores: Sequence[Score], coordinates: Mapping[str, Any]) -> pa.Table:
    """Scores as a table of schema `quality`; `coordinates` are those of the answers, with the dataset's task."""
    rows = [{**coordinates, "epoch": int(coordinates["epoch"]), **asdict(score)} for score in scores]
    return pa.Table.from_pylist(rows, schema=SCHEMAS["quality"])


def _best(
    measure: Callable[[str, str], float], answers: Sequence[str], references: Sequence[Sequence[str]]
) -> np.ndarray:
    """float64 array (n,): the measure of each answer against the reference that it fits best."""
    return np.array(
        [max(measure(answer, right) for right in rights) for answer, rights in zip(answers, references, strict=True)],
        dtype=float,
    )


def rouge(answers: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """F-measures (fractions, (n,)) of each ROUGE, of each answer against the reference that it fits best."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE), use_stemmer=True, split_summaries=False)
    rows = [scorer.score_multi(rights, answer) for answer, rights in zip(answers, references, strict=True)]
    return {name: np.array([row[name].fmeasure for row in rows], dtype=float) for name in ROUGE}


def label_of(text: str) -> str:
    """A label as it is compared: lower case, one space between words, without punctuation at its ends."""
    return " ".join(text.casefold().split()).strip(string.punctuation + " ")


def _equal_labels(answer: str, label: str) -> float:
    return float(label_of(answer) == label_of(label))


def normalized(text: str) -> str:
    """An answer as SQuAD compares it: lower case, without punctuation and articles, one space between words."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, reference: str) -> float:
    """1 where both are the same once normalized, else 0 (Rajpurkar et al., 2016)."""
    return float(normalized(answer) == normalized(reference))


def f1(answer: str, reference: str) -> float:
    """F1 of the words that both have, once normalized; without words in one of them, whether both have none.

    A question without an answer has an empty reference, which only an empty answer fits (Rajpurkar et al., 2018).
    """
    given, right = normalized(answer).split(), normalized(reference).split()
    if not given or not right:
        return float(given == right)
    common = sum((Counter(given) & Counter(right)).values())
    # 2 P R / (P + R) with P = common / given, R = common / right.
    return 2 * common / (len(given) + len(right))


def bleu_counts(answers: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """int64 array (n, 2 + 2 x 4): what BLEU needs of each answer, to be added up over a corpus.

    Columns: tokens of the answer, tokens of the reference nearest in length, then for n-grams of length 1 to 4 those
    that stand in a reference too, and then all.
    """
    from sacrebleu.metrics.bleu import BLEU

    # Without it comes a warning that a short sentence's own score, which is not used here, is undefined.
    metric = BLEU(effective_order=True)
    sentences = [metric.sentence_score(*pair) for pair in zip(answers, references, strict=True)]
    return np.array([[each.sys_len, each.ref_len, *each.counts, *each.totals] for each in sentences], dtype=np.int64)


def corpus_bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU (fraction, (...)) of corpora from their sums of `bleu_counts` (..., 10).

    The k-th order without any match counts as 2^-k matches (exponential smoothing; Chen and Cherry, 2014, method 3). 0
    where no token matches, or no answer has four.
    """
    sums = np.asarray(sums, dtype=float)
    answer, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    # Orders without any n-gram stand last, and make the whole 0.
    smoothed = np.where(matches == 0, 0.5 ** np.cumsum(matches == 0, axis=-1), matches)
    possible = (matches.sum(axis=-1) > 0) & (totals > 0).all(axis=-1)
    mean_log = np.log(smoothed / np.maximum(totals, 1)).mean(axis=-1)
    brevity = np.minimum(0.0, 1 - reference / np.maximum(answer, 1))
    return np.where(possible, np.exp(mean_log + brevity), 0.0)
