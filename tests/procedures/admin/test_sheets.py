import csv
import datetime
import html
import io
import re

import pytest
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from import_export.mixins import BaseImportExportMixin
from openpyxl import Workbook, load_workbook

from procedures.admin.name_sheet import CodeNameResource
from procedures.admin.sheets import SheetAdmin
from procedures.models import CodeName, SheetUpload, Succession
from tests.factories import create_code, create_name, create_user
from tests.pages import read_page
from tests.procedures.models.test_guide_concurrency import meanwhile
from tests.test_templates import inline_code

pytestmark = pytest.mark.django_db

NAMES = "/admin/procedures/codename/"
SUCCESSIONS = "/admin/procedures/succession/"
HEADER = ["system", "code", "kind", "text", "source"]
ARZERRA = ["hcpcs", "J9302", "brand", "Arzerra", "Label"]


def uploads() -> list[str]:
    """The names of the sheets that wait for their import."""
    return sorted(SheetUpload.objects.values_list("name", flat=True))


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def as_csv(*rows, header=HEADER, encoding="utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode(encoding)


def as_xlsx(*rows, header=HEADER) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in [header, *rows]:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def upload(client, content: bytes, name: str = "names.csv", *, to: str = NAMES):
    """The answer to an upload: a dry run, or the form with what is wrong."""
    return client.post(f"{to}import/", {"file": SimpleUploadedFile(name, content)})


def confirm(client, response, *, to: str = NAMES):
    return client.post(f"{to}process_import/", {"sheet": response.context["token"]}, follow=True)


def import_sheet(client, content: bytes, name: str = "names.csv", *, to: str = NAMES):
    return confirm(client, upload(client, content, name, to=to), to=to)


def said(response) -> str:
    """The text of a page without its markup, runs of blanks as one."""
    return " ".join(re.sub(r"<[^>]*>", "", response.content.decode()).split())


def refusals(response) -> list[tuple[int, str]]:
    """Row and reason of each row that the dry run refuses; nothing can be confirmed then."""
    assert not response.context["token"]
    return [(row.number, " ".join(row.messages)) for row in response.context["refused"]]


# Every list with sheets


def lists_with_sheets() -> list[admin.ModelAdmin]:
    return [each for each in admin.site._registry.values() if isinstance(each, BaseImportExportMixin)]


def test_no_list_has_the_sheets_of_the_package_alone():
    assert lists_with_sheets()
    assert [each for each in lists_with_sheets() if not isinstance(each, SheetAdmin)] == []


def test_sheets_are_exported_as_csv_and_xlsx_alone(admin_client):
    for each in lists_with_sheets():
        page = read_page(admin_client.get(f"/admin/{each.opts.app_label}/{each.opts.model_name}/export/"))

        assert [box.text for box in page.all("option") if box.attributes["value"]] == ["csv", "xlsx"]
        assert inline_code(page.html) == []


# Who may


@pytest.mark.parametrize("path", [NAMES, SUCCESSIONS])
def test_user_who_may_only_view_exports_and_does_not_import(client, path):
    client.force_login(create_user("ann", groups=["Author"]))

    page = said(client.get(path))
    assert "Export" in page
    assert "Import" not in page
    assert client.get(f"{path}export/").status_code == 200
    assert client.get(f"{path}import/").status_code == 403
    assert upload(client, as_csv(ARZERRA), to=path).status_code == 403
    assert client.post(f"{path}process_import/", {"sheet": "x"}).status_code == 403


def test_user_without_permission_does_not_export(client):
    client.force_login(create_user("sam"))

    assert client.get(f"{NAMES}export/").status_code == 403
    assert client.post(f"{NAMES}export/", {"format": "0"}).status_code == 403


def test_user_who_may_add_and_not_change_names_changes_none_by_a_sheet(client):
    create_name(create_code(), "Arzerra", source="Label")
    client.force_login(create_user("rita", groups=["Reviewer"]))

    assert refusals(upload(client, as_csv(["hcpcs", "J9302", "brand", "Arzerra", "ASP"]))) == [
        (2, "This name is there already, with the source “Label”, and you may not change names.")
    ]
    import_sheet(client, as_csv(["hcpcs", "J9302", "generic", "ofatumumab", "ASP"]))
    assert CodeName.objects.filter(kind="generic", text="ofatumumab").exists()


# Names of codes


@pytest.mark.parametrize(("make", "name"), [(as_csv, "names.csv"), (as_xlsx, "names.xlsx")])
def test_names_are_added_and_changed_after_a_dry_run(editor, make, name):
    code = create_code()
    create_name(code, "Arzerra", source="Label")
    create_name(code, "Kept as it is", source="Label")
    rows = [
        ["HCPCS Level II", " j9302 ", "Generic name", " ofatumumab  ", "ASP"],
        ["hcpcs", "J9302", "brand", "Arzerra", "ASP"],
        ["hcpcs", "J9302", "brand", "Kept as it is", "Label"],
    ]

    response = upload(editor, make(*rows), name)

    assert "2 rows would be added or changed; 1 would stay as it is" in said(response)
    assert [(row.number, row.import_type, row.differences[3:]) for row in response.context["changed"]] == [
        (2, "new", [("", "ofatumumab"), ("", "ASP")]),
        (3, "update", [("Arzerra", "Arzerra"), ("Label", "ASP")]),
    ]
    assert "<del>Label</del> <ins>ASP</ins>" in response.content.decode()
    assert CodeName.objects.count() == 2

    assert f"Imported {name}: 1 added, 1 changed." in said(confirm(editor, response))
    assert set(CodeName.objects.values_list("kind", "text", "source")) == {
        ("generic", "ofatumumab", "ASP"),
        ("brand", "Arzerra", "ASP"),
        ("brand", "Kept as it is", "Label"),
    }


def test_import_of_names_reaches_search_history_and_log(editor):
    create_code()
    create_name(create_code("J9303", "Injection, panitumumab, 10 mg"), "Vectibix", source="Label")
    rows = [ARZERRA, ["hcpcs", "J9303", "brand", "Vectibix", "ASP"]]

    response = upload(editor, as_csv(*rows))
    assert "/code/hcpcs/J9302" not in editor.get("/codes/", {"q": "arzerra"}).content.decode()
    assert CodeName.history.count() == 1
    confirm(editor, response)

    assert "/code/hcpcs/J9302" in editor.get("/codes/", {"q": "arzerra"}).content.decode()
    written = CodeName.history.filter(history_user__username="dana").values_list("text", "source", "history_type")
    assert sorted(written) == [("Arzerra", "Label", "+"), ("Vectibix", "ASP", "~")]
    logged = LogEntry.objects.values_list("object_repr", "action_flag", "change_message", "user__username")
    assert sorted(logged) == [
        ("Arzerra", ADDITION, "Imported from names.csv.", "dana"),
        ("Vectibix", CHANGE, "Imported from names.csv.", "dana"),
    ]


def test_every_refused_row_is_named_with_its_number_and_nothing_is_written(editor):
    code = create_code()
    create_name(code, "Of the guide", source="Guide")
    create_name(code, "Of it too", source="Guide")
    rows = [
        ARZERRA,
        ["hcpcs", "X0000", "brand", "Nothing", "Label"],
        ["", "", "", "", ""],
        ["loinc", "J9302", "brand", "Nothing", "Label"],
        ["hcpcs", "J9302", "nickname", "Nothing", "Label"],
        ["hcpcs", "J9302", "brand", "", "Label"],
        ["hcpcs", "J9302", "brand", "No source", ""],
        ["hcpcs", "J9302", "brand", "x" * 301, "Label"],
        ["hcpcs", "J9302", "brand", "From a guide", "guide"],
        ["hcpcs", "J9302", "brand", "Of the guide", "Label"],
        ["hcpcs", "J9302", "brand", "Of it too", "Guide"],
        ["hcpcs", "j9302", "brand", " Arzerra ", "Label"],
        ["hcpcs", "J9302", "brand", "#REF!", "Label"],
        ["hcpcs", "J9302", "brand", "two\nlines", "Label"],
        ["hcpcs", "12345", "brand", "Nothing", "Label"],
    ]

    found = dict(refusals(upload(editor, as_csv(*rows))))

    # Row 2 can be added, row 4 is empty, row 12 changes nothing.
    assert sorted(found) == [3, *range(5, 12), *range(13, 17)]
    assert found[3] == "Unknown code “X0000” of HCPCS Level II."
    assert found[5].startswith("Unknown code system “loinc”. Known: hcpcs")
    assert found[6].startswith("Unknown kind “nickname”. Known: brand, generic")
    assert found[7] == "text: This field cannot be blank."
    assert found[8] == "source: This field cannot be blank."
    assert "at most 300 characters" in found[9]
    assert found[10] == found[11]
    assert found[10].startswith("source: Names whose source is “Guide” are made when a guide is published")
    assert found[13] == "This is the same as row 2."
    assert found[14] == "The cell of text holds the error #REF!."
    assert "line break" in found[15]
    assert "A spreadsheet drops zeros at the beginning" in found[16]
    assert [name.text for name in CodeName.objects.all()] == ["Of it too", "Of the guide"]


def test_sheet_that_changes_nothing_has_nothing_to_confirm(editor):
    create_name(create_code(), "Arzerra", source="Label")

    response = upload(editor, as_csv(ARZERRA))

    assert "Nothing would change: all 1 rows are as they are" in said(response)
    assert not response.context["token"]


def test_exported_names_are_imported_again_without_a_change(editor):
    code = create_code()
    for text in ("=1+1", "+1", "-1", "@x", "'=1", "'quoted'", "Ärztliches, „Wort“"):
        create_name(code, text)
    create_name(code, "Of the guide", source="Guide")

    for file_format, name in (("0", "names.csv"), ("1", "names.xlsx")):
        columns = {f"codenameresource_{column}": "on" for column in HEADER}
        content = editor.post(f"{NAMES}export/", {"format": file_format, **columns}).content
        assert "Nothing would change: all 8 rows" in said(upload(editor, content, name))


def test_exported_cells_are_no_formulas(editor):
    code = create_code()
    for text in ("=cmd|' /C calc'!A0", "+1", "-1", "@x", "a = b"):
        create_name(code, text)
    columns = {f"codenameresource_{column}": "on" for column in HEADER}

    lines = editor.post(f"{NAMES}export/", {"format": "0", **columns}).content.decode().splitlines()
    texts = {row["text"] for row in csv.DictReader(lines)}
    assert texts == {"'=cmd|' /C calc'!A0", "'+1", "'-1", "'@x", "a = b"}

    book = load_workbook(io.BytesIO(editor.post(f"{NAMES}export/", {"format": "1", **columns}).content))
    cells = [cell for row in book.active.iter_rows(min_row=2) for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert {cell.value for cell in cells} >= texts


# Successions


def test_successions_are_added_as_those_of_an_editor(editor):
    create_code("C9028", "Old code")
    new = create_code("J9229", "New code")
    held = Succession.objects.create(
        predecessor=create_code("C9027", "Old"), successor=new, source="cms-cross-reference"
    )
    header = ["System", "Predecessor", "Successor"]

    response = import_sheet(
        editor,
        as_csv(["hcpcs", "c9028", "J9229"], ["hcpcs", "C9027", "J9229"], header=header),
        to=SUCCESSIONS,
    )

    assert "1 added, 0 changed" in said(response)
    stored = Succession.objects.values_list("predecessor__code", "successor__code", "source")
    assert set(stored) == {("C9028", "J9229", "editor"), ("C9027", "J9229", "cms-cross-reference")}
    added = Succession.objects.exclude(pk=held.pk).get()
    assert [(row.history_type, row.history_user.username) for row in added.history.all()] == [("+", "dana")]


def test_successions_that_cannot_be_are_refused(editor):
    create_code("C9028", "Old code")
    rows = [["hcpcs", "C9028", "C9028"], ["hcpcs", "C9028", "J0000"]]

    found = refusals(upload(editor, as_csv(*rows, header=["system", "predecessor", "successor"]), to=SUCCESSIONS))

    assert found == [(2, "A code cannot take its own place."), (3, "Unknown code “J0000” of HCPCS Level II.")]


def test_source_of_a_succession_cannot_be_set(editor):
    header = ["system", "predecessor", "successor", "source"]
    response = upload(editor, as_csv(["hcpcs", "C9028", "J9229", "icd-addenda"], header=header), to=SUCCESSIONS)

    assert "Unknown columns: “source”." in said(response)


# The step between the dry run and the import


@pytest.mark.parametrize(
    "sheet", ["", "0", "-1", "1.5", "x" * 5_000, "9" * 30, "9" * 5_000, "../../etc/passwd", "\0", "٣"]
)
def test_sheet_that_is_not_there_imports_nothing(editor, sheet):
    page = editor.post(f"{NAMES}process_import/", {"sheet": sheet}, follow=True)

    assert page.status_code == 200
    assert "no longer kept" in said(page)


def test_sheet_is_imported_by_who_uploaded_it_and_as_what_it_was_alone(editor, admin_client):
    create_code()
    response = upload(editor, as_csv(ARZERRA))

    assert "no longer kept" in said(confirm(editor, response, to=SUCCESSIONS))
    assert "no longer kept" in said(confirm(admin_client, response))
    assert not CodeName.objects.exists()
    assert "1 added" in said(confirm(editor, response))


def test_sheet_is_imported_as_it_was_at_its_own_dry_run(editor):
    create_code()
    response = upload(editor, as_csv(ARZERRA))
    upload(editor, as_csv(["hcpcs", "J9302", "brand", "Another", "Label"]), "later.csv")

    assert "Imported names.csv: 1 added" in said(confirm(editor, response))
    assert [name.text for name in CodeName.objects.all()] == ["Arzerra"]
    assert uploads() == ["later.csv"]


def test_second_confirm_imports_nothing(editor):
    create_code()
    response = upload(editor, as_csv(ARZERRA))
    confirm(editor, response)
    CodeName.objects.all().delete()

    assert "no longer kept" in said(confirm(editor, response))
    assert not CodeName.objects.exists()
    assert uploads() == []


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite queues whole transactions")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_sheet_that_another_request_imports_at_this_moment_is_not_imported_twice(editor):
    create_code()
    response = upload(editor, as_csv(ARZERRA))

    with meanwhile(SheetUpload.objects.select_for_update().get, then=SheetUpload.objects.all().delete):
        page = confirm(editor, response)

    assert "no longer kept" in said(page)
    assert not CodeName.objects.exists()


def test_sheet_that_cannot_be_imported_is_not_kept(editor):
    create_name(create_code(), "Arzerra", source="Label")

    upload(editor, as_csv(["hcpcs", "X0000", "brand", "Nothing", "Label"]))
    upload(editor, as_csv(ARZERRA))

    assert uploads() == []


def test_link_alone_imports_nothing(editor):
    create_code()
    upload(editor, as_csv(ARZERRA))

    assert editor.get(f"{NAMES}process_import/").status_code == 405


def test_row_that_can_no_longer_be_imported_stops_the_import(editor):
    code = create_code()
    response = upload(editor, as_csv(["hcpcs", "J9302", "brand", "Another", "Label"], ARZERRA))
    create_name(code, "Arzerra", source="Guide")

    page = confirm(editor, response)

    assert "Nothing was imported. Correct the rows named below" in said(page)
    assert [name.text for name in CodeName.objects.all()] == ["Arzerra"]
    assert not LogEntry.objects.exists()


def test_row_that_somebody_writes_at_the_same_moment_stops_the_import(editor, monkeypatch):
    code = create_code()
    response = upload(editor, as_csv(["hcpcs", "J9302", "brand", "Another", "Label"], ARZERRA))
    write = CodeNameResource.write

    def write_too_late(resource, *, dry_run):
        create_name(code, "Arzerra")
        write(resource, dry_run=dry_run)

    monkeypatch.setattr(CodeNameResource, "write", write_too_late)

    assert "Somebody changed the same rows at this moment. Nothing was imported" in said(confirm(editor, response))
    assert not CodeName.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("step", ["find", "write"])
def test_error_of_the_site_is_logged_and_imports_nothing(editor, monkeypatch, caplog, step):
    create_code()

    def fail(*args, **kwargs):
        raise RuntimeError("a slip of the programmer")

    monkeypatch.setattr(CodeNameResource, step, fail)

    page = said(upload(editor, as_csv(ARZERRA)))

    assert "because of an error of this site" in page
    assert "slip of the programmer" not in page
    assert "slip of the programmer" in caplog.text
    assert not CodeName.objects.exists()


def test_sheets_of_yesterday_are_deleted_and_not_imported(editor):
    create_code()
    response = upload(editor, as_csv(ARZERRA))
    SheetUpload.objects.update(uploaded_at=timezone.now() - datetime.timedelta(days=1, minutes=1))

    assert "no longer kept" in said(confirm(editor, response))
    assert not CodeName.objects.exists()

    upload(editor, as_csv(["hcpcs", "J9302", "brand", "Another", "Label"]), "today.csv")
    assert uploads() == ["today.csv"]


def test_sheet_waits_for_a_day(editor):
    create_code()
    response = upload(editor, as_csv(ARZERRA))
    SheetUpload.objects.update(uploaded_at=timezone.now() - datetime.timedelta(hours=23, minutes=59))
    upload(editor, as_csv(["hcpcs", "J9302", "brand", "Another", "Label"]), "today.csv")

    assert "1 added" in said(confirm(editor, response))


# What is no sheet


def refusal(response) -> str:
    assert response.status_code == 200
    assert "token" not in response.context or not response.context["token"]
    (error,) = response.context["form"].errors["file"]
    assert error in html.unescape(said(response))
    return error


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "names.csv", "empty"),
        (b"\xef\xbb\xbf \r\n", "names.csv", "empty"),
        (b"Dear editor,\nthis is a letter.\n", "letter.csv", "The first row has to name the columns"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "names.xlsx", "neither a CSV nor an XLSX"),
        (b"PK\x03\x04 but broken", "names.xlsx", "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "names.xls", "Save it as .xlsx"),
        (as_csv(ARZERRA, encoding="utf-16"), "names.csv", "UTF-16"),
        (as_csv([*ARZERRA[:3], "Ärzerra", "Label"], encoding="cp1252"), "names.csv", "CSV UTF-8"),
        (as_csv(ARZERRA).replace(b"Arz", b"A\0z"), "names.csv", "neither a CSV nor an XLSX"),
        (as_csv(ARZERRA, header=["system", "code", "kind", "text"]), "names.csv", "source is missing"),
        (as_csv([*ARZERRA, "x"], header=[*HEADER, "id"]), "names.csv", "Unknown columns: “id”"),
        (as_csv([*ARZERRA, "x"], header=[*HEADER, "Text"]), "names.csv", "The column text is there twice"),
        (as_csv([*ARZERRA, "x"]), "names.csv", "Row 2 has more cells"),
        (as_csv(), "names.csv", "no rows below"),
        (b'system,code,kind,text,source\nhcpcs,J9302,brand,"Arz', "names.csv", "Line 2 of the CSV"),
    ],
)
def test_what_is_no_sheet_is_refused_with_a_reason(editor, content, name, words):
    assert words in refusal(upload(editor, content, name))


def test_form_without_a_file_is_answered_with_the_form(editor):
    assert refusal(editor.post(f"{NAMES}import/", {})) == "This field is required."


def test_sheet_of_too_many_rows_or_bytes_is_refused(editor):
    rows = [["hcpcs", "J9302", "brand", f"Name {number}", "Label"] for number in range(5_001)]

    for content, name in ((as_csv(*rows), "names.csv"), (as_xlsx(*rows), "names.xlsx"), (b"x" * (2**21 + 1), "x.csv")):
        assert "at most 5,000 rows and 2 MB. Split it" in refusal(upload(editor, content, name))


def test_name_of_a_file_is_text_and_nothing_else(editor):
    create_code()

    response = upload(editor, as_csv(ARZERRA), "<b>names.csv")

    assert "&lt;b&gt;names.csv" in response.content.decode()
