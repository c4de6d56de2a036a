"""Types of meetings on the desk: their form, who takes them, and what happens to meetings that are booked."""

import datetime

import pytest
from django.core.exceptions import ValidationError

from contact.admin.meeting_type_form import BOUNDS, ON_GRID
from contact.models import HostShare, MeetingType
from tests.factories import create_booking, create_host, create_meeting_type, create_user
from tests.pages import read_page
from tests.policies.admin.typed_forms import fields_of
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

LIST = "/admin/contact/meetingtype/"


def form_of(meeting_type) -> str:
    return f"{LIST}{meeting_type.pk}/change/"


def save(client, address, **values):
    values = {name.replace("__", "-"): text for name, text in values.items()}
    return read_page(client.post(address, fields_of(client.get(address), "meetingtype_form") | values, follow=True))


def test_type_is_added_with_hosts_and_weights(admin_client):
    alex, sam = create_host(), create_host("Sam Rivera")

    page = save(
        admin_client,
        f"{LIST}add/",
        title="Introduction",
        slug="introduction",
        location="By video",
        shares__TOTAL_FORMS="2",
        shares__0__host=str(alex.pk),
        shares__0__weight="2",
        shares__1__host=str(sam.pk),
        shares__1__weight="1",
    )

    assert "was added successfully" in page.text
    shares = HostShare.objects.values_list("host__name", "weight").order_by("-weight")
    assert list(shares) == [("Alex Morgan", 2), ("Sam Rivera", 1)]
    assert list(MeetingType.objects.bookable()) == [MeetingType.objects.get(slug="introduction")]


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("length_min", "0", "Write a number from 5 to 480 (8 hours)."),
        ("length_min", "32", "Write a multiple of 5 minutes."),
        ("step_min", "7", "Write a multiple of 5 minutes."),
        ("buffer_after_min", "300", "Write a number from 0 to 240 (4 hours)."),
        ("horizon_days", "366", "Write a number from 1 to 365."),
        ("reminder_min", "5", "Write a number from 10 to 20,160 (14 days)."),
        ("daily_cap", "0", "Write a number from 1 to 100."),
        ("notice_min", "99999999999999999999", "Write a number from 0 to 86,400 (60 days)."),
        ("length_min", "half an hour", "Enter a whole number."),
        ("title", "Intro\nduction", "write it in one line"),
        ("location", "\u200b", "This holds no visible character."),
    ],
)
def test_rule_that_cannot_be_is_refused_in_words(admin_client, field, text, complaint):
    meeting_type = create_meeting_type()

    page = save(admin_client, form_of(meeting_type), **{field: text})

    assert complaint in page.text
    assert "Constraint" not in page.text
    assert MeetingType.objects.get() == meeting_type


@pytest.mark.parametrize("field", BOUNDS)
def test_bounds_of_the_form_are_those_of_the_database(field):
    least, most = BOUNDS[field]
    step = 5 if field in ON_GRID else 1

    for number in (least, most):
        setattr(meeting_type := create_unsaved(), field, number)
        meeting_type.validate_constraints()
    for number in (least - step, most + step):
        setattr(meeting_type := create_unsaved(), field, number)
        with pytest.raises(ValidationError):
            meeting_type.validate_constraints()


def create_unsaved() -> MeetingType:
    return MeetingType(slug="introduction", title="Introduction", location="By video")


def test_slug_is_written_once(admin_client):
    meeting_type = create_meeting_type()

    save(admin_client, form_of(meeting_type), slug="another", title="Another")

    meeting_type.refresh_from_db()
    assert (meeting_type.slug, meeting_type.title) == ("introduction", "Another")


def test_slug_that_is_taken_is_refused(admin_client):
    create_meeting_type()

    page = save(admin_client, f"{LIST}add/", title="Introduction", slug="introduction", location="By video")

    assert "Meeting type with this Slug already exists." in page.text


@pytest.mark.parametrize(
    ("weight", "complaint"), [("0", "Write a weight from 1 to 10."), ("11", "Write a weight from 1 to 10.")]
)
def test_weight_out_of_range_is_refused(admin_client, weight, complaint):
    host = create_host()
    meeting_type = create_meeting_type()

    page = save(
        admin_client,
        form_of(meeting_type),
        shares__TOTAL_FORMS="1",
        shares__0__host=str(host.pk),
        shares__0__weight=weight,
    )

    assert complaint in page.text
    assert not HostShare.objects.exists()


def test_host_is_named_once(admin_client):
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])

    page = save(admin_client, form_of(meeting_type), shares__TOTAL_FORMS="2", shares__1__host=str(host.pk))

    assert "Please correct the" in page.text
    assert HostShare.objects.count() == 1


def test_type_that_nobody_takes_is_told_of(admin_client):
    meeting_type = create_meeting_type(hosts=[create_host(active=False)])

    page = save(admin_client, form_of(meeting_type))

    assert "Nobody takes meetings of this type who can be met" in page.text
    cells = [cell.text for cell in get_page(admin_client, LIST).all("td")]
    assert "0" in cells


def test_type_leads_to_its_page_for_visitors(admin_client):
    meeting_type = create_meeting_type(hosts=[create_host()])

    links = get_page(admin_client, form_of(meeting_type)).links

    assert links["/contact/meeting/?type=introduction"] == "View on site"


def test_desk_changes_rules_but_not_who_takes_meetings(client):
    client.force_login(create_user("dora", groups=["Desk"]))
    meeting_type = create_meeting_type(hosts=[create_host()])

    page = save(client, form_of(meeting_type), length_min="45", shares__0__weight="9", shares__0__DELETE="on")

    meeting_type.refresh_from_db()
    assert "was changed successfully" in page.text
    assert meeting_type.length_min == 45
    assert HostShare.objects.get().weight == 1
    assert rows_of(client, LIST) == ["Introduction"]


def test_type_that_is_switched_off_keeps_its_meetings_and_that_is_said(admin_client):
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    start = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=1)
    booking = create_booking(meeting_type, host, start)
    values = fields_of(admin_client.get(form_of(meeting_type)), "meetingtype_form")
    del values["active"]

    page = read_page(admin_client.post(form_of(meeting_type), values, follow=True))

    assert "Introduction is no longer offered, and 1 meeting to come stay." in page.text
    booking.refresh_from_db()
    assert booking.is_confirmed


@pytest.mark.parametrize("method", ["get", "post"])
def test_type_with_meetings_is_not_deleted(admin_client, method):
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    create_booking(meeting_type, host, datetime.datetime(2026, 1, 5, 15, tzinfo=datetime.UTC), status="cancelled")

    response = getattr(admin_client, method)(f"{LIST}{meeting_type.pk}/delete/", {"post": "yes"}, follow=True)

    assert "Introduction stays: there are meetings of it" in read_page(response).text
    assert MeetingType.objects.exists()


def test_type_without_meetings_is_deleted(admin_client):
    meeting_type = create_meeting_type(hosts=[create_host()])

    admin_client.post(f"{LIST}{meeting_type.pk}/delete/", {"post": "yes"})

    assert not MeetingType.objects.exists()


def test_deletion_of_several_at_once_is_not_offered(admin_client):
    host = create_host()
    create_meeting_type(hosts=[host])

    for address in (LIST, "/admin/contact/host/"):
        assert "delete_selected" not in get_page(admin_client, address).html
