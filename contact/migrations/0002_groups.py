"""What the groups of editors may do with messages and meetings. A group keeps what it has and gains what it lacks."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

PERMISSIONS = {
    "Desk": [
        *["view_message", "change_message", "add_messagenote", "view_messagenote"],
        *["view_booking", "change_booking", "view_bookingchange"],
        *["view_outgoingmail", "change_outgoingmail"],
        *["view_host", "change_host", "view_meetingtype", "change_meetingtype", "view_hostshare"],
        *[
            f"{verb}_{model}"
            for model in ("availabilitywindow", "availabilityexception")
            for verb in ("view", "add", "change", "delete")
        ],
    ],
}


def grant(apps, schema_editor):
    # Django makes permissions after all migrations have run, which is too late to grant them here.
    create_permissions(installed.get_app_config("contact"), verbosity=0, using=schema_editor.connection.alias)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        found = Permission.objects.filter(content_type__app_label="contact", codename__in=codenames)
        missing = set(codenames) - set(found.values_list("codename", flat=True))
        assert not missing, f"unknown permissions: {sorted(missing)}"
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [("contact", "0001_initial"), ("procedures", "0007_groups")]

    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
