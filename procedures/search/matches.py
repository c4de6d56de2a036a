"""Says why a result is there: by its code, its description, another name of it, or its guide."""

import re

from procedures.models import CodeName, Guide
from procedures.models.guides import sections_in_order
from procedures.search.plan import Plan
from procedures.search.text import fold, text_of_html

EXCERPT_LENGTH = 160


def find_matches(plan: Plan, codes: dict[int, str], titles: dict[int, str]) -> dict[int, dict[str, str]]:
    """For each code, by primary key, {"kind", "text"}: `codes` and `titles` are those of the results.

    `kind` is code, description, name or guide; `text` is the code, the title, the name, or a passage of the guide. A
    result whose words are found only together, some here and some there, counts as matched by its description.
    """
    if plan.code:
        return {pk: {"kind": "code", "text": code} for pk, code in codes.items()}
    matches = {pk: {"kind": "description", "text": title} for pk, title in titles.items()}
    patterns = _patterns(plan)
    elsewhere = [pk for pk, title in titles.items() if not _holds_all(patterns, title)]
    if not elsewhere:
        return matches
    for pk, html in Guide.objects.published().filter(code_id__in=elsewhere).values_list("code_id", "html"):
        sections = [text_of_html(section) for section in sections_in_order(html)]
        text = next((section for section in sections if _holds_all(patterns, section)), " ".join(sections))
        if _holds_all(patterns, text):
            matches[pk] = {"kind": "guide", "text": _excerpt(patterns, text)}
    for pk, name in CodeName.objects.filter(code_id__in=elsewhere).order_by("-pk").values_list("code_id", "text"):
        if _holds_all(patterns, name):
            matches[pk] = {"kind": "name", "text": name}
    return matches


def _patterns(plan: Plan) -> list[re.Pattern]:
    """One pattern a word of the plan, for folded text; the last one may match the beginning of a word."""
    patterns = [rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in plan.words]
    if plan.words and plan.last_is_prefix:
        patterns[-1] = rf"(?<![^\W_]){re.escape(plan.words[-1])}"
    return [re.compile(pattern) for pattern in patterns]


def _holds_all(patterns: list[re.Pattern], text: str) -> bool:
    folded = fold(text)
    return all(pattern.search(folded) for pattern in patterns)


def _excerpt(patterns: list[re.Pattern], text: str) -> str:
    """About 160 characters of the text, from a little before the first word that was searched."""
    words = text.split()
    at = next((i for i, word in enumerate(words) if any(pattern.search(fold(word)) for pattern in patterns)), 0)
    start = max(0, at - 8)
    excerpt = ""
    for word in words[start:]:
        if len(excerpt) + len(word) >= EXCERPT_LENGTH:
            return ("… " if start else "") + excerpt.strip() + " …"
        excerpt += " " + word
    return ("… " if start else "") + excerpt.strip()
