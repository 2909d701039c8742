"""Other definitions of memorization, for every probe."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.detection import Definitions
from memorization.detection.definitions import RunFiles, definition_batches
from memorization.probes import read_tokenizer
from memorization.schemas.definitions import DefinitionsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    tables = ("references", "generations", "outcomes", "matches", "dataset")
    batches = definition_batches(
        RunFiles(**{name: Path(inputs[name]) for name in tables}),
        read_tokenizer(Path(inputs.model)),
        snakemake.wildcards.population,
        params.max_new_tokens,
        params.with_prompt,
        Definitions.model_validate(params.definitions),
    )
    manifest = job.manifest(snakemake, "numba", "rapidfuzz", "sacrebleu", "tokenizers", definitions=params.definitions)
    storage.write_batches(Path(snakemake.output[0]), DefinitionsTable, batches, manifest)


job.run(main, snakemake)
