"""The best suffixes for each generation."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import retrieval, storage

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    generations = storage.read(Path(snakemake.input.generations), "generations", ["generation"])[
        "generation"
    ].to_pylist()
    k = snakemake.params.retrieval["candidates"]
    found = retrieval.search(Path(snakemake.input.index), generations, k)
    storage.write_table(
        Path(snakemake.output[0]),
        "candidates",
        found.rename_columns(["probe", "rank", "document", "score"]),
        job.manifest(snakemake, "tantivy", retrieval=snakemake.params.retrieval),
    )


job.run(main, snakemake)
