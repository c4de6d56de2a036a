import datetime

import pytest
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from procedures.models import CodeName, DailyViews, SearchWithoutResult
from tests.factories import create_code, create_name, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

LIST = "/admin/procedures/searchwithoutresult/"
VIEWS = "/admin/procedures/dailyviews/"


def create_search(text="cat scan", count=3, *, days=0):
    day = timezone.localdate() - datetime.timedelta(days=days)
    return SearchWithoutResult.objects.create(text=text, day=day, count=count)


def add_name_address(search):
    return reverse("admin:procedures_searchwithoutresult_add_name", args=[search.pk])


@pytest.fixture
def editor(client):
    """The browser of somebody of the group that keeps codes and their names."""
    client.force_login(create_user("dan", groups=["Data"]))
    return client


@pytest.fixture
def ct():
    return create_code("G0999", "Computed tomography of the body")


def send(client, search, code, /, **fields):
    data = {"code": code.pk, "text": search.text, "kind": "common", "source": "Searches of visitors", **fields}
    return client.post(add_name_address(search), data, follow=True)


def test_searches_are_listed_by_query_from_the_third_time_on(editor):
    create_search("knee scope", 1)
    create_search("knee scope", 1, days=3)
    create_search("cat scan", 2)
    create_search("cat scan", 2, days=3)
    create_search("mri", 3)

    page = read_page(editor.get(LIST))

    rows = [row.text for row in page.all("tr") if "another name" in row.text]
    assert len(rows) == 2
    assert rows[0].startswith("cat scan 4")
    assert rows[1].startswith("mri 3")
    assert "knee scope" not in page.text


def test_rare_search_has_no_page_of_its_own(admin_client):
    rare = create_search("john smith", 2)
    for address in (add_name_address(rare), f"{LIST}{rare.pk}/delete/"):
        assert "john smith" not in admin_client.get(address, follow=True).content.decode()
    assert "john smith" not in read_page(admin_client.get(f"{LIST}{rare.pk}/change/", follow=True)).headings
    assert admin_client.get(add_name_address(rare)).status_code == 404


def test_searches_can_be_searched(editor):
    create_search("cat scan")
    create_search("knee scope")

    page = read_page(editor.get(LIST, {"q": "knee"}))

    assert "knee scope" in page.text
    assert "cat scan" not in page.text


def test_name_form_is_filled_in(editor):
    page = read_page(editor.get(add_name_address(create_search())))

    fields = {field.attributes.get("name"): field.attributes.get("value") for field in page.all("input")}
    assert (fields["text"], fields["source"]) == ("cat scan", "Searches of visitors")
    [chosen] = [option.text for option in page.all("option") if "selected" in option.attributes and option.text]
    assert chosen == "common name"
    assert "Visitors searched for “cat scan” 3 times" in page.text
    labels = {label.attributes.get("for") for label in page.all("label")}
    assert {"id_code", "id_text", "id_kind", "id_source"} <= labels


def test_added_name_is_found_recorded_and_off_the_list(editor, ct):
    search = create_search()
    create_search(days=5)

    page = read_page(send(editor, search, ct))

    assert "“cat scan” is another name of G0999 now. A search for “cat scan” finds 1 code: G0999." in page.text
    assert not SearchWithoutResult.objects.exists()
    [name] = CodeName.objects.all()
    assert (name.code, name.text, name.kind, name.source) == (ct, "cat scan", "common", "Searches of visitors")
    [row] = name.history.all()
    assert (row.history_type, row.history_user.username) == ("+", "dan")
    [entry] = LogEntry.objects.all()
    assert (entry.get_edited_object(), entry.user.username) == (ct, "dan")
    assert "cat scan" in entry.get_change_message()
    assert editor.get("/codes/", {"q": "cat scan", "format": "json"}).json()["total"] == 1


def test_name_that_does_not_help_the_search_is_told(editor, ct):
    search = create_search("cat scan belly")

    page = read_page(send(editor, search, ct, text="CAT scan"))

    assert "“CAT scan” is another name of G0999 now." in page.text
    assert "A search for “cat scan belly” still finds nothing." in page.text
    assert SearchWithoutResult.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code": ""}, "This field is required."),
        ({"code": "999999"}, "Select a valid choice."),
        ({"code": "J9302"}, "Select a valid choice."),
        ({"code": "9" * 30}, "Select a valid choice."),
        ({"code": "9" * 18}, "Select a valid choice."),
        ({"text": " "}, "This field is required."),
        ({"text": "x" * 301}, "Ensure this value has at most 300 characters"),
        ({"text": "cat\0scan"}, "Null characters are not allowed."),
        ({"kind": "other"}, "Select a valid choice."),
        ({"source": ""}, "This field is required."),
        ({"source": "Guide"}, "Names whose source is “Guide” are made when a guide is published"),
        ({"source": " guide "}, "Names whose source is “Guide” are made when a guide is published"),
        ({"text": "known name"}, "already exists"),
    ],
)
def test_name_that_is_wrong_is_refused_and_kept_in_the_form(editor, ct, fields, message):
    create_name(ct, "known name", kind="common")
    search = create_search()

    page = read_page(send(editor, search, ct, **{"source": "Our telephone desk", **fields}))

    assert message in page.text
    assert "Please correct" in page.text
    if "source" not in fields:
        assert "Our telephone desk" in [field.attributes.get("value") for field in page.all("input")]
    assert CodeName.objects.count() == 1
    assert SearchWithoutResult.objects.exists()
    assert not LogEntry.objects.exists()


def test_blanks_within_a_name_become_one(editor, ct):
    send(editor, create_search(), ct, text="  CAT \t scan ")

    assert CodeName.objects.get().text == "CAT scan"


def test_names_are_added_by_those_who_may_alone(client, ct):
    search = create_search()
    user = create_user("vera")
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_searchwithoutresult", "view_medicalcode"]))
    client.force_login(user)

    assert "another name" not in client.get(LIST).content.decode()
    assert client.get(add_name_address(search)).status_code == 403
    assert send(client, search, ct).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename="add_codename"))
    assert send(client, search, ct).status_code == 403
    client.logout()
    assert client.post(add_name_address(search), {"code": ct.pk}).status_code == 302
    assert not CodeName.objects.exists()


def test_no_name_is_deleted_with_all_its_days_by_those_who_may(client, admin_client):
    search = create_search()
    create_search(days=5)
    create_search("mri")
    client.force_login(create_user("author", groups=["Author"]))
    assert client.post(f"{LIST}{search.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "Not a name" not in client.get(LIST).content.decode()
    assert "Not a name" in admin_client.get(LIST).content.decode()

    admin_client.post(f"{LIST}{search.pk}/delete/", {"post": "yes"})

    assert [row.text for row in SearchWithoutResult.objects.all()] == ["mri"]
    assert [str(entry) for entry in LogEntry.objects.all()] == ["Deleted “A search without result.”"]


def test_several_are_deleted_with_all_their_days(admin_client):
    chosen = [create_search("cat scan"), create_search("mri")]
    for text in ("cat scan", "mri", "knee scope"):
        create_search(text, days=5)
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in chosen], "post": "yes"}

    admin_client.post(LIST, data)

    assert [row.text for row in SearchWithoutResult.objects.all()] == ["knee scope"]
    entries = LogEntry.objects.values_list("object_repr", "action_flag", "user__username")
    assert list(entries) == [("A search without result", DELETION, "admin")] * 2
    assert "cat scan" not in "".join(entry.change_message for entry in LogEntry.objects.all())


def test_counts_cannot_be_written_by_hand(admin_client):
    search = create_search()
    views = DailyViews.objects.create(code=create_code(), day=timezone.localdate(), count=1)
    for address in (f"{LIST}add/", f"{VIEWS}add/", f"{VIEWS}{views.pk}/delete/"):
        assert admin_client.get(address).status_code == 403
    for address in (f"{LIST}{search.pk}/change/", f"{VIEWS}{views.pk}/change/"):
        assert admin_client.post(address, {"count": 99}).status_code == 403


def create_views(code, count, *, days):
    DailyViews.objects.create(code=code, day=timezone.localdate() - datetime.timedelta(days=days), count=count)


@pytest.mark.parametrize(
    ("parameters", "counts"),
    [
        ("", ["11", "21", "12"]),
        ("?days=1", ["11", "21"]),
        ("?days=30", ["11", "21", "12", "13"]),
        ("?days=400", ["11", "21", "12", "13", "14"]),
        ("?days=none", ["11", "21", "12"]),
        ("?code__system__id__exact={icd10cm}", ["21"]),
    ],
)
def test_views_are_filtered_by_period_and_system(editor, parameters, counts):
    code, other = create_code(), create_code("E11.9", "Type 2 diabetes", system="icd10cm")
    for days, count in ((0, 11), (6, 12), (29, 13), (300, 14)):
        create_views(code, count, days=days)
    create_views(other, 21, days=0)

    page = read_page(editor.get(VIEWS + parameters.format(icd10cm=other.system_id)))

    found = [cell.text for cell in page.all("td") if "field-count" in (cell.attributes.get("class") or "")]
    assert sorted(found) == sorted(counts)


def test_search_that_is_gone_answers_404(editor):
    for pk in (1, 10**30):
        assert editor.get(f"{LIST}{pk}/add-name/").status_code == 404


@pytest.mark.parametrize("address", [LIST, VIEWS])
def test_lists_need_the_same_number_of_queries_for_many_rows(editor, django_assert_max_num_queries, address):
    for number in range(30):
        create_views(create_code(f"J{number:04}"), 1, days=0)
        create_search(f"thing {number}")
    with django_assert_max_num_queries(11):
        editor.get(address)
