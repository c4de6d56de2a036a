"""The statements that both engines share."""

from django.db import connection

from procedures.models import MedicalCode
from procedures.search.entry_ids import HEADER, NO_GUIDE, NO_POLICY, RANK_BITS, RANK_SHIFT, RETIRED, SYSTEM_SHIFT
from procedures.search.plan import CAP, Hits, Plan

FLAG_BITS = RETIRED | NO_GUIDE | HEADER | NO_POLICY

_SYSTEM = f"id >> {SYSTEM_SHIFT}"
_RANK = f"(id >> {RANK_SHIFT}) & {RANK_BITS}"
_FLAGS = f"(id >> {RANK_SHIFT}) & {FLAG_BITS}"

# Hits come in order of score, place and id. In a code plan the score tells the exact code from a longer one and then
# the code system, and the place is the code; in a word plan the score is the tier and the place is the static rank.
_FIND = f"""
WITH hits AS MATERIALIZED ({{arms}})
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
        hits = Hits()
        if not plan.ranges:
            return hits
        make = self._code_arm if plan.code else self._word_arm if plan.words else self._plain_arm
        arms, parameters = [], []
        for first, last in id_ranges(plan):
            arm, values = make(plan, first, last)
            arms.append(f"SELECT * FROM ({arm}) AS arm")
            parameters += values
        statement = _FIND.format(arms=" UNION ALL ".join(arms))
        with connection.cursor() as cursor:
            cursor.execute(statement, [*parameters, plan.limit, plan.offset])
            for part, _score, _place, entry_id, flags, count in cursor.fetchall():
                if part == 0:
                    hits.page.append(entry_id)
                else:
                    hits.groups[entry_id, flags] = count
        return hits

    def count(self, plans: list[Plan]) -> list[int]:
        """How many entries each plan finds, counted in each of its ranges of ids up to the cap plus one."""
        if not plans:
            return []
        where = self._words_where if plans[0].words else self._code_where if plans[0].code else self._plain_where
        counts, parameters = [], []
        for plan in plans:
            parts = []
            for first, last in id_ranges(plan):
                source, values = where(plan, first, last)
                parts.append(f"(SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {CAP + 1}) AS hits)")
                parameters += values
            counts.append(" + ".join(parts))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(counts)}", parameters)
            return list(cursor.fetchone())

    def _plain_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        source, values = self._plain_where(plan, first, last)
        return f"SELECT id, 0 AS score, {_RANK} AS place FROM {source} ORDER BY id LIMIT {CAP + 1}", values

    def _code_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        source, values = self._code_where(plan, first, last)
        return (
            f"SELECT id, CASE WHEN normalized = %s THEN 0 ELSE 256 END + ({_SYSTEM}) AS score, "
            f"{self.code_order} AS place FROM {source} ORDER BY {self.code_order} LIMIT {CAP + 1}"
        ), [plan.code, *values]

    def _plain_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The table and the condition of the entries of a plan without words, and the parameters."""
        return f"procedures_searchentry WHERE id BETWEEN %s AND %s{narrow_by_bits(plan)}", [first, last]

    def _code_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The table and the condition of the entries whose code begins with the plan's, and the parameters."""
        # Retired codes and codes with a guide are short ranges of ids; all others are found faster by their code.
        by_code = plan.status != {MedicalCode.Status.RETIRED} and not plan.has_guide
        within, values = self._code_condition(plan.code, first, last, by_code=by_code)
        return f"procedures_searchentry WHERE {within}{narrow_by_bits(plan)}", values

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        """The condition that a normalized code begins with `code` and its id lies in a range, and the parameters.

        `by_code` says which of the two is to be looked up, where the planner needs to be told.
        """
        raise NotImplementedError

    def _word_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The first entries in static order that hold the words anywhere; tier 0 where title or names hold them all."""
        raise NotImplementedError

    def _words_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        """The table and the condition of the entries that hold the plan's words, and the parameters."""
        raise NotImplementedError

    def clear(self) -> None:
        """Empties the index and SearchEntry."""
        raise NotImplementedError

    def index_all(self) -> None:
        """Indexes every SearchEntry, after `clear` and a bulk load."""
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

    Written out, as in `read_frequencies`, because building the query took the ORM longer than running it.
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


def read_frequencies(words: tuple[str, ...]) -> dict[str, int]:
    """How many entries held each word when the whole index was last made; unknown words are missing."""
    if not words:
        return {}
    statement = f"SELECT text, frequency FROM procedures_word WHERE text IN ({', '.join(['%s'] * len(words))})"
    with connection.cursor() as cursor:
        cursor.execute(statement, words)
        return dict(cursor.fetchall())


def read_content_version() -> int:
    """The number of ContentVersion, which every public page reads first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM procedures_contentversion WHERE id = 1")
        return cursor.fetchone()[0]
