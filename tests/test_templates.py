"""House rules of the templates, checked in their text and in the pages that they make."""

import datetime
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from django.utils import timezone

from contact.free_times import write_instant
from contact.links import booking_path
from contact.models import Booking
from contact.slots import next_free_slots
from procedures.guide_sections import SECTIONS
from procedures.models import CodeChange, CodeNote, GuideDraft, Succession
from tests.factories import (
    create_booking,
    create_code,
    create_draft,
    create_guide,
    create_host,
    create_meeting_type,
    create_name,
    create_plan,
    create_policy,
    create_policy_code,
    create_release,
)

FOLDER = Path(settings.BASE_DIR, "templates")
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))

# The only texts that are put into a page as HTML: procedures.markdown has cleaned them.
SAFE_TEXTS = {
    "procedures/_guide.html": ["section.html", "section.sources", "guide.html.sources"],
    "procedures/_comparison_texts.html": ["cell.html", "cell.html"],
    "policies/policy.html": ["page.summary_html"],
}

TEMPLATE_MARKS = re.compile(r"{{.*?}}|{%.*?%}|{#.*?#}", re.DOTALL)
UNKNOWN_VARIABLE = "NO SUCH VARIABLE"


class Page(HTMLParser):
    """What the rules look at in HTML: its tags with their attributes, and its headings as (level, text)."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.headings: list[tuple[int, str]] = []
        self.in_heading = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
            self.in_heading = True

    def handle_endtag(self, tag):
        if re.fullmatch("h[1-6]", tag):
            self.in_heading = False

    def handle_data(self, data):
        if self.in_heading:
            level, text = self.headings[-1]
            self.headings[-1] = (level, " ".join(f"{text} {data}".split()))

    def all(self, name: str) -> list[str]:
        """The values of an attribute, in order."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


def source(name: str) -> str:
    return (FOLDER / name).read_text()


def inline_code(text: str) -> list[str]:
    """What a strict content security policy would refuse; blocks of data (JSON-LD) are no code."""
    page = Page(TEMPLATE_MARKS.sub("", text))
    found = [value for value in page.all("href") + page.all("action") if value.lower().startswith("javascript:")]
    for tag, attributes in page.tags:
        found += [f"<{tag} {name}>" for name in attributes if name == "style" or name.startswith("on")]
        is_script = tag == "script" and "src" not in attributes and not attributes.get("type", "").endswith("json")
        if is_script or tag == "style":
            found.append(f"<{tag}>")
    return found


def written_addresses(text: str) -> list[str]:
    """Addresses of this site that are written by hand instead of coming from a URL name or a view."""
    page = Page(TEMPLATE_MARKS.sub("§", text))
    values = [value for name in ("href", "action", "src", "formaction") for value in page.all(name)]
    return [value for value in values if not value.startswith(("§", "#", "https://", "mailto:", "tel:"))]


def unescaped(text: str) -> list[str]:
    """The expressions that a template puts into the page without escaping."""
    blocks = re.findall(r"{%\s*autoescape.*?%}|\|\s*safeseq", text)
    return re.findall(r"{{\s*([^|}]+?)\s*\|[^}]*?\bsafe\b[^}]*}}", text) + blocks


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_has_no_inline_code(name):
    assert inline_code(source(name)) == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_writes_no_address_by_hand(name):
    assert written_addresses(source(name)) == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_escapes_everything_but_guides(name):
    assert unescaped(source(name)) == SAFE_TEXTS.get(name, [])


@pytest.mark.parametrize("name", TEMPLATES)
def test_template_names_static_files_that_exist(name):
    missing = [file for file in re.findall(r'{% static "([^"]+)" %}', source(name)) if not finders.find(file)]
    assert missing == []


def test_every_fragment_is_included_somewhere():
    included = {name for template in TEMPLATES for name in re.findall(r'{% include "([^"]+)"', source(template))}
    assert included == {name for name in TEMPLATES if name.split("/")[-2:-1] == ["_includes"] or "/_" in name}


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color: red">',
        "<style>p {}</style>",
        "<script>go()</script>",
        '<button {% if a %}onclick="go()"{% endif %}>',
        '<a href="JavaScript:go()">',
    ],
)
def test_inline_code_is_found(text):
    assert inline_code(text)


@pytest.mark.parametrize(
    "text", ['<a href="/codes/?q={{ q }}">', '<form action="codes/">', '<img src="/static/a.svg">']
)
def test_written_addresses_are_found(text):
    assert written_addresses(text)


@pytest.mark.parametrize(
    "text", ["{{ text|safe }}", "{{ text | upper | safe }}", "{% autoescape off %}", "{{ a|safeseq }}"]
)
def test_unescaped_texts_are_found(text):
    assert unescaped(text)


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "410.html", "500.html"])
def test_error_page_renders_without_request_and_database(name):
    page = Page(get_template(name).render())
    assert len([level for level, _ in page.headings if level == 1]) == 1


@pytest.fixture
def content(db, settings, monkeypatch):
    """A little of everything that the pages show; a variable that no view gives appears as UNKNOWN_VARIABLE."""
    options = {**settings.TEMPLATES[0]["OPTIONS"], "string_if_invalid": UNKNOWN_VARIABLE}
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "OPTIONS": options}]
    monkeypatch.setattr("procedures.views.codes.CODES_PER_PAGE", 1)
    old, new = create_release(version="2019-01"), create_release(version="2025-01")
    first_day, last_day = datetime.date(2018, 1, 1), datetime.date(2018, 12, 31)
    guided = create_code(
        listed_in=new,
        added=datetime.date(2011, 1, 1),
        effective=datetime.date(2011, 1, 1),
        short_description="Ofatumumab injection",
        indicators={"COV": "C", "TOS": ["1", "P"], "STATUTE": "1833(t)"},
    )
    create_guide(guided, **{section.field: f"Text of {section.field}." for section in SECTIONS}, sources="- A label")
    draft = GuideDraft.objects.begin(guided, by=None)
    draft.recovery, draft.section_sources = "Rest.", {"recovery": "- A leaflet"}
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    draft.publish(by=None)
    reviewed = create_code("J9310", "Injection, rituximab, 100 mg")
    today = timezone.localdate()
    create_guide(reviewed).mark_reviewed(
        reviewer="Rosa Diaz, RN", on=today, due=today + datetime.timedelta(days=1), by=None
    )
    withdrawn = create_code("J9303", "Injection, panitumumab, 10 mg", remark="Mind it.", remark_source="CMS")
    create_guide(withdrawn, summary="Drug.").unpublish(reason="Being checked.", by=None)
    create_draft(create_code("J9306", "Injection, pertuzumab, 1 mg"))
    create_name(guided, "Arzerra")
    create_name(guided, "Arzerra infusion", kind="common")
    long = "Inotuzumab ozogamicin " * 30
    retired = create_code("C9028", long, listed_in=new, added=first_day, terminated=last_day)
    successor = create_code("J9229", "Injection, inotuzumab", listed_in=new, added=datetime.date(2019, 1, 1))
    Succession.objects.create(predecessor=retired, successor=successor)
    for kind, before in [("terminated", ""), ("reworded", "An older wording")]:
        CodeChange.objects.create(release=old, code=retired, kind=kind, before=before, after=before and long)
    create_code("G9976", "Documentation of a reason", listed_in=old, missing_from=new)
    create_code("J9999", "Injection of the future", added=datetime.date(2999, 1, 1))
    create_code("J9998", "Injection that ends", terminated=datetime.date(2999, 1, 1))
    create_code("CO", "Outpatient therapy", kind="modifier")
    heading = create_code("E11", "Type 2 diabetes mellitus", system="icd10cm", kind="header")
    create_code("E11.9", "Type 2 diabetes mellitus without complications", system="icd10cm", parent=heading)
    noted = create_code("I10", "High blood pressure", system="icd10cm")
    CodeNote.objects.create(code=noted, kind="excludes1", text="sugar disease (E11.-)", position=1, source="A list")
    for number in range(21):
        create_code(f"K00{number:02}", f"Wheelchair part {number}")
    monkeypatch.setattr("policies.presenters.POLICIES_PER_PAGE", 2)
    monkeypatch.setattr("policies.policy_page.CODES_PER_PAGE", 1)
    create_policies(guided, retired)
    create_meetings()


def create_meetings():
    """Two kinds of meetings, one that nobody has time for, and a meeting that is booked for tomorrow."""
    create_meeting_type("never", hosts=[create_host("Sam Reed", hours=None)])
    host = create_host(hours=(0, 23))
    create_meeting_type("longer", hosts=[host], length_min=60)
    introduction = create_meeting_type(hosts=[host])
    slot = next_free_slots(introduction, after=timezone.now() + datetime.timedelta(days=1))[0]
    create_booking(introduction, host, slot.start)


def meeting_addresses() -> list[str]:
    """Each step of booking a meeting, and what its page shows; their addresses depend on the day."""
    booking = Booking.objects.select_related("meeting_type").get()
    free, later = (
        write_instant(slot.start) for slot in next_free_slots(booking.meeting_type, after=timezone.now())[:2]
    )
    steps = [
        f"start={free}",
        f"start={later}&show=times",
        f"start={write_instant(booking.starts_at)}",
        "day=1900-01-01",
    ]
    changes = ["", "?done=booked", "?change=time", "?change=cancel", "?change=time&week=1900-01-01", "?zone=Mars/Base"]
    return [
        *(f"/contact/meeting/?type=introduction&{step}" for step in steps),
        *(f"{booking_path(booking)}{change}" for change in changes),
    ]


def create_policies(named, other):
    """Policies in every state; one LCD, L33789, has many plans, documents and codes."""
    plan = create_plan(
        "Example Health", organization="Example", region="Maine", website="https://plan.example/", kind="medicaid"
    )
    contractors = [
        create_plan(f"Contractor {n}", organization=f"Company {n % 5}", region="Ohio", contractor_number=f"1500{n}")
        for n in range(9)
    ]
    ncd = create_policy("Mobility", kind="ncd", number="280.3", status="active")
    fields = {"effective": datetime.date(2024, 1, 1), "last_reviewed": datetime.date(2025, 1, 1)}
    fields |= {"last_verified": datetime.date(2025, 2, 1), "url": "https://documents.example/33789"}
    lcd = create_policy(
        "Wheelchairs",
        kind="lcd",
        number="L33789",
        status="active",
        plans=contractors,
        references=[ncd],
        summary="- For use at home",
        **fields,
    )
    for number in range(9):
        create_policy(f"Article {number}", kind="article", number=f"A{number}", references=[lcd])
    create_policy_code(lcd, other)
    said = {"label": "Arzerra", "note": "Once a week.", "range": "J9301-J9306", "prior_authorization": "auth-needed"}
    create_policy_code(lcd, named, starts=datetime.date(2024, 1, 1), ends=datetime.date(2999, 1, 1), **said)
    create_policy("Retired", issuer=plan, status="retired", retired=datetime.date(2025, 1, 1))
    create_policy("Proposed", issuer=plan, status="proposed", plans=[plan, contractors[0]])
    create_policy("Future", issuer=plan, effective=datetime.date(2999, 1, 1), retired=datetime.date(2999, 2, 1))


ADDRESSES = [
    "/",
    "/codes/",
    "/codes/?q=arzerra",
    "/codes/?q=dripped+risks_and_complications",
    "/codes/?q=diabetes",
    "/codes/?q=wheelchair&page=2",
    "/codes/?q=wheelchair&page=99",
    "/codes/?q=wheelchair&page=x&system=hcpcs&system=none",
    "/codes/?q=inotuzumab&system=hcpcs&status=retired",
    "/codes/?q=wheelchiar",
    "/codes/?q=%3Cb%3E%22&status=header",
    "/codes/hcpcs/",
    "/codes/hcpcs/?range=j&page=2",
    "/codes/hcpcs/?range=j&status=none",
    "/codes/hcpcs/?range=modifiers&status=retired",
    "/codes/icd10cm/?range=e00-e89",
    "/codes/icd10pcs/",
    "/codes/cpt4/",
    "/codes/decode/",
    "/developers/",
    "/codes/compare/",
    "/codes/compare/?code=J9302",
    "/codes/compare/?code=hcpcs:J9302&code=hcpcs:J9229",
    "/codes/compare/?code=J9302,C9028,E11.9,J9303&code=J9302&code=none&code=CO",
    "/code/hcpcs/J9302",
    "/code/hcpcs/J9302?as_of=2010-06-01",
    "/policies/matrix/",
    "/policies/matrix/?code=J9302,C9028,none&code=K0001&plan=example-health&plan=none",
    "/code/hcpcs/J9302?as_of=2018-13-01",
    "/code/hcpcs/C9028?as_of=2019-03-01",
    "/code/hcpcs/J9229?as_of=2018-06-01",
    "/code/hcpcs/G9976?as_of=2020-01-01",
    "/code/hcpcs/J9999",
    "/code/hcpcs/J9998?as_of=2998-01-01",
    "/code/hcpcs/CO",
    "/code/icd10cm/E11?as_of=2020-01-01",
    "/code/icd10cm/E11.9",
    "/code/icd10cm/I10",
    "/code/hcpcs/J9303",
    "/code/hcpcs/J9310",
    "/code/hcpcs/J9302/changes",
    "/policies/",
    "/policies/?page=2",
    "/policies/?page=99",
    "/policies/?q=J9302",
    "/policies/?q=nosuchthing",
    "/policies/?plan=contractor-1&kind=lcd&status=current&code=hcpcs:J9302&has_code=1&changed_since=2020-01-01",
    "/policies/?plan=none&kind=none&code=none&changed_since=none",
    "/policy/cms/cd64a7f9",
    "/policy/cms/cd64a7f9?page=2",
    "/policy/cms/cd64a7f9?find=arzerra",
    "/policy/cms/714a0a01",
    "/policy/example-health/98f1852b",
    "/policy/example-health/b63d5437",
    "/policy/example-health/69964429",
    "/policies/changes/",
    "/plans/",
    "/plans/cms/",
    "/plans/contractor-1/",
    "/plans/example-health/",
    "/contact/",
    "/contact/?code=hcpcs:J9302&page=/policies/",
    "/contact/message/",
    "/contact/message/?code=hcpcs:J9302&page=/policies/",
    "/contact/message/sent/",
    "/contact/message/sent/?code=hcpcs:J9302",
    "/contact/meeting/",
    "/contact/meeting/?code=hcpcs:J9302&page=/policies/&zone=Mars/Base",
    "/contact/meeting/?type=introduction",
    "/contact/meeting/?type=never",
    "/contact/meeting/?type=none",
    "/nothing",
]


def read(client, address: str) -> str:
    """The HTML at an address, after redirects."""
    return client.get(address, follow=True).content.decode()


def test_pages_are_well_formed_for_every_reader(client, content, subtests):
    for address in ADDRESSES:
        with subtests.test(address):
            assert_well_formed(read(client, address))


def assert_well_formed(html: str):
    page = Page(html)
    levels = [level for level, _ in page.headings]
    ids = page.all("id")
    in_page = [urlsplit(value).fragment for value in page.all("href") if value.startswith("#")]
    # Those that are ticked stand in their labels.
    unlabelled = ("hidden", "checkbox", "radio")
    controls = [a for tag, a in page.tags if tag in ("input", "select") and a.get("type") not in unlabelled]
    described = [each for value in page.all("aria-describedby") + page.all("aria-labelledby") for each in value.split()]
    assert UNKNOWN_VARIABLE not in html
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
    assert len(ids) == len(set(ids))
    assert set(in_page) | set(described) <= set(ids)
    assert {control["id"] for control in controls} <= set(page.all("for"))
    assert [attributes["role"] for tag, attributes in page.tags if tag == "form" and "role" in attributes] == ["search"]
    assert inline_code(html) == []


def test_pages_of_meetings_are_well_formed(client, content):
    for address in meeting_addresses():
        assert_well_formed(read(client, address))


@pytest.mark.parametrize(
    ("data", "status"),
    [({"page": "/policies/", "message": "M" * 5001}, 422), ({"name": "Kim", "email": "kim", "code": "\0"}, 422)],
)
def test_form_with_errors_is_well_formed(client, content, data, status):
    response = client.post("/contact/message/", data)

    assert response.status_code == status
    assert_well_formed(response.content.decode())


BILL = "Kim Lee\nC9028-JW-25 03/01/2019 x10 $1,234.56\nJ9302 J93O2 J9299 E11 99213 NDC 50242-0040-62"


@pytest.mark.parametrize(("data", "status"), [({"text": BILL}, 200), ({"text": "", "on": "\0"}, 422)])
def test_decoded_bill_is_well_formed(client, content, data, status):
    response = client.post("/codes/decode/", data)

    assert response.status_code == status
    assert_well_formed(response.content.decode())


def test_every_template_is_rendered_by_some_page(client, content):
    preview = f"/preview/{GuideDraft.objects.get().preview_token()}/"
    addresses = [*ADDRESSES, *meeting_addresses(), preview]
    rendered = {template.name for address in addresses for template in client.get(address, follow=True).templates}
    rendered |= {template.name for template in client.post("/codes/decode/", {"text": BILL}).templates}
    # Those of the desk are rendered by the tests of the admin, as is what it shows of a text that is being typed.
    public = {name for name in TEMPLATES if not name.startswith(("admin/", "simple_history/"))}
    elsewhere = {"400.html", "403.html", "403_csrf.html", "410.html", "500.html"}
    assert public - rendered == {*elsewhere, "procedures/typed_preview.html", "procedures/_difference.html"} - rendered


def test_code_page_has_the_headings_of_the_guide_in_order(client, content):
    headings = [text for _, text in Page(read(client, "/code/hcpcs/J9302")).headings]
    first = headings.index(SECTIONS[0].heading)
    assert headings[first : first + len(SECTIONS)] == [section.heading for section in SECTIONS]


def test_code_page_without_guide_shows_no_empty_place(client, content):
    headings = [text for _, text in Page(read(client, "/code/icd10cm/E11.9")).headings]
    assert headings == [
        "Type 2 diabetes mellitus without complications",
        "At a glance",
        "Source of the code",
        "Contact us to learn more",
        "Send us a message",
        "Book a meeting",
        "Date of service",
    ]


SENTENCES = [
    ("/code/hcpcs/J9302", "HCPCS code J9302 Injection, ofatumumab, 10 mg"),
    ("/code/hcpcs/J9302", "Not yet reviewed by a clinician"),
    ("/code/hcpcs/J9302?as_of=2018-06-01", "On 1 June 2018 J9302 was valid."),
    (
        "/code/hcpcs/J9302?as_of=yesterday",
        "Write the date as year-month-day, such as 2018-06-30; “yesterday” could not be read.",
    ),
    ("/code/hcpcs/C9028", "Discontinued on 31 December 2018. Use J9229 (Injection, inotuzumab)."),
    ("/code/hcpcs/C9028?as_of=2019-03-01", "was no longer valid: J9229 was valid on that day."),
    ("/code/hcpcs/J9229?as_of=2018-06-01", "was not yet valid: C9028 was valid on that day."),
    ("/code/hcpcs/J9229", "Replaces C9028 ("),
    ("/code/hcpcs/G9976", "No longer listed: not in the January 2025 release of HCPCS Level II"),
    ("/code/hcpcs/J9999", "This code may be used from 1 January 2999."),
    ("/code/icd10cm/E11", "For a bill, use one of the more specific codes below."),
    ("/codes/?q=wheelchair", "21 results for “wheelchair”"),
    ("/codes/?q=arzerra", "1 result for “arzerra”"),
    ("/codes/?q=arzerra", "Brand name: Arzerra"),
    ("/codes/?q=inotuzumab", "Retired, last day 31 December 2018"),
    ("/codes/?q=diabetes", "Heading: choose a more specific code"),
    ("/codes/?q=wheelchair&page=99", "There is no page 99: the results end on page 2."),
    ("/codes/?q=nosuchthing", "No results for “nosuchthing”"),
    ("/codes/?q=wheelchair&system=none", "“none” is not a known value; it was ignored."),
]


def test_pages_say(client, content, subtests):
    for address, sentence in SENTENCES:
        with subtests.test(f"{address}: {sentence}"):
            assert sentence in " ".join(re.sub(r"<[^>]+>", "", read(client, address)).split())


HIDDEN_FROM_SEARCH_ENGINES = [
    ("/codes/?q=wheelchair", False),
    ("/codes/?q=wheelchair&page=2", True),
    ("/codes/?q=wheelchair&status=active", True),
    ("/codes/hcpcs/?range=j", False),
    ("/codes/hcpcs/?range=j&status=active", True),
    ("/code/hcpcs/J9302", False),
    ("/code/hcpcs/J9302?as_of=2018-06-01", True),
    ("/nothing", True),
]


def test_filtered_and_later_pages_are_kept_out_of_search_engines(client, content, subtests):
    for address, hidden in HIDDEN_FROM_SEARCH_ENGINES:
        with subtests.test(address):
            assert ('<meta name="robots" content="noindex">' in read(client, address)) is hidden


def test_filters_are_kept_in_the_form_and_removable_one_by_one(client, content):
    html = read(client, "/codes/?q=wheelchair&system=hcpcs&status=active")
    page = Page(html)
    fields = [(a.get("name"), a.get("value")) for tag, a in page.tags if tag == "input" and "checked" in a]
    hidden = [(a["name"], a["value"]) for tag, a in page.tags if tag == "input" and a.get("type") == "hidden"]
    assert fields == [("system", "hcpcs"), ("status", "active")]
    assert hidden == [("q", "wheelchair")]
    links = page.all("href")
    assert "/codes/?q=wheelchair&status=active" in links
    assert "/codes/?q=wheelchair&system=hcpcs" in links
    assert "/codes/?q=wheelchair" in links


def test_preview_is_well_formed_for_every_reader(client, content):
    draft = GuideDraft.objects.get()
    assert_well_formed(read(client, f"/preview/{draft.preview_token()}/"))
    address = f"/preview/{draft.preview_token()}/"
    draft.revoke_preview()
    assert_well_formed(read(client, address))
