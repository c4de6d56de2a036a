import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import CodeSystem, Guide, MedicalCode, Release, Succession
from tests.factories import create_code, create_guide, create_name, create_release, get_system
from tests.pages import read_page

pytestmark = pytest.mark.django_db

CODES = "/admin/procedures/medicalcode/"
GUIDES = "/admin/procedures/guide/"
CHOICES_OF_CODES = "/admin/autocomplete/?app_label=procedures&model_name=guide&field_name=code&term="


def get_page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response)


def rows_of(client, address):
    """The first column of a list of the admin."""
    cells = get_page(client, address).all("th")
    return [cell.text for cell in cells if "field-" in (cell.attributes.get("class") or "")]


def found(client, words):
    return [result["code"] for result in client.get("/codes/", {"q": words, "format": "json"}).json()["results"]]


def save(client, address, values):
    """Saves a form and returns the page that answers."""
    response = client.post(address, values, follow=True)
    assert response.status_code == 200
    return read_page(response)


def values_of_code(names=(), successors=()):
    """The form of a code without names and successors: new names as (kind, text, source), new successors as codes."""
    values = {}
    for prefix, rows in (("names", names), ("successions", successors)):
        values |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    for number, (kind, text, source) in enumerate(names):
        row = f"names-{number}"
        values |= {f"{row}-kind": kind, f"{row}-text": text, f"{row}-source": source}
    for number, code in enumerate(successors):
        values[f"successions-{number}-successor"] = code.pk
    return values


# Codes


@pytest.mark.parametrize("term", ["J93", "j93", " j 93"])
def test_codes_are_found_by_their_beginning(admin_client, term):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J1750", "Injection, iron dextran, 50 mg")
    create_code("J93.0", "Spontaneous tension pneumothorax", system="icd10cm")

    assert rows_of(admin_client, f"{CODES}?q={term}") == ["J9302", "J93.0"]


@pytest.mark.parametrize(
    "term", ["ofatumumab", "OFATUMUMAB injection", "Injection, ofatumumab, 10 mg", "arzerra", "J9302 ofatumumab"]
)
def test_codes_are_found_by_words_of_the_description_and_of_other_names(admin_client, term):
    create_name(create_code("J9302", "Injection, ofatumumab, 10 mg"), "Arzerra")
    create_code("J1750", "Injection, iron dextran, 50 mg")

    assert rows_of(admin_client, f"{CODES}?q={term}") == ["J9302"]


def test_codes_are_filtered_by_their_guide(admin_client):
    create_guide(create_code("J9302"))
    create_guide(create_code("J1750"), published=False)
    create_code("J9312")

    assert rows_of(admin_client, f"{CODES}?guide=public") == ["J9302"]
    assert rows_of(admin_client, f"{CODES}?guide=draft") == ["J1750"]
    assert rows_of(admin_client, f"{CODES}?guide=none") == ["J9312"]


def test_saving_a_code_keeps_its_official_facts(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")

    save(
        admin_client,
        f"{CODES}{code.pk}/change/",
        values_of_code() | {"code": "J0000", "long_description": "Changed", "terminated": "2020-01-01"},
    )

    code.refresh_from_db()
    assert (code.code, code.long_description, code.terminated) == ("J9302", "Injection, ofatumumab, 10 mg", None)


def test_name_is_found_by_search_until_it_is_deleted(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    address = f"{CODES}{code.pk}/change/"

    save(admin_client, address, values_of_code(names=[("brand", "Arzerra", "Label")]))
    assert found(admin_client, "arzerra") == ["J9302"]

    values = values_of_code(names=[("brand", "Arzerra", "Label")]) | {"names-INITIAL_FORMS": 1}
    save(admin_client, address, values | {"names-0-id": code.names.get().pk, "names-0-DELETE": "on"})
    assert found(admin_client, "arzerra") == []


def test_successor_is_the_editors_own(admin_client):
    retired = create_code("C9028", "Injection, inotuzumab", terminated=datetime.date(2018, 12, 31))
    successor = create_code("J9229", "Injection, inotuzumab")

    values = values_of_code(successors=[successor]) | {"successions-0-source": "cms-cross-reference"}
    save(admin_client, f"{CODES}{retired.pk}/change/", values)

    succession = Succession.objects.get()
    assert (succession.successor, succession.source) == (successor, "editor")
    assert "Use J9229" in get_page(admin_client, retired.get_absolute_url()).text


def test_successor_from_a_release_cannot_be_changed_but_deleted(admin_client):
    retired = create_code("C9028", "Injection, inotuzumab")
    successor, other = create_code("J9229", "Injection, inotuzumab"), create_code("J9302")
    succession = Succession.objects.create(predecessor=retired, successor=successor, source="cms-cross-reference")
    address = f"{CODES}{retired.pk}/change/"
    values = values_of_code(successors=[other]) | {
        "successions-INITIAL_FORMS": 1,
        "successions-0-id": succession.pk,
        "successions-0-source": "editor",
    }

    save(admin_client, address, values)
    assert Succession.objects.get().successor == successor

    save(admin_client, address, values | {"successions-0-DELETE": "on"})
    assert not Succession.objects.exists()


def test_code_cannot_take_its_own_place(admin_client):
    code = create_code("J9302")

    page = save(admin_client, f"{CODES}{code.pk}/change/", values_of_code(successors=[code]))

    assert "A code cannot take its own place." in page.text
    assert not Succession.objects.exists()


def test_code_is_offered_to_a_guide_by_its_beginning(admin_client):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J1750", "Injection, iron dextran, 50 mg")

    offered = admin_client.get(f"{CHOICES_OF_CODES}j93").json()["results"]

    assert [choice["text"] for choice in offered] == ["J9302 Injection, ofatumumab, 10 mg"]


@pytest.mark.parametrize("term", ["%00", "j93%00", "%25", "_", "%27", "%22", "%5C", "%F0%9F%92%89", "x" * 5000])
def test_search_of_codes_survives_any_text(admin_client, term):
    create_code()

    assert admin_client.get(f"{CHOICES_OF_CODES}{term}").status_code == 200
    assert admin_client.get(f"{CODES}?q={term}").status_code == 200


# Guides


def test_guides_are_filtered_by_their_state(admin_client):
    create_guide(create_code("J9302"))
    create_guide(create_code("J1750"), published=False)

    assert rows_of(admin_client, f"{GUIDES}?state=public") == ["J9302"]
    assert rows_of(admin_client, f"{GUIDES}?state=draft") == ["J1750"]


@pytest.mark.parametrize("term", ["C84.02", "c8402", "mycosis", "dripped"])
def test_guides_are_found_by_code_and_words(admin_client, term):
    create_guide(create_code("C84.02", "Mycosis fungoides", system="icd10cm"))
    create_guide(create_code("J9302"), purpose="To fight leukemia.")

    assert rows_of(admin_client, f"{GUIDES}?q={term}") == ["C84.02"]


def test_saved_text_of_a_public_guide_is_public_and_found(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    address = f"{GUIDES}{guide.pk}/change/"
    assert "What you save here is public at once." in get_page(admin_client, address).text

    save(admin_client, address, {"summary": "It takes an afternoon."})

    assert "It takes an afternoon." in get_page(admin_client, guide.get_absolute_url()).text
    assert found(admin_client, "afternoon") == ["J9302"]
    assert found(admin_client, "four hours") == []


def test_saved_text_of_a_draft_is_not_public_before_it_is_published(admin_client):
    code = create_code("J9302")
    page = save(admin_client, f"{GUIDES}add/", {"code": code.pk, "summary": "It takes an afternoon."})
    assert "was added successfully" in page.text
    guide = Guide.objects.get()
    assert "Draft." in get_page(admin_client, f"{GUIDES}{guide.pk}/change/").text
    assert "afternoon" not in get_page(admin_client, code.get_absolute_url()).text
    assert found(admin_client, "afternoon") == []

    page = save(admin_client, GUIDES, {"action": "publish", "_selected_action": [guide.pk]})

    assert "1 guide published." in page.text
    assert "afternoon" in get_page(admin_client, code.get_absolute_url()).text
    assert found(admin_client, "afternoon") == ["J9302"]


def test_guide_stays_with_its_code(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    other = create_code("J9312", "Injection, rituximab, 10 mg")

    save(admin_client, f"{GUIDES}{guide.pk}/change/", {"code": other.pk, "summary": "It takes four hours."})

    guide.refresh_from_db()
    assert guide.code.code == "J9302"
    assert found(admin_client, "four hours") == ["J9302"]


def test_guide_without_any_text_is_refused(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")

    save(admin_client, f"{GUIDES}{guide.pk}/change/", {"summary": " "})

    guide.refresh_from_db()
    assert guide.summary == "It takes four hours."


@pytest.mark.parametrize("one_by_one", [True, False])
def test_deleted_guide_is_neither_shown_nor_found(admin_client, one_by_one):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    address = guide.get_absolute_url()

    if one_by_one:
        save(admin_client, f"{GUIDES}{guide.pk}/delete/", {"post": "yes"})
    else:
        save(admin_client, GUIDES, {"action": "delete_selected", "_selected_action": [guide.pk], "post": "yes"})

    assert "four hours" not in get_page(admin_client, address).text
    assert found(admin_client, "four hours") == []


# Code systems, releases and changes


def test_code_system_keeps_what_search_and_addresses_hang_on(admin_client):
    create_code("J9302")
    system = get_system("hcpcs")
    address = f"/admin/procedures/codesystem/{system.pk}/change/"
    kept = (system.slug, system.position, system.code_has_dot)

    save(
        admin_client,
        address,
        {
            **{"name": "HCPCS", "label": "HCPCS Level II code", "publisher": "CMS", "licence": "public-domain"},
            **{"slug": "other", "position": 99, "code_has_dot": "on"},
        },
    )

    system = CodeSystem.objects.get(pk=system.pk)
    assert (system.slug, system.position, system.code_has_dot) == kept
    assert "HCPCS Level II code J9302" in get_page(admin_client, "/code/hcpcs/J9302-injection-ofatumumab-10-mg").text


@pytest.mark.parametrize("rows", ["codesystem", "medicalcode", "release", "codechange"])
def test_official_rows_are_neither_added_nor_deleted(admin_client, rows):
    create_code("J9302").changes.create(release=create_release(), kind="added")
    models = {"codesystem": CodeSystem, "medicalcode": MedicalCode, "release": Release}
    pk = models[rows].objects.first().pk if rows in models else MedicalCode.objects.get().changes.get().pk

    assert admin_client.get(f"/admin/procedures/{rows}/{pk}/change/").status_code == 200
    assert admin_client.post(f"/admin/procedures/{rows}/add/", {}).status_code == 403
    assert admin_client.post(f"/admin/procedures/{rows}/{pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("rows", ["medicalcode", "guide", "release", "codechange"])
def test_list_needs_no_more_queries_for_more_rows(admin_client, rows):
    def create_row(number):
        code = create_code(f"J{number:04}")
        create_guide(code)
        code.changes.create(release=create_release(), kind="added")

    def count_queries():
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(f"/admin/procedures/{rows}/").status_code == 200
        return len(queries)

    create_row(1)
    count_queries()
    few = count_queries()
    for number in range(2, 12):
        create_row(number)

    assert count_queries() == few
