"""The script of the form in which guides are written, in a form of its own under the site's policy for scripts."""

import html
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

EXAMPLES = json.loads(Path(__file__).parents[1].joinpath("procedures/reading_hints.json").read_text(encoding="utf-8"))

EASY = "You may feel a small pinch when the shot starts. "
HARD = "A multidisciplinary consideration of individual hypersensitivity necessitates observation. " * 4


@pytest.fixture
def open_form(page):
    """A function that opens a page with a form of the given HTML and the script."""

    def open_form(fields, before=""):
        page.goto("/")
        page.set_content(
            f"""<!doctype html><html lang="en"><title>Form</title>
            <meta http-equiv="Content-Security-Policy" content="script-src 'self'; style-src 'self'">
            {before}<form action="/codes/">{fields}<button>Save</button></form>
            <script src="/static/js/guide_editor.js"></script></html>"""
        )
        return page

    return open_form


def textarea(name="summary", text="", attributes=""):
    return f'<textarea id="{name}" name="{name}" data-reading-hints {attributes}>\n{html.escape(text)}</textarea>'


def line(words, grade, unfinished):
    """What the script says of a text whose hints are known."""
    parts = [f"{words} word{'' if words == 1 else 's'}"]
    if grade is not None:
        parts[0] += f", reading grade {grade:.1f}" + (", harder than grade 9" if grade > 9 else "")
    if unfinished:
        parts.append("Unfinished: " + ", ".join(unfinished[:5]) + (" and 1 more" if len(unfinished) == 6 else ""))
    return ". ".join(parts)


def test_hints_are_those_of_the_site(open_form):
    page = open_form("".join(textarea(f"t{number}", each["text"]) for number, each in enumerate(EXAMPLES)))

    assert page.locator("output.reading-hints").all_text_contents() == [
        line(each["words"], each["grade"], each["unfinished"]) for each in EXAMPLES
    ]


def test_hints_follow_the_typing(open_form):
    page = open_form(textarea(text="TODO") + textarea("purpose", "Two words"))
    hints = page.locator("output.reading-hints")
    expect(hints).to_have_text(["1 word. Unfinished: TODO", "2 words"])

    page.locator("#summary").fill("Three words now")

    expect(hints).to_have_text(["3 words", "2 words"])


def test_hints_belong_to_their_field_and_are_not_announced(open_form):
    page = open_form(
        '<div class="flex-container"><label for="summary">Summary</label>'
        + textarea(attributes='aria-describedby="help"')
        + '</div><p id="help">What it is</p>'
    )
    hints = page.locator("output")

    expect(page.locator("#summary")).to_have_attribute("aria-describedby", "help summary-reading-hints")
    expect(hints).to_have_attribute("aria-live", "off")
    expect(hints).to_have_attribute("for", "summary")
    expect(page.locator(".flex-container + output")).to_be_visible()


def test_hard_text_is_said_to_be_hard_until_it_is_easier(open_form):
    page = open_form(textarea(text=HARD))
    hints = page.locator("output")
    expect(hints).to_contain_text("harder than grade 9")
    expect(hints).to_have_class("reading-hints is-hard")

    page.locator("#summary").fill(EASY * 3)

    expect(hints).to_have_text("30 words, reading grade 0.1")
    expect(hints).to_have_class("reading-hints")


def test_total_is_that_of_all_texts(open_form):
    page = open_form(
        textarea("summary", EASY * 2) + textarea("purpose", EASY * 2) + "<textarea>Not counted</textarea>",
        before="<output data-reading-hints-total></output>",
    )
    total = page.locator("[data-reading-hints-total]")
    expect(total).to_have_text("40 words, reading grade 0.1")
    expect(total).to_have_attribute("aria-live", "off")

    page.locator("#purpose").fill("Two words")

    expect(total).to_have_text("22 words")


@pytest.mark.parametrize(
    ("limit", "length", "said"),
    [
        ('maxlength="100"', 90, False),
        ('maxlength="100"', 91, "9 characters left"),
        ('maxlength="100"', 99, "1 character left"),
        ('data-longest="100"', 100, "0 characters left"),
        ('data-longest="100"', 1350, "1,250 characters too many"),
        ("", 1350, False),
    ],
)
def test_room_is_told_when_little_is_left(open_form, limit, length, said):
    page = open_form(textarea(text="w" * length, attributes=limit))

    expect(page.locator("output")).to_have_text(f"1 word. {said}" if said else "1 word")


@pytest.fixture
def questions(page):
    """The kinds of questions that the browser has asked; each is answered with yes."""
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    return asked


CHOICES = '<select id="code" name="code"><option value="1">One</option><option value="2">Two</option></select>'


def type_more(page):
    page.locator("#summary").press_sequentially("x")


def type_and_take_back(page):
    type_more(page)
    page.locator("#summary").press("Backspace")


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (type_more, ["beforeunload"]),
        (lambda page: page.locator("#mine").check(), ["beforeunload"]),
        (lambda page: page.locator("#code").select_option("2"), ["beforeunload"]),
        (lambda page: page.locator("#summary").click(), []),
        (type_and_take_back, []),
    ],
    ids=["text", "checkbox", "choice", "nothing", "taken back"],
)
def test_leaving_is_asked_about_only_with_unsaved_changes(open_form, questions, change, asked):
    page = open_form(textarea(text="A text") + '<input type="checkbox" id="mine" name="mine">' + CHOICES)
    page.locator("#summary").click()  # a browser asks nothing before the first click
    change(page)

    page.goto("/codes/")

    assert questions == asked


def test_leaving_a_refused_form_is_asked_about(open_form, questions):
    page = open_form('<p class="errornote">Please correct the error below.</p>' + textarea(text="Typed before"))
    page.locator("#summary").click()

    page.goto("/codes/")

    assert questions == ["beforeunload"]


def test_saving_asks_nothing(open_form, questions):
    page = open_form(textarea(text="A text"))
    type_more(page)

    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/codes/?summary=*")

    assert questions == []


def test_preview_in_another_window_does_not_count_as_saving(open_form, questions):
    page = open_form(textarea(text="A text") + '<button formtarget="_blank">Preview</button>')
    type_more(page)
    with page.context.expect_page():
        page.get_by_role("button", name="Preview").click()
    assert questions == []

    page.goto("/codes/")

    assert questions == ["beforeunload"]


def test_page_without_texts_of_a_guide_is_left_alone(open_form, questions):
    page = open_form('<textarea id="summary" name="summary"></textarea>')
    type_more(page)
    expect(page.locator("output")).to_have_count(0)

    page.goto("/codes/")

    assert questions == []
