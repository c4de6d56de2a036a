import datetime
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Left, Replace, Upper
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history

from procedures.guide_sections import SECTIONS
from procedures.models.releases import CodeChange
from procedures.models.systems import CodeSystem

# An ICD-10 code has at most four headings above it; each is needed with its system for its address.
PARENTS = ["parent" + "__parent" * depth + "__system" for depth in range(5)]

# What releases say of a code, and what is made of it.
OFFICIAL_FIELDS = ["system", "kind", "normalized", "short_description", "long_description", "title", "slug"]
OFFICIAL_FIELDS += ["added", "effective", "terminated", "indicators", "parent", "is_noc", "has_policy"]
OFFICIAL_FIELDS += ["first_listed_in", "listed_in", "missing_from"]

TITLE_LENGTH = 150
SLUG_LENGTH = 80


def make_title(description: str) -> str:
    """The description cut at a word within 150 characters, the ellipsis included, where it is longer."""
    if len(description) <= TITLE_LENGTH:
        return description
    # One character is the ellipsis, so the text may end with character 149 where a blank follows it.
    head = description[: TITLE_LENGTH - 1]
    cut = head if description[TITLE_LENGTH - 1] == " " else head.rpartition(" ")[0] or head
    return cut.rstrip(" ,;:-") + "…"


def make_slug(title: str) -> str:
    """The title as a part of an address: `0.1 mg` becomes `01-mg`; at most 80 characters, never empty."""
    slug = slugify(title)
    if len(slug) > SLUG_LENGTH:
        slug = slug[: SLUG_LENGTH + 1].rpartition("-")[0] or slug[:SLUG_LENGTH]
    return slug.strip("-_") or "code"


# Quality measures (G8000 to G9999, M1000 and up) give "reason not otherwise specified" among the reasons of a measure.
_NOC_WORDS = re.compile(
    r"not otherwise (classified|specified|coded)|not elsewhere classified|unclassified|unlisted"
    r"|miscellaneous|\b(noc|nos)\b",
    re.IGNORECASE,
)
_MEASURES = re.compile(r"(G[89]|M1)\d+")


def says_not_otherwise_classified(code: str, description: str) -> bool:
    """Whether the official description of an HCPCS code makes it a catch-all, where no list of CMS tells.

    Of the 159 codes in CMS's list of January 2025 it finds 141, and 4 that are not in it.
    """
    return bool(_NOC_WORDS.search(description)) and not _MEASURES.match(code)


def normalize(code: str) -> str:
    """The spelling by which codes are compared: upper case, without dots, hyphens and blanks, no wide letters."""
    if not code.isascii():
        # Each character by itself, and again after the capitals: together they could become another one.
        code = "".join(_plain(_plain(character).upper()) for character in code)
    return "".join(code.split()).replace(".", "").replace("-", "").upper()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


@cache
def _address_pattern() -> str:
    return reverse("procedures:code", args=["SYSTEM", "CODE-SLUG"])


def code_address(system: str, code: str, slug: str) -> str:
    """The address of a code's page; made without a look-up of the URL configuration, for lists of results."""
    return _address_pattern().replace("SYSTEM", system).replace("CODE", code).replace("SLUG", slug)


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether a code could be used on one day."""

    class State(models.TextChoices):
        VALID = "valid", "valid"
        NOT_YET = "not-yet", "not yet valid"
        ENDED = "ended", "no longer valid"
        HEADER = "header", "never valid by itself"
        UNKNOWN = "unknown", "not known"

    on: datetime.date
    state: State


class MedicalCodeQuerySet(models.QuerySet):
    def retired(self, on: datetime.date | None = None):
        """Codes that may not be used on the day `on` (today). See also MedicalCode.status."""
        on = on or timezone.localdate()
        ended = Q(terminated__lt=on) | Q(missing_from__isnull=False)
        return self.exclude(kind=MedicalCode.Kind.HEADER).filter(ended)

    def in_use(self, on: datetime.date | None = None):
        """Codes that may be used on the day `on` (today). See also MedicalCode.status."""
        on = on or timezone.localdate()
        ended = Q(terminated__lt=on) | Q(missing_from__isnull=False)
        return self.exclude(kind=MedicalCode.Kind.HEADER).exclude(ended)

    def shown(self):
        """Codes of systems whose texts may be shown."""
        # Not by a join with what the licence may be: there are few systems.
        hidden = CodeSystem.objects.filter(licence=CodeSystem.Licence.NOT_LICENSED)
        return self.exclude(system__in=hidden)

    def with_guide(self):
        """Codes with a published guide."""
        return self.filter(guide__isnull=False, guide__unpublished_at__isnull=True)

    def without_guide(self):
        """Codes that have no published guide, headings left out."""
        # Guides refer to codes, so they cannot be imported at the top.
        from procedures.models.guides import Guide

        # Not by a join, which would be sorted as a whole before the first page is known.
        guided = Guide.objects.published().values("code_id")
        return self.exclude(kind=MedicalCode.Kind.HEADER).exclude(pk__in=guided)

    def not_otherwise_classified(self):
        """Catch-all codes, which say nothing of what was given. See also says_not_otherwise_classified."""
        return self.filter(is_noc=True)

    def topmost(self):
        """Codes without a heading above them, which a browse page shows first."""
        return self.filter(parent__isnull=True)

    def modifiers(self):
        return self.filter(kind=MedicalCode.Kind.MODIFIER)

    def in_range(self, first: str, last: str):
        """Codes whose beginnings lie from `first` to `last`, both included, compared on their length.

        A modifier such as A1 is no code of the range A1 to A8.
        """
        codes = self.exclude(kind=MedicalCode.Kind.MODIFIER).annotate(beginning=Left("normalized", len(first)))
        return codes.filter(beginning__gte=first, beginning__lte=last)

    def with_page_data(self):
        """Everything that a code's page shows, in a fixed number of queries."""
        return (
            self.select_related("system", "listed_in", "first_listed_in", "missing_from", "guide", *PARENTS)
            .prefetch_related(
                "names",
                models.Prefetch("successions", Succession.objects.shown().select_related("successor__system")),
                models.Prefetch("precessions", Succession.objects.shown().select_related("predecessor__system")),
                models.Prefetch(
                    "changes", CodeChange.objects.select_related("release").order_by("-release__version", "pk")
                ),
            )
            .defer("guide__sketch", *(f"guide__{section.field}" for section in SECTIONS))
        )


class MedicalCode(models.Model):
    """One code of a code system, with the facts of the newest release that lists it (schema.org's MedicalCode)."""

    class Kind(models.TextChoices):
        CODE = "code", "code"
        MODIFIER = "modifier", "modifier"
        HEADER = "header", "header"

    class Status(models.TextChoices):
        ACTIVE = "active", "in use"
        RETIRED = "retired", "retired"
        HEADER = "header", "heading of more specific codes"

    system = models.ForeignKey("procedures.CodeSystem", models.PROTECT, related_name="codes")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CODE)
    code = models.CharField(max_length=12, help_text="As it is shown: C84.02.")
    normalized = models.CharField(max_length=12, editable=False, help_text="As it is compared: C8402.")
    short_description = models.CharField(max_length=120, blank=True, help_text="Official, as released.")
    long_description = models.TextField(help_text="Official, as released.")
    title = models.CharField(max_length=TITLE_LENGTH, editable=False)
    slug = models.CharField(max_length=SLUG_LENGTH, editable=False)
    added = models.DateField(null=True, blank=True, help_text="First day of use, where the release says it.")
    effective = models.DateField(null=True, blank=True, help_text="Day on which its last change took effect.")
    terminated = models.DateField(null=True, blank=True, help_text="Last day of use.")
    indicators = models.JSONField(default=dict, blank=True, help_text="CMS indicators, raw, by their CMS names.")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    first_listed_in = models.ForeignKey(
        "procedures.Release", models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    listed_in = models.ForeignKey(
        "procedures.Release", models.PROTECT, null=True, blank=True, related_name="codes", editable=False
    )
    missing_from = models.ForeignKey(
        "procedures.Release",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        help_text="The first complete release after `listed_in`: it does not list the code.",
    )
    remark = models.TextField(
        "editors’ remark",
        max_length=1_000,
        blank=True,
        help_text="Shown on the code’s page as a remark of the editors, such as what to know of a change of the code.",
    )
    remark_source = models.CharField(
        "source of the remark",
        max_length=300,
        blank=True,
        help_text="The document that says so, such as “CMS HCPCS quarterly update, July 2025”.",
    )
    is_noc = models.BooleanField(
        "not otherwise classified",
        default=False,
        editable=False,
        help_text="A catch-all for what has no code of its own: CMS lists it as NOC, or its description says so.",
    )
    has_policy = models.BooleanField(default=False, editable=False, help_text="A health-plan policy names the code.")

    objects = MedicalCodeQuerySet.as_manager()
    # Editors change nothing else of a code; importers write theirs to CodeChange.
    history = HistoricalRecords(excluded_fields=OFFICIAL_FIELDS)

    class Meta:
        ordering = ["system", "normalized"]
        constraints = [
            models.UniqueConstraint(fields=["system", "normalized"], name="%(app_label)s_%(class)s_code_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["code", "modifier", "header"]), name="%(app_label)s_%(class)s_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(normalized=Upper(Replace(F("code"), Value("."), Value("")))) & ~Q(normalized=""),
                name="%(app_label)s_%(class)s_normalized",
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug="") & ~Q(long_description=""),
                name="%(app_label)s_%(class)s_described",
            ),
            models.CheckConstraint(
                condition=Q(missing_from__isnull=True) | Q(listed_in__isnull=False),
                name="%(app_label)s_%(class)s_missing_only_if_listed",
            ),
            models.CheckConstraint(
                condition=Q(terminated__isnull=True) | Q(added__isnull=True) | Q(terminated__gte=F("added")),
                name="%(app_label)s_%(class)s_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(remark="", remark_source="") | (~Q(remark="") & ~Q(remark_source="")),
                name="%(app_label)s_%(class)s_remark_with_source",
                violation_error_message="A remark needs its source, and a source its remark.",
            ),
        ]
        indexes = [
            models.Index(fields=["terminated"], name="procedures_code_terminated"),
            models.Index(fields=["is_noc"], name="procedures_code_noc", condition=Q(is_noc=True)),
        ]

    def __str__(self):
        return f"{self.code} {self.title}"

    def get_absolute_url(self):
        return code_address(self.system.slug, self.code, self.slug)

    @property
    def status(self) -> "MedicalCode.Status":
        """Today's status. See also MedicalCodeQuerySet.retired."""
        return self.status_on(timezone.localdate())

    def status_on(self, on: datetime.date) -> "MedicalCode.Status":
        return status_of(self.kind, self.terminated, self.missing_from_id, on)

    def validity(self, on: datetime.date) -> Validity:
        """Whether the code could be used for a service on the day `on`, as far as the imported releases tell.

        An undated code that a newer release no longer lists ended on an unknown day between the two releases. A code
        without a first day is taken as valid from the first release that lists it; before that the answer is unknown.
        """
        state = Validity.State
        if self.kind == self.Kind.HEADER:
            return Validity(on, state.HEADER)
        if self.terminated and on > self.terminated:
            return Validity(on, state.ENDED)
        if self.added and on < self.added:
            return Validity(on, state.NOT_YET)
        if not self.added and self.first_listed_in and on < self.first_listed_in.effective:
            return Validity(on, state.UNKNOWN)
        if self.missing_from and not self.terminated and on > self.listed_in.effective:
            return Validity(on, state.ENDED if on >= self.missing_from.effective else state.UNKNOWN)
        return Validity(on, state.VALID)

    def ancestors(self) -> "list[MedicalCode]":
        """The headings above this code, the topmost first."""
        found: list[MedicalCode] = []
        parent = self.parent
        while parent is not None:
            found.insert(0, parent)
            parent = parent.parent
        return found

    def children_in_order(self):
        """The codes directly below this one, in the order of the classification."""
        return self.children.select_related("system").order_by("normalized")


def status_of(
    kind: str, terminated: datetime.date | None, missing_from_id: int | None, on: datetime.date
) -> MedicalCode.Status:
    """The status on a day of a code with these columns, for lists that hold columns instead of objects."""
    if kind == MedicalCode.Kind.HEADER:
        return MedicalCode.Status.HEADER
    if missing_from_id or (terminated and terminated < on):
        return MedicalCode.Status.RETIRED
    return MedicalCode.Status.ACTIVE


# The source of names that the section "Name of the Procedure" of the public guide gives.
GUIDE_SOURCE = "Guide"
GUIDE_SOURCE_IS_RESERVED = (
    "Names whose source is “Guide” are made when a guide is published: edit the guide, or name another source."
)
NAME_LENGTH = 300


class CodeNameQuerySet(models.QuerySet):
    def follow_guide(self, code: MedicalCode, names: Iterable[tuple[str, str]], *, by=None) -> None:
        """Makes the names whose source is the guide these pairs of kind and text; names of other sources stay.

        The history names `by`, a user or None for a command.
        """
        others = set(code.names.exclude(source=GUIDE_SOURCE).values_list("kind", "text"))
        wanted = {(kind, text[:NAME_LENGTH]) for kind, text in names} - others
        held = {(name.kind, name.text): name for name in code.names.filter(source=GUIDE_SOURCE)}
        for pair, name in held.items():
            if pair not in wanted:
                name._history_user = by
                name.delete()
        added = [CodeName(code=code, kind=kind, text=text, source=GUIDE_SOURCE) for kind, text in wanted - set(held)]
        bulk_create_with_history(sorted(added, key=lambda name: (name.kind, name.text)), CodeName, default_user=by)


class CodeName(models.Model):
    """Another name of a code, and who says so."""

    class Kind(models.TextChoices):
        BRAND = "brand", "brand name"
        GENERIC = "generic", "generic name"
        COMMON = "common", "common name"
        TECHNICAL = "technical", "technical or medical term"
        INCLUSION = "inclusion", "inclusion term"

    code = models.ForeignKey(MedicalCode, models.CASCADE, related_name="names")
    kind = models.CharField(max_length=12, choices=Kind)
    text = models.CharField(max_length=NAME_LENGTH)
    source = models.CharField(max_length=120, help_text="Where the name was found, such as Guide or ASP crosswalk.")

    objects = CodeNameQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["code", "kind", "text"]
        constraints = [
            models.UniqueConstraint(fields=["code", "kind", "text"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=~Q(text="") & ~Q(source=""), name="%(app_label)s_%(class)s_not_blank"),
            models.CheckConstraint(
                condition=Q(kind__in=["brand", "generic", "common", "technical", "inclusion"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
        ]

    def __str__(self):
        return self.text

    @property
    def is_from_guide(self) -> bool:
        """Whether the guide of the code gives the name, which comes and goes with its text."""
        return self.source == GUIDE_SOURCE

    def clean(self):
        # However it is written: a reader could not tell it from one of the guide.
        if self.source.strip().casefold() == GUIDE_SOURCE.casefold():
            raise ValidationError({"source": GUIDE_SOURCE_IS_RESERVED})


class SuccessionQuerySet(models.QuerySet):
    def shown(self):
        """Successions between codes of systems whose texts may be shown."""
        hidden = CodeSystem.objects.filter(licence=CodeSystem.Licence.NOT_LICENSED)
        return self.exclude(successor__system__in=hidden).exclude(predecessor__system__in=hidden)


class Succession(models.Model):
    """One code that took the place of another."""

    class Source(models.TextChoices):
        CMS = "cms-cross-reference", "CMS cross-reference"
        ADDENDA = "icd-addenda", "ICD-10 addenda"
        EDITOR = "editor", "an editor"

    predecessor = models.ForeignKey(MedicalCode, models.CASCADE, related_name="successions")
    successor = models.ForeignKey(MedicalCode, models.CASCADE, related_name="precessions")
    source = models.CharField(max_length=20, choices=Source, default=Source.EDITOR)

    objects = SuccessionQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["predecessor", "successor"]
        constraints = [
            models.UniqueConstraint(fields=["predecessor", "successor"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=~Q(predecessor=F("successor")), name="%(app_label)s_%(class)s_not_itself"),
            models.CheckConstraint(
                condition=Q(source__in=["cms-cross-reference", "icd-addenda", "editor"]),
                name="%(app_label)s_%(class)s_source_known",
            ),
        ]

    def __str__(self):
        return f"{self.predecessor.code} -> {self.successor.code}"
