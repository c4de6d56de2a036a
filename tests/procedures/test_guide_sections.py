import pytest

from procedures.guide_sections import SECTIONS, SHARED_LABELS, normalize_label, separate_labels, split_label
from procedures.markdown import Block


def test_sections_have_fields_and_headings_of_the_contract_in_order():
    assert [(section.field, section.heading) for section in SECTIONS] == [
        ("procedure_name", "Name of the Procedure"),
        ("summary", "Summary"),
        ("purpose", "Purpose"),
        ("indications", "Indications"),
        ("preparation", "Preparation"),
        ("procedure_description", "Procedure Description"),
        ("duration", "Duration"),
        ("setting", "Setting"),
        ("personnel", "Personnel"),
        ("risks_and_complications", "Risks and Complications"),
        ("benefits", "Benefits"),
        ("recovery", "Recovery"),
        ("alternatives", "Alternatives"),
        ("patient_experience", "Patient Experience"),
    ]


def test_labels_are_lower_case_and_tell_one_section_only():
    owners = {}
    for section in SECTIONS:
        for label in section.labels:
            assert label == label.lower().strip(" :")
            owners.setdefault(normalize_label(label), set()).add(section.field)

    assert {label: fields for label, fields in owners.items() if len(fields) > 1} == {}


def test_labels_are_told_apart_from_headings():
    headings = {normalize_label(section.heading) for section in SECTIONS}

    assert headings.isdisjoint(normalize_label(label) for section in SECTIONS for label in section.labels)


def test_shared_labels_are_labels_of_a_section():
    labels = {normalize_label(label) for section in SECTIONS for label in section.labels}

    assert labels >= SHARED_LABELS


@pytest.mark.parametrize(
    "spelling",
    [
        "Pre-procedure Instructions:",
        "PRE-PROCEDURE INSTRUCTIONS",
        "**Pre procedure  instructions:**",
        "## Pre‑Procedure Instructions",
    ],
)
def test_normalize_label_makes_spellings_equal(spelling):
    assert normalize_label(spelling) == "pre procedure instructions"


def test_normalize_label_knows_plural_in_parentheses_and_spaced_slashes():
    assert normalize_label("Common Name(s):") == normalize_label("common names")
    assert normalize_label("Technical / Medical Term") == "technical/medical term"
    assert normalize_label("Risks & Complications") == "risks and complications"


@pytest.mark.parametrize(
    ("text", "label", "rest"),
    [
        ("Common Risks:", "Common Risks", ""),
        ("Intravenous Line (IV): A thin tube.", "Intravenous Line (IV)", "A thin tube."),
        ("Medication adjustments: Ask first.", "Medication adjustments", "Ask first."),
        ("The steps are: wash, dry.", "", "The steps are: wash, dry."),
        ("Side effects include: fever.", "", "Side effects include: fever."),
        ("one in two: a ratio", "", "one in two: a ratio"),
        ("Ratio 1:2 is usual", "", "Ratio 1:2 is usual"),
        ("First, note: this", "", "First, note: this"),
        ("A line of seven words or more: no label", "", "A line of seven words or more: no label"),
        ("", "", ""),
    ],
)
def test_split_label_finds_labels_and_leaves_sentences(text, label, rest):
    assert split_label(text) == (label, rest)


def labels_and_texts(*blocks):
    return [(block.kind, block.label, block.text) for block in separate_labels(blocks)]


def test_separate_labels_makes_a_label_at_the_end_of_an_item_lead_a_new_list():
    assert labels_and_texts(Block("bullet", "A sore arm. Rare Risks:"), Block("bullet", "Fainting.")) == [
        ("bullet", "", "A sore arm."),
        ("paragraph", "Rare Risks", ""),
        ("bullet", "", "Fainting."),
    ]


def test_separate_labels_knows_a_lead_without_the_full_stop_before_it():
    assert labels_and_texts(Block("bullet", "A sore arm Rare Risks:"), Block("bullet", "Fainting.")) == [
        ("bullet", "", "A sore arm"),
        ("paragraph", "Rare Risks", ""),
        ("bullet", "", "Fainting."),
    ]


def test_separate_labels_turns_an_item_that_is_only_a_label_into_the_lead_of_the_next():
    assert labels_and_texts(Block("bullet", "Common Risks:"), Block("bullet", "A sore arm.")) == [
        ("paragraph", "Common Risks", ""),
        ("bullet", "", "A sore arm."),
    ]


def test_separate_labels_gives_a_label_within_the_last_item_a_paragraph():
    blocks = labels_and_texts(
        Block("bullet", "Eat lightly."), Block("bullet", "Bring a list. Diagnostic Tests: A scan.")
    )

    assert blocks == [
        ("bullet", "", "Eat lightly."),
        ("bullet", "", "Bring a list."),
        ("paragraph", "Diagnostic Tests", "A scan."),
    ]


def test_separate_labels_gives_a_label_an_item_where_all_items_have_labels():
    blocks = labels_and_texts(
        Block("bullet", "Goals: Less pain. Patient Criteria: Adults."), Block("bullet", "Timeframe: A month.")
    )

    assert blocks == [
        ("bullet", "Goals", "Less pain."),
        ("bullet", "Patient Criteria", "Adults."),
        ("bullet", "Timeframe", "A month."),
    ]


def test_separate_labels_keeps_equipment_out_of_the_numbered_steps():
    blocks = labels_and_texts(
        Block("number", "Cleaning: The skin is cleaned.", 1),
        Block("number", "Closing: The cut is closed. Tools/Equipment: Thread. Anesthesia/Sedation: Local.", 2),
    )

    assert blocks == [
        ("number", "Cleaning", "The skin is cleaned."),
        ("number", "Closing", "The cut is closed."),
        ("paragraph", "Tools/Equipment", "Thread."),
        ("paragraph", "Anesthesia/Sedation", "Local."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Stop the tablets. Note: ask before you do.",  # a remark
        "Given by a Dr. Smith: the surgeon.",  # an abbreviation
        "It hurts. The usual causes are: strain and age.",  # a sentence
        "It is safe. Some people still ask: why?",  # not in title case
    ],
)
def test_separate_labels_leaves_sentences_in_their_item(text):
    assert labels_and_texts(Block("bullet", "First."), Block("bullet", text))[1:] == [("bullet", "", text)]


def test_separate_labels_leaves_a_label_that_each_item_repeats():
    items = [Block("bullet", "A brace. Drawback: It slips."), Block("bullet", "A cast. Drawback: It itches.")]

    assert labels_and_texts(*items) == [(item.kind, "", item.text) for item in items]
