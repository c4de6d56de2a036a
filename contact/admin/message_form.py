"""The form of a message on the desk: who answers it, how it stands, and notes."""

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q

from contact.models import Message, MessageNote

DECIDED = ["status", "assignee"]


def name_of(person) -> str:
    """Somebody of the team, as lists and choices name them."""
    return person.get_full_name() or person.get_username()


class PersonField(forms.ModelChoiceField):
    """Somebody of the team."""

    def label_from_instance(self, person):
        return name_of(person)


class MessageForm(forms.ModelForm):
    """Status and assignee. Besides "Save", a button may name a step: take it, mark it as done, as spam, as no spam.

    A hidden field holds both as they were when the form was opened. What was not changed since is not written; where
    two editors changed the same, the second is told once, and sending the form again is a decision. `user`, whom the
    admin sets, is who sends the form.
    """

    user = None
    # The status that each button gives.
    steps = {"_take": Message.Status.OPEN, "_done": Message.Status.DONE, "_spam": Message.Status.SPAM}
    steps |= {"_not_spam": Message.Status.NEW}

    assignee = PersonField(
        queryset=None,
        required=False,
        empty_label="Nobody yet",
        label="Who answers",
    )
    opened = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Message
        fields = DECIDED

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        User = get_user_model()
        may_answer = User.objects.with_perm(
            "contact.change_message", backend="django.contrib.auth.backends.ModelBackend"
        )
        answering = Q(pk__in=may_answer.filter(is_staff=True).values("pk")) | Q(pk=self.instance.assignee_id)
        self.fields["assignee"].queryset = User.objects.filter(answering).order_by("first_name", "username")
        self.stored = {"status": self.instance.status, "assignee": str(self.instance.assignee_id or "")}
        self.initial["opened"] = "/".join(self.stored.values())

    def clean(self):
        super().clean()
        self._take_step()
        opened = dict(zip(DECIDED, self.cleaned_data.get("opened", "").split("/"), strict=False))
        theirs = [name for name in DECIDED if name in self.cleaned_data and self._is_theirs(name, opened.get(name, ""))]
        for name in theirs:
            self.cleaned_data[name] = self.fields[name].clean(self.stored[name])
        if any(name in self.errors for name in DECIDED):
            # The form that is shown again says how it stands now, so that sending that one is a decision.
            self.data = self.data.copy()
            self.data[self.add_prefix("opened")] = "/".join(self.stored.values())
            for name in theirs:
                self.data[self.add_prefix(name)] = self.stored[name]
        return self.cleaned_data

    def _take_step(self) -> None:
        step = next((name for name in self.steps if name in self.data), None)
        if step is None:
            return
        self.cleaned_data["status"] = self.steps[step]
        if step == "_take":
            self.cleaned_data["assignee"] = self.user

    def _is_theirs(self, name: str, opened: str) -> bool:
        """Whether this editor left as it was what somebody else changed; where both changed it, that is an error."""
        value = self.cleaned_data[name]
        typed = str(value.pk if name == "assignee" and value else value or "")
        stored = self.stored[name]
        if typed == opened:
            return typed != stored
        if stored not in (opened, typed):
            self.add_error(name, f"Somebody else {self._in_words(name)} since you opened this page. Look again first.")
        return False

    def _in_words(self, name: str) -> str:
        if name == "status":
            return f"gave it the status “{Message.Status(self.stored[name]).label}”"
        assignee = self.instance.assignee
        return f"gave it to {name_of(assignee)}" if assignee else "gave it to nobody"


class NoteForm(forms.ModelForm):
    class Meta:
        model = MessageNote
        fields = ["text"]
        labels = {"text": "Note"}
        widgets = {"text": forms.Textarea({"rows": 3, "class": "vLargeTextField"})}
