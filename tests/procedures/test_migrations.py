"""Migrations of data: a database as former versions of the project left it becomes one of today."""

import datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import reverse

from procedures.markdown import render
from procedures.models import CodeName, Guide, GuideDraft, MedicalCode, SearchEntry, Succession
from procedures.search import search
from tests.factories import create_code, create_name, get_system
from tests.pages import read_page

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

BEFORE_DRAFTS = ("procedures", "0003_search_index")
BEFORE_CATCH_ALLS = ("procedures", "0007_groups")
# What makes groups, or gives them permissions.
GROUPS_BY = {
    "procedures.migrations.0007_groups": "make_groups",
    "procedures.migrations.0010_groups_of_words": "grant",
    "policies.migrations.0003_groups": "grant",
    "contact.migrations.0002_groups": "grant",
}
NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)

OLD = "It treats **leukemia**. This code is retired."
NEW = "It treats lymphoma."


@pytest.fixture(autouse=True)
def few_words(tmp_path, monkeypatch):
    """One everyday word instead of the thousands that a migration brings, and takes away on the way back."""
    sheet = tmp_path / "words.csv"
    sheet.write_text("phrase,words,code\nheart attack,,icd10cm:I21\n")
    monkeypatch.setattr(import_module("procedures.migrations.0011_everyday_words"), "SHEET", sheet)


def migrate(*targets: tuple[str, str]) -> None:
    """Brings the database to these migrations, or to the newest."""
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets or executor.loader.graph.leaf_nodes()))
    ContentType.objects.clear_cache()


def models_at(target: tuple[str, str]):
    """The models as they were at this migration."""
    return MigrationExecutor(connection).loader.project_state([target]).apps


@pytest.fixture
def old_models():
    """The models before guides had drafts; the test migrates forward itself, and the database ends as it was."""
    migrate(BEFORE_DRAFTS)
    old = models_at(BEFORE_DRAFTS)
    yield old
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        # Rows that the test left in an old table could keep a migration from running.
        migrate(BEFORE_DRAFTS)
        old.get_model("procedures", "Guide").objects.all().delete()
        migrate()


def create_old_guide(old_models, code: str, *, shown: str = "", published_at=None, **fields):
    """A guide as it was stored before: `shown` is the Markdown of the purpose that the page shows."""
    system = old_models.get_model("procedures", "CodeSystem").objects.get(slug="hcpcs")
    texts = {"long_description": f"Injection {code}", "title": f"Injection {code}", "slug": "injection"}
    owner = old_models.get_model("procedures", "MedicalCode").objects.create(
        system=system, code=code, normalized=code, **texts
    )
    html = {"purpose": render(shown)} if shown else {}
    if shown and fields.get("sources"):
        html["sources"] = render(fields["sources"])
    guides = old_models.get_model("procedures", "Guide").objects
    guide = guides.create(code=owner, html=html, published_at=published_at, **fields)
    # The column follows the clock when a row is saved.
    guides.filter(pk=guide.pk).update(updated_at=NOON)
    return guide


def page_of(client, code: str) -> str:
    return read_page(client.get(f"/code/hcpcs/{code}-injection")).text


# What became of guides and groups: each makes rows as they were, and looks at them once all is migrated. Each has its
# own, so that one migration, which takes seconds, does for all.


def guide_that_was_not_public_becomes_a_draft(old_models, client):
    create_old_guide(old_models, "J0000", purpose=OLD, sources="- One")
    yield
    draft = GuideDraft.objects.get(code__code="J0000")
    assert (draft.state, draft.purpose, draft.sources) == ("draft", OLD, "- One")
    assert (draft.word_count, draft.empty_sections, draft.mentions_retirement) == (7, 13, True)
    assert (draft.author, draft.contributors.count(), draft.version) == (None, 0, 1)
    assert not Guide.objects.filter(code__code="J0000").exists()
    assert "leukemia" not in page_of(client, "J0000")
    draft.submit(by=None)
    draft.approve(by=None)
    draft.publish(by=None)
    assert "leukemia" in page_of(client, "J0000")


def public_guide_keeps_its_page_and_gets_hints_a_source_and_a_day_of_change(old_models, client):
    create_old_guide(old_models, "J0001", shown=OLD, purpose=OLD, published_at=NOON + DAY)
    create_old_guide(old_models, "J0002", shown=OLD, purpose=OLD, published_at=NOON - DAY, sources="- One")
    yield
    assert not GuideDraft.objects.filter(code__code__in=["J0001", "J0002"]).exists()
    first, second = Guide.objects.published().filter(code__code__in=["J0001", "J0002"]).order_by("code")
    assert (first.published_at, first.changed_at) == (NOON + DAY, NOON + DAY)
    assert (second.published_at, second.changed_at) == (NOON - DAY, NOON)
    for guide in (first, second):
        assert (guide.word_count, guide.empty_sections, guide.mentions_retirement) == (7, 13, True)
        assert guide.sketch
        assert guide.html["purpose"] == "<p>It treats <strong>leukemia</strong>. This code is retired.</p>"
        assert guide.publisher
        assert (guide.reviewed_on, guide.reviewed_by) == (None, "")
    assert "No source was recorded" in first.sources
    assert "No source was recorded" in page_of(client, "J0001")
    assert second.sources == "- One"
    assert [row.purpose for row in first.history.all()] == [OLD]
    assert "It treats leukemia." in page_of(client, "J0002")
    assert "Not yet reviewed by a clinician" in page_of(client, "J0002")


def public_guide_with_another_text_in_work_keeps_its_page_and_gets_a_draft(old_models, client):
    shown = "It treats **leukemia** ([more](/codes/)).\n\n- one\n- two"
    create_old_guide(old_models, "J0003", shown=shown, purpose=NEW, summary="Never public.", published_at=NOON - DAY)
    yield
    draft = GuideDraft.objects.get(code__code="J0003")
    assert (draft.state, draft.purpose, draft.summary) == ("draft", NEW, "Never public.")
    page = page_of(client, "J0003")
    assert "It treats leukemia (more)." in page
    assert "lymphoma" not in page
    assert "Never public" not in page
    guide = Guide.objects.get(code__code="J0003")
    assert (guide.purpose, guide.summary) == (shown, "")
    assert guide.html["purpose"] == render(shown)
    assert (guide.word_count, guide.empty_sections) == (6, 13)
    # The day on which the other text was stored is no day of a public change.
    assert guide.changed_at == guide.published_at == NOON - DAY
    assert [(row.purpose, row.summary, row.history_date) for row in guide.history.all()] == [(shown, "", NOON - DAY)]


def change_log_and_comparison_never_show_a_text_that_was_not_public(old_models, client):
    create_old_guide(
        old_models, "J0004", shown=OLD, purpose="Secret lymphoma.", summary="Secret summary.", published_at=NOON
    )
    yield
    draft = GuideDraft.objects.get(code__code="J0004")
    compared = read_page(client.get(reverse("admin:procedures_guidedraft_compare", args=[draft.pk])))
    assert "leukemia" in " ".join(element.text for element in compared.elements if element.tag == "del")
    assert "lymphoma" in " ".join(element.text for element in compared.elements if element.tag == "ins")
    draft.purpose, draft.summary, draft.sources = NEW, "A medicine.", "- One"
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    guide = draft.publish(by=None)

    log = read_page(client.get(reverse("procedures:changes", args=["hcpcs", "J0004-injection"])))
    removed = " ".join(element.text for element in log.elements if element.tag == "del")
    added = " ".join(element.text for element in log.elements if element.tag == "ins")
    assert "leukemia" in removed
    assert "retired" in removed
    assert "lymphoma" in added
    assert "A medicine." in added
    assert "Secret" not in log.html
    for version in guide.history.all():
        address = reverse("admin:procedures_guide_simple_history", args=[guide.pk, version.pk])
        assert "Secret" not in client.get(address).content.decode()


def public_guide_whose_page_shows_no_text_becomes_a_draft(old_models, client):
    create_old_guide(old_models, "J0005", purpose=NEW, published_at=NOON)
    yield
    assert GuideDraft.objects.get(code__code="J0005").purpose == NEW
    assert not Guide.objects.filter(code__code="J0005").exists()
    assert "lymphoma" not in page_of(client, "J0005")


def history_of_names_and_successions_begins_with_what_there_is(old_models, client):
    create_old_guide(old_models, "J0006", shown=OLD, purpose=OLD, published_at=NOON)
    create_old_guide(old_models, "J0007", shown=OLD, purpose=OLD, published_at=NOON)
    codes = old_models.get_model("procedures", "MedicalCode").objects
    first, second = codes.get(code="J0006"), codes.get(code="J0007")
    names = old_models.get_model("procedures", "CodeName").objects
    # More than are read at once.
    names.bulk_create(
        names.model(code=first, kind="brand", text=f"Name {number}", source="Test") for number in range(1_001)
    )
    successions = old_models.get_model("procedures", "Succession").objects
    successions.create(predecessor=first, successor=second, source="editor")
    yield
    rows = CodeName.history.filter(code_id=first.pk).values_list(
        "id", "text", "kind", "source", "code_id", "history_type", "history_user"
    )
    assert sorted(rows) == [
        (name.pk, name.text, "brand", "Test", first.pk, "+", None)
        for name in CodeName.objects.filter(code_id=first.pk).order_by("pk")
    ]
    assert len(rows) == 1_001
    row = Succession.history.get()
    assert (row.predecessor_id, row.successor_id, row.source) == (first.pk, second.pk, "editor")
    assert (row.history_type, row.history_user) == ("+", None)
    # The first edit keeps the former text.
    name = CodeName.objects.get(text="Name 7")
    name.text = "Name 7 plus"
    name.save()
    former = name.history.last()
    assert former.text == "Name 7"
    address = reverse("admin:procedures_codename_simple_history", args=[name.pk, former.pk])
    assert 'value="Name 7"' in client.get(address).content.decode()


def groups_are_made_once_with_permissions_that_their_members_need(old_models, client):
    Group.objects.all().delete()
    Permission.objects.filter(content_type__app_label="procedures").delete()
    User.objects.create_user("member").groups.add(Group.objects.create(name="Author"))
    yield
    member = User.objects.get(username="member")
    assert member.has_perms(["procedures.add_guidedraft", "procedures.change_guidedraft", "procedures.view_guide"])
    assert not member.has_perm("procedures.publish_guide")
    # What other apps add for themselves is theirs to test.
    granted = {
        group.name: {
            permission.codename
            for permission in group.permissions.filter(content_type__app_label__in=["procedures", "admin", "auth"])
        }
        for group in Group.objects.all()
    }
    assert set(granted) == {"Author", "Reviewer", "Desk", "Data"}
    assert granted["Reviewer"] > granted["Author"]
    assert {"publish_guide", "review_guide", "view_logentry"} <= granted["Reviewer"]
    assert {"change_medicalcode", "add_release", "change_succession"} <= granted["Data"]
    assert {"view_medicalcode", "view_guide"} <= granted["Desk"]
    assert all(codename.startswith("view_") for codename in granted["Desk"])
    for group in granted:
        # Publication, review and unpublication have steps of their own.
        assert not granted[group] & {"add_guide", "change_guide", "delete_guide", "change_user", "change_group"}

    before = {group.name: group.permissions.count() for group in Group.objects.all()}
    # As after a way back, on which the groups stay: to go it takes seconds.
    for name, act in GROUPS_BY.items():
        with connection.schema_editor() as editor:
            getattr(import_module(name), act)(apps, editor)
    assert {group.name: group.permissions.count() for group in Group.objects.all()} == before


BECAME = [
    guide_that_was_not_public_becomes_a_draft,
    public_guide_keeps_its_page_and_gets_hints_a_source_and_a_day_of_change,
    public_guide_with_another_text_in_work_keeps_its_page_and_gets_a_draft,
    change_log_and_comparison_never_show_a_text_that_was_not_public,
    public_guide_whose_page_shows_no_text_becomes_a_draft,
    history_of_names_and_successions_begins_with_what_there_is,
    groups_are_made_once_with_permissions_that_their_members_need,
]


def test_rows_of_a_former_version_become_those_of_today(old_models, client, subtests):
    stories = {story.__name__: story(old_models, client) for story in BECAME}
    for story in stories.values():
        next(story)

    migrate()

    client.force_login(User.objects.create_superuser("ann"))
    for name, story in stories.items():
        with subtests.test(name):
            next(story, None)


def test_catch_all_codes_are_marked_and_the_search_index_stays_as_it_was():
    catch_all, quality = create_code("J3490", "Unclassified drugs"), create_code("G8395", "Not otherwise specified")
    named = create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_name(named, "Arzerra")
    entries = list(SearchEntry.objects.order_by("pk").values())

    def found(text: str) -> list[str]:
        return [row["code"] for row in search(text, [get_system()]).rows]

    # SQLite makes the table of the codes afresh, both ways.
    migrate(BEFORE_CATCH_ALLS)
    migrate()

    assert list(MedicalCode.objects.not_otherwise_classified()) == [catch_all]
    assert list(SearchEntry.objects.order_by("pk").values()) == entries
    assert found("arzerra") == found("ofatum") == ["J9302"]
    assert found("unclassified drugs") == ["J3490"]
    # What keeps the index beside its table is still there.
    named.delete()
    assert found("arzerra") == found("ofatumumab") == []
    assert found("specified") == [quality.code]
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    assert found("ofatumumab") == ["J9302"]
