"""The sentence model of a dataset's suffixes, for all runs on them."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import segmentation, storage
from memorization.detection import text

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    batches = storage.stream(Path(snakemake.input[0]), ["suffix"])
    read = segmentation.reader(snakemake.params.segmentation)
    suffixes = (read(suffix) for batch in batches for suffix in batch["suffix"].to_pylist())
    model = text.sentence_model(snakemake.params.sentences, suffixes)
    output = Path(snakemake.output.model)
    storage.write_text(output, text.as_json(model))
    storage.write_sums(Path(snakemake.output.checksum), [output])


job.run(main, snakemake)
