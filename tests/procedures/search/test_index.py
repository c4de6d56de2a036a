import datetime

import pytest
import time_machine

from procedures.models import Guide
from procedures.search import rebuild, reindex, stale_code_ids
from tests.factories import create_code, create_draft, create_guide, create_name
from tests.procedures.search.questions import OFATUMUMAB, codes, facet, find

pytestmark = pytest.mark.django_db


def test_search_follows_an_edit_of_the_description():
    code = create_code("J9302", OFATUMUMAB)

    code.long_description = "Injection, rituximab, 10 mg"
    code.save()
    reindex([code.pk])

    assert codes("rituximab") == ["J9302"]
    assert codes("ofatumumab") == []
    assert codes("j9302") == ["J9302"]


def test_search_follows_the_deletion_of_a_code():
    create_code("J9301", OFATUMUMAB)
    create_code("J9302", OFATUMUMAB).delete()

    assert codes("ofatumumab") == ["J9301"]
    assert codes("j9302") == []
    assert find("").total == 1


def test_search_follows_a_name_and_its_deletion():
    name = create_name(create_code("J9302", OFATUMUMAB), "Arzerra")
    assert codes("arzerra") == ["J9302"]

    name.delete()
    reindex([name.code_id])

    assert codes("arzerra") == []


def test_search_does_not_find_a_draft_however_often_the_code_is_indexed():
    code = create_code("J9302", OFATUMUMAB)
    create_draft(code, summary="A medicine for leukemia.")
    reindex([code.pk])

    assert codes("leukemia") == []
    assert codes("ofatumumab", has_guide=True) == []


def test_search_does_not_find_a_guide_that_was_taken_off():
    code = create_code("J9302", OFATUMUMAB)
    guide = create_guide(code, summary="A medicine for leukemia.")
    assert codes("leukemia", has_guide=True) == ["J9302"]

    guide.unpublish(reason="It is wrong.", by=None)
    assert (codes("leukemia"), codes("ofatumumab", has_guide=True)) == ([], [])

    rebuild()
    assert (codes("leukemia"), codes("ofatumumab", has_guide=True)) == ([], [])
    assert codes("ofatumumab") == ["J9302"]


def test_search_does_not_find_an_edit_before_it_is_published():
    code = create_code("J9302", OFATUMUMAB)
    create_guide(code, summary="A medicine for leukemia.")

    draft = create_draft(code, summary="A medicine for lymphoma.")
    for step in (lambda: None, lambda: draft.submit(by=None), lambda: draft.approve(by=None)):
        step()
        reindex([code.pk])
        assert (codes("lymphoma"), codes("leukemia")) == ([], ["J9302"])

    draft.publish(by=None)
    assert (codes("lymphoma"), codes("leukemia")) == (["J9302"], [])


def test_search_finds_the_same_after_a_rebuild(mixed_codes):
    Guide.objects.get().delete()
    queries = ["medicine", "J10", "", "m10", "medicine f"]
    rebuild()
    rebuilt = [codes(query) for query in queries]
    reindex(stale_code_ids(datetime.date.max))

    assert rebuild() == 6
    assert [codes(query) for query in queries] == rebuilt
    assert [len(found) for found in rebuilt] == [6, 4, 6, 2, 2]
    assert codes("medicine", has_guide=True) == []


def test_search_counts_a_code_as_retired_once_its_last_day_has_passed():
    with time_machine.travel("2018-12-31T12:00:00+00:00", tick=False):
        create_code("C9028", OFATUMUMAB, terminated=datetime.date(2018, 12, 31))
        assert find("C9028").rows[0]["status"] == "active"
        assert stale_code_ids() == []
    with time_machine.travel("2019-01-01T12:00:00+00:00", tick=False):
        assert find("C9028").rows[0]["status"] == "retired"
        reindex(stale_code_ids())
        assert codes("ofatumumab", status=frozenset({"retired"})) == ["C9028"]
        assert facet(find("ofatumumab"), "status") == {"retired": 1}
        assert stale_code_ids() == []
