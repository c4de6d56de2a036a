import datetime

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.models import CodeName, MedicalCode
from procedures.models.codes import SLUG_LENGTH, TITLE_LENGTH, make_slug, make_title, normalize
from tests.factories import create_code, create_draft, create_guide, create_name, create_release, create_user

DAY = datetime.timedelta(days=1)
TODAY = datetime.date(2025, 3, 1)


# Titles and slugs


@pytest.mark.parametrize("text", ["", "Injection, ofatumumab, 10 mg", "x" * TITLE_LENGTH])
def test_make_title_keeps_a_short_description(text):
    assert make_title(text) == text


def test_make_title_cuts_at_a_word():
    title = make_title("word " * 100)

    assert title.endswith("word…")
    assert 140 < len(title) <= TITLE_LENGTH


def test_make_title_cuts_a_word_that_is_longer_than_a_title():
    assert make_title("x" * 4500) == "x" * (TITLE_LENGTH - 1) + "…"


def test_make_title_ends_without_a_comma():
    assert make_title("a" * 100 + ", " + "b" * 100) == "a" * 100 + "…"


@settings(deadline=None)
@given(st.text(max_size=400) | st.text(alphabet="ab ,-é", min_size=140, max_size=400))
def test_make_title_fits_any_description(text):
    title = make_title(text)

    assert len(title) <= TITLE_LENGTH
    assert title == text or title.endswith("…")
    assert text.startswith(title.removesuffix("…"))


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Injection, ofatumumab, 10 mg", "injection-ofatumumab-10-mg"),
        ("Injection, inotuzumab ozogamicin, 0.1 mg", "injection-inotuzumab-ozogamicin-01-mg"),
        ("Mature T/NK-cell lymphomas", "mature-tnk-cell-lymphomas"),
        ("Ménière's disease", "menieres-disease"),
        ("***", "code"),
        ("", "code"),
        ("日本語", "code"),
        ("- _ -", "code"),
        ("a" * 200, "a" * SLUG_LENGTH),
        ("a" * 79 + " b", "a" * 79),
        ("a" * 78 + " b", "a" * 78 + "-b"),
        ("a" * 80 + " b", "a" * 80),
        ("word " * 40, "-".join(["word"] * 16)),
    ],
)
def test_make_slug_follows_the_rule_of_the_addresses(title, slug):
    assert make_slug(title) == slug


@settings(deadline=None)
@given(st.text(max_size=400) | st.text(alphabet="ab -_.,é%/?#", max_size=200))
def test_make_slug_is_safe_in_an_address(title):
    slug = make_slug(title)

    assert 0 < len(slug) <= SLUG_LENGTH
    assert slug.isascii()
    assert slug.replace("-", "").replace("_", "").isalnum()
    assert make_slug(slug) == slug


@pytest.mark.parametrize(
    ("spelling", "normalized"),
    [("J9302", "J9302"), ("j9302", "J9302"), (" J 9302 ", "J9302"), ("J-9302", "J9302"), ("c84.02", "C8402"), ("", "")],
)
def test_normalize_makes_spellings_equal(spelling, normalized):
    assert normalize(spelling) == normalized


@settings(deadline=None)
@given(st.text())
def test_normalize_of_a_normalized_code_changes_nothing(text):
    once = normalize(text)

    assert normalize(once) == once


# Status and validity


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "active"),
        ({"terminated": TODAY}, "active"),
        ({"terminated": TODAY - DAY}, "retired"),
        ({"terminated": TODAY + DAY}, "active"),
        ({"missing_from_id": 1}, "retired"),
        ({"kind": "header"}, "header"),
        ({"kind": "header", "terminated": TODAY - DAY}, "header"),
        ({"kind": "modifier"}, "active"),
        ({"kind": "modifier", "terminated": TODAY - DAY}, "retired"),
    ],
)
def test_status_on_a_day(fields, status):
    assert MedicalCode(**fields).status_on(TODAY) == status


@pytest.mark.django_db
@pytest.mark.time_machine("2025-03-01T12:00:00+00:00", tick=False)
def test_status_is_told_alike_by_a_code_and_a_queryset():
    create_code("J0001")
    create_code("J0002", terminated=TODAY)
    create_code("J0003", terminated=TODAY - DAY)
    create_code("J0004", listed_in=create_release(), missing_from=create_release(version="2025-04"))
    create_code("M54", "Dorsalgia", system="icd10cm", kind="header", terminated=TODAY - DAY)

    retired, in_use = MedicalCode.objects.retired(), MedicalCode.objects.in_use()

    assert {code.code for code in retired} == {"J0003", "J0004"}
    assert {code.code for code in in_use} == {"J0001", "J0002"}
    assert {code.status for code in retired} == {"retired"}
    assert {code.status for code in in_use} == {"active"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "is_missing", "states"),
    [
        ({}, False, {"2017-12-31": "unknown", "2018-01-01": "valid", "2025-01-01": "valid"}),
        (
            {"added": datetime.date(2011, 1, 1)},
            False,
            {"2010-12-31": "not-yet", "2011-01-01": "valid", "2017-12-31": "valid", "2025-01-01": "valid"},
        ),
        (
            {"added": datetime.date(2018, 7, 1), "terminated": datetime.date(2018, 12, 31)},
            False,
            {"2018-06-30": "not-yet", "2018-07-01": "valid", "2018-12-31": "valid", "2019-01-01": "ended"},
        ),
        (
            {"terminated": datetime.date(2018, 12, 31)},
            False,
            {"2017-12-31": "unknown", "2018-12-31": "valid", "2019-01-01": "ended"},
        ),
        (
            {},
            True,
            {"2017-12-31": "unknown", "2019-01-01": "valid", "2019-01-02": "unknown", "2020-01-01": "ended"},
        ),
        (
            {"terminated": datetime.date(2019, 6, 30)},
            True,
            {"2019-06-30": "valid", "2019-07-01": "ended", "2020-01-01": "ended"},
        ),
        ({"kind": "header"}, False, {"2017-12-31": "header", "2018-01-01": "header", "2025-01-01": "header"}),
    ],
)
def test_validity_for_a_date_of_service(fields, is_missing, states):
    """The releases are those of January 2018, 2019 and 2020; a missing code is not in the last of them."""
    releases = [create_release(version=f"{year}-01") for year in (2018, 2019, 2020)]
    code = create_code(
        first_listed_in=releases[0],
        listed_in=releases[1] if is_missing else releases[2],
        missing_from=releases[2] if is_missing else None,
        **fields,
    )

    answers = {day: code.validity(datetime.date.fromisoformat(day)).state for day in states}

    assert answers == states


# Queries


@pytest.mark.django_db
def test_in_range_compares_beginnings_and_leaves_modifiers_out():
    for code in ("A0999", "A1001", "A8999", "A9001"):
        create_code(code)
    create_code("A1", "Dressing for one wound", kind="modifier")

    assert [code.code for code in MedicalCode.objects.in_range("A1", "A8").order_by("code")] == ["A1001", "A8999"]


@pytest.mark.django_db
def test_ancestors_come_topmost_first_and_children_in_order():
    top = create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    middle = create_code("M54.1", "Radiculopathy", system="icd10cm", kind="header", parent=top)
    code = create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm", parent=middle)
    create_code("M54.12", "Radiculopathy, cervical region", system="icd10cm", parent=middle)

    assert code.ancestors() == [top, middle]
    assert top.ancestors() == []
    assert [child.code for child in middle.children_in_order()] == ["M54.12", "M54.16"]
    assert code.get_absolute_url() == "/code/icd10cm/M54.16-radiculopathy-lumbar-region"
    assert str(code) == "M54.16 Radiculopathy, lumbar region"


@pytest.mark.django_db
def test_with_and_without_guide_part_the_codes_and_leave_headings_out():
    create_guide(create_code("J0000"))
    create_guide(create_code("J0001")).unpublish(reason="It is wrong.", by=None)
    create_draft(create_code("J0002"))
    create_code("J0003", terminated=TODAY)
    create_code("M54", "Dorsalgia", system="icd10cm", kind="header")

    assert {code.code for code in MedicalCode.objects.with_guide()} == {"J0000"}
    assert {code.code for code in MedicalCode.objects.without_guide()} == {"J0001", "J0002", "J0003"}


# Remarks and names


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"remark": "Billed by the unit."}, {"remark_source": "CMS update, July 2025"}])
def test_remark_and_its_source_come_together(fields):
    code = create_code()
    for name, value in fields.items():
        setattr(code, name, value)

    with pytest.raises(ValidationError, match="A remark needs its source, and a source its remark"):
        code.full_clean()


@pytest.mark.django_db
def test_change_of_a_remark_has_a_history_without_official_facts():
    code, editor = create_code(), create_user()
    code.remark, code.remark_source = "Billed by the unit.", "CMS update, July 2025"
    code._history_user = editor
    code.save()

    row = code.history.first()
    assert (row.remark, row.remark_source, row.history_user) == (code.remark, code.remark_source, editor)
    assert not hasattr(row, "long_description")


def names_of(code) -> list[tuple[str, str, str]]:
    return sorted(code.names.values_list("kind", "text", "source"))


@pytest.mark.django_db
def test_follow_guide_adds_and_removes_names_of_the_guide_only():
    code, other = create_code(), create_code("J9303")
    create_name(code, "Arzerra", source="ASP crosswalk")
    create_name(other, "chest drip", kind="common", source="Guide")
    CodeName.objects.follow_guide(code, [("common", "chest drip"), ("technical", "infusion"), ("brand", "Arzerra")])
    assert names_of(code) == [
        ("brand", "Arzerra", "ASP crosswalk"),
        ("common", "chest drip", "Guide"),
        ("technical", "infusion", "Guide"),
    ]

    CodeName.objects.follow_guide(code, [("common", "infusion"), ("common", "infusion")])
    assert names_of(code) == [("brand", "Arzerra", "ASP crosswalk"), ("common", "infusion", "Guide")]
    assert names_of(other) == [("common", "chest drip", "Guide")]


@pytest.mark.django_db
def test_follow_guide_cuts_names_that_are_too_long_and_keeps_what_is_the_same():
    code = create_code()
    long = [("common", "x" * 400), ("common", "x" * 300 + "y")]
    CodeName.objects.follow_guide(code, long)
    held = list(code.names.values())

    CodeName.objects.follow_guide(code, long)

    assert [row["text"] for row in held] == ["x" * 300]
    assert list(code.names.values()) == held


@pytest.mark.django_db
def test_follow_guide_writes_the_history_of_each_name():
    code, editor = create_code(), create_user()
    CodeName.objects.follow_guide(code, [("common", "chest drip")], by=editor)
    CodeName.objects.follow_guide(code, [], by=editor)

    rows = CodeName.history.order_by("history_id").values_list("text", "history_type", "history_user")
    assert list(rows) == [("chest drip", "+", editor.pk), ("chest drip", "-", editor.pk)]


@pytest.mark.parametrize("source", ["Guide", "guide", " GUIDE "])
def test_source_of_names_from_guides_is_reserved_however_it_is_written(source):
    with pytest.raises(ValidationError, match="made when a guide is published"):
        CodeName(kind="common", text="chest drip", source=source).clean()


def test_source_that_speaks_of_a_guide_is_not_reserved():
    CodeName(kind="common", text="chest drip", source="Guide of the maker").clean()


def test_make_title_cuts_before_a_word_that_does_not_fit():
    description = "a" * 74 + " " + "b" * 75 + " more words"

    assert make_title(description) == "a" * 74 + "…"


def test_make_title_keeps_a_word_that_just_fits():
    description = "a" * 74 + " " + "b" * 74 + " more words"

    assert make_title(description) == "a" * 74 + " " + "b" * 74 + "…"
