"""The codes that are similar to a code, and why: what editors chose, and what is found when its page is made.

Nothing is stored but the choices. Each source is asked only while places are left, reads a bounded number of rows by
an index, and gives the same answer every time and on both databases.
"""

import datetime
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby

from django.db.models import OuterRef, Subquery

from procedures.code_parameters import code_parameter
from procedures.models import CodeName, MedicalCode, SearchName, SimilarCodeChoice, Word
from procedures.search import code_ids_by_words, tokenize
from procedures.search.text import SMALL_WORDS, UNITS, key_of
from procedures.search.word_forms import stem

MOST_SHOWN = 8

# Rows that a source reads at most.
MOST_BY_WORD = 40
MOST_BY_NAME = 16
MOST_SIBLINGS = 100
MOST_COUSINS = 24
MOST_POLICIES = 40
MOST_BY_POLICY = 16

# HCPCS codes that stand at most so far apart are neighbors.
NEIGHBORHOOD = 15
# A word that more entries hold says little of a code; one that few hold says enough alone, others only together.
RARE = 500
FEW = 30
# Of a description of one word, that word may stand in more entries.
FEW_OF_ONE_WORD = 150
# A policy that names more codes says little of any two of them.
FEW_CODES = 30
MOST_NAMES = 20

PINNED = "chosen by the editors"
REPLACES = "replaces this code"
REPLACED_BY = "replaced by this code"
OTHER_DOSE = "same drug, other dose"
SAME_DRUG = "same drug, described differently"
OTHER_AMOUNT = "same item, other amount"
SAME_DESCRIPTION = "same description"
OTHER_SIDE = "same, other side"
SAME_SECTION = "same section"
SAME_SECTION_ANTIBODY = f"{SAME_SECTION}, also a monoclonal antibody by its name"
SHARED_POLICY = "shares a policy with this code"

SHARED_KINDS = (CodeName.Kind.BRAND, CodeName.Kind.GENERIC, CodeName.Kind.COMMON)

# Only what the list shows and what is compared: the indicators of a code take longer to read than all of these.
COLUMNS = ("system", "kind", "code", "normalized", "title", "slug", "long_description", "added", "terminated")
COLUMNS += ("missing_from", "is_noc")
SYSTEM_COLUMNS = ("system__slug", "system__label", "system__name", "system__position")

# How a drug is given or packed, and how its amount is said: with other words of these it is the same drug.
_FORM_WORDS = frozenset(
    [
        *SMALL_WORDS,
        *UNITS,
        *("administered", "capsule", "capsules", "concentrated", "each", "form", "formulation", "inhalation"),
        *("inj", "injection", "injectable", "infusion", "intramuscular", "intravenous", "lyophilized", "oral"),
        *("per", "powder", "prescription", "product", "single", "solution", "sterile", "subcutaneous"),
        *("suspension", "tablet", "tablets", "use", "vial"),
        *("equal", "greater", "less", "more", "over", "than", "under", "up", "not", "otherwise", "specified"),
    ]
)
# Which side or stage is meant, and what many descriptions say: no word of these tells what a code is about.
_SMALL_WORDS = frozenset(
    [
        *_FORM_WORDS,
        *("acute", "any", "benign", "bilateral", "chronic", "closed", "disease", "disorder", "due", "encounter"),
        *("essential", "excludes", "includes", "initial", "left", "lower", "non", "open", "other"),
        *("primary", "right", "secondary", "sequela", "site", "subsequent", "type", "unilateral"),
        *("unspecified", "upper", "with", "without"),
    ]
)
# They tell codes apart, but what else holds them is no more similar for it: salts, colors, sexes, numbers, and
# what is said of services, things and patients of every kind.
_COMMON_WORDS = frozenset(
    [
        *("acetate", "acid", "besylate", "bicarbonate", "bitartrate", "bromide", "calcium", "carbonate", "chloride"),
        *("citrate", "decanoate", "dihydrate", "disodium", "fumarate", "gluconate", "hcl", "hydrobromide"),
        *("hydrochloride", "iodide", "lactate", "magnesium", "maleate", "mesylate", "monohydrate", "nitrate"),
        *("palmitate", "pamoate", "phosphate", "potassium", "sodium", "succinate", "sulfate", "tartrate", "tosylate"),
        *("black", "blue", "green", "red", "white", "yellow"),
        *("adult", "child", "female", "human", "infant", "male", "newborn", "patient", "pediatric", "person", "women"),
        *("active", "additional", "adjustable", "anterior", "back", "complete", "congenital", "continuous", "current"),
        *("durable", "electric", "electrical", "external", "fixed", "full", "general", "heavy", "high"),
        *("internal", "lateral", "long", "low", "manual", "medial", "mild", "moderate", "multiple"),
        *("normal", "partial", "posterior", "recurrent", "severe", "short", "small", "special"),
        *("standard", "superficial", "surgical", "total"),
        *("accessory", "based", "care", "combination", "components", "condition", "day", "days", "device", "diem"),
        *("documentation", "documented", "equipment", "first", "following", "health", "home", "hour", "hours"),
        *("individual", "level", "management", "medical", "medicare", "medication", "medicine", "minutes", "month"),
        *("months", "only", "part", "performed", "period", "physician", "plan", "procedure", "professional"),
        *("program", "provided", "qualified", "reason", "reasons", "report", "replacement", "second", "service"),
        *("services", "size", "status", "substance", "substances", "supplies", "supply", "system", "therapeutic"),
        *("therapy", "third", "time", "treatment", "used", "visit", "week", "weeks", "years"),
        *("approved", "biological", "biosimilar", "compounded", "drug", "drugs", "equivalent", "fda"),
        *("therapeutically", "all", "both", "except", "inclusive", "least", "one", "three", "two", "way"),
        *("after", "before", "custom", "did", "during", "fabricated", "had", "has", "have", "indicated", "last"),
        *("off", "prefabricated", "receive", "received", "receiving", "required", "shelf", "was", "were", "within"),
        *("above", "addition", "below", "centimeter", "clinician", "cover", "declined", "extended", "furnishing"),
        *("measurement", "most", "prescribed", "prescribing", "recent", "release", "require", "square"),
    ]
)
_COMMON_STEMS = frozenset(map(stem, _COMMON_WORDS))
_VOLUMES_AND_LENGTHS = frozenset(["cc", "cm", "ml", "mm"])
_DOSE = re.compile(
    rf"(?<![\w.,])(\d[\d,]*(?:\.\d+)?)[ -]?({'|'.join(sorted(UNITS, key=len, reverse=True))})\b", re.IGNORECASE
)
_IN_BRACKETS = re.compile(r"\([^)]*\)?")
_SIDE = re.compile(r"\b(left|right)\b", re.IGNORECASE)
_SIDES = {"left": "right", "right": "left"}
# How names of monoclonal antibodies end. Source: WHO, "The use of stems in the selection of International
# Nonproprietary Names (INN) for pharmaceutical substances".
_ANTIBODY = "mab"
_HCPCS = re.compile(r"([A-Z])(\d{4})")


@dataclass(frozen=True, slots=True)
class SimilarCode:
    """A code, and why it is similar, as a reader is told: "same drug, other dose"."""

    code: MedicalCode
    reason: str

    @property
    def parameter(self) -> str:
        """How an address names the code."""
        return code_parameter(self.code)


def find_similar(code: MedicalCode, on: datetime.date) -> list[SimilarCode]:
    """The codes similar to `code` on a day, the most similar first: 8 at most, or all that editors pinned.

    Pinned codes come first, then successors and predecessors; then codes in use by what they share with the code (the
    drug, a name, the section, rare words, a policy), then catch-all codes and headings, then retired codes. Beside
    what somebody named, a modifier has the one for the other side alone, and a heading none.

    Two queries where the section has enough codes; at most eleven, and those of one search by a word.
    """
    choices = list(code.similar_choices.select_related("similar__system").order_by("pk"))
    pinned = [each for each in choices if each.choice == SimilarCodeChoice.Choice.PINNED]
    # The headings above the code lead its page already.
    hidden = {each.similar_id for each in choices if each not in pinned}
    found = _Found(on, code.kind, {code.pk, *hidden, *(heading.pk for heading in code.ancestors())})
    for each in pinned:
        found.passed_over.discard(each.similar_id)
        found.add_named(each.similar, each.reason or PINNED)
    for succession in code.successions.all():
        found.add_named(succession.successor, REPLACES)
    for succession in code.precessions.all():
        found.add_named(succession.predecessor, REPLACED_BY)
    for source in _Sources(code).in_order():
        if found.is_full:
            break
        for other, reason in source():
            found.add(other, reason)
    return found.first(max(MOST_SHOWN, len(pinned)))


@dataclass(slots=True)
class _Found:
    """What was found, each code once, for the first reason that was given."""

    on: datetime.date
    kind: str
    passed_over: set[int]
    named: list[SimilarCode] = field(default_factory=list)
    tiers: tuple[list[SimilarCode], ...] = field(default_factory=lambda: ([], [], []))

    def add_named(self, code: MedicalCode, reason: str) -> None:
        """Adds a code that an editor or a release names."""
        if code.pk not in self.passed_over:
            self.passed_over.add(code.pk)
            self.named.append(SimilarCode(code, reason))

    def add(self, code: MedicalCode, reason: str) -> None:
        """Adds a code that was found; modifiers and what they are added to are never similar."""
        modifier = MedicalCode.Kind.MODIFIER
        if code.pk not in self.passed_over and (code.kind == modifier) == (self.kind == modifier):
            self.passed_over.add(code.pk)
            self.tiers[self._tier(code)].append(SimilarCode(code, reason))

    def _tier(self, code: MedicalCode) -> int:
        status = code.status_on(self.on)
        if status == MedicalCode.Status.RETIRED:
            return 2
        return 1 if code.is_noc or status == MedicalCode.Status.HEADER else 0

    @property
    def is_full(self) -> bool:
        """Whether nothing that is added could be shown any more."""
        return len(self.named) + len(self.tiers[0]) >= MOST_SHOWN

    def first(self, count: int) -> list[SimilarCode]:
        """The first of all; those of a section in the order of their codes, though the nearest are chosen."""
        found: list[SimilarCode] = []
        for tier in (self.named, *self.tiers):
            for reason, run in groupby(tier[: count - len(found)], key=lambda each: each.reason):
                similar = list(run)
                if reason.startswith(SAME_SECTION):
                    similar.sort(key=lambda each: each.code.normalized)
                found += similar
        return found


_Pairs = Iterator[tuple[MedicalCode, str]]


class _Sources:
    """Where similar codes of one code are looked for; each source gives codes with reasons, the best first."""

    def __init__(self, code: MedicalCode):
        self.code = code
        self.text = _Description.of(code)

    def in_order(self) -> list[Callable[[], _Pairs]]:
        if self.code.kind == MedicalCode.Kind.MODIFIER:
            return [self.same_names]
        if self.code.kind == MedicalCode.Kind.HEADER:
            return []
        beside = [self.same_section, self.same_category]
        # Of a drug, its name says more than its place.
        then = [self.same_words, *beside] if self.text.doses else [*beside, self.same_words]
        return [self.same_drug, self.same_names, *then, self.same_policies, self.same_kind_of_drug]

    def same_drug(self) -> _Pairs:
        """Codes of the same substance or item, where this one says how much of it."""
        if not self.text.doses:
            return
        for other, text in sorted(self._sharing_a_word, key=lambda pair: pair[0].normalized):
            if self.text.is_same_substance(text) and text.doses:
                yield other, self.text.reason_for(text)

    def same_names(self) -> _Pairs:
        """Codes that have one of the names or the description of this one, or its description for the other side."""
        for other in _read_codes(list(self._reasons_by_name)).values():
            reason = self._reasons_by_name[other.pk]
            # The key of a description says nothing of the order of its words: with and without may stand elsewhere.
            if reason != OTHER_SIDE or tokenize(other.long_description) == tokenize(self.text.on_the_other_side):
                yield other, reason

    def same_section(self) -> _Pairs:
        """The codes beside this one: below the same heading, or HCPCS codes of nearly the same number and subject."""
        code = self.code
        if self._numbers:
            for other in self._of_the_same_kind(self._neighbors):
                yield other, SAME_SECTION
            return
        beside = MedicalCode.objects.filter(system=code.system).exclude(kind=MedicalCode.Kind.MODIFIER)
        reason = SAME_SECTION
        if code.parent_id:
            beside = beside.filter(parent=code.parent_id, normalized__range=_range_of(code.normalized[:-1]))
            reason = f"{SAME_SECTION}: {code.parent.code}"
        else:
            beside = beside.filter(parent=None, normalized__range=_range_of(code.normalized[:2]))
        for other in self._read_nearest(beside.order_by("normalized")[:MOST_SIBLINGS]):
            yield other, reason

    def same_category(self) -> _Pairs:
        """Codes under other headings of the same ICD-10 category that can be used, those with the most words first."""
        code = self.code
        if not code.parent_id or self._numbers:
            return
        category = code.normalized[:3]
        within = MedicalCode.objects.filter(system=code.system, kind=MedicalCode.Kind.CODE)
        within = within.filter(normalized__range=_range_of(category))
        before = within.filter(normalized__lt=code.normalized).order_by("-normalized")[:MOST_COUSINS]
        after = within.filter(normalized__gt=code.normalized).order_by("normalized")[:MOST_COUSINS]
        words = _stems(tokenize(code.long_description))
        rows = self._read_nearest([*reversed(before.only(*COLUMNS)), *after.only(*COLUMNS)])
        for other in sorted(rows, key=lambda row: -len(words & _stems(tokenize(row.long_description)))):
            yield other, f"{SAME_SECTION}: {category}"

    def same_kind_of_drug(self) -> _Pairs:
        """HCPCS codes of nearly the same number whose drugs are monoclonal antibodies as this one's is."""
        if self._numbers and self.text.is_antibody:
            for other in self._neighbors:
                if _Description.of(other).is_antibody:
                    yield other, SAME_SECTION_ANTIBODY

    @cached_property
    def _numbers(self) -> tuple[str, str] | None:
        """The first and the last code that are near an HCPCS code by their numbers."""
        hcpcs = _HCPCS.fullmatch(self.code.normalized)
        if not hcpcs or self.code.parent_id:
            return None
        number = int(hcpcs[2])
        first, last = max(0, number - NEIGHBORHOOD), min(9999, number + NEIGHBORHOOD)
        return f"{hcpcs[1]}{first:04}", f"{hcpcs[1]}{last:04}"

    @cached_property
    def _neighbors(self) -> list[MedicalCode]:
        beside = MedicalCode.objects.filter(system=self.code.system, normalized__range=self._numbers)
        beside = beside.exclude(kind=MedicalCode.Kind.MODIFIER)
        return self._read_nearest(beside.order_by("normalized")[:MOST_SIBLINGS])

    def _read_nearest(self, rows) -> list[MedicalCode]:
        """Rows of the system of the code, in order, as they are shown; the nearest first."""
        rows = _nearest(rows if isinstance(rows, list) else rows.only(*COLUMNS), self.code)
        for row in rows:
            row.system = self.code.system
        return rows

    def _of_the_same_kind(self, rows: list[MedicalCode]) -> list[MedicalCode]:
        """Those that share a telling word of both subjects, then those that share two of the descriptions."""
        described = [(other, _Description.of(other)) for other in rows]
        subject = [other for other, text in described if self.text.shares_subject(text)]
        words = [other for other, text in described if other not in subject and self.text.shares_words(text)]
        return subject + words

    def same_words(self) -> _Pairs:
        """Codes whose descriptions hold two rare words of this one, or one that says enough alone.

        A word alone counts among codes of the same letter, and among drugs, which have other letters by where they are
        given. Catch-all codes have words of all kinds and are about none.
        """
        if self.code.is_noc or self._word in _COMMON_WORDS:
            return
        letter = self.code.normalized[0]
        shared = [(other, self._shared_words(other, text)) for other, text in self._sharing_a_word]
        for other, words in sorted(shared, key=lambda pair: (-len(pair[1]), pair[0].normalized[0] != letter)):
            if words:
                rarest = sorted(words, key=lambda word: (self._frequencies[word], words.index(word)))[:2]
                named = " and ".join(f"“{word}”" for word in sorted(rarest, key=words.index))
                yield other, f"also names {named}"

    def _shared_words(self, other: MedicalCode, text: "_Description") -> list[str]:
        """The rare words that both hold, in the order of this description; none if they say too little."""
        held = _stems(tokenize(text.text))
        rare = [word for word in self.text.telling if 0 < self._frequencies.get(word, 0) <= RARE]
        shared = list({stem(word): word for word in rare if stem(word) in held}.values())
        return shared if len(shared) > 1 or (shared and self._says_enough_alone(other, text)) else []

    def _says_enough_alone(self, other: MedicalCode, text: "_Description") -> bool:
        word, frequency = self._word, self._frequencies.get(self._word, 0)
        is_in_both_subjects = self.text.has_subject(word) and text.has_subject(word)
        if other.normalized[0] != self.code.normalized[0]:
            return is_in_both_subjects and self._are_drugs(text) and frequency <= FEW
        if self.text.telling == (word,) and is_in_both_subjects:
            return frequency <= FEW_OF_ONE_WORD
        return frequency <= FEW and (is_in_both_subjects or self._are_drugs(text))

    def _are_drugs(self, text: "_Description") -> bool:
        return bool(self.text.doses and text.doses)

    def same_policies(self) -> _Pairs:
        """Codes that are named with this one by policies of few codes; those that name the fewest count most.

        The codes of a policy are counted by what it lists them for: diagnoses stand apart from what they support.
        """
        code = self.code
        if not code.has_policy or code.is_noc:
            return
        all_named = code.policy_codes.model.objects.order_by()
        named_alike = all_named.filter(policy=OuterRef("policy"), listed_as=OuterRef("listed_as"))
        # Whether there is such a row at all; which one it is does not matter, so it needs no order.
        one_too_many = Subquery(named_alike.values("pk")[FEW_CODES : FEW_CODES + 1])
        newest = code.policy_codes.order_by("-policy_id", "pk").values_list("policy_id", "listed_as", one_too_many)
        lists = {(policy, listed_as) for policy, listed_as, too_many in newest[:MOST_POLICIES] if too_many is None}
        if not lists:
            return
        policies, listed_as = ({each[at] for each in lists} for at in (0, 1))
        within = all_named.filter(policy__in=policies, listed_as__in=listed_as, code__system=code.system_id)
        rows = within.order_by("policy_id", "code_id", "pk").values_list("policy_id", "listed_as", "code_id")
        members: dict[tuple[int, str], set[int]] = defaultdict(set)
        for policy, said, pk in rows[: MOST_POLICIES * FEW_CODES]:
            if (policy, said) in lists:
                members[policy, said].add(pk)
        weights: dict[int, float] = defaultdict(float)
        for pks in members.values():
            for pk in pks - {code.pk}:
                weights[pk] += 1 / len(pks)
        # Rounded, because sums of the same fractions in another order differ in the last digit.
        best = sorted(weights, key=lambda pk: (-round(weights[pk], 6), pk))[:MOST_BY_POLICY]
        for other in _read_codes(best).values():
            yield other, SHARED_POLICY

    @cached_property
    def _frequencies(self) -> dict[str, int]:
        """How many entries hold each word of the description."""
        return dict(Word.objects.filter(text__in=self.text.words).values_list("text", "frequency"))

    @cached_property
    def _word(self) -> str:
        """The rarest word of the subject that other codes may hold too, else of the whole description; "" for none.

        Words that one entry alone held when the index was made come after them: a code may have come since. The last
        choice of what has a dose are common words, as those of potassium chloride.
        """
        frequencies, subject = self._frequencies, self.text.subject
        for words in (subject, self.text.words):
            known = [word for word in words if 1 < frequencies.get(word, 0) <= RARE and word not in _COMMON_WORDS]
            if known:
                return min(known, key=lambda word: (frequencies[word], words.index(word)))
        alone = [word for word in subject if frequencies.get(word) == 1 and word not in _COMMON_WORDS]
        common = [word for word in subject if word in frequencies and self.text.doses]
        return next(iter(alone), "") or min(common, key=lambda word: frequencies[word], default="")

    @cached_property
    def _ids_by_word(self) -> list[int]:
        return code_ids_by_words(self._word, [self.code.system], MOST_BY_WORD) if self._word else []

    @cached_property
    def _reasons_by_name(self) -> dict[int, str]:
        """Why codes are similar by a name, by their keys: brand names first, codes in use first."""
        names = [name for name in self.code.names.all() if name.kind in SHARED_KINDS]
        names.sort(key=lambda name: (SHARED_KINDS.index(name.kind), name.text))
        reasons: dict[str, str] = {}
        for name in names[:MOST_NAMES]:
            reasons.setdefault(key_of(tokenize(name.text)), f"same name: {name.text}")
        if self.text.doses:
            reasons.setdefault(key_of(tokenize(self.text.text)), SAME_DESCRIPTION)
        if self.text.on_the_other_side != self.text.text:
            reasons.setdefault(key_of(tokenize(self.text.on_the_other_side)), OTHER_SIDE)
        reasons.pop("", None)
        if not reasons:
            return {}
        order = list(reasons)
        rows = SearchName.objects.filter(key__in=order).exclude(entry__code=self.code)
        # The id of an entry has codes in use first.
        pairs = rows.order_by("key", "entry_id").values_list("entry__code_id", "key")[:MOST_BY_NAME]
        reason_of: dict[int, str] = {}
        for pk, key in sorted(pairs, key=lambda pair: order.index(pair[1])):
            reason_of.setdefault(pk, reasons[key])
        return reason_of

    @cached_property
    def _sharing_a_word(self) -> "list[tuple[MedicalCode, _Description]]":
        found = _read_codes([pk for pk in self._ids_by_word if pk != self.code.pk]).values()
        described = [(other, _Description.of(other)) for other in found]
        # Search looks into guides and half-typed words too.
        return [(other, text) for other, text in described if text.holds(self._word)]


@dataclass(frozen=True, slots=True)
class _Description:
    """What an official description says: the subject, and how much of it.

    Of "Injection, ofatumumab, 10 mg" the subject is "ofatumumab" and the doses are {("10", "mg")}.
    """

    text: str
    subject: tuple[str, ...]
    doses: frozenset[tuple[str, str]]
    substance: frozenset[str]
    in_brackets: frozenset[str]

    @classmethod
    def of(cls, code: MedicalCode) -> "_Description":
        text = code.long_description
        found = list(_DOSE.finditer(text))
        before = text[: found[0].start()] if found else text
        parts = (_telling(tokenize(part)) for part in re.split("[,;:]", _IN_BRACKETS.sub(" ", before)))
        subject = tuple(next((part for part in parts if part), ()))
        doses = frozenset((each[1].replace(",", ""), stem(each[2].lower())) for each in found)
        substance = _substance(_IN_BRACKETS.sub(" ", _DOSE.sub(" ", text)))
        in_brackets = _substance(" ".join(_IN_BRACKETS.findall(_DOSE.sub(" ", text))))
        return cls(text, subject, doses, substance, in_brackets)

    @property
    def telling(self) -> tuple[str, ...]:
        """All words that other codes may be similar by."""
        return tuple(word for word in self.words if word not in _COMMON_WORDS)

    @property
    def on_the_other_side(self) -> str:
        """The description with left and right exchanged."""
        return _SIDE.sub(lambda match: _SIDES[match[1].lower()], self.text)

    @property
    def is_antibody(self) -> bool:
        return bool(self.doses) and any(word.endswith(_ANTIBODY) and len(word) > 6 for word in self.subject)

    @property
    def words(self) -> list[str]:
        """All telling words, those of the subject too."""
        return list(dict.fromkeys(_telling(tokenize(self.text))))[:40]

    def holds(self, word: str) -> bool:
        return stem(word) in _stems(tokenize(self.text))

    def has_subject(self, word: str) -> bool:
        return stem(word) in _stems(self.subject)

    def shares_subject(self, other: "_Description") -> bool:
        return bool((_stems(self.subject) & _stems(other.subject)) - _COMMON_STEMS)

    def shares_words(self, other: "_Description") -> bool:
        """Whether two telling words stand in both."""
        return len(_stems(self.telling) & _stems(other.telling)) > 1

    def is_same_substance(self, other: "_Description") -> bool:
        """Whether all words are the same but those of the dose and of how it is given.

        What stands in brackets, mostly a brand, may be missing on one side, but not be another.
        """
        brands = self.in_brackets and other.in_brackets
        return self.substance == other.substance and (not brands or self.in_brackets == other.in_brackets)

    def reason_for(self, other: "_Description") -> str:
        """How a code of the same subject differs."""
        if tokenize(other.text) == tokenize(self.text):
            return SAME_DESCRIPTION
        if other.doses == self.doses:
            return SAME_DRUG if not self._is_measured else OTHER_AMOUNT
        return OTHER_AMOUNT if self._is_measured or other._is_measured else OTHER_DOSE

    @property
    def _is_measured(self) -> bool:
        """Whether the amounts are volumes and lengths alone, which tell the size of an item."""
        return {unit for _, unit in self.doses} <= _VOLUMES_AND_LENGTHS


def _telling(words: Iterable[str]) -> list[str]:
    return [word for word in words if len(word) > 2 and word.isalpha() and word not in _SMALL_WORDS]


def _substance(text: str) -> frozenset[str]:
    """What tells a drug or an item, without the words of its form and without the order."""
    return frozenset(stem(word) for word in tokenize(text) if word not in _FORM_WORDS)


def _stems(words: Iterable[str]) -> set[str]:
    return {stem(word) for word in words}


def _range_of(beginning: str) -> tuple[str, str]:
    """The first and last codes that can begin so; capital letters and digits sort alike on both databases."""
    return beginning + "0", beginning + "Z" * 7


def _nearest(rows: Iterable[MedicalCode], code: MedicalCode) -> list[MedicalCode]:
    """The rows around the code, in order; what is left out stands farther from it than all that is kept."""
    rows = list(rows)
    before = [row for row in rows if row.normalized < code.normalized]
    after = [row for row in rows if row.normalized > code.normalized]
    places = [(len(before) - at, 1, row) for at, row in enumerate(before)]
    places += [(at + 1, 0, row) for at, row in enumerate(after)]
    return [row for *_, row in sorted(places, key=lambda place: place[:2])]


def _read_codes(pks: list[int]) -> dict[int, MedicalCode]:
    """The codes with these keys, with their systems, in this order."""
    if not pks:
        return {}
    found = MedicalCode.objects.shown().select_related("system").only(*COLUMNS, *SYSTEM_COLUMNS).in_bulk(pks)
    return {pk: found[pk] for pk in pks if pk in found}
