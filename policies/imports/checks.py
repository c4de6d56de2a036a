"""What keeps a record of a source out of the database: found before anything is written."""

import datetime
import re
from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from policies.facts import DAY_FACTS, DEFAULTS, FACTS, TEXT_FACTS, Codes, Facts, split_code_key
from policies.imports.differences import shortened
from policies.imports.records import PlanRecord, PolicyRecord, ReadPolicies
from policies.models import HealthPlan, Policy, PolicyCode
from policies.models.policies import LONGEST_SUMMARY, NUMBER_LENGTH, TITLE_LENGTH

# Enumerations make their list of values anew each time, which half a million codes cannot afford.
_LISTED_AS = frozenset(PolicyCode.ListedAs.values)
_PRIOR_AUTHORIZATIONS = frozenset(PolicyCode.PriorAuthorization.values) - {DEFAULTS["prior_authorization"]}

_is_range = re.compile(r"[0-9A-Z.]+-[0-9A-Z.]+").fullmatch
_check_address = URLValidator(schemes=["http", "https"])

_PLAN_LENGTHS = {
    name: HealthPlan._meta.get_field(name).max_length
    for name in ("name", "organization", "contractor_number", "region", "website", "source_key")
}
_CODE_LENGTHS = {name: PolicyCode._meta.get_field(name).max_length for name in ("range", "label", "note", "source")}
_LONGEST_URL = Policy._meta.get_field("url").max_length


def check_record(record: PolicyRecord) -> list[str]:
    """What is wrong with a record, in words; empty where it can be stored.

    Readers need not call it: the loader judges every record before it writes anything. Each text becomes a problem of
    the report with the record's file and row, and `skip_errors` leaves the record out.
    """
    problems = []
    if record.kind not in Policy.Kind.values:
        problems.append(f"“{record.kind}” is not a kind of policy")
    if len(record.number) > NUMBER_LENGTH or "\0" in record.number:
        problems.append(f"the number has more than {NUMBER_LENGTH} characters, or one that cannot be stored")
    problems += _fact_problems(record.facts, record)
    problems += _code_problems(record.codes or {})
    return problems


def check_plan(record: PlanRecord) -> list[str]:
    """What is wrong with a health plan, in words; empty where it can be stored."""
    problems = []
    if not record.name.strip():
        problems.append("the plan has no name")
    if record.kind and record.kind not in HealthPlan.Kind.values:
        problems.append(f"“{record.kind}” is not a kind of plan")
    for name, longest in _PLAN_LENGTHS.items():
        if len(getattr(record, name)) > longest or "\0" in getattr(record, name):
            words = name.replace("_", " ")
            problems.append(f"the plan’s {words} has more than {longest} characters, or one that cannot be stored")
    if record.website and (problem := _address_problem(record.website, _PLAN_LENGTHS["website"])):
        problems.append(f"the plan’s website {problem}")
    return problems


def without_problems(read: ReadPolicies) -> list[PolicyRecord]:
    """The records that can be stored; what is wrong with the others goes into the report."""
    plan_problems = {key: check_plan(plan) for key, plan in read.plans.items()}
    good = []
    for record in read.policies:
        problems = check_record(record)
        for key in dict.fromkeys((record.issuer, *record.facts.get("plans", ()))):
            problems += plan_problems.get(key, [f"the plan “{key}” is not described"])
        for problem in problems:
            report_problem(read, record, problem)
        if not problems:
            good.append(record)
    return good


def report_problem(read: ReadPolicies, record: PolicyRecord, problem: str) -> None:
    """Keeps what is wrong with a record, which is left out."""
    name = record.number or str(record.facts.get("title", ""))
    read.report.problem(record.file, record.row, f"{shortened(name)}: {problem}." if name else f"{problem}.")
    read.left_out.add((record.issuer, record.kind, name))


def contradiction(facts: Facts) -> str:
    """Why these status and dates cannot be true together; "" where they can."""
    effective, retired = facts.get("effective"), facts.get("retired")
    if effective and retired and retired < effective:
        return f"it is retired on {retired}, before it takes effect on {effective}"
    if retired and facts.get("status") == "proposed":
        return "it is proposed and retired at once"
    return ""


def _fact_problems(facts: Facts, record: PolicyRecord) -> list[str]:
    problems = [f"“{name}” is not a fact of a policy" for name in sorted(facts.keys() - set(FACTS))]
    if broken := [name for name in TEXT_FACTS if not isinstance(facts.get(name, ""), str)]:
        return [*problems, *(f"the {name} is not a text" for name in broken)]
    title = facts.get("title", record.number)
    if not title.strip():
        problems.append("it has no title")
    elif len(title) > TITLE_LENGTH:
        problems.append(f"the title has {len(title):,} characters; at most {TITLE_LENGTH} are kept")
    if len(facts.get("summary", "")) > LONGEST_SUMMARY:
        problems.append(f"the summary has more than {LONGEST_SUMMARY:,} characters")
    problems += [
        f"the {name} has a character that cannot be stored" for name in TEXT_FACTS if "\0" in facts.get(name, "")
    ]
    if facts.get("url") and (problem := _address_problem(facts["url"], _LONGEST_URL)):
        problems.append(f"the address {problem}")
    if facts.get("status", "unknown") not in Policy.Status.values:
        problems.append(f"“{facts['status']}” is not a status")
    if article_type := facts.get("article_type"):
        if article_type not in Policy.ArticleType.values:
            problems.append(f"“{article_type}” is not a type of article")
        elif record.kind != Policy.Kind.ARTICLE:
            problems.append("only an article has a type of article")
    bad_days = [name for name in DAY_FACTS if facts.get(name) and not _is_day(facts[name])]
    problems += [f"“{facts[name]}” is not a day ({name.replace('_', ' ')})" for name in bad_days]
    if not bad_days and (problem := contradiction(facts)):
        problems.append(problem)
    return problems


def _code_problems(codes: Codes) -> list[str]:
    """At most one problem a code, and not more than five: a broken column breaks thousands."""
    problems = []
    for key, columns in codes.items():
        if problem := _code_problem(key, columns):
            problems.append(f"code {key.partition('|')[0]}: {problem}")
            if len(problems) == 5:
                break
    return problems


def _code_problem(key: str, columns: dict[str, str]) -> str:
    if key.count("|") < 2:
        return "its key is none of policies.facts"
    _, _, listed_as, label = split_code_key(key)
    if listed_as not in _LISTED_AS:
        return f"“{listed_as}” is no way to list it"
    if "\0" in key or len(label) > _CODE_LENGTHS["label"]:
        return f"its label has more than {_CODE_LENGTHS['label']} characters, or one that cannot be stored"
    if not columns.get("source"):
        return "it has no source"
    for name, value in columns.items():
        if problem := _COLUMN_PROBLEMS.get(name, _unknown_column)(name, value):
            return problem
    if "starts" in columns and "ends" in columns and columns["ends"] < columns["starts"]:
        return f"it ends on {columns['ends']}, before it starts on {columns['starts']}"
    return ""


def _unknown_column(name: str, value: str) -> str:
    return f"“{name}” is not said of a code"


def _text_problem(name: str, value: str) -> str:
    if len(value) > _CODE_LENGTHS[name] or "\0" in value:
        return f"its {name} has more than {_CODE_LENGTHS[name]} characters, or one that cannot be stored"
    # Comparisons take a column with its default for another text than none.
    return "" if value != DEFAULTS[name] else f"its {name} is stated, but empty"


def _range_problem(name: str, value: str) -> str:
    return _text_problem(name, value) or ("" if _is_range(value) else f"“{value}” is not a range")


def _authorization_problem(name: str, value: str) -> str:
    return "" if value in _PRIOR_AUTHORIZATIONS else f"“{value}” says nothing of prior authorization"


def _day_problem(name: str, value: str) -> str:
    return "" if _is_day(value) else f"“{value}” is not a day"


_COLUMN_PROBLEMS: dict[str, Callable[[str, str], str]] = {
    "prior_authorization": _authorization_problem,
    "note": _text_problem,
    "source": _text_problem,
    "range": _range_problem,
    "starts": _day_problem,
    "ends": _day_problem,
}


def _address_problem(text: str, longest: int) -> str:
    if len(text) > longest:
        return f"has more than {longest} characters"
    try:
        _check_address(text)
    except ValidationError:
        return f"“{text[:100]}” is not one of http or https"
    return ""


def _is_day(text: object) -> bool:
    """Whether it is a day as 2025-01-31: comparisons of texts rely on this form."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except (TypeError, ValueError):
        return False
