"""Small releases for tests: lines in the official layouts, and releases that are ready to be loaded.

The positions are written down here a second time, from the official documents, so that a slip in a reader shows.
"""

import datetime
import hashlib
from collections.abc import Iterable

from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import CodeRecord

# First and last position, from 1, in a record of 320 characters (HCPC2025_recordlayout.txt).
HCPCS_LAYOUT = {
    **{"HCPC": (1, 5), "SEQNUM": (6, 10), "RECID": (11, 11), "LONG": (12, 91), "SHORT": (92, 119)},
    **{"PRICE1": (120, 121), "PRICE2": (122, 123), "PRICE3": (124, 125), "PRICE4": (126, 127), "MULT_PI": (128, 128)},
    **{"CIM1": (129, 134), "CIM2": (135, 140), "CIM3": (141, 146)},
    **{"MCM1": (147, 154), "MCM2": (155, 162), "MCM3": (163, 170), "STATUTE": (171, 180)},
    **{"LABCERT1": (181, 183), "LABCERT2": (184, 186), "LABCERT8": (202, 204)},
    **{"XREF1": (205, 209), "XREF2": (210, 214), "XREF3": (215, 219), "XREF4": (220, 224), "XREF5": (225, 229)},
    **{"COV": (230, 230), "ASC_GRP": (231, 232), "ASC_DT": (233, 240), "OPPS": (241, 243), "OPPS_PI": (244, 244)},
    **{"OPPS_DT": (245, 252), "PROCNOTE": (253, 256), "BETOS": (257, 259), "TOS1": (261, 261), "TOS2": (262, 262)},
    **{"TOS5": (265, 265), "ANEST_BU": (266, 268), "ADD": (269, 276), "EFF": (277, 284), "TERM": (285, 292)},
    "ACTION": (293, 293),
}

# The header of the xlsx, which has the same columns; a csv made of it too.
HCPCS_HEADER = [
    *("HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION"),
    *("PRICE1", "XREF1", "COV", "BETOS", "TOS1", "ADD DT", "ACT EFF DT", "TERM DT", "ACTION CD"),
]


def hcpcs_line(code: str, long: str, short: str = "", *, recid: str = "3", seqnum: str = "00100", **fields) -> str:
    """A record of 320 characters. `fields` are further ones of HCPCS_LAYOUT; a modifier's code is padded."""
    values = {"HCPC": code.rjust(5), "SEQNUM": seqnum, "RECID": recid, "LONG": long, "SHORT": short, **fields}
    line = [" "] * 320
    for name, value in values.items():
        first, last = HCPCS_LAYOUT[name]
        assert len(value) <= last - first + 1, f"{name} is too long: {value}"
        line[first - 1 : first - 1 + len(value)] = value
    return "".join(line)


def hcpcs_lines(count: int, **fields) -> list[str]:
    """So many records of different codes, from A1000 on."""
    return [
        hcpcs_line(f"A{1000 + n}", f"Supply number {n}", "Supply", **{"ADD": "20200101", **fields})
        for n in range(count)
    ]


def order_line(number: int, code: str, flag: str, long: str, short: str | None = None) -> str:
    """A line of an ICD-10 order file (icd10OrderFiles.pdf)."""
    return f"{number:05} {code:<7} {flag} {(long if short is None else short)[:60]:<60} {long}"


def codes_line(code: str, long: str) -> str:
    """A line of an ICD-10 codes file."""
    return f"{code:<7} {long}"


def text_file(lines: Iterable[str]) -> bytes:
    """A file as CMS and NCHS publish it."""
    return "".join(f"{line}\r\n" for line in lines).encode("cp1252")


def day(text: str) -> datetime.date | None:
    """2018-12-31 as a date; "" as none."""
    return datetime.date.fromisoformat(text) if text else None


def listed(
    code: str, long: str = "", *, kind: str = "code", added: str = "", terminated: str = "", xref: str = "", **fields
) -> CodeRecord:
    """What one release states of one code; dates as 2018-12-31, `xref` as a code."""
    references = tuple(xref.split())
    return CodeRecord(
        code=code,
        kind=kind,
        short=fields.pop("short", ""),
        long=long or f"Description of {code}",
        added=day(added),
        terminated=day(terminated),
        indicators={**({"XREF": list(references)} if references else {}), **fields.pop("indicators", {})},
        cross_references=references,
        **fields,
    )


def release(version: str, *records: CodeRecord, states_dates: bool, **fields) -> ReadRelease:
    content = repr((version, records, fields))
    return ReadRelease(
        version=version,
        source_name=f"made-{version}.txt",
        digest=hashlib.sha256(content.encode()).hexdigest(),
        records=iter(records),
        states_dates=states_dates,
        **fields,
    )


def hcpcs_release(version: str, *records: CodeRecord, **fields) -> ReadRelease:
    return release(version, *records, states_dates=True, **fields)


def icd_release(version: str, *records: CodeRecord, **fields) -> ReadRelease:
    """An order file; a codes file with lists_headers=False."""
    return release(version, *records, states_dates=False, **fields)
