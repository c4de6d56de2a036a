"""The page that decodes a bill: what it answers, and that nothing of the text stays anywhere."""

import csv
import io
import logging

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.log import AdminEmailHandler

from procedures.decode_form import LONGEST_TEXT
from procedures.views import decode as decode_view
from tests.factories import create_code
from tests.pages import read_page

pytestmark = pytest.mark.django_db

ADDRESS = "/codes/decode/"
BILL = "Kim Lee\nJ9302-JW 01/15/2018 x10 $1,234.56\n99213 25"


@pytest.fixture
def visitor(client):
    """A visitor without any token against forged requests."""
    client.handler.enforce_csrf_checks = True
    create_code()
    return client


def test_form_is_a_public_page(visitor):
    response = visitor.get(ADDRESS)

    assert (response.status_code, response.cookies) == (200, {})
    assert "public" in response["Cache-Control"]
    assert visitor.get(ADDRESS, HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
    [form] = [each for each in read_page(response).all("form") if each.attributes.get("method") == "post"]
    assert form.attributes["action"] == ADDRESS


def test_bill_is_answered_without_cookie_and_kept_by_nobody(visitor):
    response = visitor.post(ADDRESS, {"text": BILL})

    page = read_page(response)
    assert (response.status_code, response.cookies, response["Cache-Control"]) == (200, {}, "no-store")
    assert "2 codes: 1 found, 1 not shown." in page.text
    assert "Injection, ofatumumab, 10 mg" in page.text
    assert "No code on this line" in page.text
    assert "/code/hcpcs/J9302-injection-ofatumumab-10-mg" in page.links
    # Contact pages are told nothing of it.
    assert [each for each in page.links if "contact" in each and "?" in each] == []


def test_nothing_is_written_to_the_database(visitor):
    with CaptureQueriesContext(connection) as queries:
        visitor.post(ADDRESS, {"text": BILL})

    assert all(query["sql"].lstrip().upper().startswith("SELECT") for query in queries)


def test_what_was_typed_can_be_changed(visitor):
    page = read_page(visitor.post(ADDRESS, {"text": "  J9302\r\nx", "on": "2018-01-15"}))

    [box] = page.all("textarea")
    assert box.text == "J9302 x"
    assert "were checked for 15 January 2018" in page.text


def test_page_says_which_day_lines_without_one_were_checked_for(visitor):
    create_code("A0427", "Ambulance")

    page = read_page(visitor.post(ADDRESS, {"text": "J9302 01/15/2018\nA0427-SH"}))

    assert "were checked for 15 January 2018, the only date of service on the bill." in page.text
    assert "Modifier SH From the scene of an accident or emergency to a hospital" in page.text


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"text": " "}, "Paste the text of a bill, or type one or several codes."),
        ({"text": "J9302 " * 9_000}, f"at most {LONGEST_TEXT:,} are read at once"),
        ({"text": "J9302", "on": "yesterday"}, "“yesterday” could not be read."),
    ],
)
def test_form_with_errors_keeps_what_was_typed(visitor, data, error):
    response = visitor.post(ADDRESS, data)

    page = read_page(response)
    assert (response.status_code, response["Cache-Control"]) == (422, "no-store")
    assert error in page.text
    assert page.all("textarea")[0].text == data["text"].strip()


def test_errors_as_json(visitor):
    response = visitor.post(ADDRESS, {"text": "", "format": "json"})

    assert response.status_code == 422
    assert response.json() == {
        "errors": [{"parameter": "text", "message": "Paste the text of a bill, or type one or several codes."}]
    }


def test_answer_as_json(visitor):
    response = visitor.post(ADDRESS, {"text": BILL, "format": "json"})

    assert response["Cache-Control"] == "no-store"
    assert [len(line["codes"]) for line in response.json()["lines"]] == [0, 1, 1]


def test_answer_as_csv(visitor):
    response = visitor.post(ADDRESS, {"text": BILL, "format": "csv"})

    assert response["Content-Disposition"] == 'attachment; filename="decoded-bill.csv"'
    assert response["Cache-Control"] == "no-store"
    assert [row["Code"] for row in csv.DictReader(io.StringIO(response.content.decode()))] == ["", "J9302", "99213"]


@pytest.mark.parametrize(
    "text",
    ["\0", "J9302\0\x1b[31m", "\ud7ff\ufeff\u202e<script>", "{{ 7*7 }} %s", "=1+1", "é" * 1000, "\n" * 5000 + "1"],
)
def test_any_text_is_harmless(visitor, text):
    for wanted in ("", "csv", "json"):
        assert visitor.post(ADDRESS, {"text": text, "format": wanted}).status_code in (200, 422)
    assert "<script>" not in visitor.post(ADDRESS, {"text": text}).content.decode()


def test_other_methods_are_refused(visitor):
    assert visitor.put(ADDRESS).status_code == 405


@pytest.mark.parametrize("debug", [True, False])
def test_failure_tells_nothing_of_the_text(visitor, monkeypatch, caplog, settings, debug):
    def fail(text, on, today):
        raise ValueError(f"cannot read {text}")

    monkeypatch.setattr(decode_view, "decode_bill", fail)
    settings.DEBUG = debug
    settings.DEBUG_PROPAGATE_EXCEPTIONS = False
    visitor.raise_request_exception = False
    with caplog.at_level(logging.DEBUG):
        response = visitor.post(ADDRESS, {"text": BILL})

    logged = "".join(logging.Formatter().format(record) for record in caplog.records)
    assert response.status_code == 500
    assert "UndecodableBill: ValueError" in logged
    assert "Kim Lee" not in logged
    assert "Kim Lee" not in response.content.decode()


def test_failure_is_mailed_without_the_text(visitor, monkeypatch, settings, mailoutbox):
    monkeypatch.setattr(decode_view, "decode_bill", lambda text, on, today: 1 / 0)
    settings.ADMINS = [("Team", "team@codesite.example")]
    logger, mailer = logging.getLogger("django.request"), AdminEmailHandler(include_html=True)
    logger.addHandler(mailer)
    visitor.raise_request_exception = False
    try:
        visitor.post(ADDRESS, {"text": BILL})
    finally:
        logger.removeHandler(mailer)

    [mail] = mailoutbox
    assert "UndecodableBill" in mail.body
    assert "Kim Lee" not in mail.message().as_string()
