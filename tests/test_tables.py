"""Tables in notebooks: what they promise."""

import pytest
from markdown_it import MarkdownIt

from effcv_lab.tables import markdown_table, show_table


def cells(text):
    """Read a Markdown table with a parser that is not ours."""
    tokens = MarkdownIt().enable("table").parse(text)
    return [token.content for token in tokens if token.type == "inline"]


def test_every_value_stands_under_its_column_also_when_a_row_lacks_one():
    rows = [{"T": 1, "note": "hard"}, {"T": 5, "entropy": 1.25}]
    assert cells(markdown_table(rows, missing="-")) == [
        "T", "note", "entropy", "1", "hard", "-", "5", "-", "1.25",
    ]  # fmt: skip


def test_long_whole_numbers_have_commas():
    assert cells(markdown_table([{"MACs": 1919872}])) == ["MACs", "1,919,872"]


def test_a_bar_or_a_line_break_in_a_text_does_not_break_the_table():
    assert cells(markdown_table([{"a": "x|y", "b": "one\ntwo"}])) == ["a", "b", "x|y", "one two"]


def test_a_table_without_rows_is_refused():
    with pytest.raises(ValueError, match="at least one dict"):
        markdown_table([])


def test_numbers_stand_on_the_right_and_words_on_the_left():
    rows = [
        {"net": "mlp", "accuracy": "−1.5 ± 0.2", "T": 5, "share": "<0.01"},
        {"net": "3 nets", "T": 0.1},
    ]
    html = MarkdownIt().enable("table").render(markdown_table(rows, missing="?"))
    heads = html[html.index("<thead>") : html.index("</thead>")].split("<th")[2:]
    assert ["right" in head for head in heads] == [False, True, True, True]


def test_a_number_its_spread_and_its_unit_stay_in_one_line(monkeypatch):
    rows = [{"student": "mlp, T = 4", "gain": "76.4 ± 0.7 %", "more": "+1 ± 0"}]
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    show_table(rows)
    rendered = cells(shown[0]["text/markdown"])[3:]
    assert rendered == ["mlp, T = 4", "76.4\u00a0±\u00a00.7\u00a0%", "+1\u00a0±\u00a00"]
    assert shown[0]["text/plain"] == markdown_table(rows)
