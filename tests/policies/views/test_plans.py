"""The list of health plans and the page of one."""

import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import create_code, create_plan, create_policy, get_cms
from tests.pages import read_page

pytestmark = pytest.mark.django_db

TOMORROW = datetime.date(2999, 1, 1)


def get_page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response)


def test_plans_with_policies_stand_by_kind_and_organization(client):
    contractors = [
        create_plan(f"{name} {number}", organization=name, kind="medicare-contractor", region=region)
        for name, number, region in (("Delta", 2, "Ohio"), ("Alpha", 1, "Maine"), ("Delta", 1, "Utah"))
    ]
    create_policy(kind="lcd", plans=contractors)
    create_policy("Beds", issuer=create_plan("North Health"))
    create_policy("Canes", issuer=create_plan("Odd Plan", kind=""))
    create_plan("Idle Health")

    page = get_page(client, "/plans/")

    assert page.headings == [
        *("Health plans", "Commercial plans (1)", "Medicare contractors (3)"),
        *("Federal programs and agencies (1)", "Other plans (1)"),
    ]
    assert "Delta Delta 1 Utah Delta 2 Ohio" in [item.text for item in page.all("li")]
    assert page.links["/plans/north-health/"] == "North Health"
    assert "/plans/idle-health/" not in page.links
    assert "6 health plans" in page.text


def test_plans_of_an_empty_site_say_so(client):
    assert "No policy has been loaded yet." in get_page(client, "/plans/").text


def test_plan_shows_its_facts(client):
    plan = create_plan(
        "Delta 15",
        kind="medicare-contractor",
        organization="Delta Administrators",
        contractor_number="15004",
        region="Kentucky, Ohio",
        website="https://delta.example/providers",
        verify_every_days=90,
    )

    page = get_page(client, plan.get_absolute_url())

    assert page.headings[0] == "Delta 15"
    for said in ("Medicare contractor", "Delta Administrators", "15004", "Kentucky, Ohio", "90 days"):
        assert said in page.text
    assert page.links["https://delta.example/providers"] == "delta.example"
    assert "No policies on this site" in page.headings


def test_plan_shows_no_fact_that_it_lacks(client):
    page = get_page(client, create_plan("North Health", kind="").get_absolute_url())

    assert [term.text for term in page.all("dt")] == ["Its policies count as not verified after"]


def test_plan_counts_its_policies_by_kind_and_state_and_links_them(client):
    plan = create_plan("Delta 15", kind="medicare-contractor")
    create_policy("Beds", kind="lcd", status="active", plans=[plan])
    create_policy("Canes", kind="lcd", status="retired", plans=[plan])
    create_policy("Oxygen", kind="article", plans=[plan])
    create_policy("Elsewhere", kind="lcd")

    page = get_page(client, plan.get_absolute_url())

    assert "3 policies on this site" in page.headings
    assert page.links["/policies/?plan=delta-15&kind=lcd"] == "Local Coverage Determinations (LCD): 2"
    assert page.links["/policies/?plan=delta-15&kind=lcd&status=retired"].startswith("1 retired")
    assert page.links["/policies/?plan=delta-15&kind=article&status=unknown"].startswith("1 status not known")
    for address in [address for address in page.links if address.startswith("/policies/?plan")]:
        assert client.get(address).status_code == 200


def test_plan_lists_the_policies_that_apply_now(client):
    plan = create_plan("North Health")
    create_policy("Beds", issuer=plan, status="active")
    create_policy("Arzerra", issuer=plan)
    create_policy("Canes", issuer=plan, status="retired")
    create_policy("Lenses", issuer=plan, status="active", effective=TOMORROW)

    html = client.get("/plans/north-health/").content.decode()
    listed = html.partition('id="policies-title"')[2].partition("</ol>")[0]

    assert [title for title in ("Arzerra", "Beds", "Canes", "Lenses") if title in listed] == ["Arzerra", "Beds"]
    assert listed.index("Arzerra") < listed.index("Beds")


def test_plan_with_many_policies_links_all_of_them(client):
    plan = create_plan("North Health")
    for number in range(26):
        create_policy(f"Policy {number:02}", issuer=plan)

    page = get_page(client, "/plans/north-health/")

    assert "The first 25 by title" in page.text
    assert page.links["/policies/?plan=north-health"] == "show all 26 policies"


def test_plan_shows_what_changed_last_and_leads_to_its_feed(client):
    plan = create_plan("North Health")
    create_policy("Beds", issuer=plan, codes=[create_code()])
    create_policy("Elsewhere")

    page = get_page(client, "/plans/north-health/")

    assert "New on this site; 1 code: J9302" in page.text
    assert "Elsewhere" not in page.text
    assert page.links["/policies/changes/?plan=north-health"] == "All changes of these policies"
    assert "/feeds/plan/north-health.atom" in page.links


def test_other_case_leads_to_the_plan_and_unknown_is_not_found(client):
    response = client.get("/plans/CMS/")

    assert (response.status_code, response.headers["Location"]) == (301, "/plans/cms/")
    assert client.get("/plans/nobody/").status_code == 404


@pytest.mark.parametrize("address", ["/plans/", "/plans/cms/"])
def test_pages_of_plans_are_public_and_conditional(client, address):
    first = client.get(address)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    create_policy()

    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert not first.cookies
    assert client.post(address).status_code == 405


def test_pages_of_plans_take_as_many_queries_for_many_as_for_one(client):
    def count_queries():
        counts = []
        for address in ("/plans/", "/plans/contractor-0/"):
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                get_page(client, address)
            counts.append(len(captured))
        return counts

    plans = [create_plan(f"Contractor {number}", organization=f"Company {number % 9}") for number in range(28)]
    code = create_code()
    create_policy("Policy", kind="lcd", plans=plans[:1], codes=[code])
    few = count_queries()
    for number in range(30):
        create_policy(f"Policy {number}", kind="lcd", plans=plans, codes=[code])

    assert count_queries() == few
    assert few[0] <= 2
    assert few[1] <= 12


def test_cms_is_a_plan_with_its_national_policies(client):
    create_policy("Beds", kind="ncd", number="280.7", status="active")

    assert "National Coverage Determinations (NCD): 1" in get_page(client, get_cms().get_absolute_url()).text
