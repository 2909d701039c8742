import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from memorization import yaml_file
from memorization.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def value(file: Path, text: str) -> Any:
    file.write_text(f"key: {text}\n", encoding="utf-8")
    return yaml_file.read(file)["key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0),
        ("-12", -12),
        ("25_000", 25000),
        ("1e-4", 1e-4),
        ("0.5", 0.5),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("[1, two]", [1, "two"]),
        # YAML 1.1 reads 8, 90, false, a date, 16, infinity.
        ("010", "010"),
        ("1:30", "1:30"),
        ("no", "no"),
        ("2020-12-31", "2020-12-31"),
        ("2020-99-99", "2020-99-99"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        ("'5'", "5"),
        ("!!str 5", "5"),
        ("=1+1", "=1+1"),
    ],
)
def test_numbers_are_decimal_and_other_words_are_text(file: Path, text: str, expected: Any) -> None:
    read = value(file, text)
    assert (read, type(read)) == (expected, type(expected))


@pytest.mark.parametrize("path", [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))], ids=str)
def test_the_shipped_configurations_mean_what_they_meant_as_yaml_1_1(path: Path) -> None:
    assert yaml_file.read(path) == yaml.safe_load(path.read_text(encoding="utf-8"))


def test_merge_keys_give_what_a_mapping_lacks(file: Path) -> None:
    file.write_text("a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {y: 3, <<: *a}\nd: {<<: [*b, *a]}\n")
    assert yaml_file.read(file) == {
        "a": {"x": 1, "y": 1},
        "b": {"y": 2, "z": 2},
        "c": {"x": 1, "y": 3},
        "d": {"x": 1, "y": 2, "z": 2},
    }


BOMB = "a: &a [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CHAIN = "a0: &a0 [0]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: 1\nb: \xff", "cannot be read: line 2: byte 0xff is not UTF-8"),
        (b"a: 1\nb: \x00", "line 2: the character U+0000"),
        (b'a: 1\nb: "\\0"', "line 2: the character U+0000"),
        (b'a: "\\ud800"', "line 1: the character U+D800"),
        (b'a: "\\e[2J"', "line 1: the character U+001B"),
        (b"a:\n\t- b", "line 2: found character '\\t' that cannot start any token; indent with spaces"),
        (b"a: 1\na: 2", "line 2: the key 'a' is given twice"),
        (b"a: {1: x, '1': y}", "line 1: the key '1' is given twice"),
        (b"a: {1: x, true: y}", "line 1: the key 'true' is given twice"),
        (b"? [a]\n: 1", "line 1: a key that is not a single word or text"),
        (b"[" * 3000, "line 1: nested more than 50 deep"),
        (b"[" * 100_000, "line 1: nested more than 50 deep"),
        (BOMB.encode(), "aliases written out"),
        (CHAIN.encode(), "aliases written out"),
        (b"a: &a [*a]", "line 1: an alias stands inside of what it stands for"),
        (b"a: *b", "line 1: found undefined alias 'b'"),
        (b"<<: 3", "line 1: `<<` takes keys with their values"),
        (b"a: " + b"9" * 5000, "line 1: a whole number of 5000 digits; at most 18 are allowed"),
        (b"a: 1e999", "line 1: a number too large"),
        (b"a: !!python/object:os.system {}", "line 1: the tag 'tag:yaml.org,2002:python/object:os.system' is not"),
        (b"a: !!timestamp 2020-99-99", "line 1: the tag 'tag:yaml.org,2002:timestamp' is not allowed"),
        (b"a: 1\n---\nb: 2", "line 2: but found another document"),
        (b"# " + b"x" * 1_000_000, "1,000,002 bytes; a configuration has at most 1,000,000"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_message_with_its_line(file: Path, content: bytes, expected: str) -> None:
    file.write_bytes(content)

    with pytest.raises(UserError) as raised:
        yaml_file.read(file)

    assert str(raised.value).startswith(f"{file}: ")
    assert expected in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_no_regular_file_is_refused_without_waiting_for_its_end(tmp_path: Path, file: Path) -> None:
    os.mkfifo(file)
    for path, expected in ((tmp_path, "it is a folder"), (file, "no regular file"), (Path("a\0b"), "cannot be read")):
        with pytest.raises(UserError, match=expected):
            yaml_file.read(path)


def test_words_inside_of_command_line_values_are_read_as_in_a_file() -> None:
    given = {"probes": {"n": "10", "seed": "010"}, "label": "010", "keep": ["1", "true"]}
    assert yaml_file.resolved(given, "--config") == {
        "probes": {"n": 10, "seed": "010"},
        "label": "010",
        "keep": [1, True],
    }


@pytest.mark.parametrize("given", ["\udcff", {"a": ["\0"]}, {"a": "9" * 19}])
def test_command_line_values_that_no_file_may_contain_are_refused(given: Any) -> None:
    with pytest.raises(UserError, match=r"^--config: "):
        yaml_file.resolved({"label": given}, "--config")
