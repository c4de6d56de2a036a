"""Two who write one policy at the same time: an open form undoes nothing that was written meanwhile."""

import datetime
import json

import pytest
from django.utils import timezone

from policies.changes import PolicyState, record_change
from policies.models import Policy
from tests.factories import create_code, create_plan, create_policy, create_user
from tests.policies.admin.test_policies import POLICIES, address_of, errors_of
from tests.policies.admin.typed_forms import fields_of, typed

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def policy():
    return create_policy(
        "First title", plans=[create_plan("Plan A")], summary="One.\nTwo.", url="https://example.org/a"
    )


def write(policy: Policy, *, plans=None, references=None, **facts) -> None:
    """What an import or another editor writes."""
    policy = Policy.objects.get(pk=policy.pk)
    before = PolicyState.of(policy)
    for name, value in facts.items():
        setattr(policy, name, value)
    policy.save()
    if plans is not None:
        policy.plans.set(plans)
    if references is not None:
        policy.references.set(references)
    record_change(policy, before)


def test_what_was_not_touched_stays_as_it_was_written_meanwhile(editor, policy):
    page = editor.get(address_of(policy))
    plan, other = create_plan("Plan B"), create_policy("Other")
    day = datetime.date(2026, 3, 1)
    write(policy, title="Second title", status="active", effective=day, plans=[plan], references=[other], number="P-9")
    count = policy.revisions.count()

    assert editor.post(address_of(policy), typed(page, summary="Mine.")).status_code == 302

    policy.refresh_from_db()
    assert (policy.title, policy.status, policy.effective, policy.number) == ("Second title", "active", day, "P-9")
    assert (list(policy.plans.all()), list(policy.references.all())) == ([plan], [other])
    assert policy.summary == "Mine."
    assert policy.slug == "second-title"
    assert policy.revisions.count() == count + 1


def test_open_form_that_nobody_touched_is_no_revision_after_an_import(editor, policy):
    page = editor.get(address_of(policy))
    write(policy, title="Second title", url="https://example.org/b", plans=[])
    count = policy.revisions.count()

    assert editor.post(address_of(policy), typed(page)).status_code == 302

    policy.refresh_from_db()
    assert (policy.title, policy.url, policy.plans.count()) == ("Second title", "https://example.org/b", 0)
    assert policy.revisions.count() == count


@pytest.mark.parametrize(
    ("theirs", "mine", "said"),
    [
        ({"title": "Theirs"}, {"title": "Mine"}, "wrote “Theirs” here"),
        ({"status": "active"}, {"status": "proposed"}, "wrote “active” here"),
        ({"url": ""}, {"url": "https://example.org/c"}, "emptied this"),
        ({"effective": datetime.date(2026, 3, 1)}, {"effective": "2026-04-01"}, "wrote “2026-03-01” here"),
        ({"summary": "Theirs " * 100}, {"summary": "Mine."}, "wrote “Theirs Theirs"),
    ],
)
def test_change_of_both_is_decided_by_saving_again(editor, policy, theirs, mine, said):
    page = editor.get(address_of(policy))
    write(policy, **theirs)

    again = editor.post(address_of(policy), typed(page, **mine))

    [error] = errors_of(again)
    assert error.startswith(f"Somebody else {said}")
    assert error.endswith(" since you opened this page. Save again to keep yours.")
    assert editor.post(address_of(policy), typed(again)).status_code == 302
    [(name, value)] = mine.items()
    assert str(Policy.objects.values_list(name, flat=True).get(pk=policy.pk)) == value


def test_plans_that_both_changed_are_decided_by_saving_again(editor, policy):
    theirs, mine = create_plan("Plan B"), create_plan("Plan C")
    page = editor.get(address_of(policy))
    write(policy, plans=[theirs])

    again = editor.post(address_of(policy), typed(page, plans=[mine.pk]))

    [error] = errors_of(again)
    assert error.startswith("Somebody else wrote “Plan B")
    assert editor.post(address_of(policy), typed(again)).status_code == 302
    assert list(policy.plans.all()) == [mine]


def test_page_that_refuses_shows_what_was_written_meanwhile(editor, policy):
    page = editor.get(address_of(policy))
    write(policy, title="Second title", effective=datetime.date(2026, 3, 1), plans=[])

    again = editor.post(address_of(policy), typed(page, retired="2026-02-01"))

    assert errors_of(again) == ["It cannot have been retired before it took effect."]
    fields = fields_of(again)
    assert (fields["title"], fields["effective"], fields.get("plans")) == (["Second title"], ["2026-03-01"], None)
    assert editor.post(address_of(policy), typed(again, retired="2026-03-02")).status_code == 302


def test_same_change_by_both_is_no_conflict(editor, policy):
    page = editor.get(address_of(policy))
    write(policy, title="Second title")

    assert editor.post(address_of(policy), typed(page, title="Second title")).status_code == 302


def test_two_editors_of_one_policy_do_not_undo_each_other(editor, policy):
    first, second = editor.get(address_of(policy)), editor.get(address_of(policy))

    editor.post(address_of(policy), typed(first, number="P-1"))
    editor.post(address_of(policy), typed(second, status="active"))

    policy.refresh_from_db()
    assert (policy.number, policy.status) == ("P-1", "active")


def test_line_breaks_of_a_browser_are_no_change(editor, policy):
    page = editor.get(address_of(policy))

    editor.post(address_of(policy), typed(page, summary="One.\r\nTwo."))
    policy.refresh_from_db()
    assert (policy.summary, policy.revisions.count()) == ("One.\nTwo.", 1)
    editor.post(address_of(policy), typed(page, summary="One.\r\nThree."))
    policy.refresh_from_db()
    assert policy.summary == "One.\nThree."


@pytest.mark.parametrize(
    "opened",
    [
        *[None, "", "x", "[" * 9000, "[1]", "{}", "a\0b", json.dumps({"title": 1, "plans": "x", "effective": []})],
        json.dumps(
            {"plans": ["x", "9" * 30], "issuer": "9" * 30, "effective": "soon", "url": "https://[", "kind": "x"}
        ),
    ],
)
def test_hidden_field_that_no_page_has_made_does_no_harm(editor, policy, opened):
    page = editor.get(address_of(policy))

    answer = editor.post(address_of(policy), typed(page, opened=opened, number="P-1"))

    assert answer.status_code in (200, 302)
    policy.refresh_from_db()
    assert policy.title == "First title"


def test_new_policy_and_reader_have_no_hidden_field(editor, client, policy):
    assert "opened" not in fields_of(editor.get(f"{POLICIES}add/"))
    client.force_login(create_user("ann", groups=["Author"]))

    assert 'name="opened"' not in client.get(address_of(policy)).content.decode()


# What imports and checks of links keep with a policy


def test_save_leaves_what_others_keep_with_the_policy(editor, policy, monkeypatch):
    page = editor.get(address_of(policy))
    record = PolicyState.of
    today = timezone.localdate()

    def check_links_meanwhile(stored):
        # After the form has read the policy, and not once more after it has written it.
        monkeypatch.setattr(PolicyState, "of", record)
        Policy.objects.filter(pk=policy.pk).update(link_state="dead", link_answer="404", missing_since=today)
        return record(stored)

    monkeypatch.setattr(PolicyState, "of", check_links_meanwhile)

    assert editor.post(address_of(policy), typed(page, title="Second title")).status_code == 302

    policy.refresh_from_db()
    assert (policy.title, policy.link_state, policy.link_answer, policy.missing_since) == (
        "Second title",
        "dead",
        "404",
        today,
    )


def test_result_of_a_link_goes_with_its_address(editor, policy):
    link = {"link_state": "dead", "link_answer": "404", "link_checked_at": timezone.now()}
    Policy.objects.filter(pk=policy.pk).update(**link)

    editor.post(address_of(policy), typed(editor.get(address_of(policy)), title="Second title"))
    policy.refresh_from_db()
    assert policy.link_state == "dead"
    editor.post(address_of(policy), typed(editor.get(address_of(policy)), url="https://example.org/b"))

    policy.refresh_from_db()
    assert (policy.url, policy.link_state, policy.link_answer) == ("https://example.org/b", "", "")
    assert policy.link_checked_at is None


def test_address_that_is_brought_back_is_not_taken_for_checked(editor, policy):
    version = policy.history.latest().pk
    editor.post(address_of(policy), typed(editor.get(address_of(policy)), url="https://example.org/b"))
    Policy.objects.filter(pk=policy.pk).update(link_state="dead", link_answer="404")
    address = f"{POLICIES}{policy.pk}/history/{version}/"

    assert editor.post(address, typed(editor.get(address), "historicalpolicy_form")).status_code == 302

    policy.refresh_from_db()
    assert (policy.url, policy.link_state, policy.link_answer) == ("https://example.org/a", "", "")


def test_row_of_a_code_and_the_facts_are_both_merged(editor):
    policy = create_policy(codes=[create_code("J9302")])
    page = editor.get(address_of(policy))
    policy.policy_codes.update(note="Theirs.")
    write(policy, title="Second title")

    assert editor.post(address_of(policy), typed(page, **{"shown_codes-0-label": "Mine"})).status_code == 302

    policy.refresh_from_db()
    assert policy.title == "Second title"
    assert policy.policy_codes.values_list("note", "label").get() == ("Theirs.", "Mine")
