"""The sheet of payer policies: rows as our CSV has them, which import_policies reads.

NCDs, LCDs and articles are left out: lists of plans do not bring them. Nor does the sheet hold what our CSV has no
column for, or what would not fit a cell: summaries, the plans that a policy applies to, documents that it names, and of
its codes labels, notes, days and sources.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import QuerySet
from import_export.fields import Field

from policies.models import Policy, PolicyCode
from procedures.admin.sheet_resources import SheetResource
from procedures.batches import PK_BATCH, batches

# A policy with more codes has several rows: a cell of a spreadsheet holds 32,767 characters.
CODES_IN_ROW = 2_000


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A row of our CSV: a policy, or some of its codes, those of which it says the same of prior authorization."""

    plan: str
    policy_number: str
    title: str
    url: str
    kind: str
    effective_date: str
    last_reviewed: str
    prior_auth: str
    codes: str
    status: str
    retired_date: str


class PolicyResource(SheetResource):
    """Payer policies for export. `columns` are some of those of policies.imports.csv_list."""

    columns = list(PolicyRow.__slots__)

    class Meta:
        model = Policy
        fields = list(PolicyRow.__slots__)
        export_order = fields

    locals().update({name: Field(attribute=name, column_name=name) for name in PolicyRow.__slots__})

    def iter_queryset(self, queryset: QuerySet) -> Iterator[PolicyRow]:
        ordered = queryset.filter(kind=Policy.Kind.PAYER_POLICY).order_by("issuer__name", "number", "title", "pk")
        for ids in batches(list(ordered.values_list("pk", flat=True))):
            policies = Policy.objects.select_related("issuer").defer("summary").in_bulk(ids)
            codes = _codes_by_status(ids)
            for pk in ids:
                for prior_auth, named in codes.get(pk) or [("", [])]:
                    yield _row(policies[pk], prior_auth, named)


def _codes_by_status(policy_ids: list[int]) -> dict[int, list[tuple[str, list[str]]]]:
    """Prior-authorization status and codes by policy, in the order of rows; at most CODES_IN_ROW codes together."""
    found: dict[int, dict[str, list[str]]] = {}
    rows = PolicyCode.objects.filter(policy__in=policy_ids).in_order()
    for pk, status, code in rows.values_list("policy_id", "prior_authorization", "code__code").iterator(PK_BATCH):
        codes = found.setdefault(pk, {}).setdefault(status, [])
        if not codes or codes[-1] != code:
            codes.append(code)
    return {
        pk: [
            (status, codes[start : start + CODES_IN_ROW])
            for status, codes in by_status.items()
            for start in range(0, len(codes), CODES_IN_ROW)
        ]
        for pk, by_status in found.items()
    }


def _row(policy: Policy, prior_auth: str, codes: list[str]) -> PolicyRow:
    return PolicyRow(
        plan=policy.issuer.name,
        policy_number=policy.number,
        title=policy.title,
        url=policy.url,
        kind=policy.kind,
        effective_date=_day(policy.effective),
        last_reviewed=_day(policy.last_reviewed),
        prior_auth="" if prior_auth == PolicyCode.PriorAuthorization.UNKNOWN else prior_auth,
        codes=" | ".join(codes),
        status="" if policy.status == Policy.Status.UNKNOWN else policy.status,
        retired_date=_day(policy.retired),
    )


def _day(day) -> str:
    return day.isoformat() if day else ""
