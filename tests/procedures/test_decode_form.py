import datetime

import pytest

from procedures.decode_form import LONGEST_TEXT, DecodeForm


def test_text_is_taken_as_it_was_pasted():
    form = DecodeForm({"text": "  J9302\r\n\tE11.9\0\rI10", "on": "2018-01-15"})

    assert form.is_valid()
    assert form.read() == ("  J9302\n\tE11.9 \nI10", datetime.date(2018, 1, 15))


def test_date_can_be_left_out_or_written_as_on_bills():
    assert DecodeForm({"text": "J9302"}).errors == {}
    form = DecodeForm({"text": "J9302", "on": "01/15/2018"})
    assert form.is_valid()
    assert form.read()[1] == datetime.date(2018, 1, 15)


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        ({}, {"text": ["Paste the text of a bill, or type one or several codes."]}),
        ({"text": " \n\0"}, {"text": ["Paste the text of a bill, or type one or several codes."]}),
        (
            {"text": "1" * (LONGEST_TEXT + 1)},
            {"text": ["This has 50,001 characters, and at most 50,000 are read at once. Send it in parts."]},
        ),
        (
            {"text": "J9302", "on": "last\0week"},
            {"on": ["Write the date as year-month-day, such as 2018-06-30; “last week” could not be read."]},
        ),
    ],
)
def test_errors_say_what_to_do(data, errors):
    assert DecodeForm(data).errors == errors


def test_line_breaks_of_a_browser_do_not_count_twice():
    assert DecodeForm({"text": "1\r\n" * (LONGEST_TEXT // 2)}).is_valid()
