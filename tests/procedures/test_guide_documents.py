import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.guide_documents import GuideDocumentError, parse_guide
from procedures.guide_sections import SECTIONS
from procedures.markdown import plain_text, render

FIELDS = [section.field for section in SECTIONS]

# A capture that lost most of its headings, with labels run into the items before them.
CAPTURED = """\
Search all medical codes

Colorectal cancer screening; colonoscopy on individual at high risk

HCPCS code

Name of the Procedure:

Common Name(s): Screening colonoscopy; Bowel check with a camera
Technical/Medical Term: High-risk screening colonoscopy (G0105)


A doctor looks at the inside of the large bowel with a thin, bendable camera.


Medical Conditions: Growths in the bowel that could turn into cancer.
Goals: Find growths early and take them out.


Symptoms/Conditions: None are needed.
Patient Criteria: People with a close relative who had bowel cancer.


Pre-procedure Instructions:

  • Eat light food the day before.
  • Drink the cleansing solution; the clinic says when. Diagnostic Tests: A blood test for some people.

Procedure Description

  1. Getting Ready: The person lies on the left side.
  2. Looking: The camera is moved forward slowly. Tools/Equipment: Colonoscope. Anesthesia/Sedation: Often a sedative.


Typical Time: About half an hour.


Location: A clinic or a hospital.


Healthcare Professionals:

  • Gastroenterologist: Guides the camera.
  • Nurse: Watches over the person.

Risks and Complications

Common Risks:

  • Bloating, and cramps. Rare Risks:
  • Bleeding.
  • A tear in the bowel wall. Management: Mostly treated at once.


Expected Benefits:

  • Early finding of growths. Timeframe: At once.


Post-procedure Care:

  • Rest for the day. Expected Recovery Time: One day.


Other Treatment Options:

  • Stool test. Pros and Cons:
  • Stool test: Simple, but finds less.

Patient Experience

During the Procedure:

  • Some pressure. After the Procedure:
  • Some gas.

Tell the staff about pain.

Medical Policies and Guidelines for Colorectal cancer screening; colonoscopy on individual at high risk

Related policies from health plans

Colonoscopy (G9999)

Similar Codes

Contact us to learn more

Choose your own adventure


Write to us."""

# A capture with all headings, without blank lines, and with all items labeled.
DENSE = """\
Injection, denosumab, 1 mg
HCPCS code J0897
Name of the Procedure:
Denosumab shot, commonly referred to in medical terms as a Subcutaneous Injection of Denosumab (J0897).
Summary
A medicine for the bones is put under the skin. It’s given twice a year.
Purpose
- Medical Conditions: Weak bones.
- Goals: Fewer broken bones.
Indications
- Symptoms/Conditions: Bones that break easily.
Preparation
- Pre-Procedure Instructions: Take calcium.
- Diagnostic Tests: Calcium in the blood.
Procedure Description
- Administration: The nurse gives the shot.
Duration
A few minutes.
Setting
A doctor’s office.
Personnel
- Healthcare Professionals: A nurse.
Risks and Complications
- Common Risks: Back pain.
Benefits
- Expected Benefits: Stronger bones.
Recovery
- Recovery Time: None.
Alternatives
- Other Treatments: Tablets.
Patient Experience
- During Procedure: A short sting.
"""


def guide(*body, title="Injection, denosumab, 1 mg", label="HCPCS code"):
    return parse_guide("\n".join([title, label, "", *body]), file="guide.txt")


def section(name, *body):
    return guide("Summary", "It helps.", "", name, *body).sections


def words_on_page(markdown):
    return html.unescape(re.sub(r"<[^>]+>", " ", render(markdown))).split()


def words_of(sections):
    return [word for markdown in sections.values() for word in words_on_page(markdown)]


def words_put_in(text):
    """The words of a document between label and closing part, without headings and bullet marks."""
    text = re.split(r"\nMedical Policies and Guidelines for ", text)[0]
    lines = text.split("HCPCS code", 1)[1].split("\n")[1:]
    headings = {section.heading.casefold() for section in SECTIONS}
    kept = [line for line in lines if line.strip().rstrip(":").casefold() not in headings]
    return [word for line in kept for word in re.sub(r"^\s*(•|-|\d+\.)\s", "", line).split()]


def test_parse_guide_reads_title_label_and_codes():
    document = parse_guide(CAPTURED, file="guide.txt")

    assert document.title == "Colorectal cancer screening; colonoscopy on individual at high risk"
    assert document.system_label == "HCPCS code"
    assert document.codes == ("G0105",)


def test_parse_guide_leaves_out_and_lists_the_frame_of_the_page():
    document = parse_guide(CAPTURED, file="guide.txt")

    assert document.left_out[0] == "Search all medical codes"
    assert document.left_out[1].startswith("Medical Policies and Guidelines for Colorectal")
    assert document.left_out[2:] == (
        "Related policies from health plans",
        "Colonoscopy (G9999)",
        "Similar Codes",
        "Contact us to learn more",
        "Choose your own adventure",
        "Write to us.",
    )


def test_parse_guide_tells_sections_by_their_labels_where_headings_are_lost():
    sections = parse_guide(CAPTURED, file="guide.txt").sections

    assert list(sections) == FIELDS
    assert sections["summary"].startswith("A doctor looks")
    assert sections["purpose"] == (
        "**Medical Conditions:** Growths in the bowel that could turn into cancer.\n\n"
        "**Goals:** Find growths early and take them out."
    )
    assert sections["preparation"] == (
        "**Pre-procedure Instructions:**\n\n- Eat light food the day before.\n"
        "- Drink the cleansing solution; the clinic says when.\n\n"
        "**Diagnostic Tests:** A blood test for some people."
    )
    assert sections["procedure_description"] == (
        "1. **Getting Ready:** The person lies on the left side.\n"
        "2. **Looking:** The camera is moved forward slowly.\n\n"
        "**Tools/Equipment:** Colonoscope.\n\n**Anesthesia/Sedation:** Often a sedative."
    )
    assert sections["setting"] == "**Location:** A clinic or a hospital."
    assert sections["risks_and_complications"] == (
        "**Common Risks:**\n\n- Bloating, and cramps.\n\n"
        "**Rare Risks:**\n\n- Bleeding.\n- A tear in the bowel wall.\n\n"
        "**Management:** Mostly treated at once."
    )
    assert sections["alternatives"] == (
        "**Other Treatment Options:**\n\n- Stool test.\n\n"
        "**Pros and Cons:**\n\n- **Stool test:** Simple, but finds less."
    )
    assert sections["patient_experience"].endswith("- Some gas.\n\nTell the staff about pain.")


def test_parse_guide_reads_a_document_without_blank_lines():
    document = parse_guide(DENSE, file="guide.txt")

    assert list(document.sections) == FIELDS
    assert document.codes == ("J0897",)
    assert document.sections["purpose"] == "- **Medical Conditions:** Weak bones.\n- **Goals:** Fewer broken bones."
    assert document.sections["setting"] == "A doctor’s office."
    assert document.left_out == ()


@pytest.mark.parametrize("text", [CAPTURED, DENSE])
def test_parse_guide_loses_no_word_and_keeps_their_order(text):
    assert words_of(parse_guide(text, file="guide.txt").sections) == words_put_in(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("•", "*"),
        lambda text: text.replace("•", "–"),
        lambda text: text.replace("  • ", "•"),
        lambda text: text.replace("• ", "•\n  "),
        lambda text: text.replace("• ", "\u00a0•\u00a0 "),
        lambda text: re.sub(r"(?m)^  (\d)\.", r"\1)", text),
        lambda text: text.replace("Procedure Description\n", "## Procedure Description ##\n"),
        lambda text: text.replace("Procedure Description\n", "**PROCEDURE DESCRIPTION:**\n"),
        lambda text: text.replace("Risks and Complications\n", "risks & complications:\n"),
        lambda text: text.replace("\nCommon Risks:", "\n**Common Risks**:"),
        lambda text: text.replace("\nCommon Risks:", "\n### Common Risks"),
        lambda text: text.replace("Procedure Description\n", "\n"),  # steps that stand alone
        lambda text: text.replace("Risks and Complications\n", "\n").replace("Patient Experience\n", "\n"),
        lambda text: text.replace("Name of the Procedure:\n", ""),
    ],
)
def test_parse_guide_reads_other_spellings_of_the_same_document_alike(change):
    assert change(CAPTURED) != CAPTURED
    assert parse_guide(change(CAPTURED), file="guide.txt") == parse_guide(CAPTURED, file="guide.txt")


def test_parse_guide_joins_wrapped_lines_and_keeps_blocks_apart():
    sections = section("Recovery", "Rest for", "one day.", "", "Then walk.", "- Drink", "  Water often.", "- Eat.")

    assert sections["recovery"] == "Rest for one day.\n\nThen walk.\n\n- Drink Water often.\n- Eat."


def test_parse_guide_keeps_the_number_of_a_list_that_goes_on():
    sections = section("Procedure Description", "1. Wash.", "2. Cut. Tools/Equipment: A knife.", "3. Close.")

    assert sections["procedure_description"] == "1. Wash.\n2. Cut.\n\n**Tools/Equipment:** A knife.\n\n3. Close."


@pytest.mark.parametrize(
    "line", ["2019. It was", "0.1 mg is", "18) Years", "# One", "*Two", "_Three_", "<b>Four", "> 5", "[x]: y", "&lt;"]
)
def test_parse_guide_shows_what_markdown_would_misread_as_it_was_written(line):
    wrapped = section("Recovery", "It was approved in", line)["recovery"]

    assert plain_text(wrapped) == f"It was approved in {line}"
    assert render(wrapped).startswith("<p>It was approved in ")
    assert plain_text(section("Recovery", f"- {line}")["recovery"]) == line


def test_parse_guide_reads_a_ruled_line_as_a_blank_one():
    assert section("Recovery", "Rest.", "---", "Walk.", "* * *")["recovery"] == "Rest.\n\nWalk."


def test_parse_guide_leaves_a_label_in_its_section_where_the_other_has_a_heading():
    sections = section("Preparation", "Location: Bring a map.", "", "Setting", "A clinic.")

    assert sections["preparation"] == "**Location:** Bring a map."
    assert sections["setting"] == "A clinic."


def test_parse_guide_passes_over_a_label_that_points_too_far_ahead():
    sections = section(
        *("Procedure Description", "During the Procedure:", "", "- Lie still.", "", "Typical Time: An hour.", ""),
        *("Location: A clinic.", "", "During the Procedure:", "", "- Some pressure."),
    )

    assert sections["procedure_description"] == "**During the Procedure:**\n\n- Lie still."
    assert sections["duration"] == "**Typical Time:** An hour."
    assert sections["patient_experience"] == "**During the Procedure:**\n\n- Some pressure."


def test_parse_guide_never_opens_a_section_from_within_a_list_or_paragraph():
    sections = section("Procedure Description", "1. Location: The arm.", "2. Closing: A stitch.", "Risks: Few.")

    assert list(sections) == ["summary", "procedure_description"]


def test_parse_guide_reads_a_heading_with_its_text_on_the_same_line():
    sections = guide("Summary: It helps.", "", "Duration: An hour.", "", "Recovery:", "", "Duration: A day.").sections

    assert sections == {"summary": "It helps.", "duration": "An hour.", "recovery": "**Duration:** A day."}


def test_parse_guide_takes_the_unlabeled_paragraph_after_the_names_as_summary():
    sections = guide("Name of the Procedure", "Denosumab shot.", "", "It helps.", "", "Purpose", "Bones.").sections

    assert sections == {"procedure_name": "Denosumab shot.", "summary": "It helps.", "purpose": "Bones."}


def test_parse_guide_leaves_out_sections_without_text():
    assert guide("Summary", "Purpose", "Bones.").sections == {"purpose": "Bones."}


def test_parse_guide_reads_sources_and_does_not_take_codes_from_them():
    document = guide(
        "Summary", "See M81.0.", "", "Sources", "- CMS file J1111", "- Drug label", "", "Similar Codes", "J2222"
    )

    assert document.sources == ("CMS file J1111", "Drug label")
    assert document.codes == ("M81.0",)
    assert document.left_out == ("Similar Codes", "J2222")


@pytest.mark.parametrize(
    ("line", "label", "codes"),
    [
        ("HCPCS code", "HCPCS code", ()),
        ("HCPCS code J0897", "HCPCS code", ("J0897",)),
        ("ICD-10-CM code E11.9", "ICD-10-CM code", ("E11.9",)),
        ("ICD-10-CM code: I10", "ICD-10-CM code", ("I10",)),
        ("J0897", "", ("J0897",)),
    ],
)
def test_parse_guide_reads_the_system_label_with_or_without_code(line, label, codes):
    document = guide("Summary", "It helps.", label=line)

    assert (document.title, document.system_label, document.codes) == ("Injection, denosumab, 1 mg", label, codes)


def test_parse_guide_finds_codes_in_order_without_lookalikes():
    text = "Was C9028 (see J9229, M81.0 and C9028), not J92290, XJ9229, D1234, W1234, B12.Then or 1.A10.0."

    assert guide("Summary", text).codes == ("C9028", "J9229", "M81.0")


def test_a_sentence_about_policies_is_no_closing_part():
    sections = section("Alternatives", "Medical policies and guidelines for this drug differ.", "", "Ask.")

    assert sections["alternatives"] == "Medical policies and guidelines for this drug differ.\n\nAsk."


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "empty"),
        (" \n\t\r\n", 1, "empty"),
        ("Title\n\x00\x01", 2, "not plain text"),
        ("Title\nSummary\nText \ufffd", 3, "not plain text"),
        ("Title\nSome prose.\nMore of it.", 1, "no section"),
        ("Summary\nIt helps.", 1, "no title"),
        ("HCPCS code\n\nSummary\nIt helps.", 3, "no title"),
        ("Title\nHCPCS code\nHome > Codes\nSummary\nIt helps.", 3, "belongs nowhere"),
        ("Title\nSummary\nIt helps.\nPurpose\nBones.\nSummary\nAgain.", 6, "line 2 already"),
        ("Title\nSummary\nIt helps.\nSimilar Codes\nPurpose\nBones.", 5, "after the end"),
        ("Title\nSummary\n\nPurpose", 2, "no text"),
        ("Title\nSummary\n" + "It helps. " * 30_000, 1, "at most"),
        ("Related policies from health plans", 1, "no section"),
    ],
)
def test_parse_guide_refuses_what_is_no_guide_and_says_where(text, line, message):
    with pytest.raises(GuideDocumentError, match=message) as error:
        parse_guide(text, file="guide.txt")

    assert (error.value.file, error.value.line) == ("guide.txt", line)
    assert str(error.value).startswith(f"guide.txt, line {line}: ")


WORDS = [
    "pain",
    "in",
    "0.1",
    "5%",
    "e.g.",
    "(mild)",
    "arm/leg",
    "at",
    "10:30",
    "*star*",
    "_low_",
    "a_b",
    "<b>",
    "&amp;",
]
WORDS += ["“soft”", "it's", "[x](y)", "`c`", "x\\", "#7", "–", "2.", "https://example.org/", "R&D;", "MRI", "no:", "!"]
SENTENCES = st.builds(
    lambda first, words, end: " ".join([first, *words]) + end,
    st.sampled_from(
        ["Rest", "Patients", "*Most", "_Some_", "<i>All", "#Two", "“Few", "2024.", "[See]", "&lt;", "~~~", "="]
    ),
    st.lists(st.sampled_from(WORDS), max_size=6),
    st.sampled_from([".", "!", "", ")"]),
)
LABELS = st.sampled_from(["Management:", "Diagnostic Tests:", "Tools and Wires (IV):", "Day 1:", "After care at home:"])
TEXTS = st.lists(st.one_of(SENTENCES, st.builds("{} {}".format, LABELS, SENTENCES)), min_size=1, max_size=3).map(
    " ".join
)
ITEMS = st.lists(
    st.builds(lambda text, label: f"{text} {label}".strip(), TEXTS, st.just("") | LABELS), min_size=1, max_size=4
)
MARKS = st.sampled_from(["•", "  • ", "- ", "* ", "– ", "{}. ", " {}) "])
BODIES = st.lists(st.one_of(TEXTS, LABELS, st.tuples(MARKS, ITEMS)), min_size=1, max_size=4)
HEADINGS = st.sampled_from(["{}", "{}:", "## {}", "**{}**", "  {} "])


@st.composite
def documents(draw):
    """Draw the text of a guide and the words that each of its sections has to hold."""
    dense = draw(st.booleans())
    lines, words = ["Title", "HCPCS code"], {}
    for number in sorted(draw(st.sets(st.integers(1, 13), min_size=2))):
        section, body = SECTIONS[number], draw(BODIES)
        heading = draw(HEADINGS).format(draw(st.sampled_from([section.heading, section.heading.upper()])))
        label = draw(st.sampled_from(section.labels)).capitalize() + ":"
        has_heading = draw(st.booleans())
        lines += [heading if has_heading else label] if dense else ["", heading if has_heading else label, ""]
        words[section.field] = [] if has_heading else label.split()
        for part in body:
            mark, items = part if isinstance(part, tuple) else ("", [part])
            lines += [mark.format(at) + item for at, item in enumerate(items, start=1)] + ([] if dense else [""])
            words[section.field] += " ".join(items).split()
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines), words


@settings(deadline=None)
@given(documents())
def test_parse_guide_puts_all_words_of_any_document_into_their_sections(document):
    text, words = document

    sections = parse_guide(text, file="guide.txt").sections

    assert {field: words_on_page(markdown) for field, markdown in sections.items()} == words


@settings(deadline=None)
@given(st.text(alphabet="Sumary:\n -•1.*#Goals", max_size=200) | st.text(max_size=200))
def test_parse_guide_reads_any_text_or_refuses_it(text):
    try:
        document = parse_guide(f"Title\nSummary\n{text}", file="guide.txt")
    except GuideDocumentError:
        return
    assert document.title == "Title"


def seed_texts(folder):
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}
    assert len(texts) >= 2
    return texts


def test_example_pages_are_read_without_loss(seeds_dir):
    for name, text in seed_texts(seeds_dir).items():
        document = parse_guide(text, file=name)

        assert list(document.sections) == FIELDS
        assert words_of(document.sections) == words_put_in(text)
        assert document.left_out[0] == "Search all medical codes"


def test_example_pages_have_each_label_under_its_heading(seeds_dir):
    for name, text in seed_texts(seeds_dir).items():
        sections = parse_guide(text, file=name).sections
        for section in SECTIONS:
            for label in re.findall(r"\*\*(.+?):\*\*", sections[section.field]):
                owners = [other.field for other in SECTIONS if label.casefold() in other.labels]
                assert owners in ([], [section.field]), label
