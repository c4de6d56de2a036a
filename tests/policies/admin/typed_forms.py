"""Forms of the desk as a browser sends them: what a page shows, with what an editor typed into it."""

from html.parser import HTMLParser


class Fields(HTMLParser):
    """The names and values that a browser would send with the form of this id; nothing of forms beside it."""

    def __init__(self, html: str, form: str):
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._form, self._is_inside = form, False
        self._select = self._textarea = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        name = attributes.get("name")
        if tag == "form":
            self._is_inside = attributes.get("id") == self._form
        elif not self._is_inside or attributes.get("form", self._form) != self._form:
            return
        elif tag == "input" and name and attributes.get("type") not in ("submit", "button"):
            if attributes.get("type") != "checkbox":
                self._add(name, attributes.get("value") or "")
            elif "checked" in attributes:
                self._add(name, attributes.get("value") or "on")
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option" and self._select and "selected" in attributes:
            self._select[1].append(attributes.get("value") or "")
        elif tag == "textarea":
            self._textarea = (name, [])

    def handle_data(self, data):
        if self._textarea:
            self._textarea[1].append(data)

    def handle_endtag(self, tag):
        if tag == "form":
            self._is_inside = False
        elif tag == "select" and self._select:
            for value in self._select[1]:
                self._add(self._select[0], value)
            self._select = None
        elif tag == "textarea" and self._textarea:
            # A browser leaves out the line break after the tag.
            self._add(self._textarea[0], "".join(self._textarea[1]).removeprefix("\r\n").removeprefix("\n"))
            self._textarea = None

    def _add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)


def fields_of(response, form: str = "policy_form") -> dict[str, list[str]]:
    """What a browser would send of a page on which nobody has typed anything."""
    assert response.status_code == 200
    values = Fields(response.content.decode(), form).values
    assert values
    return values


def typed(response, form: str = "policy_form", **changes) -> dict:
    """The fields of a page with what was typed; None takes a field away."""
    values = {**fields_of(response, form), **changes}
    return {name: value for name, value in values.items() if value is not None}
