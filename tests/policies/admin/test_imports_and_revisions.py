import pytest
from django.utils import timezone

from policies.models import PolicyImport
from tests.factories import create_code, create_plan, create_policy, create_user
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

REVISIONS = "/admin/policies/policyrevision/"
IMPORTS = "/admin/policies/policyimport/"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def test_revisions_are_listed_and_shown_with_their_facts(editor, django_assert_max_num_queries):
    policy = create_policy("Ofatumumab", number="P-1", codes=[create_code()], plans=[create_plan("Other")])
    create_policy("Wheelchairs")

    with django_assert_max_num_queries(9):
        assert rows_of(editor, REVISIONS) == ["Wheelchairs", "P-1 Ofatumumab"]
    assert rows_of(editor, f"{REVISIONS}?q=p-1") == ["P-1 Ofatumumab"]
    assert rows_of(editor, f"{REVISIONS}?policy__id__exact={policy.pk}") == ["P-1 Ofatumumab"]
    assert editor.get(f"{REVISIONS}?policy__id__exact={'9' * 30}").status_code in (200, 302)
    text = get_page(editor, f"{REVISIONS}{policy.revisions.get().pk}/change/").text
    assert "title: Ofatumumab" in text
    assert "plans: other" in text


def test_imports_are_listed_and_shown_with_their_counts(editor):
    imported = PolicyImport.objects.create(
        kind="mcd", source_name="current_lcd.zip", as_of=timezone.localdate(), counts={"policies added": 7}
    )

    assert rows_of(editor, IMPORTS) == ["current_lcd.zip"]
    assert "policies added: 7" in get_page(editor, f"{IMPORTS}{imported.pk}/change/").text
