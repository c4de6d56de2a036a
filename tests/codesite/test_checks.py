import datetime

import pytest
from django.core.checks import run_checks


def errors() -> dict[str, str]:
    """What the checks of this site complain of, by id."""
    return {error.id: error.msg for error in run_checks() if error.id.startswith("codesite.")}


def test_settings_of_the_site_break_no_safeguard():
    assert errors() == {}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("IMPORT_EXPORT_IMPORT_PERMISSION_CODE", None),
        ("IMPORT_EXPORT_IMPORT_PERMISSION_CODE", "view"),
        ("IMPORT_EXPORT_EXPORT_PERMISSION_CODE", None),
        ("EXPORT_FORMATS", [type("YAML", (), {})]),
        ("AXES_ENABLED", False),
        ("AXES_LOCK_OUT_AT_FAILURE", False),
        ("AXES_FAILURE_LIMIT", 11),
        ("AXES_FAILURE_LIMIT", 0),
        ("AXES_FAILURE_LIMIT", "some.callable"),
        ("AXES_COOLOFF_TIME", None),
        ("AXES_COOLOFF_TIME", datetime.timedelta(minutes=1)),
        ("AXES_LOCKOUT_PARAMETERS", ["username"]),
        ("AXES_LOCKOUT_PARAMETERS", ["ip_address"]),
        ("AXES_HANDLER", "axes.handlers.dummy.AxesDummyHandler"),
        ("AXES_CLIENT_IP_CALLABLE", None),
        ("AXES_VERBOSE", True),
        ("AXES_NEVER_LOCKOUT_WHITELIST", True),
        ("AXES_WHITELIST_CALLABLE", "some.callable"),
        ("AUTHENTICATION_BACKENDS", ["django.contrib.auth.backends.ModelBackend"]),
        ("SECURE_CSP", {}),
        ("SECURE_CSP", {"default-src": ["'self'"]}),
        ("SECURE_CSP", {"default-src": ["'none'"], "script-src": ["'self'", "'unsafe-inline'"]}),
    ],
)
def test_check_fails_for_an_open_setting(settings, setting, value):
    setattr(settings, setting, value)

    [message] = errors().values()
    assert message.startswith(setting)


@pytest.mark.parametrize(
    "setting",
    ["IMPORT_EXPORT_IMPORT_PERMISSION_CODE", "IMPORT_EXPORT_EXPORT_PERMISSION_CODE"],
)
def test_check_fails_for_a_setting_that_was_dropped(settings, setting):
    delattr(settings, setting)

    [message] = errors().values()
    assert message.startswith(setting)
