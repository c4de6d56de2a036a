"""A visitor decodes a bill: without script, on a phone, and in both color schemes."""

import datetime

import pytest
from playwright.sync_api import expect

from procedures.models import MedicalCode, Succession
from tests.browser.accessibility import find_violations
from tests.factories import create_code

BILL = """Kim Lee, 12345 North Main Street
C9028-JW 03/01/2019 x10 $1,234.56
J9229 03/01/2019 | 99213 25 | 1 | 150.00
E11 J9305 D0120
Statement-of-a-very-long-word-that-no-narrow-page-can-hold-in-one-line-without-breaking-it"""


@pytest.fixture
def bill(page):
    """A bill that holds an answer of every kind, once its codes are there."""
    retired = create_code(
        "C9028", "Injection, inotuzumab", added=datetime.date(2018, 4, 1), terminated=datetime.date(2018, 12, 31)
    )
    successor = create_code("J9229", "Injection, inotuzumab", added=datetime.date(2019, 1, 1))
    Succession.objects.create(predecessor=retired, successor=successor)
    create_code("J9302")
    create_code("JW", "Drug amount discarded", kind=MedicalCode.Kind.MODIFIER)
    create_code("E11", "Type 2 diabetes mellitus", system="icd10cm", kind=MedicalCode.Kind.HEADER)
    return BILL


def decode(page, text):
    page.goto("/codes/decode/")
    page.get_by_label("Text of the bill").fill(text)
    page.get_by_role("button", name="Decode").click()


def answer(page):
    return page.get_by_role("main").get_by_role("status")


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_visitor_decodes_a_bill_without_script(page, bill):
    decode(page, bill)

    expect(answer(page)).to_contain_text("6 codes: 1 found, 1 retired, 1 too general, 1 unknown, 2 not")
    assert page.url.endswith("/codes/decode/")
    retired = page.get_by_role("row").filter(has_text="C9028-JW 03/01/2019")
    expect(retired).to_contain_text("its last day was 31 December 2018")
    expect(retired).to_contain_text("Drug amount discarded")
    expect(page.get_by_role("row").filter(has_text="Kim Lee")).to_contain_text("No code on this line")
    expect(page.get_by_label("Text of the bill")).to_have_value(bill)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert download.value.suggested_filename == "decoded-bill.csv"

    retired.get_by_role("link", name="J9229").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Injection, inotuzumab")
    assert page.context.cookies() == []


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_visitor_comes_from_a_search_for_several_codes(page, bill):
    page.goto("/codes/decode/")
    page.get_by_role("button", name="Decode").click()
    expect(page.get_by_role("region", name="The text was not decoded")).to_be_focused()

    page.goto("/codes/?q=J9302+J9305")
    page.get_by_role("button", name="Decode these codes").click()
    expect(answer(page)).to_contain_text("2 codes: 1 found, 1 unknown.")


@pytest.mark.parametrize(("width", "color_scheme"), [(360, "light"), (1440, "dark")])
def test_pages_are_accessible_and_never_wider_than_the_window(page, bill, width, color_scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)
    page.goto("/codes/decode/")
    assert find_violations(page) == []

    decode(page, bill)
    expect(answer(page)).to_be_visible()
    assert find_violations(page) == []
    for size in (width, 320):
        page.set_viewport_size({"width": size, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
