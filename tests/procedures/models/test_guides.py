import datetime

import pytest

from procedures.guide_sections import SECTIONS
from procedures.models import Guide
from tests.factories import create_code, create_guide

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)


def test_publish_renders_the_texts_that_there_are():
    guide = Guide(code=create_code(), summary="A **strong** word.", purpose="", sources="- One\n- Two")

    guide.publish(now=NOON)
    guide.refresh_from_db()

    assert guide.html == {
        "summary": "<p>A <strong>strong</strong> word.</p>",
        "sources": "<ul>\n<li>One</li>\n<li>Two</li>\n</ul>",
    }
    assert guide.published_at == NOON
    assert guide.is_published


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_takes_the_present_moment():
    assert create_guide(create_code()).published_at == NOON


def test_publish_keeps_html_of_the_editor_as_text():
    guide = create_guide(create_code(), summary="<script>alert(1)</script> [x](javascript:alert(1))")

    assert "<script" not in guide.html["summary"]
    assert "href" not in guide.html["summary"]


def test_edit_is_not_public_before_it_is_published():
    guide = create_guide(create_code(), summary="First.")
    published_at = guide.published_at

    guide.summary = "Second."
    guide.purpose = "New."
    guide.save()
    guide.refresh_from_db()
    assert [section["html"] for section in guide.public_sections()] == ["<p>First.</p>"]
    assert guide.published_at == published_at

    guide.publish()
    assert [section["html"] for section in guide.public_sections()] == ["<p>Second.</p>", "<p>New.</p>"]


def test_publish_withdraws_a_section_that_lost_its_text():
    guide = create_guide(create_code(), summary="First.", purpose="Second.")

    guide.purpose = ""
    guide.publish()

    assert [section["heading"] for section in guide.public_sections()] == ["Summary"]


def test_public_sections_follow_the_order_of_the_contract():
    guide = create_guide(create_code(), **{section.field: section.field for section in reversed(SECTIONS)})

    assert [section["heading"] for section in guide.public_sections()] == [
        *("Name of the Procedure", "Summary", "Purpose", "Indications", "Preparation", "Procedure Description"),
        *("Duration", "Setting", "Personnel", "Risks and Complications", "Benefits", "Recovery", "Alternatives"),
        "Patient Experience",
    ]
    assert guide.public_sections()[9]["anchor"] == "risks-and-complications"


def test_every_section_is_a_field_of_the_guide():
    fields = {field.name for field in Guide._meta.get_fields()}

    assert len(SECTIONS) == 14
    assert {section.field for section in SECTIONS} <= fields


def test_published_and_newest_leave_drafts_out():
    codes = [create_code(f"J000{number}") for number in range(4)]
    create_guide(codes[0], published=False)
    for day, code in enumerate(codes[1:]):
        Guide(code=code, summary="A guide.").publish(now=NOON + datetime.timedelta(days=day))

    assert [guide.code.code for guide in Guide.objects.published().newest(2)] == ["J0003", "J0002"]
    assert Guide.objects.published().count() == 3
    assert not Guide.objects.get(code=codes[0]).is_published


def test_guide_leads_to_the_page_of_its_code():
    code = create_code()
    guide = create_guide(code)

    assert guide.get_absolute_url() == code.get_absolute_url()
    assert str(guide) == f"Guide of {code}"
