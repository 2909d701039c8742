from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from memorization.config.base import Corpus, Section
from memorization.config.generation import Decoding
from memorization.config.models import Blocks, Recipe
from memorization.config.project import Statistics
from memorization.datasets.synthetic.corpora import CORPORA
from memorization.studies.kinds import Config


def sections(model: type[BaseModel] = Section) -> Iterator[type[BaseModel]]:
    for section in model.__subclasses__():
        yield section
        yield from sections(section)


def contains_a_section(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return True
    return get_origin(annotation) is not Literal and any(map(contains_a_section, get_args(annotation)))


FIELDS = [
    pytest.param(field, id=f"{section.__name__}.{key}")
    for section in sections()
    for key, field in section.model_fields.items()
]


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_described(field: FieldInfo) -> None:
    assert field.description
    assert field.description.endswith((".", ")"))


@pytest.mark.parametrize("field", FIELDS)
def test_every_value_has_an_example(field: FieldInfo) -> None:
    assert field.examples or contains_a_section(field.annotation)


@pytest.mark.parametrize(
    ("section", "key", "example"),
    [
        pytest.param(section, key, example, id=f"{section.__name__}.{key}")
        for section in sections()
        for key, field in section.model_fields.items()
        for example in field.examples or []
    ],
)
def test_every_example_is_allowed(section: type[BaseModel], key: str, example: Any) -> None:
    TypeAdapter(section.__pydantic_fields__[key].rebuild_annotation()).validate_python(example)


@pytest.mark.parametrize("section", [pytest.param(each, id=each.__name__) for each in sections()])
def test_every_section_is_described_and_refuses_unknown_keys_and_changes(section: type[BaseModel]) -> None:
    assert section.__doc__
    assert section.model_config["extra"] == "forbid"
    assert section.model_config["frozen"] is True


def test_corpora_are_those_of_the_generator() -> None:
    assert set(get_args(Corpus)) == set(CORPORA)


@pytest.mark.parametrize("keep", [[], [0], [4], [1, 2, 9], [-1]])
def test_kept_epochs_must_be_reached(keep: list[int]) -> None:
    with pytest.raises(ValidationError, match=r"epochs from 1 to 3"):
        Recipe(epochs=3, keep=keep)


@pytest.mark.parametrize("keep", [None, [1], [3], [3, 1, 2]])
def test_kept_epochs_are_any_that_are_reached(keep: list[int] | None) -> None:
    assert Recipe(epochs=3, keep=keep).keep == keep


@pytest.mark.parametrize("strategy", ["greedy", "as_published"])
@pytest.mark.parametrize("key", [{"top_k": 40}, {"top_p": 0.8}, {"temperature": 0.7}])
def test_only_sampling_takes_sampling_keys(strategy: Literal["greedy", "as_published"], key: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"`{strategy}` takes no .*strategy: sample"):
        Decoding(strategy=strategy, **key)
    assert Decoding(strategy="sample", **key)


def test_a_published_decoding_has_the_checkpoint_s_minimum() -> None:
    with pytest.raises(ValidationError, match="the checkpoint's own minimum holds"):
        Decoding(strategy="as_published", min_new_tokens=5)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 0, -1.0])
def test_a_learning_rate_is_positive_and_finite(value: float) -> None:
    with pytest.raises(ValidationError):
        Recipe(epochs=1, learning_rate=value)


@pytest.mark.parametrize("key", ["low", "high"])
def test_quantiles_are_on_their_sides_of_the_median(key: str) -> None:
    for wrong in (0.5, 0.0 if key == "low" else 1.0):
        with pytest.raises(ValidationError):
            Statistics(**{key: wrong})


def test_a_loaded_configuration_cannot_be_changed() -> None:
    statistics = Statistics()
    with pytest.raises(ValidationError, match="frozen"):
        statistics.draws = 5  # type: ignore[misc]
    assert "statistics" in Config.model_fields


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"lora": {"rank": 4}}, "set `trains: lora`"),
        ({"trains": "head", "lora": {}}, "`trains` is 'head'"),
        ({"early_stopping": {"patience": 2}, "keep": [3]}, "keeps the best epoch alone"),
        ({"early_stopping": {"patience": 0}}, "early_stopping.patience"),
        ({"datasets": ["news", "chat", "news"]}, "names each dataset once"),
        ({"datasets": []}, "datasets"),
        ({"goldfish": {"every": 1}}, "goldfish.every"),
        ({"deduplicate": "fuzzy"}, "deduplicate"),
        ({"deduplicate_by": "input"}, "`deduplicate` is not set"),
        ({"blocks": {}, "loss": "target"}, "learn all of their tokens"),
        ({"blocks": {"tokens": 1}}, "blocks.tokens"),
        ({"accumulation_steps": 0}, "accumulation_steps"),
        ({"trains": "lora", "lora": {"target_modules": []}}, "lora.target_modules"),
    ],
)
def test_switches_of_a_recipe_that_disagree_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate({"epochs": 3, **keys})


@pytest.mark.parametrize("text", ["", "no place", "{inputs}", "{}", "{0}", "{input", "{input.a}", "{input:{target}}"])
def test_a_text_of_blocks_is_of_a_row_s_columns(text: str) -> None:
    with pytest.raises(ValidationError, match=r"contains at least one of {instruction}, {input} and {target}"):
        Blocks(text=text)
    assert Blocks(text="{{{input}}} {instruction}").text.format(input="a", instruction="b") == "{a} b"


def test_goldfish_has_the_constants_of_its_authors() -> None:
    recipe = Recipe.model_validate({"epochs": 1, "goldfish": {}})

    assert recipe.goldfish is not None
    assert (recipe.goldfish.every, recipe.goldfish.context) == (4, 13)
