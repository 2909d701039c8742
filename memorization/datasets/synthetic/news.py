"""News articles with their summaries: an event, who was there, what they said and what it cost."""

import itertools

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.writing import words


def write(draws: writing.Draws) -> writing.Draft:
    """One article, its summary, and no question."""
    topic = NEWS_TOPICS[draws.pick(list(NEWS_TOPICS))]
    facts = _facts(draws)
    grammar = NEWS | topic
    numbers = {"n1": (3, 95), "n2": (102, 989), "percent": (3, 89)}
    return writing.drafted(lambda: _draft(writing.Writer(draws.rng, grammar, facts, numbers)))


def _facts(draws: writing.Draws) -> writing.Facts:
    weekdays, months = draws.rng.sample(writing.WEEKDAYS, 2), draws.rng.sample(writing.MONTHS, 2)
    city, town = draws.rng.sample(draws.names.cities, 2)
    streets = draws.rng.sample(draws.names.streets, 2)
    # One article is about one thing.
    things = {name: draws.pick(NEWS[name]) for name in ("goods", "car", "device", "finding", "loot", "line")}
    people = writing.persons(draws, 3)
    return (
        people
        | things
        | writing.numbered("weekday", weekdays)
        | writing.numbered("month", months)
        | writing.numbered("street", streets)
        | {
            "city": city,
            "town": town,
            "company": writing.company_name(draws),
            "agency": f"the {draws.last_name()} {draws.pick(AGENCY_WORDS)}",
            "date1": draws.date_text(),
            "date2": draws.date_text(),
            "year1": draws.number(1951, 1995),
            "year2": draws.number(1996, 2019),
            "age": draws.number(48, 69),
            "time": f"{draws.number(1, 12)}:{draws.number(10, 59)}",
            "price": f"${draws.number(1, 9)}.{draws.number(10, 99)}",
            "phone": draws.phone(),
            "amount1": writing.dollar_amount(draws),
            "amount2": writing.dollar_amount(draws),
            "amount3": writing.dollar_amount(draws),
        }
    )


def _draft(writer: writing.Writer) -> writing.Draft | None:
    """Article and summary, or None where there is none of the required length."""
    roles = ["special", *writer.rng.sample(("money", "quote", "background", "numbers"), 3), "outlook"]
    writer.rng.shuffle(roles)
    bodies = [writer.role(role) for role in ("lead", "early", *roles)]
    openings = ["", "", *(_opening(writer, body) for body in bodies[2:])]
    sentences = [opening + body for opening, body in zip(openings, bodies, strict=True)]
    article = writing.finish(sentences)
    if not 90 <= writing.word_count(article) <= 120:
        return None
    starts = itertools.accumulate((writing.word_count(sentence) for sentence in sentences), initial=0)
    late = [body for body, start in zip(bodies, starts, strict=False) if start >= 40]
    summaries = [writing.finish(chosen) for size in (2, 3) for chosen in itertools.combinations(late, size)]
    fitting = [summary for summary in summaries if 35 <= writing.word_count(summary) <= 50]
    return (article, writer.rng.choice(fitting), "") if fitting else None


def _opening(writer: writing.Writer, body: str) -> str:
    """An adverbial for the start of some sentences; the summary leaves it out."""
    takes_none = '"' in body or body.startswith(("since ", "from ", "of ", "in "))
    return "" if takes_none or writer.rng.random() < 0.4 else f"{writer.role('opening')} "


NEWS_TOPICS: dict[str, writing.Grammar] = {
    "fire": {
        "event": ("the fire",),
        "lead": (
            "{bad} fire {destroyed} {building} on {street1} in {city} on {weekday1} {daytime}",
            "{building} on {street1} in {city} {burned} on {weekday1} {daytime}, {witness} said",
            "firefighters in {city} fought {bad} fire at {building} of {company} on {weekday1}",
        ),
        "early": (
            "{n1} firefighters led by {name1}, {role1}, needed {hours} hours to {control} the flames",
            "{name1}, {role1}, said the flames {started} {where_in} and {spread} within {n1} minutes",
            "{neighbours} on {street1} had to leave their homes, said {name1}, {role1}",
        ),
        "special": (
            "{agency} believes that {cause} in {where_part} {started_it} at about {time}",
            "smoke {damaged} {n1} {homes} on {street2}, and {neighbours} slept in {shelter}",
        ),
    },
    "storm": {
        "event": ("the storm",),
        "lead": (
            "{bad} storm {damaged} {n1} {homes} in {city} on {weekday1} {daytime}",
            "heavy rain {flooded} {street1} and {building} in {city} on {weekday1} {daytime}",
            "{neighbours} in {city} {cleaned} after {bad} storm that hit {street1} on {weekday1}",
        ),
        "early": (
            "{name1}, {role1}, said the water rose by {n1} inches in {hours} hours and {flooded} {where_part}",
            "{company} had to {stop} its {production} because {trees} {blocked} {street1}, said {name1}, {role1}",
            "winds of {speed} miles per hour {damaged} {building}, according to {name1}, {role1}",
        ),
        "special": (
            "{trees} {blocked} the road to {town} for {hours} hours until {workers} {cleared} them",
            "{n2} {houses} near {street2} had no {power} until {time} on {weekday2}",
        ),
    },
    "plant": {
        "event": ("the new plant",),
        "lead": (
            "{company} will build {new_plant} for {goods} on {street1} in {city}, it {announced} on {weekday1}",
            "{city} will get {new_plant} that makes {goods}, {company} {announced} on {weekday1} {daytime}",
            "work on {new_plant} for {goods} {began} in {city} on {weekday1} {daytime}",
        ),
        "early": (
            "{name1}, {role1}, said the plant would {employ} {n2} people, most of them {workers}",
            "the {ground} near {street1} was {bought} in {year1} for {amount3}, said {name1}, {role1}",
            "{name1}, {role1}, {praised} {company} and {hoped} for {n1} {shops} nearby",
        ),
        "special": (
            "the plant will {make} {n2} tons of {goods} a month and {sell} them to {buyers} in {town}",
            "{company} will train {n1} {workers} at its {old_site} in {town} from {month1}",
        ),
    },
    "theft": {
        "event": ("the robbery",),
        "lead": (
            "{thieves} {stole} {loot} worth {amount3} from {building} in {city} on {weekday1} {daytime}",
            "police in {city} are looking for {thieves} who {stole} {loot} on {street1} on {weekday1}",
            "{loot} worth {amount3} {vanished} from {building} on {street1} in {city} on {weekday1}",
        ),
        "early": (
            "{name1}, {role1}, said they {entered} through {entry} at {time} and {escaped} in {car}",
            "a guard of {company} {noticed} {entry} {open} at {time}, said {name1}, {role1}",
            "{name1}, {role1}, had {seen} {car} on {street1} {n1} minutes before",
        ),
        "special": (
            "{car} with {loot_part} inside was {found} on {weekday2} near {street2} in {town}",
            "{agency} {showed} {pictures} of {suspect} who had {rented} {car} in {town} on {date1}",
        ),
    },
    "transport": {
        "event": ("the project",),
        "lead": (
            "{city} will {build} {line} from {street1} to {town}, the council {decided} on {weekday1} {daytime}",
            "{line} between {city} and {town} will {open} {late} than {promised}, {witness} said on {weekday1}",
            "after {hours} hours of {debate}, {city} {approved} {line} along {street1} on {weekday1}",
        ),
        "early": (
            "{name1}, {role1}, said {n2} {passengers} a day would {save} {n1} minutes",
            "{company} will {supply} {vehicles} for it, said {name1}, {role1}",
            "{name1}, {role1}, had {fought} for it since {year1} against {opponents}",
        ),
        "special": (
            "{vehicles} will run every {n1} minutes from {time}, and {ticket} to {town} will cost {price}",
            "{opponents} fear {noise} on {street2} and have {collected} {n2} signatures in {hours} weeks",
        ),
    },
    "strike": {
        "event": ("the strike",),
        "lead": (
            "{n2} {workers} of {company} in {city} {walked_out} on {weekday1} {daytime}",
            "{bad} strike {stopped} the {production} of {goods} at {company} in {city} on {weekday1}",
            "{workers} in {city} {blocked} {building} of {company} on {street1} on {weekday1} {daytime}",
        ),
        "early": (
            "they {demand} {percent} percent more pay and {n1} days of {leave}, said {name1}, {role1}",
            "{name1}, {role1}, called the last offer of {amount3} {insult} and {left} the talks at {time}",
            "talks with {name1}, {role1}, had {failed} after {hours} hours over {dispute}",
        ),
        "special": (
            "{company} {offered} {amount1} more for {dispute} but {refused} to {rehire} {n1} {workers}",
            "{buyers} in {town} {wait} for {n2} tons of {goods}, and {shops} {closed} on {weekday2}",
        ),
    },
    "research": {
        "event": ("the study",),
        "lead": (
            "{scientists} from {city} have {discovered} {finding} in {sample}, they {announced} on {weekday1}",
            "{finding} may {help} {patients_group}, according to {scientists} in {city} on {weekday1}",
            "{new_study} from {city} {links} {sample} to {finding}, {agency} {announced} on {weekday1}",
        ),
        "early": (
            "the group of {name1}, {role1}, {examined} {n2} {probes} from {town} over {hours} years",
            "{name1}, {role1}, said the idea came to {him1} {idea_where} in {year1}",
            "{company} {lent} the group {device}, said {name1}, {role1}, on {street1}",
        ),
        "special": (
            "in {percent} percent of the {probes} the {scientists_short} {saw} {finding} after {n1} days",
            "{buyers} in {town} will {test} {device} with {n2} {patients_group} from {month1}",
        ),
    },
}

NEWS: writing.Grammar = {
    "opening": words(
        "at the same time, | according to the latest figures, | in the meantime, | despite this, | for that reason, |"
        "in addition, | meanwhile, | even so, | apart from that, | to the surprise of many, | on top of that, |"
        "in spite of all criticism, | as far as is known, | by all accounts, | nevertheless, | as it turns out,"
    ),
    "money": (
        "{ms1} {last1} put the {costs} at {amount1}, {most_of_it} for {purpose}",
        "{company} has {reserved} {amount1} for {purpose} and {amount2} for {purpose}",
        "the council {voted} on {date1} to spend {amount1} on {purpose} in {town}",
        "{agency} will {pay} {percent} percent of the {costs}, which {ms1} {last1} {estimates} at {amount1}",
        "{name3}, {role3}, {received} {amount2} in {month1} for {purpose} on {street2}",
        "{buyers} {gave} {amount2} for {purpose}, and {company} {added} {amount1}",
    ),
    "quote": (
        '"{we} {feel} {feeling} {after_all}," said {name2}, {role2}, on {street2}',
        '"{nobody} {expected} {such_thing} in {city}," {name2}, {role2}, {told} {reporters}',
        '{name2}, {role2}, {told} {reporters}: "{we} {need} {needed} before {month2}"',
        '"{event} {changes} {life} {for_whom}," said {ms1} {last1}, who {lives} in {town}',
        '{name2} from {town}, {role2}, {disagreed}: "{we} {feel} {feeling} about {purpose}"',
    ),
    "background": (
        "{name3}, {age}, has {led} {company} since {year2} and {earlier} {trade} in {town}",
        "the {old_site} on {street2} {opened} in {year1} and {employs} {n2} {workers}",
        "{similar} in {town} in {year2} {cost} {amount2} and {occupied} the courts for {n1} months",
        "{company} was {founded} in {town} in {year1} by {name3}, who {trade} with {n1} {helpers}",
        "since {year2}, {agency} has {warned} {n1} times of {danger} in {city}",
    ),
    "numbers": (
        "{agency} {counted} {n2} {cases} in {month1}, {n1} more than in {year2}",
        "about {n2} {neighbours_short} from {town} {signed} {petition} for {purpose} by {date1}",
        "{percent} percent of the {neighbours_short} {asked_by} {agency} {support} {purpose}",
        "of {n2} {cases} since {year2}, {n1} {came_from} {town} and {few} from {street2}",
    ),
    "outlook": (
        "{meeting} about {event} will {be_held} on {date2} in {hall} on {street2}",
        "{ms1} {last1} {expects} the {works} to {end} on {date2}, {n1} weeks {late} than {promised}",
        "{agency} will {publish} {report} on {date2} and {send} it to {name3}",
        "{people_who} {know} more can call {agency} at {phone} until {date2}",
        "{name3}, {role3}, wants to {decide} on {purpose} by {date2} and {visit} {town} first",
        "from {date2}, {workers} will {repair} {building} and {purpose_do} near {street2}",
    ),
    "bad": words(
        "a large | a fierce | an unusual | a long | a sudden | a violent | a costly | a second | a dangerous | a short"
    ),
    "destroyed": words("destroyed | damaged | gutted | ruined | swept through | broke out in | closed"),
    "burned": words("burned down | caught fire | was lost to a fire | burned for hours | went up in flames"),
    "building": words(
        "a warehouse | the old theater | a bakery | a furniture store | the town library | a school | a garage |"
        "the market hall | a hotel | a farm | a museum | the post office | a clinic | a sawmill | a brewery"
    ),
    "witness": words("police | witnesses | neighbors | officials | the town hall | reporters | a guard | drivers"),
    "daytime": words("morning | afternoon | evening | night"),
    "control": words("control | put out | contain | stop | tame | fight"),
    "started": words("started | were first seen | broke out | appeared | began"),
    "where_in": words("in the cellar | under the roof | in a kitchen | near the stairs | in an office | behind a wall"),
    "where_part": words(
        "the cellar | the kitchen | the workshop | an office | the engine room | the attic | the garage | the yard"
    ),
    "spread": words("spread | grew | reached the roof | climbed | moved on"),
    "neighbours": words(
        "{n1} families | {n1} neighbors | dozens of guests | {n1} students | {n1} tenants | several couples"
    ),
    "neighbours_short": words("residents | drivers | parents | voters | students | farmers | tenants | shoppers"),
    "hours": words("two | three | four | five | six | seven | eight | nine"),
    "cause": words("a heater | a candle | an old cable | a lamp | a spark | a cigarette | a gas bottle | an oven"),
    "started_it": words("was the cause | set it off | failed | was to blame | caught fire | exploded"),
    "damaged": words("damaged | ruined | struck | hit | reached | emptied"),
    "homes": words("homes | houses | shops | offices | roofs | cars | barns | flats"),
    "houses": words("homes | shops | houses | offices | farms"),
    "shelter": words("a gym | a church | a school | a hotel | tents | the town hall | buses"),
    "flooded": words("flooded | closed | filled | covered | cut off"),
    "cleaned": words("were cleaning up | counted the damage | cleared the mud | were without power | stayed home"),
    "stop": words("stop | pause | reduce | move | delay"),
    "production": words("production | deliveries | night shift | repairs | work | sales"),
    "trees": words("fallen trees | mud | broken poles | stones | two trucks | ice | high water"),
    "blocked": words("blocked | closed | cut off | obstructed"),
    "speed": ("5{digit}", "6{digit}", "7{digit}", "8{digit}"),
    "digit": words("0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9"),
    "workers": words(
        "workers | drivers | mechanics | volunteers | engineers | nurses | young people | welders | soldiers"
    ),
    "cleared": words("removed | cleared | cut | lifted"),
    "power": words("power | water | heating | telephone | gas"),
    "new_plant": words("a large plant | a new factory | a modern works | a second plant | a small factory"),
    "goods": words(
        "batteries | bicycles | paper | glass | tires | furniture | steel pipes | solar panels | shoes | cheese |"
        "pumps | toys | paint | engines"
    ),
    "announced": words("announced | said | confirmed | reported | revealed"),
    "began": words("began | started | was stopped | was delayed | resumed"),
    "employ": words("employ | need | hire | feed | train"),
    "ground": words("field | land | site | old farm | empty lot"),
    "bought": words("bought | sold | cleared | leased"),
    "praised": words("praised | thanked | welcomed | defended"),
    "hoped": words("hoped | asked | saw room | planned"),
    "shops": words("shops | offices | small firms | homes | restaurants"),
    "make": words("make | pack | recycle | process | ship"),
    "sell": words("sell | send | deliver | rent"),
    "buyers": words("dealers | two hospitals | car makers | schools | farmers | banks | builders | private donors"),
    "old_site": words("old mill | training center | garage | laboratory | depot | main office | shipyard | workshop"),
    "thieves": words("two men | three thieves | a masked man | a gang | two women | a young couple | several robbers"),
    "stole": words("stole | took | carried off | grabbed"),
    "loot": words(
        "paintings | gold coins | cameras | rare books | watches | silver spoons | computers | old violins | jewels"
    ),
    "loot_part": words("a mask | two bags | some of the goods | tools | a map | empty boxes | a rope | gloves"),
    "vanished": words("vanished | disappeared | were taken | were stolen"),
    "entered": words("entered | came in | broke in | climbed in"),
    "entry": words("a window | the back door | the roof | a cellar door | the garage | a side gate"),
    "open": words("open | broken | unlocked | damaged"),
    "escaped": words("escaped | left | fled | drove away"),
    "car": words("a white van | a red truck | a gray car | a black van | a taxi | an old bus | a blue pickup"),
    "noticed": words("noticed | found | saw | reported"),
    "seen": words("seen | noticed | photographed | followed"),
    "found": words("found | seen | stopped | searched"),
    "showed": words("showed | released | printed | studied"),
    "pictures": words("pictures | a drawing | a video | two photographs | a sketch"),
    "suspect": words("a tall man | a woman in a gray coat | a man with a limp | a former guard | a young driver"),
    "rented": words("rented | bought | borrowed | parked | washed"),
    "build": words("build | pay for | reopen | test | plan"),
    "line": words(
        "a tram line | a new bridge | a bus route | a cycle path | a rail tunnel | a ferry | a ring road | a night bus"
    ),
    "decided": words("decided | agreed | said | voted"),
    "late": words("later | earlier | sooner"),
    "promised": words("planned | promised | expected | hoped | agreed | announced"),
    "debate": words("debate | talks | loud argument | questions | discussion"),
    "approved": words("approved | rejected | accepted | postponed | paid for"),
    "passengers": words("passengers | commuters | drivers | students | visitors | shoppers"),
    "save": words("save | gain | lose | win"),
    "supply": words("supply | build | lease | repair | test"),
    "vehicles": words("{n1} trams | electric buses | two ferries | {n1} trains | small buses | {n1} carriages"),
    "fought": words("fought | argued | campaigned | worked | asked"),
    "opponents": words("shop owners | farmers | opposition members | cyclists | taxi drivers | two churches | tenants"),
    "ticket": words("a ticket | a single trip | the ride | a day pass | a return"),
    "noise": words("noise | dust | higher rents | traffic | cracks | empty shops"),
    "collected": words("collected | handed in | checked | counted"),
    "walked_out": words("walked out | stopped work | stayed at home | went on strike | put down their tools"),
    "stopped": words("stopped | slowed | ended | hit | delayed"),
    "demand": words("demand | want | ask for | expect | were promised"),
    "leave": words("leave | training | rest | holiday"),
    "insult": words("an insult | a joke | too little | a first step | a trick | not serious"),
    "left": words("left | ended | walked out of | broke off"),
    "failed": words("failed | ended | stalled | collapsed"),
    "dispute": words("night work | pensions | overtime | safety | holiday pay | meal breaks | contracts | bonuses"),
    "offered": words("offered | promised | proposed | found"),
    "refused": words("refused | did not want | was not ready | declined"),
    "rehire": words("rehire | pay | meet | name | move"),
    "wait": words("wait | pay | ask | still hope"),
    "closed": words("closed | opened late | ran empty | lost money | sold out"),
    "scientists": words("doctors | biologists | chemists | physicists | two students | geologists | several teams"),
    "scientists_short": words("team | doctors | authors | laboratory | students"),
    "discovered": words("discovered | found | measured | described | filmed"),
    "finding": words(
        "a rare protein | a new virus | tiny crystals | a slow decay | an unknown mold | a strong glue |"
        "a weak signal | traces of lead | healthy cells | a natural dye"
    ),
    "sample": words("river water | old bones | moss | cow milk | sea salt | bird eggs | dust | honey | tree bark"),
    "help": words("help | protect | save | harm | warn"),
    "patients_group": words("children | patients | bees | horses | pilots | old people | divers | sheep | runners"),
    "new_study": words("a new study | a long report | a small test | a survey | an experiment"),
    "links": words("links | ties | connects | compares"),
    "examined": words("examined | froze | compared | collected | weighed"),
    "probes": words("samples | photographs | blood tests | jars | recordings | leaves | scans"),
    "idea_where": words("in a train | during a walk | in a dream | at breakfast | on a boat | at a wedding"),
    "lent": words("lent | sold | built | gave"),
    "device": words("a microscope | a laser | a drone | a small robot | a cold chamber | a sensor | a scanner"),
    "saw": words("saw | found | missed | measured | lost"),
    "test": words("test | use | buy | study"),
    "role1": words(
        "the mayor | a council member | the site manager | a police officer | the chief engineer | a union leader |"
        "the head of {agency} | a spokesperson for {company} | an adviser | the deputy mayor"
    ),
    "role2": words(
        "a resident | a shop owner | a teacher | a retired nurse | a lawyer | a taxi driver | a student | a baker |"
        "a professor | a farmer | an architect | a parent of three"
    ),
    "role3": words(
        "the treasurer | a judge | the owner | an inspector | a bank manager | the planner | a senator | a surgeon"
    ),
    "trade": words(
        "built boats | sold cars | ran a bank | taught physics | repaired clocks | printed maps | grew apples |"
        "wrote for a newspaper | managed a harbor"
    ),
    "helpers": words("helpers | partners | friends | cousins | investors"),
    "costs": words("costs | damage | loss | bill | total | budget | price"),
    "most_of_it": words("most of it | half of it | a third of it | {amount2} of it | little of it"),
    "purpose": words(
        "new windows | a playground | flood walls | street lights | a fire station | better roads | a health center |"
        "school meals | a water tower | parking spaces | a youth club | cleaner air | safer crossings | a memorial |"
        "cheap housing | a sports hall"
    ),
    "purpose_do": words("plant trees | paint signs | lay cables | check drains | build fences | widen paths"),
    "reserved": words("reserved | saved | borrowed | set aside | requested"),
    "voted": words("voted | agreed | refused | promised | decided"),
    "pay": words("pay | cover | lend | check | return"),
    "estimates": words("estimates | puts | sees | sets"),
    "received": words("received | borrowed | collected | won | lost"),
    "gave": words("gave | offered | paid | raised"),
    "added": words("added | promised | returned | lent"),
    "we": words("we | most of us | my neighbors | our children | the families | many of us"),
    "feel": words("are | remain | feel | were | became"),
    "feeling": words("tired | proud | angry | hopeful | worried | grateful | ashamed | calm | curious | relieved"),
    "after_all": words(
        "after this week | after {n1} months | despite everything | since {month1} | tonight | every day | at last"
    ),
    "nobody": words("nobody | no expert | none of us | hardly anyone | not even the council | no driver"),
    "expected": words("expected | wanted | imagined | feared | planned | ordered"),
    "such_thing": words("such a result | this speed | so much help | a bill like this | these crowds | that silence"),
    "told": words("told | wrote to | explained to | reminded"),
    "reporters": words("reporters | a crowd | the council | local radio | colleagues | the families"),
    "need": words("need | want | must find | deserve | asked for"),
    "needed": words("answers | more time | honest talks | money | fair rules | better plans | help | a vote | peace"),
    "changes": words("changes | ruins | improves | slows | touches"),
    "life": words("everything | the town | our work | daily life | the market | a lot | the mood"),
    "for_whom": words("for families | for small shops | for good | for years | for the young | for all of us"),
    "lives": words("lives | works | grew up | was born | studied | votes"),
    "disagreed": words("disagreed | was cautious | sounded pleased | shook hands and said | was angry | agreed"),
    "led": words("led | advised | owned | managed | watched"),
    "earlier": words("earlier | before that | once | for {n1} years"),
    "opened": words("opened | was built | was sold | was rebuilt | burned"),
    "employs": words("employs | houses | trains | feeds | needs"),
    "similar": words("a similar case | a comparable plan | the last such case | a smaller case | a famous dispute"),
    "cost": words("cost | wasted | required | swallowed"),
    "occupied": words("occupied | delayed | troubled"),
    "founded": words("founded | bought | saved | rebuilt"),
    "warned": words("warned | spoken | complained"),
    "danger": words("fires | floods | bad wiring | empty funds | heavy traffic | old pipes | crime | rising prices"),
    "counted": words("counted | registered | reported | listed | checked"),
    "cases": words("accidents | complaints | visitors | thefts | new jobs | applications | repairs | calls | permits"),
    "signed": words("signed | started | supported | shared | wrote"),
    "petition": words("a petition | a letter | an appeal | a list"),
    "asked_by": words("asked by | who answered | who wrote to | polled by"),
    "support": words("support | oppose | want | would pay for | prefer"),
    "came_from": words("came from | concerned | were traced to | began in"),
    "few": words("two | three | four | several | most"),
    "meeting": words("a public meeting | a hearing | a vote | a press conference | an open debate"),
    "be_held": words("be held | take place | start | follow"),
    "hall": words("the town hall | a school | the library | a church | the old station | a theater | the gym"),
    "expects": words("expects | wants | ordered | asked"),
    "works": words("work | repairs | talks | inquiry | planning | tests"),
    "end": words("end | begin | resume | stop"),
    "publish": words("publish | finish | print | present | discuss"),
    "report": words("a report | a summary | a plan | a map | a rule book | a price list"),
    "send": words("send | explain | show | offer"),
    "people_who": words("people who | drivers who | neighbors who | parents who | witnesses who"),
    "know": words("know | saw | want to know | heard | remember"),
    "decide": words("decide | vote | report | agree"),
    "visit": words("visit | inspect | see | call"),
    "repair": words("repair | empty | measure | reopen | paint"),
}

AGENCY_WORDS = words(
    "Institute | Foundation | Fire Department | Police | Chamber of Commerce | Water Board | University | Hospital |"
    "Planning Office | Transport Authority"
)
