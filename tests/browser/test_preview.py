"""A reviewer without an account opens a preview link; an editor looks at what is typed."""

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.accessibility import find_violations
from tests.factories import PASSWORD, create_code, create_draft

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def link_to(draft):
    return reverse("procedures:preview", args=[draft.preview_token()])


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_preview_looks_like_the_page_under_a_banner(page, width, color_scheme):
    draft = create_draft(create_code(), purpose="It treats leukemia.")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    page.goto(link_to(draft))

    expect(page).to_have_title("Preview: J9302 Injection, ofatumumab, 10 mg, HCPCS code | Codesite")
    banner = page.get_by_role("complementary", name="Preview")
    expect(banner).to_contain_text("Preview of a text that is not published.")
    expect(banner).to_be_in_viewport()
    expect(page.get_by_role("main")).to_contain_text("It treats leukemia.")
    assert page.evaluate(OVERFLOW) <= 0
    assert find_violations(page) == []
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", [360, 1440])
def test_ended_preview_says_what_to_do(page, width):
    draft = create_draft(create_code())
    address = link_to(draft)
    draft.revoke_preview()
    page.set_viewport_size({"width": width, "height": 800})

    page.goto(address)

    expect(page.get_by_role("heading", level=1)).to_have_text("This preview has ended")
    expect(page.get_by_role("main")).to_contain_text("ask the editor who sent you the link for a new one")
    assert page.evaluate(OVERFLOW) <= 0
    assert find_violations(page) == []


def test_editor_sees_typed_text_in_a_frame_with_the_look_of_the_site(page):
    draft = create_draft(create_code(), risks_and_complications="Nausea.")
    get_user_model().objects.create_superuser(username="editor", password=PASSWORD)
    page.goto(reverse("admin:procedures_guidedraft_change", args=[draft.pk]))
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()

    page.locator("[name=risks_and_complications]").fill("Fever. <script>alert(1)</script>")
    page.get_by_role("button", name="Preview the text").click()

    frame = page.frame_locator("iframe[name=typed-preview]")
    expect(frame.locator("section.risks-and-complications")).to_contain_text("Fever. <script>alert(1)</script>")
    expect(frame.locator("section.risks-and-complications")).to_have_css("border-top-style", "solid")
    draft.refresh_from_db()
    assert draft.risks_and_complications == "Nausea."
