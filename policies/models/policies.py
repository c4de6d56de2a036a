import datetime
import hashlib
from collections.abc import Container
from itertools import count

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from policies.licensed_numbers import refuse_licensed_numbers
from policies.models.plans import HealthPlan
from procedures.models import MedicalCode
from procedures.models.codes import SLUG_LENGTH, make_slug

TITLE_LENGTH = 500
NUMBER_LENGTH = 60
LONGEST_SUMMARY = 20_000
# What became of the address of the original document when it was last asked.
LINK_COLUMNS = ("link_state", "link_answer", "link_checked_at")


def make_public_id(issuer: str, kind: str, number_or_title: str, taken: Container[str] = ()) -> str:
    """The eight hexadecimal digits that name a policy in its address: the same wherever the same policy is loaded.

    `issuer` is the slug of the issuer; `taken` are the ids that other policies have.
    """
    for attempt in count():
        text = "\n".join([issuer, kind, number_or_title, *([str(attempt)] if attempt else [])])
        public_id = hashlib.sha256(text.encode()).hexdigest()[:8]
        if public_id not in taken:
            return public_id


def _is_retired(on: datetime.date) -> Q:
    return Q(status="retired") | Q(retired__lte=on)


def _named_codes() -> models.QuerySet:
    return Policy.codes.through.objects.order_by()


class PolicyQuerySet(models.QuerySet):
    def current(self, on: datetime.date | None = None):
        """Policies that apply on the day `on` (today), as far as is known. See also Policy.state."""
        on = on or timezone.localdate()
        return self.filter(
            Q(status__in=[Policy.Status.ACTIVE, Policy.Status.UNKNOWN]),
            Q(effective__isnull=True) | Q(effective__lte=on),
            Q(retired__isnull=True) | Q(retired__gt=on),
        )

    def ended(self, on: datetime.date | None = None):
        """Policies that are retired on the day `on` (today). See also Policy.state."""
        return self.filter(_is_retired(on or timezone.localdate()))

    def stale(self, on: datetime.date | None = None):
        """Policies not verified within the interval of their issuer; none that is retired. See Policy.is_stale."""
        on = on or timezone.localdate()
        late = Q(last_verified__isnull=True)
        for days in HealthPlan.objects.order_by().values_list("verify_every_days", flat=True).distinct():
            late |= Q(issuer__verify_every_days=days, last_verified__lt=on - datetime.timedelta(days=days))
        return self.filter(late).exclude(pk__in=self.model.objects.ended(on).values("pk"))

    def with_state(self, on: datetime.date):
        """Each policy with its state on a day as `state_now`. See also Policy.state."""
        state, status = Policy.State, Policy.Status
        return self.annotate(
            state_now=Case(
                When(_is_retired(on), then=Value(state.RETIRED.value)),
                When(status=status.PROPOSED, then=Value(state.PROPOSED.value)),
                When(effective__gt=on, then=Value(state.FUTURE.value)),
                When(status=status.ACTIVE, then=Value(state.CURRENT.value)),
                default=Value(state.UNKNOWN.value),
                output_field=models.CharField(),
            )
        )

    def current_first(self, on: datetime.date, *before):
        """Policies that apply, those that do not yet, retired ones; each by title. `before` orders more strongly."""
        rank = Case(
            When(_is_retired(on), then=Value(2)),
            When(Q(status=Policy.Status.PROPOSED) | Q(effective__gt=on), then=Value(1)),
            default=Value(0),
        )
        return self.order_by(*before, rank, "title", "pk")

    def changed_since(self, day: datetime.date):
        """Policies with a revision on or after a day."""
        # Far days have no moment in some time zones.
        day = min(max(day, datetime.date(1900, 1, 1)), datetime.date(2900, 1, 1))
        moment = timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
        revisions = Policy.revisions.rel.related_model.objects.filter(policy=models.OuterRef("pk"), at__gte=moment)
        return self.filter(models.Exists(revisions))

    def for_code(self, code: MedicalCode):
        """Policies that name the code itself. See also policies.related."""
        # Not by Exists, here and below: the databases would look at every policy.
        return self.filter(pk__in=_named_codes().filter(code=code).values("policy_id"))

    def for_plan(self, plan: HealthPlan):
        """Policies that apply to the plan: named for it, or issued by it."""
        applied = Policy.plans.through.objects.order_by().filter(healthplan=plan).values_list("policy_id")
        issued = Policy.objects.order_by().filter(issuer=plan).values_list("pk")
        # Nor by OR: PostgreSQL takes it for half of all policies.
        return self.filter(pk__in=applied.union(issued))

    def naming_codes(self):
        """Policies that name at least one code."""
        return self.filter(models.Exists(_named_codes().filter(policy=models.OuterRef("pk"))))

    def without_codes(self):
        """Policies that name no code."""
        return self.filter(~models.Exists(_named_codes().filter(policy=models.OuterRef("pk"))))

    def without_address(self):
        """Policies of which nobody has given the address of the original document: no page can cite them."""
        return self.filter(url="")

    def for_kind_of_plan(self, kind: str):
        """Policies that apply to a plan of this kind (HealthPlan.Kind): named for it, or issued by it."""
        through = Policy.plans.through.objects.filter(policy_id=models.OuterRef("pk"), healthplan__kind=kind)
        return self.filter(models.Exists(through) | Q(issuer__kind=kind))

    def with_dead_link(self):
        """Policies whose original document was not found where it was."""
        return self.filter(link_state=Policy.LinkState.DEAD)

    def missing(self):
        """Policies in force that the newest full export of their source no longer lists: retired ones may go."""
        return self.filter(missing_since__isnull=False).exclude(_is_retired(timezone.localdate()))


class Policy(models.Model):
    """A document in which a payer or CMS says what is covered, for whom, and how it is billed."""

    class Kind(models.TextChoices):
        PAYER_POLICY = "payer-policy", "payer policy"
        NCD = "ncd", "National Coverage Determination"
        LCD = "lcd", "Local Coverage Determination"
        ARTICLE = "article", "article"

    class ArticleType(models.TextChoices):
        ARTICLE = "article", "article"
        FAQ = "faq", "questions and answers"
        SELF_ADMINISTERED_DRUGS = "self-administered-drugs", "self-administered drug exclusion list"
        RESPONSE_TO_COMMENTS = "response-to-comments", "response to comments"
        BILLING_AND_CODING = "billing-and-coding", "billing and coding article"

    class Status(models.TextChoices):
        UNKNOWN = "unknown", "status not known"
        PROPOSED = "proposed", "proposed"
        ACTIVE = "active", "active"
        RETIRED = "retired", "retired"

    class State(models.TextChoices):
        """What a reader needs to know of a policy on one day: its status and dates together; in order of interest."""

        CURRENT = "current", "active"
        UNKNOWN = "unknown", "status not known"
        FUTURE = "future", "not yet in effect"
        PROPOSED = "proposed", "proposed"
        RETIRED = "retired", "retired"

        @property
        def rank(self) -> int:
            """Its place in lists: what applies first, from 0."""
            return list(type(self)).index(self)

    class LinkState(models.TextChoices):
        UNCHECKED = "", "not checked"
        ALIVE = "alive", "found"
        DEAD = "dead", "not found"
        UNREACHABLE = "unreachable", "could not be reached"

    kind = models.CharField(max_length=14, choices=Kind, default=Kind.PAYER_POLICY)
    article_type = models.CharField(
        max_length=24, choices=ArticleType, blank=True, help_text="What an article of Medicare is; else empty."
    )
    number = models.CharField(
        max_length=NUMBER_LENGTH, blank=True, help_text="As its issuer numbers it: L33789. Empty where it has none."
    )
    title = models.CharField(max_length=TITLE_LENGTH)
    slug = models.CharField(max_length=SLUG_LENGTH, editable=False)
    public_id = models.CharField(max_length=8, unique=True, editable=False, help_text="Names it in addresses for good.")
    issuer = models.ForeignKey(
        HealthPlan,
        models.PROTECT,
        related_name="issued",
        help_text="The payer whose document it is; CMS for NCDs, LCDs and articles.",
    )
    plans = models.ManyToManyField(
        HealthPlan,
        blank=True,
        related_name="policies",
        verbose_name="applies to",
        help_text="The plans or contractors it applies to; none where it applies to all that its issuer decides for.",
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.UNKNOWN)
    effective = models.DateField(
        "effective date", null=True, blank=True, help_text="Day from which its present text applies."
    )
    last_reviewed = models.DateField(null=True, blank=True, help_text="Day on which its issuer last reviewed it.")
    retired = models.DateField(
        "retired on", null=True, blank=True, help_text="Day on which it was retired, or will be."
    )
    url = models.URLField(
        "original document", max_length=500, blank=True, help_text="Address of the document at its issuer."
    )
    summary = models.TextField(
        max_length=LONGEST_SUMMARY,
        blank=True,
        help_text="What it says, in plain language; small Markdown. No CPT or CDT texts.",
    )
    last_verified = models.DateField(
        null=True, blank=True, help_text="Day on which these facts were last compared with the original document."
    )
    codes = models.ManyToManyField(MedicalCode, through="PolicyCode", related_name="policies")
    references = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="referenced_by", help_text="Documents that it names."
    )
    missing_since = models.DateField(
        null=True,
        blank=True,
        editable=False,
        help_text="Day of the first full export of its source that no longer lists it.",
    )
    link_state = models.CharField(max_length=12, choices=LinkState, blank=True, editable=False)
    link_answer = models.CharField(max_length=600, blank=True, editable=False, help_text="What its server answered.")
    link_checked_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PolicyQuerySet.as_manager()
    # What importers write they keep as PolicyRevision, which readers see. See also PolicyCode.
    history = HistoricalRecords(
        m2m_fields=[plans, references],
        excluded_fields=["slug", "missing_since", *LINK_COLUMNS],
    )

    class Meta:
        verbose_name_plural = "policies"
        ordering = ["title", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["payer-policy", "ncd", "lcd", "article"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(article_type="")
                | Q(
                    kind="article",
                    article_type__in=[
                        "article",
                        "faq",
                        "self-administered-drugs",
                        "response-to-comments",
                        "billing-and-coding",
                    ],
                ),
                name="%(app_label)s_%(class)s_article_type_of_article",
                violation_error_message="Only an article has a type of article.",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["unknown", "proposed", "active", "retired"]),
                name="%(app_label)s_%(class)s_status_known",
            ),
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug=""),
                name="%(app_label)s_%(class)s_titled",
            ),
            models.CheckConstraint(
                condition=Q(public_id__regex=r"^[0-9a-f]{8}$"), name="%(app_label)s_%(class)s_public_id_is_hex"
            ),
            models.UniqueConstraint(
                fields=["issuer", "kind", "number"],
                condition=~Q(number=""),
                name="%(app_label)s_%(class)s_number_once",
                violation_error_message="Its issuer has another policy of this kind with this number.",
            ),
            models.CheckConstraint(
                condition=Q(url="") | Q(url__startswith="https://") | Q(url__startswith="http://"),
                name="%(app_label)s_%(class)s_url_is_address",
            ),
            models.CheckConstraint(
                condition=Q(retired__isnull=True) | Q(effective__isnull=True) | Q(retired__gte=F("effective")),
                name="%(app_label)s_%(class)s_retired_after_effective",
                violation_error_message="It cannot have been retired before it took effect.",
            ),
            models.CheckConstraint(
                condition=~Q(status="proposed") | Q(retired__isnull=True),
                name="%(app_label)s_%(class)s_proposed_is_not_retired",
                violation_error_message="A proposed policy cannot be retired.",
            ),
            models.CheckConstraint(
                condition=Q(link_state__in=["", "alive", "dead", "unreachable"]),
                name="%(app_label)s_%(class)s_link_state_known",
            ),
        ]
        indexes = [models.Index(fields=["effective"], name="policies_policy_effective")]

    def __str__(self):
        return f"{self.number_beside_title} {self.title}".strip()

    def get_absolute_url(self):
        return reverse("policies:policy", args=[self.issuer.slug, f"{self.public_id}-{self.slug}"])

    def name_for_addresses(self, taken: Container[str] = ()) -> None:
        """Sets slug and, for a new policy, the public id; called by whoever writes a title, before saving."""
        self.slug = make_slug(self.title)
        if not self.public_id:
            self.public_id = make_public_id(self.issuer.slug, self.kind, self.number or self.title, taken)

    def move_to(self, url: str) -> None:
        """Gives it the address of its original document. Not saved; see forget_link for the columns."""
        if url != self.url:
            self.url = url
            self.forget_link()

    def forget_link(self) -> None:
        """What came of its former address says nothing of the new one. Not saved: the columns are LINK_COLUMNS."""
        self.link_state, self.link_answer, self.link_checked_at = self.LinkState.UNCHECKED, "", None

    @property
    def number_beside_title(self) -> str:
        """Its number; "" where it has none, or one that stands for a title which its source does not state."""
        return "" if self.number == self.title else self.number

    @property
    def kind_label(self) -> str:
        """Its kind in words for readers: that of an article by its type."""
        return self.get_article_type_display() if self.article_type else self.get_kind_display()

    def clean(self):
        refuse_licensed_numbers(self, ["title", "summary"])
        if self.status == self.Status.RETIRED and self.retired and self.retired > timezone.localdate():
            raise ValidationError({"status": "With a day of retirement to come it is not retired yet."})

    def state(self, on: datetime.date) -> "Policy.State":
        """Its state on a day. See also PolicyQuerySet.current."""
        if self.status == self.Status.RETIRED or (self.retired and self.retired <= on):
            return self.State.RETIRED
        if self.status == self.Status.PROPOSED:
            return self.State.PROPOSED
        if self.effective and self.effective > on:
            return self.State.FUTURE
        return self.State.CURRENT if self.status == self.Status.ACTIVE else self.State.UNKNOWN

    def is_stale(self, on: datetime.date) -> bool:
        """Whether it was not verified within the interval of its issuer. See also PolicyQuerySet.stale."""
        if self.state(on) == self.State.RETIRED:
            return False
        return self.last_verified is None or self.last_verified < self.issuer.stale_before(on)
