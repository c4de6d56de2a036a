"""The ranges by which a visitor browses a code system.

Sources: HCPCS Level II, the customary sections by first letter (the release names none, so the titles are worded here
and fit the codes of January 2025); ICD-10-CM, the 22 chapters of the tabular list (NCHS, April 2026), titles unchanged;
ICD-10-PCS, the 17 sections of the CMS tables, by first character, titles unchanged.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeRange:
    """A run of codes from the prefix `first` to the prefix `last`, both included and equally long.

    Prefixes are normalized: upper case, no dot. A code belongs to the range if its own prefix of that length lies
    between them in ASCII order, where digits come before letters: O9A is after O99, and QA0 is after Q99.
    """

    first: str
    last: str
    title: str

    @property
    def slug(self) -> str:
        """The range as it stands in an address: `a00-b99`, or `j` where first and last are the same."""
        if self.first == self.last:
            return self.first.lower()
        return f"{self.first}-{self.last}".lower()

    def contains(self, normalized: str) -> bool:
        """Whether the code (upper case, no dot) lies in this range."""
        return self.first <= normalized[: len(self.first)] <= self.last


RANGES: dict[str, tuple[CodeRange, ...]] = {
    "hcpcs": (
        CodeRange("A0", "A0", "Transportation services including ambulance"),
        CodeRange("A1", "A8", "Medical and surgical supplies"),
        CodeRange("A9", "A9", "Administrative, miscellaneous and investigational"),
        CodeRange("B", "B", "Enteral and parenteral therapy"),
        CodeRange("C", "C", "Hospital outpatient items and services (outpatient prospective payment system)"),
        CodeRange("E", "E", "Durable medical equipment"),
        CodeRange("G", "G", "Procedures and professional services (temporary codes)"),
        CodeRange("H", "H", "Alcohol and drug abuse treatment and behavioral health services"),
        CodeRange("J", "J", "Drugs administered other than by mouth, and chemotherapy drugs"),
        CodeRange("K", "K", "Durable medical equipment (temporary codes of the Medicare contractors)"),
        CodeRange("L", "L", "Orthotic and prosthetic procedures and devices"),
        CodeRange("M", "M", "Medical services and quality measures"),
        CodeRange("P", "P", "Pathology and laboratory services"),
        CodeRange("Q", "Q", "Miscellaneous temporary codes"),
        CodeRange("R", "R", "Diagnostic radiology services"),
        CodeRange("S", "S", "Temporary national codes of private payers (not used by Medicare)"),
        CodeRange("T", "T", "National codes established for state Medicaid agencies"),
        CodeRange("U", "U", "Coronavirus laboratory tests"),
        CodeRange("V", "V", "Vision, hearing and speech-language pathology services"),
    ),
    "icd10cm": (
        CodeRange("A00", "B99", "Certain infectious and parasitic diseases"),
        CodeRange("C00", "D49", "Neoplasms"),
        CodeRange(
            "D50",
            "D89",
            "Diseases of the blood and blood-forming organs and certain disorders involving the immune mechanism",
        ),
        CodeRange("E00", "E89", "Endocrine, nutritional and metabolic diseases"),
        CodeRange("F01", "F99", "Mental, Behavioral and Neurodevelopmental disorders"),
        CodeRange("G00", "G99", "Diseases of the nervous system"),
        CodeRange("H00", "H59", "Diseases of the eye and adnexa"),
        CodeRange("H60", "H95", "Diseases of the ear and mastoid process"),
        CodeRange("I00", "I99", "Diseases of the circulatory system"),
        CodeRange("J00", "J99", "Diseases of the respiratory system"),
        CodeRange("K00", "K95", "Diseases of the digestive system"),
        CodeRange("L00", "L99", "Diseases of the skin and subcutaneous tissue"),
        CodeRange("M00", "M99", "Diseases of the musculoskeletal system and connective tissue"),
        CodeRange("N00", "N99", "Diseases of the genitourinary system"),
        CodeRange("O00", "O9A", "Pregnancy, childbirth and the puerperium"),
        CodeRange("P00", "P96", "Certain conditions originating in the perinatal period"),
        CodeRange("Q00", "QA0", "Congenital malformations, deformations and chromosomal abnormalities"),
        CodeRange(
            "R00",
            "R99",
            "Symptoms, signs and abnormal clinical and laboratory findings, not elsewhere classified",
        ),
        CodeRange("S00", "T88", "Injury, poisoning and certain other consequences of external causes"),
        # U stands before V in the alphabet; the tabular list puts it last, as chapter 22.
        CodeRange("V00", "Y99", "External causes of morbidity"),
        CodeRange("Z00", "Z99", "Factors influencing health status and contact with health services"),
        CodeRange("U00", "U85", "Codes for special purposes"),
    ),
    "icd10pcs": (
        CodeRange("0", "0", "Medical and Surgical"),
        CodeRange("1", "1", "Obstetrics"),
        CodeRange("2", "2", "Placement"),
        CodeRange("3", "3", "Administration"),
        CodeRange("4", "4", "Measurement and Monitoring"),
        CodeRange("5", "5", "Extracorporeal or Systemic Assistance and Performance"),
        CodeRange("6", "6", "Extracorporeal or Systemic Therapies"),
        CodeRange("7", "7", "Osteopathic"),
        CodeRange("8", "8", "Other Procedures"),
        CodeRange("9", "9", "Chiropractic"),
        CodeRange("B", "B", "Imaging"),
        CodeRange("C", "C", "Nuclear Medicine"),
        CodeRange("D", "D", "Radiation Therapy"),
        CodeRange("F", "F", "Physical Rehabilitation and Diagnostic Audiology"),
        CodeRange("G", "G", "Mental Health"),
        CodeRange("H", "H", "Substance Abuse Treatment"),
        CodeRange("X", "X", "New Technology"),
    ),
}

# The shortest codes of the three systems (ICD-10 categories) have three characters; HCPCS modifiers have two, and
# modifier A1 must not be taken for a code of the A section.
_SHORTEST_CODE = 3


def find_range(system: str, slug: str) -> CodeRange | None:
    """Return the range of the code system (slug `hcpcs`, `icd10cm`, `icd10pcs`) with this slug, None if there is none.

    Slugs are lower case; another case is not found, so that a range has one address.
    """
    return next((code_range for code_range in RANGES.get(system, ()) if code_range.slug == slug), None)


def range_of(system: str, normalized: str) -> CodeRange | None:
    """Return the range in which a code (upper case, no dot) of the code system lies.

    None for a HCPCS modifier, for an unknown system, and for a code outside every range.
    """
    if len(normalized) < _SHORTEST_CODE:
        return None
    return next((code_range for code_range in RANGES.get(system, ()) if code_range.contains(normalized)), None)
