"""How the plans of a source are found among those held."""

import pytest

from policies.imports.plans import PlanBook
from policies.imports.records import PlanRecord
from policies.models import HealthPlan
from tests.factories import create_plan, get_cms
from tests.policies.imports.loading import reading

pytestmark = pytest.mark.django_db


def take_in(*records: PlanRecord, fill=True) -> list[HealthPlan]:
    """The plans that these records lead to, stored."""
    keys = [str(number) for number in range(len(records))]
    book = PlanBook(reading(plans=dict(zip(keys, records, strict=True))), fill=fill)
    book.take_in(keys)
    book.save()
    return [HealthPlan.objects.get(slug=book[key].slug) for key in keys]


@pytest.mark.parametrize(
    "record",
    [
        PlanRecord("Renamed", source_key="mcd:1-2"),
        PlanRecord("Renamed", contractor_number="01234"),
        PlanRecord("EXAMPLE HEALTH"),
        PlanRecord("Example Health", source_key="mcd:1-2", contractor_number="01234"),
    ],
)
def test_plan_is_found_by_key_number_or_name_and_keeps_what_is_held(record):
    held = create_plan(source_key="mcd:1-2", contractor_number="01234", region="Ohio")
    record.region, record.kind = "Utah", "medicaid"
    assert take_in(record) == [held]
    held.refresh_from_db()
    assert (held.name, held.region, held.kind) == ("Example Health", "Ohio", "commercial")


def test_plan_with_another_slug_is_found_by_its_exact_name():
    held = create_plan("Example Health", slug="example")
    assert take_in(PlanRecord("Example Health")) == [held]


def test_cms_is_found_by_its_short_name():
    assert take_in(PlanRecord("CMS")) == [get_cms()]


def test_empty_fields_are_filled_where_that_is_wanted():
    create_plan(kind="")
    record = PlanRecord("Example Health", kind="medicaid", region="Ohio", source_key="mcd:1-2", contractor_number="7")
    [plan] = take_in(record, fill=False)
    assert (plan.kind, plan.region, plan.source_key, plan.contractor_number) == ("", "", "", "")
    [plan] = take_in(record)
    assert (plan.kind, plan.region, plan.source_key, plan.contractor_number) == ("medicaid", "Ohio", "mcd:1-2", "7")


def test_number_of_another_plan_is_not_filled_in():
    first = create_plan("First", source_key="mcd:1-1")
    create_plan("Second", contractor_number="7")
    assert take_in(PlanRecord("First", source_key="mcd:1-1", contractor_number="7")) == [first]
    assert HealthPlan.objects.get(name="First").contractor_number == ""


def test_contracts_of_one_company_are_plans_of_their_own():
    records = [PlanRecord("Example GBA", contractor_number=number, source_key=f"mcd:{number}") for number in "123"]
    plans = take_in(*records)
    assert [plan.name for plan in plans] == ["Example GBA", "Example GBA (2)", "Example GBA (3)"]
    assert [plan.slug for plan in plans] == ["example-gba", "example-gba-2", "example-gba-3"]
    assert take_in(*records) == plans


def test_two_names_of_one_new_plan_lead_to_it():
    one, two = take_in(PlanRecord("New Health", region="Ohio"), PlanRecord("NEW HEALTH", kind="medicaid"))
    assert one == two
    assert (one.name, one.region, one.kind) == ("New Health", "Ohio", "medicaid")


def test_kind_without_source_stays_empty():
    [plan] = take_in(PlanRecord("New Health"))
    assert plan.kind == ""


@pytest.mark.parametrize("name", ["健康", "x" * 200, "---"])
def test_new_plan_has_an_address_whatever_its_name(name):
    [plan] = take_in(PlanRecord(name))
    assert plan.name == name
    assert 0 < len(plan.slug) <= 120


def test_differing_name_is_a_note():
    create_plan()
    read = reading(plans={"a": PlanRecord("Example health"), "b": PlanRecord("New Health")})
    PlanBook(read, fill=True).take_in(["a", "b"])
    assert [note.text for note in read.report.notes] == ["Example Health is called Example health there."]
