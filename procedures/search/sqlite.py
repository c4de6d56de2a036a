"""Search on SQLite: an FTS5 table whose content is SearchEntry (migration 0003).

`detail=column` keeps the index small and fast; it has no phrases, which no plan needs. A row that leaves SearchEntry
leaves the index by a trigger; rows that come are added here, because a trigger for each row made a bulk load ten
times as slow. bm25() is not used: it read the size of every candidate's document, which cost ten times the search
itself, and ranked no better than the static order (docs/search.md).
"""

from django.db import connection

from procedures.models import MedicalCode
from procedures.search.engine import Engine
from procedures.search.entry_ids import RANK_BITS, RANK_SHIFT
from procedures.search.plan import CAP, Plan

COLUMNS = "flags, title, short, names, guide"
ANYWHERE = "title short names guide"
TITLE_OR_NAMES = "title names"

_SOURCE = "procedures_searchindex WHERE procedures_searchindex MATCH %s AND rowid BETWEEN %s AND %s"

LEAVES_TRIGGER = f"""
CREATE TRIGGER procedures_searchentry_leaves AFTER DELETE ON procedures_searchentry BEGIN
  INSERT INTO procedures_searchindex (procedures_searchindex, rowid, {COLUMNS})
  VALUES ('delete', old.id, old.flags, old.title, old.short, old.names, old.guide);
END
"""


class SQLiteEngine(Engine):
    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        # A unary plus keeps the planner from an index. Codes are capital letters and digits: the tilde sorts last.
        normalized, entry = ("normalized", "+id") if by_code else ("+normalized", "id")
        return (
            f"{normalized} >= %s AND {normalized} < %s AND {entry} BETWEEN %s AND %s",
            [code, code + "~", first, last],
        )

    def _word_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        found = f"SELECT rowid AS id FROM {_SOURCE} ORDER BY rowid LIMIT {CAP + 1}"
        return (
            f"SELECT id, id NOT IN ({found}) AS score, (id >> {RANK_SHIFT}) & {RANK_BITS} AS place FROM ({found})"
        ), [match_expression(plan, TITLE_OR_NAMES), first, last, match_expression(plan, ANYWHERE), first, last]

    def _words_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        return _SOURCE, [match_expression(plan, ANYWHERE), first, last]

    def clear(self) -> None:
        with connection.cursor() as cursor:
            # Without its trigger the table is emptied at once, not row by row; `index_all` then empties the index.
            cursor.execute("DROP TRIGGER procedures_searchentry_leaves")
            cursor.execute("DELETE FROM procedures_searchname")
            cursor.execute("DELETE FROM procedures_searchentry")
            cursor.execute(LEAVES_TRIGGER)

    def index_all(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO procedures_searchindex (procedures_searchindex) VALUES ('rebuild')")

    def insert(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
        with connection.cursor() as cursor:
            places = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)

    def add_entries(self, ids: list[int]) -> None:
        with connection.cursor() as cursor:
            for start in range(0, len(ids), 500):
                batch = ids[start : start + 500]
                cursor.execute(
                    f"INSERT INTO procedures_searchindex (rowid, {COLUMNS}) "
                    f"SELECT id, {COLUMNS} FROM procedures_searchentry WHERE id IN ({', '.join(['%s'] * len(batch))})",
                    batch,
                )


def match_expression(plan: Plan, columns: str) -> str:
    """The plan's words and filters in FTS5's query language; every word is quoted, so none can be an operator."""
    quoted = ['"' + word.replace('"', '""') + '"' for word in plan.words]
    if plan.last_is_prefix:
        quoted[-1] += " *"
    expression = "{" + columns + "} : (" + " AND ".join(quoted) + ")"
    for group in _flag_groups(plan):
        expression += " AND flags : (" + " OR ".join(f'"{word}"' for word in group) + ")"
    return expression


def _flag_groups(plan: Plan) -> list[list[str]]:
    """The filters of a plan that are no ranges as words of the `flags` column: one word of each group must be there."""
    groups = []
    if plan.status and plan.status != {MedicalCode.Status.RETIRED}:
        groups.append([f"={status}" for status in sorted(plan.status)])
    if plan.has_policy is not None:
        groups.append(["=policy" if plan.has_policy else "=nopolicy"])
    return groups
