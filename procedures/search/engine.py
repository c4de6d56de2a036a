"""The statements that both engines share."""

from django.db import connection

from procedures.models import MedicalCode
from procedures.search.entry_ids import HEADER, NO_GUIDE, NO_POLICY, RANK_BITS, RANK_SHIFT, RETIRED, SYSTEM_SHIFT
from procedures.search.plan import Hits, Plan

FLAG_BITS = RETIRED | NO_GUIDE | HEADER | NO_POLICY

_SYSTEM = f"id >> {SYSTEM_SHIFT}"
_RANK = f"(id >> {RANK_SHIFT}) & {RANK_BITS}"
_FLAGS = f"(id >> {RANK_SHIFT}) & {FLAG_BITS}"

# The tiers of a word plan: what holds the query's words comes in this order.
EXACT_NAME, WHOLE_PHRASE, TYPED, NAMED, ANYWHERE, PHRASE = range(6)

# Hits come in order of score, place and id. In a code plan the score tells the exact code from a longer one and then
# the code system, and the place is the code; in a word plan the score is the tier and the place is the static rank.
_FIND = f"""
WITH {{parts}}hits AS MATERIALIZED ({{hits}})
SELECT 0 AS part, score, place, id, 0 AS flags, 0 AS hits FROM
  (SELECT score, place, id FROM hits ORDER BY score, place, id LIMIT %s OFFSET %s) AS page
UNION ALL
SELECT 1, 0, NULL, {_SYSTEM}, {_FLAGS}, count(*) FROM hits GROUP BY {_SYSTEM}, {_FLAGS}
ORDER BY part, score, place, id
"""


class Engine:
    """A full-text index beside SearchEntry. Subclasses write what differs between the databases.

    Both engines give the same answer to the same plan. Nothing that a visitor typed is ever a part of a statement.
    """

    # How codes are sorted: by their bytes.
    code_order = "normalized"

    def find(self, plan: Plan) -> Hits:
        """One page of hits in order, and the groups of all candidates."""
        ranges = id_ranges(plan)
        if not ranges:
            return Hits()
        if plan.code or not plan.terms:
            arms, parameters = [], []
            make = self._code_arm if plan.code else self._plain_arm
            for first, last in ranges:
                arm, values = make(plan, first, last)
                arms.append(f"SELECT * FROM ({arm}) AS arm")
                parameters += values
            return self._run("", " UNION ALL ".join(arms), parameters, plan)
        if len(ranges) > 1 and plan.rarest <= plan.cap and not plan.phrases and ranges == list(plan.ranges):
            # So few entries are best looked for in all systems at once.
            hits = self._find_words(plan, [(ranges[0][0], ranges[-1][1])])
            systems = {first >> SYSTEM_SHIFT for first, _ in ranges}
            if sum(hits.groups.values()) <= plan.cap and systems.issuperset(position for position, _ in hits.groups):
                return hits
        return self._find_words(plan, ranges)

    def _find_words(self, plan: Plan, ranges: list[tuple[int, int]]) -> Hits:
        parts, arms, values_of_parts, values_of_arms = [], [], [], []
        tiers = [(TYPED, plan.as_typed())] if plan.has_forms else []
        tiers += [(NAMED, plan), (ANYWHERE, plan)]
        for number, (first, last) in enumerate(ranges):
            # Each tier holds those before it; it is looked for only where they left room under the cap.
            room = ""
            for tier, asked in tiers:
                source, values = self._holding_terms(asked, first, last, only_named=tier != ANYWHERE)
                name = f"found{tier}_{number}"
                first_of_them, values = self._first(source + room, values, plan)
                parts.append(f"{name} AS MATERIALIZED ({first_of_them})")
                values_of_parts += values
                arms.append(f"SELECT id, {tier} AS score FROM {name}")
                room = f" AND (SELECT count(*) FROM {name}) <= {plan.cap}"
            if plan.key:
                named = "SELECT entry_id AS id FROM procedures_searchname WHERE key = %s"
                within = f"id BETWEEN %s AND %s{narrow_by_bits(plan)}"
                arms.append(f"SELECT id, {EXACT_NAME} AS score FROM ({named}) AS named WHERE {within}")
                values_of_arms += [plan.key, first, last]
            if plan.phrases:
                found, values = self._first(*self._meant(plan, first, last), plan)
                tier = WHOLE_PHRASE if plan.is_one_phrase else PHRASE
                arms.append(f"SELECT id, {tier} AS score FROM ({found}) AS meant")
                values_of_arms += values
        hits = f"SELECT id, min(score) AS score, {_RANK} AS place FROM ({' UNION ALL '.join(arms)}) AS arms GROUP BY id"
        return self._run(", ".join(parts) + ", ", hits, [*values_of_parts, *values_of_arms], plan)

    def _run(self, parts: str, hits: str, parameters: list, plan: Plan) -> Hits:
        found = Hits()
        with connection.cursor() as cursor:
            cursor.execute(_FIND.format(parts=parts, hits=hits), [*parameters, plan.limit, plan.offset])
            for part, score, _place, entry_id, flags, count in cursor.fetchall():
                if part == 0:
                    found.page.append((entry_id, score))
                else:
                    found.groups[entry_id, flags] = count
        return found

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

    def _plain_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        where = f"procedures_searchentry WHERE id BETWEEN %s AND %s{narrow_by_bits(plan)}"
        return f"SELECT id, 0 AS score, {_RANK} AS place FROM {where} ORDER BY id LIMIT {plan.cap + 1}", [first, last]

    def _plain_source(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        return f"SELECT id FROM procedures_searchentry WHERE id BETWEEN %s AND %s{narrow_by_bits(plan)}", [first, last]

    def _code_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        where, values = self._code_where(plan, first, last)
        return (
            f"SELECT id, CASE WHEN normalized = %s THEN 0 ELSE 256 END + ({_SYSTEM}) AS score, "
            f"{self.code_order} AS place FROM {where} ORDER BY {self.code_order} LIMIT {plan.cap + 1}"
        ), [plan.code, *values]

    def _code_source(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        where, values = self._code_where(plan, first, last)
        return f"SELECT id FROM {where}", values

    def _code_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The table and the condition of the entries whose code begins with the plan's, and the parameters."""
        # Retired codes and codes with a guide are short ranges of ids; all others are found faster by their code.
        by_code = plan.status != {MedicalCode.Status.RETIRED} and not plan.has_guide
        within, values = self._code_condition(plan.code, first, last, by_code=by_code)
        return f"procedures_searchentry WHERE {within}{narrow_by_bits(plan)}", values

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
        """The first ids of a source in static order, one more than the plan's cap, and the parameters.

        `source` selects from an index with a condition at its end, so that more can be added.
        """
        raise NotImplementedError

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
