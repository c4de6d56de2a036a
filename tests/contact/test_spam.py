"""What a text looks like decides whether the team is told of it at once; what it is about never does."""

import pytest

from contact.spam import THRESHOLD, Verdict, judge

QUESTIONS = [
    "Is J9302 covered by Aetna? See https://example.com/policy/123",
    "Does Medicare pay for Viagra (sildenafil) after prostate surgery?",
    "Which code is right for insulin pens, and which for weight loss drugs such as semaglutide (Ozempic, Wegovy)?",
    "Cialis, Xanax, tramadol, oxycodone and testosterone: do these need prior authorization?",
    "We compare these: https://a.example/1 and www.b.example/2, and wonder which of them the plan follows now.",
    "PPARγ, TNFα and IFN-γ assays, 5 μg/mL: one code or three?",
    "¿Cubre Medicare la inyección de ofatumumab?",
    "هل يغطي التأمين هذا الدواء؟",
    "Покрывает ли страховка ofatumumab?",
    "オファツムマブは保険適用ですか",
    "J9302?",
    "?",
    "Codes: J9302\nCodes: J9303\nCodes: J9304\n\nThank you\n" + "-" * 60,
    "The MRI of 2026-01-02 was denied!!!!!!!!!! Whyyyyy?",
    "Our site links to yours. Do you have a policy on search engine results? We use Google.",
    "Patients with <50 kg: is <b>bold</b> advice given? a < b and c > d",
    "x" * 9,
    "",
]
SPAM = [
    "https://spam.example/a",
    "http://a.example http://b.example\nwww.c.example",
    "Buy now [url=https://spam.example]here[/url]",
    "[LINK]spam[/LINK]",
    'Click <a href="https://spam.example">here</a>',
    "<A  class=x HREF='https://spam.example'>",
    "We offer SEO services and backlinks that bring your site to the first page of Google.",
    "Best casino and sports betting: guest post on your blog, high domain authority",
    "hTxSvKfHuWNOpjN",
    "Good offers\n" + "\n".join(f"Read https://spam.example/{number} now" for number in range(9)),
    "<script>alert(1)</script> <script> aaaaaaaaaaaaaaaaaaaa",
]


@pytest.mark.parametrize("text", QUESTIONS)
def test_question_reaches_the_team(text):
    verdict = judge(text, name="Kim Lee", organization="Example Clinic, https://clinic.example")

    assert not verdict.is_spam, verdict
    assert verdict.score <= 2


@pytest.mark.parametrize("text", SPAM)
def test_spam_is_held_back_with_reasons(text):
    verdict = judge(text, name="Kim Lee")

    assert verdict.is_spam, verdict
    assert verdict.reasons


@pytest.mark.parametrize(
    "name",
    [
        "Dr. Kim Lee-O’Neil",
        "كيم",
        "McDonald",
        "Kim Lee, M.D., Ph.D.",
        "J.R.R. Tolkien",
        "Kim Lee, B.Com",
        "DeAnn MacLeod",
    ],
)
def test_names_of_people_are_no_reason(name):
    assert judge("Is J9302 covered?", name=name).score == 0


@pytest.mark.parametrize(
    ("options", "score", "reason"),
    [
        ({"is_trapped": True}, 10, "a box that people do not see was filled in"),
        ({"name": "visit www.spam.example"}, 5, "a link as name"),
        ({"name": "best-pills.shop"}, 5, "a link as name"),
        ({"name": "Is J9302 covered?"}, 5, "the same as name and message"),
        ({"name": "IvwqWLbGzdQPLyRt"}, 3, "random letters as name"),
        ({"organization": "Раураl"}, 0, None),
        ({"organization": "Pаypаl"}, 3, "Latin words with Cyrillic letters in them"),
    ],
)
def test_other_signs_are_weighed(options, score, reason):
    verdict = judge("Is J9302 covered?", **options)

    assert (verdict.score, verdict.reasons) == (score, [reason] if reason else [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 20, "one character many times"),
        ("Buy it\n" * 5, "one line many times"),
        ("v\u200bi\u200ba\u200bg\u200br\u200ba", "words with invisible characters in them"),
        ("Look: https://a.example https://b.example", "more links than text"),
        ("We buy backlinks", "offers that have nothing to do with this site (1)"),
    ],
)
def test_one_weak_sign_is_not_enough(text, reason):
    verdict = judge(text)

    assert verdict.reasons == [reason]
    assert 0 < verdict.score < THRESHOLD


def test_longest_texts_are_judged_without_delay():
    for text in ("a " * 2500, "<a " * 1666, "[url" * 1250, "https://" * 625, "\n" * 5000, "www.a " * 833):
        judge(text, name=text[:100])


def test_reasons_fit_their_column():
    verdict = Verdict()
    for number in range(20):
        verdict.add(1, f"reason number {number}")

    words = verdict.in_words(100)
    assert words.startswith("reason number 0; reason number 1;")
    assert len(words) <= 100
    assert words.rpartition("; ")[2] in verdict.reasons
