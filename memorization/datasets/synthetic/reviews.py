"""Reviews of films, with their sentiment."""

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.writing import words


def write(draws: writing.Draws) -> writing.Draft:
    """One review, `positive` or `negative`, and no question."""
    positive = draws.rng.random() < 0.5
    grammar = REVIEWS | (PRAISE if positive else BLAME)
    facts = _facts(draws, grammar)
    label = "positive" if positive else "negative"
    numbers = {"n2": (12, 149)}
    return writing.drafted(lambda: _draft(writing.Writer(draws.rng, grammar, facts, numbers), label))


def _facts(draws: writing.Draws, grammar: writing.Grammar) -> writing.Facts:
    facts = writing.persons(draws, 5)
    hero1, hero2 = draws.rng.sample(grammar["hero"], 2)
    facts |= {
        "hero1": hero1,
        "hero2": hero2,
        "director": draws.person().name,
        "actor1": facts["name1"],
        "actor2": facts["name2"],
        "city": draws.city(),
        "cinema": draws.pick(CINEMAS),
        "t_place": draws.city(),
        "date1": draws.date_text(),
        "weekday": draws.pick(writing.WEEKDAYS),
        "month": draws.pick(writing.MONTHS),
        "year": draws.number(1961, 2004),
        "year2": draws.number(2005, 2023),
        "price": f"${draws.number(6, 19)}.{draws.number(10, 99)}",
    }
    titles = writing.Writer(draws.rng, grammar, facts)
    return facts | {"title": titles.role("title"), "title2": titles.role("title")}


def _draft(writer: writing.Writer, label: str) -> writing.Draft | None:
    """Review and label, or None where the review does not have the required length."""
    roles = ["story", "acting", "craft", writer.rng.choice(("craft", "hall", "story"))]
    writer.rng.shuffle(roles)
    review = writing.finish([writer.role(role) for role in ("start", *roles, "end")])
    return (review, label, "") if 70 <= writing.word_count(review) <= 100 else None


REVIEWS: writing.Grammar = {
    "title": (
        "The {t_adjective} {t_noun}",
        "{t_noun} of {t_place}",
        "{t_adjective} {t_noun}s",
        "One {t_noun} in {t_place}",
        "{t_place}, {year}",
        "{first3}'s {t_noun}",
    ),
    "start": (
        "{we_saw} {title} by {director} {when_seen} at the {cinema} in {city}",
        "{title}, {director}'s {genre} of {year}, {played} at the {cinema} in {city} {when_seen}",
        "{director}'s {genre} {title} {tells_of} {hero1}, played by {actor1}, who {does} {quest}",
        "in {title}, {actor1} plays {hero1} who {does} {quest} with {actor2}",
    ),
    "story": (
        "{actor1}'s character {meets} {hero} {in_place} and {does} {quest}",
        "{actor2} is {hero2} {in_place} who {does} {quest} {story_time}",
        "the {part} {in_place}, where {hero} {does} {quest}, is {verdict}",
        "{story_time}, {hero} {does} {quest}, and {part_the} is {verdict}",
    ),
    "acting": (
        "{actor1} {acts} {manner}, and {actor2} {acts} {manner2}",
        "{actor2} as {hero2} is {verdict}, above all {in_place}",
        "between {actor1} and {actor2} there is {chemistry}, even {in_place}",
        "I have {never} seen {actor1} so {verdict_short}, not even in {other_title}",
    ),
    "craft": (
        "the {part} by {crew} is {verdict}, and {part_the} {does_to} {viewer}",
        "{crew}, who {worked_on} {other_title}, {gives} us {part_a} that {does_to} {viewer}",
        "{part_the} and {part_the} {do_to} {viewer}, which {crew} {deserves}",
        "after {minutes} minutes {part_the} {becomes} {verdict_short}, and {part_the} {does_to} {viewer}",
    ),
    "hall": (
        "{audience} in {row} {reacted} {hall_when}, and {my_friend} {reacted_too}",
        "{my_friend} {reacted_too} after {minutes} minutes, and {audience} {reacted}",
        "for {price} at the {cinema} I got {received}, {minutes} minutes of it",
    ),
    "end": (
        "{overall}: {points} of 10 {for_title}, and {recommendation}",
        "{recommendation}, and {director} {future}",
        "{overall}, so {recommendation} {in_city}",
    ),
    "t_adjective": words(
        "Silent | Golden | Last | Broken | Hidden | Burning | Frozen | Crooked | Distant | Paper | Second | Hollow |"
        "Velvet | Northern | Borrowed | Empty"
    ),
    "t_noun": words(
        "River | Garden | Letter | Orchard | Bridge | Lantern | Mirror | Harbor | Winter | Piano | Island | Promise |"
        "Stranger | Clock | Sparrow | Tunnel"
    ),
    "we_saw": words("I saw | we watched | my class saw | I finally watched | with low hopes I saw | we caught"),
    "when_seen": (
        "on {date1}",
        "last {weekday}",
        "on a rainy {weekday}",
        "in {month}",
        "on its first night",
        "one late {weekday}",
    ),
    "genre": words("thriller | comedy | western | drama | romance | mystery | war film | musical | fairy tale"),
    "played": words("ran | was shown | opened | played"),
    "tells_of": words("tells of | follows | is about | centers on"),
    "hero": words(
        "a lonely pilot | a young nurse | a retired thief | a shy baker | a stubborn judge | a village priest |"
        "a blind painter | a tired detective | a circus rider | a ship's cook | a jealous twin | a street singer |"
        "a poor count | a chess player | a runaway bride | a lighthouse keeper"
    ),
    "does": words("looks for | loses | steals | inherits | hides | wants | finds | sells | invents | guards"),
    "quest": words(
        "a stolen map | an old house | a lost brother | a secret code | a rare stamp | a silver ring | a ruined hotel |"
        "a racing horse | a forgotten song | a box of letters | a broken radio | a family recipe | a lost diary |"
        "a strange key"
    ),
    "meets": words("meets | marries | betrays | saves | follows | teaches | fools"),
    "in_place": words(
        "in a mountain hut | on a night train | in a desert town | at a funeral | in a flooded city | on a ferry |"
        "in a locked museum | at a county fair | in a prison yard | on a rooftop | in a snowed-in school |"
        "at the border | in an empty theater"
    ),
    "story_time": words(
        "halfway through | in the first scene | after the war | one summer | toward the end | in the last act |"
        "for no clear reason | in a long flashback | on a single night"
    ),
    "part": words("scene | dialogue | chase | farewell | duel | dance | confession | dinner | wedding"),
    "part_the": words(
        "the music | the camera work | the script | the lighting | the editing | the ending | the humor | the plot |"
        "the pace | the dialogue | the costume design | the sound"
    ),
    "part_a": words("a score | a script | a color scheme | an ending | a rhythm | a set | an opening | a dialogue"),
    "crew": ("{name4}", "{name5}", "{name4}", "{name5}"),
    "worked_on": words("wrote | filmed | produced | cut | scored"),
    "other_title": ("{title2}",),
    "viewer": words("me | us | the viewer | the eye | the mind | everyone | my friends | the heart"),
    "minutes": ("{n2}",),
    "audience": words("people | students | couples | critics | two ladies | children | some men"),
    "row": words("row {digit} | the front row | the back row | the balcony | the next seats"),
    "hall_when": words("during the {part} | after {n2} minutes | at the end | before the break | at the {part}"),
    "my_friend": words("my sister | my neighbor | {first3} | my uncle | my colleague {first3} | my wife | my son"),
    "in_city": words("in {city} | at the {cinema} | this {month} | on any {weekday}"),
    "never": words("never | rarely | seldom"),
    "digit": words("2 | 3 | 4 | 5 | 6 | 7 | 8 | 9"),
}

PRAISE: writing.Grammar = {
    "verdict": words(
        "a joy | wonderfully honest | full of wit | a small miracle | brilliant | deeply moving | fresh and clever |"
        "a pure delight | simply perfect | full of warmth | rich in ideas | a triumph | superb | tender and wise"
    ),
    "verdict_short": words("charming | funny | convincing | gripping | graceful | brilliant | moving | alive"),
    "manner": words("with great charm | beautifully | with rare warmth | superbly | with perfect timing | with wit"),
    "manner2": words("even better | just as well | with quiet strength | like a star | with real joy"),
    "acts": words("plays | performs | acts | shines"),
    "chemistry": words("real magic | a warm spark | wonderful tension | true friendship | perfect harmony"),
    "does_to": words("delights | moves | charms | enchants | thrills | inspires | warms"),
    "do_to": words("delight | move | charm | enchant | thrill | inspire | warm"),
    "gives": words("gives | offers | shows | hands"),
    "deserves": words("deserves a prize for | should be proud of | did with love | knew how to do"),
    "becomes": words("becomes | grows | turns"),
    "reacted": words("cheered | laughed with joy | clapped | wept happily | held their breath"),
    "reacted_too": words("loved it | smiled for hours | was thrilled | wanted to see it again | applauded"),
    "received": words("pure joy | a fine evening | great art | happy tears | a treasure"),
    "overall": words(
        "a great success | a gem | one of the best this year | a masterpiece | time well spent | a fine film | a hit |"
        "the surprise of {year2} | a winner | a feast"
    ),
    "points": words("8 | 9 | 10"),
    "for_title": words("for {title} | for {director} | from me | without doubt | for courage"),
    "recommendation": words(
        "you should see it soon | do not miss it | I will go again | take your friends along | buy a ticket today |"
        "I recommend it warmly | let nobody talk you out of it | {first3} must see it too | see it twice"
    ),
    "future": words("is one to watch | has never been better | makes me hope for more | earned the applause"),
}

BLAME: writing.Grammar = {
    "verdict": words(
        "a bore | painfully false | full of holes | a small disaster | dreadful | deeply dull | stale and clumsy |"
        "a pure waste | simply awful | full of cliches | poor in ideas | a failure | lifeless | loud and empty"
    ),
    "verdict_short": words("wooden | silly | lost | tiresome | clumsy | bland | tedious | lifeless"),
    "manner": words("without charm | badly | like a robot | with a bored face | with poor timing | far too loudly"),
    "manner2": words("even worse | just as badly | without any strength | like a beginner | half asleep"),
    "acts": words("plays | performs | acts | mumbles"),
    "chemistry": words("no spark at all | nothing but silence | only boredom | a false tone | forced laughter"),
    "does_to": words("bores | annoys | tires | confuses | irritates | insults | disappoints"),
    "do_to": words("bore | annoy | tire | confuse | irritate | insult | disappoint"),
    "gives": words("gives | offers | shows | hands"),
    "deserves": words("should regret | must answer for | did without care | clearly rushed"),
    "becomes": words("becomes | grows | turns"),
    "reacted": words("yawned | groaned | walked out | looked at their phones | fell asleep"),
    "reacted_too": words("hated it | sighed loudly | was annoyed | wanted to go home | complained"),
    "received": words("pure boredom | a wasted evening | cheap tricks | a headache | nonsense"),
    "overall": words(
        "a sad failure | a mess | one of the worst this year | a letdown | time badly spent | a poor film | a flop |"
        "the low point of {year2} | a loser | a fiasco"
    ),
    "points": words("1 | 2 | 3"),
    "for_title": words("for {title} | for {director} | from me | without doubt | for effort"),
    "recommendation": words(
        "you should stay at home | do avoid it | I want my money back | warn your friends | read a book instead |"
        "I cannot recommend it | let nobody talk you into it | {first3} must not see it | once is too often"
    ),
    "future": words("needs a rest | has never been worse | makes me fear the next one | earned the silence"),
}

CINEMAS = words("Capitol | Rialto | Odeon | Lux | Palace | Metro | Astor | Regent | Roxy | Majestic | Savoy | Apollo")
