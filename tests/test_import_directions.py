"""Who may import whom, and where raw SQL may stand: read from the code itself, without running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
APPS = ("codesite", "procedures", "policies", "contact")
RAW_SQL = {"RawSQL", "RunSQL", "extra", "raw", "cursor", "execute", "executemany", "executescript"}


def python_files(*folders: str) -> list[Path]:
    files = [file for folder in folders for file in (ROOT / folder).rglob("*.py")]
    assert files
    return sorted(files)


def imports(source: str, package: str) -> Iterator[str]:
    """Every module, and every name out of one, that the source imports; `package` is where relative imports begin."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            parents = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and name_of_call(node) in ("import_module", "__import__"):
            yield from (value.value for value in node.args if isinstance(value, ast.Constant))


def name_of_call(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def raw_sql(source: str) -> list[str]:
    """The calls of the source that go past the ORM."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(node.func) for node in calls if name_of_call(node) in RAW_SQL]


def signals(source: str, package: str) -> list[str]:
    return [name for name in imports(source, package) if "signals" in name.split(".") or "dispatch" in name.split(".")]


def importers(files: list[Path], *modules: str) -> list[str]:
    """The files that import one of the modules or something in it."""
    return [
        str(file.relative_to(ROOT))
        for file in files
        if any(
            name == module or name.startswith(f"{module}.")
            for name in imports(file.read_text(encoding="utf-8"), package_of(file))
            for module in modules
        )
    ]


def package_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).parent.parts)


@pytest.mark.parametrize(
    ("app", "others"),
    [
        ("procedures", ("policies", "contact", "codesite")),
        ("policies", ("contact",)),
        ("contact", ("policies",)),
    ],
)
def test_apps_import_one_way(app, others):
    assert importers(python_files(app), *others) == []


def test_desks_are_imported_by_desks_only():
    public = [
        file
        for file in python_files("procedures", "policies", "contact")
        if "admin" not in file.relative_to(ROOT).parts
    ]

    assert importers(public, "procedures.admin", "policies.admin", "contact.admin") == []


def test_apps_import_nothing_of_the_tests():
    assert importers([*python_files(*APPS), ROOT / "manage.py"], "tests") == []


def test_settings_are_read_through_django():
    assert importers([*python_files(*APPS, "tests"), ROOT / "manage.py"], "codesite.settings") == []


def test_icd_package_is_a_source_of_the_demonstration_only():
    assert importers(python_files(*APPS, "tests"), "simple_icd_10_cm") == ["procedures/demonstration/icd10cm.py"]


def test_raw_sql_stands_in_search_and_migrations_only():
    allowed = (
        ROOT / "procedures" / "search",
        ROOT / "contact" / "no_overlap.py",
        *(ROOT / app / "migrations" for app in APPS),
    )
    elsewhere = [file for file in python_files(*APPS) if not any(file.is_relative_to(place) for place in allowed)]

    found = {str(file.relative_to(ROOT)): raw_sql(file.read_text(encoding="utf-8")) for file in elsewhere}

    assert {file: calls for file, calls in found.items() if calls} == {}


def test_apps_use_no_signals():
    found = {file: signals(file.read_text(encoding="utf-8"), package_of(file)) for file in python_files(*APPS)}

    assert {file: names for file, names in found.items() if names} == {}


# What reads the code above sees what it looks for.


@pytest.mark.parametrize(
    "source",
    [
        "import contact",
        "import contact.models as c",
        "from contact import models",
        "from contact.models import Message",
        "from .. import contact",
        "from ..contact.models import Message",
        "def later():\n    from contact import models",
        "importlib.import_module('contact.models')",
    ],
)
def test_imports_are_seen_in_every_form(source):
    assert any(name.removeprefix("site.").startswith("contact") for name in imports(source, "site.procedures"))


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("connection.cursor()", "connection.cursor"),
        ("with connection.cursor() as c:\n    pass", "connection.cursor"),
        ("c.execute('SELECT 1')", "c.execute"),
        ("Code.objects.extra(where=[w])", "Code.objects.extra"),
        ("Code.objects.raw('SELECT 1')", "Code.objects.raw"),
        ("migrations.RunSQL('x')", "migrations.RunSQL"),
        ("RawSQL('x', [])", "RawSQL"),
    ],
)
def test_raw_sql_is_seen_in_every_form(source, call):
    assert call in raw_sql(source)


@pytest.mark.parametrize(
    "source",
    [
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from django.dispatch import receiver",
        "import django.dispatch",
    ],
)
def test_signals_are_seen_in_every_form(source):
    assert signals(source, "procedures")
