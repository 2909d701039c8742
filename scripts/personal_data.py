"""Where personal data stands in the texts of probes and what is searched for, or in a run's generations."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.base import BARE
from memorization.detection.entities import finder
from memorization.detection.personal_data import in_generations, in_inputs, in_targets
from memorization.models.classifiers import DeferredClassifier
from memorization.schemas.personal_data import PersonalDataTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params, batch_size = snakemake.input, snakemake.params, snakemake.config["entities_batch_size"]
    tagger = None
    if params.tagger:
        tagger = DeferredClassifier(Path(inputs.tagger), params.tagger, params.device, params.threads, batch_size)
    find = finder(True, params.region, tagger and tagger.entities)
    # A run's generations are an input of one of the two rules.
    if generations := inputs.get("generations"):
        prompts = snakemake.wildcards.prompting != BARE
        table = in_generations(Path(generations), Path(inputs.probes), find, prompts)
    elif snakemake.wildcards.side == "target":
        table = in_targets(Path(inputs.probes), Path(inputs.searched), find)
    else:
        table = in_inputs(Path(inputs.searched), find)
    used = {
        "tagger": tagger.digest if tagger else None,
        "device": tagger.device_type if tagger else None,
        "threads": params.threads,
    }
    manifest = job.manifest(
        snakemake, "phonenumbers", "python-stdnum", "torch", "transformers", region=params.region, **used
    )
    storage.write_table(Path(snakemake.output[0]), PersonalDataTable, table, manifest)


job.run(main, snakemake)
