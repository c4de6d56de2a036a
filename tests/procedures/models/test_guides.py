import datetime

import pytest

from procedures.guide_sections import SECTIONS
from procedures.models import Guide, TransitionRefused
from procedures.models.search_entries import ContentVersion
from procedures.search import search
from tests.factories import create_code, create_draft, create_guide, create_release, create_user, get_system
from tests.pages import read_page

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
TODAY = NOON.date()
DAY = datetime.timedelta(days=1)


def publish(code, *, now=NOON, **texts):
    draft = create_draft(code, **texts)
    draft.submit(by=None)
    draft.approve(by=None)
    return draft.publish(by=None, now=now)


def review(guide, on=TODAY, **fields):
    fields = {"reviewer": "Jane Roe, MD", "due": on + 365 * DAY, "by": None, **fields}
    guide.mark_reviewed(on=on, today=TODAY, **fields)


def codes_of(guides) -> set[str]:
    return {guide.code.code for guide in guides}


def found(text: str) -> list[str]:
    return [row["code"] for row in search(text, [get_system("hcpcs")]).rows]


def page_of(client, code):
    return read_page(client.get(code.get_absolute_url()))


# What the public reads


def test_public_sections_follow_the_order_of_the_contract():
    guide = create_guide(create_code(), **{section.field: section.field for section in reversed(SECTIONS)})

    assert [section["heading"] for section in guide.public_sections()] == [
        *("Name of the Procedure", "Summary", "Purpose", "Indications", "Preparation", "Procedure Description"),
        *("Duration", "Setting", "Personnel", "Risks and Complications", "Benefits", "Recovery", "Alternatives"),
        "Patient Experience",
    ]
    assert guide.public_sections()[9]["anchor"] == "risks-and-complications"


def test_public_sections_carry_their_own_sources():
    draft = create_draft(create_code(), summary="First.", purpose="Second.")
    draft.section_sources = {"purpose": "A *textbook*"}
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)

    sections = draft.publish(by=None).public_sections()

    assert [section["sources"] for section in sections] == ["", "<p>A <em>textbook</em></p>"]


def test_every_section_is_a_field_of_the_guide():
    fields = {field.name for field in Guide._meta.get_fields()}

    assert len(SECTIONS) == 14
    assert {section.field for section in SECTIONS} <= fields


def test_guide_leads_to_the_page_of_its_code():
    code = create_code()
    guide = create_guide(code)

    assert guide.get_absolute_url() == code.get_absolute_url()
    assert str(guide) == f"Guide of {code}"


# Lists


def test_published_and_newest_leave_drafts_and_unpublished_guides_out():
    codes = [create_code(f"J000{number}") for number in range(5)]
    create_draft(codes[0])
    for day, code in enumerate(codes[1:]):
        publish(code, now=NOON + day * DAY)
    Guide.objects.get(code=codes[4]).unpublish(reason="It is wrong.", by=None)

    assert [guide.code.code for guide in Guide.objects.published().newest(2)] == ["J0003", "J0002"]
    assert Guide.objects.published().count() == 3
    assert [guide.is_published for guide in Guide.objects.order_by("code")] == [True, True, True, False]


def test_review_overdue_begins_the_day_after_it_was_due():
    due = [TODAY - DAY, TODAY, TODAY + DAY]
    for number, day in enumerate(due):
        guide = publish(create_code(f"J000{number}"), now=NOON - 800 * DAY)
        review(guide, on=TODAY - 400 * DAY, due=day)
    publish(create_code("J0003"))
    off = publish(create_code("J0004"), now=NOON - 800 * DAY)
    review(off, on=TODAY - 400 * DAY, due=TODAY - DAY)
    off.unpublish(reason="It is wrong.", by=None)

    assert codes_of(Guide.objects.review_overdue(TODAY)) == {"J0000"}
    assert [guide.is_overdue(TODAY) for guide in Guide.objects.order_by("code")[:4]] == [True, False, False, False]
    assert codes_of(Guide.objects.never_reviewed()) == {"J0003"}


def test_lists_of_what_is_to_be_mended_hold_public_guides_only():
    hard = "Immunological hypersensitivity necessitates interdisciplinary reevaluation of pharmaceutical alternatives. "
    whole = {section.field: "A text." for section in SECTIONS}
    publish(create_code("J0000"), **whole)
    publish(create_code("J0001"), **(whole | {"summary": "TODO: ask [name]."}))
    publish(create_code("J0002"), **(whole | {"summary": hard * 8}))
    publish(create_code("J0003"), summary="One section.")
    off = publish(create_code("J0004"), summary=f"TODO {hard * 8}")
    off.unpublish(reason="It is wrong.", by=None)
    create_draft(create_code("J0005"), summary=f"TODO {hard * 8}")

    assert codes_of(Guide.objects.unfinished()) == {"J0001"}
    assert codes_of(Guide.objects.hard_to_read()) == {"J0002"}
    assert codes_of(Guide.objects.with_empty_sections()) == {"J0003"}
    assert Guide.objects.get(code__code="J0003").empty_sections == 13


def test_silent_on_retirement_lists_guides_of_retired_codes_that_do_not_say_so():
    publish(create_code("J0000"))
    publish(create_code("J0001", terminated=TODAY - DAY))
    publish(create_code("J0002", terminated=TODAY))
    publish(create_code("J0003", terminated=TODAY - DAY), summary="This code is retired.")
    publish(create_code("J0004", listed_in=create_release(), missing_from=create_release(version="2025-04")))
    publish(create_code("M54", "Dorsalgia", system="icd10cm", kind="header", terminated=TODAY - DAY))

    assert codes_of(Guide.objects.of_retired_codes(TODAY)) == {"J0001", "J0003", "J0004"}
    assert codes_of(Guide.objects.silent_on_retirement(TODAY)) == {"J0001", "J0004"}


def test_near_duplicates_are_pairs_of_public_guides_that_are_alike():
    text = " ".join(f"word{number}" for number in range(300))
    one = publish(create_code("J0000"), summary=text)
    other = publish(create_code("J0001"), summary=f"{text} and more")
    publish(create_code("J0002"), summary="Quite another text, which has its own words.")
    publish(create_code("J0003"), summary=text).unpublish(reason="It is wrong.", by=None)

    [(first, second, alike)] = Guide.objects.near_duplicates()

    assert (first, second) == (one.pk, other.pk)
    assert 0.9 <= alike <= 1


# Taking a guide off its page


def test_unpublish_takes_the_guide_off_page_and_search_and_keeps_its_text(client):
    code, editor = create_code(), create_user("reviewer")
    guide = create_guide(code, procedure_name="Common name(s): chest drip", summary="A medicine for leukemia.")
    version = ContentVersion.objects.get().number

    guide.unpublish(reason="  A reader found a mistake. ", by=editor, now=NOON)

    guide.refresh_from_db()
    assert (guide.unpublished_at, guide.unpublish_reason) == (NOON, "A reader found a mistake.")
    assert not guide.is_published
    assert guide.summary == "A medicine for leukemia."
    assert "leukemia" not in page_of(client, code).text
    assert found("leukemia") == []
    assert ContentVersion.objects.get().number > version
    [row, _] = guide.history.all()
    assert (row.history_user, row.history_change_reason) == (editor, "Unpublished: A reader found a mistake.")
    assert row.summary == "A medicine for leukemia."


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_unpublish_needs_a_reason(reason):
    guide = create_guide(create_code(), summary="A medicine for leukemia.")

    with pytest.raises(TransitionRefused, match="Say why"):
        guide.unpublish(reason=reason, by=None)

    guide.refresh_from_db()
    assert guide.is_published
    assert found("leukemia") == ["J9302"]


def test_unpublish_twice_is_refused_and_keeps_the_first_reason():
    guide = create_guide(create_code())
    same = Guide.objects.get()
    guide.unpublish(reason="First.", by=None)

    with pytest.raises(TransitionRefused, match="not public"):
        same.unpublish(reason="Second.", by=None)

    assert Guide.objects.get().unpublish_reason == "First."
    assert guide.history.count() == 2


@pytest.mark.parametrize(
    "step",
    [lambda guide: guide.unpublish(reason="It is wrong.", by=None), review],
    ids=["unpublish", "mark_reviewed"],
)
def test_steps_of_a_guide_that_was_deleted_are_refused(step):
    guide = create_guide(create_code())
    Guide.objects.all().delete()

    with pytest.raises(TransitionRefused, match="deleted meanwhile"):
        step(guide)

    assert not Guide.objects.exists()


# The review of a clinician


def test_mark_reviewed_records_day_reviewer_and_next_day():
    guide, editor = publish(create_code()), create_user("reviewer")
    version = ContentVersion.objects.get().number

    review(guide, due=TODAY + 365 * DAY, reviewer=" Jane Roe, MD ", by=editor)

    guide.refresh_from_db()
    assert (guide.reviewed_on, guide.reviewed_by, guide.review_due_on) == (TODAY, "Jane Roe, MD", TODAY + 365 * DAY)
    assert not guide.was_changed_since_review
    assert guide.changed_at == NOON
    assert ContentVersion.objects.get().number > version
    row = guide.history.first()
    assert (row.history_user, row.history_change_reason) == (editor, "Reviewed by Jane Roe, MD")
    assert row.reviewed_on == TODAY


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reviewer": "  "}, "Name the clinician"),
        ({"on": TODAY + DAY}, "has not come yet"),
        ({"on": TODAY - DAY}, "changed after that day"),
        ({"due": TODAY}, "due after this one"),
        ({"due": TODAY - DAY}, "due after this one"),
    ],
)
def test_mark_reviewed_refuses_what_is_no_review(fields, message):
    guide = publish(create_code())

    with pytest.raises(TransitionRefused, match=message):
        review(guide, **fields)

    guide.refresh_from_db()
    assert (guide.reviewed_on, guide.reviewed_by, guide.review_due_on) == (None, "", None)
    assert guide.history.count() == 1


def test_mark_reviewed_refuses_a_guide_that_is_not_public():
    guide = publish(create_code())
    guide.unpublish(reason="It is wrong.", by=None)

    with pytest.raises(TransitionRefused, match="Only a public guide"):
        review(guide)


def test_review_of_a_text_that_was_changed_later_is_told():
    code = create_code()
    review(publish(code))
    guide = publish(code, summary="Another text.", now=NOON + DAY)

    assert guide.was_changed_since_review
    assert (guide.reviewed_on, guide.reviewed_by) == (TODAY, "Jane Roe, MD")
