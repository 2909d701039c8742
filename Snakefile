"""How much of its fine-tuning data does a language model give back?

    snakemake --cores 2                                      the embedded demonstration (config.yaml)
    snakemake --cores 2 --configfile configs/real-data.yaml  your own files
    snakemake --cores 2 NAME                                 one study, or a name of `targets`
    snakemake --cores 2 audit --configfile configs/audit.yaml  may your model be shipped? exit code 0, 1 or 3
    snakemake --cores 1 plan                                 an estimate for all of it: runs, hours, disk
    snakemake --workflow-profile workflow/profiles/slurm     on a Slurm cluster

Every coordinate that varies is part of a result's path, so that one path is one run:

    results/
      datasets/{dataset}.parquet                                            id, split, instruction, input, target
      models/{model}/                                                       base model
      probes/dataset=/tokenizer=/population=/prefix_tokens=/                prefixes, suffixes and their tokens
          side=/                                                            what is searched for: its sentence model and index
              personal_data.parquet                                         where it stands there and in prefixes
          prompting=/prompts.parquet                                        what models are asked, other than prefixes
          recall/tokens=/n=/seed=/profile=/recall.parquet                   what is found of disguised suffixes
      checkpoints/model=/recipe=/seed=/dataset=/epoch-N/                    fine-tuned checkpoints
      fine_tuned/model=/state=/                                             what others fine-tuned
      classifiers/{classifier}/                                             judges of sentence pairs, taggers
      pairs/{classifier}.parquet                                            training pairs of a classifier
      runs/model=/state=/epoch=/seed=/dataset=/population=/prefix_tokens=/decoding=/prompting=/
          generations -> personal_data                                      .parquet
          side=/  candidates                                                .parquet
              profile=/  matches -> paraphrases, entities                   .parquet
                  -> outcomes -> rates, definitions -> definition_rates     .parquet
                  positive_controls -> rates                                .parquet
                  all_pairs={n}                                             .parquet
      attention/model=/state=/epoch=/seed=/dataset=/population=/
          maps, density -> density_means                                    .parquet
      quality/model=/state=/epoch=/seed=/dataset=/decoding=/                answers to test rows -> their quality    .parquet
      likelihoods/model=/state=/epoch=/seed=/dataset=/population=/prefix_tokens=/
          likelihoods -> extraction                                         .parquet
      membership/model=/state=/epoch=/seed=/dataset=/                       population=/scores (of rows) -> attacks        .parquet
      canaries/model=/state=/epoch=/seed=/dataset=/canaries.parquet         what is known of planted secrets
      audit/{study}/verdict.{json,md,xml}                                   may a model be shipped?
      comparisons/{study}.parquet                                           with the base model, with controls
      means/{study}.parquet                                                 rates over several trainings
      sparse_coding/{study}.parquet                                         fits of the sparse coding model of Section 6.1
      tables/{study}.{parquet,csv,md,tex,html,json}                         the study's table
      tables/{study}-definitions.{parquet,csv,md,tex,html,json}             the same by other definitions
      tables/{study}-search.{parquet,csv,md,tex,html,json}                  what the search for candidates misses
      tables/{study}-published.{parquet,csv,md,tex,html,json}               the same beside published numbers
      tables/{study}-correlation.{parquet,csv,md,tex,html,json}             density of attention against memorization
      figures/{study}.{svg,png}                                             the study's figure
      report/index.html                                                     all of it on one page
      */SHA256SUMS, {tables,figures}/*.sha256                               checksums; a Parquet file contains its own
"""

import atexit
import gc
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import is_flagged
from snakemake.logging import logger
from snakemake.persistence import PersistenceBase
from snakemake.script import PythonScript
from snakemake.utils import min_version

min_version("9.0")

# What is loaded by now stays: to look for garbage in it again and again would take a tenth of a start.
gc.freeze()
gc.set_threshold(100_000)
sys.path.insert(0, workflow.basedir)

# Not in one line with `configfile` first: Snakemake takes such a line for one of its own.
from memorization import cards, configfile, costs, display, endpoints, freshness
from memorization import imports, launch, local_files, memory, plan, preflight
from memorization import terminal, unmade
from memorization.errors import UserError
from memorization.studies import kinds

# No parameter is a data frame, which Snakemake would import pandas to find out; and no script is a notebook.
PersistenceBase._serialize_param_pandas = PersistenceBase._serialize_param_builtin
imports.when_used("nbformat")

if workflow.is_main_process:
    launch.end_on_signals(jobs_here=True)
# A terminal's Ctrl-C reaches all processes in it. The main process ends the others, in order.
shell.prefix("set -euo pipefail; trap '' INT; ")

try:
    CONFIG = None if workflow.is_main_process else launch.configuration_of_run()
    if CONFIG is None:
        # Read here rather than by `configfile:`, so that a message can name the file that contains a wrong key.
        CONFIG = configfile.load(
            [
                Path(workflow.basedir, "config.yaml"),
                *map(Path, workflow.overwrite_configfiles),
            ],
            workflow.config_settings.config,
        )
    local_files.check_inputs(CONFIG)
    local_files.check_engines(CONFIG)
    if workflow.is_main_process:
        preflight.check(CONFIG)
        launch.check_writable(Path(CONFIG.results))
except UserError as error:
    terminal.refuse(logger, error)


if workflow.is_main_process:
    logger.addFilter(
        terminal.Messages(
            lambda: workflow.dag,
            workflow.output_settings,
            Path(CONFIG.results),
            unmade.missing(Path(CONFIG.results)),
        )
    )
    display.attach(
        logger, workflow.output_settings, lambda: workflow.dag, Path(CONFIG.results)
    )

RESULTS = CONFIG.results
freshness.recall(Path(RESULTS, freshness.PLACE))
LEFT_OUT = local_files.left_out(CONFIG)
if workflow.is_main_process:
    for reason in LEFT_OUT.values():
        launch.print_text(f"Note: {reason}")
# Scripts read these, but they are no parameters: they change no fp32 result (a dataset's segmentation: no row of it),
# so a change makes nothing stale.
config["generation_batch_size"] = CONFIG.compute.generation_batch_size
config["likelihood_batch_size"] = CONFIG.compute.batch_size
config["paraphrase_batch_size"] = CONFIG.detection.paraphrase.batch_size
config["entities_batch_size"] = CONFIG.detection.entities.batch_size
config["python"] = sys.version
config["results"] = RESULTS
config["endpoints"] = endpoints.settings(CONFIG)
config["scripts"] = {}
config["segmentation"] = {
    name: dataset.segmentation for name, dataset in CONFIG.datasets.items()
}
config["jobs_per_gpu"] = CONFIG.compute.jobs_per_gpu
config["state_minutes"] = CONFIG.compute.state_minutes
config["gradient_checkpointing"] = [
    name for name, model in CONFIG.models.items() if model.gradient_checkpointing
]
# `--jobs` without `--cores`: jobs go to a cluster, whose queue has the cards.
ON_CLUSTER = workflow.is_main_process and workflow.nodes is not None
# What a job that runs a model asks for, and the cards of this machine. They share out cards, and are no parameters.
GPU, CARDS = cards.wanted(CONFIG.compute.device, ON_CLUSTER)
if CARDS and workflow.is_main_process and "gpu" not in workflow.global_resources:
    workflow.register_resource("gpu", len(CARDS) * CONFIG.compute.jobs_per_gpu)
if plan.endpoint_states(CONFIG) and "asking" not in workflow.global_resources:
    # One job at a time, so that limits of requests hold for all of them.
    workflow.register_resource("asking", 1)
ROOT = Path(workflow.basedir)


wildcard_constraints:
    dataset="[^/]+",
    model="[^/]+",
    classifier="[^/]+",
    state="[^/]+",
    recipe="[^/]+",
    epoch=r"\d+",
    seed=r"\d+",
    population="member|control",
    prefix_tokens=r"\d+",
    decoding="[^/]+",
    prompting="[^/]+",
    side="input|target|both",
    profile="[^/]+",
    tokens=r"\d+",
    n=r"\d+",
    all_pairs=r"\d+",
    # Exactly these names, because `{study}-definitions` is a table too.
    study="|".join(map(re.escape, CONFIG.studies)),


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/generation.smk"
include: "workflow/rules/detection.smk"
include: "workflow/rules/rates.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/page.smk"


rule all:
    default_target: True
    input:
        [
            at(file)
            for study in CONFIG.studies
            if study not in LEFT_OUT
            for file in CONFIG.studies[study].products(study)
        ],
        rules.report_page.output,


for target, studies in local_files.targets(CONFIG).items():
    if rules.has(target):
        raise WorkflowError(
            f"{'targets' if target in CONFIG.targets else 'studies'}.{target}: the workflow has a rule of this name; "
            "choose another."
        )

    rule:
        name:
            target
        input:
            [
                at(file)
                for study in studies
                for file in CONFIG.studies[study].products(study)
            ],


if workflow.is_main_process:
    # Digests are computed with the graph, behind all that is here.
    atexit.register(freshness.remember, Path(RESULTS, freshness.PLACE))


onstart:
    if workflow.is_main_process:
        freshness.remember(Path(RESULTS, freshness.PLACE))
        on_cards = [
            (job.rule.name, job.wildcards)
            for job in workflow.dag.needrun_jobs()
            if job.resources.get("gpu")
        ]
        try:
            launch.begin(CONFIG, workflow.local_exec, PythonScript)
            launch.forget_verdicts(workflow.dag.needrun_jobs())
            unmade.note(
                Path(RESULTS),
                [
                    str(file)
                    for job in workflow.dag.needrun_jobs()
                    for file in job.output
                    if not is_flagged(file, "temp")
                ],
            )
            memory.check(CONFIG, None if ON_CLUSTER else CARDS, on_cards)
            endpoints.check(
                CONFIG,
                [
                    job.wildcards
                    for job in workflow.dag.needrun_jobs()
                    if job.resources.get("asking")
                ],
            )
        except UserError as error:
            raise WorkflowError(str(error)) from None


onsuccess:
    if workflow.is_main_process:
        unmade.forget(Path(RESULTS))
        # An estimate has no results.
        if any(job.rule.name != "plan" for job in workflow.dag.jobs):
            launch.print_text(launch.summary(CONFIG))
        # The last line of all, and the exit code.
        if any(job.rule.name == launch.AUDIT for job in workflow.dag.jobs):
            try:
                launch.end_with_verdicts(Path(RESULTS), local_files.audits(CONFIG))
            except UserError as error:
                raise WorkflowError(str(error)) from None


onerror:
    if workflow.is_main_process:
        unmade.forget(Path(RESULTS))
        launch.print_text(launch.failures(Path(RESULTS)))
