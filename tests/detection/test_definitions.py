import math
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from memorization import storage
from memorization.config import Definitions
from memorization.detection import definitions as d
from memorization.probes import read_tokenizer

SHARED = Path(__file__).parents[2] / "../shared/models"
SENTENCE = "The quick brown fox jumps over the lazy dog, and the dog sleeps through the whole afternoon. "
TEXTS = st.text(st.sampled_from("ab c\n.é猫🙂"), max_size=24)
WORDS = st.lists(st.sampled_from(["the", "The", "cat", "sat", "Straße", "猫", "7", "--", "."]), max_size=12).map(
    " ".join
)
LETTERS = st.lists(st.sampled_from("abcd"), max_size=14)


def byte_pairs() -> Tokenizer:
    """A byte-level BPE tokenizer, which can write every text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator([SENTENCE] * 3, trainer)
    return tokenizer


def sentence_pieces() -> Tokenizer:
    """A Unigram tokenizer as T5's: one space for any white space, unknown characters are lost in decoding."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(pattern_of_spaces(), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=60, special_tokens=["</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([SENTENCE] * 3, trainer)
    tokenizer.add_special_tokens([AddedToken("<unk>", special=True)])
    return tokenizer


def pattern_of_spaces() -> Any:
    from tokenizers import Regex

    return Regex(r"\s+")


BYTES, PIECES = byte_pairs(), sentence_pieces()
TOKENIZERS = pytest.mark.parametrize("tokenizer", [BYTES, PIECES], ids=["bytes", "pieces"])


def compared(
    generation: str,
    suffix: str,
    tokenizer: Tokenizer = BYTES,
    at_limit: bool = True,
    limit: int = 100,
    **values: Any,
) -> dict[str, Any]:
    [pair] = d.written_pairs([generation], [suffix], tokenizer)
    [row] = d.compare([pair], [at_limit], limit, tokenizer, Definitions(**values))
    return row


# Runs and edits, against the plainest programs that find them.


def longest_run_by_table(one: Any, other: Any) -> int:
    longest = 0
    ends = [0] * (len(other) + 1)
    for each in one:
        ends = [0] + [ends[place] + 1 if each == with_ else 0 for place, with_ in enumerate(other)]
        longest = max(longest, *ends)
    return longest


def distance_by_table(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for above, each in enumerate(one):
        left = [above + 1]
        for place, with_ in enumerate(other):
            left.append(min(left[-1] + 1, row[place + 1] + 1, row[place] + (each != with_)))
        row = left
    return row[-1]


def subsequence_by_table(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for each in one:
        left = [0]
        for place, with_ in enumerate(other):
            left.append(row[place] + 1 if each == with_ else max(left[-1], row[place + 1]))
        row = left
    return row[-1]


@given(TEXTS, TEXTS)
@example("", "")
@example("aaaa", "aaa")
def test_longest_common_run_is_that_of_a_table(one: str, other: str) -> None:
    assert d.longest_common_run(one, other) == longest_run_by_table(one, other) == d.longest_common_run(other, one)


@given(st.lists(st.integers(0, 3), max_size=20), st.lists(st.integers(0, 3), max_size=20))
def test_runs_of_tokens_are_found_as_substrings_are(one: list[int], other: list[int]) -> None:
    # Large vocabularies reach the surrogates, which are characters of no text.
    high = [0xD7FE + 2 * token for token in one], [0xD7FE + 2 * token for token in other]
    expected = longest_run_by_table(one, other)
    for pair in ((one, other), high):
        assert d.longest_common_run(*map(d._as_text, pair)) == expected


@given(st.lists(st.integers(0, 2), max_size=9), st.lists(st.integers(0, 2), max_size=9))
def test_the_equal_head_ends_at_the_first_difference(one: list[int], other: list[int]) -> None:
    size = d.equal_head(one, other)
    assert one[:size] == other[:size]
    assert size == min(len(one), len(other)) or one[size] != other[size]


@given(TEXTS, TEXTS)
def test_edit_similarity_is_that_of_a_table(one: str, other: str) -> None:
    longer = max(len(one), len(other))
    expected = 1 - distance_by_table(one, other) / longer if longer else 0.0
    assert d.edit_similarity(one, other) == pytest.approx(expected)


@given(WORDS, WORDS)
def test_rouge_l_is_that_of_a_table(one: str, other: str) -> None:
    first, second = (re.findall(r"\w+", text.lower()) for text in (one, other))
    common = subsequence_by_table(first, second)
    precision, recall = (common / len(first) if first else 0, common / len(second) if second else 0)
    expected = 2 * precision * recall / (precision + recall) if common else 0
    assert d.rouge_l(one, other) == pytest.approx(expected)


def test_rouge_l_of_a_known_example() -> None:
    # Lin (2004), Section 3: LCS 3 of 4 words.
    assert d.rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert d.rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)


def bleu_by_counts(generation: list[str], reference: list[str]) -> float:
    """BLEU-4 as Papineni et al. (2002) define it; an order without a hit counts 1/2, 1/4, ... hits, as in NIST's."""
    logs, halved = [], 1.0
    for order in range(1, min(4, len(generation)) + 1):
        ours, theirs = (
            Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))
            for words in (generation, reference)
        )
        hits = float(sum((ours & theirs).values()))
        if not hits:
            halved /= 2
            hits = halved
        logs.append(math.log(hits / sum(ours.values())))
    if not generation or not set(generation) & set(reference):
        return 0.0
    brevity = min(0.0, 1 - len(reference) / len(generation))
    return math.exp(brevity + sum(logs) / len(logs))


@given(LETTERS, LETTERS)
def test_bleu_is_that_of_counted_n_grams(generation: list[str], reference: list[str]) -> None:
    assert d.bleu(" ".join(generation), " ".join(reference)) == pytest.approx(bleu_by_counts(generation, reference))


def test_bleu_is_that_of_nltk() -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    draw = random.Random(0)
    for _ in range(200):
        generation = draw.choices("abcdef", k=draw.randint(4, 30))
        reference = [each if draw.random() < 0.8 else draw.choice("abcdef") for each in generation][
            : draw.randint(4, 30)
        ]
        expected = sentence_bleu([reference], generation, smoothing_function=SmoothingFunction().method3)
        assert d.bleu(" ".join(generation), " ".join(reference)) == pytest.approx(expected)


@given(TEXTS)
def test_a_text_is_fully_similar_to_itself(text: str) -> None:
    for similarity in (d.bleu, d.edit_similarity, d.rouge_l):
        assert similarity(text, text) in (0.0, 1.0)
    assert d.edit_similarity(text, text) == float(text != "")


# Tokens, and what both sides are encoded from.


@TOKENIZERS
@given(seed=st.integers(0, 10_000), size=st.integers(0, 30), lead=st.sampled_from(["", " ", "\n\n"]))
@settings(max_examples=60)
def test_what_a_model_writes_for_the_suffix_equals_it(tokenizer: Tokenizer, seed: int, size: int, lead: str) -> None:
    """Whatever the tokenizer loses: a model that writes the suffix's first tokens gives back so many."""
    suffix = lead + "".join(random.Random(seed).choices("the dog fox\n  {}é猫.,Q", k=40))
    written = tokenizer.decode(tokenizer.encode(suffix, add_special_tokens=False).ids)
    [whole] = d.written_pairs([written], [suffix], tokenizer)
    assert whole.generation_tokens == whole.suffix_tokens
    # Cut between words, as a text without the words behind.
    head = " ".join(written.split(" ")[: size + 1])
    [part] = d.written_pairs([head], [suffix], tokenizer)
    spaces = len(part.generation) - len(part.generation.rstrip())
    assert d.equal_head(part.generation_tokens, part.suffix_tokens) >= len(part.generation_tokens) - spaces


@TOKENIZERS
def test_heads_of_tokens_encode_to_themselves(tokenizer: Tokenizer) -> None:
    [pair] = d.written_pairs([""], [SENTENCE], tokenizer)
    for size in range(1, len(pair.suffix_tokens) + 1):
        cut = tokenizer.decode(pair.suffix_tokens[:size])
        # White space at the end may belong to a longer token than that of the cut text.
        if cut == cut.rstrip() != "":
            assert compared(cut, SENTENCE, tokenizer)["equal_tokens"] == size


def test_leading_white_space_is_not_compared() -> None:
    for generation in ("the lazy dog", " the lazy dog", "\n the lazy dog"):
        for suffix in ("the lazy dog", "  the lazy dog"):
            row = compared(generation, suffix)
            assert row["equal_tokens"] == row["longest_equal_run"] == row["compared_tokens"]
            assert row["longest_common_substring"] == len("the lazy dog")


def test_what_a_tokenizer_cannot_write_is_not_asked_for() -> None:
    suffix = "the dog {sleeps}\n\nthrough the afternoon"
    row = compared("the dog sleeps through the afternoon", suffix, PIECES, tokens=8)
    assert (row["extractable"], row["bleu"], row["edit_similarity"], row["rouge_l"]) == (True, 1, 1, 1)
    assert compared("the dog sleeps through the afternoon", suffix, BYTES)["bleu"] < 1


def test_extractable_are_m_equal_tokens_and_no_fewer() -> None:
    [pair] = d.written_pairs([""], [SENTENCE], BYTES)
    words = SENTENCE.split()
    broken = " ".join([*words[:5], "yes", *words[6:]])
    equal = compared(broken, SENTENCE)["equal_tokens"]
    assert 5 <= equal < len(pair.suffix_tokens)
    assert compared(broken, SENTENCE, tokens=equal)["extractable"] is True
    assert compared(broken, SENTENCE, tokens=equal + 1)["extractable"] is False
    assert compared(broken, SENTENCE, tokens=len(pair.suffix_tokens) + 1)["extractable"] is None


def test_equal_tokens_elsewhere_are_no_continuation() -> None:
    row = compared("Well. " + SENTENCE, SENTENCE, tokens=8)
    assert (row["equal_tokens"], row["extractable"]) == (0, False)
    assert row["longest_equal_run"] >= 8
    assert row["longest_common_substring"] == len(SENTENCE.strip())


def test_a_limit_below_m_leaves_nothing_to_tell() -> None:
    head = SENTENCE[:30]
    limited = compared(head, SENTENCE, limit=7, tokens=20)
    assert (limited["comparable"], limited["extractable"]) == (False, None)
    # What there is agrees, and a cut is not the model's.
    assert (limited["bleu"], limited["edit_similarity"], limited["approximate"]) == (1, 1, True)
    ended = compared(head, SENTENCE, at_limit=False, limit=7, tokens=20)
    assert (ended["comparable"], ended["extractable"], ended["compared_tokens"]) == (False, None, 7)


def test_a_model_that_stops_by_itself_did_not_give_the_rest_back() -> None:
    ended = compared(SENTENCE[:9], SENTENCE, at_limit=False, tokens=20)
    assert (ended["comparable"], ended["extractable"], ended["compared_tokens"]) == (True, False, 20)
    assert ended["bleu"] < 0.2
    assert ended["edit_similarity"] < 0.5


def test_what_comes_after_the_end_of_the_suffix_is_not_compared() -> None:
    row = compared("the lazy dog and many other words", "the lazy dog", tokens=50)
    assert (row["bleu"], row["edit_similarity"], row["rouge_l"]) == (1, 1, 1)
    assert (row["comparable"], row["extractable"]) == (False, None)


def test_what_comes_after_m_tokens_is_not_compared() -> None:
    cut = SENTENCE.index(" the lazy")
    m = compared(SENTENCE[:cut], SENTENCE)["equal_tokens"]
    row = compared(SENTENCE[:cut] + " nothing else at all", SENTENCE, tokens=m)
    assert (row["extractable"], row["bleu"], row["edit_similarity"], row["rouge_l"]) == (True, 1, 1, 1)


@pytest.mark.parametrize(("threshold", "approximate"), [(0.0, True), (0.5, True), (0.99, False)])
def test_approximate_is_a_bleu_above_the_threshold(threshold: float, approximate: bool) -> None:
    row = compared(SENTENCE.replace("sleeps", "rests"), SENTENCE, bleu=threshold)
    assert 0.5 < row["bleu"] < 0.99
    assert row["approximate"] is approximate


@TOKENIZERS
@pytest.mark.parametrize("at_limit", [True, False])
@pytest.mark.parametrize("generation", ["", " ", "\n", "\0", "..."])
@pytest.mark.parametrize("suffix", ["", " ", "{", "猫", SENTENCE])
def test_texts_without_words_are_no_error(tokenizer: Tokenizer, generation: str, suffix: str, at_limit: bool) -> None:
    row = compared(generation, suffix, tokenizer, at_limit)
    assert row["approximate"] is False
    assert not row["extractable"]
    assert 0 <= row["edit_similarity"] <= 1


@TOKENIZERS
@given(generations=st.lists(st.tuples(TEXTS, TEXTS, st.booleans()), min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_row_depends_on_nothing_but_its_pair(tokenizer: Tokenizer, generations: list[tuple[str, str, bool]]) -> None:
    texts, suffixes, limits = (list(each) for each in zip(*generations, strict=True))
    pairs = d.written_pairs(texts, suffixes, tokenizer)
    together = list(d.compare(pairs, limits, 9, tokenizer, Definitions(tokens=6)))
    for row, text, suffix, limited in zip(together, texts, suffixes, limits, strict=True):
        assert row == compared(text, suffix, tokenizer, limited, limit=9, tokens=6)
        assert not row["extractable"] or row["equal_tokens"] >= 6
        assert row["equal_tokens"] <= row["longest_equal_run"]
        assert all(0 <= row[key] <= 1 for key in ("bleu", "edit_similarity", "rouge_l"))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real tokenizers")
@pytest.mark.parametrize("name", ["t5-tokenizer", "gpt2-tokenizer", "stories260k"])
def test_real_tokenizers_give_back_what_they_wrote(name: str) -> None:
    tokenizer = read_tokenizer(SHARED / name)
    text = "\n  the {odd} café’s “naïve” Straße\t猫 🙂 was\n\nopen: 1,234 of 5 — they'll see. " * 3
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    for cut in (len(ids), 100):
        row = compared(tokenizer.decode(ids[:cut]), text, tokenizer)
        assert (row["extractable"], row["bleu"], row["approximate"]) == (True, 1, True)


# Prefixes.


@given(
    st.lists(st.text(st.sampled_from("ab \n猫"), min_size=1, max_size=5), max_size=8),
    st.lists(st.text(st.sampled_from("ab \n猫"), max_size=20), max_size=6),
)
def test_inputs_with_a_prefix_are_counted_one_by_one(prefixes: list[str], inputs: list[str]) -> None:
    expected = {prefix: sum(prefix in text for text in inputs) for prefix in prefixes}
    assert d.inputs_with(prefixes, iter(inputs)) == expected


def test_a_prefix_counts_once_an_input_and_an_input_for_every_prefix() -> None:
    assert d.inputs_with(["ab", "abc", "ab", "x"], ["ab abc ab", "abc", "", "b"]) == {"ab": 2, "abc": 2, "x": 0}
    assert d.inputs_with([], ["a"]) == {}
    with pytest.raises(ValueError, match="empty prefix"):
        d.inputs_with([""], ["a"])


PREFIX = "Dear  Doctor,\nmy left knee has HURT since"


@pytest.mark.parametrize(
    ("generation", "spans", "expected"),
    [
        ("my left knee has hurt", [(0, 21)], True),
        ("so MY LEFT\tknee and", [(3, 12)], True),
        ("my left knee. dear doctor, my", [(0, 12), (14, 15)], True),
        ("my left knee. dear doctor, you", [(0, 12), (14, 16)], False),
        ("my right knee", [(0, 13)], False),
        ("my left knee", [], None),
    ],
)
def test_a_match_is_in_the_prefix_where_all_its_spans_are(
    generation: str, spans: list[tuple[int, int]], expected: bool | None
) -> None:
    assert d.in_prefix(generation, spans, PREFIX) is expected


SHORT = st.lists(st.text(st.sampled_from("abB \n"), max_size=14), min_size=3, max_size=3)


@given(SHORT, SHORT, st.lists(st.text(st.sampled_from("abB \n"), max_size=14), max_size=4), st.integers(1, 6))
def test_copies_are_those_that_every_passage_of_a_generation_looked_up_would_show(
    generations: list[str], prefixes: list[str], texts: list[str], characters: int
) -> None:
    def plain(text: str) -> str:
        return " ".join(text.split()).lower()

    expected = [
        any(
            passage in plain(text) and passage not in plain(prefix)
            for start in range(len(plain(generation)) - characters + 1)
            for passage in [plain(generation)[start : start + characters]]
            for text in texts
        )
        for generation, prefix in zip(generations, prefixes, strict=True)
    ]
    assert d.copying(generations, prefixes, iter(texts), characters) == expected


def test_a_generation_copies_wherever_the_passage_stands_unless_its_prompt_holds_it() -> None:
    text = "He was told that the pain would go away by itself within a week or two, and it did."
    passage = text[8:58]
    asked = ["", "Is it so?", text, "", ""]
    written = ["So " + passage.upper(), f"x {passage}", passage, passage[1:], "y" + passage.replace(" ", "\n")]
    assert d.copying(written, asked, ["nothing", f"and {text}"], 50) == [True, True, False, False, True]
    assert d.copying([], [], [text], 50) == []


def test_the_deciding_candidate_has_the_spans() -> None:
    matches = pa.table(
        {
            "probe": [0, 0, 0, 2],
            "rank": [3, 1, 3, 2],
            "generation_start": [5, 0, 60, 7],
            "generation_length": [50, 51, 52, 53],
        }
    )
    assert d.deciding_spans([3, None, 2], matches) == {0: [(5, 50), (60, 52)], 2: [(7, 53)]}
    assert d.deciding_spans([1, None, 2], matches) == {0: [(0, 51)], 2: [(7, 53)]}


# A run's files.


def run_of(
    folder: Path, rows: list[dict[str, Any]], training: list[str], population: Any = "member", prompt: bool = False
) -> pa.Table:
    """Definitions of probes given by prefix, suffix, generation, and spans of a deciding match."""
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in ("probes", "generations", "outcomes", "matches")}
    for probe, row in enumerate(rows):
        sizes = {"prefix_characters": len(row["prefix"]), "suffix_characters": len(row["suffix"])}
        tables["probes"].append({"probe": probe, "id": str(probe), "input_text": probe, **sizes, **row})
        tables["generations"].append({"probe": probe, "generated_tokens": 9, "at_limit": False, **row})
        spans = row.get("spans", [])
        rank = 2 if spans else None
        tables["outcomes"].append(
            {"probe": probe, "id": str(probe), "outcome": "none", "spans": len(spans), "rank": rank}
        )
        tables["matches"] += [
            {"probe": probe, "rank": rank, "document": 0, "type": "other", "suffix_start": 0, "suffix_length": 9}
            | {"generation_start": start, "generation_length": length}
            for rank, (start, length) in [*((2, span) for span in spans), *((3, (0, 1)) for _ in spans)]
        ]
    tables["dataset"] = [
        {"id": "", "split": split, "instruction": SENTENCE, "input": text, "target": SENTENCE}
        for split, texts in (("train", training), ("test", training))
        for text in texts
    ]
    for name, content in tables.items():
        schema = storage.SCHEMAS[name]
        known = [{key: value for key, value in row.items() if key in schema.names} for row in content]
        storage.write_table(folder / f"{name}.parquet", name, pa.Table.from_pylist(known, schema=schema), {})
    paths = [folder / f"{name}.parquet" for name in ("probes", "generations", "outcomes", "matches", "dataset")]
    batches = list(d.definition_batches(*paths, BYTES, population, 100, prompt, Definitions(tokens=5)))
    return pa.Table.from_batches(batches, schema=storage.SCHEMAS["definitions"])


def test_a_run_has_a_row_a_probe_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(d, "PROBES_A_BATCH", 2)
    texts = [f"Letter {number}. {SENTENCE}" for number in range(5)]
    rows = [
        {"prefix": text[:9], "suffix": text[9:], "generation": text[9 : 60 - 10 * at]} for at, text in enumerate(texts)
    ]
    rows[3] |= {"generation": "", "prefix": "Letter"}
    rows[4] |= {"generation": "a letter 4. The quick", "spans": [(2, 9)]}
    table = run_of(tmp_path, rows, texts)
    assert table["probe"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["longest_common_substring"].to_pylist() == [50, 39, 30, 0, len("The quick")]
    assert table["extractable"].to_pylist() == [True, True, True, False, False]
    assert table["prefix_inputs"].to_pylist() == [1, 1, 1, 5, 1]
    assert table["shared_prefix"].to_pylist() == [False, False, False, True, False]
    assert table["match_in_prefix"].to_pylist() == [None, None, None, None, True]
    # The first alone has 50 characters in a row. The target is the sentence that every input ends with.
    assert table["copies_input"].to_pylist() == [True, False, False, False, False]
    assert table["copies_target"].to_pylist() == [True, False, False, False, False]


def test_what_follows_the_prompt_is_compared_where_a_generation_begins_with_it(tmp_path: Path) -> None:
    text = "Dear doctor, " + SENTENCE
    # The model writes one character of the suffix, and the prompt before it is 50 characters of a training input.
    rows = [
        {"prefix": text[:51], "suffix": text[51:], "generation": text[:52], "spans": [(0, 12)]},
        {"prefix": text[:9], "suffix": text[9:], "generation": text[:70], "spans": [(9, 30)]},
    ]
    table = run_of(tmp_path, rows, [text], prompt=True)
    assert table["extractable"].to_pylist() == [False, True]
    assert table["longest_common_substring"].to_pylist() == [1, 60]
    assert table["copies_input"].to_pylist() == [False, True]
    assert table["match_in_prefix"].to_pylist() == [True, False]


def test_prefixes_of_controls_are_shared_with_any_training_input(tmp_path: Path) -> None:
    rows = [{"prefix": prefix, "suffix": " x y", "generation": "x"} for prefix in ("seen", "unseen")]
    table = run_of(tmp_path, rows, ["it was seen", "or not"], "control")
    assert table["prefix_inputs"].to_pylist() == [1, 0]
    assert table["shared_prefix"].to_pylist() == [True, False]


def test_a_run_without_probes_has_no_rows(tmp_path: Path) -> None:
    assert run_of(tmp_path, [], ["a text"]).num_rows == 0
