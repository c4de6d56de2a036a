"""The page of one policy."""

import datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies.models import PolicyCode, PolicyImport, PolicySource
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code
from tests.pages import read_page

pytestmark = pytest.mark.django_db

MOST_QUERIES = 16
NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)


def get_page(client, policy, query: str = ""):
    response = client.get(f"{policy.get_absolute_url()}?{query}")
    assert response.status_code == 200
    return read_page(response)


def named_codes(page) -> list[str]:
    """The codes in the tables of the page, in order."""
    return [head.text for head in page.all("th") if head.attributes.get("scope") == "row"]


def facts(page) -> dict[str, str]:
    terms = [term.text for term in page.all("dt")]
    return dict(zip(terms, [value.text for value in page.all("dd")], strict=True))


# Address


@pytest.mark.parametrize(
    "spelling",
    [
        "/policy/{issuer}/{id}-{slug}/",
        "/policy/{issuer}/{id}",
        "/policy/{issuer}/{id}-another-slug",
        "/policy/other/{id}-{slug}",
        "/policy/{issuer_upper}/{id_upper}-{slug}",
        "/policy/{issuer}/{id}-",
    ],
)
def test_other_spellings_lead_to_the_one_address(client, spelling):
    policy = create_policy("Arzerra")
    address = spelling.format(
        issuer=policy.issuer.slug,
        issuer_upper=policy.issuer.slug.upper(),
        id=policy.public_id,
        id_upper=policy.public_id.upper(),
        slug=policy.slug,
    )

    response = client.get(f"{address}?page=2")

    assert response.status_code == 301
    assert response.headers["Location"] == f"{policy.get_absolute_url()}?page=2"


@pytest.mark.parametrize("spelling", ["00000000", "00000000-arzerra", "arzerra", "0", "%00", "0000000g-a", "é" * 8])
def test_unknown_policy_is_not_found(client, spelling):
    create_policy("Arzerra")

    assert client.get(f"/policy/example-health/{spelling}").status_code == 404


# Facts


@time_machine.travel(NOON, tick=False)
def test_page_shows_the_facts_of_the_policy(client):
    policy = create_policy(
        "Power Mobility Devices",
        kind="lcd",
        number="L33789",
        status="active",
        effective=datetime.date(2023, 5, 16),
        last_reviewed=datetime.date(2025, 8, 7),
        last_verified=datetime.date(2026, 11, 1),
        url="https://documents.example/lcd?id=33789",
    )

    page = get_page(client, policy)

    assert page.headings[0] == "Power Mobility Devices"
    assert "Local Coverage Determination L33789" in page.text
    shown = facts(page)
    assert shown["Effective Date"] == "16 May 2023"
    assert shown["Last Reviewed"] == "7 August 2025"
    assert shown["Original Document"] == "Read it at documents.example"
    assert shown["Last checked with its source"] == "1 November 2026"
    assert "Retired" not in shown
    [link] = [link for link in page.all("a") if link.attributes["href"] == policy.url]
    assert link.attributes["rel"] == "noopener"


def test_page_of_a_policy_without_sources_invents_nothing(client):
    page = get_page(client, create_policy("Arzerra (ofatumumab)", codes=[create_code()]))

    shown = facts(page)
    assert [shown[name] for name in ("Effective Date", "Last Reviewed", "Original Document")] == ["Not stated"] * 3
    assert shown["Last checked with its source"] == "Not yet verified"
    assert "Its source does not say whether it is in force." in page.text
    assert "Summary" not in page.headings
    assert "Related documents" not in page.headings
    assert "rior authorization" not in page.text


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"status": "retired", "retired": datetime.date(2026, 1, 23)},
            "This policy was retired on 23 January 2026. It stays here for reference.",
        ),
        ({"status": "active", "retired": datetime.date(2026, 11, 20)}, "This policy was retired on 20 November 2026."),
        ({"status": "retired"}, "This policy is retired; its source does not say since when."),
        ({"status": "proposed"}, "This policy is proposed."),
        (
            {"status": "active", "effective": datetime.date(2027, 1, 1)},
            "This policy is not yet in effect. It applies from 1 January 2027.",
        ),
        ({"status": "active", "retired": datetime.date(2027, 3, 1)}, "It will be retired on 1 March 2027."),
        ({}, "Its source does not say whether it is in force."),
        (
            {"status": "active", "last_verified": datetime.date(2026, 1, 23)},
            "Not verified since 23 January 2026",
        ),
    ],
)
def test_page_says_whether_the_policy_applies(client, fields, sentence):
    assert sentence in get_page(client, create_policy(**fields)).text


@time_machine.travel(NOON, tick=False)
def test_page_of_a_policy_in_force_has_no_notice(client):
    policy = create_policy(status="active", last_verified=datetime.date(2026, 11, 1))

    html = client.get(policy.get_absolute_url()).content.decode()

    assert "notice" not in html
    assert "stale-mark" not in html


def test_summary_is_rendered_as_clean_html(client):
    policy = create_policy(summary="**Needed:**\n\n- a <script>alert(1)</script> script\n- [bad](javascript:alert(1))")

    html = client.get(policy.get_absolute_url()).content.decode()

    assert "<strong>Needed:</strong>" in html
    assert "<script>" not in html
    assert 'href="javascript:' not in html


# Plans


def test_plans_stand_under_their_organizations_with_their_regions(client):
    plans = [
        create_plan("Delta 12", organization="Delta", region="Maine, Vermont", kind="medicare-contractor"),
        create_plan("Delta 11", organization="Delta", region="Ohio", kind="medicare-contractor"),
        create_plan("Alpha Health"),
    ]

    html = client.get(create_policy(plans=plans).get_absolute_url()).content.decode()
    page = get_page(client, create_policy("Beds", plans=plans))

    items = [item.text for item in page.all("li")]
    assert "Alpha Health" in items
    assert "Delta 12 Maine, Vermont" in items
    assert "Delta Delta 11 Ohio Delta 12 Maine, Vermont" in items
    assert page.links["/plans/delta-11/"] == "Delta 11"
    assert 'class="fold"' not in html


def test_many_plans_are_folded(client):
    plans = [create_plan(f"Contractor {number}", organization=f"Company {number % 7}") for number in range(28)]

    page = get_page(client, create_policy(plans=plans))

    assert "28 plans of 7 organizations" in [summary.text for summary in page.all("summary")]
    assert len([address for address in page.links if address.startswith("/plans/contractor-")]) == 28


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("payer-policy", "Applies to Example Health"),
        ("ncd", "Applies to Medicare in the whole United States: it is a national determination."),
        ("lcd", "Applies to Its source does not say which contractors it applies to."),
    ],
)
def test_policy_without_plans_says_for_whom_it_is(client, kind, sentence):
    assert sentence in get_page(client, create_policy(kind=kind)).text


# Codes


def test_codes_stand_by_system_and_by_what_they_are_listed_for(client):
    policy = create_policy()
    diagnosis = create_code("C91.10", "Chronic lymphocytic leukemia", system="icd10cm")
    create_policy_code(policy, create_code("E11.9", "Diabetes", system="icd10cm"), listed_as="noncovered")
    create_policy_code(policy, diagnosis, listed_as="covered")
    create_policy_code(policy, create_code("J9303", "Injection, panitumumab, 10 mg"))
    create_policy_code(policy, create_code())

    page = get_page(client, policy)

    assert [caption.text for caption in page.all("caption")] == [
        "HCPCS Level II codes Source: Test",
        "ICD-10-CM codes that support medical necessity Source: Test",
        "ICD-10-CM codes that do not support medical necessity Source: Test",
    ]
    assert named_codes(page) == ["J9302", "J9303", "C91.10", "E11.9"]
    assert "C91.10" in [link.text for link in page.all("a") if link.attributes["href"] == diagnosis.get_absolute_url()]
    assert "Chronic lymphocytic leukemia" in page.text
    assert "Codes it names (4)" in page.headings
    assert "That a policy names a code does not mean that the service is covered." in page.text


def test_row_says_what_the_policy_says_of_the_code(client):
    policy = create_policy()
    create_policy_code(
        policy,
        create_code("J3490", "Unclassified drugs"),
        label="Kesimpta",
        note="Only with modifier JA.",
        range="J3490-J3499",
        prior_authorization="auth-needed",
        starts=datetime.date(2025, 1, 1),
        ends=datetime.date(2026, 12, 31),
        source="Table 1",
    )
    create_policy_code(policy, create_code(), prior_authorization="conditional", source="Table 2")

    rows = {row.text.split()[0]: row.text for row in get_page(client, policy).all("tr")}

    assert rows["J3490"] == (
        "J3490 Unclassified drugs Prior authorization needed (auth-needed) Called: Kesimpta Only with modifier JA. "
        "From 1 January 2025 until 31 December 2026 Named as part of the range J3490-J3499 Source: Table 1"
    )
    assert "Prior authorization depends on the case (conditional)" in rows["J9302"]


@pytest.fixture
def long_policy():
    """A policy that names 250 codes, J0000 to J0249, the last of which is called Arzerra."""
    policy = create_policy("Drugs")
    codes = create_codes({f"J{number:04}": f"Medicine {number}" for number in range(250)})
    PolicyCode.objects.bulk_create(
        PolicyCode(policy=policy, code=code, source="Table", label="Arzerra" if code is codes[-1] else "")
        for code in codes
    )
    return policy


def test_codes_come_in_pages_of_200(client, long_policy):
    first, second = get_page(client, long_policy), get_page(client, long_policy, "page=2")

    assert len(named_codes(first)) == 200
    assert named_codes(second) == [f"J{number:04}" for number in range(200, 250)]
    assert first.links[f"{long_policy.get_absolute_url()}?page=2#codes"] == "Next page →"
    assert "Page 2 of 2" in second.text
    for odd in ("page=x", "page=-1", f"page={'9' * 5000}", "page=%00"):
        get_page(client, long_policy, odd)


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("j024", [f"J{number:04}" for number in range(240, 250)]),
        ("J00.07", ["J0007"]),
        ("arzerra", ["J0249"]),
        ("MEDICINE 249", ["J0249"]),
        ("zebra", []),
        (".", []),
        ("%00", None),
    ],
)
def test_codes_of_a_long_policy_can_be_found(client, long_policy, find, found):
    page = get_page(client, long_policy, f"find={find}")

    if found is None:
        assert len(named_codes(page)) == 200
    else:
        assert named_codes(page) == found
        assert ("No code fits" in page.text) == (not found)
        assert page.links[f"{long_policy.get_absolute_url()}#codes"] == "Show all codes"


def test_box_to_find_codes_stands_where_there_are_many(client, long_policy):
    assert "find" in [box.attributes.get("name") for box in get_page(client, long_policy).all("input")]
    short = create_policy("Short", codes=[create_code()])
    assert "find" not in [box.attributes.get("name") for box in get_page(client, short).all("input")]


def test_code_with_several_names_counts_once_and_its_entries_are_counted(client):
    policy = create_policy()
    code = create_code("J3490", "Unclassified drugs")
    PolicyCode.objects.bulk_create(
        PolicyCode(policy=policy, code=code, label=f"Brand {number}", source="Table") for number in range(60)
    )

    page = get_page(client, policy)

    assert "Codes it names (1 in 60 entries)" in page.headings
    assert "find" in [box.attributes.get("name") for box in page.all("input")]
    assert named_codes(get_page(client, policy, "find=brand+59")) == ["J3490"]


def test_policy_without_codes_says_so(client):
    assert "No code of this policy is on this site." in get_page(client, create_policy()).text


# Related documents and changes


def test_related_documents_are_shown_in_both_directions_once(client):
    ncd = create_policy("Mobility", kind="ncd", number="280.3", status="active")
    lcd = create_policy("Wheelchairs", kind="lcd", number="L33789", references=[ncd])
    article = create_policy("Coding", kind="article", number="A52498", status="retired", references=[lcd])
    lcd.references.add(article)

    page = get_page(client, lcd)

    related = [text for address, text in page.links.items() if address.startswith("/policy/") and "#" not in address]
    assert related == ["280.3 Mobility", "A52498 Coding"]
    assert "Active National Coverage Determination" in page.text
    assert "Retired Article" in page.text
    assert lcd.get_absolute_url() in get_page(client, ncd).links


def test_page_shows_what_changed_and_leads_to_its_feed(client):
    policy = create_policy("Arzerra")
    create_policy_code(policy, create_code())

    page = get_page(client, policy)

    assert "What changed" in page.headings
    assert "Codes added (1)" in page.headings
    assert f"/feeds/policy/{policy.public_id}.atom" in page.links


# The page as a whole


def test_canonical_page_alone_is_for_search_engines(client, long_policy):
    def robots(query):
        metas = get_page(client, long_policy, query).all("meta")
        return [meta.attributes["content"] for meta in metas if meta.attributes.get("name") == "robots"]

    assert robots("") == []
    assert robots("page=2") == robots("find=j00") == ["noindex"]
    [canonical] = [
        link.attributes["href"]
        for link in get_page(client, long_policy, "page=2").all("link")
        if link.attributes["rel"] == "canonical"
    ]
    assert canonical == long_policy.get_absolute_url()


def test_page_is_public_and_conditional(client):
    policy = create_policy()
    address = policy.get_absolute_url()
    first = client.get(address)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304

    create_policy_code(policy, create_code())

    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert not first.cookies
    assert client.post(address).status_code == 405


def test_title_and_texts_of_sources_are_escaped(client):
    policy = create_policy("<b>Beds</b>", number="<i>1", url='https://a.example/"><script>')
    create_policy_code(policy, create_code(), label="<u>Name</u>", note="<u>Note</u>", source="<u>Table</u>")

    html = client.get(policy.get_absolute_url()).content.decode()

    assert not [mark for mark in ("<b>", "<i>", "<u>", "<script>") if mark in html]


def test_page_takes_as_many_queries_for_many_of_everything_as_for_one(client):
    def count_queries(policy, query=""):
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            get_page(client, policy, query)
        return len(captured)

    codes = create_codes({f"J{number:04}": "Medicine" for number in range(60)})
    plans = [create_plan(f"Contractor {number}", organization=f"Company {number % 7}") for number in range(28)]
    related = [create_policy(f"Related {number}", kind="article", number=f"A{number}") for number in range(20)]
    few = create_policy("Few", kind="lcd", plans=plans[:1], codes=codes[:1], references=related[:1])
    many = create_policy("Many", kind="lcd", plans=plans, codes=codes, references=related)
    for policy in (few, many):
        create_policy_code(policy, create_code(f"C{policy.pk:04}", "Device"))

    assert count_queries(few) == count_queries(many) <= MOST_QUERIES
    assert count_queries(many, "find=j00") <= MOST_QUERIES


def test_policy_of_today_is_not_stale(client):
    page = get_page(client, create_policy(status="active", last_verified=timezone.localdate()))

    assert "Not verified" not in page.text


@pytest.mark.parametrize("spelling", ["L33789", "l33789"])
def test_policy_page_is_found_by_the_number_of_its_issuer(client, spelling):
    policy = create_policy("Power chairs", kind="lcd", number="L33789")

    response = client.get(f"/policy/cms/{spelling}")

    assert (response.status_code, response.headers["Location"]) == (301, policy.get_absolute_url())


def test_policy_page_is_not_guessed_where_two_have_the_number(client):
    create_policy("Power chairs", kind="lcd", number="1")
    create_policy("Beds", kind="article", number="1")

    assert client.get("/policy/cms/1").status_code == 404
    assert client.get("/policy/cms/%00").status_code == 404


def test_policy_page_says_what_a_list_of_self_administered_drugs_means(client):
    policy = create_policy("A list", kind="article", article_type="self-administered-drugs")

    assert "Medicare Part B usually does not pay" in client.get(policy.get_absolute_url()).content.decode()


def test_policy_page_shows_a_number_that_stands_for_the_title_once(client):
    policy = create_policy("L40025", kind="lcd", number="L40025")

    html = client.get(policy.get_absolute_url()).content.decode()

    assert "<h1>L40025</h1>" in html
    assert "<code>L40025</code>" not in html


def test_policy_page_says_what_it_was_taken_from(client):
    policy = create_policy("Power chairs", kind="lcd", number="L33789")
    loaded_from = PolicyImport.objects.create(
        kind="mcd", source_name="mcd", as_of=datetime.date(2026, 1, 23), is_excerpt=True
    )
    PolicySource.objects.create(policy=policy, kind="mcd", loaded_from=loaded_from, facts={}, codes={})

    html = " ".join(client.get(policy.get_absolute_url()).content.decode().split())

    assert "Medicare Coverage Database, 23 January 2026 (an excerpt: the document may name more codes)" in html
