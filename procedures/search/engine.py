"""The statements that both engines share."""

from collections import Counter

from django.db import connection

from procedures.models import MedicalCode
from procedures.search.entry_ids import (
    CODE_MASK,
    HEADER,
    NO_GUIDE,
    NO_POLICY,
    RANK_BITS,
    RANK_SHIFT,
    RETIRED,
    SYSTEM_SHIFT,
)
from procedures.search.plan import Hits, Plan

FLAG_BITS = RETIRED | NO_GUIDE | HEADER | NO_POLICY

# The tiers of a word plan: what holds the query's words comes in this order.
EXACT_NAME, WHOLE_PHRASE, TYPED, NAMED, ANYWHERE, PHRASE = range(6)
# Those of a code plan.
EXACT_CODE, LONGER_CODE = range(2)


class Engine:
    """A full-text index beside SearchEntry. Subclasses write what differs between the databases.

    Both engines give the same answer to the same plan. Nothing that a visitor typed is ever a part of a statement.
    A source is a SELECT of ids, as text with its parameters.
    """

    # How codes are sorted: by their bytes.
    code_order = "normalized"

    def find(self, plan: Plan) -> Hits:
        """One page of hits in order, and the groups of all candidates."""
        ranges = id_ranges(plan)
        if not ranges:
            return Hits()
        if plan.code:
            sources = [self._exact_code(plan, ranges), *(self._longer_codes(plan, *each) for each in ranges)]
            exact, *longer = self._read(sources)
            return _gather([(EXACT_CODE, sorted(exact)), (LONGER_CODE, [each for ids in longer for each in ids])], plan)
        if not plan.terms:
            found = self._read([self._all_entries(plan, *each) for each in ranges])
            return _gather([(0, in_order([each for ids in found for each in ids]))], plan)
        if len(ranges) > 1 and plan.rarest <= plan.cap and not plan.phrases and ranges == list(plan.ranges):
            # So few entries are best looked for in all systems at once.
            hits = self._find_words(plan, [(ranges[0][0], ranges[-1][1])])
            systems = {first >> SYSTEM_SHIFT for first, _ in ranges}
            if sum(hits.groups.values()) <= plan.cap and systems.issuperset(position for position, _ in hits.groups):
                return hits
        return self._find_words(plan, ranges)

    def _find_words(self, plan: Plan, ranges: list[tuple[int, int]]) -> Hits:
        tiers: dict[int, list[int]] = {}
        asked = [(TYPED, plan.as_typed())] if plan.has_forms else []
        asked += [(NAMED, plan), (ANYWHERE, plan)]
        for tier, ids in self._read_tiers(asked, ranges):
            tiers.setdefault(tier, []).extend(ids)
        sources, names = [], []
        if plan.key:
            sources.append(self._exact_name(plan, ranges))
            names.append(EXACT_NAME)
        if plan.phrases:
            sources += [self._first(*self._meant(plan, *each), plan) for each in ranges]
            names += [WHOLE_PHRASE if plan.is_one_phrase else PHRASE] * len(ranges)
        for tier, ids in zip(names, self._read(sources), strict=True):
            tiers.setdefault(tier, []).extend(ids)
        return _gather([(tier, in_order(tiers[tier])) for tier in sorted(tiers)], plan)

    def count(self, plans: list[Plan]) -> list[int]:
        """How many entries each plan finds, counted in each of its ranges of ids up to the cap plus one."""
        if not plans:
            return []
        if plans[0].terms:
            make = self._holding
        elif plans[0].code:
            make = self._code_source
        else:
            make = self._plain_source
        counts, parameters = [], []
        for plan in plans:
            parts = []
            for first, last in id_ranges(plan):
                source, values = make(plan, first, last)
                parts.append(f"(SELECT count(*) FROM ({source} LIMIT {plan.cap + 1}) AS hits)")
                parameters += values
            counts.append(" + ".join(parts))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(counts)}", parameters)
            return list(cursor.fetchone())

    def _all_entries(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        source, values = self._plain_source(plan, first, last)
        return f"{source} ORDER BY id LIMIT {plan.cap + 1}", values

    def _plain_source(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        return f"SELECT id FROM procedures_searchentry WHERE id BETWEEN %s AND %s{narrow_by_bits(plan)}", [first, last]

    def _exact_code(self, plan: Plan, ranges: list[tuple[int, int]]) -> tuple[str, list]:
        within = " OR ".join(["id BETWEEN %s AND %s"] * len(ranges))
        source = f"SELECT id FROM procedures_searchentry WHERE normalized = %s AND ({within}){narrow_by_bits(plan)}"
        return source, [plan.code, *(end for each in ranges for end in each)]

    def _exact_name(self, plan: Plan, ranges: list[tuple[int, int]]) -> tuple[str, list]:
        within = " OR ".join(["id BETWEEN %s AND %s"] * len(ranges))
        named = "SELECT entry_id AS id FROM procedures_searchname WHERE key = %s"
        source = f"SELECT id FROM ({named}) AS named WHERE ({within}){narrow_by_bits(plan)}"
        return source, [plan.key, *(end for each in ranges for end in each)]

    def _longer_codes(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        source, values = self._code_source(plan, first, last)
        return f"{source} ORDER BY {self.code_order} LIMIT {plan.cap + 1}", values

    def _code_source(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        where, values = self._code_where(plan, first, last)
        return f"SELECT id FROM {where}", values

    def _code_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The table and the condition of the entries whose code begins with the plan's, and the parameters."""
        # Retired codes and codes with a guide are short ranges of ids; all others are found faster by their code.
        by_code = plan.status != {MedicalCode.Status.RETIRED} and not plan.has_guide
        within, values = self._code_condition(plan.code, first, last, by_code=by_code)
        return f"procedures_searchentry WHERE {within}{narrow_by_bits(plan)}", values

    def _read(self, sources: list[tuple[str, list]]) -> list[list[int]]:
        """The ids of each source, in its order."""
        raise NotImplementedError

    def _read_tiers(self, asked: list[tuple[int, Plan]], ranges: list[tuple[int, int]]) -> list[tuple[int, list[int]]]:
        """The first ids of each tier in each range, one more than the cap.

        Each tier holds those before it; it is looked for only where they left room under the cap.
        """
        raise NotImplementedError

    def begins_with(self, column: str, text: str) -> tuple[str, list]:
        """The condition that an indexed text begins with `text`, compared by its bytes, and the parameters."""
        raise NotImplementedError

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        """The condition that a normalized code begins with `code` and its id lies in a range, and the parameters.

        `by_code` says which of the two is to be looked up, where the planner needs to be told.
        """
        raise NotImplementedError

    def _holding_terms(self, plan: Plan, first: int, last: int, *, only_named: bool) -> tuple[str, list]:
        """Selects the ids of the entries that hold all terms of a plan in a range, and the parameters.

        `only_named` asks for descriptions and names alone. The text ends in a condition, so that more can be added.
        """
        raise NotImplementedError

    def _meant(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """Selects the ids of the entries that hold what the plan's phrases mean, and the parameters."""
        raise NotImplementedError

    def _holding(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """Selects the ids of all entries that a word plan finds in a range, and the parameters."""
        raise NotImplementedError

    def _first(self, source: str, values: list, plan: Plan) -> tuple[str, list]:
        """The source of the first ids of a source in static order, one more than the plan's cap.

        `source` has a condition at its end, so that more can be added.
        """
        raise NotImplementedError

    def remove_entries(self, code_ids: list[int]) -> None:
        """Deletes the entries of these codes, and by that takes them from the index; at most 2,000."""
        entries = f"procedures_searchentry WHERE code_id IN ({', '.join(['%s'] * len(code_ids))})"
        with connection.cursor() as cursor:
            # Written out: the ORM would read all of their texts first.
            cursor.execute(f"DELETE FROM procedures_searchname WHERE entry_id IN (SELECT id FROM {entries})", code_ids)
            cursor.execute(f"DELETE FROM {entries}", code_ids)

    def clear(self) -> None:
        """Empties the index, SearchEntry and the exact names."""
        raise NotImplementedError

    def load(self, columns: tuple[str, ...], rows: list[tuple]) -> None:
        """Adds rows to SearchEntry after `clear`; they are there, and found, after `index_all`."""
        raise NotImplementedError

    def index_all(self) -> None:
        """Indexes every SearchEntry, after `clear` and `load`."""
        raise NotImplementedError

    def insert(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
        """Adds rows to a table of the search, the fastest way that the database has."""
        raise NotImplementedError

    def add_entries(self, ids: list[int]) -> None:
        """Indexes these new entries. Entries that are deleted leave the index by themselves."""
        raise NotImplementedError


def _gather(tiers: list[tuple[int, list[int]]], plan: Plan) -> Hits:
    """The page of a plan and the groups of all hits, from tiers in order whose ids are in order."""
    found: set[int] = set()
    page: list[tuple[int, int]] = []
    end = plan.offset + plan.limit
    for tier, ids in tiers:
        new = [each for each in ids if each not in found] if found else ids
        if len(page) < end:
            page += [(each, tier) for each in new[: end - len(page)]]
        found.update(new)
    hits = Hits(page[plan.offset :])
    for rank, count in Counter([each >> RANK_SHIFT for each in found]).items():
        group = rank >> (SYSTEM_SHIFT - RANK_SHIFT), rank & FLAG_BITS
        hits.groups[group] = hits.groups.get(group, 0) + count
    return hits


def in_order(ids: list[int]) -> list[int]:
    """Ids in the order of their static rank, then of the code systems, then as the codes came."""
    turned = sorted(
        [(each >> RANK_SHIFT & RANK_BITS) << 44 | each >> SYSTEM_SHIFT << 36 | each & CODE_MASK for each in ids]
    )
    return [(each >> 36 & 255) << SYSTEM_SHIFT | each >> 44 << RANK_SHIFT | each & CODE_MASK for each in turned]


def id_ranges(plan: Plan) -> list[tuple[int, int]]:
    """The ranges of ids that a plan looks in: its code systems, narrowed by what the top of the static rank tells.

    Retired entries, and within both halves those without a guide, are ranges of ids by themselves.
    """
    retired = RETIRED << RANK_SHIFT
    no_guide = NO_GUIDE << RANK_SHIFT
    ranges = []
    for first, last in plan.ranges:
        if not plan.status and plan.has_guide is None:
            ranges.append((first, last))
            continue
        halves = []
        if not plan.status or plan.status - {MedicalCode.Status.RETIRED}:
            halves.append(first)
        if not plan.status or MedicalCode.Status.RETIRED in plan.status:
            halves.append(first | retired)
        for start in halves:
            middle, end = start + no_guide, start + retired
            ranges.append((middle if plan.has_guide is False else start, (middle if plan.has_guide else end) - 1))
    return ranges


def narrow_by_bits(plan: Plan) -> str:
    """The filters of a plan that are no ranges, as conditions on the flag bits of an entry's id.

    They are written as those of the partial indexes of PostgreSQL. Headings are never retired.
    """
    status = MedicalCode.Status
    conditions = []
    if plan.status == {status.HEADER}:
        conditions.append(f"((id >> {RANK_SHIFT}) & {HEADER}) = {HEADER}")
    elif plan.status == {status.HEADER, status.RETIRED}:
        conditions.append(f"((id >> {RANK_SHIFT}) & {RETIRED | HEADER}) IN ({RETIRED}, {HEADER})")
    elif status.ACTIVE in plan.status and status.HEADER not in plan.status:
        conditions.append(f"((id >> {RANK_SHIFT}) & {HEADER}) = 0")
    if plan.has_policy is not None:
        conditions.append(f"((id >> {RANK_SHIFT}) & {NO_POLICY}) = {0 if plan.has_policy else NO_POLICY}")
    return "".join(f" AND {condition}" for condition in conditions)


def read_codes(pks: list[int]) -> list[tuple]:
    """(pk, code, title, slug, kind, terminated as YYYY-MM-DD, missing_from_id) of these codes, in no order.

    Written out, because building the query took the ORM longer than running it.
    """
    if not pks:
        return []
    statement = (
        "SELECT id, code, title, slug, kind, CAST(terminated AS text), missing_from_id FROM procedures_medicalcode "
        f"WHERE id IN ({', '.join(['%s'] * len(pks))})"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, pks)
        return cursor.fetchall()


def read_content_version() -> int:
    """The number of ContentVersion, which every public page reads first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM procedures_contentversion WHERE id = 1")
        return cursor.fetchone()[0]
