"""What the team does with a meeting, each a page that asks and a POST that acts, through contact.actions."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from contact import actions
from contact.admin.booking_step_forms import MoveForm, StepForm
from contact.calendar_objects import with_other_link
from contact.links import booking_token
from contact.models import Booking
from contact.slots import Reason, Unavailable

Status = Booking.Status

# Nothing was changed, and why.
REFUSALS: dict[type[Exception] | Reason, str] = {
    Reason.TAKEN: "The host has another meeting then, or keeps the time around one free. Nothing was changed.",
    Reason.DAY_FULL: "The host has as many meetings on that day as there may be. Nothing was changed.",
    Reason.NOT_OFFERED: "That time has passed. Nothing was changed.",
    actions.NotConfirmed: "The meeting is not confirmed any more. Nothing was changed.",
    actions.TooLate: "The meeting has ended. Nothing was changed.",
    actions.TooEarly: "The meeting has not begun. Nothing was changed.",
    actions.ChangedMeanwhile: "Somebody else changed the meeting in this moment. What you asked for was not done.",
    actions.Forgotten: "Nothing is known of the visitor any more. Nothing was changed.",
}
CHANGED_MEANWHILE = "The meeting was changed since you opened this page. It is shown as it is now: decide once more."


class StepRefused(Exception):
    """The text says why, to the person who asked for the step."""


@dataclass(frozen=True)
class Step:
    """One step: what it is called, what it asks and does, and what a meeting has to be like for it.

    `act` takes booking, user and clean form, and returns whether it changed anything. `is_in_time` takes the booking
    and the present moment. Only `form_class` MoveForm asks for more than a click.
    """

    name: str
    label: str
    question: str
    done: str
    needless: str
    statuses: tuple[str, ...]
    is_in_time: Callable[[Booking, datetime.datetime], bool]
    act: Callable[[Booking, User, StepForm], bool]
    needs_visitor: bool = False
    form_class: type[StepForm] = StepForm

    def is_open(self, booking: Booking, now: datetime.datetime | None = None) -> bool:
        is_known = booking.forgotten_at is None or not self.needs_visitor
        return booking.status in self.statuses and is_known and self.is_in_time(booking, now or timezone.now())

    def take(self, booking: Booking, user: User, form: StepForm) -> bool:
        """Whether it changed anything; raises StepRefused where the meeting does not allow it any more."""
        try:
            return self.act(booking, user, form)
        except Unavailable as refusal:
            raise StepRefused(REFUSALS[refusal.reason]) from None
        except actions.Refused as refusal:
            raise StepRefused(REFUSALS.get(type(refusal), "Nothing was changed.")) from None
        except Booking.DoesNotExist:
            raise StepRefused("The meeting was deleted meanwhile.") from None


def _has_not_ended(booking, now) -> bool:
    return booking.ends_at > now


def _move(booking, user, form) -> bool:
    host = form.cleaned_data["host"]
    before = booking.sequence
    return actions.move(booking, form.start, by=user, host=host, seen=before).sequence != before


def _restore(booking, user, form) -> bool:
    before = booking.sequence
    return actions.restore(booking, by=user).sequence != before


def _mark_no_show(booking, user, form) -> bool:
    actions.mark_no_show(booking, by=user)
    return True


def _take_back_no_show(booking, user, form) -> bool:
    actions.take_back_no_show(booking, by=user)
    return True


def _new_link(booking, user, form) -> bool:
    """Ends the links that were given out; mails that are not sent yet, or may be sent again, get the new one."""
    with transaction.atomic():
        former = booking_token(booking)
        booking.rotate_link()
        current = booking_token(booking)
        for mail in booking.mails.filter(text__contains=former):
            mail.text = mail.text.replace(former, current)
            mail.calendar = with_other_link(bytes(mail.calendar), former, current) if mail.calendar else b""
            mail.save(update_fields=["text", "calendar"])
    return True


STEPS = {
    step.name: step
    for step in [
        Step(
            "move",
            "Move the meeting",
            "Visitor and host are told by mail, and the meeting moves in their calendars. Hours, notice and caps do "
            "not bind you; only another meeting of the host does.",
            "Moved.",
            "It stands there already: nothing was changed, and nobody was told.",
            (Status.CONFIRMED,),
            _has_not_ended,
            _move,
            needs_visitor=True,
            form_class=MoveForm,
        ),
        Step(
            "cancel",
            "Cancel the meeting",
            "Visitor and host are told by mail, and the meeting leaves their calendars. Its time is free at once.",
            "Cancelled.",
            "It was cancelled already: nobody was told again.",
            (Status.CONFIRMED,),
            _has_not_ended,
            lambda booking, user, form: actions.cancel(booking, by=user),
        ),
        Step(
            "restore",
            "Restore the meeting",
            "The meeting takes place after all, at its former time. Visitor and host are told by mail.",
            "Restored.",
            "It is not cancelled: nothing was changed.",
            (Status.CANCELLED,),
            lambda booking, now: booking.starts_at > now,
            _restore,
            needs_visitor=True,
        ),
        Step(
            "no-show",
            "Visitor did not come",
            "This is a mark for the team: nobody is told.",
            "Marked: the visitor did not come.",
            "It has this mark already.",
            (Status.CONFIRMED,),
            lambda booking, now: booking.starts_at <= now,
            _mark_no_show,
        ),
        Step(
            "came",
            "Visitor came after all",
            "The mark is taken back: nobody is told.",
            "The mark was taken back.",
            "It has no such mark.",
            (Status.NO_SHOW,),
            lambda booking, now: True,
            _take_back_no_show,
        ),
        Step(
            "new-link",
            "New link for the visitor",
            "Every link to this meeting that was mailed stops working, for whoever has it. The new one stands on the "
            "page of the meeting: nobody is told of it unless you write to the visitor.",
            "The former links have ended. The new one stands below.",
            "",
            (Status.CONFIRMED, Status.CANCELLED),
            _has_not_ended,
            _new_link,
            needs_visitor=True,
        ),
    ]
}


def open_steps(booking: Booking, now: datetime.datetime | None = None) -> list[Step]:
    """The steps that the meeting allows now, in their order."""
    return [step for step in STEPS.values() if step.is_open(booking, now)]
