"""Policies on the desk: the list and its filters, the form and what it records, deletion, and history."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from policies.admin import policies as admin_policies
from policies.models import Policy, PolicyCode, PolicyImport, WithheldUpdate
from procedures.models import ContentVersion
from tests.factories import (
    create_code,
    create_codes,
    create_plan,
    create_policy,
    create_policy_code,
    create_user,
    get_cms,
)
from tests.policies.admin.typed_forms import typed
from tests.procedures.admin.desk import found, get_page, rows_of

pytestmark = pytest.mark.django_db

POLICIES = "/admin/policies/policy/"
# What is said before a policy is deleted.
BACK = "The next import of its source brings it back as a new policy. Retire it instead"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def address_of(policy) -> str:
    return f"{POLICIES}{policy.pk}/change/"


def change(client, policy, **fields):
    return client.post(address_of(policy), typed(client.get(address_of(policy)), **fields))


def add(client, **fields):
    return client.post(f"{POLICIES}add/", typed(client.get(f"{POLICIES}add/"), **fields))


def errors_of(response) -> list[str]:
    assert response.status_code == 200
    assert response.context["errors"]
    return [str(error) for group in response.context["errors"] for error in group]


def titles(client, **query) -> set[str]:
    return {policy.title for policy in client.get(POLICIES, query).context["cl"].result_list}


# The form


def test_policy_is_added_with_address_codes_revision_and_history(editor):
    code, plan = create_code("J9302"), create_plan()
    fields = {"new_codes-0-code": code.pk, "new_codes-0-source": "Table 1", "new_codes-0-note": "After 65."}

    assert add(editor, title="Ofatumumab (Arzerra)", issuer=plan.pk, plans=[plan.pk], **fields).status_code == 302

    policy = Policy.objects.get()
    assert len(policy.public_id) == 8
    assert policy.slug.startswith("ofatumumab")
    assert [(row.code, row.note, row.source) for row in policy.policy_codes.all()] == [(code, "After 65.", "Table 1")]
    revision = policy.revisions.get()
    assert (revision.kind, revision.codes_added) == ("new", 1)
    assert revision.facts["plans"] == [plan.slug]
    code.refresh_from_db()
    assert code.has_policy
    assert policy.history.latest().history_user.username == "dana"
    assert PolicyCode.history.get().history_user.username == "dana"
    assert editor.get(policy.get_absolute_url()).status_code == 200


def test_two_policies_with_one_title_have_two_addresses(editor):
    plan = create_plan()

    for _ in range(2):
        assert add(editor, title="Ofatumumab", issuer=plan.pk).status_code == 302

    assert len(set(Policy.objects.values_list("public_id", flat=True))) == 2


def test_change_of_a_policy_is_a_revision_and_its_address_stays(editor):
    policy = create_policy("Ofatumumab")
    before = ContentVersion.objects.get().number

    assert change(editor, policy, title="Ofatumumab, second edition", status="active").status_code == 302

    old_id = policy.public_id
    policy.refresh_from_db()
    assert policy.public_id == old_id
    assert policy.slug == "ofatumumab-second-edition"
    revision = policy.revisions.newest_first().first()
    assert (revision.number, revision.kind) == (2, "revised")
    assert revision.facts["title"] == "Ofatumumab, second edition"
    assert ContentVersion.objects.get().number > before


def test_saving_what_has_not_changed_is_no_revision(editor):
    policy = create_policy(codes=[create_code()])

    change(editor, policy)

    assert policy.revisions.count() == 1


def test_verification_is_no_revision_but_renews_pages(editor):
    policy = create_policy()
    before = ContentVersion.objects.get().number

    change(editor, policy, last_verified="2026-01-31")

    policy.refresh_from_db()
    assert policy.last_verified == datetime.date(2026, 1, 31)
    assert policy.revisions.count() == 1
    assert ContentVersion.objects.get().number > before


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"title": " "}, "This field is required."),
        ({"title": "x" * 501}, "Ensure this value has at most 500 characters (it has 501)."),
        ({"effective": "2026-02-01", "retired": "2026-01-31"}, "It cannot have been retired before it took effect."),
        ({"status": "proposed", "retired": "2026-01-31"}, "A proposed policy cannot be retired."),
        ({"article_type": "faq"}, "Only an article has a type of article."),
        ({"number": "P-1"}, "Its issuer has another policy of this kind with this number."),
        ({"url": "ftp://example.org/a.pdf"}, "Write an address that begins with https:// or http://."),
        ({"url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"effective": "31.02.2026"}, "Enter a valid date."),
        ({"summary": "x" * 20_001}, "Ensure this value has at most 20000 characters (it has 20001)."),
        ({"summary": "a\0b"}, "Null characters are not allowed."),
        ({"kind": "none"}, "Select a valid choice. none is not one of the available choices."),
        ({"issuer": "x"}, "Select a valid choice. That choice is not one of the available choices."),
        ({"issuer": "9" * 30}, "Select a valid choice. That choice is not one of the available choices."),
        ({"plans": ["9" * 30]}, f"“{'9' * 30}” is not a valid value."),
        ({"plans": ["x"]}, "“x” is not a valid value."),
        ({"references": ["987654321"]}, "Select a valid choice. 987654321 is not one of the available choices."),
        ({"references": ["itself"]}, "A document does not name itself here."),
        ({"add_codes": "J9302", "add_source": ""}, "Say where in the document these codes stand."),
    ],
)
def test_policy_that_cannot_be_says_why_and_keeps_what_was_typed(editor, fields, problem):
    create_code()
    create_policy("First", number="P-1")
    policy = create_policy("Second", number="P-2")
    fields = {name: [policy.pk] if value == ["itself"] else value for name, value in fields.items()}

    page = change(editor, policy, **{"summary": "Typed with care.", **fields})

    assert problem in errors_of(page)
    policy.refresh_from_db()
    assert (policy.title, policy.summary) == ("Second", "")
    if "summary" not in fields:
        assert "Typed with care." in page.content.decode()


def test_address_without_scheme_is_taken_for_https(editor):
    policy = create_policy()

    change(editor, policy, url="example.org/policy.pdf")

    policy.refresh_from_db()
    assert policy.url == "https://example.org/policy.pdf"


@pytest.mark.parametrize("query", ["?issuer=x", f"?issuer={'9' * 30}", "?plans=x,1", "?codes=1", "?kind=none"])
def test_form_of_a_new_policy_opens_whatever_its_address_says(editor, query):
    assert editor.get(f"{POLICIES}add/{query}").status_code == 200


def test_update_that_waits_and_missing_policies_are_told_on_the_form(editor):
    policy = create_policy(missing_since=datetime.date(2026, 3, 1))
    imported = PolicyImport.objects.create(kind="csv", source_name="list.csv", as_of=timezone.localdate())
    update = WithheldUpdate.objects.create(policy=policy, loaded_from=imported, facts={"title": "Other"})

    page = get_page(editor, address_of(policy))

    assert page.links[f"/admin/policies/withheldupdate/{update.pk}/change/"] == "Compare and decide"
    assert "The export of 1 March 2026 no longer lists this policy." in page.text
    assert f"/admin/policies/policyrevision/?policy__id__exact={policy.pk}" in page.links
    assert "View on site" in page.links.values()


def test_missing_policy_is_told_no_more_once_it_is_retired(editor):
    policy = create_policy(missing_since=datetime.date(2026, 3, 1))

    change(editor, policy, status="retired", retired="2026-03-01")

    assert "no longer lists this policy" not in get_page(editor, address_of(policy)).text


# The list


def test_policies_are_found_by_code_number_and_words(editor):
    code = create_code("J9302")
    create_policy("Ofatumumab", codes=[code])
    create_policy("Wheelchairs", kind="lcd", number="L33789")
    create_policy("Knee braces", number="J93")

    assert titles(editor, q="J9302") == {"Ofatumumab"}
    assert titles(editor, q="j93") == {"Ofatumumab", "Knee braces"}
    assert titles(editor, q="l33789") == {"Wheelchairs"}
    assert titles(editor, q="knee example") == {"Knee braces"}
    assert titles(editor, q="no such words") == set()


def test_policies_are_filtered_by_what_is_to_be_done(editor):
    today = timezone.localdate()
    complete = {"url": "https://example.org/a", "last_verified": today, "codes": [create_code()]}
    create_policy("Complete", **complete)
    create_policy("Stale", **complete | {"last_verified": today - datetime.timedelta(days=181)})
    create_policy("Dead", **complete, link_state="dead")
    create_policy("No address", **complete | {"url": ""})
    create_policy("No code", **complete | {"codes": []})
    create_policy("Missing", **complete, missing_since=today)

    assert {name: titles(editor, health=name) for name in ("stale", "dead", "no-address", "no-code", "missing")} == {
        "stale": {"Stale"},
        "dead": {"Dead"},
        "no-address": {"No address"},
        "no-code": {"No code"},
        "missing": {"Missing"},
    }
    assert len(titles(editor, health="whatever")) == 6


def test_policies_are_filtered_by_issuer_kind_status_and_kind_of_plan(editor):
    medicaid = create_plan("Example Medicaid", kind="medicaid")
    payer = create_plan("Example Health")
    create_policy("Theirs", issuer=medicaid, status="active")
    create_policy("Applied", issuer=payer, plans=[medicaid])
    create_policy("Other", issuer=payer)
    create_policy("Determination", kind="lcd")

    assert titles(editor, plan_kind="medicaid") == {"Theirs", "Applied"}
    assert titles(editor, issuer__id__exact=medicaid.pk) == {"Theirs"}
    assert titles(editor, kind="lcd") == {"Determination"}
    assert titles(editor, status="active") == {"Theirs"}
    filters = editor.get(POLICIES).context["cl"].filter_specs
    issuers = next(each for each in filters if each.title == "issuer")
    assert {name for _, name in issuers.lookup_choices} == {"Example Medicaid", "Example Health", get_cms().name}


@pytest.mark.parametrize(
    "query",
    ["issuer__id__exact=" + "9" * 30, "plan_kind=x", "q=%00", "q=" + "a%20" * 500, "kind=x", "p=" + "9" * 30],
)
def test_list_answers_whatever_its_address_says(editor, query):
    create_policy()

    assert editor.get(f"{POLICIES}?{query}").status_code in (200, 302)


def test_list_needs_the_same_queries_for_any_number_of_policies(editor, django_assert_max_num_queries):
    codes = [create_code(f"J{number:04}") for number in range(3)]
    for number in range(60):
        create_policy(f"Policy {number}", number=f"P-{number}", codes=codes)

    with django_assert_max_num_queries(12):
        page = editor.get(POLICIES)

    assert {policy.codes_counted for policy in page.context["cl"].result_list} == {3}
    with django_assert_max_num_queries(14):
        editor.get(POLICIES, {"q": "policy", "health": "stale"})


def test_autocomplete_finds_policies_and_plans(editor):
    create_policy("Ofatumumab", number="P-1")
    where = {"app_label": "policies", "model_name": "policy", "field_name": "references"}

    for term, expected in (("p-1", ["P-1 Ofatumumab"]), ("ofatu", ["P-1 Ofatumumab"]), ("\0", ["P-1 Ofatumumab"])):
        results = editor.get("/admin/autocomplete/", {**where, "term": term}).json()["results"]
        assert [each["text"] for each in results] == expected
    plans = editor.get("/admin/autocomplete/", {**where, "field_name": "plans", "term": "\0example"}).json()["results"]
    assert [each["text"] for each in plans] == ["Example Health"]


# Verified today


def test_selected_policies_are_marked_as_verified_today(editor):
    policies = [create_policy(title, plans=[get_cms()]) for title in ("One", "Two", "Three")]
    before = ContentVersion.objects.get().number

    chosen = {"action": "mark_verified", "_selected_action": [policy.pk for policy in policies[:2]]}
    page = editor.post(POLICIES, chosen, follow=True)

    assert "2 policies were marked as verified today." in page.content.decode()
    today = timezone.localdate()
    assert set(Policy.objects.values_list("title", "last_verified")) == {
        ("One", today),
        ("Two", today),
        ("Three", None),
    }
    version = policies[0].history.latest()
    assert (version.history_user.username, version.last_verified) == ("dana", today)
    assert [each.healthplan for each in version.plans.all()] == [get_cms()]
    assert policies[0].revisions.count() == 1
    assert LogEntry.objects.filter(object_id=str(policies[0].pk), change_message="Marked as verified.").exists()
    assert ContentVersion.objects.get().number > before


def test_any_number_of_policies_is_verified_in_the_same_queries(editor, django_assert_max_num_queries):
    plans = [get_cms(), create_plan()]
    one = create_policy("One", plans=plans)
    others = [create_policy(f"Policy {number}", plans=plans, references=[one]) for number in range(40)]
    queries = []
    for policies in (others[:2], others):
        chosen = {"action": "mark_verified", "_selected_action": [policy.pk for policy in policies]}
        with django_assert_max_num_queries(30) as counted:
            editor.post(POLICIES, chosen)
        queries.append(len(counted))

    assert queries[0] == queries[1]
    version = others[-1].history.latest()
    assert (version.history_type, version.history_change_reason) == ("~", "Marked as verified.")
    assert {each.healthplan for each in version.plans.all()} == set(plans)
    assert [each.to_policy for each in version.references.all()] == [one]
    assert not one.history.latest().references.exists()


def test_policies_are_verified_only_so_many_at_once(editor, monkeypatch):
    monkeypatch.setattr(admin_policies, "MOST_AT_ONCE", 1)
    policies = [create_policy("One"), create_policy("Two")]

    chosen = {"action": "mark_verified", "_selected_action": [policy.pk for policy in policies]}
    page = editor.post(POLICIES, chosen, follow=True)

    assert "Choose at most 1 policies at once." in page.content.decode()
    assert not Policy.objects.filter(last_verified__isnull=False).exists()


def test_user_who_may_only_view_marks_nothing_as_verified(client):
    policy = create_policy()
    client.force_login(create_user("ann", groups=["Author"]))

    client.post(POLICIES, {"action": "mark_verified", "_selected_action": [policy.pk]})

    policy.refresh_from_db()
    assert policy.last_verified is None


# Deletion


def test_policy_is_deleted_by_a_superuser_alone_and_its_codes_follow(client, admin_client):
    code, other = create_code("J9302"), create_code("J9303")
    policy = create_policy("Ofatumumab", codes=[code, other])
    create_policy("Other", codes=[other])
    client.force_login(create_user("dana", groups=["Data"]))

    assert client.post(f"{POLICIES}{policy.pk}/delete/", {"post": "yes"}).status_code == 403
    client.force_login(create_user("root", is_superuser=True))
    page = get_page(client, f"{POLICIES}{policy.pk}/delete/")
    assert "Ofatumumab" in page.text
    assert BACK in page.text
    assert client.post(f"{POLICIES}{policy.pk}/delete/", {"post": "yes"}).status_code == 302

    code.refresh_from_db()
    other.refresh_from_db()
    assert (code.has_policy, other.has_policy) == (False, True)
    assert found(client, "J9302") == ["J9302"]
    assert Policy.history.filter(history_type="-", history_user__username="root").exists()


def test_selected_policies_are_deleted_and_their_codes_follow(admin_client):
    code = create_code()
    policy = create_policy(codes=[code])

    values = {"action": "delete_selected", "_selected_action": [policy.pk]}
    assert BACK in " ".join(admin_client.post(POLICIES, values).content.decode().split())
    values["post"] = "yes"
    assert admin_client.post(POLICIES, values).status_code == 302

    code.refresh_from_db()
    assert not code.has_policy
    assert not Policy.objects.exists()


# History


def test_history_of_a_policy_shows_changes_of_its_codes(editor):
    policy = create_policy()
    named = create_policy_code(policy, create_code("J9302"), label="Arzerra")
    page = editor.get(address_of(policy))
    editor.post(address_of(policy), typed(page, **{"shown_codes-0-prior_authorization": "auth-needed"}))
    named.refresh_from_db()
    named.delete()

    page = get_page(editor, f"{POLICIES}{policy.pk}/history/")

    assert "Changes of its codes" in page.headings
    assert "Prior authorization: not known → prior authorization needed" in page.text
    assert [cell.text for cell in page.all("th")].count("J9302 Arzerra") == 3
    assert {"Added", "Changed", "Deleted"} <= {cell.text for cell in page.all("td")}
    assert editor.get(f"{POLICIES}{policy.pk}/history/?codes_page={'9' * 5000}").status_code == 200


def test_history_needs_the_same_queries_for_any_number_of_codes(editor, django_assert_max_num_queries):
    policy = create_policy(codes=create_codes({f"J{number:04}": "Drug" for number in range(60)}))
    for row in policy.policy_codes.all():
        row.note = "Changed."
        row.save()

    with django_assert_max_num_queries(20):
        editor.get(f"{POLICIES}{policy.pk}/history/")


def test_history_shows_what_changed_in_the_same_queries_for_any_number_of_versions(
    editor, django_assert_max_num_queries
):
    plan, other = create_plan("Plan A"), create_plan("Plan B")
    policy = create_policy(plans=[plan])
    policy.plans.add(other)
    policy.references.add(create_policy("Knee braces", number="P-9"))
    plan.delete()
    for number in range(30):
        policy.title = f"Title {number}"
        policy.save()

    with django_assert_max_num_queries(22):
        page = get_page(editor, f"{POLICIES}{policy.pk}/history/")

    assert "Title: Title 3 → Title 4" in page.text
    assert "Applies to: one that was deleted → Plan B, one that was deleted" in page.text
    assert "References: nothing → P-9 Knee braces" in page.text


def test_former_version_of_a_policy_is_brought_back_as_a_revision(editor):
    payer, other = create_plan("Example Health"), create_plan("Other Health")
    add(editor, title="Ofatumumab", issuer=payer.pk, plans=[payer.pk, other.pk])
    policy = Policy.objects.get()
    version = policy.history.latest().pk
    change(editor, policy, title="Something else", plans=[payer.pk])
    address = f"{POLICIES}{policy.pk}/history/{version}/"

    page = editor.get(address)
    assert editor.post(address, typed(page, "historicalpolicy_form")).status_code == 302

    policy.refresh_from_db()
    assert (policy.title, policy.slug) == ("Ofatumumab", "ofatumumab")
    assert set(policy.plans.all()) == {payer, other}
    assert [each.facts["title"] for each in policy.revisions.newest_first()] == [
        "Ofatumumab",
        "Something else",
        "Ofatumumab",
    ]


def test_policy_that_was_deleted_is_not_brought_back(admin_client):
    policy = create_policy()
    version, pk = policy.history.latest().pk, policy.pk
    policy.delete()
    create_policy()

    assert admin_client.get(f"{POLICIES}{pk}/history/{version}/").status_code == 200
    assert admin_client.post(f"{POLICIES}{pk}/history/{version}/", {"title": "X"}).status_code == 403
    assert admin_client.get(f"{POLICIES}{pk}/history/").status_code == 200


def test_user_who_may_only_view_changes_nothing(client):
    policy = create_policy(codes=[create_code("J9302")], references=[create_policy("Other")])
    client.force_login(create_user("ann", groups=["Author"]))

    page = get_page(client, address_of(policy))
    assert "J9302" in page.text
    assert [each for each in page.all("input") if "shown_codes-0" in (each.attributes.get("name") or "")] == []
    assert "Add a list of codes" not in page.text
    assert client.post(address_of(policy), {"title": "X"}).status_code == 403
    version = policy.history.latest().pk
    assert client.post(f"{POLICIES}{policy.pk}/history/{version}/", {"title": "X"}).status_code == 403
    assert rows_of(client, POLICIES) == ["Ofatumumab", "Other"]
