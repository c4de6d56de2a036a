import datetime

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from procedures.models import CodeName
from tests.factories import create_code, create_name
from tests.pages import read_page

pytestmark = pytest.mark.django_db

LOG = "/admin/admin/logentry/"


def create_staff(name, *permissions):
    """Somebody who may log in to the admin and has these permissions, such as view_logentry."""
    user = get_user_model().objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def log(user, row, action, message=""):
    return LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(row),
        object_id=row.pk,
        object_repr=str(row),
        action_flag=action,
        change_message=message,
    )


@pytest.fixture
def entries(db):
    """Ann has added a name and changed it; Bo has deleted a code's name that is gone."""
    ann, bo = create_staff("ann"), create_staff("bo")
    name = create_name(create_code("J9302"), "Arzerra")
    return [
        log(ann, name, ADDITION, '[{"added": {}}]'),
        log(ann, name, CHANGE, '[{"changed": {"fields": ["Text"]}}]'),
        log(bo, CodeName(pk=99, text="Bexxar"), DELETION),
    ]


@pytest.fixture
def reader(client):
    """The browser of somebody who may read the log and nothing else."""
    client.force_login(create_staff("reader", "view_logentry"))
    return client


def rows(client, query=""):
    response = client.get(f"{LOG}{query}")
    assert response.status_code == 200
    return [row.text for row in read_page(response).all("tr") if "20" in row.text]


def test_log_says_who_did_what_to_what(reader, entries):
    deleted, changed, added = rows(reader)

    assert [word for word in ("bo", "Deleted", "Bexxar") if word not in deleted] == []
    assert [word for word in ("ann", "Changed", "Arzerra", "Changed Text.") if word not in changed] == []
    assert [word for word in ("ann", "Added", "Arzerra", "Code name") if word not in added] == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?action=1", ["Arzerra"]),
        ("?action=3", ["Bexxar"]),
        ("?action=x", ["Bexxar", "Arzerra", "Arzerra"]),
        ("?q=bexx", ["Bexxar"]),
        ("?q=ann", ["Arzerra", "Arzerra"]),
        ("?q=ARZ+ann", ["Arzerra", "Arzerra"]),
        ("?q=bo+arzerra", []),
        ("?q=%25", []),
        ("?q=+", ["Bexxar", "Arzerra", "Arzerra"]),
        ("?q=arzerra&action=1", ["Arzerra"]),
    ],
)
def test_log_is_filtered_and_searched(reader, entries, query, names):
    found = rows(reader, query)

    assert len(found) == len(names)
    assert all(name in row for name, row in zip(names, found, strict=True))


def test_log_is_filtered_by_user_and_type(reader, entries):
    user, content_type = entries[2].user_id, entries[0].content_type_id

    assert len(rows(reader, f"?user__id__exact={user}")) == 1
    assert len(rows(reader, f"?content_type__id__exact={content_type}")) == 3


def test_log_offers_as_filters_the_editors_and_what_they_edit(reader, entries):
    get_user_model().objects.create_user("subscriber")

    links = read_page(reader.get(LOG)).links

    people = {text for address, text in links.items() if address.startswith("?user__id__exact=")}
    assert people == {"ann", "bo", "reader"}
    kinds = {text for address, text in links.items() if address.startswith("?content_type__id__exact=")}
    assert kinds >= {"Code name", "Medical code", "User"}
    assert not {text for text in kinds if text.startswith(("Historical", "Session", "Permission"))}


def test_log_answers_filters_that_mean_nothing(reader, entries):
    for query in ("user__id__exact=0", f"user__id__exact={'9' * 30}", "content_type__id__exact=0"):
        assert rows(reader, f"?{query}") == []
    for query in ("user__id__exact=x", "content_type__id__exact=%00", "action_time__gte=x", "action_time__year=2020"):
        assert reader.get(f"{LOG}?{query}").status_code in (200, 302, 400)


def test_log_is_filtered_by_date(reader, entries):
    LogEntry.objects.filter(pk=entries[0].pk).update(action_time=timezone.now() - datetime.timedelta(days=500))
    addresses = {text: address for address, text in read_page(reader.get(LOG)).links.items()}

    assert len(rows(reader, addresses["Past 7 days"])) == 2
    assert len(rows(reader)) == 3


def test_log_goes_on_for_pages_from_the_newest_on(reader, entries):
    user = entries[0].user
    kind = ContentType.objects.get_for_model(user)
    LogEntry.objects.bulk_create(
        LogEntry(user=user, content_type=kind, object_repr=f"Number {number}", action_flag=CHANGE)
        for number in range(150)
    )

    first, second = rows(reader), rows(reader, "?p=2")

    assert (len(first), len(second)) == (100, 53)
    assert "Number 149" in first[0]
    assert "Number 50" in first[-1]
    assert "Number 49" in second[0]
    assert "Arzerra" in second[-1]


def test_log_can_be_turned_around(reader, entries):
    turned, *_ = [address for address, text in read_page(reader.get(LOG)).links.items() if text == "Action time"]

    assert [word for row in rows(reader, turned) for word in ("Added", "Changed ", "Deleted") if word in row] == [
        "Added",
        "Changed ",
        "Deleted",
    ]


def test_log_links_to_what_is_still_there(reader, entries):
    user = entries[0].user
    log(user, user, CHANGE)

    links = read_page(reader.get(LOG)).links

    assert links[f"/admin/auth/user/{user.pk}/change/"] == "ann"
    assert "Bexxar" not in links.values()


def test_log_escapes_what_it_names(reader):
    user = create_staff("<script>alert(1)</script>")
    log(user, user, CHANGE)

    assert b"<script>alert" not in reader.get(LOG).content


def test_log_is_written_by_nobody(admin_client, entries):
    address = f"{LOG}{entries[0].pk}/"

    assert admin_client.get(f"{address}change/").status_code == 200
    assert admin_client.post(f"{address}change/", {"object_repr": "x"}).status_code == 403
    assert admin_client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert admin_client.post(f"{LOG}add/").status_code == 403
    admin_client.post(LOG, {"action": "delete_selected", "_selected_action": [entries[0].pk], "post": "yes"})
    assert LogEntry.objects.count() == 3


def test_log_is_closed_without_its_permission(client):
    client.force_login(create_staff("author", "view_guide"))

    assert client.get(LOG).status_code == 403


def test_log_asks_as_few_questions_for_many_entries_as_for_one(reader, entries, django_assert_max_num_queries):
    for number in range(50):
        log(create_staff(f"user {number}"), entries[0].user, CHANGE)

    with django_assert_max_num_queries(12):
        rows(reader)
