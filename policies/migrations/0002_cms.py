"""The plan that issues National and Local Coverage Determinations and the articles beside them."""

from django.db import migrations


def make_cms(apps, schema_editor):
    apps.get_model("policies", "HealthPlan").objects.get_or_create(
        slug="cms",
        defaults={
            "kind": "federal",
            "name": "Centers for Medicare & Medicaid Services (CMS)",
            "website": "https://www.cms.gov/medicare-coverage-database/search.aspx",
            "region": "United States",
        },
    )


class Migration(migrations.Migration):
    dependencies = [("policies", "0001_initial")]

    operations = [migrations.RunPython(make_cms, migrations.RunPython.noop)]
