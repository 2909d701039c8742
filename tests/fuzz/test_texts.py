"""Hostile texts through the functions over text: the detector, the definitions, entities, tables.

A case draws a few texts of parts that some program once took for something else than text. Nothing but UserError may be
raised, in time; spans lie inside their texts; a second time gives the same.
"""

import csv
import io
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cases import in_time, seeds
from detectors import detector_on
from example_sheet import ExampleTable
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from memorization import retrieval, segmentation
from memorization.config.detection import Definitions
from memorization.datasets.letters import LetterCounts
from memorization.detection import definitions, disguises, references
from memorization.detection.alignment import AlignmentParameters, align
from memorization.detection.patterns import pattern_spans
from memorization.detection.text import sentence_model, tokens, word_spans
from memorization.errors import UserError
from memorization.models.recipes.deduplication import without_duplicates
from memorization.probes import prefix_ends, unspelled
from memorization.report import formats
from memorization.report.cells import Cell, Excerpt
from memorization.report.sheet import Sheet
from memorization.report.texts import printable
from memorization.studies.cases.cases import excerpt, masked
from memorization.studies.quality import scores

PARTS = [
    *("\0", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\r", "\t", "\n\n", "\u200b", "\u200d", "\u2060", "\ufeff"),
    *("\u202e", "\u2066", "\xad", "\ue000", "\ue001", "\uffff", "\U000e0100", "a\u0301\u0316", "\u0316\u0301" * 40),
    *("👩\u200d👧", "🇩🇪", "𝔘𝔫𝔦", "İ", "ß", "\u212a", "ﬁ"),
    *("{0}", "{}", "{a!r}", "%s", "%(x)d", "${HOME}", "$(ls)", "`ls`", "\\n", "\\", "\\|", "\\\\|"),
    *(
        "'; DROP TABLE x; --",
        'text:"x" AND NOT (y OR z)^9',
        "*",
        "a~2",
        "[a TO b]",
        "+a -b",
        '"',
        "''",
        "title:",
        "/r.*/",
    ),
    *("<script>x</script>", "</td></tr></table>", "<!--", "&lt;", "&#60;", "]]>", "| a | b |", "|", "**b**", "__c__"),
    *("_d_", "[l](http://x.y)", "![i](x)", "# h", "~~s~~", "\\begin{x}", "\\end{tabular}", "%", "&", "$x^2$", "#1"),
    *("~", "^", "[4pt]", "=1+1", "@SUM(A1)", "-2", "+3", "<", ">", "'", ",", ";", "name<example.com"),
    *("name@example.com", "x@a.a.", "+49 30 901820", "555-123-4567", "May 3, 2019", "aged 7", "M417816"),
    *("The bridge was closed in March. ", "Engineers had found cracks in both pillars. ", "Dr. Smith came. ", "U.S."),
    *("今天下雨。", "「好」", "ที่นี่ ", "ខ្ញុំទៅ។", "한국어 ", "שלום", "مرحبا", "हिन्दी", "カﾞ"),
]
PUNKT = sentence_model("punkt_corpus", ["We read fig. 2 here. They like fig. 3 more."] * 3)


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(PARTS, trainer)
    return tokenizer


BYTES = byte_pairs()


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """What is compiled at the first call is no time of a case's."""
    texts = ["The bridge was closed in March, and it stayed so. Call +49 30 901820."] * 2
    for profile in ("zeng2024", "pan2015", "collection"):
        align(texts, texts, AlignmentParameters.profile(profile), PUNKT)
    pattern_spans(texts[0], "US")
    without_duplicates([(text,) for text in texts], "near")


def hostile(draws: random.Random) -> str:
    """A text of hostile parts: a few in any order, one again and again, or a copy with a part in between."""
    parts = [draws.choice(PARTS) for _ in range(draws.randrange(1, 12))]
    match draws.randrange(6):
        case 0:
            return draws.choice(parts) * draws.choice([1, 50, 2_000])
        case 1:
            return "\n".join(parts) * draws.choice([1, 100])
        case 2:
            return "".join(chr(draws.randrange(0x2FFFF)) for _ in range(40)).encode("utf-8", "ignore").decode()
        case 3:
            return ""
    return draws.choice(["", " "]).join(parts)


def texts_of(seed: int) -> tuple[random.Random, list[str]]:
    draws = random.Random(seed)
    own = [hostile(draws) for _ in range(4)]
    # Something is found only where texts share something.
    shared = "The bridge was closed in March. Engineers had found cracks in both of its northern pillars, they said. "
    return draws, [*own, own[0] + shared, own[1] + shared + own[2]]


@pytest.mark.parametrize("seed", seeds("texts"))
def test_any_text_is_detected(seed: int, tmp_path: Path) -> None:
    draws, texts = texts_of(seed)
    segmented = draws.choice([None, "characters"])
    with in_time():
        detector = detector_on(tmp_path, texts, PUNKT, segmented)
        numbers = list(range(len(texts)))
        generations = texts[1:] + texts[:1]
        outcomes = detector.outcomes(numbers, generations)
        assert outcomes == detector.outcomes(numbers, generations)
        assert outcomes["probe"].to_pylist() == numbers
        for row, generation in zip(outcomes.to_pylist(), generations, strict=True):
            if row["outcome"] != "none":
                suffix = texts[row["document"]]
                assert 0 <= row["generation_start"] <= row["generation_start"] + row["generation_length"]
                assert row["generation_start"] + row["generation_length"] <= len(generation)
                assert 0 <= row["suffix_start"] <= row["suffix_start"] + row["suffix_length"] <= len(suffix)


@pytest.mark.parametrize("seed", seeds("texts"))
def test_any_text_is_read_by_the_stages(seed: int) -> None:
    draws, texts = texts_of(seed)
    one, other = texts[4:]
    with in_time():
        for text in texts:
            spans = PUNKT.span_tokenize(text)
            assert [place for span in spans for place in span] == sorted(place for span in spans for place in span)
            assert all(0 <= start < end <= len(text) for start, end in spans)
            for word, start, end in word_spans(text, tokens(text)):
                assert text[start:end].lower() == word or "İ" in text
            readable = segmentation.by_characters(text)
            assert readable.origins(np.array([0, len(readable.text)])).tolist() == [0, len(text)]
            segmentation.by_neighbours(text)
            LetterCounts().add([text])
            entities = pattern_spans(text, "US")
            assert all(0 <= start < end <= len(text) for _, start, end in entities)
            before, inner, after = masked(text, (len(text) // 3, len(text) // 2), entities, len(text))
            assert entities or before + inner + after == text
            shown, place = excerpt(text, (len(text) // 3, len(text) // 2), 9)
            assert shown[slice(*place)] == text[len(text) // 3 : len(text) // 2]
            [cut] = prefix_ends([text], BYTES, 5)
            assert 0 <= cut <= len(text)
            other_text = disguises.disguised(text, draws.choice(disguises.DISGUISES), PUNKT, one, (seed, 0))
            assert set("".join(other_text.split())) <= set(text + one)
        assert unspelled("".join(texts), BYTES) == set()
        assert definitions.copying([one, "no"], ["", ""], [[f"so: {one}"]], 50) == [
            [len(" ".join(one.split()).casefold()) >= 50, False]
        ]
        assert references.inputs_with([one], [one, f"x{one}", "no"]) == {one: 2}
        written = references.round_trip([other], BYTES)
        [pair] = definitions.tokenized_pairs([one], written, references.tokens_of(written, BYTES), BYTES)
        [row] = definitions.compare([pair], [True], 50, BYTES, Definitions())
        assert all(0 <= row[measure] <= 1 for measure in ("bleu", "edit_similarity", "rouge_l"))
        for measure in (scores.exact_match, scores.f1):
            assert measure(one, one) == 1
        assert scores.bleu_counts([one], [[other]]).shape == (1, 10)
        assert without_duplicates([(one,), (other,), (one,)], "near")[0] == 0
        for profile in ("zeng2024", "pan2015", "collection"):
            given = ([one, other], [other, one], AlignmentParameters.profile(profile), PUNKT)
            assert align(*given) == align(*given)


class Cells(HTMLParser):
    """The texts of a page's cells, and of its marked passages."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.tags: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        if "td" in self.tags:
            self.cells[-1] += data


@pytest.mark.parametrize("seed", seeds("texts"))
def test_any_text_is_a_text_in_every_table(seed: int, tmp_path: Path) -> None:
    _, texts = texts_of(seed)
    # Behind a letter, because what a spreadsheet would run is written in another way.
    shown = [f"x{text[:300]}" for text in texts[:3]]
    rows: list[dict[str, Cell | Excerpt]] = [
        {"A": Cell(text), "B": Excerpt(text[:5], text[5:9], text[9:])} for text in shown
    ]
    tidy = pa.table({"study": shown, "rate": [0.5] * 3}, schema=ExampleTable.unlabelled())
    sheet = Sheet(ExampleTable, tidy, rows, "", "A caption.", shown[0])
    with in_time():
        formats.write(sheet, tmp_path / "t")
    assert pq.read_table(tmp_path / "t.parquet")["study"].to_pylist() == shown
    [heading, *lines] = csv.reader(io.StringIO((tmp_path / "t.csv").read_bytes().decode(), newline=""))
    assert [line[heading.index("label")] for line in lines] == [shown[0]] * 3
    page = Cells((tmp_path / "t.html").read_text(encoding="utf-8"))
    assert (page.tags.count("td"), page.tags.count("mark"), page.tags.count("table")) == (6, 3, 1)
    page_tags = "html meta title style table caption thead tbody tr th td mark"
    assert set(page.tags) <= set(page_tags.split())
    for cell, text in zip(page.cells[::2], shown, strict=True):
        assert "".join(cell.split()) == "".join(printable(text).split())
    markdown = (tmp_path / "t.md").read_text(encoding="utf-8")
    table = [line for line in markdown.split("\n") if line.startswith("|")][:5]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in table] == [3] * 5
    assert not re.search(r"(?<!\\)(?:\\\\)*<", "".join(table))
    latex = (tmp_path / "t.tex").read_text(encoding="utf-8")
    body = latex[latex.index(r"\midrule") : latex.index(r"\bottomrule")]
    plain = re.sub(r"\\ensuremath\{[<>]\}|\\\^\{\}|\\[a-z]+\{\}|\\[&%$#_{}]|\$\\[a-z]+\$", "", body)
    assert plain.count("{") == plain.count("}")
    assert plain.count("&") == plain.count(r"\\") == 3
    assert not re.search(r"[%#$^~_]|\\\\\s*[\[*]", plain)


@pytest.mark.parametrize("seed", seeds("texts"))
def test_half_a_surrogate_pair_is_refused_or_read(seed: int, tmp_path: Path) -> None:
    draws, texts = texts_of(seed)
    text = texts[4][: draws.randrange(40)] + "\ud800" + texts[4]
    with in_time():
        with pytest.raises(UserError, match="surrogate"):
            retrieval.build_index([text], tmp_path / "index")
        pattern_spans(text, "US")
        PUNKT.span_tokenize(text)
        segmentation.by_characters(text)
        assert definitions.copying([text], [""], [[text]], 20) == [[True]]
        align([text], [text], AlignmentParameters.profile("zeng2024"), PUNKT)
