"""Pages fit the window, on a telephone as on a wide screen, in both color schemes."""

import datetime

import pytest
from playwright.sync_api import expect

from policies.models import Policy
from procedures.models import Succession
from tests.factories import (
    create_code,
    create_guide,
    create_name,
    create_plan,
    create_policy,
    create_policy_code,
    create_release,
)

# The first three stand in descriptions of HCPCS; the last is in English dictionaries.
LONG_WORDS = (
    "physical/occupational/speech/recreational cervical-thoracic-lumbar-sacral-orthoses "
    "pathologists/dermatopathologists pneumonoultramicroscopicsilicovolcanoconiosis"
)

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

BACKGROUND_LIGHTNESS = """() => {
  const channels = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number);
  return Math.max(...channels) / 255;
}"""


def create_crowded_site(words="when it is used with a device"):
    """Codes with everything that a page can show; `words` stand in every text."""
    release = create_release()
    code = create_code(
        "J9302",
        f"Injection, {words}, " + "not otherwise listed, " * 10,
        short_description=f"Inj {words}"[:120],
        added=datetime.date(2011, 1, 1),
        effective=datetime.date(2020, 1, 1),
        terminated=datetime.date(2023, 12, 31),
        listed_in=release,
        first_listed_in=release,
        indicators={"PRICE": ["51"], "TOS": ["1", "P"], "COV": "C", "BETOS": "O1D", "UNKNOWN": "X" * 60},
    )
    code.changes.create(release=release, kind="reworded", before=words, after=words * 2)
    Succession.objects.create(predecessor=code, successor=create_code("J9303", f"Injection, {words}, 10 mg"))
    create_name(code, words)
    create_guide(
        code, summary=f"- {words}\n- **{words}:** text", purpose=words, sources=f"https://a.example/{'b' * 200}"
    )
    heading = create_code("M54", f"Dorsalgia {words}", system="icd10cm", kind="header")
    create_code("M54.16", f"Radiculopathy {words}", system="icd10cm", parent=heading)
    plan = create_plan(f"Plan {words}", slug="plan", region=words, website=f"https://a.example/{'b' * 200}")
    contractors = [create_plan(f"Contractor {n} {words}", organization=words, region=words) for n in range(9)]
    policy = create_policy(
        f"Policy {words}",
        issuer=plan,
        number="X" * 60,
        status="retired",
        plans=[plan, *contractors],
        url=f"https://a.example/{'b' * 200}",
        summary=f"- {words}",
    )
    create_policy(f"Later policy {words}", issuer=plan, plans=contractors, references=[policy])
    said = {"label": words, "note": words, "prior_authorization": "conditional", "source": words}
    create_policy_code(policy, code, **said)
    return code


def addresses_of_pages(code):
    """The addresses of pages of every kind, the 404 included, and what the first heading of each says."""
    return {
        "/": "What does this medical code mean?",
        "/codes/?q=injection&status=retired&system=hcpcs": "1 result",
        f"/codes/?q={'x' * 150}": "No results",
        f"{code.get_absolute_url()}?as_of=2024-01-01": "Injection",
        f"{code.get_absolute_url()}?as_of=soon": "Injection",
        "/code/icd10cm/M54": "Dorsalgia",
        "/code/icd10cm/M54.16": "Radiculopathy",
        "/codes/hcpcs/": "HCPCS Level II",
        "/codes/hcpcs/?range=j": "Drugs",
        "/codes/cpt4/": "CPT",
        f"/policies/?plan=plan&status=retired&status={'x' * 100}": "Policies",
        "/developers/": "For developers",
        "/policies/?q=J9302": "Policies that name J9302",
        f"/policies/?q={'x' * 150}": "Policies for",
        Policy.objects.get(title__startswith="Policy").get_absolute_url(): "Policy",
        "/plans/": "Health plans",
        "/plans/plan/": "Plan",
        "/code/hcpcs/Z0000-nothing": "There is no page at this address",
    }


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_pages_fit_the_width_of_the_window(page, width, color_scheme):
    addresses = addresses_of_pages(create_crowded_site())
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    for address, title in addresses.items():
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_contain_text(title)
        assert page.evaluate(OVERFLOW) <= 0, f"{address} is wider than {width} px"
        lightness = page.evaluate(BACKGROUND_LIGHTNESS)
        assert lightness < 0.3 if color_scheme == "dark" else lightness > 0.7, f"{address} is not {color_scheme}"


@pytest.mark.parametrize("width", [360, 1440])
def test_words_wider_than_the_window_are_broken(page, width):
    code = create_crowded_site(LONG_WORDS)
    addresses = [*addresses_of_pages(code), f"{code.get_absolute_url()}?as_of={'x' * 100}"]
    page.set_viewport_size({"width": width, "height": 800})

    for address in addresses:
        page.goto(address)
        assert page.evaluate(OVERFLOW) <= 0, f"{address} is wider than {width} px"
