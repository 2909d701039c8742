"""The blind baseline: how well members are told from held-out rows by their texts alone, without any model.

Where that is better than chance, the two differ by themselves (in topic, form, date or length), and an attack that is
no better than the baseline shows nothing that the model remembers (Das et al., 2024, "Blind Baselines Beat Membership
Inference Attacks for Foundation Models"; Meeus et al., 2024, "SoK: Membership Inference Attacks on LLMs are Rushing
Nowhere").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FOLDS = 5
"""Each text is judged by a classifier that was trained on the other folds."""


def blind_scores(
    texts: Sequence[str], members: np.ndarray, clusters: Sequence[int], seed: int, characters: bool = False
) -> np.ndarray | None:
    """How much each text (n,) looks like a member's: float64 (n,), higher for members; None where no fold has both.

    `members` (n,) is true for members. Rows of one cluster (n,) are in one fold, so that no text is judged by a
    classifier that has seen it; the folds, drawn by the seed, have about the share of members that all rows have. Which
    words a text has, each counted once, is classified by logistic regression with its default penalty; where
    `characters` is true, single characters and pairs of them take the place of words. Scores are the log odds.
    """
    numbers = np.asarray(clusters)
    if any(len(set(numbers[side].tolist())) < FOLDS for side in (members, ~members)):
        return None
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold

    kinds = {"analyzer": "char", "ngram_range": (1, 2)} if characters else {"token_pattern": r"\w+"}
    scores = np.empty(len(texts))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, judged in folds.split(numbers, members, numbers):
        if len(set(members[learned].tolist())) < 2:
            return None
        # The words of the fold that is judged are not looked at either.
        words = CountVectorizer(binary=True, **kinds)
        try:
            bags = words.fit_transform([texts[row] for row in learned])
        except ValueError:
            # No text of these has a word.
            return None
        classifier = LogisticRegression(class_weight="balanced", max_iter=1000).fit(bags, members[learned])
        scores[judged] = classifier.decision_function(words.transform([texts[row] for row in judged]))
    return scores
