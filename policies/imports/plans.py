"""Finds the health plans that a source names among those held, and makes the ones that are not."""

from collections.abc import Iterable
from itertools import count

from django.utils.text import slugify

from policies.imports.records import PlanRecord, ReadPolicies
from policies.models import HealthPlan

LONGEST_NAME = HealthPlan._meta.get_field("name").max_length
LONGEST_SLUG = HealthPlan._meta.get_field("slug").max_length

# What a source may fill where nothing is held.
FILLED = ("kind", "organization", "contractor_number", "region", "website", "source_key")


class PlanBook:
    """The health plans of a source by its keys; `save` writes what is new or was filled.

    A plan is found by its key in the source, its contractor number, the slug of its name, or its name. What is held of
    it stays as it is: only what is empty is filled, with `fill`.
    """

    def __init__(self, read: ReadPolicies, *, fill: bool):
        self.read, self.fill = read, fill
        self.by_key: dict[str, HealthPlan] = {}
        self.added: list[HealthPlan] = []
        self.filled: dict[int, HealthPlan] = {}
        self._by_source_key: dict[str, HealthPlan] = {}
        self._by_number: dict[str, HealthPlan] = {}
        self._by_slug: dict[str, HealthPlan] = {}
        self._by_name: dict[str, HealthPlan] = {}
        for plan in HealthPlan.objects.order_by("pk"):
            self._remember(plan)

    def __getitem__(self, key: str) -> HealthPlan:
        return self.by_key[key]

    def take_in(self, keys: Iterable[str]) -> None:
        """Finds or makes the plans with these keys, whose records have passed check_plan."""
        for key in sorted(keys):
            record = self.read.plans[key]
            plan = self._find(record) or self._make(record)
            self.by_key[key] = plan
            if plan.name != record.name and plan.pk:
                self.read.report.note(self.read.source_name, None, f"{plan.name} is called {record.name} there.")
            if self.fill:
                self._fill(plan, record)

    def slug_of(self, key: str) -> str:
        """The slug of a plan that is held or was taken in; "" for another one."""
        record = self.read.plans.get(key)
        plan = self.by_key.get(key) or (self._find(record) if record else None)
        return plan.slug if plan else ""

    def ids_by_slug(self) -> dict[str, int]:
        """After `save`: the primary keys of all plans."""
        return {slug: plan.pk for slug, plan in self._by_slug.items()}

    def save(self) -> bool:
        """Writes the new plans and the filled fields; whether there were any."""
        HealthPlan.objects.bulk_create(self.added)
        HealthPlan.objects.bulk_update(self.filled.values(), FILLED, batch_size=100)
        return bool(self.added or self.filled)

    def _find(self, record: PlanRecord) -> HealthPlan | None:
        found = self._by_source_key.get(record.source_key) or self._by_number.get(record.contractor_number)
        if found:
            return found
        for plan in (self._by_slug.get(_slug(record.name)), self._by_name.get(record.name)):
            # Two contracts of one company are two plans, however their names resemble.
            if plan and not _differ(plan, record):
                return plan
        return None

    def _make(self, record: PlanRecord) -> HealthPlan:
        name = self._free_name(record)
        plan = HealthPlan(name=name, slug=self._free_slug(name), **{field: getattr(record, field) for field in FILLED})
        self.added.append(plan)
        self._remember(plan)
        return plan

    def _fill(self, plan: HealthPlan, record: PlanRecord) -> None:
        for field in FILLED:
            value = getattr(record, field)
            if getattr(plan, field) or not value or (field == "contractor_number" and value in self._by_number):
                continue
            setattr(plan, field, value)
            if plan.pk:
                self.filled[plan.pk] = plan
        self._remember(plan)

    def _remember(self, plan: HealthPlan) -> None:
        self._by_slug[plan.slug] = self._by_name[plan.name] = plan
        if plan.source_key:
            self._by_source_key[plan.source_key] = plan
        if plan.contractor_number:
            self._by_number[plan.contractor_number] = plan

    def _free_name(self, record: PlanRecord) -> str:
        name, spellings = record.name, count(2)
        if name in self._by_name:
            ending = f" ({record.contractor_number or record.source_key})"
            name = record.name[: LONGEST_NAME - len(ending)] + ending
        while name in self._by_name:
            ending = f" ({next(spellings)})"
            name = record.name[: LONGEST_NAME - len(ending)] + ending
        return name

    def _free_slug(self, name: str) -> str:
        slug = wanted = _slug(name) or "plan"
        spellings = count(2)
        while slug in self._by_slug:
            slug = f"{wanted[: LONGEST_SLUG - 6]}-{next(spellings)}"
        return slug


def _slug(name: str) -> str:
    return slugify(name)[:LONGEST_SLUG].strip("-_")


def _differ(plan: HealthPlan, record: PlanRecord) -> bool:
    """Whether their numbers or keys say that these are two plans."""
    pairs = ((plan.contractor_number, record.contractor_number), (plan.source_key, record.source_key))
    return any(held and named and held != named for held, named in pairs)
