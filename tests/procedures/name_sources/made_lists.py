"""Small lists of names in the official layouts, with invented or tiny contents."""

from pathlib import Path

from procedures.code_sets.source_files import Member, choose_member, open_source

ASP_HEADER = "_2026_CODE,Short Description,LABELER NAME,NDC2,Drug Name,HCPCS dosage,PKG SIZE,PKG QTY,BILLUNITS"
EMPTY_COLUMNS = "," * 252


def asp_file(*products: tuple[str, str], title: str = "January 2026 ASP NDC-HCPCS Crosswalk") -> bytes:
    """The official csv: cp1252, eight lines before the header, 252 empty columns; products are code and name."""
    lines = [f"{title}{EMPTY_COLUMNS}", *(f"A note\xa0of CMS {number}{EMPTY_COLUMNS}" for number in range(7))]
    lines.append(f"{ASP_HEADER}{EMPTY_COLUMNS}")
    lines += [f'{code},short,Labeler,00001-0001-01,"{name}",1 MG,1,1,1{EMPTY_COLUMNS}' for code, name in products]
    return "\r\n".join([*lines, ""]).encode("cp1252")


def table_file(*rows: tuple[str, str, str, str]) -> bytes:
    """The Table of Drugs as csv; rows are kind, name, target or dosage, and codes."""
    lines = ["kind,name,target_or_dosage,route,code"]
    lines += [f'{kind},"{name}","{target}",IV,"{code}"' for kind, name, target, code in rows]
    return "\n".join([*lines, ""]).encode()


def tabular_file(*diagnoses: str, version: str = "2026", chapter: str = "", section: str = "") -> bytes:
    """The tabular list; diagnoses are elements as `diagnosis` makes them, or text in the place of one."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<ICD10CM.tabular><version>{version}</version>\n'
        f"<introduction><instruction><note>Not of a code</note></instruction></introduction>\n"
        f"<chapter><name>2</name>{chapter}<section id='C91-C91'>{section}\n"
        + "\n".join(diagnoses)
        + "</section></chapter></ICD10CM.tabular>\n"
    ).encode()


def diagnosis(code: str, *inside: str, **notes: list[str]) -> str:
    """A diag; `notes` are lists of texts by element (inclusionTerm, excludes1), `inside` are the codes below it."""
    elements = "".join(
        f"<{element}>{''.join(f'<note>{text}</note>' for text in texts)}</{element}>"
        for element, texts in notes.items()
    )
    return f"<diag><name>{code}</name><desc>Invented</desc>{elements}{''.join(inside)}</diag>"


def member_of(folder: Path, name: str, content: bytes) -> Member:
    """The data file of a source that is written to the folder."""
    path = folder / name
    path.write_bytes(content)
    with open_source(str(path)) as source:
        return choose_member(source, [])
