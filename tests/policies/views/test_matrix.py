import csv
import datetime
import io

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code
from tests.pages import read_page

pytestmark = pytest.mark.django_db

MATRIX = "/policies/matrix/"
URL = "https://documents.example/rx-12.pdf"


@pytest.fixture
def ofatumumab():
    """J9302, which a policy of Example Health names."""
    code = create_code()
    policy = create_policy(
        "Ofatumumab",
        number="RX-12",
        status="active",
        effective=datetime.date(2026, 1, 1),
        last_verified=datetime.date(2026, 3, 4),
        url=URL,
    )
    create_policy_code(policy, code, label="Kesimpta", prior_authorization="auth-needed")
    return code


def get_matrix(client, query: str = ""):
    response = client.get(f"{MATRIX}{query}")
    assert response.status_code == 200
    return read_page(response)


def read_csv(client, query: str) -> list[dict[str, str]]:
    response = client.get(f"{MATRIX}{query}&format=csv")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_matrix_without_codes_asks_for_them(client):
    page = get_matrix(client)

    [box] = page.all("textarea")
    assert box.attributes["name"] == "code"
    assert not page.all("table")
    assert "noindex" not in page.html


@time_machine.travel("2026-11-20T12:00:00+00:00", tick=False)
def test_cell_says_authorization_state_date_source_and_age(client, ofatumumab):
    create_policy("Another", url=URL, codes=[ofatumumab])

    page = get_matrix(client, "?code=hcpcs:J9302")
    [cell] = page.all("td")

    assert cell.text == (
        "Prior authorization needed Listed as: Kesimpta RX-12 Ofatumumab Active Effective 1 January 2026 "
        "Original document of Ofatumumab Not verified since 4 March 2026 and 1 more"
    )
    assert page.links[URL] == "Original document of Ofatumumab"
    assert "RX-12 Ofatumumab" in page.links.values()
    assert page.links[f"{ofatumumab.get_absolute_url()}#policies"] == "and 1 more"
    assert page.links["/plans/example-health/"] == "Example Health"


def test_empty_cell_says_that_no_source_was_found_and_nothing_of_coverage(client, ofatumumab):
    create_code("J0001", "Injection, another")

    page = get_matrix(client, "?code=J9302,J0001")

    assert page.all("td")[1].text == "No sourced policy found"
    assert "not covered" not in page.text.lower()


def test_policies_without_an_original_document_are_only_counted(client):
    code = create_code()
    create_policy("Arzerra (ofatumumab)", codes=[code])

    page = get_matrix(client, "?code=J9302")

    assert not page.all("table")
    assert "No policy with an original document names this code on this site." in page.text
    assert "1 policy is left out, because this site knows no original document of it." in page.text


def test_table_is_named_scrollable_and_has_headings_both_ways(client, ofatumumab):
    page = get_matrix(client, "?code=J9302")

    assert [each.text for each in page.all("caption")] == ["Health plans by code"]
    assert [each.attributes["scope"] for each in page.all("th")] == ["col", "col", "row"]
    [region] = [each for each in page.all("div") if each.attributes.get("role") == "region"]
    assert (region.attributes["tabindex"], region.attributes["aria-labelledby"]) == ("0", "matrix-title")


def test_form_keeps_what_was_chosen_without_a_script(client, ofatumumab):
    create_policy("Other", issuer=create_plan("Other"), url=URL, codes=[ofatumumab])

    page = get_matrix(client, "?code=J9302&plan=example-health")

    boxes = [each.attributes for each in page.all("input")]
    assert [each["value"] for each in boxes if each.get("name") == "code"] == ["hcpcs:J9302"]
    assert {each["value"]: "checked" in each for each in boxes if each.get("name") == "plan"} == {
        "example-health": True,
        "other": False,
    }
    assert "/policies/matrix/?code=hcpcs:J9302" in page.links
    assert "noindex" in page.html
    assert not page.foreign_scripts


def test_contracts_of_a_joined_row_can_be_unfolded(client):
    code = create_code()
    contracts = [
        create_plan(f"Palmetto GBA, contract {n}", organization="Palmetto GBA", kind="medicare-contractor")
        for n in range(28)
    ]
    create_policy("Local", kind="lcd", number="L1", url=URL, plans=contracts, codes=[code])

    page = get_matrix(client, "?code=J9302")

    [row] = [each.text for each in page.all("th") if each.attributes["scope"] == "row"]
    assert row.startswith("Palmetto GBA 28 contracts Show the 28 contracts")
    assert page.links["/plans/palmetto-gba-contract-27/"] == "Palmetto GBA, contract 27"


def test_what_cannot_be_read_is_named(client, ofatumumab):
    page = get_matrix(client, "?code=J9302&code=%3Cb%3Enone%00&plan=%00&plan=nosuch&format=nosuch")

    assert "“<b>none” is no code on this site; it was ignored." in page.text
    assert "“nosuch” is no health plan on this site; it was ignored." in page.text
    assert not page.all("b")


# CSV


@time_machine.travel("2026-11-20T12:00:00+00:00", tick=False)
def test_csv_has_a_line_for_each_cell(client, ofatumumab, settings):
    settings.SITE_URL = "https://codes.example"
    create_code("J0001", "Injection, another")

    [line] = read_csv(client, "?code=J9302,J0001")

    assert line["address"].startswith("https://codes.example/policy/example-health/")
    del line["address"]
    assert line == {
        "plan": "Example Health",
        "code": "J9302",
        "code_title": "Injection, ofatumumab, 10 mg",
        "policy_number": "RX-12",
        "title": "Ofatumumab",
        "prior_authorization": "prior authorization needed",
        "state": "active",
        "effective_date": "2026-01-01",
        "last_verified": "2026-03-04",
        "stale": "yes",
        "original_document": URL,
        "da_vinci_pa_needed": "auth-needed",
        "listed_as": "Kesimpta",
        "through": "",
        "more_policies": "0",
        "code_system": "hcpcs",
        "plans": "Example Health",
        "policies_differ": "",
    }


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t="])
def test_csv_has_no_cell_that_a_spreadsheet_takes_for_a_formula(client, sign):
    text = f"{sign}cmd|'/c calc'!A1"
    plan = create_plan(f"{sign}plan", slug="plan")
    policy = create_policy(text, issuer=plan, number=f"{sign}1", url=URL)
    create_policy_code(policy, create_code(), label=text)

    [line] = read_csv(client, "?code=J9302")

    assert (line["title"], line["listed_as"]) == (f"'{text}", f"'{text}")
    assert (line["policy_number"], line["plan"]) == (f"'{sign}1", f"'{sign}plan")


def test_csv_is_a_file_with_the_day_in_its_name(client, ofatumumab):
    with time_machine.travel("2026-11-20T12:00:00+00:00", tick=False):
        response = client.get(f"{MATRIX}?code=J9302&format=csv")

    assert response.headers["Content-Disposition"] == 'attachment; filename="policy-matrix-2026-11-20.csv"'


def test_csv_without_cells_has_its_header_only(client):
    response = client.get(f"{MATRIX}?code=none&format=csv")

    assert response.content.decode().startswith("plan,code,code_title,")
    assert len(response.content.splitlines()) == 1


# Caching and queries


@pytest.mark.parametrize("query", ["", "?code=J9302", "?code=J9302&format=csv"])
def test_matrix_is_public_and_conditional(client, ofatumumab, query):
    first = client.get(f"{MATRIX}{query}")
    again = client.get(f"{MATRIX}{query}", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert not first.cookies
    assert "public" in first.headers["Cache-Control"]
    assert client.post(f"{MATRIX}{query}").status_code == 405


def test_matrix_of_twenty_by_twenty_takes_as_many_queries_as_one_cell(client):
    codes = create_codes({f"J{n:04}": f"Code {n}" for n in range(20)})
    for n in range(20):
        create_policy(f"Policy {n}", issuer=create_plan(f"Plan {n}"), url=URL, codes=codes)

    def count_queries(query: str, cells: int) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            response = client.get(f"{MATRIX}{query}")
        assert len(read_page(response).all("td")) == cells
        return len(captured)

    whole = "?code=" + ",".join(code.code for code in codes)
    chosen = "&plan=" + ",".join(f"plan-{n}" for n in range(20))
    assert count_queries("?code=J0001", 20) == count_queries(whole, 400) <= 9
    assert count_queries("?code=J0001&plan=plan-1", 1) == count_queries(whole + chosen, 400) <= 10
