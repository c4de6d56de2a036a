"""What is counted of visits and of searches without result, and that counting never stands in a visitor's way."""

import datetime
import os
import re
import subprocess
import sys
import threading

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from procedures import demand
from procedures.models import DailyViews, SearchWithoutResult
from tests.factories import create_code

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ADDRESS = "/code/hcpcs/J9302-injection-ofatumumab-10-mg"


@pytest.fixture
def buffer(monkeypatch):
    """The counts of this test alone; nothing writes them but the test."""
    fresh = demand.DemandBuffer()
    monkeypatch.setattr(demand, "buffer", fresh)
    return fresh


@pytest.fixture
def visitor(client):
    client.defaults["HTTP_USER_AGENT"] = FIREFOX
    return client


def views():
    return dict(DailyViews.objects.values_list("code__code", "count"))


def searches():
    return dict(SearchWithoutResult.objects.values_list("text", "count"))


@pytest.mark.django_db
def test_views_of_a_code_are_added_up_by_day(visitor, buffer):
    create_code()
    create_code("C9028", "Injection, inotuzumab")
    for _ in range(3):
        visitor.get(ADDRESS)
    visitor.get("/code/hcpcs/C9028-injection-inotuzumab")
    buffer.flush()
    visitor.get(ADDRESS)
    buffer.flush()

    assert views() == {"J9302": 4, "C9028": 1}
    assert {row.day for row in DailyViews.objects.all()} == {timezone.localdate()}


@pytest.mark.django_db
def test_only_pages_that_are_shown_count(visitor, buffer):
    create_code()
    assert visitor.head(ADDRESS).status_code == 200
    assert visitor.get("/code/hcpcs/J9302").status_code == 301
    assert visitor.get("/code/hcpcs/J9999").status_code == 404
    assert visitor.get(f"{ADDRESS}?as_of=2018-06-01").status_code == 200
    etag = visitor.get(ADDRESS, HTTP_USER_AGENT="").headers["ETag"]
    assert visitor.get(ADDRESS, HTTP_IF_NONE_MATCH=etag).status_code == 304
    assert visitor.get(ADDRESS, HTTP_SEC_PURPOSE="prefetch;prerender").status_code == 200
    assert visitor.get(ADDRESS, HTTP_PURPOSE="prefetch").status_code == 200
    buffer.flush()

    assert views() == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "agent",
    [
        "",
        " ",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp)",
        "Baiduspider+(+http://www.baidu.com/search/spider.htm)",
        "curl/8.5.0",
        "Wget/1.21",
        "python-requests/2.32",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0 Safari/537.36",
    ],
)
def test_programs_that_say_so_do_not_count(client, buffer, agent):
    create_code()
    client.get(ADDRESS, HTTP_USER_AGENT=agent)
    client.get("/codes/?q=cat+scan", HTTP_USER_AGENT=agent)
    buffer.flush()

    assert (views(), searches()) == ({}, {})


@pytest.mark.django_db
def test_searches_without_result_are_added_up_by_query(visitor, buffer):
    create_code()
    for text in ("Cat  Scan", "cat scan", " CAT SCAN ", "knee scope", "ofatumumab"):
        visitor.get("/codes/", {"q": text})
    buffer.flush()

    assert searches() == {"cat scan": 3, "knee scope": 1}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "parameters",
    [
        {"q": ""},
        {"q": "cat scan", "page": "2"},
        {"q": "cat scan", "system": "hcpcs"},
        {"q": "cat scan", "has_guide": "1"},
        {"q": "cat scan", "format": "json"},
        {"q": "ann@example.org"},
        {"q": "212 555 1234"},
    ],
)
def test_other_searches_do_not_count(visitor, buffer, parameters):
    create_code()
    visitor.get("/codes/", parameters)
    buffer.flush()

    assert searches() == {}


@pytest.mark.django_db
def test_nothing_is_written_while_a_page_is_made(visitor, buffer):
    create_code()
    visitor.get(ADDRESS)
    visitor.get("/codes/?q=cat+scan")

    assert (views(), searches()) == ({}, {})


@pytest.mark.django_db
def test_counted_pages_need_no_more_queries_and_set_no_cookie(client, buffer, django_assert_num_queries):
    create_code()
    for address in (ADDRESS, "/codes/?q=cat+scan"):
        client.get(address)
        with CaptureQueriesContext(connection) as uncounted:
            before = client.get(address)
        with django_assert_num_queries(len(uncounted)):
            after = client.get(address, HTTP_USER_AGENT=FIREFOX)
        assert (after.content, after.headers["ETag"]) == (before.content, before.headers["ETag"])
        assert not after.cookies


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("Cat\t Scan\n", "cat scan"),
        ("ＣＡＴ scan", "cat scan"),
        ("J9302", "j9302"),
        ("99213", "99213"),
        ("E11.9", "e11.9"),
        ("S72.0019", "s72.0019"),
        ("S720019", "s720019"),
        ("0016070", "0016070"),
        ("0FB03ZX", "0fb03zx"),
        ("one two three four five six", "one two three four five six"),
        ("J9302 J9303", "j9302 j9303"),
        ("12345", "12345"),
        ("covid-19 vaccine 2025", "covid-19 vaccine 2025"),
        ("x" * 120, "x" * 120),
        ("", None),
        (" \n", None),
        ("???", None),
        ("x" * 121, None),
        ("one two three four five six seven", None),
        ("ann@example.org", None),
        ("ann＠example.org", None),
        ("cat\x07scan", None),
        ("cat\u200bscan", None),
        ("cat\ud800scan", None),
        ("123456", None),
        ("5551234", None),
        ("555-1234", None),
        ("(212) 555-1234", None),
        ("+1 212.555.1234", None),
        ("078-05-1120", None),
        ("078 05 1120 knee", None),
        ("born 4/12/1980", None),
        ("1980-04-12", None),
        ("12_34_56", None),
        ("12 · 34 · 56", None),
        ("١٢٣٤٥٦", None),
        ("１２３４５６", None),
        ("12²34⁵", None),
        ("1016070", None),
        ("12\u200b34\u200b56", None),
        ("a1234567", None),
        ("0016070 knee", None),
        ("99213 99214", None),
    ],
)
def test_countable_lets_through_what_tells_nothing_of_a_person(text, counted):
    assert demand.countable(text) == counted


# Texts near the rules: numbers, marks between them, codes, addresses, and anything else.
TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="0123456789 -./()@abEJz\n\u200b"),
    st.from_regex(r"\(?[0-9]{3}\)?[ .-]?[0-9]{3}[ .-]?[0-9]{4}"),
    st.from_regex(r"[A-Za-z][0-9][0-9A-Za-z](\.[0-9A-Za-z]{1,4})?"),
)


@given(TEXTS)
def test_countable_text_is_always_short_plain_and_without_long_numbers(text):
    counted = demand.countable(text)
    if counted is not None:
        assert 0 < len(counted) <= 120
        assert len(counted.split(" ")) <= 6
        assert counted == " ".join(counted.split())
        assert "@" not in counted
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", counted)
        counted.encode()
        digits = max(map(len, re.findall(r"\d+", re.sub(r"[\W_]", "", counted))), default=0)
        assert digits < 6 or re.fullmatch(r"[0-9a-z]{3}\.?[0-9a-z]{4}", counted)
        assert demand.countable(counted) == counted


@given(st.text(), st.from_regex(r"[0-9]([ ./()-]*[0-9]){5,12}", fullmatch=True), st.text())
def test_countable_keeps_no_number_of_six_digits_within_a_text(before, number, after):
    assert demand.countable(f"{before} {number} {after} knee") is None


@pytest.mark.django_db
def test_counts_wait_while_the_database_fails(visitor, buffer):
    create_code()

    def refuse(execute, sql, params, many, context):
        if "dailyviews" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert visitor.get(ADDRESS).status_code == 200
        visitor.get("/codes/?q=cat+scan")
        with pytest.raises(OperationalError):
            buffer.flush()
        assert visitor.get(ADDRESS).status_code == 200
    assert (views(), searches()) == ({}, {})
    buffer.flush()

    assert (views(), searches()) == ({"J9302": 2}, {"cat scan": 1})


@pytest.mark.django_db
def test_counts_beyond_the_bound_are_dropped(visitor, buffer, monkeypatch):
    monkeypatch.setattr(demand, "MOST_WAITING", 2)
    create_code()
    for text in ("one thing", "another thing", "a third thing", "one thing"):
        visitor.get("/codes/", {"q": text})
    visitor.get(ADDRESS)
    buffer.flush()

    assert searches() == {"one thing": 2, "another thing": 1}
    assert views() == {"J9302": 1}


@pytest.mark.django_db
def test_many_counts_are_written_in_several_transactions(buffer, monkeypatch):
    monkeypatch.setattr(demand, "ROWS_PER_TRANSACTION", 2)
    for number in range(5):
        buffer.count(SearchWithoutResult, (f"thing {number}", timezone.localdate()))
    buffer.flush()

    assert searches() == {f"thing {number}": 1 for number in range(5)}


@pytest.mark.django_db
def test_views_of_a_deleted_code_are_passed_over(visitor, buffer):
    code, _ = create_code(), create_code("C9028", "Injection, inotuzumab")
    visitor.get(ADDRESS)
    visitor.get("/code/hcpcs/C9028-injection-inotuzumab")
    code.delete()
    buffer.flush()

    assert views() == {"C9028": 1}


@pytest.mark.django_db
def test_old_counts_are_deleted_when_new_ones_are_written(visitor, buffer):
    code, today = create_code(), timezone.localdate()
    for days in (399, 401):
        DailyViews.objects.create(code=code, day=today - datetime.timedelta(days=days), count=1)
    for days in (89, 90):
        SearchWithoutResult.objects.create(text=f"{days} days", day=today - datetime.timedelta(days=days), count=1)
    visitor.get(ADDRESS)
    buffer.flush()

    assert sorted((today - row.day).days for row in DailyViews.objects.all()) == [0, 399]
    assert searches() == {"89 days": 1}


def test_thread_writes_what_was_counted_and_names_each_failure_once(caplog):
    written, failures = [], [OSError("no disk\nask for: cat scan"), OSError("no disk"), ValueError("")]
    done = threading.Event()

    def write(counts):
        if failures:
            raise failures.pop(0)
        written.append(counts)
        done.set()

    buffer = demand.DemandBuffer(write, seconds=0.001)
    buffer.count(SearchWithoutResult, ("cat scan", timezone.localdate()))
    assert "demand" not in thread_names()
    buffer.start()
    buffer.count(SearchWithoutResult, ("cat scan", timezone.localdate()))
    assert done.wait(10)
    buffer.stop()

    assert written == [{SearchWithoutResult: {("cat scan", timezone.localdate()): 2}}]
    assert [record.getMessage() for record in caplog.records] == [
        "What visitors look for could not be counted: OSError: no disk",
        "What visitors look for could not be counted: ValueError: ",
    ]
    assert "demand" not in thread_names()


def thread_names():
    return {thread.name for thread in threading.enumerate()}


@pytest.mark.django_db
def test_page_is_shown_where_no_thread_can_be_had(visitor, buffer, monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    create_code()
    buffer.start()
    with monkeypatch.context() as without_threads:
        without_threads.setattr(threading.Thread, "start", refuse)
        assert visitor.get(ADDRESS).status_code == 200
    buffer.flush()

    assert views() == {"J9302": 1}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_server_writes_counts_with_a_connection_of_its_own(visitor, buffer):
    create_code()
    buffer.start()
    visitor.get(ADDRESS)
    visitor.get("/codes/?q=cat+scan")
    buffer.stop()

    assert (views(), searches()) == ({"J9302": 1}, {"cat scan": 1})


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_processes_that_write_at_once_lose_no_count():
    code, day = create_code(), timezone.localdate()
    counts = {DailyViews: {(code.pk, day): 1}, SearchWithoutResult: {(f"thing {n}", day): 1 for n in range(20)}}
    start, errors = threading.Barrier(4), []

    def write():
        start.wait()
        try:
            for _ in range(5):
                buffer = demand.DemandBuffer()
                for model, rows in counts.items():
                    for key in rows:
                        buffer.count(model, key)
                buffer.flush()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("Threads share one connection to a database in memory.")
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert views() == {"J9302": 20}
    assert searches() == {f"thing {n}": 20 for n in range(20)}


FORKING_SERVER = """
import datetime, os, sys
import django
django.setup()
from procedures import demand
from procedures.models import SearchWithoutResult

def write(counts):
    print("child" if os.getpid() != parent else "parent", counts[SearchWithoutResult], flush=True)

parent = os.getpid()
demand.buffer = demand.DemandBuffer(write)
demand.start()
demand.start()
key = ("cat scan", "today")
demand.buffer.count(SearchWithoutResult, key)
child = os.fork()
if child == 0:
    demand.buffer.count(SearchWithoutResult, key)
    demand.buffer.count(SearchWithoutResult, key)
    sys.exit()
os.waitpid(child, 0)
"""


def test_each_process_writes_its_own_counts_once_and_at_its_end():
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "codesite.settings", "SECRET_KEY": "x"}
    done = subprocess.run(
        [sys.executable, "-c", FORKING_SERVER],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines() == ["child {('cat scan', 'today'): 2}", "parent {('cat scan', 'today'): 1}"]
