"""What the database itself refuses, whoever writes: every constraint is violated here."""

import datetime

import pytest
from django.db import IntegrityError, models, transaction

from procedures.models import (
    CodeChange,
    CodeName,
    CodeNote,
    CodeSystem,
    ContentVersion,
    DailyViews,
    EverydayWord,
    Guide,
    GuideDraft,
    MedicalCode,
    Misspelling,
    Release,
    ReleaseUpload,
    SearchEntry,
    SearchName,
    SearchWithoutResult,
    SheetUpload,
    SimilarCodeChoice,
    Succession,
    Word,
)
from tests.constraints import assert_all_constraints, assert_refused, create_twice, update
from tests.factories import (
    create_code,
    create_draft,
    create_guide,
    create_name,
    create_release,
    create_user,
    get_system,
)

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
TODAY = NOON.date()
DAY = datetime.timedelta(days=1)


def create_change(*, code=None, kind="added"):
    return CodeChange.objects.create(release=create_release(), code=code or create_code(), kind=kind)


def create_succession(*, predecessor=None, successor=None, source="editor"):
    return Succession.objects.create(
        predecessor=predecessor or create_code("C9028"), successor=successor or create_code("J9229"), source=source
    )


def create_views(**fields):
    code = fields.pop("code", None) or create_code()
    return DailyViews.objects.create(code=code, **{"day": TODAY, "count": 1, **fields})


def create_search(**fields):
    return SearchWithoutResult.objects.create(**{"text": "kneecap", "day": TODAY, "count": 1, **fields})


def create_upload(**fields):
    fields = {"system": get_system(), "name": "release.txt", "content": b"", "uploaded_by": create_user(), **fields}
    return ReleaseUpload.objects.create(**fields)


VIOLATIONS = [
    ("codesystem_licence_known", lambda: update(get_system(), licence="free")),
    ("codesystem_licence_known", lambda: update(get_system(), licence="")),
    ("codesystem_position_range", lambda: update(get_system(), position=0)),
    ("codesystem_position_range", lambda: update(get_system(), position=251)),
    ("medicalcode_code_once", lambda: (create_code("A00.0", system="icd10cm"), create_code("A000", system="icd10cm"))),
    ("medicalcode_kind_known", lambda: create_code(kind="chapter")),
    ("medicalcode_normalized", lambda: update(create_code(), normalized="J9303")),
    ("medicalcode_normalized", lambda: update(create_code(), normalized="j9302")),
    ("medicalcode_normalized", lambda: update(create_code("A00.0", system="icd10cm"), normalized="A00.0")),
    ("medicalcode_normalized", lambda: update(create_code(), code="", normalized="")),
    ("medicalcode_described", lambda: update(create_code(), title="")),
    ("medicalcode_described", lambda: update(create_code(), slug="")),
    ("medicalcode_described", lambda: update(create_code(), long_description="")),
    (
        "medicalcode_ends_after_start",
        lambda: create_code(added=datetime.date(2019, 1, 1), terminated=datetime.date(2018, 12, 31)),
    ),
    ("medicalcode_missing_only_if_listed", lambda: create_code(missing_from=create_release())),
    ("medicalcode_remark_with_source", lambda: create_code(remark="It is billed by the unit.")),
    ("medicalcode_remark_with_source", lambda: create_code(remark_source="CMS update, July 2025")),
    ("codename_once", lambda: create_twice(lambda: create_name(create_code(), "Arzerra"))),
    ("codename_not_blank", lambda: create_name(create_code(), "")),
    ("codename_not_blank", lambda: create_name(create_code(), "Arzerra", source="")),
    ("codename_kind_known", lambda: create_name(create_code(), "Arzerra", kind="slang")),
    ("succession_once", lambda: create_twice(create_succession)),
    ("succession_not_itself", lambda: (code := create_code()) and create_succession(predecessor=code, successor=code)),
    ("succession_source_known", lambda: create_succession(source="rumor")),
    ("release_file_once", lambda: create_twice(create_release)),
    ("release_version_is_year_month", lambda: create_release(version="2025-13")),
    ("release_version_is_year_month", lambda: create_release(version="2025")),
    ("release_version_is_year_month", lambda: create_release(version="25-01")),
    ("release_digest_is_sha256", lambda: create_release(digest="0" * 63)),
    ("release_digest_is_sha256", lambda: create_release(digest="G" * 64)),
    ("codechange_once", lambda: create_twice(create_change)),
    ("codechange_kind_known", lambda: create_change(kind="renamed")),
    ("guide_has_text", lambda: update(create_guide(create_code()), summary="")),
    ("guide_has_source", lambda: update(create_guide(create_code()), sources="")),
    ("guide_unpublished_with_reason", lambda: update(create_guide(create_code()), unpublished_at=NOON)),
    ("guide_unpublished_with_reason", lambda: update(create_guide(create_code()), unpublish_reason="It is wrong.")),
    ("guide_review_is_whole", lambda: update(create_guide(create_code()), reviewed_on=TODAY)),
    ("guide_review_is_whole", lambda: update(create_guide(create_code()), reviewed_by="Jane Roe, MD")),
    ("guide_review_is_whole", lambda: update(create_guide(create_code()), review_due_on=TODAY)),
    (
        "guide_review_is_whole",
        lambda: update(
            create_guide(create_code()),
            reviewed_on=TODAY,
            review_due_on=TODAY,
            reviewed_by="Jane Roe, MD",
            reviewed_text_of=NOON,
        ),
    ),
    (
        "guide_review_is_whole",
        lambda: update(
            create_guide(create_code()), reviewed_on=TODAY, reviewed_by="Jane Roe, MD", reviewed_text_of=NOON
        ),
    ),
    (
        "guide_review_is_whole",
        lambda: update(
            create_guide(create_code()), reviewed_on=TODAY, review_due_on=TODAY + 365 * DAY, reviewed_text_of=NOON
        ),
    ),
    ("guide_review_is_whole", lambda: update(create_guide(create_code()), reviewed_text_of=NOON)),
    (
        "guide_review_is_whole",
        lambda: update(
            create_guide(create_code()), reviewed_on=TODAY, review_due_on=TODAY + 365 * DAY, reviewed_by="Jane Roe, MD"
        ),
    ),
    (
        "guide_changed_after_published",
        lambda: (guide := create_guide(create_code())) and update(guide, changed_at=guide.published_at - DAY),
    ),
    ("guide_has_publisher", lambda: update(create_guide(create_code()), publisher="")),
    ("guidedraft_has_text", lambda: create_draft(create_code(), summary="")),
    ("guidedraft_has_text", lambda: update(create_draft(create_code()), summary="")),
    ("guidedraft_state_known", lambda: update(create_draft(create_code()), state="finished")),
    ("guidedraft_only_approved_go_live", lambda: update(create_draft(create_code()), go_live_at=NOON)),
    ("guidedraft_only_approved_go_live", lambda: update(create_draft(create_code()), approved_by=create_user())),
    ("dailyviews_once", lambda: create_twice(create_views)),
    ("dailyviews_counts_something", lambda: create_views(count=0)),
    ("searchwithoutresult_once", lambda: create_twice(create_search)),
    ("searchwithoutresult_counts_something", lambda: create_search(count=0)),
    ("searchwithoutresult_no_address", lambda: create_search(text="jane@example.org")),
    ("searchwithoutresult_no_address", lambda: create_search(text="")),
    ("releaseupload_has_name", lambda: create_upload(name="")),
    (
        "sheetupload_has_name",
        lambda: SheetUpload.objects.create(name="", label="x", content=b"x", uploaded_by=create_user()),
    ),
    ("codenote_position_once", lambda: create_twice(create_note)),
    ("codenote_not_blank", lambda: create_note(text="")),
    ("codenote_not_blank", lambda: create_note(source="")),
    ("codenote_kind_known", lambda: create_note(kind="excludes3")),
    ("everydayword_once", lambda: create_twice(create_everyday_word)),
    ("everydayword_has_phrase", lambda: create_everyday_word(phrase="")),
    ("everydayword_words_or_code", lambda: create_everyday_word(words="")),
    ("everydayword_words_or_code", lambda: create_everyday_word(code="icd10cm:I21")),
    ("similarcodechoice_once", lambda: create_twice(create_similar_choice)),
    ("similarcodechoice_not_itself", lambda: update(choice := create_similar_choice(), similar=choice.code)),
    ("similarcodechoice_choice_known", lambda: create_similar_choice(choice="perhaps")),
    ("searchname_once", lambda: create_twice(lambda: SearchName.objects.create(entry=get_entry(), key="pad"))),
    ("contentversion_one_row", lambda: ContentVersion.objects.create(pk=2)),
    (
        "misspelling_once",
        lambda: create_twice(lambda: Misspelling.objects.create(word=create_word(), text="ofatumuab")),
    ),
]


def create_note(**fields):
    code = MedicalCode.objects.first() or create_code("I21", "Infarction", system="icd10cm")
    values = {"kind": "includes", "text": "cardiac infarction", "position": 1, "source": "Test", **fields}
    return CodeNote.objects.create(code=code, **values)


def create_everyday_word(**fields):
    return EverydayWord.objects.create(**{"phrase": "heart attack", "words": "myocardial infarction", **fields})


def create_similar_choice(*, choice="pinned"):
    return SimilarCodeChoice.objects.create(code=create_code("J9302"), similar=create_code("J9229"), choice=choice)


def get_entry():
    return SearchEntry.objects.first() or create_code().search_entry


def create_word():
    return Word.objects.create(text="zofatumumab", stem="zofatumumab", frequency=1, is_spelling=True)


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS)
def test_constraint_is_held_by_the_database(constraint, violate):
    assert_refused("procedures", constraint, violate)


def test_every_constraint_is_violated_here():
    assert_all_constraints("procedures", [name for name, _ in VIOLATIONS])


@pytest.mark.parametrize(
    "violate",
    [
        lambda: update(get_system("icd10cm"), slug="hcpcs"),
        lambda: update(get_system("icd10cm"), position=get_system("hcpcs").position),
        lambda: create_twice(lambda: create_guide(create_code())),
        lambda: (code := create_code()) and (create_draft(code), create_draft(code)),
        lambda: SearchEntry.objects.create(id=7, code=create_code()),
        lambda: update(create_code(), system=None),
    ],
    ids=[
        "slug once",
        "position once",
        "one guide a code",
        "one draft a code",
        "one search entry a code",
        "a code has a system",
    ],
)
def test_field_is_held_by_the_database(violate):
    with pytest.raises(IntegrityError), transaction.atomic():
        violate()


def test_system_with_codes_cannot_be_deleted():
    create_code()

    with pytest.raises(models.ProtectedError):
        get_system().delete()


def test_release_that_codes_were_read_from_cannot_be_deleted():
    release = create_release()
    create_code(listed_in=release)

    with pytest.raises(models.ProtectedError):
        release.delete()


def test_deletion_of_a_code_takes_everything_of_it_along():
    code, other = create_code(), create_code("J9303", "Injection, panitumumab, 10 mg")
    create_guide(code)
    create_draft(code)
    create_name(code, "Arzerra")
    create_views(code=code)
    create_change(code=code)
    create_succession(predecessor=code, successor=other)

    code.delete()

    assert list(MedicalCode.objects.all()) == [other]
    for model in (CodeName, Guide, GuideDraft, CodeChange, DailyViews, Succession):
        assert not model.objects.exists()
    assert SearchEntry.objects.count() == 1


def test_deletion_of_a_heading_leaves_its_codes():
    heading = create_code("A00", "Cholera", system="icd10cm", kind="header")
    code = create_code("A00.0", "Cholera due to Vibrio cholerae 01", system="icd10cm", parent=heading)

    heading.delete()
    code.refresh_from_db()

    assert code.parent is None


def test_migrations_make_the_code_systems():
    systems = {system.slug: system for system in CodeSystem.objects.all()}

    assert list(systems) == ["hcpcs", "icd10cm", "icd10pcs", "cpt4", "cdt"]
    assert [slug for slug, system in systems.items() if not system.may_hold_texts] == ["cpt4", "cdt"]
    assert [slug for slug, system in systems.items() if system.code_has_dot] == ["icd10cm"]
    assert systems["hcpcs"].label == "HCPCS code"
    assert Release.objects.count() == 0
