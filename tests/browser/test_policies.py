"""Policies and health plans in a browser: accessible in both color schemes, usable without script."""

import datetime

import pytest
from playwright.sync_api import expect

from policies.models import PolicyCode
from tests.browser.accessibility import find_violations
from tests.factories import create_code, create_plan, create_policy, create_policy_code


@pytest.fixture
def policy(page):
    """An LCD with many contractors, codes and related documents, changed once."""
    contractors = [
        create_plan(f"Contractor {n}", organization=f"Company {n % 4}", kind="medicare-contractor", region="Ohio")
        for n in range(12)
    ]
    policy = create_policy(
        "Wheelchairs",
        kind="lcd",
        number="L33789",
        status="retired",
        plans=contractors,
        summary="- For use at home",
        url="https://documents.example/33789",
    )
    for number in range(9):
        create_policy(f"Article {number}", kind="article", number=f"A{number}", references=[policy])
    codes = [create_code(f"K{number:04}", f"Wheelchair {number}") for number in range(60)]
    PolicyCode.objects.bulk_create(PolicyCode(policy=policy, code=code, source="Table") for code in codes)
    said = {"label": "Rollstar", "prior_authorization": "auth-needed", "starts": datetime.date(2024, 1, 1)}
    create_policy_code(policy, create_code("E1161", "Manual wheelchair"), **said)
    return policy


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_pages_of_policies_are_accessible(page, policy, width, color_scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    for address in (
        "/policies/",
        "/policies/?plan=contractor-1&status=retired&kind=none",
        "/policies/?q=K0001",
        policy.get_absolute_url(),
        f"{policy.get_absolute_url()}?find=rollstar",
        "/plans/",
        "/plans/contractor-1/",
    ):
        page.goto(address)
        for fold in page.locator("main summary").all():
            if fold.is_visible():
                fold.click()
        assert find_violations(page) == [], address


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_visitor_comes_from_the_home_page_to_a_code_of_a_policy_without_script(page, policy):
    page.goto("/")
    page.get_by_role("link", name="10 policies").click()
    page.get_by_label("Search policies").fill("l 33789")
    page.get_by_role("button", name="Search policies").click()
    page.get_by_role("link", name="Wheelchairs").click()
    expect(page.get_by_text("This policy is retired")).to_be_visible()

    page.get_by_label("Find among these codes").fill("rollstar")
    page.get_by_role("button", name="Find codes").click()
    expect(page.get_by_role("table", name="HCPCS Level II codes")).to_contain_text("Prior authorization needed")
    page.get_by_role("link", name="E1161").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Manual wheelchair")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_visitor_chooses_filters_and_removes_one_without_script(page, policy):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/policies/")
    page.get_by_text("Filters", exact=True).last.click()
    page.get_by_label("Health plan").select_option("Contractor 1")
    page.get_by_label("Retired").check()
    page.get_by_role("button", name="Apply filters").click()
    expect(page.get_by_role("heading", name="1 policy with the chosen filters")).to_be_visible()

    page.get_by_role("link", name="Remove the filter Contractor 1").click()
    expect(page.get_by_role("list", name="Chosen filters")).not_to_contain_text("Contractor 1")
    expect(page.get_by_role("list", name="Chosen filters")).to_contain_text("Retired")
