import datetime

import pytest
from django.contrib.admin.models import ADDITION, DELETION, LogEntry

from procedures.models import Succession
from tests.factories import create_code, create_user

pytestmark = pytest.mark.django_db

SUCCESSIONS = "/admin/procedures/succession/"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def codes():
    return create_code("C9028", "Old code", terminated=datetime.date(2018, 12, 31)), create_code("J9229", "New code")


def shown(client, **query) -> list[str]:
    return sorted(str(row) for row in client.get(SUCCESSIONS, query).context["cl"].result_list)


def test_succession_is_added_as_that_of_an_editor_and_deleted(editor, codes):
    old, new = codes
    data = {"predecessor": old.pk, "successor": new.pk, "source": "icd-addenda"}
    public = old.get_absolute_url()
    before = editor.get(public).headers["ETag"]

    editor.post(f"{SUCCESSIONS}add/", data)

    succession = Succession.objects.get()
    assert succession.source == "editor"
    assert "J9229" in editor.get(public).content.decode()
    assert editor.get(public).headers["ETag"] != before

    editor.post(f"{SUCCESSIONS}{succession.pk}/delete/", {"post": "yes"})
    assert "J9229" not in editor.get(public).content.decode()
    written = Succession.history.values_list("history_type", "history_user__username")
    assert set(written) == {("+", "dana"), ("-", "dana")}


def test_selected_successions_are_deleted(editor, codes):
    row = Succession.objects.create(predecessor=codes[0], successor=codes[1])

    editor.post(SUCCESSIONS, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})

    assert not Succession.objects.exists()
    assert Succession.history.filter(history_type="-").exists()


@pytest.mark.parametrize("second", ["itself", "again"])
def test_succession_that_cannot_be_is_refused(editor, codes, second):
    old, new = codes
    Succession.objects.create(predecessor=old, successor=new)
    successor = old if second == "itself" else new

    response = editor.post(f"{SUCCESSIONS}add/", {"predecessor": old.pk, "successor": successor.pk})

    assert response.status_code == 200
    assert response.context["errors"]
    assert Succession.objects.count() == 1


def test_succession_is_never_changed(editor, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new, source="cms-cross-reference")
    third = create_code("J9230", "A third code")

    response = editor.post(f"{SUCCESSIONS}{row.pk}/change/", {"predecessor": third.pk, "successor": new.pk})

    assert response.status_code == 403
    version = row.history.get().pk
    assert editor.post(f"{SUCCESSIONS}{row.pk}/history/{version}/", {"successor": new.pk}).status_code == 403
    row.refresh_from_db()
    assert row.predecessor == old


def delete(client, row) -> str:
    """Deletes a succession; the address of its first version."""
    version = row.history.last().pk
    client.post(f"{SUCCESSIONS}{row.pk}/delete/", {"post": "yes"})
    assert not Succession.objects.exists()
    return f"{SUCCESSIONS}{row.pk}/history/{version}/"


def test_deleted_succession_is_added_again_from_its_history(editor, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new, source="cms-cross-reference")
    version = delete(editor, row)
    assert version in editor.get(f"{SUCCESSIONS}{row.pk}/history/").content.decode()
    assert 'value="Add again"' in editor.get(version).content.decode()

    # Nothing but what it was, whatever is posted.
    response = editor.post(version, {"predecessor": new.pk, "successor": old.pk}, follow=True)

    assert "C9028 -&gt; J9229 was added again." in response.content.decode()
    again = Succession.objects.get()
    assert (again.pk, str(again), again.source) == (row.pk, "C9028 -> J9229", "cms-cross-reference")
    assert "J9229" in editor.get(old.get_absolute_url()).content.decode()
    assert [(each.history_type, str(each.history_user)) for each in again.history.all()][:2] == [
        ("+", "dana"),
        ("-", "dana"),
    ]
    assert [entry.action_flag for entry in LogEntry.objects.all()] == [ADDITION, DELETION]


def test_succession_that_an_import_deleted_is_added_again_as_that_of_an_editor(editor, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new, source="cms-cross-reference")
    pk, version = row.pk, row.history.get().pk
    row.delete()

    editor.post(f"{SUCCESSIONS}{pk}/history/{version}/")

    # The next import would delete one from CMS again.
    assert Succession.objects.get().source == "editor"


def test_succession_that_is_there_is_not_added_again(editor, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new)
    version = delete(editor, row)
    Succession.objects.create(predecessor=old, successor=new)

    response = editor.post(version, follow=True)

    assert "already exists" in response.content.decode()
    assert Succession.objects.count() == 1


def test_succession_that_is_there_has_no_button_to_add_it_again(editor, codes):
    row = Succession.objects.create(predecessor=codes[0], successor=codes[1])
    version = f"{SUCCESSIONS}{row.pk}/history/{row.history.get().pk}/"

    assert "Add again" not in editor.get(version).content.decode()
    assert editor.post(version).status_code == 403


def test_succession_is_added_again_by_those_who_may_add(client, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new)
    pk, version = row.pk, row.history.get().pk
    row.delete()
    client.force_login(create_user("ann", groups=["Author"]))
    address = f"{SUCCESSIONS}{pk}/history/{version}/"

    assert "Add again" not in client.get(address).content.decode()
    assert client.post(address).status_code == 403
    assert not Succession.objects.exists()


def test_successions_are_found_by_either_code(editor, codes):
    old, new = codes
    Succession.objects.create(predecessor=old, successor=new)
    Succession.objects.create(predecessor=create_code("C9029", "Another"), successor=create_code("J9300", "Code"))

    assert shown(editor, q="c9028") == ["C9028 -> J9229"]
    assert shown(editor, q="J9300") == ["C9029 -> J9300"]
    assert shown(editor, q="no such words") == []
    assert len(shown(editor)) == 2


def test_user_who_may_only_view_changes_nothing(client, codes):
    old, new = codes
    row = Succession.objects.create(predecessor=old, successor=new)
    client.force_login(create_user("ann", groups=["Author"]))

    assert client.get(f"{SUCCESSIONS}{row.pk}/change/").status_code == 200
    assert client.post(f"{SUCCESSIONS}add/", {"predecessor": new.pk, "successor": old.pk}).status_code == 403
    assert client.post(f"{SUCCESSIONS}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Succession.objects.count() == 1
