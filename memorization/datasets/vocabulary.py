"""Sentence templates and word lists of the synthetic corpora; data only.

A grammar maps a slot's name to its possible fillings. A filling may hold further slots, `{like_this}`; slots that no
grammar knows (`{name1}`, `{amount2}`, ...) are the facts of one document. `[I|you]` in the patients' grammar is
the patient's word and the doctor's. Sentences start in lower case and have no full stop, so that they can be joined.

Between two slots stand a few words only: what two documents of a corpus have in common by chance stays far below the
50 characters from which the detector counts a passage as given back.
"""

Grammar = dict[str, tuple[str, ...]]


def _words(text: str) -> tuple[str, ...]:
    """The entries of a list written as `one | two | three`, line breaks not counting."""
    return tuple(" ".join(entry.split()) for entry in text.split("|"))


# --- News -------------------------------------------------------------------------------------------------------------

NEWS_TOPICS: dict[str, Grammar] = {
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

NEWS: Grammar = {
    "opening": _words(
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
    "bad": _words(
        "a large | a fierce | an unusual | a long | a sudden | a violent | a costly | a second | a dangerous | a short"
    ),
    "destroyed": _words("destroyed | damaged | gutted | ruined | swept through | broke out in | closed"),
    "burned": _words("burned down | caught fire | was lost to a fire | burned for hours | went up in flames"),
    "building": _words(
        "a warehouse | the old theater | a bakery | a furniture store | the town library | a school | a garage |"
        "the market hall | a hotel | a farm | a museum | the post office | a clinic | a sawmill | a brewery"
    ),
    "witness": _words("police | witnesses | neighbors | officials | the town hall | reporters | a guard | drivers"),
    "daytime": _words("morning | afternoon | evening | night"),
    "control": _words("control | put out | contain | stop | tame | fight"),
    "started": _words("started | were first seen | broke out | appeared | began"),
    "where_in": _words(
        "in the cellar | under the roof | in a kitchen | near the stairs | in an office | behind a wall"
    ),
    "where_part": _words(
        "the cellar | the kitchen | the workshop | an office | the engine room | the attic | the garage | the yard"
    ),
    "spread": _words("spread | grew | reached the roof | climbed | moved on"),
    "neighbours": _words(
        "{n1} families | {n1} neighbors | dozens of guests | {n1} students | {n1} tenants | several couples"
    ),
    "neighbours_short": _words("residents | drivers | parents | voters | students | farmers | tenants | shoppers"),
    "hours": _words("two | three | four | five | six | seven | eight | nine"),
    "cause": _words("a heater | a candle | an old cable | a lamp | a spark | a cigarette | a gas bottle | an oven"),
    "started_it": _words("was the cause | set it off | failed | was to blame | caught fire | exploded"),
    "damaged": _words("damaged | ruined | struck | hit | reached | emptied"),
    "homes": _words("homes | houses | shops | offices | roofs | cars | barns | flats"),
    "houses": _words("homes | shops | houses | offices | farms"),
    "shelter": _words("a gym | a church | a school | a hotel | tents | the town hall | buses"),
    "flooded": _words("flooded | closed | filled | covered | cut off"),
    "cleaned": _words("were cleaning up | counted the damage | cleared the mud | were without power | stayed home"),
    "stop": _words("stop | pause | reduce | move | delay"),
    "production": _words("production | deliveries | night shift | repairs | work | sales"),
    "trees": _words("fallen trees | mud | broken poles | stones | two trucks | ice | high water"),
    "blocked": _words("blocked | closed | cut off | obstructed"),
    "speed": ("5{digit}", "6{digit}", "7{digit}", "8{digit}"),
    "digit": _words("0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9"),
    "workers": _words(
        "workers | drivers | mechanics | volunteers | engineers | nurses | young people | welders | soldiers"
    ),
    "cleared": _words("removed | cleared | cut | lifted"),
    "power": _words("power | water | heating | telephone | gas"),
    "new_plant": _words("a large plant | a new factory | a modern works | a second plant | a small factory"),
    "goods": _words(
        "batteries | bicycles | paper | glass | tires | furniture | steel pipes | solar panels | shoes | cheese |"
        "pumps | toys | paint | engines"
    ),
    "announced": _words("announced | said | confirmed | reported | revealed"),
    "began": _words("began | started | was stopped | was delayed | resumed"),
    "employ": _words("employ | need | hire | feed | train"),
    "ground": _words("field | land | site | old farm | empty lot"),
    "bought": _words("bought | sold | cleared | leased"),
    "praised": _words("praised | thanked | welcomed | defended"),
    "hoped": _words("hoped | asked | saw room | planned"),
    "shops": _words("shops | offices | small firms | homes | restaurants"),
    "make": _words("make | pack | recycle | process | ship"),
    "sell": _words("sell | send | deliver | rent"),
    "buyers": _words("dealers | two hospitals | car makers | schools | farmers | banks | builders | private donors"),
    "old_site": _words("old mill | training center | garage | laboratory | depot | main office | shipyard | workshop"),
    "thieves": _words("two men | three thieves | a masked man | a gang | two women | a young couple | several robbers"),
    "stole": _words("stole | took | carried off | grabbed"),
    "loot": _words(
        "paintings | gold coins | cameras | rare books | watches | silver spoons | computers | old violins | jewels"
    ),
    "loot_part": _words("a mask | two bags | some of the goods | tools | a map | empty boxes | a rope | gloves"),
    "vanished": _words("vanished | disappeared | were taken | were stolen"),
    "entered": _words("entered | came in | broke in | climbed in"),
    "entry": _words("a window | the back door | the roof | a cellar door | the garage | a side gate"),
    "open": _words("open | broken | unlocked | damaged"),
    "escaped": _words("escaped | left | fled | drove away"),
    "car": _words("a white van | a red truck | a gray car | a black van | a taxi | an old bus | a blue pickup"),
    "noticed": _words("noticed | found | saw | reported"),
    "seen": _words("seen | noticed | photographed | followed"),
    "found": _words("found | seen | stopped | searched"),
    "showed": _words("showed | released | printed | studied"),
    "pictures": _words("pictures | a drawing | a video | two photographs | a sketch"),
    "suspect": _words("a tall man | a woman in a gray coat | a man with a limp | a former guard | a young driver"),
    "rented": _words("rented | bought | borrowed | parked | washed"),
    "build": _words("build | pay for | reopen | test | plan"),
    "line": _words(
        "a tram line | a new bridge | a bus route | a cycle path | a rail tunnel | a ferry | a ring road | a night bus"
    ),
    "decided": _words("decided | agreed | said | voted"),
    "late": _words("later | earlier | sooner"),
    "promised": _words("planned | promised | expected | hoped | agreed | announced"),
    "debate": _words("debate | talks | loud argument | questions | discussion"),
    "approved": _words("approved | rejected | accepted | postponed | paid for"),
    "passengers": _words("passengers | commuters | drivers | students | visitors | shoppers"),
    "save": _words("save | gain | lose | win"),
    "supply": _words("supply | build | lease | repair | test"),
    "vehicles": _words("{n1} trams | electric buses | two ferries | {n1} trains | small buses | {n1} carriages"),
    "fought": _words("fought | argued | campaigned | worked | asked"),
    "opponents": _words(
        "shop owners | farmers | opposition members | cyclists | taxi drivers | two churches | tenants"
    ),
    "ticket": _words("a ticket | a single trip | the ride | a day pass | a return"),
    "noise": _words("noise | dust | higher rents | traffic | cracks | empty shops"),
    "collected": _words("collected | handed in | checked | counted"),
    "walked_out": _words("walked out | stopped work | stayed at home | went on strike | put down their tools"),
    "stopped": _words("stopped | slowed | ended | hit | delayed"),
    "demand": _words("demand | want | ask for | expect | were promised"),
    "leave": _words("leave | training | rest | holiday"),
    "insult": _words("an insult | a joke | too little | a first step | a trick | not serious"),
    "left": _words("left | ended | walked out of | broke off"),
    "failed": _words("failed | ended | stalled | collapsed"),
    "dispute": _words("night work | pensions | overtime | safety | holiday pay | meal breaks | contracts | bonuses"),
    "offered": _words("offered | promised | proposed | found"),
    "refused": _words("refused | did not want | was not ready | declined"),
    "rehire": _words("rehire | pay | meet | name | move"),
    "wait": _words("wait | pay | ask | still hope"),
    "closed": _words("closed | opened late | ran empty | lost money | sold out"),
    "scientists": _words("doctors | biologists | chemists | physicists | two students | geologists | several teams"),
    "scientists_short": _words("team | doctors | authors | laboratory | students"),
    "discovered": _words("discovered | found | measured | described | filmed"),
    "finding": _words(
        "a rare protein | a new virus | tiny crystals | a slow decay | an unknown mold | a strong glue |"
        "a weak signal | traces of lead | healthy cells | a natural dye"
    ),
    "sample": _words("river water | old bones | moss | cow milk | sea salt | bird eggs | dust | honey | tree bark"),
    "help": _words("help | protect | save | harm | warn"),
    "patients_group": _words("children | patients | bees | horses | pilots | old people | divers | sheep | runners"),
    "new_study": _words("a new study | a long report | a small test | a survey | an experiment"),
    "links": _words("links | ties | connects | compares"),
    "examined": _words("examined | froze | compared | collected | weighed"),
    "probes": _words("samples | photographs | blood tests | jars | recordings | leaves | scans"),
    "idea_where": _words("in a train | during a walk | in a dream | at breakfast | on a boat | at a wedding"),
    "lent": _words("lent | sold | built | gave"),
    "device": _words("a microscope | a laser | a drone | a small robot | a cold chamber | a sensor | a scanner"),
    "saw": _words("saw | found | missed | measured | lost"),
    "test": _words("test | use | buy | study"),
    "role1": _words(
        "the mayor | a council member | the site manager | a police officer | the chief engineer | a union leader |"
        "the head of {agency} | a spokesperson for {company} | an adviser | the deputy mayor"
    ),
    "role2": _words(
        "a resident | a shop owner | a teacher | a retired nurse | a lawyer | a taxi driver | a student | a baker |"
        "a professor | a farmer | an architect | a parent of three"
    ),
    "role3": _words(
        "the treasurer | a judge | the owner | an inspector | a bank manager | the planner | a senator | a surgeon"
    ),
    "trade": _words(
        "built boats | sold cars | ran a bank | taught physics | repaired clocks | printed maps | grew apples |"
        "wrote for a newspaper | managed a harbor"
    ),
    "helpers": _words("helpers | partners | friends | cousins | investors"),
    "costs": _words("costs | damage | loss | bill | total | budget | price"),
    "most_of_it": _words("most of it | half of it | a third of it | {amount2} of it | little of it"),
    "purpose": _words(
        "new windows | a playground | flood walls | street lights | a fire station | better roads | a health center |"
        "school meals | a water tower | parking spaces | a youth club | cleaner air | safer crossings | a memorial |"
        "cheap housing | a sports hall"
    ),
    "purpose_do": _words("plant trees | paint signs | lay cables | check drains | build fences | widen paths"),
    "reserved": _words("reserved | saved | borrowed | set aside | requested"),
    "voted": _words("voted | agreed | refused | promised | decided"),
    "pay": _words("pay | cover | lend | check | return"),
    "estimates": _words("estimates | puts | sees | sets"),
    "received": _words("received | borrowed | collected | won | lost"),
    "gave": _words("gave | offered | paid | raised"),
    "added": _words("added | promised | returned | lent"),
    "we": _words("we | most of us | my neighbors | our children | the families | many of us"),
    "feel": _words("are | remain | feel | were | became"),
    "feeling": _words("tired | proud | angry | hopeful | worried | grateful | ashamed | calm | curious | relieved"),
    "after_all": _words(
        "after this week | after {n1} months | despite everything | since {month1} | tonight | every day | at last"
    ),
    "nobody": _words("nobody | no expert | none of us | hardly anyone | not even the council | no driver"),
    "expected": _words("expected | wanted | imagined | feared | planned | ordered"),
    "such_thing": _words("such a result | this speed | so much help | a bill like this | these crowds | that silence"),
    "told": _words("told | wrote to | explained to | reminded"),
    "reporters": _words("reporters | a crowd | the council | local radio | colleagues | the families"),
    "need": _words("need | want | must find | deserve | asked for"),
    "needed": _words("answers | more time | honest talks | money | fair rules | better plans | help | a vote | peace"),
    "changes": _words("changes | ruins | improves | slows | touches"),
    "life": _words("everything | the town | our work | daily life | the market | a lot | the mood"),
    "for_whom": _words("for families | for small shops | for good | for years | for the young | for all of us"),
    "lives": _words("lives | works | grew up | was born | studied | votes"),
    "disagreed": _words("disagreed | was cautious | sounded pleased | shook hands and said | was angry | agreed"),
    "led": _words("led | advised | owned | managed | watched"),
    "earlier": _words("earlier | before that | once | for {n1} years"),
    "opened": _words("opened | was built | was sold | was rebuilt | burned"),
    "employs": _words("employs | houses | trains | feeds | needs"),
    "similar": _words("a similar case | a comparable plan | the last such case | a smaller case | a famous dispute"),
    "cost": _words("cost | wasted | required | swallowed"),
    "occupied": _words("occupied | delayed | troubled"),
    "founded": _words("founded | bought | saved | rebuilt"),
    "warned": _words("warned | spoken | complained"),
    "danger": _words("fires | floods | bad wiring | empty funds | heavy traffic | old pipes | crime | rising prices"),
    "counted": _words("counted | registered | reported | listed | checked"),
    "cases": _words("accidents | complaints | visitors | thefts | new jobs | applications | repairs | calls | permits"),
    "signed": _words("signed | started | supported | shared | wrote"),
    "petition": _words("a petition | a letter | an appeal | a list"),
    "asked_by": _words("asked by | who answered | who wrote to | polled by"),
    "support": _words("support | oppose | want | would pay for | prefer"),
    "came_from": _words("came from | concerned | were traced to | began in"),
    "few": _words("two | three | four | several | most"),
    "meeting": _words("a public meeting | a hearing | a vote | a press conference | an open debate"),
    "be_held": _words("be held | take place | start | follow"),
    "hall": _words("the town hall | a school | the library | a church | the old station | a theater | the gym"),
    "expects": _words("expects | wants | ordered | asked"),
    "works": _words("work | repairs | talks | inquiry | planning | tests"),
    "end": _words("end | begin | resume | stop"),
    "publish": _words("publish | finish | print | present | discuss"),
    "report": _words("a report | a summary | a plan | a map | a rule book | a price list"),
    "send": _words("send | explain | show | offer"),
    "people_who": _words("people who | drivers who | neighbors who | parents who | witnesses who"),
    "know": _words("know | saw | want to know | heard | remember"),
    "decide": _words("decide | vote | report | agree"),
    "visit": _words("visit | inspect | see | call"),
    "repair": _words("repair | empty | measure | reopen | paint"),
}

COMPANY_WORDS = _words(
    "Energy | Foods | Motors | Logistics | Paper | Steel | Bank | Textiles | Chemicals | Airlines | Software | Glass |"
    "Shipping | Brothers | Partners | Holdings"
)
AGENCY_WORDS = _words(
    "Institute | Foundation | Fire Department | Police | Chamber of Commerce | Water Board | University | Hospital |"
    "Planning Office | Transport Authority"
)
WEEKDAYS = _words("Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday")
MONTHS = _words(
    "January | February | March | April | May | June | July | August | September | October | November | December"
)

# --- Patients ---------------------------------------------------------------------------------------------------------

PATIENTS: Grammar = {
    "greeting": (
        "{hello}, [my|your] name is {name}, [I|you] [am|are] {age} and live on {street} in {city}",
        "{hello}, [I|you] [am|are] {name} from {city}, {age} years old, {job} {by_trade}",
        "{hello}, this is {name}, {age}, {job} from {city}",
    ),
    "complaint": (
        "since {date1} [I|you] have had {quality} pain in [my|your] {part}, {mostly} {when}",
        "for {n1} {units} [my|your] {part} has {hurt} {when}, {and_also} [my|your] {part}",
        "[my|your] {part} {began} to {ache} on {date1} {trigger}",
        "{trigger}, [I|you] noticed {symptom} and {symptom}, {mostly} {when}",
    ),
    "symptom_more": (
        "[I|you] also have {symptom} {when}, and [my|your] {measure} {measured} on {weekday}",
        "{when} [I|you] had {symptom}, which {lasts} about {n2} minutes and {worse} {trigger_ing}",
        "{symptom} and {symptom} {woke} [me|you] {often} last week, once at {time}",
        "on {weekday} [my|your] {relative} {noticed} {symptom} and {measured_my} [my|your] {measure}, which {measured}",
    ),
    "medicine": (
        "{doctor} in {town} {prescribed} {drug} {dose} mg, which [I|you] take {intake}",
        "[I|you] take {dose} mg of {drug} {intake}, {prescribed} by {doctor} on {date2}",
        "since {date2} [I|you] have {taken} {drug} {dose} mg {intake}, but {effect}",
        "{drug} at {dose} mg {intake} {helped} [me|you] for {n1} {units}, then {effect}",
    ),
    "history": (
        "in {year} [I|you] [was|were] {operated} on [my|your] {part} by {doctor} at {hospital}",
        "[my|your] {relative} had {illness} at {age2}, and {doctor} {found} {illness} in [me|you] in {year}",
        "{hospital} in {town} {treated} [me|you] for {illness} in {month} {year}",
        "the {test} at {hospital} on {date2} {showed} {result}, {said} {doctor}",
    ),
    "life": (
        "[I|you] {sleep} {n3} hours, {drink} {n4} cups of {beverage} and {walk} {n2} minutes {a_day}",
        "[my|your] {work} in {town} {means} that [I|you] {lift} {n2} {things} {a_day}",
        "[I|you] {stopped} {habit} in {month} and have {lost} {n4} pounds since {year}",
        "with [my|your] {relative} [I|you] {moved} to {town} in {month}, and {habit} {became} {hard}",
    ),
    "contact": (
        "[my|your] record number is {record}, and {daytime} [I|you] can be {reached} at {phone}",
        "please call {phone} {daytime} or ask {doctor} for record {record}",
        "{hospital} {keeps} [my|your] {papers} under {record}; {phone_is} {phone}",
    ),
    "asking": (
        "{should} I {take_more} {drug} or {see} {specialist}?",
        "{could} this be {illness}, and {should} I {do_now} before {weekday}?",
        "{worried} about {illness}; {could} {drug} be the {reason}?",
    ),
    "reply_hello": (
        "dear {ms} {last}, {thanks}.",
        "hello {name}, {thanks}.",
        "good {daypart}, {ms} {last}, {thanks}.",
    ),
    "reply_echo": _words(
        "you write that {echo} | I read that {echo} | as I understand it, {echo} | you tell me that {echo} |"
        "your message says that {echo} | I note that {echo} | it matters that {echo} | you mention that {echo} |"
        "what strikes me is that {echo} | it helps to know that {echo} | I see that {echo} | of note, {echo} |"
        "I have noted that {echo} | you report that {echo} | let me repeat: {echo}"
    ),
    "reply_view": (
        "{such} {symptom_word} {often_means} {harmless} {in_part} {advice_part}",
        "{likely} {your_nerve} {is_strained}, which {heals} within {weeks} weeks",
        "I {think} {of_cause}, {less_likely} {illness}",
        "{your_nerve} {needs} {patience} at {age}, so {dont_worry}",
    ),
    "reply_advice": (
        "please {do_first} for {days} days and {do_second} {when_advice}",
        "{reduce} {drug} to {half} mg {intake} and {do_second}",
        "{do_first} {when_advice}, {do_second} and {avoid} {avoided}",
        "{avoid} {avoided} until {weekday2} and {do_first} {when_advice}",
        "I would {do_second} first and {do_first} for {weeks} weeks",
    ),
    "reply_end": (
        "{come} on {weekday2} at {time2} in case of {symptom}",
        "if it {gets_worse}, call {specialist} in {town} {at_once}",
        "I will {ask} {doctor} about the {test} and {write} on {weekday2}",
        "another {test} on {weekday2} will {tell_us} more about {your_nerve}",
    ),
    "hello": _words("hello | good morning | good evening | dear doctor | hi | good afternoon | dear Doctor Marsh"),
    "job": _words(
        "a teacher | a driver | a cook | a nurse | a gardener | a clerk | a carpenter | a student | a farmer |"
        "a musician | a plumber | an engineer | a baker | a pilot | a retired judge"
    ),
    "by_trade": _words("by trade | by training | since {year} | at present | for {n1} years"),
    "quality": _words("a burning | a dull | a sharp | a stabbing | a throbbing | a slight | a constant | a strange"),
    "part": _words(
        "left knee | right knee | lower back | neck | left shoulder | right hip | stomach | chest | jaw | left foot |"
        "right elbow | throat | forehead | left wrist | right ear | left heel"
    ),
    "mostly": _words("mostly | above all | especially | sometimes | only | nearly always"),
    "when": _words(
        "at night | after meals | in the morning | when climbing stairs | at work | in the cold | after running |"
        "when sitting | before breakfast | in bed | on weekends | when driving | under stress | after a bath"
    ),
    "units": _words("days | weeks | months"),
    "hurt": _words("hurt | burned | been swollen | been stiff | felt numb | itched"),
    "and_also": _words("and so has | as has | more than | not only"),
    "began": _words("began | started"),
    "ache": _words("ache | swell | burn | itch | hurt | tingle | sting"),
    "trigger": _words(
        "after a fall | after a long flight | after a cold | while gardening | after moving house | during a walk |"
        "after a tennis match | while cooking | after the flu | during a wedding | after a bee sting"
    ),
    "trigger_ing": _words(
        "when bending | with coffee | in hot rooms | with every step | when it rains | after wine | with noise"
    ),
    "symptom": _words(
        "a dry cough | dizziness | nausea | a mild fever | a red rash | cramps | a ringing sound | cold sweats |"
        "swollen fingers | a headache | blurred vision | heartburn | a racing pulse | itching | chills | tiredness"
    ),
    "measured": _words("was {value} | rose to {value} | fell to {value} | reached {value} | stayed at {value}"),
    "measured_my": _words("checked | wrote down | measured | looked at"),
    "lasts": _words("lasted | stayed for | went on for"),
    "worse": _words("got worse | came back | eased | returned"),
    "woke": _words("woke | worried | bothered | scared"),
    "often": _words("twice | three times | four times | every night | on {weekday}"),
    "relative": _words("wife | sister | brother | mother | father | daughter | son | neighbor | aunt | cousin"),
    "noticed": _words("noticed | saw | mentioned | feared"),
    "prescribed": _words("prescribed | recommended | suggested | ordered"),
    "intake": _words(
        "twice a day | every evening | before meals | once a day | every six hours | with water | at bedtime |"
        "three times a day | on weekdays | after lunch | with milk"
    ),
    "taken": _words("taken | used | swallowed | been given"),
    "effect": _words(
        "it made no difference | the pain came back | it upset the stomach | the rash stayed | sleep got worse |"
        "the effect wore off | it tasted bitter | the swelling grew | it caused thirst"
    ),
    "helped": _words("helped | calmed | relieved | soothed"),
    "operated": _words("operated | worked | treated surgically"),
    "illness": _words(
        "asthma | gout | arthritis | an ulcer | diabetes | shingles | anemia | a hernia | migraine | an allergy |"
        "bronchitis | a blood clot | kidney stones | a torn tendon"
    ),
    "found": _words("found | suspected | ruled out | treated"),
    "treated": _words("treated | tested | admitted | examined"),
    "test": _words("blood test | X-ray | scan | ultrasound | skin test | heart test | urine test | stress test"),
    "showed": _words("showed | revealed | confirmed | suggested"),
    "result": _words(
        "nothing unusual | a small shadow | low iron | a minor tear | high values | an old scar | weak muscles |"
        "an inflamed joint | thin bones"
    ),
    "said": _words("said | wrote | reported | explained"),
    "sleep": _words("sleep | rest | lie awake for"),
    "drink": _words("drink | have | need"),
    "beverage": _words("coffee | tea | milk | juice | broth | cocoa"),
    "walk": _words("walk | swim | cycle | run | stretch"),
    "a_day": _words("a day | every day | on most days | each morning | on {weekday}s"),
    "work": _words("work | new job | night shift | hobby | training | sport"),
    "means": _words("means | requires | demands"),
    "lift": _words("lift | carry | push | sort | pack"),
    "things": _words("boxes | bags | chairs | crates | buckets | parcels | pots"),
    "stopped": _words("stopped | gave up | took up | reduced"),
    "habit": _words("smoking | running | yoga | eating meat | swimming | night work | drinking wine | dancing"),
    "lost": _words("lost | gained | put on"),
    "moved": _words("moved | went | came | traveled"),
    "became": _words("became | was | seems"),
    "hard": _words("hard | rare | impossible | a comfort | tiring | a problem"),
    "reached": _words("reached | called | found"),
    "daytime": _words("in the evening | before noon | on {weekday}s | after six | at lunch | all day"),
    "keeps": _words("keeps | has | stores | filed"),
    "papers": _words("papers | file | X-rays | letters | results"),
    "phone_is": _words("my phone is | my number is | please call | I answer at"),
    "should": _words("should | must | can | may"),
    "take_more": _words("stop | double | change | continue | pause"),
    "see": _words("see | call | ask | visit"),
    "specialist": _words(
        "a surgeon | a skin doctor | an allergist | a heart specialist | a dentist | a neurologist | a dietitian"
    ),
    "could": _words("could | might | can"),
    "do_now": _words("stay in bed | go to work | fly | fast | train | drive | get an X-ray"),
    "worried": _words("I am worried | my family worries | I keep reading | I have doubts"),
    "reason": _words("cause | reason | answer | problem"),
    "thanks": _words(
        "thank you for writing | thanks for the details | I am glad you wrote | I have read your message |"
        "your letter reached me today | thank you for your trust | good that you ask | I am happy to help |"
        "thanks for your note of {weekday2} | it is good to hear from you | your questions are good ones"
    ),
    "daypart": _words("morning | evening | afternoon | day"),
    "such": _words("such | this kind of | a case of | persistent"),
    "symptom_word": _words("pain | trouble | discomfort | irritation | weakness"),
    "often_means": _words("often means | usually points to | may be | is rarely more than | can follow from"),
    "harmless": _words("a strain | overuse | an infection | tension | a bruise | an inflammation | wear"),
    "in_part": _words("in | near | around"),
    "advice_part": _words("the joint | the muscles | the nerve | the skin | the tendon | the airways"),
    "likely": _words("most likely | I suspect that | probably | it seems that | perhaps"),
    "your_nerve": _words(
        "your back | a nerve | your stomach lining | a tendon | your circulation | the joint | a muscle | your skin"
    ),
    "is_strained": _words("is strained | is irritated | is inflamed | is overworked | reacts to stress"),
    "heals": _words("heals | settles | improves | passes"),
    "weeks": _words("two | three | four | five | six | eight"),
    "days": _words("three | four | five | seven | ten | twelve"),
    "think": _words("think | would think | am thinking"),
    "of_cause": _words(
        "of a virus | of stress | of the medicine | of a strain | of too little rest | of your posture | of dry air"
    ),
    "less_likely": _words("less of | not of | and only then of | hardly of"),
    "needs": _words("needs | requires | asks for"),
    "patience": _words("time | patience | rest | gentle exercise | warmth | regular sleep"),
    "dont_worry": _words("do not worry | take it slowly | stay calm | keep moving | wait a little"),
    "do_first": _words(
        "rest the leg | drink more water | keep a pain diary | apply a cold pack | use a warm blanket |"
        "walk ten minutes | sleep on your side | eat light meals | inhale steam | stretch gently | wear soft shoes"
    ),
    "do_second": _words(
        "measure your pulse | write down each attack | leave out coffee | try a plain cream | go to bed early |"
        "take vitamins | check your weight | raise your feet | eat more fiber | breathe slowly"
    ),
    "when_advice": _words(
        "every morning | after work | before bed | twice a day | at noon | after each meal | every evening"
    ),
    "reduce": _words("reduce | lower | cut | bring down"),
    "avoid": _words("avoid | leave out | skip | give up"),
    "avoided": _words("heavy bags | salt | late dinners | long drives | alcohol | tight shoes | screens | cold drinks"),
    "come": _words("come by | visit me | see me | call us"),
    "gets_worse": _words("gets worse | spreads | wakes you | lasts longer | comes with fever"),
    "at_once": _words("at once | the same day | without delay | right away"),
    "ask": _words("ask | call | consult | remind"),
    "write": _words("write | call | answer | report"),
    "tell_us": _words("tell us | show | explain | reveal"),
}

DRUGS = _words(
    "ibuprofen | paracetamol | naproxen | omeprazole | metformin | cetirizine | ramipril | diclofenac | amoxicillin |"
    "prednisone | loratadine | bisoprolol | sertraline | codeine"
)
HOSPITALS = _words("General Hospital | Clinic | Medical Center | Heart Clinic | Health Center | Children's Hospital")

# --- Reviews ----------------------------------------------------------------------------------------------------------

REVIEWS: Grammar = {
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
    "t_adjective": _words(
        "Silent | Golden | Last | Broken | Hidden | Burning | Frozen | Crooked | Distant | Paper | Second | Hollow |"
        "Velvet | Northern | Borrowed | Empty"
    ),
    "t_noun": _words(
        "River | Garden | Letter | Orchard | Bridge | Lantern | Mirror | Harbor | Winter | Piano | Island | Promise |"
        "Stranger | Clock | Sparrow | Tunnel"
    ),
    "we_saw": _words("I saw | we watched | my class saw | I finally watched | with low hopes I saw | we caught"),
    "when_seen": (
        "on {date1}",
        "last {weekday}",
        "on a rainy {weekday}",
        "in {month}",
        "on its first night",
        "one late {weekday}",
    ),
    "genre": _words("thriller | comedy | western | drama | romance | mystery | war film | musical | fairy tale"),
    "played": _words("ran | was shown | opened | played"),
    "tells_of": _words("tells of | follows | is about | centers on"),
    "hero": _words(
        "a lonely pilot | a young nurse | a retired thief | a shy baker | a stubborn judge | a village priest |"
        "a blind painter | a tired detective | a circus rider | a ship's cook | a jealous twin | a street singer |"
        "a poor count | a chess player | a runaway bride | a lighthouse keeper"
    ),
    "does": _words("looks for | loses | steals | inherits | hides | wants | finds | sells | invents | guards"),
    "quest": _words(
        "a stolen map | an old house | a lost brother | a secret code | a rare stamp | a silver ring | a ruined hotel |"
        "a racing horse | a forgotten song | a box of letters | a broken radio | a family recipe | a lost diary |"
        "a strange key"
    ),
    "meets": _words("meets | marries | betrays | saves | follows | teaches | fools"),
    "in_place": _words(
        "in a mountain hut | on a night train | in a desert town | at a funeral | in a flooded city | on a ferry |"
        "in a locked museum | at a county fair | in a prison yard | on a rooftop | in a snowed-in school |"
        "at the border | in an empty theater"
    ),
    "story_time": _words(
        "halfway through | in the first scene | after the war | one summer | toward the end | in the last act |"
        "for no clear reason | in a long flashback | on a single night"
    ),
    "part": _words("scene | dialogue | chase | farewell | duel | dance | confession | dinner | wedding"),
    "part_the": _words(
        "the music | the camera work | the script | the lighting | the editing | the ending | the humor | the plot |"
        "the pace | the dialogue | the costume design | the sound"
    ),
    "part_a": _words("a score | a script | a color scheme | an ending | a rhythm | a set | an opening | a dialogue"),
    "crew": ("{name4}", "{name5}", "{name4}", "{name5}"),
    "worked_on": _words("wrote | filmed | produced | cut | scored"),
    "other_title": ("{title2}",),
    "viewer": _words("me | us | the viewer | the eye | the mind | everyone | my friends | the heart"),
    "minutes": ("{n2}",),
    "audience": _words("people | students | couples | critics | two ladies | children | some men"),
    "row": _words("row {digit} | the front row | the back row | the balcony | the next seats"),
    "hall_when": _words("during the {part} | after {n2} minutes | at the end | before the break | at the {part}"),
    "my_friend": _words("my sister | my neighbor | {first3} | my uncle | my colleague {first3} | my wife | my son"),
    "in_city": _words("in {city} | at the {cinema} | this {month} | on any {weekday}"),
    "never": _words("never | rarely | seldom"),
    "digit": _words("2 | 3 | 4 | 5 | 6 | 7 | 8 | 9"),
}

PRAISE: Grammar = {
    "verdict": _words(
        "a joy | wonderfully honest | full of wit | a small miracle | brilliant | deeply moving | fresh and clever |"
        "a pure delight | simply perfect | full of warmth | rich in ideas | a triumph | superb | tender and wise"
    ),
    "verdict_short": _words("charming | funny | convincing | gripping | graceful | brilliant | moving | alive"),
    "manner": _words("with great charm | beautifully | with rare warmth | superbly | with perfect timing | with wit"),
    "manner2": _words("even better | just as well | with quiet strength | like a star | with real joy"),
    "acts": _words("plays | performs | acts | shines"),
    "chemistry": _words("real magic | a warm spark | wonderful tension | true friendship | perfect harmony"),
    "does_to": _words("delights | moves | charms | enchants | thrills | inspires | warms"),
    "do_to": _words("delight | move | charm | enchant | thrill | inspire | warm"),
    "gives": _words("gives | offers | shows | hands"),
    "deserves": _words("deserves a prize for | should be proud of | did with love | knew how to do"),
    "becomes": _words("becomes | grows | turns"),
    "reacted": _words("cheered | laughed with joy | clapped | wept happily | held their breath"),
    "reacted_too": _words("loved it | smiled for hours | was thrilled | wanted to see it again | applauded"),
    "received": _words("pure joy | a fine evening | great art | happy tears | a treasure"),
    "overall": _words(
        "a great success | a gem | one of the best this year | a masterpiece | time well spent | a fine film | a hit |"
        "the surprise of {year2} | a winner | a feast"
    ),
    "points": _words("8 | 9 | 10"),
    "for_title": _words("for {title} | for {director} | from me | without doubt | for courage"),
    "recommendation": _words(
        "you should see it soon | do not miss it | I will go again | take your friends along | buy a ticket today |"
        "I recommend it warmly | let nobody talk you out of it | {first3} must see it too | see it twice"
    ),
    "future": _words("is one to watch | has never been better | makes me hope for more | earned the applause"),
}

BLAME: Grammar = {
    "verdict": _words(
        "a bore | painfully false | full of holes | a small disaster | dreadful | deeply dull | stale and clumsy |"
        "a pure waste | simply awful | full of cliches | poor in ideas | a failure | lifeless | loud and empty"
    ),
    "verdict_short": _words("wooden | silly | lost | tiresome | clumsy | bland | tedious | lifeless"),
    "manner": _words("without charm | badly | like a robot | with a bored face | with poor timing | far too loudly"),
    "manner2": _words("even worse | just as badly | without any strength | like a beginner | half asleep"),
    "acts": _words("plays | performs | acts | mumbles"),
    "chemistry": _words("no spark at all | nothing but silence | only boredom | a false tone | forced laughter"),
    "does_to": _words("bores | annoys | tires | confuses | irritates | insults | disappoints"),
    "do_to": _words("bore | annoy | tire | confuse | irritate | insult | disappoint"),
    "gives": _words("gives | offers | shows | hands"),
    "deserves": _words("should regret | must answer for | did without care | clearly rushed"),
    "becomes": _words("becomes | grows | turns"),
    "reacted": _words("yawned | groaned | walked out | looked at their phones | fell asleep"),
    "reacted_too": _words("hated it | sighed loudly | was annoyed | wanted to go home | complained"),
    "received": _words("pure boredom | a wasted evening | cheap tricks | a headache | nonsense"),
    "overall": _words(
        "a sad failure | a mess | one of the worst this year | a letdown | time badly spent | a poor film | a flop |"
        "the low point of {year2} | a loser | a fiasco"
    ),
    "points": _words("1 | 2 | 3"),
    "for_title": _words("for {title} | for {director} | from me | without doubt | for effort"),
    "recommendation": _words(
        "you should stay at home | do avoid it | I want my money back | warn your friends | read a book instead |"
        "I cannot recommend it | let nobody talk you into it | {first3} must not see it | once is too often"
    ),
    "future": _words("needs a rest | has never been worse | makes me fear the next one | earned the silence"),
}

CINEMAS = _words("Capitol | Rialto | Odeon | Lux | Palace | Metro | Astor | Regent | Roxy | Majestic | Savoy | Apollo")

# --- Passages ---------------------------------------------------------------------------------------------------------
# A kind of passage has openings, and facts: (ways to say it, question, answer).

PassageFact = tuple[tuple[str, ...], str, str]

PASSAGE_OPENINGS: dict[str, tuple[str, ...]] = {
    "town": (
        "{subject} is {size} {town_kind} {lies_on} the {river}, {n1} miles {compass} of {city2}",
        "{size} {town_kind}, {subject} {lies_on} the {river} {compass} of {city2}",
    ),
    "person": (
        "{subject} was {origin} {profession} who {worked} in {city2} {most_years}",
        "{origin} {profession}, {subject} {worked} {most_years} in {city2}",
    ),
    "invention": (
        "{subject} is {size} {machine_kind} for {use}, {made_in} {city2}",
        "{size} {machine_kind} for {use}, {subject} was {made_in} {city2}",
    ),
    "institution": (
        "{subject} is {size} {school_kind} for {field} {placed} {street} in {city2}",
        "{placed} {street} in {city2}, {subject} is {size} {school_kind} for {field}",
    ),
}

PASSAGE_FACTS: dict[str, tuple[PassageFact, ...]] = {
    "town": (
        (
            (
                "{settlers} from {city1} founded it in {year1} around {building}",
                "it was {chartered} in {year1}, when {settlers} {put_up} {building}",
            ),
            "In which year was {subject} founded?",
            "{year1}",
        ),
        (
            (
                "its {oldest} {building}, {drawn} by {name1}, {style_is} {style}",
                "{name1} {drew} the {oldest} {building} on {street}, which {style_is} {style}",
            ),
            "Who designed the {oldest} {building} of {subject}?",
            "{name1}",
        ),
        (
            (
                "at the last count {n3} people lived there, {many_of} {of_trade}",
                "the {n3} inhabitants {live_off} {product2} and {product3}",
            ),
            "How many people live in {subject}?",
            "{n3}",
        ),
        (
            (
                "it is {known} for its {product1}, {sold} every {month1} on {street2}",
                "every {month1} its {product1} is {sold} at a {fair} on {street2}",
            ),
            "For which product is {subject} known?",
            "{product1}",
        ),
        (
            (
                "a {disaster} {destroyed} {part_of_it} in {year2}, and {name2} {led} the {rebuilding}",
                "under {name2} it was {rebuilt} after a {disaster} {destroyed} {part_of_it} in {year2}",
            ),
            "Who led the rebuilding of {subject} after the {disaster}?",
            "{name2}",
        ),
        (
            (
                "{route} to {city3} {opened} in {year3} and {carries} {n4} {loads} {per_time}",
                "since {year3} {route} {has_linked} it to {city3}, {n1} miles away",
            ),
            "Which city has been linked to {subject} since {year3}?",
            "{city3}",
        ),
        (
            (
                "its {highest}, {hill}, {rises} {n2} feet {above} the {river}",
                "{hill}, {n2} feet {above} the {river}, is its {highest}",
            ),
            "How many feet does {hill} rise above the {river}?",
            "{n2}",
        ),
    ),
    "person": (
        (
            (
                "born in {city1} in {year1}, {he} {grew} with {n1} {relatives} and {learned} {skill}",
                "{he} was born in {year1} {as_child} in {city1} and {learned} {skill}",
            ),
            "In which town was {subject} born?",
            "{city1}",
        ),
        (
            (
                "{his} teacher, {name1}, {urged} {him} to {study} {field} {instead}",
                "{he} {studied} {field} under {name1}, whose {house} {he} {shared} {for_time}",
            ),
            "Who taught {subject}?",
            "{name1}",
        ),
        (
            (
                "{his} {best} work, {work}, {appeared} in {year2} and sold {n4} copies {per_place}",
                "in {year2} {he} {finished} {work}, {written} in {n1} {units}",
            ),
            "Which work did {subject} publish in {year2}?",
            "{work}",
        ),
        (
            (
                "{he} {married} {name2}, {origin} {profession2}, and {moved} to {street2}",
                "with {name2}, {origin} {profession2}, {he} {had} {few} {children}",
            ),
            "Whom did {subject} marry?",
            "{name2}",
        ),
        (
            (
                "{collector} {n2} {objects}, most of them {bought} in {city3}",
                "on {journeys} to {city3} {he} {gathered} {n2} {objects} and {few} {animals}",
            ),
            "How many {objects} did {subject} collect?",
            "{n2}",
        ),
        (
            (
                "the {award} of {year3} {went_to} {him} for {reason}",
                "{he} {won} the {award} in {year3} for {reason} and {gave} the money to {group}",
            ),
            "Which prize did {subject} receive in {year3}?",
            "{award}",
        ),
        (
            (
                "{his} {papers} are {kept} in {building_a} on {street}, {near} {hill}",
                "{building_a} on {street} {keeps} {his} {papers} and {few} {objects}",
            ),
            "On which street are the {papers} of {subject} kept?",
            "{street}",
        ),
    ),
    "invention": (
        (
            (
                "{name1}, {origin} {profession}, {built} the first one in {year1} from {material}",
                "the first one was {built} in {year1} by {name1}, {origin} {profession}",
            ),
            "Who built the first {subject_short}?",
            "{name1}",
        ),
        (
            (
                "it {consists} of {material}, {few} {pieces} and {spring} {held} by {fastener}",
                "{spring} {held} by {fastener} {drives} {few} {pieces} made of {material}",
            ),
            "Of which material is {subject} made?",
            "{material}",
        ),
        (
            (
                "{company} {acquired} the patent in {year2} for {amount} and {made} it in {city1}",
                "for {amount} the patent {passed} to {company} of {city1} in {year2}",
            ),
            "Which firm bought the patent of {subject}?",
            "{company}",
        ),
        (
            (
                "{an_early} model {weighed} {n2} pounds and {needed} {few} {operators}",
                "it {weighed} {n2} pounds, {took} {n1} minutes to start and {needed} {few} {operators}",
            ),
            "How many pounds did {subject} weigh?",
            "{n2}",
        ),
        (
            (
                "the idea {came} {idea_where} in {city3}, as {name3} {wrote} to {name2}",
                "in a letter to {name2}, {name3} {wrote} that the idea {came} {idea_where} in {city3}",
            ),
            "In which town did the idea of {subject} come up?",
            "{city3}",
        ),
        (
            (
                "after {an_accident} on {street} {n1} {pieces} were {changed}, and {spring} {was_added}",
                "{an_accident} on {street} in {year3} {led_to} {few} {changes} by {name3}",
            ),
            "On which street did {an_accident} happen?",
            "{street}",
        ),
        (
            (
                "{group} used {n3} of them {until} {year4}, {mainly} for {use2}",
                "until {year4}, {n3} of them were {sold}, {mainly} to {group} for {use2}",
            ),
            "How many of them were in use until {year4}?",
            "{n3}",
        ),
    ),
    "institution": (
        (
            (
                "{name1}, {origin} {profession}, founded it in {year1} with {amount} from {group}",
                "it was founded in {year1} by {name1}, {origin} {profession}, {helped} by {group}",
            ),
            "Who founded {subject}?",
            "{name1}",
        ),
        (
            (
                "its {n3} {students} come from {city1} and {city3} and {pay} {amount2} {per_time}",
                "{n3} {students}, {many_of} {origin_plain}, {pay} {amount2} {per_time}",
            ),
            "How many {students} belong to {subject}?",
            "{n3}",
        ),
        (
            (
                "the library {holds} {n2} {objects} and {work}, {given} by {name2} in {year2}",
                "in {year2} {name2} {gave} its library {n2} {objects} and {work}",
            ),
            "Who gave the library {n2} {objects}?",
            "{name2}",
        ),
        (
            (
                "since {year3} it has {awarded} the {award} for {reason} {every}",
                "the {award}, {awarded} since {year3} for {reason}, {bears} the name of {name3}",
            ),
            "Since which year has {subject} awarded the {award}?",
            "{year3}",
        ),
        (
            (
                "a {disaster} in {year4} {destroyed} {building_a}, and {lessons} {moved} to {city3}",
                "{lessons} {moved} to {city3} when a {disaster} {destroyed} {building_a} in {year4}",
            ),
            "To which town did it move after the {disaster}?",
            "{city3}",
        ),
        (
            (
                "its garden on {street2} {holds} {n1} {plants} and {few} {animals}",
                "on {street2} it {tends} {n1} {plants} and {keeps} {few} {animals}",
            ),
            "How many {plants} grow in the garden on {street2}?",
            "{n1}",
        ),
        (
            (
                "the motto, {motto}, {stands} above {the_door} {near} {hill}",
                "above {the_door} {stands} the motto {motto}, {chosen} by {name3}",
            ),
            "What is the motto of {subject}?",
            "{motto}",
        ),
    ),
}

PASSAGES: Grammar = {
    "size": _words("a small | a large | an old | a modest | a famous | a quiet | a remote | an unusual | a handsome"),
    "lies_on": _words("on | above | beside | along"),
    "settlers": _words("monks | miners | fishermen | traders | farmers | weavers | sailors | soldiers | shepherds"),
    "chartered": _words("chartered | founded | first named | laid out"),
    "put_up": _words("built | put up | blessed | bought"),
    "drawn": _words("designed | planned | drawn"),
    "drew": _words("designed | planned | drew"),
    "style_is": _words("shows | recalls | mixes | copies | avoids"),
    "style": _words(
        "red brick arches | a round tower | Greek columns | wooden galleries | thick walls | a copper roof |"
        "narrow windows | painted ceilings | marble stairs | iron balconies | blue tiles"
    ),
    "many_of": _words("many of them | half of them | most of them | a third of them | few of them"),
    "of_trade": _words("teachers | miners | sailors | students | farmers | pensioners | weavers | foresters | potters"),
    "live_off": _words("live off | depend on | trade in | export"),
    "known": _words("known | praised | famous | noted"),
    "sold": _words("sold | shown | traded | tasted | judged"),
    "fair": _words("fair | market | festival | contest"),
    "destroyed": _words("destroyed | damaged | emptied | ruined | closed"),
    "part_of_it": _words("the harbor | the mills | the old quarter | the bridges | the school | the walls | the docks"),
    "led": _words("led | paid for | planned | directed"),
    "rebuilding": _words("rebuilding | repairs"),
    "rebuilt": _words("rebuilt | restored | repaired"),
    "route": _words("a canal | a railway | a toll road | a ferry | a tram line | a mail coach | a cable car"),
    "opened": _words("opened | began | started"),
    "carries": _words("carries | moves | brings"),
    "loads": _words("passengers | barrels | sacks | tourists | carts | letters | logs"),
    "per_time": _words("a day | a week | every month | each year | every spring | each season"),
    "has_linked": _words("has linked | has connected | has joined"),
    "highest": _words("highest hill | best lookout | oldest quarry | steepest cliff | favorite peak"),
    "rises": _words("rises | stands | climbs"),
    "above": _words("above | over"),
    "worked": _words("worked | lived | taught | wrote | traveled"),
    "most_years": _words("for {n1} years | until {year4} | from {year2} on | all {his} life | in later years"),
    "origin": _words("an English | a Danish | a Polish | an Irish | a Swiss | a Greek | a Dutch | a Welsh | a Spanish"),
    "origin_plain": _words("Danish | Polish | Irish | Swiss | Greek | Dutch | Welsh | Spanish | Finnish"),
    "profession": _words(
        "painter | chemist | poet | botanist | surgeon | architect | clockmaker | composer | explorer | printer |"
        "engineer | astronomer"
    ),
    "profession2": _words("dancer | lawyer | baker | nurse | sculptor | teacher | pianist | editor | singer | weaver"),
    "grew": _words("grew up | went to school | was raised | shared a bed"),
    "relatives": _words("brothers | sisters | cousins | orphans"),
    "learned": _words("learned | practiced | studied"),
    "skill": _words("Latin | carving | chess | the flute | sailing | drawing | algebra | fencing | weaving | Greek"),
    "as_child": _words("as the youngest child | above a bakery | on a farm | to poor weavers | during a flood"),
    "urged": _words("urged | begged | advised | wanted"),
    "study": _words("study | teach | try | give up"),
    "studied": _words("studied | practiced | taught"),
    "instead": _words("instead | in {year2} | at night | by letter | for {n1} years"),
    "house": _words("house | garden | library | debts | table | workshop"),
    "shared": _words("shared | used | tended | paid for"),
    "for_time": _words("for {n1} years | until {year2} | every summer | for a while | on Sundays"),
    "best": _words("best | first | longest | last | strangest | boldest"),
    "appeared": _words("appeared | came out | was printed"),
    "per_place": _words("in {city3} | within {n1} weeks | in one week | abroad | by {year3}"),
    "finished": _words("finished | published | printed"),
    "written": _words("written | composed | planned | dictated"),
    "units": _words("weeks | months | nights | days"),
    "married": _words("married | later married | secretly married"),
    "moved": _words("moved | went | returned"),
    "had": _words("had | raised | adopted"),
    "few": _words("two | three | four | five | six | seven"),
    "children": _words("daughters | sons | children | girls | boys"),
    "collector": _words("{he} collected | {his} house held | {he} left behind | {he} owned | {he} catalogued"),
    "bought": _words("bought | found | stolen | made | dug up"),
    "journeys": _words("journeys | visits | long walks | trips | boat tours"),
    "gathered": _words("gathered | bought | sketched | found"),
    "animals": _words("parrots | goats | tame foxes | owls | horses | monkeys | swans | turtles | bears"),
    "went_to": _words("went to | was given to | was refused by | surprised"),
    "reason": _words(
        "courage | clear prose | work on tides | a map of the moon | teaching | help in the flood | a study of moss |"
        "new dyes | peace work | a bold bridge"
    ),
    "won": _words("won | received | shared | accepted"),
    "gave": _words("gave | left | sent | lent"),
    "group": _words(
        "orphans | local farmers | sailors | poor students | a hospital | fire crews | railway workers | bakers |"
        "a convent | beekeepers | the army"
    ),
    "kept": _words("kept | shown | stored"),
    "keeps": _words("keeps | shows | owns"),
    "near": _words("near | facing | below"),
    "building_a": _words("the old mill | a chapel | the east wing | a museum | the main hall | a villa | the archive"),
    "made_in": _words("made in | first seen in | designed in | tested in | sold in"),
    "built": _words("built | assembled | tested | made"),
    "consists": _words("consists | is made"),
    "pieces": _words("wheels | levers | pipes | mirrors | valves | plates | magnets | belts | gears"),
    "spring": _words("a spring | a pump | a coil | a small motor | a bell | a piston | a pendulum | a lens"),
    "held": _words("held | fixed | locked | framed"),
    "fastener": _words("screws | a frame | two hooks | a chain | straps | a ring | bolts | a clamp"),
    "drives": _words("drives | moves | turns | cools"),
    "made": _words("made | sold | improved | tested"),
    "acquired": _words("bought | leased | secured"),
    "passed": _words("passed | was sold | went"),
    "an_early": _words("an early | the first | the later | a small | the heavy | a cheap"),
    "weighed": _words(
        "weighed",
    ),
    "needed": _words("needed | required | tired"),
    "took": _words("took | wanted | needed"),
    "operators": _words("workers | operators | men | horses | helpers | guards"),
    "came": _words("came up | was born | took shape"),
    "idea_where": _words("in a tavern | on a train | during a fever | at a concert | in a dream | on a long walk"),
    "wrote": _words("wrote | claimed | joked | admitted"),
    "changed": _words("changed | replaced | removed | made lighter"),
    "was_added": _words("was added | was left out | was doubled | broke again"),
    "led_to": _words("led to | forced | caused"),
    "changes": _words("changes | new rules | repairs | lawsuits"),
    "until": _words("until | up to | before"),
    "mainly": _words("mainly | often | only | chiefly | above all"),
    "use2": _words("training | repairs | display | export | night work | parades | research | rescue work"),
    "placed": _words("on | near | behind"),
    "helped": _words("helped | joined | urged | opposed"),
    "pay": _words("pay | earn | receive | save"),
    "holds": _words("holds | shows | protects"),
    "given": _words("given | left | sold | found"),
    "awarded": _words("awarded | given | granted"),
    "every": _words("every spring | each year | every May | in most years | each winter"),
    "bears": _words("bears | honors | keeps | recalls"),
    "lessons": _words("lessons | the archive | all classes | the offices | exams | the collection"),
    "plants": _words("roses | apple trees | ferns | cacti | oaks | herbs | tulips | palms | fig trees"),
    "tends": _words("tends | grows | sells"),
    "stands": _words("stands | is carved | is painted | hangs"),
    "the_door": _words("the door | the stairs | the main gate | the clock | the fireplace | the stage"),
    "chosen": _words("chosen | written | found | translated"),
}

PASSAGE_CHOICES: Grammar = {
    "town_kind": _words("fishing town | mining village | market town | port | spa town | mill town | mountain village"),
    "machine_kind": _words("machine | instrument | device | engine | tool"),
    "compass": _words("north | south | east | west"),
    "oldest": _words("oldest | tallest | largest | finest"),
    "building": _words("town hall | church | lighthouse | mill | theater | library | castle | market hall"),
    "product1": _words(
        "blue pottery | goat cheese | plum jam | wool cloth | apple wine | smoked trout | lace | salt | honey | paper"
    ),
    "product2": _words("timber | tourism | slate | fishing | glass | sheep | clocks"),
    "product3": _words("barley | rope | leather | hops | boats | tin | soap"),
    "disaster": _words("fire | flood | storm | landslide | plague | siege"),
    "field": _words("geometry | botany | music | medicine | law | history | optics | painting | geology"),
    "papers": _words("letters | diaries | sketches | maps | notebooks"),
    "objects": _words("coins | maps | shells | stamps | beetles | masks | prints | bells | fossils"),
    "award": _words(
        "Silver Compass | Golden Quill | Royal Medal | Iron Rose | Star of Merit | Blue Ribbon | Harbor Prize |"
        "Laurel Cup"
    ),
    "use": _words(
        "drying fruit | cutting glass | measuring rain | sorting seeds | printing music | lifting stones |"
        "folding paper | cooling milk | weighing letters | polishing lenses"
    ),
    "material": _words("brass | oak wood | cast iron | copper | bamboo | thick glass | steel wire | ivory | tin"),
    "an_accident": _words("an explosion | a small fire | an accident | a trial | a collapse"),
    "students": _words("students | members | pupils | fellows"),
    "motto": _words(
        "Light and Work | Ask Again | Truth Is Patient | By Water and Fire | Slow but Sure | Hands Before Words |"
        "Look Twice | Ever Upward | Listen First"
    ),
}

RIVER_ENDINGS = _words("Water | River | Creek | Brook")
HILL_ENDINGS = _words("Hill | Rock | Peak | Tower")
MACHINE_ENDINGS = _words("Press | Wheel | Lamp | Clock | Pump | Scale | Engine | Drum")
SCHOOL_ENDINGS = _words("College | Academy | Museum | Society | Institute")
WORK_NOUNS = _words(
    "Winds | Rivers | Moss | Numbers | Stars | Sailors | Bridges | Bees | Silence | Clouds | Gardens | Shadows | Tides"
)

# --- Translation ------------------------------------------------------------------------------------------------------

NOUNS: tuple[tuple[str, str, str], ...] = (
    ("table", "Tisch", "m"),
    ("lamp", "Lampe", "f"),
    ("bicycle", "Fahrrad", "n"),
    ("clock", "Uhr", "f"),
    ("chair", "Stuhl", "m"),
    ("mirror", "Spiegel", "m"),
    ("box", "Kiste", "f"),
    ("suitcase", "Koffer", "m"),
    ("camera", "Kamera", "f"),
    ("radio", "Radio", "n"),
    ("picture", "Bild", "n"),
    ("book", "Buch", "n"),
    ("map", "Karte", "f"),
    ("guitar", "Gitarre", "f"),
    ("violin", "Geige", "f"),
    ("boat", "Boot", "n"),
    ("bench", "Bank", "f"),
    ("basket", "Korb", "m"),
    ("coat", "Mantel", "m"),
    ("ring", "Ring", "m"),
    ("key", "Schlüssel", "m"),
    ("letter", "Brief", "m"),
    ("carpet", "Teppich", "m"),
    ("knife", "Messer", "n"),
    ("bottle", "Flasche", "f"),
    ("vase", "Vase", "f"),
    ("piano", "Klavier", "n"),
    ("drum", "Trommel", "f"),
    ("desk", "Schreibtisch", "m"),
    ("shelf", "Regal", "n"),
    ("bag", "Tasche", "f"),
    ("ladder", "Leiter", "f"),
    ("umbrella", "Regenschirm", "m"),
    ("pot", "Topf", "m"),
    ("bed", "Bett", "n"),
    ("door", "Tür", "f"),
)
"""English, German, grammatical gender; none with a declension of its own in the singular."""

ADJECTIVES: tuple[tuple[str, str], ...] = (
    ("old", "alt"),
    ("new", "neu"),
    ("small", "klein"),
    ("large", "groß"),
    ("red", "rot"),
    ("blue", "blau"),
    ("green", "grün"),
    ("black", "schwarz"),
    ("white", "weiß"),
    ("brown", "braun"),
    ("heavy", "schwer"),
    ("light", "leicht"),
    ("beautiful", "schön"),
    ("cheap", "billig"),
    ("strange", "seltsam"),
    ("simple", "einfach"),
    ("round", "rund"),
    ("dusty", "staubig"),
    ("yellow", "gelb"),
    ("dirty", "schmutzig"),
    ("wide", "breit"),
    ("narrow", "schmal"),
    ("gray", "grau"),
    ("modern", "modern"),
    ("ugly", "hässlich"),
    ("strong", "stark"),
    ("bright", "hell"),
    ("long", "lang"),
)
"""English, German stem; all take plain endings and serve after `is` and `too` as they are."""

VERBS: tuple[tuple[str, str], ...] = (
    ("found", "fand"),
    ("lost", "verlor"),
    ("repaired", "reparierte"),
    ("painted", "bemalte"),
    ("cleaned", "putzte"),
    ("sold", "verkaufte"),
    ("bought", "kaufte"),
    ("photographed", "fotografierte"),
    ("hid", "versteckte"),
    ("forgot", "vergaß"),
    ("tested", "testete"),
    ("discovered", "entdeckte"),
    ("drew", "zeichnete"),
    ("destroyed", "zerstörte"),
    ("needed", "brauchte"),
    ("looked for", "suchte"),
    ("used", "benutzte"),
    ("chose", "wählte"),
    ("guarded", "bewachte"),
    ("saw", "sah"),
    ("opened", "öffnete"),
    ("packed", "verpackte"),
)
"""Past tense, third person singular; all take a direct object, and none has a prefix that splits off."""

TRADE_VERBS: tuple[tuple[str, str], ...] = (
    ("bought", "kaufte"),
    ("sold", "verkaufte"),
    ("ordered", "bestellte"),
    ("rented out", "vermietete"),
    ("repaired", "reparierte"),
)
"""Verbs that go with a price."""

STATES: tuple[tuple[str, str], ...] = (
    ("stood", "stand"),
    ("lay", "lag"),
    ("was missing", "fehlte"),
    ("disappeared", "verschwand"),
    ("remained", "blieb"),
    ("broke", "zerbrach"),
)
"""Verbs without an object."""

PREPOSITIONS: tuple[tuple[str, str], ...] = (
    ("in", "in"),
    ("behind", "hinter"),
    ("outside", "vor"),
    ("next to", "neben"),
)
"""All with the dative for a place."""

SITES: tuple[tuple[str, str, str], ...] = (
    ("kitchen", "Küche", "f"),
    ("station", "Bahnhof", "m"),
    ("school", "Schule", "f"),
    ("garden", "Garten", "m"),
    ("church", "Kirche", "f"),
    ("library", "Bibliothek", "f"),
    ("museum", "Museum", "n"),
    ("theater", "Theater", "n"),
    ("hotel", "Hotel", "n"),
    ("bakery", "Bäckerei", "f"),
    ("factory", "Fabrik", "f"),
    ("hospital", "Krankenhaus", "n"),
    ("harbor", "Hafen", "m"),
    ("castle", "Schloss", "n"),
    ("workshop", "Werkstatt", "f"),
    ("barn", "Scheune", "f"),
    ("cellar", "Keller", "m"),
    ("office", "Büro", "n"),
    ("pharmacy", "Apotheke", "f"),
    ("restaurant", "Restaurant", "n"),
)

JOBS: tuple[tuple[str, str, str], ...] = (
    ("a teacher", "ein Lehrer", "eine Lehrerin"),
    ("a doctor", "ein Arzt", "eine Ärztin"),
    ("a baker", "ein Bäcker", "eine Bäckerin"),
    ("a gardener", "ein Gärtner", "eine Gärtnerin"),
    ("a painter", "ein Maler", "eine Malerin"),
    ("a driver", "ein Fahrer", "eine Fahrerin"),
    ("an engineer", "ein Ingenieur", "eine Ingenieurin"),
    ("a musician", "ein Musiker", "eine Musikerin"),
    ("a pilot", "ein Pilot", "eine Pilotin"),
    ("a cook", "ein Koch", "eine Köchin"),
    ("a farmer", "ein Landwirt", "eine Landwirtin"),
    ("a lawyer", "ein Anwalt", "eine Anwältin"),
    ("a singer", "ein Sänger", "eine Sängerin"),
    ("a chemist", "ein Chemiker", "eine Chemikerin"),
)

RELATIVES: tuple[tuple[str, str, str], ...] = (
    ("brother", "Bruder", "m"),
    ("sister", "Schwester", "f"),
    ("mother", "Mutter", "f"),
    ("father", "Vater", "m"),
    ("daughter", "Tochter", "f"),
    ("son", "Sohn", "m"),
    ("child", "Kind", "n"),
    ("uncle", "Onkel", "m"),
    ("aunt", "Tante", "f"),
    ("grandmother", "Großmutter", "f"),
)

WEEKDAYS_DE = _words("Montag | Dienstag | Mittwoch | Donnerstag | Freitag | Samstag | Sonntag")
MONTHS_DE = _words(
    "Januar | Februar | März | April | Mai | Juni | Juli | August | September | Oktober | November | Dezember"
)

TRANSLATION_FIRST: tuple[tuple[str, str], ...] = (
    (
        "on {weekday}, {name1}, {job1} from {city1}, {trade} {thing1} {place1} for {price} euros",
        "am {weekday_de} {trade_de} {name1}, {job1_de} aus {city1}, {thing1_acc} {place1_de} für {price} Euro",
    ),
    (
        "{name1} {verb1} {thing1} {place1} before {name2} {verb2} {thing2} at {hour} o'clock",
        "{name1} {verb1_de} {thing1_acc} {place1_de}, bevor {name2} um {hour} Uhr {thing2_acc} {verb2_de}",
    ),
    (
        "because {thing1} was too {adjective1}, {name1}, {job1}, {verb1} {thing2} {place1}",
        "weil {thing1_nom} zu {adjective1_de} war, {verb1_de} {name1}, {job1_de}, {thing2_acc} {place1_de}",
    ),
    (
        "in {year}, {name1} moved from {city1} to {city2} and {verb1} {thing1} {place1}",
        "im Jahr {year} zog {name1} von {city1} nach {city2} und {verb1_de} {thing1_acc} {place1_de}",
    ),
    (
        "{name1} and {name2} from {city1} {verb1} {thing1} and {thing2} {place1}",
        "{name1} und {name2} aus {city1} {verb1_plural} {thing1_acc} und {thing2_acc} {place1_de}",
    ),
    (
        "when {name1} reached {city1} on {date1}, {thing1} {state1} {place1}",
        "als {name1} am {date1_de} {city1} erreichte, {state1_de} {thing1_nom} {place1_de}",
    ),
    (
        "{thing1} of {name1} from {city1} stood {place1} until {hour} o'clock",
        "{thing1_nom} von {name1} aus {city1} stand bis {hour} Uhr {place1_de}",
    ),
)

TRANSLATION_SECOND: tuple[tuple[str, str], ...] = (
    (
        "{first1} wrote to {name3} that {thing3} cost {price2} euros and was {adjective2}",
        "{first1} schrieb an {name3}, dass {thing3_nom} {price2} Euro kostete und {adjective2_de} war",
    ),
    (
        "{days} days later, {thing3} {state2} {place2}, and {name3} {verb3} {thing4}",
        "{days} Tage später {state2_de} {thing3_nom} {place2_de}, und {name3} {verb3_de} {thing4_acc}",
    ),
    (
        "{name3}, {job3} from {city3}, called {phone} because {thing3} {state2} {place2}",
        "{name3}, {job3_de} aus {city3}, wählte {phone}, weil {thing3_nom} {place2_de} {state2_de}",
    ),
    (
        "at {hour2} o'clock, {name3} {verb3} {thing3} {place2} for {his3} {relative}",
        "um {hour2} Uhr {verb3_de} {name3} {thing3_acc} {place2_de} für {his3_de} {relative_de}",
    ),
    (
        "since then, {thing3} has belonged to {name3}, who lives at {house} {street} in {city3}",
        "seitdem gehört {thing3_nom} {name3}, {who3_de} unter der Adresse {house} {street} in {city3} wohnt",
    ),
    (
        "although {name3} {verb3} {thing3} on {date2}, {thing4} {state2} {place2}",
        "obwohl {name3} am {date2_de} {thing3_acc} {verb3_de}, {state2_de} {thing4_nom} {place2_de}",
    ),
)
