"""Migrations of data: a database as former versions of the project left it becomes one of today."""

import datetime

import pytest
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
NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)

OLD = "It treats **leukemia**. This code is retired."
NEW = "It treats lymphoma."


def migrate(*targets: tuple[str, str]):
    """Brings the database to these migrations, or to the newest; gives the models of that time."""
    executor = MigrationExecutor(connection)
    targets = list(targets or executor.loader.graph.leaf_nodes())
    executor.migrate(targets)
    ContentType.objects.clear_cache()
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def old_models():
    """The models before guides had drafts; the test migrates forward itself, and the database ends as it was."""
    yield migrate(BEFORE_DRAFTS)
    # Rows that the test left in an old table could keep a migration from running.
    if ("procedures", "0004_guide_drafts") not in MigrationExecutor(connection).loader.applied_migrations:
        migrate(BEFORE_DRAFTS).get_model("procedures", "Guide").objects.all().delete()
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


def test_guide_that_was_not_public_becomes_a_draft(old_models, client):
    create_old_guide(old_models, "J0000", purpose=OLD, sources="- One")

    migrate()

    draft = GuideDraft.objects.get()
    assert (draft.code.code, draft.state, draft.purpose, draft.sources) == ("J0000", "draft", OLD, "- One")
    assert (draft.word_count, draft.empty_sections, draft.mentions_retirement) == (7, 13, True)
    assert (draft.author, draft.contributors.count(), draft.version) == (None, 0, 1)
    assert not Guide.objects.exists()
    assert "leukemia" not in page_of(client, "J0000")
    draft.submit(by=None)
    draft.approve(by=None)
    draft.publish(by=None)
    assert "leukemia" in page_of(client, "J0000")


def test_public_guide_keeps_its_page_and_gets_hints_a_source_and_a_day_of_change(old_models, client):
    create_old_guide(old_models, "J0000", shown=OLD, purpose=OLD, published_at=NOON + DAY)
    create_old_guide(old_models, "J0001", shown=OLD, purpose=OLD, published_at=NOON - DAY, sources="- One")

    migrate()

    assert not GuideDraft.objects.exists()
    first, second = Guide.objects.published().order_by("code")
    assert (first.published_at, first.changed_at) == (NOON + DAY, NOON + DAY)
    assert (second.published_at, second.changed_at) == (NOON - DAY, NOON)
    for guide in (first, second):
        assert (guide.word_count, guide.empty_sections, guide.mentions_retirement) == (7, 13, True)
        assert guide.sketch
        assert guide.html["purpose"] == "<p>It treats <strong>leukemia</strong>. This code is retired.</p>"
        assert guide.publisher
        assert (guide.reviewed_on, guide.reviewed_by) == (None, "")
    assert "No source was recorded" in first.sources
    assert "No source was recorded" in page_of(client, "J0000")
    assert second.sources == "- One"
    assert [row.purpose for row in first.history.all()] == [OLD]
    assert "It treats leukemia." in page_of(client, "J0001")
    assert "Not yet reviewed by a clinician" in page_of(client, "J0001")


def test_public_guide_with_another_text_in_work_keeps_its_page_and_gets_a_draft(old_models, client):
    shown = "It treats **leukemia** ([more](/codes/)).\n\n- one\n- two"
    create_old_guide(old_models, "J0000", shown=shown, purpose=NEW, summary="Never public.", published_at=NOON - DAY)

    migrate()

    draft = GuideDraft.objects.get()
    assert (draft.code.code, draft.state, draft.purpose, draft.summary) == ("J0000", "draft", NEW, "Never public.")
    page = page_of(client, "J0000")
    assert "It treats leukemia (more)." in page
    assert "lymphoma" not in page
    assert "Never public" not in page
    guide = Guide.objects.get()
    assert (guide.purpose, guide.summary) == (shown, "")
    assert guide.html["purpose"] == render(shown)
    assert (guide.word_count, guide.empty_sections) == (6, 13)
    # The day on which the other text was stored is no day of a public change.
    assert guide.changed_at == guide.published_at == NOON - DAY
    assert [(row.purpose, row.summary, row.history_date) for row in guide.history.all()] == [(shown, "", NOON - DAY)]


def test_change_log_and_comparison_never_show_a_text_that_was_not_public(old_models, client):
    create_old_guide(
        old_models, "J0000", shown=OLD, purpose="Secret lymphoma.", summary="Secret summary.", published_at=NOON
    )

    migrate()

    client.force_login(User.objects.create_superuser("ann"))
    draft = GuideDraft.objects.get()
    compared = read_page(client.get(reverse("admin:procedures_guidedraft_compare", args=[draft.pk])))
    assert "leukemia" in " ".join(element.text for element in compared.elements if element.tag == "del")
    assert "lymphoma" in " ".join(element.text for element in compared.elements if element.tag == "ins")
    draft.purpose, draft.summary, draft.sources = NEW, "A medicine.", "- One"
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    guide = draft.publish(by=None)

    log = read_page(client.get(reverse("procedures:changes", args=["hcpcs", "J0000-injection"])))
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


def test_public_guide_whose_page_shows_no_text_becomes_a_draft(old_models, client):
    create_old_guide(old_models, "J0000", purpose=NEW, published_at=NOON)

    migrate()

    assert GuideDraft.objects.get().purpose == NEW
    assert not Guide.objects.exists()
    assert "lymphoma" not in page_of(client, "J0000")


def test_history_of_names_and_successions_begins_with_what_there_is(old_models, client):
    create_old_guide(old_models, "J0000", shown=OLD, purpose=OLD, published_at=NOON)
    create_old_guide(old_models, "J0001", shown=OLD, purpose=OLD, published_at=NOON)
    first, second = old_models.get_model("procedures", "MedicalCode").objects.order_by("code")
    names = old_models.get_model("procedures", "CodeName").objects
    # More than are read at once.
    names.bulk_create(
        names.model(code=first, kind="brand", text=f"Name {number}", source="Test") for number in range(1_001)
    )
    successions = old_models.get_model("procedures", "Succession").objects
    successions.create(predecessor=first, successor=second, source="editor")

    migrate()

    rows = CodeName.history.values_list("id", "text", "kind", "source", "code_id", "history_type", "history_user")
    assert sorted(rows) == [
        (name.pk, name.text, "brand", "Test", first.pk, "+", None) for name in CodeName.objects.order_by("pk")
    ]
    row = Succession.history.get()
    assert (row.predecessor_id, row.successor_id, row.source) == (first.pk, second.pk, "editor")
    assert (row.history_type, row.history_user) == ("+", None)
    # The first edit keeps the former text.
    name = CodeName.objects.get(text="Name 7")
    name.text = "Name 7 plus"
    name.save()
    client.force_login(User.objects.create_superuser("ann"))
    former = name.history.last()
    assert former.text == "Name 7"
    address = reverse("admin:procedures_codename_simple_history", args=[name.pk, former.pk])
    assert 'value="Name 7"' in client.get(address).content.decode()


def test_groups_are_made_with_permissions_that_their_members_need(old_models):
    Group.objects.all().delete()
    Permission.objects.filter(content_type__app_label="procedures").delete()
    member = User.objects.create_user("ann")
    member.groups.add(Group.objects.create(name="Author"))

    migrate()

    member = User.objects.get()
    assert member.has_perms(["procedures.add_guidedraft", "procedures.change_guidedraft", "procedures.view_guide"])
    assert not member.has_perm("procedures.publish_guide")
    granted = {
        group.name: {permission.codename for permission in group.permissions.all()} for group in Group.objects.all()
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


def test_groups_are_made_once(old_models):
    migrate()
    before = {group.name: group.permissions.count() for group in Group.objects.all()}

    migrate(BEFORE_DRAFTS)
    migrate()

    assert {group.name: group.permissions.count() for group in Group.objects.all()} == before


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
