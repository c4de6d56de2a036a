"""The page of all changes of policies."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.changes import PolicyState, record_change
from policies.models import Policy
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code, get_cms
from tests.pages import read_page

pytestmark = pytest.mark.django_db

ADDRESS = "/policies/changes/"


def page_at(client, query=""):
    response = client.get(ADDRESS + query)
    assert response.status_code == 200
    return read_page(response)


def listed(page) -> list[str]:
    """The policies of the list in order: the headings after that of the filters."""
    return [element.text for element in page.all("h2") if element.text != "Filters"]


def retire(policy):
    before = PolicyState.of(policy)
    policy.status = "retired"
    policy.save()
    record_change(policy, before)


def test_changes_stand_newest_first_with_day_issuer_and_what_changed(client):
    with time_machine.travel("2026-03-01T12:00:00+00:00"):
        policy = create_policy("Wheelchairs", kind="lcd", number="L33000")
        create_policy("Ofatumumab")
    with time_machine.travel("2026-03-02T12:00:00+00:00"):
        retire(policy)

    page = page_at(client)

    assert listed(page) == ["L33000 Wheelchairs", "Ofatumumab", "L33000 Wheelchairs"]
    assert [element.text for element in page.all("time")] == ["2 March 2026", "1 March 2026", "1 March 2026"]
    assert "L33000 Wheelchairs Retired Local Coverage Determination of Centers for Medicare" in page.text
    assert "Ofatumumab New on this site Payer policy of Example Health" in page.text
    assert f"{policy.get_absolute_url()}#revision-2" in page.links


def test_changes_page_says_whose_days_it_shows(client):
    assert "The days are those on which this site took a change over" in page_at(client).text


def test_changes_page_without_policies_says_so(client):
    assert "No policy has been recorded yet." in page_at(client).text


def test_changes_can_be_narrowed_to_a_plan(client):
    north, south = create_plan("North Health"), create_plan("South Health")
    create_policy("Applied", kind="lcd", number="L1", plans=[north])
    create_policy("Issued", issuer=north)
    create_policy("Foreign", issuer=south)

    assert listed(page_at(client, "?plan=north-health")) == ["Issued", "L1 Applied"]
    assert listed(page_at(client, "?plan=North-Health")) == ["Issued", "L1 Applied"]


@pytest.mark.parametrize("written", ["hcpcs:J9302", "j9302", "J%209302", "HCPCS:j-9302"])
def test_changes_can_be_narrowed_to_a_code(client, written):
    code, other = create_code(), create_code("J9310", "Injection, rituximab, 100 mg")
    policy = create_policy("Ofatumumab", codes=[code])
    create_policy("Rituximab", codes=[other])
    create_policy_code(policy, other)
    retire(policy)

    page = page_at(client, f"?code={written}")

    assert listed(page) == ["Ofatumumab", "Ofatumumab"]
    assert "Retired" in page.text
    assert "1 code: J9302" in page.text
    assert 'value="hcpcs:J9302"' in page.html


def test_changes_can_be_narrowed_to_kinds(client):
    policy = create_policy("Retired one")
    create_policy_code(create_policy("Other"), create_code())
    retire(policy)

    assert listed(page_at(client, "?kind=retired")) == ["Retired one"]
    assert listed(page_at(client, "?kind=retired&kind=codes")) == ["Retired one", "Other"]


def test_filters_can_be_removed_one_by_one(client):
    create_policy("Ofatumumab", codes=[create_code()])

    page = page_at(client, "?plan=example-health&code=J9302&kind=new&page=1")

    assert page.links["/policies/changes/?code=hcpcs:J9302&kind=new"] == "Remove the filter Example Health ×"
    assert "/policies/changes/?plan=example-health&kind=new" in page.links
    assert "/policies/changes/?plan=example-health&code=hcpcs:J9302" in page.links
    assert page.links[ADDRESS].startswith("Clear all")


def feeds(page) -> list[str]:
    return [e.attributes["href"] for e in page.all("link") if e.attributes.get("type") == "application/atom+xml"]


def test_page_links_to_the_feeds_of_what_it_shows(client):
    create_policy("Ofatumumab", codes=[create_code()])

    for query, expected in [
        ("", ["/feeds/policies.atom"]),
        ("?kind=new", ["/feeds/policies.atom"]),
        ("?plan=example-health", ["/feeds/plan/example-health.atom"]),
        ("?plan=example-health&code=J9302", ["/feeds/plan/example-health.atom", "/feeds/code/hcpcs/J9302.atom"]),
    ]:
        page = page_at(client, query)
        assert feeds(page) == expected
        for address in expected:
            assert client.get(address).status_code == 200
            assert address in page.links


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("?plan=nobody", "“nobody” is no health plan with policies on this site; it was ignored."),
        ("?code=J0000", "“J0000” is no code on this site; it was ignored."),
        ("?kind=exploded", "“exploded” is no kind of change; it was ignored."),
        ("?plan=%00x", "“x” is no health plan with policies on this site; it was ignored."),
        ("?code=a%00b", "“ab” is no code on this site; it was ignored."),
        ("?kind=%00", "“” is no kind of change; it was ignored."),
        (f"?code={'9' * 5000}", f"“{'9' * 40}” is no code on this site; it was ignored."),
    ],
)
def test_what_cannot_be_read_is_named_and_ignored(client, query, problem):
    create_policy("Ofatumumab")

    page = page_at(client, query)

    assert problem in page.text
    assert listed(page) == ["Ofatumumab"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "%00", "9" * 400, "1e9", "99"])
def test_any_page_number_shows_some_page(client, page):
    create_policy("Ofatumumab")

    assert listed(page_at(client, f"?page={page}")) == ["Ofatumumab"]


def test_changes_have_pages_that_keep_the_filters(client):
    for number in range(26):
        create_policy(f"Policy {number}")

    first, second = page_at(client, "?kind=new"), page_at(client, "?kind=new&page=2")

    assert len(listed(first)) == 25
    assert first.links["/policies/changes/?kind=new&page=2"] == "Next page →"
    assert listed(second) == ["Policy 0"]
    assert second.links["/policies/changes/?kind=new"]
    assert "26 changes" in first.text


def test_only_the_first_page_without_filters_is_for_search_engines(client):
    create_policy()

    assert "noindex" not in page_at(client).html
    assert "noindex" in page_at(client, "?kind=new").html


def test_texts_of_policies_are_escaped(client):
    create_policy("<script>alert(1)</script>", issuer=create_plan("<b>Bold</b> Health", slug="bold"))

    page = page_at(client)

    assert not page.foreign_scripts
    assert not page.all("b")


def test_page_sets_no_cookie_and_answers_304_until_something_changes(client):
    create_policy()
    response = client.get(ADDRESS)

    assert not response.cookies
    assert client.get(ADDRESS, headers={"If-None-Match": response["ETag"]}).status_code == 304
    retire(Policy.objects.get())
    assert client.get(ADDRESS, headers={"If-None-Match": response["ETag"]}).status_code == 200
    assert client.post(ADDRESS).status_code == 405


def test_page_takes_as_many_queries_for_many_changes_as_for_one(client):
    codes = create_codes({f"K00{number:02}": f"Wheelchair part {number}" for number in range(30)})

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_at(client, "?plan=cms&code=K0000")
        return len(captured)

    policies = [create_policy(f"Policy {n}", kind="lcd", number=f"L{n}", codes=codes[:1]) for n in range(20)]
    retire(policies[0])
    few = queries()
    for policy in policies:
        create_policy_code(policy, codes[1])
        retire(policy)
    get_cms().save()

    # Content version, plans, code, count, keys, revisions, those before them, changes of codes, codes.
    assert queries() <= few <= 10
