"""What endpoints will be asked: requests, tokens, money and minutes, estimated before anything is sent, and refused.

Each text is taken to be as long as its decoding, or its limits, allow, and none to be there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from memorization import plan
from memorization.config.models import Endpoint
from memorization.costs import most_probes
from memorization.errors import UserError
from memorization.studies.kind import Work
from memorization.studies.kinds import Config

# What a request takes where nothing else is known: hosted models and a server with a GPU are faster than that.
SECONDS_PER_REQUEST, TOKENS_PER_SECOND = 1.0, 30.0
MILLION = 1e6


@dataclass(frozen=True)
class Asking:
    """What an endpoint is asked for: its key in the configuration, requests, and tokens that it reads and writes."""

    key: str
    endpoint: Endpoint
    requests: int
    read: int
    written: int

    @property
    def cost(self) -> float | None:
        """In the currency of its prices; None where one is unknown."""
        prices = self.endpoint.price_read, self.endpoint.price_written
        if prices[0] is None or prices[1] is None:
            return None
        return (prices[0] * self.read + prices[1] * self.written) / MILLION

    @property
    def minutes(self) -> float:
        """As long as requests take of which so many are under way, and at least as long as its limit makes them."""
        seconds = self.requests * SECONDS_PER_REQUEST + self.written / TOKENS_PER_SECOND
        limit = self.endpoint.requests_per_minute
        return max(seconds / self.endpoint.parallel / 60, self.requests / limit if limit else 0.0)

    def words(self) -> str:
        """All of it in one line."""
        cost = "cost unknown (`price_read`, `price_written`)" if self.cost is None else f"cost {self.cost:,.2f}"
        return (
            f"{self.requests:,} requests, {self.read:,} tokens read, {self.written:,} written, {cost}, about "
            f"{max(1.0, self.minutes):,.0f} minutes"
        )


def settings(config: Config) -> dict[str, dict[str, Any]]:
    """How endpoints are asked, by `MODEL/STATE`, for jobs: each with its key in the configuration. No secret."""
    return {
        f"{model}/{state}": {"key": _key(model, state), "endpoint": _endpoint(config, model, state)}
        for model, state in plan.endpoint_states(config)
    }


def all_asked(config: Config) -> list[Asking]:
    """What all studies ask endpoints for, by endpoint, in the order of the configuration."""
    works = {place: work for study in config.studies.values() for place, work in study.work(config).items()}
    return _summed(config, works)


def summary(config: Config) -> str:
    """What endpoints are asked for as a text for a terminal; empty where there are none."""
    from tabulate import tabulate

    asked = all_asked(config)
    if not asked:
        return ""
    rows = [
        {
            "asked": each.key,
            "requests": f"{each.requests:,}",
            "tokens read": f"{each.read:,}",
            "tokens written": f"{each.written:,}",
            "cost": "unknown" if each.cost is None else f"{each.cost:,.2f}",
            "minutes": f"{each.minutes:,.0f}" if each.minutes >= 1 else "< 1",
            "": "" if each.endpoint.send else "not confirmed (`send: true`)",
        }
        for each in asked
    ]
    table = tabulate(
        rows,
        headers="keys",
        tablefmt="simple",
        disable_numparse=True,
        colalign=["left"] + ["right"] * 5 + ["left"],
    )
    return (
        f"\n{table}\n\nAt most: texts are as long as their decoding allows, and equal requests are sent once. Minutes "
        f"are those of {SECONDS_PER_REQUEST:g} s and {TOKENS_PER_SECOND:g} tokens per second for each of the requests "
        "that are under way at once (`parallel`), or of `requests_per_minute`."
    )


def check(config: Config, jobs: Iterable[Mapping[str, Any]]) -> None:
    """Raise UserError where jobs would ask endpoints that are not confirmed; `jobs` are their wildcards."""
    places = {place for job in jobs for place in _places(config, {**job})}
    if not places:
        return
    works = {place: work for study in config.studies.values() for place, work in study.work(config).items()}
    asked = _summed(config, {place: work for place, work in works.items() if place in places})
    if refused := [each for each in asked if not each.endpoint.send]:
        lines = [
            f"  {each.key}: {each.words()}, at {each.endpoint.url}; confirm it by `send: true`." for each in refused
        ]
        raise UserError("Parts of your data would be sent to a server. Nothing was sent.\n" + "\n".join(lines))


def _places(config: Config, job: Mapping[str, Any]) -> list[str]:
    """What a job asks for: texts, or scores of membership, for which the base model may be asked, too."""
    if "decoding" in job:
        return [plan.fill(plan.RUN, job)]
    return [plan.fill(plan.MEMBERSHIP_SCORES, each) for each in (job, *plan.asked_base(config, job))]


def _summed(config: Config, works: Mapping[str, Work]) -> list[Asking]:
    found: dict[tuple[str, str], list[tuple[int, Work]]] = {}
    for place, work in works.items():
        if (cell := plan.endpoint_at(config, place)) is not None:
            texts = work.texts if isinstance(work.texts, int) else most_probes(config, work.texts)
            found.setdefault(cell, []).append((texts, work))
    return [
        Asking(
            _key(*cell),
            endpoint,
            sum(texts for texts, _ in found[cell]),
            sum(texts * work.read for texts, work in found[cell]),
            sum(texts * work.written for texts, work in found[cell]),
        )
        for cell in plan.endpoint_states(config)
        if cell in found and (endpoint := plan.endpoint_of(config, *cell))
    ]


def _key(model: str, state: str) -> str:
    return f"models.{model}." + ("source" if state == plan.BASE else f"fine_tuned.{state}")


def _endpoint(config: Config, model: str, state: str) -> dict[str, Any]:
    endpoint = plan.endpoint_of(config, model, state)
    assert endpoint is not None
    return endpoint.model_dump(mode="json", exclude={"tokenizer"})
