"""What a summary holds of a large import."""

import pytest

from policies.imports import summary as summaries
from policies.models import Policy, PolicyCode
from tests.factories import create_codes
from tests.policies.imports.loading import load, named, stated

pytestmark = pytest.mark.django_db


def test_changes_beyond_the_limit_are_only_counted(monkeypatch):
    monkeypatch.setattr(summaries, "MOST_CHANGES", 2)
    summary = load(*(stated(f"MP-{number}") for number in range(5)))
    assert [change.number for change in summary.changes] == ["MP-0", "MP-1"]
    assert summary.changes_by_kind == {"new": 5}
    summary = load(*(stated(f"MP-{number}", title="New") for number in range(2)))
    assert len(summary.changes) == 2


def test_many_codes_are_listed_up_to_twenty():
    codes = [code.code for code in create_codes({f"J{number:04}": "Drug" for number in range(25)})]
    summary = load(stated("MP-1", named(*codes)))
    assert summary.changes[0].what == [f"codes added: {', '.join(codes[:20])} and 5 more"]
    PolicyCode.objects.update(note="Of an editor")
    summary = load(stated("MP-1", {}))
    assert len(summary.changes[0].what) == 21
    assert summary.changes[0].what[-1] == "and 5 more codes"


def test_change_without_number_is_told_by_its_title():
    load(stated("", title="Infusions"))
    Policy.objects.update(summary="Of an editor")
    summary = load(stated("", title="Infusions", summary="Of the source"))
    assert [str(change) for change in summary.changes] == [
        "withheld: Infusions\n    Summary: Of an editor → Of the source"
    ]
