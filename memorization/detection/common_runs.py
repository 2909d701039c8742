"""The longest run that two sequences of numbers share, compiled, in a time that grows with the length of both.

The shorter sequence becomes a suffix automaton (Blumer et al., 1985): each of its states stands for runs that end at
the same places, and all of these are longer than those of the state that its link names. The longer sequence is read
through it once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from memorization.imports import without_optional

with without_optional("numba"):
    import numba

NONE, START = -1, 0

compiled: Any = numba.njit(cache=True, nogil=True)


class Automaton(NamedTuple):
    """States of a suffix automaton, and their edges: lists that begin at `heads`; a table for those of the start."""

    lengths: np.ndarray
    """Of each state's longest run."""
    links: np.ndarray
    heads: np.ndarray
    labels: np.ndarray
    """Of each edge."""
    targets: np.ndarray
    following: np.ndarray
    table: np.ndarray
    """The start's state for each number."""


@compiled
def longest_common_run(one, other):
    """Length of the longest run that two int32 arrays of numbers from 0 up both contain."""
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    if not len(shorter):
        return 0
    automaton = _automaton(shorter)
    longest, length, state = 0, 0, START
    for number in longer:
        edge = NONE
        while state != START and edge == NONE:
            edge = _edge(automaton, state, number)
            if edge == NONE:
                state = automaton.links[state]
                length = automaton.lengths[state]
        if edge != NONE:
            state, length = automaton.targets[edge], length + 1
        elif number < len(automaton.table) and automaton.table[number] != NONE:
            state, length = automaton.table[number], 1
        longest = max(longest, length)
    return longest


@compiled
def _automaton(sequence):
    """The automaton of a sequence of at least one number."""
    most = 2 * len(sequence)
    lengths, heads, links = np.zeros(most, np.int32), np.full(most, NONE, np.int32), np.full(most, NONE, np.int32)
    labels, targets, following = np.zeros((3, 2 * most), np.int32)
    table = np.full(sequence.max() + 1, NONE, np.int32)
    automaton = Automaton(lengths, links, heads, labels, targets, following, table)
    states, edges, last = 1, 0, START
    for number in sequence:
        own, state = states, last
        states, last = states + 1, own
        lengths[own] = lengths[state] + 1
        while state != START and _edge(automaton, state, number) == NONE:
            edges = _add(automaton, edges, state, number, own)
            state = links[state]
        if state == START and table[number] == NONE:
            links[own], table[number] = START, own
            continue
        target = table[number] if state == START else targets[_edge(automaton, state, number)]
        if lengths[target] == lengths[state] + 1:
            links[own] = target
            continue
        # The target's shorter runs end at one more place now, so that they get a state of their own.
        shorter, states = states, states + 1
        lengths[shorter], links[shorter] = lengths[state] + 1, links[target]
        links[own] = links[target] = shorter
        edge = heads[target]
        while edge != NONE:
            edges = _add(automaton, edges, shorter, labels[edge], targets[edge])
            edge = following[edge]
        while state != START and targets[_edge(automaton, state, number)] == target:
            targets[_edge(automaton, state, number)] = shorter
            state = links[state]
        if state == START and table[number] == target:
            table[number] = shorter
    return automaton


@compiled
def _edge(automaton, state, number):
    """Place of a state's edge with a label, NONE where it has none."""
    edge = automaton.heads[state]
    while edge != NONE and automaton.labels[edge] != number:
        edge = automaton.following[edge]
    return edge


@compiled
def _add(automaton, edges, state, number, target):
    """Add an edge to a state; return how many edges there are now."""
    automaton.labels[edges], automaton.targets[edges] = number, target
    automaton.following[edges], automaton.heads[state] = automaton.heads[state], edges
    return edges + 1
