"""The mails of messages and meetings, as rows of the outbox that are not saved yet, and as e-mails."""

import copy
import datetime
from email.utils import formataddr, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.utils import timezone
from django.utils.encoding import punycode

from contact import mail_texts
from contact.calendar_objects import ORGANIZER_NAME, Method, invitation
from contact.links import site_host
from contact.models import Booking, BookingChange, Host, Message, OutgoingMail
from contact.plain_text import cut, is_printable, one_line

Change = BookingChange.Kind
Kind = OutgoingMail.Kind

LONGEST_SUBJECT = OutgoingMail._meta.get_field("subject").max_length
# The changes that are told of. A restored meeting is booked anew.
KINDS = {
    Change.BOOKED: Kind.BOOKED,
    Change.MOVED: Kind.MOVED,
    Change.CANCELLED: Kind.CANCELLED,
    Change.RESTORED: Kind.BOOKED,
}


def of_message(
    message: Message, *, with_receipt: bool = True, now: datetime.datetime | None = None
) -> list[OutgoingMail]:
    """The notice to CONTACT_INBOX, if that is set, and the receipt to the visitor, of a message that is saved.

    None for what looks like spam.
    """
    if message.status == Message.Status.SPAM:
        return []
    mails = []
    if inbox := _inbox():
        subject = f"Message from {one_line(message.name)}"
        notice = mail_texts.message_notice(message)
        mails.append(_of_message(message, Kind.MESSAGE_NOTICE, to=inbox, subject=subject, text=notice, now=now))
    if with_receipt and is_printable(message.email):
        receipt = mail_texts.message_receipt(message)
        mails.append(
            _of_message(
                message, Kind.MESSAGE_RECEIPT, to=message.email, subject="We have your message", text=receipt, now=now
            )
        )
    return mails


def of_booking(
    booking: Booking,
    kind: BookingChange.Kind | str,
    *,
    former_host: Host | None = None,
    former_start: datetime.datetime | None = None,
    now: datetime.datetime | None = None,
) -> list[OutgoingMail]:
    """What visitor and host are told of a change of a booking, which stands as it is since then.

    For a move, `former_host` is who had the meeting and `former_start` when it was to begin; either may be what it
    still is. A meeting that was booked, moved or restored also has a reminder, due at its time if that is still ahead.
    Of a change that concerns the desk alone nobody is told.
    """
    change = Change(kind)
    if change not in KINDS:
        return []
    now = now or timezone.now()
    former = _former(booking, former_host, former_start)
    mails = []
    # To a shared address the cancellation could come last, and it has the same UID.
    if former and former.host.email.casefold() != booking.host.email.casefold():
        mails.append(_to_host(former, Change.CANCELLED, role="former-host", now=now))
    if booking.email and is_printable(booking.email):
        mails.append(_to_visitor(booking, change, former=former, now=now))
        mails += _reminders(booking, now=now) if change != Change.CANCELLED else []
    mails.append(_to_host(booking, change, former=former, now=now))
    return mails


def to_email(mail: OutgoingMail) -> EmailMultiAlternatives:
    """The mail as it goes out: plain text, with its calendar object as the other reading of it (RFC 6047, 2.4)."""
    # So that no absence note answers it (RFC 3834, 5).
    headers = {"Message-ID": mail.internet_message_id, "Auto-Submitted": "auto-generated"}
    if mail.references:
        headers |= {"In-Reply-To": mail.references, "References": mail.references}
    email = EmailMultiAlternatives(
        subject=one_line(mail.subject),
        body=mail.text,
        from_email=_sender(),
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers=headers,
    )
    if mail.calendar:
        # PostgreSQL gives a memoryview.
        calendar = bytes(mail.calendar).decode()
        email.attach_alternative(calendar, f"text/calendar; method={mail.calendar_method}")
    return email


def internet_message_id(booking: Booking, kind: str, role: str, *, sequence: int | None = None) -> str:
    """The Message-ID of a mail of a booking: the same whenever it is asked for, whatever the site is called then."""
    number = booking.sequence if sequence is None else sequence
    return f"<{booking.uuid}.{number}.{kind}.{role}@{booking.uid.rpartition('@')[2]}>"


def _of_message(message: Message, kind: Kind, *, subject: str, now: datetime.datetime | None, **fields) -> OutgoingMail:
    now = now or timezone.now()
    thread = f" [#{message.public_id}]"
    return OutgoingMail(
        kind=kind,
        message=message,
        reply_to=_answers_to(message.email) if kind == Kind.MESSAGE_NOTICE else _inbox(),
        subject=cut(subject, LONGEST_SUBJECT - len(thread)) + thread,
        internet_message_id=f"<{message.public_id}.{kind}@{site_host()}>",
        dedupe_key=f"message:{message.public_id}:{kind}",
        created_at=now,
        wanted_at=now,
        due_at=now,
        **fields,
    )


def _to_visitor(booking: Booking, change: Change, *, former: Booking | None, now: datetime.datetime) -> OutgoingMail:
    method = _method(change)
    return _of_booking(
        booking,
        KINDS[change],
        "visitor",
        to=booking.email,
        reply_to=_inbox(),
        subject=mail_texts.visitor_subject(booking, change),
        text=mail_texts.visitor_text(booking, change, former=former, now=now),
        calendar=invitation(booking, method=method, attendee=booking.email, now=now),
        calendar_method=method,
        now=now,
    )


def _to_host(
    booking: Booking, change: Change, *, former: Booking | None = None, role: str = "host", now: datetime.datetime
) -> OutgoingMail:
    host, method = booking.host, _method(change)
    return _of_booking(
        booking,
        KINDS[change],
        role,
        to=host.email,
        reply_to=_answers_to(booking.email),
        subject=mail_texts.host_subject(booking, change),
        text=mail_texts.host_text(booking, change, former=former, is_anothers=role == "former-host"),
        calendar=invitation(booking, method=method, attendee=host.email, for_host=True, now=now),
        calendar_method=method,
        now=now,
    )


def _reminders(booking: Booking, *, now: datetime.datetime) -> list[OutgoingMail]:
    """One, or none: its type has none, or it would come too late."""
    minutes = booking.meeting_type.reminder_min
    due = booking.starts_at - datetime.timedelta(minutes=minutes or 0)
    if minutes is None or due <= now:
        return []
    reminder = _of_booking(
        booking,
        Kind.REMINDER,
        "visitor",
        to=booking.email,
        reply_to=_inbox(),
        subject=mail_texts.reminder_subject(booking),
        text=mail_texts.reminder_text(booking, due=due),
        now=now,
    )
    reminder.wanted_at = reminder.due_at = due
    return [reminder]


def _of_booking(
    booking: Booking, kind: Kind, role: str, *, subject: str, now: datetime.datetime, **fields
) -> OutgoingMail:
    own_id = internet_message_id(booking, kind, role)
    first_id = internet_message_id(booking, Kind.BOOKED, role.removeprefix("former-"), sequence=0)
    return OutgoingMail(
        kind=kind,
        booking=booking,
        sequence=booking.sequence,
        subject=cut(subject, LONGEST_SUBJECT),
        internet_message_id=own_id,
        references=first_id if first_id != own_id else "",
        dedupe_key=f"booking:{booking.uuid}:{booking.sequence}:{kind}:{role}",
        created_at=now,
        wanted_at=now,
        due_at=now,
        **fields,
    )


def _former(booking: Booking, host: Host | None, start: datetime.datetime | None) -> Booking | None:
    """The booking as it was before it was moved, never to be saved; None if nothing is known of that."""
    if host is None and start is None:
        return None
    former = copy.copy(booking)
    former.host = host or booking.host
    former.place(start or booking.starts_at, length=booking.length, buffers=booking.buffers)
    return former


def _method(change: Change) -> Method:
    return "CANCEL" if change == Change.CANCELLED else "REQUEST"


def _answers_to(address: str) -> str:
    """The visitor's address; nothing where no header could hold it, so that host and team are told all the same."""
    try:
        written = sanitize_address(address, "utf-8")
        domain = punycode(address.rpartition("@")[2])
    except ValueError:
        # UnicodeError is one: no domain has that name.
        return ""
    # A blank in it that is no ASCII is lost in a header, and answers would go to somebody else.
    return address if is_printable(address) and written.endswith(f"@{domain}") else ""


def _inbox() -> str:
    """The bare address of the team, or nothing."""
    return parseaddr(settings.CONTACT_INBOX)[1]


def _sender() -> str:
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name or ORGANIZER_NAME, address))
