import io

import pytest
from openpyxl import Workbook

from procedures.code_sets.records import RefusedFile
from procedures.name_sources.asp import read_asp
from tests.procedures.name_sources.made_lists import asp_file, member_of

DESCRIPTIONS = {"J9302": "Injection, ofatumumab, 10 mg", "A9575": "Injection, gadoterate meglumine, 0.1 ml"}


def names_of(read) -> list[tuple[str, str, str]]:
    return [(name.code, name.kind, name.text) for name in read.names(DESCRIPTIONS)]


def test_official_layout_gives_brand_and_generic_names_once(tmp_path):
    products = [("J9302", "Arzerra "), ("J9302", "Arzerra"), ("A9575", "Gadoterate Meglumine")]
    read = read_asp(member_of(tmp_path, "crosswalk.csv", asp_file(*products)))

    assert read.source == "CMS ASP NDC-HCPCS crosswalk, January 2026"
    assert names_of(read) == [("J9302", "brand", "Arzerra"), ("A9575", "generic", "Gadoterate Meglumine")]


def test_plain_header_is_read_with_the_month_of_the_file_name(tmp_path):
    content = b"hcpcs,short_description,labeler,ndc,drug_name\nJ9302,short,Labeler,1,Arzerra\n"
    read = read_asp(member_of(tmp_path, "asp_ndc_hcpcs_2026-04.level2.csv", content))

    assert read.source == "CMS ASP NDC-HCPCS crosswalk, April 2026"
    assert names_of(read) == [("J9302", "brand", "Arzerra")]


def test_workbook_is_read(tmp_path):
    book, file = Workbook(), io.BytesIO()
    book.active.append(["April 2026 ASP NDC-HCPCS Crosswalk"])
    book.active.append(["_2026_CODE", "Drug Name"])
    book.active.append(["J9302", "Arzerra"])
    book.save(file)
    read = read_asp(member_of(tmp_path, "crosswalk.xlsx", file.getvalue()))

    assert names_of(read) == [("J9302", "brand", "Arzerra")]


def test_codes_under_license_are_dropped_and_counted(tmp_path):
    products = [("90371", "Not ours"), ("D9610", "Not ours"), ("J9302", "Arzerra"), ("J9302", "x" * 301)]
    read = read_asp(member_of(tmp_path, "crosswalk.csv", asp_file(*products)))

    assert {name.code for name in read.names(DESCRIPTIONS)} == {"J9302"}
    assert read.report.dropped == {"code that is not of HCPCS Level II": 2, "name longer than 300 characters": 1}
    assert read.report.examples["code that is not of HCPCS Level II"] == ["line 10", "line 11"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("crosswalk.txt", asp_file(("J9302", "Arzerra")), "is a csv or xlsx file"),
        ("crosswalk.csv", b"a,b\n1,2\n", "line 1: this is not an ASP NDC-HCPCS crosswalk"),
        ("crosswalk.csv", asp_file(), "no line under the header names a drug"),
        ("crosswalk.csv", asp_file(("J9302", "Arzerra"), title="ASP"), "--release YYYY-MM"),
        ("crosswalk.csv", asp_file(("J9302", "Arzerra"), title="May 2090"), "more than a year ahead"),
        ("crosswalk.csv", bytes(range(256)) * 9, "this is not a text file"),
        ("crosswalk.xlsx", b"PK\x03\x04" + b"\x01" * 99, "damaged"),
    ],
)
def test_another_file_is_refused(tmp_path, name, content, problem):
    with pytest.raises(RefusedFile) as refusal:
        read_asp(member_of(tmp_path, name, content))

    assert problem in str(refusal.value)
