"""Marks policies as compared with their original documents, with history, in a fixed number of queries."""

import datetime

from policies.models import Policy

ROWS = 400


def verify(policies: list[Policy], day: datetime.date, *, by, reason: str) -> None:
    """Writes the day into these policies as the user `by`; a version of each keeps the reason."""
    Policy.objects.filter(pk__in=[policy.pk for policy in policies]).update(last_verified=day)
    for policy in policies:
        policy.last_verified = day
    versions = Policy.history.bulk_history_create(
        policies, batch_size=ROWS, update=True, default_user=by, default_change_reason=reason
    )
    # Versions that are made in bulk come without the plans and references of their policies.
    for field in Policy.history.model._history_m2m_fields:
        _keep_rows(field, {version.id: version for version in versions})


def _keep_rows(field, versions: dict) -> None:
    named_by = field.m2m_field_name()
    rows = getattr(Policy, field.name).through.objects.filter(**{f"{named_by}__in": list(versions)}).order_by("pk")
    kept = getattr(Policy.history.model, field.name).model
    kept.objects.bulk_create((kept(history=versions[row[f"{named_by}_id"]], **row) for row in rows.values()), ROWS)
