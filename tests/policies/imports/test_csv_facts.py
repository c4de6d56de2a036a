import pytest

from policies.imports.csv_facts import read_day, read_facts, read_kind, read_prior_authorization


@pytest.mark.parametrize(
    "text",
    [
        *("2025-01-31", "01/31/2025", "1/31/2025", "31-Jan-2025", "31-JAN-2025", "January 31, 2025", "Jan 31, 2025"),
        *("Jan. 31 2025", "31 January 2025", "20250131", " 2025-1-31\u00a0"),
    ],
)
def test_day_is_read_in_every_format(text):
    assert read_day(text) == "2025-01-31"


def test_september_is_read_by_each_of_its_abbreviations():
    assert {read_day(f"{month} 1, 2025") for month in ("Sep", "Sept", "Sept.", "September")} == {"2025-09-01"}


@pytest.mark.parametrize("text", ["", " ", "NA", "n/a", "N/A", "-", "—"])
def test_no_day_is_none(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2025-02-30", "there is no day “2025-02-30”"),
        ("13/31/2025", "there is no day “13/31/2025”"),
        ("31/01/2025", "there is no day “31/01/2025”"),
        ("31-Foo-2025", "there is no day “31-Foo-2025”"),
        ("00000000", "there is no day “00000000”"),
        ("0000-01-01", "there is no day"),
        ("1899-12-31", "“1899-12-31” is not between 1900 and 2100"),
        ("9999-12-31", "“9999-12-31” is not between 1900 and 2100"),
        ("01/31/25", "is no day that can be read: write it as 2025-01-31 or 01/31/2025 (month first)"),
        ("31-Jan-25", "is no day that can be read"),
        ("45688", "is no day that can be read"),
        ("soon", "“soon” is no day that can be read"),
        ("٢٠٢٥-٠١-٣١x", "is no day that can be read"),
        ("9" * 5000, "is no day that can be read"),
    ],
)
def test_what_is_no_day_is_a_problem(text, problem):
    with pytest.raises(ValueError, match=r"day|not between") as error:
        read_day(text)

    assert problem in str(error.value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auth-needed", "auth-needed"),
        ("Required", "auth-needed"),
        ("YES", "auth-needed"),
        ("PA  required", "auth-needed"),
        ("needed", "auth-needed"),
        ("No-Auth", "no-auth"),
        ("not required", "no-auth"),
        ("No", "no-auth"),
        ("none needed", "no-auth"),
        ("conditional", "conditional"),
        ("performpa", "performpa"),
        ("satisfied", "satisfied"),
        ("", "unknown"),
        ("N/A", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_prior_authorization_is_read_by_its_words(text, expected):
    assert read_prior_authorization(text) == expected


def test_unknown_word_for_prior_authorization_is_a_problem_that_lists_the_words():
    with pytest.raises(ValueError, match=r"“maybe” is none of these: required, yes, .*, no, .*conditional, unknown"):
        read_prior_authorization("maybe")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(
            ("", "payer-policy"),
            ("Payer Policy", "payer-policy"),
            ("LCD", "lcd"),
            ("ncd", "ncd"),
            ("Article", "article"),
        ),
        ("Local Coverage Determination", "lcd"),
    ],
)
def test_kind_is_read_by_its_word_or_name(text, kind):
    assert read_kind(text) == kind


def test_unknown_kind_is_a_problem_that_lists_the_kinds():
    with pytest.raises(ValueError, match="“bulletin” is none of these: payer-policy, ncd, lcd, article"):
        read_kind("bulletin")


def test_facts_are_those_of_the_columns_that_are_there():
    facts, problems, notes = read_facts({"plan": "Example", "title": "Ofatumumab", "status": "", "codes": "J9302"})

    assert facts == {"title": "Ofatumumab", "status": "unknown"}
    assert (problems, notes) == ([], [])


def test_all_facts_are_read():
    facts, problems, _ = read_facts(
        {
            "title": "Billing of  ofatumumab",
            "url": "https://plan.example/1",
            "effective_date": "01/31/2025",
            "last_reviewed": "N/A",
            "retired_date": "20260101",
            "status": "Active",
            "article_type": "billing and coding article",
            "summary": "First line\r\nSecond line",
        }
    )

    assert facts == {
        "title": "Billing of ofatumumab",
        "url": "https://plan.example/1",
        "effective": "2025-01-31",
        "last_reviewed": None,
        "retired": "2026-01-01",
        "status": "active",
        "article_type": "billing-and-coding",
        "summary": "First line\nSecond line",
    }
    assert problems == []


def test_every_bad_cell_is_a_problem_that_names_its_column():
    _, problems, _ = read_facts({"title": "T", "effective_date": "soon", "status": "maybe", "article_type": "letter"})

    assert [problem.partition(":")[0] for problem in problems] == ["effective_date", "status", "article_type"]


def test_html_becomes_text_with_a_note():
    facts, problems, notes = read_facts(
        {
            "title": "<b>Arzerra&#174;</b> &amp; others<script>alert(1)</script>",
            "summary": "<p>One <i>word</i>.</p><script>alert(1)</script><ul><li>Item</li></ul>",
        }
    )

    assert facts["title"] == "Arzerra® & others"
    assert "One word." in facts["summary"]
    assert "Item" in facts["summary"]
    assert "alert" not in str(facts)
    assert "<" not in str(facts)
    assert problems == []
    assert notes == ["title: HTML was turned into text", "summary: HTML was turned into text"]


@pytest.mark.parametrize("title", ["ANC < 500 & rising", "R&D; 3 > 2", "A <5 b"])
def test_title_without_html_is_kept_as_it_is(title):
    assert read_facts({"title": title})[::2] == ({"title": title}, [])


# Made here, so that no number stands in a file.
NUMBER = "9" * 5


def test_licensed_number_at_the_end_of_a_title_is_left_out_with_a_note():
    facts, problems, notes = read_facts({"title": f"Ofatumumab (CPT code {NUMBER})"})

    assert facts["title"] == "Ofatumumab"
    assert (problems, notes) == ([], ["title: a CPT or CDT number was left out"])


def test_title_that_says_a_licensed_number_is_a_problem():
    facts, problems, _ = read_facts({"title": f"{NUMBER} Infusion"})

    assert "title" not in facts
    assert problems == ["title: it holds what looks like a CPT or CDT number, which may not be kept: leave it out"]


def test_sentences_with_a_licensed_number_are_left_out_of_a_summary():
    facts, _, notes = read_facts({"summary": f"Covered. Bill {NUMBER} for it. Ask first.\nSecond line."})

    assert facts["summary"] == "Covered. Ask first.\nSecond line."
    assert notes == ["summary: sentences with a CPT or CDT number were left out"]
