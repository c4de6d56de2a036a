"""Public and editors' pages of policies at 100,000 codes, 5,000 policies and 500,000 links: milliseconds and queries.

Queries are those of the first request, when nothing is remembered. With RELEASES_DIR also one import of the real
tables of the Medicare Coverage Database.
"""

import os
import statistics
import time
from pathlib import Path
from urllib.parse import urlencode

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402

from policies.imports.loader import load_policies  # noqa: E402
from policies.imports.mcd import read_mcd  # noqa: E402
from policies.models import HealthPlan, Policy, PolicyCode  # noqa: E402
from procedures.code_parameters import code_parameter  # noqa: E402
from procedures.models import MedicalCode  # noqa: E402
from tests.benchmarks.policy_rows import NOW, PolicyRows  # noqa: E402

ROUNDS = 7
GOAL = 100
MATRIX = 20


def main() -> None:
    rows = PolicyRows()
    began = time.perf_counter()
    with transaction.atomic():
        rows.create()
    models = (MedicalCode, Policy, PolicyCode, HealthPlan)
    counts = ", ".join(f"{model.objects.count():,} {model._meta.verbose_name_plural}" for model in models)
    print(
        f"policies with {counts}, made in {time.perf_counter() - began:.0f} s; median of {ROUNDS}, in ms (goal {GOAL})"
    )
    visitor, editor = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    editor.force_login(User.objects.create_superuser("bench-policies"))
    slow = []
    print("       ms  queries")
    for name, address in public_addresses(rows).items():
        slow += measure(visitor, name, address)
    for name, address in editors_addresses(rows).items():
        slow += measure(editor, name, address)
    print(f"slower than the goal: {'; '.join(slow) or 'none'}")
    import_real_tables()


def measure(client: Client, name: str, address: str) -> list[str]:
    """Prints a line; the name where it is slower than the goal."""
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        milliseconds(client, address)
        asked = len(queries)
    took = statistics.median(milliseconds(client, address) for _ in range(ROUNDS))
    print(f"  {took:7.1f}  {asked:7}  {name}", flush=True)
    return [name] if took >= GOAL else []


def milliseconds(client: Client, address: str) -> float:
    began = time.perf_counter()
    response = client.get(address)
    if response.status_code != 200:
        raise SystemExit(f"{address} answered {response.status_code}")
    response.getvalue()
    return (time.perf_counter() - began) * 1000


def public_addresses(rows: PolicyRows) -> dict[str, str]:
    counted = MedicalCode.objects.filter(pk__in=rows.ordinary).annotate(policies_naming=Count("policy_codes"))
    few = counted.filter(policies_naming=5).select_related("system").first()
    none = counted.filter(policies_naming=0).select_related("system").first()
    catch_all, popular = [code_of(pk) for pk in (rows.popular[0], rows.popular[-1])]
    broad, plan, payer = rows.policies[0], busiest_plan(), rows.payers[0]
    matrix = matrix_address(rows)
    lists = {
        "all": {},
        "by word": {"q": "ofatumumab"},
        "by two words": {"q": "wheelchairs supplies"},
        "by number": {"q": broad.number},
        "by code": {"code": code_parameter(popular)},
        "by plan": {"plan": plan.slug},
        "by kind": {"kind": "lcd"},
        "by status": {"status": "retired"},
        "with codes": {"has_code": "1"},
        "without codes": {"has_code": "0"},
        "changed since": {"changed_since": (NOW.date().replace(day=1)).isoformat()},
        "by word, plan, kind and status": {
            "q": "injections",
            "plan": plan.slug,
            "kind": "article",
            "status": "current",
        },
        "page 100": {"page": "100"},
    }
    changes = {"all": {}, "of a plan": {"plan": plan.slug}, "of a code": {"code": code_parameter(popular)}}
    changes |= {"of codes": {"kind": "codes"}, "page 200": {"page": "200"}}
    return {
        "code page without policies": none.get_absolute_url(),
        "code page with 5 policies": few.get_absolute_url(),
        f"code page with {rows_of(popular)} policies": popular.get_absolute_url(),
        f"code page of a catch-all with {rows_of(catch_all)} policies": catch_all.get_absolute_url(),
        **{f"policies, {name}": address_of("policies:policies", query) for name, query in lists.items()},
        "plans": reverse("policies:plans"),
        f"plan of {Policy.objects.for_plan(plan).count():,} policies": plan.get_absolute_url(),
        "plan of a payer": payer.get_absolute_url(),
        f"policy of {rows_of_policy(broad):,} codes": broad.get_absolute_url(),
        "policy of some codes": rows.policies[-1].get_absolute_url(),
        f"matrix of {MATRIX} plans and {MATRIX} codes": matrix,
        "the same as CSV": f"{matrix}&format=csv",
        **{f"changes, {name}": address_of("policies:changes", query) for name, query in changes.items()},
        "feed of all policies": reverse("policies:feed"),
        "feed of a plan": reverse("policies:plan_feed", args=[plan.slug]),
        "feed of a policy": reverse("policies:policy_feed", args=[broad.public_id]),
        "feed of a code": reverse("policies:code_feed", args=[popular.system.slug, popular.code]),
    }


def editors_addresses(rows: PolicyRows) -> dict[str, str]:
    broad = rows.policies[0]
    policies = reverse("admin:policies_policy_changelist")
    return {
        "admin: policies": policies,
        "admin: policies by word": f"{policies}?q=ofatumumab",
        "admin: plans": reverse("admin:policies_healthplan_changelist"),
        f"admin: form of a policy of {rows_of_policy(broad):,} codes": reverse(
            "admin:policies_policy_change", args=[broad.pk]
        ),
        "admin: history of that policy": reverse("admin:policies_policy_history", args=[broad.pk]),
        "admin: form of a plan": reverse("admin:policies_healthplan_change", args=[busiest_plan().pk]),
    }


def address_of(name: str, query: dict[str, str]) -> str:
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)


def matrix_address(rows: PolicyRows) -> str:
    """Codes that many name, and plans of both kinds."""
    codes = [code_of(pk) for pk in [*rows.popular, *rows.ordinary][:MATRIX]]
    plans = [*rows.contractors[: MATRIX // 2], *rows.payers[: MATRIX // 2]]
    query = [("code", code_parameter(code)) for code in codes] + [("plan", plan.slug) for plan in plans]
    return f"{reverse('policies:matrix')}?{urlencode(query)}"


def code_of(pk: int) -> MedicalCode:
    return MedicalCode.objects.select_related("system").get(pk=pk)


def rows_of(code: MedicalCode) -> int:
    return Policy.objects.for_code(code).count()


def rows_of_policy(policy: Policy) -> int:
    return policy.policy_codes.count()


def busiest_plan() -> HealthPlan:
    return HealthPlan.objects.annotate(applied=Count("policies")).order_by("-applied", "pk").first()


def import_real_tables() -> None:
    releases = os.environ.get("RELEASES_DIR")
    if not releases:
        print("import of the Medicare Coverage Database: not measured, RELEASES_DIR is not set")
        return
    for name in ("first", "same again"):
        began = time.perf_counter()
        read = read_mcd(Path(releases) / "mcd")
        reading = time.perf_counter() - began
        began = time.perf_counter()
        summary = load_policies(read)
        loading = time.perf_counter() - began
        print(
            f"import of the Medicare Coverage Database, {name}: {reading:.1f} s to read, {loading:.1f} s to load; "
            f"{summary.added:,} added, {summary.codes_added:,} codes, {summary.unchanged:,} unchanged"
        )


main()
