import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import CodeSystem, MedicalCode, Release, Succession
from tests.factories import create_code, create_draft, create_guide, create_name, create_release, get_system
from tests.procedures.admin.desk import found, get_page, rows_of, save

pytestmark = pytest.mark.django_db

CODES = "/admin/procedures/medicalcode/"
CHOICES_OF_CODES = "/admin/autocomplete/?app_label=procedures&model_name=guidedraft&field_name=code&term="


def values_of_code(names=(), successors=()):
    """The form of a code without names and successors: new names as (kind, text, source), new successors as codes."""
    values = {}
    for prefix, rows in (("names", names), ("successions", successors), ("similar_choices", ())):
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
    create_draft(create_code("J1750"))
    create_code("J9312")
    create_guide(create_code("C9028", terminated=datetime.date(2018, 12, 31)))

    assert rows_of(admin_client, f"{CODES}?guide=public") == ["C9028", "J9302"]
    assert rows_of(admin_client, f"{CODES}?guide=work") == ["J1750"]
    assert rows_of(admin_client, f"{CODES}?guide=none") == ["J1750", "J9312"]
    assert rows_of(admin_client, f"{CODES}?guide=retired") == ["C9028"]


def test_saving_a_code_keeps_its_official_facts(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")

    save(
        admin_client,
        f"{CODES}{code.pk}/change/",
        values_of_code() | {"code": "J0000", "long_description": "Changed", "terminated": "2020-01-01"},
    )

    code.refresh_from_db()
    assert (code.code, code.long_description, code.terminated) == ("J9302", "Injection, ofatumumab, 10 mg", None)


def test_remark_is_shown_with_its_source_and_its_history_says_who(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    remark = {"remark": "Its maker gives it to few patients now.", "remark_source": "Letter of the maker, 2018"}

    save(admin_client, f"{CODES}{code.pk}/change/", values_of_code() | remark)

    page = get_page(admin_client, code.get_absolute_url())
    assert "Its maker gives it to few patients now." in page.text
    assert "Letter of the maker, 2018" in page.text
    history = get_page(admin_client, f"{CODES}{code.pk}/history/")
    assert "admin" in history.text


def test_remark_without_a_source_is_refused_and_kept_on_the_form(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")

    page = save(admin_client, f"{CODES}{code.pk}/change/", values_of_code() | {"remark": "Given to few patients."})

    assert "A remark needs its source" in page.text
    assert "Given to few patients." in page.text
    assert "Given to few" not in get_page(admin_client, code.get_absolute_url()).text


def test_former_remark_is_brought_back_and_nothing_else(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    address = f"{CODES}{code.pk}/"
    first = {"remark": "Given to few patients.", "remark_source": "Letter of the maker, 2018"}
    second = {"remark": "Given to nobody.", "remark_source": "Letter of the maker, 2020"}
    save(admin_client, f"{address}change/", values_of_code() | first)
    version = code.history.first().pk
    save(admin_client, f"{address}change/", values_of_code() | second)
    MedicalCode.objects.update(long_description="Injection, ofatumumab, 20 mg")

    save(admin_client, f"{address}history/{version}/", first)

    code.refresh_from_db()
    assert (code.remark, code.remark_source) == ("Given to few patients.", "Letter of the maker, 2018")
    assert code.long_description == "Injection, ofatumumab, 20 mg"
    assert "Given to few patients." in get_page(admin_client, code.get_absolute_url()).text
    newest = code.history.first()
    assert (newest.remark, newest.history_type, str(newest.history_user)) == ("Given to few patients.", "~", "admin")


def test_remark_that_is_saved_as_it_is_leaves_no_history(admin_client):
    remark = {"remark": "Given to few patients.", "remark_source": "Letter of the maker, 2018"}
    code = create_code("J9302", "Injection, ofatumumab, 10 mg", **remark)

    save(admin_client, f"{CODES}{code.pk}/change/", values_of_code() | remark)

    assert not code.history.filter(history_type="~").exists()


def test_names_alone_leave_no_history_of_the_code(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")

    save(admin_client, f"{CODES}{code.pk}/change/", values_of_code(names=[("brand", "Arzerra", "Label")]))

    assert not code.history.filter(history_type="~").exists()
    assert [str(row.history_user) for row in code.names.get().history.all()] == ["admin"]


def test_name_is_found_by_search_until_it_is_deleted(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    address = f"{CODES}{code.pk}/change/"

    save(admin_client, address, values_of_code(names=[("brand", "Arzerra", "Label")]))
    assert found(admin_client, "arzerra") == ["J9302"]

    values = values_of_code(names=[("brand", "Arzerra", "Label")]) | {"names-INITIAL_FORMS": 1}
    save(admin_client, address, values | {"names-0-id": code.names.get().pk, "names-0-DELETE": "on"})
    assert found(admin_client, "arzerra") == []


def test_name_that_the_guide_has_given_already_is_refused_and_kept_on_the_form(admin_client):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_name(code, "Arzerra", kind="common", source="Guide")

    page = save(
        admin_client, f"{CODES}{code.pk}/change/", values_of_code(names=[("common", "Arzerra", "Label of the maker")])
    )

    assert "already" in page.text
    assert "Label of the maker" in [field.attributes.get("value") for field in page.all("input")]
    assert code.names.get().source == "Guide"


@pytest.mark.parametrize("source", ["Guide", " gUIDE "])
def test_name_cannot_be_given_to_the_guide(admin_client, source):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")

    page = save(admin_client, f"{CODES}{code.pk}/change/", values_of_code(names=[("common", "Arzerra", source)]))

    assert "made when a guide is published" in page.text
    assert not code.names.exists()


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


def test_successor_that_came_since_the_page_was_opened_is_refused(admin_client):
    retired, successor = create_code("C9028", "Injection, inotuzumab"), create_code("J9229", "Injection, inotuzumab")
    Succession.objects.create(predecessor=retired, successor=successor, source="cms-cross-reference")

    page = save(admin_client, f"{CODES}{retired.pk}/change/", values_of_code(successors=[successor]))

    assert "already exists" in page.text
    assert Succession.objects.get().source == "cms-cross-reference"


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


@pytest.mark.parametrize(
    "rows", ["medicalcode", "guide", "guidedraft", "release", "codechange", "codename", "succession"]
)
def test_list_needs_no_more_queries_for_more_rows(admin_client, rows):
    first = create_code("J9999")

    def create_row(number):
        code = create_code(f"J{number:04}")
        create_guide(code)
        create_draft(code)
        create_name(code, f"Name {number}")
        Succession.objects.create(predecessor=code, successor=first)
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
