"""Public pages set no cookie, so that nothing has to be asked and any cache may keep them."""

import datetime

from tests.factories import create_code, create_guide, create_policy


def test_public_pages_set_no_cookie(page):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg", terminated=datetime.date(2018, 12, 31))
    create_guide(code)
    policy = create_policy(codes=[code])

    for address in (
        "/",
        "/codes/",
        "/codes/?q=injection&status=retired&page=2",
        "/codes/?q=injection&format=json",
        "/codes/suggest/?q=injection",
        "/developers/",
        "/codes/hcpcs/",
        "/codes/hcpcs/?range=j&status=retired",
        "/codes/cpt4/",
        code.get_absolute_url(),
        f"{code.get_absolute_url()}?as_of=2018-06-30",
        f"{code.get_absolute_url()}?as_of=soon",
        "/code/hcpcs/j9302",
        "/code/hcpcs/Z0000-nothing",
        "/policies/",
        "/policies/?q=J9302&kind=payer-policy&page=2",
        policy.get_absolute_url(),
        "/plans/",
        "/plans/example-health/",
        "/livez",
    ):
        page.goto(address)
        assert page.context.cookies() == [], f"{address} sets a cookie"

    # What was looked for can be seen: the admin's login sets one.
    page.goto("/admin/")
    assert page.context.cookies()
