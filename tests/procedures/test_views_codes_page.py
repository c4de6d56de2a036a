"""The results as a page; test_views_codes.py has what the page and the JSON answer share."""

from urllib.parse import urlencode

import pytest

from tests.pages import read_page

pytestmark = pytest.mark.django_db


def get_page(client, **parameters):
    response = client.get(f"/codes/?{urlencode(parameters)}")
    assert response.status_code == 200
    return read_page(response)


def test_codes_page_lists_results_with_system_and_status(client, several_codes):
    page = get_page(client, q="injection")

    assert page.links["/code/hcpcs/J9302-injection-ofatumumab-10-mg"] == "J9302 Injection, ofatumumab, 10 mg"
    assert "2 results for “injection”" in page.headings
    assert "HCPCS code" in page.text
    assert "Retired, last day 31 December 2018" in page.text


def test_codes_page_shows_filters_with_counts_and_keeps_the_chosen_ones(client, several_codes):
    page = get_page(client, q="injection", status="retired")

    boxes = {
        (box.attributes["name"], box.attributes["value"]): box for box in page.all("input") if "value" in box.attributes
    }
    assert "checked" in boxes["status", "retired"].attributes
    assert "checked" not in boxes["status", "active"].attributes
    assert {"In use (1)", "Retired (1)", "HCPCS code (1)"} <= {label.text for label in page.all("label")}
    [remove] = [link.attributes["href"] for link in page.all("a") if link.text.startswith("Remove the filter Retired")]
    assert "2 results for “injection”" in read_page(client.get(remove)).headings


def test_codes_page_links_the_next_and_previous_page(client, many_codes):
    def link(page, relation):
        return next((a.attributes["href"] for a in page.all("a") if a.attributes.get("rel") == relation), None)

    first = get_page(client, q="invented", has_policy="0")
    second = read_page(client.get(link(first, "next")))

    assert link(first, "prev") is None
    assert "Page 2 of 2" in second.text
    assert link(second, "next") is None
    assert "40 results" in second.text
    assert read_page(client.get(link(second, "prev"))).text == first.text


def test_codes_page_past_the_end_leads_back_to_the_last_page(client, many_codes):
    page = get_page(client, q="invented", page=10**30)

    [address] = [address for address, text in page.links.items() if text == "Go to the last page"]
    assert "Page 3 of 3" in read_page(client.get(address)).text


def test_codes_page_shows_results_for_the_right_spelling_and_says_so(client, several_codes):
    page = get_page(client, q="ofatumumap")

    assert "1 result for “ofatumumab”" in page.headings
    assert "Showing results for ofatumumab" in page.text
    assert page.links["/codes/?q=ofatumumab"] == "ofatumumab"

    verbatim = get_page(client, q="ofatumumap", verbatim="1")
    assert page.links["/codes/?q=ofatumumap&verbatim=1"] == "Search instead for ofatumumap"
    assert "No results for “ofatumumap”" in verbatim.headings
    assert verbatim.links["/codes/?q=ofatumumab"] == "ofatumumab"


def test_codes_page_names_what_it_ignored(client, several_codes):
    page = get_page(client, system="nosuch", page="abc")

    assert "nosuch" in page.text
    assert "page must be a number" in page.text


def test_codes_page_shows_the_text_as_text(client, several_codes):
    page = get_page(client, q='<b id="x">"\'&amp;')

    assert not [element for element in page.elements if element.attributes.get("id") == "x"]
    assert [box.attributes["value"] for box in page.all("input") if box.attributes.get("id") == "search"] == [
        '<b id="x">"\'&amp;'
    ]
