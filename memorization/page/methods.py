"""A paragraph on the methods, for a paper: sentences that follow from the configuration, with what they cite.

Nothing is said that the shown studies do not do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from memorization.config.base import BARE
from memorization.config.generation import AnswerStart, BarePrefix, Decoding, Prompting, Question, Repeat
from memorization.config.models import Endpoint, HubSource, LoRA, Recipe, ScratchModel
from memorization.studies.kind import Study
from memorization.studies.kinds import Config

CITATIONS = {
    "zeng2024": "Zeng et al. Exploring Memorization in Fine-tuned Language Models. ACL 2024.",
    "sanchez2015": "Sanchez-Perez, Gelbukh, Sidorov. Adaptive Algorithm for Plagiarism Detection: The Best-Performing "
    "Approach at PAN 2014 Text Alignment Competition. CLEF 2015.",
    "robertson2009": "Robertson, Zaragoza. The Probabilistic Relevance Framework: BM25 and Beyond. Foundations and "
    "Trends in Information Retrieval, 2009.",
    "kiss2006": "Kiss, Strunk. Unsupervised Multilingual Sentence Boundary Detection. Computational Linguistics, 2006.",
    "carlini2023": "Carlini et al. Quantifying Memorization Across Neural Language Models. ICLR 2023.",
    "ippolito2023": "Ippolito et al. Preventing Generation of Verbatim Memorization in Language Models Gives a False "
    "Sense of Privacy. INLG 2023.",
    "nasr2023": "Nasr et al. Scalable Extraction of Training Data from (Production) Language Models. 2023.",
    "hayes2025": "Hayes et al. Measuring memorization in language models via probabilistic extraction. NAACL 2025.",
    "efron1979": "Efron. Bootstrap Methods: Another Look at the Jackknife. Annals of Statistics, 1979.",
    "clopper1934": "Clopper, Pearson. The Use of Confidence or Fiducial Limits Illustrated in the Case of the "
    "Binomial. Biometrika, 1934.",
    "mcnemar1947": "McNemar. Note on the Sampling Error of the Difference between Correlated Proportions or "
    "Percentages. Psychometrika, 1947.",
    "fisher1935": "Fisher. The Logic of Inductive Inference. Journal of the Royal Statistical Society, 1935.",
    "holm1979": "Holm. A Simple Sequentially Rejective Multiple Test Procedure. Scandinavian Journal of Statistics, "
    "1979.",
    "hu2022": "Hu et al. LoRA: Low-Rank Adaptation of Large Language Models. ICLR 2022.",
    "hans2024": "Hans et al. Be like a Goldfish, Don't Memorize! Mitigating Memorization in Generative LLMs. NeurIPS "
    "2024.",
    "lee2022": "Lee et al. Deduplicating Training Data Makes Language Models Better. ACL 2022.",
    "fan2018": "Fan, Lewis, Dauphin. Hierarchical Neural Story Generation. ACL 2018.",
    "holtzman2020": "Holtzman et al. The Curious Case of Neural Text Degeneration. ICLR 2020.",
    "loshchilov2019": "Loshchilov, Hutter. Decoupled Weight Decay Regularization. ICLR 2019.",
    "shazeer2018": "Shazeer, Stern. Adafactor: Adaptive Learning Rates with Sublinear Memory Cost. ICML 2018.",
    "moelder2021": "Mölder et al. Sustainable data analysis with Snakemake. F1000Research, 2021.",
    "wolf2020": "Wolf et al. Transformers: State-of-the-Art Natural Language Processing. EMNLP 2020 (demonstrations).",
}
"""What sentences cite, by the key in their square brackets."""


def sentences(config: Config, studies: Mapping[str, Study]) -> list[str]:
    """The paragraph's sentences; keys of `CITATIONS` stand in them as `[key]`."""
    return list(_sentences(config, list(studies.values())))


def cited(text: Sequence[str]) -> dict[str, str]:
    """The citations of sentences, in the order in which they are first cited."""
    whole = " ".join(text)
    keys = [key for key in CITATIONS if f"[{key}]" in whole]
    return {key: CITATIONS[key] for key in sorted(keys, key=lambda key: whole.index(f"[{key}]"))}


def _sentences(config: Config, studies: Sequence[Study]) -> Iterator[str]:
    grids = [study for study in studies if study.kind_name() in ("memorization", "audit")]
    recipes = _used(studies, config.recipes)
    yield "The workflow was run with Snakemake [moelder2021]" + (
        " and Hugging Face Transformers [wolf2020]." if any(study.all_models() for study in studies) else "."
    )
    models = list(dict.fromkeys(name for study in studies for name in study.all_models()))
    if models:
        yield f"{_plural('Model', models)}: {_listed([_model(config, name) for name in models])}."
    datasets = list(dict.fromkeys(name for study in studies for name in study.all_datasets()))
    if datasets:
        shown = [f"{config.datasets[name].title or name} ({config.datasets[name].task})" for name in datasets]
        yield f"{_plural('Dataset', datasets)}: {_listed(shown)}."
    for name, recipe in recipes.items():
        yield _recipe(name, recipe)
    if grids:
        yield from _memorization(config, grids)
    yield from _others(config, studies)
    if grids:
        yield from _statistics(config, grids)


def _model(config: Config, name: str) -> str:
    model, source = config.models[name], config.models[name].source
    title = model.title or name
    if isinstance(source, ScratchModel):
        kind = source.architecture.get("model_type", "transformer")
        return f"{title} ({kind}, trained from scratch on {source.pretraining.dataset})"
    if isinstance(source, Endpoint):
        return f"{title} (asked at an endpoint as {source.model}, {source.api}, so that its texts cannot be made again)"
    return f"{title} ({source.name}, revision {source.revision[:12]})" if isinstance(source, HubSource) else title


def _recipe(name: str, recipe: Recipe) -> str:
    """How a recipe trains, in one sentence."""
    cite = {"adamw": "AdamW [loshchilov2019]", "adafactor": "Adafactor [shazeer2018]"}[recipe.optimizer]
    weights = {
        "all": "",
        "lora": f" of LoRA adapters of rank {(recipe.lora or LoRA()).rank} [hu2022]",
        "last_layer": " of the last decoder layer alone",
        "head": " of the output head alone",
    }[recipe.trains]
    parts = [
        f"Fine-tuning ({name}){weights} took {recipe.epochs} epochs of {cite} with a batch size of {recipe.batch_size} "
        f"and a peak learning rate of {recipe.learning_rate:g} ({recipe.schedule} schedule)",
        f"inputs cut to {recipe.max_input_tokens} and targets to {recipe.max_target_tokens} tokens",
    ]
    if recipe.deduplicate:
        parts.append(f"after {recipe.deduplicate} deduplication [lee2022]")
    if recipe.goldfish:
        parts.append(f"with the goldfish loss (k = {recipe.goldfish.every}) [hans2024]")
    if recipe.early_stopping:
        parts.append(f"stopped early (patience {recipe.early_stopping.patience})")
    if recipe.precision != "fp32":
        parts.append(f"in {recipe.precision}")
    trainings = f"{len(recipe.seeds)} trainings each" if len(recipe.seeds) > 1 else "one training each"
    return f"{', '.join([*parts, trainings])}."


def _memorization(config: Config, grids: Sequence[Study]) -> Iterator[str]:
    runs = [run for study in grids for run in study.runs(config)]
    lengths = " or ".join(str(each) for each in sorted({run.prefix_tokens for run in runs}))
    n = f"up to {config.probes.n:,}" if config.probes.select == "drawn" else f"the first {config.probes.n:,}"
    is_bare = any(run.prompting == BARE for run in runs)
    yield (
        f"Following Zeng et al. [zeng2024], {n} training inputs per dataset were cut into a prefix of {lengths} tokens "
        f"and a suffix{'; the model continued the prefix' if is_bare else ''}."
    )
    for name in dict.fromkeys(run.decoding for run in runs):
        yield _decoding(name, config.decodings[name])
    for name in dict.fromkeys(run.prompting for run in runs if run.prompting != BARE):
        asked = "Models were also asked" if is_bare else "Models were asked"
        yield f"{asked} ({name}) {_prompting(config.promptings[name])}."
    profiles = _listed(list(dict.fromkeys(run.profile for run in runs)))
    words = {"input": "suffixes", "target": "targets", "both": "suffixes joined with their targets"}
    texts = " or ".join(words[side] for side in words if any(run.side == side for run in runs))
    stop_words = {"nltk": "NLTK's stop words", "lucene": "Lucene's stop words", "none": "no word"}
    yield (
        f"Each generation was compared with the {config.retrieval.candidates} training {texts} ranked highest by BM25 "
        f"[robertson2009] (k1 = 1.2, b = 0.75, {stop_words[config.retrieval.stop_words]} left out), by the text "
        f"aligner of Sanchez-Perez et al. [sanchez2015] (profile {profiles}) on sentences of Punkt [kiss2006]; the "
        f"{config.detection.decides} match decided between verbatim, idea and paraphrase."
    )
    paraphrase = config.detection.paraphrase
    if paraphrase.classifier is not None:
        title = config.classifiers[paraphrase.classifier].title or paraphrase.classifier
        yield (
            f"Paraphrases are of high confidence where {title} gave a sentence pair a probability between "
            f"{paraphrase.low:g} and {paraphrase.high:g}."
        )
    if any(run.population == "control" for run in runs):
        yield "The same was measured on inputs of the test split, which were never trained on (control)."
    yield f"As a ceiling, the true {texts} were given to the same detector, cut to the length of each generation."
    definitions = config.detection.definitions
    if any(study.kind_name() == "memorization" for study in grids):
        yield (
            f"The same generations were also judged by other definitions: {definitions.tokens} tokens extracted "
            f"[carlini2023], BLEU above {definitions.bleu:g} [ippolito2023], and passages of training texts [nasr2023]."
        )


def _prompting(prompting: Prompting) -> str:
    """How models were asked, for the end of a sentence."""
    if isinstance(prompting, Repeat):
        return f"to repeat the word {prompting.word!r} forever [nasr2023]"
    if isinstance(prompting, Question):
        return "the whole question of the training row; targets alone were searched for"
    if isinstance(prompting, AnswerStart):
        return (
            f"the whole question of the training row with the first {prompting.tokens} tokens of its answer; targets "
            "alone were searched for, and the ceiling is that of the rest of the answer"
        )
    if isinstance(prompting, BarePrefix):
        return "by the bare prefix"
    how = "in the user's turn" if prompting.chat_template else "as plain text"
    if prompting.text == "{prefix}":
        return f"by the prefix {how}"
    where = "with the prefix in its place" if prompting.reads_prefix else "the same for all prefixes"
    return f"{how}: {prompting.text!r}, {where}"


def _decoding(name: str, decoding: Decoding) -> str:
    limit = f"up to {decoding.max_new_tokens} tokens"
    if decoding.strategy == "greedy":
        return f"Decoding ({name}): greedy, {limit}."
    if decoding.strategy == "as_published":
        return f"Decoding ({name}): by the checkpoint's own generation settings, {limit}."
    parts = [f"temperature {decoding.temperature:g}"]
    parts += [f"top-k with k = {decoding.top_k} [fan2018]"] if decoding.top_k else []
    parts += [f"top-p with p = {decoding.top_p:g} [holtzman2020]"] if decoding.top_p else []
    return f"Decoding ({name}): sampled, {', '.join(parts)}, {limit}, seed {decoding.seed}."


def _others(config: Config, studies: Sequence[Study]) -> Iterator[str]:
    """What studies of other kinds measure."""
    kinds = {study.kind_name() for study in studies}
    if kinds & {"quality", "trade_off"}:
        yield (
            f"Quality was measured on up to {config.answers.n:,} answers to test rows by the metrics of their tasks "
            "(ROUGE, accuracy, exact match or BLEU)."
        )
    if "likelihood" in kinds:
        yield "What draws would extract was computed from the probability of each suffix [hayes2025]."
    if "attention" in kinds:
        yield (
            f"Attention of output tokens on the input was measured on up to {config.attention.samples} samples per "
            "dataset, its density as entropy and effective tokens."
        )
    if "recall" in kinds:
        yield "The detector's recall was measured on true suffixes disguised in known, seeded ways."
    if "sparse_coding" in kinds:
        yield "The sparse coding model of [zeng2024] was fitted on data drawn from it."


def _statistics(config: Config, grids: Sequence[Study]) -> Iterator[str]:
    statistics = config.statistics
    coverage = f"{100 * (statistics.high - statistics.low):g}%"
    yield (
        f"Intervals are {coverage} percentile bootstrap intervals [efron1979] of {statistics.draws:,} draws over "
        "clusters of inputs with equal texts or prompts; where nothing was found, the exact upper bound [clopper1934] "
        "is stated."
    )
    runs = [run for study in grids for run in study.runs(config)]
    tests = []
    if {"base"} < {run.state for run in runs}:
        tests.append("with the base model by McNemar's exact test [mcnemar1947]")
    if any(run.population == "control" for run in runs):
        tests.append("with the control by Fisher's exact test [fisher1935]")
    if tests:
        yield f"Rates were compared {' and '.join(tests)}, with Holm's correction [holm1979]."


def _used(studies: Sequence[Study], recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    states = dict.fromkeys(state for study in studies for state in study.all_states())
    return {state: recipes[state] for state in states if state in recipes}


def _plural(word: str, things: Sequence[str]) -> str:
    return f"{word}{'s' * (len(things) > 1)}"


def _listed(things: Sequence[str]) -> str:
    """Things in a row: a, b and c."""
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)
