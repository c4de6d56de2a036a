"""The policies of the demonstration: what visitors find, and what a second load and a later import do."""

import re
from collections import Counter

import pytest
from django.db import connection, transaction

from codesite.management.commands import load_demo as command
from policies.demonstration.excerpts import read_medicare
from policies.imports.loader import load_policies
from policies.imports.mcd import read_mcd
from policies.models import HealthPlan, Policy, PolicyCode
from procedures.models import MedicalCode
from procedures.search import Filters, search
from tests.codesite.management.conftest import use_small_icd
from tests.factories import get_system
from tests.own_database import every_row
from tests.pages import read_page
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """What the command said. It is loaded once; each test undoes its own changes, and the last one undoes the load."""
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        use_small_icd(patch)
        patch.setattr(command.Command, "_load_guides", lambda self: None)
        yield said_by("load_demo")
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def without_guides(monkeypatch, small_icd):
    monkeypatch.setattr(command.Command, "_load_guides", lambda self: None)


def page_of(client, code: str):
    return read_page(client.get(MedicalCode.objects.get(code=code).get_absolute_url()))


def test_demo_brings_documents_of_medicare_and_two_policies_of_the_example_plan(demo):
    assert "Policies: 73 added." in demo
    assert Counter(Policy.objects.values_list("kind", flat=True)) == {"lcd": 29, "article": 42, "payer-policy": 2}
    contractors = HealthPlan.objects.filter(kind="medicare-contractor", policies__isnull=False)
    assert len(set(contractors.values_list("organization", flat=True))) >= 6
    assert Policy.objects.ended().count() == 3
    assert PolicyCode.objects.filter(label__contains="Kesimpta").exists()
    assert not Policy.objects.filter(missing_since__isnull=False).exists()
    assert all(policy.revisions.get().kind == "new" for policy in Policy.objects.all())


def test_policies_of_the_demo_have_no_fact_without_a_source(demo):
    assert not Policy.objects.exclude(status__in=["unknown", "retired"]).exists()
    for policy in Policy.objects.filter(kind="payer-policy"):
        assert (policy.number, policy.url, policy.status, policy.summary) == ("", "", "unknown", "")
        assert (policy.effective, policy.last_reviewed, policy.retired, policy.last_verified) == (None,) * 4
    for policy in Policy.objects.exclude(kind="payer-policy"):
        assert policy.url.startswith("https://www.cms.gov/medicare-coverage-database/view/")
        assert "ver=" not in policy.url
    assert set(PolicyCode.objects.values_list("prior_authorization", flat=True)) == {"unknown"}
    assert not PolicyCode.objects.filter(source="").exists()


def test_code_page_shows_its_policies_and_the_policy_shows_the_code_back(demo, client):
    links = page_of(client, "J9302").links
    [address] = [address for address, text in links.items() if text == "Arzerra (ofatumumab)"]
    policy = read_page(client.get(address))

    assert "Arzerra (ofatumumab)" in policy.headings
    assert any(address.startswith("/code/hcpcs/J9302-") for address in policy.links)


def test_wheelchair_shows_its_coverage_determination(demo, client):
    assert "L33789" in page_of(client, "K0823").text


def test_wheelchair_shows_the_article_beside_its_coverage_determination(demo, client):
    assert "A52498" in page_of(client, "K0823").text


def test_search_finds_codes_of_the_demo_that_have_a_policy(demo):
    rows = search("", [get_system()], Filters(has_policy=True)).rows
    assert rows

    assert [row["code"] for row in search("ofatumumab", [get_system()], Filters(has_policy=True)).rows] == ["J9302"]


def test_demo_loaded_again_changes_nothing_and_says_so(demo):
    before = every_row(connection)

    assert "Policies: 0 added." in said_by("load_demo")
    assert every_row(connection) == before


def test_demo_changes_no_policy_that_an_editor_changed(demo):
    Policy.objects.filter(number="L33789").update(title="Words of an editor", status="active")
    PolicyCode.objects.filter(policy__number="L33789", code__code="K0823").delete()
    Policy.objects.filter(title="Arzerra (ofatumumab)").update(summary="Words of an editor.")
    before = every_row(connection)

    assert "Policies: 0 added." in said_by("load_demo")
    assert every_row(connection) == before


def test_demo_adds_a_policy_again_that_was_deleted(demo):
    Policy.objects.filter(number="L33789").delete()

    assert "Policies: 1 added." in said_by("load_demo")
    assert Policy.objects.get(number="L33789").policy_codes.count() == 2


def test_newer_export_updates_the_documents_of_the_demo_as_usual(demo):
    read = read_medicare()
    [chairs] = [record for record in read.policies if record.number == "L33789"]
    chairs.facts["title"] = "Power Mobility Devices, new words"

    summary = load_policies(read)

    assert (summary.changed, summary.added, summary.superseded, summary.withheld) == (1, 0, 0, 0)
    policy = Policy.objects.get(number="L33789")
    assert policy.title == "Power Mobility Devices, new words"
    assert [revision.kind for revision in policy.revisions.newest_first()] == ["revised", "new"]


def test_same_export_after_the_demo_changes_none_of_its_documents(demo):
    before = every_row(connection)
    summary = load_policies(read_medicare())

    assert (summary.changed, summary.added, summary.unchanged) == (0, 0, 71)
    assert every_row(connection) == before


@pytest.mark.releases
def test_whole_export_of_the_same_month_after_the_demo_completes_its_documents(demo, releases_dir):
    summary = load_policies(read_mcd(releases_dir / "mcd"))

    assert (summary.superseded, summary.withheld, summary.missing, summary.left_out) == (0, 0, 0, 0)
    assert summary.changed + summary.unchanged == 71
    assert summary.codes_dropped == 0
    chairs = Policy.objects.get(number="L33789")
    assert chairs.revisions.count() == 1
    assert PolicyCode.objects.filter(policy=chairs, code__code="K0823").exists()


def test_texts_of_the_demo_are_as_cms_writes_them_for_readers(demo):
    for title in Policy.objects.values_list("title", flat=True):
        assert title == " ".join(title.split())
        assert not re.search(r"&\w+;|â€|Â", title)
