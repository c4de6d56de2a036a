"""What the templates show, computed beforehand: templates only ask for attributes and loop."""

import datetime
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Count
from django.db.models.functions import Left

from procedures.code_parameters import code_parameter
from procedures.code_sets.cms_indicators import Indicator, decode
from procedures.code_sets.ranges import RANGES
from procedures.guide_changes import changes_address
from procedures.instructional_notes import NoteGroup, notes_of
from procedures.models import CodeName, CodeSystem, Guide, MedicalCode
from procedures.models.codes import Validity
from procedures.search import Name, names_for
from procedures.similar_codes import SimilarCode, find_similar


def system_cards() -> list[dict]:
    """Each code system with its number of codes (modifiers included, headers not), for the home page."""
    counts = dict(
        MedicalCode.objects.exclude(kind=MedicalCode.Kind.HEADER)
        .order_by()
        .values_list("system")
        .annotate(count=Count("pk"))
    )
    return [
        {
            "name": system.name,
            "description": system.description,
            "url": system.get_absolute_url(),
            "count": counts.get(system.pk, 0),
            "may_hold_texts": system.may_hold_texts,
        }
        for system in CodeSystem.objects.all()
    ]


def browse_ranges(system: CodeSystem) -> list[dict]:
    """The ranges of a system that hold codes, and its modifiers: slug, first to last, title, count without headers."""
    ranges = RANGES.get(system.slug, ())
    counts: dict[str, int] = {}
    for length in {len(each.first) for each in ranges}:
        rows = system.codes.exclude(kind=MedicalCode.Kind.HEADER).exclude(kind=MedicalCode.Kind.MODIFIER)
        counts |= dict(rows.order_by().values_list(Left("normalized", length)).annotate(count=Count("pk")))
    found = []
    for each in ranges:
        count = sum(n for start, n in counts.items() if len(start) == len(each.first) and each.contains(start))
        if count:
            span = each.first if each.first == each.last else f"{each.first} to {each.last}"
            found.append({"slug": each.slug, "span": span, "title": each.title, "count": count})
    modifiers = system.codes.modifiers().count()
    if modifiers:
        found.append({"slug": MODIFIERS, "span": "", "title": "Modifiers", "count": modifiers})
    return found


def guide_links(count: int) -> list[dict]:
    """The guides published last: code, label of its system, title, and address."""
    newest = Guide.objects.published().newest(count).values_list("code_id", flat=True)
    codes = MedicalCode.objects.select_related("system").in_bulk(list(newest))
    return [
        {"code": code.code, "label": code.system.label, "title": code.title, "url": code.get_absolute_url()}
        for code in (codes[pk] for pk in newest)
    ]


# The range of a browse page that holds the modifiers of a system.
MODIFIERS = "modifiers"

# Other names of one kind that stand in the open; more are folded.
NAMES_SHOWN = 8
# The names that people use come first. Inclusion terms are a list of their own.
KINDS_OF_NAMES = [CodeName.Kind.BRAND, CodeName.Kind.GENERIC, CodeName.Kind.COMMON, CodeName.Kind.TECHNICAL]


@dataclass(frozen=True, slots=True)
class NameGroup:
    """Other names of one kind, and what they are: "brand names"."""

    label: str
    names: list[str]

    @property
    def first(self) -> list[str]:
        return self.names[:NAMES_SHOWN]

    @property
    def more(self) -> list[str]:
        return self.names[NAMES_SHOWN:]


@dataclass
class CodePage:
    """The page of one code, on one day; `as_of` is the date of service asked for, or None."""

    code: MedicalCode
    as_of: datetime.date | None
    today: datetime.date

    @cached_property
    def status(self) -> str:
        return self.code.status_on(self.today).value

    @cached_property
    def guide(self):
        """The published guide, or None."""
        guide = getattr(self.code, "guide", None)
        return guide if guide is not None and guide.is_published else None

    @property
    def withdrawn_guide(self):
        """The guide that was taken off the page, or None."""
        return None if self.guide else getattr(self.code, "guide", None)

    @property
    def review_is_overdue(self) -> bool:
        return self.guide.is_overdue(self.today)

    @property
    def changes_url(self) -> str:
        return changes_address(self.code)

    @property
    def contact_query(self) -> str:
        """What the addresses of contact pages carry along: code=hcpcs:J9302."""
        return urlencode({"code": code_parameter(self.code)}, safe=":")

    @property
    def description_is_cut(self) -> bool:
        """Whether the title is only the beginning of the official description."""
        return self.code.title != self.code.long_description

    @cached_property
    def names(self) -> list[NameGroup]:
        """Other names by kind, without the inclusion terms; after them those of the codes that this one replaces."""
        own = [Name(name.text, name.kind) for name in self.known_names()]
        held = {name.text.casefold() for name in own}
        # One query would tell that there are none; the predecessors are at hand.
        inherited = names_for([self.code.pk]).get(self.code.pk, []) if self.predecessors else []
        inherited = [name for name in inherited if name.of and name.text.casefold() not in held]
        groups = []
        for of in ["", *dict.fromkeys(name.of for name in inherited)]:
            for kind in KINDS_OF_NAMES:
                texts = [name.text for name in [*own, *inherited] if (name.of, name.kind) == (of, kind)]
                if texts:
                    groups.append(NameGroup(_label_of_names(kind, len(texts), of), list(dict.fromkeys(texts))))
        return groups

    @cached_property
    def inclusion_terms(self) -> NameGroup | None:
        """What the classification lists below the code as included, or None."""
        terms = [name.text for name in self.known_names() if name.kind == CodeName.Kind.INCLUSION]
        return NameGroup(_label_of_names(CodeName.Kind.INCLUSION, len(terms), ""), terms) if terms else None

    def known_names(self) -> list[CodeName]:
        return list(self.code.names.all())

    @cached_property
    def indicators(self) -> list[Indicator]:
        return decode(self.code.indicators)

    @cached_property
    def successors(self) -> list[MedicalCode]:
        return [each.successor for each in self.code.successions.all()]

    @cached_property
    def predecessors(self) -> list[MedicalCode]:
        return [each.predecessor for each in self.code.precessions.all()]

    @cached_property
    def similar_codes(self) -> list[SimilarCode]:
        return find_similar(self.code, self.today)

    @cached_property
    def ancestors(self) -> list[MedicalCode]:
        return self.code.ancestors()

    @cached_property
    def children(self) -> list[MedicalCode]:
        return list(self.code.children_in_order())

    @cached_property
    def notes(self) -> list[NoteGroup]:
        """What the classification instructs those who choose the code."""
        return notes_of(self.code, self.ancestors)

    @property
    def changes(self) -> list:
        return list(self.code.changes.all())

    @cached_property
    def answer(self) -> Validity | None:
        """Whether the code was valid on the date of service."""
        return self.code.validity(self.as_of) if self.as_of else None

    @cached_property
    def codes_for_date(self) -> list[MedicalCode]:
        """Successors or predecessors that were valid on the date of service when the code itself was not."""
        if self.answer is None or self.answer.state == Validity.State.VALID:
            return []
        related = [*self.successors, *self.predecessors]
        return [code for code in related if code.validity(self.as_of).state == Validity.State.VALID]


def _label_of_names(kind: CodeName.Kind, count: int, of: str) -> str:
    label = f"{kind.label}{'s' if count > 1 else ''}"
    return f"{label} of {of}, which this code replaces" if of else label
