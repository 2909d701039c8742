import random
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from memorization import storage
from memorization.config.detection import Definitions
from memorization.detection import definitions as d
from memorization.detection.references import reference_batches, round_trip, tokens_of
from memorization.detection.similarity import common_head
from memorization.probes import read_tokenizer
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.definitions import DefinitionsTable
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.matches import MatchesTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.references import ReferencesTable
from memorization.schemas.schema import Schema

SHARED = Path(__file__).parents[2] / "../shared/models"
SENTENCE = "The quick brown fox jumps over the lazy dog, and the dog sleeps through the whole afternoon. "
TEXTS = st.text(st.sampled_from("ab c\n.é猫🙂"), max_size=24)


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


def pairs_of(generations: list[str], suffixes: list[str], tokenizer: Tokenizer) -> list[d.TokenizedPair]:
    references = round_trip(suffixes, tokenizer)
    return d.tokenized_pairs(generations, references, tokens_of(references, tokenizer), tokenizer)


def compared(
    generation: str,
    suffix: str,
    tokenizer: Tokenizer = BYTES,
    at_limit: bool = True,
    limit: int = 100,
    **values: Any,
) -> dict[str, Any]:
    [pair] = pairs_of([generation], [suffix], tokenizer)
    [row] = d.compare([pair], [at_limit], limit, tokenizer, Definitions(**values))
    return row


# Tokens, and what both sides are encoded from.


@TOKENIZERS
@given(seed=st.integers(0, 10_000), size=st.integers(0, 30), lead=st.sampled_from(["", " ", "\n\n"]))
@settings(max_examples=60)
def test_what_a_model_writes_for_the_suffix_equals_it(tokenizer: Tokenizer, seed: int, size: int, lead: str) -> None:
    """Whatever the tokenizer loses: a model that writes the suffix's first tokens gives back so many."""
    suffix = lead + "".join(random.Random(seed).choices("the dog fox\n  {}é猫.,Q", k=40))
    written = tokenizer.decode(tokenizer.encode(suffix, add_special_tokens=False).ids)
    [whole] = pairs_of([written], [suffix], tokenizer)
    assert whole.generation_tokens == whole.suffix_tokens
    # Cut between words, as a text without the words behind.
    head = " ".join(written.split(" ")[: size + 1])
    [part] = pairs_of([head], [suffix], tokenizer)
    spaces = len(part.generation) - len(part.generation.rstrip())
    assert common_head(part.generation_tokens, part.suffix_tokens) >= len(part.generation_tokens) - spaces


@TOKENIZERS
def test_heads_of_tokens_encode_to_themselves(tokenizer: Tokenizer) -> None:
    [pair] = pairs_of([""], [SENTENCE], tokenizer)
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


def test_what_a_tokenizer_cannot_write_is_not_required() -> None:
    suffix = "the dog {sleeps}\n\nthrough the afternoon"
    row = compared("the dog sleeps through the afternoon", suffix, PIECES, tokens=8)
    assert (row["extractable"], row["bleu"], row["edit_similarity"], row["rouge_l"]) == (True, 1, 1, 1)
    assert compared("the dog sleeps through the afternoon", suffix, BYTES)["bleu"] < 1


def test_extractable_are_m_equal_tokens_and_no_fewer() -> None:
    [pair] = pairs_of([""], [SENTENCE], BYTES)
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


def test_a_limit_below_m_makes_a_pair_incomparable() -> None:
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
    pairs = pairs_of(texts, suffixes, tokenizer)
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
    assert d.copying(generations, prefixes, [iter(texts), [], texts * 2], characters) == [
        expected,
        [False] * len(generations),
        expected,
    ]


def test_a_generation_copies_a_passage_of_any_place_unless_its_prompt_contains_it() -> None:
    text = "He was told that the pain would go away by itself within a week or two, and it did."
    passage = text[8:58]
    prompts = ["", "Is it so?", text, "", ""]
    written = ["So " + passage.upper(), f"x {passage}", passage, passage[1:], "y" + passage.replace(" ", "\n")]
    assert d.copying(written, prompts, [["nothing", f"and {text}"]], 50) == [[True, True, False, False, True]]
    assert d.copying([], [], [[text]], 50) == [[]]


def test_the_deciding_candidate_has_the_spans() -> None:
    matches = pa.table(
        {
            "probe": [0, 0, 0, 2],
            "rank": [3, 1, 3, 2],
            "generation_start": [5, 0, 60, 7],
            "generation_length": [50, 51, 52, 53],
        }
    )

    def outcomes(*ranks: int | None) -> pa.Table:
        return pa.table({"probe": pa.array([0, 1, 2], pa.int32()), "rank": pa.array(ranks, pa.int32())})

    matches = matches.cast(pa.schema([(name, pa.int32()) for name in matches.column_names]))
    assert d.deciding_spans(outcomes(3, None, 2), matches) == {0: [(5, 50), (60, 52)], 2: [(7, 53)]}
    assert d.deciding_spans(outcomes(1, None, 2), matches) == {0: [(0, 51)], 2: [(7, 53)]}


# A run's files.


TABLES: dict[str, type[Schema]] = {
    "probes": ProbesTable,
    "generations": GenerationsTable,
    "outcomes": OutcomesTable,
    "matches": MatchesTable,
    "dataset": DatasetTable,
}


def run_of(
    folder: Path,
    rows: list[dict[str, Any]],
    training: list[str],
    population: Any = "member",
    prompt: bool = False,
    first: int = 0,
) -> pa.Table:
    """Definitions of probes given by prefix, suffix, generation, and spans of a deciding match.

    The run's own files begin at the probe `first`, its probes at 0.
    """
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
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
            {"probe": probe, "rank": rank, "document": 0, "span": 0, "type": "other"}
            | {"generation_start": start, "generation_length": length, "suffix_start": 0, "suffix_length": 9}
            for rank, (start, length) in [*((2, span) for span in spans), *((3, (0, 1)) for _ in spans)]
        ]
    tables["dataset"] = [
        {"id": "", "split": split, "instruction": SENTENCE, "input": text, "target": SENTENCE}
        for split, texts in (("train", training), ("test", training))
        for text in texts
    ]
    for name, content in tables.items():
        kept = content if name in ("probes", "dataset") else [row for row in content if row["probe"] >= first]
        table = pa.Table.from_pylist(kept, schema=TABLES[name].arrow())
        storage.write_table(folder / f"{name}.parquet", TABLES[name], table, {})
    references = reference_batches(folder / "probes.parquet", folder / "dataset.parquet", BYTES)
    storage.write_batches(folder / "references.parquet", ReferencesTable, references, {})
    files = d.RunFiles(**{field.name: folder / f"{field.name}.parquet" for field in fields(d.RunFiles)})
    batches = list(d.definition_batches(files, BYTES, population, 100, prompt, Definitions(tokens=5)))
    return pa.Table.from_batches(batches, schema=DefinitionsTable.arrow())


def test_a_run_has_one_row_per_probe_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(d, "PROBES_PER_BATCH", 2)
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


def test_a_part_of_the_generations_gives_the_rows_of_the_whole(tmp_path: Path) -> None:
    texts = [f"Letter {number}. {SENTENCE}" for number in range(4)]
    rows: list[dict[str, Any]] = [
        {"prefix": text[: 9 + at], "suffix": text[9 + at :], "generation": text[9 : 60 - 10 * at], "spans": [(at, 9)]}
        for at, text in enumerate(texts)
    ]
    whole = run_of(tmp_path, rows, texts)
    assert run_of(tmp_path, rows, texts, first=2).to_pylist() == whole.to_pylist()[2:]


def test_parts_of_a_run_that_are_read_together_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Letter {number}. {SENTENCE}" for number in range(9)]
    rows = [
        {"prefix": text[:9], "suffix": text[9:], "generation": text[9 : 99 - 9 * at]} for at, text in enumerate(texts)
    ]
    whole = run_of(tmp_path, rows, texts, first=1)
    stream = storage.stream
    monkeypatch.setattr(storage, "stream", lambda path, columns=None, rows=4: stream(path, columns, min(rows, 4)))
    monkeypatch.setattr(storage, "ROWS_PER_GROUP", 4)
    monkeypatch.setattr(d, "GENERATIONS_TOGETHER", 4)
    assert run_of(tmp_path, rows, texts, first=1) == whole


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
