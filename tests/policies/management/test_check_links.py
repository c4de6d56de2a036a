"""manage.py check_links as its operator sees it, against sites on this machine."""

from functools import partial

import pytest
from django.core.management import CommandError
from django.db import connection

from policies.links import LinkChecker
from policies.management.commands import check_links
from policies.models import Policy
from tests.factories import create_policy
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_pauses(sites, monkeypatch):
    """The command visits the sites of this machine, and does not wait between requests."""
    monkeypatch.setattr(check_links, "GuardedFetcher", lambda agent: sites.fetcher())
    monkeypatch.setattr(check_links, "LinkChecker", partial(LinkChecker, sleep=lambda seconds: None))


def create(sites, path, host="docs.example", **fields):
    return create_policy(f"Policy {host}{path}", url=sites.address(host, path), **fields)


def stored(policy) -> tuple[str, str]:
    policy.refresh_from_db()
    assert policy.link_checked_at
    return policy.link_state, policy.link_answer


def test_check_links_keeps_and_tells_what_became_of_each_address(sites):
    found, gone, odd = create(sites, "/found"), create(sites, "/gone"), create(sites, "/odd")
    unknown = create(sites, "/", "gone.invalid")
    without = create_policy("Without address")
    sites.reply("docs.example/found")
    sites.reply("docs.example/odd", 403)

    said = said_by("check_links")

    assert stored(found) == ("alive", "200 OK")
    assert stored(gone) == ("dead", "404 Not Found")
    assert stored(odd) == ("unreachable", "403 Forbidden")
    assert stored(unknown) == ("unreachable", "Unknown host")
    without.refresh_from_db()
    assert (without.link_state, without.link_checked_at) == ("", None)
    assert f"{gone.url}: not found (404 Not Found)" in said
    assert f"{odd.url}: could not be reached (403 Forbidden)" in said
    assert found.url not in said
    assert said.endswith("Addresses: 1 found, 1 not found, 2 could not be reached.\n")


def test_check_links_visits_an_address_of_several_policies_once(sites):
    policies = [create_policy(f"Policy {number}", url=sites.address("docs.example", "/a")) for number in range(3)]
    sites.reply("docs.example/a")

    said_by("check_links")

    assert sites.asked.count("HEAD docs.example/a") == 1
    assert [stored(policy)[0] for policy in policies] == ["alive"] * 3


def test_check_links_leaves_out_what_was_checked_lately_unless_told_otherwise(sites):
    create(sites, "/a")
    sites.reply("docs.example/a")
    said_by("check_links")

    assert "Addresses: 0 found" in said_by("check_links")
    assert "Addresses: 1 found" in said_by("check_links", "--all")


def test_check_links_visits_no_more_than_the_limit(sites):
    for number in range(3):
        create(sites, f"/{number}")

    assert "Addresses: 0 found, 2 not found" in said_by("check_links", "--limit", "2")
    assert Policy.objects.filter(link_state="dead").count() == 2
    with pytest.raises(CommandError, match="--limit has to be 1 or more"):
        said_by("check_links", "--limit", "0")


def test_check_links_says_what_it_left_for_another_run(sites):
    policies = [create(sites, f"/{number}") for number in range(3)]
    sites.reply("docs.example/0", 429)

    said = said_by("check_links")

    assert "2 left for another run, because of docs.example." in said
    assert Policy.objects.filter(link_state="").count() == 2
    assert stored(policies[0]) == ("unreachable", "429 Too Many Requests")


def test_check_links_that_is_killed_keeps_what_it_found(sites, monkeypatch):
    policies = [create(sites, f"/{number}") for number in range(3)]

    fetch = sites.fetcher().fetch

    class Killed:
        def fetch(self, method, target, most_bytes=0):
            if target.path == "/2":
                raise KeyboardInterrupt
            return fetch(method, target, most_bytes)

    monkeypatch.setattr(check_links, "GuardedFetcher", lambda agent: Killed())
    with pytest.raises(KeyboardInterrupt):
        said_by("check_links")

    assert [stored(policy)[0] for policy in policies[:2]] == ["dead", "dead"]
    assert Policy.objects.get(pk=policies[2].pk).link_checked_at is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_check_links_holds_no_transaction_while_it_waits_for_a_server(sites, monkeypatch):
    create(sites, "/a")
    fetch = sites.fetcher().fetch
    states = []

    class Watching:
        def fetch(self, method, target, most_bytes=0):
            states.append(connection.in_atomic_block)
            return fetch(method, target, most_bytes)

    monkeypatch.setattr(check_links, "GuardedFetcher", lambda agent: Watching())

    said_by("check_links")

    assert states == [False, False, False]
