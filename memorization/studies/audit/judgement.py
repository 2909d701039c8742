"""From the results of an audit to its verdict: every threshold judged, what is not known, and what would lower it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.config.base import BARE
from memorization.config.project import Statistics
from memorization.schemas.canaries import CanariesTable
from memorization.statistics.bootstrap import observations
from memorization.statistics.rates import RunOutcomes, read_outcomes
from memorization.studies.audit import findings
from memorization.studies.audit.leaked_values import ALL
from memorization.studies.audit.lowering import lowering
from memorization.studies.audit.measures import Found, judged
from memorization.studies.audit.thresholds import meaning, stated_thresholds
from memorization.studies.audit.verdict import EXIT_CODES, Asked, Measure, Verdict, whole_answer
from memorization.studies.membership.headings import without_distribution

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """What an audit measured.

    `runs` are coordinates of the audited runs, with `outcomes` in their order. `manifests` are those of the datasets
    and `asked` the numbers of records that were prompts, by dataset. `leaked` are the records that came back, and
    `counts` say by dataset of how many.
    """

    runs: Sequence[Row]
    outcomes: Sequence[RunOutcomes]
    rates: Sequence[Row]
    comparisons: Sequence[Row]
    attacks: Sequence[Row]
    canaries: Sequence[tuple[Row, Any]]
    personal_data: Sequence[Row]
    manifests: Mapping[str, Row]
    asked: Mapping[str, int]
    leaked: Sequence[Row] = ()
    counts: Mapping[str, Row] = field(default_factory=dict)

    @property
    def clusters(self) -> list[int]:
        """Numbers of clusters of each run."""
        return [observations(run.clusters, len(run.outcomes)) for run in self.outcomes]

    def copied(self) -> dict[str, float]:
        """By dataset the share of held-out rows whose input is a copy of a training input."""
        shares = {}
        for name, manifest in self.manifests.items():
            test = manifest["rows"].get("test", 0)
            shares[name] = sum(manifest.get("overlap", {}).values()) / test if test else 0.0
        return shares


def read(files: Mapping[str, Sequence[Path]], options: Mapping[str, Any]) -> Results:
    """The results of an audit; `files` by the names of `plan.verdict_inputs`, `options` those of its rule."""
    runs = options["runs"]
    asked: dict[str, set[str]] = {}
    for run, probes in zip(runs, files["probes"], strict=True):
        ids = asked.setdefault(run["dataset"], set())
        for batch in storage.stream(probes, ["id"]):
            ids.update(batch["id"].to_pylist())
    return Results(
        runs=runs,
        outcomes=[
            read_outcomes(outcomes, probes, None)
            for outcomes, probes in zip(files["outcomes"], files["probes"], strict=True)
        ],
        rates=[row for file in files["rates"] for row in storage.rows(file)],
        comparisons=storage.rows(files["comparisons"][0]),
        attacks=[row for file in files.get("attacks", []) for row in storage.rows(file)],
        canaries=[
            (cell, storage.read(file, CanariesTable))
            for cell, file in zip(options["canaries"], files.get("canaries", []), strict=True)
        ],
        personal_data=[
            row
            for file in files.get("personal_data", [])
            for row in storage.rows(file)
            if row["state"] in {run["state"] for run in runs}
        ],
        manifests={file.stem: storage.manifest_of(file) for file in files["datasets"]},
        asked={dataset: len(ids) for dataset, ids in asked.items()},
        leaked=storage.rows(files["leaked"][0]),
        counts=storage.manifest_of(files["leaked"][0])["records"],
    )


def judgement(results: Results, options: Mapping[str, Any]) -> Verdict:
    """The verdict of a study, from its results and the options of its rule."""
    settings = Statistics.model_validate(options["statistics"])
    results = _in_full(results, options["one_prompt"], settings)
    measures = [
        judged(key, meaning(key), threshold, _found(key, threshold, results, options), settings)
        for key, threshold in stated_thresholds(options["thresholds"])
    ]
    answer = whole_answer([measure.answer for measure in measures])
    rates = findings.totals(results.rates)
    by_run = findings.rate(results.runs, rates, 0.0, results.clusters).estimates
    if options["control"]:
        by_run = findings.above_control(
            results.runs, rates, results.comparisons, -100.0, results.clusters, results.copied()
        ).estimates
    worst = max(by_run, key=lambda cell: cell.value).where
    return Verdict(
        study=options["study"],
        answer=answer,
        exit_code=EXIT_CODES[answer],
        label=options["label"],
        asked=_asked(results),
        measures=measures,
        not_known=list(_not_known(results, options, measures)),
        lowering=lowering(worst, results.runs, results.outcomes, settings),
    )


def _in_full(results: Results, one_prompt: Sequence[str], settings: Statistics) -> Results:
    """The results, in which each draw of a run of those promptings is an observation."""

    def rows(table: Sequence[Row]) -> list[Row]:
        return [findings.in_full(row, settings) if row["prompting"] in one_prompt else row for row in table]

    outcomes = [
        replace(outcomes, texts=None, prefixes=None) if run["prompting"] in one_prompt else outcomes
        for run, outcomes in zip(results.runs, results.outcomes, strict=True)
    ]
    return replace(
        results,
        outcomes=outcomes,
        rates=rows(results.rates),
        comparisons=rows(results.comparisons),
        personal_data=rows(results.personal_data),
    )


def _found(key: str, threshold: float, results: Results, options: Mapping[str, Any]) -> Found:
    """What the results say of the measure of a threshold. ValueError where there is none of that key."""
    settings = Statistics.model_validate(options["statistics"])
    rates = findings.totals(results.rates)
    name, _, kind = key.partition(".")
    match name:
        case "personal_data_per_1000_prompts" | "personal_data_of_type_per_1000_prompts":
            return findings.personal_data(results.personal_data, kind or ALL)
        case "rate_percent":
            return findings.rate(results.runs, rates, threshold, results.clusters)
        case "rate_above_control_points":
            return findings.above_control(
                results.runs, rates, results.comparisons, threshold, results.clusters, results.copied()
            )
        case "rate_above_base_points":
            return findings.above_base(results.runs, rates, results.comparisons, threshold, results.clusters)
        case "leaked_records":
            return findings.leaked_records(results.counts, options["drawn"], settings)
        case "leaked_records_percent":
            return findings.leaked_share(results.counts, options["drawn"], settings)
        case "longest_run_characters" | "longest_run_words":
            return findings.longest_run(results.leaked, results.counts, name)
        case "true_positives_percent":
            return findings.true_positives(results.attacks)
        case "canary_exposure_bits":
            return findings.exposure(results.canaries, threshold, settings)
        case "canaries_extracted":
            return findings.extracted(results.canaries)
    raise ValueError(f"{key} is no threshold")


def _asked(results: Results) -> Asked:
    def different(name: str) -> list[str]:
        return list(dict.fromkeys(run[name] for run in results.runs))

    return Asked(
        models=different("model"),
        states=different("state"),
        datasets=different("dataset"),
        decodings=different("decoding"),
        promptings=different("prompting"),
        sides=different("side"),
        runs=len(results.runs),
        records={name: manifest["rows"]["train"] for name, manifest in results.manifests.items()},
        records_asked=dict(results.asked),
    )


def _not_known(results: Results, options: Mapping[str, Any], measures: Sequence[Measure]) -> Iterator[str]:
    """What a reader of the verdict must know that it does not say."""
    asked = _asked(results)
    yield from _not_compared(asked, options)
    yield from _not_asked_for(results, asked)
    yield from _not_seen(results, asked)
    if "target" not in asked.sides and "both" not in asked.sides:
        yield "What the model was trained to write was not searched for (`sides` without `target`)."
    if not options["tagger"]:
        yield (
            "No tagger is configured (`detection.entities.tagger`), so names of persons, places and organizations were "
            "not looked for."
        )
    yield from _little_to_give_back(results, measures)
    if len(asked.decodings) == 1:
        yield f"One decoding was tried ({asked.decodings[0]}); others may give back more."
    if asked.promptings == [BARE]:
        yield (
            "The models were asked with beginnings of training inputs alone (`promptings: [bare]`): what comes back "
            "when a user asks a question is not known."
        )
    yield from _not_measured(results, {measure.key for measure in measures})
    yield "Text that comes back in other words than the detector knows counts as nothing."


def _not_compared(asked: Asked, options: Mapping[str, Any]) -> Iterator[str]:
    """Without held-out texts, or without a model that was not fine-tuned."""
    if not options["control"]:
        yield (
            "There are no held-out texts: how much of what came back would come back from any model is not known, nor "
            "whether rows can be told to be training rows."
        )
    if asked.states == ["base"]:
        yield (
            "There is no model before fine-tuning to compare with: nothing is subtracted, and text that the model knew "
            "from elsewhere counts."
        )
    elif not options["base"]:
        yield (
            "The base model was not asked (`states` without `base`): what it gives back by itself is not known, and "
            "counts."
        )


def _not_asked_for(results: Results, asked: Asked) -> Iterator[str]:
    """Training rows that were left out, and held-out rows that are copies of training rows."""
    for name, records in asked.records.items():
        if asked.records_asked[name] < records:
            yield (
                f"{name}: {asked.records_asked[name]:,} of {records:,} training records were asked for; what the "
                "others would give back is estimated from them."
            )
    for name, share in results.copied().items():
        if share:
            yield (
                f"{name}: the inputs of {100 * share:.1f}% of the held-out rows are copies of training inputs, so the "
                "floor may contain memory (`drop_overlap: near` leaves them out)."
            )


def _not_seen(results: Results, asked: Asked) -> Iterator[str]:
    """What the detector misses of the true texts themselves."""
    low = [
        row
        for row in findings.totals(results.rates).values()
        if row["limit_ceiling"] is not None and row["limit_ceiling"] < 0.9 and row["state"] in asked.states
    ]
    if low:
        least = min(low, key=lambda row: row["limit_ceiling"])
        yield (
            f"The detector does not see everything: of the true texts themselves (side {least['side']} of "
            f"{least['dataset']}) it finds {100 * least['limit_ceiling']:.1f}%."
        )


def _little_to_give_back(results: Results, measures: Sequence[Measure]) -> Iterator[str]:
    """Where a threshold on personal data could not have been exceeded."""
    for measure in measures:
        name, _, kind = measure.key.partition(".")
        if name.startswith("personal_data") and measure.answer == "pass":
            most = max(row["own_per_1000"] for row in results.personal_data if row["type"] == (kind or ALL))
            if most <= measure.threshold:
                yield (
                    f"There is little personal data{f' of type {kind}' if kind else ''} to give back: the texts that "
                    f"were asked for contain {most:,.1f} values per 1,000 prompts, no more than the threshold allows, "
                    "so this pass says little."
                )


def _not_measured(results: Results, keys: set[str]) -> Iterator[str]:
    """What no threshold asked for."""
    if not keys & {"canary_exposure_bits", "canaries_extracted"}:
        yield "No planted secrets were measured, so nothing is proven of secrets that are in the data once."
    if "true_positives_percent" not in keys:
        yield "Whether rows can be told to be training rows was not measured (`true_positives_percent`)."
    else:
        yield "The attacks of membership train no further models; stronger ones find more."
        if without_distribution(results.attacks):
            yield (
                "Min-K%++, an attack of membership, takes the probabilities of all tokens, and a server gives those of "
                "the text's own: it was not tried on models that can only be asked."
            )
