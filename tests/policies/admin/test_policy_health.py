import datetime

import pytest
from django.utils import timezone

from policies.models import PolicyImport, WithheldUpdate
from tests.factories import create_code, create_policy, create_user
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

HEALTH = "/admin/policy-health/"


def counts(client) -> dict[str, int]:
    groups = client.get(HEALTH).context["groups"]
    return {finding["title"]: finding["count"] for findings in groups.values() for finding in findings}


def test_page_counts_what_its_lists_show(client):
    client.force_login(create_user("dana", groups=["Data"]))
    today = timezone.localdate()
    complete = {"url": "https://example.org/a", "last_verified": today, "codes": [create_code()]}
    waiting = create_policy("Complete", **complete)
    create_policy("Stale", **complete | {"last_verified": today - datetime.timedelta(days=181)})
    create_policy("Dead", **complete, link_state="dead")
    create_policy("No address", **complete | {"url": ""})
    create_policy("No code", **complete | {"codes": []})
    create_policy("Missing", **complete, missing_since=today)
    imported = PolicyImport.objects.create(kind="csv", source_name="list.csv", as_of=today)
    WithheldUpdate.objects.create(policy=waiting, loaded_from=imported, facts={"title": "Theirs"})

    assert counts(client) == {
        "Updates that wait": 1,
        "Missing from the newest export": 1,
        "Stale": 1,
        "Dead link": 1,
        "Without address": 1,
        "Without code": 1,
    }
    page = get_page(client, HEALTH)
    shown = [
        row
        for address in page.links
        if address.startswith("/admin/policies/") and "?" in address
        for row in rows_of(client, address)
    ]
    assert sorted(shown) == ["Dead", "Missing", "No address", "No code", "Stale"]
    assert "/admin/policies/withheldupdate/" in page.links
    assert get_page(client, "/admin/").links[HEALTH] == "Policy health"


def test_page_shows_a_reader_no_updates_to_decide(client):
    client.force_login(create_user("ann", groups=["Author"]))

    assert "Updates that wait" not in counts(client)
    assert counts(client)["Stale"] == 0


def test_page_needs_a_permission_and_few_queries(client, django_assert_max_num_queries):
    client.force_login(create_user("sam"))
    assert client.get(HEALTH).status_code == 403
    client.force_login(create_user("dana", groups=["Data"]))

    with django_assert_max_num_queries(14):
        client.get(HEALTH)
