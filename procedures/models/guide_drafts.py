import datetime
import secrets

from django.conf import settings
from django.core import signing
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateformat import format as date_format

from procedures.guide_names import names_of
from procedures.guide_sections import SECTIONS
from procedures.models.codes import CodeName, MedicalCode
from procedures.models.guide_texts import GuideText
from procedures.models.guides import Guide, TransitionRefused
from procedures.models.search_entries import ContentVersion
from procedures.reading_hints import sketch

PREVIEW_SALT = "procedures.guide-preview"
PREVIEW_DAYS = 7


def new_preview_key() -> str:
    """The part of a preview link that makes it revocable."""
    return secrets.token_urlsafe(12)


class GuideDraftQuerySet(models.QuerySet):
    def due(self, now: datetime.datetime | None = None):
        """Approved drafts whose time has come."""
        return self.approved().filter(go_live_at__lte=now or timezone.now())

    def late(self, now: datetime.datetime | None = None):
        """Approved drafts that publish_due should have published a quarter of an hour ago."""
        return self.due((now or timezone.now()) - datetime.timedelta(minutes=15))

    def in_review(self):
        """Drafts that wait for a reviewer."""
        return self.filter(state=GuideDraft.State.IN_REVIEW)

    def approved(self):
        """Drafts that wait for their publication."""
        return self.filter(state=GuideDraft.State.APPROVED)

    def older_than(self, days: int, *, now: datetime.datetime | None = None):
        """Drafts begun more than so many days ago."""
        return self.filter(created_at__lt=(now or timezone.now()) - datetime.timedelta(days=days))

    def with_preview(self, token: str) -> "GuideDraft":
        """The draft that a signed link shows.

        Raises signing.BadSignature for a link that was never given out, and GuideDraft.DoesNotExist for one that is too
        old, was revoked, or whose draft is gone.
        """
        try:
            pk, key = signing.loads(token, salt=PREVIEW_SALT, max_age=PREVIEW_DAYS * 86_400)
        except signing.SignatureExpired:
            raise GuideDraft.DoesNotExist("The link is too old.") from None
        return self.get(pk=pk, preview_key=key)

    @transaction.atomic
    def begin(self, code: MedicalCode, *, by) -> "GuideDraft":
        """A new draft of the code's guide, with the text of the public one where there is one; saved.

        `by` is a user or None for a command. Raises TransitionRefused where a draft is in work already.
        """
        self.refuse_second(code)
        guide = Guide.objects.filter(code=code).first()
        draft = GuideDraft(code=code, author=by)
        if guide is None:
            raise TransitionRefused("This code has no guide yet: write one.")
        draft.copy_text_from(guide)
        draft.save_text(by=by)
        return draft

    @transaction.atomic
    def restore(self, version, *, by) -> "GuideDraft":
        """A new draft with the text of a row of the guide's history; saved. Raises TransitionRefused like `begin`."""
        code = MedicalCode.objects.get(pk=version.code_id)
        self.refuse_second(code)
        draft = GuideDraft(code=code, author=by)
        draft.copy_text_from(version.instance)
        draft.change_note = f"The text of {date_format(timezone.localtime(version.history_date), 'j F Y')} again."
        draft.save_text(by=by)
        return draft

    def refuse_second(self, code: MedicalCode) -> None:
        """Raises TransitionRefused where the code has a draft; until the transaction ends nobody else can begin one."""
        MedicalCode.objects.select_for_update(no_key=True).only("pk").get(pk=code.pk)
        draft = self.filter(code=code).select_related("changed_by").first()
        if draft:
            who = draft.changed_by or "an import"
            raise TransitionRefused(f"{code.code} has a draft in work already, last changed by {who}.")


class GuideDraft(GuideText):
    """The working copy of a code's guide, with its place in the workflow; the public never reads it.

    draft -> in review -> approved -> published, which removes it; `send_back` and `take_back` lead to draft again. Only
    a draft's text can be changed: what was approved is what is published. Every step takes `by`, a user or None for a
    command, and raises TransitionRefused where the draft was changed since it was read.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        IN_REVIEW = "in-review", "in review"
        APPROVED = "approved", "approved"

    code = models.OneToOneField(
        "procedures.MedicalCode",
        models.CASCADE,
        related_name="guide_draft",
        error_messages={"unique": "A guide of this code is in work already: go on with that one."},
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT, editable=False, db_index=True)
    change_note = models.CharField(
        "what changes",
        max_length=300,
        blank=True,
        help_text="One sentence for readers, shown with the differences after publication: “Updated the fasting time.”",
    )
    note = models.TextField(max_length=5_000, blank=True, editable=False, help_text="Why it was sent back.")
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    go_live_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time from which publish_due puts it live."
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    contributors = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="+",
        editable=False,
        help_text="All who wrote in it: none may approve it.",
    )
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    version = models.PositiveIntegerField(default=0, editable=False, help_text="Counts saves and steps.")
    has_text_of_a_person = models.BooleanField(
        default=False, editable=False, help_text="A person wrote in it: an import leaves it alone."
    )
    preview_key = models.CharField(max_length=32, default=new_preview_key, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = GuideDraftQuerySet.as_manager()

    class Meta:
        verbose_name = "guide in work"
        verbose_name_plural = "guides in work"
        ordering = ["-changed_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(**{section.field: "" for section in SECTIONS}),
                name="%(app_label)s_%(class)s_has_text",
                violation_error_message="Write at least one section: a guide without text cannot be saved.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "in-review", "approved"]), name="%(app_label)s_%(class)s_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state="approved") | Q(go_live_at__isnull=True, approved_by__isnull=True),
                name="%(app_label)s_%(class)s_only_approved_go_live",
            ),
        ]

    def __str__(self):
        return f"Guide in work: {self.code}"

    @property
    def is_editable(self) -> bool:
        return self.state == self.State.DRAFT

    def may_be_approved_by(self, user) -> bool:
        """Nobody approves a text that they wrote in, whatever else they may do."""
        return not self.contributors.filter(pk=user.pk).exists()

    @property
    def has_source(self) -> bool:
        """Whether it says where the text comes from: by references, or as a document that nobody has changed."""
        return self.has_reference or (bool(self.document_name) and not self.has_text_of_a_person)

    @transaction.atomic
    def save_text(self, *, by) -> None:
        """Saves the sections and sources as they stand now: the only way in which a text changes."""
        if not self._state.adding:
            self._lock(expected=[self.State.DRAFT], step="changed before it is taken back")
        self.take_hints()
        self.has_text_of_a_person = self.has_text_of_a_person or by is not None
        self.changed_by = by
        self.version += 1
        self.save()
        if by is not None:
            self.contributors.add(by)

    @transaction.atomic
    def submit(self, *, by) -> None:
        """Hands the draft to the reviewers."""
        self._lock(expected=[self.State.DRAFT], step="sent to review")
        self._save_step(by, state=self.State.IN_REVIEW, note="", noted_by=None)

    @transaction.atomic
    def take_back(self, *, by) -> None:
        """Makes a submitted or approved draft editable again."""
        self._lock(expected=[self.State.IN_REVIEW, self.State.APPROVED], step="taken back")
        self._save_step(by, state=self.State.DRAFT, approved_by=None, go_live_at=None)

    @transaction.atomic
    def send_back(self, *, note: str, by) -> None:
        """Returns a submitted or approved draft to its author, saying what is to be mended."""
        if not note.strip():
            raise TransitionRefused("Say what is to be mended.")
        self._lock(expected=[self.State.IN_REVIEW, self.State.APPROVED], step="sent back")
        self._save_step(by, state=self.State.DRAFT, note=note.strip(), noted_by=by, approved_by=None, go_live_at=None)

    @transaction.atomic
    def approve(self, *, by, go_live_at: datetime.datetime | None = None) -> None:
        """Approves the text as it stands, to be published by `publish`, or by publish_due from `go_live_at` on."""
        self._lock(expected=[self.State.IN_REVIEW], step="approved")
        if by is not None and not self.may_be_approved_by(by):
            raise TransitionRefused("You wrote in this text yourself: another reviewer has to approve it.")
        self._refuse_without_source()
        self._save_step(by, state=self.State.APPROVED, approved_by=by, go_live_at=go_live_at)

    @transaction.atomic
    def publish(self, *, by, publisher: str = "", now: datetime.datetime | None = None) -> Guide:
        """Makes the approved text public, brings names and search up to date, and removes the draft.

        `publisher` stands for a publication that no person makes ("import"). The day of the first publication and the
        review of a clinician stay as they are. Returns the guide.
        """
        ContentVersion.wait_for_other_writers()
        approved = self._lock(expected=[self.State.APPROVED], step="published")
        approved._refuse_without_source()
        now = now or timezone.now()
        guide = Guide.objects.select_for_update().filter(code_id=self.code_id).first()
        is_new = guide is None
        guide = guide or Guide(code_id=self.code_id, published_at=now)
        html = approved.render()
        if is_new or not guide.says_the_same_as(approved) or guide.html != html:
            guide.changed_at = now
        guide.copy_text_from(approved)
        guide.html = html
        guide.sketch = sketch(" ".join(guide.texts().values()))
        guide.unpublished_at, guide.unpublish_reason = None, ""
        person = by or approved.approved_by
        guide.publisher = publisher or (person.get_username() if person else "command")
        guide.written_by = ", ".join(writer.get_username() for writer in self.contributors.order_by("pk"))[:500]
        guide.approved_by = approved.approved_by.get_username() if approved.approved_by else ""
        guide.save_with_history(by=person, reason=approved.change_note)
        CodeName.objects.follow_guide(self.code, names_of(guide.procedure_name), by=person)
        guide._reindex()
        self.delete()
        return guide

    def revoke_preview(self) -> None:
        """Makes every preview link given out so far invalid. The text and its version stay."""
        self.preview_key = new_preview_key()
        GuideDraft.objects.filter(pk=self.pk).update(preview_key=self.preview_key)

    def preview_token(self) -> str:
        """The signed part of a preview link; it shows the draft as it is when opened, for PREVIEW_DAYS days."""
        return signing.dumps([self.pk, self.preview_key], salt=PREVIEW_SALT, compress=True)

    def as_guide(self) -> Guide:
        """An unsaved guide with the text of the draft, rendered, for a preview: as if it were published now."""
        live = Guide.objects.filter(code_id=self.code_id).first()
        now = timezone.now()
        guide = live or Guide(code=self.code, published_at=now)
        guide.copy_text_from(self)
        guide.html = guide.render()
        guide.changed_at = now
        guide.unpublished_at, guide.unpublish_reason = None, ""
        return guide

    def _refuse_without_source(self) -> None:
        if not self.has_source:
            raise TransitionRefused("Name at least one source first: a guide without sources cannot be published.")

    def _save_step(self, by, **columns) -> None:
        """Saves nothing but these columns: the text in the database is what was read and judged."""
        columns |= {"changed_by": by, "version": self.version + 1}
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(update_fields=[*columns, "changed_at"])

    def _lock(self, *, expected: list[str], step: str) -> "GuideDraft":
        """Waits for other writers of this draft and returns its row; refuses where they changed what was read."""
        # Without a join: a row that was waited for is read afresh, those joined to it are not.
        stored = GuideDraft.objects.select_for_update().filter(pk=self.pk).first()
        if stored is None:
            raise TransitionRefused("This draft is gone: it was published or deleted meanwhile.")
        if stored.version != self.version:
            raise TransitionRefused(
                f"It was changed meanwhile, last by {stored.changed_by or 'a command'}: read it again first."
            )
        if stored.state not in expected:
            raise TransitionRefused(f"A text that is {stored.get_state_display()} cannot be {step}.")
        return stored
