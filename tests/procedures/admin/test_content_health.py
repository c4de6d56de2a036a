import datetime

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.guide_sections import SECTIONS
from procedures.models import DailyViews, Guide, GuideDraft, SearchWithoutResult
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

PAGE = "/admin/content-health/"

SHORT = {section.field: f"This is short and easy to read. It tells of {section.field}." for section in SECTIONS}
HARD = (
    "Contemporary pharmacotherapeutic administration of immunomodulatory monoclonal antibodies necessitates "
    "comprehensive multidisciplinary consideration of individualized cardiovascular contraindications, anticipated "
    "immunosuppressive complications, and psychosocial circumstances preceding initiation, notwithstanding apparently "
    "uncomplicated presentations throughout preliminary investigations."
)


def create_complete_guide(number, **texts):
    """A guide with nothing to find fault with, unless `texts` say otherwise; never reviewed."""
    own = {field: f"{text} Only here: {number * 1000 + place}." for place, (field, text) in enumerate(SHORT.items())}
    words = " ".join(f"w{number}x{place}" for place in range(200))
    return create_guide(create_code(f"K{number:04}"), **{**own, "summary": f"Words of its own: {words}", **texts})


def review(guide, *, due_in):
    today = timezone.localdate()
    Guide.objects.filter(pk=guide.pk).update(
        reviewed_on=today - datetime.timedelta(days=500),
        reviewed_by="Jane Roe, RN",
        review_due_on=today + datetime.timedelta(days=due_in),
        reviewed_text_of=guide.changed_at,
    )


def create_views(code, count=1):
    DailyViews.objects.create(code=code, day=timezone.localdate(), count=count)


def create_search(text, count=3):
    return SearchWithoutResult.objects.create(text=text, day=timezone.localdate(), count=count)


def create_some_of_everything():
    """The finding of each title, and how often it is there."""
    cora, ann = create_user("cora"), create_user("ann-the-author")
    waiting = create_draft(create_code("J0001"), by=ann)
    waiting.submit(by=ann)
    for number, minutes in ((2, 60), (3, 16), (4, 14), (5, -60)):
        late = create_draft(create_code(f"J000{number}"), by=ann)
        late.submit(by=ann)
        late.approve(by=cora, go_live_at=timezone.now() - datetime.timedelta(minutes=minutes))
    old = [create_draft(create_code(f"J001{number}"), by=ann) for number in range(3)]
    for draft, days in zip(old, (100, 31, 29), strict=True):
        begun = timezone.now() - datetime.timedelta(days=days)
        GuideDraft.objects.filter(pk=draft.pk).update(created_at=begun)

    review(create_complete_guide(1), due_in=-1)
    review(create_complete_guide(2), due_in=0)
    create_complete_guide(3, recovery="", benefits="")
    create_complete_guide(4, setting="TODO: ask the clinic.")
    create_complete_guide(5, risks_and_complications=" ".join([HARD] * 20))
    past = datetime.date(2018, 12, 31)
    silent, saying = create_complete_guide(6), create_complete_guide(7, purpose="This code is no longer used.")
    for guide in (silent, saying):
        guide.code.terminated = past
        guide.code.save()
    same = " ".join(f"Same{place}." for place in range(4000))
    create_complete_guide(8, summary=same)
    create_complete_guide(9, summary=same)
    hidden = create_complete_guide(10, recovery="TODO")
    hidden.unpublish(reason="It was wrong.", by=None)

    for code in (waiting.code, create_code("J0020"), silent.code):
        create_views(code)
    create_search("cat scan")
    create_search("rare thing", 2)
    return {
        "Waiting for review": 1,
        "Approved, but late": 2,
        "In work for more than 30 days": 2,
        "Review overdue": 1,
        "Retired code, not mentioned": 1,
        "With unfinished marks": 1,
        "With empty sections": 1,
        "Hard to read": 1,
        "Nearly the same as another": 2,
        "Never reviewed by a clinician": 7,
        "Viewed, but without a guide": 2,
        "Searched for, but not found": 1,
    }


def read_findings(client):
    """The count and the address of the list of each finding, by its title; None without a link."""
    page = read_page(client.get(PAGE))
    titles = [element.text for element in page.all("h3")]
    counts = [int(each.text) for each in page.all("p") if each.attributes.get("class") == "finding-count"]
    links = {text.partition(": ")[2]: address for address, text in page.links.items()}
    return {title: (count, links.get(title)) for title, count in zip(titles, counts, strict=True)}


@pytest.fixture
def reviewer(client):
    client.force_login(create_user("rae", groups=["Reviewer"]))
    return client


def test_findings_are_counted(reviewer):
    expected = create_some_of_everything()

    assert {title: count for title, (count, _) in read_findings(reviewer).items()} == expected


def test_list_behind_a_finding_has_as_many_rows(reviewer):
    create_some_of_everything()

    findings = read_findings(reviewer)

    for title, (count, address) in findings.items():
        response = reviewer.get(address)
        assert response.status_code == 200, title
        assert response.context["cl"].result_count == count, title
        assert response.context["cl"].has_active_filters or "?" not in address, title
    assert findings["Review overdue"][1] == "/admin/procedures/guide/?health=overdue"
    assert findings["Viewed, but without a guide"][1] == "/admin/procedures/medicalcode/?guide=none&viewed=lately"


@pytest.mark.parametrize(
    "address", ["guide/?health=none", "guidedraft/?age=none", "guidedraft/?due=none", "dailyviews/?days=none"]
)
def test_unknown_value_of_a_filter_shows_everything(admin_client, address):
    create_guide(create_code())
    create_draft(create_code("J0001"))
    create_views(create_code("J0002"))

    assert admin_client.get(f"/admin/procedures/{address}").context["cl"].result_count == 1


def test_health_page_of_an_empty_site_has_nothing_to_do(reviewer):
    findings = read_findings(reviewer)

    assert len(findings) == 12
    assert set(findings.values()) == {(0, None)}


def test_viewed_codes_lead_to_writing_their_guide(reviewer):
    begun, code = create_draft(create_code("J0001")), create_code("J0002")
    create_views(begun.code, 1200)
    create_views(code, 7)

    links = read_page(reviewer.get(PAGE)).links

    assert links[f"/admin/procedures/guidedraft/add/?code={code.pk}"] == "Write a guide of J0002"
    assert links[f"/admin/procedures/guidedraft/{begun.pk}/change/"] == "In work: guide of J0001"
    form = read_page(reviewer.get(f"/admin/procedures/guidedraft/add/?code={code.pk}"))
    assert str(code) in [option.text for option in form.all("option") if "selected" in option.attributes]


def test_searches_lead_to_adding_a_name(reviewer):
    search = create_search("cat scan", 1234)

    page = read_page(reviewer.get(PAGE))

    address = f"/admin/procedures/searchwithoutresult/{search.pk}/add-name/"
    assert page.links[address] == "Add as another name of … a code: cat scan"
    assert "cat scan 1,234" in page.text
    assert reviewer.get(address).status_code == 200


def test_twins_are_linked(reviewer):
    same = {"summary": " ".join(f"same{place}" for place in range(300))}
    guides = [create_guide(create_code(f"J000{number}"), **same) for number in range(2)]

    page = read_page(reviewer.get(PAGE))

    for guide in guides:
        assert page.links[f"/admin/procedures/guide/{guide.pk}/change/"] == str(guide.code)
    assert "100 %" in page.text


def test_health_page_is_open_to_all_who_may_view_guides(client):
    for group in ("Author", "Reviewer", "Desk", "Data"):
        client.force_login(create_user(f"of-{group}", groups=[group]))
        assert client.get(PAGE).status_code == 200
        assert read_page(client.get("/admin/")).links[PAGE] == "Content health"


def test_health_page_is_closed_to_others(client):
    assert client.get(PAGE).status_code == 302
    user = create_user("nobody-yet")
    client.force_login(user)
    assert client.get(PAGE).status_code == 403
    assert PAGE not in read_page(client.get("/admin/")).links
    user.user_permissions.add(Permission.objects.get(codename="view_guide"))
    assert client.get(PAGE).status_code == 200
    assert client.post(PAGE).status_code == 405


def test_findings_are_shown_to_those_who_may_see_their_list(client):
    create_some_of_everything()
    user = create_user("vera")
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_guide", "view_medicalcode"]))
    client.force_login(user)

    findings = read_findings(client)
    page = read_page(client.get(PAGE))

    assert set(findings) == {
        "Review overdue",
        "Retired code, not mentioned",
        "With unfinished marks",
        "With empty sections",
        "Hard to read",
        "Nearly the same as another",
        "Never reviewed by a clinician",
    }
    assert "cat scan" not in page.text
    assert all(client.get(address).status_code == 200 for _, address in findings.values())


def test_links_that_lead_nowhere_are_not_shown(client):
    user = create_user("vera")
    may = ["view_guide", "view_medicalcode", "view_dailyviews", "view_searchwithoutresult"]
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client.force_login(user)
    draft = create_draft(create_code())
    create_views(draft.code)
    create_views(create_code("J0001"))
    create_search("cat scan")

    page = read_page(client.get(PAGE))

    assert "cat scan" in page.text
    links = [address for address in page.links if "/procedures/" in address]
    assert links
    assert all(client.get(address).status_code == 200 for address in links)


def test_number_of_queries_does_not_grow(reviewer):
    def queries():
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert reviewer.get(PAGE).status_code == 200
        return len(captured)

    create_some_of_everything()
    reviewer.get(PAGE)
    few = queries()
    same = {"summary": " ".join(f"same{place}" for place in range(300))}
    for number in range(10):
        create_guide(create_code(f"L{number:04}"), **same)
        create_draft(create_code(f"M{number:04}")).submit(by=None)
        create_views(create_code(f"N{number:04}"))
        create_search(f"thing {number}")
    assert queries() == few <= 25


def test_health_page_is_never_kept(reviewer):
    assert "no-store" in reviewer.get(PAGE).headers["Cache-Control"]
