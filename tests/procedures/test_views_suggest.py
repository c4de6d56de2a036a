import datetime
import json
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import create_code, create_name, get_system

pytestmark = pytest.mark.django_db

OFATUMUMAB = "Injection, ofatumumab, 10 mg"
MOST_QUERIES = 8


def read_answer(client, text: str) -> dict:
    response = client.get(f"/codes/suggest/?{urlencode({'q': text})}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def suggested(client, text: str) -> list[str]:
    return [each["code"] for each in read_answer(client, text)["suggestions"]]


def test_suggestions_have_the_documented_keys(client, several_codes):
    answer = read_answer(client, " ofatum ")

    assert set(answer) == {"query", "suggestions"}
    assert answer["query"] == "ofatum"
    (first,) = answer["suggestions"]
    match = first.pop("match")
    assert first == {
        "system": "hcpcs",
        "label": "HCPCS code",
        "code": "J9302",
        "title": OFATUMUMAB,
        "url": "/code/hcpcs/J9302-injection-ofatumumab-10-mg",
        "status": "active",
    }
    assert match["kind"] == "description"
    assert match["text"] == OFATUMUMAB


def test_suggestions_name_addresses_that_answer(client, several_codes):
    suggestions = read_answer(client, "injection")["suggestions"]

    assert {each["code"] for each in suggestions} == {"J9302", "C9028"}
    for each in suggestions:
        assert client.get(each["url"]).status_code == 200


def test_codes_are_suggested_while_they_are_typed(client, several_codes):
    assert suggested(client, "c84") == ["C84", "C84.02"]
    assert suggested(client, "j93") == ["J9302"]


def test_retired_code_is_suggested_with_its_status(client):
    create_code("C9028", "Injection, inotuzumab", terminated=datetime.date(2018, 12, 31))

    assert [each["status"] for each in read_answer(client, "inotuzumab")["suggestions"]] == ["retired"]


def test_suggestion_tells_by_which_name_it_was_found(client):
    create_name(create_code(), "Arzerra")

    match = read_answer(client, "arzer")["suggestions"][0]["match"]
    assert (match["kind"], match["text"]) == ("name", "Arzerra")


def test_there_are_at_most_eight_suggestions(client, many_codes):
    assert len(suggested(client, "j00")) == 8
    assert len(suggested(client, "invented")) == 8


@pytest.mark.parametrize("text", ["", " ", "j", " j ", "\0", "j\0"])
def test_less_than_two_characters_suggest_nothing(client, several_codes, text):
    assert suggested(client, text) == []


def test_without_text_nothing_is_suggested(client, several_codes):
    assert client.get("/codes/suggest/").json() == {"query": "", "suggestions": []}


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("ofatumumab\0", "ofatumumab"),
        ("\0ofatumumab", "ofatumumab"),
        (f"  ofatumumab{' ' * 300}", "ofatumumab"),
        ("x" * 201, "x" * 200),
    ],
    ids=["ends with NUL", "begins with NUL", "many blanks", "too long"],
)
def test_text_is_cut_and_cleaned_as_for_search(client, several_codes, text, query):
    answer = read_answer(client, text)

    assert answer["query"] == query
    assert [each["code"] for each in answer["suggestions"]] == (["J9302"] if "ofatumumab" in query else [])


@pytest.mark.parametrize(
    "query", ["q=%FF%FE", "q=%ED%A0%80a", "q='\"--", "q=%25%25", "q=((", "q=a*&q=**", "q=%F0%9F%92%89"]
)
def test_hostile_text_is_answered(client, several_codes, query):
    assert client.get(f"/codes/suggest/?{query}").status_code == 200


def test_codes_without_a_license_are_not_suggested(client):
    create_code("H0001", "An invented service", system="icd10pcs")
    system = get_system("icd10pcs")
    system.licence = system.Licence.NOT_LICENSED
    system.save()

    assert suggested(client, "invented") == suggested(client, "h0001") == []


def test_answer_may_be_kept_for_five_minutes_and_sets_no_cookie(client, several_codes):
    response = client.get("/codes/suggest/?q=ofatumumab")

    assert response.headers["Cache-Control"] == "public, max-age=300"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert not response.cookies
    again = client.get("/codes/suggest/?q=ofatumumab", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["Cache-Control"] == "public, max-age=300"


def test_answer_is_a_new_one_after_a_change(client, several_codes):
    former = client.get("/codes/suggest/?q=ofatumumab").headers["ETag"]
    create_code("J9303", "Injection, ofatumumab, 20 mg")

    response = client.get("/codes/suggest/?q=ofatumumab", headers={"If-None-Match": former})
    assert response.status_code == 200
    assert {each["code"] for each in response.json()["suggestions"]} == {"J9302", "J9303"}


def test_suggestions_are_read_with_get_and_head_only(client, several_codes):
    assert client.head("/codes/suggest/?q=ofatumumab").status_code == 200
    for method in (client.post, client.put, client.delete):
        assert method("/codes/suggest/?q=ofatumumab").status_code == 405


def test_suggestions_take_few_queries_whatever_is_found(client, many_codes):
    client.get("/codes/suggest/?q=invented")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/codes/suggest/?q=invented+medicine")

    assert len(queries) <= MOST_QUERIES
    assert not any("django_session" in query["sql"] for query in queries)


def test_titles_are_given_as_they_are(client):
    create_code("J9999", 'Injection, <b>not</b> & "otherwise" classified')

    response = client.get("/codes/suggest/?q=otherwise")
    assert json.loads(response.content)["suggestions"][0]["title"] == 'Injection, <b>not</b> & "otherwise" classified'
