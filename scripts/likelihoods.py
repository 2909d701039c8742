"""The likelihood that a model writes each probe's own suffix, under every decoding of the studies."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.generation import Decoding
from memorization.models import likelihood, loading, torch_setup
from memorization.schemas.likelihoods import LikelihoodsTable
from memorization.schemas.probes import ProbesTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    wildcards, params = snakemake.wildcards, snakemake.params
    device = torch_setup.start(params.device, params.threads)
    base, checkpoints = Path(snakemake.input.model), snakemake.input.get("checkpoints")
    model, tokenizer = loading.load_state(base, wildcards.model, checkpoints, wildcards.epoch, "fp32", device)
    probes = storage.read(Path(snakemake.input.probes), ProbesTable, ["probe", "prefix", "suffix"])
    decodings = {name: Decoding.model_validate(decoding) for name, decoding in params.decodings.items()}
    batch_size = snakemake.config["likelihood_batch_size"]
    settings = likelihood.LikelihoodSettings(decodings, params.tokens, batch_size)
    what = f"{wildcards.dataset}, {wildcards.state}, likelihoods"
    likelihoods = likelihood.likelihoods(model, tokenizer, probes, settings, what)
    stated = {"decodings": params.decodings, "tokens": params.tokens, "batch_size": batch_size}
    where = {"device": device.type, "threads": params.threads}
    manifest = job.manifest(snakemake, "torch", "transformers", **stated, **where)
    storage.write_table(Path(snakemake.output[0]), LikelihoodsTable, likelihood.table_of(likelihoods), manifest)


job.run(main, snakemake)
