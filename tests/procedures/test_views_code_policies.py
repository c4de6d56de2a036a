"""What a code's page shows of policies."""

import datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from policies.models import HealthPlan, Policy, PolicyCode
from procedures.models import Succession
from tests.factories import (
    create_code,
    create_draft,
    create_guide,
    create_name,
    create_plan,
    create_policy,
    create_policy_code,
)
from tests.pages import read_page

pytestmark = pytest.mark.django_db

HEADING = "Medical Policies and Guidelines for Injection, ofatumumab, 10 mg"
RELATED = "Related policies from health plans"


def get_code_page(client, code):
    response = client.get(code.get_absolute_url())
    assert response.status_code == 200
    return read_page(response)


def section_of(page) -> str:
    """The text of the section on policies."""
    [section] = [each for each in page.all("section") if each.attributes.get("class") == "related-policies"]
    return section.text


def titles_of(page) -> list[str]:
    """The titles of the policies in the order of their rows."""
    return [each.text for each in page.all("p") if each.attributes.get("class") == "related-title"]


def count_queries(client, code) -> int:
    cache.clear()
    code.refresh_from_db()
    with CaptureQueriesContext(connection) as captured:
        assert client.get(code.get_absolute_url()).status_code == 200
    return len(captured)


# Where it stands


def test_code_page_shows_a_policy_that_names_the_code_without_any_further_fact(client):
    code = create_code()
    policy = create_policy("Arzerra (ofatumumab)", codes=[code])

    page = get_code_page(client, code)

    assert page.headings.index(HEADING) == page.headings.index(RELATED) - 1
    assert page.links[policy.get_absolute_url()] == "Arzerra (ofatumumab)"
    assert page.links["#policies"] == "Medical Policies and Guidelines"
    said = section_of(page)
    assert "Status not known" in said
    assert "Not yet verified" in said
    assert "No original document known" in said
    assert "Effective" not in said


def test_code_page_without_policies_has_no_trace_of_them(client):
    create_policy(codes=[create_code("J0001", "Injection, another")])

    page = get_code_page(client, create_code())

    assert not {HEADING, RELATED} & set(page.headings)
    assert "#policies" not in page.links
    assert "polic" not in page.all("main")[0].text.lower()


def test_policies_stand_between_the_guide_and_the_facts_of_the_code(client):
    code = create_code(indicators={"COV": "C"})
    create_guide(code, purpose="It treats leukemia.")
    create_policy(codes=[code])

    headings = get_code_page(client, code).headings

    order = ["Purpose", "About this guide", HEADING, RELATED, "How Medicare handles it", "Source of the code"]
    assert [heading for heading in headings if heading in order] == order


def test_preview_of_a_guide_shows_the_policies_too(client):
    code = create_code()
    create_policy("Arzerra (ofatumumab)", codes=[code])
    draft = create_draft(code)

    preview = client.get(reverse("procedures:preview", args=[draft.preview_token()]))

    assert titles_of(read_page(preview)) == ["Arzerra (ofatumumab)"]


def test_code_page_links_the_matrix_and_the_feed_of_the_code(client):
    code = create_code()
    create_policy(codes=[code])

    page = get_code_page(client, code)

    assert "/policies/matrix/?code=hcpcs:J9302" in page.links
    assert "/feeds/code/hcpcs/J9302.atom" in page.links
    assert [link.attributes["href"] for link in page.all("link") if link.attributes["rel"] == "alternate"] == [
        "/feeds/code/hcpcs/J9302.atom"
    ]


# A row


@time_machine.travel("2026-11-20T12:00:00+00:00", tick=False)
def test_row_says_number_kind_dates_prior_authorization_source_and_age(client):
    code = create_code()
    policy = create_policy(
        "Ofatumumab",
        number="RX-12",
        status="active",
        effective=datetime.date(2026, 1, 1),
        last_reviewed=datetime.date(2026, 2, 3),
        last_verified=datetime.date(2026, 3, 4),
        url="https://plan.example/rx-12.pdf",
    )
    create_policy_code(policy, code, prior_authorization="conditional", label="Kesimpta", note="age 18 and above")

    page = get_code_page(client, code)
    said = section_of(page)

    assert "Active Payer policy RX-12" in said
    assert "Listed as: Kesimpta, age 18 and above" in said
    assert "Depends on the case conditional" in said
    assert "conditional" in [each.text for each in page.all("code")]
    assert "Effective 1 January 2026" in said
    assert "Last reviewed 3 February 2026" in said
    assert "Not verified since 4 March 2026" in said
    assert page.links["https://plan.example/rx-12.pdf"] == "Original document of Ofatumumab"


def test_row_names_organizations_once_and_folds_the_rest(client):
    code = create_code()
    contracts = [
        create_plan(f"Alpha, contract {n}", organization="Alpha", kind="medicare-contractor") for n in range(28)
    ]
    others = [create_plan(f"Plan {letter}") for letter in "BCDE"]
    create_policy("Document", kind="lcd", plans=[*contracts, *others], codes=[code])

    page = get_code_page(client, code)

    assert titles_of(page) == ["Document"]
    assert "Applies to Alpha (28 contracts), Plan B, Plan C and 2 more" in section_of(page)
    assert "/plans/plan-d/" in page.links


def test_row_says_prior_authorization_for_each_label_where_it_differs(client):
    code = create_code()
    policy = create_policy()
    create_policy_code(policy, code, label="Arzerra", prior_authorization="no-auth")
    create_policy_code(policy, code, label="Kesimpta", prior_authorization="auth-needed")
    create_policy_code(policy, code, label="Older brand", ends=datetime.date(2020, 12, 31))

    said = section_of(get_code_page(client, code))

    assert "No prior authorization needed no-auth (Arzerra)" in said
    assert "Prior authorization needed auth-needed (Kesimpta)" in said
    assert "Not known (Older brand)" in said
    assert "Older brand, until 31 December 2020" in said


def test_row_says_what_a_diagnosis_is_listed_for(client):
    code = create_code("C91.10", "Chronic lymphocytic leukemia", system="icd10cm")
    policy = create_policy(kind="article", number="A50001")
    create_policy_code(policy, code, listed_as="noncovered")

    assert "Listed as: does not support medical necessity" in section_of(get_code_page(client, code))


def test_texts_of_policies_are_shown_as_text(client):
    code = create_code()
    policy = create_policy("<b>Bold</b> & title", number="<i>1</i>")
    create_policy_code(policy, code, label="<script>alert(1)</script>")

    page = get_code_page(client, code)

    assert titles_of(page) == ["<b>Bold</b> & title"]
    assert "<script>alert(1)</script>" in page.text
    assert not page.foreign_scripts


# Order and groups


def test_groups_are_payers_by_name_then_the_documents_of_medicare(client):
    code = create_code()
    create_policy("Article", kind="article", codes=[code])
    create_policy("Local", kind="lcd", codes=[code])
    create_policy("National", kind="ncd", codes=[code])
    create_policy("Of Zeta", issuer=create_plan("Zeta"), codes=[code])
    create_policy("Of alpha", issuer=create_plan("alpha"), codes=[code])

    page = get_code_page(client, code)

    assert titles_of(page) == ["Of alpha", "Of Zeta", "National", "Local", "Article"]
    assert [heading.text for heading in page.all("h4")] == [
        *("alpha", "Zeta", "National Coverage Determinations (NCDs)"),
        *("Local Coverage Determinations (LCDs)", "Medicare articles"),
    ]


def test_rows_of_a_group_are_current_then_undecided_then_retired_each_by_title(client):
    code = create_code()
    for title, fields in {
        "B retired": {"status": "retired"},
        "A retired by date": {"status": "active", "retired": datetime.date(2020, 1, 1)},
        "B active": {"status": "active"},
        "A active": {"status": "active"},
        "C proposed": {"status": "proposed"},
        "B future": {"status": "active", "effective": datetime.date(2999, 1, 1)},
        "A unknown": {},
    }.items():
        create_policy(title, codes=[code], **fields)

    assert titles_of(get_code_page(client, code)) == [
        *("A active", "B active", "A unknown", "B future", "C proposed", "A retired by date", "B retired"),
    ]


def test_answers_to_comments_come_after_all_other_articles(client):
    code = create_code()
    create_policy(
        "A response", kind="article", article_type="response-to-comments", number="A1", status="active", codes=[code]
    )
    create_policy("Z billing", kind="article", article_type="billing-and-coding", number="A2", codes=[code])

    assert titles_of(get_code_page(client, code)) == ["Z billing", "A response"]


def test_documents_that_an_article_names_or_that_name_it_are_reached_through_it(client):
    code = create_code()
    lcd = create_policy("Named by the article", kind="lcd", number="L1")
    ncd = create_policy("National", kind="ncd", number="1.1")
    article = create_policy("Article", kind="article", number="A52498", codes=[code], references=[lcd, ncd])
    create_policy("Names the article", kind="lcd", number="L2", references=[article])
    create_policy("Another article", kind="article", number="A2", references=[article])
    payer = create_policy("Payer", codes=[code])
    create_policy("Of the payer", kind="lcd", number="L3", references=[payer])

    page = get_code_page(client, code)

    assert titles_of(page) == ["Payer", "National", "Named by the article", "Names the article", "Article"]
    assert section_of(page).count("reached through article A52498") == 3


def test_document_that_names_the_code_itself_is_listed_once_and_not_through_its_articles(client):
    code = create_code()
    lcd = create_policy("Local", kind="lcd", number="L33789", codes=[code])
    for number in ("A1", "A2"):
        create_policy(f"Article {number}", kind="article", number=number, codes=[code], references=[lcd])
    article = Policy.objects.get(number="A1")
    lcd.references.add(article)

    page = get_code_page(client, code)

    assert titles_of(page) == ["Local", "Article A1", "Article A2"]
    assert "reached through" not in section_of(page)


def test_articles_of_an_lcd_that_names_the_code_are_reached_through_it_after_those_that_name_it(client):
    code = create_code()
    article = create_policy("A policy article", kind="article", number="A1", status="active")
    create_policy("Z names it", kind="article", number="A2", status="active", codes=[code])
    create_policy("Local", kind="lcd", number="L33789", codes=[code], references=[article])

    page = get_code_page(client, code)

    assert titles_of(page) == ["Local", "Z names it", "A policy article"]
    assert "reached through LCD L33789" in section_of(page)


# Many


def create_many(code, count: int, **fields) -> None:
    """Policies that name the code, made without their revisions to save time."""
    first = create_policy("Policy 000", codes=[code], **fields)
    others = []
    for number in range(1, count):
        policy = Policy(title=f"Policy {number:03}", issuer=first.issuer, kind=first.kind)
        policy.name_for_addresses()
        others.append(policy)
    others = Policy.objects.bulk_create(others)
    PolicyCode.objects.bulk_create(PolicyCode(policy=policy, code=code, source="Test") for policy in others)


def test_page_with_many_policies_shows_25_in_fair_shares_and_links_all(client):
    code = create_code()
    create_many(code, 290)
    create_policy("Only one", issuer=create_plan("Small"), codes=[code])
    create_many(code, 21, kind="article")

    page = get_code_page(client, code)
    titles = titles_of(page)

    assert len(titles) == 25
    assert titles.count("Only one") == 1
    assert titles == [*(f"Policy {n:03}" for n in range(12)), "Only one", *(f"Policy {n:03}" for n in range(12))]
    assert page.links["/policies/?code=hcpcs:J9302"] == "All 312 policies that name J9302"
    assert "The first 12 of 290 are shown" in section_of(page)


def test_page_with_25_policies_shows_all_and_no_link_to_more(client):
    code = create_code()
    create_many(code, 25)

    page = get_code_page(client, code)

    assert len(titles_of(page)) == 25
    assert "/policies/?code=hcpcs:J9302" not in page.links


def test_page_takes_as_many_queries_for_many_policies_as_for_one(client):
    few, many = create_code("J0001", "Injection, few"), create_code("J0002", "Injection, many")
    for code in (few, many):
        create_name(code, "Arzerra")
    create_policy("Few", codes=[few])
    plans = [create_plan(f"Plan {n}", organization=f"Organization {n % 7}") for n in range(30)]
    catch_all = create_code("J3490", "Unclassified drugs", is_noc=True)
    for n in range(40):
        lcd = create_policy(f"Local {n}", kind="lcd", number=f"L{n}", plans=plans)
        article = create_policy(f"Article {n}", kind="article", number=f"A{n}", codes=[many], references=[lcd])
        article.plans.set(plans)
        create_policy_code(create_policy(f"List {n}"), catch_all, label="Arzerra")

    assert count_queries(client, few) == count_queries(client, many)


def test_policies_cost_no_query_on_a_code_without_policies_and_names(client, monkeypatch):
    # These look for names and policies by themselves.
    monkeypatch.setattr("procedures.presenters.find_similar", lambda code, on: [])
    without = create_code("J0001", "Injection, without")
    named = create_code("J0002", "Injection, named")
    create_name(named, "Arzerra")
    both = create_code("J0003", "Injection, both")
    create_name(both, "Arzerra")
    create_policy(codes=[both])

    base = count_queries(client, without)

    assert base <= 9
    assert count_queries(client, named) == base + 1
    assert count_queries(client, both) == base + 6


# Catch-all codes


@pytest.fixture
def catch_all():
    return create_code("J3490", "Unclassified drugs", is_noc=True)


def test_page_of_a_catch_all_code_says_so_and_shows_the_labels(client, catch_all):
    create_policy_code(create_policy("Drug list"), catch_all, label="Kesimpta")

    said = section_of(get_code_page(client, catch_all))

    assert "J3490 is a catch-all code (“not otherwise classified”)" in said
    assert "Listed as: Kesimpta" in said


def test_page_of_any_other_code_says_nothing_of_catch_all_codes(client):
    code = create_code()
    create_policy(codes=[code])

    assert "catch-all" not in section_of(get_code_page(client, code))


def test_policies_that_call_a_catch_all_code_by_a_name_of_the_code_are_folded_after_the_others(client, catch_all):
    code = create_code()
    create_name(code, "Arzerra")
    create_policy("Of its own", codes=[code])
    create_policy_code(create_policy("Drug list", status="active"), catch_all, label="ARZERRA® (ofatumumab)")

    page = get_code_page(client, code)

    assert titles_of(page) == ["Of its own", "Drug list"]
    [summary] = [each.text for each in page.all("summary") if "catch-all" in each.text]
    assert summary == "Listed under a catch-all code (1)"
    assert "Listed under J3490 as ARZERRA® (ofatumumab)" in section_of(page)
    assert catch_all.get_absolute_url() in page.links


def test_catch_all_listings_are_shown_also_where_no_policy_names_the_code(client, catch_all):
    code = create_code()
    create_name(code, "ofatumumab", kind="generic")
    create_policy_code(create_policy("Drug list"), catch_all, label="Ofatumumab SC")

    page = get_code_page(client, code)

    assert titles_of(page) == ["Drug list"]
    assert "No policy on this site names J9302." in section_of(page)
    assert "/policies/matrix/?code=hcpcs:J9302" not in page.links


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("Arzerra", "brand", "Arzerrax"),
        ("Arzerra", "brand", "MyArzerra"),
        ("Rasa", "brand", "Rasa"),
        ("Arzerra", "common", "Arzerra"),
        ("Arzerra", "brand", ""),
        ("a.zerra", "brand", "Arzerra"),
        ("Arz%rra", "brand", "Arzerra"),
    ],
    ids=["beginning", "end", "short", "no brand", "no label", "pattern", "wildcard"],
)
def test_labels_that_hold_no_such_name_as_a_whole_word_are_no_listing(client, catch_all, name, kind, label):
    code = create_code()
    create_name(code, name, kind=kind)
    create_policy_code(create_policy("Drug list"), catch_all, label=label)

    assert "Drug list" not in get_code_page(client, code).text


def test_policy_that_names_the_code_and_a_catch_all_is_listed_once(client, catch_all):
    code = create_code()
    create_name(code, "Arzerra")
    policy = create_policy("Drug list", codes=[code])
    create_policy_code(policy, catch_all, label="Arzerra")

    assert titles_of(get_code_page(client, code)) == ["Drug list"]


def test_label_of_a_code_that_is_no_catch_all_is_no_listing(client):
    code, other = create_code(), create_code("J0001", "Injection, another")
    create_name(code, "Arzerra")
    create_policy_code(create_policy("Drug list"), other, label="Arzerra")

    assert "Drug list" not in get_code_page(client, code).text


def test_catch_all_listings_end_at_fifty_current_ones_first(client, catch_all):
    code = create_code()
    create_name(code, "Arzerra")
    create_policy_code(create_policy("A retired", status="retired"), catch_all, label="Arzerra")
    policy = create_policy("Z active", status="active")
    create_policy_code(policy, catch_all, label="Arzerra")
    others = []
    for n in range(60):
        other = Policy(title=f"List {n:02}", issuer=policy.issuer)
        other.name_for_addresses()
        others.append(other)
    others = Policy.objects.bulk_create(others)
    PolicyCode.objects.bulk_create(
        PolicyCode(policy=other, code=catch_all, label="Arzerra", source="Test") for other in others
    )

    titles = titles_of(get_code_page(client, code))

    assert len(titles) == 50
    assert titles[:2] == ["Z active", "List 00"]
    assert "A retired" not in titles


# Retired codes


def test_retired_code_leads_to_the_policies_of_its_successor(client):
    old = create_code("C9028", "Injection, inotuzumab", terminated=datetime.date(2018, 12, 31))
    new = create_code("J9229", "Injection, inotuzumab ozogamicin")
    Succession.objects.create(predecessor=old, successor=new)
    create_policy("Of the old code", codes=[old])
    create_policy("Besponsa", codes=[new])

    page = get_code_page(client, old)

    assert titles_of(page) == ["Of the old code"]
    assert "Policies of its successor: J9229" in section_of(page)
    assert page.links[f"{new.get_absolute_url()}#policies"] == "J9229"
    assert "successor" not in section_of(get_code_page(client, new))


def test_retired_code_without_policies_leads_to_those_of_its_successor(client):
    old = create_code("C9028", "Injection, inotuzumab", terminated=datetime.date(2018, 12, 31))
    new = create_code("J9229", "Injection, inotuzumab ozogamicin")
    Succession.objects.create(predecessor=old, successor=new)
    assert "#policies" not in get_code_page(client, old).links

    create_policy("Besponsa", codes=[new])

    assert "No policy on this site names C9028." in section_of(get_code_page(client, old))


def test_page_is_fresh_after_a_change_of_a_policy(client):
    code = create_code()
    create_policy("First", codes=[code])
    etag = client.get(code.get_absolute_url()).headers["ETag"]

    create_policy("Second", codes=[code])
    response = client.get(code.get_absolute_url(), headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert "Second" in read_page(response).text


def test_plans_of_a_row_are_read_once_for_all_rows(client):
    code = create_code()
    plan = create_plan("Shared plan")
    for n in range(3):
        create_policy(f"Policy {n}", plans=[plan], codes=[code])

    assert section_of(get_code_page(client, code)).count("Applies to Shared plan") == 3
    assert HealthPlan.objects.count() == 3
