"""The page of all results."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization.page import contents, page
from memorization.page.context import PageContext

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    results, options = Path(snakemake.config["results"]), snakemake.config["options"]
    context = PageContext(results=results, options=options, **snakemake.params.values)
    sections = contents.sections(job.input_files(snakemake), context)
    page.write(Path(snakemake.output[0]), contents.TITLE, contents.summary(context), sections)


job.run(main, snakemake)
