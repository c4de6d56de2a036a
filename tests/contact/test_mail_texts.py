"""What mails say, to the word where a visitor reads it."""

import datetime

import pytest

from contact import mail_texts
from contact.links import booking_token
from contact.models import BookingChange, Message
from tests.contact.unsaved_rows import START, unsaved_booking, unsaved_code, unsaved_host

Change = BookingChange.Kind
NOW = START - datetime.timedelta(days=4)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://codes.example"


def visitor_text(booking=None, change=Change.BOOKED, *, former=None, now=NOW) -> str:
    return mail_texts.visitor_text(booking or unsaved_booking(), change, former=former, now=now)


def host_text(booking=None, change=Change.BOOKED, *, former=None, **options) -> str:
    return mail_texts.host_text(booking or unsaved_booking(), change, former=former, **options)


def test_visitor_reads_when_and_where_and_how_to_change_it():
    token = booking_token(unsaved_booking())
    before_links, _, after_links = visitor_text().partition("\nGoogle Calendar:\n")
    assert before_links == (
        "Your meeting is booked.\n"
        "\n"
        "Introduction with Alex Morgan\n"
        "\n"
        "When: Tuesday, November 24, 2026, 3:30 PM to 4:00 PM, London time (GMT, UTC+0)\n"
        "For Alex Morgan that is: Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, New York time (EST, UTC−5)\n"
        "Where: By video\n"
        "\n"
        "To move or cancel the meeting, open its page:\n"
        f"https://codes.example/meeting/{token}/\n"
        "You can do so until Tuesday, November 24 at 2:30 PM (London time).\n"
        "Keep the link to yourself: whoever has it can do the same.\n"
        "\n"
        "The meeting comes with this mail as an invitation. If your calendar does not\n"
        "show it, add it yourself.\n"
    )
    google, _, outlook, _, _, download = (line for line in after_links.splitlines()[:7] if line != "Outlook:")
    assert google.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE&text=Introduction")
    assert outlook.startswith("https://outlook.office.com/calendar/0/deeplink/compose?path=")
    assert download == f"https://codes.example/meeting/{token}/meeting.ics"
    assert after_links.endswith(
        "\n--\n"
        "You get this mail because somebody booked a meeting with us on codes.example\n"
        "and gave this address. If it was not you, please cancel the meeting on its page.\n"
    )


def test_visitor_in_the_zone_of_the_host_reads_one_time():
    text = visitor_text(unsaved_booking(time_zone="America/Toronto"))
    assert "When: Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, Toronto time (EST, UTC−5)\nWhere:" in text


def test_visitor_of_a_moved_meeting_reads_the_former_time_and_who_comes_instead():
    former = unsaved_booking(host=unsaved_host("Robin Ray", pk=2), start=START - DAY)
    text = visitor_text(change=Change.MOVED, former=former)
    assert text.startswith("Your meeting was moved. Alex Morgan will meet you instead of Robin Ray.\n\nIntroduction")
    assert "\nBefore: Monday, November 23, 2026, 3:30 PM to 4:00 PM, London time (GMT, UTC+0)\n\nTo move" in text


def test_visitor_of_a_meeting_that_only_changed_hosts_reads_no_former_time():
    former = unsaved_booking(host=unsaved_host("Robin Ray", pk=2))
    text = visitor_text(change=Change.MOVED, former=former)
    assert "instead of Robin Ray" in text
    assert "Before:" not in text


def test_visitor_of_a_meeting_that_only_changed_its_time_reads_of_no_other_host():
    text = visitor_text(change=Change.MOVED, former=unsaved_booking(start=START - DAY))
    assert text.startswith("Your meeting was moved.\n\nIntroduction")
    assert "Before: Monday" in text


def test_visitor_of_a_cancelled_meeting_is_offered_another():
    text = visitor_text(unsaved_booking(status="cancelled"), Change.CANCELLED)
    assert text.startswith("Your meeting was cancelled. It does not take place.\n\nIntroduction with Alex Morgan")
    assert "choose one here:\nhttps://codes.example/contact/meeting/\n" in text
    assert "/meeting/0b1" not in text
    assert "google" not in text


def test_visitor_of_a_restored_meeting_has_its_links_again():
    text = visitor_text(change=Change.RESTORED)
    assert text.startswith("Your meeting, which had been cancelled, takes place after all.\n\n")
    assert "open its page" in text
    assert "Google Calendar" in text


def test_visitor_after_the_cut_off_is_told_to_write():
    text = visitor_text(now=START - datetime.timedelta(minutes=59))
    assert "You can do so until" not in text
    assert "cannot come, write to us:\nhttps://codes.example/contact/\n" in text
    assert "If it was not you, please write to us:\nhttps://codes.example/contact/\n" in text


def test_reminder_says_what_holds_when_it_is_sent():
    reminder = mail_texts.reminder_text(unsaved_booking(), due=START - DAY)
    assert reminder.startswith("This is a reminder of your meeting with us.\n\nIntroduction with Alex Morgan\n\nWhen:")
    assert "You can do so until" in reminder
    assert "too soon" in mail_texts.reminder_text(unsaved_booking(), due=START - datetime.timedelta(minutes=10))


@pytest.mark.parametrize("change", ["booked", "moved", "cancelled", "restored"])
def test_visitor_reads_nothing_that_was_typed(change):
    typed = dict.fromkeys(["name", "organization", "notes", "code_text", "page"], "TYPED")
    booking = unsaved_booking(**typed, code=unsaved_code())
    text = visitor_text(booking, Change(change), former=unsaved_booking(**typed, start=START - DAY))
    text += mail_texts.visitor_subject(booking, Change(change))
    text += mail_texts.reminder_text(booking, due=NOW) + mail_texts.reminder_subject(booking)
    assert "TYPED" not in text
    assert "J9302" not in text
    assert "kim@visitor.example" not in text
    assert "alex@team.example" not in text


@pytest.mark.parametrize(
    ("change", "to_visitor", "to_host"),
    [
        ("booked", "Your meeting on {}", "New meeting with Kim Lee on {}"),
        ("moved", "Moved: your meeting is now on {}", "Moved: meeting with Kim Lee, now on {}"),
        ("cancelled", "Cancelled: your meeting on {}", "Cancelled: meeting with Kim Lee on {}"),
        ("restored", "Back in the calendar: your meeting on {}", "Back in the calendar: meeting with Kim Lee on {}"),
    ],
)
def test_subjects_tell_the_time_of_their_reader(change, to_visitor, to_host):
    visitors, hosts = (
        "Tuesday, November 24 at 3:30 PM (London time)",
        "Tuesday, November 24 at 10:30 AM (New York time)",
    )
    assert mail_texts.visitor_subject(unsaved_booking(), Change(change)) == to_visitor.format(visitors)
    assert mail_texts.host_subject(unsaved_booking(), Change(change)) == to_host.format(hosts)
    assert mail_texts.reminder_subject(unsaved_booking()) == f"Reminder: your meeting on {visitors}"


def test_host_reads_all_that_is_needed():
    booking = unsaved_booking(organization="Clinic & Co", notes="Is it\ncovered?", code=unsaved_code())
    assert host_text(booking) == (
        "A visitor booked a meeting with you.\n"
        "\n"
        "Introduction\n"
        "\n"
        "When: Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, New York time (EST, UTC−5)\n"
        "For the visitor that is: Tuesday, November 24, 2026, 3:30 PM to 4:00 PM, London time (GMT, UTC+0)\n"
        "Where: By video\n"
        "\n"
        "Visitor: Kim Lee\n"
        "E-mail: kim@visitor.example\n"
        "Organization: Clinic & Co\n"
        "Code: HCPCS code J9302: Injection, ofatumumab, 10 mg\n"
        "https://codes.example/code/hcpcs/J9302-injection\n"
        "\n"
        "What it is about:\n"
        "Is it\n"
        "covered?\n"
        "\n"
        "The meeting on the desk:\n"
        "https://codes.example/admin/contact/booking/7/change/\n"
        "\n"
        "To write to the visitor, reply to this mail.\n"
    )


def test_host_reads_only_what_was_given():
    text = host_text()
    assert "Organization" not in text
    assert "Code" not in text
    assert "about" not in text
    assert "spam" not in text
    assert "\n\n\n" not in text


def test_host_reads_of_suspicion_and_of_a_forgotten_visitor():
    assert "It was booked in a way that looks like spam.\n" in host_text(unsaved_booking(looks_like_spam=True))
    forgotten = host_text(unsaved_booking(name="", email="", forgotten_at=NOW))
    assert "What the visitor gave was deleted.\n" in forgotten
    assert "reply" not in forgotten
    assert mail_texts.host_subject(unsaved_booking(name=""), Change.BOOKED).startswith("New meeting with a visitor on")


def test_host_reads_whose_the_meeting_was_and_whose_it_is():
    former = unsaved_booking(host=unsaved_host("Robin Ray", pk=2), start=START - DAY)
    new = host_text(change=Change.MOVED, former=former)
    assert new.startswith("This meeting is with you now, no longer with Robin Ray.\n\n")
    assert "Before: Monday, November 23, 2026, 10:30 AM" in new
    gone = host_text(former, Change.CANCELLED, is_anothers=True)
    assert gone.startswith("Somebody else of the team has this meeting now. It is no longer yours.\n\n")
    assert host_text(change=Change.CANCELLED).startswith("Your meeting with a visitor was cancelled.")
    assert host_text(change=Change.MOVED).startswith("Your meeting with a visitor was moved.")
    assert host_text(change=Change.RESTORED).startswith("Your meeting with a visitor, which had been cancelled, takes")


def test_notice_holds_the_whole_message():
    message = Message(
        pk=3,
        public_id="7f3a9c21",
        name="Kim\nLee",
        email="kim@visitor.example",
        organization="Clinic <North>",
        text="Is it covered?\r\n\r\n& by whom?\u202e",
        code=unsaved_code(),
        page="/code/hcpcs/J9302/",
    )
    assert mail_texts.message_notice(message) == (
        "Kim Lee <kim@visitor.example> wrote by the form on the site.\n"
        "\n"
        "Organization: Clinic <North>\n"
        "Code: HCPCS code J9302: Injection, ofatumumab, 10 mg\n"
        "https://codes.example/code/hcpcs/J9302-injection\n"
        "Came from: /code/hcpcs/J9302/\n"
        "\n"
        "Is it covered?\n"
        "\n"
        "& by whom?\n"
        "\n"
        "--\n"
        "To answer, reply to this mail and leave [#7f3a9c21] in the subject.\n"
        "The message on the desk:\n"
        "https://codes.example/admin/contact/message/3/change/\n"
    )


def test_notice_of_a_short_message_has_no_gaps():
    message = Message(pk=3, public_id="7f3a9c21", name="Kim Lee", email="kim@visitor.example", text="Hello")
    assert "wrote by the form on the site.\n\nHello\n\n--\n" in mail_texts.message_notice(message)


def test_receipt_repeats_nothing_of_the_message():
    message = Message(
        public_id="7f3a9c21",
        name="TYPED",
        email="kim@visitor.example",
        text="TYPED",
        organization="TYPED",
        page="TYPED",
    )
    assert mail_texts.message_receipt(message) == (
        "Thank you for writing to us. Your message has arrived, and somebody of our\n"
        "team will answer it by e-mail.\n"
        "\n"
        "Its number is #7f3a9c21. If you want to add something, reply to this mail\n"
        "and leave the number in the subject.\n"
        "\n"
        "--\n"
        "You get this mail because somebody wrote to us on codes.example and gave this\n"
        "address. If it was not you, there is nothing you need to do.\n"
    )
