"""Reads the pages of messages and meetings as their visitors do: text, fields, choices."""

import re
from html import unescape

from django.http import HttpResponse


def page_text(response: HttpResponse) -> str:
    """The words of the page's main part, with single blanks."""
    main = re.search("<main.*</main>", response.content.decode(), re.DOTALL)[0]
    main = re.sub(r"<option\b[^>]*>[^<]*</option>", "", main)
    return unescape(
        " ".join(re.sub(r"<[^>]+>", "", re.sub(r"<(br|p|li|h\d|dt|dd|div|label)\b", r" <\1", main)).split())
    )


def hidden_fields(response: HttpResponse) -> dict[str, str]:
    """What the form of the page sends besides what is filled in; in Django's tests no CSRF token is asked for."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.content.decode())
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def radio_choices(response: HttpResponse, name: str = "start") -> dict[str, str]:
    """The radio buttons of this name: what each is called, by what it sends."""
    pattern = rf'<label[^>]*><input type="radio" name="{name}" value="([^"]*)"[^>]*>(.*?)</label>'
    found = re.findall(pattern, response.content.decode(), re.DOTALL)
    return {unescape(value): unescape(" ".join(re.sub(r"<[^>]+>", "", label).split())) for value, label in found}


def checked_choice(response: HttpResponse, name: str = "start") -> str:
    """What the chosen radio button sends; "" where none is chosen."""
    found = re.search(rf'name="{name}" value="([^"]*)"[^>]* checked', response.content.decode())
    return unescape(found[1]) if found else ""


def chosen_zone(response: HttpResponse) -> str:
    """The time zone that stands chosen in the list."""
    return re.search(r'<option value="([^"]+)" selected>', response.content.decode())[1]


def links(response: HttpResponse) -> dict[str, str]:
    """The addresses of the links of the page's main part by what they are called."""
    main = re.search("<main.*</main>", response.content.decode(), re.DOTALL)[0]
    found = re.findall(r'<a\b[^>]*?href="([^"]*)"[^>]*>(.*?)</a>', main, re.DOTALL)
    return {unescape(" ".join(re.sub(r"<[^>]+>", "", label).split())): unescape(href) for href, label in found}
