"""What a visit of original documents finds, and how politely it goes about it."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies.links import LinkChecker, LinkResult, addresses_to_check, store_result, user_agent
from policies.models import Policy
from tests.factories import create_policy

LinkState = Policy.LinkState


class Clock:
    """A clock that only pauses move."""

    def __init__(self):
        self.now, self.pauses = 1000.0, []

    def sleep(self, seconds):
        self.pauses.append(round(seconds, 3))
        self.now += seconds

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def checker(sites, clock):
    return LinkChecker(sites.fetcher(), sleep=clock.sleep, clock=clock)


def check(checker, sites, path="/a", host="docs.example") -> tuple[str, str]:
    result = checker.check(sites.address(host, path))
    return str(result.state), result.answer


# What became of an address


@pytest.mark.parametrize(
    ("status", "state", "answer"),
    [
        (200, "alive", "200 OK"),
        (204, "alive", "204 No Content"),
        (304, "alive", "304 Not Modified"),
        (401, "unreachable", "401 Unauthorized"),
        (403, "unreachable", "403 Forbidden"),
        (404, "dead", "404 Not Found"),
        (410, "dead", "410 Gone"),
        (418, "unreachable", "418 I'm a Teapot"),
        (500, "unreachable", "500 Internal Server Error"),
        (599, "unreachable", "599"),
    ],
)
def test_state_and_words_follow_the_status(checker, sites, status, state, answer):
    sites.reply("docs.example/a", status)

    assert check(checker, sites) == (state, answer)


def test_head_is_enough_where_it_is_answered(checker, sites):
    sites.reply("docs.example/a")

    check(checker, sites)

    assert sites.asked == ["GET docs.example/robots.txt", "HEAD docs.example/a"]


@pytest.mark.parametrize("refusal", [405, 501, 403, 404])
def test_get_is_tried_where_head_is_refused(checker, sites, refusal):
    sites.reply("HEAD docs.example/a", refusal)
    sites.reply("GET docs.example/a", 200, b"text" * 100_000)

    assert check(checker, sites) == ("alive", "200 OK")
    assert sites.asked[1:] == ["HEAD docs.example/a", "GET docs.example/a"]


def test_unknown_host_is_asked_for_nothing(checker, sites):
    assert check(checker, sites, host="gone.invalid") == ("unreachable", "Unknown host")
    assert sites.asked == []


def test_host_in_a_private_network_is_not_visited(checker, sites):
    sites.ips["docs.example"] = ["10.0.0.1"]

    assert check(checker, sites) == ("unreachable", "Not visited: The host is in a private network")
    assert sites.asked == []


@pytest.mark.parametrize("address", ["ftp://docs.example/", "http://[::1/", "http://u:p@docs.example/"])
def test_address_of_another_kind_is_not_visited(checker, sites, address):
    result = checker.check(address)

    assert (result.state, result.answer[:12]) == (LinkState.UNREACHABLE, "Not visited:")


# Redirects


def test_permanent_redirect_is_told_with_its_new_address(checker, sites):
    sites.reply("docs.example/a", 301, Location="/b")
    sites.reply("docs.example/b", 308, Location=sites.address("new.example", "/c#part"))
    sites.reply("new.example/c")

    assert check(checker, sites) == ("alive", f"Moved permanently to {sites.address('new.example', '/c')}")


def test_permanent_redirect_before_a_temporary_one_names_where_it_moved_to(checker, sites):
    sites.reply("docs.example/a", 301, Location="/b")
    sites.reply("docs.example/b", 302, Location="/today")
    sites.reply("docs.example/today")

    assert check(checker, sites) == ("alive", f"Moved permanently to {sites.address('docs.example', '/b')}")


@pytest.mark.parametrize("status", [302, 303, 307])
def test_temporary_redirect_is_told(checker, sites, status):
    sites.reply("docs.example/a", status, Location="b?x=1")
    sites.reply("docs.example/b?x=1")

    assert check(checker, sites) == ("alive", f"Redirects to {sites.address('docs.example', '/b?x=1')}")


def test_redirect_to_nothing_is_dead(checker, sites):
    sites.reply("docs.example/a", 302, Location="/b")

    assert check(checker, sites) == ("dead", f"404 Not Found at {sites.address('docs.example', '/b')}")


def test_five_redirects_are_followed_and_no_more(checker, sites):
    for number in range(6):
        sites.reply(f"docs.example/{number}", 302, Location=f"/{number + 1}")
    sites.reply("docs.example/6")

    assert check(checker, sites, "/1")[0] == "alive"
    assert check(checker, sites, "/0") == ("unreachable", "More than 5 redirects")


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://metadata.example/latest", "The host is in a private network"),
        ("http://169.254.169.254/latest", "The host is in a private network"),
        ("http://[::ffff:127.0.0.1]/", "The host is in a private network"),
        ("file:///etc/passwd", "Only http and https addresses are visited"),
        ("http://u:p@docs.example/", "The address holds a user name"),
        ("http://[::1/", "The address cannot be read"),
    ],
)
def test_redirect_is_judged_like_any_address(checker, sites, location, why):
    sites.ips["metadata.example"] = ["169.254.169.254"]
    sites.ips["::ffff:127.0.0.1"] = ["::ffff:127.0.0.1"]
    sites.reply("docs.example/a", 302, Location=location)

    assert check(checker, sites) == ("unreachable", f"Not visited: {why}")
    assert all("docs.example" in asked for asked in sites.asked)


def test_redirect_to_a_host_that_is_unknown_is_dead(checker, sites):
    sites.reply("docs.example/a", 301, Location="http://gone.invalid/")

    assert check(checker, sites) == ("unreachable", "Unknown host")


# robots.txt


def test_robots_txt_is_read_once_a_host_and_obeyed(checker, sites):
    sites.reply("docs.example/robots.txt", 200, b"User-agent: *\nDisallow: /private/\n")
    sites.reply("docs.example/a")
    sites.reply("docs.example/private/a")

    assert check(checker, sites)[0] == "alive"
    assert check(checker, sites, "/private/a") == ("unreachable", "Not visited: robots.txt of the host forbids it")
    assert sites.asked == ["GET docs.example/robots.txt", "HEAD docs.example/a"]


def test_robots_txt_may_speak_to_this_program_alone(checker, sites):
    sites.reply("docs.example/robots.txt", 200, b"User-agent: codesite-links\nDisallow: /\n\nUser-agent: *\nDisallow:")

    assert check(checker, sites)[1] == "Not visited: robots.txt of the host forbids it"


def test_robots_txt_of_a_redirect_is_obeyed(checker, sites):
    sites.reply("docs.example/a", 302, Location=sites.address("new.example", "/b"))
    sites.reply("new.example/robots.txt", 200, b"User-agent: *\nDisallow: /\n")

    assert check(checker, sites)[1] == "Not visited: robots.txt of the host forbids it"
    assert "HEAD new.example/b" not in sites.asked


def test_robots_txt_is_followed_where_it_is_redirected(checker, sites):
    sites.reply("docs.example/robots.txt", 301, Location=sites.address("www.docs.example", "/rules"))
    sites.reply("www.docs.example/rules", 200, b"User-agent: *\nDisallow: /\n")

    assert check(checker, sites)[1] == "Not visited: robots.txt of the host forbids it"


@pytest.mark.parametrize(
    "reply",
    [
        (403, {}, b""),
        (200, {}, b"\xef\xbb\xbf<html>\xff\x00</html>"),
        (301, {"Location": "http://10.0.0.1/robots.txt"}, b""),
        (301, {"Location": "/robots.txt"}, b""),
    ],
)
def test_robots_txt_that_gives_no_rules_allows_all(checker, sites, reply):
    sites.replies["docs.example/robots.txt"] = reply
    sites.reply("docs.example/a")

    assert check(checker, sites)[0] == "alive"


def test_server_that_fails_to_give_its_robots_txt_is_not_visited(checker, sites):
    sites.reply("docs.example/robots.txt", 500)

    for path in ("/a", "/b"):
        assert check(checker, sites, path) == ("unreachable", "robots.txt: 500 Internal Server Error")
    assert sites.asked == ["GET docs.example/robots.txt"]


# Pauses


def test_requests_to_one_host_are_a_second_apart(checker, sites, clock):
    for path in ("/a", "/b"):
        sites.reply(f"docs.example{path}")
        check(checker, sites, path)
    sites.reply("other.example/a")
    check(checker, sites, host="other.example")

    # Three requests to one host, two to the other.
    assert clock.pauses == [1, 1, 1]


def test_time_that_passed_by_itself_is_no_pause(checker, sites, clock):
    check(checker, sites)
    clock.pauses.clear()
    clock.now += 0.7
    check(checker, sites, "/b")

    assert clock.pauses[0] == 0.3


@pytest.mark.parametrize(("written", "pause"), [("7", 7), ("0", 1), ("9999", 60), ("x", 1)])
def test_pause_that_robots_txt_asks_for_is_kept(checker, sites, clock, written, pause):
    sites.reply("docs.example/robots.txt", 200, f"User-agent: *\nCrawl-delay: {written}\n".encode())
    sites.reply("docs.example/a")

    check(checker, sites)

    assert clock.pauses == [pause]


def check_all(checker, addresses) -> dict[str, str]:
    return {address: result.answer for address, result in checker.check_all(addresses)}


def test_hosts_are_visited_one_after_another(checker, sites):
    addresses = [sites.address(host, path) for path in ("/1", "/2") for host in ("a.example", "b.example")]
    for address in addresses:
        sites.reply(address.removeprefix("http://").replace(f":{sites.port}", ""))

    found = list(check_all(checker, addresses))

    assert found == [addresses[0], addresses[2], addresses[1], addresses[3]]
    assert [asked.split()[1][:1] for asked in sites.asked] == ["a"] * 3 + ["b"] * 3


@pytest.mark.parametrize(("status", "headers"), [(429, {}), (503, {}), (403, {"Retry_After": "120"})])
def test_host_that_asks_for_a_pause_is_left_for_this_run(checker, sites, status, headers):
    sites.reply("docs.example/1")
    sites.reply("docs.example/2", status, **headers)
    sites.reply("docs.example/3")
    sites.reply("other.example/4")
    addresses = [sites.address("docs.example", f"/{number}") for number in (1, 2, 3)]

    found = check_all(checker, [*addresses, sites.address("other.example", "/4")])

    assert addresses[0] in found
    assert addresses[2] not in found
    assert sites.address("other.example", "/4") in found
    assert checker.left == {"docs.example"}
    assert "HEAD docs.example/3" not in sites.asked


def test_host_that_asks_for_a_pause_at_its_robots_txt_is_left(checker, sites):
    sites.reply("docs.example/robots.txt", 429)
    addresses = [sites.address("docs.example", f"/{number}") for number in (1, 2)]

    assert check_all(checker, addresses) == {addresses[0]: "robots.txt: 429 Too Many Requests"}
    assert sites.asked == ["GET docs.example/robots.txt"]


def test_redirect_to_a_host_that_was_left_is_kept_for_another_run(checker, sites):
    sites.reply("slow.example/a", 429)
    sites.reply("docs.example/a", 302, Location=sites.address("slow.example", "/b"))
    addresses = [sites.address("slow.example", "/a"), sites.address("docs.example", "/a")]

    assert check_all(checker, addresses) == {addresses[0]: "429 Too Many Requests"}
    assert checker.left == {"slow.example"}


def test_host_that_fails_three_times_in_a_row_is_left(sites, clock):
    tried = []

    def look_up(host, port):
        tried.append(host)
        return ["127.0.0.1"]

    # Nothing listens at port 1.
    checker = LinkChecker(sites.fetcher(look_up=look_up, allowed={("127.0.0.1", 1)}), sleep=clock.sleep, clock=clock)
    addresses = [f"http://docs.example:1/{number}" for number in range(5)]

    assert list(check_all(checker, addresses)) == addresses[:3]
    assert len(tried) == 3


def test_user_agent_names_the_site():
    assert user_agent("https://codes.example") == "codesite-links/1.0 (+https://codes.example)"


# What is stored


@pytest.mark.django_db
def test_addresses_checked_longest_ago_come_first_each_once():
    now = timezone.now()

    def create(number, days, address=None):
        policy = create_policy(f"Policy {number}", url=address or f"https://docs.example/{number}")
        at = None if days is None else now - datetime.timedelta(days=days)
        Policy.objects.filter(pk=policy.pk).update(link_checked_at=at)
        return policy.pk

    create_policy("Without address")
    create(1, 1)
    create(2, 20)
    third, fourth = create(3, 30), create(4, None)
    fifth = create(5, 2, "https://docs.example/3")
    week_ago = now - datetime.timedelta(days=6)

    assert addresses_to_check(week_ago) == {
        "https://docs.example/4": [fourth],
        "https://docs.example/3": [third, fifth],
        "https://docs.example/2": [Policy.objects.get(title="Policy 2").pk],
    }
    assert list(addresses_to_check(week_ago)) == [f"https://docs.example/{number}" for number in (4, 3, 2)]
    assert list(addresses_to_check(week_ago, 1)) == ["https://docs.example/4"]
    assert [address[-1] for address in addresses_to_check(None)] == ["4", "3", "2", "1"]


@pytest.mark.django_db
def test_result_is_stored_without_a_trace_in_history_but_not_for_an_address_changed_meanwhile():
    policy, changed = (
        create_policy("One", url="https://docs.example/a"),
        create_policy("Two", url="https://docs.example/b"),
    )
    versions = policy.history.count()

    with time_machine.travel("2026-03-01T12:00:00+00:00", tick=False):
        store_result([policy.pk, changed.pk], "https://docs.example/a", LinkResult(LinkState.DEAD, "x" * 700))

    policy.refresh_from_db()
    changed.refresh_from_db()
    assert (policy.link_state, policy.link_checked_at.isoformat()) == ("dead", "2026-03-01T12:00:00+00:00")
    assert policy.link_answer == "x" * 599 + "…"
    assert changed.link_state == ""
    assert policy.history.count() == versions


@pytest.mark.django_db
def test_result_waits_for_other_writers_before_a_row_is_touched():
    policies = [create_policy(title, url="https://docs.example/a") for title in ("One", "Two")]

    with CaptureQueriesContext(connection) as queries:
        store_result([policy.pk for policy in policies], "https://docs.example/a", LinkResult(LinkState.ALIVE, "200"))

    statements = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
    assert "procedures_contentversion" in statements[0]
    assert [policy.link_state for policy in Policy.objects.all()] == ["alive", "alive"]


@pytest.mark.django_db
def test_unknown_host_counts_as_dead_from_the_second_time_on():
    policy = create_policy("One", url="https://gone.invalid/a")

    for state in ("unreachable", "dead", "dead"):
        store_result([policy.pk], policy.url, LinkResult(LinkState.UNREACHABLE, "Unknown host"))

        policy.refresh_from_db()
        assert (policy.link_state, policy.link_answer) == (state, "Unknown host")
