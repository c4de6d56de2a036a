import json
import re

import pytest

from procedures.code_shapes import LICENSED, MODIFIER, OTHER_KINDS
from procedures.decoded_bill import Status
from tests.factories import create_code, create_name, create_release
from tests.pages import read_page

pytestmark = pytest.mark.django_db


def read_developers(client):
    response = client.get("/developers/")
    assert response.status_code == 200
    return read_page(response)


def shown_answers(page) -> list[dict]:
    """The JSON that the page shows, in order."""
    return [json.loads(each.text) for each in page.all("pre") if each.text.startswith("{")]


def example_addresses(page) -> list[str]:
    return [address for address in page.links if re.match(r"/codes/(\?|suggest/\?)", address)]


def documented_keys(page) -> set[str]:
    """The headings of all rows of tables; some rows explain several keys."""
    rows = [each.text for each in page.all("th") if each.attributes.get("scope") == "row"]
    return {key for text in rows for key in text.split(", ")}


def test_examples_work_and_show_what_is_answered(client, several_codes):
    page = read_developers(client)
    addresses, answers = example_addresses(page), shown_answers(page)

    assert addresses == ["/codes/?q=ofatumumab&system=hcpcs&format=json", "/codes/suggest/?q=ofatum"]
    for address, shown in zip(addresses, answers, strict=False):
        assert client.get(address).json() == shown


def test_example_of_a_bill_is_answered_as_shown(client, several_codes):
    page = read_developers(client)
    (asked,) = re.findall("curl .*/codes/decode/ --data format=json --data-urlencode 'text=(.*?)'", page.text)

    assert asked == "J9302 x10 $1,234.56"
    answer = client.post("/codes/decode/", {"text": asked, "format": "json"}).json()
    assert shown_answers(page)[-1] == answer
    assert answer["counts"]["found"] == 1


def test_every_key_of_the_answers_is_documented(client, several_codes):
    page = read_developers(client)
    documented = documented_keys(page)

    for answer in shown_answers(page):
        assert set(answer) <= documented
        (row,) = answer.get("results") or answer.get("suggestions") or answer["lines"]
        for name in [*row, *row.get("match", ())]:
            assert name in page.text
    assert set(answer["lines"][0]["codes"][0]) <= documented


def test_every_status_kind_and_error_of_a_bill_is_documented(client):
    page = read_developers(client)

    assert set(Status) <= documented_keys(page)
    assert all(kind in page.text for kind in {*LICENSED, *OTHER_KINDS, MODIFIER})
    refused = client.post("/codes/decode/", {"format": "json"})
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert set(error) == {"parameter", "message"}
    assert "answers 422 with a list errors of parameter and message" in page.text


def test_every_kind_of_match_is_documented(client, several_codes):
    create_name(create_code("J9999", "Antineoplastic drugs"), "Arzerra")
    documented = documented_keys(read_developers(client))

    for text in ("j9302", "injection", "arzerra", "dripped vein"):
        for result in client.get("/codes/", {"q": text, "format": "json"}).json()["results"]:
            assert result["match"]["kind"] in documented


def test_examples_are_made_of_codes_that_are_there(client):
    create_code("K0001", "Standard wheelchair")

    page = read_developers(client)
    assert example_addresses(page)[0] == "/codes/?q=wheelchair&system=hcpcs&format=json"
    assert [each["code"] for each in shown_answers(page)[0]["results"]] == ["K0001"]


def test_page_stands_on_an_empty_site(client):
    page = read_developers(client)

    for address in example_addresses(page):
        assert client.get(address).status_code == 200
    assert [answer.get("suggestions") for answer in shown_answers(page)] == [None, [], None]


def test_code_without_a_word_makes_an_example(client):
    create_code("K0001", "-")

    assert len(example_addresses(read_developers(client))) == 2


def test_sources_and_licenses_are_named(client):
    create_release(version="2024-10")
    create_release(version="2025-01")
    page = read_developers(client)

    assert (
        "Source: HCPCS Level II release of January 2025, Centers for Medicare & Medicaid Services (CMS)." in page.text
    )
    assert "Source: NCHS, which offers the classification free of charge" in page.text
    assert "Not on this site, and in no answer. CPT codes and descriptions belong to the American Medical" in page.text


def test_page_is_linked_from_every_footer(client):
    assert read_page(client.get("/")).links["/developers/"] == "For developers: search as JSON"
    assert read_page(client.get("/nosuch")).links["/developers/"]


def test_page_has_validators_and_sets_no_cookie(client, several_codes):
    response = client.get("/developers/")

    assert not response.cookies
    again = client.get("/developers/", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert client.post("/developers/").status_code == 405
