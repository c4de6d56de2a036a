import gzip
import io
import zipfile

import pytest
from openpyxl import Workbook

from procedures.code_sets.readers import can_read, read_release
from procedures.code_sets.records import RefusedFile
from procedures.code_sets.source_files import open_source
from tests.procedures.code_sets.made_releases import codes_line, hcpcs_line, order_line, text_file

HCPCS = text_file([hcpcs_line("J9302", "Injection, ofatumumab, 10 mg")])
ORDER = text_file([order_line(1, "A00", "0", "Cholera"), order_line(2, "A000", "1", "Cholera due to Vibrio")])
CODES = text_file([codes_line("A000", "Cholera due to Vibrio")])
PCS = text_file([order_line(1, "0016070", "1", "Bypass Cerebral Ventricle to Nasopharynx")])
CONTENT = {"hcpcs": HCPCS, "icd10cm": ORDER, "icd10pcs": PCS}


@pytest.fixture
def read(tmp_path):
    """Reads a file of this name and content, or a zip of these members; the value is the release with its records."""

    def read_content(system, name, content, version=""):
        path = tmp_path / name
        if isinstance(content, dict):
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in content.items():
                    archive.writestr(member, data)
        else:
            path.write_bytes(content)
        with open_source(str(path)) as source:
            release = read_release(system, source, version)
            release.records = list(release.records)
        return release

    return read_content


# The version, from the names that publishers use


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("HCPC2018_CONTR_ANWEB_disc.txt", "2018-01"),
        ("HCPC2019_CONTR_ANWEB.txt", "2019-01"),
        ("HCPC17_CONTR_ANWEB.txt", "2017-01"),
        ("HCPC2020_APR_ANWEB_w_disclaimer.txt", "2020-04"),
        ("HCPC2020_JULY_ANWEB.txt", "2020-07"),
        ("HCPC2021_OCT_ANWEB_v2.txt", "2021-10"),
        ("HCPC2025_JAN_ANWEB_12172024.txt", "2025-01"),
        ("hcpc2026_apr_anweb.txt", "2026-04"),
        ("HCPC2024_MAY_ANWEB.txt", "2024-05"),
        ("HCPC2020_ANWEB_w_disclaimer_december_2019.txt", "2020-01"),
        ("january-2025-alpha-numeric-hcpcs-file.txt", "2025-01"),
        ("october-2026-alpha-numeric-hcpcs-file.txt", "2026-10"),
        ("2024-april-alpha-numeric-hcpcs.txt", "2024-04"),
        ("July 2023 HCPCS update (corrected).txt", "2023-07"),
    ],
)
def test_version_of_a_hcpcs_release_is_told_by_its_name(read, name, version):
    assert read("hcpcs", name, HCPCS).version == version


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("icd10cm_order_2025.txt", "2024-10"),
        ("icd10cm-order-2025.txt", "2024-10"),
        ("icd10cm_order_2022.rebuilt.txt", "2021-10"),
        ("icd10cm-order-April-2025.txt", "2025-04"),
        ("icd10cm_order_april_1_2023.txt", "2023-04"),
        ("ICD-10-CM order file FY2026.txt", "2025-10"),
        ("april-1-2026-code-descriptions-tabular-order.txt", "2026-04"),
    ],
)
def test_version_of_an_icd_release_is_its_fiscal_year_or_the_month_of_the_update(read, name, version):
    assert read("icd10cm", name, ORDER).version == version


@pytest.mark.parametrize(
    ("name", "version"), [("icd10pcs-codes-2024.txt", "2023-10"), ("icd10pcs_order_2022.rebuilt.txt", "2021-10")]
)
def test_version_of_a_pcs_release_is_its_fiscal_year(read, name, version):
    assert read("icd10pcs", name, PCS).version == version


@pytest.mark.parametrize(
    ("system", "archive", "member", "version"),
    [
        ("hcpcs", "january-2025-alpha-numeric-hcpcs-file.zip", "HCPC2025_JAN_ANWEB_12172024.txt", "2025-01"),
        ("hcpcs", "download.zip", "HCPC2025_JAN_ANWEB_12172024.txt", "2025-01"),
        ("hcpcs", "april-2025-alpha-numeric-hcpcs-file.zip", "HCPC2025_ANWEB.txt", "2025-04"),
        ("hcpcs", "fetched-june-2026.zip", "HCPC2025_ANWEB.txt", "2025-01"),
        ("hcpcs", "april-2025-alpha-numeric-hcpcs-file.zip", "codes.txt", "2025-04"),
        ("icd10cm", "icd10cm-Code Descriptions-2025.zip", "icd10cm-order-2025.txt", "2024-10"),
        ("icd10cm", "april-1-2025-code-descriptions.zip", "icd10cm_order_2025.txt", "2025-04"),
        ("icd10cm", "fetched-may-2026.zip", "icd10cm_order_2025.txt", "2024-10"),
        ("icd10pcs", "2024-icd-10-pcs-codes-file.zip", "icd10pcs_order_2024.txt", "2023-10"),
    ],
)
def test_version_of_a_zip_is_told_by_its_member_or_by_both(read, system, archive, member, version):
    release = read(system, archive, {member: CONTENT[system]})

    assert release.version == version
    assert release.source_name == f"{archive}: {member}"


def test_option_decides_against_the_name(read):
    assert read("hcpcs", "HCPC2025_JAN_ANWEB.txt", HCPCS, "2024-10").version == "2024-10"


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("hcpcs", "codes.txt"),
        ("hcpcs", "hcpcs.txt"),
        ("hcpcs", "HCPC20250101.txt"),
        ("hcpcs", "2025.txt"),
        ("hcpcs", "marked-2025.txt"),
        ("icd10cm", "order_2025.txt"),
        ("icd10cm", "icd10cm.txt"),
    ],
)
def test_name_that_does_not_tell_the_release_is_refused_with_the_option(read, system, name):
    with pytest.raises(RefusedFile, match=rf"^{name}: .* give it with --release YYYY-MM"):
        read(system, name, CONTENT[system])
    assert read(system, name, CONTENT[system], "2025-01").version == "2025-01"


@pytest.mark.parametrize(
    "version", ["2025", "2025-1", "2025-13", "2025-00", "2125-01", "25-01", "2025-01-01", "jan 2025"]
)
def test_option_that_is_no_year_and_month_is_refused(read, version):
    with pytest.raises(RefusedFile, match=f"--release {version} is not a year and month such as 2025-01"):
        read("hcpcs", "HCPC2025_JAN_ANWEB.txt", HCPCS, version)


# The layout, and the member


def test_hcpcs_zip_of_cms_gives_the_text_among_its_seven_members(read):
    release = read(
        "hcpcs",
        "january-2025-alpha-numeric-hcpcs-file.zip",
        {
            "HCPC2025_JAN_ANWEB_Corrections_12172024.xlsx": b"",
            "HCPC2025_JAN_ANWEB_12172024.xlsx": b"",
            "HCPC2025_JAN_Transaction Report_12172024.xlsx": b"",
            "HCPC2025_recordlayout.txt": b"layout",
            "NOC codes_JAN2025.xlsx": b"",
            "proc_notes_JAN2025.txt": b"0145--note",
            "HCPC2025_JAN_ANWEB_12172024.txt": HCPCS,
        },
    )

    assert [record.code for record in release.records] == ["J9302"]
    assert (release.complete, release.states_dates) == (True, True)


def test_hcpcs_workbook_and_csv_are_read(read):
    header = ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "ADD DT", "TERM DT"]
    row = ["J9302", "0010", "3", "Injection, ofatumumab, 10 mg", "Ofatumumab injection", "20110101", ""]
    workbook, saved = Workbook(), io.BytesIO()
    workbook.active.append(header)
    workbook.active.append(row)
    workbook.save(saved)
    text = "\r\n".join(",".join(f'"{cell}"' for cell in cells) for cells in (header, row)).encode()

    from_workbook = read("hcpcs", "HCPC2025_JAN_ANWEB.xlsx", saved.getvalue())
    from_csv = read("hcpcs", "HCPC2025_JAN_ANWEB.csv", text)

    assert from_workbook.records == from_csv.records
    assert [record.long for record in from_csv.records] == ["Injection, ofatumumab, 10 mg"]


def test_icd_zip_prefers_the_order_file_to_the_codes_file_and_the_addenda(read):
    release = read(
        "icd10cm",
        "icd10cm-Code Descriptions-2025.zip",
        {
            "icd10cm-codes-addenda-2025.txt": b"Add: C810A",
            "icd10cm-codes-2025.txt": CODES,
            "icd10cm-order-addenda-2025.txt": b"Add: C810A",
            "icd10cm-order-2025.txt": ORDER,
        },
    )

    assert [record.kind for record in release.records] == ["header", "code"]
    assert release.lists_headers


def test_icd_files_are_told_apart_by_their_lines_not_their_names(read):
    order = read("icd10cm", "icd10cm-codes-2025.txt.gz", gzip.compress(ORDER))
    codes = read("icd10cm", "icd10cm-order-2025.txt", CODES)

    assert (len(order.records), order.lists_headers, order.states_dates) == (2, True, False)
    assert (len(codes.records), codes.lists_headers, codes.states_dates) == (1, False, False)


@pytest.mark.parametrize(
    ("system", "name", "content"),
    [
        ("hcpcs", "HCPC2025_JAN_ANWEB.txt", ORDER),
        ("hcpcs", "HCPC2025_JAN_ANWEB.txt", PCS),
        ("icd10cm", "icd10cm_order_2025.txt", HCPCS),
        ("icd10cm", "icd10cm_order_2025.txt", PCS),
        ("icd10pcs", "icd10pcs_order_2025.txt", HCPCS),
        ("icd10pcs", "icd10pcs_order_2025.txt", CODES),
    ],
)
def test_release_of_another_code_system_is_refused_with_file_and_line(read, system, name, content):
    with pytest.raises(RefusedFile, match=rf"^{name}, line 1: this is not an? "):
        read(system, name, content)


def test_icd_release_as_a_workbook_is_refused(read):
    with pytest.raises(RefusedFile, match="a release of ICD-10-CM is a text file, not csv"):
        read("icd10cm", "icd10cm_order_2025.csv", ORDER)


def test_systems_without_an_importer_are_known():
    assert [can_read(system) for system in ("hcpcs", "icd10cm", "icd10pcs", "cpt4", "cdt")] == [True] * 3 + [False] * 2
