"""Names that a context shows."""

from memorization.report.context import Context


def test_names_are_shown_where_there_is_no_title() -> None:
    context = Context("study", titles={"datasets": {"news": "Multi-news"}, "models": {"t5": "T5-base"}})
    assert [context.dataset("news"), context.dataset("chat")] == ["Multi-news", "chat"]
    assert [context.model("t5"), context.model("gpt")] == ["T5-base", "gpt"]


def test_the_name_of_a_study_heads_it_where_it_has_no_title() -> None:
    assert Context("study", title="Table 2").heading == "Table 2"
    assert Context("study").heading == "study"
