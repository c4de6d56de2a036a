"""Rows for tests: each function makes one, with sensible values for what the test does not care about."""

import hashlib
import itertools
from collections.abc import Iterable

from django.contrib.auth.models import Group, User
from django.utils.text import slugify

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
