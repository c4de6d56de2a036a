"""The guides of the demonstration: what they are, the states they are in, and what a second load leaves alone."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from procedures import demonstration
from procedures.guide_sections import SECTIONS
from procedures.models import Guide, GuideDraft
from tests.codesite.management.conftest import use_small_icd
from tests.factories import PASSWORD, create_user
from tests.own_database import every_row
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db

FOLDER = Path(demonstration.__file__).parent / "guides"


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """What the command said. It is loaded once; each test undoes its own changes, and the last one undoes the load."""
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        use_small_icd(patch)
        yield said_by("load_demo")
        transaction.set_rollback(True)


def all_texts() -> list[Guide | GuideDraft]:
    texts = [*Guide.objects.select_related("code__system"), *GuideDraft.objects.select_related("code__system")]
    assert len(texts) >= 40
    return texts


def codes_of(texts) -> set[str]:
    return {text.code.code for text in texts}


# What they are


def test_demo_brings_every_guide_of_its_folder_and_at_least_40(demo):
    files = {file.stem for file in FOLDER.glob("*.txt")}
    assert len(files) >= 40
    assert f"Guides: {len(files)} added." in demo
    held = {text.code for text in all_texts()}
    assert {f"{code.system.slug}-{code.code}" for code in held} == files
    assert {"J9302", "J9229"} <= codes_of(Guide.objects.published())


def test_guides_have_the_official_title_all_sections_and_sources_that_were_read(demo):
    for text in all_texts():
        slug = text.code.system.slug
        empty = {section.field for section in SECTIONS if not getattr(text, section.field)}
        # A diagnosis is not done to anyone.
        assert empty == (set() if slug == "hcpcs" else {"procedure_description"}), text
        document = FOLDER / f"{slug}-{text.code.code}.txt"
        assert document.read_text("utf-8").startswith(f"{text.code.long_description}\n"), text
        sources = [line for line in text.sources.splitlines() if line]
        assert sources, text
        for source in sources:
            assert re.search(r"\bread [A-Z][a-z]+ 20\d\d\b|, (HCPCS Level II|ICD-10-CM) release of ", source), source
        assert (text.document_name, text.document_date) == (document.name, timezone.localdate())
        assert not text.is_unfinished, text


def test_guides_are_in_plain_words_and_none_is_a_copy_of_another(demo):
    assert max(text.reading_grade for text in all_texts()) <= 9
    assert Guide.objects.near_duplicates() == []


def test_names_of_the_guides_are_names_of_their_codes(demo):
    for guide in Guide.objects.published():
        kinds = set(guide.code.names.filter(source="Guide").values_list("kind", flat=True))
        assert kinds == {"common", "technical"}, guide


# The states they are in


def test_every_state_of_the_workflow_is_there(demo):
    drafts = GuideDraft.objects.select_related("code")
    DRAFT, IN_REVIEW, APPROVED = GuideDraft.State

    assert drafts.filter(state=DRAFT, note="", code__guide=None).exists()
    assert drafts.filter(state=DRAFT, code__guide__isnull=False).exists()
    assert drafts.filter(state=IN_REVIEW).exists()
    [sent_back] = drafts.exclude(note="")
    assert (sent_back.state, sent_back.noted_by.username) == (DRAFT, "demo-reviewer")
    assert drafts.filter(state=APPROVED, go_live_at=None, approved_by__username="demo-reviewer").exists()
    assert drafts.filter(state=APPROVED, go_live_at__gt=timezone.now()).exists()
    assert not drafts.due().exists()
    [off] = Guide.objects.filter(unpublished_at__isnull=False)
    assert off.unpublish_reason
    changed = [guide for guide in Guide.objects.published() if guide.history.count() > 1]
    assert len(changed) == 1
    assert changed[0].history.first().history_change_reason
    assert Guide.objects.published().count() >= 30


def test_draft_beside_a_public_guide_says_something_else(demo):
    [draft] = GuideDraft.objects.filter(code__guide__isnull=False)
    assert not draft.says_the_same_as(draft.code.guide)
    assert draft.change_note


def test_no_guide_has_a_review_of_a_clinician(demo):
    assert not Guide.objects.filter(reviewed_on__isnull=False).exists()
    assert not Guide.objects.exclude(reviewed_by="").exists()
    assert set(Guide.objects.values_list("publisher", flat=True)) == {"demonstration"}


def test_accounts_of_the_demo_are_named_so_and_cannot_log_in(demo, client):
    accounts = {user.username: user for user in User.objects.all()}
    assert {name: user.get_full_name() for name, user in accounts.items()} == {
        "demo-author": "Demo author",
        "demo-reviewer": "Demo reviewer",
    }
    for name, user in accounts.items():
        assert not user.has_usable_password()
        assert not user.is_superuser
        assert [group.name for group in user.groups.all()] == [name.removeprefix("demo-").capitalize()]
        assert not any(user.check_password(password) for password in ("", name, PASSWORD, user.password))
        client.post(reverse("admin:login"), {"username": name, "password": name})
        assert "_auth_user_id" not in client.session


# What is left alone


def edit(draft, editor):
    draft.summary = "Words of an editor."
    draft.save_text(by=editor)


def publish(draft, editor):
    draft.submit(by=editor)
    draft.approve(by=editor)
    draft.publish(by=editor)


@pytest.mark.parametrize("work", [edit, publish])
def test_demo_loaded_again_after_an_editor_worked_on_its_drafts_changes_nothing(demo, work):
    editor = create_user()
    beside_a_guide = GuideDraft.objects.get(code__guide__isnull=False)
    alone = GuideDraft.objects.filter(code__guide__isnull=True, state=GuideDraft.State.DRAFT).first()
    for draft in (beside_a_guide, alone):
        work(draft, editor)
    before = every_row(connection)

    assert "Guides: 0 added." in said_by("load_demo")
    assert every_row(connection) == before


def test_demo_after_an_editor_deleted_a_guide_adds_it_again(demo):
    Guide.objects.filter(code__code="J9302").delete()

    assert "Guides: 1 added." in said_by("load_demo")
    assert Guide.objects.published().filter(code__code="J9302").exists()
