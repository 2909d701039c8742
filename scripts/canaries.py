"""What a model in a state knows of the secrets that were planted in its dataset."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.data import CanaryRanks
from memorization.datasets.canary_key import read_key
from memorization.models import loading, torch_setup
from memorization.schemas.canaries import CanariesTable
from memorization.studies.canaries import evidence

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, cell, params = snakemake.input, snakemake.wildcards, snakemake.params
    key = read_key(Path(inputs.key), f"datasets.{cell.dataset}.canaries")
    instruction, file = params.instructions.get(cell.dataset), Path(inputs.dataset)
    canaries = evidence.all_asked(cell.dataset, params.dataset, instruction, key, file)
    device = torch_setup.start(params.device, params.threads)
    base, checkpoints = Path(inputs.model), inputs.get("checkpoints")
    model, tokenizer = loading.load_state(base, cell.model, checkpoints, cell.epoch, "fp32", device)
    ranks, batch_size = CanaryRanks.model_validate(params.ranks), snakemake.config["likelihood_batch_size"]
    settings = evidence.Settings(evidence.Limits(**params.limits), ranks, batch_size)
    table = evidence.evidence(model, tokenizer, key, canaries, settings, f"{cell.dataset}, {cell.state}, canaries")
    stated = {"dataset": params.dataset, "ranks": params.ranks, "limits": params.limits, "key": key.output.sha256}
    where = {"device": device.type, "threads": params.threads, "batch_size": batch_size}
    manifest = job.manifest(snakemake, "torch", "transformers", **stated, **where)
    storage.write_table(Path(snakemake.output[0]), CanariesTable, table, manifest)


job.run(main, snakemake)
