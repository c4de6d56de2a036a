"""The page on which a person's data are deleted: what it says is held, what it deletes, and what it leaves."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from contact.models import Booking, BookingChange, Message, MessageNote, OutgoingMail
from tests.factories import (
    create_booking,
    create_host,
    create_mail,
    create_meeting_type,
    create_message,
    create_user,
)
from tests.pages import read_page
from tests.procedures.admin.desk import get_page

pytestmark = pytest.mark.django_db

PAGE = "/admin/forget-visitor/"
KIM = "kim@visitor.example"


@pytest.fixture
def root(client):
    """A client logged in as an administrator."""
    client.force_login(create_user("root", is_superuser=True))
    return client


@pytest.fixture
def host():
    return create_host()


@pytest.fixture
def meeting_type(host):
    return create_meeting_type(hosts=[host])


def in_days(days: float) -> datetime.datetime:
    return timezone.now().replace(second=0, microsecond=0) + datetime.timedelta(days=days)


def look(client, email=KIM):
    response = client.post(PAGE, {"email": email, "_look": "1"})
    assert response.status_code == 200
    return read_page(response)


def delete(client, email=KIM, page=None):
    """Presses the button of a page that says what is held; the page that answers."""
    page = page or look(client, email)
    seen = next(box.attributes["value"] for box in page.all("input") if box.attributes.get("name") == "seen")
    return read_page(client.post(PAGE, {"email": email, "seen": seen, "_delete": "1"}, follow=True))


def may_delete(page) -> bool:
    return any(box.attributes.get("name") == "_delete" for box in page.all("input"))


def everything_kept() -> str:
    """All that the tables of this app and the log say, as one text."""
    models = (Message, MessageNote, Booking, BookingChange, OutgoingMail, LogEntry)
    return " ".join(str(row) for model in models for row in model.objects.values())


def test_page_says_what_is_held_whatever_the_case_of_the_address(root, host, meeting_type):
    message = create_message()
    create_mail(message=message)
    booking = create_booking(meeting_type, host, in_days(-3))
    create_mail(booking=booking, kind="booked", to=KIM)
    create_mail(booking=booking, kind="booked", to=host.email)
    create_message(email="another@visitor.example")

    page = look(root, " KIM@Visitor.EXAMPLE\u200b")

    assert "1 message, 1 past or cancelled meeting and 3 mails." in page.text
    assert may_delete(page)
    assert KIM not in " ".join(page.links)


def test_page_says_that_nothing_is_held(root):
    create_message(email=f"x{KIM}")

    page = look(root)

    assert "Nothing. Did the person use another address?" in page.text
    assert not may_delete(page)


@pytest.mark.parametrize("email", ["", "kim", "kim@", "a\0b@visitor.example", f"{'k' * 300}@visitor.example", "*"])
def test_text_that_is_no_address_is_refused_and_kept(root, email):
    page = look(root, email)

    assert "Please correct what is named below." in page.text
    assert "What is held" not in page.text
    box = next(box for box in page.all("input") if box.attributes.get("name") == "email")
    assert (box.attributes.get("value") or "").replace("\0", "") == email.replace("\0", "")


@pytest.mark.parametrize("email", ["%@visitor.example", "k_m@visitor.example"])
def test_signs_of_patterns_find_nothing(root, email):
    create_message()

    assert "Nothing." in look(root, email).text


def test_looking_deletes_nothing(root):
    create_message()

    look(root)
    get_page(root, PAGE)

    assert Message.objects.count() == 1


def test_all_of_the_person_is_deleted_and_nothing_of_others(root, host, meeting_type):
    message = create_message("Call Kim", organization="Kim's clinic")
    MessageNote.objects.create(message=message, text="Kim called.")
    past = create_booking(
        meeting_type, host, in_days(-3), organization="Kim's clinic", notes="Kim asks", code_text="Kim", page="/kim"
    )
    cancelled = create_booking(meeting_type, host, in_days(3), status="cancelled")
    BookingChange.objects.create(booking=past, kind="booked", host=host, starts_at=past.starts_at, sequence=0)
    for state in ("queued", "failed", "cancelled"):
        create_mail(message=message, state=state, text="Kim")
    create_mail(booking=past, kind="booked", to=host.email, subject="Kim", state="sent", sent_at=timezone.now())
    create_mail(to=KIM, text="Kim")
    create_mail(to="team@codesite.example", reply_to=KIM, text="Kim")
    other = create_message("Hello", name="Jo", email="jo@else.example")
    jo = create_booking(meeting_type, host, in_days(-5), name="Jo", email="jo@else.example")
    kept = [create_mail(message=other), create_mail(booking=jo, kind="booked", to=host.email)]

    page = delete(root)

    said = "Deleted at the request of the person: 1 message, 2 past or cancelled meetings and 6 mails."
    assert said in page.text
    assert list(Message.objects.all()) == [other]
    assert sorted(OutgoingMail.objects.values_list("pk", flat=True)) == [mail.pk for mail in kept]
    assert "kim" not in everything_kept().lower()
    for booking in (past, cancelled):
        booking.refresh_from_db()
        assert booking.forgotten_at is not None
        assert (booking.name, booking.email, booking.organization) == ("", "", "")
        assert (booking.notes, booking.code_text, booking.page) == ("", "", "")
        assert booking.link_version == 2
    assert past.changes.count() == 1
    jo.refresh_from_db()
    assert (jo.name, jo.forgotten_at, jo.link_version) == ("Jo", None, 1)
    entry = LogEntry.objects.get()
    assert (entry.object_repr, entry.get_change_message()) == ("A person’s data", said)
    assert "A person’s data" in get_page(root, "/admin/admin/logentry/").text


def test_mails_to_a_host_about_others_stay_when_the_host_is_forgotten(root, host, meeting_type):
    jo = create_booking(meeting_type, host, in_days(-5), name="Jo", email="jo@else.example")
    kept = create_mail(booking=jo, kind="booked", to=host.email)
    create_message(email=host.email)

    delete(root, host.email)

    assert list(OutgoingMail.objects.all()) == [kept]
    assert not Message.objects.exists()


def test_upcoming_meeting_has_to_be_cancelled_first(root, host, meeting_type):
    create_message()
    booking = create_booking(meeting_type, host, in_days(2))
    running = create_booking(meeting_type, host, timezone.now() - datetime.timedelta(minutes=5))

    page = look(root)

    assert "First cancel these meetings" in page.text
    assert page.links[f"/admin/contact/booking/{booking.pk}/change/"] == str(booking)
    assert page.links[f"/admin/contact/booking/{running.pk}/change/"] == str(running)
    assert not may_delete(page)
    assert "Nothing was deleted" in delete(root, page=page).text
    assert Message.objects.exists()


def test_mail_that_takes_a_meeting_out_of_calendars_is_waited_for(root, host, meeting_type):
    booking = create_booking(meeting_type, host, in_days(2), status="cancelled")
    mail = create_mail(booking=booking, kind="cancelled", to=host.email, calendar=b"x", calendar_method="CANCEL")

    page = look(root)

    assert "First these mails have to be sent" in page.text
    assert f"/admin/contact/outgoingmail/{mail.pk}/change/" in page.links
    assert not may_delete(page)
    assert "Nothing was deleted" in delete(root, page=page).text

    OutgoingMail.objects.update(state="sent", sent_at=timezone.now())
    delete(root)

    assert not OutgoingMail.objects.exists()
    booking.refresh_from_db()
    assert booking.name == ""


def test_what_came_since_it_was_shown_is_not_deleted_unseen(root):
    create_message()
    page = look(root)
    create_message("I changed my mind.")

    answer = delete(root, page=page)

    assert "Nothing was deleted: what is held has changed meanwhile." in answer.text
    assert "2 messages" in answer.text
    assert Message.objects.count() == 2


def test_what_came_in_place_of_what_was_shown_is_not_deleted_unseen(root):
    create_message()
    shown = create_message()
    key = shown.pk
    page = look(root)
    shown.delete()
    create_message("I changed my mind.", pk=key + 1)

    assert "Nothing was deleted" in delete(root, page=page).text
    assert Message.objects.count() == 2


def test_address_that_was_changed_after_looking_is_shown_first(root):
    create_message()
    create_message(email="jo@else.example")
    page = look(root)

    answer = delete(root, "jo@else.example", page=page)

    assert "Nothing was deleted" in answer.text
    assert Message.objects.count() == 2


@pytest.mark.parametrize("seen", ["", "x", f"{KIM} 0-0-0", "\0", "x" * 1_000])
def test_deletion_that_nothing_was_shown_of_is_refused(root, seen):
    create_message()

    response = root.post(PAGE, {"email": KIM, "seen": seen, "_delete": "1"})

    assert response.status_code == 200
    assert Message.objects.exists()


def test_deletion_may_be_sent_twice(root):
    create_message()
    page = look(root)
    delete(root, page=page)

    answer = delete(root, page=page)

    assert "Nothing was deleted" in answer.text
    assert LogEntry.objects.count() == 1


@pytest.mark.parametrize("group", ["Desk", "Author", "Reviewer", "Data"])
def test_page_is_for_administrators(client, group):
    client.force_login(create_user("member", groups=[group]))
    message = create_message()

    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"email": KIM, "seen": f"{KIM} 1-0-0", "_delete": "1"}).status_code == 403
    assert PAGE not in get_page(client, "/admin/").links
    assert Message.objects.get() == message


def test_index_names_the_page_to_administrators(root):
    assert get_page(root, "/admin/").links[PAGE] == "Delete a person’s data"


def test_page_is_kept_by_no_cache(root):
    assert "no-store" in root.get(PAGE).headers["Cache-Control"]
