"""The groups of editors. A group that exists keeps its members and gains the permissions it lacks."""

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READ_CODES = ["view_medicalcode", "view_codesystem", "view_codename", "view_succession"]
WRITE_GUIDES = ["view_guide", "view_guidedraft", "add_guidedraft", "change_guidedraft"]
SEE_DEMAND = ["view_dailyviews", "view_searchwithoutresult"]
SEE_RELEASES = ["view_release", "view_codechange"]

PERMISSIONS = {
    "Author": {"procedures": [*READ_CODES, *WRITE_GUIDES, *SEE_DEMAND, *SEE_RELEASES]},
    "Reviewer": {
        "procedures": [
            *READ_CODES,
            *WRITE_GUIDES,
            *SEE_DEMAND,
            *SEE_RELEASES,
            *["publish_guide", "review_guide", "add_codename", "delete_searchwithoutresult"],
        ],
        "admin": ["view_logentry"],
    },
    "Desk": {"procedures": [*READ_CODES, *SEE_RELEASES, "view_guide"]},
    "Data": {
        "procedures": [
            *READ_CODES,
            *SEE_DEMAND,
            *SEE_RELEASES,
            *["view_guide", "change_medicalcode", "add_release"],
            *["add_codename", "change_codename", "delete_codename", "delete_searchwithoutresult"],
            *["add_succession", "change_succession", "delete_succession"],
        ]
    },
}


def make_groups(apps, schema_editor):
    # Django makes permissions after all migrations have run, which is too late to grant them here.
    for label in ("procedures", "admin"):
        create_permissions(installed.get_app_config(label), verbosity=0, using=schema_editor.connection.alias)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, granted in PERMISSIONS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for label, codenames in granted.items():
            found = Permission.objects.filter(content_type__app_label=label, codename__in=codenames)
            missing = set(codenames) - set(found.values_list("codename", flat=True))
            assert not missing, f"unknown permissions: {sorted(missing)}"
            group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("procedures", "0006_guide_rules"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("admin", "0003_logentry_add_action_flag_choices"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
