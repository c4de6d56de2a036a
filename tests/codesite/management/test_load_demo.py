import re
from collections import Counter

import pytest
from django.db import connection

from procedures.code_sets import loader
from procedures.demonstration import icd10cm
from procedures.demonstration.drug_names import read_drug_names
from procedures.models import CodeSystem, ContentVersion, Guide, GuideDraft, MedicalCode, Release
from procedures.search import index_is_current, search
from tests.factories import create_code, create_draft, create_guide, get_system
from tests.own_database import every_row
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import hcpcs_release, icd_release, listed
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db

READ_PACKAGE = icd10cm.read_package


def test_demo_adds_at_least_300_hcpcs_codes_of_every_letter_with_their_facts(codes_only):
    said_by("load_demo")

    codes = MedicalCode.objects.filter(system__slug="hcpcs", kind="code")
    assert codes.count() >= 300
    assert set("ABCEGHJKLMPQRSTUV") == {code.code[0] for code in codes}
    assert not [code for code in MedicalCode.objects.filter(system__slug="hcpcs") if not code.added]
    assert codes.get(code="J9302").added.isoformat() == "2011-01-01"
    assert codes.get(code="C9028").terminated.isoformat() == "2018-12-31"
    assert [each.successor.code for each in codes.get(code="C9028").successions.all()] == ["J9229"]


def test_demo_is_found_by_search(codes_only):
    said_by("load_demo")
    systems = [get_system("hcpcs"), get_system("icd10cm")]

    assert search("ofatumumab", systems).rows[0]["code"] == "J9302"
    assert search("m5416", systems).rows[0]["code"] == "M54.16"
    assert "J9302" in {row["code"] for row in search("arzerra", systems).rows}


def test_demo_holds_no_code_under_licence(codes_only):
    said_by("load_demo")

    assert not CodeSystem.objects.get(slug="cpt4").codes.exists()
    assert not CodeSystem.objects.get(slug="cdt").codes.exists()
    assert not MedicalCode.objects.filter(code__regex=r"^([0-9]{4}[0-9FTUMA]|D[0-9]{4}|P[1-6])$").exists()


def test_demo_loaded_again_adds_nothing_and_changes_nothing(small_icd):
    first = said_by("load_demo")
    before = every_row(connection)
    again = said_by("load_demo")

    assert every_row(connection) == before
    assert re.search(r"^HCPCS Level II: [3-9]\d\d codes and headings added\.$", first, re.MULTILINE)
    assert again.splitlines() == [
        "HCPCS Level II: the demonstration is there already.",
        "ICD-10-CM: the demonstration is there already.",
        "Names of drugs: 0 added.",
        "ICD-10-CM: 0 inclusion terms and 0 notes added.",
        "Guides: 0 added.",
        "Policies: 0 added.",
        "Hosts and types of meetings: 0 added.",
    ]


def test_demo_brings_names_of_drugs_of_its_excerpt_and_inclusion_terms_and_notes(codes_only):
    said = said_by("load_demo")
    systems = [get_system("hcpcs"), get_system("icd10cm")]

    for brand, generic, code in (("arzerra", "ofatumumab", "J9302"), ("besponsa", "inotuzumab ozogamicin", "J9229")):
        assert search(brand, systems).rows[0]["code"] == search(generic, systems).rows[0]["code"] == code
    assert search("high blood pressure", systems).rows[0]["code"] == "I10"
    assert MedicalCode.objects.get(code="I10").notes.get().kind == "excludes1"
    assert "ICD-10-CM: 1 inclusion terms and 1 notes added." in said


def test_every_name_of_a_drug_is_of_a_code_of_the_excerpt(codes_only):
    said_by("load_demo")
    codes = MedicalCode.objects.filter(system__slug="hcpcs", kind="code")
    read = read_drug_names()
    names = list(read.names(dict(codes.values_list("normalized", "long_description"))))

    assert {name.code for name in names} <= set(codes.values_list("code", flat=True))
    assert len(names) > 150
    assert read.report.dropped == {}


def test_tabular_list_lies_in_the_package():
    read = icd10cm.read_tabular_list()

    assert read.source == "ICD-10-CM tabular list, April 2026"
    assert "Richter syndrome" in read.diagnoses["C911"].terms
    assert len(read.listed) > 46_000


def test_demo_makes_an_index_of_another_form_afresh(codes_only):
    said_by("load_demo")
    ContentVersion.objects.update(index_format=1)
    said = said_by("load_demo")

    assert re.search(r"^Search: 5\d\d codes indexed\.$", said, re.MULTILINE)
    assert index_is_current()


def test_demo_changes_no_code_that_exists(codes_only):
    create_code("J9302", "Wording of an editor")
    create_code("I10", "Wording of an editor", system="icd10cm")
    before = MedicalCode.objects.order_by("pk").values()
    held = list(before)
    said_by("load_demo")

    assert list(before.filter(pk__in=[row["id"] for row in held])) == held
    assert MedicalCode.objects.filter(code="J9229").exists()


def test_demo_changes_no_guide_and_no_draft_that_exists(small_icd):
    guide = create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"), summary="Words of an editor.")
    draft = create_draft(create_code("G0008", "Administration of influenza virus vaccine"), summary="More of them.")
    before = [list(model.objects.values()) for model in (Guide, GuideDraft)]
    said_by("load_demo")

    assert [
        list(Guide.objects.filter(pk=guide.pk).values()),
        list(GuideDraft.objects.filter(pk=draft.pk).values()),
    ] == before
    assert not Guide.objects.filter(code=draft.code).exists()
    assert not GuideDraft.objects.filter(code=guide.code).exists()


def test_demo_after_codes_were_deleted_adds_them_again(small_icd):
    said_by("load_demo")
    MedicalCode.objects.filter(code__in=["A0427", "G0008"]).delete()
    said = said_by("load_demo")

    assert "HCPCS Level II: 2 codes and headings added." in said
    assert "Guides: 2 added." in said
    assert MedicalCode.objects.filter(code__in=["A0427", "G0008"]).count() == 2


def test_demo_beside_real_releases_ends_and_changes_none_of_their_codes(codes_only):
    load("hcpcs", hcpcs_release("2026-01", listed("J9302", "Official wording"), listed("J0001")))
    load("icd10cm", icd_release("2025-10", listed("I10", "Official wording"), listed("A00.0")))
    said_by("load_demo")

    facts = dict(MedicalCode.objects.values_list("code", "long_description"))
    assert facts["J9302"] == facts["I10"] == "Official wording"
    assert MedicalCode.objects.get(code="A00.0").status == "active"
    assert MedicalCode.objects.get(code="J0001").status == "active"


def test_real_release_after_the_demo_takes_its_place(codes_only):
    said_by("load_demo")
    load("icd10cm", icd_release("2026-10", listed("I10", "Newer wording"), listed("E11.9", "Newer wording")))

    assert MedicalCode.objects.get(code="I10").long_description == "Newer wording"
    assert MedicalCode.objects.get(code="M54.16").terminated.isoformat() == "2026-09-30"


# What the package calls to read its own files is deprecated.
@pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")
def test_demo_brings_all_of_icd_from_the_package(codes_only, monkeypatch):
    monkeypatch.setattr(icd10cm, "read_package", READ_PACKAGE)
    index = loader._Load.index
    # To index all of it takes longer than to load it; what search finds is asked of the small one.
    monkeypatch.setattr(loader._Load, "index", lambda load: load.system.slug == "icd10cm" or index(load))
    said_by("load_demo")

    kinds = Counter(MedicalCode.objects.filter(system__slug="icd10cm").values_list("kind", flat=True))
    assert kinds["code"] > 74_000
    assert kinds["header"] > 23_000
    assert MedicalCode.objects.count() > 98_000
    release = Release.objects.get(system__slug="icd10cm")
    assert (release.version, release.complete) == ("2026-04", True)
    code = MedicalCode.objects.get(code="T36.95XS")
    assert code.long_description == "Adverse effect of unspecified systemic antibiotic, sequela"
    assert [heading.code for heading in code.ancestors()] == ["T36", "T36.9", "T36.95"]
