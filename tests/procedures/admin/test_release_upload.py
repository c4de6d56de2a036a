import datetime
import gzip
import io
import zipfile

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from procedures import release_uploads
from procedures.models import CodeSystem, MedicalCode, Release, ReleaseUpload
from procedures.models import uploads as upload_limits
from tests.factories import create_code, create_draft, create_guide, create_user, get_system
from tests.own_database import every_row
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import (
    hcpcs_line,
    hcpcs_lines,
    hcpcs_release,
    listed,
    order_line,
    text_file,
)

pytestmark = pytest.mark.django_db

IMPORT = "/admin/procedures/release/import/"
NAME = "HCPC2025_JAN_ANWEB.txt"
OFATUMUMAB = hcpcs_line("J9302", "Injection, ofatumumab, 10 mg", "Ofatumumab injection", ADD="20110101")


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def upload(client, content, name: str = NAME, *, system: str = "hcpcs", version: str = ""):
    """The answer to an upload of lines or bytes."""
    content = content if isinstance(content, bytes) else text_file(content)
    data = {"system": get_system(system).pk, "file": SimpleUploadedFile(name, content), "version": version}
    return client.post(IMPORT, data)


def confirm(client, **options):
    return client.post(f"{IMPORT}{ReleaseUpload.objects.get().pk}/confirm/", follow=True, **options)


def said(response) -> str:
    """The text of a page, runs of blanks as one."""
    return " ".join(response.content.decode().split())


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def lists(response) -> dict[str, list[str]]:
    return {each.kind: [code.code for code in each.codes] for each in response.context["changes"].lists if each.count}


# Who may


@pytest.mark.parametrize("groups", [["Author"], ["Reviewer"], ["Desk"], []])
def test_import_is_refused_without_permission(client, groups):
    owner = create_user("owner", groups=["Data"])
    kept = ReleaseUpload.objects.create(system=get_system(), name=NAME, content=b"x", uploaded_by=owner)
    client.force_login(create_user("sam", groups=groups))

    assert client.get(IMPORT).status_code == 403
    assert upload(client, [OFATUMUMAB]).status_code == 403
    assert client.post(f"{IMPORT}{kept.pk}/confirm/").status_code == 403
    assert client.post(f"{IMPORT}{kept.pk}/cancel/").status_code == 403
    assert ReleaseUpload.objects.count() == 1
    assert not Release.objects.exists()


def test_anonymous_is_sent_to_the_log_in_page(client):
    assert client.get(IMPORT).url.startswith("/admin/login/")
    assert client.post(f"{IMPORT}1/confirm/").url.startswith("/admin/login/")


def test_button_is_shown_to_those_who_may_import(client):
    client.force_login(create_user("rita", groups=["Reviewer"]))
    assert "Import a release" not in said(client.get("/admin/procedures/release/"))

    client.force_login(create_user("dana", groups=["Data"]))
    assert "Import a release" in said(client.get("/admin/procedures/release/"))


def test_only_the_uploader_or_a_superuser_confirms(editor, client):
    upload(editor, [OFATUMUMAB])
    kept = ReleaseUpload.objects.get()

    client.force_login(create_user("other", groups=["Data"]))
    assert client.post(f"{IMPORT}{kept.pk}/confirm/").status_code == 403
    assert client.post(f"{IMPORT}{kept.pk}/cancel/").status_code == 403
    assert not Release.objects.exists()

    client.force_login(create_user("root", is_superuser=True))
    assert "was imported" in said(confirm(client))


@pytest.mark.parametrize("step", ["confirm", "cancel"])
def test_a_link_alone_imports_or_deletes_nothing(editor, step):
    upload(editor, [OFATUMUMAB])

    assert editor.get(f"{IMPORT}{ReleaseUpload.objects.get().pk}/{step}/").status_code == 405
    assert ReleaseUpload.objects.count() == 1
    assert not Release.objects.exists()


# The dry run


def test_dry_run_shows_what_would_change_and_changes_nothing(editor):
    load(
        "hcpcs",
        hcpcs_release("2024-10", *[listed(code, added="2011-01-01") for code in ("J9302", "J9303", "J9304", "J9305")]),
        hcpcs_release("2024-11", *[listed(code, added="2011-01-01") for code in ("J9302", "J9303", "J9304")]),
    )
    before = {table: rows for table, rows in every_row(connection).items() if "session" not in table}

    response = upload(
        editor,
        [
            "A disclaimer",
            hcpcs_line("J9302", "Injection, ofatumumab, 20 mg", "Ofatumumab", ADD="20110101"),
            hcpcs_line("J9303", "Description of J9303", ADD="20110101", TERM="20241231"),
            hcpcs_line("J9305", "Description of J9305", ADD="20110101"),
            hcpcs_line("C9302", "Injection, invented", ADD="20250101", ACTION="A"),
            hcpcs_line("99213", "Not ours"),
        ],
    )

    assert lists(response) == {
        "added": ["C9302"],
        "terminated": ["J9303"],
        "unlisted": ["J9304"],
        "reworded": ["J9302"],
        "reinstated": ["J9305"],
    }
    text = said(response)
    assert "CPT or other code, not licensed" in text
    assert "Preamble line" in text
    assert "Import now" in text
    reworded = MedicalCode.objects.get(code="J9302")
    assert f'<a href="/admin/procedures/medicalcode/{reworded.pk}/change/">J9302</a>' in text
    assert '<th scope="row">C9302</th>' in text
    after = {table: rows for table, rows in every_row(connection).items() if "session" not in table}
    del before["procedures_releaseupload"], after["procedures_releaseupload"]
    assert after == before


def test_dry_run_names_the_guides_and_drafts_of_codes_that_change(editor):
    load("hcpcs", hcpcs_release("2024-10", *[listed(code) for code in ("J9302", "J9303", "J9304", "J9305", "J9306")]))
    codes = {code.code: code for code in MedicalCode.objects.all()}
    ended, reworded = create_guide(codes["J9302"]), create_guide(codes["J9303"])
    draft = create_draft(codes["J9303"])
    create_guide(codes["J9304"])
    taken_off = create_guide(codes["J9305"])
    taken_off.unpublish(reason="It is rewritten.", by=None)

    response = upload(
        editor,
        [
            hcpcs_line("J9302", "Description of J9302", TERM="20241231"),
            hcpcs_line("J9303", "Another description"),
            hcpcs_line("J9304", "Description of J9304"),
            hcpcs_line("J9305", "Another description"),
            hcpcs_line("J9306", "Another description"),
        ],
    )

    touched = [
        (each.code.code, each.changes, each.guide_id, each.draft_id) for each in response.context["changes"].touched
    ]
    assert touched == [("J9302", "discontinued", ended.pk, None), ("J9303", "reworded", reworded.pk, draft.pk)]
    text = said(response)
    assert f'<a href="/admin/procedures/guide/{ended.pk}/change/">Guide of J9302</a>' in text
    assert f'<a href="/admin/procedures/guidedraft/{draft.pk}/change/">Draft of J9303</a>' in text
    assert "J9304" not in text


def test_lists_show_the_first_two_hundred_codes(editor):
    text = said(upload(editor, hcpcs_lines(203)))

    assert "Added (203)" in text
    assert "A1199" in text
    assert "A1200" not in text
    assert "And 3 more." in text


# The import


def test_confirm_imports_the_upload_and_shows_what_it_changed(editor):
    upload(editor, [OFATUMUMAB])

    response = confirm(editor)

    release = Release.objects.get()
    assert response.redirect_chain == [(f"/admin/procedures/release/{release.pk}/changes/", 302)]
    assert "HCPCS Level II, January 2025 was imported. This is what it changed." in said(response)
    assert lists(response) == {"added": ["J9302"]}
    assert release.source_name == NAME
    assert "J9302" in said(editor.get("/codes/", {"q": "ofatumumab"}))
    assert not ReleaseUpload.objects.exists()
    entry = LogEntry.objects.get()
    assert (entry.action_flag, entry.object_id, entry.user.username) == (ADDITION, str(release.pk), "dana")
    assert entry.change_message == f"Imported {NAME}."


def test_confirm_shows_what_was_done_where_codes_changed_since_the_dry_run(editor):
    assert lists(upload(editor, [OFATUMUMAB])) == {"added": ["J9302"]}
    load("hcpcs", hcpcs_release("2024-10", listed("J9302", "Injection, 5 mg", added="2011-01-01")))

    assert lists(confirm(editor)) == {"reworded": ["J9302"]}


def test_a_second_confirm_imports_nothing(editor):
    upload(editor, [OFATUMUMAB])
    kept = ReleaseUpload.objects.get()
    confirm(editor)

    response = editor.post(f"{IMPORT}{kept.pk}/confirm/", follow=True)

    assert "no longer kept" in said(response)
    assert Release.objects.count() == 1


def test_confirm_of_a_file_that_was_imported_meanwhile_says_so(editor):
    upload(editor, [OFATUMUMAB])
    kept = ReleaseUpload.objects.get()
    upload(editor, [OFATUMUMAB], "HCPC2025_JAN_ANWEB_again.txt")
    editor.post(f"{IMPORT}{ReleaseUpload.objects.exclude(pk=kept.pk).get().pk}/confirm/")

    response = editor.post(f"{IMPORT}{kept.pk}/confirm/", follow=True)

    assert "was imported before, as HCPCS Level II 2025-01" in said(response)
    assert "Nothing was changed." in said(response)
    assert not ReleaseUpload.objects.exists()


def test_cancel_deletes_the_upload(editor):
    upload(editor, [OFATUMUMAB])

    response = editor.post(f"{IMPORT}{ReleaseUpload.objects.get().pk}/cancel/", follow=True)

    assert "Nothing was imported." in said(response)
    assert not ReleaseUpload.objects.exists()
    assert not Release.objects.exists()


def test_uploads_of_yesterday_are_deleted_and_not_imported(editor):
    upload(editor, [OFATUMUMAB])
    old = ReleaseUpload.objects.get()
    ReleaseUpload.objects.update(uploaded_at=timezone.now() - datetime.timedelta(days=2))

    assert "no longer kept" in said(editor.post(f"{IMPORT}{old.pk}/confirm/", follow=True))
    assert not Release.objects.exists()

    upload(editor, [OFATUMUMAB])
    ReleaseUpload.objects.update(uploaded_at=timezone.now() - datetime.timedelta(days=2))
    upload(editor, [OFATUMUMAB], "HCPC2025_JAN_ANWEB_again.txt")
    assert [kept.name for kept in ReleaseUpload.objects.all()] == ["HCPC2025_JAN_ANWEB_again.txt"]


def test_year_and_month_may_be_given_by_hand(editor):
    upload(editor, [OFATUMUMAB], "codes.txt", version="2024-07")
    confirm(editor)

    assert Release.objects.get().version == "2024-07"


# What is refused: the form says why, and nothing is kept


def refusal(response) -> str:
    """The error at the form, where nothing was imported or kept."""
    assert response.status_code == 200
    assert not ReleaseUpload.objects.exists()
    assert not Release.objects.exists()
    return " ".join(error for errors in response.context["form"].errors.values() for error in errors)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", NAME, "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), NAME, "not a text file"),
        (b"PK\x03\x04 but no zip", "HCPC2025_JAN.zip", "damaged"),
        (zipped(**{NAME: text_file([OFATUMUMAB])})[:-30], "HCPC2025_JAN.zip", "damaged"),
        (gzip.compress(text_file([OFATUMUMAB]), mtime=0)[:-9], NAME + ".gz", "damaged"),
        (zipped(**{"picture.png": b"x"}), "HCPC2025_JAN.zip", "no member is the data file"),
        (zipped(), "HCPC2025_JAN.zip", "not a text file"),
        (text_file(["Dear editor", "this is a letter"]), NAME, "not a HCPCS Level II release"),
        (text_file([order_line(1, "C8402", "1", "Mycosis fungoides")]), NAME, "not a HCPCS Level II release"),
        (text_file([OFATUMUMAB]), "codes.txt", "does not tell the year and month"),
        (text_file([OFATUMUMAB]), "HCPC2099_JAN_ANWEB.txt", "more than a year ahead"),
    ],
)
def test_what_is_no_release_is_refused_with_a_reason(editor, content, name, words):
    assert words in refusal(upload(editor, content, name))


def test_archive_that_unpacks_to_too_much_is_refused(editor, monkeypatch):
    monkeypatch.setattr(release_uploads, "MOST_UNPACKED", 100_000)
    bomb = bytes(200_000)

    assert "unpacks to more than" in refusal(upload(editor, zipped(**{NAME: bomb}), "HCPC2025_JAN.zip"))
    assert "unpacks to more than" in refusal(upload(editor, gzip.compress(bomb), NAME + ".gz"))


def test_large_file_is_refused_with_the_command_to_run(editor, monkeypatch):
    monkeypatch.setattr("procedures.admin.release_upload_form.LARGEST_UPLOAD", 100)
    assert upload_limits.LARGEST_UPLOAD == 5 * 1024 * 1024

    said_why = refusal(upload(editor, [OFATUMUMAB], "HCPC2025 JAN.txt", version="2025-01"))

    assert "python manage.py import_codes hcpcs 'HCPC2025 JAN.txt' --release 2025-01" in said_why


def test_more_codes_than_a_page_can_load_are_refused_with_the_command_to_run(editor, monkeypatch):
    monkeypatch.setattr(release_uploads, "MOST_RECORDS", 20)

    assert f"python manage.py import_codes hcpcs {NAME}" in refusal(upload(editor, hcpcs_lines(21)))
    assert "Added (20)" in said(upload(editor, hcpcs_lines(20)))


def test_paths_in_a_zip_lead_nowhere(editor, tmp_path):
    upload(editor, zipped(**{f"../../../..{tmp_path}/{NAME}": text_file([OFATUMUMAB])}), "release.zip")
    confirm(editor)

    assert Release.objects.get().source_name == f"release.zip: {NAME}"
    assert not list(tmp_path.iterdir())


def test_name_of_a_file_is_text_and_nothing_else(editor):
    response = upload(editor, [OFATUMUMAB], "<b>HCPC2025_JAN.txt")

    assert "&lt;b&gt;HCPC2025_JAN.txt" in said(response)
    assert "<b>HCPC" not in said(response)


def test_file_that_was_imported_before_is_refused(editor):
    upload(editor, [OFATUMUMAB])
    confirm(editor)

    response = upload(editor, [OFATUMUMAB])

    assert "was imported before" in said(response)
    assert not ReleaseUpload.objects.exists()


def test_system_under_license_is_refused(editor):
    system = CodeSystem.objects.filter(licence=CodeSystem.Licence.NOT_LICENSED).first()

    assert "is not imported" in refusal(upload(editor, [OFATUMUMAB], system=system.slug))


def test_license_that_ended_since_the_dry_run_stops_the_import(editor):
    upload(editor, [OFATUMUMAB])
    CodeSystem.objects.filter(slug="hcpcs").update(licence=CodeSystem.Licence.NOT_LICENSED)

    assert "is not imported" in said(confirm(editor))
    assert not Release.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("data", [{}, {"system": "x"}, {"system": "999999", "version": "2025-13"}, {"version": "\0"}])
def test_incomplete_forms_are_answered_with_the_form(editor, data):
    assert refusal(editor.post(IMPORT, data))


# Pages


def test_changes_of_a_release_are_shown_to_those_who_may_see_it(client):
    load("hcpcs", hcpcs_release("2024-10", listed("J9302")))
    page = f"/admin/procedures/release/{Release.objects.get().pk}/changes/"

    client.force_login(create_user("rita", groups=["Reviewer"]))
    assert "Added (1)" in said(client.get(page))
    assert page in client.get(f"/admin/procedures/release/{Release.objects.get().pk}/change/").content.decode()
    assert client.get("/admin/procedures/release/0/changes/").status_code == 404

    client.force_login(create_user("ann", groups=[]))
    assert client.get(page).status_code == 403


def test_older_release_says_that_changes_are_recorded_of_a_newer_one(editor):
    load("hcpcs", hcpcs_release("2025-04", listed("J9303")))

    assert "A newer release was imported before this one: 2 changes are recorded of that one" in said(
        upload(editor, [OFATUMUMAB])
    )


@pytest.mark.releases
def test_real_release_is_imported_through_the_admin(editor, releases_dir):
    create_guide(create_code("A4657", "Syringe, another wording"))
    file = releases_dir / "hcpcs" / "january-2025-alpha-numeric-hcpcs-file.zip"

    response = upload(editor, file.read_bytes(), file.name)

    numbers = dict(response.context["changes"].numbers)
    assert numbers["added"] == 8_635
    assert numbers["changed"] == 1
    assert [each.code.code for each in response.context["changes"].touched] == ["A4657"]
    assert MedicalCode.objects.count() == 1

    confirm(editor)
    assert MedicalCode.objects.count() == 8_636
