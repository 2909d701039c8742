"""Sentences, words and stems, as the text aligner reads them.

Sentences come from Punkt (Kiss & Strunk, 2006), whose parameters are either NLTK's for English or learnt
from the documents at hand; words from the Penn Treebank rules; stems from Porter's algorithms.
"""

import copy
import functools
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Literal, Protocol, get_args

from memorization.errors import UserError

StemmerName = Literal["porter", "snowball"]
SentenceModelName = Literal["punkt_english", "punkt_corpus"]

_PUNCTUATION = frozenset(string.punctuation)
# Punkt holds every token of a batch in memory (some 300 bytes each), so a large corpus is learnt in parts.
_BATCH_CHARACTERS = 4_000_000
_REMEMBERED_DECISIONS = 65_536


class Sentences(Protocol):
    """Anything that cuts a text into sentences."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        ...


class SentenceModel:
    """Punkt with one set of parameters."""

    def __init__(self, name: str, tokenizer: Any) -> None:
        """Wrap an NLTK `PunktSentenceTokenizer`; `name` says where its parameters come from."""
        self.name = name
        self._tokenizer = tokenizer
        self._remember()

    def _remember(self) -> None:
        """Remember Punkt's decisions on words around full stops: they depend on nothing else and take most of its time.

        Passages are cut again after their texts were, and "the study. We" stands in many of them.
        """
        decide = type(self._tokenizer).text_contains_sentbreak.__get__(self._tokenizer)
        self._tokenizer.text_contains_sentbreak = functools.lru_cache(_REMEMBERED_DECISIONS)(decide)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the memory behind on the way to another process."""
        tokenizer = copy.copy(self._tokenizer)
        del tokenizer.text_contains_sentbreak
        return {"name": self.name, "_tokenizer": tokenizer}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with an empty memory."""
        self.__dict__.update(state)
        self._remember()

    def __repr__(self) -> str:
        """Show the name alone: the parameters fill pages."""
        return f"SentenceModel({self.name!r})"

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        return list(self._tokenizer.span_tokenize(text))


def sentence_model(name: str, corpus: Iterable[str] = ()) -> SentenceModel:
    """Return Punkt with parameters of that name; `corpus`: the documents that `punkt_corpus` learns from."""
    if name == "punkt_english":
        return SentenceModel(name, _english_punkt())
    if name == "punkt_corpus":
        return SentenceModel(name, _corpus_punkt(corpus))
    raise UserError(f"sentence model: {name!r} is unknown; allowed: {', '.join(get_args(SentenceModelName))}.")


def _english_punkt() -> Any:
    """Load NLTK's English parameters from NLTK's data path; never downloads."""
    import nltk.data
    from nltk.tokenize.punkt import PunktTokenizer

    try:
        return PunktTokenizer("english")
    except LookupError as error:
        # The first line says which file is missing where the folder is there but incomplete.
        places = "\n".join(f"  {place}" for place in nltk.data.path)
        raise UserError(
            "sentence model 'punkt_english': NLTK's English Punkt parameters (tokenizers/punkt_tab/english) were not "
            f"found, or are incomplete, in any folder of NLTK's data path:\n{places}\n"
            "Either run `python -m nltk.downloader punkt_tab`, or set the environment variable NLTK_DATA to the folder "
            "that holds tokenizers/punkt_tab, or choose the sentence model 'punkt_corpus', which learns its parameters "
            "from your own documents and needs no download."
        ) from error


def _corpus_punkt(corpus: Iterable[str]) -> Any:
    """Learn Punkt's parameters from the documents; the same documents in any order give the same parameters."""
    from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer

    trainer = PunktTrainer()
    # Sorted, because with several batches an abbreviation may be learnt or unlearnt depending on what came before.
    # Punkt's own walk through a set of word types changes nothing: each is judged by its counts alone.
    documents = sorted(documents_of(corpus, "sentence model 'punkt_corpus': document"))
    for batch in _batches(documents, _BATCH_CHARACTERS):
        # An empty line is a paragraph's end to Punkt, so that no sentence runs from one document into the next.
        trainer.train("\n\n".join(batch), finalize=False)
    return PunktSentenceTokenizer(trainer.get_params())


def _batches(documents: Iterable[str], characters: int) -> Iterator[list[str]]:
    """Cut the documents into lists of about that many characters, never none of them where there are documents."""
    batch: list[str] = []
    size = 0
    for document in documents:
        # Nothing to learn from, and Punkt divides by the number of words.
        if not document.strip():
            continue
        batch.append(document)
        size += len(document)
        if size >= characters:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def documents_of(texts: Iterable[object], what: str) -> Iterator[str]:
    """Pass texts through; a null or another type is the user's data error, named with its position from 0."""
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            found = "null" if text is None else f"{type(text).__name__} {text!r:.60}"
            raise UserError(f"{what} {position}: expected a text, found {found}; leave the row out or give it a text.")
        yield text


Rule = tuple[tuple[str, ...], Any, str]


@functools.cache
def _treebank_rules() -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """NLTK's Treebank substitutions for lower-case text, before and after the text is padded with spaces.

    Each comes with strings of which the text must hold one for the pattern to match. Most sentences hold few of them,
    and looking for a string costs a fiftieth of a pattern that does not match.
    """
    from nltk.tokenize.treebank import TreebankWordTokenizer as Treebank

    before = [
        *_guarded(Treebank.STARTING_QUOTES, [('"',), ("``",), ('"', "''")]),
        *_guarded(
            Treebank.PUNCTUATION,
            [(":", ","), (":", ","), ("...",), tuple(";@#$%&"), (".",), ("?", "!"), ("' ",)],
        ),
        *_guarded([Treebank.PARENS_BRACKETS, Treebank.DOUBLE_DASHES], [tuple("[](){}<>"), ("--",)]),
    ]
    # Parts without "i" and "s", since those patterns ignore case and so also match a dotless i and a long s.
    contractions = _guarded(
        [(pattern, r" \1 \2 ") for pattern in (*Treebank.CONTRACTIONS2, *Treebank.CONTRACTIONS3)],
        [(part,) for part in ("cannot", "d'ye", "mme", "gonna", "gotta", "lemme", "more'n", "wanna", "'t", "'t")],
    )
    after = [
        *_guarded(Treebank.ENDING_QUOTES, [("''",), ('"',), ("'",), ("'",)]),
        *contractions,
    ]
    return tuple(before), tuple(after)


def _guarded(rules: Iterable[tuple[Any, str]], needles: Sequence[tuple[str, ...]]) -> list[Rule]:
    return [(strings, pattern, to) for strings, (pattern, to) in zip(needles, rules, strict=True)]


def tokens(sentence: str) -> tuple[str, ...]:
    """Penn Treebank tokens of the lower-cased sentence, punctuation included."""
    before, after = _treebank_rules()
    padded = f" {_substitute(sentence.lower(), before)} "
    return tuple(_substitute(padded, after).split())


def _substitute(text: str, rules: tuple[Rule, ...]) -> str:
    for needles, pattern, to in rules:
        for needle in needles:
            if needle in text:
                text = pattern.sub(to, text)
                break
    return text


def is_content(token: str) -> bool:
    """Whether sentences are compared by this token: a letter or digit at its head, and more than two characters."""
    return len(token) > 2 and token[0].isalnum()


def word_spans(sentence: str, tokens: Iterable[str]) -> list[tuple[str, int, int]]:
    """Tokens of a sentence with at least one character that is no ASCII punctuation: (word, start, end) in characters.

    The first word begins where the sentence begins and the last ends where it ends, so that the quotation mark before
    a sentence and the full stop after it belong to a copied sentence.
    """
    lowered = sentence.lower()
    origin = _origins(sentence) if len(lowered) != len(sentence) else range(len(lowered) + 1)
    spans: list[tuple[str, int, int]] = []
    position = 0
    for token in tokens:
        if _PUNCTUATION.issuperset(token):
            continue
        start = lowered.find(token, position)
        position = start + len(token)
        spans.append((token, origin[start] if spans else 0, origin[position]))
    if spans:
        word, start, _ = spans[-1]
        spans[-1] = (word, start, len(sentence))
    return spans


def _origins(sentence: str) -> list[int]:
    """For every position of the lower-cased sentence, the position in the sentence: "İ" becomes two characters."""
    lengths = [len(character.lower()) for character in sentence]
    origins = [0] * (sum(lengths) + 1)
    for position, (end, length) in enumerate(zip(accumulate(lengths), lengths, strict=True)):
        origins[end - length : end] = [position] * length
    origins[-1] = len(sentence)
    return origins


def stemmer(name: StemmerName) -> Callable[[str], str]:
    """Return a function from a lower-cased word to its stem, which remembers the words it has seen."""
    if name == "porter":
        from nltk.stem.porter import PorterStemmer

        return functools.cache(PorterStemmer(mode=PorterStemmer.NLTK_EXTENSIONS).stem)
    from nltk.stem.snowball import SnowballStemmer

    return functools.cache(SnowballStemmer("english").stem)
