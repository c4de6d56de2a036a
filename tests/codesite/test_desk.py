import pytest
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.urls import path, reverse

from codesite.desk import GROUPS, DeskPage, EditorsDesk
from tests.factories import create_code, create_guide, create_message, create_name
from tests.pages import read_page
from tests.test_templates import inline_code

pytestmark = pytest.mark.django_db


def groups_of(client):
    """The lists on the index page by group, in order."""
    page = read_page(client.get("/admin/"))
    groups = {}
    for element in page.elements:
        if element.tag == "caption":
            names = groups.setdefault(element.text, [])
        elif element.tag == "th" and element.attributes.get("scope") == "row":
            names.append(element.text)
    return groups


@pytest.fixture
def author(client):
    """The browser of somebody who may read guides and nothing else."""
    user = get_user_model().objects.create_user("author", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_guide"))
    client.force_login(user)
    return client


def test_index_is_grouped_by_what_editors_do(admin_client):
    groups = groups_of(admin_client)

    assert [name for name in groups if name in GROUPS] == [name for name in GROUPS if name in groups]
    assert groups["Codes"][0] == "Medical codes"
    assert groups["Codes"].index("Code systems") < groups["Codes"].index("Releases")
    assert groups["People and log"] == ["Users", "Groups", "Log entries", "Access attempts"]


def test_index_lists_every_model_once(admin_client):
    request = admin_client.get("/admin/").wsgi_request
    models = [model["name"] for app in admin.AdminSite.get_app_list(admin.site, request) for model in app["models"]]

    listed = [name for names in groups_of(admin_client).values() for name in names]

    assert sorted(listed) == sorted(models)


def test_index_gives_models_without_a_group_that_of_their_app(admin_client, monkeypatch):
    monkeypatch.setitem(GROUPS, "People and log", ["auth.User", "nosuchapp.Model"])

    groups = groups_of(admin_client)

    assert groups["People and log"] == ["Users"]
    assert groups["Authentication and Authorization"] == ["Groups"]
    assert groups["Administration"] == ["Log entries"]


def test_index_shows_only_what_the_user_may_see(author):
    [(group, names)] = groups_of(author).items()

    assert group == "Guides"
    assert len(names) == 1


def test_index_of_one_app_still_answers(admin_client):
    page = read_page(admin_client.get("/admin/procedures/"))

    assert "Medical codes" in page.text
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))


def test_index_of_an_app_without_lists_answers_404(admin_client):
    assert admin_client.get("/admin/nosuch/").status_code == 404


@pytest.fixture
def pages():
    """The registry of desk pages, empty for this test."""
    registered = dict(admin.site.pages)
    admin.site.pages.clear()
    yield
    admin.site.pages.clear()
    admin.site.pages.update(registered)


def test_index_links_to_registered_pages(admin_client, pages):
    assert read_page(admin_client.get("/admin/")).all("dt") == []

    admin.site.register_page("admin:password_change", "Content health", "What wants work.", "procedures.view_guide")
    admin.site.register_page("livez", "Health", "Whether it lives.")

    page = read_page(admin_client.get("/admin/"))
    assert [element.text for element in page.all("dt")] == ["Content health", "Health"]
    assert page.links["/livez"] == "Health"
    assert [element.text for element in page.all("dd")] == ["What wants work.", "Whether it lives."]


def test_index_hides_pages_that_the_user_may_not_open(author, pages):
    admin.site.register_page("livez", "Open", "For all.")
    admin.site.register_page("readyz", "Read", "For readers of guides.", "procedures.view_guide")
    admin.site.register_page("admin:index", "Write", "For writers of guides.", "procedures.change_guide")

    assert [element.text for element in read_page(author.get("/admin/")).all("dt")] == ["Open", "Read"]


def hello(request):
    return HttpResponse(f"Hello, {request.user}")


desk = EditorsDesk()
desk.register_page("admin:hello", "Hello", "A page of its own.", route="hello/", view=hello)
urlpatterns = [path("admin/", desk.urls)]


@pytest.mark.urls(__name__)
def test_page_registered_with_a_route_has_an_address(admin_client):
    assert read_page(admin_client.get("/admin/")).links["/admin/hello/"] == "Hello"
    assert admin_client.get("/admin/hello/").content == b"Hello, admin"


@pytest.mark.urls(__name__)
def test_page_registered_with_a_route_asks_for_a_login(client):
    assert client.get("/admin/hello/").url == "/admin/login/?next=/admin/hello/"


def test_page_registered_again_replaces_the_former(pages):
    admin.site.register_page("livez", "Former", "")
    admin.site.register_page("livez", "Latter", "")

    assert list(admin.site.pages.values()) == [DeskPage("livez", "Latter", "")]


@pytest.mark.parametrize("address", ["/admin/", "/admin/procedures/medicalcode/", "/admin/auth/user/add/"])
def test_every_page_of_the_desk_names_the_environment(admin_client, settings, address):
    settings.ENVIRONMENT_NAME = "staging <b>"
    assert "Environment: staging <b>" in read_page(admin_client.get(address)).text

    settings.ENVIRONMENT_NAME = ""
    assert "Environment" not in read_page(admin_client.get(address)).text


def test_log_in_page_names_the_environment(client, settings):
    settings.ENVIRONMENT_NAME = "staging"

    assert "Environment: staging" in read_page(client.get("/admin/login/")).text


def test_desk_links_to_the_public_site(admin_client):
    assert read_page(admin_client.get("/admin/")).links["/"] == "View site"


# One row of what has a form of its own; the pages of the others are opened without rows.


@pytest.fixture
def rows():
    code = create_code()
    create_name(code, "Arzerra")
    create_guide(code)


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_admin_pages_hold_nothing_that_the_content_policy_refuses(admin_client, rows, model):
    options = model._meta
    row = model._default_manager.first()
    names = ["changelist", "add", *(["change", "history", "delete"] if row else [])]
    for name in names:
        arguments = [row.pk] if name in ("change", "history", "delete") else []
        response = admin_client.get(reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=arguments))
        assert response.status_code in (200, 403), name
        assert inline_code(response.content.decode()) == [], name


HOSTILE = ["abc", "%00", "1e5", "é", "9" * 30, "1;2", "None", "-1"]


@pytest.mark.parametrize("key", HOSTILE)
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_address_of_no_row_is_not_found(admin_client, key, page):
    for rows in (
        "procedures/guide",
        "procedures/guidedraft",
        "procedures/medicalcode",
        "procedures/codename",
        "auth/user",
    ):
        assert admin_client.get(f"/admin/{rows}/{key}/{page}/").status_code == 404


@pytest.mark.parametrize("key", ["abc", "\0", "", "1;2", "9" * 30])
@pytest.mark.parametrize("action", ["delete_selected", "publish"])
def test_choice_of_no_rows_is_not_found(admin_client, key, action):
    values = {"action": action, "_selected_action": [key]}

    assert admin_client.post("/admin/procedures/guidedraft/", values).status_code == 404


@pytest.mark.parametrize("rows", ["medicalcode", "codename", "guide", "guidedraft", "release", "codechange"])
@pytest.mark.parametrize("query", ["kind__exact=%00", "kind=%00", "x=%00", "%00=x"])
def test_nul_in_an_address_is_a_bad_request(admin_client, rows, query):
    assert admin_client.get(f"/admin/procedures/{rows}/?{query}").status_code == 400


def test_pages_of_a_number_too_large_are_not_found(admin_client):
    assert admin_client.get(f"/admin/procedures/guidedraft/{'9' * 30}/compare/").status_code == 404


@pytest.mark.parametrize(
    "rows", ["medicalcode", "codename", "everydayword", "succession", "guide", "guidedraft", "searchwithoutresult"]
)
def test_any_text_is_searched_for(admin_client, rows):
    assert admin_client.get(f"/admin/procedures/{rows}/?q=j93%00").status_code == 200


def searchable() -> list:
    """The models of the desk whose rows a box can offer, each with a column of another one that points to it."""
    models = [model for model in admin.site._registry if admin.site.get_model_admin(model).search_fields]
    # Its rows, of another package, are in no order, of which Django warns.
    models.remove(AccessAttempt)
    return [
        (related.related_model._meta, related.field.name) for model in models for related in model._meta.related_objects
    ]


@pytest.mark.parametrize(("options", "field"), searchable(), ids=str)
def test_nul_in_what_is_searched_for_in_a_box_is_passed_over(admin_client, options, field):
    address = reverse("admin:autocomplete")
    query = {"app_label": options.app_label, "model_name": options.model_name, "field_name": field}

    assert admin_client.get(address, {**query, "term": "a\0b"}).status_code == 200


def test_nul_in_what_is_searched_for_hides_nothing(admin_client):
    create_message("Is J9302 covered?")

    page = read_page(admin_client.get("/admin/contact/message/?q=J93%0002"))

    assert "Is J9302 covered?" in page.text
    [box] = [box for box in page.all("input") if box.attributes.get("id") == "searchbar"]
    assert box.attributes["value"] == "J9302"
