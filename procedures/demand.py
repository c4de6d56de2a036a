"""Counts what visitors look for: views of codes' pages, and searches that find nothing.

A request adds one to a number in memory and goes on; it never waits for the database and never fails for it. Once
`start` was called, as the server does, a thread writes the numbers every ten seconds. What cannot be written waits for
the next time; beyond a bound it is dropped. Nothing is kept of who asked: no address, browser, cookie or time of day.
"""

import atexit
import logging
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Mapping

from django.db import connection, transaction
from django.utils import timezone

from procedures.models import DailyViews, MedicalCode, SearchWithoutResult

logger = logging.getLogger(__name__)

MOST_WORDS = 6
LONGEST_TEXT = 120

SECONDS_BETWEEN_WRITES = 10
# Seconds that the end of the process may wait for the last write.
PATIENCE_AT_EXIT = 5
# Different codes, and different queries, that may wait to be written.
MOST_WAITING = 5_000
ROWS_PER_TRANSACTION = 500

_PROGRAM = re.compile(
    r"bot|crawl|spider|slurp|curl|wget|python|headless|httpx|java/|libwww|go-http|okhttp|scrapy|lighthouse|monitor",
    re.IGNORECASE,
)

# Telephone numbers, dates of birth, social security numbers: whatever stands between the digits, a letter apart.
_SIX_DIGITS = re.compile(r"(?:\d[\W_]*){6}")
# The codes that can hold six digits: ICD-10-CM, and ICD-10-PCS, whose codes without a letter begin with 0, as no
# telephone number does.
_CODE = re.compile(r"[a-z][0-9][0-9a-z]\.?[0-9a-z]{4}|(?=0|.*[a-z])[0-9b-dfghx][0-9a-hj-np-z]{6}")

# What is counted, the values of the KEY of its model, and how often: {DailyViews: {(7, day): 2}}.
Counts = Mapping[type, Mapping[tuple, int]]


def count_view(request, code: MedicalCode) -> None:
    """Counts a view of the code's page, if a person seems to have asked for it."""
    if is_visit(request):
        buffer.count(DailyViews, (code.pk, timezone.localdate()))


def count_search_without_result(request, text: str) -> None:
    """Counts a search that found nothing, if a person seems to have asked and the text may be kept."""
    if is_visit(request) and (kept := countable(text)):
        buffer.count(SearchWithoutResult, (kept, timezone.localdate()))


def is_visit(request) -> bool:
    """Whether a person seems to see the answer: it is no HEAD, no prefetch, and for no program that says so."""
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    agent = request.headers.get("User-Agent", "").strip()
    return bool(request.method == "GET" and agent and not _PROGRAM.search(agent) and "prefetch" not in purpose.lower())


def countable(text: str) -> str | None:
    """The query as it is counted, in lower case with single blanks; None where it could tell of a person.

    That is, with more than six words or 120 characters, an `@`, a control character, or six digits in a row, also with
    blanks or marks between them, unless the whole query has the shape of a code.
    """
    found = " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower()).split())
    if len(found) > LONGEST_TEXT or len(found.split()) > MOST_WORDS:
        return None
    # C: control and format characters, surrogates, and what is no character at all.
    if "@" in found or any(unicodedata.category(character)[0] == "C" for character in found):
        return None
    if not any(character.isalnum() for character in found):
        return None
    return None if _SIX_DIGITS.search(found) and not _CODE.fullmatch(found) else found


def write(counts: Counts) -> None:
    """Adds these counts to the rows of their days and deletes rows that are too old, in one transaction."""
    with transaction.atomic():
        for model in (DailyViews, SearchWithoutResult):
            model.objects.add_counts(counts.get(model, {}))
            model.objects.expired().delete()


class DemandBuffer:
    """Counts that wait to be written, shared by the threads of one process."""

    def __init__(self, write: Callable[[Counts], None] = write, *, seconds: float = SECONDS_BETWEEN_WRITES):
        self._write = write
        self._seconds = seconds
        self._is_started = False
        self.clear()

    def clear(self) -> None:
        """Begins anew, without counts and without a thread. A forked process does so: it has its parent's counts."""
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures: set[type] = set()
        self._waiting: dict[type, dict[tuple, int]] = {}

    def start(self) -> None:
        """From now on a thread writes the counts; each process makes its own at its first count."""
        if not self._is_started:
            self._is_started = True
            atexit.register(self.stop)

    def stop(self) -> None:
        """Ends the thread, which writes once more; waits for it for a few seconds."""
        self._stopping.set()
        if self._thread:
            self._thread.join(PATIENCE_AT_EXIT)

    def count(self, model: type, key: tuple) -> None:
        """Adds one, or drops it where too much waits."""
        with self._lock:
            self._add(model, key, 1)
            if self._is_started and self._thread is None:
                self._start_thread()

    def flush(self) -> None:
        """Writes what waits, with the connection of the caller. Raises the database's errors and keeps the counts."""
        while batch := self._take():
            try:
                self._write(batch)
            except Exception:
                with self._lock:
                    for model, counts in batch.items():
                        for key, number in counts.items():
                            self._add(model, key, number)
                raise

    def _add(self, model: type, key: tuple, number: int) -> None:
        counts = self._waiting.setdefault(model, {})
        if key in counts or len(counts) < MOST_WAITING:
            counts[key] = counts.get(key, 0) + number

    def _take(self) -> dict[type, dict[tuple, int]]:
        """Removes and returns some of the counts of each model; empty where nothing waits."""
        with self._lock:
            return {
                model: dict(counts.popitem() for _ in range(min(len(counts), ROWS_PER_TRANSACTION)))
                for model, counts in self._waiting.items()
                if counts
            }

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._write_until_stopped, name="demand", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The machine has no thread left, or the process ends; the next count tries again.
            self._log(error)
        else:
            self._thread = thread

    def _write_until_stopped(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopping.wait(self._seconds)
            try:
                try:
                    self.flush()
                finally:
                    connection.close()
            except Exception as error:
                self._log(error)
            else:
                self._failures.clear()

    def _log(self, error: Exception) -> None:
        """Names a failure, once until the next success. Only its first line: a second could hold what was asked."""
        if type(error) not in self._failures:
            self._failures.add(type(error))
            [reason, *_] = str(error).splitlines() or [""]
            logger.warning("What visitors look for could not be counted: %s: %s", type(error).__name__, reason)


buffer = DemandBuffer()
os.register_at_fork(after_in_child=lambda: buffer.clear())


def start() -> None:
    """Lets the counts of this process, and of those forked from it, be written. The server calls it when it loads."""
    buffer.start()
