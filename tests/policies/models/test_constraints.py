"""What the database itself refuses, whoever writes: every constraint is violated here."""

import datetime

import pytest
from django.db import IntegrityError, models, transaction

from policies.models import (
    CMS,
    HealthPlan,
    Policy,
    PolicyCode,
    PolicyCodeChange,
    PolicyImport,
    PolicyRevision,
    PolicySource,
    WithheldUpdate,
)
from procedures.models import MedicalCode
from tests.constraints import assert_all_constraints, assert_refused, create_twice, update
from tests.factories import create_code, create_plan, create_policy, create_policy_code, get_cms

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
TODAY = NOON.date()
DAY = datetime.timedelta(days=1)


def create_named(**fields) -> PolicyCode:
    return create_policy_code(create_policy(), create_code(), **fields)


def create_import(**fields) -> PolicyImport:
    return PolicyImport.objects.create(**{"kind": "csv", "source_name": "list.csv", "as_of": TODAY, **fields})


def create_revision(**fields) -> PolicyRevision:
    fields = {"policy": fields.pop("policy", None) or create_policy(), "at": NOON, "facts": {}, **fields}
    return PolicyRevision.objects.create(**{"number": 2, "kind": "revised", **fields})


def create_code_change(**fields) -> PolicyCodeChange:
    return PolicyCodeChange.objects.create(
        **{"revision": create_revision(), "code": create_code(), "kind": "added", **fields}
    )


def create_source(**fields) -> PolicySource:
    policy = fields.pop("policy", None) or create_policy()
    fields = {"kind": "csv", "loaded_from": fields.pop("loaded_from", None) or create_import(), **fields}
    return PolicySource.objects.create(policy=policy, facts={}, codes={}, **fields)


def create_withheld(**fields) -> WithheldUpdate:
    policy = fields.pop("policy", None) or create_policy()
    return WithheldUpdate.objects.create(policy=policy, loaded_from=create_import(), **fields)


VIOLATIONS = [
    ("healthplan_kind_known", lambda: create_plan(kind="club")),
    ("healthplan_named", lambda: create_plan("", slug="example-health")),
    ("healthplan_named", lambda: create_plan(slug="")),
    ("healthplan_website_is_address", lambda: create_plan(website="javascript:alert(1)")),
    ("healthplan_website_is_address", lambda: create_plan(website="plan.example")),
    ("healthplan_verify_range", lambda: create_plan(verify_every_days=0)),
    ("healthplan_verify_range", lambda: create_plan(verify_every_days=3651)),
    (
        "healthplan_contractor_once",
        lambda: [create_plan(name, contractor_number="00000") for name in ("North Contractor", "South Contractor")],
    ),
    (
        "healthplan_source_key_once",
        lambda: [create_plan(name, source_key="mcd:1-10") for name in ("North Contractor", "South Contractor")],
    ),
    ("policy_kind_known", lambda: update(create_policy(), kind="rumor")),
    ("policy_article_type_of_article", lambda: update(create_policy(), article_type="faq")),
    ("policy_article_type_of_article", lambda: create_policy(kind="lcd", article_type="billing-and-coding")),
    ("policy_article_type_of_article", lambda: create_policy(kind="article", article_type="rumor")),
    ("policy_status_known", lambda: create_policy(status="finished")),
    ("policy_status_known", lambda: create_policy(status="")),
    ("policy_titled", lambda: update(create_policy(), title="")),
    ("policy_titled", lambda: update(create_policy(), slug="")),
    ("policy_public_id_is_hex", lambda: create_policy(public_id="0123456")),
    ("policy_public_id_is_hex", lambda: create_policy(public_id="0123456G")),
    ("policy_public_id_is_hex", lambda: create_policy(public_id="ABCDEF01")),
    ("policy_number_once", lambda: [create_policy(kind="lcd", number="L1", public_id=digit * 8) for digit in "12"]),
    ("policy_url_is_address", lambda: create_policy(url="javascript:alert(1)")),
    ("policy_url_is_address", lambda: create_policy(url="plan.example/policy.pdf")),
    ("policy_retired_after_effective", lambda: create_policy(effective=TODAY, retired=TODAY - DAY)),
    ("policy_proposed_is_not_retired", lambda: create_policy(status="proposed", retired=TODAY)),
    ("policy_link_state_known", lambda: create_policy(link_state="slow")),
    ("policycode_once", lambda: create_twice(create_named)),
    ("policycode_prior_authorization_known", lambda: create_named(prior_authorization="maybe")),
    ("policycode_prior_authorization_known", lambda: update(create_named(), prior_authorization="")),
    ("policycode_listed_as_known", lambda: update(create_named(), listed_as="unnamed")),
    ("policycode_has_source", lambda: create_named(source="")),
    ("policycode_ends_after_start", lambda: create_named(starts=TODAY, ends=TODAY - DAY)),
    ("policycode_range_is_range", lambda: create_named(range="J9301")),
    ("policycode_range_is_range", lambda: create_named(range="J9301-")),
    ("policycode_range_is_range", lambda: create_named(range="J9301 to J9306")),
    ("policyrevision_number_once", lambda: create_twice(create_revision)),
    ("policyrevision_kind_known", lambda: create_revision(kind="renamed")),
    ("policyrevision_first_is_new", lambda: create_revision(kind="new")),
    ("policyrevision_first_is_new", lambda: update(create_policy().revisions.get(), kind="revised")),
    ("policyrevision_first_is_new", lambda: create_revision(number=0)),
    ("policycodechange_once", lambda: create_twice(create_code_change)),
    ("policycodechange_kind_known", lambda: create_code_change(kind="moved")),
    ("policyimport_kind_known", lambda: create_import(kind="fax")),
    ("policysource_once", lambda: create_twice(create_source)),
    ("policysource_kind_known", lambda: create_source(kind="fax")),
    ("withheldupdate_says_something", lambda: create_withheld()),
]


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS)
def test_constraint_is_held_by_the_database(constraint, violate):
    assert_refused("policies", constraint, violate)


def test_every_constraint_is_violated_here():
    assert_all_constraints("policies", [name for name, _ in VIOLATIONS])


@pytest.mark.parametrize(
    "violate",
    [
        lambda: [create_plan(name, slug="example-health") for name in ("North", "South")],
        lambda: [create_plan("North", slug=slug) for slug in ("north", "south")],
        lambda: [create_policy(title, public_id="01234567") for title in ("Beds", "Chairs")],
        lambda: update(create_policy(), issuer=None),
        lambda: [
            WithheldUpdate.objects.create(policy=policy, loaded_from=create_import(), facts={"title": "Other"})
            for policy in [create_policy()] * 2
        ],
    ],
    ids=[
        "slug of a plan once",
        "name of a plan once",
        "public id once",
        "a policy has an issuer",
        "one withheld update a policy",
    ],
)
def test_field_is_held_by_the_database(violate):
    with pytest.raises(IntegrityError), transaction.atomic():
        violate()


def test_what_looks_like_a_violation_and_is_none_is_stored():
    create_plan("Kind not known", kind="", website="http://plan.example/", verify_every_days=3650)
    [create_plan(name, contractor_number="", source_key="") for name in ("North", "South")]
    [create_policy(title, number="") for title in ("Without a number", "Without one too")]
    # Each issuer and each kind numbers for itself.
    create_policy("First", kind="lcd", number="1")
    create_policy("Second", kind="article", number="1", article_type="faq")
    create_policy("Third", number="1")
    create_policy("One day", effective=TODAY, retired=TODAY)
    create_policy("Retired, nobody knows when", status="retired")
    create_named(range="J9301-J9306", starts=TODAY, ends=TODAY, label="Kesimpta", note="")
    of_two_sources = create_policy("Of two sources")
    [create_source(policy=of_two_sources, kind=kind) for kind in ("csv", "mcd")]
    create_withheld(policy=create_policy("Withheld"), codes={"hcpcs:J9302|named|": None})


def test_code_may_be_named_twice_by_a_policy_in_two_ways():
    named = create_named()
    create_policy_code(named.policy, named.code, label="Arzerra")
    create_policy_code(named.policy, named.code, listed_as="noncovered")

    assert named.policy.policy_codes.count() == 3


def test_plan_that_issued_a_policy_cannot_be_deleted():
    policy = create_policy()

    with pytest.raises(models.ProtectedError):
        policy.issuer.delete()


def test_deletion_of_a_plan_leaves_the_policies_that_apply_to_it():
    plan = create_plan("North Contractor")
    policy = create_policy(kind="lcd", plans=[plan])

    plan.delete()

    assert list(policy.plans.all()) == []


def test_deletion_of_a_policy_takes_everything_of_it_along():
    policy, other = create_policy(codes=[create_code()]), create_policy("Other")
    policy.references.add(other)
    loaded_from = create_import()
    create_source(policy=policy, loaded_from=loaded_from)
    WithheldUpdate.objects.create(policy=policy, loaded_from=loaded_from, facts={"title": "Another"})

    policy.delete()

    assert list(Policy.objects.all()) == [other]
    assert list(PolicyRevision.objects.values_list("policy", flat=True)) == [other.pk]
    for model in (PolicyCode, PolicyCodeChange, PolicySource, WithheldUpdate):
        assert not model.objects.exists()
    assert PolicyImport.objects.get() == loaded_from
    assert MedicalCode.objects.exists()


def test_import_that_tells_of_policies_cannot_be_deleted_but_one_of_which_only_revisions_tell_can():
    policy, kept, gone = create_policy(), create_import(), create_import()
    create_source(policy=policy, loaded_from=kept)
    create_revision(policy=policy, loaded_from=gone)

    with pytest.raises(models.ProtectedError):
        kept.delete()
    gone.delete()

    assert not policy.revisions.exclude(loaded_from=None).exists()


def test_migrations_make_the_issuer_of_medicare_documents():
    cms = get_cms()

    assert list(HealthPlan.objects.all()) == [cms]
    assert (cms.slug, cms.kind) == (CMS, "federal")
    assert not Policy.objects.exists()
