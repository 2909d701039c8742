"""The table of a sparse coding study: SQL over its fits, means over seeds, written in all formats."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.report import sparse_coding_table, tables

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    params, inputs = snakemake.params, snakemake.input
    measured = tables.query(
        Path(inputs.query), {"fits": [Path(inputs.fits)]}, solvers=list(sparse_coding_table.SOLVERS)
    )
    table = sparse_coding_table.estimates(measured.to_pylist(), snakemake.wildcards.study, params.statistics)
    manifest = job.manifest(snakemake, "duckdb", "scipy", study=params.study, statistics=params.statistics)
    output = Path(snakemake.output[0]).with_suffix("")
    sparse_coding_table.write(table, params.study, params.label, params.statistics, manifest, output)


job.run(main, snakemake)
