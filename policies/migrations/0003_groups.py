"""What the groups of editors may do with policies. A group keeps what it has and gains what it lacks."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READ = ["view_healthplan", "view_policy", "view_policycode", "view_policyrevision", "view_policyimport"]
WRITE = [
    *["add_healthplan", "change_healthplan"],
    *["add_policy", "change_policy"],
    *["add_policycode", "change_policycode", "delete_policycode"],
    "view_withheldupdate",
]

PERMISSIONS = {"Author": READ, "Reviewer": READ, "Desk": READ, "Data": [*READ, *WRITE]}


def grant(apps, schema_editor):
    # Django makes permissions after all migrations have run, which is too late to grant them here.
    create_permissions(installed.get_app_config("policies"), verbosity=0, using=schema_editor.connection.alias)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        found = Permission.objects.filter(content_type__app_label="policies", codename__in=codenames)
        missing = set(codenames) - set(found.values_list("codename", flat=True))
        assert not missing, f"unknown permissions: {sorted(missing)}"
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [("policies", "0002_cms"), ("procedures", "0007_groups")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
