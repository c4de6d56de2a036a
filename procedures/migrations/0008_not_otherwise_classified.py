"""Marks the catch-all codes, by their descriptions; releases that list them are read by the importer."""

import re

from django.db import migrations, models

# As procedures.models.codes.says_not_otherwise_classified had it when this was written.
NOC_WORDS = re.compile(
    r"not otherwise (classified|specified|coded)|not elsewhere classified|unclassified|unlisted"
    r"|miscellaneous|\b(noc|nos)\b",
    re.IGNORECASE,
)


def mark_codes(apps, schema_editor):
    MedicalCode = apps.get_model("procedures", "MedicalCode")
    codes = MedicalCode.objects.filter(system__slug="hcpcs", kind="code").values_list("pk", "code", "long_description")
    found = [pk for pk, code, text in codes.iterator() if NOC_WORDS.search(text) and code[:2] not in ("G8", "G9", "M1")]
    MedicalCode.objects.filter(pk__in=found).update(is_noc=True)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0007_groups")]

    operations = [
        migrations.AddField(
            model_name="medicalcode",
            name="is_noc",
            field=models.BooleanField(
                default=False,
                editable=False,
                help_text="A catch-all for what has no code of its own: CMS lists it as NOC, or its description says so.",
                verbose_name="not otherwise classified",
            ),
        ),
        migrations.RunPython(mark_codes, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="medicalcode",
            index=models.Index(condition=models.Q(("is_noc", True)), fields=["is_noc"], name="procedures_code_noc"),
        ),
    ]
