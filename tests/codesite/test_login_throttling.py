import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from tests.pages import read_page

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
PASSWORD = "correct horse battery staple"
TRIES = 5


@pytest.fixture(autouse=True)
def editors():
    for name in ("editor", "reviewer"):
        get_user_model().objects.create_superuser(name, password=PASSWORD)


def log_in(password, *, name="editor", address="192.0.2.1", agent="Firefox", **headers):
    """The answer to one attempt in a fresh browser."""
    values = {"username": name, "password": password}
    return Client().post(LOGIN, values, REMOTE_ADDR=address, headers={"user-agent": agent, **headers})


def mistype(times=TRIES, **how):
    """The statuses that wrong passwords are answered with."""
    return [log_in("wrong", **how).status_code for _ in range(times)]


def test_five_wrong_passwords_lock_the_name_at_the_address():
    assert mistype() == [200, 200, 200, 200, 429]

    assert log_in(PASSWORD).status_code == 429
    assert log_in("wrong", agent="another browser").status_code == 429


def test_lock_says_what_to_do():
    mistype()

    response = log_in(PASSWORD)

    assert "Too many attempts" in [heading.text for heading in read_page(response).all("h1")]
    assert "Try again in an hour, or ask an administrator" in read_page(response).text
    assert response.headers["Retry-After"] == "3600"
    assert "no-store" in response.headers["Cache-Control"]
    assert "Content-Security-Policy" in response.headers


def test_lock_is_the_same_for_a_name_that_does_not_exist():
    mistype()
    mistype(name="nobody")

    assert log_in("wrong", name="nobody").content == log_in("wrong").content


def test_lock_answers_a_script_with_the_same_page():
    mistype()

    response = log_in("wrong", **{"x-requested-with": "XMLHttpRequest"})

    assert response.status_code == 429
    assert response.headers["Content-Type"].startswith("text/html")
    assert "Access-Control-Allow-Origin" not in response.headers


def test_lock_leaves_other_names_and_other_addresses_alone():
    mistype()

    assert log_in(PASSWORD, name="reviewer").status_code == 302
    assert log_in(PASSWORD, address="192.0.2.2").status_code == 302


def test_lock_leaves_the_log_in_page_open():
    mistype()

    assert Client().get(LOGIN, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_lock_counts_addresses_of_one_household_together():
    for number in range(TRIES):
        log_in("wrong", address=f"2001:db8:1:2::{number}")

    assert log_in(PASSWORD, address="2001:db8:1:2::ffff").status_code == 429
    assert log_in(PASSWORD, address="2001:db8:1:3::1").status_code == 302


def test_lock_holds_where_the_server_knows_no_address():
    assert mistype(address="")[-1] == 429
    assert log_in(PASSWORD, address="").status_code == 429


def test_right_password_forgets_the_wrong_ones():
    mistype(TRIES - 1)
    assert log_in(PASSWORD).status_code == 302

    assert mistype(TRIES - 1) == [200] * (TRIES - 1)
    assert log_in(PASSWORD).status_code == 302


def test_lock_ends_after_an_hour_whatever_was_tried_meanwhile(time_machine):
    time_machine.move_to("2026-01-05T12:00:00Z")
    mistype()
    time_machine.move_to("2026-01-05T12:59:00Z")
    assert log_in("wrong").status_code == 429
    assert log_in(PASSWORD).status_code == 429

    time_machine.move_to("2026-01-05T13:00:01Z")
    assert log_in(PASSWORD).status_code == 302


def test_administrator_unlocks_by_deleting_the_failed_log_in(client):
    mistype()
    client.force_login(get_user_model().objects.get(username="reviewer"))
    [attempt] = AccessAttempt.objects.all()

    page = read_page(client.get("/admin/axes/accessattempt/"))
    assert "editor" in page.text
    assert "Locked Out" in page.text
    client.post(f"/admin/axes/accessattempt/{attempt.pk}/delete/", {"post": "yes"})

    assert log_in(PASSWORD).status_code == 302


def test_lock_is_lifted_by_the_command():
    mistype()

    call_command("axes_reset_username", "editor", verbosity=0)

    assert log_in(PASSWORD).status_code == 302


def test_header_of_a_client_is_not_believed_without_proxies():
    for number in range(TRIES):
        log_in("wrong", **{"x-forwarded-for": f"198.51.100.{number}"})

    assert log_in(PASSWORD, **{"x-forwarded-for": "198.51.100.99"}).status_code == 429


@pytest.mark.parametrize(("proxies", "behind"), [(1, ""), (2, ", 10.0.0.2")])
def test_lock_is_for_the_client_behind_the_proxies(settings, proxies, behind):
    settings.TRUSTED_PROXY_COUNT = proxies
    proxy = "10.0.0.1"

    for number in range(TRIES):
        log_in("wrong", address=proxy, **{"x-forwarded-for": f"203.0.113.{number}, 198.51.100.9{behind}"})

    assert log_in(PASSWORD, address=proxy, **{"x-forwarded-for": f"198.51.100.9{behind}"}).status_code == 429
    assert log_in(PASSWORD, address=proxy, **{"x-forwarded-for": f"198.51.100.8{behind}"}).status_code == 302


def test_nothing_personal_is_logged(caplog):
    caplog.set_level("DEBUG")

    mistype(TRIES + 1, address="192.0.2.77")

    assert "Locking out" in caplog.text
    for secret in ("wrong", "editor", "192.0.2.77"):
        assert secret not in caplog.text


def test_only_failures_that_count_are_kept():
    mistype(3)
    [attempt] = AccessAttempt.objects.all()
    assert "wrong" not in attempt.post_data

    log_in(PASSWORD)

    assert not AccessAttempt.objects.exists()
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize("name", ["x" * 10_000, "a\x00b", "", "ＥＤＩＴＯＲ", "🜁" * 100])
def test_strange_names_are_answered(name):
    assert set(mistype(TRIES + 1, name=name)) <= {200, 429}
