import io
import sys

import pytest
from django.db import OperationalError, connection

from policies.changes import PolicyState, record_change
from policies.management.commands import import_policies as command
from policies.models import HealthPlan, Policy, PolicyImport, PolicyRevision, WithheldUpdate
from procedures.code_sets import source_files
from procedures.models import MedicalCode
from tests.factories import create_code, create_plan
from tests.own_database import every_row, make_own_database
from tests.procedures.management.running import refusal_by, said_by

pytestmark = pytest.mark.django_db

HEADER = "plan,policy_number,title,url,kind,effective_date,last_reviewed,prior_auth,codes"
GOOD = "Example Health,MP-1,Ofatumumab,https://plan.example/1,,01/31/2025,,required,J9301-J9302"
OTHER = "Example Health,MP-2,Inotuzumab,,,,,,J9306"

ROWS = "Rows are counted as in a spreadsheet: the first of a file is row 1."

# What ends every refusal of a list with problems.
ADVICE = "Nothing was changed. With --skip-errors, these policies are left out and the others are imported."


@pytest.fixture(autouse=True)
def codes(db):
    for code in ("J9301", "J9302", "J9306"):
        create_code(code, f"Injection {code}")
    create_plan("Example Health")


@pytest.fixture
def write(tmp_path):
    """Writes a list of these rows under the columns, or bytes, and gives its path."""

    def write_file(*rows: str | bytes, name: str = "list.csv", header: str = HEADER) -> str:
        file = tmp_path / name
        text = "\n".join([header, *rows, ""]).encode() if not rows or isinstance(rows[0], str) else rows[0]
        file.write_bytes(text)
        return str(file)

    return write_file


def import_csv(path: str, *options: str) -> str:
    return said_by("import_policies", "csv", path, *options)


def refusal_of(path: str, *options: str) -> str:
    return refusal_by("import_policies", "csv", path, *options)


def numbers() -> set[str]:
    return set(Policy.objects.values_list("number", flat=True))


# What it does and says


def test_list_is_imported_and_the_summary_counts_it(write):
    said = import_csv(write(GOOD, OTHER))

    assert said.splitlines() == [
        "list.csv: imported",
        "  rows read                                 2",
        "  codes named                               3",
        "  policies read                             2",
        "  added                                     2",
        "  changed                                   0",
        "  unchanged                                 0",
        "  codes added                               3",
    ]
    policy = Policy.objects.get(number="MP-1")
    assert (policy.title, policy.effective.isoformat(), policy.last_verified) == ("Ofatumumab", "2025-01-31", None)
    assert [row.prior_authorization for row in policy.policy_codes.all()] == ["auth-needed"] * 2
    assert MedicalCode.objects.get(code="J9302").has_policy


def test_same_list_twice_changes_nothing(write):
    path = write(GOOD, OTHER)
    import_csv(path)
    before = every_row(connection)

    assert "  unchanged                                 2\n" in import_csv(path)
    assert every_row(connection) == before


def test_dry_run_shows_what_would_change_and_writes_nothing(write):
    import_csv(write(GOOD))
    before = every_row(connection)
    said = import_csv(write(GOOD.replace("Ofatumumab", "Ofatumumab 2").replace("J9302", "J9306"), OTHER), "--dry-run")

    assert every_row(connection) == before
    assert said.startswith("list.csv: would be imported\n")
    assert "\nWhat would change:\n" in said
    assert "  revised: MP-1 Ofatumumab 2\n    Title: Ofatumumab → Ofatumumab 2\n" in said
    assert "    codes added: J9306\n" in said
    assert "  new: MP-2 Inotuzumab\n    codes added: J9306\n" in said
    assert said.endswith("This was a dry run: nothing was written.\n")


def test_day_of_verification_is_kept(write):
    import_csv(write(GOOD), "--verified", "2025-03-01")

    assert Policy.objects.get().last_verified.isoformat() == "2025-03-01"
    assert PolicyImport.objects.get().as_of.isoformat() == "2025-03-01"


@pytest.mark.parametrize("day", ["2025-02-30", "03/01/2025", "20250301", "9999-01-01"])
def test_day_of_verification_that_is_none_is_refused(write, day):
    assert "argument --verified: it is" in refusal_of(write(GOOD), "--verified", day)


def test_policy_that_is_absent_is_marked_for_an_editor_and_not_deleted(write):
    import_csv(write(GOOD, OTHER))
    said = import_csv(write(GOOD))

    assert "  missing from the source                   1\n" in said
    assert "marked for an editor in the admin, under “Policies”, and not deleted:\n  missing: MP-2 Inotuzumab\n" in said
    assert numbers() == {"MP-1", "MP-2"}
    assert Policy.objects.missing().get().number == "MP-2"


def test_partial_list_marks_none(write):
    import_csv(write(GOOD, OTHER))
    import_csv(write(GOOD), "--partial")

    assert not Policy.objects.missing().exists()


def test_policy_that_an_editor_changed_is_withheld_with_the_difference_and_where_to_decide(write):
    import_csv(write(GOOD))
    policy = Policy.objects.get()
    before = PolicyState.of(policy)
    policy.title = "Ofatumumab (Arzerra)"
    policy.save()
    record_change(policy, before)

    said = import_csv(write(GOOD.replace("Ofatumumab", "Ofatumumab 2")))

    assert "  withheld for an editor                    1\n" in said
    assert "decide in the admin, under “Withheld updates”:\n  withheld: MP-1 Ofatumumab (Arzerra)\n" in said
    assert "Title: Ofatumumab (Arzerra) → Ofatumumab 2" in said
    assert Policy.objects.get().title == "Ofatumumab (Arzerra)"
    assert WithheldUpdate.objects.get().facts == {"title": "Ofatumumab 2"}


def test_dropped_and_unknown_codes_and_notes_are_shown(write):
    said = import_csv(write(f"New Plan,1,T,,,,,,J9302 J1234 J1234 {'9' * 5} word"))

    assert "  dropped                                   1  CPT number, not licensed\n" in said
    assert "Codes that no code system has, and how often:\n  J1234 (2)\n" in said
    assert "Notes:\n" in said
    assert "  list.csv, row 2: the plan “New Plan” is new.\n" in said
    assert "  list.csv, row 2: codes: no codes: word.\n" in said
    assert "9" * 5 not in said
    assert HealthPlan.objects.get(name="New Plan").kind == ""


def test_first_50_unknown_codes_and_notes_are_shown_and_the_others_counted(write):
    said = import_csv(write(*(f"Example Health,{n},T{n},,,,,,J{n:04} word{n}x" for n in range(120))))

    unknown, _, notes = said.partition("Codes that no code system has, and how often:\n")[2].partition("Notes:\n")
    assert len(unknown.splitlines()) == 51
    assert len(notes.splitlines()) == 52
    assert unknown.endswith("  ... and 70 more\n")
    assert notes.endswith(f"  ... and 70 more\n{ROWS}\n")


def test_control_characters_of_a_file_do_not_reach_the_terminal(write):
    said = import_csv(write("Example Health,1,T,,,,,,\x1b[31mred"))

    assert "\x1b" not in said
    assert "\x1b" not in refusal_of(write("Example Health,1,T,,\x1b[31mred,,,,"))


# Bad input: each with file and row; nothing is imported, or with --skip-errors the rest


BAD_INPUT = {
    "no plan": (",MP-3,T,,,,,,", "the row names no plan."),
    "no title": ("Example Health,MP-3,,,,,,,", "the row has no title."),
    "continued row that contradicts": (
        "Example Health,MP-2,Another title,,,,,,",
        "it continues row 3, but its title is “Another title” instead of “Inotuzumab”.",
    ),
    "impossible day": ("Example Health,MP-3,T,,,2025-02-30,,,", "effective_date: there is no day “2025-02-30”."),
    "day of a two-digit year": ("Example Health,MP-3,T,,,,1/31/25,,", "last_reviewed: “1/31/25” is no day that can be"),
    "title of 2,000 characters": (
        f"Example Health,MP-3,{'T' * 2_000},,,,,,",
        "the title has 2,000 characters; at most 500 are kept.",
    ),
    "range backwards": ("Example Health,MP-3,T,,,,,,J9306-J9301", "codes: the range J9306-J9301 runs backwards."),
    "range of 10,000 codes": (
        "Example Health,MP-3,T,,,,,,J0000-J9999",
        "codes: the range J0000-J9999 spans more than 1,000 numbers.",
    ),
    "unknown system": (
        "Example Health,MP-3,T,,,,,,snomed:123",
        "codes: “snomed:123” names no known code system (cdt, cpt4, hcpcs, icd10cm, icd10pcs).",
    ),
    "unknown kind": ("Example Health,MP-3,T,,letter,,,,", "kind: “letter” is none of these: payer-policy, ncd, lcd,"),
    "bad address": (
        "Example Health,MP-3,T,javascript:alert(1),,,,,",
        "the address “javascript:alert(1)” is not one of http or https.",
    ),
    "bad prior authorization": ("Example Health,MP-3,T,,,,,perhaps,", "prior_auth: “perhaps” is none of these: requi"),
    "cut in a quoted field": (
        'Example Health,MP-3,T,,,,,,"J9301, J93',
        "the file ends within a quoted text that begins in this row: it was cut off, or a quotation mark is missing.",
    ),
}


@pytest.mark.parametrize("bad", BAD_INPUT)
def test_bad_row_keeps_everything_out_and_is_named_with_file_and_row(write, bad):
    row, problem = BAD_INPUT[bad]
    message = refusal_of(write(GOOD, OTHER, row)).splitlines()

    assert message[0] == "list.csv: there is one problem, so nothing was imported."
    assert message[1].startswith(f"  list.csv, row 4: {problem}")
    assert message[2:] == [ROWS, ADVICE]


@pytest.mark.parametrize("bad", BAD_INPUT)
def test_bad_row_is_left_out_and_the_rest_imported_when_asked_for(write, bad):
    row, problem = BAD_INPUT[bad]
    said = import_csv(write(GOOD, OTHER, row), "--skip-errors")

    assert said.startswith(f"list.csv: imported\nProblems; these policies were left out:\n  list.csv, row 4: {problem}")
    assert numbers() == ({"MP-1"} if "continued" in bad else {"MP-1", "MP-2"})


def test_bad_row_of_a_dry_run_is_refused_too(write):
    assert "row 2: the row names no plan." in refusal_of(write(",1,T,,,,,,"), "--dry-run")
    assert import_csv(write(",1,T,,,,,,", GOOD), "--dry-run", "--skip-errors").endswith("nothing was written.\n")


def test_policy_that_is_left_out_stays_as_it_was_and_is_not_missing(write):
    import_csv(write(GOOD, OTHER))
    before = every_row(connection)["policies_policy"]
    said = import_csv(write(GOOD, OTHER.replace("Inotuzumab", "")), "--skip-errors")

    assert "  left out, with problems                   1\n" in said
    assert every_row(connection)["policies_policy"] == before


def test_continued_rows_are_one_policy_with_the_codes_of_both(write):
    said = import_csv(write(GOOD, "Example Health,MP-1,Ofatumumab,,,,,,J9306"))

    assert "list.csv, row 3: row 3 continues row 2." in said
    assert Policy.objects.get().codes.count() == 3
    assert PolicyRevision.objects.get().codes_added == 3


def test_days_in_four_formats_are_read(write):
    days = ("2025-01-31", "01/31/2025", "31-Jan-2025", '"January 31, 2025"')
    import_csv(write(*(f"Example Health,{n},T{n},,,{day},,," for n, day in enumerate(days))))

    assert [day.isoformat() for day in Policy.objects.values_list("effective", flat=True)] == ["2025-01-31"] * 4


def test_html_with_scripts_and_entities_becomes_text_with_a_note(write):
    row = 'Example Health,1,"<b>Arzerra&#174;</b><script>alert(""x"")</script> &amp; others",,,,,,'
    said = import_csv(write(row))

    assert Policy.objects.get().title == "Arzerra® & others"
    assert "list.csv, row 2: title: HTML was turned into text." in said


def test_no_hcpcs_is_a_note_and_no_code(write):
    said = import_csv(write("Example Health,1,T,,,,,,No HCPCS"))

    assert "list.csv, row 2: codes: no code: “No HCPCS”." in said
    assert Policy.objects.get().codes.count() == 0


def test_file_of_200_mb_is_refused_before_it_is_read(write, monkeypatch):
    path = write(GOOD, OTHER)
    monkeypatch.setattr(source_files, "MOST_BYTES", 100)

    assert refusal_of(path) == "list.csv: it is larger than 0 MB.\nNothing was changed."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "list.csv: the file is empty."),
        (b"PK\x03\x04\x14\x00", "list.csv: this is a workbook or zip archive"),
        (HEADER.encode() + b"\nA,\x00,T\n", "list.csv, line 2: this is not a text file: it holds a NUL character."),
        (b"name,number\nA,1\n", "list.csv, line 1: no header names the columns that are needed; missing: plan, title."),
    ],
)
def test_file_of_another_kind_is_refused(write, content, reason):
    message = refusal_of(write(content), "--skip-errors")

    assert message.startswith(reason)
    assert message.endswith("\nNothing was changed.")


def test_first_50_of_10_000_problems_are_shown_and_the_others_counted(write):
    rows = [f"Example Health,{number},,,,,,," for number in range(10_000)]
    lines = refusal_of(write(*rows)).splitlines()

    assert lines[0] == "list.csv: there are 10,000 problems, so nothing was imported."
    assert lines[50] == "  list.csv, row 51: the row has no title."
    assert lines[51:] == ["  ... and 9,950 more", ROWS, ADVICE]


# The Medicare Coverage Database


def test_export_that_is_none_is_refused(tmp_path):
    message = refusal_by("import_policies", "mcd", str(tmp_path))

    assert message.endswith("\nNothing was changed.")


@pytest.mark.parametrize("option", [("--partial",), ("--verified", "2025-01-01")])
def test_options_of_a_list_are_refused_for_an_export(tmp_path, option):
    message = refusal_by("import_policies", "mcd", str(tmp_path), *option)

    assert message == "--verified and --partial are for csv. Nothing was changed."


# Progress, interruption


def test_progress_is_quiet_where_nobody_watches(write, capsys):
    import_csv(write(GOOD))

    assert capsys.readouterr() == ("", "")


def test_progress_is_shown_on_a_terminal(write, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    import_csv(write(GOOD))

    assert "Reading" in sys.stderr.getvalue()
    assert "Adding" in sys.stderr.getvalue()


def test_database_that_refuses_is_an_error_not_a_crash(write, monkeypatch):
    def locked(*args, **kwargs):
        raise OperationalError("database is locked")

    monkeypatch.setattr(command, "load_policies", locked)

    assert refusal_of(write(GOOD)) == "The database refused: database is locked\nNothing was changed."


@pytest.mark.parametrize("step", ["read_csv_list", "load_policies"])
def test_interruption_at_the_keyboard_is_an_error_not_a_crash(write, monkeypatch, step):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, step, interrupted)

    assert refusal_of(write(GOOD)) == "Interrupted. Nothing was changed."


def test_process_ends_with_0_or_1_and_never_shows_a_traceback(write, tmp_path):
    bad = write(GOOD, ",1,T,,,,,,", name="bad.csv")
    with make_own_database(tmp_path) as own:
        good = own.run("manage.py", "import_policies", "csv", write(GOOD))
        before = own.every_row()
        refused = own.run("manage.py", "import_policies", "csv", bad)
        assert own.every_row() == before
        skipped = own.run("manage.py", "import_policies", "csv", bad, "--skip-errors")

    assert (good.returncode, good.stderr) == (0, "")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        "CommandError: bad.csv: there is one problem, so nothing was imported.\n  bad.csv, "
    )
    assert (skipped.returncode, skipped.stderr) == (0, "")
    assert "Traceback" not in refused.stderr
