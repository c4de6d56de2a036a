from django.db import migrations

SYSTEMS = [
    {
        "slug": "hcpcs",
        "name": "HCPCS Level II",
        "label": "HCPCS code",
        "position": 1,
        "description": "Drugs, supplies, equipment, ambulance and other services that are billed to a health plan.",
        "publisher": "Centers for Medicare & Medicaid Services (CMS)",
        "source_url": "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system/quarterly-update",
        "fhir_uri": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "licence": "public-domain",
        "licence_note": "A work of the U.S. government.",
    },
    {
        "slug": "icd10cm",
        "name": "ICD-10-CM",
        "label": "ICD-10-CM code",
        "position": 2,
        "code_has_dot": True,
        "description": "Diagnoses: diseases, injuries, symptoms and reasons for a visit.",
        "publisher": "National Center for Health Statistics (NCHS), Centers for Disease Control and Prevention",
        "source_url": "https://www.cdc.gov/nchs/icd/icd-10-cm/files.html",
        "fhir_uri": "http://hl7.org/fhir/sid/icd-10-cm",
        "licence": "attribution",
        "licence_note": "Source: NCHS, which offers the classification free of charge on its site and does not endorse "
        "this one. The texts are shown unchanged.",
    },
    {
        "slug": "icd10pcs",
        "name": "ICD-10-PCS",
        "label": "ICD-10-PCS code",
        "position": 3,
        "description": "Procedures done in a hospital to people who are admitted.",
        "publisher": "Centers for Medicare & Medicaid Services (CMS)",
        "source_url": "https://www.cms.gov/medicare/coding-billing/icd-10-codes",
        "fhir_uri": "http://www.cms.gov/Medicare/Coding/ICD10",
        "licence": "public-domain",
        "licence_note": "A work of the U.S. government.",
    },
    {
        "slug": "cpt4",
        "name": "CPT",
        "label": "CPT code",
        "position": 4,
        "description": "Services and procedures of physicians and other professionals.",
        "publisher": "American Medical Association (AMA)",
        "source_url": "https://www.ama-assn.org/practice-management/cpt",
        "fhir_uri": "http://www.ama-assn.org/go/cpt",
        "licence": "not-licensed",
        "licence_note": "CPT codes and descriptions belong to the American Medical Association and may be stored and "
        "shown only under a license of the AMA.",
    },
    {
        "slug": "cdt",
        "name": "CDT",
        "label": "CDT code",
        "position": 5,
        "description": "Services of dentists.",
        "publisher": "American Dental Association (ADA)",
        "source_url": "https://www.ada.org/publications/cdt",
        "fhir_uri": "http://www.ada.org/cdt",
        "licence": "not-licensed",
        "licence_note": "CDT codes and descriptions belong to the American Dental Association and may be stored and "
        "shown only under a license of the ADA.",
    },
]


def add_systems(apps, schema_editor):
    CodeSystem = apps.get_model("procedures", "CodeSystem")
    for values in SYSTEMS:
        CodeSystem.objects.get_or_create(slug=values["slug"], defaults=values)
    apps.get_model("procedures", "ContentVersion").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0001_initial")]

    operations = [migrations.RunPython(add_systems, migrations.RunPython.noop)]
