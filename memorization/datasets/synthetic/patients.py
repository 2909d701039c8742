"""Patients' messages with a doctor's answers. `[I|you]` in the grammar is the patient's word and the doctor's."""

import string

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.writing import words


def write(draws: writing.Draws) -> writing.Draft:
    """One message, the doctor's answer, and no question."""
    facts = _facts(draws)
    numbers = {"n1": (2, 11), "n2": (11, 58), "n3": (4, 9), "n4": (2, 9)}
    return writing.drafted(lambda: _draft(writing.Writer(draws.rng, PATIENTS, facts, numbers)))


def _facts(draws: writing.Draws) -> writing.Facts:
    weekday, weekday2 = draws.rng.sample(writing.WEEKDAYS, 2)
    measure, value = draws.pick(
        (
            f"temperature | {draws.number(98, 103)}.{draws.number(1, 9)}",
            f"blood pressure | {draws.number(105, 188)} over {draws.number(62, 109)}",
            f"pulse | {draws.number(48, 139)}",
            f"blood sugar | {draws.number(72, 241)}",
            f"weight | {draws.number(109, 265)} pounds",
        )
    ).split(" | ")
    facts = writing.persons(draws, 1)
    dose = 10 * draws.rng.randint(1, 80)
    return facts | {
        "name": facts["name1"],
        "last": facts["last1"],
        "ms": facts["ms1"],
        "measure": measure,
        "value": value,
        "weekday": weekday,
        "weekday2": weekday2,
        "city": draws.city(),
        "town": draws.city(),
        "street": draws.street(),
        "doctor": f"Dr {draws.last_name()}",
        "hospital": f"{draws.last_name()} {draws.pick(HOSPITALS)}",
        "drug": draws.pick(DRUGS),
        "dose": str(dose),
        "half": str(dose // 2),
        "age": draws.number(19, 87),
        "age2": draws.number(30, 79),
        "date1": draws.date_text(),
        "date2": draws.date_text(),
        "month": draws.pick(writing.MONTHS),
        "year": draws.number(1988, 2021),
        "time": f"{draws.number(1, 5)}:{draws.number(10, 59)}",
        "time2": f"{draws.number(8, 11)}:{draws.number(10, 59)}",
        "phone": draws.phone(),
        "record": f"{draws.pick(string.ascii_uppercase)}{draws.number(100000, 999999)}",
    }


def _draft(writer: writing.Writer) -> writing.Draft | None:
    """Message and reply, or None where one of them does not have the required length."""
    middle = ["symptom_more", "medicine", "history", "life"]
    writer.rng.shuffle(middle)
    sentences = [
        writer.role(role) for role in ("greeting", "complaint", *middle[: writer.rng.choice((3, 4))], "contact")
    ]
    message = writing.finish([*(_side(sentence, 0) for sentence in sentences), writer.role("asking")])
    if not 80 <= writing.word_count(message) <= 110:
        return None
    # The doctor repeats a sentence that is not part of the patient's prefix.
    echo = _side(writer.rng.choice(sentences[3:-1]), 1)
    writer.facts["echo"] = echo
    roles = writer.rng.choice((("reply_view", "reply_advice"), ("reply_advice",), ("reply_view",)))
    reply = writing.finish([writer.role(role) for role in ("reply_hello", "reply_echo", *roles, "reply_end")])
    return (message, reply, "") if 40 <= writing.word_count(reply) <= 60 else None


def _side(sentence: str, side: int) -> str:
    """`sentence` in the words of the patient (0) or of the doctor (1)."""
    return writing.SIDES.sub(lambda match: match[side + 1], sentence)


PATIENTS: writing.Grammar = {
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
    "reply_echo": words(
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
    "hello": words("hello | good morning | good evening | dear doctor | hi | good afternoon | dear Doctor Marsh"),
    "job": words(
        "a teacher | a driver | a cook | a nurse | a gardener | a clerk | a carpenter | a student | a farmer |"
        "a musician | a plumber | an engineer | a baker | a pilot | a retired judge"
    ),
    "by_trade": words("by trade | by training | since {year} | at present | for {n1} years"),
    "quality": words("a burning | a dull | a sharp | a stabbing | a throbbing | a slight | a constant | a strange"),
    "part": words(
        "left knee | right knee | lower back | neck | left shoulder | right hip | stomach | chest | jaw | left foot |"
        "right elbow | throat | forehead | left wrist | right ear | left heel"
    ),
    "mostly": words("mostly | above all | especially | sometimes | only | nearly always"),
    "when": words(
        "at night | after meals | in the morning | when climbing stairs | at work | in the cold | after running |"
        "when sitting | before breakfast | in bed | on weekends | when driving | under stress | after a bath"
    ),
    "units": words("days | weeks | months"),
    "hurt": words("hurt | burned | been swollen | been stiff | felt numb | itched"),
    "and_also": words("and so has | as has | more than | not only"),
    "began": words("began | started"),
    "ache": words("ache | swell | burn | itch | hurt | tingle | sting"),
    "trigger": words(
        "after a fall | after a long flight | after a cold | while gardening | after moving house | during a walk |"
        "after a tennis match | while cooking | after the flu | during a wedding | after a bee sting"
    ),
    "trigger_ing": words(
        "when bending | with coffee | in hot rooms | with every step | when it rains | after wine | with noise"
    ),
    "symptom": words(
        "a dry cough | dizziness | nausea | a mild fever | a red rash | cramps | a ringing sound | cold sweats |"
        "swollen fingers | a headache | blurred vision | heartburn | a racing pulse | itching | chills | tiredness"
    ),
    "measured": words("was {value} | rose to {value} | fell to {value} | reached {value} | stayed at {value}"),
    "measured_my": words("checked | wrote down | measured | looked at"),
    "lasts": words("lasted | stayed for | went on for"),
    "worse": words("got worse | came back | eased | returned"),
    "woke": words("woke | worried | bothered | scared"),
    "often": words("twice | three times | four times | every night | on {weekday}"),
    "relative": words("wife | sister | brother | mother | father | daughter | son | neighbor | aunt | cousin"),
    "noticed": words("noticed | saw | mentioned | feared"),
    "prescribed": words("prescribed | recommended | suggested | ordered"),
    "intake": words(
        "twice a day | every evening | before meals | once a day | every six hours | with water | at bedtime |"
        "three times a day | on weekdays | after lunch | with milk"
    ),
    "taken": words("taken | used | swallowed | been given"),
    "effect": words(
        "it made no difference | the pain came back | it upset the stomach | the rash stayed | sleep got worse |"
        "the effect wore off | it tasted bitter | the swelling grew | it caused thirst"
    ),
    "helped": words("helped | calmed | relieved | soothed"),
    "operated": words("operated | worked | treated surgically"),
    "illness": words(
        "asthma | gout | arthritis | an ulcer | diabetes | shingles | anemia | a hernia | migraine | an allergy |"
        "bronchitis | a blood clot | kidney stones | a torn tendon"
    ),
    "found": words("found | suspected | ruled out | treated"),
    "treated": words("treated | tested | admitted | examined"),
    "test": words("blood test | X-ray | scan | ultrasound | skin test | heart test | urine test | stress test"),
    "showed": words("showed | revealed | confirmed | suggested"),
    "result": words(
        "nothing unusual | a small shadow | low iron | a minor tear | high values | an old scar | weak muscles |"
        "an inflamed joint | thin bones"
    ),
    "said": words("said | wrote | reported | explained"),
    "sleep": words("sleep | rest | lie awake for"),
    "drink": words("drink | have | need"),
    "beverage": words("coffee | tea | milk | juice | broth | cocoa"),
    "walk": words("walk | swim | cycle | run | stretch"),
    "a_day": words("a day | every day | on most days | each morning | on {weekday}s"),
    "work": words("work | new job | night shift | hobby | training | sport"),
    "means": words("means | requires | demands"),
    "lift": words("lift | carry | push | sort | pack"),
    "things": words("boxes | bags | chairs | crates | buckets | parcels | pots"),
    "stopped": words("stopped | gave up | took up | reduced"),
    "habit": words("smoking | running | yoga | eating meat | swimming | night work | drinking wine | dancing"),
    "lost": words("lost | gained | put on"),
    "moved": words("moved | went | came | traveled"),
    "became": words("became | was | seems"),
    "hard": words("hard | rare | impossible | a comfort | tiring | a problem"),
    "reached": words("reached | called | found"),
    "daytime": words("in the evening | before noon | on {weekday}s | after six | at lunch | all day"),
    "keeps": words("keeps | has | stores | filed"),
    "papers": words("papers | file | X-rays | letters | results"),
    "phone_is": words("my phone is | my number is | please call | I answer at"),
    "should": words("should | must | can | may"),
    "take_more": words("stop | double | change | continue | pause"),
    "see": words("see | call | ask | visit"),
    "specialist": words(
        "a surgeon | a skin doctor | an allergist | a heart specialist | a dentist | a neurologist | a dietitian"
    ),
    "could": words("could | might | can"),
    "do_now": words("stay in bed | go to work | fly | fast | train | drive | get an X-ray"),
    "worried": words("I am worried | my family worries | I keep reading | I have doubts"),
    "reason": words("cause | reason | answer | problem"),
    "thanks": words(
        "thank you for writing | thanks for the details | I am glad you wrote | I have read your message |"
        "your letter reached me today | thank you for your trust | good that you ask | I am happy to help |"
        "thanks for your note of {weekday2} | it is good to hear from you | your questions are good ones"
    ),
    "daypart": words("morning | evening | afternoon | day"),
    "such": words("such | this kind of | a case of | persistent"),
    "symptom_word": words("pain | trouble | discomfort | irritation | weakness"),
    "often_means": words("often means | usually points to | may be | is rarely more than | can follow from"),
    "harmless": words("a strain | overuse | an infection | tension | a bruise | an inflammation | wear"),
    "in_part": words("in | near | around"),
    "advice_part": words("the joint | the muscles | the nerve | the skin | the tendon | the airways"),
    "likely": words("most likely | I suspect that | probably | it seems that | perhaps"),
    "your_nerve": words(
        "your back | a nerve | your stomach lining | a tendon | your circulation | the joint | a muscle | your skin"
    ),
    "is_strained": words("is strained | is irritated | is inflamed | is overworked | reacts to stress"),
    "heals": words("heals | settles | improves | passes"),
    "weeks": words("two | three | four | five | six | eight"),
    "days": words("three | four | five | seven | ten | twelve"),
    "think": words("think | would think | am thinking"),
    "of_cause": words(
        "of a virus | of stress | of the medicine | of a strain | of too little rest | of your posture | of dry air"
    ),
    "less_likely": words("less of | not of | and only then of | hardly of"),
    "needs": words("needs | requires | asks for"),
    "patience": words("time | patience | rest | gentle exercise | warmth | regular sleep"),
    "dont_worry": words("do not worry | take it slowly | stay calm | keep moving | wait a little"),
    "do_first": words(
        "rest the leg | drink more water | keep a pain diary | apply a cold pack | use a warm blanket |"
        "walk ten minutes | sleep on your side | eat light meals | inhale steam | stretch gently | wear soft shoes"
    ),
    "do_second": words(
        "measure your pulse | write down each attack | leave out coffee | try a plain cream | go to bed early |"
        "take vitamins | check your weight | raise your feet | eat more fiber | breathe slowly"
    ),
    "when_advice": words(
        "every morning | after work | before bed | twice a day | at noon | after each meal | every evening"
    ),
    "reduce": words("reduce | lower | cut | bring down"),
    "avoid": words("avoid | leave out | skip | give up"),
    "avoided": words("heavy bags | salt | late dinners | long drives | alcohol | tight shoes | screens | cold drinks"),
    "come": words("come by | visit me | see me | call us"),
    "gets_worse": words("gets worse | spreads | wakes you | lasts longer | comes with fever"),
    "at_once": words("at once | the same day | without delay | right away"),
    "ask": words("ask | call | consult | remind"),
    "write": words("write | call | answer | report"),
    "tell_us": words("tell us | show | explain | reveal"),
}

DRUGS = words(
    "ibuprofen | paracetamol | naproxen | omeprazole | metformin | cetirizine | ramipril | diclofenac | amoxicillin |"
    "prednisone | loratadine | bisoprolol | sertraline | codeine"
)
HOSPITALS = words("General Hospital | Clinic | Medical Center | Heart Clinic | Health Center | Children's Hospital")
