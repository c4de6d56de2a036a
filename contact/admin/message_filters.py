"""Filters of the inbox."""

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR

from codesite.desk import is_key
from contact.models import Message
from procedures.models import CodeSystem

WAITING, EVERYTHING = "waiting", "all"


class StatusFilter(admin.SimpleListFilter):
    """Messages by status: those that wait where nothing is chosen, but everything where something is searched for.

    Whoever asks for a name must not miss the message because it is done, or was taken for spam.
    """

    title = "status"
    parameter_name = "status"

    def __init__(self, request, params, model, model_admin):
        self.default = EVERYTHING if request.GET.get(SEARCH_VAR, "").strip() else WAITING
        super().__init__(request, params, model, model_admin)

    def lookups(self, request, model_admin):
        return [
            (WAITING, "Waiting (new and open)"),
            (Message.Status.NEW.value, "New: nobody has taken it"),
            (Message.Status.OPEN.value, "Open"),
            (Message.Status.DONE.value, "Done"),
            (Message.Status.SPAM.value, "Spam?"),
            (EVERYTHING, "Everything"),
        ]

    def value(self):
        chosen = super().value()
        return chosen if chosen in dict(self.lookup_choices) else self.default

    def choices(self, changelist):
        for value, title in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: value})
            yield {"selected": self.value() == value, "query_string": link, "display": title}

    def queryset(self, request, queryset):
        match self.value():
            case "waiting":
                return queryset.waiting()
            case "all":
                return queryset
        return queryset.filter(status=self.value())


class AssigneeFilter(admin.SimpleListFilter):
    """Messages by who answers them."""

    title = "who answers"
    parameter_name = "assignee"

    def lookups(self, request, model_admin):
        return [("me", "Me"), ("nobody", "Nobody yet"), ("others", "Somebody else")]

    def queryset(self, request, queryset):
        match self.value():
            case "me":
                return queryset.filter(assignee=request.user)
            case "nobody":
                return queryset.filter(assignee__isnull=True)
            case "others":
                return queryset.filter(assignee__isnull=False).exclude(assignee=request.user)
        return queryset


class CodeSystemFilter(admin.RelatedFieldListFilter):
    """Messages by the system of the code that they are about; systems that the site can show."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.title = "code system"

    def field_choices(self, field, request, model_admin):
        return [(system.pk, str(system)) for system in CodeSystem.objects.searchable()]


class SenderFilter(admin.SimpleListFilter):
    """All messages of the sender of one, which the address of the list names: an e-mail address stands in no log."""

    title = "sender"
    parameter_name = "sender_of"

    def lookups(self, request, model_admin):
        chosen = self.value()
        return [(chosen, "The sender of one message")] if chosen else []

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        message = Message.objects.filter(pk=self.value()).first() if is_key(self.value()) else None
        return queryset.of_sender(message.email) if message else queryset.none()
