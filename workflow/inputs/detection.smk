"""Thresholds of the aligner, classifiers that detection uses, and what annotates matches."""


def thresholds_of(wildcards):
    """Thresholds that the configuration sets for a run's profile of the aligner; other profiles have their own."""
    collection = settings(CONFIG.detection.collection)
    return collection if wildcards.profile == "collection" else {}


def detector_of(wildcards):
    """Settings of the whole detector for a run, as `detector.Detector` has them."""
    detection = CONFIG.detection
    return {
        "thresholds": thresholds_of(wildcards),
        "retrieval": settings(CONFIG.retrieval),
        "paraphrase": settings(detection.paraphrase, "batch_size"),
        "decides": detection.decides,
        "segmentation": segmentation_of(wildcards),
    }


def classifier_folder(name):
    """The folder of a classifier that detection uses."""
    return at(plan.CLASSIFIER.format(classifier=name))


def judge_input(wildcards):
    """The judge of sentence pairs, if there is one."""
    judge = CONFIG.detection.paraphrase.classifier
    return {"classifier": classifier_folder(judge)} if judge is not None else {}


def tagger_input(wildcards):
    """The tagger of entities, if there is one."""
    tagger = CONFIG.detection.entities.tagger
    return {"tagger": classifier_folder(tagger)} if tagger is not None else {}


def annotated():
    """What annotates matches, as far as it is configured: confidence and entities."""
    entities = CONFIG.detection.entities
    configured = {
        "paraphrases": CONFIG.detection.paraphrase.classifier is not None,
        "entities": entities.tagger is not None or entities.patterns,
    }
    return [name for name, wanted in configured.items() if wanted]


def annotations(wildcards):
    """Further inputs of outcomes beside matches."""
    return {
        name: at(plan.fill(detected(f"{name}.parquet"), wildcards))
        for name in annotated()
    }
