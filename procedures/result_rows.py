"""The results of a page as HTML, written here: a template took ten times as long, which was most of a search."""

from html import escape

from django.utils.dateformat import format as date_format
from django.utils.safestring import SafeString, mark_safe

_ROW = """<li>
<h2><a href="{url}"><code>{code}</code> <span>{title}</span></a></h2>
<p class="result-facts"><span class="badge badge-{system}">{label}</span>{marks}</p>
{reason}</li>
"""
_REASON = '<p class="result-match">{label}{text}</p>\n'


def render_rows(rows: list[dict], *, with_reasons: bool) -> SafeString:
    """List items for rows of search.Results: code and title as a link, what is to be said of it, why it is there."""
    return mark_safe("".join(_row(row, with_reasons) for row in rows))


def _row(row: dict, with_reasons: bool) -> str:
    match = row["match"]
    reason = ""
    if with_reasons:
        text = "" if match["kind"] == "description" else ": " + match["html"]
        reason = _REASON.format(label=escape(match["label"]), text=text)
    note = note_on(row)
    marks = f' <span class="mark mark-{row["status"]}">{note}</span>' if note else ""
    if row["has_guide"]:
        marks += ' <span class="mark mark-guide">Guide available</span>'
    return _ROW.format(
        url=escape(row["url"]),
        code=escape(row["code"]),
        title=match["title_html"],
        system=row["system"],
        label=escape(row["system_label"]),
        marks=marks,
        reason=reason,
    )


def note_on(row: dict) -> str:
    """What is to be said of a result's status; "" for a code in use."""
    if row["status"] == "header":
        return "Heading: choose a more specific code"
    if row["status"] == "retired":
        ended = row["terminated"]
        return f"Retired, last day {date_format(ended, 'j F Y')}" if ended else "Retired: no longer listed"
    return ""
