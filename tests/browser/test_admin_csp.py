"""The editors' desk runs under the site's strict content security policy, and is accessible, in light and dark.

The `page` fixture fails a test for each thing that the policy refused: the browser says so in the console.
"""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from playwright.sync_api import expect

from tests.browser.accessibility import find_violations
from tests.factories import create_code, create_name

PASSWORD = "correct horse battery staple"
LIGHT_AND_DARK = [{"color_scheme": "light"}, {"color_scheme": "dark"}]


@pytest.fixture
def code(page):
    """A code with a name and an entry in the log."""
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_name(code, "Arzerra")
    return code


@pytest.fixture
def administrator(page, code, settings):
    """The page of a superuser who has just logged in, on a site with an environment badge."""
    settings.ENVIRONMENT_NAME = "test"
    user = get_user_model().objects.create_superuser(username="administrator", password=PASSWORD)
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(code),
        object_id=code.pk,
        object_repr=str(code),
        action_flag=CHANGE,
        change_message="[]",
    )
    page.goto("/admin/")
    page.get_by_label("Username").fill("administrator")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Environment: test")).to_be_visible()
    return page


def addresses(code):
    """Pages of each kind that the admin has."""
    return [
        "/admin/",
        "/admin/procedures/",
        "/admin/procedures/medicalcode/",
        f"/admin/procedures/medicalcode/{code.pk}/change/",
        f"/admin/procedures/medicalcode/{code.pk}/history/",
        "/admin/auth/user/",
        "/admin/auth/user/add/",
        "/admin/auth/group/add/",
        "/admin/admin/logentry/",
        "/admin/axes/accessattempt/",
        "/admin/password_change/",
    ]


def test_desk_runs_under_the_policy(administrator, code):
    for address in addresses(code):
        response = administrator.goto(address)
        assert response.status == 200, address
        assert "script-src 'self'" in response.headers["content-security-policy"]
        administrator.wait_for_load_state("networkidle")


def test_inline_code_in_the_desk_would_be_refused_and_seen(administrator, page_problems):
    administrator.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">red</p>')")

    expect(administrator.get_by_text("red", exact=True)).not_to_have_css("color", "rgb(255, 0, 0)")
    assert any("Content Security Policy" in problem for problem in page_problems)
    page_problems.clear()


@pytest.mark.parametrize("page", LIGHT_AND_DARK, indirect=True, ids=["light", "dark"])
def test_log_in_page_is_accessible(page):
    page.goto("/admin/login/")

    assert find_violations(page) == []


@pytest.mark.parametrize("page", LIGHT_AND_DARK, indirect=True, ids=["light", "dark"])
def test_desk_is_accessible(administrator, code):
    found = []
    for address in addresses(code):
        administrator.goto(address)
        administrator.wait_for_load_state("networkidle")
        found += [f"{address} {violation}" for violation in find_violations(administrator)]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", LIGHT_AND_DARK, indirect=True, ids=["light", "dark"])
def test_page_about_too_many_attempts_is_accessible(page, page_problems):
    for _ in range(5):
        page.goto("/admin/login/")
        page.get_by_label("Username").fill("administrator")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Too many attempts")
    assert find_violations(page) == []


def test_theme_can_be_chosen(administrator):
    background = administrator.locator("body")
    expect(background).to_have_css("background-color", "rgb(255, 255, 255)")

    administrator.get_by_role("button", name="Toggle theme").click()

    expect(background).to_have_css("background-color", "rgb(16, 22, 28)")


def test_text_field_grows_with_its_text(administrator):
    administrator.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<textarea></textarea>')")
    field = administrator.locator("textarea")
    before = field.bounding_box()["height"]

    field.fill("One line.\n" * 20)

    assert field.bounding_box()["height"] > before * 1.5


def test_accessibility_problems_are_found(page):
    page.set_content("<html><body><img src='data:,'><input></body></html>")

    rules = {violation.partition(":")[0] for violation in find_violations(page)}

    assert {"image-alt", "label", "document-title", "html-has-lang"} <= rules
