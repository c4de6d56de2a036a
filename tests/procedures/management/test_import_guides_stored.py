"""What an import of guide documents stores, publishes, and leaves alone."""

import datetime
import hashlib
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import connection

from procedures.models import CodeName, Guide, GuideDraft
from procedures.search import search
from tests.factories import create_code, create_guide, create_name, create_user, get_system
from tests.own_database import every_row
from tests.pages import read_page
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
OFATUMUMAB = "Injection, ofatumumab, 10 mg"
NO_OPTIONS = []
PUBLISH = ["--publish"]


@pytest.fixture
def code():
    return create_code("J9302", OFATUMUMAB)


@pytest.fixture
def write(tmp_path):
    """Writes a guide document J9302.txt with this summary and gives its path; `more` are further lines."""

    def write_guide(summary: str = "A medicine.", more: str = "") -> str:
        file = tmp_path / "J9302.txt"
        text = f"{OFATUMUMAB}\nHCPCS code\n\nSummary\n{summary}\n\nPurpose\nIt treats leukemia.\n{more}"
        file.write_text(text, "utf-8")
        return str(file)

    return write_guide


def import_guides(*arguments: str) -> str:
    return said_by("import_guides", *arguments)


def found(text: str) -> list[str]:
    return [row["code"] for row in search(text, [get_system("hcpcs")]).rows]


def text_of_page(client, code) -> str:
    return read_page(client.get(code.get_absolute_url())).text


def edit_and_publish(code, summary: str) -> None:
    """An editor changes the public guide."""
    author, reviewer = create_user("author"), create_user("reviewer")
    draft = GuideDraft.objects.begin(code, by=author)
    draft.summary, draft.sources = summary, "- A reference"
    draft.save_text(by=author)
    draft.submit(by=author)
    draft.approve(by=reviewer)
    draft.publish(by=reviewer)


# What is said


def test_summary_names_the_documents_their_codes_and_what_was_left_out(code, write):
    closing = f"\nMedical Policies and Guidelines for {OFATUMUMAB}\n\nSimilar Codes\n\nJ9301\n"
    path = write(more=closing)

    assert import_guides(path, "--publish").splitlines() == [
        "J9302.txt: J9302 published, 2 sections",
        f"    left out: Medical Policies and Guidelines for {OFATUMUMAB}",
        "    left out: Similar Codes",
        "    left out: J9301",
        "Guides: 1 published.",
    ]


# Drafts and publication


def test_document_becomes_a_draft_that_the_public_does_not_see(code, write, client):
    said = import_guides(write(more="\nName of the Procedure\nCommon name(s): Arzerra infusion\n"))

    assert said == "J9302.txt: J9302 stored as a draft, 3 sections\nGuides: 1 stored as a draft.\n"
    draft = GuideDraft.objects.get()
    assert (draft.state, draft.author, draft.contributors.count()) == ("draft", None, 0)
    for word in ("leukemia", "Arzerra"):
        assert word not in text_of_page(client, code)
        assert found(word) == []


def test_publish_makes_text_and_names_public(code, write, client):
    import_guides(write(more="\nName of the Procedure\nCommon name(s): Arzerra infusion\n"), "--publish")

    for word in ("leukemia", "Arzerra"):
        assert word in text_of_page(client, code)
        assert found(word) == ["J9302"]
    assert not GuideDraft.objects.exists()


@pytest.mark.time_machine(NOON, tick=False)
@pytest.mark.parametrize("options", [NO_OPTIONS, PUBLISH])
def test_document_itself_is_recorded_as_a_source(code, write, options):
    path = write()
    import_guides(path, *options)

    text = (Guide if options else GuideDraft).objects.get()
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert (text.document_name, text.document_digest, text.document_date) == ("J9302.txt", digest, NOON.date())
    assert text.sources == ""


def test_section_that_no_editor_could_save_is_refused(code, write):
    with pytest.raises(CommandError, match="the section “Summary” has more than 50,000 characters"):
        import_guides(write("word " * 12_000), "--publish")

    assert not Guide.objects.exists()


def test_published_import_says_who_published_and_that_nobody_reviewed_it(code, write, client):
    import_guides(write(), "--publish")

    guide = Guide.objects.get()
    assert guide.publisher == "import"
    assert (guide.reviewed_on, guide.reviewed_by) == (None, "")
    assert guide.history.get().history_user is None
    page = text_of_page(client, code)
    assert "Not yet reviewed by a clinician" in page
    assert "J9302.txt" in page


def test_draft_of_an_earlier_import_is_published_by_a_later_one(code, write):
    path = write()
    import_guides(path)

    assert import_guides(path, "--publish").endswith("Guides: 1 published.\n")
    assert not GuideDraft.objects.exists()
    assert Guide.objects.get().publisher == "import"


# The same again, and changed documents


@pytest.mark.parametrize(("first", "again"), [(NO_OPTIONS, NO_OPTIONS), (PUBLISH, NO_OPTIONS), (PUBLISH, PUBLISH)])
def test_same_document_again_changes_nothing_and_says_so(code, write, first, again):
    path = write(more="\nName of the Procedure\nCommon name(s): Arzerra\n")
    import_guides(path, *first)
    before = every_row(connection)

    assert "J9302.txt: J9302 unchanged" in import_guides(path, *again)
    assert every_row(connection) == before


def test_changed_document_waits_for_publish_as_a_draft(code, write, client):
    import_guides(write("First text."), "--publish")
    changed = write("Second text.")

    assert import_guides(changed).endswith("Guides: 1 stored as a draft.\n")
    assert "First text." in text_of_page(client, code)

    assert import_guides(changed, "--publish").endswith("Guides: 1 published in place of the former text.\n")
    assert "Second text." in text_of_page(client, code)
    assert "First text." not in text_of_page(client, code)


def test_changed_document_replaces_the_draft_that_an_import_left(code, write):
    import_guides(write("First text."))

    assert import_guides(write("Second text.")).endswith("Guides: 1 stored as a draft.\n")
    assert GuideDraft.objects.get().summary == "Second text."


def test_review_of_a_clinician_outlives_a_changed_document(code, write):
    import_guides(write("First text."), "--publish")
    guide = Guide.objects.get()
    on = guide.changed_at.date()
    guide.mark_reviewed(reviewer="Jane Roe, MD", on=on, due=on + datetime.timedelta(days=365), by=None, today=on)
    import_guides(write("Second text."), "--publish")

    guide.refresh_from_db()
    assert (guide.summary, guide.reviewed_on, guide.reviewed_by) == ("Second text.", on, "Jane Roe, MD")


# What a person wrote


@pytest.mark.parametrize("options", [NO_OPTIONS, PUBLISH])
def test_guide_that_an_editor_changed_gets_a_draft_and_keeps_its_page(code, write, client, options):
    import_guides(write("First text."), "--publish")
    edit_and_publish(code, "Words of an editor.")
    path = write("Second text.")

    said = import_guides(path, *options)

    assert "J9302.txt: J9302 stored as a draft" in said
    assert ("changed by editors only" in said) == bool(options)
    assert "Words of an editor." in text_of_page(client, code)
    assert Guide.objects.get().publisher == "reviewer"
    assert GuideDraft.objects.get().summary == "Second text."
    assert "J9302 unchanged" in import_guides(path, *options)


@pytest.mark.parametrize("options", [NO_OPTIONS, PUBLISH])
def test_guide_that_an_editor_wrote_is_never_overwritten(code, write, options):
    create_guide(code, by=create_user(), summary="Words of an editor.")
    import_guides(write(), *options)

    assert Guide.objects.get().summary == "Words of an editor."
    assert GuideDraft.objects.get().summary == "A medicine."


@pytest.mark.parametrize("options", [NO_OPTIONS, PUBLISH])
def test_guide_that_was_taken_off_stays_off(code, write, client, options):
    import_guides(write(), "--publish")
    Guide.objects.get().unpublish(reason="It is wrong.", by=None)

    assert "stored as a draft" in import_guides(write(), *options)
    assert "J9302 unchanged" in import_guides(write(), *options)
    assert not Guide.objects.published().exists()
    assert "leukemia" not in text_of_page(client, code)


def person_writes(draft):
    draft.summary = "Words of an editor."
    draft.save_text(by=create_user())


def person_submits(draft):
    draft.submit(by=create_user())


def person_approves(draft):
    draft.submit(by=create_user())
    draft.approve(by=create_user("reviewer"))


def person_takes_back(draft):
    person_writes(draft)
    draft.submit(by=None)
    draft.take_back(by=None)


@pytest.mark.parametrize("options", [NO_OPTIONS, PUBLISH])
@pytest.mark.parametrize("work", [person_writes, person_submits, person_approves, person_takes_back])
def test_draft_in_the_hands_of_a_person_is_left_alone(code, write, work, options):
    import_guides(write("First text."))
    work(GuideDraft.objects.get())
    path = write("Second text.")
    before = every_row(connection)

    said = import_guides(path, *options)

    assert "J9302.txt: J9302 left alone: a person is working on its draft" in said
    assert every_row(connection) == before


# Names


def test_names_become_names_of_the_code_and_follow_the_document(code, write):
    first = "\nName of the Procedure\nCommon name(s): Arzerra; ofatumumab drip\nTechnical or medical term: infusion\n"
    import_guides(write(more=first), "--publish")
    assert sorted(CodeName.objects.values_list("kind", "text", "source")) == [
        ("common", "Arzerra", "Guide"),
        ("common", "ofatumumab drip", "Guide"),
        ("technical", "infusion", "Guide"),
    ]

    import_guides(write(more="\nName of the Procedure\nCommon name(s): Kesimpta\n"), "--publish")
    assert list(CodeName.objects.values_list("text", flat=True)) == ["Kesimpta"]


def test_name_that_another_source_gave_is_kept_and_not_repeated(code, write):
    create_name(code, "Arzerra", kind="common", source="ASP crosswalk")
    path = write(more="\nName of the Procedure\nCommon name(s): Arzerra; drip\n")
    import_guides(path, "--publish")

    assert sorted(CodeName.objects.values_list("text", "source")) == [("Arzerra", "ASP crosswalk"), ("drip", "Guide")]
    assert "J9302.txt: J9302 unchanged" in import_guides(path, "--publish")
