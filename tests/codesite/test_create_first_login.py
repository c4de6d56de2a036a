import re

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

pytestmark = pytest.mark.django_db


def run_command(capsys, **options):
    call_command("create_first_login", **options)
    return capsys.readouterr().out


def printed_password(output):
    return re.search(r"^Password: +(\S+)$", output, re.MULTILINE)[1]


def test_create_first_login_opens_the_admin_with_what_it_prints(capsys, client, settings):
    output = run_command(capsys)

    assert "Login:     editor" in output
    client.post(f"/{settings.ADMIN_PATH}login/", {"username": "editor", "password": printed_password(output)})
    assert client.get(f"/{settings.ADMIN_PATH}").status_code == 200


def test_create_first_login_prints_the_addresses_and_how_to_reset(capsys, settings):
    settings.SITE_URL = "https://codes.example"
    settings.ADMIN_PATH = "desk/"

    output = run_command(capsys)

    assert "https://codes.example/\n" in output
    assert "https://codes.example/desk/\n" in output
    assert "manage.py changepassword editor" in output


def test_create_first_login_prints_the_address_it_is_given(capsys, settings):
    settings.ADMIN_PATH = "admin/"

    output = run_command(capsys, site_url="http://127.0.0.1:8001/")

    assert "http://127.0.0.1:8001/\n" in output
    assert "http://127.0.0.1:8001/admin/\n" in output


def test_create_first_login_never_gives_the_same_password_twice(capsys):
    passwords = set()
    for _ in range(3):
        passwords.add(printed_password(run_command(capsys)))
        User.objects.all().delete()

    assert len(passwords) == 3
    assert min(len(password) for password in passwords) >= 16


def test_create_first_login_prints_only_the_addresses_the_second_time(capsys):
    run_command(capsys)
    kept = User.objects.get().password

    output = run_command(capsys)

    assert "Site:" in output
    assert "Admin:" in output
    assert "Login" not in output
    assert "Password" not in output
    assert User.objects.get().password == kept


def test_create_first_login_leaves_a_site_with_another_superuser_alone(capsys):
    User.objects.create_superuser("amal", password="long enough for a test")

    assert "Password" not in run_command(capsys)
    assert User.objects.count() == 1


def test_create_first_login_leaves_an_ordinary_user_called_editor_alone(capsys):
    User.objects.create_user("editor", password="long enough for a test")

    output = run_command(capsys)

    assert "No login was made" in output
    assert "manage.py createsuperuser" in output
    editor = User.objects.get()
    assert not editor.is_superuser
    assert editor.check_password("long enough for a test")


def test_create_first_login_makes_one_where_the_only_superuser_is_inactive(capsys):
    User.objects.create_superuser("amal", password="long enough for a test", is_active=False)

    assert printed_password(run_command(capsys))
    assert User.objects.filter(is_superuser=True, is_active=True).get().username == "editor"
