"""Pages as a visitor reads them: text, headings and links of an HTML answer."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSEEN = {"head", "script", "style", "template"}
INLINE = {"a", "abbr", "b", "code", "em", "i", "mark", "span", "strong", "time"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def squeeze(text: str) -> str:
    """The text with every run of blanks as one."""
    return " ".join(text.split())


@dataclass
class Element:
    """An element with its attributes and all text within it."""

    tag: str
    attributes: dict[str, str | None]
    text: str = ""


@dataclass
class Page(HTMLParser):
    """A parsed page: `text` without the head, and every element in order."""

    html: str
    text: str = ""
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.html)
        self.close()
        self.text = squeeze(self.text)
        for element in self.elements:
            element.text = squeeze(element.text)

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in {"br", "hr", "img", "input", "link", "meta"}:
            self._open.append(element)
        if tag not in INLINE:
            self.handle_data(" ")

    def handle_endtag(self, tag):
        while self._open and self._open.pop().tag != tag:
            pass
        if tag not in INLINE:
            self.handle_data(" ")

    def handle_data(self, data):
        for element in self._open:
            element.text += data
        if not any(element.tag in UNSEEN for element in self._open):
            self.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    @property
    def foreign_scripts(self) -> list[Element]:
        """Scripts that are not a file of this site."""
        own = "/static/js/"
        return [
            each for each in self.all("script") if each.text or not (each.attributes.get("src") or "").startswith(own)
        ]

    @property
    def headings(self) -> list[str]:
        return [element.text for element in self.elements if element.tag in HEADINGS]

    @property
    def links(self) -> dict[str, str]:
        """The text of each link by its address."""
        return {element.attributes.get("href") or "": element.text for element in self.all("a")}


def read_page(response) -> Page:
    """The page that a response of the test client holds; it must be HTML."""
    assert response.headers["Content-Type"].startswith("text/html")
    return Page(response.content.decode())
