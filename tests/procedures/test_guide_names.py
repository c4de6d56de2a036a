import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.guide_documents import parse_guide
from procedures.guide_names import names_of


def names_in_document(*body: str) -> tuple[tuple[str, str], ...]:
    """The names in a section "Name of the Procedure" that was read from a document."""
    text = "\n".join(["Injection, denosumab, 1 mg", "HCPCS code", "", "Name of the Procedure", *body])
    return names_of(parse_guide(text, file="guide.txt").sections["procedure_name"])


def test_names_of_reads_labeled_names_and_their_kinds():
    names = names_in_document(
        *("", "Common Name(s): Screening colonoscopy; Bowel check with a camera"),
        "Technical/Medical Term: High-risk screening colonoscopy (G0105)",
    )

    assert names == (
        ("common", "Screening colonoscopy"),
        ("common", "Bowel check with a camera"),
        ("technical", "High-risk screening colonoscopy"),
    )


def test_names_of_reads_names_in_a_list_under_their_label():
    assert names_in_document("", "Common Name(s):", "- Bone shot", "- N/A", "Medical Term: Denosumab") == (
        ("common", "Bone shot"),
        ("technical", "Denosumab"),
    )


@pytest.mark.parametrize(
    ("sentence", "names"),
    [
        (
            "Electroencephalography, commonly known as an EEG.",
            (("technical", "Electroencephalography"), ("common", "EEG")),
        ),
        (
            "Denosumab shot, commonly referred to in medical terms as a Subcutaneous Injection of Denosumab (J0897).",
            (("common", "Denosumab shot"), ("technical", "Subcutaneous Injection of Denosumab")),
        ),
        ("Flu shot, also called influenza vaccine.", (("common", "Flu shot"), ("common", "influenza vaccine"))),
        ("This is also known as a flu shot.", (("common", "flu shot"),)),
        ("Denosumab shot.", (("common", "Denosumab shot"),)),
        ("It is given by a nurse.", ()),
        ("A doctor looks at the inside of the large bowel with a thin camera.", ()),
    ],
)
def test_names_of_reads_names_from_prose(sentence, names):
    assert names_in_document(sentence) == names
    assert names_of(sentence) == names


def test_names_of_reads_what_an_editor_writes():
    markdown = (
        "**Common name(s):** knee scope; *keyhole* knee surgery\n\nTechnical or medical term: knee arthroscopy\n\n"
        "- Common name(s): [knee look](https://example.org/)"
    )

    assert names_of(markdown) == (
        ("common", "knee scope"),
        ("common", "keyhole knee surgery"),
        ("technical", "knee arthroscopy"),
        ("common", "knee look"),
    )


def test_names_of_gives_each_name_once_and_takes_no_other_label():
    markdown = "Common name(s): Arzerra; Arzerra; none; N/A; ; Not applicable.\n\nNote: a longer remark"

    assert names_of(markdown) == (("common", "Arzerra"),)


@pytest.mark.parametrize(
    "text", ["", "\n", "\u00a0", "&nbsp;", "**", ":", "___", "Common name(s):", "- ", "Common name(s): ;;"]
)
def test_names_of_finds_none_where_there_is_none(text):
    assert names_of(text) == ()


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="Comn ame(s):;*-\n.,known as", max_size=200))
def test_names_of_reads_any_text(text):
    names = names_of(text)

    assert {kind for kind, _ in names} <= {"common", "technical"}
    assert all(name == name.strip(" .,") != "" for _, name in names)


def test_names_of_example_pages_are_of_both_kinds(seeds_dir):
    for file in sorted(seeds_dir.glob("*.txt")):
        document = parse_guide(file.read_text("utf-8"), file=file.name)

        assert {kind for kind, _ in names_of(document.sections["procedure_name"])} == {"common", "technical"}
