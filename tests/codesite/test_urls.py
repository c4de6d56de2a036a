"""Every address that our apps name answers, and every one of them has a name."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.factories import create_code, create_guide, create_policy

OUR_APPS = ("procedures", "policies", "contact", "codesite")

ARGUMENTS = {
    "procedures:system": {"system": "hcpcs"},
    "procedures:code": {"system": "hcpcs", "spelling": "J9302-injection-ofatumumab-10-mg"},
    "procedures:changes": {"system": "hcpcs", "spelling": "J9302-injection-ofatumumab-10-mg"},
    "policies:policy": {"issuer": "example-health", "spelling": "c3ac4e6b-ofatumumab"},
    "policies:plan": {"plan": "example-health"},
    "policies:plan_feed": {"plan": "example-health"},
    "policies:policy_feed": {"public_id": "c3ac4e6b"},
    "policies:code_feed": {"system": "hcpcs", "code": "J9302"},
}
# Given out with a draft, a meeting or a host: see tests/procedures/test_previews.py and tests/contact/views.
WITHOUT_AN_ADDRESS_OF_THEIR_OWN = {
    "procedures:preview",
    "contact:booking",
    "contact:booking_calendar",
    "contact:host_calendar",
}


def our_patterns(resolver=None, namespace=""):
    """(namespace, pattern) of each address whose view is ours; those of the admin need a login."""
    for each in (resolver or get_resolver()).url_patterns:
        if isinstance(each, URLResolver) and each.namespace != "admin":
            yield from our_patterns(each, each.namespace or namespace)
        elif isinstance(each, URLPattern) and each.callback.__module__.partition(".")[0] in OUR_APPS:
            yield namespace, each


PATTERNS = {f"{namespace}:{each.name}" if namespace else each.name: each for namespace, each in our_patterns()}


def test_every_address_has_a_name_and_apps_have_a_namespace():
    for namespace, each in our_patterns():
        app = each.callback.__module__.partition(".")[0]
        assert each.name, f"{each.pattern} has no name"
        assert app == "codesite" or namespace == app

    assert {"procedures:home", "procedures:codes", "procedures:system", "procedures:code"} <= set(PATTERNS)
    assert {"livez", "readyz"} <= set(PATTERNS)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(set(PATTERNS) - WITHOUT_AN_ADDRESS_OF_THEIR_OWN))
def test_every_named_address_answers(client, name):
    code = create_code()
    create_guide(code)
    create_policy("Ofatumumab", codes=[code], public_id="c3ac4e6b")

    assert client.get(reverse(name, kwargs=ARGUMENTS.get(name))).status_code == 200


def test_addresses_are_those_of_the_contract():
    assert reverse("procedures:home") == "/"
    assert reverse("procedures:codes") == "/codes/"
    assert reverse("procedures:system", args=["icd10cm"]) == "/codes/icd10cm/"
    assert reverse("procedures:code", args=["hcpcs", "J9302-x"]) == "/code/hcpcs/J9302-x"
    assert reverse("procedures:suggest") == "/codes/suggest/"
    assert reverse("procedures:decode") == "/codes/decode/"
    assert reverse("procedures:compare") == "/codes/compare/"
    assert reverse("procedures:developers") == "/developers/"
    assert reverse("policies:policies") == "/policies/"
    assert reverse("policies:matrix") == "/policies/matrix/"
    assert reverse("policies:policy", args=["cms", "12345678-x"]) == "/policy/cms/12345678-x"
    assert reverse("policies:plan", args=["cms"]) == "/plans/cms/"
    assert reverse("policies:plan_feed", args=["cms"]) == "/feeds/plan/cms.atom"
    assert reverse("policies:policy_feed", args=["12345678"]) == "/feeds/policy/12345678.atom"
    assert reverse("policies:code_feed", args=["hcpcs", "J9302"]) == "/feeds/code/hcpcs/J9302.atom"
    assert reverse("contact:contact") == "/contact/"
    assert reverse("contact:message") == "/contact/message/"
    assert reverse("contact:message_sent") == "/contact/message/sent/"
    assert reverse("contact:meeting") == "/contact/meeting/"
    assert reverse("contact:booking", args=["a-token"]) == "/meeting/a-token/"
    assert reverse("contact:booking_calendar", args=["a-token"]) == "/meeting/a-token/meeting.ics"
    assert reverse("contact:host_calendar", args=["a-secret"]) == "/calendars/a-secret.ics"
    assert reverse("livez") == "/livez"
    assert reverse("readyz") == "/readyz"


@pytest.mark.django_db
def test_admin_asks_for_a_login(client, settings):
    response = client.get(f"/{settings.ADMIN_PATH}")

    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/nosuch", "/nosuch/", "/%FF", "/%00", "/codes/hcpcs/x/y/z/", "/static/nosuch.css", "/.env"]
)
def test_address_that_does_not_exist_answers_404(client, address):
    response = client.get(address)

    assert response.status_code == 404
    assert not response.cookies
