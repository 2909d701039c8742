"""What models are asked for probes, where it is not the bare prefix."""

from pathlib import Path

import job
from pydantic import TypeAdapter
from snakemake.script import Snakemake

from memorization.config.generation import Prompting
from memorization.promptings import write_prompts

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, wildcards, params = snakemake.input, snakemake.wildcards, snakemake.params
    prompting: Prompting = TypeAdapter(Prompting).validate_python(params.prompting)
    manifest = job.manifest(snakemake, "pyarrow", prompting=params.prompting, instructions=params.instructions)
    write_prompts(
        Path(inputs.probes),
        prompting,
        Path(snakemake.output[0]),
        manifest,
        dataset=Path(inputs.dataset) if inputs.get("dataset") else None,
        population=wildcards.population,
        instruction=params.instructions.get(wildcards.dataset),
        model=Path(inputs.model) if inputs.get("model") else None,
    )


job.run(main, snakemake)
