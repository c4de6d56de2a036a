import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from policies.models import PolicyImport, WithheldUpdate
from tests.factories import create_code, create_policy, create_policy_code, create_user
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

UPDATES = "/admin/policies/withheldupdate/"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def create_update(policy, **sides) -> WithheldUpdate:
    imported = PolicyImport.objects.create(kind="csv", source_name="list.csv", as_of=timezone.localdate())
    return WithheldUpdate.objects.create(policy=policy, loaded_from=imported, **sides)


@pytest.fixture
def update():
    policy = create_policy("Ours", number="P-1")
    create_policy_code(policy, create_code("J9302"), label="Arzerra")
    return create_update(policy, facts={"title": "Theirs"}, codes={"hcpcs:J9302|named|Arzerra": None})


def decide(client, update, act: str, page=None):
    """Presses a button on the page of an update, as it is or was shown, and returns the page that answers."""
    page = page or get_page(client, f"{UPDATES}{update.pk}/change/")
    seen = {box.attributes["value"] for box in page.all("input") if box.attributes.get("name") == "seen"}
    assert len(seen) == 1
    return client.post(f"{UPDATES}{update.pk}/{act}/", {"seen": seen.pop()}, follow=True)


def test_update_shows_what_stands_here_and_what_its_source_says(editor, update):
    assert rows_of(editor, UPDATES) == ["P-1 Ours"]
    page = get_page(editor, f"{UPDATES}{update.pk}/change/")

    cells = [cell.text for cell in page.all("td")]
    assert cells[-4:] == ["Ours", "Theirs", "named", "none"]
    assert "list.csv" in page.text


def test_update_is_taken_over_as_a_revision(editor, update):
    page = decide(editor, update, "take")

    policy = update.policy
    policy.refresh_from_db()
    assert "Took over what its source says." in page.content.decode()
    assert policy.title == "Theirs"
    assert not policy.policy_codes.exists()
    assert policy.revisions.newest_first().first().facts["title"] == "Theirs"
    assert policy.history.latest().history_user.username == "dana"
    assert LogEntry.objects.get().get_change_message() == "Took over what its source says."
    assert not WithheldUpdate.objects.exists()


def test_what_stands_here_is_kept(editor, update):
    decide(editor, update, "keep")

    policy = update.policy
    policy.refresh_from_db()
    assert policy.title == "Ours"
    assert policy.revisions.count() == 2
    assert not WithheldUpdate.objects.exists()


def test_update_that_contradicts_the_policy_changes_nothing_and_says_why(editor):
    policy = create_policy("Ours", retired=timezone.localdate())
    update = create_update(policy, facts={"status": "proposed"})

    page = decide(editor, update, "take")

    assert "Nothing was changed. A proposed policy cannot be retired." in page.content.decode()
    assert WithheldUpdate.objects.exists()


@pytest.mark.parametrize("act", ["take", "keep"])
def test_update_that_an_import_replaced_meanwhile_is_shown_again(editor, update, act):
    page = get_page(editor, f"{UPDATES}{update.pk}/change/")
    update.facts = {"title": "Theirs, newer"}
    update.save()

    again = decide(editor, update, act, page)

    assert "Nothing was changed. A newer import has replaced this update" in again.content.decode()
    assert "Theirs, newer" in again.content.decode()
    assert WithheldUpdate.objects.exists()
    assert update.policy.revisions.count() == 2
    decide(editor, update, act)
    assert not WithheldUpdate.objects.exists()


@pytest.mark.parametrize("act", ["take", "keep"])
@pytest.mark.parametrize("seen", [{}, {"seen": ""}, {"seen": "\0"}, {"seen": "x" * 5000}])
def test_update_is_not_decided_by_somebody_who_did_not_see_it(editor, update, act, seen):
    assert editor.post(f"{UPDATES}{update.pk}/{act}/", seen).status_code == 302

    assert WithheldUpdate.objects.exists()


@pytest.mark.parametrize("act", ["take", "keep"])
def test_update_that_was_decided_meanwhile_says_so(editor, update, act):
    update.delete()

    page = editor.post(f"{UPDATES}{update.pk or 1}/{act}/", follow=True)

    assert "Somebody else has decided on this update already" in page.content.decode()


@pytest.mark.parametrize("act", ["take", "keep"])
def test_update_is_decided_by_post_and_by_those_who_may_change_policies(client, editor, update, act):
    assert editor.get(f"{UPDATES}{update.pk}/{act}/").status_code == 405
    client.force_login(create_user("ann", groups=["Reviewer"]))
    assert client.post(f"{UPDATES}{update.pk}/{act}/").status_code == 403
    assert WithheldUpdate.objects.exists()
