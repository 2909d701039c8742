"""An audit's verdict: for programs, for people, and for pipelines."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.studies.audit import judgement
from memorization.studies.audit.junit import junit
from memorization.studies.audit.words import markdown

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    output, options = snakemake.output, snakemake.params.options
    verdict = judgement.judgement(judgement.read(job.input_files(snakemake), options), options)
    storage.write_text(Path(output.json), verdict.model_dump_json(indent=2) + "\n")
    storage.write_text(Path(output.md), markdown(verdict))
    storage.write_text(Path(output.xml), junit(verdict))
    storage.write_sums(Path(output.sums), map(Path, (output.json, output.md, output.xml)))


job.run(main, snakemake)
