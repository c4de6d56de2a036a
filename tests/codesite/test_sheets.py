"""What the settings and templates of the site make of django-import-export, on a list of groups."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import include, path
from import_export.admin import ImportExportModelAdmin
from import_export.resources import ModelResource

from codesite.desk import EditorsDesk
from tests.pages import read_page
from tests.test_templates import inline_code


class GroupResource(ModelResource):
    class Meta:
        model = Group
        fields = ["id", "name"]


class GroupAdmin(ImportExportModelAdmin):
    resource_classes = [GroupResource]


desk = EditorsDesk()
desk.register(Group, GroupAdmin)
urlpatterns = [path("admin/", desk.urls), path("", include("procedures.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

GROUPS = "/admin/auth/group/"
CSV = "0"


@pytest.fixture
def uploads(settings, tmp_path):
    """The folder that uploads wait in."""
    storage = settings.STORAGES["import_export"]
    options = {**storage["OPTIONS"], "location": tmp_path / "uploads"}
    settings.STORAGES = {**settings.STORAGES, "import_export": {**storage, "OPTIONS": options}}
    return tmp_path / "uploads"


@pytest.fixture
def staff(client):
    """Logs the client in as somebody with these permissions on groups alone, such as "view"."""

    def log_in(*actions):
        user = get_user_model().objects.create_user("staff", is_staff=True)
        codenames = [f"{action}_group" for action in actions]
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
        return client

    return log_in


def test_upload_is_readable_to_the_site_alone(uploads):
    stored = storages["import_export"].save("sheets/one", ContentFile(b"id,name\n"))

    [file] = uploads.glob("*/*")
    with storages["import_export"].open(stored) as again:
        assert again.read() == b"id,name\n"
    assert not file.stat().st_mode & 0o077
    assert not file.parent.stat().st_mode & 0o077


def test_sheets_are_csv_and_xlsx(admin_client):
    page = read_page(admin_client.get(f"{GROUPS}export/"))

    assert [option.text for option in page.all("option") if option.attributes["value"]] == ["csv", "xlsx"]
    assert inline_code(page.html) == []


def test_formulas_are_exported_as_text(admin_client):
    Group.objects.create(name="=1+1")

    page = read_page(admin_client.get(f"{GROUPS}export/"))
    boxes = {
        box.attributes["name"]: "on" for box in page.all("input") if "groupresource" in box.attributes.get("name", "")
    }
    exported = admin_client.post(f"{GROUPS}export/", {"format": CSV, "resource": "0", **boxes})

    assert exported.headers["Content-Type"] == "text/csv"
    assert b"=1+1" not in exported.content
    assert b"1+1" in exported.content


@pytest.mark.parametrize(
    ("permissions", "imports", "exports"),
    [(["view"], 403, 200), (["view", "change"], 403, 200), (["view", "add"], 200, 200)],
)
def test_import_takes_the_permission_to_add_and_export_that_to_view(staff, permissions, imports, exports):
    client = staff(*permissions)

    assert client.get(f"{GROUPS}export/").status_code == exports
    assert client.get(f"{GROUPS}import/").status_code == imports
    assert client.post(f"{GROUPS}process_import/").status_code == imports


def test_sheets_are_closed_to_other_staff(staff):
    client = staff()

    assert client.get(f"{GROUPS}export/").status_code == 403
    assert client.get(f"{GROUPS}import/").status_code == 403
