"""Mails of messages and meetings: who gets which, and what goes over the wire, read back by the email package."""

import datetime
import email
import email.policy

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contact import mails
from contact.models import Message, OutgoingMail
from tests.contact.calendar_lines import read_calendar, read_event
from tests.contact.unsaved_rows import KEY, START, unsaved_booking, unsaved_host
from tests.factories import create_booking, create_host, create_meeting_type, create_message

DAY = datetime.timedelta(days=1)
NOW = START - 4 * DAY
HEADERS = {"Content-Type", "MIME-Version", "Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted"}


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://codes.example"
    settings.DEFAULT_FROM_EMAIL = "meet@codes.example"
    settings.CONTACT_INBOX = ""


@pytest.fixture
def inbox(settings):
    settings.CONTACT_INBOX = "Team <team@codes.example>"


def of_booking(kind="booked", booking=None, **options) -> list[OutgoingMail]:
    return mails.of_booking(booking or unsaved_booking(), kind, now=NOW, **options)


def read(mail: OutgoingMail) -> email.message.EmailMessage:
    """The mail as a program reads it that got its bytes."""
    sent = mails.to_email(mail).message().as_bytes(linesep="\r\n")
    # RFC 5322, 2.1.1 and 2.3: no line is longer, and no CR or LF stands alone.
    assert all(len(line) <= 998 for line in sent.split(b"\r\n"))
    assert not any({b"\r"[0], b"\n"[0]} & set(line) for line in sent.split(b"\r\n"))
    return email.message_from_bytes(sent, policy=email.policy.default)


def summary(found: list[OutgoingMail]) -> list[tuple]:
    return [(mail.kind, mail.to, mail.calendar_method) for mail in found]


VISITOR, HOST = "kim@visitor.example", "alex@team.example"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("booked", [("booked", VISITOR, "REQUEST"), ("reminder", VISITOR, ""), ("booked", HOST, "REQUEST")]),
        ("moved", [("moved", VISITOR, "REQUEST"), ("reminder", VISITOR, ""), ("moved", HOST, "REQUEST")]),
        ("restored", [("booked", VISITOR, "REQUEST"), ("reminder", VISITOR, ""), ("booked", HOST, "REQUEST")]),
        ("cancelled", [("cancelled", VISITOR, "CANCEL"), ("cancelled", HOST, "CANCEL")]),
        ("no-show", []),
        ("came", []),
    ],
)
def test_visitor_and_host_are_told_of_each_change(kind, expected):
    assert summary(of_booking(kind)) == expected


def test_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="lost"):
        of_booking("lost")


def test_move_to_another_host_cancels_the_meeting_of_the_former_one():
    former = unsaved_host("Robin Ray", pk=2, email="robin@team.example", time_zone="Europe/London")
    found = of_booking("moved", unsaved_booking(sequence=1), former_host=former, former_start=START - DAY)
    assert summary(found) == [
        ("cancelled", "robin@team.example", "CANCEL"),
        ("moved", VISITOR, "REQUEST"),
        ("reminder", VISITOR, ""),
        ("moved", HOST, "REQUEST"),
    ]
    cancelled, _, _, moved = found
    cancel, request = (read_event(mail.calendar) for mail in (cancelled, moved))
    assert cancel["UID"] == request["UID"]
    assert cancel["SEQUENCE"] == request["SEQUENCE"] == 1
    assert cancel["ATTENDEE"] == "mailto:robin@team.example"
    assert cancel.start == START - DAY
    assert request.start == START
    assert "no longer yours" in cancelled.text
    assert "no longer with Robin Ray" in moved.text


@pytest.mark.parametrize("address", ["alex@team.example", "Alex@Team.example"])
def test_move_between_hosts_who_share_an_address_cancels_nothing_there(address):
    former = unsaved_host("Robin Ray", pk=2, email=address)
    found = of_booking("moved", unsaved_booking(sequence=1), former_host=former)
    assert [mail.calendar_method for mail in found] == ["REQUEST", "", "REQUEST"]


def test_move_that_keeps_its_host_cancels_nothing_and_names_the_former_time():
    booking = unsaved_booking(sequence=1)
    visitor, _, host = of_booking("moved", booking, former_host=booking.host, former_start=START - DAY)
    assert "Before: Monday, November 23, 2026, 3:30 PM" in visitor.text
    assert "Before: Monday, November 23, 2026, 10:30 AM" in host.text
    assert booking.starts_at == START


def test_forgotten_visitor_gets_no_mail():
    booking = unsaved_booking(name="", email="", forgotten_at=NOW)
    assert summary(of_booking("cancelled", booking)) == [("cancelled", HOST, "CANCEL")]


def test_reminder_is_due_at_its_time():
    reminder = of_booking()[1]
    assert reminder.wanted_at == reminder.due_at == START - DAY
    assert reminder.created_at == NOW
    assert not reminder.calendar


@pytest.mark.parametrize(("minutes", "expected"), [(None, 0), (4 * 24 * 60, 0), (4 * 24 * 60 - 1, 1)])
def test_reminder_is_left_out_where_there_is_none_or_its_time_has_come(minutes, expected):
    booking = unsaved_booking()
    booking.meeting_type.reminder_min = minutes
    assert [mail.kind for mail in of_booking("booked", booking)].count("reminder") == expected


def test_mails_of_a_booking_are_named_by_what_they_tell_and_whom():
    first = of_booking("booked")
    later = of_booking("moved", unsaved_booking(sequence=3), former_host=unsaved_host(pk=2, email="robin@team.example"))
    assert [mail.dedupe_key.removeprefix(f"booking:{KEY}:") for mail in first + later] == [
        *["0:booked:visitor", "0:reminder:visitor", "0:booked:host"],
        *["3:cancelled:former-host", "3:moved:visitor", "3:reminder:visitor", "3:moved:host"],
    ]
    assert first[0].internet_message_id == f"<{KEY}.0.booked.visitor@codes.example>"
    assert len({mail.internet_message_id for mail in first + later}) == 7
    assert {mail.sequence for mail in first} == {0}
    assert {mail.sequence for mail in later} == {3}


def test_later_mails_follow_the_first_one_to_the_same_reader(settings):
    visitor, reminder, host = of_booking("booked")
    assert visitor.references == host.references == ""
    assert reminder.references == visitor.internet_message_id
    settings.SITE_URL = "https://renamed.example"
    cancelled_visitor, cancelled_host = of_booking("cancelled", unsaved_booking(sequence=1))
    assert cancelled_visitor.references == visitor.internet_message_id
    assert cancelled_host.references == host.internet_message_id
    for name in ("References", "In-Reply-To"):
        # A header that is folded before its value has a blank before it.
        assert read(cancelled_host)[name].strip() == host.internet_message_id
        assert read(visitor)[name] is None


def test_answers_reach_the_other_side(inbox):
    visitor, _, host = of_booking()
    assert (visitor.reply_to, host.reply_to) == ("team@codes.example", "kim@visitor.example")
    assert read(host)["Reply-To"] == "kim@visitor.example"


def test_answers_of_visitors_go_to_the_sender_where_there_is_no_inbox():
    visitor = of_booking()[0]
    assert visitor.reply_to == ""
    assert read(visitor)["Reply-To"] is None


@pytest.mark.parametrize(("kind", "method"), [("booked", "REQUEST"), ("moved", "REQUEST"), ("cancelled", "CANCEL")])
def test_calendar_is_the_last_reading_of_the_mail_and_names_its_method(kind, method):
    for mail in of_booking(kind, unsaved_booking(notes="Ünïcödé 👩‍⚕️")):
        if mail.kind == "reminder":
            continue
        message = read(mail)
        assert message.get_content_type() == "multipart/alternative"
        plain, calendar = message.iter_parts()
        assert plain.get_content_type() == "text/plain"
        assert plain.get_content().splitlines() == mail.text.splitlines()
        assert calendar.get_content_type() == "text/calendar"
        assert calendar["Content-Type"].params == {"method": method, "charset": "utf-8"}
        assert calendar.get_content_disposition() is None
        got = calendar.get_payload(decode=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        assert got == mail.calendar
        assert read_calendar(got)["METHOD"] == method


def test_mail_without_a_calendar_is_plain_text():
    message = read(of_booking()[1])
    assert message.get_content_type() == "text/plain"
    assert message.get_content().startswith("This is a reminder")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("meet@codes.example", "Codesite <meet@codes.example>"),
        ("Our team <meet@codes.example>", "Our team <meet@codes.example>"),
    ],
)
def test_sender_has_a_name_and_is_the_organizer(setting, expected, settings):
    settings.DEFAULT_FROM_EMAIL = setting
    visitor = of_booking()[0]
    assert read(visitor)["From"] == expected
    assert read_event(visitor.calendar)["ORGANIZER"] == "mailto:meet@codes.example"
    assert read(visitor)["Auto-Submitted"] == "auto-generated"


def test_attendee_is_the_recipient():
    for mail in of_booking():
        if mail.calendar:
            assert read_event(mail.calendar)["ATTENDEE"] == f"mailto:{mail.to}"


@pytest.mark.django_db
def test_mails_of_a_booking_can_be_saved_and_sent():
    host = create_host()
    booking = create_booking(create_meeting_type(hosts=[host]), host, START)
    OutgoingMail.objects.bulk_create(mails.of_booking(booking, "booked", now=NOW))
    saved = OutgoingMail.objects.order_by("pk")
    assert [mail.kind for mail in saved] == ["booked", "reminder", "booked"]
    assert all(mail.booking == booking for mail in saved)
    message = read(saved[0])
    assert message["Message-ID"].strip() == saved[0].internet_message_id
    _, calendar = message.iter_parts()
    assert b"METHOD:REQUEST" in calendar.get_payload(decode=True)


@pytest.mark.django_db
def test_message_is_noticed_to_the_team_and_received_to_the_visitor(inbox):
    message = create_message("Is J9302 covered?", public_id="7f3a9c21")
    notice, receipt = mails.of_message(message, now=NOW)
    assert (notice.kind, notice.to, notice.reply_to) == ("message-notice", "team@codes.example", VISITOR)
    assert (receipt.kind, receipt.to, receipt.reply_to) == ("message-receipt", VISITOR, "team@codes.example")
    assert notice.subject == "Message from Kim Lee [#7f3a9c21]"
    assert receipt.subject == "We have your message [#7f3a9c21]"
    assert "Is J9302 covered?" in notice.text
    assert "J9302" not in receipt.text
    assert "Kim" not in receipt.text
    assert notice.internet_message_id == "<7f3a9c21.message-notice@codes.example>"
    assert receipt.dedupe_key == "message:7f3a9c21:message-receipt"
    assert notice.due_at == notice.wanted_at == notice.created_at == NOW
    OutgoingMail.objects.bulk_create([notice, receipt])
    assert set(message.mails.values_list("kind", flat=True)) == {"message-notice", "message-receipt"}


def unsaved_message(**fields) -> Message:
    return Message(pk=3, public_id="7f3a9c21", **{"name": "Kim Lee", "email": VISITOR, "text": "Hello", **fields})


def test_message_without_an_inbox_has_a_receipt_only():
    assert [mail.kind for mail in mails.of_message(unsaved_message())] == ["message-receipt"]


def test_receipt_is_left_out_when_told(inbox):
    assert [mail.kind for mail in mails.of_message(unsaved_message(), with_receipt=False)] == ["message-notice"]


def test_nobody_is_told_of_what_looks_like_spam(inbox):
    assert mails.of_message(unsaved_message(status="spam")) == []


def test_address_that_no_header_can_hold_gets_no_mail_and_stops_none(inbox):
    address = '"\x1c"@visitor.example'
    validate_email(address)
    [notice] = mails.of_message(unsaved_message(email=address))
    [host] = of_booking("booked", unsaved_booking(email=address))
    assert (notice.reply_to, host.reply_to) == ("", "")
    assert read(notice)["To"] == "team@codes.example"
    assert read(host)["To"] == HOST


@pytest.mark.parametrize(
    "address",
    ["kim@a\ue000b.com", "kim@a\u2028b.com", "kim@\u203960\xd7\xfc>.de", "kim@a\u05d01.com", "kim@a\u3000b.com"],
    ids=["private use", "line separator", "no letters", "two directions", "wide blank"],
)
@pytest.mark.parametrize("kind", ["booked", "moved", "cancelled", "restored"])
def test_host_and_team_are_told_of_a_visitor_whom_no_mail_can_reach(inbox, address, kind):
    notice = mails.of_message(unsaved_message(email=address))[0]
    host = of_booking(kind, unsaved_booking(email=address))[-1]
    assert (read(notice)["To"], read(host)["To"]) == ("team@codes.example", HOST)
    assert (read(notice)["Reply-To"], read(host)["Reply-To"]) == (None, None)
    assert "kim@a" in notice.text or address in notice.text
    assert "kim@a" in host.text or address in host.text


@pytest.mark.parametrize("address", ["kim@b\xfccher.example", "k\xefm@visitor.example", '"kim lee"@visitor.example'])
def test_answers_reach_addresses_in_other_letters(address):
    assert of_booking("booked", unsaved_booking(email=address))[-1].reply_to == address


def test_long_lines_of_a_visitor_arrive_whole(inbox):
    text = "word " * 900 + "😀" * 400
    notice, _ = mails.of_message(unsaved_message(text=text))
    assert text in read(notice).get_content()


def test_long_subjects_are_cut_between_words():
    booking = unsaved_booking(name="Maximiliane " * 30)
    subject = of_booking("booked", booking)[2].subject
    assert len(subject) <= 200
    assert subject.endswith("Maximiliane…")


@pytest.mark.parametrize("text", ["Kim\r\nBcc: all@visitor.example", "Kim\nLee\n\nHello", "\x85\u2028\x0bKim"])
def test_name_with_line_breaks_adds_no_header(text, inbox):
    for mail in [*of_booking("booked", unsaved_booking(name=text)), *mails.of_message(unsaved_message(name=text))]:
        message = read(mail)
        assert set(message.keys()) <= HEADERS | {"Reply-To", "In-Reply-To", "References", "Content-Transfer-Encoding"}
        assert message["To"] == mail.to
        assert message["Subject"] == mail.subject


def test_row_of_other_making_adds_no_header_either():
    mail = of_booking()[1]
    mail.subject = "Hello\r\nBcc: all@visitor.example"
    assert read(mail)["Subject"] == "Hello Bcc: all@visitor.example"
    assert read(mail)["Bcc"] is None


def is_email(address: str) -> bool:
    try:
        validate_email(address)
    except ValidationError:
        return False
    return len(address) <= 254


QUOTED = st.text(st.characters(min_codepoint=1, max_codepoint=127), min_size=1, max_size=20)
ADDRESSES = (st.emails() | QUOTED.map('"{}"@visitor.example'.format) | QUOTED.map("{}@bücher.example".format)).filter(
    is_email
)


@hypothesis_settings(deadline=None)
@given(
    visitor=st.fixed_dictionaries(
        {
            "name": st.text(min_size=1, max_size=100),
            "email": ADDRESSES,
            "organization": st.text(max_size=150),
            "notes": st.text(max_size=300),
            "code_text": st.text(max_size=60),
            "time_zone": st.sampled_from(["Europe/London", "America/New_York", "Asia/Kathmandu", "Etc/GMT+5", "UTC"]),
        }
    ),
    host=st.builds(unsaved_host, st.text(min_size=1, max_size=100), email=ADDRESSES),
    title=st.text(min_size=1, max_size=100),
    location=st.text(min_size=1, max_size=300),
    kind=st.sampled_from(["booked", "moved", "cancelled", "restored"]),
)
def test_mails_of_every_booking_can_be_sent(visitor, host, title, location, kind):
    booking = unsaved_booking(host=host, title=title, location=location, **visitor)
    former = unsaved_host(visitor["name"], pk=2, email="robin@team.example")
    for mail in of_booking(kind, booking, former_host=former, former_start=START - DAY):
        assume(mails.is_printable(mail.to))
        message = read(mail)
        assert set(message.keys()) <= HEADERS | {"Reply-To", "In-Reply-To", "References", "Content-Transfer-Encoding"}
        assert len(mail.subject) <= 200
        assert len(message.get_all("Subject")) == 1
        assert len(message["To"].addresses) == 1
        if mail.calendar:
            assert read_event(mail.calendar)["UID"] == booking.uid


@hypothesis_settings(deadline=None)
@given(
    name=st.text(min_size=1, max_size=100),
    address=ADDRESSES,
    organization=st.text(max_size=150),
    text=st.text(min_size=1, max_size=5000),
    page=st.text(max_size=300),
)
def test_mails_of_every_message_can_be_sent(name, address, organization, text, page):
    message = unsaved_message(name=name, email=address, organization=organization, text=text, page=page)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.CONTACT_INBOX", "team@codes.example")
        found = mails.of_message(message)
    for mail in found:
        assert read(mail)["Subject"].endswith("[#7f3a9c21]")
        assert len(mail.subject) <= 200
