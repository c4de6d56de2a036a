"""How much a text looks like spam, by its shape; medicines, illnesses and languages are never a reason.

What reaches THRESHOLD is kept, in the desk's spam folder, and nobody is told of it: a wrong verdict loses nothing.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

THRESHOLD = 5

TRAPPED = "a box that people do not see was filled in"

_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\])]+", re.IGNORECASE)
_BBCODE = re.compile(r"\[(?:url|link|img)\b[^\]]*\]", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s[^>]*href|&lt;a\s[^&]*href", re.IGNORECASE)
_ACTIVE_HTML = re.compile(r"<(?:script|iframe|object|embed|meta)\b", re.IGNORECASE)
_REPEATED = re.compile(r"([^\W_])\1{14,}")
_SPLICED = re.compile("[A-Za-z][\u00ad\u200b-\u200d\u2060\ufeff][A-Za-z]")
_LETTERS = re.compile(r"[^\W\d_]+")
_LATIN = re.compile("[A-Za-z]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LOOKALIKES = frozenset("асеорхуіјѕАВСЕНІЈКМОРЅТХ")
# Not "Kim Lee, B.Com", a degree.
_DOMAIN = re.compile(r"\b[\w-]{2,}\.(?:com|net|org|info|biz|ru|cn|xyz|top|shop|online|site|club|vip)\b", re.IGNORECASE)
# Offers that are made through any form of any site. Nothing here is a word of medicine or of its payment.
_OFFERS = re.compile(
    r"\b(?:back-?links?|guest posts?|seo (?:services?|experts?|agency|packages?)|domain authority"
    r"|(?:rank\w*|first page|page one|number one) (?:high\w* )?(?:on|of|in) google"
    r"|casinos?|sports? betting|forex|crypto ?currenc(?:y|ies) invest\w*|bitcoin invest\w*|passive income"
    r"|web ?site (?:traffic|visitors)|email marketing list)\b",
    re.IGNORECASE,
)


@dataclass
class Verdict:
    """Points, and what they are given for."""

    score: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def is_spam(self) -> bool:
        return self.score >= THRESHOLD

    def add(self, points: int, reason: str) -> None:
        self.score += points
        self.reasons.append(reason)

    def in_words(self, longest: int) -> str:
        """The reasons in one line, as many of them as `longest` characters hold."""
        kept = self.reasons[:]
        while len("; ".join(kept)) > longest:
            kept.pop()
        return "; ".join(kept)


def judge(text: str, *, name: str = "", organization: str = "", is_trapped: bool = False) -> Verdict:
    """The verdict on what a visitor wrote; `is_trapped` is that of the form (contact.form_guard)."""
    verdict = Verdict()
    if is_trapped:
        verdict.add(10, TRAPPED)
    _judge_links(verdict, text)
    if _BBCODE.search(text):
        verdict.add(5, "links in forum code")
    if _ANCHOR.search(text):
        verdict.add(5, "links in HTML")
    if _ACTIVE_HTML.search(text):
        verdict.add(3, "a script or frame in HTML")
    if _LINK.search(name) or _DOMAIN.search(name):
        verdict.add(5, "a link as name")
    if len(text) > 3 and text == name:
        verdict.add(5, "the same as name and message")
    if _REPEATED.search(text):
        verdict.add(3, "one character many times")
    if _most_equal_lines(text) >= 5:
        verdict.add(3, "one line many times")
    if _is_random(text):
        verdict.add(5, "random letters as message")
    if _is_random(name):
        verdict.add(3, "random letters as name")
    if len(_SPLICED.findall(text)) >= 3:
        verdict.add(3, "words with invisible characters in them")
    if any(_is_disguised(word) for word in _LETTERS.findall(f"{name} {organization} {text}")):
        verdict.add(3, "Latin words with Cyrillic letters in them")
    offers = {offer.lower() for offer in _OFFERS.findall(text)}
    if offers:
        verdict.add(min(2 * len(offers), 6), f"offers that have nothing to do with this site ({len(offers)})")
    return verdict


def _judge_links(verdict: Verdict, text: str) -> None:
    links = _LINK.findall(text)
    words = _LETTERS.findall(_LINK.sub(" ", text))
    if links and not words:
        verdict.add(5, "nothing but links")
    elif len(links) > 1 and len(words) < 4 * len(links):
        verdict.add(3, "more links than text")
    if len(links) > 3:
        verdict.add(min(len(links) - 3, 5), f"{len(links)} links")


def _most_equal_lines(text: str) -> int:
    lines = Counter(line.strip() for line in text.split("\n"))
    return max((count for line, count in lines.items() if len(line) > 3), default=0)


def _is_random(text: str) -> bool:
    """One long word whose letters change between small and capital again and again: "hTxSvKfHuWNOpjN"."""
    if not (10 <= len(text) <= 100 and text.isascii() and text.isalpha()):
        return False
    changes = sum(before.islower() and after.isupper() for before, after in pairwise(text))
    return changes >= 3


def _is_disguised(word: str) -> bool:
    """Whether a Latin word has Cyrillic letters that look like Latin ones; Greek ones stand in names such as PPARγ."""
    latin, cyrillic = len(_LATIN.findall(word)), _CYRILLIC.findall(word)
    return 0 < len(cyrillic) < latin and _LOOKALIKES.issuperset(cyrillic)
