"""What is decided on several messages of the inbox at once: somebody takes them, they are done, spam, or none."""

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone

from contact.models import Message
from contact.spam_folder import take_out

MOST_AT_ONCE = 500


class StepsOfMessages:
    """Mixed into the ModelAdmin of messages, before it: the actions of its list, each logged and told of."""

    actions = ["take", "mark_done", "mark_spam", "mark_not_spam"]

    @admin.action(description="Take: I answer them", permissions=["change"])
    def take(self, request, queryset):
        taken, refused = [], {"spam": 0, "others": 0}
        with transaction.atomic():
            for message in self._locked(request, queryset):
                if message.status == Message.Status.SPAM:
                    refused["spam"] += 1
                elif message.assignee_id not in (None, request.user.pk):
                    refused["others"] += 1
                else:
                    message.assignee = request.user
                    message.set_status(Message.Status.OPEN)
                    taken.append(message)
            self._write(request, taken, "Took it.")
        self._tell(request, taken, "yours now")
        if refused["others"]:
            said = f"Not taken, because somebody else answers already: {refused['others']}. Open one to change that."
            self.message_user(request, said, messages.WARNING)
        if refused["spam"]:
            said = f"Not taken, because it is in the spam folder: {refused['spam']}. Mark it as no spam first."
            self.message_user(request, said, messages.WARNING)

    @admin.action(description="Mark as done", permissions=["change"])
    def mark_done(self, request, queryset):
        self._set_status(request, queryset, Message.Status.DONE, "Marked as done.", "marked as done")

    @admin.action(description="Mark as spam", permissions=["change"])
    def mark_spam(self, request, queryset):
        self._set_status(request, queryset, Message.Status.SPAM, "Marked as spam.", "in the spam folder now")

    @admin.action(description="Not spam: put back among the new ones", permissions=["change"])
    def mark_not_spam(self, request, queryset):
        spam = queryset.filter(status=Message.Status.SPAM)
        self._set_status(request, spam, Message.Status.NEW, "Marked as no spam.", "among the new ones now")

    def _set_status(self, request, queryset, status: str, logged: str, told: str) -> None:
        now = timezone.now()
        with transaction.atomic():
            changed = [message for message in self._locked(request, queryset) if message.status != status]
            from_spam = [message for message in changed if message.status == Message.Status.SPAM]
            for message in changed:
                message.set_status(status, now=now)
            self._write(request, changed, logged)
            mails = take_out(from_spam, now=now)
        self._tell(request, changed, told)
        self.tell_of_mails(request, mails)

    def _locked(self, request, queryset) -> list[Message]:
        keys = list(queryset.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
        if len(keys) > MOST_AT_ONCE:
            self.message_user(request, f"Choose at most {MOST_AT_ONCE} messages at once.", messages.WARNING)
            return []
        return Message.objects.lock(keys)

    def _write(self, request, changed: list[Message], logged: str) -> None:
        if changed:
            Message.objects.bulk_update(changed, ["status", "closed_at", "assignee"])
            LogEntry.objects.log_actions(request.user.pk, changed, CHANGE, logged)

    def _tell(self, request, changed: list[Message], told: str) -> None:
        if changed:
            noun = "1 message is" if len(changed) == 1 else f"{len(changed)} messages are"
            self.message_user(request, f"{noun} {told}.", messages.SUCCESS)
        else:
            self.message_user(request, "No message was changed.", messages.INFO)

    def tell_of_mails(self, request, count: int) -> None:
        """Says how many mails were written that had been held back, if any were."""
        if count:
            noun = "1 mail that was" if count == 1 else f"{count} mails that were"
            self.message_user(request, f"{noun} held back will be sent now.", messages.INFO)
