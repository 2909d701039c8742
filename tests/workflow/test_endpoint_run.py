"""Whole runs of models that can only be asked, against a local server."""

from pathlib import Path
from typing import Any

import yaml
from runs import Ended, Workplace
from stand_in_endpoint import Answer, StandIn, completion, echoed, refusal
from tiny import tiny_tokenizer

from memorization import storage

SECRET = "sk-not-for-anybody-0123456789"


def configuration(folder: Path, url: str, **keys: Any) -> dict[str, Any]:
    endpoint = {"kind": "endpoint", "url": url, "api": "completions", "key": "A_KEY", "parallel": 2, **keys}
    tokenizer = {"kind": "folder", "path": str(folder / "tokenizer")}
    return {
        "compute": {"device": "cpu", "shard_probes": 4},
        "datasets": {
            "letters": {
                "task": "summarization",
                "source": {"kind": "synthetic", "corpora": ["news"], "train": 6, "test": 1, "seed": 1},
                "prefix_tokens": 20,
            }
        },
        "models": {
            "bot": {
                "source": {**endpoint, "model": "bot", "tokenizer": tokenizer},
                "fine_tuned": {"tuned": {**endpoint, "model": "ft:bot"}},
            }
        },
        "detection": {"paraphrase": {"classifier": None}},
        "decodings": {"short": {"strategy": "greedy", "max_new_tokens": 12}},
        "studies": {
            "asked": {
                "kind": "memorization",
                "models": ["bot"],
                "datasets": ["letters"],
                "states": ["base", "tuned"],
                "decodings": ["short"],
                "control": False,
            }
        },
    }


def generations(state: str) -> str:
    return (
        f"results/runs/model=bot/state={state}/epoch=0/seed=0/dataset=letters/population=member/prefix_tokens=20/"
        "decoding=short/prompting=bare/generations.parquet"
    )


def test_a_server_is_asked_once_when_it_is_confirmed(code: Path, tmp_path: Path) -> None:
    tiny_tokenizer().save_pretrained(tmp_path / "tokenizer")
    file = tmp_path / "asked.yaml"
    place = Workplace(code, tmp_path / "work", (file,))
    wanted = [generations(state) for state in ("base", "tuned")]

    def run(*options: str, **keys: Any) -> Ended:
        file.write_text(yaml.safe_dump(configuration(tmp_path, stand_in.url, **keys)), encoding="utf-8")
        return place.run(*options, A_KEY=SECRET)

    with StandIn(
        lambda request: refusal(429, retry_after="0"), lambda request: Answer(200, completion(request).body, broken=9)
    ) as stand_in:
        refused = run(*wanted)
        assert refused.code != 0 and not stand_in.requests
        assert "models.bot.source: 6 requests" in refused.output and "confirm it by `send: true`" in refused.output

        whole = run("asked", send=True)
        assert whole.code == 0, whole.output
        assert (place.results / "tables/asked.parquet").is_file()
        texts = [storage.rows(place.directory / each) for each in wanted]
        answered = [(request.body["model"], request.prompt) for request in stand_in.requests]
        assert len(set(answered)) == 12
        assert len(answered) == 12 + 2

        again = run("--forcerun", "generation_shards", "--", *wanted, send=True, price_read=1.0, parallel=3)
        assert again.code == 0, again.output
        assert again.jobs().keys() == {"generation_shards", "gathered_generations"}
        assert len(stand_in.requests) == len(answered)
        assert [storage.rows(place.directory / each) for each in wanted] == texts

    assert all(row["generation"] for rows in texts for row in rows)
    for each in tmp_path.rglob("*"):
        assert not each.is_file() or SECRET.encode() not in each.read_bytes(), each
    assert all(SECRET not in ended.output for ended in (refused, whole, again))


def test_a_server_that_gives_probabilities_is_tested_for_membership(code: Path, tmp_path: Path) -> None:
    tiny_tokenizer().save_pretrained(tmp_path / "tokenizer")
    file = tmp_path / "asked.yaml"
    place = Workplace(code, tmp_path / "work", (file,))
    study = {"kind": "membership", "models": ["bot"], "datasets": ["letters"], "states": ["tuned"]}

    def run(*options: str, **keys: Any) -> Ended:
        values = configuration(tmp_path, stand_in.url, log_probabilities=True, **keys)
        file.write_text(yaml.safe_dump(values | {"studies": {"members": study}}), encoding="utf-8")
        return place.run(*options, A_KEY=SECRET)

    with StandIn(usual=completion) as stand_in:
        refused = run("members")
        assert refused.code != 0 and not stand_in.requests
        # 1,000 rows at most of each side; the base model is asked, too.
        assert "models.bot.source: 2,000 requests" in refused.output
        assert "models.bot.fine_tuned.tuned: 2,000 requests" in refused.output

        lied = run("members", send=True)
        assert lied.code != 0
        assert "models.bot.fine_tuned.tuned: " in lied.output and "`choices[0].logprobs` is missing" in lied.output

        stand_in.usual, stand_in.requests = echoed, []
        whole = run("members", send=True)
        assert whole.code == 0, whole.output
        assert len({(request.body["model"], request.prompt) for request in stand_in.requests}) == 2 * (6 + 1)
        assert len(stand_in.requests) == 2 * (6 + 1)
        again = run("--forcerun", "membership_scores", "--", "members", send=True)
        assert again.code == 0 and len(stand_in.requests) == 2 * (6 + 1), again.output

    rows = storage.rows(place.results / "tables/members.parquet")
    assert [row["attack"] for row in rows] == ["loss", "loss_over_base", "zlib", "min_k"]
    assert "Min-K%++ is missing" in (place.results / "tables/members.md").read_text(encoding="utf-8")
