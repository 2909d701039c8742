from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from memorization import configfile
from memorization.config.data import FilesDataset
from memorization.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
OVERLAYS = sorted((ROOT / "configs").glob("*.yaml"))

STUDY: dict[str, Any] = {"kind": "memorization", "datasets": ["news"], "models": ["t5"], "states": ["base", "full"]}

BASE: dict[str, Any] = {
    "datasets": {
        "news": {"task": "summarization", "source": {"kind": "files", "train": "news.parquet"}},
        "chat": {"task": "dialog", "source": {"kind": "hub", "name": "a/b", "revision": "main"}},
        "made": {"task": "qa", "source": {"kind": "synthetic", "corpora": ["news"], "train": 5}},
    },
    "models": {
        "t5": {"source": {"kind": "folder", "path": "t5"}},
        "far": {"source": {"kind": "hub", "name": "a/b", "revision": "main"}},
        "own": {
            "source": {
                "kind": "scratch",
                "architecture": {"model_type": "t5"},
                "pretraining": {"dataset": "made", "epochs": 1},
            }
        },
    },
    "recipes": {"full": {"epochs": 3, "keep": [1, 3]}},
    "decodings": {"greedy": {"strategy": "greedy"}},
    "compute": {"threads": 2, "device": "cpu"},
    "studies": {"table": STUDY},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def changed(*path: str, value: Any) -> dict[str, Any]:
    values = deepcopy(BASE)
    section = values
    for key in path[:-1]:
        section = section.setdefault(key, {})
    section[path[-1]] = value
    return values


def fault(file: Path, values: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> str:
    """The one line that follows the heading of the message."""
    file.write_text(yaml.safe_dump(dict(values)))
    with pytest.raises(UserError) as raised:
        configfile.load([file], overrides)
    heading, *lines = str(raised.value).splitlines()
    assert heading == "The configuration is not valid."
    assert len(lines) == 1, lines
    return lines[0].strip()


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("resuts",), "results"),
        (("compute", "thread"), "threads"),
        (("datasets", "news", "inputs"), "input"),
        (("datasets", "news", "source", "split_colum"), "split_column"),
        (("datasets", "chat", "source", "revison"), "revision"),
        (("datasets", "made", "source", "corpus"), None),
        (("models", "t5", "titel"), "title"),
        (("models", "t5", "source", "paths"), "path"),
        (("models", "own", "source", "vocabulry"), "vocabulary"),
        (("models", "own", "source", "pretraining", "epoch"), "epochs"),
        (("recipes", "full", "batchsize"), "batch_size"),
        (("probes", "m"), None),
        (("decodings", "greedy", "topk"), "top_k"),
        (("studies", "table", "dataset"), "datasets"),
    ],
)
def test_unknown_keys_are_reported_with_allowed_ones(file: Path, path: tuple[str, ...], nearest: str | None) -> None:
    message = fault(file, changed(*path, value=1))
    assert message.startswith(f"{file}: {'.'.join(path)}: unknown key {path[-1]!r}; allowed: ")
    if nearest:
        assert message.endswith(f"; did you mean {nearest!r}?")
        assert f" {nearest}" in message.split("; did you mean")[0]


def test_unknown_key_lists_the_keys_of_its_own_kind_of_source(file: Path) -> None:
    message = fault(file, changed("datasets", "news", "source", "revision", value="main"))
    assert "allowed: encoding, kind, optional, separator, split_column, test, train" in message


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (("datasets", "news", "source"), "files, hub, synthetic"),
        (("models", "t5", "source"), "endpoint, folder, hub, scratch"),
        (("models", "datasets", "source"), "endpoint, folder, hub, scratch"),
    ],
)
def test_unknown_kinds_of_source_are_reported_with_the_allowed_ones(
    file: Path, path: tuple[str, ...], allowed: str
) -> None:
    message = fault(file, changed(*path, value={"kind": "hubb"}))
    assert message == f"{file}: {'.'.join(path)}.kind: given 'hubb'; allowed: {allowed}; did you mean 'hub'?"


def test_a_source_without_kind_is_reported_with_the_allowed_ones(file: Path) -> None:
    message = fault(file, changed("models", "t5", "source", value={"path": "t5"}))
    assert message == f"{file}: models.t5.source.kind: given None; allowed: endpoint, folder, hub, scratch"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("compute", "threads"), "many", "given 'many': Input should be a valid integer"),
        (("compute", "threads"), 0, "given 0: Input should be greater than or equal to 1"),
        (("compute", "shard_probes"), 0, "given 0: Input should be greater than or equal to 1"),
        (("compute", "engine"), "ctranslate2", "given 'ctranslate2'"),
        (("compute",), 3, "given 3; allowed: keys with their values"),
        (("datasets", "news"), "news.parquet", "given 'news.parquet'; allowed: keys with their values"),
        (("datasets",), ["news"], "given ['news']; allowed: keys with their values"),
        (("studies", "table", "datasets"), "news", "given 'news': Input should be a valid list"),
        (("label",), 5, "given 5: Input should be a valid string"),
    ],
)
def test_values_of_a_wrong_kind_are_shown(file: Path, path: tuple[str, ...], value: Any, expected: str) -> None:
    assert fault(file, changed(*path, value=value)).startswith(f"{file}: {'.'.join(path)}: {expected}")


@pytest.mark.parametrize("path", [("recipes", "full", "precision"), ("decodings", "greedy", "precision")])
def test_fp16_is_refused_with_the_allowed_values(file: Path, path: tuple[str, ...]) -> None:
    message = fault(file, changed(*path, value="fp16"))
    assert message.startswith(f"{file}: {'.'.join(path)}: given 'fp16'; allowed: 'fp32' or 'bf16'")


def test_unknown_corpora_are_refused_before_anything_runs(file: Path) -> None:
    message = fault(file, changed("datasets", "made", "source", "corpora", value=["new"]))
    assert message.startswith(f"{file}: datasets.made.source.corpora.0: given 'new'; allowed: 'news', ")
    assert message.endswith("did you mean 'news'?")


@pytest.mark.parametrize("path", [("datasets", "news", "task"), ("studies", "table", "states")])
def test_a_missing_key_is_that_of_the_file_that_replaces_the_entry(file: Path, path: tuple[str, str, str]) -> None:
    whole = file.with_name("whole.yaml")
    whole.write_text(yaml.safe_dump(BASE))
    section, name, key = path
    replacing = {section: {name: {other: value for other, value in BASE[section][name].items() if other != key}}}
    file.write_text(yaml.safe_dump(replacing))

    with pytest.raises(UserError) as raised:
        configfile.load([whole, file])

    assert str(raised.value).endswith(f"{file}: {'.'.join(path)}: this key is missing; it must be given")


@pytest.mark.parametrize("path", [("datasets", "news", "task"), ("recipes", "full", "epochs"), ("studies",)])
def test_missing_keys_are_reported(file: Path, path: tuple[str, ...]) -> None:
    values = deepcopy(BASE)
    section = values
    for key in path[:-1]:
        section = section[key]
    del section[path[-1]]
    assert fault(file, values) == f"{file}: {'.'.join(path)}: this key is missing; it must be given"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            ("datasets",),
            ["newz"],
            "given 'newz', which is not defined; allowed: chat, made, news; did you mean 'news'?",
        ),
        (("models",), ["gpt"], "given 'gpt', which is not defined; allowed: far, own, t5"),
        (("states",), ["ful"], "given 'ful', which is not defined; allowed: base, full; did you mean 'full'?"),
        (("decodings",), ["beam"], "given 'beam', which is not defined; allowed: greedy"),
        (("epochs",), [1, 2], "given 2, which recipe 'full' does not keep; allowed: [1, 3]"),
    ],
)
def test_names_that_a_study_uses_must_be_defined(file: Path, path: tuple[str, ...], value: Any, expected: str) -> None:
    message = fault(file, changed("studies", "table", *path, value=value))
    assert message == f"{file}: studies.table.{'.'.join(path)}: {expected}"


def test_a_pretraining_dataset_must_be_defined(file: Path) -> None:
    message = fault(file, changed("models", "own", "source", "pretraining", "dataset", value="maid"))
    assert message.startswith(f"{file}: models.own.source.pretraining.dataset: given 'maid', which is not defined")


@pytest.mark.parametrize("name", ["base", "difference"])
def test_names_of_states_that_no_recipe_makes_are_reserved(file: Path, name: str) -> None:
    message = fault(file, changed("recipes", name, value={"epochs": 1}))
    assert message.startswith(f"{file}: recipes.{name}: the name `{name}` is reserved")


@pytest.mark.parametrize("name", ["a/b", "", "-x", "a b", "{data}"])
def test_names_that_no_path_can_contain_are_refused(file: Path, name: str) -> None:
    assert fault(file, changed("recipes", name, value={"epochs": 1})).startswith(f"{file}: recipes.{name}: given")


def test_kept_epochs_that_are_never_reached_are_refused(file: Path) -> None:
    message = fault(file, changed("recipes", "full", "keep", value=[1, 9]))
    assert message.startswith(f"{file}: recipes.full: given")
    assert message.endswith("`keep` is [1, 9]: it takes epochs from 1 to 3, at least one")


def test_greedy_with_top_k_is_refused(file: Path) -> None:
    message = fault(file, changed("decodings", "greedy", "top_k", value=40))
    assert message.endswith("`greedy` takes no `top_k`, `top_p` or `temperature`: use `strategy: sample`")


def test_every_fault_is_reported_at_once(file: Path) -> None:
    values = changed("compute", "threads", value=0) | {"extra": 1, "label": 5}
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(UserError) as raised:
        configfile.load([file])
    assert len(str(raised.value).splitlines()) == 1 + 3


def test_plain_sections_are_merged_by_key(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(BASE))
    overlay.write_text("compute: {threads: 4}\nlabel: over\n")
    config = configfile.load([file, overlay])
    assert (config.compute.threads, config.compute.device, config.label) == (4, "cpu", "over")


def test_named_entries_are_replaced_whole_and_the_others_stay(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(changed("datasets", "news", "limit", value=7)))
    overlay.write_text("datasets: {news: {task: qa, source: {kind: files, train: other.csv}}}\n")
    config = configfile.load([file, overlay])
    news = config.datasets["news"]
    assert news.task == "qa"
    assert news.limit is None
    assert isinstance(news.source, FilesDataset)
    assert news.source.train == "other.csv"
    assert set(config.datasets) == set(BASE["datasets"])


def test_studies_are_replaced_whole(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(BASE))
    overlay.write_text("studies: {other: {kind: memorization, datasets: [chat], models: [t5], states: [base]}}\n")
    assert list(configfile.load([file, overlay]).studies) == ["other"]


def test_command_line_values_override_all_files(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(BASE))
    overlay.write_text("compute: {threads: 4}\nresults: there\n")
    overrides = {"results": "elsewhere", "data_root": "data", "compute": {"threads": 8}}
    config = configfile.load([file, overlay], overrides)
    assert (config.results, config.data_root, config.compute.threads) == ("elsewhere", "data", 8)
    assert config.compute.device == "cpu"


def test_a_fault_is_reported_with_the_source_that_contains_it(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(BASE))
    overlay.write_text("compute: {thread: 4}\n")
    with pytest.raises(UserError, match=f"{overlay}: compute.thread: unknown key"):
        configfile.load([file, overlay])
    with pytest.raises(UserError, match=r"--config: probes\.n: given 0"):
        configfile.load([file], {"probes": {"n": 0}})


def test_labels_may_be_written_as_numbers(file: Path) -> None:
    file.write_text(yaml.safe_dump(changed("datasets", "news", "labels", value={0: "no", 1: "yes"})))
    assert configfile.load([file]).datasets["news"].labels == {"0": "no", "1": "yes"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: [1", "not valid YAML"),
        (b"a: b: c", "not valid YAML"),
        (
            b"studies:\n  one: {datasets: [a]}\n  one: {datasets: [b]}",
            "not valid YAML: line 3: the key 'one' is given twice",
        ),
        (b"[a, b]: 1", "not valid YAML"),
        (b"a: !!python/object:os.system {}", "not valid YAML"),
        (b"\xff\xfe\xff", "cannot be read"),
        (b"- a\n- b\n", "contains list; a configuration file contains keys and values"),
        (b"just words\n", "contains str; a configuration file contains keys and values"),
    ],
)
def test_files_that_contain_no_configuration_are_reported(file: Path, content: bytes, expected: str) -> None:
    file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        configfile.load([file])
    assert str(raised.value).startswith(f"{file}: {expected}")
    assert "\n" not in str(raised.value)


def test_missing_files_and_folders_are_reported(tmp_path: Path, file: Path) -> None:
    with pytest.raises(UserError, match="no such configuration file"):
        configfile.load([file])
    with pytest.raises(UserError, match="cannot be read"):
        configfile.load([tmp_path])


def test_an_empty_overlay_changes_nothing(tmp_path: Path, file: Path) -> None:
    overlay = tmp_path / "overlay.yaml"
    file.write_text(yaml.safe_dump(BASE))
    overlay.write_text("# nothing yet\n")
    assert configfile.load([file, overlay]) == configfile.load([file])


def test_the_default_configuration_is_valid() -> None:
    assert configfile.load([ROOT / "config.yaml"]).studies


@pytest.mark.parametrize("overlay", [pytest.param(each, id=each.stem) for each in OVERLAYS])
def test_every_overlay_is_valid_over_the_default(overlay: Path) -> None:
    assert configfile.load([ROOT / "config.yaml", overlay]).studies


def test_a_study_may_not_overwrite_the_definitions_of_another(file: Path) -> None:
    studies = dict.fromkeys(("table", "table-definitions", "x-definitions"), STUDY)
    expected = "its table would overwrite one of study 'table'; choose another name"
    assert fault(file, changed("studies", value=studies)) == f"{file}: studies.table-definitions: {expected}"


def test_the_toy_judge_is_refused_for_text_that_people_wrote(file: Path) -> None:
    judge = {
        "kind": "trained",
        "architecture": {"model_type": "bert"},
        "pairs": {"kind": "synthetic", "train": 5},
    }
    values = {**BASE, "classifiers": {"toy": {"source": judge}}, "detection": {"paraphrase": {"classifier": "toy"}}}

    assert fault(file, values) == (
        f"{file}: detection.paraphrase.classifier: given 'toy', which is trained on synthetic sentences alone, and "
        "dataset 'news' is not synthetic; name a classifier of your own (`classifiers`), or null for none"
    )
    for allowed in (
        {"detection": {"paraphrase": {"classifier": None}}},
        {"studies": {"table": STUDY | {"datasets": ["made"]}}},
        {"classifiers": {"toy": {"source": {"kind": "folder", "path": "judge"}}}},
    ):
        file.write_text(yaml.safe_dump({**values, **allowed}))
        configfile.load([file])


def test_a_study_without_kind_is_reported_with_the_allowed_ones(file: Path) -> None:
    message = fault(file, changed("studies", "table", value={key: STUDY[key] for key in STUDY if key != "kind"}))
    assert message.startswith(f"{file}: studies.table.kind: given None; allowed: ")
    assert "memorization" in message


def test_targets_name_studies_and_have_no_studys_name(file: Path) -> None:
    values = changed("targets", value={"both": ["table", "tabel"]})
    expected = "given 'tabel', which is not defined; allowed: table; did you mean 'table'?"
    assert fault(file, values) == f"{file}: targets.both: {expected}"
    expected = "a study has this name, and every study is a target by its name; choose another"
    assert fault(file, changed("targets", value={"table": ["table"]})) == f"{file}: targets.table: {expected}"


def test_published_numbers_must_exist(file: Path) -> None:
    message = fault(file, changed("studies", "table", "published", value="table_0"))
    assert message.startswith(f"{file}: studies.table.published: given 'table_0'; allowed:")


LIKELY: dict[str, Any] = {"kind": "likelihood", "datasets": ["news"], "models": ["t5"], "states": ["base", "full"]}


def test_likelihoods_refuse_decodings_in_bf16(file: Path) -> None:
    values = changed("studies", "likely", value=LIKELY | {"decodings": ["greedy", "fast"]})
    values["decodings"]["fast"] = {"strategy": "greedy", "precision": "bf16"}

    message = fault(file, values)

    assert message.startswith(f"{file}: studies.likely.decodings: given 'fast', whose precision is bf16")


def test_likelihoods_refuse_published_decodings(file: Path) -> None:
    values = changed("studies", "likely", value=LIKELY | {"decodings": ["greedy", "own"]})
    values["decodings"]["own"] = {"strategy": "as_published"}

    message = fault(file, values)

    assert message.startswith(f"{file}: studies.likely.decodings: given 'own', whose strategy is as_published")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("decodings", ["greedi"], "given 'greedi', which is not defined; allowed: greedy"),
        ("epochs", [2], "given 2, which recipe 'full' does not keep; allowed: [1, 3]"),
        ("probability", [1.0], "given 1.0"),
        ("draws", [0], "given 0"),
    ],
)
def test_faults_of_a_study_of_likelihoods_are_reported(file: Path, key: str, value: Any, expected: str) -> None:
    message = fault(file, changed("studies", "likely", value=LIKELY | {key: value}))

    assert f"studies.likely.{key}" in message
    assert expected in message


@pytest.mark.parametrize("value", [5, [], [""], ["a.csv", 3], " ", {"a": "b"}, None])
def test_files_are_a_path_or_a_list_of_paths(file: Path, value: Any) -> None:
    message = fault(file, changed("datasets", "news", "source", "train", value=value))
    assert message.startswith(
        f"{file}: datasets.news.source.train: given {value!r}: allowed: a path, a pattern such as"
    )


@pytest.mark.parametrize("value", [";;", "", '"', "\n"])
def test_a_separator_is_one_character(file: Path, value: str) -> None:
    message = fault(file, changed("datasets", "news", "source", "separator", value=value))
    assert message.startswith(f"{file}: datasets.news.source.separator: given {value!r}: allowed: one character")


@pytest.mark.parametrize("value", ["utf-9", "", "rot13", "zip"])
def test_an_encoding_is_one_that_is_known(file: Path, value: str) -> None:
    message = fault(file, changed("datasets", "news", "source", "encoding", value=value))
    assert message.startswith(f"{file}: datasets.news.source.encoding: given {value!r}: no encoding of this name")


def test_files_may_be_lists_and_have_a_separator_and_an_encoding(file: Path) -> None:
    keys = {"kind": "files", "train": ["a.csv", "b-*.csv"], "separator": "\t", "encoding": "cp1252"}
    file.write_text(yaml.safe_dump(changed("datasets", "news", "source", value=keys)))
    source = configfile.load([file]).datasets["news"].source
    assert source.model_dump(include={"train", "separator", "encoding"}) == {
        key: keys[key] for key in ("train", "separator", "encoding")
    }


@pytest.mark.parametrize(
    ("key", "template", "message"),
    [
        ("input", "document", "names no column, so that every input would be this text; write {document}, in quotes"),
        ("input", "the text", "names no column, so that every input would be this text; name a column, as in {column}"),
        ("target", "summary", "write {summary}, in quotes"),
        ("input", "{document", "expected '}' before end of string"),
        ("instruction", "{question!r}", "is not allowed; a template names columns"),
    ],
)
def test_templates_are_checked(file: Path, key: str, template: str, message: str) -> None:
    found = fault(file, changed("datasets", "news", key, value=template))
    assert found.startswith(f"{file}: datasets.news.{key}: template {template!r}")
    assert message in found


def test_an_instruction_that_is_the_name_of_a_column_of_another_template_is_refused(file: Path) -> None:
    news = changed("datasets", "news", value={**BASE["datasets"]["news"], "input": "{a.b}", "instruction": "a"})
    assert fault(file, news) == (
        f"{file}: datasets.news.instruction: 'a' is the name of a column, and would be the instruction of every row as "
        "it stands; write {a}, in quotes"
    )


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("probes", "n"), "010", "given '010': Input should be a valid integer; write it without leading zeros"),
        (("probes", "n"), "1:30", "given '1:30': Input should be a valid integer"),
        (("probes", "n"), True, "given True: Input should be a valid integer"),
        (("probes", "n"), 3.0, "given 3.0: Input should be a valid integer"),
        (("probes", "n"), "5", "given '5': Input should be a valid integer; write it without quotes"),
        (("statistics", "low"), "0.1", "given '0.1': Input should be a valid number; write it without quotes"),
        (("studies", "table", "control"), "yes", "given 'yes': Input should be a valid boolean; write true"),
        (("studies", "table", "control"), 1, "given 1: Input should be a valid boolean"),
    ],
)
def test_a_value_of_another_type_is_never_taken_for_one(
    file: Path, path: tuple[str, ...], value: Any, expected: str
) -> None:
    assert fault(file, changed(*path, value=value)) == f"{file}: {'.'.join(path)}: {expected}"


@pytest.mark.parametrize("axis", ["prefix_tokens", "epochs"])
@pytest.mark.parametrize("number", [0, -1])
def test_items_of_lists_have_bounds(file: Path, axis: str, number: int) -> None:
    message = fault(file, changed("studies", "table", axis, value=[number]))
    assert message == f"{file}: studies.table.{axis}.0: given {number}: Input should be greater than or equal to 1"


def test_every_number_of_a_configuration_has_a_bound() -> None:
    # Checked by validators of their own, against other keys.
    elsewhere = {"Recipe.keep", "SparseCoding.nonzeros"}

    def unbound(schema: Any) -> bool:
        if isinstance(schema, list):
            return any(map(unbound, schema))
        if not isinstance(schema, dict):
            return False
        if schema.get("type") in ("integer", "number"):
            return not {"minimum", "exclusiveMinimum"} & set(schema)
        return any(unbound(part) for key, part in schema.items() if key not in ("default", "examples"))

    definitions = configfile.Config.model_json_schema()["$defs"]
    fields = {
        f"{name}.{key}": field
        for name, section in definitions.items()
        for key, field in section.get("properties", {}).items()
    }
    assert {key for key, field in fields.items() if unbound(field)} == elsewhere


def test_names_have_a_length_that_folders_can_have(file: Path) -> None:
    assert "String should have at most 50 characters" in fault(file, changed("recipes", "x" * 51, value={"epochs": 1}))
    file.write_text(yaml.safe_dump(changed("recipes", "x" * 50, value={"epochs": 1})))
    assert "x" * 50 in configfile.load([file]).recipes


def test_names_of_datasets_that_are_trained_on_together_fit_one_folder(file: Path) -> None:
    names = [f"{letter}" * 50 for letter in "abc"]
    values = changed("recipes", "mixed", value={"epochs": 1, "datasets": names})
    values["datasets"] |= dict.fromkeys(names, BASE["datasets"]["made"])
    assert fault(file, values).startswith(f"{file}: recipes.mixed.datasets: the names have 152 characters together")


def test_names_that_differ_in_capitals_alone_are_refused(file: Path) -> None:
    message = fault(file, changed("recipes", "Full", value={"epochs": 1}))
    assert message.startswith(f"{file}: recipes.full: differs from 'Full' in capitals alone")


@pytest.mark.parametrize("folder", ["", "  ", "a{b}"])
def test_results_are_in_a_folder_that_a_path_can_name(file: Path, folder: str) -> None:
    assert "the path of a folder, without braces" in fault(file, changed("results", value=folder))


def test_a_slash_at_the_end_of_the_results_folder_is_left_out(file: Path) -> None:
    file.write_text(yaml.safe_dump(changed("results", value="there//")))
    assert configfile.load([file]).results == "there"
