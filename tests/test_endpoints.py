"""Models that can only be asked in a configuration: what is refused, and what it will cost."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from configurations import configuration, study

from memorization import configfile, costs, endpoints, local_files, memory, plan
from memorization.errors import UserError
from memorization.models.engine import ENDPOINT
from memorization.studies.kinds import Config

URL = "http://localhost:8000/v1"
ENDPOINT_KEYS = {"kind": "endpoint", "url": URL, "model": "bot", "api": "chat"}
SOURCE = {**ENDPOINT_KEYS, "tokenizer": {"kind": "folder", "path": "{model_root}/tokenizer"}}
TOLD = {"api": "completions", "log_probabilities": True}
TALK = {
    "task": "dialog",
    "source": {"kind": "files", "train": ["talk.jsonl"], "test": ["test.jsonl"]},
    "conversation": {"chat_template": True},
}
PRICED = {"price_read": 2.0, "price_written": 10.0, "parallel": 5}


def asked(source: dict[str, Any] | None = None, state: dict[str, Any] | None = None, **sections: Any) -> Config:
    """One model that can only be asked, with a state that can only be asked, and one whose weights are here."""
    models = {
        "bot": {
            "source": SOURCE | (source or {}),
            "fine_tuned": {"tuned": ENDPOINT_KEYS | {"model": "ft"} | (state or {})},
        },
        "t5-small": {"source": {"kind": "folder", "path": "t5"}, "fine_tuned": {"served": ENDPOINT_KEYS}},
    }
    return configuration(
        **{
            "models": models,
            "decodings": {"greedy": {"strategy": "greedy", "max_new_tokens": 50}},
            "probes": {"n": 200, "prefix_tokens": 30},
            "studies": {"table": study(models=["bot"], states=["base", "tuned"])},
        }
        | sections
    )


def message(folder: Path, values: dict[str, Any]) -> str:
    """What is wrong with a configuration, as its reader says it."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(asked().model_dump(mode="json") | values), encoding="utf-8")
    with pytest.raises(UserError) as raised:
        configfile.load([file])
    return str(raised.value)


def test_states_that_can_only_be_asked() -> None:
    config = asked()
    assert plan.endpoint_states(config) == [("bot", "base"), ("bot", "tuned"), ("t5-small", "served")]
    assert plan.endpoint_of(config, "t5-small", "base") is None
    assert plan.endpoint_of(config, "t5-small", "full") is None
    runs = [run.path for run in config.studies["table"].runs(config)]
    assert {plan.endpoint_at(config, path) for path in runs} == {("bot", "base"), ("bot", "tuned")}
    assert plan.endpoint_at(config, "runs/model=t5-small/state=base/epoch=0") is None
    assert plan.endpoint_at(config, "runs/model=a-bot/state=base/epoch=0") is None


def test_a_server_takes_the_place_of_an_engine_and_of_files() -> None:
    config = asked(compute={"engine": "native"})
    assert local_files.engines(config, "bot", "tuned", "greedy") == [ENDPOINT]
    assert local_files.engines(config, "t5-small", "base", "greedy") != [ENDPOINT]
    assert local_files.checkpoint_folders(config, "bot") == {}
    assert local_files.tokenizer_folder(config, "bot") == "models/tokenizer"
    assert local_files.architecture(config, "bot") is None
    with pytest.raises(UserError, match=r"models.bot.source.tokenizer: models/tokenizer: no such folder"):
        local_files.check_inputs(config)


def test_how_a_server_is_asked_makes_nothing_stale() -> None:
    plain, other = asked(), asked(PRICED | {"send": True, "key": "A", "timeout_seconds": 5, "top_k": True})
    expected = {"kind": "endpoint", "url": URL, "model": "bot", "api": "chat"}
    for config in (plain, other):
        assert local_files.model_settings(config, "bot") == expected | {
            "tokenizer": {"kind": "folder", "path": "folder"}
        }
        assert local_files.model_settings(config, "bot", "tuned") == expected | {"model": "ft"}
    moved = asked({"url": "http://elsewhere/v1/"})
    assert local_files.model_settings(moved, "bot")["url"] == "http://elsewhere/v1"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "localhost:8000"}, "allowed: the address of a server's API, as https://HOST/v1"),
        ({"url": "http://host:port/v1"}, "allowed: the address"),
        ({"url": "http:///v1"}, "allowed: the address"),
        ({"url": "http://host/v1?key=a"}, "allowed: the address"),
        ({"url": "http://me:secret@host/v1"}, "an address without a name and a password"),
        ({"key": "sk-123 456"}, "String should match pattern"),
        ({"api": "responses"}, "allowed: 'completions' or 'chat'"),
        ({"parallel": 0}, "greater than or equal to 1"),
        ({"log_probabilities": True}, "`log_probabilities` takes `api: completions`"),
        ({"tokenizer": {"kind": "scratch"}}, r"source.tokenizer.kind: given 'scratch'; allowed: folder, hub"),
    ],
)
def test_settings_that_are_none(values: dict[str, Any], said: str, tmp_path: Path) -> None:
    models = {"bot": {"source": SOURCE | values}}
    assert said in message(tmp_path, {"models": models, "studies": {"table": study(models=["bot"], states=["base"])}})


@pytest.mark.parametrize("value", [{"key": "sk-my-own-secret"}, {"url": "http://me:my-own-secret@host/v1"}])
def test_a_secret_in_the_wrong_place_is_not_shown(value: dict[str, Any], tmp_path: Path) -> None:
    said = message(tmp_path, {"models": {"bot": {"source": SOURCE | value}}})
    assert "given a value that is not shown" in said
    assert "my-own" not in said


def decoded(**keys: Any) -> dict[str, Any]:
    return {"decodings": {"greedy": {"strategy": "greedy"} | keys}}


def one(**keys: Any) -> dict[str, Any]:
    return {"studies": {"one": {"datasets": ["news"], "models": ["bot"], "states": ["base"]} | keys}}


NOT_ASKED = {
    "top_k": (decoded(strategy="sample", top_k=5), "its API has no `top_k`"),
    "as_published": (decoded(strategy="as_published"), "reads a checkpoint's own settings"),
    "min_new_tokens": (decoded(min_new_tokens=5), "it takes no `min_new_tokens`"),
    "with_prompt": (decoded(with_prompt=True), "returns the continuation alone"),
    "precision": (decoded(precision="bf16"), "the server decides in which precision"),
    "training": (
        one(kind="memorization", states=["full"]),
        "model 'bot' can only be asked, and a recipe trains weights",
    ),
    "membership": (
        one(kind="membership"),
        "studies.one.kind: it needs the probabilities of given texts, and model 'bot' in state 'base' can only be "
        "asked for texts (`kind: endpoint`): set `log_probabilities: true` where its server gives those of a prompt",
    ),
    "membership in an audit": (
        one(kind="audit", thresholds={"true_positives_percent": 5.0}),
        "set `log_probabilities: true`",
    ),
    "membership of turns": (
        {
            "models": {"bot": {"source": SOURCE | TOLD}},
            "datasets": {"talk": TALK},
            "studies": {"one": {"kind": "membership", "datasets": ["talk"], "models": ["bot"], "states": ["base"]}},
        },
        "not about the turns of dataset 'talk': set `chat_template: false` in its `conversation`",
    ),
    "likelihood": (one(kind="likelihood"), "it needs the probabilities of given tokens"),
    "attention": (one(kind="attention", states=["tuned"]), "it needs attention, and model 'bot' in state 'tuned'"),
    "quality": (one(kind="quality"), "it needs answers to test rows"),
    "of a state": (
        one(kind="likelihood", models=["t5-small"], states=["base", "served"]),
        "it needs the probabilities of given tokens, and model 't5-small' in state 'served' can only be asked",
    ),
    "weights of an endpoint": (
        {"models": {"bot": {"source": SOURCE, "fine_tuned": {"tuned": {"kind": "folder", "path": "a"}}}}},
        "models.bot.fine_tuned.tuned: its base model can only be asked",
    ),
}


@pytest.mark.parametrize("name", NOT_ASKED)
def test_what_cannot_be_had_of_a_server_is_refused(name: str, tmp_path: Path) -> None:
    values, said = NOT_ASKED[name]
    lines = message(tmp_path, values).splitlines()
    assert len(lines) == 2
    assert said in lines[1]


def test_top_k_is_sent_where_the_server_is_said_to_know_it(tmp_path: Path) -> None:
    config = asked({"top_k": True}, {"top_k": True}, **decoded(strategy="sample", top_k=5))
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    assert configfile.load([file]) == config


def test_requests_tokens_and_cost_equal_those_computed_by_hand() -> None:
    config = asked(PRICED, {"requests_per_minute": 10})
    base, tuned = endpoints.all_asked(config)
    # Members and controls.
    assert (base.key, base.requests, base.read, base.written) == ("models.bot.source", 400, 400 * 30, 400 * 50)
    assert base.cost == pytest.approx((2 * 12_000 + 10 * 20_000) / 1e6)
    assert base.minutes == pytest.approx((400 * 1 + 20_000 / 30) / 5 / 60)
    assert (tuned.key, tuned.requests, tuned.cost, tuned.minutes) == ("models.bot.fine_tuned.tuned", 400, None, 40)
    text = endpoints.summary(config)
    assert "models.bot.source" in text and "not confirmed (`send: true`)" in text and "unknown" in text
    assert endpoints.summary(configuration()) == ""


MEMBERS = {"members": {"kind": "membership", "models": ["bot"], "datasets": ["news"], "states": ["tuned"]}}


def test_membership_is_asked_of_the_base_model_too_and_once(tmp_path: Path) -> None:
    def counted(source: dict[str, Any], *states: str) -> list[tuple[str, int, int, int]]:
        studies = {"members": MEMBERS["members"] | {"states": list(states)}}
        config = asked(source, TOLD, studies=studies, membership={"n": 50, "max_input_tokens": 70})
        return [(each.key, each.requests, each.read, each.written) for each in endpoints.all_asked(config)]

    # Members and controls, 70 + 128 tokens of each; one token is written.
    texts = 100, 100 * 198, 100
    tuned, base = ("models.bot.fine_tuned.tuned", *texts), ("models.bot.source", *texts)
    assert counted(TOLD, "tuned") == counted(TOLD, "base", "tuned") == [base, tuned]
    assert counted({}, "tuned") == [tuned]


def test_membership_is_refused_until_the_base_model_is_confirmed_too() -> None:
    config = asked(TOLD, TOLD | {"send": True}, studies=MEMBERS)
    places = config.studies["members"].cells(config)
    jobs = [{**cell, "population": "member"} for cell in places]
    with pytest.raises(UserError, match=r"(?s)Nothing was sent.\n  models.bot.source: 1,000 requests, [^\n]*$"):
        endpoints.check(config, jobs)
    endpoints.check(asked({}, TOLD | {"send": True}, studies=MEMBERS), jobs)
    endpoints.check(asked(TOLD | {"send": True}, TOLD | {"send": True}, studies=MEMBERS), jobs)


@pytest.mark.parametrize(
    ("source", "state", "reads"),
    [({}, "base", False), (TOLD, "base", False), ({}, "tuned", False), (TOLD, "tuned", True)],
)
def test_a_base_model_that_tells_is_compared_with(source: dict[str, Any], state: str, reads: bool) -> None:
    config = asked(source, TOLD)
    assert plan.reads_as_base(config, "bot", state) is reads
    assert plan.reads_as_base(config, "t5-small", "served")


def test_models_elsewhere_take_neither_hours_nor_memory_here() -> None:
    config = asked()
    assert costs.costs(config)[0].inference_hours == 0
    assert costs.needs(config) == []
    assert memory.parameters(config, "bot") is None
    assert "bot" not in costs.summary(config)


def test_a_run_is_refused_until_it_is_confirmed() -> None:
    config = asked(PRICED, {"send": True})
    runs = config.studies["table"].runs(config)
    jobs = [vars(run) | {"shard": "0"} for run in runs]
    with pytest.raises(UserError) as raised:
        endpoints.check(config, jobs)
    assert str(raised.value).splitlines() == [
        "Parts of your data would be sent to a server. Nothing was sent.",
        "  models.bot.source: 400 requests, 12,000 tokens read, 20,000 written, cost 0.22, about 4 minutes, at "
        f"{URL}; confirm it by `send: true`.",
    ]
    endpoints.check(config, [])
    endpoints.check(config, [job for job in jobs if job["state"] == "tuned"])
    endpoints.check(asked({"send": True}, {"send": True}), jobs)


def test_jobs_are_told_how_to_ask_and_no_key() -> None:
    config = asked({"key": "A_KEY"}, {"url": "https://api.openai.com/v1"})
    told = endpoints.settings(config)
    assert list(told) == ["bot/base", "bot/tuned", "t5-small/served"]
    assert told["bot/base"]["key"] == "models.bot.source"
    names = [plan.endpoint_of(config, *each).key_name for each in plan.endpoint_states(config)]  # type: ignore[union-attr]
    assert names == ["A_KEY", "OPENAI_API_KEY", None]
