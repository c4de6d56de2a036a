"""Search on SQLite: an FTS5 table whose content is SearchEntry (migration 0003).

`detail=column` keeps the index small and fast; it has no phrases, which no plan needs. A row that leaves SearchEntry
leaves the index by a trigger; rows that come are added here, because a trigger for each row made a bulk load ten
times as slow. bm25() is not used: it read the size of every candidate's document, which cost ten times the search
itself, and ranked no better than the static order (docs/search.md).
"""

from collections.abc import Sequence

from django.db import connection

from procedures.search.engine import ANYWHERE, HEADED, TYPED, Engine, Part, Source
from procedures.search.entry_ids import IN_USE, filter_marks, group_range
from procedures.search.plan import Meaning, Plan, Term

COLUMNS = "flags, title, short, names, guide"
COLUMNS_WITH_WORDS = "title short names guide"
TITLE_OR_NAMES = "title names"

_SOURCE = (
    "SELECT rowid AS id FROM procedures_searchindex WHERE procedures_searchindex MATCH %s AND rowid BETWEEN %s AND %s"
)

LEAVES_TRIGGER = f"""
CREATE TRIGGER procedures_searchentry_leaves AFTER DELETE ON procedures_searchentry BEGIN
  INSERT INTO procedures_searchindex (procedures_searchindex, rowid, {COLUMNS})
  VALUES ('delete', old.id, old.flags, old.title, old.short, old.names, old.guide);
END
"""


class SQLiteEngine(Engine):
    def _read(self, sources: list[Source]) -> list[list[int]]:
        found = []
        with connection.cursor() as cursor:
            for source, values in sources:
                cursor.execute(source, values)
                found.append([row[0] for row in cursor.fetchall()])
        return found

    def begins_with(self, column: str, text: str) -> tuple[str, list]:
        # The last character that there is sorts behind every continuation.
        return f"{column} >= %s AND {column} < %s", [text, text + "\U0010ffff"]

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        # A unary plus keeps the planner from an index. Codes are capital letters and digits: the tilde sorts last.
        normalized, entry = ("normalized", "+id") if by_code else ("+normalized", "id")
        return (
            f"{normalized} >= %s AND {normalized} < %s AND {entry} BETWEEN %s AND %s",
            [code, code + "~", first, last],
        )

    def _holding_terms(self, plan: Plan, part: Part, tier: int, last: int = 0) -> Source:
        asked = plan.as_typed() if tier == TYPED else plan
        expression = _all(asked.terms, COLUMNS_WITH_WORDS if tier == ANYWHERE else TITLE_OR_NAMES)
        if tier == HEADED:
            expression += f" AND ({{title}} : ({' OR '.join(map(_quote, plan.heads))}))"
        return _matching(expression, plan, part, last)

    def _meant(self, plan: Plan, part: Part) -> Source:
        return _matching(meanings_expression(plan, part[0]), plan, part)

    def _holding(self, plan: Plan, part: Part) -> Source:
        meant = meanings_expression(plan, part[0])
        expression = _all(plan.terms, COLUMNS_WITH_WORDS) + (f" OR ({meant})" if meant else "")
        return _matching(expression, plan, part)

    def _first(self, source: str, values: list, plan: Plan) -> Source:
        return f"{source} ORDER BY rowid LIMIT {plan.cap + 1}", values

    def _any(self, source: str, values: list, plan: Plan) -> Source:
        return f"{source} LIMIT 1", values

    def clear(self) -> None:
        with connection.cursor() as cursor:
            # Without its trigger the table is emptied at once, not row by row; `index_all` then empties the index.
            cursor.execute("DROP TRIGGER procedures_searchentry_leaves")
            cursor.execute("DELETE FROM procedures_searchname")
            cursor.execute("DELETE FROM procedures_searchentry")
            cursor.execute(LEAVES_TRIGGER)

    def load(self, columns: tuple[str, ...], rows: list[tuple]) -> None:
        self.insert("procedures_searchentry", columns, rows)

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


def _matching(expression: str, plan: Plan, part: Part, last: int = 0) -> Source:
    if not expression:
        return "SELECT id FROM procedures_searchentry WHERE id IS NULL", []
    position, first_group, last_group = part
    first, end = group_range(position, first_group, last_group)[0], group_range(last or position, IN_USE, last_group)[1]
    return _SOURCE, [f"({expression})" + _flags(plan), first, end]


def meanings_expression(plan: Plan, position: int) -> str:
    """What the everyday phrases of a plan mean, beside its other terms, in FTS5's query language; "" for nothing.

    Codes are meant within their own system alone, which is at `position`.
    """
    parts, at = [], 0
    for phrase in plan.phrases:
        parts += [_all([term], COLUMNS_WITH_WORDS) for term in plan.terms[at : phrase.start]]
        choices = [each for meaning in phrase.meanings if (each := _meaning(meaning, position))]
        if not plan.is_one_phrase:
            choices.append(_all(plan.terms[phrase.start : phrase.stop], COLUMNS_WITH_WORDS))
        if not choices:
            return ""
        parts.append(f"({' OR '.join(choices)})")
        at = phrase.stop
    parts += [_all([term], COLUMNS_WITH_WORDS) for term in plan.terms[at:]]
    return " AND ".join(parts)


def _meaning(meaning: Meaning, position: int) -> str:
    if meaning.code:
        return f"({{title}} : {_quote('=' + meaning.code.lower())} *)" if meaning.position == position else ""
    return _all(meaning.terms, TITLE_OR_NAMES)


def _all(terms: Sequence[Term], columns: str) -> str:
    return f"({{{columns}}} : ({' AND '.join(map(_term, terms))}))"


def _term(term: Term) -> str:
    """Every word is quoted, so that none can be an operator."""
    choices = [_quote(text) for text in (*term.typed, *term.forms)]
    if term.beginning:
        choices.append(_quote(term.beginning) + " *")
    return choices[0] if len(choices) == 1 else f"({' OR '.join(choices)})"


def _quote(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _flags(plan: Plan) -> str:
    """The filters of a plan that are no parts, as marks that an entry has to have."""
    marks = filter_marks(plan.has_guide, plan.has_policy)
    return "".join(f' AND ({{title}} : "{mark}")' for mark in marks)
