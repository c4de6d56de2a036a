import pytest

from policies.models import CMS, HealthPlan
from procedures.models import ContentVersion
from tests.factories import create_plan, create_policy, create_user, get_cms
from tests.policies.admin.typed_forms import typed
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

PLANS = "/admin/policies/healthplan/"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def add(client, **fields):
    return client.post(f"{PLANS}add/", typed(client.get(f"{PLANS}add/"), "healthplan_form", **fields))


def change(client, plan, **fields):
    address = f"{PLANS}{plan.pk}/change/"
    return client.post(address, typed(client.get(address), "healthplan_form", **fields))


def test_plan_is_added_with_a_slug_of_its_name_and_history(editor):
    before = ContentVersion.objects.get().number

    assert add(editor, name="Example Health, Inc.").status_code == 302

    plan = HealthPlan.objects.get(name="Example Health, Inc.")
    assert plan.slug == "example-health-inc"
    assert plan.history.get().history_user.username == "dana"
    assert ContentVersion.objects.get().number > before


def test_plans_whose_names_make_the_same_slug_have_two(editor):
    create_plan("Example Health")

    add(editor, name="Example-Health")
    add(editor, name="健康")

    assert set(HealthPlan.objects.values_list("slug", flat=True)) == {
        CMS,
        "example-health",
        "example-health-2",
        "plan",
    }


def test_plan_keeps_its_slug_when_its_name_changes(editor):
    plan = create_plan("Example Health")

    assert change(editor, plan, name="Another Name", slug="another").status_code == 302

    plan.refresh_from_db()
    assert (plan.name, plan.slug) == ("Another Name", "example-health")
    assert "links, feeds, and imports name the plan by it" in get_page(editor, f"{PLANS}{plan.pk}/change/").text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "Example Health"}, "Health plan with this Name already exists."),
        ({"website": "ftp://example.org/"}, "Write an address that begins with https:// or http://."),
        ({"verify_every_days": "0"}, "Write a number of days from 1 to 3,650."),
        ({"verify_every_days": "4000"}, "Write a number of days from 1 to 3,650."),
        ({"verify_every_days": "9" * 30}, "Write a number of days from 1 to 3,650."),
        ({"contractor_number": "19003"}, "Another plan has this contractor number."),
    ],
)
def test_plan_that_cannot_be_says_why(editor, fields, problem):
    create_plan("Example Health", contractor_number="19003")

    page = add(editor, **{"name": "Other", **fields})

    assert problem in page.content.decode()
    assert not HealthPlan.objects.filter(name="Other").exists()


def test_plans_are_listed_with_the_number_of_their_policies(editor, django_assert_max_num_queries):
    payer, other = create_plan("Example Health"), create_plan("Other Health")
    create_policy("One", issuer=payer, plans=[payer, other])
    create_policy("Two", issuer=payer)
    for number in range(30):
        create_plan(f"Plan {number}")

    with django_assert_max_num_queries(8):
        page = editor.get(PLANS)

    counted = {plan.name: plan.policies_counted for plan in page.context["cl"].result_list}
    assert (counted["Example Health"], counted["Other Health"], counted["Plan 1"]) == (2, 1, 0)


def test_plans_are_found_by_name_organization_number_and_kind(editor):
    create_plan("MAC 15", kind="medicare-contractor", organization="Example Administrators", contractor_number="19003")
    create_plan("Example Health")

    assert rows_of(editor, f"{PLANS}?q=administrators") == ["MAC 15"]
    assert rows_of(editor, f"{PLANS}?q=19003") == ["MAC 15"]
    assert rows_of(editor, f"{PLANS}?kind=commercial") == ["Example Health"]


def test_plan_with_policies_is_not_deleted_by_anybody(admin_client):
    issuer, applied, free = create_plan("Issuer"), create_plan("Applied"), create_plan("Free")
    create_policy(issuer=issuer, plans=[applied])

    for plan in (issuer, applied, get_cms()):
        assert admin_client.post(f"{PLANS}{plan.pk}/delete/", {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [issuer.pk, applied.pk, free.pk], "post": "yes"}
    admin_client.post(PLANS, everything)
    assert HealthPlan.objects.count() == 4
    assert admin_client.post(f"{PLANS}{free.pk}/delete/", {"post": "yes"}).status_code == 302
    assert set(HealthPlan.objects.values_list("slug", flat=True)) == {"issuer", "applied", CMS}


def test_former_version_of_a_plan_is_brought_back(editor):
    plan = create_plan("Example Health", region="Alabama")
    version = plan.history.get().pk
    change(editor, plan, region="Georgia")
    address = f"{PLANS}{plan.pk}/history/{version}/"

    assert editor.post(address, typed(editor.get(address), "historicalhealthplan_form")).status_code == 302

    plan.refresh_from_db()
    assert (plan.region, plan.slug) == ("Alabama", "example-health")


def test_plan_that_was_deleted_is_not_brought_back(admin_client):
    plan = create_plan("Example Health")
    version, pk = plan.history.get().pk, plan.pk
    plan.delete()
    create_plan("Example Health")
    address = f"{PLANS}{pk}/history/{version}/"

    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"name": "Example Health"}).status_code == 403


def test_user_who_may_only_view_changes_no_plan(client):
    plan = create_plan()
    client.force_login(create_user("ann", groups=["Author"]))

    assert client.get(f"{PLANS}{plan.pk}/change/").status_code == 200
    assert client.post(f"{PLANS}{plan.pk}/change/", {"name": "X"}).status_code == 403
    assert client.post(f"{PLANS}{plan.pk}/history/{plan.history.get().pk}/", {"name": "X"}).status_code == 403
