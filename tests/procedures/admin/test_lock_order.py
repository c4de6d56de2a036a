"""Whoever writes public content waits for other writers before anything else.

PostgreSQL ends one of two transactions that take the same locks in another order.
"""

import re

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from policies.models import PolicyImport, WithheldUpdate
from procedures.models import CodeName, EverydayWord, SearchWithoutResult, Succession
from tests.factories import create_code, create_guide, create_name, create_policy, create_user
from tests.policies.admin.typed_forms import typed
from tests.procedures.admin.test_codes import values_of_code
from tests.procedures.admin.test_sheets import as_csv, confirm, upload, uploads  # noqa: F401
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import hcpcs_release, listed

pytestmark = pytest.mark.django_db

ADMIN = "/admin/procedures/"
NAME = {"kind": "brand", "text": "Kesimpta", "source": "Label"}
WAIT = re.compile(r'SELECT .* FROM "procedures_contentversion"', re.DOTALL)
CONTENT = r"(?:historical)?(?:codename|everydayword|succession|medicalcode|guide)|searchentry|release|codechange"
WRITE = re.compile(rf'(?:INSERT INTO|UPDATE|DELETE FROM) "(?:procedures_(?:{CONTENT})|policies_\w+)"')


@pytest.fixture
def waits_first():
    """Runs an act, and tells whether it waited for other writers before it wrote."""

    def run(act) -> bool:
        statements = []

        def note(execute, sql, *arguments):
            statements.append(sql)
            return execute(sql, *arguments)

        # The log of queries is emptied by an import.
        with connection.execute_wrapper(note):
            act()
        first_write = next(number for number, sql in enumerate(statements) if WRITE.match(sql))
        return any(WAIT.match(sql) for sql in statements[:first_write])

    return run


def of_name(client):
    name = create_name(create_code(), "Arzerra")
    return name, f"{ADMIN}codename/{name.pk}/"


def of_succession():
    row = Succession.objects.create(predecessor=create_code("C9028", "Old"), successor=create_code("J9229", "New"))
    return row, f"{ADMIN}succession/{row.pk}/"


def add_name(client):
    code = create_code()
    return lambda: client.post(f"{ADMIN}codename/add/", NAME | {"code": code.pk})


def change_name(client):
    _, address = of_name(client)
    return lambda: client.post(f"{address}change/", NAME)


def delete_name(client):
    _, address = of_name(client)
    return lambda: client.post(f"{address}delete/", {"post": "yes"})


def delete_selected_names(client):
    name, _ = of_name(client)
    values = {"action": "delete_selected", "_selected_action": [name.pk], "post": "yes"}
    return lambda: client.post(f"{ADMIN}codename/", values)


def bring_back_name(client):
    name, address = of_name(client)
    return lambda: client.post(f"{address}history/{name.history.get().pk}/", NAME)


def add_name_of_search(client):
    code = create_code()
    search = SearchWithoutResult.objects.create(text="drip", day=timezone.localdate(), count=3)
    address = reverse("admin:procedures_searchwithoutresult_add_name", args=[search.pk])
    return lambda: client.post(address, NAME | {"code": code.pk})


def import_names(client):
    create_code()
    cells = ["hcpcs", "J9302", "brand", "Arzerra", "Label"]
    response = upload(client, as_csv(cells))
    return lambda: confirm(client, response)


def add_everyday_word(client):
    create_code()
    values = {"phrase": "drip", "words": "ofatumumab", "code": ""}
    return lambda: client.post(f"{ADMIN}everydayword/add/", values)


def delete_selected_everyday_words(client):
    word = EverydayWord.objects.create(phrase="drip", words="ofatumumab")
    values = {"action": "delete_selected", "_selected_action": [word.pk], "post": "yes"}
    return lambda: client.post(f"{ADMIN}everydayword/", values)


def import_everyday_words(client):
    create_code()
    header, to = ["phrase", "words", "code"], f"{ADMIN}everydayword/"
    response = upload(client, as_csv(["drip", "ofatumumab", ""], header=header), to=to)
    return lambda: confirm(client, response, to=to)


def add_name_to_code(client):
    code = create_code()
    values = values_of_code(names=[("brand", "Arzerra", "Label")])
    return lambda: client.post(f"{ADMIN}medicalcode/{code.pk}/change/", values)


def add_succession(client):
    values = {"predecessor": create_code("C9028", "Old").pk, "successor": create_code("J9229", "New").pk}
    return lambda: client.post(f"{ADMIN}succession/add/", values)


def delete_succession(client):
    _, address = of_succession()
    return lambda: client.post(f"{address}delete/", {"post": "yes"})


def delete_selected_successions(client):
    row, _ = of_succession()
    values = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    return lambda: client.post(f"{ADMIN}succession/", values)


def add_succession_again(client):
    row, address = of_succession()
    version = row.history.get().pk
    row.delete()
    return lambda: client.post(f"{address}history/{version}/")


def import_successions(client):
    create_code("C9028", "Old")
    create_code("J9229", "New")
    header, to = ["system", "predecessor", "successor"], f"{ADMIN}succession/"
    response = upload(client, as_csv(["hcpcs", "C9028", "J9229"], header=header), to=to)
    return lambda: confirm(client, response, to=to)


def import_reviews(client):
    create_guide(create_code())
    header, to = ["system", "code", "reviewed_by", "reviewed_on", "review_due_on"], f"{ADMIN}guide/"
    today = timezone.localdate()
    cells = ["hcpcs", "J9302", "Jane Roe, RN", today, today.replace(day=1, year=today.year + 1)]
    response = upload(client, as_csv(cells, header=header), to=to)
    return lambda: confirm(client, response, to=to)


def of_policy():
    policy = create_policy(codes=[create_code()])
    return policy, f"/admin/policies/policy/{policy.pk}/"


def add_plan(client):
    values = typed(client.get("/admin/policies/healthplan/add/"), "healthplan_form", name="Example Health")
    return lambda: client.post("/admin/policies/healthplan/add/", values)


def change_policy(client):
    _, address = of_policy()
    values = typed(client.get(f"{address}change/"), title="Another")
    return lambda: client.post(f"{address}change/", values)


def mark_policies_verified(client):
    policy, _ = of_policy()
    values = {"action": "mark_verified", "_selected_action": [policy.pk]}
    return lambda: client.post("/admin/policies/policy/", values)


def bring_back_policy(client):
    policy, address = of_policy()
    address = f"{address}history/{policy.history.latest().pk}/"
    values = typed(client.get(address), "historicalpolicy_form")
    return lambda: client.post(address, values)


def decide_withheld_update(client):
    policy, _ = of_policy()
    imported = PolicyImport.objects.create(kind="csv", source_name="x.csv", as_of=timezone.localdate())
    update = WithheldUpdate.objects.create(policy=policy, loaded_from=imported, facts={"title": "Theirs"})
    seen = {"seen": update.withheld_at.isoformat()}
    return lambda: client.post(f"/admin/policies/withheldupdate/{update.pk}/take/", seen)


def import_policy_codes(client):
    policy, _ = of_policy()
    create_code("J9303")
    to, cells = "/admin/policies/policycode/", {"policy": policy.public_id, "system": "hcpcs", "code": "J9303"}
    columns = [*cells, "listed_as", "label", "prior_authorization", "note", "from", "until", "source"]
    response = upload(client, as_csv([*cells.values(), *[""] * 6, "Table 1"], header=columns), to=to)
    return lambda: confirm(client, response, to=to)


def delete_policy(client):
    client.force_login(create_user("root", is_superuser=True))
    _, address = of_policy()
    return lambda: client.post(f"{address}delete/", {"post": "yes"})


def import_release(client):
    ended = listed("C9028", terminated="2018-12-31", xref="J9229")
    return lambda: load("hcpcs", hcpcs_release("2019-01", ended, listed("J9229")))


@pytest.mark.parametrize(
    "prepare",
    [
        *(add_name, change_name, delete_name, delete_selected_names, bring_back_name, add_name_of_search, import_names),
        *(add_name_to_code, add_succession, delete_succession, delete_selected_successions, add_succession_again),
        *(import_successions, import_reviews, import_release),
        *(add_everyday_word, delete_selected_everyday_words, import_everyday_words),
        *(add_plan, change_policy, mark_policies_verified, bring_back_policy, decide_withheld_update),
        *(import_policy_codes, delete_policy),
    ],
)
def test_writer_of_content_waits_for_others_first(client, waits_first, prepare):
    client.force_login(create_user("dana", groups=["Data", "Reviewer"]))
    act = prepare(client)

    assert waits_first(act)


def test_writer_that_does_not_wait_is_noticed(waits_first):
    code = create_code()

    assert not waits_first(lambda: CodeName.objects.create(code=code, **NAME))
