"""Lists as CSV: what goes out, for whom, and how spreadsheet programs take it."""

import csv
import datetime
import io

import pytest

from contact.admin.export import csv_response
from tests.factories import create_code, create_message, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

MESSAGES = "/admin/contact/message/"
EXPORT = f"{MESSAGES}export/"


@pytest.fixture
def desk(client):
    client.force_login(create_user("dana", groups=["Desk"]))
    return client


def read(response) -> list[list[str]]:
    """The rows of a CSV as Excel reads it."""
    assert response.status_code == 200
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def names(response) -> list[str]:
    header, *rows = read(response)
    return [row[header.index("Name")] for row in rows]


def export_chosen(client, *messages, query="status=all"):
    keys = [message.pk for message in messages]
    return client.post(f"{MESSAGES}?{query}", {"action": "export_selected", "_selected_action": keys})


def test_cells_are_written_for_spreadsheet_programs():
    moment = datetime.datetime(2026, 3, 1, 9, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=-5)))
    rows = [
        ["=1+1", "+1 555", "-x", "@x", "\t=1", "＝1"],
        ["a,b", 'say "no"', "two\nlines", "ا", 7, None],
        [moment, "", 0, -1, "'x", "'=x"],
    ]

    response = csv_response("list.csv", ["=A", "B", "C", "D", "E", "F"], rows)

    assert read(response) == [
        ["'=A", "B", "C", "D", "E", "F"],
        ["'=1+1", "'+1 555", "'-x", "'@x", "'\t=1", "'＝1"],
        ["a,b", 'say "no"', "two\nlines", "ا", "7", ""],
        ["2026-03-01T14:30:00+00:00", "", "0", "-1", "'x", "''=x"],
    ]


def test_file_is_saved_and_kept_by_no_cache():
    response = csv_response("list.csv", ["A"], [])

    assert response.headers["Content-Disposition"] == 'attachment; filename="list.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.time_machine("2026-03-02T08:00:00Z", tick=False)
def test_message_goes_out_with_all_that_was_written(desk):
    dana = create_user("erin", first_name="Erin", last_name="Roe")
    message = create_message(
        "=cmd|' /C calc'!A0\nSecond line",
        organization="@Clinic",
        code=create_code("J9302"),
        assignee=dana,
        status="open",
        page="/code/hcpcs/J9302",
        created_at=datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC),
    )

    response = desk.get(EXPORT)
    header, row = read(response)

    assert response.headers["Content-Disposition"] == 'attachment; filename="messages-2026-03-02.csv"'
    assert dict(zip(header, row, strict=True)) == {
        "Thread": message.public_id,
        "Received": "2026-03-01T10:00:00+00:00",
        "Status": "open",
        "Who answers": "Erin Roe",
        "Name": "Kim Lee",
        "E-mail": "kim@visitor.example",
        "Organization": "'@Clinic",
        "Code": "J9302",
        "Message": "'=cmd|' /C calc'!A0\nSecond line",
        "Page": "/code/hcpcs/J9302",
        "Closed": "",
        "Notes": "0",
        "Spam points": "0",
    }


@pytest.mark.parametrize(
    ("query", "exported"),
    [
        ("", ["New", "Open"]),
        ("status=done", ["Done"]),
        ("status=all", ["Done", "New", "Open"]),
        ("status=spam", ["Junk"]),
        ("q=visitor.example", ["Done", "New", "Open"]),
        ("q=nobody", []),
        ("status=all&assignee=nobody", ["Done", "New", "Open"]),
    ],
)
def test_export_follows_the_filters_of_the_list_and_leaves_spam_out(desk, query, exported):
    for name, status in (("New", "new"), ("Open", "open"), ("Done", "done"), ("Junk", "spam")):
        create_message(name=name, status=status)

    page = read_page(desk.get(f"{MESSAGES}?{query}"))
    address = next(address for address, text in page.links.items() if text == "Export this list (CSV)")

    assert sorted(names(desk.get(address))) == exported


def test_chosen_messages_are_exported(desk):
    first, _, third = (create_message(name=name) for name in ("One", "Two", "Three"))

    assert sorted(names(export_chosen(desk, first, third))) == ["One", "Three"]


def test_chosen_spam_is_exported_from_the_list_of_spam_only(desk):
    junk, message = create_message(name="Junk", status="spam"), create_message(name="Kim")

    assert names(export_chosen(desk, junk, message)) == ["Kim"]
    refusal = read_page(desk.get(export_chosen(desk, junk).headers["Location"]))
    assert "Spam is left out of exports." in refusal.text
    assert names(export_chosen(desk, junk, query="status=spam")) == ["Junk"]


@pytest.mark.parametrize("query", ["nonsense=1", "created_at__gte=x", "assignee__password=x", "status=%00", "p=x"])
def test_filter_that_cannot_be_asked_is_no_error_of_the_server(desk, query):
    assert desk.get(f"{EXPORT}?{query}").status_code in (200, 302, 400)


def test_export_takes_the_same_number_of_queries_for_more_rows(desk, django_assert_max_num_queries):
    for number in range(5):
        create_message(code=create_code(f"J{number:04}"), assignee=create_user(f"user{number}"))

    with django_assert_max_num_queries(8):
        assert len(names(desk.get(EXPORT))) == 5


def test_only_who_may_read_messages_exports_them(client):
    client.force_login(create_user("author", groups=["Author"]))

    assert client.get(EXPORT).status_code == 403
