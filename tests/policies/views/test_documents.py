"""The list of policies: search, filters, rows, pages."""

import datetime
from urllib.parse import quote

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.models import Policy
from tests.factories import create_code, create_plan, create_policy, create_policy_code, get_cms
from tests.pages import read_page

pytestmark = pytest.mark.django_db

MOST_QUERIES = 7


def get_list(client, query: str = ""):
    response = client.get(f"/policies/?{query}")
    assert response.status_code == 200
    return read_page(response)


def titles(page) -> list[str]:
    """The titles of the listed policies, in order."""
    return [text for address, text in page.links.items() if address.startswith("/policy/")]


def row_of(page, title: str) -> str:
    return next(item.text for item in page.all("li") if item.text.startswith(title))


@pytest.fixture
def several_policies():
    """Policies of two plans in several states; Arzerra and the LCD name J9302."""
    code = create_code()
    north = create_plan("North Health")
    contractor = create_plan("Contractor 15", kind="medicare-contractor")
    create_policy("Arzerra (ofatumumab)", issuer=north, plans=[north], codes=[code])
    create_policy("Wheelchairs", kind="lcd", number="L33789", status="active", plans=[contractor], codes=[code])
    create_policy("Beds", kind="ncd", number="280.7", status="active", summary="Hospital beds at home.")
    create_policy("Oxygen", issuer=north, status="proposed")
    create_policy("Canes", kind="article", number="A52459", status="retired", plans=[contractor])
    create_policy("Lenses", issuer=north, status="active", effective=datetime.date(2999, 1, 1))


# Search


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ofatumumab", ["Arzerra (ofatumumab)"]),
        ("ARZERRA Ofatum", ["Arzerra (ofatumumab)"]),
        ("home, beds!", ["Beds"]),
        ("beds arzerra", []),
        ("L33789", ["Wheelchairs"]),
        ("l33789", ["Wheelchairs"]),
        (" l 33789 ", ["Wheelchairs"]),
        ("280.7", ["Beds"]),
        ("%", []),
        ("()", ["Arzerra (ofatumumab)"]),
    ],
)
def test_policies_are_found_by_words_and_numbers(client, several_policies, text, found):
    Policy.objects.filter(title="Arzerra (ofatumumab)").update(summary="()")
    assert titles(get_list(client, f"q={quote(text)}")) == found


def test_policy_with_the_number_stands_before_those_that_mention_it(client):
    create_policy("Article of L33789", kind="article", number="A1")
    create_policy("Wheelchairs", kind="lcd", number="L33789", status="retired")

    assert titles(get_list(client, "q=L33789")) == ["Wheelchairs", "Article of L33789"]


@pytest.mark.parametrize("query", ["q=J9302", "q=j9302", "q=hcpcs:J9302", "code=hcpcs:J9302", "code=j+9302"])
def test_policies_that_name_a_code_are_found_by_it_and_it_is_said(client, several_policies, query):
    page = get_list(client, query)

    assert titles(page) == ["Arzerra (ofatumumab)", "Wheelchairs"]
    assert page.headings[0] == "Policies that name J9302"
    assert "J9302 Injection, ofatumumab, 10 mg" in page.text
    assert any(heading.startswith("2 policies") for heading in page.headings)


def test_policies_that_name_a_code_with_a_dot_are_found(client):
    create_policy("Leukemia", codes=[create_code("C91.1", "Chronic lymphocytic leukemia", system="icd10cm")])

    assert titles(get_list(client, "q=c91.1")) == ["Leukemia"]
    assert titles(get_list(client, "code=icd10cm:C911")) == ["Leukemia"]


def test_code_that_no_policy_names_is_said(client):
    create_code()

    page = get_list(client, "q=J9302")

    assert "No policy on this site names J9302." in page.text


def test_short_word_is_no_modifier(client):
    create_code("AS", "Assistant at surgery", kind="modifier")
    create_policy("Asthma")

    assert titles(get_list(client, "q=as")) == ["Asthma"]


# Filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Arzerra (ofatumumab)", "Beds", "Wheelchairs", "Lenses", "Oxygen", "Canes"]),
        ("plan=contractor-15", ["Wheelchairs", "Canes"]),
        ("plan=north-health", ["Arzerra (ofatumumab)", "Lenses", "Oxygen"]),
        ("plan=North-Health", ["Arzerra (ofatumumab)", "Lenses", "Oxygen"]),
        ("plan=cms&kind=ncd", ["Beds"]),
        ("kind=lcd&kind=article", ["Wheelchairs", "Canes"]),
        ("status=current", ["Beds", "Wheelchairs"]),
        ("status=unknown", ["Arzerra (ofatumumab)"]),
        ("status=proposed&status=future", ["Lenses", "Oxygen"]),
        ("status=retired", ["Canes"]),
        ("has_code=1", ["Arzerra (ofatumumab)", "Wheelchairs"]),
        ("has_code=no", ["Beds", "Lenses", "Oxygen", "Canes"]),
        ("code=hcpcs:J9302&kind=lcd", ["Wheelchairs"]),
        ("q=arzerra&kind=lcd", []),
    ],
)
def test_filters_narrow_the_list(client, several_policies, query, found):
    assert titles(get_list(client, query)) == found


@pytest.mark.parametrize("state", Policy.State.values)
def test_status_filter_agrees_with_the_state_of_each_policy(client, state):
    today = timezone.localdate()
    tomorrow = today + datetime.timedelta(days=1)
    for status in Policy.Status.values:
        for effective in (None, today, tomorrow):
            for retired in (None, today, tomorrow):
                is_possible = not retired or (status != "proposed" and (not effective or effective <= retired))
                if is_possible:
                    title = f"{status} {effective} {retired}"
                    create_policy(title, status=status, effective=effective, retired=retired)

    expected = {policy.title for policy in Policy.objects.all() if policy.state(today) == state}

    assert set(titles(get_list(client, f"status={state}"))) == expected != set()


def test_changed_since_counts_the_day_itself(client):
    code = create_code()
    with time_machine.travel("2026-03-01 12:00Z", tick=False):
        old, new = create_policy("Old"), create_policy("Changed")
    with time_machine.travel("2026-06-15 00:30Z", tick=False):
        create_policy_code(new, code)

    assert old.revisions.count() == 1
    assert titles(get_list(client, "changed_since=2026-03-01")) == ["Changed", "Old"]
    assert titles(get_list(client, "changed_since=2026-06-15")) == ["Changed"]
    assert titles(get_list(client, "changed_since=2026-06-16")) == []


def test_plans_to_choose_from_are_those_with_policies(client, several_policies):
    create_plan("Idle Health")

    page = get_list(client)

    assert [option.text for option in page.all("option")][:4] == [
        *("All plans", "North Health", "Contractor 15", get_cms().name)
    ]


def test_chosen_filters_are_links_that_remove_them(client, several_policies):
    page = get_list(client, "q=e&plan=contractor-15&kind=lcd&kind=article&has_code=1&code=j9302&page=1")

    remove = {text: address for address, text in page.links.items() if text.startswith("Remove the filter")}
    assert [text.removeprefix("Remove the filter ").removesuffix(" ×") for text in remove] == [
        *("Contractor 15", "Local Coverage Determination", "Article", "Names J9302", "Names codes")
    ]
    assert remove["Remove the filter Article ×"] == "/policies/?q=e&plan=contractor-15&kind=lcd&code=j9302&has_code=1"
    assert page.links["/policies/?q=e"] == "Clear all filters"
    assert "1 policy with the chosen filters" in page.headings


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("plan=nobody", "“nobody” is no health plan with policies on this site; it was ignored."),
        ("kind=opinion", "“opinion” is no kind of policy; it was ignored."),
        ("status=gone", "“gone” is no status of a policy; it was ignored."),
        ("code=Q9999", "“Q9999” is no code on this site; it was ignored."),
        ("has_code=maybe", "“maybe” is not known here: write 1 or 0. It was ignored."),
        ("changed_since=soon", "“soon” is no date"),
        ("changed_since=2026-02-30", "“2026-02-30” is no date"),
        ("page=0", "The page must be a number from 1 upward; this is the first."),
        ("q=wheel%00chairs", "The text holds a character that cannot be searched; it was left out."),
    ],
)
def test_what_cannot_be_read_is_named_and_ignored(client, several_policies, query, message):
    page = get_list(client, query)

    assert message in page.text
    assert "Wheelchairs" in titles(page)


@pytest.mark.parametrize(
    "query",
    [
        "plan=%00&kind=%00&status=%00&code=%00&has_code=%00&changed_since=%00&page=%00&q=%00",
        f"plan={'x' * 3000}&code={'9' * 3000}&changed_since={'1' * 3000}&page={'9' * 3000}&q={'a+' * 3000}",
        "changed_since=0001-01-01&page=99999999999999999999",
        "changed_since=9999-12-31",
        "code=:&code=hcpcs:&q=:",
        "q=%F0%9F%92%8A%ED%A0%80&kind[]=lcd",
    ],
)
def test_odd_addresses_do_no_harm(client, several_policies, query):
    get_list(client, query)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["q", "plan", "kind", "status", "code", "has_code", "changed_since", "page"]), st.text())
def test_no_value_of_a_parameter_does_harm(client, name, value):
    get_list(client, f"{name}={quote(value, errors='replace')}")


# Rows and pages


@time_machine.travel(datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC), tick=False)
def test_row_says_what_a_reader_needs_to_choose(client):
    contractors = [
        create_plan(f"{name} {number}", organization=name, kind="medicare-contractor")
        for name in ("Delta", "Alpha", "Charlie", "Bravo", "Echo")
        for number in range(2)
    ]
    day = datetime.date(2026, 1, 23)
    create_policy(
        "Wheelchairs",
        kind="article",
        article_type="billing-and-coding",
        number="A52498",
        status="active",
        plans=contractors,
        codes=[create_code()],
        effective=datetime.date(2023, 5, 16),
        last_reviewed=datetime.date(2025, 8, 7),
        last_verified=day,
    )

    row = row_of(get_list(client), "Wheelchairs")

    for said in (
        *("Active", "Billing and coding article A52498", "1 code", "Issued by Centers for Medicare"),
        "Applies to Alpha; Bravo; Charlie and 2 more",
        *("Effective 16 May 2023", "Last reviewed 7 August 2025", "Not verified since 23 January 2026"),
    ):
        assert said in row


def test_row_says_nothing_that_its_source_does_not(client):
    create_policy("Arzerra")

    row = row_of(get_list(client), "Arzerra")

    assert row == "Arzerra Status not known Payer policy Issued by Example Health Not yet verified"


def test_code_with_several_names_counts_once(client):
    code = create_code("J3490", "Unclassified drugs")
    policy = create_policy("Self-administered drugs", codes=[code])
    create_policy_code(policy, code, label="Kesimpta")

    assert "1 code" in row_of(get_list(client), "Self-administered drugs")


def test_pages_hold_25_policies_in_a_fixed_order(client):
    for number in range(27):
        create_policy(f"Policy {number:02}")

    first, second, beyond = (get_list(client, f"page={number}") for number in (1, 2, 9))

    assert titles(first) == [f"Policy {number:02}" for number in range(25)]
    assert titles(second) == ["Policy 25", "Policy 26"]
    assert first.links["/policies/?page=2"] == "Next page →"
    assert "There is no page 9: the policies end on page 2." in beyond.text
    assert beyond.links["/policies/?page=2"] == "Go to the last page"


def test_empty_site_says_so(client):
    assert "No policy has been loaded yet." in get_list(client).text


@pytest.mark.parametrize(
    ("query", "is_hidden"),
    [("", False), ("q=arzerra", True), ("kind=lcd", True), ("kind=none", True), ("page=2", True)],
)
def test_narrowed_lists_are_kept_out_of_search_engines(client, several_policies, query, is_hidden):
    page = get_list(client, query)

    robots = [meta.attributes["content"] for meta in page.all("meta") if meta.attributes.get("name") == "robots"]
    assert robots == (["noindex"] if is_hidden else [])


def test_text_of_visitors_and_sources_is_escaped(client):
    create_policy("<script>alert(1)</script> beds", number="<b>")

    html = client.get("/policies/?q=%3Cscript%3E").content.decode()

    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; beds" in html


def test_list_is_public_and_conditional(client):
    first = client.get("/policies/")
    assert client.get("/policies/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    create_policy()

    assert client.get("/policies/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert not first.cookies
    assert "public" in first.headers["Cache-Control"]
    assert client.post("/policies/").status_code == 405


@pytest.mark.parametrize("query", ["", "q=policy", "code=hcpcs:J9302&has_code=1&changed_since=2020-01-01&kind=lcd"])
def test_list_takes_as_many_queries_for_25_policies_of_28_plans_as_for_one(client, query):
    def count_queries():
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            page = get_list(client, query)
        return len(captured), len(titles(page))

    code = create_code()
    plans = [create_plan(f"Contractor {number}", organization=f"Company {number % 9}") for number in range(28)]
    create_policy("Policy", kind="lcd", plans=plans[:1], codes=[code])
    few = count_queries()
    for number in range(24):
        create_policy(f"Policy {number}", kind="lcd", plans=plans, codes=[code])

    assert few == (count_queries()[0], 1)
    assert count_queries()[1] == 25
    assert few[0] <= MOST_QUERIES


def test_home_links_policies_once_there_are_some(client):
    assert "/plans/" in read_page(client.get("/")).links
    assert "What health plans and Medicare say" not in read_page(client.get("/")).headings

    create_policy()

    home = read_page(client.get("/"))
    assert "What health plans and Medicare say" in home.headings
    assert "1 policy" in home.text
    assert "1 health plan, Medicare contractors included" in home.text


@pytest.mark.parametrize("text", ["LCD L33789", "lcd l33789", "wheelchairs", "power wheelchairs", "wheelchair"])
def test_policies_are_found_by_kind_and_number_and_in_singular_and_plural(client, text):
    create_policy("Power Wheelchair Bases", kind="lcd", number="L33789")
    create_policy("Hospital Beds", kind="lcd", number="L33820")

    html = client.get("/policies/", {"q": text}).content.decode()

    assert "Power Wheelchair Bases" in html
    assert "Hospital Beds" not in html
