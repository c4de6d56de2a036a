"""A real Chromium against a running site: the `page` fixture of every browser test."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.chromium import find_chromium

CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for all browser tests; they are skipped where none is found."""
    path, note = find_chromium()
    if path is None:
        pytest.skip(note)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's event loop runs in this thread, where Django would refuse to touch the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page_problems():
    """What the `page` of this test complained of, as sentences; a test that provokes one on purpose removes it."""
    return []


@pytest.fixture
def page(request, chromium, django_db_serialized_rollback, live_server, page_problems):
    """An empty page in a fresh context; `page.goto("/codes/")` opens an address of the running site.

    The context takes the options of Playwright's `new_context` with which a test parametrizes this fixture:
    `@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)`.

    The database is that of an empty site: the rows that migrations make (the code systems) are there for every test.

    The test fails if a script broke, if the console shows an error, if a request went to another host, or if anything
    but the address that the test opened answered 400 or more (that one answers what the test asks it for, up to 499).
    """
    context = chromium.new_context(base_url=live_server.url, **getattr(request, "param", {}))
    site = urlsplit(live_server.url).netloc

    def note_console(message):
        # Refused and missing files appear below with their address and status.
        if message.type == "error" and not message.text.startswith("Failed to load resource: the server responded"):
            page_problems.append(f"console: {message.text}")

    def note_request(request):
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.netloc != site:
            page_problems.append(f"request to another host: {request.url}")

    def note_response(response):
        opened = response.request.is_navigation_request()
        if response.status >= (500 if opened else 400):
            page_problems.append(f"{response.url} answered {response.status}")

    context.on("console", note_console)
    context.on("weberror", lambda error: page_problems.append(f"script: {error.error}"))
    context.on("request", note_request)
    context.on("response", note_response)
    yield context.new_page()
    context.close()
    assert not page_problems
