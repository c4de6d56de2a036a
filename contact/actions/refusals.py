"""Why an act is refused; where time or host are the reason, it is contact.slots.Unavailable instead."""


class Refused(Exception):
    """The booking is not in a state for that, or the visitor may not do it; nothing was changed."""


class NotConfirmed(Refused):
    """The meeting is cancelled, or its visitor did not come: it cannot be moved, cancelled or marked."""


class TooLate(Refused):
    """The visitor is past the cut-off of the meeting's type, or the meeting has ended."""


class TooEarly(Refused):
    """The meeting has not begun: nobody can have missed it."""


class ChangedMeanwhile(Refused):
    """The meeting is not what it was when whoever asks saw it."""


class TooManyMeetings(Refused):
    """The visitor's e-mail address has as many meetings ahead of it as it may."""


class Forgotten(Refused):
    """The booking says nothing of its visitor any more: there is nobody to meet."""
