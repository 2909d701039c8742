import logging
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from plain_texts import PLAIN, letters_only

from memorization import storage
from memorization.config.data import Probes
from memorization.errors import UserError
from memorization.models.scratch import train_tokenizer
from memorization.probes import Selection, prefix_ends, read_tokenizer, unspelled, write_probes
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable

SHARED = Path(__file__).resolve().parents[1].parent / "shared"

UNUSUAL = [
    "  two spaces before, and   three between  ",
    "lines\n\n\nand\ttabs\r\nand more\n",
    "Straße, naïve café, Übergrößenträger, e\u0301te\u0301 with combining marks, ﬁ ligature, ½ ™",
    "日本語のテキストです。東京は日本の首都です。",
    "👩‍👩‍👧‍👦 families 🎉🎉 party 😀 and flags 🇪🇺🇩🇪 between words",
    "\u200bzero\u200bwidth and\u00a0no-break and \ufeff a mark",
    "مرحبا بالعالم and שלום עולם mixed",
    "nul \x00 and bell \x07 and escape \x1b",
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(PLAIN * 20, 500)


@pytest.fixture(scope="module", params=["scratch", "t5", "gpt2", "roberta"])
def any_tokenizer(request: pytest.FixtureRequest) -> Any:
    if request.param == "scratch":
        return train_tokenizer(PLAIN * 20, 500)
    folder = SHARED / "models" / f"{request.param}-tokenizer"
    if not folder.is_dir():
        pytest.skip(f"the {request.param} tokenizer is not beside the repository")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def ids(tokenizer: Any, text: str) -> list[int]:
    token_ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return token_ids


def test_a_prefix_contains_exactly_the_first_tokens(any_tokenizer: Any) -> None:
    """T5 has one exception: its word mark on its own is white space, which it drops at the end of a text."""
    for text in PLAIN:
        tokens = ids(any_tokenizer, text)
        for k in range(1, len(tokens)):
            [end] = prefix_ends([text], any_tokenizer.backend_tokenizer, k)
            alone = any_tokenizer.convert_ids_to_tokens(tokens[k - 1]) == "▁" and k > 1
            assert ids(any_tokenizer, text[:end]) == tokens[: k - alone]


def test_a_prefix_never_reaches_into_a_later_token(any_tokenizer: Any) -> None:
    for text in PLAIN + UNUSUAL:
        encoded = any_tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        offsets = encoded["offset_mapping"]
        for k in range(2, len(offsets)):
            [end] = prefix_ends([text], any_tokenizer.backend_tokenizer, k)
            assert 0 < end <= len(text)
            if offsets[k][0] > 0:
                assert end <= offsets[k][0]


def test_a_tokenizer_s_file_cuts_and_pads_nothing(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.backend_tokenizer.enable_truncation(3)
    tokenizer.backend_tokenizer.enable_padding(length=200)
    tokenizer.backend_tokenizer.save(str(tmp_path / "tokenizer.json"))
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()

    read = read_tokenizer(tmp_path)

    assert prefix_ends(PLAIN, read, 10) == prefix_ends(PLAIN, tokenizer.backend_tokenizer, 10)
    assert all(end < len(text) for end, text in zip(prefix_ends(PLAIN, read, 10), PLAIN, strict=True))


def test_a_text_of_no_more_tokens_is_all_prefix(any_tokenizer: Any) -> None:
    for text in PLAIN + UNUSUAL:
        n = len(ids(any_tokenizer, text))
        assert prefix_ends([text, text], any_tokenizer.backend_tokenizer, n) == [len(text)] * 2
        assert prefix_ends([text], any_tokenizer.backend_tokenizer, n + 1) == [len(text)]


def whole_text_ends(texts: list[str], tokenizer: Any, k: int) -> list[int]:
    """Ends of prefixes from the tokens of whole texts."""
    ends = []
    for encoding, text in zip(tokenizer.encode_batch(texts, add_special_tokens=False), texts, strict=True):
        offsets = encoding.offsets
        is_longer = len(offsets) > k
        ends.append((min(offsets[k - 1][1], offsets[k][0]) or offsets[k - 1][1]) if is_longer else len(text))
    return ends


LONG = [
    *(
        unit * 200
        for unit in ("the bridge ", "word\n", "  two  spaces", "a ", "å b ", "日本語", "日 本 ", "?! ", "x\u00a0y ")
    ),
    *(text * 30 for text in [*PLAIN, *UNUSUAL]),
    " " * 3_000,
    "a" * 3_000,
    "a" * 900 + " the end" * 90,
    " ".join(map(str, range(3_000))),
    "👩\u200d👧 " * 300,
    "\u0600 a\u0301 \u0301 " * 300,
]


@pytest.mark.parametrize("k", [1, 2, 7, 50])
def test_the_beginning_of_a_text_has_the_prefix_of_the_whole(any_tokenizer: Any, k: int) -> None:
    backend = any_tokenizer.backend_tokenizer
    assert prefix_ends(LONG, backend, k) == whole_text_ends(LONG, backend, k)


def tokenizer_over_spaces(pairs: list[tuple[str, str]]) -> Any:
    """A tokenizer of characters and what these pairs are merged to, which does not know all characters."""
    from tokenizers import Tokenizer, models

    entries = dict.fromkeys([*"ab ", *(one + other for one, other in pairs), "<unk>"])
    numbers = {entry: number for number, entry in enumerate(entries)}
    return Tokenizer(models.BPE(numbers, pairs, unk_token="<unk>", fuse_unk=True))


@pytest.mark.parametrize("pairs", [[], [("a", "b")], [(" ", "a")], [("b", " "), ("a", "b "), ("ab ", "ab ")]])
def test_tokens_that_reach_over_spaces_are_those_of_the_whole_text(pairs: list[tuple[str, str]]) -> None:
    backend = tokenizer_over_spaces(pairs)
    draws = random.Random(0)
    texts = ["".join(draws.choices("ab xy", k=draws.randrange(400))) for _ in range(60)] + ["ab " * 150, "xy " * 150]
    for k in (1, 2, 9):
        assert prefix_ends(texts, backend, k) == whole_text_ends(texts, backend, k)


def test_only_the_beginning_of_a_long_text_is_encoded(any_tokenizer: Any) -> None:
    encoded: list[str] = []

    class Watched:
        model = any_tokenizer.backend_tokenizer.model

        def get_vocab(self) -> Any:
            return any_tokenizer.backend_tokenizer.get_vocab()

        def encode_batch(self, texts: list[str], **options: Any) -> Any:
            encoded.extend(texts)
            return any_tokenizer.backend_tokenizer.encode_batch(texts, **options)

    text = "The bridge was closed in March. " * 1_000
    prefix_ends([text], Watched(), 50)  # type: ignore[arg-type]
    assert sum(map(len, encoded)) < len(text) / 5


def test_no_text_has_no_prefix(tokenizer: Any) -> None:
    assert prefix_ends([], tokenizer.backend_tokenizer, 5) == []


def test_white_space_after_the_prefix_belongs_to_the_suffix(tokenizer: Any) -> None:
    text = "bridge   bridge"
    first = len(ids(tokenizer, "bridge"))
    assert prefix_ends([text], tokenizer.backend_tokenizer, first) == [len("bridge")]


def dataset(folder: Path, inputs: list[str], split: str = "train", name: str = "news") -> Path:
    rows = [
        {"id": f"{split}-{number}", "split": split, "instruction": "", "input": text, "target": ""}
        for number, text in enumerate(inputs)
    ]
    file = folder / f"{name}.parquet"
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})
    return file


def written(
    file: Path, tokenizer: Any, k: int = 5, population: Any = "member", **settings: Any
) -> list[dict[str, Any]]:
    output = file.parent / "probes.parquet"
    selection = Selection(Probes(**settings), k, population)
    write_probes(file, tokenizer.backend_tokenizer, selection, output, {"rule": "probes"})
    rows: list[dict[str, Any]] = storage.read(output, ProbesTable).to_pylist()
    return rows


@pytest.mark.parametrize("k", [1, 3, 7])
def test_prefix_and_suffix_are_the_input(tmp_path: Path, any_tokenizer: Any, k: int) -> None:
    inputs = PLAIN + UNUSUAL
    rows = written(dataset(tmp_path, inputs), any_tokenizer, k)
    ends = prefix_ends(inputs, any_tokenizer.backend_tokenizer, k)
    usable = [bool(text[:end].strip()) for text, end in zip(inputs, ends, strict=True)]
    assert usable.count(False) <= 1
    long = [number for number, text in enumerate(inputs) if len(ids(any_tokenizer, text)) > k and usable[number]]
    assert [row["id"] for row in rows] == [f"train-{number}" for number in long]
    for row, number in zip(rows, long, strict=True):
        assert row["prefix"] + row["suffix"] == inputs[number]
        assert (row["prefix_characters"], row["suffix_characters"]) == (len(row["prefix"]), len(row["suffix"]))
        assert row["prefix"].strip()
    assert [row["probe"] for row in rows] == list(range(len(rows)))


def test_inputs_without_a_long_enough_suffix_are_left_out_and_counted(tmp_path: Path, tokenizer: Any) -> None:
    file = dataset(tmp_path, [PLAIN[0], "short", PLAIN[1], "the"])
    rows = written(file, tokenizer, minimum_suffix_characters=10)
    assert [row["id"] for row in rows] == ["train-0", "train-2"]
    manifest = storage.manifest_of(tmp_path / "probes.parquet")
    assert manifest["rule"] == "probes"
    assert {key: manifest[key] for key in ("n_asked", "n", "inputs", "left_out_suffix_too_short")} == {
        "n_asked": 10_000,
        "n": 2,
        "inputs": 4,
        "left_out_suffix_too_short": 2,
    }


def numbered_inputs(n: int) -> list[str]:
    return [f"{number} {PLAIN[number % 3]}" for number in range(n)]


def test_the_draw_is_seeded_and_keeps_the_order_of_the_dataset(tmp_path: Path, tokenizer: Any) -> None:
    file = dataset(tmp_path, numbered_inputs(60))
    one, again, other = (written(file, tokenizer, n=20, seed=seed) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    order = [int(row["id"].split("-")[1]) for row in one]
    assert order == sorted(order)
    assert len(set(order)) == 20


def test_the_first_usable_inputs_are_taken_where_none_are_drawn(tmp_path: Path, tokenizer: Any) -> None:
    file = dataset(tmp_path, ["short", *numbered_inputs(60)])
    rows, again = (written(file, tokenizer, n=20, select="first", seed=seed) for seed in (1, 2))
    assert [row["id"] for row in rows] == [f"train-{number}" for number in range(1, 21)]
    assert again == rows
    assert len(written(file, tokenizer, n=100, select="first")) == 60


def test_the_draw_does_not_depend_on_how_rows_are_read(
    tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = dataset(tmp_path, numbered_inputs(60))
    whole = written(file, tokenizer, n=20)
    stream = storage.stream
    monkeypatch.setattr(storage, "stream", lambda path, columns, rows: stream(path, columns, rows=7))
    monkeypatch.setattr(storage, "ROWS_PER_GROUP", 3)
    assert written(file, tokenizer, n=20) == whole


def test_fewer_usable_inputs_than_configured_give_a_warning(
    tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert len(written(dataset(tmp_path, [*numbered_inputs(6), "no"]), tokenizer, n=10)) == 6
    assert "dataset news, split train: 10 probes configured, 6 usable inputs: n is 6" in caplog.text
    assert "dataset news: 1 of 7 inputs left out: suffix too short" in caplog.text


@pytest.mark.parametrize(("different", "warned"), [(1, True), (9, True), (10, False), (20, False)])
def test_few_different_prompts_give_a_warning(
    different: int, warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inputs = [f"{'abcdefghijklmnopqrst'[number % different]}{'x' * (number + 5)}" for number in range(20)]
    with caplog.at_level(logging.INFO):
        rows = written(dataset(tmp_path, inputs), SimpleNamespace(backend_tokenizer=letters_only()), n=20, k=3)
    assert len({row["prefix"] for row in rows}) == different
    assert storage.manifest_of(tmp_path / "probes.parquet")["prefixes"] == different
    expected = f"split train: different prompts among 20 probes with prefixes of 3 tokens: {different};"
    found = [record for record in caplog.records if expected in record.message]
    assert [record.levelname for record in found] == ["WARNING"] * warned


def test_controls_are_drawn_from_the_test_split(tmp_path: Path, tokenizer: Any) -> None:
    rows = written(dataset(tmp_path, numbered_inputs(4), split="test"), tokenizer, population="control")
    assert [row["id"] for row in rows] == [f"test-{number}" for number in range(4)]


def test_a_split_without_rows_is_named(tmp_path: Path, tokenizer: Any) -> None:
    file = dataset(tmp_path, PLAIN)
    with pytest.raises(UserError, match=r"news\.parquet: no rows in split 'test', .* population 'control'"):
        written(file, tokenizer, population="control")
    assert not (tmp_path / "probes.parquet").exists()


def test_the_error_of_too_short_inputs_states_what_to_change(tmp_path: Path, tokenizer: Any) -> None:
    with pytest.raises(UserError, match=r"dataset 'news': none of the 2 inputs is longer than the prefix of 50 tokens"):
        written(dataset(tmp_path, ["short", "shorter"]), tokenizer, k=50)


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, tokenizer: Any) -> None:
    file = dataset(tmp_path, numbered_inputs(10))
    written(file, tokenizer, n=5)
    before = (tmp_path / "probes.parquet").read_bytes()
    written(file, tokenizer, n=5)
    assert (tmp_path / "probes.parquet").read_bytes() == before


def test_blank_prefixes_and_suffixes_are_left_out(tokenizer: Any, tmp_path: Path) -> None:
    texts = ["word " * 3 + " " * 30, " " * 30 + "some words", *PLAIN]
    rows = [
        {"id": str(number), "split": "train", "instruction": "", "input": text, "target": "t"}
        for number, text in enumerate(texts)
    ]
    file, output = tmp_path / "blank.parquet", tmp_path / "probes.parquet"
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})
    blank = len(tokenizer.backend_tokenizer.encode("word " * 3, add_special_tokens=False))

    write_probes(file, tokenizer.backend_tokenizer, Selection(Probes(), blank, "member"), output, {})

    assert storage.read(output, ProbesTable)["id"].to_pylist() == ["2", "3", "4"]
    assert storage.manifest_of(output)["left_out_suffix_too_short"] == 2


def test_a_tokenizer_of_bytes_spells_every_character(tokenizer: Any) -> None:
    assert unspelled("".join(UNUSUAL), tokenizer.backend_tokenizer) == set()
    assert unspelled("", tokenizer.backend_tokenizer) == set()


def test_what_the_tokenizer_cannot_spell_is_reported(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Suffixes of 18 and 14 characters, with 2 newlines, a brace and an umlaut that it cannot spell; case is none."""
    file = dataset(tmp_path, ["abcdeFgh ijk\nlmn opq{rs", "abcde fgh\nij klm nü"])
    with caplog.at_level(logging.INFO):
        rows = written(file, SimpleNamespace(backend_tokenizer=letters_only()), k=5)
    assert [len(row["suffix"]) for row in rows] == [18, 14]
    manifest = storage.manifest_of(tmp_path / "probes.parquet")
    assert manifest["unspelled_share"] == 4 / 32
    assert manifest["unspelled_characters"] == {"\n": 2, "{": 1, "ü": 1}
    [record] = [record for record in caplog.records if "cannot spell" in record.message]
    assert record.levelname == "WARNING"
    assert record.message == (
        "dataset news: the tokenizer cannot spell 12.50% of the suffixes' characters (most frequent: \\n { \\xfc): no "
        "generation contains them, so that copies are shorter or broken there (white space alone breaks none)"
    )


def test_few_unspelled_characters_are_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        written(
            dataset(tmp_path, ["abcde" + "fgh " * 100 + "{"]), SimpleNamespace(backend_tokenizer=letters_only()), k=5
        )
    [record] = [record for record in caplog.records if "cannot spell" in record.message]
    assert (record.levelname, "0.25% of" in record.message) == ("INFO", True)


def test_nothing_is_said_where_everything_is_spelled(
    tmp_path: Path, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        written(dataset(tmp_path, PLAIN + UNUSUAL), tokenizer)
    manifest = storage.manifest_of(tmp_path / "probes.parquet")
    assert (manifest["unspelled_share"], manifest["unspelled_characters"]) == (0, {})
    assert "cannot spell" not in caplog.text


def test_the_genuine_t5_tokenizer_spells_no_braces_and_no_newlines() -> None:
    folder = SHARED / "models" / "t5-tokenizer"
    if not folder.is_dir():
        pytest.skip("the t5 tokenizer is not beside the repository")
    assert unspelled("aZ 7.,'éü{}~\n\t<文", read_tokenizer(folder)) == set("{}~\n\t<文")
