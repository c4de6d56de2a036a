"""What a text looks like: the shapes of the codes that stand on bills and records. Knows no database.

Most kinds are told by their letters and digits alone, so a text can look like several: `looks_like` names the most
likely first. Only a list of codes tells what it is.
"""

import itertools
import re
from dataclasses import dataclass

from procedures.models.codes import normalize

# The slugs of the code systems of this site, and names for the kinds of codes that it does not hold.
HCPCS = "hcpcs"
ICD10CM = "icd10cm"
ICD10PCS = "icd10pcs"
CPT = "cpt4"
CDT = "cdt"
ICD9 = "icd9"
NDC = "ndc"
REVENUE = "revenue"
DRG = "ms-drg"
MODIFIER = "modifier"
CPT_MODIFIER = "cpt-modifier"

# Kinds whose descriptions need a license.
LICENSED = frozenset([CPT, CDT, CPT_MODIFIER])
# Kinds that this site holds no list of.
OTHER_KINDS = frozenset([ICD9, NDC, REVENUE, DRG])


@dataclass(frozen=True, slots=True)
class CodeShape:
    """A kind of code: `name` with its article, and what a visitor hears of a code of it that is not on this site."""

    kind: str
    name: str
    about: str

    def sentence(self, code: str, *, is_sure: bool = True) -> str:
        """What to say of `code`: "99213 looks like a CPT code. Its description needs ..."."""
        return f"{code} {'looks like' if is_sure else 'could be'} {self.name}. {self.about}"


_NOT_LISTED = "No release on this site lists it."

SHAPES = {
    shape.kind: shape
    for shape in (
        CodeShape(HCPCS, "an HCPCS Level II code", _NOT_LISTED),
        CodeShape(ICD10CM, "an ICD-10-CM code, which names a diagnosis", _NOT_LISTED),
        CodeShape(ICD10PCS, "an ICD-10-PCS code, which names a procedure in a hospital", _NOT_LISTED),
        CodeShape(CPT, "a CPT code", "Its description needs a license and is not on this site."),
        CodeShape(CDT, "a dental (CDT) code", "Its description needs a license and is not on this site."),
        CodeShape(
            ICD9,
            "an ICD-9-CM code",
            "Those were in use until 30 September 2015. This site has their successor, ICD-10-CM.",
        ),
        CodeShape(
            NDC,
            "a National Drug Code (NDC), which names a package of a drug",
            "This site does not list them: search for the name of the drug.",
        ),
        CodeShape(
            REVENUE,
            "a revenue code, by which a hospital tells the kind of a charge",
            "This site does not list them.",
        ),
        CodeShape(
            DRG,
            "an MS-DRG, the group by which a hospital stay is paid",
            "This site does not list them.",
        ),
        CodeShape(MODIFIER, "a modifier, which adds something to a code", _NOT_LISTED),
        CodeShape(CPT_MODIFIER, "a CPT modifier", "Its description needs a license and is not on this site."),
    )
}

HCPCS_LETTERS = "ABCEGHJKLMPQRSTUV"
CPT_CODE = re.compile(r"\d{5}|\d{4}[FMTU]")
CDT_CODE = re.compile(r"D\d{4}")
HCPCS_CODE = re.compile(rf"[{HCPCS_LETTERS}]\d{{4}}")
# Without its dot.
ICD10CM_CODE = re.compile(r"[A-Z]\d[0-9A-Z](?:[0-9A-Z]{1,4})?")
ICD10PCS_CODE = re.compile(r"[0-9B-DF-HX][0-9A-HJ-NP-Z]{6}")
# Two digits of the American Medical Association, and those for physical status and performance measures.
CPT_MODIFIER_CODE = re.compile(r"\d\d|[1-8]P|P[1-6]")
HCPCS_MODIFIER_CODE = re.compile(r"[A-Z][A-Z0-9]")

_DOTTED = re.compile(r"[A-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}")
_ICD9_CODE = re.compile(r"\d{3}\.\d{1,2}|V\d\d(?:\.\d{1,2})?|E\d{3}(?:\.\d)?|\d\d\.\d{1,2}")
_NDC_CODE = re.compile(r"\d{5}-\d{4}-\d{1,2}|\d{5}-\d{3}-\d{2}|\d{4}-\d{4}-\d{2}|\d{11}")
_REVENUE_CODE = re.compile(r"0[1-9]\d\d")
_WITH_MODIFIERS = re.compile(r"([A-Z][- ]?\d{4}|\d{4}[\dFMTU])((?:[-\s,]{1,3}[A-Z0-9]{2}){1,4})")

_LETTER_APART = re.compile(r"[A-Z] \d{4}")

# What people write before a code, and the kinds that it can mean.
_LABELS = (
    (re.compile(r"(?:HCPCS|CPT)(?:/(?:HCPCS|CPT))?(?: CODE)?"), (HCPCS, CPT)),
    (re.compile(r"CDT(?: CODE)?|DENTAL CODE"), (CDT,)),
    (re.compile(r"ICD[- ]?9(?:[- ]?CM)?(?: CODE)?"), (ICD9,)),
    (re.compile(r"ICD[- ]?10[- ]?PCS(?: CODE)?"), (ICD10PCS,)),
    (re.compile(r"ICD[- ]?10(?:[- ]?CM)?(?: CODE)?|DX|DIAGNOSIS(?: CODE)?"), (ICD10CM, ICD10PCS)),
    (re.compile(r"NDC(?: CODE)?"), (NDC,)),
    (re.compile(r"REV(?:ENUE)?(?: CODE)?"), (REVENUE,)),
    (re.compile(r"(?:MS[- ]?)?DRG(?: CODE)?"), (DRG,)),
    (re.compile(r"MOD(?:IFIER)?"), (MODIFIER, CPT_MODIFIER)),
)
_CODE_OF_LABEL = {
    HCPCS: HCPCS_CODE,
    CPT: CPT_CODE,
    CDT: CDT_CODE,
    ICD10CM: ICD10CM_CODE,
    ICD10PCS: ICD10PCS_CODE,
    REVENUE: re.compile(r"0?\d{3}"),
    DRG: re.compile(r"\d{1,4}"),
    MODIFIER: HCPCS_MODIFIER_CODE,
    CPT_MODIFIER: CPT_MODIFIER_CODE,
}
LONGEST = 40


def looks_like(text: str) -> list[CodeShape]:
    """The kinds of code that the whole text looks like, the most likely first; none for other text. Never fails.

    "CPT 99213", "99213-25", "e11.9", "NDC 50242-040-62" are understood.
    """
    written = " ".join(text.upper().split())
    if len(written) > LONGEST or not written.isascii():
        return []
    for label, kinds in _LABELS:
        # The label and the code have something between them: REV0636 is no habit of people, V70 would become a label.
        if (found := label.match(written)) and (rest := written[found.end() :]) and rest[0] in " :#":
            return _of_kinds(rest.lstrip(" :#"), kinds)
    if found := _WITH_MODIFIERS.fullmatch(written):
        written = found[1]
    return [SHAPES[kind] for kind in _kinds(written)]


def as_on_a_bill(text: str) -> str:
    """The text in capitals, and a code with modifiers as J9302-JW-RT, however they were typed: "j9302 jw, rt"."""
    written = " ".join(text.upper().split())
    if found := _WITH_MODIFIERS.fullmatch(written):
        return "-".join([normalize(found[1]), *re.findall(r"\w+", found[2])])
    return written


def _of_kinds(code: str, kinds: tuple[str, ...]) -> list[CodeShape]:
    matches = {
        ICD9: lambda: _ICD9_CODE.fullmatch(code) or re.fullmatch(r"\d{3,5}", code),
        NDC: lambda: _NDC_CODE.fullmatch(code) or re.fullmatch(r"\d{10}", code),
    }
    plain = normalize(code)
    return [
        SHAPES[kind]
        for kind in kinds
        if (matches[kind]() if kind in matches else _CODE_OF_LABEL[kind].fullmatch(plain))
    ]


def _kinds(written: str) -> list[str]:
    if " " in written and not _LETTER_APART.fullmatch(written):
        return []
    if _NDC_CODE.fullmatch(written):
        return [NDC]
    if "." in written:
        is_icd9 = _ICD9_CODE.fullmatch(written)
        return [*([ICD10CM] if _DOTTED.fullmatch(written) else []), *([ICD9] if is_icd9 else [])]
    code = normalize(written)
    kinds = []
    if HCPCS_CODE.fullmatch(code):
        kinds.append(HCPCS)
    if CPT_CODE.fullmatch(code):
        kinds.append(CPT)
    if CDT_CODE.fullmatch(code):
        kinds.append(CDT)
    if _REVENUE_CODE.fullmatch(code):
        kinds.append(REVENUE)
    if ICD10CM_CODE.fullmatch(code):
        kinds.append(ICD10CM)
    if ICD10PCS_CODE.fullmatch(code) and not code.isalpha() and not code.isdigit():
        kinds.append(ICD10PCS)
    if _ICD9_CODE.fullmatch(code) and len(code) <= 4:
        kinds.append(ICD9)
    if CPT_MODIFIER_CODE.fullmatch(code):
        kinds.append(CPT_MODIFIER)
    elif HCPCS_MODIFIER_CODE.fullmatch(code):
        kinds.append(MODIFIER)
    return kinds


# Characters that a machine which reads photographs takes for each other.
_SLIPS = {each: pair for pair in ("O0", "I1L", "S5") for each in pair}
_DIGITS = str.maketrans("OILS", "0115")
MOST_RESPELLINGS = 32


def respellings(kind: str, spelling: str) -> list[str]:
    """Normalized spellings that a code could have where O and 0, I (or l) and 1, S and 5 were mistaken for each other.

    At most 32, the typed spelling left out. A first letter stays as it is: with a digit there the text is no code of
    these systems.
    """
    spelling = spelling.upper()
    if kind in (HCPCS, CDT):
        found = [spelling[:1] + spelling[1:].translate(_DIGITS)]
    elif kind in (ICD10CM, ICD10PCS):
        # The second character of ICD-10-CM is a digit.
        head = spelling[:1] + (spelling[1:2].translate(_DIGITS) if kind == ICD10CM else spelling[1:2])
        choices = [_SLIPS.get(character, character) for character in spelling[2:]]
        # Nearest first: the character that stands there is tried before its doubles.
        choices = [
            character + pair.replace(character, "") for character, pair in zip(spelling[2:], choices, strict=True)
        ]
        tails = itertools.islice(itertools.product(*choices), MOST_RESPELLINGS + 1)
        found = [head + "".join(tail) for tail in tails]
    else:
        found = []
    return [each for each in dict.fromkeys(found) if each != spelling][:MOST_RESPELLINGS]
