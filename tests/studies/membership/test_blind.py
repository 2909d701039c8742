"""The blind baseline: it finds a planted difference, and none between halves of one collection."""

import numpy as np
from attack_files import STATISTICS, attack_rows, made_up_texts, population
from scipy.stats import binom

from memorization.studies.membership.attacks import attack
from memorization.studies.membership.blind import FOLDS, blind_scores


def alarms(share: float, seeds: range, n: int = 40) -> int:
    """In how many of so many splits members are said to differ by themselves."""
    found = 0
    for seed in seeds:
        texts = [made_up_texts(n, 2 * seed, "planted", share), made_up_texts(n, 2 * seed + 1)]
        sides = [population(np.zeros(n), each) for each in texts]
        found += attack(*sides, STATISTICS, seed)[-1]["differ"]
    return found


def test_a_random_split_is_rarely_said_to_differ() -> None:
    # At most 2.5% of alarms: more than this many of 40 happen once in a thousand times.
    assert alarms(0.0, range(40)) <= binom.ppf(0.999, 40, 0.025)


def test_a_planted_word_is_found() -> None:
    assert alarms(0.7, range(5)) == 5
    [*attacks, blind] = attack_rows(share=1.0)
    assert blind["auc"] > 0.99
    assert {row["differ"] for row in attacks} == {True}
    assert all(row["over_blind"] < 0 and row["over_blind_high"] < 0 for row in attacks)


def test_texts_of_one_cluster_are_judged_by_a_classifier_that_has_not_seen_them() -> None:
    # Each word is in one cluster alone, and tells nothing of others.
    texts = [f"word{row // 8}" for row in range(80)]
    members = np.arange(80) < 40

    apart, together = (blind_scores(texts, members, clusters, 0) for clusters in (range(80), np.arange(80) // 8))

    assert apart is not None
    assert together is not None
    assert ((apart > 0) == members).all()
    assert np.ptp(together[members]) < 1 and not ((together > 0) == members).all()


def test_too_few_inputs_and_texts_without_words_have_no_baseline() -> None:
    members = np.arange(12) < 6
    texts = made_up_texts(12, 0)

    assert blind_scores(texts, members, range(12), 0) is not None
    assert blind_scores(texts, members, np.arange(12) // 2, 0) is None
    assert blind_scores(["!"] * 12, members, range(12), 0) is None
    assert FOLDS == 5
    rows = attack_rows(n=4)
    assert {row["attack"] for row in rows} == {"loss", "loss_over_base", "zlib", "min_k", "min_k_plus_plus"}
    assert not any("differ" in row or "over_blind" in row for row in rows)


def test_scripts_without_spaces_are_looked_at_by_characters() -> None:
    generator = np.random.default_rng(0)
    texts = ["".join(generator.choice(list("天地玄黄宇宙洪荒"), 20)) for _ in range(40)]
    texts = [("日" if row < 20 else "月") + text for row, text in enumerate(texts)]
    members = np.arange(40) < 20

    words, characters = (blind_scores(texts, members, range(40), 0, kind) for kind in (False, True))

    assert words is not None
    assert characters is not None
    assert ((characters > 0) == members).all()
    assert not ((words > 0) == members).all()
