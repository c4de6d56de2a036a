"""System checks: settings of packages whose default, or whose slip of the pen, would open the site.

Every command of manage.py and every start of the site fails on an error here.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import Error, Tags, register


class Safeguard(NamedTuple):
    """A setting, what its value must satisfy (a missing setting is None), and what happens otherwise."""

    id: str
    setting: str
    is_kept: Callable[[Any], bool]
    otherwise: str


def is_permission(value) -> bool:
    return value in ("add", "change", "delete", "view")


def is_writing_permission(value) -> bool:
    return is_permission(value) and value != "view"


def is_off(value) -> bool:
    return not value


def is_not_false(value) -> bool:
    return value is None or bool(value)


def locks_name_with_address(value) -> bool:
    return value == [["username", "ip_address"]]


def is_small_number(value) -> bool:
    return type(value) is int and 1 <= value <= 10


def lasts(value) -> bool:
    return hasattr(value, "total_seconds") and value.total_seconds() >= 15 * 60


def is_inline_free(value) -> bool:
    return bool(value and value.get("default-src") == ["'none'"]) and not any(
        source in ("*", "'unsafe-inline'", "'unsafe-eval'") for sources in value.values() for source in sources
    )


SAFEGUARDS = [
    Safeguard(
        "codesite.E001",
        "IMPORT_EXPORT_IMPORT_PERMISSION_CODE",
        is_writing_permission,
        "everyone who sees a list in the admin could import rows into it",
    ),
    Safeguard(
        "codesite.E002",
        "IMPORT_EXPORT_EXPORT_PERMISSION_CODE",
        is_permission,
        "everyone who may log in to the admin could export rows",
    ),
    Safeguard(
        "codesite.E007",
        "EXPORT_FORMATS",
        is_off,
        "lists would be exported in its formats, and in those a text of a stranger could run as a formula",
    ),
    Safeguard("codesite.E011", "AXES_ENABLED", is_not_false, "passwords may be guessed without end"),
    Safeguard("codesite.E012", "AXES_LOCK_OUT_AT_FAILURE", is_not_false, "passwords may be guessed without end"),
    Safeguard("codesite.E013", "AXES_FAILURE_LIMIT", is_small_number, "write a number from 1 to 10"),
    Safeguard("codesite.E014", "AXES_COOLOFF_TIME", lasts, "write a timedelta of 15 minutes or more"),
    Safeguard(
        "codesite.E015",
        "AXES_LOCKOUT_PARAMETERS",
        locks_name_with_address,
        "a stranger could lock an editor out, or one editor a whole office",
    ),
    Safeguard(
        "codesite.E016",
        "AXES_HANDLER",
        lambda value: value == "axes.handlers.database.AxesDatabaseHandler",
        "failures are not counted, or by each process for itself",
    ),
    Safeguard(
        "codesite.E017",
        "AXES_CLIENT_IP_CALLABLE",
        lambda value: value == "codesite.client_address.client_network",
        "a client could say that it has another address at each attempt",
    ),
    Safeguard("codesite.E018", "AXES_VERBOSE", lambda value: value is False, "names and addresses stand in the log"),
    Safeguard("codesite.E019", "AXES_NEVER_LOCKOUT_WHITELIST", is_off, "some addresses may guess without end"),
    Safeguard("codesite.E020", "AXES_WHITELIST_CALLABLE", is_off, "some users' passwords may be guessed without end"),
    Safeguard("codesite.E021", "SECURE_CSP", is_inline_free, "a script that got into a page would run"),
]


@register(Tags.security)
def check_safeguards(app_configs, **kwargs):
    """One error for each of SAFEGUARDS that the settings break."""
    errors = [
        Error(f"{each.setting} is open: {each.otherwise}.", id=each.id)
        for each in SAFEGUARDS
        if not each.is_kept(getattr(settings, each.setting, None))
    ]
    if settings.AUTHENTICATION_BACKENDS[:1] != ["axes.backends.AxesStandaloneBackend"]:
        errors.append(
            Error("AUTHENTICATION_BACKENDS does not begin with axes: passwords may be guessed.", id="codesite.E022")
        )
    return errors
