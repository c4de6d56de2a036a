"""The two ways to the team, from their own page and from those of codes and policies."""

import pytest

from tests.factories import create_code, create_policy
from tests.pages import read_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def code():
    return create_code("J9302")


def cards(page):
    """The addresses of the two cards, by their titles."""
    titles = ("Send us a message", "Book a meeting")
    return {text: address for address, text in page.links.items() if text in titles}


def test_contact_page_offers_a_message_and_a_meeting(client):
    response = client.get("/contact/")
    page = read_page(response)

    assert page.headings == [
        "Contact us to learn more",
        "Choose your own adventure",
        "Send us a message",
        "Book a meeting",
    ]
    assert cards(page) == {"Send us a message": "/contact/message/", "Book a meeting": "/contact/meeting/"}
    assert not response.cookies
    assert "public" in response["Cache-Control"]


def test_contact_page_is_validated_by_its_etag(client):
    etag = client.get("/contact/")["ETag"]

    assert client.get("/contact/", headers={"If-None-Match": etag}).status_code == 304
    assert client.head("/contact/").status_code == 200
    assert client.post("/contact/").status_code == 405


def test_every_page_leads_to_the_contact_page(client):
    assert read_page(client.get("/")).links["/contact/"] == "Contact"


@pytest.mark.parametrize("written", ["hcpcs:J9302", "j9302", "J 9302"])
def test_code_is_named_and_carried_along(client, code, written):
    page = read_page(client.get("/contact/", {"code": written, "page": "/policies/?q=x"}))

    assert "About HCPCS code J9302 Injection, ofatumumab, 10 mg" in page.text
    assert cards(page) == {
        "Send us a message": "/contact/message/?code=hcpcs:J9302&page=/policies/",
        "Book a meeting": "/contact/meeting/?code=hcpcs:J9302&page=/policies/",
    }


@pytest.mark.parametrize(
    "query",
    ["code=NOPE", "code=%00", "code=%FF&page=%00", "page=//evil.example/", "page=/nothing", "code=%3Cscript%3E"],
)
def test_what_cannot_be_read_of_the_address_is_ignored(client, code, query):
    response = client.get(f"/contact/?{query}")

    assert response.status_code == 200
    assert cards(read_page(response))["Send us a message"] == "/contact/message/"
    assert b"evil" not in response.content


def test_code_page_leads_to_the_team_about_the_code(client, code):
    page = read_page(client.get(code.get_absolute_url()))

    assert page.headings[-4:] == ["Contact us to learn more", "Send us a message", "Book a meeting", "Date of service"]
    assert "Choose your own adventure" in page.text
    assert cards(page) == {
        "Send us a message": "/contact/message/?code=hcpcs:J9302",
        "Book a meeting": "/contact/meeting/?code=hcpcs:J9302",
    }
    jumps = [link.text for link in page.all("a") if link.attributes.get("href") == "#contact-us"]
    assert jumps == ["Contact us to learn more"] * 2


def test_policy_page_leads_to_the_team_about_the_policy_and_its_code(client, code):
    policy = create_policy("Ofatumumab", codes=[code])
    address = policy.get_absolute_url()

    page = read_page(client.get(address))
    assert cards(page)["Send us a message"] == f"/contact/message/?code=hcpcs:J9302&page={address}"
    assert cards(page)["Book a meeting"] == f"/contact/meeting/?code=hcpcs:J9302&page={address}"

    form = read_page(client.get(cards(page)["Send us a message"]))
    assert hidden(form, "page") == address


def test_policy_page_of_several_codes_names_the_policy_alone(client, code):
    policy = create_policy("Ofatumumab", codes=[code, create_code("J9303", "Injection, panitumumab, 10 mg")])

    page = read_page(client.get(policy.get_absolute_url()))

    assert cards(page)["Send us a message"] == f"/contact/message/?page={policy.get_absolute_url()}"


def test_policy_page_without_codes_or_with_a_search_has_cards(client, code):
    for policy, query in ((create_policy("Empty"), {}), (create_policy("One", codes=[code]), {"find": "zzz"})):
        page = read_page(client.get(policy.get_absolute_url(), query))
        assert cards(page)["Send us a message"] == f"/contact/message/?page={policy.get_absolute_url()}"


def hidden(page, name):
    return next(each.attributes["value"] for each in page.all("input") if each.attributes.get("name") == name)
