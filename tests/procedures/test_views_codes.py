import datetime
import json
from urllib.parse import quote, urlencode

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures.search import reindex
from tests.factories import create_code, create_name

pytestmark = pytest.mark.django_db

OFATUMUMAB = "Injection, ofatumumab, 10 mg"
MOST_QUERIES = 10


def get_json(client, query: str = "", **parameters) -> dict:
    response = client.get(f"/codes/?format=json&{query}{urlencode(parameters, doseq=True)}")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def wrong_parameters(answer: dict) -> list[str]:
    return [error["parameter"] for error in answer["errors"]]


# The JSON answer


def test_codes_json_answers_with_the_documented_keys(client, several_codes):
    answer = get_json(client, q="injection")

    keys = {"query", "total", "total_is_capped", "results", "facets", "did_you_mean", "corrected", "errors"}
    assert set(answer) == keys
    assert answer["query"] == "injection"
    assert answer["total"] == 2
    assert answer["total_is_capped"] is False
    assert answer["did_you_mean"] is None
    assert answer["errors"] == []
    assert answer["results"][0] == {
        "system": "hcpcs",
        "code": "J9302",
        "title": OFATUMUMAB,
        "url": "/code/hcpcs/J9302-injection-ofatumumab-10-mg",
        "status": "active",
        "match": {"kind": "description", "label": "In its description", "text": OFATUMUMAB},
    }
    assert [set(result) for result in answer["results"]] == [set(answer["results"][0])] * 2
    assert answer["facets"] == {
        "system": [{"value": "hcpcs", "count": 2, "capped": False}],
        "status": [
            {"value": "active", "count": 1, "capped": False},
            {"value": "retired", "count": 1, "capped": False},
        ],
        "has_guide": [],
        "has_policy": [],
    }


def test_codes_json_shows_codes_as_they_are_displayed_with_their_status(client, several_codes):
    shown = {result["code"]: result["status"] for result in get_json(client)["results"]}

    assert shown == {"J9302": "active", "C9028": "retired", "C84": "header", "C84.02": "active"}


def test_codes_json_names_addresses_that_answer(client, several_codes):
    for result in get_json(client)["results"]:
        assert client.get(result["url"]).status_code == 200


def test_codes_json_tells_what_matched(client, several_codes):
    code = create_code("J9999", "Not otherwise classified, antineoplastic drugs")
    create_name(code, "Arzerra")

    def match(text):
        return get_json(client, q=text)["results"][0]["match"]

    assert match("arzerra") == {"kind": "name", "label": "Brand name", "text": "Arzerra"}
    assert match("c8402") == {"kind": "code", "label": "Code", "text": "C84.02"}
    assert get_json(client, q="dripped vein")["results"][0]["match"]["kind"] == "guide"


def test_codes_json_answers_for_the_right_spelling(client, several_codes):
    answer = get_json(client, q="ofatumumap")
    assert (answer["corrected"], answer["did_you_mean"], answer["total"]) == ("ofatumumab", None, 1)

    answer = get_json(client, q="ofatumumap", verbatim="1")
    assert (answer["corrected"], answer["did_you_mean"], answer["total"]) == (None, "ofatumumab", 0)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("system=icd10cm", ["C84", "C84.02"]),
        ("system=icd10cm&system=hcpcs", ["C84", "C84.02", "C9028", "J9302"]),
        ("status=retired", ["C9028"]),
        ("status=active&status=header", ["C84", "C84.02", "J9302"]),
        ("has_guide=1", ["C84.02"]),
        ("has_guide=true", ["C84.02"]),
        ("has_guide=0&system=icd10cm", ["C84"]),
        ("has_policy=1", []),
        ("has_policy=", ["C84", "C84.02", "C9028", "J9302"]),
        ("q=injection&status=retired", ["C9028"]),
        ("q=j9302&status=retired", []),
    ],
)
def test_codes_json_narrows_to_the_filters(client, several_codes, query, found):
    answer = get_json(client, query)

    assert sorted(result["code"] for result in answer["results"]) == found
    assert answer["total"] == len(found)
    assert answer["errors"] == []


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("system=nosuch", "system"),
        ("system=cpt4", "system"),
        ("system=%00", "system"),
        ("status=dead", "status"),
        ("status=ACTIVE%27%20OR%201", "status"),
        ("has_guide=maybe", "has_guide"),
        ("has_guide=2", "has_guide"),
        ("has_policy=%F0%9F%92%89", "has_policy"),
        ("page=abc", "page"),
        ("page=-1", "page"),
        ("page=0", "page"),
        ("page=1.5", "page"),
        ("page=%00", "page"),
        ("page=" + "9" * 5000, "page"),
        ("q=ofatumumab%00&system=hcpcs&system=icd10cm", "q"),
    ],
)
def test_codes_json_ignores_what_it_cannot_read_and_names_it(client, several_codes, query, wrong):
    answer = get_json(client, query)

    assert wrong_parameters(answer) == [wrong]
    assert all(error["message"] for error in answer["errors"])
    assert answer["total"] == (1 if "q=" in query else 4)


def test_codes_json_keeps_the_good_value_beside_a_bad_one(client, several_codes):
    answer = get_json(client, "system=nosuch&system=icd10cm&status=header")

    assert [result["code"] for result in answer["results"]] == ["C84"]
    assert wrong_parameters(answer) == ["system"]


def test_codes_json_ignores_parameters_that_it_does_not_know(client, several_codes):
    assert get_json(client, "color=red&facets=all&sort=-code&limit=1000000")["total"] == 4


def test_codes_json_searches_the_beginning_of_a_long_text_and_says_so(client, several_codes):
    answer = get_json(client, q="ofatumumab " + "x " * 5000)

    assert wrong_parameters(answer) == ["q"]
    assert answer["query"].startswith("ofatumumab x x")
    assert len(answer["query"]) < 1000


# Pages


def test_codes_json_pages_hold_every_result_once(client, many_codes):
    pages = [[result["code"] for result in get_json(client, q="invented", page=page)["results"]] for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [20, 20, 5]
    assert sorted(code for page in pages for code in page) == [f"J{number:04}" for number in range(45)]


@pytest.mark.parametrize("page", ["4", "1000", str(10**30)])
def test_codes_json_past_the_end_is_empty_with_the_right_total(client, many_codes, page):
    answer = get_json(client, q="invented", page=page)

    assert answer["results"] == []
    assert answer["total"] == 45
    assert answer["facets"]["system"] == [{"value": "hcpcs", "count": 45, "capped": False}]


# Hostile addresses


@pytest.mark.parametrize("answer_format", ["json", "html"])
@pytest.mark.parametrize(
    "query",
    [
        *(
            "q=%22",
            "q=*",
            "q=NEAR(",
            "q=%25",
            "q=\\",
            "q='",
            "q=%00",
            "q=a%00b",
            "q=%ED%A0%80",
            "q=%FF",
            "q=%",
            "q=%zz",
        ),
        *(
            "q=" + quote(text)
            for text in ("💉", "مرحبا", "\u202eabc", "\ufeff", "日本語", "<script>", "a\r\nb: c", "' OR 1=1")
        ),
        *("q=" + "a" * 10_000, "q=" + "a+" * 5_000, "q=" + "%22" * 500, "q=" + "1." * 2000, "q=J9302" + "%20" * 900),
        *("page=-1", f"page={10**30}", "page=abc", "page=%D9%A3", "page=", "page=1&page=2", "page[]=1"),
        *(
            "system=%FF",
            "system=%ED%A0%80&status=%00",
            "has_guide=%ED%A0%80",
            "=",
            "&&&",
            "%00=%00",
            "q[]=a",
            "q=a;b=c",
        ),
        *("format=xml", "format=", "format=JSON", "plan=nosuch"),
    ],
)
def test_codes_answers_hostile_addresses(client, several_codes, query, answer_format):
    response = client.get(f"/codes/?{query}&format={answer_format}")

    assert response.status_code == 200
    assert not response.cookies


def test_codes_refuses_an_address_with_too_many_parameters(client):
    assert client.get("/codes/?" + "&".join(["system=nosuch"] * 1001)).status_code == 400


PARAMETERS = ["q", "page", "system", "status", "has_guide", "has_policy", "plan", "format", "colour"]
VALUES = st.text(max_size=40).map(lambda text: quote(text, errors="surrogatepass")) | st.binary(max_size=40).map(quote)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(PARAMETERS), VALUES), max_size=4), st.sampled_from(["json", ""]))
def test_codes_answers_any_address(client, parameters, answer_format):
    query = "&".join(f"{name}={value}" for name, value in parameters)

    response = client.get(f"/codes/?format={answer_format}&{query}")

    assert response.status_code == 200
    if response.headers["Content-Type"] == "application/json":
        assert json.loads(response.content)["total"] == 0


# Cost and caching


@pytest.mark.parametrize("answer_format", ["json", "html"])
def test_codes_takes_as_many_queries_for_one_row_as_for_twenty(client, many_codes, answer_format):
    def count_queries(text):
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as captured:
            response = client.get("/codes/", {"q": text, "format": answer_format})
        assert response.status_code == 200
        return len(captured)

    assert count_queries("invented 7") == count_queries("invented") <= MOST_QUERIES
    assert count_queries("j0007") == count_queries("j00") <= MOST_QUERIES


@pytest.mark.parametrize("answer_format", ["json", "html"])
def test_codes_is_public_and_conditional(client, several_codes, answer_format):
    address = f"/codes/?q=ofatumumab&format={answer_format}"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert not again.content
    assert not first.cookies
    assert "Cookie" not in first.headers.get("Vary", "")
    assert "public" in first.headers["Cache-Control"]
    assert client.get(address + "&page=2").headers["ETag"] != first.headers["ETag"]


def test_codes_answers_afresh_after_an_edit_and_on_the_next_day(client):
    with time_machine.travel("2025-03-01T12:00:00+00:00", tick=False):
        code = create_code("J9302", OFATUMUMAB, terminated=datetime.date(2025, 3, 1))
        etag = client.get("/codes/?format=json").headers["ETag"]
        code.long_description = "Reworded"
        code.save()
        reindex([code.pk])
        edited = client.get("/codes/?format=json", headers={"If-None-Match": etag})
        assert edited.status_code == 200
    with time_machine.travel("2025-03-02T12:00:00+00:00", tick=False):
        tomorrow = client.get("/codes/?format=json", headers={"If-None-Match": edited.headers["ETag"]})
        assert tomorrow.status_code == 200
        assert tomorrow.json()["results"][0]["status"] == "retired"


def test_codes_answers_head_and_refuses_post(client, several_codes):
    head = client.head("/codes/?q=ofatumumab")

    assert head.status_code == 200
    assert not head.content
    assert client.post("/codes/?q=ofatumumab").status_code == 405
    assert client.get("/codes").headers["Location"] == "/codes/"
