"""Forms of secrets: their texts are those of the regular expression, each made in one way, and counted."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.datasets.secret_forms import NAMED, FormError, Space, occurrences, pattern_of, space_of

CHARACTERS = "ab1.-]^ ("
_class = st.sets(st.sampled_from("abcxyz0189"), min_size=1, max_size=5).map(lambda each: f"[{''.join(sorted(each))}]")
_group = st.sets(st.sampled_from(["red", "blue", "x.y", "7|7"]), min_size=1).map(
    lambda words: f"({'|'.join(map(re.escape, sorted(words)))})"
)
_part = st.one_of(st.text(CHARACTERS, min_size=1, max_size=3).map(re.escape), _class, _group)
_times = st.sampled_from(["", "", "{1}", "{2}"])
PATTERNS = st.lists(st.tuples(_part, _times).map("".join), min_size=1, max_size=4).map("".join)


def without_escaped_spaces(pattern: str) -> str:
    """`re.escape` also takes its sign from a space, which has none."""
    return pattern.replace("\\ ", " ")


@given(PATTERNS.map(without_escaped_spaces))
def test_texts_are_those_of_the_regular_expression_each_once(pattern: str) -> None:
    try:
        space = space_of(pattern)
    except FormError as error:
        assert "one text alone" in str(error)
        return
    shown = [space.text(number) for number in range(min(space.size, 300))]

    assert len(set(shown)) == len(shown)
    assert all(re.fullmatch(pattern, text) for text in shown)
    assert [text for text, _ in zip(space.texts(), shown, strict=False)] == shown
    assert all(text in set(occurrences(pattern, f"x{text}y")) for text in shown[:5])


@given(st.text("abc-", min_size=1, max_size=4))
def test_a_space_has_every_text_that_its_pattern_accepts(text: str) -> None:
    pattern = "[ab]{2}(-|c)[a-c]"

    assert (text in set(space_of(pattern).texts())) == bool(re.fullmatch(pattern, text))


@pytest.mark.parametrize(
    ("form", "size"),
    [
        ("digits:4", 10**4),
        ("digits:64", 10**64),
        ("code", 36**8),
        ("email", 32 * 24 * 1000 * 3),
        ("telephone", 8 * 10 * 10 * 100),
        ("name", 32 * 24 * 13),
        ("[A-Z]{3}-(red|green)-[0-9]{2}", 26**3 * 2 * 100),
        (r"[\-\]]x\.", 2),
    ],
)
def test_named_forms_have_their_size_and_are_drawn_from_it(form: str, size: int) -> None:
    space = space_of(pattern_of(form))

    drawn = space.draw(min(size, 50), random.Random(0))

    assert space.size == size
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch(pattern_of(form), text) for text in drawn)


def test_nobody_has_a_made_up_address_or_number() -> None:
    for text in space_of(NAMED["email"]).draw(20, random.Random(1)):
        assert re.search(r"@example\.(com|net|org)$", text)
    for text in space_of(NAMED["telephone"]).draw(20, random.Random(1)):
        assert re.search(r"-555-01\d\d$", text)


def test_a_draw_is_uniform_without_what_is_taken_and_the_same_for_one_seed() -> None:
    space = space_of("[0-9]{2}")
    taken = {f"{number:02}" for number in range(90)}

    assert sorted(space.draw(10, random.Random(0), taken)) == [str(number) for number in range(90, 100)]
    assert space.draw(5, random.Random(7)) == space.draw(5, random.Random(7))
    firsts = [space.draw(1, random.Random(seed))[0][0] for seed in range(1000)]
    assert all(60 < firsts.count(digit) < 140 for digit in "0123456789")
    with pytest.raises(FormError, match="100 texts, of which too few are left for 11 secrets"):
        space.draw(11, random.Random(0), taken)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("numbers", r"given 'numbers'; allowed: digits:N, code, email, telephone, name, or a pattern"),
        ("digits", r"allowed: `digits:N` with N from 1 to 64"),
        ("digits:0", r"allowed: `digits:N` with N from 1 to 64"),
        ("[0-9", r"']' is missing"),
        ("(a|b", r"'\)' is missing"),
        ("[]", "a class is empty"),
        ("[aa]", "names a character twice"),
        ("[z-a]", r"\[z-a\] runs backwards"),
        ("[-a]", r"write \\-"),
        ("[^a]", r"'\^' at character 2; write"),
        ("(a|ab)", "'a' is the beginning of 'ab'"),
        ("(|a)", "'' is the beginning of 'a'"),
        ("(a|a)", "'a' is the beginning of 'a'"),
        ("[ab]*", r"'\*' at character 5; write \\\*"),
        ("[ab]{x}", "a number of times"),
        ("[ab]{0}", "a number of times"),
        ("[ab]{201}", "more than 200"),
        ("[a]", "one text alone"),
        ("[ab]\\", "a backslash stands before one of"),
        ("[ab]\n", "cannot be printed"),
    ],
)
def test_what_is_no_form_is_refused_in_words(form: str, message: str) -> None:
    with pytest.raises(FormError, match=message):
        space_of(pattern_of(form))


def test_numbers_of_texts_are_those_of_a_mixed_base() -> None:
    space = Space((("a", "b"), ("0", "1", "2")))

    assert [space.text(number) for number in range(space.size)] == ["a0", "a1", "a2", "b0", "b1", "b2"]
