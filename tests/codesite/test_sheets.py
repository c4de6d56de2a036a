"""Who may use the sheets of django-import-export by the settings of the site, on a list of groups."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import include, path
from import_export.admin import ImportExportModelAdmin
from import_export.resources import ModelResource

from codesite.desk import EditorsDesk


class GroupResource(ModelResource):
    class Meta:
        model = Group
        fields = ["id", "name"]


class GroupAdmin(ImportExportModelAdmin):
    resource_classes = [GroupResource]


desk = EditorsDesk()
desk.register(Group, GroupAdmin)
urlpatterns = [
    path("admin/", desk.urls),
    path("", include("contact.urls")),
    path("", include("policies.urls")),
    path("", include("procedures.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

GROUPS = "/admin/auth/group/"


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
