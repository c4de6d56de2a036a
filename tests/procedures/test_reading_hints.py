import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.guide_documents import parse_guide
from procedures.guide_sections import SECTIONS
from procedures.reading_hints import (
    ReadingHints,
    count_syllables,
    mentions_retirement,
    near_duplicates,
    reading_grade,
    similarity,
    sketch,
    unfinished_marks,
    words_in,
)

# The same texts are put before static/js/guide_editor.js by tests/browser/test_guide_editor_script.py.
EXAMPLES = json.loads(Path(__file__).with_name("reading_hints.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["text"][:30])
def test_examples_have_the_hints_that_the_script_gives_them(example):
    text = example["text"]

    assert words_in(text) == example["words"]
    assert reading_grade(text) == example["grade"]
    assert unfinished_marks(text) == example["unfinished"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("- \n\n***", 0),
        ("**Bring:** a [list](/codes/) of *all* medicines", 6),
        ("10,000 units of J3420 (0.5 mg)", 6),
        ("a follow-up of the patient’s heart/lungs – again", 8),
    ],
)
def test_words_are_counted_without_marks(text, words):
    assert words_in(text) == words


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("the", 1),
        ("10", 1),
        ("日本", 1),
        ("nurse", 1),
        ("nurses", 2),
        ("needed", 2),
        ("stopped", 1),
        ("muscles", 2),
        ("people", 2),
        ("diabetes", 4),
        ("leukemia", 4),
        ("medication", 4),
        ("experience", 4),
        ("diarrhea", 4),
        ("reaction", 3),
        ("quality", 3),
        ("E11.9", 1),
    ],
)
def test_syllables_are_counted(word, count):
    assert count_syllables(word) == count


def test_grade_is_that_of_the_formula():
    # 30 words of one syllable in 3 sentences: 0.39 * 10 + 11.8 * 1 - 15.59 = 0.11.
    sentence = "You may feel a small pinch when the shot starts."
    assert reading_grade(" ".join([sentence] * 3)) == 0.1
    # 30 words of two syllables in one sentence: 0.39 * 30 + 11.8 * 2 - 15.59 = 19.71.
    assert reading_grade("doctor " * 30) == 19.7


def test_items_of_a_list_are_sentences_of_their_own():
    items = ["your glasses and your hearing aids", "a list of your pills and drops"] * 3

    assert reading_grade("\n".join(f"- {item}" for item in items)) < reading_grade(", ".join(items)) - 5


def test_short_text_has_no_grade_and_no_text_is_below_grade_0():
    assert reading_grade("Take the pill. " * 9) is None
    assert reading_grade("Go on. " * 30) == 0.0


def test_grade_of_the_example_pages_is_near_that_of_another_implementation(seeds_dir):
    # Measured when the site was designed, with a count of syllables that knows fewer exceptions.
    measured = {"000_": 9.9, "001_": 10.5}
    for beginning, grade in measured.items():
        [path] = seeds_dir.glob(f"{beginning}*.txt")
        sections = parse_guide(path.read_text(encoding="utf-8"), file=path.name).sections
        assert ReadingHints.of(sections).reading_grade == pytest.approx(grade, abs=1.0)


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("TODO: the dose. FIXME. It lasts TBD.", ["TODO", "FIXME", "TBD"]),
        ("Todo, TODO and TODO again", ["Todo", "TODO"]),
        ("Lorem ipsum dolor", ["Lorem ipsum"]),
        ("It takes XXX hours, or more???", ["XXX", "???"]),
        ("Ask [name] of \\[your clinic\\], or [call", ["[name]", "[your clinic]", "[call"]),
        ("Antibody-drug conjugate C9028). See also (E11.9 and so on.", ["C9028)", "(E11.9"]),
    ],
)
def test_unfinished_marks_are_found_as_they_are_written(text, marks):
    assert unfinished_marks(text) == marks


@pytest.mark.parametrize(
    "text",
    [
        "",
        "See [our page](/codes/) and [another](https://example.org/a_(b)).",
        "As studies show [1], [2, 3] and [4–6].",
        "A conjugate (C9028), or ((J9229)), or (see E11.9, too).",
        "Either a) one or b) two.",
        "Karyotype 47, XXX and 48,XXXX",
        "What now? Really?!",
        "A mastodon is to be counted.",
    ],
)
def test_finished_texts_have_no_marks(text):
    assert unfinished_marks(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "This code was retired on 31 December 2018.",
        "The code C9028 (Injection, inotuzumab ozogamicin, 0.1 mg) was replaced by J9229.",
        "It has been **replaced** by [HCPCS code J9229](/code/hcpcs/J9229).",
        "C9028 ended on 31 December 2018.",
        "This code is no\nlonger used.",
        "C9028 is no longer a valid code.",
        "Note: this is a discontinued code.",
        "Codes C9028 and C9029 have been deleted.",
        "- E11.90: deleted in 2016",
    ],
)
def test_retirement_of_the_code_is_found(text):
    assert mentions_retirement(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Your old knee is replaced with one of metal and plastic.",
        "Use this code when a hip is replaced.",
        "The code for a pump that was replaced.",
        "The catheter is no longer used once the wound has closed.",
        "If B12 shots are discontinued, call your doctor.",
        "The code has not been replaced.",
        "The infusion has ended. The code is J9302.",
        "The tube is replaced by a nurse.",
    ],
)
def test_retirement_of_anything_else_is_not(text):
    assert not mentions_retirement(text)


def prose(seed, words=600):
    source = random.Random(seed)
    return " ".join(f"word{source.randrange(5_000)}" for _ in range(words))


def test_sketch_can_be_stored_as_json():
    values = sketch(prose(1))

    assert len(values) == 64
    assert values == sorted(set(values))
    assert all(0 <= value < 2**53 for value in values)
    assert json.loads(json.dumps(values)) == values


def test_sketch_is_the_same_in_another_process():
    program = "from procedures.reading_hints import sketch; print(sketch('Rest for one day at home.'))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert json.loads(run.stdout) == sketch("Rest for one day at home.")


def test_sketch_minds_neither_case_nor_marks():
    assert sketch("**Rest** for *one* day, at [home](/)") == sketch("rest for one\nday at home")
    assert sketch("") == []
    assert len(sketch("Rest")) == 1


def test_similarity_is_exact_for_short_texts():
    # Sequences: "a b c", "b c d" and "c d e" against "b c d", "c d e" and "d e f".
    assert similarity(sketch("a b c d e"), sketch("b c d e f")) == 0.5
    assert similarity(sketch("a b c"), sketch("a b c")) == 1.0
    assert similarity(sketch("a b c"), sketch("d e f")) == 0.0
    assert similarity([], []) == 0.0


@pytest.mark.parametrize(("changed", "least", "most"), [(0, 1, 1), (6, 0.9, 1), (200, 0.31, 0.69), (600, 0, 0)])
def test_similarity_is_near_the_true_one(changed, least, most):
    # 200 words of 600 that are changed at the beginning leave 398 sequences of 798 in all.
    words = prose(1).split()
    others = [*(f"new{number}" for number in range(changed)), *words[changed:]]

    assert least <= similarity(sketch(" ".join(words)), sketch(" ".join(others))) <= most


def test_near_duplicates_are_the_pairs_that_are_alike():
    text, other = prose(1), prose(2)
    sketches = {
        30: sketch(text),
        10: sketch(f"{text} and one more sentence"),
        20: sketch(other),
        40: sketch(text),
        50: [],
        60: [],
    }

    pairs = near_duplicates(sketches)

    assert [(first, second) for first, second, _ in pairs] == [(10, 30), (10, 40), (30, 40)]
    assert pairs[2] == (30, 40, 1.0)
    assert all(alike == similarity(sketches[first], sketches[second]) for first, second, alike in pairs)


@given(st.lists(st.frozensets(st.integers(0, 12), max_size=8), max_size=12), st.sampled_from([0.3, 0.5, 0.9, 1.0]))
def test_near_duplicates_are_those_that_comparing_all_pairs_finds(sets, threshold):
    sketches = {key: sorted(values) for key, values in enumerate(sets)}

    expected = [
        (first, second, alike)
        for first in sketches
        for second in sketches
        if first < second and (alike := similarity(sketches[first], sketches[second])) >= threshold
    ]

    assert near_duplicates(sketches, threshold) == expected


def test_thousands_of_texts_that_share_phrases_are_compared_with_few(monkeypatch):
    source = random.Random(1)
    phrases = source.sample(range(2**53), 50)
    sketches = {key: sorted([*phrases, *source.sample(range(2**53), 14)]) for key in range(2_000)}
    sketches[2_000] = sketches[7]
    comparisons = []
    monkeypatch.setattr(
        "procedures.reading_hints.similarity", lambda one, other: comparisons.append(1) or similarity(one, other)
    )

    assert near_duplicates(sketches) == [(7, 2_000, 1.0)]
    assert len(comparisons) == 1


def test_thousands_of_equal_texts_end():
    pairs = near_duplicates(dict.fromkeys(range(2_000), sketch(prose(1))))

    assert {second for _, second, _ in pairs} == set(range(1, 2_000))
    assert len(pairs) <= 2_000 * 20


def test_hints_of_a_guide():
    texts = {section.field: f"Text of {section.field.replace('_', ' ')}." for section in SECTIONS}
    texts |= {"duration": "  \n", "setting": "-", "recovery": "TODO", "sources": "- A label, [title]"}
    texts |= {"purpose": "This code was retired in 2018.", "summary": prose(1)}

    hints = ReadingHints.of(texts)

    assert [section.field for section in hints.empty_sections] == ["duration", "setting"]
    assert hints.unfinished == ["TODO", "[title]"]
    assert hints.mentions_retirement
    assert hints.word_count == sum(words_in(text) for field, text in texts.items() if field != "sources")
    assert hints.reading_grade == reading_grade("\n\n".join(texts[section.field] for section in SECTIONS))
    assert hints.sketch == sketch("\n\n".join(texts[section.field] for section in SECTIONS))


def test_hints_of_a_guide_without_text():
    hints = ReadingHints.of({})

    assert hints == ReadingHints(
        word_count=0,
        reading_grade=None,
        empty_sections=list(SECTIONS),
        unfinished=[],
        mentions_retirement=False,
        sketch=[],
    )


@given(st.text())
def test_any_text_has_hints(text):
    ReadingHints.of({"summary": text, "sources": text})


@pytest.mark.parametrize("unit", [".", "! ", "(", "[", "C9028)", "code ", "retired ", "a-", "replaced by "])
def test_long_repetitive_text_has_hints(unit):
    text = f"{'some words and more ' * 10}{unit * (50_000 // len(unit))}"

    assert ReadingHints.of({"summary": text}).word_count >= 40
