"""Sentences, words and stems, as the text aligner reads them.

Sentences come from Punkt (Kiss & Strunk, 2006), whose parameters are either NLTK's for English or trained on the
documents to be split; words come from the Penn Treebank rules, stems from Porter's algorithms.
"""

import contextlib
import functools
import json
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from memorization.checksums import check_file
from memorization.errors import UserError
from memorization.imports import without_optional
from memorization.segmentation import is_character_word

StemmerName = Literal["porter", "snowball"]
SentenceModelName = Literal["punkt_english", "punkt_corpus"]

_PUNCTUATION = frozenset(string.punctuation)
# Punkt keeps every token of a batch in memory, so it is trained on a large corpus in parts.
_BATCH_CHARACTERS = 4_000_000
_REMEMBERED_DECISIONS = 65_536
# Signs that may close the sentence before; the empty string means the end of the text.
_CLOSING = frozenset("\"')]}\u2018\u2019\u201c\u201d\xab\xbb") | {""}
# Two letters at least: a single one may be an initial.
_CLEAR_END = re.compile(r"""([A-Za-z]{2,})([.?!])(?:\s+[A-Za-z0-9"'(\[]|["')\]}])""")


class SentenceSplitter(Protocol):
    """Anything that splits a text into sentences."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        ...


class SentenceModel:
    """Punkt with one set of parameters.

    Its walk through a text is implemented here again, without the objects that NLTK makes for each full stop, and with
    a memory of its decisions: otherwise splitting a corpus into sentences would take longer than aligning it.
    """

    def __init__(self, name: str, tokenizer: Any) -> None:
        """Wrap an NLTK `PunktSentenceTokenizer`; `name` is the name of its parameters (`SentenceModelName`)."""
        self.name = name
        self._tokenizer = tokenizer
        self._prepare()

    def _prepare(self) -> None:
        parameters, language = self._tokenizer._params, self._tokenizer._lang_vars
        self._exceptions = parameters.abbrev_types | {first for first, _ in parameters.collocations}
        self._decide = functools.lru_cache(_REMEMBERED_DECISIONS)(self._tokenizer.text_contains_sentbreak)
        self._ends = _without_timeout(language.period_context_re())
        self._closing = _without_timeout(language.re_boundary_realignment)

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without the memory of decisions."""
        return {"name": self.name, "_tokenizer": self._tokenizer}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with an empty memory of decisions."""
        self.__dict__.update(state)
        self._prepare()

    def __repr__(self) -> str:
        """Show the name alone: the parameters fill pages."""
        return f"SentenceModel({self.name!r})"

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        starts, stops = [0], []
        for match in self._sentence_ends(text):
            stops.append(match.end())
            # The next sentence begins after white space, or with punctuation that follows without white space.
            starts.append(match.start("next_tok") if match["next_tok"] else match.end())
        # The last sentence ends without trailing white space.
        stops.append(len(text.rstrip()))
        spans = []
        closing = 0
        for number, stop in enumerate(stops):
            start = starts[number] + closing
            closing = 0
            if number + 1 < len(stops):
                following = starts[number + 1]
                # Punctuation that closes a sentence belongs to it: "(Well.) Yes."
                if text[following : following + 1] in _CLOSING and (
                    match := self._closing.match(text[following : stops[number + 1]])
                ):
                    closing = match.end()
                    spans.append((start, following + len(match[0].rstrip())))
                    continue
            if start < stop:
                spans.append((start, stop))
        return spans

    def _sentence_ends(self, text: str) -> Iterator[Any]:
        """Matches of a possible end and the token after it, where these and the word before are a sentence break.

        Of several matches with the same word before them ("What?!") the last one counts.
        """
        # Punkt looks for the six white spaces of ASCII alone.
        spaced = text
        for space in "\t\n\r\v\f":
            spaced = spaced.replace(space, " ")
        previous, start, stop = None, 0, 0
        for match in self._ends.finditer(text):
            # Start of the word before, after the last white space; a space as the first character does not count.
            own_start = spaced.rfind(" ", stop + 1, match.start()) + 1 or start
            if previous and stop <= own_start and self._breaks(text, start, previous.end("after_tok")):
                yield previous
            previous, start, stop = match, own_start, match.start()
        if previous and self._breaks(text, start, previous.end("after_tok")):
            yield previous

    def _breaks(self, text: str, start: int, stop: int) -> bool:
        """Whether a sentence ends in a context `text[start:stop]`: a word, a possible end and the token that follows.

        After a word, a question or exclamation mark always ends the sentence if anything follows, and a full stop does
        unless the word is an abbreviation or the first of a collocation. Other contexts are decided by Punkt, each
        once.
        """
        end = _CLEAR_END.match(text, start, stop)
        if end and (end[2] != "." or end[1].lower() not in self._exceptions):
            return True
        return bool(self._decide(text[start:stop]))


def _without_timeout(pattern: Any) -> Any:
    """The pattern inside NLTK's guard against patterns that may take very long, which these do not."""
    return getattr(pattern, "_rx", pattern)


def sentence_model(name: str, corpus: Iterable[str] = ()) -> SentenceModel:
    """Return Punkt with the parameters of that name; `corpus`: the documents that `punkt_corpus` is trained on.

    UserError for an unknown name, parameters that cannot be downloaded, or a document that is not text.
    """
    if name == "punkt_english":
        return SentenceModel(name, _english_punkt())
    if name == "punkt_corpus":
        return SentenceModel(name, _corpus_punkt(corpus))
    raise UserError(f"sentence model: {name!r} is unknown; allowed: {', '.join(get_args(SentenceModelName))}.")


def as_json(model: SentenceModel) -> str:
    """Name and parameters of a sentence model as JSON, the same text for the same model."""
    parameters = model._tokenizer._params
    stated = {
        "name": model.name,
        "abbrev_types": sorted(parameters.abbrev_types),
        "collocations": sorted(map(list, parameters.collocations)),
        "sent_starters": sorted(parameters.sent_starters),
        "ortho_context": {word: parameters.ortho_context[word] for word in sorted(parameters.ortho_context)},
    }
    return json.dumps(stated, ensure_ascii=False, indent=0) + "\n"


@functools.cache
def preload() -> None:
    """Import NLTK without the optional libraries that it imports where installed: they take ten times its own time."""
    with without_optional("nltk"):
        import nltk  # noqa: F401


def from_json(text: str) -> SentenceModel:
    """The sentence model from its JSON (`as_json`)."""
    preload()
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    stated = json.loads(text)
    parameters = PunktParameters()
    parameters.abbrev_types = set(stated["abbrev_types"])
    parameters.collocations = set(map(tuple, stated["collocations"]))
    parameters.sent_starters = set(stated["sent_starters"])
    parameters.ortho_context.update(stated["ortho_context"])
    return SentenceModel(stated["name"], PunktSentenceTokenizer(parameters))


def read_sentence_model(path: Path) -> SentenceModel:
    """The sentence model of a file that contains its JSON; UserError where the file is damaged."""
    check_file(path)
    return from_json(path.read_text(encoding="utf-8"))


def _english_punkt() -> Any:
    """Load NLTK's English parameters from NLTK's data path; download them once where they are missing."""
    preload()
    import nltk.data
    from nltk.tokenize.punkt import PunktTokenizer

    try:
        return PunktTokenizer("english")
    except LookupError:
        _download_punkt()
    try:
        return PunktTokenizer("english")
    except LookupError as error:
        # The first line names the missing file where the folder exists but is incomplete.
        places = "\n".join(f"  {place}" for place in nltk.data.path)
        raise UserError(
            "sentence model 'punkt_english': NLTK's English Punkt parameters (tokenizers/punkt_tab/english) are "
            f"missing, or incomplete, in every folder of NLTK's data path:\n{places}\n"
            "and could not be downloaded.\n"
            "Either run `python -m nltk.downloader punkt_tab` where there is a network, or set the environment "
            "variable NLTK_DATA to the folder that contains tokenizers/punkt_tab, or choose the sentence model "
            "'punkt_corpus', which is trained on your own documents and needs no download."
        ) from error


def _download_punkt() -> None:
    """Download the parameters into NLTK's own folder; no error where that is not possible.

    Jobs that start together take turns, so that none reads a file that another has written in part.
    """
    import fcntl

    from nltk.downloader import Downloader

    downloader = Downloader()
    folder = Path(downloader.default_download_dir())
    with contextlib.suppress(OSError, ValueError):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".punkt_tab.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            downloader.download("punkt_tab", quiet=True)


def _corpus_punkt(corpus: Iterable[str]) -> Any:
    """Train Punkt on the documents; the same documents in any order give the same parameters."""
    preload()
    from nltk.tokenize.punkt import PunktSentenceTokenizer

    from memorization.detection.punkt import Trainer

    trainer = Trainer()
    # Sorted, because with several batches the documents before decide whether a word becomes an abbreviation.
    # The order of Punkt's own set of word types changes nothing: each is judged by its counts alone.
    documents = sorted(checked_texts(corpus, "sentence model 'punkt_corpus': document"))
    for batch in _batches(documents, _BATCH_CHARACTERS):
        trainer.train_batch(batch)
    return PunktSentenceTokenizer(trainer.get_params())


def _batches(documents: Iterable[str], characters: int) -> Iterator[list[str]]:
    """Lists of documents of about so many characters together, at least one list where there are documents."""
    batch: list[str] = []
    size = 0
    for document in documents:
        # Nothing to train on, and Punkt divides by the number of words.
        if not document.strip():
            continue
        batch.append(document)
        size += len(document)
        if size >= characters:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def checked_texts(values: Iterable[object], what: str) -> Iterator[str]:
    """The values, which must be texts; UserError for another one, with `what` it is and its position from 0."""
    for position, value in enumerate(values):
        if not isinstance(value, str):
            other = "null" if value is None else f"{type(value).__name__} {value!r:.60}"
            raise UserError(f"{what} {position}: expected a text, found {other}; leave the row out or give it a text.")
        yield value


Rule = tuple[tuple[str, ...], Any, str]


@functools.cache
def _treebank_rules() -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """NLTK's Treebank substitutions for lower-case text, before and after the text is padded with spaces.

    Each has strings of which the text must contain one for the pattern to match. Most sentences contain few of them,
    and a search for a string takes a fiftieth of the time of a pattern that does not match.
    """
    preload()
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
    return [(strings, _without_timeout(pattern), to) for strings, (pattern, to) in zip(needles, rules, strict=True)]


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
    """Whether sentences are compared by this token: it begins with a letter or digit and has over two characters.

    A single character of a script without spaces counts too: in the readable form of a text (`segmentation`) it is a
    word. The published aligner leaves it out; in any other text it is rare.
    """
    return (len(token) > 2 and token[0].isalnum()) or is_character_word(token)


def word_spans(sentence: str, tokens: Iterable[str]) -> list[tuple[str, int, int]]:
    """Tokens of a sentence that are not ASCII punctuation alone: (word, start, end) in characters."""
    lowered = sentence.lower()
    origin = _origins(sentence) if len(lowered) != len(sentence) else range(len(lowered) + 1)
    spans: list[tuple[str, int, int]] = []
    position = 0
    for token in tokens:
        if _PUNCTUATION.issuperset(token):
            continue
        start = lowered.find(token, position)
        position = start + len(token)
        spans.append((token, origin[start], origin[position]))
    return spans


def _origins(sentence: str) -> list[int]:
    """For every position of the lower-cased sentence, the position in the sentence: "İ" becomes two characters."""
    lengths = [len(character.lower()) for character in sentence]
    origins = [0] * (sum(lengths) + 1)
    for position, (end, length) in enumerate(zip(accumulate(lengths), lengths, strict=True)):
        origins[end - length : end] = [position] * length
    origins[-1] = len(sentence)
    return origins


# Endings of the words that a step of Porter's algorithm may change. Most words have none of them in most steps, which
# one question finds out; NLTK tries one rule after the other.
_PORTER_ENDINGS: dict[str, tuple[str, ...]] = {
    "_step1a": ("s",),
    "_step1b": ("ed", "ing"),
    "_step1c": ("y",),
    "_step2": (
        *("ational", "tional", "enci", "anci", "izer", "bli", "alli", "entli", "eli", "ousli", "ization", "ation"),
        *("ator", "alism", "iveness", "fulness", "ousness", "aliti", "iviti", "biliti", "fulli", "logi"),
    ),
    "_step3": ("icate", "ative", "alize", "iciti", "ical", "ful", "ness"),
    "_step4": (
        *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate"),
        *("iti", "ous", "ive", "ize"),
    ),
    "_step5a": ("e",),
    "_step5b": ("ll",),
}


def stemmer(name: StemmerName) -> Callable[[str], str]:
    """Return a function from a lower-cased word to its stem, with a memory of the stems it has computed."""
    preload()
    if name == "porter":
        from nltk.stem.porter import PorterStemmer

        porter = PorterStemmer(mode=PorterStemmer.NLTK_EXTENSIONS)
        for step, endings in _PORTER_ENDINGS.items():
            setattr(porter, step, _where_it_ends(endings, getattr(porter, step)))
        return functools.cache(porter.stem)
    from nltk.stem.snowball import SnowballStemmer

    return functools.cache(SnowballStemmer("english").stem)


def _where_it_ends(endings: tuple[str, ...], step: Callable[[str], str]) -> Callable[[str], str]:
    """The step for words with one of the endings; others stay as they are."""
    return lambda word: step(word) if word.endswith(endings) else word
