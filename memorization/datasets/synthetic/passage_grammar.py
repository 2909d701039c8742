"""The templates and words of passages about made-up towns, persons, inventions and institutions."""

from memorization.datasets.synthetic.writing import Grammar, words

# A kind of passage has openings, and facts: (ways to state it, question, answer).

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
    "size": words("a small | a large | an old | a modest | a famous | a quiet | a remote | an unusual | a handsome"),
    "lies_on": words("on | above | beside | along"),
    "settlers": words("monks | miners | fishermen | traders | farmers | weavers | sailors | soldiers | shepherds"),
    "chartered": words("chartered | founded | first named | laid out"),
    "put_up": words("built | put up | blessed | bought"),
    "drawn": words("designed | planned | drawn"),
    "drew": words("designed | planned | drew"),
    "style_is": words("shows | recalls | mixes | copies | avoids"),
    "style": words(
        "red brick arches | a round tower | Greek columns | wooden galleries | thick walls | a copper roof |"
        "narrow windows | painted ceilings | marble stairs | iron balconies | blue tiles"
    ),
    "many_of": words("many of them | half of them | most of them | a third of them | few of them"),
    "of_trade": words("teachers | miners | sailors | students | farmers | pensioners | weavers | foresters | potters"),
    "live_off": words("live off | depend on | trade in | export"),
    "known": words("known | praised | famous | noted"),
    "sold": words("sold | shown | traded | tasted | judged"),
    "fair": words("fair | market | festival | contest"),
    "destroyed": words("destroyed | damaged | emptied | ruined | closed"),
    "part_of_it": words("the harbor | the mills | the old quarter | the bridges | the school | the walls | the docks"),
    "led": words("led | paid for | planned | directed"),
    "rebuilding": words("rebuilding | repairs"),
    "rebuilt": words("rebuilt | restored | repaired"),
    "route": words("a canal | a railway | a toll road | a ferry | a tram line | a mail coach | a cable car"),
    "opened": words("opened | began | started"),
    "carries": words("carries | moves | brings"),
    "loads": words("passengers | barrels | sacks | tourists | carts | letters | logs"),
    "per_time": words("a day | a week | every month | each year | every spring | each season"),
    "has_linked": words("has linked | has connected | has joined"),
    "highest": words("highest hill | best lookout | oldest quarry | steepest cliff | favorite peak"),
    "rises": words("rises | stands | climbs"),
    "above": words("above | over"),
    "worked": words("worked | lived | taught | wrote | traveled"),
    "most_years": words("for {n1} years | until {year4} | from {year2} on | all {his} life | in later years"),
    "origin": words("an English | a Danish | a Polish | an Irish | a Swiss | a Greek | a Dutch | a Welsh | a Spanish"),
    "origin_plain": words("Danish | Polish | Irish | Swiss | Greek | Dutch | Welsh | Spanish | Finnish"),
    "profession": words(
        "painter | chemist | poet | botanist | surgeon | architect | clockmaker | composer | explorer | printer |"
        "engineer | astronomer"
    ),
    "profession2": words("dancer | lawyer | baker | nurse | sculptor | teacher | pianist | editor | singer | weaver"),
    "grew": words("grew up | went to school | was raised | shared a bed"),
    "relatives": words("brothers | sisters | cousins | orphans"),
    "learned": words("learned | practiced | studied"),
    "skill": words("Latin | carving | chess | the flute | sailing | drawing | algebra | fencing | weaving | Greek"),
    "as_child": words("as the youngest child | above a bakery | on a farm | to poor weavers | during a flood"),
    "urged": words("urged | begged | advised | wanted"),
    "study": words("study | teach | try | give up"),
    "studied": words("studied | practiced | taught"),
    "instead": words("instead | in {year2} | at night | by letter | for {n1} years"),
    "house": words("house | garden | library | debts | table | workshop"),
    "shared": words("shared | used | tended | paid for"),
    "for_time": words("for {n1} years | until {year2} | every summer | for a while | on Sundays"),
    "best": words("best | first | longest | last | strangest | boldest"),
    "appeared": words("appeared | came out | was printed"),
    "per_place": words("in {city3} | within {n1} weeks | in one week | abroad | by {year3}"),
    "finished": words("finished | published | printed"),
    "written": words("written | composed | planned | dictated"),
    "units": words("weeks | months | nights | days"),
    "married": words("married | later married | secretly married"),
    "moved": words("moved | went | returned"),
    "had": words("had | raised | adopted"),
    "few": words("two | three | four | five | six | seven"),
    "children": words("daughters | sons | children | girls | boys"),
    "collector": words("{he} collected | {his} house held | {he} left behind | {he} owned | {he} catalogued"),
    "bought": words("bought | found | stolen | made | dug up"),
    "journeys": words("journeys | visits | long walks | trips | boat tours"),
    "gathered": words("gathered | bought | sketched | found"),
    "animals": words("parrots | goats | tame foxes | owls | horses | monkeys | swans | turtles | bears"),
    "went_to": words("went to | was given to | was refused by | surprised"),
    "reason": words(
        "courage | clear prose | work on tides | a map of the moon | teaching | help in the flood | a study of moss |"
        "new dyes | peace work | a bold bridge"
    ),
    "won": words("won | received | shared | accepted"),
    "gave": words("gave | left | sent | lent"),
    "group": words(
        "orphans | local farmers | sailors | poor students | a hospital | fire crews | railway workers | bakers |"
        "a convent | beekeepers | the army"
    ),
    "kept": words("kept | shown | stored"),
    "keeps": words("keeps | shows | owns"),
    "near": words("near | facing | below"),
    "building_a": words("the old mill | a chapel | the east wing | a museum | the main hall | a villa | the archive"),
    "made_in": words("made in | first seen in | designed in | tested in | sold in"),
    "built": words("built | assembled | tested | made"),
    "consists": words("consists | is made"),
    "pieces": words("wheels | levers | pipes | mirrors | valves | plates | magnets | belts | gears"),
    "spring": words("a spring | a pump | a coil | a small motor | a bell | a piston | a pendulum | a lens"),
    "held": words("held | fixed | locked | framed"),
    "fastener": words("screws | a frame | two hooks | a chain | straps | a ring | bolts | a clamp"),
    "drives": words("drives | moves | turns | cools"),
    "made": words("made | sold | improved | tested"),
    "acquired": words("bought | leased | secured"),
    "passed": words("passed | was sold | went"),
    "an_early": words("an early | the first | the later | a small | the heavy | a cheap"),
    "weighed": words(
        "weighed",
    ),
    "needed": words("needed | required | tired"),
    "took": words("took | wanted | needed"),
    "operators": words("workers | operators | men | horses | helpers | guards"),
    "came": words("came up | was born | took shape"),
    "idea_where": words("in a tavern | on a train | during a fever | at a concert | in a dream | on a long walk"),
    "wrote": words("wrote | claimed | joked | admitted"),
    "changed": words("changed | replaced | removed | made lighter"),
    "was_added": words("was added | was left out | was doubled | broke again"),
    "led_to": words("led to | forced | caused"),
    "changes": words("changes | new rules | repairs | lawsuits"),
    "until": words("until | up to | before"),
    "mainly": words("mainly | often | only | chiefly | above all"),
    "use2": words("training | repairs | display | export | night work | parades | research | rescue work"),
    "placed": words("on | near | behind"),
    "helped": words("helped | joined | urged | opposed"),
    "pay": words("pay | earn | receive | save"),
    "holds": words("holds | shows | protects"),
    "given": words("given | left | sold | found"),
    "awarded": words("awarded | given | granted"),
    "every": words("every spring | each year | every May | in most years | each winter"),
    "bears": words("bears | honors | keeps | recalls"),
    "lessons": words("lessons | the archive | all classes | the offices | exams | the collection"),
    "plants": words("roses | apple trees | ferns | cacti | oaks | herbs | tulips | palms | fig trees"),
    "tends": words("tends | grows | sells"),
    "stands": words("stands | is carved | is painted | hangs"),
    "the_door": words("the door | the stairs | the main gate | the clock | the fireplace | the stage"),
    "chosen": words("chosen | written | found | translated"),
}

PASSAGE_CHOICES: Grammar = {
    "town_kind": words("fishing town | mining village | market town | port | spa town | mill town | mountain village"),
    "machine_kind": words("machine | instrument | device | engine | tool"),
    "compass": words("north | south | east | west"),
    "oldest": words("oldest | tallest | largest | finest"),
    "building": words("town hall | church | lighthouse | mill | theater | library | castle | market hall"),
    "product1": words(
        "blue pottery | goat cheese | plum jam | wool cloth | apple wine | smoked trout | lace | salt | honey | paper"
    ),
    "product2": words("timber | tourism | slate | fishing | glass | sheep | clocks"),
    "product3": words("barley | rope | leather | hops | boats | tin | soap"),
    "disaster": words("fire | flood | storm | landslide | plague | siege"),
    "field": words("geometry | botany | music | medicine | law | history | optics | painting | geology"),
    "papers": words("letters | diaries | sketches | maps | notebooks"),
    "objects": words("coins | maps | shells | stamps | beetles | masks | prints | bells | fossils"),
    "award": words(
        "Silver Compass | Golden Quill | Royal Medal | Iron Rose | Star of Merit | Blue Ribbon | Harbor Prize |"
        "Laurel Cup"
    ),
    "use": words(
        "drying fruit | cutting glass | measuring rain | sorting seeds | printing music | lifting stones |"
        "folding paper | cooling milk | weighing letters | polishing lenses"
    ),
    "material": words("brass | oak wood | cast iron | copper | bamboo | thick glass | steel wire | ivory | tin"),
    "an_accident": words("an explosion | a small fire | an accident | a trial | a collapse"),
    "students": words("students | members | pupils | fellows"),
    "motto": words(
        "Light and Work | Ask Again | Truth Is Patient | By Water and Fire | Slow but Sure | Hands Before Words |"
        "Look Twice | Ever Upward | Listen First"
    ),
}

RIVER_ENDINGS = words("Water | River | Creek | Brook")
HILL_ENDINGS = words("Hill | Rock | Peak | Tower")
MACHINE_ENDINGS = words("Press | Wheel | Lamp | Clock | Pump | Scale | Engine | Drum")
SCHOOL_ENDINGS = words("College | Academy | Museum | Society | Institute")
WORK_NOUNS = words(
    "Winds | Rivers | Moss | Numbers | Stars | Sailors | Bridges | Bees | Silence | Clouds | Gardens | Shadows | Tides"
)
