"""Every address of the desk, for every group and for people who are not logged in."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.urls import URLPattern, reverse
from django.utils import timezone

from contact.models import AvailabilityException
from policies.models import PolicyImport, WithheldUpdate
from procedures.models import (
    DailyViews,
    EverydayWord,
    ReleaseUpload,
    SearchWithoutResult,
    SimilarCodeChoice,
    Succession,
)
from tests.factories import (
    create_booking,
    create_code,
    create_draft,
    create_guide,
    create_host,
    create_mail,
    create_meeting_type,
    create_message,
    create_name,
    create_policy,
    create_release,
    create_user,
    get_system,
)

pytestmark = pytest.mark.django_db

LETTERS = {"Author": "A", "Reviewer": "R", "Data": "D", "Desk": "K"}
# Who may open (GET) and who may act (POST): Author, Reviewer, Data, desK; "-" is nobody of them.
OPEN_TO = {
    ("ARDK", "-"): [
        "content_health",
        "password_change_done",
        "jsi18n",
        "procedures_guide_change",
        "procedures_release_change",
        "procedures_codechange_change",
        "procedures_codesystem_change",
        "procedures_succession_change",
        "procedures_succession_simple_history",
        "policy_health",
        "policies_policycode_change",
        "policies_policyrevision_change",
        "policies_policyimport_change",
    ],
    ("ARDK", "ARDK"): [
        "index",
        "login",
        "password_change",
        "view_on_site",
        "axes_accessattempt_history",
        "procedures_medicalcode_changelist",
        "procedures_medicalcode_history",
        "procedures_guide_changelist",
        "procedures_guide_history",
        "app_list",
        "procedures_guide_export",
        "procedures_release_changelist",
        "procedures_release_history",
        "procedures_release_changes",
        "procedures_codechange_changelist",
        "procedures_codechange_history",
        "procedures_codesystem_changelist",
        "procedures_codesystem_history",
        "procedures_codename_changelist",
        "procedures_codename_history",
        "procedures_codename_export",
        "procedures_everydayword_changelist",
        "procedures_everydayword_history",
        "procedures_everydayword_export",
        "procedures_similarcodechoice_changelist",
        "procedures_similarcodechoice_history",
        "procedures_succession_changelist",
        "procedures_succession_history",
        "procedures_succession_export",
        "policies_policy_changelist",
        "policies_policy_history",
        "policies_policy_export",
        "policies_policycode_changelist",
        "policies_policycode_history",
        "policies_policycode_export",
        "policies_healthplan_changelist",
        "policies_healthplan_history",
        "policies_policyrevision_changelist",
        "policies_policyrevision_history",
        "policies_policyimport_changelist",
        "policies_policyimport_history",
    ],
    ("-", "ARDK"): [
        "logout",
    ],
    ("-", "-"): [
        "autocomplete",
        "admin_logentry_add",
        "admin_logentry_delete",
        "axes_accessattempt_changelist",
        "axes_accessattempt_add",
        "axes_accessattempt_delete",
        "axes_accessattempt_change",
        "procedures_codesystem_add",
        "procedures_codesystem_delete",
        "procedures_medicalcode_add",
        "procedures_medicalcode_delete",
        "procedures_dailyviews_add",
        "procedures_dailyviews_delete",
        "procedures_searchwithoutresult_add",
        "procedures_guide_add",
        "procedures_guide_delete",
        "procedures_release_confirm",
        "procedures_release_cancel",
        "procedures_release_add",
        "procedures_release_delete",
        "procedures_codechange_add",
        "procedures_codechange_delete",
        "auth_group_changelist",
        "auth_group_add",
        "auth_group_history",
        "auth_group_delete",
        "auth_group_change",
        "auth_user_password_change",
        "auth_user_changelist",
        "auth_user_add",
        "auth_user_history",
        "auth_user_delete",
        "auth_user_change",
        "procedures_guidedraft_delete",
        "policies_policy_delete",
        "policies_policy_import",
        "policies_policy_process_import",
        "policies_policycode_add",
        "policies_policycode_delete",
        "policies_healthplan_delete",
        "policies_withheldupdate_add",
        "policies_withheldupdate_delete",
        "policies_policyrevision_add",
        "policies_policyrevision_delete",
        "policies_policyimport_add",
        "policies_policyimport_delete",
        "forget_visitor",
        "contact_message_add",
        "contact_message_delete",
        "contact_outgoingmail_add",
        "contact_outgoingmail_delete",
        "contact_booking_add",
        "contact_booking_delete",
        "contact_host_add",
        "contact_host_delete",
        "contact_meetingtype_add",
        "contact_meetingtype_delete",
    ],
    ("K", "K"): [
        "contact_message_changelist",
        "contact_message_change",
        "contact_message_history",
        "contact_outgoingmail_changelist",
        "contact_outgoingmail_history",
        "contact_booking_changelist",
        "contact_booking_history",
        "contact_booking_step",
        "contact_host_changelist",
        "contact_host_change",
        "contact_host_history",
        "contact_host_calendar",
        "contact_meetingtype_changelist",
        "contact_meetingtype_change",
        "contact_meetingtype_history",
        "contact_availabilityexception_changelist",
        "contact_availabilityexception_add",
        "contact_availabilityexception_change",
        "contact_availabilityexception_delete",
        "contact_availabilityexception_history",
        "contact_availabilityexception_holidays",
    ],
    ("K", "-"): [
        "contact_message_export",
        "contact_outgoingmail_change",
        "contact_booking_change",
        "contact_booking_export",
        "meetings_by_day",
    ],
    ("R", "R"): [
        "admin_logentry_changelist",
        "admin_logentry_history",
        "procedures_guide_import",
    ],
    ("R", "-"): [
        "admin_logentry_change",
    ],
    ("ARD", "ARD"): [
        "procedures_dailyviews_changelist",
        "procedures_dailyviews_history",
        "procedures_searchwithoutresult_changelist",
        "procedures_searchwithoutresult_history",
    ],
    ("ARDK", "D"): [
        "procedures_medicalcode_simple_history",
        "procedures_medicalcode_change",
        "procedures_codename_change",
        "procedures_codename_simple_history",
        "procedures_everydayword_change",
        "procedures_everydayword_simple_history",
        "policies_policy_change",
        "policies_policy_simple_history",
        "policies_healthplan_change",
        "policies_healthplan_simple_history",
    ],
    ("RD", "RD"): [
        "procedures_searchwithoutresult_add_name",
        "procedures_similarcodechoice_add",
        "procedures_similarcodechoice_delete",
        "procedures_codename_import",
        "procedures_codename_add",
        "procedures_everydayword_import",
        "procedures_everydayword_add",
        "procedures_searchwithoutresult_delete",
    ],
    ("AR", "AR"): [
        "procedures_guidedraft_typed_preview",
        "procedures_guidedraft_preview",
        "procedures_guidedraft_compare",
        "procedures_guidedraft_step",
        "procedures_guidedraft_changelist",
        "procedures_guidedraft_add",
        "procedures_guidedraft_change",
    ],
    ("-", "AR"): [
        "procedures_guidedraft_begin",
    ],
    ("ARDK", "AR"): [
        "procedures_guide_simple_history",
    ],
    ("ARDK", "RD"): [
        "procedures_similarcodechoice_change",
        "procedures_similarcodechoice_simple_history",
    ],
    ("-", "RD"): [
        "procedures_codename_process_import",
        "procedures_everydayword_process_import",
    ],
    ("D", "D"): [
        "procedures_codename_delete",
        "procedures_everydayword_delete",
        "procedures_release_import",
        "procedures_succession_import",
        "procedures_succession_add",
        "procedures_succession_delete",
        "policies_policy_add",
        "policies_policycode_import",
        "policies_healthplan_add",
        "policies_withheldupdate_changelist",
        "policies_withheldupdate_history",
    ],
    ("D", "-"): [
        "policies_withheldupdate_change",
    ],
    ("-", "D"): [
        "procedures_succession_process_import",
        "policies_policycode_process_import",
        "policies_withheldupdate_take",
        "policies_withheldupdate_keep",
    ],
    ("ARD", "-"): [
        "procedures_dailyviews_change",
        "procedures_searchwithoutresult_change",
    ],
    ("-", "R"): [
        "procedures_guide_process_import",
    ],
    ("AR", "-"): [
        "procedures_guidedraft_history",
    ],
}


@pytest.fixture
def rows():
    """A row of every kind, and the arguments of each address by its name."""
    code = create_code("J9302")
    guide, draft = create_guide(code), create_draft(code)
    name = create_name(code, "Arzerra")
    succession = Succession.objects.create(predecessor=code, successor=create_code("J9303"))
    release = create_release()
    change = code.changes.create(release=release, kind="added")
    today = timezone.localdate()
    views = DailyViews.objects.create(code=code, day=today, count=3)
    search = SearchWithoutResult.objects.create(text="ofatumumap", day=today, count=3)
    somebody = create_user("somebody")
    upload = ReleaseUpload.objects.create(system=get_system("hcpcs"), name="x.txt", content=b"x", uploaded_by=somebody)
    kind = ContentType.objects.get_for_model(code)
    policy = create_policy(codes=[code])
    imported = PolicyImport.objects.create(kind="csv", source_name="list.csv", as_of=today)
    withheld = WithheldUpdate.objects.create(policy=policy, loaded_from=imported, facts={"title": "Ofatumumab, new"})
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    entry = LogEntry.objects.create(user=somebody, action_flag=CHANGE, content_type=kind, object_id=code.pk)
    return {
        "guidedraft": draft,
        "guide": guide,
        "medicalcode": code,
        "codename": name,
        "everydayword": EverydayWord.objects.create(phrase="ofa", words="ofatumumab"),
        "similarcodechoice": SimilarCodeChoice.objects.create(code=code, similar=succession.successor, choice="hidden"),
        "succession": succession,
        "release": release,
        "codechange": change,
        "dailyviews": views,
        "searchwithoutresult": search,
        "codesystem": get_system("hcpcs"),
        "logentry": entry,
        "user": somebody,
        "group": somebody.groups.model.objects.first(),
        "upload": upload,
        "policy": policy,
        "policycode": policy.policy_codes.get(),
        "healthplan": policy.issuer,
        "withheldupdate": withheld,
        "policyrevision": policy.revisions.get(),
        "policyimport": imported,
        "message": create_message(),
        "outgoingmail": create_mail(),
        "host": host,
        "meetingtype": meeting_type,
        "booking": create_booking(meeting_type, host, timezone.now() + timedelta(days=2)),
        "availabilityexception": AvailabilityException.objects.create(first_day=today, last_day=today),
    }


def patterns():
    """The name, model and argument names of every address of the desk that has a name."""
    for top in admin.site.urls[0]:
        for pattern in [top] if isinstance(top, URLPattern) else top.url_patterns:
            if pattern.name:
                yield pattern


def address_of(pattern, rows):
    model = pattern.name.split("_")[1] if "_" in pattern.name else ""
    values = {
        "object_id": rows[model].pk if model in rows else 1,
        "pk": rows["withheldupdate" if model == "withheldupdate" else "guidedraft"].pk,
        "upload_id": rows["upload"].pk,
        "guide_pk": rows["guide"].pk,
        "name": "submit",
        "version_id": rows[model].history.first().history_id
        if model
        in (
            "guide",
            "codename",
            "everydayword",
            "medicalcode",
            "succession",
            "policy",
            "healthplan",
            "similarcodechoice",
        )
        else 1,
        "id": rows["user"].pk,
        "content_type_id": ContentType.objects.get_for_model(rows["medicalcode"]).pk,
        "app_label": "procedures",
    }
    if pattern.name == "app_list":
        return reverse("admin:app_list", args=["procedures"])
    if pattern.name.endswith("_simple_history"):
        return reverse(f"admin:{pattern.name}", args=[values["object_id"], values["version_id"]])
    arguments = {name: values.get(name, 1) for name in pattern.pattern.converters}
    return reverse(f"admin:{pattern.name}", kwargs=arguments) if arguments else reverse(f"admin:{pattern.name}")


def answer(client, method, address):
    """What a request answers; nothing of what it did stays."""
    with transaction.atomic():
        response = getattr(client, method)(address)
        transaction.set_rollback(True)
    return response


def test_every_address_is_in_the_table():
    listed = [name for names in OPEN_TO.values() for name in names]

    assert sorted(listed) == sorted({pattern.name for pattern in patterns()})


@pytest.mark.parametrize("group", LETTERS)
def test_group_reaches_what_it_may_and_nothing_else(client, rows, group):
    member = create_user("member", groups=[group])
    expected = {name: pair for pair, names in OPEN_TO.items() for name in names}
    wrong = []
    for pattern in patterns():
        address = address_of(pattern, rows)
        for method, letters in zip(("get", "post"), expected[pattern.name], strict=True):
            # A request may have ended the session.
            if not (session := client.cookies.get("sessionid")) or not session.value:
                client.force_login(member)
            status = answer(client, method, address).status_code
            may = LETTERS[group] in letters
            if status >= 500 or (status in (403, 405)) == may:
                wrong.append(f"{method} {address} answered {status}")
    assert wrong == []


def test_who_is_not_logged_in_is_sent_to_the_login_everywhere(client, rows):
    open_to_all = {"login", "jsi18n"}
    for pattern in patterns():
        if pattern.name in open_to_all:
            continue
        address = address_of(pattern, rows)
        for method in ("get", "post"):
            response = answer(client, method, address)
            goes_to_login = response.status_code == 302 and response["Location"].startswith("/admin/login/")
            leaves = pattern.name == "logout" and response.status_code in (302, 405)
            assert goes_to_login or leaves, f"{method} {address} answered {response.status_code}"


def test_who_may_log_in_to_nothing_sees_nothing(client, rows):
    client.force_login(create_user("visitor", is_superuser=False))
    open_to_all = {"index", "login", "logout", "password_change", "password_change_done", "jsi18n", "view_on_site"}
    for pattern in patterns():
        if pattern.name in open_to_all or pattern.name == "axes_accessattempt_history":
            continue
        response = answer(client, "get", address_of(pattern, rows))
        assert response.status_code in (403, 404, 405), f"{pattern.name} answered {response.status_code}"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_superuser_meets_no_error_anywhere_without_a_transaction_around(admin_client, rows):
    for pattern in patterns():
        address = address_of(pattern, rows)
        for method in ("get", "post"):
            if pattern.name != "logout":
                assert getattr(admin_client, method)(address).status_code < 500, f"{method} {address}"
