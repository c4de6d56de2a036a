"""The guides of the demonstration, most of them public, some in each other state, so that an editor sees each."""

import datetime
from pathlib import Path

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.utils import timezone

from procedures.guide_documents import parse_guide
from procedures.guide_import import ImportedFile, store_guide
from procedures.models import Guide, GuideDraft, MedicalCode
from procedures.models.codes import normalize
from procedures.models.guides import DEMONSTRATION

FOLDER = Path(__file__).parent / "guides"

# What is not simply public, by the name of the file.
DRAFT, IN_REVIEW, SENT_BACK, APPROVED, SCHEDULED = "draft", "in review", "sent back", "approved", "scheduled"
UNPUBLISHED, PUBLIC_WITH_DRAFT, PUBLIC_AND_CHANGED = "unpublished", "public, with a draft", "public, changed once"
STATES = {
    "hcpcs-J3420": PUBLIC_AND_CHANGED,
    "hcpcs-E0601": PUBLIC_WITH_DRAFT,
    "hcpcs-K0001": DRAFT,
    "hcpcs-L3908": IN_REVIEW,
    "hcpcs-A0428": SENT_BACK,
    "hcpcs-J7325": APPROVED,
    "hcpcs-G0103": SCHEDULED,
    "hcpcs-E0260": UNPUBLISHED,
}


def load_guides() -> int:
    """Adds the guides whose codes have neither a guide nor a draft; returns how many. Changes nothing that is there."""
    added = 0
    for file in sorted(FOLDER.glob("*.txt")):
        slug, _, spelling = file.stem.partition("-")
        code = MedicalCode.objects.filter(system__slug=slug, normalized=normalize(spelling)).first()
        if code is None or Guide.objects.filter(code=code).exists() or GuideDraft.objects.filter(code=code).exists():
            continue
        with transaction.atomic():
            _load(code, file)
        added += 1
    return added


def _load(code: MedicalCode, file: Path) -> None:
    state = STATES.get(file.stem)
    if state in (DRAFT, IN_REVIEW, SENT_BACK, APPROVED, SCHEDULED):
        _leave_in_work(code, file, state)
        return
    _store(code, file, publish=True)
    if state == UNPUBLISHED:
        reason = "It is an example of a guide that editors took off its page."
        Guide.objects.get(code=code).unpublish(reason=reason, by=None)
    elif state == PUBLIC_WITH_DRAFT:
        draft = GuideDraft.objects.begin(code, by=_account("author"))
        draft.alternatives += "\n\nAsk which of these your health plan covers."
        draft.change_note = "Added a question to ask the health plan."
        draft.save_text(by=_account("author"))
    elif state == PUBLIC_AND_CHANGED:
        draft = GuideDraft.objects.begin(code, by=None)
        draft.patient_experience += "\n\nWrite down your questions before the visit, and bring the list."
        draft.change_note = "Added a hint for the visit."
        draft.save_text(by=None)
        draft.submit(by=None)
        draft.approve(by=None)
        draft.publish(by=None, publisher=DEMONSTRATION)


def _leave_in_work(code: MedicalCode, file: Path, state: str) -> None:
    author, reviewer = _account("author"), _account("reviewer")
    _store(code, file, publish=False)
    draft = GuideDraft.objects.get(code=code)
    draft.author = author
    draft.save_text(by=author)
    if state == DRAFT:
        return
    draft.submit(by=author)
    if state == SENT_BACK:
        draft.send_back(
            by=reviewer, note="Please say in the first sentence who orders it, and shorten the list of risks."
        )
    elif state in (APPROVED, SCHEDULED):
        in_ten_years = timezone.now() + datetime.timedelta(days=3650)
        draft.approve(by=reviewer, go_live_at=in_ten_years if state == SCHEDULED else None)


def _store(code: MedicalCode, file: Path, *, publish: bool) -> None:
    data = file.read_bytes()
    document = parse_guide(data.decode("utf-8"), file=file.name)
    store_guide(code, document, ImportedFile.of(file.name, data), publish=publish, publisher=DEMONSTRATION)


def _account(role: str) -> User:
    """Demo author or Demo reviewer: a member of the group, without a password that anybody could use."""
    user, is_new = User.objects.get_or_create(
        username=f"demo-{role}", defaults={"first_name": "Demo", "last_name": role, "is_staff": True}
    )
    if is_new:
        user.set_unusable_password()
        user.save()
        user.groups.set(Group.objects.filter(name=role.capitalize()))
    return user
