"""Rows for tests: each function makes one, with sensible values for what the test does not care about."""

import datetime
import hashlib
import itertools
import uuid
from collections.abc import Iterable, Mapping

from django.contrib.auth.models import Group, User
from django.utils import timezone
from django.utils.text import slugify

from contact.models import (
    AvailabilityWindow,
    Booking,
    Host,
    HostShare,
    MeetingType,
    Message,
    OutgoingMail,
)
from policies.changes import PolicyState, record_change
from policies.models import CMS, HealthPlan, Policy, PolicyCode
from procedures.models import CodeName, CodeSystem, Guide, GuideDraft, MedicalCode, Release
from procedures.models.codes import make_slug, make_title, normalize
from procedures.search import reindex

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def get_system(slug: str = "hcpcs") -> CodeSystem:
    """One of the code systems that the migrations make."""
    return CodeSystem.objects.get(slug=slug)


def create_release(*, system: str = "hcpcs", version: str = "2025-01", **fields) -> Release:
    number = next(_numbers)
    fields.setdefault("digest", hashlib.sha256(str(number).encode()).hexdigest())
    fields.setdefault("source_name", f"release-{number}.txt")
    return Release.objects.create(system=get_system(system), version=version, **fields)


def create_code(
    code: str = "J9302", long: str = "Injection, ofatumumab, 10 mg", *, system: str = "hcpcs", **fields
) -> MedicalCode:
    """A code that search finds; `fields` are further columns of MedicalCode."""
    title = make_title(long)
    medical_code = MedicalCode.objects.create(
        system=get_system(system),
        code=code,
        normalized=normalize(code),
        long_description=long,
        title=title,
        slug=make_slug(title),
        **fields,
    )
    reindex([medical_code.pk])
    return medical_code


def create_codes(texts: Mapping[str, str], *, system: str = "hcpcs") -> list[MedicalCode]:
    """Codes with these texts, by code, that search finds: written and indexed at once, where one by one takes long."""
    owner = get_system(system)
    titles = {code: make_title(long) for code, long in texts.items()}
    codes = MedicalCode.objects.bulk_create(
        MedicalCode(
            system=owner,
            code=code,
            normalized=normalize(code),
            long_description=long,
            title=titles[code],
            slug=make_slug(titles[code]),
        )
        for code, long in texts.items()
    )
    reindex([code.pk for code in codes])
    return codes


def create_user(username: str = "ann", *, groups: Iterable[str] = (), **fields) -> User:
    """Somebody who may log in to the admin, a member of these groups; the password is PASSWORD."""
    user = User.objects.create_user(username, password=PASSWORD, is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def create_draft(code: MedicalCode, *, by: User | None = None, **texts) -> GuideDraft:
    """A draft of one section with a source, unless `texts` (by field) say otherwise, written by `by`."""
    texts = texts if texts.keys() - {"sources"} else {"summary": "A medicine that is dripped into a vein.", **texts}
    draft = GuideDraft(code=code, author=by, **{"sources": "- A reference", **texts})
    draft.save_text(by=by)
    return draft


def create_guide(code: MedicalCode, *, by: User | None = None, **texts) -> Guide:
    """A public guide that went through the steps of the workflow; found by search. `texts` as in create_draft."""
    draft = create_draft(code, **texts)
    draft.submit(by=by)
    draft.approve(by=by)
    return draft.publish(by=by)


def create_approved_draft(guide: Guide, **texts) -> GuideDraft:
    """A draft with the text of the guide but for these texts (by field), ready to be published."""
    draft = GuideDraft.objects.begin(guide.code, by=None)
    for field, text in texts.items():
        setattr(draft, field, text)
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    return draft


def create_name(code: MedicalCode, text: str, *, kind: str = "brand", source: str = "Test") -> CodeName:
    name = CodeName.objects.create(code=code, text=text, kind=kind, source=source)
    reindex([code.pk])
    return name


def get_cms() -> HealthPlan:
    """The plan that issues NCDs, LCDs and articles, which a migration makes."""
    return HealthPlan.objects.get(slug=CMS)


def create_plan(name: str = "Example Health", **fields) -> HealthPlan:
    fields.setdefault("slug", slugify(name))
    return HealthPlan.objects.create(name=name, **{"kind": "commercial", **fields})


def create_policy(
    title: str = "Ofatumumab", *, issuer: HealthPlan | None = None, plans=(), codes=(), references=(), **fields
) -> Policy:
    """A policy with its first revision, found by search; `codes` are named by it without more being said of them.

    A payer policy of "Example Health", which exists after that, unless `issuer` or `kind` say otherwise.
    """
    if issuer is None and fields.get("kind", "payer-policy") != "payer-policy":
        issuer = get_cms()
    issuer = issuer or HealthPlan.objects.filter(slug="example-health").first() or create_plan()
    policy = Policy(title=title, issuer=issuer, **fields)
    policy.name_for_addresses()
    policy.save()
    policy.plans.set(plans)
    policy.references.set(references)
    for code in codes:
        PolicyCode.objects.create(policy=policy, code=code, source="Test")
    record_change(policy, None)
    return policy


def create_policy_code(policy: Policy, code: MedicalCode, **fields) -> PolicyCode:
    """A code that the policy names from now on; its change is recorded."""
    before = PolicyState.of(policy)
    named = PolicyCode.objects.create(policy=policy, code=code, **{"source": "Test", **fields})
    record_change(policy, before)
    return named


def create_host(name: str = "Alex Morgan", *, time_zone: str = "America/New_York", hours=(9, 17), **fields) -> Host:
    """A host with these hours, of the same day, on every day of the week; without hours with `hours=None`."""
    fields.setdefault("email", f"{slugify(name)}@team.example")
    host = Host.objects.create(name=name, time_zone=time_zone, **fields)
    if hours:
        for weekday in range(7):
            create_window(host, weekday, *(datetime.time(hour) for hour in hours))
    return host


def create_window(host: Host, weekday: int, start: datetime.time, end: datetime.time, **fields) -> AvailabilityWindow:
    return AvailabilityWindow.objects.create(host=host, weekday=weekday, start=start, end=end, **fields)


def create_meeting_type(slug: str = "introduction", *, hosts: Iterable[Host] = (), **fields) -> MeetingType:
    """A type of 30 minutes with these hosts; no notice and no step between its times, unless `fields` say otherwise."""
    fields = {"title": slug.capitalize(), "location": "By video", "notice_min": 0, "cancel_cutoff_min": 0, **fields}
    meeting_type = MeetingType.objects.create(slug=slug, **fields)
    for host in hosts:
        HostShare.objects.create(meeting_type=meeting_type, host=host)
    return meeting_type


def create_booking(meeting_type: MeetingType, host: Host, start: datetime.datetime, **fields) -> Booking:
    """A meeting that stands in the database and of which nobody was told; written past contact.actions."""
    key = uuid.uuid4()
    fields = {"name": "Kim Lee", "email": "kim@visitor.example", "time_zone": "Europe/London", **fields}
    fields = {"uid": f"{key}@test", "request_key": key, **fields}
    booking = Booking(host=host, meeting_type=meeting_type, **fields)
    booking.place(start, length=meeting_type.length, buffers=meeting_type.buffers)
    booking.save()
    return booking


def create_message(text: str = "Is J9302 covered?", **fields) -> Message:
    fields = {"name": "Kim Lee", "email": "kim@visitor.example", "request_key": uuid.uuid4(), **fields}
    if fields.get("status") in ("done", "spam"):
        fields.setdefault("closed_at", timezone.now())
    return Message.objects.create(text=text, **fields)


def create_mail(**fields) -> OutgoingMail:
    """A mail that waits to be sent now."""
    number = next(_numbers)
    fields = {
        "kind": "message-notice",
        "to": "team@codesite.example",
        "subject": "A message",
        "text": "Somebody wrote.",
        "internet_message_id": f"<{number}@test>",
        "dedupe_key": f"test:{number}",
        **fields,
    }
    return OutgoingMail.objects.create(**fields)
