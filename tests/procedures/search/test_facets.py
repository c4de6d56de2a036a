"""Facets, totals, caps and pages: counted again here in plain Python, on both engines."""

import datetime
import random
from collections import Counter
from dataclasses import dataclass

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from procedures.models import CodeName, CodeSystem, EverydayWord, Guide, MedicalCode
from procedures.search import FACETS, PAGE_SIZE, Filters, Results, rebuild
from tests.factories import get_system
from tests.procedures.search.questions import find

pytestmark = pytest.mark.django_db

CAP = 1000
SEED = 20250101

# No word begins another one but in "inject" and "injection" and in plurals, and none is a code or a small word of the
# parser.
VOCABULARY = ["injection", "inject", "tablet", "knee", "left", "right", "acute", "chronic", "brace", "pump", "lens"]
PLURALS = {"tablets": "tablet", "knees": "knee", "lenses": "lens"}
NAMES = ["arzerra", "besponsa", "kneebrace"]
GUIDE_WORDS = ["nausea", "needle", "tablet"]
# Everyday phrases: words of descriptions and names, or the beginning of codes of a system.
PHRASES = {"sugar sickness": [{"chronic", "pump"}, ("icd10cm", "M03")], "left lens": [{"right", "brace"}]}


@dataclass(frozen=True)
class Expected:
    """What a code shows to search."""

    system: str
    code: str
    words: frozenset[str]
    named: frozenset[str]
    status: str
    has_guide: bool
    has_policy: bool

    def fits(self, filters: Filters, without: str = "") -> bool:
        """Whether the filters, but the one named by `without`, let the code through."""
        return (
            (without == "system" or not filters.systems or self.system in filters.systems)
            and (without == "status" or not filters.status or self.status in filters.status)
            and (without == "has_guide" or filters.has_guide in (None, self.has_guide))
            and (without == "has_policy" or filters.has_policy in (None, self.has_policy))
        )

    def values(self, facet: str) -> list[str]:
        """The values of a facet that count this code."""
        if facet in ("has_guide", "has_policy"):
            return ["1"] if getattr(self, facet) else []
        return [getattr(self, facet)]


class Codes(list):
    """Expected codes, named shortly when a test fails."""

    def __repr__(self):
        return f"<{len(self)} codes, seed {SEED}>"


def code_row(system: CodeSystem, code: str, words: list[str], **fields) -> MedicalCode:
    text = " ".join(words)
    normalized = code.replace(".", "")
    row = {"code": code, "normalized": normalized, "long_description": text, "title": text, "slug": normalized.lower()}
    return MedicalCode(system=system, **row, **fields)


def guide_row(code: MedicalCode, words: list[str], *, is_public: bool) -> Guide:
    now = timezone.now()
    days = {"published_at": now, "changed_at": now}
    off = {} if is_public else {"unpublished_at": now, "unpublish_reason": "Test"}
    guide = Guide(code=code, summary=" ".join(words), sources="- Test", publisher="test", **days, **off)
    guide.html = guide.render()
    return guide


@pytest.fixture
def seeded_codes() -> Codes:
    """Some hundred codes of three systems with every mixture of words, status, guide and policy."""
    chance = random.Random(SEED)
    expected, rows, guides, names = Codes(), [], [], []
    for slug, letters, dot, count in [
        ("hcpcs", "AJ", "", 150),
        ("icd10cm", "AM", ".", 150),
        ("icd10pcs", "03", "", 60),
    ]:
        for number in range(count):
            code = f"{chance.choice(letters)}{number // 20:02}{dot}{number % 20:02}{'ZZ' if slug == 'icd10pcs' else ''}"
            words = chance.sample([*VOCABULARY, *PLURALS], chance.randint(1, 4))
            is_header = slug != "hcpcs" and chance.random() < 0.2
            last_day = chance.choice([None, None, datetime.date(2018, 12, 31), datetime.date(2999, 1, 1)])
            row = code_row(
                get_system(slug),
                code,
                words,
                kind="header" if is_header else "code",
                terminated=last_day,
                has_policy=chance.random() < 0.3,
            )
            rows.append(row)
            seen = {*words, row.normalized.lower()}
            if chance.random() < 0.2:
                name = chance.choice(NAMES)
                names.append(CodeName(code=row, kind="brand", text=name.title(), source="Test"))
                seen.add(name)
            named = frozenset(seen)
            guide_words = chance.sample(GUIDE_WORDS, 2)
            has_guide = chance.random() < 0.25
            if has_guide:
                seen.update(guide_words)
            if has_guide or chance.random() < 0.25:
                guides.append(guide_row(row, guide_words, is_public=has_guide))
            retired = last_day is not None and last_day.year == 2018
            status = "header" if is_header else "retired" if retired else "active"
            expected.append(Expected(slug, code, frozenset(seen), named, status, has_guide, row.has_policy))
    MedicalCode.objects.bulk_create(rows)
    CodeName.objects.bulk_create(names)
    Guide.objects.bulk_create(guides)
    for phrase, meanings in PHRASES.items():
        for meaning in meanings:
            what = {"code": ":".join(meaning)} if isinstance(meaning, tuple) else {"words": " ".join(sorted(meaning))}
            EverydayWord.objects.create(phrase=phrase, **what)
    rebuild()
    return expected


def found_by(text: str, codes: list[Expected]) -> list[Expected]:
    """The codes that begin with the text, or else those that hold its words or what a phrase in it means."""
    if not text:
        return codes
    begun = [each for each in codes if each.code.replace(".", "").startswith(text.upper().replace(".", ""))]
    if begun:
        return [each for each in begun if "." not in text or each.system == "icd10cm"]
    found = [each for each in codes if holds_all(text, each.words)]
    for phrase, before, after in phrases_in(text):
        for code in codes:
            meant = any(means(meaning, code) for meaning in PHRASES[phrase])
            if before or after:
                meant |= holds_all(phrase, code.words, False)
            if meant and code not in found and holds_all(before, code.words, False) and holds_all(after, code.words):
                found.append(code)
    return found


def phrases_in(text: str) -> list[tuple[str, str, str]]:
    """The everyday phrases of a text, their words in any number, each with what is before and behind it.

    A text that ends within the last word of a phrase is that phrase.
    """
    words, singulars = text.split(), in_singular(text)
    begun = [each for each in PHRASES if len(singulars) == 2 and each.startswith(text) and each != text]
    if begun:
        return [(begun[0], "", "")]
    return [
        (phrase, " ".join(words[:at]), " ".join(words[at + 2 :]))
        for phrase in PHRASES
        for at in range(len(words))
        if singulars[at : at + 2] == phrase.split()
    ]


def in_singular(text: str) -> list[str]:
    return [PLURALS.get(word, word) for word in text.split()]


def is_simple(text: str) -> bool:
    """Whether a query has at most one phrase and no word twice: `found_by` knows no others."""
    return len(phrases_in(text)) <= 1 and len(set(in_singular(text))) == len(text.split())


def holds_all(text: str, words: frozenset[str], last_may_be_half_typed: bool = True) -> bool:
    """Whether these are among the words, in singular or plural, the last one perhaps half typed."""
    singulars = {PLURALS.get(word, word) for word in words}
    missing = [word for word in text.split() if PLURALS.get(word, word) not in singulars]
    if last_may_be_half_typed and missing and missing == text.split()[-1:]:
        return any(word.startswith(missing[0]) for word in words)
    return not missing


def means(meaning: set[str] | tuple[str, str], code: Expected) -> bool:
    if isinstance(meaning, tuple):
        return code.system == meaning[0] and code.code.replace(".", "").startswith(meaning[1])
    return holds_all(" ".join(meaning), code.named, False)


QUERIES = st.sampled_from(["", "a00", "j0", "A00.1", "m03", "30", "3019zz", "zzzzz", "inject", "kn", "j0017"]) | (
    st.lists(
        st.sampled_from([*VOCABULARY, *PLURALS, *PHRASES, *NAMES, *GUIDE_WORDS]), min_size=1, max_size=3, unique=True
    )
    .map(" ".join)
    .filter(is_simple)
)
FILTERS = st.builds(
    Filters,
    systems=st.frozensets(st.sampled_from(["hcpcs", "icd10cm", "icd10pcs"]), max_size=2),
    status=st.frozensets(st.sampled_from(["active", "retired", "header"]), max_size=2),
    has_guide=st.sampled_from([None, None, True, False]),
    has_policy=st.sampled_from([None, None, True, False]),
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(text="knee brace", filters=Filters(status=frozenset({"retired"})))
@given(text=QUERIES, filters=FILTERS)
def test_facets_and_totals_equal_plain_counts(seeded_codes, text, filters):
    candidates = found_by(text, seeded_codes)
    wanted = [each for each in candidates if each.fits(filters)]

    results = find(text, filters)

    assert results.total == len(wanted)
    assert not results.total_is_capped
    assert len(results.rows) == min(len(wanted), PAGE_SIZE)
    assert {(row["system"], row["code"]) for row in results.rows} <= {(each.system, each.code) for each in wanted}
    for facet in FACETS:
        let_through = [each for each in candidates if each.fits(filters, without=facet)]
        counts = Counter(value for each in let_through for value in each.values(facet))
        assert {value.value: value.count for value in results.facets[facet]} == counts
        assert not any(value.capped for value in results.facets[facet])


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERIES, filters=FILTERS)
def test_pages_hold_every_result_once_and_always_in_the_same_order(seeded_codes, text, filters):
    def all_pages():
        pages = -(-find(text, filters).total // PAGE_SIZE)
        rows = [row for page in range(1, pages + 1) for row in find(text, filters, page).rows]
        return [(row["system"], row["code"]) for row in rows]

    shown = all_pages()

    assert sorted(shown) == sorted((c.system, c.code) for c in found_by(text, seeded_codes) if c.fits(filters))
    assert all_pages() == shown


def test_order_stays_the_same_after_a_rebuild(seeded_codes):
    before = [row["code"] for page in (1, 2) for row in find("tablet", Filters(), page).rows]

    rebuild()

    assert [row["code"] for page in (1, 2) for row in find("tablet", Filters(), page).rows] == before


@pytest.fixture
def many_codes():
    """1,100 HCPCS codes, of which 60 have ended and 40 have a policy, and 3 of ICD-10-CM, all with one word."""
    rows = [
        code_row(
            get_system("hcpcs"),
            f"J0{number:04}",
            ["syringe"],
            terminated=datetime.date(2018, 12, 31) if number < 60 else None,
            has_policy=number >= 1060,
        )
        for number in range(1100)
    ]
    rows += [code_row(get_system("icd10cm"), f"J0{number}.1", ["syringe"]) for number in range(3)]
    MedicalCode.objects.bulk_create(rows)
    rebuild()


def counts(results: Results, facet: str) -> dict[str, tuple[int, bool]]:
    return {value.value: (value.count, value.capped) for value in results.facets[facet]}


def test_counts_are_capped_for_each_system_by_itself(many_codes):
    for text in ("syringe", "syri", "j0", ""):
        results = find(text, Filters())

        assert (results.total, results.total_is_capped) == (CAP + 3, True)
        assert counts(results, "system") == {"hcpcs": (CAP, True), "icd10cm": (3, False)}
        # What is rare among the hits is counted in all of them: the first 1,000 do not hold the retired ones.
        assert counts(results, "status") == {"active": (CAP + 3, True), "retired": (60, False)}
        assert counts(results, "has_policy") == {"1": (40, False)}
        assert counts(results, "has_guide") == {}
    at_the_cap = find("j00", Filters())
    assert (at_the_cap.total, at_the_cap.total_is_capped) == (CAP + 1, False)
    assert counts(at_the_cap, "system") == {"hcpcs": (CAP, False), "icd10cm": (1, False)}


def test_counts_under_a_filter_are_exact_up_to_the_cap(many_codes):
    for text in ("syringe", "j0", ""):
        retired = find(text, Filters(status=frozenset({"retired"})))
        only_icd = find(text, Filters(systems=frozenset({"icd10cm"})))
        unguided = find(text, Filters(has_guide=False))

        assert (retired.total, retired.total_is_capped) == (60, False)
        assert counts(retired, "system") == {"hcpcs": (60, False)}
        assert counts(retired, "status") == {"active": (CAP + 3, True), "retired": (60, False)}
        assert counts(retired, "has_policy") == {}
        assert (only_icd.total, only_icd.total_is_capped) == (3, False)
        assert counts(only_icd, "system") == {"hcpcs": (CAP, True), "icd10cm": (3, False)}
        assert (unguided.total, unguided.total_is_capped) == (CAP + 3, True)
        assert counts(unguided, "status") == {"active": (CAP + 3, True), "retired": (60, False)}


@pytest.mark.parametrize("text", ["syringe", "j0"])
def test_pages_of_capped_results_end_with_the_total(many_codes, text):
    pages = [[row["code"] for row in find(text, Filters(), page).rows] for page in range(1, 53)]
    shown = [code for page in pages for code in page]

    assert len(shown) == len(set(shown)) == CAP + 3
    assert [len(page) for page in pages] == [*[PAGE_SIZE] * 50, 3, 0]
