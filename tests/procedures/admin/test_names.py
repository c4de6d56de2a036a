import pytest

from procedures.models import CodeName
from tests.factories import create_code, create_name, create_user

pytestmark = pytest.mark.django_db

NAMES = "/admin/procedures/codename/"


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


def finds(client, word: str) -> bool:
    return "/code/hcpcs/J9302" in client.get("/codes/", {"q": word}).content.decode()


def shown(client, **query) -> set[str]:
    return {name.text for name in client.get(NAMES, query).context["cl"].result_list}


def save(client, path: str, **fields):
    return client.post(f"{NAMES}{path}", {"kind": "brand", "text": "Arzerra", "source": "Label", **fields})


def test_name_is_added_changed_and_deleted_with_search_and_history(editor):
    code = create_code()

    assert save(editor, "add/", code=code.pk).status_code == 302
    name = CodeName.objects.get()
    assert finds(editor, "arzerra")

    save(editor, f"{name.pk}/change/", text="Kesimpta")
    assert finds(editor, "kesimpta")
    assert not finds(editor, "arzerra")

    editor.post(f"{NAMES}{name.pk}/delete/", {"post": "yes"})
    assert not finds(editor, "kesimpta")
    written = CodeName.history.values_list("text", "history_type", "history_user__username")
    assert set(written) == {("Arzerra", "+", "dana"), ("Kesimpta", "~", "dana"), ("Kesimpta", "-", "dana")}


def test_selected_names_are_deleted_with_search_and_history(editor):
    name = create_name(create_code(), "Arzerra")

    editor.post(NAMES, {"action": "delete_selected", "_selected_action": [name.pk], "post": "yes"})

    assert not CodeName.objects.exists()
    assert not finds(editor, "arzerra")
    assert CodeName.history.filter(history_type="-", history_user__username="dana").exists()


def test_name_that_is_there_already_is_refused(editor):
    code = create_code()
    create_name(code, "Arzerra")
    other = create_name(code, "Kesimpta")

    assert "already exists" in save(editor, "add/", code=code.pk).content.decode()
    assert "already exists" in save(editor, f"{other.pk}/change/").content.decode()


@pytest.mark.parametrize("source", ["Guide", " guide "])
def test_name_cannot_be_given_to_the_guide(editor, source):
    page = save(editor, "add/", code=create_code().pk, source=source).content.decode()

    assert "made when a guide is published" in page
    assert not CodeName.objects.exists()


def test_name_from_a_guide_is_not_changed_here(editor):
    name = create_name(create_code(), "Arzerra", source="Guide")

    page = editor.get(f"{NAMES}{name.pk}/change/").content.decode()
    assert "made when the guide of the code was published" in page
    assert '<input type="text" name="text"' not in page
    assert save(editor, f"{name.pk}/change/", text="Kesimpta").status_code == 403
    assert editor.post(f"{NAMES}{name.pk}/delete/", {"post": "yes"}).status_code == 403
    editor.post(NAMES, {"action": "delete_selected", "_selected_action": [name.pk], "post": "yes"})
    name.refresh_from_db()
    assert name.text == "Arzerra"


def test_former_version_is_brought_back_with_search(editor):
    name = create_name(create_code(), "Arzerra")
    version = name.history.get().pk
    save(editor, f"{name.pk}/change/", text="Kesimpta")

    assert save(editor, f"{name.pk}/history/{version}/").status_code == 302

    assert finds(editor, "arzerra")
    assert not finds(editor, "kesimpta")


def test_name_that_a_guide_no_longer_gives_is_not_brought_back(editor):
    name = create_name(create_code(), "Arzerra", source="Guide")
    version, pk = name.history.get().pk, name.pk
    name.delete()

    assert save(editor, f"{pk}/history/{version}/").status_code == 403
    assert not CodeName.objects.exists()


@pytest.mark.parametrize("rows", ["codename", "succession", "medicalcode", "guide"])
@pytest.mark.parametrize("path", ["x/history/y/", "1/history/y/", "x/history/1/", "x/history/", f"{10**30}/history/1/"])
def test_version_that_is_no_number_is_not_found(editor, rows, path):
    assert editor.get(f"/admin/procedures/{rows}/{path}").status_code == 404


def test_user_who_may_only_view_changes_nothing(client):
    code = create_code()
    name = create_name(code, "Arzerra")
    client.force_login(create_user("ann", groups=["Author"]))

    assert client.get(f"{NAMES}{name.pk}/change/").status_code == 200
    assert client.get(f"{NAMES}{name.pk}/history/").status_code == 200
    assert save(client, "add/", code=code.pk, text="Kesimpta").status_code == 403
    assert save(client, f"{name.pk}/change/", text="Kesimpta").status_code == 403
    assert save(client, f"{name.pk}/history/{name.history.get().pk}/", text="Kesimpta").status_code == 403
    assert client.post(f"{NAMES}{name.pk}/delete/", {"post": "yes"}).status_code == 403
    assert [each.text for each in CodeName.objects.all()] == ["Arzerra"]


def test_names_are_found_by_code_by_word_and_by_filter(editor):
    create_name(create_code(), "Arzerra", source="Label")
    create_name(create_code("J9303", "Injection, panitumumab, 10 mg"), "Vectibix", kind="technical", source="Guide")

    assert shown(editor, q="J93") == {"Arzerra", "Vectibix"}
    assert shown(editor, q="j9302") == {"Arzerra"}
    assert shown(editor, q="vectibix") == {"Vectibix"}
    assert shown(editor, q="no such name") == set()
    assert shown(editor, **{"from": "guides"}) == {"Vectibix"}
    assert shown(editor, **{"from": "others"}) == {"Arzerra"}
    assert shown(editor, kind="brand") == {"Arzerra"}


def test_list_needs_the_same_queries_for_any_number_of_names(editor, django_assert_max_num_queries):
    for number in range(30):
        create_name(create_code(f"J{number:04}", f"Medicine {number}"), f"Name {number}")

    with django_assert_max_num_queries(8):
        editor.get(NAMES)
