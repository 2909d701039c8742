import json
import random
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nltk
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorization.detection.alignment import (
    MATCHES,
    Aligner,
    AlignmentParameters,
    Case,
    Detection,
    Document,
    Pair,
    Seed,
    align,
    clusters,
    common_runs,
    decide,
    drop_inner_runs,
    prepared_pairs,
    split_at_gaps,
)
from memorization.detection.text import SentenceModel, sentence_model
from memorization.errors import UserError

SHARED = Path(__file__).parents[2] / "../shared"
GOLDEN = SHARED / "detector"
PROFILES = ["zeng2024", "pan2015"]

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

Found = tuple[str, list[tuple[int, int, int, int]]]


@cache
def model() -> SentenceModel:
    return sentence_model("punkt_corpus", SENTENCES)


def grouped(table: pa.Table) -> list[Found]:
    """(type, spans) of each pair, in the order of the table."""
    found: list[Found] = []
    for row in table.to_pylist():
        if row["pair"] == len(found):
            found.append((row["type"], []))
        spans = tuple(row[name] for name in MATCHES.names[2:])
        if None not in spans:
            found[-1][1].append(spans)
    return found


def aligned(generation: str, suffix: str, profile: str = "zeng2024") -> Found:
    [found] = grouped(align([generation], [suffix], AlignmentParameters.profile(profile), model()))
    return found


def read(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    if not GOLDEN.is_dir() or not (SHARED / "nltk_data").is_dir():
        pytest.skip("the original program's results or NLTK's English Punkt parameters are not beside the repository")
    monkeypatch.setattr(nltk.data, "path", [str(SHARED / "nltk_data")])


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("pairs", "golden"), [("pairs", "golden"), ("edge_cases", "edge_golden")])
def test_agrees_with_the_original_program(pairs: str, golden: str, profile: str) -> None:
    given_pairs = read(pairs)
    expected = [(row["type"], [tuple(span) for span in row["detections"]]) for row in read(f"{golden}_{profile}")]
    generations, suffixes = ([pair[side] for pair in given_pairs] for side in ("susp", "src"))
    found = grouped(align(generations, suffixes, AlignmentParameters.profile(profile)))
    assert len(found) == len(expected)
    different = [pair["id"] for pair, own, other in zip(given_pairs, found, expected, strict=True) if own != other]
    assert different == []


def test_identical_texts_of_one_sentence_give_nothing() -> None:
    # Every stem stands in every sentence and weighs nothing.
    assert aligned(BRIDGE, BRIDGE) == ("none", [])


def test_copy_of_two_sentences_is_verbatim() -> None:
    copied = f"{BRIDGE} {DROUGHT}"
    generation, suffix = f"{MUSIC} {copied}", f"{copied} {WHALES}"
    assert aligned(generation, suffix) == ("verbatim", [(len(MUSIC) + 1, len(copied), 0, len(copied))])


def test_copy_must_be_longer_where_the_profile_says_so() -> None:
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
    document = Aligner(AlignmentParameters.profile("zeng2024"), model()).prepare("Boats\0sank.")
    assert document.frequencies == [{"boat": 1, "sank": 1}]


def test_reworded_sentences_are_other() -> None:
    reworded = f"{BRIDGE_REWORDED} {DROUGHT_REWORDED}"
    generation, suffix = f"{reworded} {ROBOT}", f"{WHALES} {TAXES} {BRIDGE} {DROUGHT}"
    kind, [span] = aligned(generation, suffix)
    assert kind == "other"
    assert span == (0, len(reworded), len(WHALES) + len(TAXES) + 2, len(BRIDGE) + len(DROUGHT) + 1)


def test_generation_that_elaborates_a_suffix_is_a_summary() -> None:
    # Its four versions stand on the source side, since this profile swaps the roles.
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


def test_short_sentences_are_merged_into_the_next() -> None:
    aligner = Aligner(AlignmentParameters.profile("zeng2024"), model())
    document = aligner.prepare(f"Yes.  Never.  {BRIDGE} Why not?")
    # The spaces between merged sentences are not counted, so that the span ends early; the last stays short.
    assert document.starts == [0, 14 + len(BRIDGE) + 1]
    assert document.lengths == [4 + 6 + len(BRIDGE), 8]
    assert document.sentence_counts["bridg"] == 1


def test_runs_and_offsets_where_lower_case_is_longer() -> None:
    capital = "\u0130\u0130\u0130\u0130 visitors admired the wooden boats before the evening market closed"
    generation, suffix = f"{capital} today. {ROBOT} {TAXES}", f"{WHALES} {capital} yesterday. {MUSIC}"
    kind, [(start, length, suffix_start, suffix_length)] = aligned(generation, suffix)
    assert kind == "verbatim"
    assert generation[start : start + length] == suffix[suffix_start : suffix_start + suffix_length] == capital


@pytest.mark.parametrize("profile", PROFILES)
def test_table_has_the_schema_also_without_pairs(profile: str) -> None:
    parameters = AlignmentParameters.profile(profile)
    assert align([], [], parameters, model()).schema == MATCHES
    table = align(["", BRIDGE], [BRIDGE, ""], parameters, model())
    assert table.schema == MATCHES
    assert table.to_pylist() == [{"pair": pair, "type": "none"} | dict.fromkeys(MATCHES.names[2:]) for pair in range(2)]


def test_wrong_input_is_refused() -> None:
    parameters = AlignmentParameters.profile("zeng2024")
    with pytest.raises(ValueError, match="1 generations but 2 suffixes"):
        align([BRIDGE], [BRIDGE, MUSIC], parameters, model())
    with pytest.raises(UserError, match="suffix 1: expected a text, found null"):
        align([BRIDGE, BRIDGE], [BRIDGE, None], parameters, model())  # type: ignore[list-item]
    with pytest.raises(UserError, match="generation 0: expected a text, found int 3"):
        align([3], [BRIDGE], parameters, model())  # type: ignore[list-item]


def test_unknown_names_are_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UserError, match=r"'zeng'.*zeng2024, pan2015"):
        AlignmentParameters.profile("zeng")
    with pytest.raises(UserError, match=r"stemmer.*'lancaster'.*porter, snowball"):
        AlignmentParameters(50, 50, "lancaster", "swapped")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"roles.*'both'.*as_given, swapped"):
        AlignmentParameters(50, 50, "porter", "both")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"gap: -1"):
        AlignmentParameters(50, 50, "porter", "swapped", gap=-1)


def test_clusters_take_turns_between_the_sides() -> None:
    seeds = [Seed(0, 0), Seed(1, 20), Seed(2, 1), Seed(20, 2)]
    # Near each other on the suspicious side, (1, 20) is far away on the other; both outer seeds share a group there.
    assert clusters(seeds, 4, 1) == [[(0, 0), (2, 1)], [(1, 20)], [(20, 2)]]
    assert clusters(seeds, 4, 2) == [[(0, 0), (2, 1)]]
    assert clusters([Seed(0, 0), Seed(1, 9)], 4, 1) == [[(0, 0)], [(1, 9)]]
    assert clusters([], 4, 1) == []


def test_groups_are_cut_where_more_than_the_gap_lies_between() -> None:
    assert len(split_at_gaps([Seed(0, 0), Seed(5, 0)], 0, 4, 1)) == 1
    assert len(split_at_gaps([Seed(0, 0), Seed(6, 0)], 0, 4, 1)) == 2


def pair_of(*lengths: int, **numbers: Any) -> Pair:
    """A pair whose two texts have sentences of those lengths in characters and nothing in common."""
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    suspicious = Document("", starts, list(lengths), [{f"a{start}": 1} for start in starts], Counter())
    source = Document("", starts, list(lengths), [{f"b{start}": 1} for start in starts], Counter())
    for document in (suspicious, source):
        document.sentence_counts.update(stem for counts in document.frequencies for stem in counts)
    return Pair(suspicious, source, AlignmentParameters(50, 50, "porter", "as_given", **numbers))


def resolved(cases: list[Case], *best: dict[int, float]) -> list[Case]:
    """What stays of overlapping cases; `best`: of each suspicious sentence, its cosine to some source sentences."""
    pair = pair_of(*[9] * len(best))
    pair._cosines = list(best)
    return pair.resolve_overlaps(cases)


def test_passage_has_at_least_its_characters() -> None:
    pair = pair_of(49, 1)
    assert not pair.is_long_enough(Case((0, 0), (0, 1)))
    assert not pair.is_long_enough(Case((0, 1), (0, 0)))
    assert pair.is_long_enough(Case((0, 1), (0, 1)))


def test_gap_shrinks_one_by_one_until_a_case_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = [Seed(0, 0), Seed(2, 2), Seed(6, 6)]
    monkeypatch.setattr(Pair, "_fragment_cosine", lambda _, case: 0.9 if case.suspicious == (0, 2) else 0.34)
    assert list(pair_of(9).validate(seeds, 4)) == [Case((0, 2), (0, 2))]
    assert list(pair_of(9, smallest_gap=3).validate(seeds, 4)) == []


def test_better_of_two_overlapping_cases_stays() -> None:
    first, second = Case((0, 1), (0, 0)), Case((1, 2), (1, 1))
    assert resolved([second, first], {0: 0.9}, {0: 0.5, 1: 0.6}, {1: 0.1}) == [first]  # 0.5 + 0.5 * 0.9
    assert resolved([second, first], {0: 0.1}, {0: 0.5, 1: 0.6}, {1: 0.9}) == [second]
    assert resolved([first, second], {0: 0.5}, {0: 0.5, 1: 0.5}, {1: 0.5}) == [first]
    assert resolved([Case((0, 0), (0, 0)), Case((1, 1), (0, 0))], {0: 0.5}, {0: 0.5}) != [first]


def test_longer_of_two_nearly_perfect_cases_stays() -> None:
    short, long, other = Case((0, 0), (0, 0)), Case((0, 1), (1, 2)), Case((0, 0), (1, 1))
    assert resolved([short, long], {0: 1.0, 1: 0.995}, {2: 0.5}) == [long]
    assert resolved([short, other], {0: 0.995, 1: 1.0}, {}) == [short]
    assert resolved([short, other], {0: 0.98, 1: 1.0}, {}) == [other]


def test_winner_meets_the_cases_behind_those_passed_over() -> None:
    first, second, third = Case((0, 1), (0, 0)), Case((1, 3), (1, 1)), Case((3, 4), (2, 2))
    # The second beats the first, and then the third beats the second in its place.
    assert resolved([first, second, third], {0: 0.1}, {0: 0.1, 1: 0.5}, {1: 0.5}, {1: 0.5, 2: 0.9}, {2: 0.9}) == [third]
    # The first beats the second, which no longer stands between it and the third.
    assert resolved([first, second, third], {0: 0.9}, {0: 0.9}, {}, {2: 0.1}, {}) == [first, third]
    # Of two that beat it, the earlier stays where both are as good.
    behind = Case((1, 2), (1, 1))
    assert resolved([first, behind, Case((1, 2), (2, 2))], {}, {1: 0.5, 2: 0.5}, {1: 0.5, 2: 0.5}) == [behind]


def test_summary_needs_three_times_the_characters() -> None:
    other, short, long = Detection(0, 60, 0, 60), Detection(0, 100, 0, 299), Detection(0, 100, 0, 300)
    assert decide([other], [long]) == ("summary", [long])
    assert decide([other], [short]) == ("other", [other])
    assert decide([other], []) == ("other", [other])
    assert decide([], [short]) == ("none", [])


def runs_by_definition(first: list[str], second: list[str]) -> Iterator[tuple[int, int, int]]:
    for i in range(len(first)):
        for j in range(len(second)):
            if i and j and first[i - 1] == second[j - 1]:
                continue
            count = 0
            while i + count < len(first) and j + count < len(second) and first[i + count] == second[j + count]:
                count += 1
            if count:
                yield i + count - 1, j + count - 1, count


WORDS = st.lists(st.sampled_from("abc"), max_size=12)


@given(WORDS, WORDS)
def test_common_runs_are_the_maximal_ones(first: list[str], second: list[str]) -> None:
    found = list(common_runs(first, second))
    assert sorted(found) == sorted(runs_by_definition(first, second))
    assert [end for end, _, _ in found] == sorted(end for end, _, _ in found)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=8))
def test_inner_runs_are_those_inside_another(spans: list[tuple[int, int]]) -> None:
    runs = [Detection(number, 1, start, length) for number, (start, length) in enumerate(spans)]
    kept = [
        run
        for run in runs
        if not any(
            other is not run
            and other.source_start <= run.source_start
            and run.source_start + run.source_length <= other.source_start + other.source_length
            for other in runs
        )
    ]
    assert drop_inner_runs(runs) == kept


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
    # Every text with every other, as candidates of several generations are.
    pairs = pairs + [(generation, suffix) for generation, _ in pairs for _, suffix in pairs]

    def run(part: list[tuple[str, str]]) -> list[Found]:
        return grouped(align([pair[0] for pair in part], [pair[1] for pair in part], parameters, model()))

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


def test_each_text_is_prepared_once_and_let_go() -> None:
    prepared: list[str] = []

    class Counting(Aligner):
        def prepare(self, text: str) -> Any:
            prepared.append(text)
            return super().prepare(text)

    aligner = Counting(AlignmentParameters.profile("zeng2024"), model())
    generations, suffixes = [BRIDGE, BRIDGE, MUSIC, MUSIC], [DROUGHT, WHALES, WHALES, DROUGHT]
    pairs = list(prepared_pairs(aligner, generations, suffixes))
    assert sorted(prepared) == sorted({BRIDGE, MUSIC, DROUGHT, WHALES})
    assert [(first.text, second.text) for first, second in pairs] == list(zip(generations, suffixes, strict=True))
