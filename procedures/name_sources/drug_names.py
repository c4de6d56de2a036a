"""Names of drugs as people type them: cleaned of doses, forms and typography, and told apart as brand or generic."""

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from procedures.models import CodeName

BRAND, GENERIC = CodeName.Kind.BRAND.value, CodeName.Kind.GENERIC.value

# How alike two words are that mean the same drug in two spellings: phenobarbitol, phenobarbital. A brand may be rather
# like its generic name (Dalvance, dalbavancin), so that kinds ask for more.
ALIKE = 0.8
VERY_ALIKE = 0.94
SHORTEST_TO_COMPARE = 6


def clean_name(text: str) -> str:
    """A name as it is shown: without marks, labelers and doses behind it, doubled blanks; not in capitals.

    "" where nothing is left that is a name.
    """
    text = " ".join(_MARKS.sub(" ", text.replace("\0", " ")).split())
    text = _BLANK_BEFORE_HYPHEN.sub("", _HYPHEN_WITH_BLANK.sub(r"\1-", text))
    before = None
    while before != text:
        before = text
        for behind in (_DOSE_BEHIND, _FORM_BEHIND, _LABELER_BEHIND):
            text = behind.sub("", text)
        text = _SMALL_WORD_BEHIND.sub("", text)
        if text.count("(") > text.count(")"):
            text = text.rpartition("(")[0]
        if match := _IN_PARENTHESES.fullmatch(text):
            text = match[1]
        text = text.strip(" ,;:&/*-")
    text = _FORM_BEFORE.sub("", text)
    text = " ".join(map(_usual_case, _without_shouting(text).split()))
    if text[:1].islower() and text.partition(" ")[0].islower():
        text = text[0].upper() + text[1:]
    return text if _LETTERS.search(text) and not _ONLY_FORM.fullmatch(text) else ""


def is_catch_all(text: str) -> bool:
    """Whether a text stands for drugs without a code of their own ("Not otherwise classified drugs")."""
    return bool(_CATCH_ALL.search(text))


def names_in(text: str) -> Iterator[str]:
    """The clean name, and the names that stand in it side by side: "Adrenalin, epinephrine" gives three.

    A part counts only where every part by itself is a name of one or two words, which a dose form or the part of an
    active substance (Factor IX, complex) is not.
    """
    name = clean_name(text)
    if not name:
        return
    yield name
    if behind := _SYNONYM_BEHIND.search(name):
        yield from filter(None, (clean_name(name[: behind.start()]), clean_name(behind[1])))
    elif behind := _PARENTHESES_BEHIND.search(name):
        yield from filter(None, [clean_name(name[: behind.start()])])
    parts = [part.strip() for part in _SEPARATORS.split(name)]
    if len(parts) > 1 and all(_IS_NAME_BY_ITSELF.fullmatch(part) and not _SMALL_PRINT.search(part) for part in parts):
        yield from filter(None, map(clean_name, parts))


def kind_of(name: str, description: str, otherwise: str, substances: Collection[str] = ()) -> str:
    """Whether a name is a brand or the generic name of the drug that an official description describes.

    Descriptions give the generic name first and brands in parentheses ("Injection, immune globulin (asceniv), 500
    mg"), behind these, or after "hyaluronan or derivative". `substances` are the words with which descriptions of drugs
    begin. `otherwise` is the kind where neither has anything of the name.
    """
    words = significant_words(name)
    if not words:
        return otherwise
    if words[0] in _ALWAYS_BRANDS:
        return BRAND
    if words[0] in _NEVER_BRANDS or words[0] in _COMMON_WORDS or _CONTRAST_AGENT.fullmatch(words[0]):
        return GENERIC
    if name.casefold() in _ABBREVIATIONS:
        return GENERIC
    generic, brands = _parts_of(description)
    if generic.intersection(words) or any(_is_same_but_for_a_letter(words[0], word) for word in generic):
        return GENERIC
    if any(word in brands for word in words):
        return BRAND
    return GENERIC if words[0] in substances else otherwise


def generic_name_in(description: str) -> str:
    """The generic name with which an official description begins: that of "Injection, rituximab, 10 mg" is Rituximab.

    "" for combinations, and for descriptions of another form.
    """
    match = _BEGINS_WITH_GENERIC.match(description)
    if not match or _COMBINATION.search(description):
        return ""
    return clean_name(match["injected"] or match["other"])


def substances_in(descriptions: Iterable[str]) -> frozenset[str]:
    """The words with which descriptions of injected and other drugs begin: ofatumumab."""
    firsts = (significant_words(_PARENTHESES.sub(" ", text))[:1] for text in descriptions if _OF_DRUG.match(text))
    return frozenset(word for words in firsts for word in words)


def is_in_description(name: str, description: str) -> bool:
    """Whether the description has a word of the name, in nearly the same spelling."""
    generic, brands = _parts_of(description)
    if any(are_alike(word, other) for word in significant_words(name) for other in generic | brands):
        return True
    # D-5-W, d5w
    squeezed = "".join(words_of(name))
    return len(squeezed) > 2 and squeezed in generic


def is_branded(name: str, description: str) -> bool:
    """Whether the description names this brand, as in "Injection, immune globulin (hizentra), 100 mg"."""
    words = significant_words(name)
    return bool(words) and _parts_of(description)[1].issuperset(words)


def _is_same_but_for_a_letter(one: str, other: str) -> bool:
    return are_alike(one, other, ALIKE + 0.1 if len(one) == len(other) else VERY_ALIKE)


def without_dose(description: str) -> str:
    """The official description up to its dose, in which numbers mean something else."""
    return _DOSE_BEHIND.sub("", description)


def substance_words(text: str) -> list[str]:
    """The words that say which substance it is, salts included, without forms, routes and small words."""
    return [word for word in words_of(text) if word not in _FORM_WORDS]


def words_of(text: str) -> list[str]:
    """The words by which names of drugs are compared: no case, no hyphens, abbreviations in full."""
    words = re.findall(r"[a-z]+\d[a-z0-9]*|[a-z]+|\d+(?:\.\d+)?", text.casefold().replace("’", ""))
    return [_IN_FULL.get(word, word) for word in words]


def significant_words(text: str) -> list[str]:
    """The words of a name without salts, forms and numbers; all of its words where it has no others."""
    words = [word for word in words_of(text) if len(word) > 1 and not word[0].isdigit()]
    return [word for word in words if word not in _COMMON_WORDS] or words


@lru_cache(maxsize=100_000)
def are_alike(one: str, other: str, enough: float = ALIKE) -> bool:
    """Whether two words are the same but for a slip of the pen."""
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST_TO_COMPARE or one[0] != other[0]:
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= enough


@lru_cache(maxsize=10_000)
def _parts_of(description: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words of the generic name, dose and form, and those of brands."""
    text = description.casefold()
    inside = " ".join([*_PARENTHESES.findall(text), *_BEHIND_PARENTHESES.findall(text)])
    outside = _PARENTHESES.sub(" ", _BEHIND_PARENTHESES.sub(") ", text))
    if match := _HYALURONAN.match(outside):
        inside, outside = f"{inside} {match['brands']}", match["generic"]
    return frozenset(words_of(outside)), frozenset(words_of(inside))


def _usual_case(word: str) -> str:
    return _USUAL_CASES.get(word.casefold(), word)


def _without_shouting(text: str) -> str:
    """CARBOPLATIN as Carboplatin; short words such as BCG, DMSO or DR stay."""
    if text.upper() != text or not re.search(r"[A-Z]{5}", text):
        return text
    return re.sub(r"[A-Z]{4,}", lambda match: match[0].capitalize(), text)


_MARKS = re.compile("[®™©\u00a0\u200b\ufeff]|\\(R\\)|\\(TM\\)|[\x00-\x1f\x7f-\x9f]")
_HYPHEN_WITH_BLANK = re.compile(r"(\w)- (?=\w)")
_BLANK_BEFORE_HYPHEN = re.compile(r"\s(?=-[a-z]{4}\b)")
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_PARENTHESES_BEHIND = re.compile(r"\s\([^()]*\)$")
# "c-1 esterase inhibitor (human), berinert, 10 units"
_BEHIND_PARENTHESES = re.compile(r"\)\s*,\s*([a-z0-9-]+)(?=,)")
_BEGINS_WITH_GENERIC = re.compile(
    r"(?i)(?:injection|infusion|instillation),\s+(?P<injected>[a-z][a-z -]+?)(?=,|;| \(|$)"
    r"|(?P<other>[a-z][a-z -]+?)(?=[,;] (?:oral|inhalation solution|for intravenous)\b)"
)
_COMBINATION = re.compile(r"(?i)\band\b(?! used\b)")
_OF_DRUG = re.compile(r"(?i)injection\b|.*\b(?:oral|inhalation solution)\b")
_SEPARATORS = re.compile(r", | or ")
_IS_NAME_BY_ITSELF = re.compile(r"[A-Za-z]{5,}(?: [A-Za-z0-9-]{1,12})?|DMSO")
# In parentheses: Bendeka, Vitamin K, G-CSF; not "human".
_SYNONYM_BEHIND = re.compile(r"\s\(((?!TBO)[A-Z][A-Za-z]+(?: [A-Z])?|[A-Z]+-[A-Z]+)\)$")
_LETTERS = re.compile(r"[A-Za-z]{2}|[A-Za-z]-?\d")

_UNITS = (
    r"(?:mg|mcg|microgram|grams?|gm?|ml|cc|units?|iu|i\.u\.|kiu|usp|meq|mm|mci|mill[a-z]*curies?|millcurie|%(?!\s+(?:dextrose|sodium))|million"
    r"|billion|dose|cm)"
)
_AMOUNT = rf"(?:<=|>=|<|>|=)?\s*[\d,.]*\d\s*{_UNITS}(?![a-z])"
# "up to 80 mg", "per 1,000 USP units", "per IU", "mg/ml", and whatever follows.
_DOSE_BEHIND = re.compile(
    rf"(?i)(?:^|(?<=[\s,;(]))"
    rf"(?:(?:up to|per|over|each)\s+(?:<=?\s*)?(?:{_AMOUNT}|{_UNITS}(?![a-z])|study dose|dose|vial|single|sq |\d).*"
    rf"|(?:{_AMOUNT}).*|[\d.]+\s*mg/ml.*|per|up to|mg|mcg)$"
)
_FORM = (
    r"(?:i[nv]jections?|ivection|tablets?|parenteral|oral|concentrated form|unit dose form|unit form|unit dose|unit"
    r"|form|inhalation solution|solution|powder|powder or solution|extended release|immediate release|depot form"
    r"|lyophilized|compounded|not otherwise specified|nos|noc|diagnostic|long acting|sterile|aqueous|ophthalmic"
    r"|intravesical|urethral suppository|preservative-?\s?free|implant|gel|infusion|OTH|IV|IM|SC|IT|INH|ORAL|opthalmic"
    r"|intraocular|etc\.?)"
)
_ONLY_FORM = re.compile(rf"(?i){_FORM}(?:\s+{_FORM})*")
_FORM_BEHIND = re.compile(
    rf"(?:,\s*(?i:{_FORM})(?:\s+(?i:{_FORM})){{0,3}}"
    r"|\s+(?i:i[nv]jections?|ivection|inhalation solution(?: concentrated)?|inhalation solution,?|unit dose form"
    r"|concentrated form|unit dose|oral susp)"
    r"|,?\s+(?:OTH|IV|IM|SC|IT|INH|ORAL)(?:,\s*(?:IV|IM|SC|IT))*)$"
)
_SMALL_WORD_BEHIND = re.compile(r"(?i)\s+(?:in|and|with|of|for)$")
_FORM_BEFORE = re.compile(r"^(?i:compounded|i[nv]jection,?|ivection,?)\s+")
_LABELER_BEHIND = re.compile(
    r"\s*\((?i:kit|pak|novaplus|weekly dosing|monthly dosing|porcine|american regent|ingenus|baxter|[a-z' ]+ inc\.?"
    r"|[a-z' ]+ (?:pharma|labs?|laboratories|pharmaceuticals?))\)$"
)
_CATCH_ALL = re.compile(
    r"(?i)classified|unspecified|^prescription|^drug\b|^other\b|^immunosuppressive drug|^factors, other|^for\b|^\("
)
# What makes a part of a name no name: "Factor IX, complex", "globulin, human".
_SMALL_PRINT = re.compile(
    r"(?i)\b(?:human|equine|rabbit|ovine|bovine|recombinant|complex|purified|lipid|liposomal?|live|acid|conjugated"
    r"|dihydrate|intravenous|intrauterine|detergent|reduced|donor|release|delayed|immediate|pooled|pheresis|frozen"
    r"|pathogen|lyophilized|factor|glycopegylated|oral|parenteral|implant|solution|imipenem|sodium|open cath|form"
    r"|derivative|compounded|sulfate|etc|use|clostridium|dotatate)\b"
)
_HYALURONAN = re.compile(r"(?P<generic>hyaluronan or derivative),(?P<brands>[^,]*(?:, [a-z -]+ or [^,]*)?),")

_IN_FULL = {
    "hcl": "hydrochloride",
    "hci": "hydrochloride",
    "nacl": "sodium chloride",
    "alpha": "alfa",
    "ivection": "injection",
    "inj": "injection",
    "pot": "potassium",
}
_NEVER_BRANDS = {"vitamin", "insulin"}
# Of a substance that is kept in the body for long, under the name of a maker: Depo-Provera.
_ALWAYS_BRANDS = {"depo"}
# Iopamidol, ioversol; their codes are of groups of them and name none.
_CONTRAST_AGENT = re.compile(r"io[a-z]{2,8}ol")
_ABBREVIATIONS = {"g-csf", "gm-csf", "dmso", "bcg", "acth"}
_USUAL_CASES = {
    **{word: word for word in ("in", "and", "with", "for", "of", "or")},
    "hcl": "HCl",
    "hci": "HCl",
    "nacl": "NaCl",
    "d5w": "D5W",
}
_FORM_WORDS = frozenset(
    words_of(
        "oral injection tablets solution implant form unit dose and or with for in of the per up to extended release"
        " concentrated compounded complex gel inhalation infusion sterile suspension lyophilized parenteral etc oth"
        " other powder final product"
    )
)
_COMMON_WORDS = frozenset(
    words_of(
        "sodium potassium calcium chloride hydrochloride sulfate acetate phosphate citrate tartrate maleate"
        " mesylate succinate bromide lactate nitrate acid oral injection tablets human recombinant solution implant"
        " form unit dose and or with for in of the per up to immune globulin factor complex release extended"
        " concentrated compounded antihemophilic intravenous liquid lipid liposome liposomal gel inhalation type"
        " purified protein infusion hydrobromide fumarate decanoate cypionate enanthate valerate disodium use non"
        " mg mcg ml cc gm gram iu units usp meq mci drug drugs not otherwise diagnostic sterile vaccine"
        " suspension kit pak plus water saline normal blood depot"
    )
)
