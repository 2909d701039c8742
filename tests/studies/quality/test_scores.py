"""Quality: values against reference libraries and by hand, intervals against resampling written out."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics.bleu import BLEU
from sklearn.metrics import accuracy_score

from memorization.config.base import Task
from memorization.config.project import Statistics
from memorization.errors import UserError
from memorization.schemas.answers import AnswersTable
from memorization.statistics.bootstrap import clopper_pearson, generator_for
from memorization.studies.quality import scores as q

SETTINGS = Statistics(draws=200)
WORDS = ["the", "a", "river", "runs", "running", "past", "old", "towns,", "where", "bells", "ring!", "and", "sang"]


def answered(
    texts: Sequence[str], references: Sequence[Sequence[str]], inputs: Sequence[int] | None = None
) -> pa.Table:
    rows = [
        {
            "id": str(number),
            "answer": text,
            "references": list(right),
            "answer_tokens": number + 1,
            "at_limit": False,
            "input_text": number if inputs is None else inputs[number],
        }
        for number, (text, right) in enumerate(zip(texts, references, strict=True))
    ]
    return pa.Table.from_pylist(rows, schema=AnswersTable.arrow())


def sentences(count: int, seed: int, longest: int = 12) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, size=generator.integers(0, longest))) for _ in range(count)]


def scored(
    texts: Sequence[str], references: Sequence[Sequence[str]], task: Any, settings: Statistics = SETTINGS
) -> dict[str, q.Score]:
    return {score.metric: score for score in q.scores(answered(texts, references), task, settings)}


@pytest.mark.parametrize("task", q.METRICS)
def test_each_task_has_its_metrics_and_the_length_of_answers(task: Any) -> None:
    texts = sentences(20, 1)
    scores = scored(texts, [[text] for text in sentences(20, 2)], task)
    assert tuple(scores) == q.METRICS[task]
    assert scores["answer_tokens"].value == np.mean(range(1, 21))
    assert scores["answer_tokens"].unit == "tokens"
    for score in scores.values():
        assert score.n == 20
        assert score.low <= score.value <= score.high
        assert (score.count is None) == (score.exact_high is None) == (score.metric not in q.SHARES)


def test_every_task_of_the_configuration_has_metrics() -> None:
    assert set(q.METRICS) == set(get_args(Task))


@pytest.mark.parametrize("task", ["summarization", "dialog"])
def test_rouge_is_the_mean_f_measure_of_rouge_score(task: Any) -> None:
    texts, right = sentences(30, 1), sentences(30, 2)
    scorer = RougeScorer(["rouge1", "rouge2", "rougeL", "rougeLsum"], use_stemmer=True)
    pairs = [scorer.score(target, prediction) for target, prediction in zip(right, texts, strict=True)]
    scores = scored(texts, [[text] for text in right], task)
    for name in ("rouge1", "rouge2", "rougeL", "rougeLsum"):
        assert scores[name].value == pytest.approx(np.mean([pair[name].fmeasure for pair in pairs]), abs=1e-12)
        assert 0 < scores[name].value < 1


def test_rouge_by_hand() -> None:
    # 1: 3 of 3 and 3 of 6 words; 2: 2 of 2 and 2 of 5 pairs; L: 3 words in order.
    scores = q.rouge(["the cat sat"], [["the cat sat on the mat"]])
    assert {name: values.item() for name, values in scores.items()} == pytest.approx(
        {"rouge1": 2 / 3, "rouge2": 4 / 7, "rougeL": 2 / 3, "rougeLsum": 2 / 3}
    )


def test_rouge_stems_words_and_takes_the_best_reference() -> None:
    assert q.rouge(["Running birds."], [["runs bird"]])["rouge1"].item() == 1
    several = q.rouge(["old towns"], [["new rivers", "old towns", "old"]])
    assert [values.item() for values in several.values()] == [1, 1, 1, 1]


def test_sentences_of_rouge_lsum_are_lines_and_nothing_else() -> None:
    one = q.rouge(["b c. a d."], [["a d. b c."]])
    assert one["rougeLsum"] == one["rougeL"] == 0.5
    lines = q.rouge(["b c.\na d."], [["a d.\nb c."]])
    assert lines["rougeL"] == 0.5
    assert lines["rougeLsum"] == 1


def test_accuracy_is_that_of_labels_without_case_and_punctuation_at_the_ends() -> None:
    right = ["positive", "negative", "Sci/Tech", "positive", "A", "world news"]
    texts = ["Positive.", "positive", "sci/tech", " positive\n", "the A", "World  News"]
    clean = ["positive", "positive", "Sci/Tech", "positive", "the A", "world news"]
    score = scored(texts, [[label] for label in right], "sentiment")["accuracy"]
    assert score.value == accuracy_score(right, clean) == score.count / score.n  # type: ignore[operator]
    assert score.count == 4
    assert (score.exact_low, score.exact_high) == clopper_pearson(4, 6, SETTINGS)


def test_nothing_right_still_has_an_upper_bound() -> None:
    score = scored(["x"] * 20, [["y"]] * 20, "classification")["accuracy"]
    assert (score.value, score.low, score.high, score.count, score.exact_low) == (0, 0, 0, 0, 0)
    assert score.exact_high == pytest.approx(1 - 0.025 ** (1 / 20))


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "f1"),
    [
        ("the Normans", "Normans", 1, 1),
        ("The  Normans!", "a normans", 1, 1),
        ("in the 10th and 11th centuries", "10th and 11th centuries", 0, 8 / 9),
        ("theatre", "atre", 0, 0),
        ("anthem", "them", 0, 0),
        ("France", "", 0, 0),
        ("", "France", 0, 0),
        ("", "", 1, 1),
        ("The", "", 1, 1),
        ("U.S.", "us", 1, 1),
        ("e-mail", "email", 1, 1),
        ("new york new york", "york york new", 0, 6 / 7),
        ("two words", "words two", 0, 1),
        ("unanswerable", "unanswerable", 1, 1),
    ],
)
def test_squad_examples_by_hand(answer: str, reference: str, exact: float, f1: float) -> None:
    assert q.exact_match(answer, reference) == exact
    assert q.f1(answer, reference) == pytest.approx(f1)


def test_the_best_of_all_right_answers_counts() -> None:
    scores = scored(["Denver Broncos", "gold", ""], [["Broncos", "the Denver Broncos"], ["blue gold"], [""]], "qa")
    assert scores["exact_match"].value == pytest.approx(2 / 3)
    assert scores["f1"].value == pytest.approx((1 + 2 / 3 + 1) / 3)


@given(st.lists(st.tuples(st.text("ab the.", max_size=12), st.text("ab the.", max_size=12)), min_size=1, max_size=4))
def test_f1_is_symmetric_and_at_least_the_exact_match(pairs: list[tuple[str, str]]) -> None:
    for left, right in pairs:
        assert q.f1(left, right) == q.f1(right, left)
        assert q.exact_match(left, right) <= q.f1(left, right) <= 1


@pytest.mark.parametrize("longest", [3, 12])
@pytest.mark.parametrize("seed", range(4))
def test_bleu_is_that_of_sacrebleu(seed: int, longest: int) -> None:
    texts, first, second = (sentences(25, seed + 10 * part, longest) for part in range(3))
    one = scored(texts, [[text] for text in first], "translation")["bleu"]
    assert one.unit == "fraction"
    assert 100 * one.value == pytest.approx(sacrebleu.corpus_bleu(texts, [first]).score, abs=1e-9)
    two = scored(texts, list(zip(first, second, strict=True)), "translation")["bleu"]
    assert 100 * two.value == pytest.approx(sacrebleu.corpus_bleu(texts, [first, second]).score, abs=1e-9)


@given(
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
    st.lists(st.integers(0, 6), min_size=4, max_size=4),
    st.integers(1, 40),
    st.integers(0, 40),
)
def test_bleu_of_sums_is_that_of_sacrebleu(matches: list[int], others: list[int], answer: int, right: int) -> None:
    # Longer n-grams are rarer, as in every text.
    totals = sorted((a + b for a, b in zip(matches, others, strict=True)), reverse=True)
    matches = [min(pair) for pair in zip(matches, totals, strict=True)]
    expected = BLEU.compute_bleu(list(matches), list(totals), answer, right, smooth_method="exp").score
    value = q.corpus_bleu(np.array([answer, right, *matches, *totals]))
    assert 100 * float(value) == pytest.approx(expected, abs=1e-9)


def test_bleu_s_interval_is_that_of_corpora_resampled_by_sacrebleu() -> None:
    texts, right = sentences(12, 1), sentences(12, 2)
    score = scored(texts, [[text] for text in right], "translation", Statistics(draws=40))["bleu"]
    chosen = generator_for("bleu", SETTINGS).integers(12, size=(40, 12))
    values = [
        sacrebleu.corpus_bleu([texts[index] for index in row], [[right[index] for index in row]]).score
        for row in chosen
    ]
    assert [100 * score.low, 100 * score.high] == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-9)


def test_the_order_of_answers_changes_no_value() -> None:
    texts, right = sentences(20, 1), [[text] for text in sentences(20, 2)]
    for task in q.METRICS:
        forward, backward = scored(texts, right, task), scored(texts[::-1], right[::-1], task)
        for metric in set(q.METRICS[task]) - {"answer_tokens"}:
            assert forward[metric].value == pytest.approx(backward[metric].value, abs=1e-12)


@pytest.mark.parametrize("task", ["qa", "translation"])
def test_answers_to_one_input_are_resampled_together(task: Any) -> None:
    texts, right = sentences(30, 1), [[text] for text in sentences(30, 2)]
    texts[:10] = [right[number][0] for number in range(10)]
    thrice = answered(texts * 3, right * 3, list(range(30)) * 3)
    once = {score.metric: score for score in q.scores(answered(texts, right), task, SETTINGS)}
    for score in q.scores(thrice, task, SETTINGS):
        if score.metric != "answer_tokens":
            same = once[score.metric]
            assert score.value == pytest.approx(same.value)
            assert score.high - score.low == pytest.approx(same.high - same.low, rel=0.25)
            assert score.n == 3 * same.n


def test_no_answers_are_an_error() -> None:
    with pytest.raises(ValueError, match="no answers"):
        q.scores(answered([], []), "qa", SETTINGS)


def test_a_share_has_a_count_and_a_mean_has_none() -> None:
    accuracy, length = q.scores(answered(["yes", "no"], [["yes"], ["yes"]]), "classification", SETTINGS)
    assert (accuracy.metric, accuracy.count, accuracy.value) == ("accuracy", 1, 0.5)
    assert (length.metric, length.count, length.exact_high) == ("answer_tokens", None, None)


def test_texts_that_rouge_would_compare_for_hours_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(q, "COMPARED_WORDS", 6)
    assert q.rouge(["a b"], [["a b", "a b c"]])["rougeL"] == pytest.approx([1])
    with pytest.raises(UserError, match=r"answer 1: it has 2 words and its reference 4"):
        q.rouge(["a", "a b"], [["a"], ["a", "a b c d"]])
