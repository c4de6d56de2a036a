import pytest

from procedures.models import EverydayWord, SearchWithoutResult
from tests.factories import create_code, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import found, rows_of
from tests.procedures.admin.test_demand import LIST, create_search
from tests.procedures.admin.test_sheets import (
    as_csv,
    as_xlsx,
    confirm,
    import_sheet,
    refusals,
    said,
    upload,
    uploads,  # noqa: F401
)

pytestmark = pytest.mark.django_db

WORDS = "/admin/procedures/everydayword/"
HEADER = ["phrase", "words", "code"]


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def infarction():
    return create_code("I21.9", "Acute myocardial infarction, unspecified", system="icd10cm")


def save(client, path="add/", **fields):
    data = {"phrase": "heart attack", "words": "", "code": "", **fields}
    return read_page(client.post(f"{WORDS}{path}", data, follow=True))


def stored() -> list[tuple[str, str, str]]:
    return list(EverydayWord.objects.values_list("phrase", "words", "code"))


def test_everyday_word_is_added_changed_and_deleted_with_search_and_history(editor, infarction):
    page = save(editor, words="myocardial infarction")

    assert (
        "“heart attack” means “myocardial infarction” now. A search for “heart attack” finds 1 code: I21.9" in page.text
    )
    assert found(editor, "heart attack") == ["I21.9"]
    word = EverydayWord.objects.get()
    save(editor, f"{word.pk}/change/", phrase="coronary", words="infarction")
    assert found(editor, "coronary") == ["I21.9"]
    assert found(editor, "heart attack") == []
    editor.post(f"{WORDS}{word.pk}/delete/", {"post": "yes"})
    assert found(editor, "coronary") == []
    written = EverydayWord.history.values_list("phrase", "history_type", "history_user__username")
    assert set(written) == {("heart attack", "+", "dana"), ("coronary", "~", "dana"), ("coronary", "-", "dana")}


def test_selected_everyday_words_are_deleted_with_search(editor, infarction):
    save(editor, code="icd10cm:I21")
    word = EverydayWord.objects.get()

    editor.post(WORDS, {"action": "delete_selected", "_selected_action": [word.pk], "post": "yes"})

    assert stored() == []
    assert found(editor, "heart attack") == []


def test_former_version_is_brought_back_with_search(editor, infarction):
    save(editor, words="infarction")
    word = EverydayWord.objects.get()
    save(editor, f"{word.pk}/change/", phrase="coronary", words="infarction")

    save(editor, f"{word.pk}/history/{word.history.last().pk}/", words="infarction")

    assert found(editor, "heart attack") == ["I21.9"]
    assert found(editor, "coronary") == []


def test_everyday_word_is_kept_tidy(editor, infarction):
    save(editor, phrase="  Heart \t ATTACK ", words=" Myocardial  Infarction")
    save(editor, phrase="Heart attack", code=" ICD10CM : i219 ")

    assert stored() == [("heart attack", "", "icd10cm:I21.9"), ("heart attack", "myocardial infarction", "")]


@pytest.mark.parametrize("phrase", ["can’t breathe 24/7", "50% e-stim", "st. john's a+d", "cafe\u0301"])
def test_phrase_may_have_the_signs_that_people_type(editor, infarction, phrase):
    save(editor, phrase=phrase, words="infarction")

    assert EverydayWord.objects.exists()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"phrase": " "}, "This field is required."),
        ({"phrase": "!?", "words": "infarction"}, "% and +, but no “!”."),
        ({"phrase": "<script>", "words": "infarction"}, "% and +, but no “<”."),
        ({"phrase": "+ '", "words": "infarction"}, "A phrase has one to six words of letters or digits"),
        ({"phrase": "24/7", "words": "infarction"}, "A phrase has at least one letter"),
        ({"phrase": "The of", "words": "infarction"}, "add a word that says something"),
        ({"phrase": "one two three four five six seven", "words": "infarction"}, "A phrase has one to six words"),
        ({}, "Give either words or a code; for both, make two rows."),
        ({"words": "infarction", "code": "icd10cm:I21"}, "Give either words or a code; for both, make two rows."),
        ({"words": "infarction lunch"}, "No code has all of the words “infarction lunch” in its description or names."),
        ({"words": "heart attack"}, "an everyday word that they hold is not looked up again."),
        ({"words": "!"}, "Give words of letters or digits."),
        ({"words": "in\0farction"}, "Null characters are not allowed."),
        ({"words": "x" * 121}, "Ensure this value has at most 120 characters"),
        ({"code": "I21"}, "Write the code with its code system, such as icd10cm:I21. Known: icd10cm."),
        ({"code": "icd10cm:"}, "Write the code with its code system"),
        ({"code": "loinc:I21"}, "No codes of the code system “loinc” are loaded. Known: icd10cm."),
        ({"code": "cpt4:99213"}, "No codes of the code system “cpt4” are loaded."),
        ({"code": "icd10cm:i99.1"}, "begins with “I99.1”. Look it up, or import the release that has it."),
        ({"phrase": "COLD  shirt", "words": "Infarction"}, "already exists"),
    ],
)
def test_everyday_word_that_finds_nothing_is_refused_with_what_to_do(editor, infarction, fields, message):
    EverydayWord.objects.create(phrase="cold shirt", words="infarction")

    page = save(editor, **fields)

    assert message in page.text
    assert stored() == [("cold shirt", "infarction", "")]


def test_page_of_an_everyday_word_counts_the_codes_found_by_it(editor, infarction):
    create_code("I21.4", "Non-ST elevation myocardial infarction", system="icd10cm")
    word = EverydayWord.objects.create(phrase="heart attack", code="icd10cm:I21")
    outdated = EverydayWord.objects.create(phrase="gone", words="nothing has it")

    assert "Codes found by it: 2" in read_page(editor.get(f"{WORDS}{word.pk}/change/")).text
    assert "Codes found by it: none" in read_page(editor.get(f"{WORDS}{outdated.pk}/change/")).text


def test_everyday_words_are_listed_and_found_by_phrase_words_and_code(editor):
    EverydayWord.objects.create(phrase="walking stick", words="cane")
    EverydayWord.objects.create(phrase="heart attack", code="icd10cm:I21")

    assert rows_of(editor, WORDS) == ["heart attack", "walking stick"]
    assert rows_of(editor, f"{WORDS}?q=stick") == ["walking stick"]
    assert rows_of(editor, f"{WORDS}?q=Cane") == ["walking stick"]
    assert rows_of(editor, f"{WORDS}?q=icd10cm:i21") == ["heart attack"]


def test_list_needs_the_same_queries_for_any_number_of_everyday_words(editor, django_assert_max_num_queries):
    EverydayWord.objects.bulk_create(EverydayWord(phrase=f"phrase {number}", words="cane") for number in range(60))

    with django_assert_max_num_queries(8):
        editor.get(WORDS)


def test_user_who_may_only_view_changes_nothing(client, infarction):
    word = EverydayWord.objects.create(phrase="heart attack", words="infarction")
    client.force_login(create_user("ann", groups=["Author"]))

    assert client.get(f"{WORDS}{word.pk}/change/").status_code == 200
    for path in ("add/", f"{word.pk}/change/", f"{word.pk}/delete/", "import/", "process_import/"):
        assert client.post(f"{WORDS}{path}", {"phrase": "x", "words": "infarction", "post": "yes"}).status_code == 403
    assert stored() == [("heart attack", "infarction", "")]


# From searches without result


def test_search_without_result_becomes_an_everyday_word(editor, infarction):
    create_search("heart attack")
    create_search("heart attack", days=5)
    links = {each.text: each.attributes["href"] for each in read_page(editor.get(LIST)).all("a")}

    form = read_page(editor.get(links["Add as everyday word"]))
    [phrase] = [each for each in form.all("input") if each.attributes.get("name") == "phrase"]
    page = save(editor, words="infarction")

    assert phrase.attributes["value"] == "heart attack"
    assert "A search for “heart attack” finds 1 code: I21.9." in page.text
    assert not SearchWithoutResult.objects.exists()


def test_link_is_shown_to_those_who_may_add_alone(client):
    create_search("heart attack")
    shown = {}
    for group in ("Author", "Reviewer", "Data"):
        client.force_login(create_user(group.lower(), groups=[group]))
        shown[group] = "Add as everyday word" in client.get(LIST).content.decode()

    assert shown == {"Author": False, "Reviewer": True, "Data": True}


# Sheets


@pytest.mark.parametrize(("make", "name"), [(as_csv, "words.csv"), (as_xlsx, "words.xlsx")], ids=["csv", "xlsx"])
def test_sheet_shows_what_it_adds_and_adds_it(editor, infarction, make, name):
    EverydayWord.objects.create(phrase="coronary", words="infarction")
    rows = [
        [" Heart  attack ", "Myocardial infarction", ""],
        ["heart attack", "", "icd10cm:i21"],
        ["Coronary", "infarction", ""],
    ]

    response = upload(editor, make(*rows, header=HEADER), name, to=WORDS)

    assert "2 rows would be added or changed; 1 would stay as it is" in said(response)
    assert [(row.number, row.differences) for row in response.context["changed"]] == [
        (2, [("", "heart attack"), ("", "myocardial infarction"), ("", "")]),
        (3, [("", "heart attack"), ("", ""), ("", "icd10cm:I21")]),
    ]
    assert len(stored()) == 1
    assert found(editor, "heart attack") == []
    assert f"Imported {name}: 2 added, 0 changed." in said(confirm(editor, response, to=WORDS))
    assert stored() == [
        ("coronary", "infarction", ""),
        ("heart attack", "", "icd10cm:I21"),
        ("heart attack", "myocardial infarction", ""),
    ]
    assert found(editor, "heart attack") == ["I21.9"]
    written = EverydayWord.history.values_list("phrase", "history_type", "history_user__username")
    assert list(written).count(("heart attack", "+", "dana")) == 2


def test_every_refused_row_is_named_and_nothing_is_written(editor, infarction):
    rows = [
        ["heart attack", "infarction", ""],
        ["", "infarction", ""],
        ["heart attack", "", ""],
        ["heart attack", "infarction", "icd10cm:I21"],
        ["heart attack", "infarction lunch", ""],
        ["heart attack", "", "I21"],
        ["heart attack", "", "icd10cm:Z99"],
        ["HEART attack", "Infarction", ""],
        ["x" * 81, "infarction", ""],
    ]

    reasons = dict(refusals(upload(editor, as_csv(*rows, header=HEADER), to=WORDS)))

    assert sorted(reasons) == list(range(3, 11))
    assert reasons[3] == "phrase: This field cannot be blank."
    assert reasons[4] == reasons[5] == "Give either words or a code; for both, make two rows."
    assert reasons[6].startswith("words: No code has all of the words “infarction lunch”")
    assert reasons[7].startswith("code: Write the code with its code system")
    assert "begins with “Z99”" in reasons[8]
    assert reasons[9] == "This is the same as row 2."
    assert "at most 80 characters" in reasons[10]
    assert stored() == []


def test_exported_everyday_words_are_imported_again_without_a_change(editor):
    # What search finds changes; a row that is there stays.
    EverydayWord.objects.create(phrase="=sum", words="nothing has it")
    EverydayWord.objects.create(phrase="heart attack", code="icd10cm:I21.9")
    columns = {f"everydaywordresource_{column}": "on" for column in HEADER}

    content = editor.post(f"{WORDS}export/", {"format": "0", **columns}).content

    assert "Nothing would change: all 2 rows are as they are" in said(upload(editor, content, to=WORDS))


def test_table_that_came_with_the_site_is_no_too_large_sheet(editor):
    rows = [[f"phrase {number}", "infarction", ""] for number in range(5_001)]
    # What is there is not checked again.
    EverydayWord.objects.bulk_create(EverydayWord(phrase=phrase, words=words) for phrase, words, _ in rows)

    assert "At most 20,000 rows and 2 MB." in said(editor.get(f"{WORDS}import/"))
    assert "all 5,001 rows are as they are" in said(upload(editor, as_csv(*rows, header=HEADER), to=WORDS))


def test_reviewer_may_import_but_not_change(client, infarction):
    client.force_login(create_user("rita", groups=["Reviewer"]))

    page = said(import_sheet(client, as_csv(["heart attack", "infarction", ""], header=HEADER), to=WORDS))

    assert "1 added" in page
    assert client.post(f"{WORDS}{EverydayWord.objects.get().pk}/change/", {"phrase": "x"}).status_code == 403
