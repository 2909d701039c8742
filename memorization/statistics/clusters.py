"""Clusters: probes that are no independent observations, and so are resampled, tested and bounded together.

Several questions about one passage are probes with one input text. Conversations that begin with one system prompt are
probes with one prefix, which a model is asked with: under greedy decoding it writes one text for all of them, and drawn
texts are draws for one prompt still. Where every probe has a text and a prefix of its own, each is a cluster.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

from memorization import storage
from memorization.schemas.probes import ProbesTable


def clusters_of(*labels: Sequence[Hashable]) -> list[int]:
    """Numbers (n,) of the clusters of n probes, in the order of their first probes.

    Two probes are in one cluster where they have the same value in one of the sequences (n,) of labels, or are linked
    by others that do. Raises ValueError where the sequences differ in length.
    """
    if len({len(values) for values in labels}) > 1:
        raise ValueError(f"labels of {[len(values) for values in labels]} probes")
    # Each probe points to an earlier one of its cluster, the first one to itself.
    earlier = list(range(len(labels[0])))

    def first(probe: int) -> int:
        while earlier[probe] != probe:
            earlier[probe] = earlier[earlier[probe]]
            probe = earlier[probe]
        return probe

    for values in labels:
        seen: dict[Hashable, int] = {}
        for probe, value in enumerate(values):
            one, other = sorted((first(seen.setdefault(value, probe)), first(probe)))
            earlier[other] = one
    numbers: dict[int, int] = {}
    return [numbers.setdefault(first(probe), len(numbers)) for probe in range(len(earlier))]


def read_clusters(probes: Path) -> dict[int, int]:
    """Clusters by the numbers of their probes, from a file of schema `probes`: by input text and by prefix."""
    table = storage.read(probes, ProbesTable, ["probe", "input_text", "prefix"])
    numbers, *labels = (column.to_pylist() for column in table.columns)
    return dict(zip(numbers, clusters_of(*labels), strict=True))
