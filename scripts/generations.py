"""f(p) for every probe, or for those of one shard."""

from pathlib import Path

import job
import pyarrow as pa
from snakemake.script import Snakemake

from memorization import storage
from memorization.config.base import BARE
from memorization.config.generation import Decoding
from memorization.models import engine, generation, loading, torch_setup
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.prompts import PromptsTable

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    bare = snakemake.wildcards.prompting == BARE
    columns = ["probe", "prefix"] if bare else list(PromptsTable.columns())
    probes = storage.read(Path(snakemake.input.probes), ProbesTable if bare else PromptsTable, columns)
    shard = probes.slice(*snakemake.params.probes)
    # How many there are is not known before they are made.
    generations, manifest = written(snakemake, shard) if len(shard) else ([], job.manifest(snakemake))
    storage.write_table(Path(snakemake.output[0]), GenerationsTable, generation.table_of(generations), manifest)


def written(snakemake: Snakemake, probes: pa.Table) -> tuple[list[generation.Generation], dict[str, object]]:
    wildcards, params = snakemake.wildcards, snakemake.params
    decoding = Decoding.model_validate(params.decoding)
    base, checkpoints = Path(snakemake.input.model), snakemake.input.get("checkpoints")
    what = f"{wildcards.model}, {wildcards.dataset}, {wildcards.state}, {wildcards.decoding}, {wildcards.prompting}"
    if params.engines == [engine.ENDPOINT]:
        endpoint, given = engine.load_engine(engine.ENDPOINT), snakemake.config["endpoints"]
        settings, results = given[f"{wildcards.model}/{wildcards.state}"], Path(snakemake.config["results"])
        made = endpoint.generate(settings, base, probes, decoding, results, what)
        return made.generations, job.manifest(snakemake, *endpoint.PACKAGES, decoding=params.decoding, **made.stated)
    batch_size = params.batch_size or snakemake.config["generation_batch_size"]
    device = torch_setup.start(params.device, params.threads)
    loaded = loading.load_state(base, wildcards.model, checkpoints, wildcards.epoch, decoding.precision, device)
    chosen = engine.choose(params.engines, loaded[0])
    settings = generation.GenerationSettings(decoding, batch_size, chosen, params.max_input_tokens)
    stated = {"decoding": params.decoding, "engine": chosen, "batch_size": batch_size, "device": device.type}
    manifest = job.manifest(snakemake, *engine.load_engine(chosen).PACKAGES, **stated, threads=params.threads)
    return generation.generate(*loaded, probes, settings, what), manifest


job.run(main, snakemake)
