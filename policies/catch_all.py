"""Policies that name only a catch-all code, found by the name of a medicine in what they call it there.

Before a medicine has a code of its own, and often after, plans list it under J3490 and the like by its brand.
"""

import re
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Q

from policies.listings import Listing
from policies.models import PolicyCode
from procedures.models import CodeName, MedicalCode
from procedures.models.codes import code_address

# Shorter names fit too much, such as parts of other names.
SHORTEST_NAME = 5
MOST_NAMES = 40
MOST_READ = 500


@dataclass(slots=True)
class CatchAllListings:
    """What one policy lists under one catch-all code, as far as it is named like the code that was asked for."""

    policy_id: int
    code: str
    code_url: str
    listings: list[Listing]


def names_of_medicine(code: MedicalCode) -> list[str]:
    """The brand and generic names by which the code is looked for, in folded case; those at hand, without a query."""
    kinds = (CodeName.Kind.BRAND, CodeName.Kind.GENERIC)
    names = (" ".join(name.text.casefold().split()) for name in code.names.all() if name.kind in kinds)
    long_enough = (name for name in names if sum(map(str.isalpha, name)) >= SHORTEST_NAME)
    return list(dict.fromkeys(long_enough))[:MOST_NAMES]


def find_catch_all_listings(code: MedicalCode) -> list[CatchAllListings]:
    """The listings under catch-all codes whose label holds a name of the code as whole words, in one query.

    None, and without a query, for a catch-all code or one without such names. The code needs its names at hand.
    """
    names = [] if code.is_noc else names_of_medicine(code)
    if not names:
        return []
    holds_name = Q()
    for name in names:
        # The databases compare no letters but those of English without regard to case.
        holds_name |= Q(label__icontains=name)
    rows = PolicyCode.objects.filter(holds_name, code__is_noc=True).order_by("policy_id", "code_id", "label", "pk")
    columns = (*Listing._fields, "code__code", "code__slug", "code__system__slug")
    whole_words = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
    listings: dict[tuple[int, int], list[Listing]] = defaultdict(list)
    codes: dict[int, tuple[str, str]] = {}
    for *values, noc_code, slug, system in rows.values_list(*columns)[:MOST_READ]:
        listing = Listing(*values)
        if whole_words.search(" ".join(listing.label.casefold().split())):
            listings[listing.policy_id, listing.code_id].append(listing)
            codes[listing.code_id] = (noc_code, code_address(system, noc_code, slug))
    return [CatchAllListings(policy_id, *codes[code_id], found) for (policy_id, code_id), found in listings.items()]
