"""Two transactions on one guide at once. SQLite lets only one write at all, so this is a matter of PostgreSQL."""

import datetime
import threading
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from django.utils import timezone

from procedures.guide_documents import parse_guide
from procedures.guide_import import ImportedFile, Outcome, store_guide
from procedures.models import CodeName, Guide, GuideDraft, MedicalCode, TransitionRefused
from procedures.search import search
from tests.factories import create_code, create_draft, create_guide, create_user, get_system
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import hcpcs_release, listed
from tests.procedures.models.drafts import APPROVED, bring_to

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite queues whole transactions"),
]

LONGEST_WAIT = 20  # seconds, for a test that hangs


@contextmanager
def meanwhile(act, *, then=lambda: None):
    """Runs `act` in a transaction of somebody else, which stays open for a moment while the block runs.

    Just before that transaction ends it runs `then`. Gives a list with what `act` and `then` returned or raised.
    """
    acted, finish = threading.Event(), threading.Event()
    outcomes = []

    def run():
        try:
            with transaction.atomic():
                try:
                    outcomes.append(act())
                finally:
                    acted.set()
                assert finish.wait(LONGEST_WAIT)
                outcomes.append(then())
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=run)
    other.start()
    assert acted.wait(LONGEST_WAIT)
    timer = threading.Timer(0.3, finish.set)
    timer.start()
    try:
        yield outcomes
    finally:
        finish.set()
        other.join(LONGEST_WAIT)
        assert not other.is_alive()


def found(text: str) -> list[str]:
    return [row["code"] for row in search(text, [get_system("hcpcs")]).rows]


def approved_draft(code: MedicalCode, **texts) -> GuideDraft:
    return bring_to(APPROVED, create_draft(code, **texts))


def document(word: str):
    text = f"Injection\nHCPCS code\n\nSummary\nA medicine against {word}.\n"
    return parse_guide(text, file="guide.txt"), ImportedFile.of("guide.txt", text.encode())


def test_second_of_two_publications_at_once_is_refused():
    draft = approved_draft(create_code())
    same = GuideDraft.objects.get(pk=draft.pk)

    with meanwhile(lambda: same.publish(by=None)), pytest.raises(TransitionRefused, match="This draft is gone"):
        draft.publish(by=None)

    assert Guide.objects.get().history.count() == 1
    assert not GuideDraft.objects.exists()


def test_publication_waits_for_a_draft_that_is_sent_back_at_once():
    draft = approved_draft(create_code())
    same = GuideDraft.objects.get(pk=draft.pk)

    with (
        meanwhile(lambda: same.send_back(note="No.", by=create_user("mary"))),
        pytest.raises(TransitionRefused, match="changed meanwhile, last by mary"),
    ):
        draft.publish(by=None)

    assert not Guide.objects.exists()


def test_text_that_is_saved_while_it_is_submitted_is_refused():
    draft = create_draft(create_code(), summary="First.")
    same = GuideDraft.objects.get(pk=draft.pk)
    draft.summary = "Second."

    with meanwhile(lambda: same.submit(by=create_user("mary"))), pytest.raises(TransitionRefused, match="by mary"):
        draft.save_text(by=None)

    stored = GuideDraft.objects.get()
    assert (stored.summary, stored.state) == ("First.", "in-review")


def test_publication_while_a_release_with_the_code_is_imported_keeps_both():
    code = create_code("J9302", "Injection, old wording")
    draft = approved_draft(code, summary="Against leukemia.", procedure_name="Common name(s): chest drip")
    release = hcpcs_release("2025-01", listed("J9302", "Injection, new wording"), listed("J9303", "Another"))

    with meanwhile(lambda: load("hcpcs", release).changed) as outcomes:
        draft.publish(by=None)

    assert outcomes == [1, None]
    code.refresh_from_db()
    assert code.long_description == "Injection, new wording"
    assert CodeName.objects.get().text == "chest drip"
    for word in ("wording", "new", "leukemia", "chest"):
        assert found(word) == ["J9302"], word
    assert found("old") == []


def test_import_of_a_release_while_a_guide_of_its_code_is_published_keeps_both():
    code = create_code("J9302", "Injection, old wording")
    draft = approved_draft(code, summary="Against leukemia.")

    with meanwhile(lambda: draft.publish(by=None)):
        load("hcpcs", hcpcs_release("2025-01", listed("J9302", "Injection, new wording")))

    assert (found("new"), found("leukemia"), found("old")) == (["J9302"], ["J9302"], [])


def test_second_of_two_who_begin_a_draft_at_once_is_refused():
    code, mary = create_code(), create_user("mary")
    create_guide(code)

    with (
        meanwhile(lambda: GuideDraft.objects.begin(code, by=mary)),
        pytest.raises(TransitionRefused, match="in work already, last changed by mary"),
    ):
        GuideDraft.objects.begin(code, by=None)

    assert GuideDraft.objects.get().author == mary


def test_second_of_two_who_take_a_guide_off_at_once_is_refused():
    guide = create_guide(create_code(), summary="Against leukemia.")
    same = Guide.objects.get()

    with (
        meanwhile(lambda: same.unpublish(reason="First.", by=None)),
        pytest.raises(TransitionRefused, match="not public"),
    ):
        guide.unpublish(reason="Second.", by=None)

    assert Guide.objects.get().unpublish_reason == "First."


def take_off(guide):
    guide.unpublish(reason="It is wrong.", by=None)


def review(guide):
    today = timezone.localdate()
    guide.mark_reviewed(reviewer="Jane Roe, MD", on=today, due=today + datetime.timedelta(days=365), by=None)


@pytest.mark.parametrize(
    ("prepare", "step"),
    [
        (
            lambda guide: approved_draft(guide.code, summary="Against glioma."),
            lambda draft: draft.publish(by=None),
        ),
        (lambda guide: guide, take_off),
        (lambda guide: guide, review),
    ],
    ids=["publish", "unpublish", "mark_reviewed"],
)
def test_step_while_guides_are_imported_ends_well_for_both(prepare, step):
    """The import holds the search index since its first guide when it comes to the one that the editor holds."""
    first, second = create_code("J9302"), create_code("J9303", "Injection, panitumumab, 10 mg")
    subject = prepare(approved_draft(second, summary="Against lymphoma.").publish(by=None, publisher="import"))

    with meanwhile(
        lambda: store_guide(first, *document("leukemia"), publish=True),
        then=lambda: store_guide(second, *document("melanoma"), publish=True),
    ) as outcomes:
        step(subject)

    assert outcomes[0] == Outcome.ADDED
    assert outcomes[1] in (Outcome.CHANGED, Outcome.LEFT_ALONE)
    assert found("leukemia") == ["J9302"]
