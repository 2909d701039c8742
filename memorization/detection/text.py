"""Sentences, words and stems, as the text aligner reads them.

Sentences come from Punkt (Kiss & Strunk, 2006), whose parameters are either NLTK's for English or learnt
from the documents at hand; words from the Penn Treebank rules; stems from Porter's algorithms.
"""

import contextlib
import functools
import json
import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from memorization.errors import UserError

StemmerName = Literal["porter", "snowball"]
SentenceModelName = Literal["punkt_english", "punkt_corpus"]

_PUNCTUATION = frozenset(string.punctuation)
# Punkt holds every token of a batch in memory (some 300 bytes each), so a large corpus is learnt in parts.
_BATCH_CHARACTERS = 4_000_000
_REMEMBERED_DECISIONS = 65_536
# Two letters at least: a single one may be an initial.
# Signs that may close the sentence before; the empty string stands for the end of the text.
_CLOSING = frozenset("\"')]}\u2018\u2019\u201c\u201d\xab\xbb") | {""}
_PLAIN_END = re.compile(r"""([A-Za-z]{2,})([.?!])(?:\s+[A-Za-z0-9"'(\[]|["')\]}])""")


class Sentences(Protocol):
    """Anything that cuts a text into sentences."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        """Sentences of `text` as (first character, character after the last), from left to right."""
        ...


class SentenceModel:
    """Punkt with one set of parameters.

    Its walk through a text is written anew here, without the objects that NLTK makes for each full stop, and with its
    decisions remembered: cutting a corpus into sentences would take longer than aligning it.
    """

    def __init__(self, name: str, tokenizer: Any) -> None:
        """Wrap an NLTK `PunktSentenceTokenizer`; `name` says where its parameters come from."""
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
        """Leave the memory behind on the way to another process."""
        return {"name": self.name, "_tokenizer": self._tokenizer}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with an empty memory."""
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
            # What follows begins after white space, or with punctuation that stands there without.
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
        """Matches of a sentence end and the token behind it, where the two and the word before make a break.

        Of several that share their word ("What?!") the last one counts.
        """
        previous, start, stop = None, 0, 0
        for match in self._ends.finditer(text):
            # Place of the word before, from the last white space; a space in the very first place does not count.
            space = max(map(text[stop : match.start()].rfind, string.whitespace))
            own_start = stop + space + 1 if space > 0 else start
            if previous and stop <= own_start and self._breaks(text[start:stop] + previous[0] + previous["after_tok"]):
                yield previous
            previous, start, stop = match, own_start, match.start()
        if previous and self._breaks(text[start:stop] + previous[0] + previous["after_tok"]):
            yield previous

    def _breaks(self, context: str) -> bool:
        """Whether a sentence ends inside a word, a sentence end and what follows.

        Behind a word, a question or exclamation mark always ends it if anything follows, and a full stop does unless
        the word is an abbreviation or the first of a collocation. Whatever is not so plain is decided by Punkt, once.
        """
        plain = _PLAIN_END.match(context)
        if plain and (plain[2] != "." or plain[1].lower() not in self._exceptions):
            return True
        return bool(self._decide(context))


def _without_timeout(pattern: Any) -> Any:
    """The pattern behind NLTK's guard against patterns that take forever, which these do not."""
    return getattr(pattern, "_rx", pattern)


def sentence_model(name: str, corpus: Iterable[str] = ()) -> SentenceModel:
    """Return Punkt with parameters of that name; `corpus`: the documents that `punkt_corpus` learns from."""
    if name == "punkt_english":
        return SentenceModel(name, _english_punkt())
    if name == "punkt_corpus":
        return SentenceModel(name, _corpus_punkt(corpus))
    raise UserError(f"sentence model: {name!r} is unknown; allowed: {', '.join(get_args(SentenceModelName))}.")


def as_json(model: SentenceModel) -> str:
    """Name and parameters of a sentence model, the same text for the same model."""
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
def _start_nltk() -> None:
    """Import NLTK without the libraries that it would use if they are there: they take ten times its own time."""
    hidden = [name for name in ("sklearn", "pandas", "scipy", "matplotlib") if name not in sys.modules]
    # None makes an import of that name fail, which NLTK expects of what is optional.
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        import nltk  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


def from_json(text: str) -> SentenceModel:
    """The sentence model that `as_json` wrote down."""
    _start_nltk()
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    stated = json.loads(text)
    parameters = PunktParameters()
    parameters.abbrev_types = set(stated["abbrev_types"])
    parameters.collocations = set(map(tuple, stated["collocations"]))
    parameters.sent_starters = set(stated["sent_starters"])
    parameters.ortho_context.update(stated["ortho_context"])
    return SentenceModel(stated["name"], PunktSentenceTokenizer(parameters))


def _english_punkt() -> Any:
    """Load NLTK's English parameters from NLTK's data path; downloads them once where they are not there."""
    _start_nltk()
    import nltk.data
    from nltk.tokenize.punkt import PunktTokenizer

    try:
        return PunktTokenizer("english")
    except LookupError:
        _download_punkt()
    try:
        return PunktTokenizer("english")
    except LookupError as error:
        # The first line says which file is missing where the folder is there but incomplete.
        places = "\n".join(f"  {place}" for place in nltk.data.path)
        raise UserError(
            "sentence model 'punkt_english': NLTK's English Punkt parameters (tokenizers/punkt_tab/english) were not "
            f"found, or are incomplete, in any folder of NLTK's data path:\n{places}\n"
            "and could not be downloaded.\n"
            "Either run `python -m nltk.downloader punkt_tab` where there is a network, or set the environment "
            "variable NLTK_DATA to the folder that holds tokenizers/punkt_tab, or choose the sentence model "
            "'punkt_corpus', which learns its parameters from your own documents and needs no download."
        ) from error


def _download_punkt() -> None:
    """Bring the parameters into NLTK's own folder; says nothing where that is not possible.

    Jobs that start together take turns, so that one does not read what another has half written.
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
    """Learn Punkt's parameters from the documents; the same documents in any order give the same parameters."""
    _start_nltk()
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
    _start_nltk()
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
    """Whether sentences are compared by this token: a letter or digit at its head, and more than two characters."""
    return len(token) > 2 and token[0].isalnum()


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


def stemmer(name: StemmerName) -> Callable[[str], str]:
    """Return a function from a lower-cased word to its stem, which remembers the words it has seen."""
    _start_nltk()
    if name == "porter":
        from nltk.stem.porter import PorterStemmer

        return functools.cache(PorterStemmer(mode=PorterStemmer.NLTK_EXTENSIONS).stem)
    from nltk.stem.snowball import SnowballStemmer

    return functools.cache(SnowballStemmer("english").stem)
