import re
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import procedures.demonstration
from procedures.guide_documents import parse_guide
from procedures.markdown import Block, compose, escape, markdown_of, plain_text, render


def tags(html):
    return set(re.findall(r"<(\w+)", html))


@pytest.mark.parametrize("text", ["", " ", "\n\n \n"])
def test_empty_text_renders_to_nothing(text):
    assert render(text) == ""
    assert plain_text(text) == ""


def test_render_gives_paragraphs_lists_and_emphasis():
    html = render("**Goals:** less *pain*\n\n- one\n- two\n\n1. first\n2. second")

    assert html == (
        "<p><strong>Goals:</strong> less <em>pain</em></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        "<ol>\n<li>first</li>\n<li>second</li>\n</ol>"
    )


def test_render_keeps_the_number_with_which_a_list_begins():
    assert '<ol start="3">' in render("3. third\n4. fourth")


def test_render_links_by_https_mail_and_telephone_without_opener():
    html = render("[site](https://example.org/a) [mail](mailto:a@example.org) [call](tel:+15550100) [code](/codes/)")

    for href in ("https://example.org/a", "mailto:a@example.org", "tel:+15550100", "/codes/"):
        assert f'<a href="{href}" rel="noopener">' in html


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java&#115;cript:alert(1)",
        "&#x6A;avascript:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/png;base64,AAAA",
        "file:///etc/passwd",
        "http://example.org/",
        "ftp://example.org/",
        "//example.org/",
    ],
)
def test_render_makes_no_link_to_other_schemes(target):
    for text in (f"[text]({target})", f"<{target}>", f"[text]: {target}\n\n[text]", f"![text]({target})"):
        assert "href" not in render(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "text <b onclick=alert(1)>bold</b>",
        "<iframe src='https://example.org'></iframe>",
        "<!-- comment -->",
        "<svg/onload=alert(1)>",
        "- <style>*{}</style>",
        '<a href="https://example.org" onmouseover="alert(1)">x</a>',
    ],
)
def test_render_shows_html_as_text(text):
    html = render(text)

    assert tags(html) <= {"p", "ul", "li"}
    assert "&lt;" in html


def test_render_shows_no_image():
    assert tags(render("![alt](https://example.org/i.png)")) == {"p", "a"}


def test_render_drops_link_titles():
    assert render('[a](https://example.org "onmouseover=alert(1)")') == (
        '<p><a href="https://example.org" rel="noopener">a</a></p>'
    )


@pytest.mark.parametrize(
    "text",
    ["# heading", "heading\n===", "heading\n---", "> quote", "---", "***", "```\ncode\n```", "    code", "`code`"],
)
def test_render_knows_no_headings_quotes_rules_or_code(text):
    assert tags(render(text)) == {"p"}
    assert render(text).count("code") == text.count("code")


def test_link_definitions_do_not_vanish():
    assert plain_text("[1]: https://example.org") == "[1]: https://example.org"


def test_plain_text_has_the_words_without_marks_one_block_a_line():
    text = "**Goals:** less *pain* & [more](https://example.org)\nsleep\n\n1. a\\\n   b\n2. 5 < 6"

    assert plain_text(text) == "Goals: less pain & more sleep\na b\n5 < 6"


@pytest.mark.parametrize(
    "text",
    [
        "# not a heading",
        "#1 cause",
        "- not an item",
        "+ not an item",
        "* not an item",
        "18. not an item",
        "18) not an item",
        "2024. A year",
        "> 5 mg",
        "--- rule",
        "===",
        "~~~",
        "5 * 3 * 2 and *stars*",
        "_under_ __double__ snake_case",
        "<b>bold</b> <https://example.org> 5 < 6",
        "&amp; &#35; &nbsp; R&D;",
        "[text](https://example.org) ![alt](x) [1]: y",
        "`code` ``",
        "back\\slash \\* end\\",
        "“quotes” ‘single’ don't",
    ],
)
def test_escape_shows_exactly_what_was_written(text):
    assert plain_text(escape(text)) == text
    assert tags(render(escape(text))) == {"p"}
    assert plain_text(compose([Block("bullet", text)])) == text
    assert tags(render(compose([Block("bullet", text)]))) == {"ul", "li"}


@pytest.mark.parametrize("text", ["Plain prose, 0.1 mg (daily).", "snake_case", "5 < 6 & more", "it's 3/4 - or so"])
def test_escape_leaves_plain_text_as_it_is(text):
    assert escape(text) == text


LINES = st.lists(
    st.text(st.sampled_from("ab1 .)-+*_#<>[]()!&;:`\\~=|\"'/é“"), min_size=1, max_size=12)
    .map(lambda text: " ".join(text.split()))
    .filter(bool),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(LINES, st.sampled_from(["paragraph", "bullet", "number"]), st.sampled_from(["", "Label", "La_bel (s)"]))
def test_compose_loses_no_character(lines, kind, label):
    markdown = compose([Block(kind, line, number=1, label=label) for line in lines])

    assert plain_text(markdown).split("\n") == [f"{label}: {line}" if label else line for line in lines]


@settings(deadline=None)
@given(st.text(max_size=200))
def test_render_gives_only_the_allowed_tags(text):
    assert tags(render(text)) <= {"p", "ul", "ol", "li", "strong", "em", "a", "br"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "One paragraph\nof two lines.\n\nAnother one.",
        "a\\\nb",
        "**Goals:** less *pain* & 5 < 6, **very *much* less**",
        "- one\n- two\n  - three\n\n+ another list",
        "- one\n\n  still one\n\n- two",
        "3. three\n4. four\n   - five\n\n1) one",
        "[site](https://example.org/a?b=1&c=%20) and [mail **us**](mailto:a@example.org)",
        "\\*no\\* emphasis, \\[no link](x), snake_case",
        "\\- no item\n18\\. no item",
    ],
)
def test_markdown_of_gives_the_text_as_it_is_usually_written(text):
    assert markdown_of(render(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "__strong__ _em_ ***both*** _**both**_ *a **b***",
        "a**b**c*d*e",
        "(*“a”*)*b* &#97;**(b)**&#99;",
        "[refused](http://example.org/) <https://example.org/a_(b)?c=d&amp;e> [](/codes/)",
        "- - a\n  - b\n+ c\n* d",
        "- a\n  1. b\n\n     c\n- \n- d",
        "-\n\n-\n\n\N{NO-BREAK SPACE}",
        "999999999. a\n1. b",
        "&#32;a&#32;\n&#32;b&#10;&#10;c  \n&nbsp;",
        "&amp;lt; &amp;#35; \\\\ \\` `a`",
    ],
)
def test_markdown_of_renders_to_the_same_html(text):
    html = render(text)

    assert render(markdown_of(html)) == html


def test_markdown_of_restores_the_guides_of_the_demonstration():
    files = sorted((Path(procedures.demonstration.__file__).parent / "guides").glob("*.txt"))
    assert files
    for file in files:
        document = parse_guide(file.read_text(), file=file.name)
        sources = "\n".join(f"- {source}" for source in document.sources)
        for text in [*document.sections.values(), sources]:
            assert render(markdown_of(render(text))) == render(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_markdown_of_any_text_renders_to_the_same_html(text):
    html = render(text)

    assert render(markdown_of(html)) == html


MARKS = ["*", "**", "_", "__", "[", "](/a_(b)", ")", "- ", "  - ", "+ ", "1. ", "3) ", "\n", "\n\n", "\\", "\\\n"]
WORDS = ["a", "b1", " ", ".", "(", "]", "é", "“", "<", "&", "&#32;", "#", "`", "\N{NO-BREAK SPACE}", "\x1c"]
EMPHASIS_IN_EMPHASIS = re.compile(r"<(em|strong)>(?:(?!</\1>).)*<(em|strong)>", re.DOTALL)


@settings(deadline=None)
@given(st.lists(st.sampled_from(MARKS + WORDS), max_size=25).map("".join))
def test_markdown_of_any_marks_keeps_the_words_and_all_marks_that_are_not_nested(text):
    html = render(text)
    again = render(markdown_of(html))

    if EMPHASIS_IN_EMPHASIS.search(html):
        assert words_of(again) == words_of(html)
    else:
        assert again == html


def test_markdown_of_keeps_the_words_of_marks_a_thousand_deep():
    html = render("*" * 2_000 + "a\\\nb" + "*" * 2_000)

    assert words_of(render(markdown_of(html))) == words_of(html) == "a\nb"


def words_of(html):
    return unescape(re.sub(r"<[^>]+>", "", html))
