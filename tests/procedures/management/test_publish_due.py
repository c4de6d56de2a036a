import datetime
import io

import pytest
from django.core.management import CommandError, call_command

from procedures.models import Guide, GuideDraft
from tests.factories import create_code, create_draft, create_user
from tests.pages import read_page
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
MINUTE = datetime.timedelta(minutes=1)


def create_approved(code: str, *, go_live_at, by=None, **texts) -> GuideDraft:
    draft = create_draft(create_code(code), **texts)
    draft.submit(by=None)
    draft.approve(by=by, go_live_at=go_live_at)
    return draft


def public() -> list[str]:
    return [guide.code.code for guide in Guide.objects.published().order_by("code")]


def run_with_failures() -> tuple[str, str, str]:
    """What the command says on its standard output and error, and when it gives up."""
    said, complained = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("publish_due", stdout=said, stderr=complained)
    assert error.value.returncode == 1
    return said.getvalue(), complained.getvalue(), str(error.value)


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_due_publishes_what_is_due_and_nothing_else(client):
    reviewer = create_user("reviewer")
    create_approved("J0000", go_live_at=NOON - MINUTE, by=reviewer, summary="Against leukemia.")
    create_approved("J0001", go_live_at=NOON, by=reviewer)
    create_approved("J0002", go_live_at=NOON + MINUTE, by=reviewer)
    create_approved("J0003", go_live_at=None, by=reviewer)
    create_draft(create_code("J0004"))

    said = said_by("publish_due")

    assert said == "J0000: published.\nJ0001: published.\nGuides: 2 published.\n"
    assert public() == ["J0000", "J0001"]
    guide = Guide.objects.get(code__code="J0000")
    assert "leukemia" in read_page(client.get(guide.get_absolute_url())).text
    assert (guide.published_at, guide.publisher) == (NOON, "reviewer")
    assert guide.history.get().history_user == reviewer


def test_publish_due_goes_live_when_the_time_has_come_and_only_once(time_machine):
    time_machine.move_to(NOON, tick=False)
    create_approved("J0000", go_live_at=NOON + MINUTE)
    assert said_by("publish_due") == "Guides: 0 published.\n"
    assert public() == []

    time_machine.move_to(NOON + MINUTE, tick=False)
    assert said_by("publish_due") == "J0000: published.\nGuides: 1 published.\n"
    assert said_by("publish_due") == "Guides: 0 published.\n"
    assert Guide.objects.get().history.count() == 1


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_due_passes_over_a_draft_that_was_sent_back():
    draft = create_approved("J0000", go_live_at=NOON)
    draft.send_back(note="Wait.", by=None)

    assert said_by("publish_due") == "Guides: 0 published.\n"
    assert public() == []


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_due_goes_on_after_a_refusal_and_says_which():
    create_approved("J0000", go_live_at=NOON - MINUTE)
    GuideDraft.objects.update(sources="")
    create_approved("J0001", go_live_at=NOON)

    said, complained, end = run_with_failures()

    assert said == "J0001: published.\nGuides: 1 published.\n"
    assert complained == "J0000: Name at least one source first: a guide without sources cannot be published.\n"
    assert end == "1 could not be published."
    assert public() == ["J0001"]
    assert GuideDraft.objects.get().code.code == "J0000"


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_due_goes_on_after_a_failure_and_logs_it(monkeypatch, caplog):
    create_approved("J0000", go_live_at=NOON - MINUTE, summary="Broken.")
    create_approved("J0001", go_live_at=NOON)
    render = GuideDraft.render

    def fail_on_one(self):
        if self.summary == "Broken.":
            raise RuntimeError("It cannot be rendered.")
        return render(self)

    monkeypatch.setattr(GuideDraft, "render", fail_on_one)

    said, complained, end = run_with_failures()

    assert said == "J0001: published.\nGuides: 1 published.\n"
    assert complained == "J0000: It cannot be rendered.\n"
    assert end == "1 could not be published."
    assert [record.getMessage() for record in caplog.records] == ["The guide of J0000 could not be published."]
    assert caplog.records[0].exc_info
    assert GuideDraft.objects.get().state == GuideDraft.State.APPROVED
