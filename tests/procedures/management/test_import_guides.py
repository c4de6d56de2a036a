"""Which code a document is matched to, and what is refused."""

import re
from pathlib import Path

import pytest

from procedures.models import Guide, GuideDraft, MedicalCode
from tests.factories import create_code
from tests.pages import read_page
from tests.procedures.management.running import refusal_by, said_by

pytestmark = pytest.mark.django_db

INOTUZUMAB = "Injection, inotuzumab ozogamicin, 0.1 mg"
OFATUMUMAB = "Injection, ofatumumab, 10 mg"


@pytest.fixture
def codes():
    """Two codes with the same title, one with another, and a diagnosis."""
    create_code("C9028", INOTUZUMAB)
    create_code("J9229", INOTUZUMAB)
    create_code("J9302", OFATUMUMAB)
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm")


@pytest.fixture
def write(tmp_path):
    """Writes a guide document and gives its path; `title`, `label` and `summary` are parts of it."""

    def write_guide(
        name: str, title: str = OFATUMUMAB, *, label: str = "HCPCS code", summary: str = "A medicine.", more: str = ""
    ) -> str:
        file = tmp_path / name
        file.write_text(f"{title}\n{label}\n\nSummary\n{summary}\n\nPurpose\nIt treats leukemia.\n{more}", "utf-8")
        return str(file)

    return write_guide


def import_guides(*arguments: str) -> str:
    return said_by("import_guides", *arguments)


def refusal_of(*arguments: str) -> str:
    return refusal_by("import_guides", *arguments)


def guide_codes() -> list[str]:
    """The codes of the drafts; nothing is public."""
    assert not Guide.objects.exists()
    return sorted(GuideDraft.objects.values_list("code__code", flat=True))


def page_of(client, code: str):
    return read_page(client.get(MedicalCode.objects.get(code=code).get_absolute_url()))


# Which code a document describes


@pytest.mark.parametrize(
    "name", ["J9302.txt", "j9302.md", "hcpcs-J9302.txt", "Guide (J9302) final.txt", "000_J9302_7f3a.txt"]
)
def test_document_is_matched_by_the_code_in_its_file_name(codes, write, name):
    import_guides(write(name, "Ofatumumab infusion"))

    assert guide_codes() == ["J9302"]


@pytest.mark.parametrize("name", ["M54.16.txt", "m5416.txt", "icd10cm-M54.16.txt"])
def test_diagnosis_is_matched_by_any_spelling_in_its_file_name(codes, write, name):
    import_guides(write(name, "A pinched nerve", label="ICD-10-CM code"))

    assert guide_codes() == ["M54.16"]


@pytest.mark.parametrize("title", [OFATUMUMAB, OFATUMUMAB.upper(), f"{OFATUMUMAB}:"])
def test_document_is_matched_by_its_title(codes, write, title):
    import_guides(write("000_cee464f5d0599ff2.txt", title))

    assert guide_codes() == ["J9302"]


def test_document_is_matched_by_a_title_that_is_cut(write):
    long = "Ambulance service, " + "advanced life support, " * 20 + "level 1"
    code = create_code("A0427", long)
    import_guides(write("ambulance.txt", code.title))

    assert guide_codes() == ["A0427"]


def test_document_is_matched_by_a_code_in_its_text(codes, write):
    import_guides(write("arzerra.txt", "Arzerra infusion", summary="It is billed with J9302."))

    assert guide_codes() == ["J9302"]


def test_title_of_two_codes_is_resolved_by_the_code_in_the_text(codes, write):
    import_guides(write("one.txt", INOTUZUMAB, summary="An antibody-drug conjugate (C9028)."))
    import_guides(write("two.txt", INOTUZUMAB, label="HCPCS code J9229"))

    assert guide_codes() == ["C9028", "J9229"]


def test_title_of_two_codes_is_resolved_by_the_file_name(codes, write):
    import_guides(write("C9028.txt", INOTUZUMAB))

    assert guide_codes() == ["C9028"]


def test_title_of_two_codes_is_refused_with_the_candidates(codes, write):
    message = refusal_of(write("inotuzumab.txt", INOTUZUMAB))

    assert "inotuzumab.txt: it could be the guide of C9028 (HCPCS Level II) or J9229 (HCPCS Level II): " in message
    assert "name the code in the text or in the file name" in message


def test_title_of_two_codes_is_refused_where_the_text_names_both(codes, write):
    message = refusal_of(write("inotuzumab.txt", INOTUZUMAB, summary="Billed with C9028, later with J9229."))

    assert "it could be the guide of C9028 (HCPCS Level II) or J9229 (HCPCS Level II)" in message


def test_file_name_that_contradicts_the_title_is_refused(codes, write):
    message = refusal_of(write("C9028.txt", OFATUMUMAB))

    assert "C9028.txt: the file name says C9028, but the title is that of J9302 (HCPCS Level II)." in message


def test_label_of_another_system_is_not_matched(codes, write):
    message = refusal_of(write("J9302.txt", OFATUMUMAB, label="ICD-10-CM code"))

    assert f"no code has the title “{OFATUMUMAB}”, and the text names none that is known" in message


def test_unknown_title_is_refused(codes, write):
    assert "no code has the title “Massage”" in refusal_of(write("massage.txt", "Massage"))


# All or nothing


def test_one_bad_document_keeps_all_from_being_imported_and_each_is_named(codes, write, tmp_path):
    write("J9302.txt")
    write("massage.txt", "Massage")
    (tmp_path / "picture.txt").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF")
    (tmp_path / "empty.md").write_bytes(b"")
    (tmp_path / "large.md").write_bytes(b"x" * 1_100_000)
    message = refusal_of(str(tmp_path))

    assert message.startswith("Nothing was imported. Refused:\n")
    assert [line.split(":")[0] for line in message.splitlines()[1:]] == [
        "  empty.md, line 1",
        "  large.md, line 1",
        "  massage.txt",
        "  picture.txt, line 1",
    ]


def test_two_documents_of_one_code_are_refused(codes, write, tmp_path):
    write("J9302.md")
    write("arzerra.txt")

    assert "arzerra.txt: J9302.md is a guide of J9302 already." in refusal_of(str(tmp_path))


def test_unreadable_document_is_refused(codes, write, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = write("J9302.txt")
    monkeypatch.setattr(Path, "read_bytes", refuse)

    assert "J9302.txt: it cannot be read (Permission denied)." in refusal_of(path)


def test_missing_path_and_folder_without_documents_are_refused(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")

    assert "There is no file or folder" in refusal_of(str(tmp_path / "gone.txt"))
    assert refusal_of(str(tmp_path)) == "There is no .txt or .md file there."


def test_document_of_windows_is_read(codes, tmp_path):
    file = tmp_path / "J9302.txt"
    file.write_bytes(f"{OFATUMUMAB}\r\n\r\nSummary\r\nThe patient’s “drip” – slowly.\r\n".encode("cp1252"))
    import_guides(str(file))

    assert GuideDraft.objects.get().summary == "The patient’s “drip” – slowly."


# The two pages to be reproduced


def words_of(text: str) -> str:
    """The words of a text in order, with a blank around each."""
    words = re.findall(r"[^\W_]+", text)
    return f" {' '.join(words)} "


@pytest.mark.releases
def test_seed_documents_are_imported_and_their_pages_hold_every_line(codes, seeds_dir, client):
    documents = sorted(seeds_dir.glob("*.txt"))
    said = import_guides(*map(str, documents), "--publish")

    assert said.endswith("Guides: 2 published.\n")
    assert sorted(Guide.objects.values_list("code__code", flat=True)) == ["C9028", "J9302"]
    for document in documents:
        code = re.search(rf"^{document.name}: (\S+) published, 14 sections$", said, re.MULTILINE)[1]
        shown = words_of(page_of(client, code).text)
        text = document.read_text("utf-8").removeprefix("Search all medical codes")
        text, _, closing = text.partition("Medical Policies and Guidelines for")
        lines = [re.sub(r"^\s*(?:[•-]|\d+\.)\s+", "", line) for line in text.splitlines() if line.strip()]
        assert len(lines) > 40
        missing = [line for line in lines if words_of(line) not in shown]
        assert missing == []
        for line in filter(None, map(str.strip, closing.splitlines()[1:])):
            assert f"    left out: {line}\n" in said


@pytest.mark.releases
def test_seed_pages_show_texts_under_the_right_headings(codes, seeds_dir, client):
    import_guides(str(seeds_dir), "--publish")
    guide = Guide.objects.get(code__code="J9302")
    sections = {section["heading"]: section["html"] for section in guide.public_sections()}

    assert "Persistent or aggressive chronic lymphocytic leukemia" in sections["Indications"]
    assert "Blood tests and imaging studies" in sections["Preparation"]
    assert "30 minutes to several hours" in sections["Duration"]
    assert "hospital or outpatient clinic" in sections["Setting"]
    assert "Oncologist/Hematologist" in sections["Personnel"]
    assert "Drop in blood cell counts" in sections["Risks and Complications"]
    assert "Symptom relief." in sections["Benefits"]
    assert "Bone marrow transplant: " in re.sub(r"</?strong>", "", sections["Alternatives"])
    assert "encouraged to communicate any discomfort" in sections["Patient Experience"]
    page = page_of(client, "J9302")
    assert [heading for heading in page.headings if heading in sections] == list(sections)
