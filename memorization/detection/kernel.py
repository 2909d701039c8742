"""The aligner's arithmetic, compiled: many pairs per call, without Python in between.

Texts are flat arrays (`Corpus`, `Words`): the lists of a table's items follow one another, and the list of item i is
`offsets[i] : offsets[i + 1]`. The computation follows Sanchez-Perez et al. (2015) step by step, in double precision and
in a fixed order of summation: sentence by sentence, and within a sentence in the order in which stems appear. So a
result depends on nothing but the pair, and comparisons of nearly equal numbers give the same result everywhere.

Functions here release the GIL and share nothing, so that threads can take parts of the pairs. They are in one file
because the compiler keeps its machine code per file: it would not notice a change of a function in another file.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from memorization.imports import without_optional

with without_optional("numba"):
    import numba

NONE, VERBATIM, SUMMARY, OTHER = range(4)
"""Numbers of the types of a pair."""

SUMMARY_RATIO = 3
"""A summary's source passages have at least this many times the characters of the suspicious ones."""

SAME_PASSAGE = 0.99
"""Of two overlapping passages that both explain their sentences better than this, the longer one is better."""

compiled: Any = numba.njit(cache=True, nogil=True)


class ChunkTables(NamedTuple):
    """Contents of each chunk: numbers of stems; numbers of words with start and end in the chunk (characters)."""

    lengths: np.ndarray
    stem_offsets: np.ndarray
    stems: np.ndarray
    word_offsets: np.ndarray
    words: np.ndarray
    word_starts: np.ndarray
    word_ends: np.ndarray


class Cut(NamedTuple):
    """Texts cut into sentences and chunks; starts and ends are characters of the text."""

    sentence_offsets: np.ndarray
    """Of each text."""
    starts: np.ndarray
    ends: np.ndarray
    chunk_offsets: np.ndarray
    """Of each sentence."""
    chunks: np.ndarray


class Sentences(NamedTuple):
    """Places of the sentences of texts, in characters: the part of a `Cut` that is kept."""

    sentence_offsets: np.ndarray
    """Of each text."""
    starts: np.ndarray
    ends: np.ndarray


class Words(NamedTuple):
    """Words of sentences, with start and end in the text (characters).

    A sentence's first word begins where the sentence does, and its last one ends with it.
    """

    offsets: np.ndarray
    """Of each sentence."""
    numbers: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class Corpus(NamedTuple):
    """Prepared texts: sentences as frequencies of stems, the short ones merged.

    `stems` are places in the text's own vocabulary, which contains their numbers; the postings are the inverse of a
    text's sentences: for each stem of its vocabulary, the sentences that contain it.
    """

    sentence_offsets: np.ndarray
    """Of each text."""
    starts: np.ndarray
    lengths: np.ndarray
    """Start, and number of characters, of each sentence."""
    stem_offsets: np.ndarray
    """Of each sentence."""
    stems: np.ndarray
    frequencies: np.ndarray
    """Stems of a sentence in the order of their first appearance, and how often the sentence contains them."""
    vocabulary_offsets: np.ndarray
    """Of each text."""
    vocabulary: np.ndarray
    """Numbers of its stems, in the order of their first appearance."""
    posting_offsets: np.ndarray
    """Of each entry of `vocabulary`."""
    posting_sentences: np.ndarray
    posting_frequencies: np.ndarray


class Numbers(NamedTuple):
    """Parameters of the aligner that decide on passages (see `alignment.AlignmentParameters`)."""

    seed_cosine: float
    seed_dice: float
    validation_cosine: float
    gap: int
    smallest_gap: int
    summary_gap: int
    cluster_size: int
    passage_length: int


class Passages(NamedTuple):
    """Passages of pairs: first and last sentence on each side, both included; `summary` marks the second pass."""

    pair: np.ndarray
    summary: np.ndarray
    suspicious_first: np.ndarray
    suspicious_last: np.ndarray
    source_first: np.ndarray
    source_last: np.ndarray


@compiled
def sentence_words(cut: Cut, tables: ChunkTables) -> Words:
    """Words of every sentence."""
    sentences = len(cut.starts)
    offsets = np.zeros(sentences + 1, np.int64)
    for sentence in range(sentences):
        count = 0
        for place in range(cut.chunk_offsets[sentence], cut.chunk_offsets[sentence + 1]):
            chunk = cut.chunks[place]
            count += tables.word_offsets[chunk + 1] - tables.word_offsets[chunk]
        offsets[sentence + 1] = offsets[sentence] + count
    numbers = np.empty(offsets[-1], np.int32)
    starts = np.empty(offsets[-1], np.int32)
    ends = np.empty(offsets[-1], np.int32)
    for sentence in range(sentences):
        word = offsets[sentence]
        origin = cut.starts[sentence]
        for place in range(cut.chunk_offsets[sentence], cut.chunk_offsets[sentence + 1]):
            chunk = cut.chunks[place]
            for entry in range(tables.word_offsets[chunk], tables.word_offsets[chunk + 1]):
                numbers[word] = tables.words[entry]
                starts[word] = origin + tables.word_starts[entry]
                ends[word] = origin + tables.word_ends[entry]
                word += 1
            origin += tables.lengths[chunk] + 1
        if word > offsets[sentence]:
            starts[offsets[sentence]] = cut.starts[sentence]
            ends[word - 1] = cut.ends[sentence]
    return Words(offsets, numbers, starts, ends)


@compiled
def prepare(cut: Cut, tables: ChunkTables, stem_count: int, sentence_size: int) -> Corpus:
    """Sentences of every text as frequencies of stems (preprocessing step); `stem_count`: number of different stems.

    Sentences without a stem are dropped. Those of fewer than `sentence_size` tokens are merged into the next one,
    chains of them too; the last is left unmerged. The merged length is the sum of both: white space between them does
    not count, so that the merged sentence ends too early by its length, as in the published aligner.
    """
    texts = len(cut.sentence_offsets) - 1
    sentences = len(cut.starts)
    tokens = 0
    for chunk in cut.chunks:
        tokens += tables.stem_offsets[chunk + 1] - tables.stem_offsets[chunk]
    sentence_offsets = np.zeros(texts + 1, np.int64)
    starts = np.empty(sentences, np.int32)
    lengths = np.empty(sentences, np.int32)
    stem_offsets = np.zeros(sentences + 1, np.int64)
    stems = np.empty(tokens, np.int32)
    frequencies = np.empty(tokens, np.int32)
    vocabulary_offsets = np.zeros(texts + 1, np.int64)
    vocabulary = np.empty(tokens, np.int32)
    posting_offsets = np.zeros(tokens + 1, np.int64)
    posting_sentences = np.empty(tokens, np.int32)
    posting_frequencies = np.empty(tokens, np.int32)
    # For each stem, the last merged sentence with it, and its entry there; the last text with it, and its place there.
    seen_in = np.full(stem_count, -1, np.int64)
    entry_of = np.empty(stem_count, np.int64)
    text_of = np.full(stem_count, -1, np.int64)
    place_of = np.empty(stem_count, np.int32)
    holders = np.zeros(stem_count, np.int64)
    merged = 0  # merged sentences so far, the open one included
    entry = 0
    for text in range(texts):
        first = merged
        open_tokens = sentence_size  # of the sentence that may still be merged into; none is open yet
        for sentence in range(cut.sentence_offsets[text], cut.sentence_offsets[text + 1]):
            own_tokens = 0
            for place in range(cut.chunk_offsets[sentence], cut.chunk_offsets[sentence + 1]):
                chunk = cut.chunks[place]
                own_tokens += tables.stem_offsets[chunk + 1] - tables.stem_offsets[chunk]
            if own_tokens == 0:
                continue
            length = cut.ends[sentence] - cut.starts[sentence]
            if merged > first and open_tokens < sentence_size:
                lengths[merged - 1] += length
                open_tokens += own_tokens
            else:
                starts[merged] = cut.starts[sentence]
                lengths[merged] = length
                open_tokens = own_tokens
                merged += 1
            for place in range(cut.chunk_offsets[sentence], cut.chunk_offsets[sentence + 1]):
                chunk = cut.chunks[place]
                for token in range(tables.stem_offsets[chunk], tables.stem_offsets[chunk + 1]):
                    stem = tables.stems[token]
                    if seen_in[stem] != merged:
                        seen_in[stem] = merged
                        entry_of[stem] = entry
                        stems[entry] = stem
                        frequencies[entry] = 0
                        entry += 1
                    frequencies[entry_of[stem]] += 1
            stem_offsets[merged] = entry
        sentence_offsets[text + 1] = merged
        # Number the stems within the text, and count the sentences that contain each.
        base = known = vocabulary_offsets[text]
        for place in range(stem_offsets[first], entry):
            stem = stems[place]
            if text_of[stem] != text:
                text_of[stem] = text
                place_of[stem] = known - base
                vocabulary[known] = stem
                holders[known - base] = 0
                known += 1
            stems[place] = place_of[stem]
            holders[place_of[stem]] += 1
        vocabulary_offsets[text + 1] = known
        posting = stem_offsets[first]
        for own in range(known - base):
            posting += holders[own]
            posting_offsets[base + own + 1] = posting
            holders[own] = posting - holders[own]
        for sentence in range(first, merged):
            for place in range(stem_offsets[sentence], stem_offsets[sentence + 1]):
                posting = holders[stems[place]]
                posting_sentences[posting] = sentence - first
                posting_frequencies[posting] = frequencies[place]
                holders[stems[place]] += 1
    known = vocabulary_offsets[-1]
    return Corpus(
        sentence_offsets,
        starts[:merged],
        lengths[:merged],
        stem_offsets[: merged + 1],
        stems[:entry],
        frequencies[:entry],
        vocabulary_offsets,
        vocabulary[:known],
        posting_offsets[: known + 1],
        posting_sentences[:entry],
        posting_frequencies[:entry],
    )


@compiled
def add_document_frequencies(corpus: Corpus, texts: np.ndarray, counts: np.ndarray) -> int:
    """Add the number of sentences of the texts that contain each stem to `counts`; returns the texts' sentences."""
    sentences = 0
    for text in texts:
        sentences += corpus.sentence_offsets[text + 1] - corpus.sentence_offsets[text]
        for place in range(corpus.vocabulary_offsets[text], corpus.vocabulary_offsets[text + 1]):
            counts[corpus.vocabulary[place]] += corpus.posting_offsets[place + 1] - corpus.posting_offsets[place]
    return sentences


class Side(NamedTuple):
    """One text of a pair; its sentences are `first` to `first + sentences - 1` of the corpus."""

    first: int
    sentences: int
    weights: np.ndarray
    """Weight of each stem of the vocabulary (see `_weights`)."""
    norms: np.ndarray
    """Euclidean length of each sentence's vector."""


@compiled
def _weights(corpus, suspicious, source, place_of, stem_weights):
    """Weights of both vocabularies, and the places of suspicious stems in the source's.

    The weights are those given by stem; where none are, ln(N / df) without smoothing: N and df count the sentences of
    both texts together, and a stem of every sentence has weight 0. `place_of`: for each stem, its place in the source's
    vocabulary or -1. Returns (suspicious weights, source weights, for each suspicious stem its place in the source's
    vocabulary or -1).
    """
    begin, end = corpus.vocabulary_offsets[suspicious], corpus.vocabulary_offsets[suspicious + 1]
    other_begin, other_end = corpus.vocabulary_offsets[source], corpus.vocabulary_offsets[source + 1]
    total = (
        corpus.sentence_offsets[suspicious + 1]
        - corpus.sentence_offsets[suspicious]
        + corpus.sentence_offsets[source + 1]
        - corpus.sentence_offsets[source]
    )
    inverse = np.zeros(total + 1)
    for count in range(1, total + 1):
        inverse[count] = math.log(total / count)
    own = np.empty(end - begin)
    others = np.empty(other_end - other_begin)
    same = np.empty(end - begin, np.int32)
    for place in range(other_begin, other_end):
        others[place - other_begin] = inverse[corpus.posting_offsets[place + 1] - corpus.posting_offsets[place]]
    for place in range(begin, end):
        df = corpus.posting_offsets[place + 1] - corpus.posting_offsets[place]
        other = place_of[corpus.vocabulary[place]]
        if other >= 0:
            df += corpus.posting_offsets[other_begin + other + 1] - corpus.posting_offsets[other_begin + other]
            others[other] = inverse[df]
        own[place - begin] = inverse[df]
        same[place - begin] = other
    if len(stem_weights):
        for place in range(begin, end):
            own[place - begin] = stem_weights[corpus.vocabulary[place]]
        for place in range(other_begin, other_end):
            others[place - other_begin] = stem_weights[corpus.vocabulary[place]]
    return own, others, same


@compiled
def _side(corpus, text, weights):
    """A text of a pair, with the length of each sentence's vector."""
    first = corpus.sentence_offsets[text]
    sentences = corpus.sentence_offsets[text + 1] - first
    norms = np.empty(sentences)
    for sentence in range(sentences):
        square = 0.0
        for entry in range(corpus.stem_offsets[first + sentence], corpus.stem_offsets[first + sentence + 1]):
            weight = corpus.frequencies[entry] * weights[corpus.stems[entry]]
            square += weight * weight
        norms[sentence] = math.sqrt(square)
    return Side(first, sentences, weights, norms)


@compiled
def _compare_sentence(corpus, number, suspicious, source, source_text, same, cosines, shared):
    """Write a suspicious sentence's cosine with every source sentence, and the number of shared stems, into arrays."""
    cosines[: source.sentences] = 0.0
    shared[: source.sentences] = 0
    base = corpus.vocabulary_offsets[source_text]
    for entry in range(
        corpus.stem_offsets[suspicious.first + number], corpus.stem_offsets[suspicious.first + number + 1]
    ):
        stem = same[corpus.stems[entry]]
        if stem < 0:
            continue
        weight = corpus.frequencies[entry] * suspicious.weights[corpus.stems[entry]]
        for posting in range(corpus.posting_offsets[base + stem], corpus.posting_offsets[base + stem + 1]):
            sentence = corpus.posting_sentences[posting]
            cosines[sentence] += weight * (corpus.posting_frequencies[posting] * source.weights[stem])
            shared[sentence] += 1
    for sentence in range(source.sentences):
        if shared[sentence]:
            norms = suspicious.norms[number] * source.norms[sentence]
            cosines[sentence] = cosines[sentence] / norms if norms else 0.0


@compiled
def _seeds(corpus, suspicious, source, source_text, same, numbers):
    """Pairs of similar sentences (seeding step), as bits: array (suspicious sentences, words of 64 source sentences).

    Both tests are strict. A bit is the hundredth of what a row of numbers would take: where nearly all sentences are
    alike, there are as many seeds as pairs of sentences.
    """
    seeds = np.zeros((suspicious.sentences, (source.sentences + 63) // 64), np.uint64)
    cosines = np.empty(source.sentences)
    shared = np.empty(source.sentences, np.int32)
    for number in range(suspicious.sentences):
        _compare_sentence(corpus, number, suspicious, source, source_text, same, cosines, shared)
        size = corpus.stem_offsets[suspicious.first + number + 1] - corpus.stem_offsets[suspicious.first + number]
        for other in range(source.sentences):
            if cosines[other] > numbers.seed_cosine:
                other_size = corpus.stem_offsets[source.first + other + 1] - corpus.stem_offsets[source.first + other]
                if 2 * shared[other] / (size + other_size) > numbers.seed_dice:
                    seeds[number, other // 64] |= np.uint64(1) << np.uint64(other % 64)
    return seeds


@compiled
def _doubled(rows):
    """A table of twice as many rows that begins with the given ones."""
    larger = np.empty((2 * rows.shape[0], rows.shape[1]), np.int64)
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            larger[row, column] = rows[row, column]
    return larger


@compiled
def _order(keys):
    """Places of keys in ascending order; equal keys stay in theirs."""
    return np.argsort(keys, kind="mergesort")


@compiled
def _grow(corpus, seeds, suspicious, source, same, gap, numbers):
    """Cases (extension step): array (cases, 4) of first and last suspicious and source sentence.

    Seeds near each other on both sides form a group. The two sides take turns, beginning with the suspicious one, until
    a turn does not split a group; the very first turn is always followed by another, since it has not looked at the
    other side. A group whose sides are similar as a whole is a case; the others are tried again with ever
    smaller gaps.

    As a turn splits a group between two sentences, a group is all seeds in a rectangle of suspicious and source
    sentences, and no two groups share a pair of sentences.
    """
    cases = np.empty((8, 4), np.int64)
    count = 0
    sums, other_sums = np.zeros(len(suspicious.weights)), np.zeros(len(source.weights))
    is_in, other_is_in = np.zeros(len(sums), np.bool_), np.zeros(len(other_sums), np.bool_)
    counts = np.empty(max(suspicious.sentences, source.sentences), np.int64)
    parts = np.empty((len(counts), 2), np.int64)
    # A stack of groups to be split: first and last sentence of both sides, side, whether it is the first turn, gap.
    waiting = np.empty((16, 7), np.int64)
    whole = np.array([0, suspicious.sentences - 1, 0, source.sentences - 1])
    waiting, top = _push(waiting, 0, whole, 0, 1, gap)
    while top:
        top -= 1
        group = waiting[top, :4].copy()
        side, is_first, own_gap = waiting[top, 4], waiting[top, 5], waiting[top, 6]
        first, last = group[2 * side], group[2 * side + 1]
        _count_seeds(seeds, group, side, counts)
        found = _split_at_gaps(counts, first, last, own_gap, numbers.cluster_size, parts)
        if found > 1 or is_first:
            for part in range(found - 1, -1, -1):
                group[2 * side], group[2 * side + 1] = parts[part]
                waiting, top = _push(waiting, top, group, 1 - side, 0, own_gap)
        elif found == 1:
            group[2 * side], group[2 * side + 1] = parts[0]
            widest = _enclose(counts, group, side)
            # Where a part was too small to be kept, the other side may have ended with it.
            _count_seeds(seeds, group, 1 - side, counts)
            widest = max(widest, _enclose(counts, group, 1 - side))
            if count == len(cases):
                cases = _doubled(cases)
            cases[count] = group
            cosine = _fragment_cosine(corpus, suspicious, source, same, group, sums, other_sums, is_in, other_is_in)
            if cosine > numbers.validation_cosine:
                count += 1
            else:
                # Until the gap is smaller than the widest of the group, the group stays as it is.
                smaller = min(own_gap, widest) - 1
                if smaller >= numbers.smallest_gap:
                    waiting, top = _push(waiting, top, group, 0, 1, smaller)
    return cases[:count]


@compiled
def _push(waiting, top, group, side, is_first, gap):
    """Push a group on the stack of groups to be split; returns the stack and its height."""
    if top == len(waiting):
        waiting = _doubled(waiting)
    waiting[top, :4] = group
    waiting[top, 4] = side
    waiting[top, 5] = is_first
    waiting[top, 6] = gap
    return waiting, top + 1


@compiled
def _count_seeds(seeds, group, side, counts):
    """Write the number of seeds that each sentence of a group has on one side into `counts`, by sentence."""
    first, last, other_first, other_last = group
    begin, end = other_first // 64, other_last // 64
    if side:
        counts[other_first : other_last + 1] = 0
    for number in range(first, last + 1):
        total = 0
        for word in range(begin, end + 1):
            bits = seeds[number, word]
            if word == begin:
                bits &= ~np.uint64(0) << np.uint64(other_first % 64)
            if word == end:
                bits &= ~np.uint64(0) >> np.uint64(63 - other_last % 64)
            if side:
                other = 64 * word
                while bits:
                    counts[other] += np.int64(bits & np.uint64(1))
                    bits >>= np.uint64(1)
                    other += 1
            else:
                while bits:
                    bits &= bits - np.uint64(1)
                    total += 1
        if not side:
            counts[number] = total


@compiled
def _split_at_gaps(counts, first, last, gap, smallest, parts):
    """Split sentences where more than `gap` of them in a row have no seed; keep parts of at least `smallest` seeds.

    Writes first and last sentence of the parts into `parts`, and returns their number.
    """
    found = 0
    start = end = -1
    seeds = 0
    for number in range(first, last + 1):
        if not counts[number]:
            continue
        if end >= 0 and number - end - 1 > gap:
            if seeds >= smallest:
                parts[found, 0] = start
                parts[found, 1] = end
                found += 1
            seeds = 0
        if not seeds:
            start = number
        end = number
        seeds += counts[number]
    if seeds and seeds >= smallest:
        parts[found, 0] = start
        parts[found, 1] = end
        found += 1
    return found


@compiled
def _enclose(counts, group, side):
    """Narrow one side of a group to the first and the last sentence with a seed; returns its widest gap between two."""
    first, last = group[2 * side], group[2 * side + 1]
    while not counts[first]:
        first += 1
    while not counts[last]:
        last -= 1
    group[2 * side], group[2 * side + 1] = first, last
    widest = 0
    before = first
    for number in range(first + 1, last + 1):
        if counts[number]:
            widest = max(widest, number - before - 1)
            before = number
    return widest


@compiled
def _add_up(corpus, side, first, last, sums, is_in):
    """Sum the vectors of a range of sentences into `sums`, and mark the stems of the range in `is_in`.

    Returns the stems of the range in the order of their first appearance.
    """
    begin, end = corpus.stem_offsets[side.first + first], corpus.stem_offsets[side.first + last + 1]
    order = np.empty(min(end - begin, len(sums)), np.int32)
    count = 0
    for entry in range(begin, end):
        stem = corpus.stems[entry]
        if not is_in[stem]:
            is_in[stem] = True
            order[count] = stem
            count += 1
        sums[stem] += corpus.frequencies[entry] * side.weights[stem]
    return order[:count]


@compiled
def _fragment_cosine(corpus, suspicious, source, same, group, sums, other_sums, is_in, other_is_in):
    """Cosine of the two sums of all sentences in a group's ranges, seeds or not (validation).

    The four arrays, one entry per stem of either side, are 0 before and after.
    """
    stems = _add_up(corpus, suspicious, group[0], group[1], sums, is_in)
    others = _add_up(corpus, source, group[2], group[3], other_sums, other_is_in)
    product = square = other_square = 0.0
    for stem in stems:
        weight = sums[stem]
        square += weight * weight
        if same[stem] >= 0 and other_is_in[same[stem]]:
            product += weight * other_sums[same[stem]]
    for stem in others:
        other_square += other_sums[stem] * other_sums[stem]
    for stem in stems:
        sums[stem] = 0.0
        is_in[stem] = False
    for stem in others:
        other_sums[stem] = 0.0
        other_is_in[stem] = False
    norms = math.sqrt(square) * math.sqrt(other_square)
    return product / norms if norms else 0.0


@compiled
def _resolve_overlaps(corpus, cases, suspicious, source, source_text, same):
    """Of cases that share suspicious sentences, keep the one that explains its sentences best (filtering step).

    The challengers of an incumbent are the later cases that begin before it ends. All are handled at once, but the
    winner is the incumbent for the cases after them. Returns the rows of `cases` that are kept.
    """
    order = _order(cases[:, 0].copy())
    best, offsets = _best_cosines(corpus, cases, order, suspicious, source, source_text, same)
    kept = np.empty(len(cases), np.int64)
    count = 0
    position = 0
    is_out = False  # whether the incumbent is the last of `kept`, rather than the case at `position`
    while position < len(cases):
        incumbent = kept[count - 1] if is_out else order[position]
        later = position + 1
        while later < len(cases) and cases[order[later], 0] <= cases[incumbent, 1]:
            later += 1
        count -= is_out
        is_out = later > position + 1
        if is_out:
            incumbent = _winner(cases, incumbent, order[position + 1 : later], best, offsets)
        kept[count] = incumbent
        count += 1
        position = later - 1 if is_out else later
    return kept[:count]


@compiled
def _best_cosines(corpus, cases, order, suspicious, source, source_text, same):
    """For each suspicious sentence of a case, the highest cosine with any sentence of its source range.

    `order`: the cases by their first suspicious sentence. Returns the cosines of all cases that share suspicious
    sentences with another, and for each case the place of its first one. A suspicious sentence is compared once for
    all its cases, which have no source sentence in common (see `_grow`); so this takes no longer than finding seeds.
    """
    offsets = np.zeros(len(cases) + 1, np.int64)
    reach = -1
    for place in range(len(order)):
        first, last = cases[order[place], 0], cases[order[place], 1]
        if first <= reach or (place + 1 < len(order) and cases[order[place + 1], 0] <= last):
            offsets[order[place] + 1] = last - first + 1
        reach = max(reach, last)
    for case in range(len(cases)):
        offsets[case + 1] += offsets[case]
    best = np.zeros(offsets[-1])
    cosines = np.empty(source.sentences)
    shared = np.empty(source.sentences, np.int32)
    # Cases that contain the present sentence.
    here = np.empty(len(cases), np.int64)
    count = begun = 0
    for number in range(suspicious.sentences if len(best) else 0):
        kept = 0
        for place in range(count):
            if cases[here[place], 1] >= number:
                here[kept] = here[place]
                kept += 1
        count = kept
        while begun < len(order) and cases[order[begun], 0] == number:
            if offsets[order[begun] + 1] > offsets[order[begun]]:
                here[count] = order[begun]
                count += 1
            begun += 1
        if count:
            _compare_sentence(corpus, number, suspicious, source, source_text, same, cosines, shared)
        for case in here[:count]:
            place = offsets[case] + number - cases[case, 0]
            for other in range(cases[case, 2], cases[case, 3] + 1):
                best[place] = max(best[place], cosines[other])
    return best, offsets


@compiled
def _winner(cases, incumbent, challengers, best, offsets):
    """The best of the incumbent and its challengers, compared in turn; the best similarity so far must be exceeded."""
    winner = incumbent
    highest = 0.0
    explained = best[offsets[incumbent] : offsets[incumbent + 1]]
    for challenger in challengers:
        own = _overlap_similarity(cases, incumbent, challenger, explained)
        others_explained = best[offsets[challenger] : offsets[challenger + 1]]
        others = _overlap_similarity(cases, challenger, incumbent, others_explained)
        if own > SAME_PASSAGE and others > SAME_PASSAGE:
            better = challenger if _sentences(cases, challenger) > _sentences(cases, incumbent) else incumbent
        elif others > own:
            better = challenger
        else:
            continue
        similarity = others if better == challenger else own
        if similarity > highest:
            winner = better
            highest = similarity
    return winner


@compiled
def _sentences(cases, case):
    """Suspicious sentences of a case."""
    return cases[case, 1] - cases[case, 0] + 1


@compiled
def _overlap_similarity(cases, case, other, best):
    """How well a case's source explains its suspicious sentences, those shared with the other case first."""
    first, last = max(cases[case, 0], cases[other, 0]), min(cases[case, 1], cases[other, 1])
    shared = rest = 0.0
    count = rest_count = 0
    for number in range(cases[case, 0], cases[case, 1] + 1):
        if first <= number <= last:
            shared += best[number - cases[case, 0]]
            count += 1
        else:
            rest += best[number - cases[case, 0]]
            rest_count += 1
    overlap = shared / count
    return overlap + (1 - overlap) * (rest / rest_count) if rest_count else overlap


@compiled
def _stretch(corpus, text, first, last):
    """Start and number of characters from one sentence of a text to another, as merged sentences have them."""
    first += corpus.sentence_offsets[text]
    last += corpus.sentence_offsets[text]
    return corpus.starts[first], corpus.starts[last] + corpus.lengths[last] - corpus.starts[first]


@compiled
def passages(
    corpus: Corpus,
    suspicious: np.ndarray,
    source: np.ndarray,
    stem_count: int,
    stem_weights: np.ndarray,
    numbers: Numbers,
) -> Passages:
    """Passages of each pair (suspicious[i], source[i]) of texts, of both passes, in the aligner's order.

    `stem_weights`: the weight of each stem, or empty where weights follow from the sentences of the pair.
    """
    rows = np.empty((64, 6), np.int64)
    count = 0
    place_of = np.full(stem_count, -1, np.int32)
    for pair in range(len(suspicious)):
        text, other_text = suspicious[pair], source[pair]
        vocabulary = corpus.vocabulary[
            corpus.vocabulary_offsets[other_text] : corpus.vocabulary_offsets[other_text + 1]
        ]
        for place in range(len(vocabulary)):
            place_of[vocabulary[place]] = place
        own, others, same = _weights(corpus, text, other_text, place_of, stem_weights)
        for stem in vocabulary:
            place_of[stem] = -1
        side, other_side = _side(corpus, text, own), _side(corpus, other_text, others)
        seeds = _seeds(corpus, side, other_side, other_text, same, numbers)
        if not seeds.any():
            continue
        for is_summary in range(2):
            gap = numbers.summary_gap if is_summary else numbers.gap
            cases = _grow(corpus, seeds, side, other_side, same, gap, numbers)
            for case in _resolve_overlaps(corpus, cases, side, other_side, other_text, same):
                _, length = _stretch(corpus, text, cases[case, 0], cases[case, 1])
                _, other_length = _stretch(corpus, other_text, cases[case, 2], cases[case, 3])
                if min(length, other_length) < numbers.passage_length:
                    continue
                if count == len(rows):
                    rows = _doubled(rows)
                rows[count, 0] = pair
                rows[count, 1] = is_summary
                for side_end in range(4):
                    rows[count, 2 + side_end] = cases[case, side_end]
                count += 1
    columns = _columns(rows, count)
    return Passages(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])


@compiled
def _columns(rows, count):
    """The columns of a table's first `count` rows."""
    columns = np.empty((rows.shape[1], count), np.int64)
    for row in range(count):
        for column in range(rows.shape[1]):
            columns[column, row] = rows[row, column]
    return columns


class Fragments(NamedTuple):
    """Passages split into sentences again.

    `items[2 * i]` and `items[2 * i + 1]` are the suspicious and the source passage of case i; `offsets` are those of
    the passages; a sentence is its place in the `Words` of the texts, or -1 minus its place in the extra `Words`.
    """

    items: np.ndarray
    offsets: np.ndarray
    sentences: np.ndarray


class Detections(NamedTuple):
    """Detections of pairs, in characters; pairs of type `NONE` have none."""

    pair: np.ndarray
    type: np.ndarray
    suspicious_start: np.ndarray
    suspicious_length: np.ndarray
    source_start: np.ndarray
    source_length: np.ndarray


@compiled
def locate(sentences: Sentences, stretches: np.ndarray) -> np.ndarray:
    """Places of the sentences with these texts, starts and ends (rows of the array); -1 where no sentence has them."""
    places = np.full(len(stretches), -1, np.int64)
    for number in range(len(stretches)):
        text, start, end = stretches[number]
        if text < 0:
            continue
        first, last = sentences.sentence_offsets[text], sentences.sentence_offsets[text + 1]
        place = first + np.searchsorted(sentences.starts[first:last], start)
        if place < last and sentences.starts[place] == start and sentences.ends[place] == end:
            places[number] = place
    return places


@compiled
# More parameters than elsewhere: compiled code gets its arrays one by one.
def decide(
    corpus: Corpus,
    suspicious: np.ndarray,
    source: np.ndarray,
    passages: Passages,
    fragments: Fragments,
    words: Words,
    extra: Words,
    word_count: int,
    verbatim_length: int,
) -> Detections:
    """Type and detections of the pairs that have passages; `fragments` are those of the first pass's, in their order.

    Verbatim where any case of the first pass contains a copied run; else a summary where the second pass has at least
    three times as many source characters as suspicious ones; else other where the first pass has a case.
    """
    rows = np.empty((64, 6), np.int64)
    count = 0
    # For each word, its last place in the source of the present case.
    last_place = np.full(word_count, -1, np.int64)
    first_pass = 0  # passages of the first pass so far
    passage = 0
    while passage < len(passages.pair):
        pair = passages.pair[passage]
        end = passage
        while end < len(passages.pair) and passages.pair[end] == pair:
            end += 1
        first_row = count
        for case in range(passage, end):
            if passages.summary[case]:
                break
            runs = _verbatim_runs(
                _words(fragments, fragments.items[2 * first_pass], words, extra),
                _words(fragments, fragments.items[2 * first_pass + 1], words, extra),
                last_place,
                verbatim_length,
            )
            first_pass += 1
            for run in range(len(runs)):
                rows, count = _append_detection(
                    rows, count, pair, VERBATIM, runs[run, 0], runs[run, 1], runs[run, 2], runs[run, 3]
                )
        if count == first_row:
            source_total = suspicious_total = 0
            for case in range(passage, end):
                if passages.summary[case]:
                    spans = _spans(corpus, suspicious[pair], source[pair], passages, case)
                    suspicious_total += spans[1]
                    source_total += spans[3]
            is_summary = source_total > 0 and source_total >= SUMMARY_RATIO * suspicious_total
            for case in range(passage, end):
                if passages.summary[case] == is_summary:
                    spans = _spans(corpus, suspicious[pair], source[pair], passages, case)
                    kind = SUMMARY if is_summary else OTHER
                    rows, count = _append_detection(rows, count, pair, kind, spans[0], spans[1], spans[2], spans[3])
        passage = end
    columns = _columns(rows, count)
    return Detections(columns[0], columns[1], columns[2], columns[3], columns[4], columns[5])


@compiled
def _append_detection(rows, count, pair, kind, start, length, other_start, other_length):
    """Append a detection to the table; returns the table and the number of its rows."""
    if count == len(rows):
        rows = _doubled(rows)
    rows[count, 0] = pair
    rows[count, 1] = kind
    rows[count, 2] = start
    rows[count, 3] = length
    rows[count, 4] = other_start
    rows[count, 5] = other_length
    return rows, count + 1


@compiled
def _spans(corpus, suspicious, source, passages, case):
    """Start and length of a passage on each side, in characters."""
    start, length = _stretch(corpus, suspicious, passages.suspicious_first[case], passages.suspicious_last[case])
    other_start, other_length = _stretch(corpus, source, passages.source_first[case], passages.source_last[case])
    return start, length, other_start, other_length


@compiled
def _words(fragments, item, words, extra):
    """Words of a passage: array (words, 3) of number, start and end in the text."""
    count = 0
    for place in range(fragments.offsets[item], fragments.offsets[item + 1]):
        sentence = fragments.sentences[place]
        table = words if sentence >= 0 else extra
        sentence = sentence if sentence >= 0 else -1 - sentence
        count += table.offsets[sentence + 1] - table.offsets[sentence]
    passage_words = np.empty((count, 3), np.int32)
    count = 0
    for place in range(fragments.offsets[item], fragments.offsets[item + 1]):
        sentence = fragments.sentences[place]
        table = words if sentence >= 0 else extra
        sentence = sentence if sentence >= 0 else -1 - sentence
        for word in range(table.offsets[sentence], table.offsets[sentence + 1]):
            passage_words[count, 0] = table.numbers[word]
            passage_words[count, 1] = table.starts[word]
            passage_words[count, 2] = table.ends[word]
            count += 1
    return passage_words


@compiled
def _verbatim_runs(suspicious, source, last_place, length):
    """Copied runs of words with more than `length` suspicious characters, by their suspicious end (verbatim step).

    Goes through the suspicious words and keeps only the source places where a run continues: time and memory grow with
    the matching words, never with words times words. Returns rows of spans (suspicious start and length, source start
    and length), without those whose source range is part of another run's; of a passage copied twice both copies are
    dropped.
    """
    runs = np.empty((4, 4), np.int64)
    count = 0
    # The places of a word in the source are a chain: from the last one to the one before it.
    before = np.empty(len(source), np.int64)
    for place in range(len(source)):
        before[place] = last_place[source[place, 0]]
        last_place[source[place, 0]] = place
    # For the present and the previous suspicious word: its source places, descending, and the number of words of the
    # run that ends there; 0 elsewhere.
    places = np.empty((2, len(source)), np.int64)
    lengths = np.zeros((2, len(source) + 1), np.int64)
    filled = np.zeros(2, np.int64)
    for number in range(len(suspicious) + 1):
        now, then = number % 2, 1 - number % 2
        # After the last word nothing matches, which ends the runs that reach it.
        place = last_place[suspicious[number, 0]] if number < len(suspicious) else np.int64(-1)
        matches = 0
        while place >= 0:
            places[now, matches] = place
            lengths[now, place] = 1 + (lengths[then, place - 1] if place else 0)
            matches += 1
            place = before[place]
        # Runs that end here, by their source place; a run at the end of the source was appended with its last word.
        for entry in range(filled[then] - 1, -1, -1):
            other = places[then, entry]
            if other + 1 < len(source) and not lengths[now, other + 1]:
                runs, count = _append_run(
                    suspicious, source, number - 1, other, lengths[then, other], length, runs, count
                )
        if matches and places[now, 0] == len(source) - 1:
            other = len(source) - 1
            runs, count = _append_run(suspicious, source, number, other, lengths[now, other], length, runs, count)
        for entry in range(filled[then]):
            lengths[then, places[then, entry]] = 0
        filled[now] = matches
    for place in range(len(source)):
        last_place[source[place, 0]] = -1
    return _without_inner(runs[:count])


@compiled
def _append_run(suspicious, source, end, source_end, words, length, runs, count):
    """Append a run of so many words where it is long enough; returns the table and the number of its rows."""
    start = suspicious[end - words + 1, 1]
    if suspicious[end, 2] - start > length:
        if count == len(runs):
            runs = _doubled(runs)
        source_start = source[source_end - words + 1, 1]
        runs[count, 0] = start
        runs[count, 1] = suspicious[end, 2] - start
        runs[count, 2] = source_start
        runs[count, 3] = source[source_end, 2] - source_start
        count += 1
    return runs, count


@compiled
def _without_inner(runs):
    """Runs whose source range is not part of another run's, in the given order.

    Sorted by start, the longest first: a range is part of another exactly where one before it reaches as far as it
    does, or where the next one is the same range.
    """
    keys = np.empty(len(runs), np.int64)
    ends = np.empty(len(runs), np.int64)
    for run in range(len(runs)):
        ends[run] = runs[run, 2] + runs[run, 3]
        keys[run] = (runs[run, 2] << 32) - ends[run]
    order = _order(keys)
    keeps = np.ones(len(runs), np.bool_)
    reach = -1
    for place in range(len(order)):
        run = order[place]
        is_twice = place + 1 < len(order) and keys[order[place + 1]] == keys[run]
        if is_twice or ends[run] <= reach:
            keeps[run] = False
        reach = max(reach, ends[run])
    count = 0
    for run in range(len(runs)):
        if keeps[run]:
            for column in range(4):
                runs[count, column] = runs[run, column]
            count += 1
    return runs[:count]
