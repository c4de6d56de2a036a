import pytest

from codesite.management.commands import load_demo as command
from procedures.code_sets.readers import ReadRelease
from procedures.demonstration import icd10cm
from procedures.name_sources.icd10cm_tabular import TabularList, parse_tabular
from tests.procedures.code_sets.made_releases import icd_release, listed
from tests.procedures.name_sources.made_lists import diagnosis, tabular_file

# The diagnoses that guides of the demonstration describe.
ICD_CODES = [
    listed("M54", "Dorsalgia", kind="header"),
    listed("M54.1", "Radiculopathy", kind="header"),
    listed("M54.16", "Radiculopathy, lumbar region"),
    listed("E11", "Type 2 diabetes mellitus", kind="header"),
    listed("E11.9", "Type 2 diabetes mellitus without complications"),
    listed("I10", "Essential (primary) hypertension"),
    listed("E66.811", "Obesity, class 1"),
    listed("E78.5", "Hyperlipidemia, unspecified"),
    listed("F32.A", "Depression, unspecified"),
    listed("F41.1", "Generalized anxiety disorder"),
    listed("G43.909", "Migraine, unspecified, not intractable, without status migrainosus"),
    listed("H25.13", "Age-related nuclear cataract, bilateral"),
    listed("I48.91", "Unspecified atrial fibrillation"),
    listed("J06.9", "Acute upper respiratory infection, unspecified"),
    listed("J45.909", "Unspecified asthma, uncomplicated"),
    listed("K21.9", "Gastro-esophageal reflux disease without esophagitis"),
    listed("M17.11", "Unilateral primary osteoarthritis, right knee"),
    listed("N39.0", "Urinary tract infection, site not specified"),
    listed("R07.9", "Chest pain, unspecified"),
    listed("Z00.00", "Encounter for general adult medical examination without abnormal findings"),
]


def small_package() -> ReadRelease:
    return icd_release("2026-04", *ICD_CODES)


def small_tabular_list() -> TabularList:
    hypertension = diagnosis(
        "I10", inclusionTerm=["high blood pressure"], excludes1=["hypertension of pregnancy (O10.-)"]
    )
    return parse_tabular([tabular_file(hypertension)], file="list.xml", version="2026-04")


def use_small_icd(patch: pytest.MonkeyPatch) -> None:
    """ICD-10-CM of few codes instead of the package, which takes seconds to read."""
    patch.setattr(icd10cm, "read_package", small_package)
    patch.setattr(icd10cm, "read_tabular_list", small_tabular_list)


@pytest.fixture
def small_icd(monkeypatch):
    use_small_icd(monkeypatch)


@pytest.fixture
def codes_only(small_icd, monkeypatch):
    """No guides and policies, for tests of codes: these take their time to load and to index."""
    monkeypatch.setattr(command.Command, "_load_guides", lambda self: None)
    monkeypatch.setattr(command.Command, "_load_policies", lambda self: None)
