import csv
import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.models import Guide
from tests.factories import create_code, create_guide, create_user
from tests.procedures.admin.test_sheets import as_csv, as_xlsx, confirm, refusals, said, upload, uploads  # noqa: F401

pytestmark = pytest.mark.django_db

GUIDES = "/admin/procedures/guide/"
HEADER = ["system", "code", "reviewed_by", "reviewed_on", "review_due_on"]


@pytest.fixture
def reviewer(client):
    client.force_login(create_user("rita", groups=["Reviewer"]))
    return client


@pytest.fixture
def guide():
    """A public guide of J9302, its text from before today."""
    guide = create_guide(create_code())
    long_ago = timezone.now() - datetime.timedelta(days=400)
    Guide.objects.update(published_at=long_ago, changed_at=long_ago)
    guide.refresh_from_db()
    return guide


def days_ago(days: int) -> datetime.date:
    return timezone.localdate() - datetime.timedelta(days=days)


def row(reviewer="Jane Roe, RN", on=30, due=-300, code="J9302") -> list:
    return ["hcpcs", code, reviewer, days_ago(on), days_ago(due)]


def test_review_of_a_guide_is_recorded_after_a_dry_run(reviewer, guide):
    response = upload(reviewer, as_csv(row(), header=HEADER), to=GUIDES)
    guide.refresh_from_db()
    assert guide.reviewed_on is None

    assert "0 added, 1 changed" in said(confirm(reviewer, response, to=GUIDES))

    guide.refresh_from_db()
    assert (guide.reviewed_by, guide.reviewed_on, guide.review_due_on) == ("Jane Roe, RN", days_ago(30), days_ago(-300))
    newest = guide.history.first()
    assert (newest.history_user.username, newest.history_change_reason) == ("rita", "Reviewed by Jane Roe, RN")
    assert guide.summary == "A medicine that is dripped into a vein."


@pytest.mark.parametrize("write", [lambda day: f"{day.month}/{day.day}/{day.year}", str, lambda day: day])
def test_days_are_read_as_spreadsheets_write_them(reviewer, guide, write):
    content = as_xlsx(["hcpcs", "J9302", "Jane Roe, RN", write(days_ago(30)), write(days_ago(-300))], header=HEADER)

    confirm(reviewer, upload(reviewer, content, "guides.xlsx", to=GUIDES), to=GUIDES)

    guide.refresh_from_db()
    assert guide.reviewed_on == days_ago(30)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (row(on=-1), "has not come yet"),
        (row(on=401), "changed after that day"),
        (row(on=30, due=30), "due after this one"),
        (row(due=-2_000), "at least every three years"),
        (row(reviewer=""), "A review needs all of"),
        (row(reviewer="x" * 151), "at most 150 characters"),
        (["hcpcs", "J9302", "Jane Roe", "soon", "later"], "reviewed_on: “soon” is no day"),
        (["hcpcs", "J9302", "Jane Roe", "2025-02-30", "2026-01-01"], "is no day"),
        (row(code="J0000"), "Unknown code “J0000”"),
        (row(code="J9303"), "J9303 has no guide"),
    ],
)
def test_review_that_cannot_be_is_refused_with_its_row(reviewer, guide, cells, words):
    create_code("J9303", "A code without a guide")

    ((number, message),) = refusals(upload(reviewer, as_csv(cells, header=HEADER), to=GUIDES))

    assert number == 2
    assert words in message
    assert Guide.objects.count() == 1
    guide.refresh_from_db()
    assert guide.reviewed_on is None


def test_guide_that_is_not_public_is_not_marked_as_reviewed(reviewer, guide):
    guide.unpublish(reason="It is rewritten.", by=None)

    assert refusals(upload(reviewer, as_csv(row(), header=HEADER), to=GUIDES)) == [
        (2, "Only a public guide can be marked as reviewed.")
    ]


def test_one_refused_review_keeps_all_others_out(reviewer, guide):
    assert len(refusals(upload(reviewer, as_csv(row(), row(code="J0000"), header=HEADER), to=GUIDES))) == 1
    guide.refresh_from_db()
    assert guide.reviewed_on is None


def test_many_reviews_need_the_queries_of_one(reviewer, guide):
    for number in range(20):
        create_guide(create_code(f"J{number:04}", f"Code {number}"))
    few = [row(on=0)]
    others = [row(on=0, code="J0000")]
    many = [row(on=0, code=f"J{number:04}") for number in range(1, 20)]

    def count_queries(rows) -> int:
        response = upload(reviewer, as_csv(*rows, header=HEADER), to=GUIDES)
        with CaptureQueriesContext(connection) as queries:
            assert f"{len(rows)} changed" in said(confirm(reviewer, response, to=GUIDES))
        # The package makes a savepoint of each row.
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    # The first request of a process also reads what Django then keeps, such as the types of rows.
    count_queries(others)
    assert count_queries(many) <= count_queries(few)
    assert Guide.objects.filter(reviewed_by="Jane Roe, RN").count() == 21


def test_each_guide_gets_its_own_review(reviewer, guide):
    create_guide(create_code("J9303", "Another code"))
    rows = [row("Jane Roe, RN", on=0, due=-300), row("John Doe, MD", on=0, due=-200, code="J9303")]

    confirm(reviewer, upload(reviewer, as_csv(*rows, header=HEADER), to=GUIDES), to=GUIDES)

    reviews = Guide.objects.order_by("code__code").values_list("reviewed_by", "reviewed_on", "review_due_on")
    assert list(reviews) == [
        ("Jane Roe, RN", days_ago(0), days_ago(-300)),
        ("John Doe, MD", days_ago(0), days_ago(-200)),
    ]
    reasons = Guide.history.filter(history_type="~").values_list("history_change_reason", flat=True)
    assert set(reasons) == {"Reviewed by Jane Roe, RN", "Reviewed by John Doe, MD"}


def test_review_in_a_sheet_is_of_the_text_that_is_public(reviewer, guide):
    confirm(reviewer, upload(reviewer, as_csv(row(), header=HEADER), to=GUIDES), to=GUIDES)

    guide.refresh_from_db()
    assert guide.reviewed_text_of == guide.changed_at
    assert guide.html["summary"] == create_guide(create_code("J9303", "Another")).html["summary"]
    newest = guide.history.first()
    assert (newest.summary, newest.reviewed_by) == (guide.summary, "Jane Roe, RN")


def test_visitors_are_told_of_a_review_in_a_sheet(reviewer, guide):
    public = guide.get_absolute_url()
    before = reviewer.get(public).headers["ETag"]

    confirm(reviewer, upload(reviewer, as_csv(row(), header=HEADER), to=GUIDES), to=GUIDES)

    assert reviewer.get(public).headers["ETag"] != before
    assert "Jane Roe, RN" in reviewer.get(public).content.decode()


def test_older_review_than_the_recorded_one_is_refused(reviewer, guide):
    guide.mark_reviewed(reviewer="Jane Roe, RN", on=days_ago(10), due=days_ago(-300), by=None)

    found = refusals(upload(reviewer, as_csv(row(on=30), header=HEADER), to=GUIDES))

    assert found == [(2, "A later review is recorded already.")]


def test_review_that_is_recorded_already_changes_nothing(reviewer, guide):
    guide.mark_reviewed(reviewer="Jane Roe, RN", on=days_ago(30), due=days_ago(-300), by=None)
    # Nothing of it is checked again: the text was changed since.
    Guide.objects.update(changed_at=timezone.now())

    response = upload(reviewer, as_csv(row(), header=HEADER), to=GUIDES)

    assert "Nothing would change: all 1 rows" in said(response)


def test_sheet_does_not_take_a_review_back(reviewer, guide):
    guide.mark_reviewed(reviewer="Jane Roe, RN", on=days_ago(30), due=days_ago(-300), by=None)

    found = refusals(upload(reviewer, as_csv(["hcpcs", "J9302", "", "", ""], header=HEADER), to=GUIDES))

    assert found == [(2, "The cells of the review are empty, and a sheet cannot take a review back.")]


def test_exported_guides_are_imported_again_without_a_change(reviewer, guide):
    create_guide(create_code("J9303", "Another code"))
    guide.mark_reviewed(reviewer="-Jane Roe, RN", on=days_ago(30), due=days_ago(-300), by=None)
    names = ["system", "code", "title", "reviewed_by", "reviewed_on", "review_due_on", "published_at", "changed_at"]
    names += ["publisher", "reading_grade", "word_count", "empty_sections"]
    columns = {f"guideresource_{name}": "on" for name in names}

    content = reviewer.post(f"{GUIDES}export/", {"format": "0", **columns}).content
    exported = {line["code"]: line for line in csv.DictReader(content.decode().splitlines())}
    assert list(exported["J9302"]) == names
    assert exported["J9302"]["reviewed_by"] == "'-Jane Roe, RN"
    assert exported["J9302"]["empty_sections"] == "13"
    assert exported["J9303"]["reviewed_on"] == ""
    assert "Nothing would change: all 2 rows" in said(upload(reviewer, content, to=GUIDES))
    content = reviewer.post(f"{GUIDES}export/", {"format": "1", **columns}).content
    assert "Nothing would change: all 2 rows" in said(upload(reviewer, content, "guides.xlsx", to=GUIDES))


@pytest.mark.parametrize("group", ["Author", "Data", "Desk"])
def test_reviews_are_imported_by_reviewers_alone(client, guide, group):
    client.force_login(create_user("sam", groups=[group]))

    assert client.get(GUIDES).status_code == 200
    assert client.get(f"{GUIDES}export/").status_code == 200
    assert client.get(f"{GUIDES}import/").status_code == 403
    assert upload(client, as_csv(row(), header=HEADER), to=GUIDES).status_code == 403
    assert client.post(f"{GUIDES}process_import/", {"sheet": "x"}).status_code == 403
