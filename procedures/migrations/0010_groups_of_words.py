"""What editors may do with everyday words and similar codes. Groups keep their members and gain permissions."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

SEE = ["view_everydayword", "view_similarcodechoice"]
WRITE_WORDS = ["add_everydayword", "change_everydayword", "delete_everydayword"]
CHOOSE_SIMILAR = ["add_similarcodechoice", "change_similarcodechoice", "delete_similarcodechoice"]

PERMISSIONS = {
    "Author": SEE,
    "Reviewer": [*SEE, "add_everydayword", *CHOOSE_SIMILAR],
    "Desk": SEE,
    "Data": [*SEE, *WRITE_WORDS, *CHOOSE_SIMILAR],
}


def grant(apps, schema_editor):
    # Django makes permissions after all migrations have run, which is too late to grant them here.
    create_permissions(installed.get_app_config("procedures"), verbosity=0, using=schema_editor.connection.alias)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, granted in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        found = Permission.objects.filter(content_type__app_label="procedures", codename__in=granted)
        missing = set(granted) - set(found.values_list("codename", flat=True))
        assert not missing, f"unknown permissions: {sorted(missing)}"
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0009_words_and_names"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
