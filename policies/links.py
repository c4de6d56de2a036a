"""Visits the original documents of policies, politely, and says what became of their addresses."""

import datetime
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice
from urllib.robotparser import RobotFileParser

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import Truncator

from policies.guarded_fetch import Answer, GuardedFetcher, Refused, Target, UnknownHost, Unreachable, read_target
from policies.models import Policy
from procedures.models import ContentVersion

PAUSE = 1  # second at least between two requests to one host
UNKNOWN_HOST = "Unknown host"
LONGEST_PAUSE = 60  # seconds, where robots.txt asks for a longer one
MOST_REDIRECTS = 5
# A host that fails so often in a row is left alone for this run.
MOST_FAILURES = 3
# RFC 9309: at least 500 KiB of a robots.txt are to be read.
LONGEST_ROBOTS = 512 * 1024
# The name by which a robots.txt may speak to this program.
ROBOT_NAME = "codesite-links"

REDIRECTS = {301, 302, 303, 307, 308}
FOR_GOOD = {301, 308}
# Where a server refuses HEAD, or may know it badly: a document counts as gone only where GET says so too.
ASKED_AGAIN = {400, 403, 404, 405, 410, 501}
ENDS_THE_VISIT = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

LONGEST_ANSWER = Policy._meta.get_field("link_answer").max_length

LinkState = Policy.LinkState


class HostLeft(Exception):
    """The host wants no more requests for now, or fails again and again; the message names it."""


@dataclass(frozen=True, slots=True)
class LinkResult:
    """What became of an address: its state, and what was answered in words."""

    state: Policy.LinkState
    answer: str


def user_agent(site_url: str) -> str:
    return f"{ROBOT_NAME}/1.0 (+{site_url})"


class LinkChecker:
    """Checks addresses one after another; it remembers for one run what hosts said.

    `sleep` and `clock` (seconds) make the pauses.
    """

    def __init__(
        self,
        fetcher: GuardedFetcher,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._fetcher, self._sleep, self._clock = fetcher, sleep, clock
        self._asked_at: dict[str, float] = {}
        # The rules by scheme, host and port, or why there are none.
        self._robots: dict[str, RobotFileParser | str] = {}
        self._failures: dict[str, int] = {}
        self.left: set[str] = set()

    def check_all(self, addresses: Iterable[str]) -> Iterator[tuple[str, LinkResult]]:
        """Each address with its result, host by host; those of hosts that were left are passed over (see `left`)."""
        by_host: dict[str, list[str]] = {}
        for address in addresses:
            by_host.setdefault(_host_of(address), []).append(address)
        for same_host in by_host.values():
            for address in same_host:
                try:
                    yield address, self.check(address)
                except HostLeft as left:
                    self.left.add(str(left))

    def check(self, address: str) -> LinkResult:
        """Visits one address. Raises HostLeft where its host, or one that it redirects to, was left before."""
        try:
            return self._follow(read_target(address))
        except Refused as refused:
            return LinkResult(LinkState.UNREACHABLE, f"Not visited: {refused}")
        except UnknownHost:
            return LinkResult(LinkState.UNREACHABLE, UNKNOWN_HOST)
        except Unreachable as unreachable:
            return LinkResult(LinkState.UNREACHABLE, str(unreachable))

    def _follow(self, target: Target) -> LinkResult:
        moved_to: Target | None = None
        is_for_good, start = True, target
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._visit(target)
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location:
                break
            is_for_good = is_for_good and answer.status in FOR_GOOD
            target = target.redirected(location)
            if is_for_good:
                moved_to = target
        else:
            return LinkResult(LinkState.UNREACHABLE, f"More than {MOST_REDIRECTS} redirects")
        if 200 <= answer.status < 400:
            if moved_to and moved_to != start:
                return LinkResult(LinkState.ALIVE, f"Moved permanently to {moved_to}")
            return LinkResult(LinkState.ALIVE, str(answer) if target == start else f"Redirects to {target}")
        is_gone = answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
        said = str(answer) if target == start else f"{answer} at {target}"
        return LinkResult(LinkState.DEAD if is_gone else LinkState.UNREACHABLE, said)

    def _visit(self, target: Target) -> Answer:
        """The answer to HEAD, or to GET where HEAD is refused."""
        if not self._robots_of(target).can_fetch(ROBOT_NAME, str(target)):
            raise Refused("robots.txt of the host forbids it")
        answer = self._ask("HEAD", target)
        if answer.status in ASKED_AGAIN:
            answer = self._ask("GET", target)
        return answer

    def _robots_of(self, target: Target) -> RobotFileParser:
        """The rules of a host. RFC 9309: without robots.txt all is allowed; nothing where the server fails to give it.

        Raises Unreachable for such a server.
        """
        place = _place(target)
        if place not in self._robots:
            self._robots[place] = self._read_robots(target)
        elif target.host in self.left:
            raise HostLeft(target.host)
        rules = self._robots[place]
        if isinstance(rules, str):
            raise Unreachable(rules)
        return rules

    def _read_robots(self, target: Target) -> RobotFileParser | str:
        """The rules, or why they could not be read."""
        rules = RobotFileParser()
        target = replace(target, path="/robots.txt")
        answer = self._ask("GET", target, LONGEST_ROBOTS)
        for _ in range(MOST_REDIRECTS):
            location = answer.headers.get("Location")
            if answer.status not in REDIRECTS or not location:
                break
            try:
                target = target.redirected(location)
                answer = self._ask("GET", target, LONGEST_ROBOTS)
            except (Refused, UnknownHost):
                break
        if answer.status >= 500 or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return f"robots.txt: {answer}"
        if 200 <= answer.status < 300:
            try:
                rules.parse(answer.body.decode("utf-8-sig", errors="replace").splitlines())
            except ValueError:
                return "robots.txt cannot be read"
        else:
            rules.allow_all = True
        return rules

    def _ask(self, method: str, target: Target, most_bytes: int = 0) -> Answer:
        """One request, after the pause that its host is due."""
        host = target.host
        if host in self.left:
            raise HostLeft(host)
        self._pause(target)
        try:
            answer = self._fetcher.fetch(method, target, most_bytes)
        except Unreachable:
            self._failures[host] = self._failures.get(host, 0) + 1
            if self._failures[host] >= MOST_FAILURES:
                self.left.add(host)
            raise
        finally:
            self._asked_at[host] = self._clock()
        self._failures[host] = 0
        if answer.status in ENDS_THE_VISIT or (answer.status >= 400 and "Retry-After" in answer.headers):
            self.left.add(host)
        return answer

    def _pause(self, target: Target) -> None:
        asked_at = self._asked_at.get(target.host)
        if asked_at is None:
            return
        rules = self._robots.get(_place(target))
        delay = rules.crawl_delay(ROBOT_NAME) if isinstance(rules, RobotFileParser) else None
        wait = asked_at + min(max(delay or PAUSE, PAUSE), LONGEST_PAUSE) - self._clock()
        if wait > 0:
            self._sleep(wait)


def addresses_to_check(checked_before: datetime.datetime | None, limit: int | None = None) -> dict[str, list[int]]:
    """The primary keys of the policies with each address, the one that was checked longest ago first.

    Only addresses that were not checked since `checked_before`; with None all. At most `limit`.
    """
    policies: dict[str, list[int]] = {}
    due: dict[str, None] = {}
    rows = Policy.objects.exclude(url="").order_by(F("link_checked_at").asc(nulls_first=True), "pk")
    for pk, address, checked_at in rows.values_list("pk", "url", "link_checked_at"):
        policies.setdefault(address, []).append(pk)
        if checked_before is None or checked_at is None or checked_at < checked_before:
            due[address] = None
    return {address: policies[address] for address in islice(due, limit)}


def store_result(policy_ids: Iterable[int], address: str, result: LinkResult) -> None:
    """Keeps what became of an address with its policies, but for those whose address was changed meanwhile.

    An unknown host counts as dead from the second time on: the first time it may be this machine that has no names.
    """
    with transaction.atomic():
        # Several rows at once, as an import writes them: without one lock first the two could stop each other.
        ContentVersion.wait_for_other_writers()
        policies = Policy.objects.filter(pk__in=policy_ids, url=address)
        state = result.state
        if result.answer == UNKNOWN_HOST and policies.filter(link_answer=UNKNOWN_HOST).exists():
            state = LinkState.DEAD
        policies.update(
            link_state=state,
            link_answer=Truncator(result.answer).chars(LONGEST_ANSWER),
            link_checked_at=timezone.now(),
        )


def _place(target: Target) -> str:
    return f"{target.scheme}://{target.host}:{target.port}"


def _host_of(address: str) -> str:
    try:
        return read_target(address).host
    except Refused:
        return ""
