"""The codes in the form of a policy: 25 at a time, found again by their keys, and blank rows for new ones."""

import datetime
import json

import pytest
from django.contrib.auth.models import Permission

from policies.admin.code_forms import GONE, TWICE
from policies.changes import PolicyState, record_change
from policies.models import PolicyCode, PolicyRevision
from procedures.models import MedicalCode
from tests.factories import create_code, create_plan, create_policy, create_policy_code, create_user, get_system
from tests.policies.admin.test_policies import POLICIES, address_of, errors_of
from tests.policies.admin.typed_forms import fields_of, typed
from tests.procedures.admin.desk import get_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def policy():
    return create_policy()


def create_codes(count: int) -> list[MedicalCode]:
    """Codes J0000, J0001, ... that search does not know."""
    system = get_system()
    titles = {f"J{number:04}": f"Medicine {number}" for number in range(count)}
    return MedicalCode.objects.bulk_create(
        MedicalCode(system=system, code=code, normalized=code, long_description=title, title=title, slug="medicine")
        for code, title in titles.items()
    )


def create_policy_of(codes: list[MedicalCode], title: str = "Ofatumumab"):
    policy = create_policy(title)
    before = PolicyState.of(policy)
    PolicyCode.objects.bulk_create(PolicyCode(policy=policy, code=code, source="Test") for code in codes)
    record_change(policy, before)
    return policy


def codes_of(policy) -> list[str]:
    return sorted(policy.policy_codes.values_list("code__code", flat=True))


def row_of(fields, code: str) -> str:
    """The prefix of the row of a code: shown_codes-3."""
    return next(
        name.removesuffix("-opened")
        for name, [text] in fields.items()
        if name.endswith("-opened") and text and json.loads(text)["code"] == code
    )


# 25 at a time


def test_form_shows_25_codes_and_leads_to_the_others(editor):
    policy = create_policy_of(create_codes(60))

    first = get_page(editor, address_of(policy))
    third = get_page(editor, f"{address_of(policy)}?codes_page=3")

    assert "Codes that it names (60)" in first.text
    assert "1 to 25 of 60." in first.text
    assert first.links["?codes_page=2"] == "Next 25"
    assert "51 to 60 of 60." in third.text
    assert "J0059" in third.text
    assert "J0049" not in third.text


def test_codes_are_found_by_their_beginning_and_their_label(editor, policy):
    for code, label in (("J9302", "Arzerra"), ("J9303", ""), ("K0823", "")):
        create_policy_code(policy, create_code(code), label=label)

    for text, expected in (("j93", {"J9302", "J9303"}), ("arz", {"J9302"}), ("k-0823", {"K0823"}), ("%", set())):
        page = editor.get(address_of(policy), {"find_code": text})
        rows = {json.loads(value)["code"] for name, [value] in fields_of(page).items() if name.endswith("-opened")}
        assert rows - {"This code"} == expected
    assert "None of them begins with “zz”" in get_page(editor, f"{address_of(policy)}?find_code=zz").text


@pytest.mark.parametrize("query", ["codes_page=x", "codes_page=0", "codes_page=" + "9" * 5000, "find_code=.-"])
def test_form_opens_whatever_its_address_says(editor, query):
    policy = create_policy_of(create_codes(3))

    assert editor.get(f"{address_of(policy)}?{query}").status_code == 200


def test_rows_of_a_later_page_are_saved_and_shown_again(editor):
    policy = create_policy_of(create_codes(120))
    address = f"{address_of(policy)}?find_code=J00&codes_page=2"
    page = editor.get(address)
    row = row_of(fields_of(page), "J0030")

    answer = editor.post(address, typed(page, _continue="1", **{f"{row}-note": "Only with a plan of care."}))

    assert answer.headers["Location"] == address
    assert policy.policy_codes.get(note="Only with a plan of care.").code.code == "J0030"
    assert policy.policy_codes.count() == 120
    assert policy.revisions.newest_first().first().codes_changed == 1


def test_two_thousand_codes_need_no_more_queries_and_fields_than_sixty(editor, django_assert_max_num_queries):
    codes = create_codes(2_000)
    policies = [create_policy_of(codes[:60], "Few"), create_policy_of(codes, "Many")]

    for policy in policies:
        with django_assert_max_num_queries(20):
            page = editor.get(address_of(policy))
        values = typed(page, title="Another title", **{"shown_codes-3-note": "Changed.", "shown_codes-4-DELETE": "on"})
        assert sum(len(value) if isinstance(value, list) else 1 for value in values.values()) < 450
        with django_assert_max_num_queries(95):
            assert editor.post(address_of(policy), values).status_code == 302

    assert policies[1].policy_codes.count() == 1_999
    assert policies[1].policy_codes.get(note="Changed.").code.code == "J0003"
    revision = policies[1].revisions.newest_first().first()
    assert (revision.codes_dropped, revision.codes_changed) == (1, 1)


# Changes and deletions


def test_code_is_changed_and_deleted_with_history_and_marks(editor, policy):
    kept, gone = create_code("J9302"), create_code("J9303")
    create_policy_code(policy, kept)
    create_policy_code(policy, gone)
    page = editor.get(address_of(policy))
    fields = fields_of(page)
    row, other = row_of(fields, "J9302"), row_of(fields, "J9303")
    changes = {
        f"{row}-label": "Arzerra",
        f"{row}-prior_authorization": "auth-needed",
        f"{row}-starts": "2026-01-01",
        f"{other}-DELETE": "on",
    }

    assert editor.post(address_of(policy), typed(page, **changes)).status_code == 302

    named = policy.policy_codes.get()
    assert (named.label, named.prior_authorization, named.starts) == (
        "Arzerra",
        "auth-needed",
        datetime.date(2026, 1, 1),
    )
    gone.refresh_from_db()
    assert not gone.has_policy
    assert named.history.latest().history_user.username == "dana"
    assert PolicyCode.history.filter(code=gone, history_type="-", history_user__username="dana").exists()


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("source", "", "This field is required."),
        ("ends", "2025-12-31", "It cannot end before it starts."),
        ("starts", "soon", "Enter a valid date."),
        ("listed_as", "x", "Select a valid choice. x is not one of the available choices."),
        ("note", "x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
        ("note", "a\0b", "Null characters are not allowed."),
    ],
)
def test_row_that_cannot_be_says_why_and_keeps_what_was_typed(editor, policy, column, value, problem):
    create_policy_code(policy, create_code("J9302"), starts=datetime.date(2026, 1, 1))
    create_policy_code(policy, create_code("J9303"))
    page = editor.get(address_of(policy))
    row, other = (row_of(fields_of(page), code) for code in ("J9302", "J9303"))

    again = editor.post(
        address_of(policy), typed(page, summary="Kept.", **{f"{row}-{column}": value, f"{other}-label": "Kept too"})
    )

    assert problem in errors_of(again)
    text = again.content.decode()
    assert "Kept." in text
    assert "Kept too" in text
    assert not policy.policy_codes.filter(label="Kept too").exists()


def test_label_by_which_the_policy_names_the_code_already_is_refused(editor, policy):
    code = create_code("J3490")
    create_policy_code(policy, code, label="One")
    create_policy_code(policy, code, label="Two")
    page = editor.get(address_of(policy))

    assert errors_of(editor.post(address_of(policy), typed(page, **{"shown_codes-0-label": "Two"}))) == [TWICE]
    both = {"shown_codes-0-label": "Three", "shown_codes-1-label": "Three"}
    assert errors_of(editor.post(address_of(policy), typed(page, **both))) == [TWICE]
    swapped = {"shown_codes-0-label": "Two", "shown_codes-1-label": "One"}
    assert errors_of(editor.post(address_of(policy), typed(page, **swapped))) == [TWICE, TWICE]
    replaced = {"shown_codes-0-label": "Two", "shown_codes-1-DELETE": "on"}
    assert errors_of(editor.post(address_of(policy), typed(page, **replaced))) == [TWICE]


# Others who work at the same time


def test_codes_that_others_add_and_delete_meanwhile_mix_nothing_up(editor, policy):
    for code in ("J9302", "J9304", "J9306"):
        create_policy_code(policy, create_code(code))
    page = editor.get(address_of(policy))
    row = row_of(fields_of(page), "J9304")
    create_policy_code(policy, create_code("J9301"))
    policy.policy_codes.get(code__code="J9302").delete()

    assert editor.post(address_of(policy), typed(page, **{f"{row}-note": "For this one."})).status_code == 302

    assert codes_of(policy) == ["J9301", "J9304", "J9306"]
    assert policy.policy_codes.get(note="For this one.").code.code == "J9304"


def test_row_that_was_deleted_meanwhile_says_so_and_can_be_left_out(editor, policy):
    create_policy_code(policy, create_code("J9302"))
    create_policy_code(policy, create_code("J9303"))
    page = editor.get(address_of(policy))
    row = row_of(fields_of(page), "J9302")
    policy.policy_codes.get(code__code="J9302").delete()

    again = editor.post(address_of(policy), typed(page, summary="Kept.", **{f"{row}-note": "Typed."}))

    assert errors_of(again) == [GONE.format("J9302")]
    assert fields_of(again)[f"{row}-note"] == ["Typed."]
    assert fields_of(again)["summary"] == ["Kept."]
    assert editor.post(address_of(policy), typed(again, **{f"{row}-DELETE": "on"})).status_code == 302
    policy.refresh_from_db()
    assert policy.summary == "Kept."
    assert codes_of(policy) == ["J9303"]


def test_what_another_wrote_in_the_same_row_stays(editor, policy):
    named = create_policy_code(policy, create_code("J9302"), note="First.")
    page = editor.get(address_of(policy))
    PolicyCode.objects.filter(pk=named.pk).update(note="Theirs.", prior_authorization="no-auth")

    assert editor.post(address_of(policy), typed(page, **{"shown_codes-0-label": "Arzerra"})).status_code == 302

    named.refresh_from_db()
    assert (named.label, named.note, named.prior_authorization) == ("Arzerra", "Theirs.", "no-auth")


def test_what_two_wrote_in_the_same_place_is_decided_by_saving_again(editor, policy):
    named = create_policy_code(policy, create_code("J9302"), note="First.")
    page = editor.get(address_of(policy))
    PolicyCode.objects.filter(pk=named.pk).update(note="Theirs.")

    again = editor.post(address_of(policy), typed(page, **{"shown_codes-0-note": "Mine."}))

    assert errors_of(again) == [
        "Somebody else wrote “Theirs.” here since you opened this page. Save again to keep yours."
    ]
    named.refresh_from_db()
    assert named.note == "Theirs."
    assert editor.post(address_of(policy), typed(again)).status_code == 302
    named.refresh_from_db()
    assert named.note == "Mine."


def test_rows_of_another_policy_are_out_of_reach(editor, policy):
    create_policy_code(policy, create_code("J9302"))
    other = create_policy_code(create_policy("Other"), create_code("J9303"))
    page = editor.get(address_of(policy))

    editor.post(address_of(policy), typed(page, **{"shown_codes-0-id": str(other.pk), "shown_codes-0-note": "X"}))
    editor.post(address_of(policy), typed(page, **{"shown_codes-0-id": str(other.pk), "shown_codes-0-DELETE": "on"}))

    other.refresh_from_db()
    assert other.note == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"shown_codes-0-id": "x"},
        {"shown_codes-0-id": "9" * 30},
        {"shown_codes-0-id": None},
        {"shown_codes-0-opened": "x"},
        {"shown_codes-0-opened": "[" * 9000},
        {"shown_codes-0-opened": '["a"]'},
        {"shown_codes-0-opened": '{"code": 1, "starts": "x", "note": null}'},
        {"shown_codes-0-opened": None},
        {"shown_codes-TOTAL_FORMS": None},
        {"shown_codes-INITIAL_FORMS": "x"},
        {"shown_codes-TOTAL_FORMS": "9999", "shown_codes-INITIAL_FORMS": "9999"},
        {"shown_codes-INITIAL_FORMS": "9" * 30},
        {"shown_codes-TOTAL_FORMS": "-1"},
        {"new_codes-TOTAL_FORMS": "9999"},
        {"new_codes-INITIAL_FORMS": "3"},
        {"new_codes-0-code": "x", "new_codes-0-source": "X"},
        {"new_codes-0-code": "9" * 30, "new_codes-0-source": "X"},
    ],
)
def test_form_that_no_page_has_made_does_no_harm(editor, policy, changes):
    create_policy_code(policy, create_code("J9302"))
    page = editor.get(address_of(policy))

    assert editor.post(address_of(policy), typed(page, **changes)).status_code in (200, 302)

    assert codes_of(policy) == ["J9302"]


# New codes


def test_new_codes_are_added_in_blank_rows(editor, policy):
    code, other = create_code("J9302"), create_code("J9303")
    rows = {
        **{"new_codes-0-code": code.pk, "new_codes-0-label": "Arzerra", "new_codes-0-source": "Table 1"},
        **{"new_codes-2-code": other.pk, "new_codes-2-source": "Table 2"},
    }

    assert editor.post(address_of(policy), typed(editor.get(address_of(policy)), **rows)).status_code == 302

    assert codes_of(policy) == ["J9302", "J9303"]
    assert policy.revisions.newest_first().first().codes_added == 2


def test_new_code_that_the_policy_names_already_is_refused(editor, policy):
    code = create_code("J9302")
    create_policy_code(policy, code)
    page = editor.get(address_of(policy))
    row = {"new_codes-0-code": code.pk, "new_codes-0-source": "Table 1", "new_codes-0-note": "Typed."}

    again = editor.post(address_of(policy), typed(page, **row))
    assert errors_of(again) == [TWICE]
    assert "Typed." in again.content.decode()
    twice = {
        f"new_codes-{number}-{name}": value
        for number in (0, 1)
        for name, value in (("code", code.pk), ("label", "New"), ("source", "X"))
    }
    assert errors_of(editor.post(address_of(policy), typed(page, **twice))) == [TWICE]
    moved = {"shown_codes-0-label": "Moved", **row, "new_codes-0-label": "Moved"}
    assert errors_of(editor.post(address_of(policy), typed(page, **moved))) == [TWICE]


def test_code_is_deleted_and_named_anew_at_once(editor, policy):
    code = create_code("J9302")
    create_policy_code(policy, code, source="Old")
    page = editor.get(address_of(policy))
    changes = {"shown_codes-0-DELETE": "on", "new_codes-0-code": code.pk, "new_codes-0-source": "New"}

    assert editor.post(address_of(policy), typed(page, **changes)).status_code == 302

    assert policy.policy_codes.get().source == "New"


def test_new_row_without_source_or_with_two_of_the_same_on_a_new_policy_is_refused(editor):
    code, plan = create_code("J9302"), create_plan()
    page = editor.get(f"{POLICIES}add/")
    base = {"title": "Ofatumumab", "issuer": plan.pk, "new_codes-0-code": code.pk}

    assert errors_of(editor.post(f"{POLICIES}add/", typed(page, **base))) == ["This field is required."]
    twice = {"new_codes-0-source": "X", "new_codes-1-code": code.pk, "new_codes-1-source": "X"}
    assert errors_of(editor.post(f"{POLICIES}add/", typed(page, **base, **twice))) == [TWICE]


# The list of codes


def listed(client, policy, text: str, **fields):
    page = client.get(address_of(policy))
    return client.post(address_of(policy), typed(page, add_codes=text, **{"add_source": "Table 1", **fields}))


def test_list_of_codes_is_added_with_ranges_and_what_is_said_of_all(editor, policy):
    for code in ("J9301", "J9302", "J9303"):
        create_code(code)
    create_code("C9101", system="icd10cm")
    create_policy_code(policy, create_code("K0823"), note="Stays.")

    answer = listed(editor, policy, "J9301 - J9303; K0823\nC91.01, D0120", add_prior_authorization="conditional")

    assert answer.status_code == 302
    assert codes_of(policy) == ["C9101", "J9301", "J9302", "J9303", "K0823"]
    named = policy.policy_codes.get(code__code="J9302")
    assert (named.prior_authorization, named.source, named.range) == ("conditional", "Table 1", "J9301-J9303")
    assert named.history.get().history_user.username == "dana"
    assert policy.policy_codes.get(code__code="K0823").note == "Stays."
    assert policy.revisions.newest_first().first().codes_added == 4
    assert named.code.has_policy
    said = get_page(editor, address_of(policy)).text
    assert "4 of the listed codes were added, 1 were named already, 1 left out (CDT number, not licensed)." in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("J9302, J9999", "No code system here has J9999."),
        ("J9306-J9301", "The range J9306-J9301 runs backwards."),
        ("J0000-J9999", "The range J0000-J9999 spans more than 1,000 numbers."),
        ("see the table", "There is no code in this text."),
        ("a\0b", "Null characters are not allowed."),
    ],
)
def test_list_that_cannot_be_read_says_why_and_keeps_it(editor, policy, text, problem):
    create_code("J9302")

    page = listed(editor, policy, text, add_prior_authorization="auth-needed")

    assert problem in errors_of(page)
    assert fields_of(page)["add_codes"] == [text]
    assert fields_of(page)["add_prior_authorization"] == ["auth-needed"]
    assert codes_of(policy) == []


def test_list_on_a_new_policy_is_added_with_it(editor):
    create_code("J9302")
    page = editor.get(f"{POLICIES}add/")
    fields = {"title": "Ofatumumab", "issuer": create_plan().pk, "add_codes": "J9302", "add_source": "Table 1"}

    assert editor.post(f"{POLICIES}add/", typed(page, **fields)).status_code == 302

    assert PolicyCode.objects.get().policy.revisions.get().codes_added == 1


def test_list_and_blank_row_with_the_same_code_name_it_once(editor, policy):
    code = create_code("J9302")

    listed(editor, policy, "J9302", **{"new_codes-0-code": code.pk, "new_codes-0-source": "Row"})

    assert policy.policy_codes.get().source == "Row"


# Who may add codes


@pytest.mark.parametrize("is_new", [False, True])
def test_user_who_may_not_add_codes_adds_none_by_a_list(client, policy, is_new):
    create_code("J9302")
    user = create_user("eve")
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_policy", "change_policy", "view_policy", "view_healthplan"])
    )
    client.force_login(user)
    address = f"{POLICIES}add/" if is_new else address_of(policy)
    fields = {"title": "Second", "issuer": policy.issuer_id, "number": "P-2"}
    page = client.get(address)
    assert "add_codes" not in fields_of(page)

    answer = client.post(address, typed(page, **fields, add_codes="J9302", add_source="Table 1"))

    assert answer.status_code == 302
    assert not PolicyCode.objects.exists()
    assert PolicyRevision.objects.newest_first().first().facts["title"] == "Second"


def test_row_of_a_code_is_shown_without_a_template_for_each_of_its_boxes(editor):
    codes = create_codes(25)
    few, many = create_policy_of(codes[:2], "Few"), create_policy_of(codes, "Many")

    rendered = [len(editor.get(address_of(policy)).templates) for policy in (few, many)]

    assert rendered[0] == rendered[1]


def test_words_of_a_list_that_are_no_codes_are_named(editor, policy):
    create_code("K0823", "Power chair")

    listed(editor, policy, "ZZZ9 K0823")

    assert "1 of the listed codes were added. No codes: ZZZ9." in get_page(editor, address_of(policy)).text
