import datetime

import pytest
from django.db import connection

from procedures.code_sets import loader
from procedures.code_sets.loader import load_release
from procedures.code_sets.records import RefusedFile
from procedures.models import ContentVersion, MedicalCode, Release
from procedures.search import search
from tests.factories import create_code, create_guide, get_system
from tests.own_database import every_row
from tests.procedures.code_sets.loading import changes, facts, load
from tests.procedures.code_sets.made_releases import day, hcpcs_release, icd_release, listed

pytestmark = pytest.mark.django_db


def found(text: str) -> list[str]:
    """The codes that search finds."""
    return [row["code"] for row in search(text, [get_system("hcpcs"), get_system("icd10cm")]).rows]


# One release


def test_release_is_recorded_with_its_counts():
    report_of = hcpcs_release("2025-01", listed("A1000"), listed("A1", kind="modifier"), listed("A1000", "again"))
    load("hcpcs", report_of)

    release = Release.objects.get()
    assert (release.version, release.source_name, release.complete) == ("2025-01", "made-2025-01.txt", True)
    assert release.digest == report_of.digest
    assert release.counts["read"] == {"code": 1, "modifier": 1}
    assert release.counts["added"] == 2
    assert release.counts["passed_over"] == {"listed twice": 1}


def test_facts_of_a_code_are_stored_as_released():
    record = listed(
        "C9028",
        "Injection, inotuzumab ozogamicin, 0.1 mg",
        short="Inj. inotuzumab ozogamicin",
        added="2018-01-01",
        terminated="2018-12-31",
        effective=day("2019-01-01"),
        indicators={"COV": "D", "TOS": ["1", "P"]},
    )
    load("hcpcs", hcpcs_release("2019-01", record))

    assert facts("hcpcs")["C9028"] == {
        "kind": "code",
        "short": "Inj. inotuzumab ozogamicin",
        "long": "Injection, inotuzumab ozogamicin, 0.1 mg",
        "title": "Injection, inotuzumab ozogamicin, 0.1 mg",
        "added": datetime.date(2018, 1, 1),
        "effective": datetime.date(2019, 1, 1),
        "terminated": datetime.date(2018, 12, 31),
        "indicators": {"COV": "D", "TOS": ["1", "P"]},
        "listed_in": "2019-01",
        "first_listed_in": "2019-01",
        "missing_from": None,
        "parent": None,
        "is_noc": False,
    }
    code = MedicalCode.objects.get()
    assert code.get_absolute_url() == "/code/hcpcs/C9028-injection-inotuzumab-ozogamicin-01-mg"


def test_texts_with_tabs_backslashes_and_quotes_are_stored_as_they_are():
    text = "A\\tB \\N \\\\ 'single' \"double\" {curly} %s ½ “quoted”"
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", text, indicators={"STATUTE": text})))

    assert facts("hcpcs")["A1000"]["long"] == text
    assert facts("hcpcs")["A1000"]["indicators"] == {"STATUTE": text}


def test_codes_are_found_after_the_import():
    before = ContentVersion.objects.get().number
    load("hcpcs", hcpcs_release("2025-01", listed("J9302", "Injection, ofatumumab, 10 mg")))

    assert found("ofatumumab") == ["J9302"]
    assert ContentVersion.objects.get().number > before


def test_codes_are_found_after_an_import_that_makes_the_index_afresh(monkeypatch):
    monkeypatch.setattr(loader, "REBUILD_FROM", 1)
    create_guide(create_code("G0105", "Colorectal cancer screening"), summary="A camera looks at the bowel.")
    load("icd10cm", icd_release("2024-10", listed("A00.0", "Cholera")))

    assert found("cholera") == ["A00.0"]
    assert found("camera") == ["G0105"]


@pytest.mark.parametrize("system", ["cpt4", "cdt"])
def test_system_without_a_licence_is_refused_with_what_to_do(system):
    with pytest.raises(RefusedFile, match=r"is not imported\. .* belong to .* record it on the code system"):
        load_release(get_system(system), hcpcs_release("2025-01", listed("A1000")))
    assert not Release.objects.exists()


# The same file, and a dry run


def test_same_file_twice_changes_nothing_and_says_so():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000")))
    before = every_row(connection)
    summary = load("hcpcs", hcpcs_release("2025-01", listed("A1000")))

    assert summary.already_imported
    assert every_row(connection) == before


def test_same_codes_in_another_file_are_counted_as_unchanged():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000"), listed("A1001")))
    summary = load("hcpcs", hcpcs_release("2025-04", listed("A1000"), listed("A1001")))

    assert (summary.added, summary.changed, summary.unchanged, summary.superseded) == (0, 0, 2, 0)
    assert not changes()
    assert facts("hcpcs")["A1000"]["listed_in"] == "2025-04"
    assert facts("hcpcs")["A1000"]["first_listed_in"] == "2025-01"


def test_dry_run_tells_what_would_change_and_writes_nothing_at_all():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000"), listed("A1001"), listed("A1002")))
    before = every_row(connection)
    newer = (listed("A1000", "Reworded"), listed("A1002", terminated="2024-12-31"), listed("A1003"))
    summary = load("hcpcs", hcpcs_release("2025-01", *newer), dry_run=True)

    assert every_row(connection) == before
    assert (summary.added, summary.changed, summary.unchanged) == (1, 2, 0)
    assert summary.changes == {"added": 1, "reworded": 1, "terminated": 1, "unlisted": 1}
    assert summary.examples == {
        "added": ["A1003"],
        "reworded": ["A1000"],
        "terminated": ["A1002"],
        "unlisted": ["A1001"],
    }
    assert load("hcpcs", hcpcs_release("2025-01", *newer)).changes == summary.changes


# Newer releases


def test_absence_never_deletes():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000"), listed("A1001")))
    create_guide(MedicalCode.objects.get(code="A1000"))
    load("hcpcs", hcpcs_release("2025-01", listed("A1001")))

    assert facts("hcpcs").keys() == {"A1000", "A1001"}
    assert MedicalCode.objects.get(code="A1000").guide.is_published


def test_valid_icd_code_that_is_missing_ended_the_day_before_the_newer_release():
    load("icd10cm", icd_release("2021-10", listed("A00.0"), listed("A00.1")), icd_release("2024-10", listed("A00.0")))

    assert facts("icd10cm")["A00.0"]["terminated"] is None
    assert facts("icd10cm")["A00.1"]["terminated"] == datetime.date(2024, 9, 30)
    assert facts("icd10cm")["A00.1"]["missing_from"] == "2024-10"
    assert changes() == [("A00.1", "terminated", "2024-10")]
    assert MedicalCode.objects.get(code="A00.1").status_on(datetime.date(2025, 1, 1)) == "retired"


def test_icd_header_that_is_missing_has_no_last_day():
    header = listed("A00", kind="header")
    load("icd10cm", icd_release("2021-10", header, listed("A00.0")), icd_release("2024-10", listed("A00.0")))

    assert facts("icd10cm")["A00"]["terminated"] is None
    assert facts("icd10cm")["A00"]["missing_from"] == "2024-10"


def test_codes_file_says_nothing_of_headers():
    load("icd10cm", icd_release("2021-10", listed("A00", kind="header"), listed("A00.0")))
    load("icd10cm", icd_release("2024-10", listed("A00.0"), lists_headers=False))

    assert facts("icd10cm")["A00"]["missing_from"] is None
    assert facts("icd10cm")["A00"]["listed_in"] == "2021-10"
    assert not changes()


def test_headers_are_not_new_because_an_older_codes_file_lacks_them():
    load("icd10cm", icd_release("2021-10", listed("A00.0"), lists_headers=False))
    load("icd10cm", icd_release("2024-10", listed("A00", kind="header"), listed("A00.0"), listed("A00.1")))

    assert changes() == [("A00.1", "added", "2024-10")]


def test_undated_hcpcs_code_that_is_missing_is_marked_unlisted():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000")), hcpcs_release("2025-01", listed("A1001")))

    assert facts("hcpcs")["A1000"]["terminated"] is None
    assert facts("hcpcs")["A1000"]["missing_from"] == "2025-01"
    assert ("A1000", "unlisted", "2025-01") in changes()
    assert MedicalCode.objects.get(code="A1000").status == "retired"


def test_terminated_hcpcs_code_that_is_missing_keeps_its_date_and_is_not_marked():
    load("hcpcs", hcpcs_release("2018-01", listed("A1000", terminated="2017-12-31"), listed("A1001")))
    load("hcpcs", hcpcs_release("2019-01", listed("A1001")))

    assert facts("hcpcs")["A1000"]["terminated"] == datetime.date(2017, 12, 31)
    assert facts("hcpcs")["A1000"]["missing_from"] is None
    assert not changes()


def test_new_code_is_recorded_as_added_but_not_those_of_the_first_release():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000"), listed("A1001", action="A")))
    load("hcpcs", hcpcs_release("2025-01", listed("A1000"), listed("A1001"), listed("A1002")))

    assert changes() == [("A1001", "added", "2024-01"), ("A1002", "added", "2025-01")]


def test_reworded_code_keeps_both_wordings_and_is_found_by_the_new_one():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000", "Elastic bandage")))
    summary = load("hcpcs", hcpcs_release("2025-01", listed("A1000", "Compression wrap", short="Wrap")))

    change = MedicalCode.objects.get().changes.get()
    assert (change.kind, change.before, change.after) == ("reworded", "Elastic bandage", "Compression wrap")
    assert summary.changed == 1
    assert found("compression") == ["A1000"]
    assert found("elastic") == []
    assert MedicalCode.objects.get().get_absolute_url() == "/code/hcpcs/A1000-compression-wrap"


def test_change_of_an_indicator_alone_is_stored():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000", indicators={"COV": "C"})))
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", indicators={"COV": "D"})))

    assert facts("hcpcs")["A1000"]["indicators"] == {"COV": "D"}
    assert not changes()


def test_terminated_code_is_recorded_and_found_as_retired():
    load("hcpcs", hcpcs_release("2018-01", listed("C9028", "Inotuzumab")))
    load("hcpcs", hcpcs_release("2019-01", listed("C9028", "Inotuzumab", terminated="2018-12-31")))

    assert changes() == [("C9028", "terminated", "2019-01")]
    [row] = search("inotuzumab", [get_system("hcpcs")]).rows
    assert (row["code"], row["status"]) == ("C9028", "retired")


def test_code_that_was_added_and_ended_between_two_releases_is_recorded_as_both():
    load("hcpcs", hcpcs_release("2018-01", listed("A1000")))
    load("hcpcs", hcpcs_release("2025-01", listed("A1000"), listed("C9030", terminated="2021-12-31")))

    assert changes() == [("C9030", "added", "2025-01"), ("C9030", "terminated", "2025-01")]


def test_codes_that_the_first_release_lists_as_ended_are_recorded_only_where_cms_says_so():
    ended = {"terminated": "2017-12-31"}
    load("hcpcs", hcpcs_release("2018-01", listed("A1000", **ended), listed("A1001", action="D", **ended)))

    assert changes() == [("A1001", "terminated", "2018-01")]


@pytest.mark.parametrize(("system", "release"), [("icd10cm", icd_release), ("hcpcs", hcpcs_release)])
def test_code_that_returns_is_recorded_as_reinstated(system, release):
    load(system, release("2022-10", listed("A00"), listed("A01")), release("2023-10", listed("A01")))
    load(system, release("2024-10", listed("A00"), listed("A01")))

    assert facts(system)["A00"]["terminated"] is None
    assert facts(system)["A00"]["missing_from"] is None
    assert changes("reinstated") == [("A00", "reinstated", "2024-10")]
    assert [row[2] for row in changes("terminated", "unlisted")] == ["2023-10"]


def test_hcpcs_code_that_loses_its_end_is_recorded_as_reinstated():
    load("hcpcs", hcpcs_release("2018-01", listed("A1000"), listed("A1001")))
    load("hcpcs", hcpcs_release("2019-01", listed("A1000", terminated="2018-12-31"), listed("A1001")))
    load("hcpcs", hcpcs_release("2020-01", listed("A1000"), listed("A1001")))

    assert changes() == [("A1000", "reinstated", "2020-01"), ("A1000", "terminated", "2019-01")]
    assert facts("hcpcs")["A1000"]["terminated"] is None


def test_code_that_is_split_becomes_the_heading_of_the_new_ones():
    load("icd10cm", icd_release("2023-10", listed("C81", kind="header"), listed("C81.0", "Lymphoma")))
    load(
        "icd10cm",
        icd_release(
            "2024-10",
            *(listed("C81", kind="header"), listed("C81.0", "Lymphoma", kind="header")),
            *(listed("C81.00", "Lymphoma, unspecified site"), listed("C81.0A", "Lymphoma, in remission")),
        ),
    )

    assert changes() == [
        *(("C81.0", "expanded", "2024-10"), ("C81.00", "added", "2024-10"), ("C81.0A", "added", "2024-10")),
    ]
    parents = {code: each["parent"] for code, each in facts("icd10cm").items()}
    assert parents == {"C81": None, "C81.0": "C81", "C81.00": "C81.0", "C81.0A": "C81.0"}
    assert MedicalCode.objects.get(code="C81.0").status == "header"


# Damaged releases


def icd_codes(count: int):
    return [listed(f"A{n // 10:02X}.{n % 10}") for n in range(count)]


def test_newer_release_that_lacks_a_third_of_the_codes_is_refused_and_changes_nothing():
    load("icd10cm", icd_release("2023-10", *icd_codes(1000)))
    before = every_row(connection)

    with pytest.raises(RefusedFile, match="it lacks 400 of the 1,000 codes in use, so it is not the whole release"):
        load("icd10cm", icd_release("2024-10", *icd_codes(600)))
    assert every_row(connection) == before


def test_older_release_may_lack_many_codes():
    load("icd10cm", icd_release("2023-10", *icd_codes(1000)))
    load("icd10cm", icd_release("2013-10", *icd_codes(600)))

    assert facts("icd10cm")["A3B.9"]["first_listed_in"] == "2013-10"
    assert len(changes("added")) == 400


def test_error_while_reading_changes_nothing():
    def broken_off():
        yield listed("A1001")
        raise RefusedFile("made.txt", "it breaks off.", 2)

    load("hcpcs", hcpcs_release("2024-01", listed("A1000")))
    before = every_row(connection)
    release = hcpcs_release("2025-01")
    release.records = broken_off()

    with pytest.raises(RefusedFile, match=r"^made\.txt, line 2: it breaks off"):
        load("hcpcs", release)
    assert every_row(connection) == before


def test_table_of_a_release_only_adds_to_its_text():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", "As the text says")))
    table = hcpcs_release("2025-01", listed("A1000", "As the table sa"), listed("A2000", "Only in the table"))
    table.is_table = True
    load("hcpcs", table)

    assert {code: row["long"] for code, row in facts("hcpcs").items()} == {
        "A1000": "As the text says",
        "A2000": "Only in the table",
    }
    assert changes("reworded") == []


def test_text_of_a_release_corrects_its_table():
    table = hcpcs_release("2025-01", listed("A1000", "As the table sa"))
    table.is_table = True
    load("hcpcs", table, hcpcs_release("2025-01", listed("A1000", "As the text says")))

    assert facts("hcpcs")["A1000"]["long"] == "As the text says"


def test_release_of_a_far_year_is_refused():
    with pytest.raises(RefusedFile, match="2099-01 is more than a year ahead"):
        load("hcpcs", hcpcs_release("2099-01", listed("A1000")))


def test_code_that_no_release_ever_listed_is_left_alone():
    create_code("A1000", "Made by hand")
    load("hcpcs", hcpcs_release("2025-01", listed("A2000")))

    code = MedicalCode.objects.get(code="A1000")
    assert (code.status, code.missing_from, code.listed_in) == ("active", None, None)
