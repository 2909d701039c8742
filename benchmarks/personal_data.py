"""How much made-up personal data patterns find, and how often they are wrong, beside other libraries where installed.

    python benchmarks/personal_data.py --each 200 --sentences conll2003.parquet

Values of some forty forms stand in sentences, each form in `--each` of them, drawn with a seed; look-alikes that are
none stand in the same sentences. Found is a value where one span of its type covers it, with at most white space and
signs more. `--sentences` are tagged tokens of real text without such data, in which every card, account, secret,
address, e-mail address and telephone number is a false alarm but for the few that are there.
"""

from __future__ import annotations

import argparse
import random
import re
import string
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow.parquet as pq
from faker import Faker

# The package beside this file is measured, whichever is installed.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from memorization.detection.patterns import PATTERN_TYPES, Span, pattern_spans

SENTENCES = (
    "Please use {} for this.",
    "My old one was {}, I think",
    "She wrote: {}.",
    "{} is what they gave us in the end.",
    "Thanks! ({}) Let me know if anything is missing.",
    "We had it as {} since last week; is that right?",
)
LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL")
Find = Callable[[str], Iterable[Span]]


class Forms:
    """Made-up values by type and form, and look-alikes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.fakers = {locale: Faker(locale) for locale in LOCALES}
        for number, faker in enumerate(self.fakers.values()):
            faker.seed_instance(seed + number)

    def some(self, letters: str, length: int) -> str:
        """So many of these characters."""
        return "".join(self.random.choice(letters) for _ in range(length))

    def digits(self, length: int) -> str:
        """So many digits, the first of them not 0."""
        return self.some("123456789", 1) + self.some(string.digits, length - 1)

    def card(self, kind: str, sign: str) -> str:
        """A card's number with a check digit, in the issuer's groups with that sign between them."""
        number = self.fakers["en_US"].credit_card_number(kind)
        groups = (4, 6, 5) if len(number) == 15 else (4, 4, 4, 4)
        parts, place = [], 0
        for length in groups:
            parts.append(number[place : place + length])
            place += length
        return sign.join(parts)

    def iban(self, locale: str, spaced: bool) -> str:
        """An account's number with check digits."""
        number = self.fakers[locale].iban()
        return re.sub("(.{4})(?=.)", r"\1 ", number) if spaced else number

    def address(self, locale: str, lines: bool) -> tuple[str, str]:
        """Street, number and town, in one line or two; and street and number, an address by themselves."""
        written = self.fakers[locale].address()
        street = written.split("\n")[0]
        if locale == "en_GB" and street.startswith(("Flat", "Studio")):
            street = street.split(" ")[1]
        return written if lines else written.replace("\n", ", "), street.split(" Apt")[0].split(" Suite")[0].rstrip()

    @staticmethod
    def behind(before: str, value: str, after: str = "") -> tuple[str, str]:
        """What stands in a text, and the value in it."""
        return before + value + after, value

    def wrong(self, number: str) -> str:
        """The same number with another last digit, so that its check digit is wrong."""
        return number[:-1] + str((int(number[-1]) + self.random.randrange(1, 10)) % 10)

    def values(self) -> dict[tuple[str, str], Callable[[], str | tuple[str, str]]]:
        """From type and form to a function that draws a value, or a text with one and the value."""
        letters, mixed = string.ascii_letters + string.digits, string.ascii_letters + string.digits + "_-"
        us, fakers = self.fakers["en_US"], self.fakers
        forms: dict[tuple[str, str], Callable[[], str | tuple[str, str]]] = {
            ("email", "free"): us.free_email,
            ("email", "company"): fakers["de_DE"].company_email,
            ("email", "with a sign"): lambda: us.user_name() + "+" + us.word() + "@" + us.domain_name(2),
            ("phone", "(NPA) NXX-XXXX"): lambda: f"({self.digits(3)}) {self.digits(3)}-{self.digits(4)}",
            ("phone", "NPA-NXX-XXXX"): lambda: f"{self.digits(3)}-{self.digits(3)}-{self.digits(4)}",
            ("phone", "NPA.NXX.XXXX"): lambda: f"{self.digits(3)}.{self.digits(3)}.{self.digits(4)}",
            ("phone", "+1 in groups"): lambda: f"+1 {self.digits(3)} {self.digits(3)} {self.digits(4)}",
            ("phone", "+49"): lambda: f"+49 {self.digits(3)} {self.digits(7)}",
            ("phone", "+44"): lambda: f"+44 20 {self.digits(4)} {self.digits(4)}",
            ("phone", "+33"): lambda: "+33 6 " + " ".join(self.digits(2) for _ in range(4)),
            ("phone", "00 and a country"): lambda: f"0049 {self.digits(3)} {self.digits(6)}",
            ("card", "Visa, spaces"): lambda: self.card("visa16", " "),
            ("card", "Visa, no spaces"): lambda: self.card("visa16", ""),
            ("card", "Mastercard, hyphens"): lambda: self.card("mastercard", "-"),
            ("card", "American Express"): lambda: self.card("amex", " "),
            ("card", "Discover"): lambda: self.card("discover", " "),
            ("secret", "AWS"): lambda: "AKIA" + self.some(string.ascii_uppercase + string.digits, 16),
            ("secret", "GitHub"): lambda: "ghp_" + self.some(letters, 36),
            ("secret", "GitHub, fine-grained"): lambda: f"github_pat_{self.some(letters, 22)}_{self.some(letters, 59)}",
            ("secret", "GitLab"): lambda: "glpat-" + self.some(mixed, 20),
            ("secret", "OpenAI"): lambda: "sk-proj-" + self.some(mixed, 74) + "T3BlbkFJ" + self.some(letters, 20),
            ("secret", "Anthropic"): lambda: "sk-ant-api03-" + self.some(mixed, 93) + "AA",
            ("secret", "Stripe"): lambda: "sk_live_" + self.some(letters, 24),
            ("secret", "Slack"): lambda: f"xoxb-{self.digits(12)}-{self.digits(12)}-{self.some(letters, 24)}",
            ("secret", "Google"): lambda: "AIza" + self.some(mixed, 35),
            ("secret", "Hugging Face"): lambda: "hf_" + self.some(string.ascii_letters, 34),
            ("secret", "Telegram"): lambda: f"{self.digits(10)}:AA{self.some(mixed, 33)}",
            ("secret", "JSON web token"): lambda: (
                f"eyJhbGciOiJIUzI1NiJ9.eyJ{self.some(letters, 40)}.{self.some(letters, 43)}"
            ),
            ("secret", "private key"): lambda: (
                "-----BEGIN PRIVATE KEY-----\n"
                + "\n".join(self.some(letters, 64) for _ in range(4))
                + "\n-----END PRIVATE KEY-----"
            ),
            ("secret", "password: ..."): lambda: self.behind("password: ", us.password(12)),
            ("secret", "password is ..."): lambda: self.behind("password is ", us.password(10, special_chars=False)),
            ("secret", "URL with a password"): lambda: self.behind(
                "postgres://app:", self.some(letters, 14), "@db.example.org/app"
            ),
            ("date", "of birth, ISO"): lambda: str(us.date_of_birth()),
            ("date", "Month D, YYYY"): lambda: us.date_of_birth().strftime("%B %d, %Y"),
            ("date", "D.M.YYYY"): lambda: us.date_of_birth().strftime("%d.%m.%Y"),
            ("identifier", "social security number"): us.ssn,
            ("identifier", "passport"): lambda: self.some(string.ascii_uppercase, 1) + self.digits(8),
        }
        for locale in LOCALES[1:]:
            for spaced in (True, False):
                form = f"IBAN {locale[3:]}, {'fours' if spaced else 'in one'}"
                forms["account", form] = lambda locale=locale, spaced=spaced: self.iban(locale, spaced)  # type: ignore[misc]
        forms["account", "account number"] = lambda: self.behind("account number ", self.digits(10))
        for locale in LOCALES:
            for lines in (False, True):
                form = f"{locale[3:]}, {'lines' if lines else 'one line'}"
                forms["address", form] = lambda locale=locale, lines=lines: self.address(locale, lines)  # type: ignore[misc]
        return forms

    def look_alikes(self) -> dict[str, Callable[[], str]]:
        """From what it is to a function that draws one."""
        us, hexadecimal = self.fakers["en_US"], "0123456789abcdef"
        return {
            "card's number, wrong check digit": lambda: self.wrong(self.card("visa16", " ")),
            "IBAN, wrong check digit": lambda: self.wrong(self.iban("de_DE", True)),
            "order number": lambda: f"order #{self.digits(3)}-{self.digits(7)}-{self.digits(7)}",
            "16 digits": lambda: self.digits(16),
            "ISBN": lambda: us.isbn13(),
            "price": lambda: f"${self.random.randrange(1000, 10**7):,}.{self.digits(2)}",
            "year and street": lambda: f"in {self.random.randrange(1900, 2020)} Wall Street rose",
            "number and name": lambda: f"{self.digits(2)} Doctor {us.last_name()} fans",
            "version": lambda: ".".join(self.digits(2) for _ in range(4)),
            "commit": lambda: self.some(hexadecimal, 40),
            "UUID": us.uuid4,
            "decimal": lambda: f"{self.random.random() * 1000:.9f}",
            "times": lambda: f"{self.digits(1)}:{self.digits(2)}-{self.digits(1)}:{self.digits(2)}",
            "score": lambda: f"{self.digits(1)}-{self.digits(1)}, {self.digits(1)}-{self.digits(1)}",
            "of passwords": lambda: "the password is required and the API key: optional",
            "handle": lambda: "@" + us.user_name(),
            "kebab case": lambda: "sk-" + "-".join(us.word() for _ in range(3)),
            "hexadecimal color": lambda: "#" + self.some(hexadecimal, 6),
        }


def covered(text: str, stated: str, kind: str, spans: Iterable[Span]) -> bool:
    """Whether a span of that type covers what is stated; but for addresses, no letter or digit more."""
    start = text.index(stated)
    end = start + len(stated)
    return any(
        kind == found
        and first <= start
        and last >= end
        and (kind == "address" or not re.search(r"\w", text[first:start] + text[end:last]))
        for found, first, last in spans
    )


def main(arguments: list[str] | None = None) -> None:
    """Print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=100, help="values of each form")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sentences", type=Path, help="Parquet file of tagged tokens")
    parser.add_argument("--forms", action="store_true", help="a line per form")
    options = parser.parse_args(arguments)
    finders = {"patterns": lambda text: pattern_spans(text, "US"), **others()}
    for name, find in finders.items():
        report(name, find, options)


def report(name: str, find: Find, options: argparse.Namespace) -> None:
    """Print what one recognizer finds."""
    forms = Forms(options.seed)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    begun, characters = time.process_time(), 0
    for (kind, form), draw in forms.values().items():
        hits = 0
        for number in range(options.each):
            drawn = draw()
            value, stated = drawn if isinstance(drawn, tuple) else (drawn, drawn)
            text = SENTENCES[number % len(SENTENCES)].format(value)
            hits += covered(text, stated, kind, find(text))
            characters += len(text)
        found[kind].update(found=hits, n=options.each)
        if options.forms:
            print(f"    {name}: {kind}, {form}: {hits / options.each:.2f}")
    for kind, counts in found.items():
        print(f"{name}: {kind}: recall {counts['found'] / counts['n']:.3f} of {counts['n']:,}")
    seconds = time.process_time() - begun
    for what, draw in forms.look_alikes().items():
        wrong: Counter[str] = Counter()
        for number in range(options.each):
            wrong.update({kind for kind, _, _ in find(SENTENCES[number % len(SENTENCES)].format(draw()))})
        print(f"{name}: look-alike {what}: {dict(wrong)}")
    print(f"{name}: {characters / seconds / 1e6:.2f} million characters/s")
    if options.sentences:
        rows = pq.read_table(options.sentences, columns=["tokens"])["tokens"].to_pylist()
        alarms: Counter[str] = Counter()
        begun = time.process_time()
        examples = []
        for tokens in rows:
            text = " ".join(tokens)
            for kind, start, end in find(text):
                alarms[kind] += 1
                if kind not in ("date", "age"):
                    examples.append((kind, text[start:end]))
        print(f"{name}: per 1,000 of {len(rows):,} sentences:", end=" ")
        print({kind: round(1000 * count / len(rows), 2) for kind, count in alarms.items()}, end=" ")
        print(f"{len(rows) / (time.process_time() - begun):,.0f} sentences/s")
        if options.forms:
            print(examples[:60])


def others() -> dict[str, Find]:
    """Other recognizers that are installed, by name, with their types in the words of ours."""
    finders: dict[str, Find] = {}
    try:
        import pyap

        def addresses(text: str) -> Iterable[Span]:
            for country in ("US", "GB"):
                for address in pyap.parse(text, country=country):
                    yield "address", address.match_start, address.match_end

        finders["pyap"] = addresses
    except ImportError:
        pass
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

        classes = get_mapping_from_secret_type_to_class().values()
        plugins = [kind() for kind in classes if "Entropy" not in kind.__name__ and "IPPublic" not in kind.__name__]

        def secrets(text: str) -> Iterable[Span]:
            for plugin in plugins:
                for value in plugin.analyze_string(text):
                    if isinstance(value, str) and value in text:
                        yield "secret", text.index(value), text.index(value) + len(value)

        finders["detect-secrets"] = secrets
    except ImportError:
        pass
    try:
        from presidio_analyzer import predefined_recognizers

        names = {
            "CreditCardRecognizer": "card",
            "IbanRecognizer": "account",
            "UsBankRecognizer": "account",
            "EmailRecognizer": "email",
            "PhoneRecognizer": "phone",
            "DateRecognizer": "date",
            "UsSsnRecognizer": "identifier",
            "UsPassportRecognizer": "identifier",
        }
        recognizers = [(getattr(predefined_recognizers, name)(), kind) for name, kind in names.items()]

        def presidio(text: str) -> Iterable[Span]:
            for recognizer, kind in recognizers:
                for result in recognizer.analyze(text, recognizer.supported_entities, None):
                    if result.score >= 0.3:
                        yield kind, result.start, result.end

        finders["presidio"] = presidio
    except ImportError:
        pass
    return finders


if __name__ == "__main__":
    print(f"types: {', '.join(PATTERN_TYPES)}")
    main()
