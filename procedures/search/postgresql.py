"""Search on PostgreSQL: a generated tsvector column of SearchEntry with a GIN index (migration 0003).

The words come ready cut (procedures.search.text) and never pass PostgreSQL's parser, neither those of the texts nor
those of a query. Words of the title and the names are there a second time, behind `^`. Code systems, groups of
codes and filters are marks among the words (entry_ids.py), so that the index alone finds what is asked.
"""

from collections.abc import Sequence

from django.db import connection

from procedures.search.engine import ANYWHERE, HEADED, TYPED, Engine, Part, Source
from procedures.search.entry_ids import filter_marks, group_mark, group_range
from procedures.search.plan import Meaning, Plan, Term

EVERYWHERE = ""
TITLE_OR_NAMES = "^"

COLUMNS = ("id", "code_id", "normalized", "flags", "title", "short", "names", "guide", "stale_on")

INDEXES = ["procedures_searchentry_document"]


class PostgreSQLEngine(Engine):
    code_order = 'normalized COLLATE "C"'

    def _read(self, sources: list[Source]) -> list[list[int]]:
        if not sources:
            return []
        arrays = ", ".join(f"ARRAY({source})" for source, _ in sources)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {arrays}", [value for _, values in sources for value in values])
            return list(cursor.fetchone())

    def begins_with(self, column: str, text: str) -> tuple[str, list]:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{column} LIKE %s", [escaped + "%"]

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        return "normalized LIKE %s AND id BETWEEN %s AND %s", [code + "%", first, last]

    def _holding_terms(self, plan: Plan, part: Part, tier: int, last: int = 0) -> Source:
        asked = plan.as_typed() if tier == TYPED else plan
        query = _all(asked.terms, EVERYWHERE if tier == ANYWHERE else TITLE_OR_NAMES)
        if tier == HEADED:
            query += f" & ({' | '.join(map(_quote, plan.heads))})"
        return _matching(query, plan, part, last)

    def _meant(self, plan: Plan, part: Part) -> Source:
        return _matching(meanings_query(plan, part[0]), plan, part)

    def _holding(self, plan: Plan, part: Part) -> Source:
        meant = meanings_query(plan, part[0])
        query = _all(plan.terms, EVERYWHERE)
        return _matching(f"({query}) | ({meant})" if meant else query, plan, part)

    def _first(self, source: str, values: list, plan: Plan) -> Source:
        # `id + 0` makes PostgreSQL take the GIN index and sort what that finds, and not read the primary key.
        return f"{source} ORDER BY id + 0 LIMIT {plan.cap + 1}", values

    def _any(self, source: str, values: list, plan: Plan) -> Source:
        # Asked for one row, PostgreSQL would read the table in the hope to meet it soon.
        first_ones = f"WITH first_ones AS MATERIALIZED ({source} LIMIT {plan.cap + 1})"
        return f"{first_ones} SELECT id FROM first_ones LIMIT 1", values

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procedures_searchname")
            cursor.execute("DELETE FROM procedures_searchentry")
            cursor.execute("DROP TABLE IF EXISTS procedures_searchentry_loaded")
            cursor.execute(
                "CREATE TEMPORARY TABLE procedures_searchentry_loaded ON COMMIT DROP AS "
                f"SELECT {', '.join(COLUMNS)} FROM procedures_searchentry WITH NO DATA"
            )

    def load(self, columns: tuple[str, ...], rows: list[tuple]) -> None:
        self.insert("procedures_searchentry_loaded", columns, rows)

    def index_all(self) -> None:
        """Moves what was loaded to its place, in the order of the ids: the best entries lie near each other."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO procedures_searchentry ({', '.join(COLUMNS)}) "
                f"SELECT {', '.join(COLUMNS)} FROM procedures_searchentry_loaded ORDER BY id"
            )
            cursor.execute("DROP TABLE procedures_searchentry_loaded")
        self._finish_indexes()

    def _finish_indexes(self) -> None:
        """The column is generated with the row; what the GIN index has put off is done, so that no search has to."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(['gin_clean_pending_list(%s)'] * len(INDEXES))}", INDEXES)

    def insert(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        # A copy does not pass Django's cursor, which would name its errors.
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def add_entries(self, ids: list[int]) -> None:
        self._finish_indexes()


def _matching(query: str, plan: Plan, part: Part, last: int = 0) -> Source:
    if not query:
        return "SELECT id FROM procedures_searchentry WHERE id IS NULL", []
    position, first_group, last_group = part
    marks = filter_marks(plan.has_guide, plan.has_policy)
    query = " & ".join([f"({query})", *map(_quote, marks)])
    if last:
        # `id + 0` keeps PostgreSQL from reading the whole table by its primary key.
        ends = [group_range(position)[0], group_range(last)[1]]
        return "SELECT id FROM procedures_searchentry WHERE document @@ %s::tsquery AND id + 0 BETWEEN %s AND %s", [
            query,
            *ends,
        ]
    groups = [_quote(group_mark(position, group)) for group in range(first_group, last_group + 1)]
    return "SELECT id FROM procedures_searchentry WHERE document @@ %s::tsquery", [f"{query} & ({' | '.join(groups)})"]


def meanings_query(plan: Plan, position: int) -> str:
    """What the everyday phrases of a plan mean, beside its other terms, as the text of a tsquery; "" for nothing.

    Codes are meant within their own system alone, which is at `position`.
    """
    parts, at = [], 0
    for phrase in plan.phrases:
        parts += [_term(term, EVERYWHERE) for term in plan.terms[at : phrase.start]]
        choices = [each for meaning in phrase.meanings if (each := _meaning(meaning, position))]
        if not plan.is_one_phrase:
            choices.append(f"({_all(plan.terms[phrase.start : phrase.stop], EVERYWHERE)})")
        if not choices:
            return ""
        parts.append(f"({' | '.join(choices)})")
        at = phrase.stop
    parts += [_term(term, EVERYWHERE) for term in plan.terms[at:]]
    return " & ".join(parts)


def _meaning(meaning: Meaning, position: int) -> str:
    if meaning.code:
        return _quote(f"={meaning.code.lower()}") + ":*" if meaning.position == position else ""
    return f"({_all(meaning.terms, TITLE_OR_NAMES)})"


def _all(terms: Sequence[Term], place: str) -> str:
    """Terms as the text of a tsquery. `place` is the mark of the words of some columns, or "" for those of all."""
    return " & ".join(_term(term, place) for term in terms)


def _term(term: Term, place: str) -> str:
    """Every word is quoted, so that none can be an operator."""
    choices = [_quote(place + text) for text in (*term.typed, *term.forms)]
    if term.beginning:
        choices.append(_quote(place + term.beginning) + ":*")
    return choices[0] if len(choices) == 1 else f"({' | '.join(choices)})"


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
