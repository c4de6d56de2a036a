"""What the page of one policy shows, computed beforehand."""

import datetime
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, Value, When
from django.http import QueryDict

from policies.models import Policy, PolicyCode, PolicyImport
from policies.policy_changes import PolicyRevisions
from policies.policy_lists import stale_note
from policies.presenters import Organization, by_organization, host_of
from procedures.code_parameters import code_parameter
from procedures.markdown import render
from procedures.models.codes import normalize

CODES_PER_PAGE = 200
# More entries than this have a box to find one of them.
FIND_FROM = 50
LONGEST_FIND = 100
# More plans or related documents than this are folded.
FOLD_FROM = 8

ListedAs, Kind, State = PolicyCode.ListedAs, Policy.Kind, Policy.State

LISTED_AS = {
    ListedAs.NAMED: "{} codes",
    ListedAs.COVERED: "{} codes that support medical necessity",
    ListedAs.NONCOVERED: "{} codes that do not support medical necessity",
}
LISTED_AS_RANK = Case(*(When(listed_as=each, then=Value(rank)) for rank, each in enumerate(LISTED_AS)))

KIND_ORDER = [Kind.NCD, Kind.LCD, Kind.ARTICLE, Kind.PAYER_POLICY]


@dataclass(slots=True)
class CodeGroup:
    """The codes of one code system that a policy lists for one thing, as far as they stand on one page.

    `source` is that of all rows, "" where they have several.
    """

    heading: str
    rows: list[PolicyCode]

    @property
    def source(self) -> str:
        sources = {row.source for row in self.rows}
        return sources.pop() if len(sources) == 1 else ""

    @property
    def says_authorization(self) -> bool:
        """Whether it states something of prior authorization for any of them."""
        return any(row.prior_authorization != PolicyCode.PriorAuthorization.UNKNOWN for row in self.rows)

    @property
    def says_more(self) -> bool:
        """Whether it says more of any of them than that it names it."""
        return self.says_authorization or any(
            row.label or row.note or row.range or row.starts or row.ends for row in self.rows
        )


@dataclass(slots=True)
class RelatedPolicy:
    """A document that the policy names or that names it, with its state."""

    policy: Policy
    state: Policy.State


@dataclass
class PolicyPage:
    """The page of one policy on one day.

    Of the parameters of its address, `find` and `page` are of its codes and `revisions` is the page of its revisions.
    """

    policy: Policy
    on: datetime.date
    parameters: QueryDict

    fold_from = FOLD_FROM

    @cached_property
    def find(self) -> str:
        """What to find among its codes."""
        return self.parameters.get("find", "").replace("\0", "").strip()[:LONGEST_FIND]

    @cached_property
    def state(self) -> Policy.State:
        return self.policy.state(self.on)

    @property
    def stale_note(self) -> str:
        return stale_note(self.policy, self.on)

    @property
    def ends_later(self) -> bool:
        """Whether the day of its retirement is known and lies ahead."""
        return bool(self.policy.retired) and self.state != State.RETIRED

    @cached_property
    def imports(self) -> list[PolicyImport]:
        """What it was read from, the newest first; none where an editor wrote it."""
        sources = self.policy.sources.select_related("loaded_from").order_by("-loaded_from__as_of", "pk")
        return [source.loaded_from for source in sources]

    @property
    def document_host(self) -> str:
        return host_of(self.policy.url)

    @cached_property
    def summary_html(self) -> str:
        return render(self.policy.summary)

    @cached_property
    def organizations(self) -> list[Organization]:
        """The plans it applies to; none where its source names none."""
        return by_organization(self.policy.plans.all())

    @property
    def plan_count(self) -> int:
        return sum(len(organization.plans) for organization in self.organizations)

    @cached_property
    def _code_counts(self) -> dict[str, int]:
        return self.policy.policy_codes.order_by().aggregate(rows=Count("pk"), codes=Count("code", distinct=True))

    @property
    def code_count(self) -> int:
        return self._code_counts["codes"]

    @property
    def entry_count(self) -> int:
        """More than codes where some of them stand several times, such as a catch-all code for each of its drugs."""
        return self._code_counts["rows"]

    @property
    def can_find(self) -> bool:
        return bool(self.find) or self.entry_count > FIND_FROM

    @cached_property
    def codes(self) -> Page:
        """One page of the codes it names, in the order of their groups."""
        rows = self.policy.policy_codes.in_order().defer(
            "code__long_description", "code__short_description", "code__indicators", "code__remark"
        )
        rows = rows.order_by("code__system__position", LISTED_AS_RANK, "code__normalized", "label", "pk")
        paginator = Paginator(rows.filter(_naming(self.find)) if self.find else rows, CODES_PER_PAGE)
        if not self.find:
            paginator.count = self.entry_count
        return paginator.get_page(self.parameters.get("page"))

    @cached_property
    def code_groups(self) -> list[CodeGroup]:
        groups = groupby(self.codes, key=lambda row: (row.code.system, ListedAs(row.listed_as)))
        return [CodeGroup(LISTED_AS[listed_as].format(system.name), list(rows)) for (system, listed_as), rows in groups]

    @property
    def says_authorization(self) -> bool:
        return any(group.says_authorization for group in self.code_groups)

    @property
    def previous_codes_url(self) -> str:
        return self._codes_address(self.codes.number - 1) if self.codes.has_previous() else ""

    @property
    def next_codes_url(self) -> str:
        return self._codes_address(self.codes.number + 1) if self.codes.has_next() else ""

    def _codes_address(self, number: int) -> str:
        query = QueryDict(mutable=True)
        query.update({"find": self.find, "page": number} if self.find else {"page": number})
        return f"{self.policy.get_absolute_url()}?{query.urlencode()}#codes"

    @property
    def contact_query(self) -> str:
        """What the addresses of contact pages carry along: this page, and its code if it names exactly one."""
        parameters = {"page": self.policy.get_absolute_url()}
        if self.code_count == 1 and not self.find:
            parameters = {"code": code_parameter(self.codes[0].code), **parameters}
        return urlencode(parameters, safe=":/")

    @cached_property
    def revisions(self) -> PolicyRevisions:
        return PolicyRevisions(self.policy, self.on, self.parameters.get("revisions"))

    @property
    def is_part(self) -> bool:
        """Whether this is not the page as search engines shall know it."""
        return bool(self.find) or self.codes.number > 1 or self.revisions.listed.number > 1

    @cached_property
    def related(self) -> list[RelatedPolicy]:
        """The documents that it names and those that name it, the national ones and those that apply first."""
        policies = Policy.objects.select_related("issuer").defer("summary")
        found = {
            policy.pk: RelatedPolicy(policy, policy.state(self.on))
            for documents in (policies.filter(referenced_by=self.policy), policies.filter(references=self.policy))
            for policy in documents
            if policy != self.policy
        }
        return sorted(
            found.values(),
            key=lambda each: (
                KIND_ORDER.index(each.policy.kind),
                each.state.rank,
                each.policy.title.casefold(),
                each.policy.pk,
            ),
        )


def _naming(text: str) -> Q:
    """Rows with a code that begins so, or with all these words in its description or in what the policy says of it."""
    code = normalize(text)
    has_words = Q()
    for word in text.split():
        has_words &= Q(code__long_description__icontains=word) | Q(label__icontains=word) | Q(note__icontains=word)
    return has_words | Q(code__normalized__startswith=code) if code else has_words
