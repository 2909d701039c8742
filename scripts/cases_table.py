"""The clearest cases of a study's runs, personal data masked."""

from pathlib import Path

import job
from snakemake.script import Snakemake

from memorization import cases, storage
from memorization.config import Entities
from memorization.detection.entities import Span, finder
from memorization.models import classifiers, loading
from memorization.report import cases_table

snakemake: Snakemake


def main(snakemake: Snakemake) -> None:
    inputs, params = snakemake.input, snakemake.params
    settings = Entities.model_validate(params.entities)
    record = loading.read_record(Path(inputs.tagger)) if inputs.get("tagger") else None

    def tag(texts: list[str]) -> list[list[Span]]:
        device = loading.start_torch(params.device, params.threads)
        assert record is not None
        classifier = classifiers.load(record, str(settings.tagger), device)
        return classifiers.entities(classifier, texts, snakemake.config["entities_batch_size"])

    found = [
        case
        for run, outcomes, generations, probes in zip(
            params.runs, inputs.outcomes, inputs.generations, inputs.probes, strict=True
        )
        for case in cases.cases_of(
            run,
            storage.read(Path(outcomes), "outcomes"),
            storage.read(Path(generations), "generations", ["generation"])["generation"].to_pylist(),
            storage.read(Path(probes), "probes", ["prefix", "suffix"]),
        )
    ]
    find = finder(True, settings.region, tag if record else None) if params.study["mask"] else None
    chosen = cases.clearest(found, params.study["each"])
    cases_table.write(
        cases.table_of(chosen, snakemake.wildcards.study, params.study["context"], find),
        len(found),
        params.titles,
        params.title,
        params.label,
        "nothing" if find is None else "names and patterns" if record else "patterns",
        job.manifest(snakemake, "phonenumbers", "torch", "transformers", study=params.study, label=params.label),
        Path(snakemake.output[0]).with_suffix(""),
    )


job.run(main, snakemake)
