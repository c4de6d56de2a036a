import pytest
from django.template.loader import render_to_string

from procedures.instructional_notes import notes_of
from procedures.models import CodeNote, MedicalCode
from tests.factories import create_code

pytestmark = pytest.mark.django_db

SOURCE = "ICD-10-CM tabular list, April 2026"


def create_note(code: MedicalCode, kind: str, text: str, position: int) -> CodeNote:
    return CodeNote.objects.create(code=code, kind=kind, text=text, position=position, source=SOURCE)


@pytest.fixture
def leukemia():
    """A code with a note, below a heading with three of two kinds."""
    heading = create_code("C91", "Lymphoid leukemia", system="icd10cm", kind="header")
    code = create_code("C91.1", "Chronic leukemia of B-cell type", system="icd10cm", parent=heading)
    create_note(heading, "includes", "examples", 1)
    create_note(heading, "excludes1", "personal history of leukemia (Z85.6)", 2)
    create_note(heading, "excludes1", "viral infection (A80-B09), other (I21.-)", 3)
    create_note(code, "excludes1", "lymphoma (C83.0-)", 1)
    return code


def texts_of(group) -> list[str]:
    return ["".join(part.text for part in note) for note in group.notes]


def urls_of(groups) -> dict[str, str]:
    return {part.text: part.url for group in groups for note in group.notes for part in note if part.url}


def test_own_notes_come_first_then_those_of_headings_in_official_order(leukemia):
    groups = notes_of(leukemia, leukemia.ancestors())

    assert [(group.label, group.holder, texts_of(group)) for group in groups] == [
        ("Excludes 1", None, ["lymphoma (C83.0-)"]),
        ("Includes", leukemia.parent, ["examples"]),
        (
            "Excludes 1",
            leukemia.parent,
            ["personal history of leukemia (Z85.6)", "viral infection (A80-B09), other (I21.-)"],
        ),
    ]


def test_codes_in_parentheses_that_are_held_are_links(leukemia):
    for code in ("A80", "B09", "I21", "C83.0"):
        create_code(code, "Held", system="icd10cm")
    urls = urls_of(notes_of(leukemia, leukemia.ancestors()))

    assert list(urls) == ["C83.0-", "A80", "B09", "I21.-"]
    assert urls["I21.-"] == "/code/icd10cm/I21-held"


def test_words_outside_of_parentheses_are_no_codes():
    code = create_code("D51", "Anemia", system="icd10cm")
    create_code("B12", "Held", system="icd10cm")
    create_note(code, "note", "deficiency of vitamin B12 (in blood)", 1)

    assert urls_of(notes_of(code, [])) == {}


def test_any_code_needs_two_queries_at_most(leukemia, django_assert_num_queries):
    code = MedicalCode.objects.with_page_data().get(pk=leukemia.pk)
    headings = code.ancestors()
    other = MedicalCode.objects.with_page_data().get(pk=create_code().pk)

    with django_assert_num_queries(2):
        notes_of(code, headings)
    with django_assert_num_queries(1):
        assert notes_of(other, []) == []


def test_page_explains_each_kind_and_names_heading_and_source(leukemia):
    create_note(leukemia, "code-first", "<b>disease</b>", 2)
    html = render_to_string(
        "procedures/_instructional_notes.html", {"groups": notes_of(leukemia, leukemia.ancestors())}
    )

    assert '<h2 id="coding-notes">Coding notes</h2>' in html
    assert "Never coded together with this" in html
    assert "comes before this one" in html
    assert "&lt;b&gt;disease&lt;/b&gt;" in html
    assert 'of <a href="/code/icd10cm/C91-lymphoid-leukemia">C91' in html
    assert html.count(SOURCE) == 1


def test_page_of_a_code_without_notes_says_nothing():
    assert not render_to_string("procedures/_instructional_notes.html", {"groups": []}).strip()
