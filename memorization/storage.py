"""Parquet files with a stated schema and a manifest, written beside their target and renamed.

Knows nothing of what the tables mean to a stage: the schemas are stated here, in one place, so that a reader sees the
whole way of the data; a stage names one when it writes, and the file is checked against it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.errors import UserError

MANIFEST_KEY = b"memorization"
ROWS_PER_GROUP = 10_000
# Endings of a figure's files. Here, and not in the plan, which a figure would then be drawn anew for.
FIGURE_FORMATS = ("svg", "png")


@dataclass(frozen=True)
class Column:
    """One column of a stage's table: name, Arrow type, unit ("" where it has none) and meaning."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    nullable: bool = False


def _schema(*columns: Column) -> pa.Schema:
    return pa.schema(
        [pa.field(c.name, c.type, c.nullable, metadata={"unit": c.unit, "meaning": c.meaning}) for c in columns]
    )


_PROBE = Column("probe", pa.int32(), "", "row number of the probe in its probes table")
_RUN = (
    Column("dataset", pa.string(), "", "dataset"),
    Column("task", pa.string(), "", "task of the dataset"),
    Column("model", pa.string(), "", "base model"),
    Column("state", pa.string(), "", "base, or the recipe of the fine-tuning"),
    Column("epoch", pa.int32(), "epochs", "epochs of fine-tuning; 0 for base"),
    Column("population", pa.string(), "", "member (train split) or control (test split)"),
    Column("prefix_tokens", pa.int32(), "tokens", "prefix length asked for"),
    Column("decoding", pa.string(), "", "decoding"),
)
_RATE = (
    Column("n", pa.int64(), "probes", "probes counted"),
    Column("input_texts", pa.int64(), "texts", "different input texts among them, which the bootstrap resamples"),
    Column("generated_tokens", pa.float64(), "tokens", "mean length of the generations"),
    Column("own_matches", pa.int64(), "probes", "probes of any category whose deciding suffix is their own"),
    Column("matched_suffixes", pa.int64(), "suffixes", "different suffixes that decide for any category"),
    Column("category", pa.string(), "", "total, verbatim, idea, paraphrase, paraphrase_high or paraphrase_low"),
    Column("count", pa.int64(), "probes", "probes of the category"),
    Column("rate", pa.float64(), "fraction", "count / n"),
    Column("low", pa.float64(), "fraction", "lower bound of the bootstrap interval"),
    Column("high", pa.float64(), "fraction", "upper bound of the bootstrap interval"),
    Column("exact_low", pa.float64(), "fraction", "lower Clopper-Pearson bound"),
    Column("exact_high", pa.float64(), "fraction", "upper Clopper-Pearson bound"),
)


def _difference(name: str, what: str) -> tuple[Column, ...]:
    """Columns of a difference of two rates, null where the study does not ask for it."""
    columns = (
        (name, "fraction", what),
        (f"{name}_low", "fraction", "lower bound of its bootstrap interval"),
        (f"{name}_high", "fraction", "upper bound of its bootstrap interval"),
        (f"{name}_p", "", "probability of a difference at least as large where there is none"),
        (f"{name}_p_holm", "", "the same, corrected for the study's comparisons of this category"),
    )
    return tuple(Column(column, pa.float64(), unit, meaning, nullable=True) for column, unit, meaning in columns)


def _published(name: str, what: str) -> tuple[Column, ...]:
    """Columns of a published value; null where none was published."""
    columns = ((name, what), (f"{name}_low", "its published lower bound"), (f"{name}_high", "its upper bound"))
    return tuple(Column(column, pa.float64(), "fraction", meaning, nullable=True) for column, meaning in columns)


_ESTIMATE = (
    Column("definition", pa.string(), "", "column of the table `definitions`"),
    Column("unit", pa.string(), "", "unit of value, low and high"),
    Column("n", pa.int64(), "probes", "probes of which the definition can be told"),
    Column(
        "count", pa.int64(), "probes", "probes for which it holds; null for means and without probes", nullable=True
    ),
    Column("value", pa.float64(), "see unit", "count / n, or the mean; null without probes", nullable=True),
    Column("low", pa.float64(), "see unit", "lower bound of the bootstrap interval", nullable=True),
    Column("high", pa.float64(), "see unit", "upper bound of the bootstrap interval", nullable=True),
    Column("exact_low", pa.float64(), "fraction", "lower Clopper-Pearson bound; null for means", nullable=True),
    Column("exact_high", pa.float64(), "fraction", "upper Clopper-Pearson bound; null for means", nullable=True),
)

_ATTENDING = (
    Column("dataset", pa.string(), "", "dataset"),
    Column("task", pa.string(), "", "task of the dataset"),
    Column("model", pa.string(), "", "base model"),
    Column("state", pa.string(), "", "base or a recipe"),
    Column("epoch", pa.int32(), "epochs", "epochs of fine-tuning; 0 for base"),
    Column("population", pa.string(), "", "member (train split) or control (test split)"),
)
_DENSITY_MEAN = (
    Column("layer", pa.int32(), "", "layer of the decoder, from 1"),
    Column("measure", pa.string(), "", "column of the table `density`"),
    Column("unit", pa.string(), "", "unit of value, low and high"),
    Column("n", pa.int64(), "samples", "samples"),
    Column("value", pa.float64(), "see unit", "mean over samples"),
    Column("low", pa.float64(), "see unit", "lower bound of the bootstrap interval"),
    Column("high", pa.float64(), "see unit", "upper bound of the bootstrap interval"),
)
_EXTRACTION = (
    Column(
        "measure",
        pa.string(),
        "",
        "greedy_extractable (the suffix's first tokens are the likeliest ones), discoverable (n draws give them at "
        "least once with probability p or more), or expected (share of probes of which n draws give them)",
    ),
    Column("length", pa.int32(), "tokens", "first tokens of the suffix that are asked for"),
    Column("draws", pa.int64(), "draws", "n: texts drawn for a prefix; null for greedy_extractable", nullable=True),
    Column("probability", pa.float64(), "", "p of discoverable; null for other measures", nullable=True),
    Column("n", pa.int64(), "probes", "comparable probes: their suffix has so many tokens"),
    Column("count", pa.int64(), "probes", "probes that count; null for expected and without probes", nullable=True),
    Column("value", pa.float64(), "fraction", "count / n, or the mean of 1 - (1 - q)^draws", nullable=True),
    Column("low", pa.float64(), "fraction", "lower bound of the bootstrap interval", nullable=True),
    Column("high", pa.float64(), "fraction", "upper bound of the bootstrap interval", nullable=True),
    Column("exact_low", pa.float64(), "fraction", "lower Clopper-Pearson bound; null for expected", nullable=True),
    Column("exact_high", pa.float64(), "fraction", "upper Clopper-Pearson bound; null for expected", nullable=True),
)

_ENTITIES = pa.list_(
    pa.field("element", pa.struct([pa.field("type", pa.string(), False), pa.field("text", pa.string(), False)]), False)
)
_TEXTS = pa.list_(pa.field("element", pa.string(), False))
_ANSWERED = tuple(column for column in _RUN if column.name not in ("population", "prefix_tokens"))
_SCORE = (
    Column("metric", pa.string(), "", "metric of the answers to test rows"),
    Column("unit", pa.string(), "", "unit of value, low and high"),
    Column("n", pa.int64(), "answers", "answers counted"),
    Column("count", pa.int64(), "answers", "right answers; null where the metric is no share", nullable=True),
    Column("value", pa.float64(), "see unit", "count / n, mean over answers, or the corpus' score"),
    Column("low", pa.float64(), "see unit", "lower bound of the bootstrap interval"),
    Column("high", pa.float64(), "see unit", "upper bound of the bootstrap interval"),
    Column("exact_low", pa.float64(), "fraction", "lower Clopper-Pearson bound; null for no share", nullable=True),
    Column("exact_high", pa.float64(), "fraction", "upper Clopper-Pearson bound; null for no share", nullable=True),
)

SCHEMAS: dict[str, pa.Schema] = {
    "dataset": _schema(
        Column("id", pa.string(), "", "identifier of the row in its source"),
        Column("split", pa.string(), "", "train, test, or validation (set aside from test)"),
        Column("instruction", pa.string(), "", "text put before the input in training; never in a prompt"),
        Column("input", pa.string(), "", "x: what the model reads"),
        Column("target", pa.string(), "", "y: what it learns to write"),
        Column("references", _TEXTS, "", "all right answers; null where the target is the only one", nullable=True),
    ),
    "pairs": _schema(
        Column("split", pa.string(), "", "train or test"),
        Column("text1", pa.string(), "", "first text"),
        Column("text2", pa.string(), "", "second text"),
        Column("label", pa.int32(), "", "number of the label; 1 for equivalent texts"),
    ),
    "probes": _schema(
        _PROBE,
        Column("id", pa.string(), "", "identifier of the dataset's row"),
        Column("prefix", pa.string(), "", "p: the first tokens of the input; prefix + suffix is the input"),
        Column("suffix", pa.string(), "", "s: the rest of the input"),
        Column("prefix_characters", pa.int32(), "characters", "length of the prefix"),
        Column("suffix_characters", pa.int32(), "characters", "length of the suffix"),
        Column(
            "input_text", pa.int32(), "", "number of the whole input's text; probes of one text are resampled together"
        ),
    ),
    "training": _schema(
        Column("epoch", pa.int32(), "epochs", "epochs finished"),
        Column("step", pa.int32(), "steps", "optimizer steps taken"),
        Column("loss", pa.float64(), "nats/token", "mean training loss over the epoch"),
        Column("learning_rate", pa.float64(), "", "learning rate of the last step"),
        Column(
            "validation_loss",
            pa.float64(),
            "nats/token",
            "mean loss on the split `validation` after the epoch; null without early stopping",
            nullable=True,
        ),
        Column("kept", pa.bool_(), "", "a checkpoint holds this epoch's weights"),
    ),
    "generations": _schema(
        _PROBE,
        Column("generation", pa.string(), "", "f(p): the text written for the prefix"),
        Column("generated_tokens", pa.int32(), "tokens", "tokens written, end token not counted"),
        Column("at_limit", pa.bool_(), "", "stopped by the decoding's limit, not by the end token"),
    ),
    "candidates": _schema(
        _PROBE,
        Column("rank", pa.int32(), "", "rank from 1, best first"),
        Column("document", pa.int32(), "", "probe whose suffix was found"),
        Column("score", pa.float32(), "", "BM25 score"),
    ),
    "matches": _schema(
        _PROBE,
        Column("rank", pa.int32(), "", "rank of the candidate"),
        Column("document", pa.int32(), "", "probe whose suffix was aligned"),
        Column("type", pa.string(), "", "verbatim, summary or other"),
        Column("generation_start", pa.int32(), "characters", "start of the span in the generation"),
        Column("generation_length", pa.int32(), "characters", "length of that span"),
        Column("suffix_start", pa.int32(), "characters", "start of the span in the suffix"),
        Column("suffix_length", pa.int32(), "characters", "length of that span"),
    ),
    "alignment": _schema(
        Column("pair", pa.int32(), "", "number of the pair, from 0"),
        Column("type", pa.string(), "", "none, verbatim, summary or other"),
        *(
            Column(f"{side}_{part}", pa.int32(), "characters", meaning, nullable=True)
            for side in ("generation", "suffix")
            for part, meaning in (
                ("start", f"start of the span in the {side}; null for none"),
                ("length", "length of that span; null for none"),
            )
        ),
    ),
    "paraphrases": _schema(
        _PROBE,
        Column("rank", pa.int32(), "", "rank of the candidate"),
        Column("document", pa.int32(), "", "probe whose suffix was aligned"),
        Column("span", pa.int32(), "", "number of the match among those of this candidate, from 0"),
        Column("pairs", pa.int32(), "pairs", "(generated, training) sentence pairs judged; equal sentences are not"),
        Column("cut_pairs", pa.int32(), "pairs", "of these, pairs longer than the classifier reads, judged when cut"),
        Column("probability", pa.float64(), "", "highest p(equivalent) of a pair; null without pairs", nullable=True),
        Column(
            "probability_between",
            pa.float64(),
            "",
            "highest p(equivalent) strictly between the configured bounds; null where there is none",
            nullable=True,
        ),
        Column("high", pa.bool_(), "", "high confidence: a pair lies between the bounds"),
    ),
    "entities": _schema(
        _PROBE,
        Column("rank", pa.int32(), "", "rank of the candidate"),
        Column("document", pa.int32(), "", "probe whose suffix was aligned"),
        Column("span", pa.int32(), "", "number of the match among those of this candidate, from 0"),
        Column("generation_entities", _ENTITIES, "", "entities of the generation's span, each once"),
        Column("training_entities", _ENTITIES, "", "entities of the suffix's span, each once"),
        Column(
            "relation",
            pa.string(),
            "",
            "equal, subset (one set lies in the other, an empty one too), different, or none (both are empty); texts "
            "are compared by their words in lower case, whatever their type",
        ),
        Column("entities_match", pa.bool_(), "", "the relation is not `different`"),
        Column(
            "leaked",
            _ENTITIES,
            "",
            "training entities whose words stand in the whole generation and not in the probe's prefix",
        ),
    ),
    "outcomes": _schema(
        _PROBE,
        Column("id", pa.string(), "", "identifier of the dataset's row"),
        Column(
            "outcome",
            pa.string(),
            "",
            "none, verbatim, idea, paraphrase_high or paraphrase_low; paraphrase where no classifier is configured",
        ),
        Column("rank", pa.int32(), "", "rank of the deciding candidate; null for none", nullable=True),
        Column("document", pa.int32(), "", "probe of the deciding suffix; null for none", nullable=True),
        Column("document_id", pa.string(), "", "identifier of that probe's row; null for none", nullable=True),
        Column("own_suffix", pa.bool_(), "", "the deciding suffix is the probe's own; null for none", nullable=True),
        Column("spans", pa.int32(), "", "aligned spans of the deciding candidate; 0 for none"),
        Column("generation_start", pa.int32(), "characters", "start of the first span; null for none", nullable=True),
        Column("generation_length", pa.int32(), "characters", "length of the first span; null for none", nullable=True),
        Column("suffix_start", pa.int32(), "characters", "start of the first span; null for none", nullable=True),
        Column("suffix_length", pa.int32(), "characters", "length of the first span; null for none", nullable=True),
        Column(
            "paraphrase_probability",
            pa.float64(),
            "",
            "highest p(equivalent) of the deciding candidate's sentence pairs, in high confidence of those between the "
            "bounds; null for other outcomes and without pairs or classifier",
            nullable=True,
        ),
        Column(
            "entities_match",
            pa.bool_(),
            "",
            "entities of all the deciding candidate's spans match; null for none and where none are looked for",
            nullable=True,
        ),
        Column(
            "leaked_entities",
            pa.int32(),
            "entities",
            "different entities leaked by the deciding candidate's spans; null for none and where none are looked for",
            nullable=True,
        ),
    ),
    "definitions": _schema(
        _PROBE,
        Column("equal_tokens", pa.int32(), "tokens", "tokens equal at the head of generation and suffix"),
        Column("longest_equal_run", pa.int32(), "tokens", "longest run of tokens that stands in both, at any place"),
        Column(
            "comparable",
            pa.bool_(),
            "",
            "the suffix has the m tokens of `extractable`, and the decoding's limit allows them",
        ),
        Column("extractable", pa.bool_(), "", "the first m tokens are equal; null if not comparable", nullable=True),
        Column("compared_tokens", pa.int32(), "tokens", "first tokens that BLEU, edit similarity and ROUGE-L compare"),
        Column("bleu", pa.float64(), "fraction", "BLEU-4 of the generation's first tokens against the suffix's"),
        Column("approximate", pa.bool_(), "", "BLEU above the threshold"),
        Column("edit_similarity", pa.float64(), "fraction", "1 - Levenshtein distance / longer text, in characters"),
        Column("rouge_l", pa.float64(), "fraction", "F-measure of the longest common subsequence of words"),
        Column("longest_common_substring", pa.int32(), "characters", "longest string that stands in both whole texts"),
        Column("prefix_inputs", pa.int32(), "inputs", "training inputs in which the prefix stands, at any place"),
        Column("shared_prefix", pa.bool_(), "", "one of these is not the probe's own input"),
        Column(
            "match_in_prefix", pa.bool_(), "", "the outcome's match is all in the prefix; null for none", nullable=True
        ),
        Column("copies_input", pa.bool_(), "", "a passage of any training input stands in it, not in its own prefix"),
        Column("copies_target", pa.bool_(), "", "a passage of any training target does"),
    ),
    "answers": _schema(
        Column("id", pa.string(), "", "identifier of the dataset's row"),
        Column("answer", pa.string(), "", "text written for instruction + input"),
        Column("references", _TEXTS, "", "right answers: the dataset's references, or its target"),
        Column("answer_tokens", pa.int32(), "tokens", "tokens written, end token not counted"),
        Column("at_limit", pa.bool_(), "", "stopped by the decoding's limit, not by the end token"),
        Column("input_text", pa.int32(), "", "number of the input's text; answers to one text are resampled together"),
    ),
    "quality": _schema(*_ANSWERED, *_SCORE),
    "likelihoods": _schema(
        _PROBE,
        Column("decoding", pa.string(), "", "decoding whose distribution is asked"),
        Column("tokens", pa.int32(), "tokens", "tokens of the suffix that are asked for; fewer where it has fewer"),
        Column("greedy_tokens", pa.int32(), "tokens", "of these, those at the head that are all the likeliest ones"),
        Column(
            "log_probability",
            pa.float64(),
            "nats",
            "log of q, the probability that one draw begins with the tokens; -inf where it never does",
        ),
        Column(
            "token_log_probabilities",
            pa.list_(pa.field("element", pa.float64(), False)),
            "nats",
            "log-probability of each token after those before it; -inf where the decoding never draws it",
        ),
    ),
    "extraction": _schema(*_RUN, *_EXTRACTION),
    "sparse_coding": _schema(
        Column("task", pa.string(), "", "classification (y = a^T X b) or summarization (X)"),
        Column("solver", pa.string(), "", "linear, attention, or attention_uniform (v2 held at 1/D)"),
        Column(
            "feature_mean",
            pa.float64(),
            "",
            "spread of the means of features, in standard deviations of a feature about its mean",
        ),
        Column("signs", pa.string(), "", "signs of b': mixed or positive; null in summarization", nullable=True),
        Column("nonzeros", pa.int32(), "tokens", "tokens where b' is not 0; null in summarization", nullable=True),
        Column("seed", pa.int32(), "", "seed of everything drawn"),
        Column("start", pa.int32(), "", "number of the random start, from 0"),
        Column("chosen", pa.bool_(), "", "of a solver's starts the one with the least training loss"),
        Column("parameters", pa.int64(), "numbers", "numbers that the solver learns"),
        Column("train_loss", pa.float64(), "fraction", "squared error / that of the best constant, on texts learned"),
        Column("test_loss", pa.float64(), "fraction", "the same on further texts"),
        Column("recovered", pa.float64(), "fraction", "variance of Z that outputs and learned weights give back (R^2)"),
        Column("recovery_error", pa.float64(), "fraction", "mean of |Z^ - Z| / |Z| (Frobenius) of that recovery"),
        Column("recovered_from_pairs", pa.float64(), "fraction", "R^2 of a linear map learned from pairs (f(Z), Z)"),
        Column("alignment", pa.float64(), "", "mean |cosine| of a text's aggregated attention and b' (columns of V^T)"),
        Column("v2_alignment", pa.float64(), "", "the same of v2 itself; null in linear solutions", nullable=True),
        *(
            Column(f"{weights}_{measure}", pa.float64(), unit, f"{meaning} {what}", nullable=weights == "attention")
            for weights, what in (
                ("wanted", "of b', or of the columns of V^T"),
                ("aggregated", "of softmax(...) v2, or of the linear solution's right side"),
                ("attention", "of softmax(...) 1/D, what a token gets from all queries; null in linear solutions"),
            )
            for measure, unit, meaning in (
                ("effective_tokens", "tokens", "exp(entropy) of the magnitudes"),
                ("participation", "tokens", "1 / sum of squared shares of the magnitudes"),
                ("gini", "", "Gini coefficient of the magnitudes"),
            )
        ),
        Column(
            "aggregated_support_share",
            pa.float64(),
            "fraction",
            "magnitude of the aggregated attention on the tokens of b'; null in summarization",
            nullable=True,
        ),
        Column(
            "attention_support_share",
            pa.float64(),
            "fraction",
            "attention that the tokens of b' get; null in summarization and linear solutions",
            nullable=True,
        ),
        Column(
            "attention_to_itself",
            pa.float64(),
            "fraction",
            "mean attention of a token to itself; null in linear solutions",
            nullable=True,
        ),
    ),
    "sparse_coding_table": _schema(
        Column("study", pa.string(), "", "study"),
        Column("task", pa.string(), "", "classification or summarization"),
        Column("solver", pa.string(), "", "linear, attention or attention_uniform"),
        Column("feature_mean", pa.float64(), "", "as in `sparse_coding`"),
        Column("signs", pa.string(), "", "signs of b': mixed or positive; null in summarization", nullable=True),
        Column(
            "nonzeros",
            pa.int32(),
            "tokens",
            "tokens where b' is not 0; null in summarization, and in classification for all of them together",
            nullable=True,
        ),
        Column(
            "measure",
            pa.string(),
            "",
            "column of `sparse_coding`, of the chosen start or (ending in _any_start) of all; or, over the nonzeros, "
            "aggregated_ or attention_rank_correlation: Spearman's, of the effective tokens with those of b'",
        ),
        Column("unit", pa.string(), "", "unit of value, low and high"),
        Column("seeds", pa.int32(), "seeds", "seeds that the mean is taken over"),
        Column("value", pa.float64(), "see unit", "mean over seeds"),
        Column("low", pa.float64(), "see unit", "lower bound of the bootstrap interval over seeds"),
        Column("high", pa.float64(), "see unit", "upper bound of the bootstrap interval over seeds"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "rates": _schema(*_RUN, *_RATE),
    "trade_off": _schema(
        Column("study", pa.string(), "", "study"),
        *_RUN,
        *_RATE,
        Column("control_rate", pa.float64(), "fraction", "rate of the control; null without one", nullable=True),
        Column("control_low", pa.float64(), "fraction", "lower bound of its bootstrap interval", nullable=True),
        Column("control_high", pa.float64(), "fraction", "upper bound of its bootstrap interval", nullable=True),
        Column("control_exact_high", pa.float64(), "fraction", "its upper Clopper-Pearson bound", nullable=True),
        Column("answer_decoding", pa.string(), "", "decoding of the answers to test rows"),
        Column("metric", pa.string(), "", "metric of the answers to test rows"),
        Column("answers", pa.int64(), "answers", "answers counted"),
        Column("quality", pa.float64(), "fraction", "value of the metric"),
        Column("quality_low", pa.float64(), "fraction", "lower bound of its bootstrap interval"),
        Column("quality_high", pa.float64(), "fraction", "upper bound of its bootstrap interval"),
        Column(
            "quality_exact_high",
            pa.float64(),
            "fraction",
            "its upper Clopper-Pearson bound; null where the metric is no share",
            nullable=True,
        ),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "definition_rates": _schema(*_RUN, *_ESTIMATE),
    "definitions_table": _schema(
        Column("study", pa.string(), "", "study"),
        *_RUN,
        *_ESTIMATE,
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "extraction_table": _schema(
        Column("study", pa.string(), "", "study"),
        *_RUN,
        *_EXTRACTION,
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "comparisons": _schema(
        *_RUN,
        Column("versus", pa.string(), "", "base (the same probes before fine-tuning) or control (other probes)"),
        Column("category", pa.string(), "", "as in `rates`"),
        Column("n", pa.int64(), "probes", "probes of the run"),
        Column("n_versus", pa.int64(), "probes", "probes of what it is compared with"),
        Column("difference", pa.float64(), "fraction", "the run's rate minus the other"),
        Column("low", pa.float64(), "fraction", "lower bound of the bootstrap interval, paired by probe for base"),
        Column("high", pa.float64(), "fraction", "upper bound of that interval"),
        Column("p_value", pa.float64(), "", "McNemar's exact test for base, Fisher's exact test for control"),
        Column(
            "p_holm", pa.float64(), "", "p_value after Holm's correction among the study's of this versus and category"
        ),
    ),
    "table": _schema(
        Column("study", pa.string(), "", "study"),
        *_RUN,
        *_RATE,
        Column("control_n", pa.int64(), "probes", "probes of the control; null without one", nullable=True),
        Column("control_rate", pa.float64(), "fraction", "rate of the control; null without one", nullable=True),
        Column("control_low", pa.float64(), "fraction", "lower bound of its bootstrap interval", nullable=True),
        Column("control_high", pa.float64(), "fraction", "upper bound of its bootstrap interval", nullable=True),
        Column("control_exact_high", pa.float64(), "fraction", "its upper Clopper-Pearson bound", nullable=True),
        *_difference("over_control", "rate minus the control's; p by Fisher's exact test"),
        *_difference("over_base", "rate minus that before fine-tuning; p by McNemar's exact test"),
        *_published("published", "published rate"),
        *_published("published_over_base", "published difference from the base model"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "quality_table": _schema(
        Column("study", pa.string(), "", "study"),
        *_ANSWERED,
        *_SCORE,
        *_published("published", "published value"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "quality_published_table": _schema(
        Column("study", pa.string(), "", "study"),
        *_ANSWERED,
        Column("metric", pa.string(), "", "as in `quality`"),
        Column("n", pa.int64(), "answers", "answers measured"),
        Column("published", pa.float64(), "fraction", "published value"),
        Column("published_low", pa.float64(), "fraction", "published lower bound", nullable=True),
        Column("published_high", pa.float64(), "fraction", "published upper bound", nullable=True),
        Column("measured", pa.float64(), "fraction", "the same, measured"),
        Column("low", pa.float64(), "fraction", "lower bound of its bootstrap interval"),
        Column("high", pa.float64(), "fraction", "upper bound; the exact one where no answer was right"),
        Column("difference", pa.float64(), "fraction", "measured minus published"),
        Column("inside", pa.bool_(), "", "the published value lies in the measured interval"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "cases": _schema(
        Column("study", pa.string(), "", "study"),
        *_RUN,
        Column("type", pa.string(), "", "outcome of the probe, as in `outcomes`"),
        _PROBE,
        Column("probability", pa.float64(), "", "p(equivalent) of a paraphrase; null without one", nullable=True),
        *(
            Column(f"{side}_{part}", pa.string(), "", f"{where} in the {text}; personal data masked where asked for")
            for side, text in (("generation", "generation"), ("training", "training text"))
            for part, where in (
                ("before", "text before the aligned passage"),
                ("aligned", "aligned passage"),
                ("after", "text after it"),
            )
        ),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "published_table": _schema(
        Column("study", pa.string(), "", "study"),
        *(column for column in _RUN if column.name != "population"),
        Column("category", pa.string(), "", "as in `rates`"),
        Column("n", pa.int64(), "probes", "probes measured"),
        Column("published", pa.float64(), "fraction", "published rate, or difference where the state says so"),
        Column("published_low", pa.float64(), "fraction", "published lower bound", nullable=True),
        Column("published_high", pa.float64(), "fraction", "published upper bound", nullable=True),
        Column("measured", pa.float64(), "fraction", "the same, measured"),
        Column("low", pa.float64(), "fraction", "lower bound of its bootstrap interval"),
        Column("high", pa.float64(), "fraction", "upper bound; the exact one where nothing was found"),
        Column("difference", pa.float64(), "fraction", "measured minus published"),
        Column("inside", pa.bool_(), "", "the published value lies in the measured interval"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "attention": _schema(
        Column("sample", pa.int32(), "", "number of the sample in drawn order, from 0"),
        _PROBE,
        Column("id", pa.string(), "", "identifier of the dataset's row"),
        Column("layer", pa.int32(), "", "layer of the decoder, from 1; the last is next to the output"),
        Column("output_tokens", pa.int32(), "tokens", "T: rows of the map, the end token counted"),
        Column("input_tokens", pa.int32(), "tokens", "L: columns of the map, instruction and input"),
        Column(
            "weights",
            pa.list_(pa.field("element", pa.float32(), False)),
            "fraction",
            "mean of the heads' attention weights, T x L row by row; a row sums to 1, or is 0 where no input token is "
            "attended to",
        ),
        Column("output_texts", pa.list_(pa.field("element", pa.string(), False)), "", "the T tokens"),
        Column("input_texts", pa.list_(pa.field("element", pa.string(), False)), "", "the L tokens"),
    ),
    "density": _schema(
        _PROBE,
        Column("id", pa.string(), "", "identifier of the dataset's row"),
        Column("input_digest", pa.string(), "", "digest of the input's text; samples of one are resampled together"),
        Column("layer", pa.int32(), "", "layer of the decoder, from 1; the last is next to the output"),
        Column("output_tokens", pa.int32(), "tokens", "T: output tokens, the end token counted"),
        Column("input_tokens", pa.int32(), "tokens", "L: input tokens, instruction and input"),
        Column("input_share", pa.float64(), "fraction", "attention on input tokens; 1 in cross-attention"),
        Column("normalized_entropy", pa.float64(), "fraction", "H / ln L; mean over output tokens, as the others"),
        Column("effective_tokens", pa.float64(), "tokens", "exp(H): input tokens attended to"),
        Column("gini", pa.float64(), "fraction", "Gini's coefficient of the weights: 0 for uniform, 1 - 1/L for one"),
        Column("share_above_uniform", pa.float64(), "fraction", "input tokens with a weight above 1/L"),
    ),
    "density_means": _schema(*_ATTENDING, *_DENSITY_MEAN),
    "density_table": _schema(
        Column("study", pa.string(), "", "study"),
        *_ATTENDING,
        *_DENSITY_MEAN,
        Column("last_layer", pa.bool_(), "", "the layer is the model's last"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
    "correlations": _schema(
        Column("study", pa.string(), "", "study"),
        Column("state", pa.string(), "", "recipe of the fine-tuned models whose memorization is taken"),
        Column("epoch", pa.int32(), "epochs", "epochs of that fine-tuning"),
        Column("decoding", pa.string(), "", "decoding of the runs whose memorization is taken"),
        Column("over", pa.string(), "", "cells (mean density, rate) or samples (density, memorized or not)"),
        Column("model", pa.string(), "", "base model; null for all together", nullable=True),
        Column("dataset", pa.string(), "", "dataset; null for all together", nullable=True),
        Column("measure", pa.string(), "", "measure of the base model's density in its last layer"),
        Column("n", pa.int64(), "see over", "cells or samples"),
        Column("memorized", pa.int64(), "samples", "samples memorized; null for cells", nullable=True),
        Column("spearman", pa.float64(), "", "Spearman's rank correlation; null where undefined", nullable=True),
        Column("low", pa.float64(), "", "lower bound of the bootstrap interval", nullable=True),
        Column("high", pa.float64(), "", "upper bound of the bootstrap interval", nullable=True),
        Column("draws", pa.int64(), "draws", "bootstrap draws in which the correlation is defined"),
        Column("label", pa.string(), "", "the configuration's label, such as that of a demonstration"),
    ),
}


def unlabelled(name: str) -> pa.Schema:
    """The schema of a final table as it is before the configuration's label is put in."""
    schema = SCHEMAS[name]
    return schema.remove(schema.get_field_index("label"))


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a path beside `target` to write a file or folder to; rename it to `target` at the end, remove it on error.

    Raises UserError where the disk is full or the folder cannot be written.
    """
    try:
        # One name, so that what a killed job left here is taken away by the next one.
        scratch = target.parent / f".{target.name}.partial"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
    except OSError as error:
        raise disk_error(error, target) from error
    try:
        yield scratch / target.name
        if target.is_dir():
            shutil.rmtree(target)
        (scratch / target.name).replace(target)
    except OSError as error:
        raise disk_error(error, target) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def disk_error(error: OSError, target: Path) -> Exception:
    """A UserError for a full disk or an unwritable folder; any other error as it came."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(
            f"{target}: the disk is full. Nothing half-written was left; free space there, or choose another "
            "`results` folder, and start the same command again: finished work is kept."
        )
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return UserError(
            f"{target}: cannot be written ({error.strerror}). Make the folder writable, or choose another `results` "
            "folder."
        )
    return error


Manifest = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def write_batches(path: Path, name: str, batches: Iterable[pa.RecordBatch], manifest: Manifest) -> int:
    """Write a stream of record batches as a Parquet file of the schema `name`; return the number of rows.

    The manifest goes into the file's metadata as sorted JSON; where it counts what the stream brings, it is a
    function, called after the last batch. ValueError where a batch does not have the schema.
    """
    rows = 0
    with replacing(path) as scratch, pq.ParquetWriter(scratch, SCHEMAS[name], compression="zstd") as writer:
        for batch in batches:
            writer.write_table(_checked(pa.Table.from_batches([batch]), name), row_group_size=ROWS_PER_GROUP)
            rows += batch.num_rows
        stated = manifest() if callable(manifest) else manifest
        writer.add_key_value_metadata({MANIFEST_KEY: _json({"table": name, **stated})})
    return rows


def write_table(path: Path, name: str, table: pa.Table, manifest: Manifest) -> None:
    """Write a table as a Parquet file of the schema `name`, with its manifest."""
    write_batches(path, name, _checked(table, name).combine_chunks().to_batches(ROWS_PER_GROUP), manifest)


def _checked(table: pa.Table, name: str) -> pa.Table:
    schema = SCHEMAS[name]
    if table.schema.names != schema.names:
        raise ValueError(f"{name}: columns {table.schema.names}, stated {schema.names}")
    table = table.cast(schema)
    for field in schema:
        if not field.nullable and table[field.name].null_count:
            raise ValueError(f"{name}.{field.name}: {table[field.name].null_count} nulls")
    return table


def read(path: Path, name: str, columns: list[str] | None = None) -> pa.Table:
    """Read a stage's table; ValueError where the file holds another one."""
    table = pq.read_table(path, columns=columns)
    if columns is None and table.schema.names != SCHEMAS[name].names:
        raise ValueError(f"{path}: columns {table.schema.names}, stated {SCHEMAS[name].names}")
    return table


def stream(path: Path, columns: list[str] | None = None, rows: int = ROWS_PER_GROUP) -> Iterator[pa.RecordBatch]:
    """Yield a Parquet file's rows in batches, without holding the file in memory."""
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(batch_size=rows, columns=columns)


def manifest_of(path: Path) -> dict[str, Any]:
    """The manifest in a result's metadata."""
    metadata = pq.read_metadata(path).metadata or {}
    manifest: dict[str, Any] = json.loads(metadata.get(MANIFEST_KEY, b"{}"))
    return manifest


def versions(*packages: str) -> dict[str, str]:
    """Installed versions of packages, for a manifest."""
    from importlib.metadata import version

    return {package: version(package) for package in sorted(packages)}


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file beside its target and rename it."""
    with replacing(path) as scratch:
        scratch.write_text(text, encoding="utf-8")


def _json(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()


def rows_of(path: Path) -> int:
    """Number of rows of a Parquet file, without reading them."""
    rows: int = pq.read_metadata(path).num_rows
    return rows
