import io
import re
from collections import Counter
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection

from procedures import demonstration
from procedures.code_sets.readers import ReadRelease
from procedures.demonstration import icd10cm
from procedures.guide_sections import SECTIONS
from procedures.management.commands import load_demo as command
from procedures.models import CodeSystem, Guide, MedicalCode, Release
from procedures.search import search
from tests.factories import create_code, create_guide, get_system
from tests.own_database import every_row
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import hcpcs_release, icd_release, listed

pytestmark = pytest.mark.django_db

# The diagnoses that guides of the demonstration describe.
ICD_CODES = [
    listed("M54", "Dorsalgia", kind="header"),
    listed("M54.1", "Radiculopathy", kind="header"),
    listed("M54.16", "Radiculopathy, lumbar region"),
    listed("E11", "Type 2 diabetes mellitus", kind="header"),
    listed("E11.9", "Type 2 diabetes mellitus without complications"),
    listed("I10", "Essential (primary) hypertension"),
]


def small_package() -> ReadRelease:
    return icd_release("2026-04", *ICD_CODES)


@pytest.fixture
def small_icd(monkeypatch):
    """ICD-10-CM of six codes instead of the package, which takes seconds to read."""
    monkeypatch.setattr(icd10cm, "read_package", small_package)


@pytest.fixture
def codes_only(small_icd, monkeypatch):
    """No guides, for tests of codes: the words of the guides take their time to index."""
    monkeypatch.setattr(command.Command, "_load_guides", lambda self: None)


def load_demo() -> str:
    """What the command says."""
    said = io.StringIO()
    call_command("load_demo", stdout=said)
    return said.getvalue()


def test_demo_adds_at_least_300_hcpcs_codes_of_every_letter_with_their_facts(codes_only):
    load_demo()

    codes = MedicalCode.objects.filter(system__slug="hcpcs", kind="code")
    assert codes.count() >= 300
    assert set("ABCEGHJKLMPQRSTUV") == {code.code[0] for code in codes}
    assert not [code for code in MedicalCode.objects.filter(system__slug="hcpcs") if not code.added]
    assert codes.get(code="J9302").added.isoformat() == "2011-01-01"
    assert codes.get(code="C9028").terminated.isoformat() == "2018-12-31"
    assert [each.successor.code for each in codes.get(code="C9028").successions.all()] == ["J9229"]


def test_demo_adds_at_least_12_published_guides_with_official_title_sections_and_sources(small_icd):
    load_demo()

    folder = Path(demonstration.__file__).parent / "guides"
    guides = Guide.objects.published().select_related("code__system")
    assert len(guides) >= 12
    assert {"J9302", "J9229"} <= {guide.code.code for guide in guides}
    for guide in guides:
        empty = {section.field for section in SECTIONS if not getattr(guide, section.field)}
        # A diagnosis is not done to anyone.
        assert empty == (set() if guide.code.system.slug == "hcpcs" else {"procedure_description"}), guide
        assert guide.sources.count("- ") >= 2, guide
        document = folder / f"{guide.code.system.slug}-{guide.code.code}.txt"
        assert document.read_text("utf-8").startswith(f"{guide.code.long_description}\n"), guide


def test_demo_is_found_by_search(small_icd):
    load_demo()
    systems = [get_system("hcpcs"), get_system("icd10cm")]

    assert search("ofatumumab", systems).rows[0]["code"] == "J9302"
    assert search("m5416", systems).rows[0]["code"] == "M54.16"
    assert "J9302" in {row["code"] for row in search("arzerra", systems).rows}


def test_demo_makes_no_user_and_holds_no_code_under_licence(codes_only):
    load_demo()

    assert not get_user_model().objects.exists()
    assert not CodeSystem.objects.get(slug="cpt4").codes.exists()
    assert not CodeSystem.objects.get(slug="cdt").codes.exists()
    assert not MedicalCode.objects.filter(code__regex=r"^([0-9]{4}[0-9FTUMA]|D[0-9]{4}|P[1-6])$").exists()


def test_demo_loaded_again_adds_nothing_and_changes_nothing(small_icd):
    first = load_demo()
    before = every_row(connection)
    again = load_demo()

    assert every_row(connection) == before
    assert re.search(r"^HCPCS Level II: [3-9]\d\d codes and headings added\.$", first, re.MULTILINE)
    assert again.splitlines() == [
        "HCPCS Level II: the demonstration is there already.",
        "ICD-10-CM: the demonstration is there already.",
        "Guides: 0 added.",
    ]


def test_demo_changes_no_code_that_exists(codes_only):
    create_code("J9302", "Wording of an editor")
    create_code("I10", "Wording of an editor", system="icd10cm")
    before = MedicalCode.objects.order_by("pk").values()
    held = list(before)
    load_demo()

    assert list(before.filter(pk__in=[row["id"] for row in held])) == held
    assert MedicalCode.objects.filter(code="J9229").exists()


def test_demo_changes_no_guide_that_exists(small_icd):
    guide = create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"), summary="Words of an editor.")
    draft = create_guide(create_code("G0008", "Administration of influenza virus vaccine"), published=False)
    before = list(Guide.objects.order_by("pk").values())
    load_demo()

    assert list(Guide.objects.filter(pk__in=[guide.pk, draft.pk]).order_by("pk").values()) == before
    assert not Guide.objects.get(pk=draft.pk).is_published


def test_demo_after_an_editor_deleted_a_guide_adds_it_again(small_icd):
    load_demo()
    Guide.objects.filter(code__code="J9302").delete()

    assert "Guides: 1 added." in load_demo()


def test_demo_after_codes_were_deleted_adds_them_again(small_icd):
    load_demo()
    MedicalCode.objects.filter(code__in=["A0427", "G0008"]).delete()
    said = load_demo()

    assert "HCPCS Level II: 2 codes and headings added." in said
    assert "Guides: 2 added." in said
    assert MedicalCode.objects.filter(code__in=["A0427", "G0008"]).count() == 2


def test_demo_beside_real_releases_ends_and_changes_none_of_their_codes(codes_only):
    load("hcpcs", hcpcs_release("2026-01", listed("J9302", "Official wording"), listed("J0001")))
    load("icd10cm", icd_release("2025-10", listed("I10", "Official wording"), listed("A00.0")))
    load_demo()

    facts = dict(MedicalCode.objects.values_list("code", "long_description"))
    assert facts["J9302"] == facts["I10"] == "Official wording"
    assert MedicalCode.objects.get(code="A00.0").status == "active"
    assert MedicalCode.objects.get(code="J0001").status == "active"


def test_real_release_after_the_demo_takes_its_place(codes_only):
    load_demo()
    load("icd10cm", icd_release("2026-10", listed("I10", "Newer wording"), listed("E11.9", "Newer wording")))

    assert MedicalCode.objects.get(code="I10").long_description == "Newer wording"
    assert MedicalCode.objects.get(code="M54.16").terminated.isoformat() == "2026-09-30"


# What the package calls to read its own files is deprecated.
@pytest.mark.filterwarnings("ignore:.* is deprecated:DeprecationWarning")
def test_demo_brings_all_of_icd_from_the_package():
    load_demo()

    kinds = Counter(MedicalCode.objects.filter(system__slug="icd10cm").values_list("kind", flat=True))
    assert kinds["code"] > 74_000
    assert kinds["header"] > 23_000
    assert MedicalCode.objects.count() > 98_000
    release = Release.objects.get(system__slug="icd10cm")
    assert (release.version, release.complete) == ("2026-04", True)
    code = MedicalCode.objects.get(code="T36.95XS")
    assert code.long_description == "Adverse effect of unspecified systemic antibiotic, sequela"
    assert [heading.code for heading in code.ancestors()] == ["T36", "T36.9", "T36.95"]
    assert search("m5416", [get_system("icd10cm")]).rows[0]["code"] == "M54.16"
