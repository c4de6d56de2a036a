"""The Atom feeds as a feed reader gets them."""

import datetime
import io
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.changes import PolicyState, record_change
from policies.models import Policy
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
SITE = "https://codes.example:8443"


@pytest.fixture(autouse=True)
def site_url(settings):
    settings.SITE_URL = SITE


class Feed:
    """A parsed feed; it has what RFC 4287 asks of a feed and its entries."""

    def __init__(self, response):
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        self.root = ElementTree.fromstring(response.content)
        assert self.root.tag == f"{ATOM}feed"
        self.entries = self.root.findall(f"{ATOM}entry")
        for element in (self.root, *self.entries):
            for name in ("id", "title", "updated"):
                assert len(element.findall(f"{ATOM}{name}")) == 1
            assert datetime.datetime.fromisoformat(element.findtext(f"{ATOM}updated")).tzinfo
            assert element.findtext(f"{ATOM}author/{ATOM}name")

    def all(self, name: str) -> list[str]:
        return [entry.findtext(f"{ATOM}{name}") for entry in self.entries]

    def links(self, element=None) -> dict[str, str]:
        found = (self.root if element is None else element).findall(f"{ATOM}link")
        return {link.attrib["rel"]: link.attrib["href"] for link in found}


def read(client, address) -> Feed:
    return Feed(client.get(address))


def words(html: str) -> str:
    """The text of an entry's summary, which is HTML."""
    parser, texts = HTMLParser(), []
    parser.handle_data = texts.append
    parser.feed(html)
    parser.close()
    return " ".join(" ".join(texts).split())


def change(policy, *, drop=(), **facts):
    policy = Policy.objects.get(pk=policy.pk)
    before = PolicyState.of(policy)
    for name, value in facts.items():
        setattr(policy, name, value)
    policy.save()
    policy.policy_codes.filter(code__in=drop).delete()
    record_change(policy, before)


def test_feed_tells_of_each_change_newest_first(client):
    code = create_code()
    with time_machine.travel("2026-03-01T12:00:00+00:00", tick=False):
        policy = create_policy("Power Mobility Devices", kind="lcd", number="L33000")
    with time_machine.travel("2026-03-02T12:00:00+00:00", tick=False):
        create_policy_code(policy, code)
    with time_machine.travel("2026-03-03T12:00:00+00:00", tick=False):
        change(policy, status="retired", title="Power Mobility")

    feed = read(client, "/feeds/policies.atom")

    assert feed.all("title") == [
        "L33000 Power Mobility: Retired; Title",
        "L33000 Power Mobility Devices: 1 code added: J9302",
        "L33000 Power Mobility Devices: New on this site",
    ]
    assert feed.all("updated") == [f"2026-03-0{day}T12:00:00+00:00" for day in (3, 2, 1)]
    assert feed.all("published") == feed.all("updated")
    assert feed.root.findtext(f"{ATOM}updated") == "2026-03-03T12:00:00+00:00"
    categories = [[each.attrib["term"] for each in entry.findall(f"{ATOM}category")] for entry in feed.entries]
    assert categories == [["retired", "lcd"], ["codes", "lcd"], ["new", "lcd"]]


def test_entry_says_in_its_summary_what_changed(client):
    north, south = create_plan("North Health"), create_plan("South & Sons")
    policy = create_policy("Ofatumumab", plans=[north], effective=datetime.date(2026, 1, 1), summary="Old text.")
    codes = create_codes({f"K00{number:02}": f"Part <{number}>" for number in range(22)})
    before = PolicyState.of(policy)
    policy.effective, policy.summary = datetime.date(2026, 2, 1), "New text."
    policy.save()
    policy.plans.set([south])
    for code in codes:
        policy.policy_codes.create(code=code, source="Test")
    record_change(policy, before)

    said = words(read(client, "/feeds/policies.atom").all("summary")[0])

    assert "Revised: payer policy of Example Health. Source: an editor of this site." in said
    assert "Effective date: 1 February 2026 (before: 1 January 2026)." in said
    assert "Applies to, added: South & Sons. Applies to, removed: North Health." in said
    assert "Summary: the text changed." in said
    assert "Codes added: K0000 Part <0>; K0001 Part <1>" in said
    assert "K0019 Part <19>; and 2 more." in said
    assert "K0020" not in said


def test_addresses_are_those_of_the_site_whatever_host_was_asked(client):
    policy = create_policy()

    feed = Feed(client.get("/feeds/policies.atom", headers={"host": "localhost"}))
    entry = feed.entries[0]

    assert feed.links() == {
        "alternate": f"{SITE}/policies/changes/",
        "self": f"{SITE}/feeds/policies.atom",
        "first": f"{SITE}/feeds/policies.atom",
    }
    assert feed.links(entry) == {"alternate": f"{SITE}{policy.get_absolute_url()}#revision-1"}
    assert entry.findtext(f"{ATOM}author/{ATOM}uri") == f"{SITE}/plans/example-health/"
    assert "localhost" not in ElementTree.tostring(feed.root).decode()


def test_ids_are_unique_and_stay_over_further_changes_new_titles_and_addresses(client, settings):
    policy = create_policy("Ofatumumab", codes=[create_code()])
    create_policy("Rituximab")
    change(policy, status="active")
    before = read(client, "/feeds/policies.atom")

    settings.SITE_URL = "http://codes.example"
    policy.title = "Arzerra"
    policy.name_for_addresses()
    policy.save()
    change(policy, status="retired")
    after = read(client, "/feeds/policies.atom")

    assert after.all("id")[0] == f"tag:codes.example,2026:policy/{policy.public_id}/revision/3"
    assert after.all("id")[1:] == before.all("id")
    assert after.all("updated")[1:] == before.all("updated")
    assert len(set(after.all("id"))) == 4
    for feed in (before, after):
        assert feed.root.findtext(f"{ATOM}id") == "tag:codes.example,2026:feeds/policies"


def test_same_change_has_the_same_id_in_every_feed(client):
    policy = create_policy("Ofatumumab", codes=[create_code()])
    addresses = ["policies", "plan/example-health", f"policy/{policy.public_id}", "code/hcpcs/J9302"]

    feeds = [read(client, f"/feeds/{address}.atom") for address in addresses]

    assert [feed.all("id") for feed in feeds] == [[f"tag:codes.example,2026:policy/{policy.public_id}/revision/1"]] * 4
    assert len({feed.root.findtext(f"{ATOM}id") for feed in feeds}) == 4


def test_feed_of_a_plan_holds_its_policies_alone(client):
    north, south = create_plan("North Health"), create_plan("South Health")
    create_policy("Applied", kind="lcd", number="L1", plans=[north])
    create_policy("Issued", issuer=north)
    create_policy("Foreign", issuer=south)

    feed = read(client, "/feeds/plan/north-health.atom")

    assert feed.all("title") == ["Issued: New on this site", "L1 Applied: New on this site"]
    assert feed.root.findtext(f"{ATOM}title") == "Policy changes: North Health"
    assert feed.links()["alternate"] == f"{SITE}/plans/north-health/"


def test_feed_of_a_policy_holds_its_changes_alone(client):
    policy = create_policy("Ofatumumab")
    create_policy("Rituximab")
    change(policy, status="active")

    feed = read(client, f"/feeds/policy/{policy.public_id}.atom")

    assert feed.all("title") == ["Ofatumumab: Status", "Ofatumumab: New on this site"]
    assert feed.links()["alternate"] == f"{SITE}{policy.get_absolute_url()}"


def test_feed_of_a_code_holds_what_concerns_it(client):
    code, other = create_code("E11.9", "Type 2 diabetes", system="icd10cm"), create_code()
    policy = create_policy("Glucose monitors", codes=[code])
    create_policy("Ofatumumab", codes=[other])
    create_policy_code(policy, other)
    change(policy, status="retired")
    change(policy, drop=[code])

    feed = read(client, "/feeds/code/icd10cm/E11.9.atom")

    assert feed.all("title") == [
        "Glucose monitors: 1 code dropped: E11.9",
        "Glucose monitors: Retired",
        "Glucose monitors: New on this site; 1 code: E11.9",
    ]
    assert feed.links()["alternate"] == f"{SITE}{code.get_absolute_url()}"


@pytest.mark.parametrize(
    ("spelling", "address"),
    [
        ("code/hcpcs/j9302", "code/hcpcs/J9302"),
        ("code/HCPCS/J9302", "code/hcpcs/J9302"),
        ("code/hcpcs/J-9302", "code/hcpcs/J9302"),
        ("code/icd10cm/e119", "code/icd10cm/E11.9"),
        ("plan/Example-Health", "plan/example-health"),
    ],
)
def test_other_spellings_are_moved_for_good_with_their_query(client, spelling, address):
    create_code("E11.9", "Type 2 diabetes", system="icd10cm")
    create_policy(codes=[create_code()])

    response = client.get(f"/feeds/{spelling}.atom?page=1")

    assert response.status_code == 301
    assert response.headers["Location"] == f"/feeds/{address}.atom?page=1"


def test_id_of_a_policy_in_capitals_is_moved_for_good(client):
    policy = create_policy(public_id="abcdef01")

    response = client.get("/feeds/policy/ABCDEF01.atom")

    assert response.status_code == 301
    assert response.headers["Location"] == f"/feeds/policy/{policy.public_id}.atom"


@pytest.mark.parametrize(
    "address",
    [
        "plan/nobody",
        "policy/00000000",
        "policy/xyz",
        "policy/%00%00%00%00%00%00%00%00",
        "code/hcpcs/J0000",
        "code/nothing/J9302",
        "code/hcpcs/%00",
        f"code/hcpcs/{'9' * 2000}",
        "policy/%EF%BC%901234567",
    ],
)
def test_unknown_feed_is_a_plain_404(client, address):
    response = client.get(f"/feeds/{address}.atom")

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.startswith(b"There is no such ")


def test_feed_without_entries_is_a_feed_that_does_not_change(client):
    create_plan("North Health")

    feed = read(client, "/feeds/plan/north-health.atom")

    assert feed.entries == []
    assert feed.root.findtext(f"{ATOM}updated") == "2026-01-01T00:00:00+00:00"


def test_characters_that_xml_forbids_are_left_out_everywhere(client):
    nasty = "A\x01B\x0b]]>\ufffe<b>&amp;"
    plan = create_plan(f"Plan {nasty}", slug="nasty")
    code = create_code("K0001", f"Wheel {nasty}")
    policy = create_policy(f"Title {nasty}", issuer=plan, number=f"N{nasty}", codes=[code])
    change(policy, url=f"https://plan.example/{nasty}", summary=nasty)

    feed = read(client, "/feeds/plan/nasty.atom")

    assert feed.all("title")[0] == "NAB]]><b>&amp; Title AB]]><b>&amp;: Original document, Summary"
    assert feed.root.findtext(f"{ATOM}title") == "Policy changes: Plan AB]]><b>&amp;"
    assert "https://plan.example/AB]]><b>&amp;" in words(feed.all("summary")[0])
    assert "Wheel AB]]><b>&amp;" in words(feed.all("summary")[1])


def test_feed_has_pages_linked_to_each_other(client):
    for number in range(51):
        create_policy(f"Policy {number}")
    address = f"{SITE}/feeds/policies.atom"

    first, second = read(client, "/feeds/policies.atom"), read(client, "/feeds/policies.atom?page=2")

    assert len(first.entries) == 50
    assert second.all("title") == ["Policy 0: New on this site"]
    assert first.links() == {
        "alternate": f"{SITE}/policies/changes/",
        "self": address,
        "first": address,
        "next": f"{address}?page=2",
    }
    assert second.links()["self"] == f"{address}?page=2"
    assert second.links()["previous"] == address
    assert "next" not in second.links()
    assert second.root.findtext(f"{ATOM}id") == first.root.findtext(f"{ATOM}id")


@pytest.mark.parametrize("page", ["0", "-1", "x", "%00", "٣", "9" * 30])
def test_page_that_is_no_number_is_the_first(client, page):
    create_policy()

    feed = read(client, f"/feeds/policies.atom?page={page}")

    assert len(feed.entries) == 1
    assert feed.links()["self"] == f"{SITE}/feeds/policies.atom"


def test_page_past_the_end_is_a_plain_404(client):
    create_policy()

    response = client.get("/feeds/policies.atom?page=9999")

    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/plain")


def test_feed_sets_no_cookie_and_answers_304_until_something_changes(client):
    policy = create_policy()
    response = client.get("/feeds/policies.atom")
    etag = {"If-None-Match": response["ETag"]}

    assert not response.cookies
    assert "public" in response["Cache-Control"]
    unchanged = client.get("/feeds/policies.atom", headers=etag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    change(policy, status="retired")
    assert client.get("/feeds/policies.atom", headers=etag).status_code == 200
    assert client.post("/feeds/policies.atom").status_code == 405


def test_feeds_take_as_many_queries_for_many_changes_as_for_one(client):
    plans = [create_plan(f"Plan {number}") for number in range(4)]
    codes = create_codes({f"K00{number:02}": f"Wheelchair part {number}" for number in range(12)})
    lcd = create_policy("Wheelchairs", kind="lcd", number="L1")

    def add(number):
        policy = create_policy(f"Article {number}", kind="article", number=f"A{number}", codes=codes[:1])
        before = PolicyState.of(policy)
        policy.plans.set(plans)
        policy.references.set([lcd])
        for code in codes[1:]:
            policy.policy_codes.create(code=code, source="Test")
        record_change(policy, before)
        return policy

    def queries(address) -> int:
        with CaptureQueriesContext(connection) as captured:
            read(client, address)
        return len(captured)

    policy = add(0)
    addresses = ["policies", "plan/plan-1", f"policy/{policy.public_id}", "code/hcpcs/K0000"]
    few = [queries(f"/feeds/{address}.atom") for address in addresses]
    for number in range(1, 20):
        add(number)

    assert [queries(f"/feeds/{address}.atom") for address in addresses] == few
    # Content version, subject, keys, revisions, those before, changes of codes, codes, names of plans and documents.
    assert max(few) <= 9


def test_two_imports_one_after_the_other_give_an_entry_for_each_change(client, tmp_path):
    for code in ("J9302", "J9310", "J9229"):
        create_code(code, f"Injection {code}")
    header = "plan,policy_number,title,url,kind,effective_date,last_reviewed,prior_auth,codes\n"
    first = "Example Plan,P1,Ofatumumab,https://plan.example/1,payer-policy,2026-01-01,,,J9302\n"
    same = "Example Plan,P2,Rituximab,https://plan.example/2,payer-policy,2026-01-01,,,J9310\n"
    second = "Example Plan,P1,Ofatumumab,https://plan.example/1,payer-policy,2026-02-01,,,J9302|J9229\n"
    source = tmp_path / "policies.csv"

    source.write_text(header + first + same)
    call_command("import_policies", "csv", str(source), stdout=io.StringIO(), stderr=io.StringIO())
    before = read(client, "/feeds/policies.atom")
    source.write_text(header + second + same)
    for _ in range(2):
        call_command("import_policies", "csv", str(source), stdout=io.StringIO(), stderr=io.StringIO())
    after = read(client, "/feeds/policies.atom")

    assert after.all("title")[0] == "P1 Ofatumumab: Effective date; 1 code added: J9229"
    assert "Source: CSV list." in words(after.all("summary")[0])
    assert after.all("id")[1:] == before.all("id")
    assert len(set(after.all("id"))) == 3
    assert read(client, "/feeds/code/hcpcs/J9229.atom").all("id") == after.all("id")[:1]
