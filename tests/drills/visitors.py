"""Visitors of a site over HTTP: a browser, the forms that it has open, and what is told to who sends one."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.pages import Page

# Seconds between the opening of a form and its sending, more than contact.form_guard asks for.
READING = 3.3
# Seconds until an answer counts as missing: on a busy machine fifty visitors wait for each other.
PATIENCE = 300
OPENED_AT_ONCE = 8

# How visitors and the team are told that something was not done, and a word for it.
TOLD = {
    "That time has just gone": "taken",
    "The host has another meeting then": "taken",
    "That day is full now": "day full",
    "That time is not offered": "not offered",
    "The meeting was changed": "changed meanwhile",
    "The meeting is not booked any more": "not booked",
}


class Browser:
    """A browser of one site, with its cookies and without script."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None):
        self.port = port
        self.cookies = dict(cookies or {})

    def get(self, address: str) -> tuple[int, str]:
        """Status and page."""
        status, _, page = self._ask("GET", address)
        return status, page

    def post(self, address: str, fields: dict[str, str]) -> tuple[int, str, str]:
        """Status, where the answer leads ("" if nowhere), and page."""
        return self._ask("POST", address, urlencode(fields))

    def _ask(self, method: str, address: str, body: str | None = None) -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location") or "", page


class Form:
    """A form that a visitor has opened and filled in, ready to be sent, once or more often."""

    def __init__(self, browser: Browser, address: str, **typed: str):
        status, page = browser.get(address)
        self.browser, self.path = browser, urlsplit(address).path
        if status != 200:
            raise AssertionError(f"A page with a form answered {status}")
        self.fields = {**_hidden_fields(page), **typed}

    def send(self) -> str:
        """What was told to who sent it: "booked", "moved", ... or "done"; else the status, and why if that is known."""
        status, location, page = self.browser.post(self.path, self.fields)
        if status == 302:
            return parse_qs(urlsplit(location).query).get("done", ["done"])[0]
        text = Page(page).text
        return " ".join([str(status), *(word for sentence, word in TOLD.items() if sentence in text)])


def _hidden_fields(page: str) -> dict[str, str]:
    inputs = [element.attributes for element in Page(page).all("input")]
    return {each["name"]: each.get("value") or "" for each in inputs if each.get("type") == "hidden"}


def opened(visits: list[Callable[[], Form]]) -> list[Form]:
    """The forms, opened by several visitors at once, in the same order."""
    with ThreadPoolExecutor(OPENED_AT_ONCE) as pool:
        return list(pool.map(lambda visit: visit(), visits))


def all_at_once(acts: list[Callable[[], str]]) -> Counter:
    """How many were told what; the acts begin at the same moment."""
    barrier = threading.Barrier(len(acts))

    def run(act):
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))
