"""Conversations: what rows they become in every format, and what is wrong with one."""

import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from source_files import ENDINGS, read, refused, source

from memorization import storage
from memorization.config.data import Dataset
from memorization.datasets.templates import shared_instruction
from memorization.errors import UserError

SYSTEM = {"role": "system", "content": "Be kind."}
ASKED = {"role": "user", "content": "Where is my parcel?\nI wait."}
ANSWERED = {"role": "assistant", "content": "On its way, {input} %s."}
THANKS = {"role": "user", "content": "Thanks!"}
WELCOME = {"role": "assistant", "content": "You are welcome."}
TWO_TURNS = [SYSTEM, ASKED, ANSWERED, THANKS, WELCOME]

SHAREGPT_ROLES = {"system": "system", "user": "human", "assistant": "gpt"}
NESTED = [".parquet", ".jsonl", ".json", ".json.gz"]


def sharegpt(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"from": SHAREGPT_ROLES[turn["role"]], "value": turn["content"]} for turn in turns]


def texts(rows: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return [(row["id"], row["instruction"], row["input"], row["target"]) for row in rows]


def left_out(folder: Path) -> dict[str, int]:
    counts: dict[str, int] = storage.manifest_of(folder / "out.parquet")["left_out"]
    return counts


@pytest.mark.parametrize("ending", NESTED)
@pytest.mark.parametrize("format", ["messages", "sharegpt", "prompt_completion"])
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "auto"])
def test_each_turn_of_the_assistant_is_a_row(tmp_path: Path, ending: str, format: str, stated: bool) -> None:
    row: dict[str, Any] = {
        "messages": {"messages": TWO_TURNS},
        "sharegpt": {"conversations": sharegpt(TWO_TURNS)},
        "prompt_completion": {"prompt": TWO_TURNS[:2], "completion": TWO_TURNS[2:]},
    }[format]
    file = source(tmp_path / f"rows{ending}", [{"id": "a", "topic": "x", **row}, {"id": "b", "topic": "y", **row}])
    rows = read(file, conversation={"format": format} if stated else {})
    assert texts(rows)[:2] == [
        ("a:2", "Be kind.", ASKED["content"], ANSWERED["content"]),
        ("a:4", "Be kind.", "Thanks!", "You are welcome."),
    ]
    assert [row["id"] for row in rows] == ["a:2", "a:4", "b:2", "b:4"]
    assert {row["references"] for row in rows} == {None}


@pytest.mark.parametrize("ending", NESTED)
def test_the_whole_dialogue_may_be_the_input(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}", [{"messages": TWO_TURNS}])
    rows = read(file, conversation={"input": "dialogue"})
    before = "\n".join([ASKED["content"], ANSWERED["content"], "Thanks!"])
    assert [row["input"] for row in rows] == [ASKED["content"], before]
    assert [row["target"] for row in rows] == [ANSWERED["content"], "You are welcome."]


@pytest.mark.parametrize(("given", "turns"), [("turn", [1, 1]), ("dialogue", [1, 3])])
def test_turns_are_kept_for_a_chat_template(tmp_path: Path, given: str, turns: list[int]) -> None:
    file = source(tmp_path / "rows.jsonl", [{"messages": TWO_TURNS}])
    rows = read(file, conversation={"input": given, "chat_template": True})
    contents = [[turn["content"] for turn in TWO_TURNS[1:2]], [turn["content"] for turn in TWO_TURNS[1:4]]]
    assert [row["turns"] for row in rows] == [each[-count:] for each, count in zip(contents, turns, strict=True)]
    assert [row["turns"] for row in read(file, conversation={"input": given})] == [None, None]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "auto"])
def test_prompt_and_completion_may_be_texts(tmp_path: Path, ending: str, stated: bool) -> None:
    rows = [{"prompt": "Who, then?", "completion": "Ann"}, {"prompt": "And {prompt}?", "completion": "Bob\nor so"}]
    file = source(tmp_path / f"rows{ending}", rows)
    assert texts(read(file, conversation={"format": "prompt_completion"} if stated else {})) == [
        ("train-0:1", "", "Who, then?", "Ann"),
        ("train-1:1", "", "And {prompt}?", "Bob\nor so"),
    ]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("stated", [True, False], ids=["stated", "auto"])
def test_instruction_and_input_are_one_turn_of_the_user(tmp_path: Path, ending: str, stated: bool) -> None:
    rows = [
        {"instruction": "Sum up.", "input": "A long text.", "output": "Short."},
        {"instruction": "Say hello.", "input": "", "output": "Hello."},
    ]
    file = source(tmp_path / f"rows{ending}", rows)
    assert texts(read(file, conversation={"format": "alpaca"} if stated else {})) == [
        ("train-0:1", "", "Sum up.\nA long text.", "Short."),
        ("train-1:1", "", "Say hello.", "Hello."),
    ]


@pytest.mark.parametrize("extra", [{}, {"input": None}])
def test_an_instruction_needs_no_input(tmp_path: Path, extra: dict[str, Any]) -> None:
    file = source(tmp_path / "rows.jsonl", [{"instruction": "Say hello.", "output": "Hello.", **extra}])
    assert [row["input"] for row in read(file, conversation={})] == ["Say hello."]


@pytest.mark.parametrize("ending", NESTED)
def test_a_column_may_be_nested_and_have_any_name(tmp_path: Path, ending: str) -> None:
    file = source(tmp_path / f"rows{ending}", [{"chat": {"log": sharegpt(TWO_TURNS)}, "messages": "other"}])
    for format in ("auto", "sharegpt"):
        rows = read(file, conversation={"format": format, "column": "chat.log"})
        assert [row["target"] for row in rows] == [ANSWERED["content"], "You are welcome."]


def test_what_is_found_is_logged_for_each_split(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    train = source(tmp_path / "train.jsonl", [{"conversations": TWO_TURNS}])
    test = source(tmp_path / "test.jsonl", [{"prompt": "Who?", "completion": "Ann"}])
    assert [row["id"] for row in read(train, test, conversation={})] == ["train-0:2", "train-0:4", "test-0:1"]
    assert "dataset mine, split train: conversations in the format messages, column conversations" in caplog.text
    assert "dataset mine, split test: conversations in the format prompt_completion" in caplog.text


ROLES = {"developer": "system", "human": "user", "gpt": "assistant", "model": "assistant"}


def test_roles_have_several_names(tmp_path: Path) -> None:
    names = ("developer", "human", "model", "human", "gpt")
    turns = [{"role": name, "content": f"{place}"} for place, name in enumerate(names)]
    file = source(tmp_path / "rows.jsonl", [{"messages": turns}])
    assert texts(read(file, conversation={})) == [("train-0:2", "0", "1", "2"), ("train-0:4", "0", "3", "4")]


def test_conversations_have_their_own_instructions(tmp_path: Path) -> None:
    rows = [{"messages": TWO_TURNS}, {"messages": TWO_TURNS[1:]}]
    file = source(tmp_path / "rows.jsonl", rows)
    assert [row["instruction"] for row in read(file, conversation={})] == ["Be kind.", "Be kind.", "", ""]
    settings = {"task": "qa", "source": {"kind": "files", "train": "x"}, "conversation": {}}
    assert shared_instruction("mine", Dataset.model_validate(settings)) is None


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": "Where is "}, {"type": "text", "text": "it?"}],
        [{"text": "Where is it?"}, {"type": None, "text": ""}],
        ["Where ", "is it?"],
    ],
)
def test_parts_that_are_text_are_joined(tmp_path: Path, content: Any) -> None:
    file = source(tmp_path / "rows.jsonl", [{"messages": [{"role": "user", "content": content}, ANSWERED]}])
    assert [row["input"] for row in read(file, conversation={})] == ["Where is it?"]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_turns_without_a_text_become_no_rows_and_are_counted(tmp_path: Path, ending: str) -> None:
    turns = [ASKED, {**ANSWERED, "content": None}, {**THANKS, "content": " \u200b"}, WELCOME, THANKS, WELCOME, ASKED]
    file = source(tmp_path / f"rows{ending}", [{"messages": turns}])
    for given, text in (("turn", "Thanks!"), ("dialogue", "\n".join(turn["content"] or "" for turn in turns[:5]))):
        assert [(row["id"], row["input"]) for row in read(file, conversation={"input": given})] == [("train-0:5", text)]
        assert left_out(tmp_path) == {
            "assistant's turns without a visible character": 1,
            "answers to a turn without a visible character": 1,
            "last turns of the user without an answer": 1,
        }


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_turns_of_weight_0_and_of_prompts_are_no_targets(tmp_path: Path, ending: str) -> None:
    weighted = [
        {**ASKED, "weight": None},
        {**ANSWERED, "weight": 0},
        {**THANKS, "weight": None},
        WELCOME | {"weight": 1},
    ]
    prompt = [{"prompt": [ASKED, ANSWERED, THANKS], "completion": [WELCOME]}]
    for rows in ([{"messages": weighted}], prompt):
        kept = read(source(tmp_path / f"rows{ending}", rows), conversation={})
        assert [row["id"] for row in kept] == ["train-0:3"]
        assert left_out(tmp_path) == {"assistant's turns that are no targets (of a prompt, or of weight 0)": 1}


def one(*turns: Any) -> list[dict[str, Any]]:
    return [{"messages": [ASKED, ANSWERED]}, {"messages": list(turns)}]


CALL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": ""}}],
}
WRONG: dict[str, tuple[list[dict[str, Any]], str]] = {
    "an unknown role": (
        one(ASKED, {"role": "asistant", "content": "x"}),
        "row 1, turn 1: `role` is 'asistant'; allowed: system, developer, user, human, assistant, gpt, model; did you "
        "mean 'assistant'?",
    ),
    "the assistant first": (
        one(SYSTEM, ANSWERED),
        "row 1, turn 1: is the assistant's, and nobody has asked: a conversation begins with the user, or a system "
        "message.",
    ),
    "two turns of the user": (
        one(ASKED, THANKS, ANSWERED),
        "row 1, turn 1: is the user's, as the one before it: join them, so that user and assistant alternate.",
    ),
    "two turns of the assistant": (
        one(ASKED, ANSWERED, WELCOME),
        "row 1, turn 2: is the assistant's, as the one before it: join them, so that user and assistant alternate.",
    ),
    "a late system message": (
        one(ASKED, ANSWERED, SYSTEM),
        "row 1, turn 2: is a second system message, or one after the beginning; one may be there, as the first turn.",
    ),
    "no answer": (
        one(SYSTEM, ASKED),
        "row 1: has no turn of the assistant, which would be a target (found: system, user): leave it out of the file.",
    ),
    "no turn": (
        one(),
        "row 1: has no turn of the assistant, which would be a target (found: no turn at all): leave it out of "
        "the file.",
    ),
    "a call of a tool": (
        one(ASKED, CALL, {"role": "tool", "content": "{}"}, ANSWERED),
        "row 1, turn 1: calls a tool or contains what one returned, and only turns of text can be measured: leave such "
        "conversations out of the file.",
    ),
    "a tool's result": (
        one(ASKED, {"role": "tool", "content": "{}"}),
        "row 1, turn 1: calls a tool or contains what one returned, and only turns of text can be measured: leave such "
        "conversations out of the file.",
    ),
    "an image": (
        one({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, ANSWERED),
        "row 1, turn 0: `content` has a part that is no text ('image_url'), and only turns of text can be measured: "
        "leave such conversations out of the file.",
    ),
    "a number": (
        one({"role": "user", "content": 5}, ANSWERED),
        "row 1, turn 0: `content` contains int ('5'); it must be text, or a list of parts that are text.",
    ),
    "a text for a turn": (
        one("Hello"),
        "row 1, turn 0: contains str ('Hello'); a turn in the format 'messages' is an object of `role` and `content`.",
    ),
    "a text for all turns": (
        [{"messages": [ASKED, ANSWERED]}, {"messages": "Hello"}],
        "row 1: column 'messages' contains str ('Hello'); it must be a list of turns.",
    ),
    "turns of another format": (
        one(*sharegpt([ASKED, ANSWERED])),
        "row 1, turn 0: has no `role`, which turns in the format 'messages' have; found: `from` and `value`. It is of "
        "the format 'sharegpt': all rows of a split must have one format.",
    ),
    "a turn without a role": (
        one({"content": "x"}),
        "row 1, turn 0: has no `role`, which turns in the format 'messages' have; found: `content`.",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_row_and_turn(tmp_path: Path, case: str) -> None:
    rows, message = WRONG[case]
    file = source(tmp_path / "rows.jsonl", rows)
    assert refused(file, conversation={}) == f"datasets.mine.conversation: {file}, {message}"


def test_parquet_gives_each_turn_the_keys_of_all_formats(tmp_path: Path) -> None:
    empty = dict.fromkeys(["from", "value", "tool_calls"])
    rows = [{"messages": [{**ASKED, **empty}, {**ANSWERED, **empty}]}]
    rows.append({"messages": [{"role": None, "content": None, **turn} for turn in sharegpt([ASKED, ANSWERED])]})
    file = source(tmp_path / "rows.parquet", rows)
    assert "row 1, turn 0: has no `role`" in refused(file, conversation={})
    assert "It is of the format 'sharegpt'" in refused(file, conversation={})


def test_rows_of_another_kind_are_named_with_their_columns(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"messages": TWO_TURNS}, {"prompt": "x", "completion": "y"}])
    assert refused(file, conversation={}) == (
        f"datasets.mine.conversation.column: names column 'messages', which {file}, row 1 does not have; "
        "columns there: prompt, completion"
    )


def test_prompt_and_completion_are_of_one_kind(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"prompt": "Who?", "completion": [WELCOME]}])
    assert refused(file, conversation={}).endswith(
        "row 0: column 'prompt' contains str and 'completion' contains list; both must be texts, or both "
        "lists of messages."
    )


def test_half_of_a_surrogate_pair_is_named_with_its_turn(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"messages": [ASKED, {**ANSWERED, "content": "a\ud800"}]}) + "\n")
    assert refused(file, conversation={}).startswith(
        f"datasets.mine.target: {file}, row 0, turn 1: character 1 is half"
    )


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"text": "x"}, "and found none of them; columns there: text. Set `format`, and `column`"),
        (
            {"prompt": "a", "completion": "b", "instruction": "c", "output": "d"},
            "and found more than one (prompt_completion, alpaca); columns there: prompt, completion, instruction, ",
        ),
        ({"messages": [], "conversations": []}, "and found more than one (messages, conversations); columns"),
        ({"messages": []}, "row 0, turn 0: `format: auto` looks for `role` and `content`, or for `from` and `value`"),
        ({"messages": ["Hello"]}, "in the first turn, and found none. Set `format`, or correct the row."),
        ({"messages": [{"speaker": "a", "text": "b"}]}, "in the first turn, and found `speaker` and `text`."),
    ],
)
def test_a_format_that_cannot_be_found_is_told(tmp_path: Path, row: dict[str, Any], part: str) -> None:
    file = source(tmp_path / "rows.jsonl", [row])
    assert part in refused(file, conversation={})


@pytest.mark.parametrize("column", ["chat.log.turns", "chat.logs", "chat.log.role"])
def test_a_nested_column_that_is_not_there_is_told(tmp_path: Path, column: str) -> None:
    file = source(tmp_path / "rows.jsonl", [{"chat": {"log": TWO_TURNS}}])
    message = refused(file, conversation={"format": "messages", "column": column})
    step = column.split(".")[-1]
    assert message == f"datasets.mine.conversation.column: {file}, row 0: {column!r} cannot be reached at {step!r}."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "{answer}"}, "`conversation` and `target` are given"),
        ({"instruction": "Answer."}, "`conversation` and `instruction` are given"),
        ({"labels": {"a": "b"}}, "`conversation` and `labels` are given"),
        ({"missing_target": ""}, "`conversation` and `missing_target` are given"),
        ({"source": {"kind": "synthetic", "corpora": ["news"], "train": 1}}, "synthetic documents are none"),
        ({"conversation": {"format": "alpaca", "column": "x"}}, "have columns of fixed names: leave it out"),
        ({"conversation": {"format": "chatml"}}, "'messages', 'sharegpt'"),
    ],
)
def test_what_says_the_same_twice_is_refused(settings: dict[str, Any], message: str) -> None:
    plain = {"task": "qa", "source": {"kind": "files", "train": "x"}, "conversation": {}}
    with pytest.raises(ValueError, match=message):
        Dataset.model_validate(plain | settings)


def test_a_draw_is_of_turns(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", [{"messages": TWO_TURNS}] * 10)
    assert len(read(file, conversation={}, limit=7)) == 7
    assert len(read(file, conversation={}, deduplicate=True)) == 2


@pytest.mark.parametrize("seed", range(20))
def test_all_formats_give_the_same_rows(tmp_path: Path, seed: int) -> None:
    """Random conversations in each of the formats that list turns, in files of several kinds."""
    draw = random.Random(seed)
    conversations = []
    for _ in range(5):
        turns = [SYSTEM] if draw.random() < 0.5 else []
        for _ in range(draw.randrange(1, 6)):
            for role in ("user", "assistant"):
                text = "".join(draw.choices("ab {}\n\"'<>&%\\é😀", k=draw.randrange(1, 9))) + draw.choice("xyz")
                turns.append({"role": role, "content": text})
        conversations.append(turns)
    ending, given = draw.choice(NESTED), {"input": draw.choice(["turn", "dialogue"])}

    expected = []
    for number, turns in enumerate(conversations):
        instruction = "Be kind." if turns[0] is SYSTEM else ""
        spoken = turns[len(turns) % 2 :]
        for place in range(1, len(spoken), 2):
            before = spoken[place - 1 : place] if given["input"] == "turn" else spoken[:place]
            identifier = f"train-{number}:{place + len(turns) % 2}"
            text = "\n".join(turn["content"] for turn in before)
            expected.append((identifier, instruction, text, spoken[place]["content"]))
    formats: list[list[dict[str, Any]]] = [
        [{"messages": turns} for turns in conversations],
        [{"conversations": sharegpt(turns)} for turns in conversations],
        [{"prompt": turns[: 1 + len(turns) % 2], "completion": turns[1 + len(turns) % 2 :]} for turns in conversations],
    ]
    for rows in formats:
        assert texts(read(source(tmp_path / f"rows{ending}", rows), conversation=given)) == expected


ODD: list[Any] = [None, 0, 1e999, "", "x\n", [], {}, [[]], [None], ["a"], {"text": "b"}, [{"type": "text"}], True]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_in_a_conversation_it_is_read_or_refused_in_one_line(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    turns: list[Any] = [dict(turn) for turn in draw.choice([TWO_TURNS, sharegpt(TWO_TURNS)])]
    for _ in range(draw.randrange(1, 4)):
        place, odd = draw.randrange(len(turns)), draw.choice([*ODD, "tool", "user", "gpt"])
        if draw.random() < 0.3 or not isinstance(turns[place], dict):
            turns[place] = odd
        else:
            turns[place][draw.choice(["role", "content", "from", "value", "weight", "tool_calls"])] = odd
    key = draw.choice(["messages", "conversations"])
    whole = {"prompt": turns[:2], "completion": turns[2:]} if draw.random() < 0.3 else {key: turns}
    file = source(tmp_path / "rows.jsonl", [whole if draw.random() < 0.9 else {key: draw.choice(ODD)}])
    settings: dict[str, Any] = {"conversation": {"chat_template": True, "input": draw.choice(["turn", "dialogue"])}}
    try:
        rows = read(file, **settings)
    except UserError:
        assert refused(file, **settings).startswith(("datasets.mine.conversation", "datasets.mine: no usable rows"))
    else:
        assert all(row["target"] and row["input"] for row in rows)


DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize("name", ["counsel_chat", "medical_dialog"])
def test_real_dialogues_are_the_same_as_conversations_and_by_templates(tmp_path: Path, name: str) -> None:
    file = DATA / f"{name}.parquet"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    rows = pq.ParquetFile(file).read(["id", "input", "target"]).to_pylist()[:1500]
    plain = read(source(tmp_path / "plain.parquet", rows))
    turns = [
        [{"role": "user", "content": row["input"]}, {"role": "assistant", "content": row["target"]}] for row in rows
    ]
    formats: list[list[dict[str, Any]]] = [
        [{"id": row["id"], "messages": each} for row, each in zip(rows, turns, strict=True)],
        [{"id": row["id"], "conversations": sharegpt(each)} for row, each in zip(rows, turns, strict=True)],
        [{"id": row["id"], "prompt": row["input"], "completion": row["target"]} for row in rows],
        [{"id": row["id"], "instruction": row["input"], "output": row["target"]} for row in rows],
    ]
    for number, each in enumerate(formats):
        read_ = read(source(tmp_path / f"chat{number}{NESTED[number]}", each), conversation={})
        assert len(plain) - len(read_) == sum(left_out(tmp_path).values())
        by_id = {f"{row['id']}:1": (row["input"], row["target"]) for row in plain}
        assert all((row["input"], row["target"]) == by_id[row["id"]] for row in read_)
        assert len({row["id"] for row in read_}) == len(read_) > 1000
