import pytest
from django.core.exceptions import ImproperlyConfigured

from codesite.environment import Environment, keep_new_secret, read_env_file


def write(folder, text):
    file = folder / ".env"
    file.write_text(text, encoding="utf-8")
    return file


# Types


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("true", True), ("True", True), ("TRUE", True), (" 1 ", True), ("0", False), ("false", False)],
)
def test_boolean_reads_one_and_true_zero_and_false(text, value):
    assert Environment({"DEBUG": text}).boolean("DEBUG", not value) is value


@pytest.mark.parametrize("text", ["flase", "yes", "no", "on", "off", "2", "01", "-1", "t", "None", "1 0", "０"])
def test_boolean_refuses_everything_else_by_name(text):
    with pytest.raises(ImproperlyConfigured, match=r"DEBUG=.*write 1, true, 0 or false"):
        Environment({"DEBUG": text}).boolean("DEBUG", False)


@pytest.mark.parametrize("values", [{}, {"DEBUG": ""}, {"DEBUG": "  "}])
@pytest.mark.parametrize("default", [True, False])
def test_boolean_that_is_not_said_is_the_default(values, default):
    assert Environment(values).boolean("DEBUG", default) is default


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("25", 25), (" 25 ", 25), ("", 7)])
def test_integer_reads_a_whole_number(text, value):
    assert Environment({"EMAIL_PORT": text}).integer("EMAIL_PORT", 7) == value


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "1_000", "²", "٣", "ten", "+1"])
def test_integer_refuses_everything_else_by_name(text):
    with pytest.raises(ImproperlyConfigured, match=r"EMAIL_PORT=.*whole number"):
        Environment({"EMAIL_PORT": text}).integer("EMAIL_PORT", 25)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a.example,b.example", ["a.example", "b.example"]), (" a , ,b,", ["a", "b"]), ("a", ["a"]), ("", ["default"])],
)
def test_words_are_separated_by_commas(text, words):
    assert Environment({"ALLOWED_HOSTS": text}).words("ALLOWED_HOSTS", ["default"]) == words


def test_text_is_the_value_or_the_default():
    environment = Environment({"SITE_URL": " https://codes.example ", "ADMIN_PATH": " "})

    assert environment.text("SITE_URL") == "https://codes.example"
    assert environment.text("ADMIN_PATH", "admin/") == "admin/"
    assert environment.text("DATABASE_URL") == ""


# The .env file


def test_env_file_fills_in_where_the_environment_is_silent(tmp_path, monkeypatch):
    file = write(tmp_path, "CODESITE_ONE=file\nCODESITE_TWO=file\nCODESITE_THREE=file\n")
    monkeypatch.setenv("CODESITE_TWO", "environment")
    monkeypatch.setenv("CODESITE_THREE", "")

    environment = Environment.with_file(file)

    assert environment.text("CODESITE_ONE") == "file"
    assert environment.text("CODESITE_TWO") == "environment"
    assert environment.text("CODESITE_THREE", "default") == "default"


def test_env_file_that_is_not_there_says_nothing(tmp_path):
    assert read_env_file(tmp_path / ".env") == {}
    assert read_env_file(tmp_path) == {}


def test_env_file_is_read_line_by_line(tmp_path):
    file = write(tmp_path, "# A comment\n\n DEBUG = 1 \r\nSECRET_KEY='a=b#c'\nSITE_URL=\"https://é.example\"\nEMPTY=\n")

    assert read_env_file(file) == {
        "DEBUG": "1",
        "SECRET_KEY": "a=b#c",
        "SITE_URL": "https://é.example",
        "EMPTY": "",
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"a b"', "a b"),
        ("'a'", "a"),
        ("a'", "a'"),
        ("'a\"", "'a\""),
        ("''a''", "'a'"),
        ('"', '"'),
        ('""', ""),
        ("=", "="),
    ],
)
def test_env_file_takes_only_a_pair_of_quotes_off(tmp_path, written, value):
    assert read_env_file(write(tmp_path, f"SECRET_KEY={written}\n")) == {"SECRET_KEY": value}


def test_env_file_may_begin_with_a_byte_order_mark(tmp_path):
    assert read_env_file(write(tmp_path, "\ufeffDEBUG=1\n")) == {"DEBUG": "1"}


@pytest.mark.parametrize("line", ["DEBUG", "=1", "export DEBUG=1", "DE BUG=1", "1DEBUG=1", "DEBUG: 1"])
def test_env_file_with_a_broken_line_is_refused_with_its_number(tmp_path, line):
    file = write(tmp_path, f"SITE_URL=x\n\n{line}\n")

    with pytest.raises(ImproperlyConfigured, match=r"\.env line 3 is not NAME=value"):
        read_env_file(file)


def test_env_file_never_shows_a_secret_in_its_error(tmp_path):
    file = write(tmp_path, "SECRET KEY=confidential\n")

    with pytest.raises(ImproperlyConfigured) as refused:
        read_env_file(file)

    assert "confidential" not in str(refused.value)


def test_env_file_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / ".env"
    file.write_bytes(b"SECRET_KEY=\xff\xfe\n")

    with pytest.raises(ImproperlyConfigured, match=r"\.env is not a text file"):
        read_env_file(file)


# Secrets of local runs


@pytest.mark.parametrize("before", ["", "DEBUG=1\n", "DEBUG=1"])
def test_new_secret_is_kept_beside_what_the_env_file_says(tmp_path, before):
    file = write(tmp_path, before)

    secret = keep_new_secret(file, "SECRET_KEY")

    assert len(secret) >= 50
    assert read_env_file(file)["SECRET_KEY"] == secret
    assert ("DEBUG" in read_env_file(file)) is bool(before)
    assert file.stat().st_mode & 0o077 == 0


def test_new_secret_makes_the_env_file_where_there_is_none(tmp_path):
    secret = keep_new_secret(tmp_path / ".env", "SECRET_KEY")

    assert read_env_file(tmp_path / ".env") == {"SECRET_KEY": secret}
