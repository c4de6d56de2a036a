import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import SimilarCodeChoice
from tests.factories import create_code, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import get_page, rows_of, save

pytestmark = pytest.mark.django_db

CHOICES = "/admin/procedures/similarcodechoice/"
EMPTY_FORMS = {
    f"{prefix}-{count}": 0 for prefix in ("names", "successions") for count in ("TOTAL_FORMS", "INITIAL_FORMS")
}


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def codes():
    """A walker, another walker beside it, and crutches."""
    return (
        create_code("E0143", "Walker, folding"),
        create_code("E0144", "Walker, enclosed"),
        create_code("E0110", "Crutches, forearm"),
    )


def rows(*choices):
    """The form on the page of a code with new choices: (code, choice, reason)."""
    values = EMPTY_FORMS | {"similar_choices-TOTAL_FORMS": len(choices), "similar_choices-INITIAL_FORMS": 0}
    for number, (code, choice, reason) in enumerate(choices):
        row = f"similar_choices-{number}"
        values |= {f"{row}-similar": getattr(code, "pk", code), f"{row}-choice": choice, f"{row}-reason": reason}
    return values


def test_editor_pins_and_hides_on_the_page_of_a_code(editor, codes):
    walker, other, crutches = codes
    address, public = f"/admin/procedures/medicalcode/{walker.pk}/change/", walker.get_absolute_url()
    assert "E0144 Walker, enclosed (same section)" in get_page(editor, address).text
    before = editor.get(public).headers["ETag"]

    save(editor, address, rows((crutches, "pinned", "helps to walk"), (other, "hidden", "")))

    assert "E0110 Crutches, forearm (helps to walk)" in get_page(editor, address).text
    assert sorted(map(str, SimilarCodeChoice.objects.all())) == ["E0110 pinned for E0143", "E0144 hidden for E0143"]
    page = get_page(editor, public)
    assert "Helps to walk" in page.text
    assert other.get_absolute_url() not in page.links
    assert editor.get(public).headers["ETag"] != before
    written = SimilarCodeChoice.history.values_list("history_type", "history_user__username")
    assert set(written) == {("+", "dana")}


def test_choice_of_the_list_is_changed_and_deleted(editor, codes):
    walker, other, _ = codes
    public = walker.get_absolute_url()
    values = {"code": walker.pk, "similar": other.pk, "choice": "hidden", "reason": ""}
    save(editor, f"{CHOICES}add/", values)
    choice = SimilarCodeChoice.objects.get()
    assert other.get_absolute_url() not in get_page(editor, public).links
    hidden = editor.get(public).headers["ETag"]

    save(editor, f"{CHOICES}{choice.pk}/change/", values | {"choice": "pinned", "reason": "sturdier"})
    assert "Sturdier" in get_page(editor, public).text
    assert editor.get(public).headers["ETag"] != hidden

    version = choice.history.last().pk
    save(editor, f"{CHOICES}{choice.pk}/history/{version}/", values)
    assert other.get_absolute_url() not in get_page(editor, public).links

    editor.post(CHOICES, {"action": "delete_selected", "_selected_action": [choice.pk], "post": "yes"})
    assert "Same section" in get_page(editor, public).text


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("itself", "A code cannot be similar to itself. Choose another one."),
        ("again", "This code was chosen already. Change what stands there."),
        ("unknown", "Select a valid choice."),
        ("reason", "Nobody reads the reason of a hidden code"),
    ],
)
@pytest.mark.parametrize("place", ["code", "list"])
def test_choice_that_cannot_be_is_refused_with_a_reason(editor, codes, second, message, place):
    walker, other, crutches = codes
    SimilarCodeChoice.objects.create(code=walker, similar=other, choice="hidden")
    similar = {"itself": walker.pk, "again": other.pk, "unknown": 999_999, "reason": crutches.pk}[second]
    reason = "Why" if second == "reason" else ""
    if place == "list":
        values = {"code": walker.pk, "similar": similar, "choice": "hidden", "reason": reason}
        page = save(editor, f"{CHOICES}add/", values)
    else:
        page = save(editor, f"/admin/procedures/medicalcode/{walker.pk}/change/", rows((similar, "hidden", reason)))

    assert message in page.text
    assert SimilarCodeChoice.objects.count() == 1


def test_same_code_twice_in_one_form_is_refused(editor, codes):
    walker, other, _ = codes

    page = save(
        editor,
        f"/admin/procedures/medicalcode/{walker.pk}/change/",
        rows((other, "hidden", ""), (other, "pinned", "")),
    )

    assert "Please correct the duplicate" in page.text
    assert not SimilarCodeChoice.objects.exists()


def test_list_is_searched_by_either_code_and_filtered(editor, codes, django_assert_max_num_queries):
    walker, other, crutches = codes
    SimilarCodeChoice.objects.create(code=walker, similar=other, choice="hidden")
    SimilarCodeChoice.objects.create(code=other, similar=crutches, choice="pinned")

    assert len(rows_of(editor, f"{CHOICES}?q=e0144")) == 2
    assert len(rows_of(editor, f"{CHOICES}?q=E0110")) == 1
    assert rows_of(editor, f"{CHOICES}?q=nothing") == []
    assert len(rows_of(editor, f"{CHOICES}?choice__exact=pinned")) == 1
    with django_assert_max_num_queries(8):
        get_page(editor, CHOICES)


def test_choices_to_be_deleted_are_named_by_their_codes_without_a_query_each(editor, codes):
    def ask(*choices):
        asked = {"action": "delete_selected", "_selected_action": [each.pk for each in choices]}
        with CaptureQueriesContext(connection) as captured:
            page = read_page(editor.post(CHOICES, asked))
        return page.text, len(captured)

    walker, other, crutches = codes
    first = SimilarCodeChoice.objects.create(code=walker, similar=other, choice="hidden")
    _, few = ask(first)
    more = [SimilarCodeChoice.objects.create(code=one, similar=crutches, choice="pinned") for one in (walker, other)]

    text, count = ask(first, *more)

    assert "E0144 hidden for E0143" in text
    assert "E0110 pinned for E0144" in text
    assert count == few


def test_author_sees_the_choices_and_cannot_change_them(client, codes):
    walker, other, _ = codes
    choice = SimilarCodeChoice.objects.create(code=walker, similar=other, choice="hidden")
    client.force_login(create_user("ann", groups=["Author"]))

    assert "E0144" in get_page(client, f"{CHOICES}{choice.pk}/change/").text
    assert client.post(f"{CHOICES}{choice.pk}/change/", {"choice": "pinned"}).status_code == 403
    assert client.post(f"{CHOICES}{choice.pk}/delete/", {"post": "yes"}).status_code == 403
