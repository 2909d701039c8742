"""Rows that one printed line shows side by side."""

from memorization.report.groups import side_by_side


def test_rows_are_grouped_by_coordinates_in_their_order() -> None:
    rows = [
        {"model": model, "state": state, "category": category}
        for model, state in (("t5", "full"), ("gpt", "base"), ("t5", "base"))
        for category in ("total", "idea")
    ]
    groups = side_by_side(rows, ("model", "state"), "category")
    assert [list(group) for group in groups] == [["total", "idea"]] * 3
    assert [(group["total"]["model"], group["idea"]["state"]) for group in groups] == [
        ("t5", "full"),
        ("gpt", "base"),
        ("t5", "base"),
    ]
