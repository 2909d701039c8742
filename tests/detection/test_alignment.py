import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import nltk
import numpy as np
import pyarrow as pa
import pytest
import transcription
from hypothesis import given, settings
from hypothesis import strategies as st

from memorization.config.detection import Collection
from memorization.detection import alignment, kernel
from memorization.detection.alignment import Aligner, AlignmentParameters, align
from memorization.detection.documents import Documents
from memorization.detection.text import SentenceModel, sentence_model
from memorization.errors import UserError
from memorization.schemas.alignment import AlignmentTable

SHARED = Path(__file__).parents[2] / "../shared"
GOLDEN = SHARED / "detector"
PUBLISHED = ["zeng2024", "pan2015"]
PROFILES = [*PUBLISHED, "collection"]
SCHEMA = AlignmentTable.arrow()

BRIDGE = "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting."
DROUGHT = "Local farmers have complained that the drought reduced their corn harvest by nearly forty percent."
MUSIC = "Musicians gathered in the old theatre to rehearse a symphony that had not been performed since the war."
WHALES = "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists."
ROBOT = "Engineers in Osaka built a small robot which folds towels faster than any hotel employee."
TAXES = "Parliament will vote in autumn on raising fuel taxes to finance cheaper train tickets."
SENTENCES = [BRIDGE, DROUGHT, MUSIC, WHALES, ROBOT, TAXES]
BRIDGE_REWORDED = (
    "During its meeting in spring the proposal of a bridge new across that northern river the committee was reviewing."
)
DROUGHT_REWORDED = "By almost forty percent was corn harvest reduced from drought, complained several local farmers."

Alignment = tuple[str, list[tuple[int, int, int, int]]]


@cache
def model() -> SentenceModel:
    return sentence_model("punkt_corpus", SENTENCES)


def grouped(table: pa.Table) -> list[Alignment]:
    """(type, spans) of each pair, in the order of the table."""
    results: list[Alignment] = []
    for row in table.to_pylist():
        if row["pair"] == len(results):
            results.append((row["type"], []))
        spans = tuple(row[name] for name in SCHEMA.names[2:])
        if None not in spans:
            results[-1][1].append(spans)
    return results


def aligned(generation: str, suffix: str, profile: str = "zeng2024") -> Alignment:
    [result] = grouped(align([generation], [suffix], AlignmentParameters.profile(profile), model()))
    return result


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    if not GOLDEN.is_dir() or not (SHARED / "nltk_data").is_dir():
        pytest.skip("the original program's results or NLTK's English Punkt parameters are not beside the repository")
    monkeypatch.setattr(nltk.data, "path", [str(SHARED / "nltk_data")])


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("profile", PUBLISHED)
@pytest.mark.parametrize(("pairs", "golden"), [("pairs", "golden"), ("edge_cases", "edge_golden")])
def test_agrees_with_the_original_program(pairs: str, golden: str, profile: str) -> None:
    given_pairs = read(pairs)
    expected = [(row["type"], [tuple(span) for span in row["detections"]]) for row in read(f"{golden}_{profile}")]
    generations, suffixes = ([pair[side] for pair in given_pairs] for side in ("susp", "src"))
    results = grouped(align(generations, suffixes, AlignmentParameters.profile(profile)))
    assert len(results) == len(expected)
    different = [pair["id"] for pair, own, other in zip(given_pairs, results, expected, strict=True) if own != other]
    assert different == []


def test_identical_texts_of_one_sentence_give_nothing() -> None:
    # Every sentence contains every stem, so that none has a weight.
    assert aligned(BRIDGE, BRIDGE) == ("none", [])


def in_collection(generation: str, suffix: str, collection: list[str]) -> Alignment:
    aligner = Aligner(AlignmentParameters.profile("collection"), model(), collection=collection)
    [result] = grouped(aligner.compare([generation], [suffix]))
    return result


@pytest.mark.parametrize("collection", [[], [BRIDGE], SENTENCES, [DROUGHT, f"{MUSIC} {WHALES}"]])
def test_a_copied_sentence_is_found_with_the_frequencies_of_any_collection(collection: list[str]) -> None:
    assert in_collection(BRIDGE, BRIDGE, collection) == ("verbatim", [(0, len(BRIDGE), 0, len(BRIDGE))])
    assert in_collection(BRIDGE, WHALES, collection) == ("none", [])


def test_stems_that_are_frequent_in_the_collection_count_less() -> None:
    first = "Every annual report of the company mentions risks, revenue and lighthouse."
    second = "Every annual report of the company mentions towels, farmers and elephants."
    boilerplate = ["Every annual report of the company mentions revenue."] * 300
    assert in_collection(first, second, [])[0] != "none"
    assert in_collection(first, second, [*boilerplate, BRIDGE, DROUGHT, MUSIC]) == ("none", [])


def test_a_collection_goes_with_its_frequencies() -> None:
    with pytest.raises(UserError, match="'collection', but no collection is given"):
        Aligner(AlignmentParameters.profile("collection"), model())
    with pytest.raises(UserError, match="'pair', but a collection is given"):
        Aligner(AlignmentParameters.profile("zeng2024"), model(), collection=[])
    with pytest.raises(UserError, match="collection: text 1: expected a text, found null"):
        Aligner(AlignmentParameters.profile("collection"), model(), collection=[BRIDGE, None])  # type: ignore[list-item]


def test_thresholds_of_a_profile_can_be_changed() -> None:
    changed = AlignmentParameters.profile("collection", seed_cosine=0.9)
    assert (changed.seed_cosine, changed.frequencies) == (0.9, "collection")
    defaults = AlignmentParameters.profile("collection")
    assert {name: getattr(defaults, name) for name in Collection.model_fields} == Collection().model_dump()


def test_copy_of_two_sentences_is_verbatim() -> None:
    copied = f"{BRIDGE} {DROUGHT}"
    generation, suffix = f"{MUSIC} {copied}", f"{copied} {WHALES}"
    assert aligned(generation, suffix) == ("verbatim", [(len(MUSIC) + 1, len(copied), 0, len(copied))])


def test_copy_must_be_longer_where_the_profile_requires_it() -> None:
    generation, suffix = f"{BRIDGE} {MUSIC} {TAXES}", f"{BRIDGE} {WHALES} {ROBOT}"
    assert 50 < len(BRIDGE) < 150
    assert aligned(generation, suffix)[0] == "verbatim"
    assert aligned(generation, suffix, "pan2015") == ("none", [])


def test_verbatim_span_ends_with_the_last_common_word() -> None:
    generation = f"{BRIDGE[:78]} month, said nobody. {ROBOT}"
    kind, [(start, length, suffix_start, suffix_length)] = aligned(generation, f"{WHALES} {BRIDGE} {TAXES}")
    assert kind == "verbatim"
    assert generation[start : start + length] == BRIDGE[:78]
    assert (suffix_start, suffix_length) == (len(WHALES) + 1, 78)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("text", ["", " \n", "!!! ... ---", "\0", "a. b. c.", "\u0130"])
def test_texts_with_nothing_to_compare_give_none(text: str, profile: str) -> None:
    other = f"{BRIDGE} {DROUGHT}"
    for pair in [(text, other), (other, text), (text, text)]:
        assert aligned(*pair, profile) == ("none", [])


def test_nul_counts_as_a_character_and_separates_words() -> None:
    copied = f"{BRIDGE} {DROUGHT}"
    generation = f"{MUSIC[:-1]}\0Indeed. {copied}"
    kind, spans = aligned(generation, f"{copied} {WHALES}")
    assert kind == "verbatim"
    assert spans == [(len(generation) - len(copied), len(copied), 0, len(copied))]


def test_reworded_sentences_are_other() -> None:
    reworded = f"{BRIDGE_REWORDED} {DROUGHT_REWORDED}"
    generation, suffix = f"{reworded} {ROBOT}", f"{WHALES} {TAXES} {BRIDGE} {DROUGHT}"
    kind, [span] = aligned(generation, suffix)
    assert kind == "other"
    assert span == (0, len(reworded), len(WHALES) + len(TAXES) + 2, len(BRIDGE) + len(DROUGHT) + 1)


def test_generation_that_elaborates_a_suffix_is_a_summary() -> None:
    # Its four versions are on the source side, since this profile swaps the roles.
    versions = [
        BRIDGE_REWORDED,
        "Reviewing the committee's bridge proposal took, across the northern river, the spring's new meeting.",
        "A northern river proposal: the bridge across, new, reviewed by spring's committee at its meeting.",
        "New is the bridge; its proposal, the spring meeting; its reviewing committee sat across the northern river.",
    ]
    generation, suffix = f"{' '.join(versions)} {ROBOT} {MUSIC}", f"{BRIDGE} {WHALES} {TAXES} {DROUGHT}"
    kind, [span] = aligned(generation, suffix)
    assert kind == "summary"
    assert span == (0, len(" ".join(versions)), 0, len(BRIDGE))
    assert aligned(suffix, generation)[0] == "other"


def test_passage_copied_twice_loses_both_copies() -> None:
    twice, once = f"{BRIDGE} {DROUGHT} {BRIDGE} {MUSIC}", f"{BRIDGE} {WHALES} {TAXES}"
    assert aligned(once, twice)[0] != "verbatim"  # swapped roles: the suffix has it twice, the generation once
    assert aligned(twice, once)[0] == "verbatim"


def test_runs_and_offsets_where_lower_case_is_longer() -> None:
    capital = "\u0130\u0130\u0130\u0130 visitors admired the wooden boats before the evening market closed"
    generation, suffix = f"{capital} today. {ROBOT} {TAXES}", f"{WHALES} {capital} yesterday. {MUSIC}"
    kind, [(start, length, suffix_start, suffix_length)] = aligned(generation, suffix)
    assert kind == "verbatim"
    assert generation[start : start + length] == suffix[suffix_start : suffix_start + suffix_length] == capital


@pytest.mark.parametrize("profile", PROFILES)
def test_table_has_the_schema_also_without_pairs(profile: str) -> None:
    parameters = AlignmentParameters.profile(profile)
    assert align([], [], parameters, model()).schema == SCHEMA
    table = align(["", BRIDGE], [BRIDGE, ""], parameters, model())
    assert table.schema == SCHEMA
    assert table.to_pylist() == [{"pair": pair, "type": "none"} | dict.fromkeys(SCHEMA.names[2:]) for pair in range(2)]


def test_wrong_input_is_refused() -> None:
    parameters = AlignmentParameters.profile("zeng2024")
    with pytest.raises(ValueError, match="1 generations but 2 suffixes"):
        align([BRIDGE], [BRIDGE, MUSIC], parameters, model())
    with pytest.raises(UserError, match="suffix 1: expected a text, found null"):
        align([BRIDGE, BRIDGE], [BRIDGE, None], parameters, model())  # type: ignore[list-item]
    with pytest.raises(UserError, match="generation 0: expected a text, found int 3"):
        align([3], [BRIDGE], parameters, model())  # type: ignore[list-item]


def test_unknown_names_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UserError, match=r"'zeng'.*zeng2024, pan2015, collection"):
        AlignmentParameters.profile("zeng")
    with pytest.raises(UserError, match=r"stemmer.*'lancaster'.*porter, snowball"):
        AlignmentParameters(50, 50, "lancaster", "swapped")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"roles.*'both'.*as_given, swapped"):
        AlignmentParameters(50, 50, "porter", "both")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"frequencies.*'all'.*pair, collection"):
        AlignmentParameters(50, 50, "porter", "swapped", frequencies="all")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"gap: -1"):
        AlignmentParameters(50, 50, "porter", "swapped", gap=-1)


def pairwise_oracle(generations: list[str], suffixes: list[str], parameters: AlignmentParameters) -> list[Alignment]:
    punkt = model()._tokenizer
    is_counted = parameters.frequencies == "collection"
    collection = transcription.Collection(suffixes, punkt, parameters) if is_counted else None
    pairs = zip(generations, suffixes, strict=True)
    return [transcription.aligned(generation, suffix, parameters, punkt, collection) for generation, suffix in pairs]


WORDS = st.lists(st.integers(0, 2), max_size=12)


@given(WORDS, WORDS, st.integers(0, 8))
def test_copied_runs_are_those_of_the_definition(first: list[int], second: list[int], length: int) -> None:
    # Words of 1 to 3 letters with a space between them.
    def words(numbers: list[int]) -> list[tuple[int, int, int]]:
        ends = np.cumsum([number + 2 for number in numbers]).tolist()
        return [(number, end - number - 2, end - 1) for number, end in zip(numbers, ends, strict=True)]

    spelled, other = ([(str(number), *span) for number, *span in words(side)] for side in (first, second))
    last_place = np.full(3, -1)
    runs = kernel._verbatim_runs(
        *(np.array(words(side), np.int32).reshape(-1, 3) for side in (first, second)), last_place, length
    )
    assert [tuple(run) for run in runs.tolist()] == transcription.verbatim(spelled, other, length)
    assert set(last_place) == {-1}


@given(st.lists(st.integers(-3, 3), max_size=40))
def test_equal_keys_stay_in_their_order(keys: list[int]) -> None:
    assert kernel._order(np.array(keys, np.int64)).tolist() == sorted(range(len(keys)), key=keys.__getitem__)


@pytest.mark.parametrize("count", [1, 7, 200, 5000])
def test_logarithms_are_those_of_the_interpreter(count: int) -> None:
    # The kernel weighs with the C library's logarithm; one unit in the last place may turn a comparison.
    compiled = kernel.compiled(lambda total, df: kernel.math.log(total / df))
    assert all(compiled(count, df) == kernel.math.log(count / df) for df in range(1, count + 1))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Sentences that recur between texts, shuffled or cut, with odd characters between them."""
    pieces: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        words = draw(st.sampled_from([*SENTENCES, BRIDGE_REWORDED, DROUGHT_REWORDED])).split()
        first, last = sorted(draw(st.tuples(st.integers(0, len(words)), st.integers(0, len(words)))))
        if draw(st.booleans()):
            first, last = 0, len(words)
        pieces.append(" ".join(words[first:last]))
        pieces.append(draw(st.sampled_from([" ", "\n", "  ", ' "', "\0", " \u0130\u0130. ", "! ", "...", " No. "])))
    return "".join(pieces)


PAIRS = st.lists(st.tuples(texts(), texts()), min_size=1, max_size=5)


@settings(deadline=None, max_examples=150)
@given(texts(), texts(), st.sampled_from(PROFILES))
def test_spans_lie_inside_the_texts_and_are_long_enough(generation: str, suffix: str, profile: str) -> None:
    parameters = AlignmentParameters.profile(profile)
    kind, spans = aligned(generation, suffix, profile)
    assert (kind == "none") == (not spans)
    assert len(set(spans)) == len(spans)
    for start, length, suffix_start, suffix_length in spans:
        assert 0 <= start <= start + length <= len(generation)
        assert 0 <= suffix_start <= suffix_start + suffix_length <= len(suffix)
        if kind == "verbatim":
            suspicious = suffix_length if parameters.roles == "swapped" else length
            assert suspicious > parameters.verbatim_length
        else:
            assert min(length, suffix_length) >= parameters.passage_length


@settings(deadline=None, max_examples=50)
@given(PAIRS, st.integers(0, 5), st.randoms(use_true_random=False), st.sampled_from(PROFILES))
def test_a_pair_does_not_depend_on_the_others(
    pairs: list[tuple[str, str]], cut: int, order: random.Random, profile: str
) -> None:
    parameters = AlignmentParameters.profile(profile)

    def aligner() -> Aligner:
        return Aligner(parameters, model(), collection=collection)

    # Every text with every other, as candidates of several generations are.
    pairs = pairs + [(generation, suffix) for generation, _ in pairs for _, suffix in pairs]

    def run(part: list[tuple[str, str]]) -> list[Alignment]:
        return grouped(aligner().compare([pair[0] for pair in part], [pair[1] for pair in part]))

    collection = [suffix for _, suffix in pairs] if profile == "collection" else None
    whole = run(pairs)
    assert run(pairs[:cut]) + run(pairs[cut:]) == whole
    assert [run([pair])[0] for pair in pairs] == whole
    shuffled = order.sample(range(len(pairs)), len(pairs))
    assert run([pairs[number] for number in shuffled]) == [whole[number] for number in shuffled]


def test_roles_are_nothing_but_an_exchange() -> None:
    given_order = AlignmentParameters(50, 50, "porter", "as_given")
    swapped = AlignmentParameters(50, 50, "porter", "swapped")
    first, second = f"{MUSIC} {BRIDGE} {DROUGHT}", f"{BRIDGE} {DROUGHT_REWORDED} {ROBOT}"
    [(kind, spans)] = grouped(align([first], [second], given_order, model()))
    [(other_kind, others)] = grouped(align([second], [first], swapped, model()))
    assert kind == other_kind == "verbatim"
    assert [span[2:] + span[:2] for span in others] == spans


def test_streams_are_compared_in_parts_and_numbered_through(monkeypatch: pytest.MonkeyPatch) -> None:
    generations = [f"{MUSIC} {sentence} {BRIDGE}" for sentence in SENTENCES]
    suffixes = [f"{BRIDGE} {sentence} {TAXES}" for sentence in SENTENCES]
    parameters = AlignmentParameters.profile("zeng2024")
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 4)
    parts = list(Aligner(parameters, model()).compare_streams(iter(generations), iter(suffixes)))
    assert [pairs for pairs, _ in parts] == [4, 2]
    whole = align(generations, suffixes, parameters, model())
    assert pa.concat_tables([table for _, table in parts]).to_pylist() == whole.to_pylist()
    with pytest.raises(ValueError, match="2 generations but 1 suffixes"):
        list(Aligner(parameters, model()).compare_streams(iter(generations), iter(suffixes[:5])))


@settings(deadline=None, max_examples=100)
@given(PAIRS, st.sampled_from(PROFILES))
def test_agrees_with_the_plain_transcription(pairs: list[tuple[str, str]], profile: str) -> None:
    parameters = AlignmentParameters.profile(profile)
    generations, suffixes = map(list, zip(*pairs, strict=True))
    results = grouped(align(generations, suffixes, parameters, model()))
    assert results == pairwise_oracle(generations, suffixes, parameters)


# Few words in many short sentences: passages that overlap, shrink and tie as no text of a person does.
SMALL_WORDS = st.lists(
    st.sampled_from(["river", "bridge", "whale", "music", "corn", "harvest"]), min_size=1, max_size=5
)
SMALL_TEXTS = st.lists(SMALL_WORDS, max_size=14).map(lambda text: " ".join(f"{' '.join(words)}." for words in text))
CLOSE = {"verbatim_length": 20, "passage_length": 10}


@settings(deadline=None, max_examples=300)
@given(
    SMALL_TEXTS,
    SMALL_TEXTS,
    st.fixed_dictionaries(
        {
            "gap": st.integers(0, 4),
            "smallest_gap": st.integers(0, 2),
            "summary_gap": st.integers(0, 24),
            "cluster_size": st.integers(0, 3),
            "sentence_size": st.integers(0, 4),
            "seed_cosine": st.sampled_from([0.0, 0.3, 0.6]),
            "seed_dice": st.sampled_from([0.0, 0.33, 0.5]),
            "validation_cosine": st.sampled_from([0.2, 0.34, 0.9]),
        }
    ),
    st.sampled_from(["as_given", "swapped"]),
    st.sampled_from(["pair", "collection"]),
)
def test_agrees_with_the_plain_transcription_under_any_parameters(
    generation: str, suffix: str, numbers: dict[str, Any], roles: Any, frequencies: Any
) -> None:
    parameters = AlignmentParameters(stemmer="porter", roles=roles, frequencies=frequencies, **CLOSE, **numbers)
    results = grouped(align([generation], [suffix], parameters, model()))
    assert results == pairwise_oracle([generation], [suffix], parameters)


@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_the_plain_transcription_on_many_sentences(seed: int) -> None:
    draws = random.Random(seed)

    def text(own: list[str]) -> str:
        words = ["river", "bridge", "whale", "music"] + own * 5
        return " ".join(
            f"{' '.join(draws.choices(words, k=draws.randrange(1, 5)))}." for _ in range(draws.choice([63, 64, 130]))
        )

    generation, suffix = text(["corn", "harvest", "plough"]), text(["court", "judge", "verdict"])
    numbers = {"gap": draws.choice([0, 1, 4]), "cluster_size": draws.choice([1, 2, 3]), "sentence_size": 0}
    parameters = AlignmentParameters(stemmer="porter", roles="as_given", **CLOSE, **numbers)
    results = grouped(align([generation], [suffix], parameters, model()))
    assert results[0][1]
    assert results == pairwise_oracle([generation], [suffix], parameters)


@pytest.mark.parametrize("profile", PUBLISHED)
def test_the_plain_transcription_agrees_with_the_original_program(english: None, profile: str) -> None:
    parameters = AlignmentParameters.profile(profile)
    punkt = sentence_model("punkt_english")._tokenizer
    for pairs, golden, part in [("pairs", "golden", slice(0, 60)), ("edge_cases", "edge_golden", slice(None))]:
        expected = [(row["type"], [tuple(span) for span in row["detections"]]) for row in read(f"{golden}_{profile}")]
        for pair, other in list(zip(read(pairs), expected, strict=True))[part]:
            assert transcription.aligned(pair["susp"], pair["src"], parameters, punkt) == other, pair["id"]


def long_text(words: int, seed: int) -> str:
    generator = random.Random(seed)
    vocabulary = [f"word{number}" for number in range(3000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    drawn = generator.choices(vocabulary, weights, k=words)
    return " ".join(f"{' '.join(drawn[start : start + 20])}." for start in range(0, words, 20))


def test_long_texts_take_no_memory_of_words_times_words() -> None:
    generation, suffix = long_text(5_000, 1), long_text(20_000, 2)
    copied = f"{BRIDGE} {DROUGHT}"
    generation, suffix = f"{generation} {copied}", f"{copied} {suffix}"
    kind, spans = aligned(generation, suffix)
    assert kind == "verbatim"
    assert (generation.index(copied), len(copied), 0, len(copied)) in spans


def test_a_text_that_repeats_one_word_is_compared() -> None:
    assert aligned("river " * 5_000, "river " * 20_000) == ("none", [])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_any_number_of_threads_gives_the_same(threads: int) -> None:
    parameters = AlignmentParameters.profile("zeng2024")
    pairs = [(f"{MUSIC} {own} {other}", f"{other} {own} {TAXES}") for own in SENTENCES for other in SENTENCES]
    expected = align(*map(list, zip(*pairs, strict=True)), parameters, model())
    assert Aligner(parameters, model(), threads).compare(*map(list, zip(*pairs, strict=True))) == expected


def test_texts_are_prepared_once_and_let_go_when_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[str] = []
    add = Documents.add

    def counting(self: Documents, texts: list[str]) -> None:
        added.extend(texts)
        add(self, texts)

    monkeypatch.setattr(Documents, "add", counting)
    aligner = Aligner(AlignmentParameters.profile("zeng2024"), model())
    generations, suffixes = [BRIDGE, BRIDGE, MUSIC, MUSIC], [DROUGHT, WHALES, WHALES, DROUGHT]
    first = aligner.compare(generations, suffixes)
    assert aligner.compare(generations, suffixes) == first
    assert sorted(added) == sorted({BRIDGE, MUSIC, DROUGHT, WHALES})
    monkeypatch.setattr(alignment, "WORDS_IN_MEMORY", 10)
    assert aligner.compare(generations, suffixes) == first
    assert len(added) == 8


def test_frequencies_of_a_collection_survive_the_release_of_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = AlignmentParameters.profile("collection")
    pairs = [(f"{own} {other}", other) for own in SENTENCES for other in SENTENCES]
    generations, suffixes = map(list, zip(*pairs, strict=True))
    collection = [*reversed(SENTENCES), BRIDGE_REWORDED, *SENTENCES, f"{BRIDGE} {DROUGHT_REWORDED}"]
    kept = Aligner(parameters, model(), collection=collection)
    expected = kept.compare(generations, suffixes)
    monkeypatch.setattr(alignment, "WORDS_IN_MEMORY", 10)
    monkeypatch.setattr(alignment, "PAIRS_PER_CALL", 2)
    released = Aligner(parameters, model(), collection=iter(collection))
    weights = [
        dict(zip(each._documents.chunks.stem_names, each._stem_weights(), strict=True)) for each in (kept, released)
    ]
    assert weights[1].items() <= weights[0].items()
    assert len(weights[1]) < len(weights[0])
    assert released.compare(generations, suffixes) == expected
