"""Quality: how well a model does its task on test rows (Appendix I, Tables 16 to 21).

- Summarization and dialog: ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum (Lin, 2004), F-measure, with Porter's stemmer, as
  summaries are usually scored. A sentence of ROUGE-Lsum is a line of the text: texts are not split into sentences
  first. So ROUGE-Lsum equals ROUGE-L where a text has no line break, as it does throughout Tables 16, 18 and 20.
- Sentiment and classification: accuracy, by the label's text.
- Question answering: exact match and F1 of SQuAD (Rajpurkar et al., 2016), the best over all right answers.
- Translation: BLEU of the corpus (Papineni et al., 2002) as sacreBLEU computes it (Post, 2018): 13a tokens, mixed case,
  exponential smoothing.

Every task also has the mean length of answers.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from memorization.config.base import Task
from memorization.config.project import Statistics
from memorization.errors import UserError
from memorization.statistics.bootstrap import bootstrap_sums
from memorization.statistics.measurements import Measurement, mean, share

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
"""Metrics of each task, in the order of its table."""

SHARES = ("accuracy", "exact_match")
"""Metrics that are true or false of an answer."""

COMPARED_WORDS = 25_000_000
"""Pairs of words of an answer and a reference that ROUGE-L compares, in seconds; each takes eight bytes."""

# Orders of n-grams that BLEU counts.
ORDERS = 4
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True)
class Score(Measurement):
    """A metric of n answers; only `SHARES` have a count and exact bounds."""

    metric: str
    unit: str


def scores(answers: pa.Table, task: Task, settings: Statistics) -> list[Score]:
    """One score for each of the task's metrics, from the table `answers`.

    Bootstrap intervals resample inputs, each with all answers to it. Raises ValueError where there is no answer.
    """
    n = answers.num_rows
    if not n:
        raise ValueError("no answers")
    written, references = answers["answer"].to_pylist(), answers["references"].to_pylist()
    inputs = answers["input_text"].to_pylist()
    values = {LENGTH: answers[LENGTH].to_numpy().astype(float), **_by_answer(task, written, references)}
    rows = []
    for metric in METRICS[task]:
        if metric == "bleu":
            counts = bleu_counts(written, references)
            low, high = bootstrap_sums(counts, corpus_bleu, metric, settings, inputs, highest=1.0)
            measured = Measurement(n=n, value=float(corpus_bleu(counts.sum(axis=0))), low=low, high=high)
        else:
            if metric in SHARES:
                measured = share(values[metric], metric, settings, inputs)
            else:
                highest = math.inf if metric == LENGTH else 1.0
                measured = mean(values[metric], metric, settings, inputs, highest)
        rows.append(Score(metric, "tokens" if metric == LENGTH else "fraction", **vars(measured)))
    return rows


def _by_answer(task: Task, answers: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """Arrays (n,) of those metrics of the task that each answer has a value of."""
    if task in ("summarization", "dialog"):
        return rouge(answers, references)
    if task in ("sentiment", "classification"):
        return {"accuracy": _best(_equal_labels, answers, references)}
    if task == "qa":
        return {"exact_match": _best(exact_match, answers, references), "f1": _best(f1, answers, references)}
    return {}


def _best(
    measure: Callable[[str, str], float], answers: Sequence[str], references: Sequence[Sequence[str]]
) -> np.ndarray:
    """float64 array (n,): the highest value of the measure that each answer has against one of its references."""
    return np.array(
        [max(measure(answer, right) for right in rights) for answer, rights in zip(answers, references, strict=True)],
        dtype=float,
    )


def rouge(answers: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
    """F-measures (fractions, (n,)) by variant of ROUGE: the highest that each answer has against a reference.

    ROUGE-L compares every word of an answer with every word of a reference. UserError where these are more than
    `COMPARED_WORDS` pairs: an answer is bounded by its tokens, a reference is not.
    """
    for place, (answer, rights) in enumerate(zip(answers, references, strict=True)):
        own, longest = len(answer.split()), max(len(right.split()) for right in rights)
        if own * longest > COMPARED_WORDS:
            raise UserError(
                f"answer {place}: it has {own:,} words and its reference {longest:,}, and ROUGE-L compares each with "
                f"each, at most {COMPARED_WORDS:,} pairs: shorten the dataset's targets, or lower the answers' "
                "`max_new_tokens`."
            )
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE), use_stemmer=True, split_summaries=False)
    rows = [scorer.score_multi(rights, answer) for answer, rights in zip(answers, references, strict=True)]
    return {name: np.array([row[name].fmeasure for row in rows], dtype=float) for name in ROUGE}


def label_of(text: str) -> str:
    """A label in the form that is compared: lower case, one space between words, no punctuation at its ends."""
    return " ".join(text.casefold().split()).strip(string.punctuation + " ")


def _equal_labels(answer: str, label: str) -> float:
    return float(label_of(answer) == label_of(label))


def normalized(text: str) -> str:
    """An answer in the form that SQuAD compares: lower case, no punctuation or articles, one space between words."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(answer: str, reference: str) -> float:
    """1 where both are equal when normalized, else 0 (Rajpurkar et al., 2016)."""
    return float(normalized(answer) == normalized(reference))


def f1(answer: str, reference: str) -> float:
    """F1 (fraction) of the words of both when normalized; where one has no words, 1 if neither has any, else 0.

    A question without an answer has an empty reference, and only an empty answer is right (Rajpurkar et al., 2018).
    """
    given, right = normalized(answer).split(), normalized(reference).split()
    if not given or not right:
        return float(given == right)
    common = sum((Counter(given) & Counter(right)).values())
    # 2 P R / (P + R) with P = common / given, R = common / right.
    return 2 * common / (len(given) + len(right))


def bleu_counts(answers: Sequence[str], references: Sequence[Sequence[str]]) -> np.ndarray:
    """int64 array (n, 2 + 2 x 4): the counts of each answer whose sums over a corpus give its BLEU.

    Columns: tokens of the answer; tokens of the reference nearest in length; for lengths 1 to 4, n-grams that are also
    in a reference; for lengths 1 to 4, all n-grams.
    """
    from sacrebleu.metrics.bleu import BLEU

    # Without effective_order there is a warning that a short sentence's own score, not used here, is undefined.
    metric = BLEU(effective_order=True)
    sentences = [metric.sentence_score(*pair) for pair in zip(answers, references, strict=True)]
    return np.array([[each.sys_len, each.ref_len, *each.counts, *each.totals] for each in sentences], dtype=np.int64)


def corpus_bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU (fraction, (...)) of corpora, from their sums of `bleu_counts` (..., 10).

    The k-th order without any match counts as 2^-k matches (exponential smoothing; Chen and Cherry, 2014, method 3).
    BLEU is 0 where no token matches, or no answer has four tokens.
    """
    sums = np.asarray(sums, dtype=float)
    answer, reference = sums[..., 0], sums[..., 1]
    matches, totals = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
    # Orders without any n-gram are the last ones, and then BLEU is 0.
    smoothed = np.where(matches == 0, 0.5 ** np.cumsum(matches == 0, axis=-1), matches)
    possible = (matches.sum(axis=-1) > 0) & (totals > 0).all(axis=-1)
    mean_log = np.log(smoothed / np.maximum(totals, 1)).mean(axis=-1)
    brevity = np.minimum(0.0, 1 - reference / np.maximum(answer, 1))
    return np.where(possible, np.exp(mean_log + brevity), 0.0)
