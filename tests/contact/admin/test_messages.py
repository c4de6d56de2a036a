"""The inbox: what it shows and finds, decisions on messages, notes, and what two editors do at once."""

import datetime
import threading
import time

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contact.models import Message, MessageNote, OutgoingMail
from tests.contact.admin.inbox import MESSAGES, act, assert_log_names_nobody, log
from tests.factories import create_code, create_mail, create_message, create_user, get_system
from tests.pages import read_page
from tests.policies.admin.typed_forms import typed
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana():
    return create_user("dana", groups=["Desk"])


@pytest.fixture
def desk(client, dana):
    """A client logged in as Dana, a member of the group Desk."""
    client.force_login(dana)
    return client


def ago(**length) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**length)


def address_of(message) -> str:
    return f"{MESSAGES}{message.pk}/change/"


def change(client, message, **fields):
    """Opens the form of the message and sends it with what was typed; the page that answers."""
    return send(client, message, typed(client.get(address_of(message)), "message_form", **fields))


def send(client, message, fields):
    return read_page(client.post(address_of(message), fields, follow=True))


# The list


def test_inbox_shows_what_waits_the_longest_waiting_first(desk):
    create_message(name="Newest")
    create_message(name="Oldest", created_at=ago(days=3), status="open")
    create_message(name="Done", status="done")
    create_message(name="Junk", status="spam")

    assert rows_of(desk, MESSAGES) == ["Oldest", "Newest"]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("status=waiting", ["New", "Open"]),
        ("status=new", ["New"]),
        ("status=open", ["Open"]),
        ("status=done", ["Done"]),
        ("status=spam", ["Junk"]),
        ("status=all", ["Done", "Junk", "New", "Open"]),
        ("status=nonsense", ["New", "Open"]),
        ("status=all&assignee=me", ["Open"]),
        ("status=all&assignee=nobody", ["Junk", "New"]),
        ("status=all&assignee=others", ["Done"]),
        ("status=all&assignee=nonsense", ["Done", "Junk", "New", "Open"]),
        ("status=all&code__system__id__exact={hcpcs}", ["New"]),
        ("status=all&sender_of={done}", ["Done", "New"]),
        ("status=all&sender_of=99999", []),
        ("status=all&sender_of=nonsense", []),
        ("status=all&sender_of=99999999999999999999", []),
    ],
)
def test_filters(desk, dana, query, shown):
    other = create_user("erin", groups=["Desk"])
    # Where there are codes of one system only, nobody needs to choose one.
    create_code("E11.9", system="icd10cm")
    create_message(name="New", email="one@visitor.example", code=create_code("J9302"))
    create_message(name="Open", status="open", assignee=dana, email="two@visitor.example")
    done = create_message(name="Done", status="done", assignee=other, email="one@visitor.example")
    create_message(name="Junk", status="spam", email="two@visitor.example")

    address = f"{MESSAGES}?{query.format(done=done.pk, hcpcs=get_system().pk)}"

    assert sorted(rows_of(desk, address)) == shown


def test_all_but_one_filter_show_the_choice_that_holds(desk):
    def chosen(address):
        page = get_page(desk, address)
        return [item.text for item in page.all("li") if item.attributes.get("class") == "selected"]

    assert "Waiting (new and open)" in chosen(MESSAGES)
    assert "Everything" in chosen(f"{MESSAGES}?q=kim")
    assert "Done" in chosen(f"{MESSAGES}?q=kim&status=done")


@pytest.mark.parametrize(
    "query", ["Jane Roe", "JANE@other.example", "Clinic", "wheelchair", "{thread}", "[%23{thread}]"]
)
def test_search_finds_what_is_done_or_taken_for_spam_too(desk, query):
    create_message()
    found = create_message(
        "Is a wheelchair covered?",
        name="Jane Roe",
        email="jane@other.example",
        organization="Clinic",
        status="spam",
    )

    assert rows_of(desk, f"{MESSAGES}?q={query.format(thread=found.public_id)}") == ["Jane Roe"]


def test_row_says_who_answers_how_long_it_waits_and_how_many_notes_there_are(desk, dana):
    message = create_message(
        "Is it\ncovered? " + "x" * 200,
        name="<b>Kim</b>",
        organization="Clinic",
        code=create_code("J9302"),
        assignee=dana,
        status="open",
        created_at=ago(days=2, hours=1),
    )
    MessageNote.objects.create(message=message, text="Called.", author=dana)
    MessageNote.objects.create(message=message, text="Called again.", author=dana)

    page = get_page(desk, MESSAGES)

    cells = [cell.text for cell in page.all("td") if "field-" in (cell.attributes.get("class") or "")]
    assert rows_of(desk, MESSAGES) == ["<b>Kim</b>"]
    assert cells[:2] == ["Clinic", "J9302"]
    assert cells[2].startswith("Is it covered? xxx")
    assert cells[2].endswith("…")
    assert cells[3:] == ["open", "dana", "2\xa0days overdue".replace("\xa0", " "), "2"]


@pytest.mark.parametrize(
    ("status", "age", "is_overdue"),
    [
        ("new", {"days": 2, "minutes": 1}, True),
        ("open", {"days": 9}, True),
        ("new", {"days": 1, "hours": 23}, False),
        ("done", {"days": 9}, False),
        ("spam", {"days": 9}, False),
    ],
)
def test_message_that_waits_for_more_than_two_days_is_marked_by_a_word(desk, status, age, is_overdue):
    message = create_message(status=status, created_at=ago(**age))

    assert ("overdue" in get_page(desk, f"{MESSAGES}?status=all").text) is is_overdue
    assert ("overdue" in get_page(desk, address_of(message)).text) is is_overdue
    assert Message.objects.overdue().exists() is is_overdue
    assert message.is_overdue() is is_overdue


def test_list_takes_the_same_number_of_queries_for_more_rows(desk, dana, django_assert_num_queries):
    def create(number):
        message = create_message(code=create_code(f"J{number:04}"), assignee=create_user(f"user{number}"))
        MessageNote.objects.create(message=message, text="Called.", author=dana)

    create(1)
    with CaptureQueriesContext(connection) as few:
        desk.get(MESSAGES)
    for number in range(2, 8):
        create(number)
    with django_assert_num_queries(len(few)):
        desk.get(MESSAGES)


def test_nobody_adds_a_message_and_the_desk_deletes_none(desk):
    message = create_message()

    assert desk.get(f"{MESSAGES}add/").status_code == 403
    assert desk.get(f"{MESSAGES}{message.pk}/delete/").status_code == 403
    assert "delete_selected" not in get_page(desk, MESSAGES).html


# The form


def test_form_shows_what_was_written_as_text_and_in_no_field(desk):
    code = create_code("J9302")
    message = create_message(
        "<script>alert(1)</script>\nSecond line",
        name="Kim <i>Lee</i>",
        organization="Clinic",
        code=code,
        page="/code/hcpcs/J9302-ofatumumab",
        spam_score=2,
        spam_reasons="more links than text",
    )

    page = get_page(desk, address_of(message))

    assert "<script>alert(1)</script> Second line" in page.text
    assert "Kim <i>Lee</i>" in page.text
    assert page.links[code.get_absolute_url()] == str(code)
    assert page.links["/code/hcpcs/J9302-ofatumumab"] == "/code/hcpcs/J9302-ofatumumab"
    assert "2 points (from 5 points on, a message is taken for spam): more links than text." in page.text
    sent = typed(desk.get(address_of(message)), "message_form")
    assert {name for name in sent if not name.startswith("notes-")} == {
        "csrfmiddlewaretoken",
        "opened",
        "status",
        "assignee",
    }


@pytest.mark.parametrize(
    "page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "///evil.example"]
)
def test_page_that_leads_elsewhere_is_no_link(desk, page):
    shown = get_page(desk, address_of(create_message(page=page)))

    assert page in shown.text
    assert page not in shown.links


def test_form_names_the_mails_of_the_message_and_other_messages_of_the_sender(desk):
    message = create_message()
    mail = create_mail(message=message, kind="message-receipt", state="failed")
    create_message(email="kim@visitor.example", status="done")
    create_message(email="somebody@else.example")

    page = get_page(desk, address_of(message))

    assert page.links[f"/admin/contact/outgoingmail/{mail.pk}/change/"] == "message: receipt to the visitor"
    assert "message: receipt to the visitor: failed" in page.text
    other = next(address for address, text in page.links.items() if text == "1 other message of the same address")
    assert len(rows_of(desk, other)) == 2


def test_nobody_else_than_who_may_answer_can_be_chosen(desk, dana):
    create_user("author", groups=["Author"])
    create_user("root", is_superuser=True)
    create_user("gone", groups=["Desk"], is_active=False)
    former = create_user("former", groups=["Desk"], is_active=False, first_name="Former", last_name="Colleague")
    message = create_message(assignee=former)

    options = [option.text for option in get_page(desk, address_of(message)).all("option")]

    assert options[4:] == ["Nobody yet", "dana", "root", "Former Colleague"]
    author = create_user("other-author", groups=["Author"])
    page = change(desk, message, assignee=str(author.pk))
    assert "Select a valid choice" in page.text
    message.refresh_from_db()
    assert message.assignee == former


@pytest.mark.parametrize("key", ["x", "\0", "9" * 30, "-1", "1.5"])
def test_assignee_that_is_no_key_is_refused(desk, key):
    message = create_message()

    assert "Please correct the error below." in change(desk, message, assignee=key).text


def test_saving_keeps_status_assignee_and_a_note_of_the_editor(desk, dana):
    message = create_message()
    erin = create_user("erin", groups=["Desk"])

    page = change(
        desk, message, status="open", assignee=str(erin.pk), **{"notes-0-text": "Erin knows.", "notes-0-author": "1"}
    )

    message.refresh_from_db()
    note = message.notes.get()
    assert "was changed successfully" in page.text
    assert (message.status, message.assignee, message.closed_at) == ("open", erin, None)
    assert (note.text, note.author) == ("Erin knows.", dana)
    assert log() == ["Status: open. Who answers: erin. Added a note."]
    assert_log_names_nobody()


def test_notes_are_shown_and_never_changed(desk, dana):
    message = create_message()
    note = MessageNote.objects.create(message=message, text="Called.\nNobody there.", author=dana)

    page = get_page(desk, address_of(message))
    change(
        desk,
        message,
        **{"notes-INITIAL_FORMS": "1", "notes-0-id": str(note.pk), "notes-0-text": "x", "notes-0-DELETE": "on"},
    )

    assert "Called. Nobody there." in page.text
    note.refresh_from_db()
    assert note.text == "Called.\nNobody there."


@pytest.mark.parametrize("text", ["", "  \n "])
def test_empty_note_is_not_kept(desk, text):
    message = create_message()

    change(desk, message, **{"notes-0-text": text})

    assert not MessageNote.objects.exists()


@pytest.mark.parametrize("text", ["x" * 2_001, "a\0b"])
def test_note_that_cannot_be_kept_stays_in_the_form(desk, text):
    message = create_message()

    page = change(desk, message, status="open", **{"notes-0-text": text})

    assert "Please correct the error" in page.text
    assert text.replace("\0", "") in page.html.replace("\0", "")
    message.refresh_from_db()
    assert message.status == "new"


@pytest.mark.parametrize("status", ["", "nonsense", "\0"])
def test_unknown_status_is_refused(desk, status):
    message = create_message()

    assert "Please correct the error" in change(desk, message, status=status).text
    message.refresh_from_db()
    assert message.status == "new"


@pytest.mark.parametrize(
    ("button", "status", "is_mine"),
    [("_take", "open", True), ("_done", "done", False), ("_spam", "spam", False)],
)
def test_buttons_of_the_form_decide_and_keep_the_note(desk, dana, button, status, is_mine):
    message = create_message()

    change(desk, message, **{button: "1", "notes-0-text": "As discussed."})

    message.refresh_from_db()
    assert message.status == status
    assert (message.closed_at is None) is (status == "open")
    assert (message.assignee == dana) is is_mine
    assert message.notes.get().text == "As discussed."


def test_reopened_message_is_closed_no_more(desk):
    message = create_message(status="done", closed_at=ago(days=5))

    change(desk, message, status="open")

    message.refresh_from_db()
    assert (message.status, message.closed_at) == ("open", None)


def test_closed_message_keeps_since_when(desk):
    message = create_message(status="done", closed_at=ago(days=5))
    before = message.closed_at

    change(desk, message, **{"notes-0-text": "For the record."})

    message.refresh_from_db()
    assert message.closed_at == before


def test_who_may_only_read_decides_nothing(client):
    reader = create_user("reader")
    may = Permission.objects.filter(
        content_type__app_label="contact", codename__in=["view_message", "view_messagenote"]
    )
    reader.user_permissions.set(may)
    client.force_login(reader)
    message = create_message()

    page = get_page(client, address_of(message))
    answer = client.post(address_of(message), {"status": "done"})

    assert "Is J9302 covered?" in page.text
    assert not [box for box in page.all("input") if box.attributes.get("name") in ("_take", "_done", "_save")]
    assert answer.status_code == 403
    assert "action" not in {box.attributes.get("name") for box in get_page(client, MESSAGES).all("option")}
    client.post(MESSAGES, {"action": "mark_done", "_selected_action": [message.pk]})
    message.refresh_from_db()
    assert message.status == "new"


@pytest.mark.parametrize(
    ("has_mails", "said"), [(False, "nobody was told of it and no receipt was sent"), (True, "It was marked as spam.")]
)
def test_spam_says_whether_anybody_was_told_of_it(desk, has_mails, said):
    message = create_message(status="spam")
    if has_mails:
        create_mail(message=message)

    assert said in get_page(desk, address_of(message)).text


# Two editors at once


def test_second_editor_who_decides_otherwise_is_told_once(desk, dana):
    message = create_message()
    erin = create_user("erin", groups=["Desk"])
    opened = typed(desk.get(address_of(message)), "message_form", status="done", **{"notes-0-text": "My note"})
    Message.objects.filter(pk=message.pk).update(status="open", assignee=erin)

    page = send(desk, message, opened)

    message.refresh_from_db()
    assert "Somebody else gave it the status “open” since you opened this page." in page.text
    assert "My note" in page.html
    assert (message.status, message.assignee) == ("open", erin)

    again = typed(desk.post(address_of(message), opened), "message_form")
    send(desk, message, again)

    message.refresh_from_db()
    assert (message.status, message.assignee) == ("done", erin)
    assert message.notes.get().text == "My note"


def test_message_that_somebody_else_took_meanwhile_is_not_taken(desk, dana):
    message = create_message()
    erin = create_user("erin", groups=["Desk"], first_name="Erin", last_name="Roe")
    opened = typed(desk.get(address_of(message)), "message_form", _take="1")
    Message.objects.filter(pk=message.pk).update(status="open", assignee=erin)

    page = send(desk, message, opened)

    message.refresh_from_db()
    assert "Somebody else gave it to Erin Roe since you opened this page." in page.text
    assert message.assignee == erin


def test_note_alone_leaves_what_somebody_else_decided_meanwhile(desk):
    message = create_message()
    erin = create_user("erin", groups=["Desk"])
    opened = typed(desk.get(address_of(message)), "message_form", **{"notes-0-text": "Called."})
    Message.objects.filter(pk=message.pk).update(status="done", closed_at=timezone.now(), assignee=erin)

    send(desk, message, opened)

    message.refresh_from_db()
    assert (message.status, message.assignee) == ("done", erin)
    assert message.notes.get().text == "Called."
    assert log() == ["Added a note."]


@pytest.mark.parametrize("opened", ["", "x", "new", "new/x/y", "\0"])
def test_form_whose_hidden_field_was_changed_changes_nothing_unseen(desk, opened):
    message = create_message(status="open")

    page = change(desk, message, status="done", opened=opened)

    message.refresh_from_db()
    assert "Please correct the error" in page.text
    assert message.status == "open"


def test_form_of_a_message_that_was_deleted_meanwhile_says_so(desk):
    message = create_message()
    opened = typed(desk.get(address_of(message)), "message_form")
    key = message.pk
    message.delete()

    response = desk.post(f"{MESSAGES}{key}/change/", opened, follow=True)

    assert "Perhaps it was deleted?" in response.content.decode()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite queues whole transactions")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_message_that_many_take_at_once_is_given_to_one_of_them(monkeypatch):
    message = create_message()
    editors = [Client() for _ in range(6)]
    for number, editor in enumerate(editors):
        editor.force_login(create_user(f"editor{number}", groups=["Desk"]))
    forms = [typed(editor.get(address_of(message)), "message_form", _take="1") for editor in editors]
    set_status = Message.set_status

    def slowly(*args, **kwargs):
        time.sleep(0.3)
        set_status(*args, **kwargs)

    monkeypatch.setattr(Message, "set_status", slowly)
    start, told = threading.Barrier(len(editors)), []

    def press(number):
        try:
            start.wait()
            if number % 2:
                page = act(editors[number], "take", message)
            else:
                page = send(editors[number], message, forms[number])
            if "yours now" in page.text:
                told.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[number]) for number in range(len(editors))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    message.refresh_from_db()
    assert [f"editor{number}" for number in told] == [message.assignee.get_username()]


# Out of the spam folder


def mails_of(message) -> list[str]:
    return sorted(message.mails.values_list("kind", flat=True))


BOTH = ["message-notice", "message-receipt"]


@pytest.fixture
def inbox(settings):
    settings.CONTACT_INBOX = "team@codesite.example"


def test_message_that_is_no_spam_gets_the_mails_that_were_held_back_once(desk, inbox):
    message = create_message(status="spam")

    page = act(desk, "mark_not_spam", message)

    message.refresh_from_db()
    assert (message.status, message.closed_at) == ("new", None)
    assert "1 message is among the new ones now." in page.text
    assert "2 mails that were held back will be sent now." in page.text
    assert mails_of(message) == BOTH
    assert set(message.mails.values_list("state", flat=True)) == {"queued"}

    act(desk, "mark_spam", message)
    page = act(desk, "mark_not_spam", message)

    assert "held back" not in page.text
    assert mails_of(message) == BOTH


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"_not_spam": "1"}, "new"), ({"status": "open"}, "open"), ({"status": "done"}, "done")],
)
def test_form_that_takes_a_message_out_of_spam_writes_its_mails(desk, inbox, fields, status):
    message = create_message(status="spam")

    page = change(desk, message, **fields)

    message.refresh_from_db()
    assert message.status == status
    assert "2 mails that were held back will be sent now." in page.text
    assert mails_of(message) == BOTH


def test_message_that_was_told_of_before_is_not_told_of_again(desk, inbox):
    message = create_message(status="spam")
    create_mail(message=message, kind="message-receipt", state="sent", sent_at=timezone.now())

    act(desk, "mark_not_spam", message)

    assert mails_of(message) == ["message-receipt"]


def test_message_whose_mails_may_have_been_purged_is_not_told_of_again(desk, inbox):
    message = create_message(status="spam", created_at=ago(days=31), closed_at=ago(days=1))

    act(desk, "mark_not_spam", message)

    assert mails_of(message) == []


def test_not_spam_leaves_other_messages_as_they_are(desk, inbox):
    done, opened = create_message(status="done"), create_message(status="open")

    page = act(desk, "mark_not_spam", done, opened)

    assert "No message was changed." in page.text
    assert sorted(Message.objects.values_list("status", flat=True)) == ["done", "open"]
    assert not OutgoingMail.objects.exists()


def test_reply_is_offered_unless_it_is_spam(desk):
    waiting, junk = create_message(), create_message(status="spam")

    links = get_page(desk, address_of(waiting)).links
    assert [text for address, text in links.items() if address.startswith("mailto:kim@visitor.example?")]
    assert not [address for address in get_page(desk, address_of(junk)).links if address.startswith("mailto:")]


# Deletion, by administrators


@pytest.fixture
def root(client):
    client.force_login(create_user("root", is_superuser=True))
    return client


def test_deleted_message_takes_its_notes_and_mails_with_it(root):
    message, other = create_message(), create_message()
    MessageNote.objects.create(message=message, text="Called.")
    create_mail(message=message, text="Kim Lee asks: is J9302 covered?")
    kept = create_mail(message=other)

    root.post(f"{MESSAGES}{message.pk}/delete/", {"post": "yes"})

    assert list(Message.objects.all()) == [other]
    assert not MessageNote.objects.exists()
    assert list(OutgoingMail.objects.all()) == [kept]
    assert_log_names_nobody()


def test_several_messages_are_deleted_with_their_mails(root):
    messages = [create_message() for _ in range(3)]
    for message in messages:
        create_mail(message=message)

    fields = {"action": "delete_selected", "_selected_action": [each.pk for each in messages[:2]], "post": "yes"}
    root.post(f"{MESSAGES}?status=all", fields)

    assert list(Message.objects.all()) == messages[2:]
    assert list(OutgoingMail.objects.values_list("message", flat=True)) == [messages[2].pk]
    assert LogEntry.objects.count() == 2
    assert_log_names_nobody()


def test_history_of_a_message_says_who_did_what_and_nothing_of_the_visitor(desk):
    message = create_message()
    change(desk, message, _done="1")

    page = get_page(desk, f"{MESSAGES}{message.pk}/history/")

    assert "Status: done." in page.text
    assert "dana" in page.text
    assert "Kim" not in page.text
