"""An editor works in the admin, and visitors see what was saved."""

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import expect

from tests.factories import PASSWORD, create_code


@pytest.fixture
def editor(page):
    """The page of an editor who has just logged in."""
    get_user_model().objects.create_superuser(username="editor", password=PASSWORD)
    page.goto("/admin/")
    page.get_by_label("Username").fill("editor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Medical codes")).to_be_visible()
    return page


@pytest.fixture
def visitor(page, live_server):
    """The page of somebody else, who is not logged in."""
    context = page.context.browser.new_context(base_url=live_server.url)
    yield context.new_page()
    context.close()


def save(editor):
    editor.get_by_role("button", name="Save", exact=True).first.click()
    expect(editor.get_by_text("was changed successfully")).to_be_visible()


def search_admin(editor, rows, text):
    """Searches the list of `rows`, such as Medical codes."""
    editor.get_by_role("link", name=rows, exact=True).first.click()
    editor.locator("#searchbar").fill(text)
    editor.get_by_role("button", name="Search").click()


def test_admin_finds_a_code_by_its_beginning(editor):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9312", "Injection, rituximab, 10 mg")
    create_code("J1750", "Injection, iron dextran, 50 mg")

    search_admin(editor, "Medical codes", "j93")

    expect(editor.locator("#result_list tbody th a")).to_have_text(["J9302", "J9312"])


def test_name_added_by_an_editor_is_found_by_visitors(editor, visitor):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    visitor.goto("/codes/?q=arzerra")
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("No results")

    search_admin(editor, "Medical codes", "J9302")
    editor.get_by_role("link", name="J9302").click()
    editor.get_by_role("button", name="Add another Name").click()
    editor.locator("[name=names-0-kind]").select_option("brand name")
    editor.locator("[name=names-0-text]").fill("Arzerra")
    editor.locator("[name=names-0-source]").fill("Label of the medicine")
    save(editor)

    visitor.reload()
    expect(visitor.get_by_text("Brand name: Arzerra")).to_be_visible()
    visitor.get_by_role("link", name="J9302").click()
    expect(visitor.get_by_role("heading", level=1)).to_have_text("Injection, ofatumumab, 10 mg")
    expect(visitor.get_by_role("main")).to_contain_text("Arzerra (brand name)")


def test_successor_chosen_by_an_editor_is_named_to_visitors(editor, visitor):
    retired = create_code("C9028", "Injection, inotuzumab ozogamicin, 0.1 mg", terminated="2018-12-31")
    create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")

    search_admin(editor, "Medical codes", "C9028")
    editor.get_by_role("link", name="C9028").click()
    editor.get_by_role("button", name="Add another Successor").click()
    editor.locator("#successions-0 .select2-selection").click()
    editor.locator(".select2-search__field").fill("j922")
    editor.get_by_role("option", name="J9229").click()
    save(editor)

    visitor.goto(retired.get_absolute_url())
    expect(visitor.locator(".notice")).to_contain_text("Use J9229")
