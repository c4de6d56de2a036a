import datetime

import pytest

from policies.listings import in_force, name_plans, prior_authorizations, reached_documents, read_listings
from policies.models import PolicyCode
from tests.factories import create_code, create_plan, create_policy, create_policy_code, get_cms

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 20)


@pytest.fixture
def list_code():
    """Names a code in a policy with these rows, and gives what is read of them."""

    def read(*rows: dict):
        policy, code = create_policy(), create_code()
        for row in rows:
            create_policy_code(policy, code, **row)
        return read_listings(PolicyCode.objects.filter(code=code))[policy.pk, code.pk]

    return read


def test_listing_says_all_that_its_row_does(list_code):
    [listing] = list_code(
        {
            **{"label": "Kesimpta", "listed_as": "covered", "range": "J9301-J9306", "note": "adults"},
            **{"starts": datetime.date(2020, 1, 1), "ends": datetime.date(2025, 12, 31)},
        }
    )

    assert listing.words == (
        "Kesimpta, supports medical necessity, in the range J9301-J9306, from 1 January 2020, "
        "until 31 December 2025, adults"
    )


def test_listing_that_only_names_the_code_says_nothing(list_code):
    [listing] = list_code({})

    assert listing.words == ""
    assert [str(said) for said in prior_authorizations([listing])] == ["not known"]
    assert [said.word for said in prior_authorizations([listing])] == [""]


@pytest.mark.parametrize(
    ("starts", "ends", "applies"),
    [
        (None, None, True),
        (TODAY, TODAY, True),
        (TODAY + datetime.timedelta(days=1), None, False),
        (None, TODAY - datetime.timedelta(days=1), False),
    ],
)
def test_listings_in_force_are_those_of_the_day(list_code, starts, ends, applies):
    listings = list_code({"label": "Always"}, {"label": "Dated", "starts": starts, "ends": ends})

    assert ("Dated" in [listing.label for listing in in_force(listings, TODAY)]) is applies


def test_listings_that_have_all_ended_are_all_that_is_said(list_code):
    listings = list_code({"ends": datetime.date(2020, 1, 1)})

    assert in_force(listings, TODAY) == listings


def test_prior_authorization_is_said_once_and_what_is_known_first(list_code):
    same = list_code({"label": "A", "prior_authorization": "no-auth"}, {"label": "B", "prior_authorization": "no-auth"})
    assert [str(said) for said in prior_authorizations(same)] == ["no prior authorization needed"]


def test_prior_authorization_that_differs_is_said_with_its_labels(list_code):
    listings = list_code({"label": "A"}, {"label": "B", "prior_authorization": "auth-needed"}, {"label": "C"})

    said = prior_authorizations(listings)

    assert [str(each) for each in said] == ["prior authorization needed (B)", "not known (A, C)"]
    assert [each.sentence for each in said] == ["prior authorization needed", "prior authorization not known"]


def test_plans_of_one_organization_are_named_once_by_name():
    contracts = [create_plan(f"Palm {n}", organization="Palm", kind="medicare-contractor") for n in range(3)]
    plans = [create_plan(f"Olive {n}", organization="Olive") for n in range(2)]
    single = create_plan("oak")

    named = name_plans([*contracts, *plans, single])

    assert [str(each) for each in named] == ["oak", "Olive (2 plans)", "Palm (3 contracts)"]
    assert [each.url for each in named] == ["/plans/oak/", "", ""]


def reached(*codes) -> list[tuple[int, int]]:
    return sorted(reached_documents(PolicyCode.objects.filter(code__in=codes)))


def test_documents_are_reached_in_both_directions_for_each_code():
    one, two, three = (create_code(f"J000{number}", f"Code {number}") for number in (1, 2, 3))
    lcd = create_policy("Local", kind="lcd", number="L1")
    ncd = create_policy("National", kind="ncd", number="1.1")
    article = create_policy("Article", kind="article", number="A1", codes=[one, two], references=[lcd])
    other = create_policy("Other", kind="article", number="A2", codes=[two])
    ncd.references.add(article)
    lcd.references.add(other, article)

    assert reached(one) == sorted([(article.pk, lcd.pk), (article.pk, ncd.pk)])
    assert reached(one, two) == sorted([*reached(one), (other.pk, lcd.pk)])
    assert reached(three) == []


def test_lcd_that_names_a_code_leads_to_its_articles_and_ncds_but_to_no_other_lcd():
    code = create_code()
    documents = {
        kind: create_policy(kind, kind=kind, number=f"N-{kind}", issuer=get_cms())
        for kind in ("article", "ncd", "lcd", "payer-policy")
    }
    lcd = create_policy("Local", kind="lcd", number="L33789", codes=[code], references=documents.values())

    assert reached(code) == sorted([(lcd.pk, documents["article"].pk), (lcd.pk, documents["ncd"].pk)])
