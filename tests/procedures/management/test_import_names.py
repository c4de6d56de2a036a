import gzip
import zipfile

import pytest
from django.db import connection

from procedures.management.commands import import_names as command
from procedures.models import CodeName
from tests.factories import create_code
from tests.own_database import every_row
from tests.procedures.management.running import refusal_by, said_by
from tests.procedures.name_sources.made_lists import asp_file, diagnosis, table_file, tabular_file

pytestmark = pytest.mark.django_db

ASP = asp_file(("J9302", "Arzerra"), ("J9302", "Ofatumumab"), ("J0001", "Not held"), ("90371", "Not ours"))
TABLE = table_file(("drug", "Ofatumumab", "10 mg", "J9302"), ("see", "Arzerra", "Ofatumumab", ""))
TABULAR = tabular_file(diagnosis("C91.1", inclusionTerm=["Richter syndrome"], excludes1=["lymphoma (C83.0-)"]))


@pytest.fixture
def codes():
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("C91.1", "Chronic leukemia of B-cell type", system="icd10cm")


@pytest.fixture
def write(tmp_path):
    """Writes a file of this name and gives its path."""

    def write_file(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return write_file


def test_summary_counts_what_was_read_added_and_passed_over(codes, write):
    assert said_by("import_names", "asp", write("crosswalk.csv", ASP)).splitlines() == [
        "CMS ASP NDC-HCPCS crosswalk, January 2026: imported",
        "  read                                4  products",
        "  names added                         1  brand",
        "  names added                         1  generic",
        "  names there already                 0",
        "  codes with new names                1",
        "  codes not held                      1  with 1 names",
        "  passed over                         1  code that is not of HCPCS Level II: line 13",
    ]
    assert set(CodeName.objects.values_list("kind", "text")) == {("brand", "Arzerra"), ("generic", "Ofatumumab")}


def test_unresolved_references_are_named(codes, write):
    path = write("table_2019.csv", TABLE + b"see,Besponsa,Inotuzumab,,\n")

    assert "1  “see” whose drug has no code: line 4 (Besponsa, see Inotuzumab)" in said_by(
        "import_names", "table_of_drugs", path
    )


def test_tabular_list_brings_names_and_notes(codes, write):
    said = said_by("import_names", "icd10cm_tabular", write("icd10cm-tabular-April-2026.xml", TABULAR))

    assert "names added                         1  inclusion" in said
    assert "notes added                         1\n" in said


def test_dry_run_writes_nothing(codes, write):
    before = every_row(connection)
    said = said_by("import_names", "asp", write("crosswalk.csv", ASP), "--dry-run")

    assert said.startswith("CMS ASP NDC-HCPCS crosswalk, January 2026: would be imported\n")
    assert said.endswith("This was a dry run: nothing was written.\n")
    assert every_row(connection) == before


@pytest.mark.parametrize(
    ("name", "list_", "content"),
    [
        ("crosswalk.csv.gz", "asp", gzip.compress(ASP, mtime=0)),
        ("table_2019.csv.gz", "table_of_drugs", gzip.compress(TABLE, mtime=0)),
        ("icd10cm-tabular-2026.xml.gz", "icd10cm_tabular", gzip.compress(TABULAR, mtime=0)),
    ],
)
def test_gz_is_read(codes, write, name, list_, content):
    said_by("import_names", list_, write(name, content))

    assert CodeName.objects.exists()


def test_member_of_a_zip_is_chosen_by_its_name(codes, tmp_path):
    path = tmp_path / "release.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("January 2026 ASP NDC-HCPCS Crosswalk 121225.csv", ASP)
        archive.writestr("January 2026 NOC NDC-HCPCS Crosswalk.csv", b"another")
        archive.writestr("icd10cm-tabular-April-2026.xml", TABULAR)
        archive.writestr("icd10cm-tabular-addenda-April-2026.xml", b"another")

    assert "January 2026: imported" in said_by("import_names", "asp", str(path))
    assert "April 2026: imported" in said_by("import_names", "icd10cm_tabular", str(path))


def test_release_is_given_where_the_file_does_not_tell_it(codes, write):
    path = write("crosswalk.csv", asp_file(("J9302", "Arzerra"), title="ASP"))

    assert "give them with --release YYYY-MM.\nNothing was changed." in refusal_by("import_names", "asp", path)
    assert "April 2026: imported" in said_by("import_names", "asp", path, "--release", "2026-04")
    assert "2026-13 is not a year and month" in refusal_by("import_names", "asp", path, "--release", "2026-13")


@pytest.mark.parametrize(
    ("list_", "content", "problem"),
    [
        ("nonsense", b"x", "There is no list 'nonsense'. Known: asp, table_of_drugs, icd10cm_tabular."),
        ("asp", b"", "the file is empty"),
        ("asp", TABLE, "list.csv, line 1: this is not an ASP NDC-HCPCS crosswalk"),
        ("table_of_drugs", ASP, "list.csv, line 1: this is not a Table of Drugs"),
        ("icd10cm_tabular", ASP, "list.csv, line 1: this is not the tabular list of ICD-10-CM in XML"),
        ("icd10cm_tabular", gzip.compress(TABULAR, mtime=0)[:60], "the archive is damaged"),
    ],
)
def test_file_of_another_kind_is_refused_and_nothing_changes(codes, write, list_, content, problem):
    assert problem in refusal_by("import_names", list_, write("list.csv", content))


def test_interrupt_changes_nothing(codes, write, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setitem(command.LISTS, "asp", (*command.LISTS["asp"][:2], interrupted))

    assert "Interrupted. Nothing was changed." in refusal_by("import_names", "asp", write("crosswalk.csv", ASP))
