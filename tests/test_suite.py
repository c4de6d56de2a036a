import os
import subprocess
import sys

import pytest

from tests import suite
from tests.suite import Outcome


def junit_report(folder, *cases):
    report = folder / "report.xml"
    report.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", encoding="utf-8")
    return report


PASSED = '<testcase name="test_a"/>'
FAILED = '<testcase name="test_b"><failure message="no">E</failure></testcase>'
BROKEN = '<testcase name="test_c"><error message="no">E</error></testcase>'
SKIPPED = '<testcase name="test_d"><skipped message="RELEASES_DIR is not set"/></testcase>'


@pytest.fixture
def parts(monkeypatch):
    """Replaces the three parts by given outcomes; nothing is run."""

    def replace(*outcomes):
        for outcome in outcomes:
            monkeypatch.setattr(suite, f"run_{outcome.part.lower()}", lambda arguments, outcome=outcome: outcome)

    monkeypatch.delenv("CODESITE_REQUIRE", raising=False)
    replace(
        Outcome("SQLite", True, "in memory", passed=5, skipped=1),
        Outcome("PostgreSQL", True, "127.0.0.1:5432", passed=4, skipped=2),
        Outcome("Browser", True, "/usr/bin/chromium", passed=3),
    )
    return replace


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_suite_counts_errors_as_failures(tmp_path):
    report = junit_report(tmp_path, PASSED, PASSED, FAILED, BROKEN, SKIPPED)

    assert suite.count_tests(report) == (2, 2, 1)


def test_suite_succeeds_and_ends_with_the_totals(parts, capsys):
    assert suite.main([]) == 0
    assert last_line(capsys) == "12 passed, 0 failed, 3 skipped"


def test_suite_fails_when_one_test_of_one_part_failed(parts, capsys):
    parts(Outcome("PostgreSQL", True, "127.0.0.1:5432", passed=3, failed=1))

    assert suite.main([]) == 1
    assert last_line(capsys) == "11 passed, 1 failed, 1 skipped"


def test_suite_says_why_a_part_did_not_run(parts, capsys):
    parts(Outcome("Browser", False, "no Chromium is here"))

    assert suite.main([]) == 0
    assert "no Chromium is here" in capsys.readouterr().out


def test_suite_fails_when_a_required_part_did_not_run(parts, capsys, monkeypatch):
    parts(Outcome("Browser", False, "no Chromium is here"))
    monkeypatch.setenv("CODESITE_REQUIRE", "postgresql, browser")

    assert suite.main([]) == 1
    assert last_line(capsys) == "9 passed, 1 failed, 3 skipped"


def test_suite_refuses_a_misspelt_requirement(parts, capsys, monkeypatch):
    monkeypatch.setenv("CODESITE_REQUIRE", "postgres")

    assert suite.main([]) == 2
    assert "CODESITE_REQUIRE names postgres" in capsys.readouterr().out


def test_suite_fails_when_nothing_ran(parts):
    parts(*(Outcome(part, False, "not here") for part in suite.PARTS))

    assert suite.main([]) == 1


def test_suite_takes_a_part_without_tests_for_a_failure_unless_the_caller_chose(tmp_path):
    report = tmp_path / "report.xml"

    assert suite.outcome_of_run("SQLite", 5, report, "in memory", partial=False).failed == 1
    assert suite.outcome_of_run("SQLite", 5, report, "in memory", partial=True).failed == 0


def test_suite_takes_a_breakdown_of_pytest_for_a_failure(tmp_path):
    report = tmp_path / "report.xml"
    assert suite.outcome_of_run("SQLite", -9, report, "in memory", partial=False).failed == 1

    junit_report(tmp_path, PASSED)
    broken = suite.outcome_of_run("SQLite", 3, report, "in memory", partial=False)
    assert (broken.passed, broken.failed) == (1, 1)
    assert "exit code 3" in broken.note


def test_part_that_ran_in_two_processes_is_as_good_as_the_worse():
    good, bad = Outcome("PostgreSQL", True, "host", passed=4, skipped=2), Outcome("PostgreSQL", True, "broke", failed=1)

    assert suite.together([good, bad]) == Outcome("PostgreSQL", True, "broke", passed=4, failed=1, skipped=2)
    assert suite.together([good, good]).passed == 8


def test_suite_names_a_postgresql_that_does_not_answer(monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://someone:secret@127.0.0.1:1/postgres")

    outcome = suite.run_postgresql([])

    assert not outcome.ran
    assert "no server answers at TEST_DATABASE_URL" in outcome.note
    assert "secret" not in outcome.note


def test_suite_names_a_chromium_that_is_not_there(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/nowhere/chromium")

    outcome = suite.run_browser([])

    assert not outcome.ran
    assert "/nowhere/chromium" in outcome.note


def test_suite_hides_the_settings_of_the_developer(monkeypatch):
    monkeypatch.setenv("SITE_URL", "https://codes.example")
    monkeypatch.setenv("DEBUG", "1")

    environment = suite.environment_of_tests("sqlite://:memory:")
    shown = subprocess.run(
        [sys.executable, "-c", "from codesite import settings as s; print(s.DEBUG, s.HTTPS_ONLY, s.SITE_URL)"],
        env=environment,
        cwd=suite.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert shown == ["False", "False", "http://127.0.0.1:8000"]
    assert environment["PATH"] == os.environ["PATH"]
