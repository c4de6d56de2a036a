"""The whole releases of RELEASES_DIR, read and loaded. They are loaded without the search index, to save time."""

import dataclasses
import datetime
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction

from procedures.code_sets import loader
from procedures.code_sets.hcpcs import parse_table
from procedures.code_sets.loader import LoadSummary
from procedures.code_sets.readers import read_release
from procedures.code_sets.records import CodeRecord, ReadingReport
from procedures.code_sets.source_files import choose_member, open_source
from procedures.models import MedicalCode
from tests.procedures.code_sets.loading import changes, facts, load, successions

pytestmark = [pytest.mark.releases, pytest.mark.django_db]

HCPCS = {
    "2018-01": "hcpcs/HCPC2018_CONTR_ANWEB_disc.txt.gz",
    "2019-01": "hcpcs/HCPC2019_CONTR_ANWEB.txt.gz",
    "2025-01": "hcpcs/january-2025-alpha-numeric-hcpcs-file.zip",
}
ICD = {"2021-10": "icd10/icd10cm_order_2022.rebuilt.txt.gz", "2024-10": "icd10/icd10cm_order_2025.txt.gz"}


@dataclass(slots=True)
class Loaded:
    """What is stored after some releases, and what the import of each said, by version."""

    facts: dict[str, dict]
    changes: list[tuple[str, str, str]]
    successions: list[tuple[str, str]]
    summaries: dict[str, LoadSummary]

    def changes_of(self, code: str) -> list[tuple[str, str]]:
        return [(kind, version) for changed, kind, version in self.changes if changed == code]


@contextmanager
def taken_back(blocker):
    """Whatever is loaded within goes again."""
    with blocker.unblock(), pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(loader._Load, "index", lambda load: None)
        yield
        transaction.set_rollback(True)


def load_file(system: str, path: Path) -> LoadSummary:
    with open_source(str(path)) as source:
        return load(system, read_release(system, source))


def load_files(system: str, files: list[Path]) -> Loaded:
    summaries = {summary.release.split()[-1]: summary for summary in (load_file(system, path) for path in files)}
    return Loaded(facts(system), changes("added", "terminated", "unlisted"), successions(), summaries)


@pytest.fixture(scope="module")
def hcpcs_files(releases_dir):
    return [releases_dir / name for name in HCPCS.values()]


@pytest.fixture(scope="module")
def hcpcs(django_db_setup, django_db_blocker, hcpcs_files):
    """HCPCS of three years, imported in order."""
    with taken_back(django_db_blocker):
        return load_files("hcpcs", hcpcs_files)


@pytest.fixture(scope="module")
def hcpcs_reversed(django_db_setup, django_db_blocker, hcpcs_files):
    """The same, the newest first."""
    with taken_back(django_db_blocker):
        return load_files("hcpcs", hcpcs_files[::-1])


@pytest.fixture(scope="module")
def hcpcs_text(releases_dir) -> list[CodeRecord]:
    """The records of the text of January 2025."""
    with open_source(str(releases_dir / HCPCS["2025-01"])) as source:
        return list(read_release("hcpcs", source).records)


# HCPCS


def test_hcpcs_of_january_2025_has_its_codes_and_modifiers(hcpcs_reversed):
    summary = hcpcs_reversed.summaries["2025-01"]

    assert summary.read == {"code": 8259, "modifier": 377}
    assert summary.added == 8259 + 377
    assert summary.passed_over["CPT modifier, not licensed"] == 6
    assert summary.passed_over["broken line"] == 0
    assert summary.passed_over["date that cannot be read, left out"] == 0


@pytest.mark.parametrize(("version", "preamble"), [("2018-01", 6), ("2019-01", 4)])
def test_hcpcs_of_older_years_is_read_below_its_preamble(hcpcs, version, preamble):
    passed_over = hcpcs.summaries[version].passed_over

    assert passed_over["preamble line"] == preamble
    assert passed_over["broken line"] == passed_over["date that cannot be read, left out"] == 0


def test_j9302_is_in_use_since_2011(hcpcs):
    ofatumumab = hcpcs.facts["J9302"]

    assert ofatumumab["long"] == "Injection, ofatumumab, 10 mg"
    assert ofatumumab["short"] == "Ofatumumab injection"
    assert ofatumumab["added"] == datetime.date(2011, 1, 1)
    assert ofatumumab["terminated"] is None
    assert ofatumumab["indicators"]["PRICE"] == ["51"]
    assert ofatumumab["indicators"]["TOS"] == ["1", "P"]
    assert ofatumumab["indicators"]["BETOS"] == "O1D"


def test_c9028_ended_in_2018_and_j9229_took_its_place(hcpcs):
    ended, successor = hcpcs.facts["C9028"], hcpcs.facts["J9229"]

    assert ended["added"] == datetime.date(2018, 1, 1)
    assert ended["effective"] == datetime.date(2019, 1, 1)
    assert ended["terminated"] == datetime.date(2018, 12, 31)
    assert ended["indicators"]["STATUTE"] == "1833(t)"
    assert successor["added"] == datetime.date(2019, 1, 1)
    assert successor["long"] == ended["long"] == "Injection, inotuzumab ozogamicin, 0.1 mg"
    assert ("C9028", "J9229") in hcpcs.successions
    assert ("Q9984", "J7296") in hcpcs.successions


def test_c9028_is_recorded_as_added_then_terminated(hcpcs):
    assert hcpcs.changes_of("C9028") == [("added", "2018-01"), ("terminated", "2019-01")]
    assert hcpcs.changes_of("J9229") == [("added", "2019-01")]
    assert hcpcs.facts["C9028"]["listed_in"] == "2025-01"


def test_hcpcs_in_reverse_order_is_stored_the_same(hcpcs, hcpcs_reversed):
    assert hcpcs_reversed.facts == hcpcs.facts
    assert hcpcs_reversed.successions == hcpcs.successions
    assert hcpcs_reversed.changes_of("C9028") == hcpcs.changes_of("C9028")
    assert hcpcs_reversed.changes_of("J9229") == hcpcs.changes_of("J9229")


def test_hcpcs_in_reverse_order_has_the_same_changes_on_record_but_of_a_modifier_that_came_back(hcpcs, hcpcs_reversed):
    assert len(hcpcs.changes) > 2000
    assert set(hcpcs.changes) - set(hcpcs_reversed.changes) == {("DA", "unlisted", "2019-01")}
    assert set(hcpcs_reversed.changes) <= set(hcpcs.changes)


def test_hcpcs_codes_that_newer_releases_lack_are_kept_and_marked(hcpcs):
    missing = {code: each["missing_from"] for code, each in hcpcs.facts.items() if each["missing_from"]}

    assert missing == {"G9976": "2019-01", "G9977": "2019-01"}
    assert hcpcs.facts["DA"]["listed_in"] == "2025-01"
    assert [row for row in hcpcs.changes if row[1] == "unlisted"] == [
        *(("DA", "unlisted", "2019-01"), ("G9976", "unlisted", "2019-01"), ("G9977", "unlisted", "2019-01")),
    ]


def test_no_text_under_licence_is_stored(hcpcs):
    assert not [code for code in hcpcs.facts if not re.fullmatch(r"[A-CE-V]\d{4}|[A-Z][A-Z0-9]", code)]
    assert not {f"P{number}" for number in range(1, 7)} & hcpcs.facts.keys()


def test_workbook_of_the_zip_says_the_same_as_the_text(releases_dir, hcpcs_text):
    with open_source(str(releases_dir / HCPCS["2025-01"])) as source:
        member = choose_member(source, [re.compile(r"^HCPC2025_JAN_ANWEB_\d+\.xlsx$")])
        noc_codes = {record.code for record in hcpcs_text if record.is_noc}
        records = parse_table(member.rows(), file=member.name, report=ReadingReport(), noc_codes=noc_codes)
        from_workbook = list(records)

    # The workbook lacks some dates of the last change, and has a fourth type of service where the text has three.
    def stated(record: CodeRecord) -> CodeRecord:
        indicators = {**record.indicators, "TOS": record.indicators.get("TOS", [])[:3]}
        return dataclasses.replace(record, effective=None, indicators=indicators)

    different = [text.code for text, row in zip(hcpcs_text, from_workbook, strict=True) if stated(text) != stated(row)]
    assert different == ["G0503"]


# ICD-10-CM


@pytest.fixture(scope="module")
def icd(django_db_setup, django_db_blocker, releases_dir):
    """ICD-10-CM of the fiscal years 2022 and 2025: some columns of each code, and what the imports said by version."""
    with taken_back(django_db_blocker):
        summaries = {version: load_file("icd10cm", releases_dir / name) for version, name in ICD.items()}
        columns = ("kind", "terminated", "listed_in__version", "missing_from__version", "parent__code")
        rows = MedicalCode.objects.filter(system__slug="icd10cm").values_list("code", *columns)
        return {code: values for code, *values in rows}, summaries


def test_icd10cm_of_2025_has_its_codes_and_headers(icd):
    codes, summaries = icd

    assert summaries["2024-10"].read == {"code": 74_260, "header": 23_324}
    assert summaries["2021-10"].read.total() == 95_524
    listed = [kind for kind, _, version, *_ in codes.values() if version == "2024-10"]
    assert Counter(listed) == {"code": 74_260, "header": 23_324}


def test_icd10cm_codes_that_2025_lacks_ended_the_day_before(icd):
    codes, summaries = icd
    gone = {code: values for code, values in codes.items() if values[2] == "2021-10"}

    assert len(gone) == len(codes) - 97_584 > 0
    for kind, terminated, _, missing_from, _ in gone.values():
        assert missing_from == "2024-10"
        assert terminated == (None if kind == "header" else datetime.date(2024, 9, 30))
    assert summaries["2024-10"].changes["terminated"] == len(gone)
    assert not [code for code, values in codes.items() if values[2] == "2024-10" and values[1]]


def test_icd10cm_codes_lie_under_their_headings(icd):
    codes, _ = icd

    assert codes["M54.16"][4] == "M54.1"
    assert codes["M54.1"][4] == "M54"
    assert codes["T36.95XS"][4] == "T36.95"
    assert not [code for code, (*_, parent) in codes.items() if parent and not code.startswith(parent)]
    assert not [code for code, (*_, parent) in codes.items() if not parent and len(code) > 3]


# ICD-10-PCS


def test_icd10pcs_order_file_and_codes_file_are_read_whole(releases_dir):
    with open_source(str(releases_dir / "icd10/icd10pcs_order_2022.rebuilt.txt.gz")) as source:
        order = read_release("icd10pcs", source)
        kinds = Counter(record.kind for record in order.records)
    with open_source(str(releases_dir / "icd10/icd10pcs-codes-2024.txt.gz")) as source:
        codes = read_release("icd10pcs", source)
        count = sum(record.kind == "code" for record in codes.records)

    assert (order.version, kinds) == ("2021-10", {"header": 895, "code": 79_115 - 895})
    assert (codes.version, count) == ("2023-10", 78_603)
    assert not order.report.passed_over
    assert not codes.report.passed_over
