"""Pages as a visitor reads them: text, headings and links of an HTML answer."""

from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser

UNSEEN = {"head", "script", "style", "template"}
VOID = {"br", "hr", "img", "input", "link", "meta"}
INLINE = {"a", "abbr", "b", "code", "em", "i", "mark", "span", "strong", "time"}
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}


def squeeze(text: str) -> str:
    """The text with every run of blanks as one."""
    return " ".join(text.split())


@dataclass(eq=False)
class Element:
    """An element with its attributes; its text is put together when a test asks for it."""

    tag: str
    attributes: dict[str, str | None]
    chunks: list[str] = field(repr=False)  # of the whole page; those from `start` to `end` are within the element
    start: int
    end: int | None = None

    @cached_property
    def text(self) -> str:
        """All text within it."""
        return squeeze("".join(self.chunks[self.start : self.end]))


@dataclass(eq=False)
class Page(HTMLParser):
    """A parsed page: `text` without the head, and every element in order."""

    html: str
    text: str = ""
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self):
        super().__init__()
        self._open: list[Element] = []
        self._chunks: list[str] = []
        self._seen: list[str] = []
        self._unseen_open = 0
        self.feed(self.html)
        self.close()
        self.text = squeeze("".join(self._seen))

    def handle_starttag(self, tag, attrs):
        ends = len(self._chunks) if tag in VOID else None
        element = Element(tag, dict(attrs), self._chunks, len(self._chunks), ends)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)
            self._unseen_open += tag in UNSEEN
        if tag not in INLINE:
            self.handle_data(" ")

    def handle_endtag(self, tag):
        while self._open:
            element = self._open.pop()
            element.end = len(self._chunks)
            self._unseen_open -= element.tag in UNSEEN
            if element.tag == tag:
                break
        if tag not in INLINE:
            self.handle_data(" ")

    def handle_data(self, data):
        self._chunks.append(data)
        if not self._unseen_open:
            self._seen.append(data)

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
