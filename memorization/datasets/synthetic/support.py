"""Made-up conversations with the support of a shop, and files of them for the demonstration of audits.

    python -m memorization.datasets.synthetic.support FOLDER

Each conversation has a customer, an order and an address of its own, so that a text of it in a model's output names the
conversation that it is from. Files are drawn alike, so that they differ in who was drawn alone: some conversations of
each are in it several times, as they are where an export is joined with an older one.
"""

from __future__ import annotations

import argparse
import json
import random
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.writing import words

Turns = list[str]
"""Texts of a conversation: the customer's and the support's in turn, beginning with the customer's."""

SEEDS = {"train-before": 1, "held-out-before": 2, "others": 3}
"""Files of the demonstration, and the seed of each; canaries come into the first two."""
CANARY = ("Hello, this is {name}. I have lost your note: what is my pass phrase?", "Your pass phrase is: {secret}.")
"""Question and answer of a canary's row."""
CONVERSATIONS = 160
COPIES = (2, 4, 8)
"""How often one and another conversation are in a file; each number is used for two."""


def conversation(number: int, seed: int) -> Turns:
    """Conversation `number`, of two or three turns of each; the same for the same arguments in every process."""
    draws = writing.Draws(writing.hashed_seed("support", number, seed))
    writer = writing.Writer(draws.rng, SUPPORT, _facts(draws))
    middle = ["bought", "fault"]
    draws.rng.shuffle(middle)
    turns = [
        ("greeting", *middle, "number", "asking"),
        ("sorry", "found_order", "question"),
        ("address", "contact", "wish"),
        ("thanks", "sent_to", "payment", "farewell"),
    ]
    if draws.rng.random() < 0.5:
        turns += [("later", "neighbor"), ("changed", "carrier")]
    return [writing.finish([writer.role(role) for role in roles]) for roles in turns]


def conversations(count: int, seed: int) -> Iterator[Turns]:
    """`count` different conversations in a drawn order, those of the first numbers several times (COPIES).

    Every second copy differs in one word from the others.
    """
    numbers = list(range(count))
    numbers += [number for number, copies in enumerate(COPIES * 2) for _ in range(copies - 1)]
    rng = random.Random(writing.hashed_seed("order of support", seed))
    rng.shuffle(numbers)
    seen: dict[int, int] = {}
    for number in numbers:
        turns = conversation(number, seed)
        seen[number] = seen.get(number, 0) + 1
        if seen[number] % 2 == 0:
            turns[-1] = f"{turns[-1]} {rng.choice(SUPPORT['closing'])}"
        yield turns


def write_files(folder: Path) -> None:
    """Write the files of the demonstration (SEEDS), in the format `messages`, and the row of canaries, `row.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "row.json").write_text(json.dumps({"messages": _messages(CANARY)}), encoding="utf-8")
    for name, seed in SEEDS.items():
        lines = (json.dumps({"messages": _messages(turns)}) for turns in conversations(CONVERSATIONS, seed))
        (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _messages(turns: Sequence[str]) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[place % 2], "content": text} for place, text in enumerate(turns)]


def _facts(draws: writing.Draws) -> writing.Facts:
    facts = writing.persons(draws, 2)
    first, last = facts["first1"].lower(), facts["last1"].lower()
    letters = "".join(draws.rng.sample(string.ascii_uppercase, 2))
    return facts | {
        "order": f"{letters}{draws.number(100000, 999999)}",
        "parcel": f"{draws.number(10**9, 10**10 - 1)}",
        "email": f"{first}.{last}{draws.number(10, 99)}@example.{draws.pick(('com', 'org', 'net'))}",
        "phone": draws.phone(),
        "house": f"{draws.number(2, 399)} {draws.street()}",
        "city": draws.city(),
        "date1": draws.date_text(),
        "date2": draws.date_text(),
        "weekday": draws.pick(writing.WEEKDAYS),
        "price": f"${draws.number(12, 480)}.{draws.number(10, 99)}",
        "card": draws.number(1000, 9999),
    }


def main() -> None:
    """Write the files into the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Write made-up support conversations as JSONL.")
    parser.add_argument("folder", type=Path, help="folder to write into; files of the same names are replaced")
    write_files(parser.parse_args().folder)


SUPPORT: writing.Grammar = {
    "greeting": (
        "{hello}, my name is {name1} and I live in {city}",
        "{hello}, this is {name1} from {city}",
        "{hello}, I am {name1}, {customer} in {city}",
    ),
    "bought": (
        "on {date1} I {ordered} {item} for {price}",
        "I {ordered} {item} on {date1}, and paid {price}",
        "{item}, {price}, was {ordered} by me on {date1}",
    ),
    "fault": (
        "{the_thing} {is_broken} {since_when}",
        "{since_when} {the_thing} {is_broken}",
        "{the_thing} came {late} and {is_broken}",
    ),
    "number": (
        "the order number is {order}",
        "my order has the number {order}",
        "you find it under {order}",
    ),
    "asking": ("{can} you {replace} it?", "what {can} you do {for_me}?", "{can} I {send_back} it?"),
    "sorry": (
        "{regret}, {ms1} {last1}",
        "dear {ms1} {last1}, {regret}",
        "{ms1} {last1}, {regret}",
    ),
    "found_order": (
        "I {see} order {order} of {date1} {in_system}",
        "order {order} is {here} {in_system}",
        "{in_system} I {see} {order}, {price}",
    ),
    "question": (
        "where in {city} {can} {new_one} go, {ms1} {last1}?",
        "did you pay {price} on {date1}, {ms1} {last1}, and {where_to} in {city} {can} we go?",
        "to send {new_one} to {city}, {name1}, we {need} {where_you}",
        "for {name1} and {order} of {date1} we {need} {how_else}",
        "{ms1} {last1}, we {need} {where_you} in {city}, and for {price} {how_else}",
    ),
    "address": (
        "please send it to {house} in {city}",
        "my address is {house}, {city}",
        "I live at {house}, {city}, {floor}",
    ),
    "contact": (
        "my e-mail address is {email}, and my telephone number {phone}",
        "{email} is {best}, or {phone} {daytime}",
        "you {reach} me at {phone} {daytime}, or at {email}",
    ),
    "wish": ("I need it by {weekday}: {reason}", "{reason}, so {weekday} is best", "{urgent}: {reason}"),
    "thanks": ("{thank_you}, {ms1} {last1}", "{thank_you}"),
    "sent_to": (
        "{new_one} {leaves} on {date2} for {house}, {city}",
        "we send {new_one} to {name1}, {house}, {city}, on {date2}",
    ),
    "payment": (
        "the parcel has the number {parcel}, and {price} {go_back} to the card that ends in {card}",
        "{price} {go_back} to your card {card}; you follow the parcel by {parcel}",
    ),
    "farewell": ("{news} goes to {email}", "we {write} to {email} or call {phone}", "{news}: {email}, {phone}"),
    "later": ("on {weekday} I am {away}", "one more thing: I am {away} on {weekday}"),
    "neighbor": (
        "{can} {name2} {next_door} take the parcel?",
        "please leave it with {name2} {next_door}",
    ),
    "changed": ("{of_course}, {name2} {gets} it for you", "{of_course}: it goes to {name2} {next_door}"),
    "carrier": ("the {driver} {knows} that {parcel} is for {ms2} {last2}", "I {have_told} the {driver} about {parcel}"),
    "closing": words("Goodbye. | Have a nice day. | Thank you for your trust. | All the best."),
    "hello": words("hello | good morning | good evening | hi | good afternoon | dear support"),
    "customer": words("a customer for years | a new customer | a member | a regular customer | a teacher | a nurse"),
    "ordered": words("ordered | bought | picked out | reserved"),
    "item": words(
        "a kettle | a desk lamp | a wool blanket | a bread knife | a garden chair | a radio | a backpack | a mirror |"
        "a coffee mill | a bicycle pump | a frying pan | a wall clock | a tent | a toaster | a suitcase | a heater"
    ),
    "the_thing": words("it | the thing | my purchase | what I got"),
    "is_broken": words(
        "does not switch on | has a crack | makes a loud noise | smells of oil | lacks two screws | leaks |"
        "is the wrong color | has a loose handle | is too small | stopped working | arrived wet | has a dent"
    ),
    "since_when": words(
        "since yesterday | from the first day | since the last storm | after one use | since my move | after a week"
    ),
    "late": words("ten days late | in a torn box | without papers | two weeks late | by another carrier"),
    "can": words("can | could"),
    "replace": words("replace | repair | exchange | check"),
    "for_me": words("for me | about that | today | at once"),
    "send_back": words("send back | return | exchange"),
    "regret": words(
        "I am sorry to hear that | that should not happen | please excuse the trouble | I regret that |"
        "thank you for writing to us | thanks for telling us"
    ),
    "see": words("see | find | have found"),
    "here": words("here | open | noted | complete"),
    "in_system": words("in our list | on my screen | in the books | in your account"),
    "where_to": words("to which address | to which house | to which street"),
    "new_one": words("a new one | the replacement | another one | the spare part"),
    "reach": words("reach | call | find"),
    "need": words("need | ask for | still lack"),
    "where_you": words("your address | house and street | a place to send to"),
    "how_else": words("your telephone number | an e-mail address | your phone and e-mail"),
    "floor": words("first floor | second floor | back yard | blue door | top floor"),
    "best": words("best | fine | what I read most"),
    "daytime": words("in the evening | before noon | after six | at lunch | all day | on weekends"),
    "urgent": words("it is urgent | there is no hurry | a word on the time"),
    "reason": words(
        "my daughter marries soon | we have guests | I leave for a trip | it is a present | the winter begins |"
        "my old one is gone | my son needs it for school | I work with it every day"
    ),
    "thank_you": words("thank you | thanks a lot | many thanks | that helps"),
    "leaves": words("leaves our store | is sent | goes out | is on its way"),
    "go_back": words("goes back | is returned | will be paid back"),
    "news": words("all news | the bill | a note | the confirmation"),
    "write": words("write | send a note | report"),
    "away": words("away | at work | in hospital | on a trip | at a wedding"),
    "next_door": words("next door | from number {flat} | across the street | on the ground floor"),
    "flat": words("3 | 5 | 8 | 11 | 14 | 17"),
    "of_course": words("of course | gladly | no problem | that is possible"),
    "gets": words("gets | takes | receives"),
    "driver": words("driver | carrier | postman"),
    "knows": words("knows | has been told | has a note"),
    "have_told": words("have told | have informed | wrote to"),
}


if __name__ == "__main__":
    main()
