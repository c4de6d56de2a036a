"""A visitor browses: from a code system by a range to a code, and up and down a hierarchy."""

import re

from playwright.sync_api import expect

from tests.factories import create_code


def test_code_system_is_browsed_by_range_to_a_code(page):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9312", "Injection, rituximab, 10 mg")
    create_code("E0601", "Continuous positive airway pressure (cpap) device")
    page.goto("/")

    page.get_by_role("link", name="Browse codes").click()
    expect(page.get_by_role("heading", name="Browse by code system")).to_be_in_viewport()
    page.get_by_role("link", name="HCPCS Level II", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("HCPCS Level II")
    page.get_by_role("link", name=re.compile("^J ")).click()
    expect(page.locator(".code-list code")).to_have_text(["J9302", "J9312"])
    page.get_by_role("link", name="J9312").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Injection, rituximab, 10 mg")


def test_range_is_narrowed_to_retired_codes(page):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9310", "Injection, rituximab, 100 mg", terminated="2018-12-31")
    page.goto("/codes/hcpcs/?range=j")

    page.get_by_label("Status").select_option("Retired")
    page.get_by_role("button", name="Apply filters").click()

    expect(page.locator(".code-list code")).to_have_text(["J9310"])
    expect(page.get_by_label("Status")).to_have_value("retired")


def test_heading_leads_to_its_child_and_the_breadcrumb_back(page):
    category = create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    heading = create_code("M54.1", "Radiculopathy", system="icd10cm", kind="header", parent=category)
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm", parent=heading)
    title = page.get_by_role("heading", level=1)
    breadcrumb = page.get_by_role("navigation", name="Breadcrumb")

    page.goto("/codes/icd10cm/?range=m00-m99")
    page.get_by_role("link", name="M54 Dorsalgia").click()
    expect(page.get_by_text("This is a heading.")).to_be_visible()
    page.get_by_role("link", name="M54.1 Radiculopathy").click()
    page.get_by_role("link", name="M54.16").click()
    expect(title).to_have_text("Radiculopathy, lumbar region")
    expect(breadcrumb.get_by_role("link")).to_have_text(["ICD-10-CM", "M54 Dorsalgia", "M54.1 Radiculopathy"])

    breadcrumb.get_by_role("link", name="M54 Dorsalgia").click()
    expect(title).to_have_text("Dorsalgia")
    breadcrumb.get_by_role("link", name="ICD-10-CM").click()
    expect(title).to_have_text("ICD-10-CM")
