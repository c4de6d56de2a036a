"""Health of the process (/livez) and of what it needs to serve (/readyz)."""

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contact import outbox
from contact.no_overlap import missing_constraints
from procedures.search import index_is_current


@never_cache
@require_safe
def livez(request):
    """200 while the process answers; touches nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request):
    """200 when the database answers, migrations are applied, search is current and no meetings can overlap, else 503.

    The body says which check failed. What it says of mail is for whoever watches over it: the site serves without.
    """
    checks = {"database": False, "migrations": False, "search_index": False, "booking_guard": False}
    try:
        executor = MigrationExecutor(connection)
        checks["database"] = True
        checks["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        # An index that a former version wrote gives wrong results until `rebuild_search` has run.
        checks["search_index"] = checks["migrations"] and index_is_current()
        checks["booking_guard"] = not missing_constraints()
    except Error:
        pass
    mail = mail_detail() if checks["database"] else None
    return JsonResponse({**checks, "mail": mail}, status=200 if all(checks.values()) else 503)


def mail_detail() -> dict[str, int | None] | None:
    """How the outbox does: mails that wait, mails given up, and seconds; None where the database cannot say."""
    try:
        state = outbox.state()
    except Error:
        return None
    return {
        "waiting": state.waiting,
        "failed": state.failed,
        "oldest_unsent_seconds": whole_seconds(state.oldest_unsent),
        "worker_seen_seconds": whole_seconds(state.worker_seen),
    }


def whole_seconds(period) -> int | None:
    return None if period is None else int(period.total_seconds())
