"""The steps of a draft's workflow as pages of the admin: one that asks, and the act itself, which is a POST."""

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.utils import timezone
from django.utils.dateformat import format as date_format

from procedures.models import GuideDraft

State = GuideDraft.State


class StepForm(forms.Form):
    """Knows which version of the draft the person has read."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class SendBackForm(StepForm):
    note = forms.CharField(
        label="What is to be mended",
        max_length=5_000,
        widget=forms.Textarea({"rows": 6}),
        help_text="The author reads this above the text.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # The browser would cut a longer note without a word.
        self.fields["note"].widget.attrs.pop("maxlength")


class ApproveForm(StepForm):
    go_live_at = forms.DateTimeField(
        label="Publish at",
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Leave it empty to publish by hand. Otherwise it goes live at the first run of publish_due from then "
        "on.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["go_live_at"].label = f"Publish at ({timezone.get_current_timezone_name()})"

    def clean_go_live_at(self):
        time = self.cleaned_data["go_live_at"]
        if time and time <= timezone.now():
            raise forms.ValidationError("This time has passed: give a later one, or leave it empty.")
        return time


@dataclass(frozen=True)
class Step:
    """One step: from which states it leads on, who may take it, what it asks for, and what it does."""

    name: str
    label: str
    question: str
    states: tuple[str, ...]
    permission: str
    act: Callable
    done: str
    form_class: type[StepForm] = StepForm


def _approve(draft, user, data):
    draft.approve(by=user, go_live_at=data["go_live_at"])


STEPS = {
    step.name: step
    for step in [
        Step(
            "submit",
            "Send to review",
            "The text is locked until a reviewer sends it back or you take it back.",
            (State.DRAFT,),
            "procedures.change_guidedraft",
            lambda draft, user, data: draft.submit(by=user),
            "Sent to review.",
        ),
        Step(
            "take-back",
            "Take back",
            "The text becomes a draft again, which can be changed.",
            (State.IN_REVIEW, State.APPROVED),
            "procedures.change_guidedraft",
            lambda draft, user, data: draft.take_back(by=user),
            "Taken back: it can be changed again.",
        ),
        Step(
            "send-back",
            "Send back",
            "The text becomes a draft again, with your note above it.",
            (State.IN_REVIEW, State.APPROVED),
            "procedures.publish_guide",
            lambda draft, user, data: draft.send_back(by=user, note=data["note"]),
            "Sent back with a note.",
            SendBackForm,
        ),
        Step(
            "approve",
            "Approve",
            "What you approve is exactly what is published: to change it, somebody has to take it back.",
            (State.IN_REVIEW,),
            "procedures.publish_guide",
            _approve,
            "Approved.",
            ApproveForm,
        ),
        Step(
            "publish",
            "Publish now",
            "The text becomes public at once.",
            (State.APPROVED,),
            "procedures.publish_guide",
            lambda draft, user, data: draft.publish(by=user),
            "Published.",
        ),
        Step(
            "revoke-preview",
            "Revoke preview links",
            "Every preview link that was given out stops working.",
            (State.DRAFT, State.IN_REVIEW, State.APPROVED),
            "procedures.change_guidedraft",
            lambda draft, user, data: draft.revoke_preview(),
            "Preview links revoked.",
        ),
    ]
}


def open_steps(draft: GuideDraft, user) -> list[Step]:
    """The steps that the user may take from where the draft is now, in their order."""
    return [
        step
        for step in STEPS.values()
        if draft.state in step.states
        and user.has_perm(step.permission)
        and (step.name != "approve" or draft.may_be_approved_by(user))
    ]


def where_it_stands(draft: GuideDraft, user) -> str:
    """One sentence for the editor: what state the draft is in, and what comes next."""
    if draft.state == State.DRAFT:
        return "Draft. When the text is ready, save it and send it to review."
    if draft.state == State.IN_REVIEW:
        if user.has_perm("procedures.publish_guide") and not draft.may_be_approved_by(user):
            return "In review. You wrote in this text yourself: another reviewer has to approve it."
        return "In review. A reviewer approves it or sends it back. To change the text, take it back first."
    if draft.go_live_at:
        time = timezone.localtime(draft.go_live_at)
        return f"Approved. It goes live on {date_format(time, 'j F Y, H:i')} ({timezone.get_current_timezone_name()})."
    return "Approved. It is not public before somebody publishes it."
