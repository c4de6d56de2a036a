"""The statements that both engines share."""

from bisect import bisect_left
from collections import Counter

from django.db import connection

from procedures.search.entry_ids import (
    GROUP_OF_STATUS,
    GROUP_SHIFT,
    HEADING,
    IN_USE,
    NO_GUIDE_SHIFT,
    RANK_SHIFT,
    RETIRED,
    group_of,
    group_range,
    has_guide,
    has_policy,
    place_of,
    system_of,
)
from procedures.search.plan import Hits, Plan

# The tiers, in the order of the results: see docs/search.md.
EXACT_CODE, LONGER_CODE, EXACT_NAME, MEANT_CODE, MEANT_BEGINNING, MEANT_WORDS, HEADED, TYPED, NAMED = range(9)
ANYWHERE, PHRASE = range(9, 11)
MEANT_BY = (MEANT_CODE, MEANT_BEGINNING, MEANT_WORDS, PHRASE)

# The groups that are looked at together: first what can be used, then headings and retired codes.
PARTS = ((IN_USE, IN_USE), (HEADING, RETIRED))

Source = tuple[str, list]
Part = tuple[int, int, int]


class Engine:
    """A full-text index beside SearchEntry. Subclasses write what differs between the databases.

    Both engines give the same answer to the same plan. Nothing that a visitor typed is ever a part of a statement.
    A Source is a SELECT of ids, as text with its parameters; a Part is a code system's position with the first and the
    last group to look at.
    """

    # How codes are sorted: by their bytes.
    code_order = "normalized"

    def find(self, plan: Plan) -> Hits:
        """One page of hits in order, and the kinds of all candidates."""
        parts = parts_of(plan)
        if not parts:
            return Hits()
        if plan.code:
            return self._find_codes(plan)
        if not plan.terms:
            found = self._read([self._first_entries(plan, part) for part in parts])
            return _gather([(0, found)], plan, full=_full(parts, found, plan))
        return self._find_words(plan, parts)

    def _find_codes(self, plan: Plan) -> Hits:
        # In the order of codes, whatever their group.
        parts = [(position, IN_USE, RETIRED) for position in plan.positions]
        exact, *longer = self._read([self._exact_code(plan), *(self._longer_codes(plan, part) for part in parts)])
        longer_ones = [each for ids in longer for each in ids]
        return _gather([(EXACT_CODE, [exact]), (LONGER_CODE, [longer_ones])], plan, full=_full(parts, longer, plan))

    def _find_words(self, plan: Plan, parts: list[Part]) -> Hits:
        tiers: dict[int, list[list[int]]] = {}
        full = set()
        for part, tier, ids in self._find_few(plan) or self._find_in_parts(plan, parts):
            tiers.setdefault(tier, []).append(ids)
            full |= _full([part], [ids], plan)
        sources = self._special(plan, parts)
        for (tier, part, _), ids in zip(sources, self._read([source for *_, source in sources]), strict=True):
            tiers.setdefault(tier, []).append(ids)
            if part:
                full |= _full([part], [ids], plan)
        return _gather(sorted(tiers.items()), plan, full=full)

    def _find_few(self, plan: Plan) -> list[tuple[Part, int, list[int]]]:
        """The tiers of all code systems at once, where they hold together no more than the cap; else nothing."""
        is_frequent = len(plan.terms) == 1 and plan.rarest > 2 * plan.cap
        if plan.status or is_frequent:
            return []
        everywhere, last = (plan.positions[0], IN_USE, RETIRED), plan.positions[-1]
        [ids] = self._read([self._first(*self._holding_terms(plan, everywhere, ANYWHERE, last), plan)])
        if len(ids) > plan.cap or not set(map(system_of, ids)).issubset(plan.positions):
            return []
        tiers = _tiers(plan)[:-1] if ids else []
        found = self._read([self._first(*self._holding_terms(plan, everywhere, each, last), plan) for each in tiers])
        return [(everywhere, tier, each) for tier, each in zip([*tiers, ANYWHERE], [*found, ids], strict=True)]

    def _find_in_parts(self, plan: Plan, parts: list[Part]) -> list[tuple[Part, int, list[int]]]:
        """The first ids of each tier in each part, one more than the cap.

        Each tier holds those before it; it is looked for only where they left room under the cap.
        """
        some = self._read([self._any(*self._holding_terms(plan, part, ANYWHERE), plan) for part in parts])
        found = []
        for part in (part for part, ids in zip(parts, some, strict=True) if ids):
            for tier in _tiers(plan):
                [ids] = self._read([self._first(*self._holding_terms(plan, part, tier), plan)])
                found.append((part, tier, ids))
                if len(ids) > plan.cap:
                    break
        return found

    def _special(self, plan: Plan, parts: list[Part]) -> list[tuple[int, Part | None, Source]]:
        """What is found otherwise than by the words as they stand: (tier, part or None for all, source)."""
        sources: list[tuple[int, Part | None, Source]] = []
        if plan.modifier:
            sources.append((EXACT_CODE, None, self._exact_code(plan.with_only(code=plan.modifier))))
        if plan.key:
            sources.append((EXACT_NAME, None, self._exact_name(plan)))
        if not plan.phrases:
            return sources
        if not plan.is_one_phrase or (plan.phrases[0].is_begun and len(plan.terms) == 1):
            return sources + [(PHRASE, part, self._first(*self._meant(plan, part), plan)) for part in parts]
        of_codes, of_words = plan.meant_by(codes=True), plan.meant_by(codes=False)
        if of_codes.phrases[0].meanings:
            sources.append((MEANT_CODE, None, self._meant_codes(of_codes)))
            of_parts = [
                part for part in parts if any(each.position == part[0] for each in of_codes.phrases[0].meanings)
            ]
            sources += [(MEANT_BEGINNING, part, self._first(*self._meant(of_codes, part), plan)) for part in of_parts]
        if of_words.phrases[0].meanings:
            sources += [(MEANT_WORDS, part, self._first(*self._meant(of_words, part), plan)) for part in parts]
        return sources

    def count(self, plans: list[Plan]) -> list[int]:
        """How many entries each plan finds, counted in each of its parts up to the cap plus one."""
        if not plans:
            return []
        make = self._holding if plans[0].terms else self._codes if plans[0].code else self._entries
        counts, parameters = [], []
        for plan in plans:
            of_parts = []
            for part in parts_of(plan):
                source, values = make(plan, part)
                of_parts.append(f"(SELECT count(*) FROM ({source} LIMIT {plan.cap + 1}) AS hits)")
                parameters += values
            counts.append(" + ".join(of_parts) or "0")
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(counts)}", parameters)
            return list(cursor.fetchone())

    def _entries(self, plan: Plan, part: Part) -> Source:
        return f"SELECT id FROM procedures_searchentry WHERE id BETWEEN %s AND %s{narrow(plan)}", [*group_range(*part)]

    def _first_entries(self, plan: Plan, part: Part) -> Source:
        source, values = self._entries(plan, part)
        return f"{source} ORDER BY id LIMIT {plan.cap + 1}", values

    def _exact_code(self, plan: Plan) -> Source:
        within, ends = _within(plan)
        source = f"SELECT id FROM procedures_searchentry WHERE normalized = %s AND {within}{narrow(plan)} ORDER BY id"
        return source, [plan.code, *ends]

    def _meant_codes(self, plan: Plan) -> Source:
        within, ends = _within(plan)
        meanings = plan.phrases[0].meanings
        codes = " OR ".join(["(normalized = %s AND id BETWEEN %s AND %s)"] * len(meanings))
        values = [value for each in meanings for value in (each.code, *group_range(each.position))]
        source = f"SELECT id FROM procedures_searchentry WHERE ({codes}) AND {within}{narrow(plan)} ORDER BY id"
        return source, [*values, *ends]

    def _exact_name(self, plan: Plan) -> Source:
        within, ends = _within(plan)
        named = "SELECT entry_id AS id FROM procedures_searchname WHERE key = %s"
        source = f"SELECT id FROM ({named}) AS named WHERE {within}{narrow(plan)} ORDER BY id + 0 LIMIT {plan.cap + 1}"
        return source, [plan.key, *ends]

    def _longer_codes(self, plan: Plan, part: Part) -> Source:
        source, values = self._codes(plan, part)
        within, ends = _within(plan)
        return f"{source} AND {within} ORDER BY {self.code_order} LIMIT {plan.cap + 1}", [*values, *ends]

    def _codes(self, plan: Plan, part: Part) -> Source:
        # Retired codes are short ranges of ids; all others are found faster by their code.
        by_code = part[1] != RETIRED
        within, values = self._code_condition(plan.code, *group_range(*part), by_code=by_code)
        return f"SELECT id FROM procedures_searchentry WHERE {within}{narrow(plan)}", values

    def _read(self, sources: list[Source]) -> list[list[int]]:
        """The ids of each source, in its order."""
        raise NotImplementedError

    def begins_with(self, column: str, text: str) -> tuple[str, list]:
        """The condition that an indexed text begins with `text`, compared by its bytes, and the parameters."""
        raise NotImplementedError

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        """The condition that a normalized code begins with `code` and its id lies in a range, and the parameters.

        `by_code` says which of the two is to be looked up, where the planner needs to be told.
        """
        raise NotImplementedError

    def _holding_terms(self, plan: Plan, part: Part, tier: int, last: int = 0) -> Source:
        """Finds the entries that hold all terms of a plan as the tier wants it; ends in a condition.

        `last` is the position up to which the part goes on, 0 where it is one of a single code system.
        """
        raise NotImplementedError

    def _meant(self, plan: Plan, part: Part) -> Source:
        """Finds the entries that hold what the plan's phrases mean; ends in a condition."""
        raise NotImplementedError

    def _holding(self, plan: Plan, part: Part) -> Source:
        """Finds all entries that a word plan finds."""
        raise NotImplementedError

    def _first(self, source: str, values: list, plan: Plan) -> Source:
        """The first ids of a source that ends in a condition, in static order, one more than the plan's cap."""
        raise NotImplementedError

    def _any(self, source: str, values: list, plan: Plan) -> Source:
        """Some id of a source that ends in a condition, if there is one."""
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


def _tiers(plan: Plan) -> list[int]:
    """The tiers that are told from each other by the words as they stand."""
    return [HEADED, *([TYPED] if plan.has_forms else []), NAMED, ANYWHERE]


def parts_of(plan: Plan) -> list[Part]:
    """Where a plan looks: the parts of its code systems, narrowed to the groups of its status."""
    if not plan.status:
        return [(position, *part) for position in plan.positions for part in PARTS]
    groups = sorted(GROUP_OF_STATUS[status] for status in plan.status)
    parts = PARTS if len(groups) == 3 else [(HEADING, RETIRED)] if groups == [HEADING, RETIRED] else []
    return [(position, *part) for position in plan.positions for part in parts or [(group, group) for group in groups]]


def narrow(plan: Plan) -> str:
    """The filters of a plan that are no parts, as conditions on the bits of an entry's id."""
    conditions = ""
    if plan.has_guide is not None:
        conditions += f" AND ((id >> {NO_GUIDE_SHIFT}) & 1) = {int(not plan.has_guide)}"
    if plan.has_policy is not None:
        # As the partial index of PostgreSQL has it.
        conditions += f" AND ((id >> {RANK_SHIFT}) & 1) = {int(not plan.has_policy)}"
    return conditions


def _within(plan: Plan) -> tuple[str, list[int]]:
    """The condition that an id lies in one of a plan's parts, and the parameters."""
    ranges = [group_range(*part) for part in parts_of(plan)]
    return f"({' OR '.join(['id BETWEEN %s AND %s'] * len(ranges))})", [end for each in ranges for end in each]


def _full(parts: list[Part], found: list[list[int]], plan: Plan) -> set[tuple[int, int]]:
    """The (position, group) of the parts in which there is more than was looked at."""
    return {
        (position, group)
        for (position, first, last), ids in zip(parts, found, strict=True)
        if len(ids) > plan.cap
        for group in range(first, last + 1)
    }


def _gather(tiers: list[tuple[int, list[list[int]]]], plan: Plan, *, full: set[tuple[int, int]]) -> Hits:
    """The page of a plan and the kinds of all hits.

    The tiers are in order. A tier of one list is in order as it is; of several, each is in the order of ids.
    """
    found: set[int] = set()
    page: list[tuple[int, int]] = []
    end = plan.offset + plan.limit
    for tier, lists in tiers:
        if found:
            lists = [[each for each in ids if each not in found] for ids in lists]
        if (left := end - len(page)) > 0:
            # Beyond the cap it depends on all of them what belongs to the page.
            count = left if end <= plan.cap else sum(map(len, lists))
            page += [(each, tier) for each in _first_of(lists, count, by_code=bool(plan.code))]
            if end > plan.cap:
                page = _up_to_the_cap(page, plan)
        found.update(*lists)
    hits = Hits(page[plan.offset : end], full=full)
    for rank, count in Counter([each >> RANK_SHIFT for each in found]).items():
        entry = rank << RANK_SHIFT
        kind = system_of(entry), group_of(entry), has_guide(entry), has_policy(entry)
        hits.kinds[kind] = hits.kinds.get(kind, 0) + count
    return hits


def _up_to_the_cap(page: list[tuple[int, int]], plan: Plan) -> list[tuple[int, int]]:
    """The same without what is beyond the cap of its code system, which is not counted either."""
    left = Counter(dict.fromkeys(plan.positions, plan.cap))
    kept = []
    for entry_id, tier in page:
        left[system_of(entry_id)] -= 1
        if left[system_of(entry_id)] >= 0:
            kept.append((entry_id, tier))
    return kept


def _first_of(lists: list[list[int]], count: int, *, by_code: bool) -> list[int]:
    """The first ids of one tier."""
    if by_code:
        return [each for ids in lists for each in ids][:count]
    # Within a group of a system the order of ids is that of results: more than the first of each cannot come first.
    firsts: set[int] = set()
    for ids in lists:
        at = 0
        while at < len(ids):
            group = ids[at] >> GROUP_SHIFT
            stop = bisect_left(ids, (group + 1) << GROUP_SHIFT, at)
            firsts.update(ids[at : min(stop, at + count)])
            at = stop
    return sorted(firsts, key=place_of)[:count]


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
