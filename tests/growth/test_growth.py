"""Every function over text takes a time that grows with its length, whatever repeats in it.

Where one text is compared with another, the one that a model wrote has a bounded length.
"""

import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from example_sheet import example
from shapes import SHAPES, SMALL, filled, grows_linearly
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from memorization import probes, retrieval, segmentation
from memorization.config.data import Dataset
from memorization.datasets.letters import LetterCounts
from memorization.datasets.rendering import rendered
from memorization.datasets.rows import Row
from memorization.detection import definitions, disguises, references, similarity, text
from memorization.detection.alignment import AlignmentParameters, align
from memorization.detection.documents import Documents
from memorization.detection.entities import Written, folded, key_of, words_of
from memorization.detection.patterns import pattern_spans
from memorization.detection.splitter import SegmentedSplitter
from memorization.duplicates import shingles
from memorization.models.recipes.deduplication import without_duplicates
from memorization.page.columns import pack
from memorization.positive_controls import spelled
from memorization.report import formats
from memorization.report.cells import Cell, Excerpt
from memorization.report.sheet import Sheet
from memorization.studies.cases.cases import excerpt, masked
from memorization.studies.quality import scores

PUNKT = text.sentence_model("punkt_corpus", ["We read fig. 2 here. They like fig. 3 more. Then fig. 4 came."] * 3)
ENTITIES = [
    {"type": kind, "text": entity}
    for kind, entity in {
        "email": "a@b.org",
        "phone": "+49 30 901820",
        "identifier": "123-45-6789",
        "card": "4111 1111 1111 1111",
        "secret": "sk-a1-b2",
        "address": "12 Main Street",
        "date": "May 3, 2019",
        "age": "aged 7",
        "PER": "Ms. Smith",
    }.items()
]
DATASET = Dataset.model_validate(
    {
        "task": "qa",
        "source": {"kind": "files", "train": "x.csv"},
        "instruction": "{input}",
        "input": "{input}",
        "target": "{input}",
        "deduplicate": True,
    }
)


def byte_pairs() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["the parties agree to the information of the word"] * 3, trainer)
    return tokenizer


def sentence_pieces() -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=40, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(["the parties agree to the information of the word"] * 3, trainer)
    return tokenizer


TOKENIZERS = {"byte pairs": byte_pairs(), "pieces": sentence_pieces()}


def prepared(stem: text.StemmerName, given: str) -> None:
    Documents(PUNKT, stem, 3).add([given])


def written(given: str) -> list[bool]:
    searched = Written(given)
    return [searched.contains(entity) for entity in ENTITIES]


def counted(given: str) -> None:
    LetterCounts().add([given])


def rows(given: str) -> list[object]:
    row = Row("train", "x.csv, row 1", 1, {"input": given})
    return list(rendered("mine", DATASET, [row, row], Counter()))


def sheet(given: str) -> Sheet:
    whole = example(label="")
    return Sheet(whole.schema, whole.tidy, [{"A": Cell(given), "B": Excerpt(given, given, given)}], "", given, given)


def aligned_with(profile: str, generation: Callable[[str], str], given: str) -> pa.Table:
    return align([generation(given)], [given], AlignmentParameters.profile(profile), PUNKT)


def head(given: str) -> str:
    """As much of a text as a model writes."""
    return given[: SMALL // 2]


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "sentences": PUNKT.span_tokenize,
    "sentences of readable forms": SegmentedSplitter(PUNKT).span_tokenize,
    "training of Punkt": lambda given: text.sentence_model("punkt_corpus", [given]),
    "tokens": text.tokens,
    "words": lambda given: text.word_spans(given, text.tokens(given)),
    "Porter's stems": lambda given: text.stemmer("porter")(given.lower()),
    "Snowball's stems": lambda given: text.stemmer("snowball")(given.lower()),
    "documents": partial(prepared, "porter"),
    "readable form": segmentation.by_characters,
    "neighbours": segmentation.by_neighbours,
    "one character": segmentation.is_character_word,
    "entities of patterns": lambda given: pattern_spans(given, "US"),
    "folding": folded,
    "words of entities": words_of,
    "keys of entities": lambda given: [key_of({**entity, "text": given}) for entity in ENTITIES],
    "written entities": written,
    "copies": lambda given: definitions.copying([given], [given[: SMALL // 3]], [[given]], 50),
    "inputs with prefixes": lambda given: references.inputs_with(
        [given[start:end] for start, end in itertools.product(range(5), range(6, 300, 7))], [given]
    ),
    "matches in the prefix": lambda given: definitions.in_prefix(given, [(1, len(given) - 1)], given[2:] + "b"),
    "common head": lambda given: similarity.common_head(given, given),
    "longest common run": lambda given: similarity.longest_common_run(given + "b", given[5:]),
    "longest run of one that a model wrote": lambda given: similarity.longest_common_run(head(given) + "b", given),
    "BLEU": lambda given: similarity.bleu(given, given[5:]),
    **{
        f"disguise {each.name}": lambda given, each=each: disguises.disguised(given, each, PUNKT, "Yes.", (0, 0))
        for each in disguises.DISGUISES
    },
    **{
        f"prefix of {name}": lambda given, tokenizer=tokenizer: probes.prefix_ends([given], tokenizer, 50)
        for name, tokenizer in TOKENIZERS.items()
    },
    **{
        f"spelling of {name}": lambda given, tokenizer=tokenizer: spelled([given], [9], tokenizer)
        for name, tokenizer in TOKENIZERS.items()
    },
    "characters that cannot be spelled": lambda given: probes.unspelled(given, TOKENIZERS["pieces"]),
    "letters": counted,
    "templates": rows,
    "shingles": shingles,
    "duplicates": lambda given: without_duplicates([(given,), (given + "b",)], "near"),
    "labels": scores.label_of,
    "answers": lambda given: (scores.exact_match(given, given[5:]), scores.f1(given, given[5:])),
    "counts of BLEU": lambda given: scores.bleu_counts([given], [[given[5:]]]),
    "ROUGE of what a model wrote": lambda given: scores.rouge(["the parties agree"], [[given]]),
    "excerpts": lambda given: excerpt(given, (9, len(given) - 9), 100),
    "masks": lambda given: masked(given, (9, len(given)), [("x", n, n + 1) for n in range(0, len(given), 3)], 100),
    "packed texts": lambda given: pack({"text": [given, given[1:]]}),
    **{
        f"table in {ending}": lambda given, layout=layout: layout(sheet(given))
        for ending, layout in {"md": formats.markdown, "tex": formats.latex, "html": formats.html}.items()
    },
    "the terminal's table": lambda given: formats.without_markup(given),
    **{
        f"alignment by {profile}": partial(aligned_with, profile, head)
        for profile in ("zeng2024", "pan2015", "collection")
    },
}


def test_time_of_an_index_and_of_a_search_grows_with_the_length_of_a_text(tmp_path: Path) -> None:
    def searched(given: str) -> pa.Table:
        retrieval.build_index([given, head(given), "word"], tmp_path / "index")
        return retrieval.search(tmp_path / "index", [given], threads=1)

    searched("Warm up.")
    shapes = ("words", "one word", "tiny lines")
    assert [shape for shape in shapes if not grows_linearly(searched, SHAPES[shape])] == []
    assert grows_linearly(searched, lambda n: " ".join(map(str, range(n))))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_of_a_text(name: str) -> None:
    function = FUNCTIONS[name]
    # What is loaded or compiled at the first call is no time of a text's.
    function("Warm up. Call +49 30 901820!")
    assert [shape for shape, make in SHAPES.items() if not grows_linearly(function, make)] == []


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "1 Aa ",
            "12 Main ",
            "Flat 1, ",
            "5 Rue de la ",
            "rue de la Paix ",
            "Calle de la ",
            "AStr",
            "Am Ring 5, 12345 ",
        ),
        *(
            "DE89 ",
            "DE89 3704 ",
            "4111 ",
            "account 1",
            "account no. ",
            "-----BEGIN PRIVATE KEY-----",
            "PRIVATE KEY-----\n",
        ),
        *(
            "password: a",
            "password is ",
            "PIN ",
            "://a:b",
            "://",
            "Bearer a",
            "sk-",
            "sk-a1",
            "eyJ",
            "eyJaaaaaaaa.",
            "SG.a",
        ),
        *("pypi-", "1:AA", "12345678:AA", "0 0 ", "(030) ", "A1 1AA", "ghp_"),
    ],
)
def test_time_of_what_patterns_begin_with_grows_with_the_length_of_a_text(unit: str) -> None:
    pattern_spans("Warm up. Call +49 30 901820! DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111", "US")

    assert grows_linearly(lambda given: pattern_spans(given, "US"), filled(unit))


def test_time_of_alike_sentences_grows_with_their_pairs() -> None:
    """Every second sentence is alike, so that nearly as many passages overlap as there are pairs of sentences."""

    def alternating(sentences: int, other: str) -> str:
        return " ".join(["The parties hereto agree.", other][number % 2] for number in range(sentences))

    def compared(sentences: str) -> pa.Table:
        generation = alternating(len(sentences), "Nothing was closed yesterday evening.")
        return aligned_with("zeng2024", lambda _: generation, alternating(len(sentences), "She wanted vegetables."))

    compared("Warm up.")
    # Pairs of sentences grow 16-fold, their product with the sentences 64-fold.
    assert grows_linearly(compared, filled("x"), small=300, times=4)
