"""What the keys of documents in facts lead to, whatever became of the documents since."""

import pytest

from policies.changes import PolicyState
from policies.models import Policy
from policies.references import find_documents
from tests.factories import create_plan, create_policy

pytestmark = pytest.mark.django_db


def found(policy: Policy, *keys: str) -> dict[str, str]:
    """The title that each key leads to in the facts of a policy."""
    documents = find_documents({(policy.issuer_id, key) for key in keys})
    return {key: document.title for (_, key), document in documents.items()}


def test_references_of_all_sorts_are_told_apart_and_found_again(django_assert_max_num_queries):
    same = create_policy("Numbered", number="1")
    others = [create_policy(title) for title in ("One without a number", "Another one")]
    elsewhere = create_policy("Numbered elsewhere", number="1", issuer=create_plan("Other Health"))
    policy = create_policy(references=[same, *others, elsewhere])

    keys = PolicyState.of(policy).facts["references"]
    assert len(set(keys)) == 4
    assert "payer-policy:1" in keys
    with django_assert_max_num_queries(3):
        titles = found(policy, *keys)
    assert sorted(titles.values()) == sorted(document.title for document in (same, *others, elsewhere))


def test_number_leads_to_the_document_that_has_it_or_else_to_the_one_that_came_with_it():
    policy, document = create_policy(), create_policy("Came first", number="L1")
    Policy.objects.filter(pk=document.pk).update(number="L9")
    assert found(policy, "payer-policy:L1", "payer-policy:L9", "payer-policy:L5", "lcd:L1") == {
        "payer-policy:L1": "Came first",
        "payer-policy:L9": "Came first",
    }
    create_policy("Came later", number="L1", public_id="01234567")
    assert found(policy, "payer-policy:L1")["payer-policy:L1"] == "Came later"


def test_number_of_another_issuer_leads_nowhere():
    create_policy("Elsewhere", number="L1", issuer=create_plan("Other Health"))
    assert found(create_policy(), "payer-policy:L1", "payer-policy:", "policy:zzzzzzzz") == {}
