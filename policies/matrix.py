"""The matrix of health plans by codes: what an address asks for, and the table that answers it."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.text import slugify

from policies.listings import NamedPlans
from policies.matrix_cells import Cell
from policies.matrix_facts import MatrixFacts, read_plans
from policies.models import CMS, HealthPlan
from procedures.code_parameters import code_parameter, find_codes
from procedures.models import MedicalCode

MOST_CODES = 20
MOST_ROWS = 20
# Of what an address names; the rest is not looked at.
MOST_READ = 200
MOST_NAMED = 10
LONGEST_SHOWN = 40

# In an address, all contracts of an organization: organization:palmetto-gba.
ORGANIZATION = "organization:"

_BETWEEN = re.compile(r"[\s,;|]+")


@dataclass(slots=True)
class MatrixRow:
    """A plan, or several contracts of one organization with the same cells; a cell for each code, None where there is
    no sourced policy."""

    name: NamedPlans
    plans: list[HealthPlan]
    cells: list[Cell | None]

    @classmethod
    def of(cls, plans: list[HealthPlan], cells: list[Cell | None]) -> "MatrixRow":
        name = plans[0].short_name if len(plans) > 1 else plans[0].name
        return cls(NamedPlans.of(name, plans), plans, cells)

    @property
    def cell_count(self) -> int:
        return sum(cell is not None for cell in self.cells)


@dataclass(slots=True)
class PlanChoice:
    """A plan, or all contracts of an organization, that can be chosen; `value` names it in an address."""

    value: str
    name: NamedPlans
    plans: list[HealthPlan]
    is_chosen: bool = False


class MatrixPage:
    """The matrix for the parameters of an address, on one day: at most 20 codes and 20 rows, in ten queries at most.

    `code` names codes, `plan` the slugs of plans or organizations, several in one value too. What cannot be read is
    ignored and named in `problems`.
    """

    def __init__(self, parameters: QueryDict, on: datetime.date):
        self.on = on
        self.problems: list[str] = []
        self._plans = read_plans()
        self.codes = self._read_codes(_split(parameters.getlist("code")))
        self.chosen_plans = self._read_plans(_split(parameters.getlist("plan")))
        chosen = {plan.pk: plan for choice in self.chosen_plans for plan in choice.plans}
        self._chosen = list(chosen.values())
        self._facts = MatrixFacts(self.codes, on, self._plans, chosen.keys())

    # What was asked for

    def _read_codes(self, texts: list[str]) -> list[MedicalCode]:
        found = find_codes(texts) if texts else {}
        self._name_problem("is no code on this site", [text for text, code in found.items() if code is None])
        codes = list({code.pk: code for code in found.values() if code}.values())
        self._name_left_out("codes", MOST_CODES, [code.code for code in codes[MOST_CODES:]])
        return codes[:MOST_CODES]

    def _read_plans(self, texts: list[str]) -> list[PlanChoice]:
        choices = {choice.value: choice for choice in self._choices(self._plans.values(), join=False)}
        choices |= {choice.value: choice for choice in self._choices(self._plans.values(), join=True)}
        unknown = [text for text in texts if text.lower() not in choices]
        self._name_problem("is no health plan on this site", unknown)
        chosen = list({text.lower(): choices[text.lower()] for text in texts if text.lower() in choices}.values())
        self._name_left_out("health plans", MOST_ROWS, [str(choice.name) for choice in chosen[MOST_ROWS:]])
        return chosen[:MOST_ROWS]

    def _name_problem(self, what: str, texts: list[str]) -> None:
        self.problems += [f"“{_shown(text)}” {what}; it was ignored." for text in texts[:MOST_NAMED]]
        if len(texts) > MOST_NAMED:
            self.problems.append(f"{len(texts) - MOST_NAMED} more are not known here either.")

    def _name_left_out(self, what: str, most: int, names: list[str]) -> None:
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            self.problems.append(f"At most {most} {what} fit here. Left out: {', '.join(names[:MOST_NAMED])}{more}.")

    # The table

    @cached_property
    def _groups(self) -> list[list[HealthPlan]]:
        """The plans of each row: the chosen ones in the order of the address; else the most cells first, by name."""
        if self._chosen:
            return self._join(self._chosen)
        groups = self._join(self._plans[pk] for pk in {pk for pk, _ in self._facts.cells} if pk in self._plans)
        return sorted(groups, key=lambda plans: (-self._cell_count(plans[0]), plans[0].name.casefold()))

    def _cell_count(self, plan: HealthPlan) -> int:
        return sum((plan.pk, code.pk) in self._facts.cells for code in self.codes)

    def _join(self, plans: Iterable[HealthPlan]) -> list[list[HealthPlan]]:
        """The contracts of one organization that say the same together, any other plan by itself."""
        grouped: dict[tuple, list[HealthPlan]] = defaultdict(list)
        for plan in plans:
            cells = tuple(self._facts.cells.get((plan.pk, code.pk)) for code in self.codes)
            grouped[_organization(plan) or plan.pk, cells].append(plan)
        return [sorted(members, key=lambda plan: plan.name.casefold()) for members in grouped.values()]

    @cached_property
    def rows(self) -> list[MatrixRow]:
        shown = self._groups[:MOST_ROWS]
        places = [(plans[0].pk, code.pk) for plans in shown for code in self.codes]
        held = {place: self._facts.cells[place] for place in places if place in self._facts.cells}
        said = self._facts.read_statements({(policy_id, code_id) for (_, code_id), (policy_id, *_) in held.items()})
        addresses = {each.policy.pk: each.policy.get_absolute_url() for each in said.values()}
        code_addresses = {code.pk: code.get_absolute_url() for code in self.codes}
        cells = {}
        for (plan_id, code_id), (policy_id, count, words) in held.items():
            if statement := said.get((policy_id, code_id)):
                # The list of policies has none that are reached through others: the page of the code has all.
                more_url = f"{code_addresses[code_id]}#policies"
                address = addresses[policy_id]
                cells[plan_id, code_id] = Cell.of(statement, count - 1, words, address=address, more_url=more_url)
        return [MatrixRow.of(plans, [cells.get((plans[0].pk, code.pk)) for code in self.codes]) for plans in shown]

    @property
    def more_rows(self) -> int:
        """How many rows are left out."""
        return max(0, len(self._groups) - MOST_ROWS)

    @property
    def has_cells(self) -> bool:
        return any(row.cell_count for row in self.rows)

    @property
    def unsourced_count(self) -> int:
        """The policies on these codes, and for the chosen plans, that have no original document."""
        return self._facts.unsourced_count

    @property
    def names_national(self) -> bool:
        """Whether a row holds what applies to all contractors."""
        return any(plan.slug == CMS for row in self.rows for plan in row.plans)

    # Links and boxes

    @cached_property
    def plan_choices(self) -> list[PlanChoice]:
        """The chosen plans, and those with a sourced policy on the codes, contracts of an organization as one."""
        with_cells = self._facts.plans_with_cells()
        choices = self._choices((plan for pk, plan in self._plans.items() if pk in with_cells), join=True)
        chosen = {choice.value: choice for choice in self.chosen_plans}
        choices = {**{choice.value: choice for choice in choices}, **chosen}
        for value, choice in choices.items():
            choice.is_chosen = value in chosen
        return sorted(choices.values(), key=lambda choice: choice.name.name.casefold())

    def _choices(self, plans: Iterable[HealthPlan], *, join: bool) -> list[PlanChoice]:
        grouped: dict[str, list[HealthPlan]] = defaultdict(list)
        for plan in plans:
            organization = slugify(_organization(plan)) if join else ""
            grouped[f"{ORGANIZATION}{organization}" if organization else plan.slug.lower()].append(plan)
        return [
            PlanChoice(value, NamedPlans.of(members[0].short_name if join else members[0].name, members), members)
            for value, members in grouped.items()
        ]

    @property
    def code_values(self) -> list[str]:
        return [code_parameter(code) for code in self.codes]

    @property
    def chosen(self) -> list[dict]:
        """The chosen codes and plans, each with the address of the same matrix without it."""
        codes = [
            {"label": code.code, "url": self._without("code", value)}
            for code, value in zip(self.codes, self.code_values, strict=True)
        ]
        plans = [
            {"label": str(choice.name), "url": self._without("plan", choice.value)} for choice in self.chosen_plans
        ]
        return codes + plans

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        plans = [("plan", choice.value) for choice in self.chosen_plans]
        return [*(("code", value) for value in self.code_values), *plans]

    def _without(self, name: str, value: str) -> str:
        return _address("policies:matrix", [pair for pair in self._pairs if pair != (name, value)])

    @property
    def csv_url(self) -> str:
        return _address("policies:matrix", [*self._pairs, ("format", "csv")])


def _split(values: list[str]) -> list[str]:
    """The texts in the values of a parameter, each once."""
    texts = (text for value in values for text in _BETWEEN.split(value) if text)
    return list(dict.fromkeys(texts))[:MOST_READ]


def _shown(text: str) -> str:
    return text.replace("\0", "")[:LONGEST_SHOWN]


def _organization(plan: HealthPlan) -> str:
    """The company of a contractor, whose contracts can be joined; "" for any other plan."""
    return plan.organization if plan.kind == HealthPlan.Kind.MEDICARE_CONTRACTOR else ""


def _address(name: str, pairs: list[tuple[str, str]]) -> str:
    return f"{reverse(name)}?{urlencode(pairs, safe=':')}" if pairs else reverse(name)
