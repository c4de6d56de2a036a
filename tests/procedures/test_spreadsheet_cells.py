import pytest

from procedures.spreadsheet_cells import escape_formula, unescape_formula


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "'=1", "''@a", "＝1"])
def test_formulas_are_escaped_and_read_back(text):
    assert escape_formula(text) == f"'{text}"
    assert unescape_formula(f"'{text}") == text


@pytest.mark.parametrize("text", ["a=1", "'quoted'", "", "1-2"])
def test_other_texts_are_left_as_they_are(text):
    assert escape_formula(text) == unescape_formula(text) == text
