import gzip
import io
import os
import sys
import zipfile
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from procedures.code_sets import source_files
from procedures.management.commands import import_codes as command
from procedures.models import CodeSystem, MedicalCode, Release
from tests.own_database import every_row, make_own_database
from tests.procedures.code_sets.made_releases import codes_line, hcpcs_line, hcpcs_lines, order_line, text_file
from tests.procedures.management.running import refusal_by, said_by

pytestmark = pytest.mark.django_db

NAME = "HCPC2025_JAN_ANWEB.txt"
OFATUMUMAB = hcpcs_line("J9302", "Injection, ofatumumab, 10 mg", "Ofatumumab injection", ADD="20110101")


@pytest.fixture
def write(tmp_path):
    """Writes a file of this name, of lines or bytes, and gives its path."""

    def write_file(name: str, content) -> str:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else text_file(content))
        return str(file)

    return write_file


def import_codes(*arguments: str) -> str:
    return said_by("import_codes", *arguments)


def refusal_of(*arguments: str) -> str:
    return refusal_by("import_codes", *arguments)


# What it says


def test_summary_says_what_was_read_added_and_passed_over(write):
    path = write(
        NAME,
        [
            "A disclaimer",
            hcpcs_line("A1", "Dressing for one wound", recid="7"),
            hcpcs_line("P1", "Not ours", recid="7"),
            OFATUMUMAB,
            hcpcs_line("C9302", "Injection, invented", ADD="20250101", ACTION="A"),
            hcpcs_line("99213", "Not ours"),
        ],
    )

    assert import_codes("hcpcs", path).splitlines() == [
        "HCPCS Level II 2025-01: imported",
        "  read                                3  2 codes, 1 modifier",
        "  added                               3",
        "  changed                             0",
        "  unchanged                           0",
        "  recorded as added                   1  C9302",
        "  passed over                         1  CPT modifier, not licensed",
        "  passed over                         1  CPT or other code, not licensed",
        "  passed over                         1  preamble line",
    ]
    assert MedicalCode.objects.get(code="J9302").added.isoformat() == "2011-01-01"


def test_dry_run_says_what_would_change_and_writes_nothing(write):
    before = every_row(connection)
    said = import_codes("hcpcs", write(NAME, [OFATUMUMAB]), "--dry-run")

    assert said.startswith("HCPCS Level II 2025-01: would be imported\n  read ")
    assert said.endswith("This was a dry run: nothing was written.\n")
    assert every_row(connection) == before


def test_same_file_twice_changes_nothing_and_says_so_with_the_release_on_record(write):
    import_codes("hcpcs", write(NAME, [OFATUMUMAB]))
    before = every_row(connection)

    assert import_codes("hcpcs", write("other name.txt", [OFATUMUMAB]), "--release", "2024-04") == (
        "HCPCS Level II 2025-01: this file was imported before. Nothing changed.\n"
    )
    assert every_row(connection) == before


def test_summary_names_the_first_twenty_codes_of_a_change_and_what_a_newer_release_knows(write):
    import_codes("hcpcs", write(NAME, hcpcs_lines(10)))
    said = import_codes("hcpcs", write("HCPC2018_CONTR_ANWEB.txt", hcpcs_lines(40, ACTION="A")))

    assert "  known from a newer release         10\n" in said
    assert "  recorded as no longer listed       30  A1010 A1011 " in said
    assert "A1029 ...\n" in said


@pytest.mark.parametrize(
    ("system", "name", "lines", "codes"),
    [
        ("icd10cm", "icd10cm_order_2025.txt", [order_line(1, "A00", "0", "Cholera")], {"A00"}),
        ("icd10cm", "icd10cm-codes-2025.txt", [codes_line("A000", "Cholera")], {"A00.0"}),
        ("icd10pcs", "icd10pcs_order_2025.txt", [order_line(1, "0016070", "1", "Bypass")], {"0016070"}),
    ],
)
def test_other_code_systems_are_imported(write, system, name, lines, codes):
    import_codes(system, write(name, lines))

    assert set(CodeSystem.objects.get(slug=system).codes.values_list("code", flat=True)) == codes


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_packed_releases_are_imported(write, packed):
    content, saved = text_file([OFATUMUMAB]), io.BytesIO()
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr(NAME, content)
    path = write(f"january-2025-hcpcs.{packed}", gzip.compress(content) if packed == "gz" else saved.getvalue())
    import_codes("hcpcs", path)

    assert Release.objects.get().source_name == Path(path).name + (f": {NAME}" if packed == "zip" else "")


# Progress


def test_progress_is_quiet_where_nobody_watches(write, capsys):
    import_codes("hcpcs", write(NAME, [OFATUMUMAB]))

    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal(write, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    import_codes("hcpcs", write(NAME, [OFATUMUMAB]))

    assert "Reading" in sys.stderr.getvalue()
    assert "Adding" in sys.stderr.getvalue()


# What it refuses


@pytest.mark.parametrize(
    ("system", "owner"), [("cpt4", "American Medical Association"), ("cdt", "American Dental Association")]
)
def test_system_without_a_licence_is_refused_with_why_and_what_to_do(write, system, owner):
    message = refusal_of(system, write(NAME, [OFATUMUMAB]))

    assert "is not imported." in message
    assert f"belong to the {owner}" in message
    assert message.endswith("Where you hold a license, record it on the code system in the admin first.")


def test_licensed_system_without_an_importer_is_refused(write):
    CodeSystem.objects.filter(slug="cpt4").update(licence="attribution")

    assert refusal_of("cpt4", write(NAME, [OFATUMUMAB])) == "There is no importer for CPT."


def test_unknown_system_is_refused_with_the_known_ones(write):
    assert refusal_of("icd9", write(NAME, [OFATUMUMAB])) == (
        "There is no code system 'icd9'. Known: hcpcs, icd10cm, icd10pcs, cpt4, cdt."
    )


def test_file_that_does_not_tell_its_release_is_refused_with_the_option(write):
    path = write("codes.txt", [OFATUMUMAB])

    assert "give it with --release YYYY-MM" in refusal_of("hcpcs", path)
    assert "--release 2025 is not a year and month" in refusal_of("hcpcs", path, "--release", "2025")
    assert import_codes("hcpcs", path, "--release", "2025-01").startswith("HCPCS Level II 2025-01: imported")


def ten_percent_broken() -> list[str]:
    lines = hcpcs_lines(100)
    lines[4::10] = ["?"] * 10
    return lines


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (NAME, b"", f"{NAME}: the file is empty."),
        (NAME, b"\xff\xd8\xff\xe0\0\x10JFIF\0", f"{NAME}, line 1: this is not a text file."),
        (NAME, ten_percent_broken(), f"{NAME}, line 5: 10 of 100 lines are not of a HCPCS Level II release"),
        (NAME, [codes_line("A000", "Cholera")], f"{NAME}, line 1: this is not a HCPCS Level II release"),
        (NAME, [line[:100] + line[110:] for line in hcpcs_lines(30)], f"{NAME}, line 1: 30 of 30 records have no date"),
        (f"{NAME}.gz", gzip.compress(text_file(hcpcs_lines(100)), mtime=0)[:-20], f"{NAME}.gz: the archive is damaged"),
        ("HCPC2025_JAN.csv", b"CODE,TEXT\r\nA1000,Supply\r\n", "HCPC2025_JAN.csv, line 1: this is not a HCPCS"),
        ("HCPC2025_JAN.xlsx", b"PK\x03\x04 and no more", "HCPC2025_JAN.xlsx: the archive is damaged"),
    ],
)
def test_bad_file_is_refused_with_its_name_and_line_and_nothing_changes(write, name, content, reason):
    import_codes("hcpcs", write("HCPC2024_JAN_ANWEB.txt", [OFATUMUMAB]))
    message = refusal_of("hcpcs", write(name, content))

    assert message.startswith(reason)
    assert message.endswith("\nNothing was changed.")


def test_zip_bomb_is_refused(write, monkeypatch):
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NAME, b"\n" * 50_000)
    path = write("january-2025.zip", saved.getvalue())
    monkeypatch.setattr(source_files, "MOST_BYTES", 20_000)

    assert refusal_of("hcpcs", path).startswith("january-2025.zip: it holds more than")


def test_folder_missing_file_and_unsafe_address_are_refused(tmp_path):
    assert "this is a folder" in refusal_of("hcpcs", str(tmp_path))
    assert "there is no such file" in refusal_of("hcpcs", str(tmp_path / "gone.txt"))
    assert "only https addresses are read" in refusal_of("hcpcs", "http://127.0.0.1/HCPC2025_JAN.zip")


def test_unreadable_file_is_refused(write, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = write(NAME, [OFATUMUMAB])
    monkeypatch.setattr(Path, "open", refuse)

    assert refusal_of("hcpcs", path).startswith(f"{NAME}: it cannot be read (Permission denied).")


def test_file_with_a_strange_name_is_imported_and_its_name_kept_printable(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/HCPC2025_JAN \xff\x1b[31m '\"\n\xe2\x82\xac.txt")
    Path(path).write_bytes(text_file([OFATUMUMAB]))
    import_codes("hcpcs", path)

    assert Release.objects.get().source_name == "HCPC2025_JAN ??[31m '\"?€.txt"


def test_database_that_refuses_is_an_error_not_a_crash(write, monkeypatch):
    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(command, "load_release", locked)

    assert refusal_of("hcpcs", write(NAME, [OFATUMUMAB])) == (
        "The database refused: database is locked\nNothing was changed."
    )


def test_interruption_at_the_keyboard_is_an_error_not_a_crash(write, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "load_release", interrupted)

    assert refusal_of("hcpcs", write(NAME, [OFATUMUMAB])) == "Interrupted. Nothing was changed."


# As a process


def test_process_ends_with_0_or_1_and_never_shows_a_traceback(write, tmp_path):
    with make_own_database(tmp_path) as own:
        good = own.run("manage.py", "import_codes", "hcpcs", write(NAME, [OFATUMUMAB]))
        assert (good.returncode, good.stderr) == (0, "")
        assert good.stdout.startswith("HCPCS Level II 2025-01: imported\n")
        before = own.every_row()

        broken = own.run("manage.py", "import_codes", "hcpcs", write("HCPC2026_JAN.txt", ten_percent_broken()))
        unlicensed = own.run("manage.py", "import_codes", "cpt4", write("anything.txt", b"99213"))

        assert own.every_row() == before
    assert (broken.returncode, broken.stdout) == (1, "")
    assert broken.stderr.startswith("CommandError: HCPC2026_JAN.txt, line 5: 10 of 100 lines are not of a HCPCS")
    assert (unlicensed.returncode, unlicensed.stdout) == (1, "")
    assert unlicensed.stderr.startswith("CommandError: CPT is not imported. CPT codes and descriptions belong to ")
    assert "Traceback" not in broken.stderr + unlicensed.stderr
