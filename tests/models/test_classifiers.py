"""Classifiers: which checkpoints can be used, and that results of a text depend on that text alone."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny import TEXTS, WORDS

from memorization.config.models import FolderModel
from memorization.errors import UserError
from memorization.models import classifiers, loading
from memorization.models.classifier_training import train_tokenizer

REAL_MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "initializer_range": 0.5,
}


def saved(folder: Path, head: classifiers.Head, architecture: str = "bert", **changed: Any) -> Path:
    """A random checkpoint of a few thousand parameters, as a user has it in a folder."""
    import torch
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoModelForTokenClassification

    tokenizer = train_tokenizer(TEXTS, 300, 1000)
    labels = TAGS if head == "token" else ("different", "equivalent")
    values = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "id2label": dict(enumerate(labels)),
        **({"type_vocab_size": 2} if architecture == "roberta" else {}),
        **SMALL,
        **changed,
    }
    torch.manual_seed(0)
    kind = AutoModelForTokenClassification if head == "token" else AutoModelForSequenceClassification
    kind.from_config(AutoConfig.for_model(architecture, **values)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def loaded(folder: Path, head: classifiers.Head, device: Any) -> classifiers.Classifier:
    output = folder.parent / f"record-{folder.name}"
    classifiers.prepare("mine", FolderModel(kind="folder", path=str(folder)), folder, head, output)
    return classifiers.load(loading.read_record(output), "mine", device)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, device: Any) -> classifiers.Classifier:
    return loaded(saved(tmp_path_factory.mktemp("judge") / "given", "sequence"), "sequence", device)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory, device: Any) -> classifiers.Classifier:
    return loaded(saved(tmp_path_factory.mktemp("tagger") / "given", "token"), "token", device)


def some_pairs(count: int, longest: int = 12) -> list[tuple[str, str]]:
    generator = np.random.default_rng(0)
    vocabulary = WORDS.split()
    return [
        (" ".join(generator.choice(vocabulary, first)), " ".join(generator.choice(vocabulary, second)))
        for first, second in generator.integers(1, longest, size=(count, 2))
    ]


def refusal(folder: Path, head: classifiers.Head) -> str:
    output = folder.parent / "record"
    with pytest.raises(UserError) as error:
        classifiers.prepare("mine", FolderModel(kind="folder", path=str(folder)), folder, head, output)
    assert not output.exists()
    assert str(error.value).startswith("classifiers.mine")
    return str(error.value)


def test_the_record_contains_head_and_labels(tmp_path: Path) -> None:
    folder = saved(tmp_path / "given", "token")

    classifiers.prepare("mine", FolderModel(kind="folder", path=str(folder)), folder, "token", tmp_path / "record")

    record = loading.read_record(tmp_path / "record")
    assert (record["head"], record["labels"], record["name"]) == ("token", list(TAGS), str(folder))


def test_probabilities_do_not_depend_on_batch_or_order(judge: classifiers.Classifier) -> None:
    pairs = some_pairs(30)
    expected, _ = classifiers.probabilities(judge, pairs, 1, 1)

    for batch_size in (3, 8, 17, 64):
        assert classifiers.probabilities(judge, pairs, 1, batch_size)[0].tolist() == expected.tolist()
    assert classifiers.probabilities(judge, pairs[::-1], 1, 8)[0].tolist() == expected[::-1].tolist()
    assert [classifiers.probabilities(judge, [pair], 1, 8)[0][0] for pair in pairs] == expected.tolist()
    assert len(set(expected.tolist())) > 20


def test_probabilities_are_those_of_transformers(judge: classifiers.Classifier) -> None:
    import torch

    pairs = some_pairs(5)
    values, _ = classifiers.probabilities(judge, pairs, 1, 8)

    cut = {"truncation": "longest_first", "max_length": judge.max_tokens}
    for pair, probability in zip(pairs, values, strict=True):
        with torch.inference_mode():
            logits = judge.model(**judge.tokenizer(*pair, **cut, return_tensors="pt")).logits
        assert probability == pytest.approx(float(logits.softmax(-1)[0, 1]), abs=2e-6)


def test_probabilities_of_all_labels_are_one_together(judge: classifiers.Classifier) -> None:
    pairs = some_pairs(5)

    both = [classifiers.probabilities(judge, pairs, label, 8)[0] for label in (0, 1)]

    assert np.allclose(both[0] + both[1], 1.0, atol=2e-6)


def test_pairs_that_are_too_long_are_cut_and_marked(judge: classifiers.Classifier) -> None:
    pairs = [("fox dog", "dog"), ("fox " * 60, "dog"), ("fox", "dog " * 60)]

    values, cut = classifiers.probabilities(judge, pairs, 1, 8)

    assert cut.tolist() == [False, True, True]
    # The longer text alone was cut.
    assert values[1] == classifiers.probabilities(judge, [("fox " * 36, "dog")], 1, 8)[0][0]


def test_nothing_is_judged_in_an_empty_run(judge: classifiers.Classifier) -> None:
    assert classifiers.probabilities(judge, [], 1, 8)[0].tolist() == []


@pytest.mark.parametrize(("architecture", "limit"), [("bert", 40), ("roberta", 39), ("distilbert", 40)])
def test_the_longest_input_leaves_out_positions_kept_for_padding(
    architecture: str, limit: int, tmp_path: Path, device: Any
) -> None:
    sizes: dict[str, Any] = (
        {"dim": 16, "hidden_dim": 32, "n_heads": 2, "n_layers": 1} if architecture == "distilbert" else {}
    )
    classifier = loaded(saved(tmp_path / "given", "sequence", architecture, **sizes), "sequence", device)

    assert classifier.max_tokens == limit
    classifiers.probabilities(classifier, [("fox " * 100, "dog " * 100)], 1, 8)


def test_another_head_is_refused(tmp_path: Path) -> None:
    message = refusal(saved(tmp_path / "given", "token"), "sequence")

    assert "is BertForTokenClassification; it is used as a sentence-pair classifier" in message


def test_a_tagger_needs_entity_tags(tmp_path: Path) -> None:
    folder = saved(tmp_path / "given", "token", id2label={0: "NOUN", 1: "VERB"})

    assert "its labels are NOUN, VERB; a tagger of entities has `O` and tags such as" in refusal(folder, "token")


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    folder = saved(tmp_path / "given", "sequence")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    assert "its weights are pickled" in refusal(folder, "sequence")


def test_a_foreign_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "given", "sequence", vocab_size=2000)

    assert "it is another model's tokenizer" in refusal(folder, "sequence")


def test_missing_weights_are_an_error(tmp_path: Path, device: Any) -> None:
    folder = saved(tmp_path / "given", "sequence")
    deeper = saved(tmp_path / "deeper", "sequence", num_hidden_layers=3)
    shutil.copy(deeper / "config.json", folder / "config.json")

    with pytest.raises(UserError, match=r"^classifiers.mine: .* weights are missing"):
        loaded(folder, "sequence", device)


def test_a_missing_label_is_named_with_those_that_exist() -> None:
    record = {"labels": ["different", "equivalent"]}

    classifiers.check_label(record, "mine", 1)
    with pytest.raises(UserError, match=r"given 2, and the classifier 'mine' has the labels 0 \(different\), 1 \(equi"):
        classifiers.check_label(record, "mine", 2)


def deferred(folder: Path, head: classifiers.Head, device: Any) -> classifiers.DeferredClassifier:
    output = folder.parent / f"record-{folder.name}"
    classifiers.prepare("mine", FolderModel(kind="folder", path=str(folder)), folder, head, output)
    return classifiers.DeferredClassifier(output, "mine", device.type, 1, 8)


def test_a_deferred_classifier_loads_its_checkpoint_once_and_only_when_it_is_used(
    tmp_path: Path, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "given", "sequence")
    classifier = deferred(folder, "sequence", device)
    loads: list[str] = []
    load = classifiers.load

    def counted(record: dict[str, Any], name: str, device: Any) -> classifiers.Classifier:
        loads.append(name)
        return load(record, name, device)

    monkeypatch.setattr(classifiers, "load", counted)
    judge = classifier.judge(1)
    assert (classifier.device_type, loads) == (None, [])
    pairs = some_pairs(5)
    values, cut = judge(pairs)

    expected, expected_cut = classifiers.probabilities(classifier._loaded(), pairs, 1, 8)
    assert values.tolist() == expected.tolist() == classifier.probabilities(pairs, 1)[0].tolist()
    assert cut.tolist() == expected_cut.tolist()
    assert (classifier.device_type, loads) == (device.type, ["mine"])
    assert classifier.digest == loading.read_record(tmp_path / "record-given")["digest"]


def test_a_deferred_tagger_returns_the_entities_of_the_loaded_one(tmp_path: Path, device: Any) -> None:
    folder = saved(tmp_path / "given", "token")
    texts = [" ".join(pair) for pair in some_pairs(6)]

    tagger = deferred(folder, "token", device)

    assert tagger.entities(texts) == classifiers.entities(loaded(folder, "token", device), texts, 8)
    assert tagger.device_type == device.type


def test_a_deferred_judge_of_a_missing_label_is_refused_before_anything_is_loaded(tmp_path: Path, device: Any) -> None:
    classifier = deferred(saved(tmp_path / "given", "sequence"), "sequence", device)

    with pytest.raises(UserError, match=r"given 2, and the classifier 'mine' has the labels"):
        classifier.judge(2)
    assert classifier.device_type is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dr. J. Smith's dog, in the U.S.", ["Dr", ".", "J.", "Smith's", "dog", ",", "in", "the", "U.S."]),
        ('"Really?" (yes)', ['"', "Really", "?", '"', "(", "yes", ")"]),
        ("  a\n b ", ["a", "b"]),
        ("...", [".", ".", "."]),
        ("", []),
    ],
)
def test_words_are_those_of_taggers(text: str, words: list[str]) -> None:
    assert [text[start:end] for start, end in classifiers.word_spans(text)] == words


@pytest.mark.parametrize(
    ("tags", "entities"),
    [
        ("O B-PER I-PER O", [("PER", 1, 3)]),
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("B-PER I-LOC", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("I-PER I-PER O I-PER", [("PER", 0, 2), ("PER", 3, 4)]),
        ("S-LOC B-PER E-PER E-PER", [("LOC", 0, 1), ("PER", 1, 4)]),
        ("U-LOC B-PER L-PER", [("LOC", 0, 1), ("PER", 1, 3)]),
        ("O O", []),
    ],
)
def test_tags_become_entities(tags: str, entities: list[tuple[str, int, int]]) -> None:
    assert classifiers.decode([((word, word + 1), tag) for word, tag in enumerate(tags.split())]) == entities


def test_entities_do_not_depend_on_batch_or_order(tagger: classifiers.Classifier) -> None:
    texts = [f"{first} {second}" for first, second in some_pairs(20)] + ["fox dog " * 90]
    expected = classifiers.entities(tagger, texts, 1)

    assert classifiers.entities(tagger, texts, 24) == expected
    assert classifiers.entities(tagger, texts[::-1], 8) == expected[::-1]
    assert any(expected)


def test_entities_begin_and_end_at_the_edges_of_words(tagger: classifiers.Classifier) -> None:
    text = "The quick, brown 😀 fox\u0301 jumps \x00 over"
    words = classifiers.word_spans(text)

    [spans] = classifiers.entities(tagger, [text], 8)

    assert spans
    assert {start for _, start, _ in spans} <= {start for start, _ in words}
    assert {end for _, _, end in spans} <= {end for _, end in words}


def test_long_texts_are_read_to_their_end_in_windows_that_overlap(
    tagger: classifiers.Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(WORDS.split() * 12)
    seen: list[int] = []

    def tags(classifier: Any, encodings: list[dict[str, list[int]]], batch_size: int) -> Any:
        for index, encoding in enumerate(encodings):
            seen.append(len(encoding["input_ids"]))
            # Every token begins an entity, so that each word that was read shows.
            yield index, np.eye(len(TAGS))[np.ones(len(encoding["input_ids"]), dtype=int)]

    monkeypatch.setattr(classifiers, "_logits", tags)
    [spans] = classifiers.entities(tagger, [text], 8)

    assert [(start, end) for _, start, end in spans] == classifiers.word_spans(text)
    assert max(seen) == 40
    assert sum(seen) > 1.2 * len(tagger.tokenizer(text, verbose=False)["input_ids"])


def test_an_empty_text_has_no_entities(tagger: classifiers.Classifier) -> None:
    assert classifiers.entities(tagger, ["", " \n"], 8) == [[], []]
    assert classifiers.entities(tagger, [], 8) == []


@pytest.mark.skipif(not REAL_MODELS.is_dir(), reason="no real models here")
def test_a_real_judge_distinguishes_paraphrases(tmp_path: Path, device: Any) -> None:
    folder = tmp_path / "judge"
    folder.symlink_to(REAL_MODELS / "paraphrase-minilm-mrpc")
    classifier = loaded(folder, "sequence", device)
    pairs = [
        ("The company said profits rose by 5 percent.", "Profits went up by 5 percent, the company said."),
        ("The company said profits rose by 5 percent.", "The weather in Madrid was fine on Sunday."),
    ]

    (same, other), _ = classifiers.probabilities(classifier, pairs, 1, 8)

    assert classifier.max_tokens == 512
    assert same > 0.9 > 0.1 > other


@pytest.mark.skipif(not REAL_MODELS.is_dir(), reason="no real models here")
def test_a_real_tagger_finds_names(tmp_path: Path, device: Any) -> None:
    folder = tmp_path / "tagger"
    folder.symlink_to(REAL_MODELS / "ner-minilm-conll2003")
    classifier = loaded(folder, "token", device)
    text = "Angela Merkel met Siemens in Berlin."

    [spans] = classifiers.entities(classifier, [text], 8)

    assert [(kind, text[start:end]) for kind, start, end in spans] == [
        ("PER", "Angela Merkel"),
        ("ORG", "Siemens"),
        ("LOC", "Berlin"),
    ]
