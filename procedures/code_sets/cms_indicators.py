"""What the CMS indicators of a HCPCS Level II record mean, for readers.

Source: the code tables of the CMS "HCPCS Contractor Record" layout (HCPC2025_recordlayout.txt, a member of the January
2025 release zip). Every table below is keyed by the raw value exactly as the release writes it. The wording keeps the
terms of CMS; abbreviations are spelled out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

# Record layout, field 16: HCPCS coverage code.
COVERAGE = {
    "C": "Carrier judgment: the regional Medicare contractor decides on coverage",
    "D": "Special coverage instructions apply",
    "I": "Not payable by Medicare",
    "M": "Non-covered by Medicare",
    "S": "Non-covered by Medicare statute",
}

# Field 9: HCPCS pricing indicator code. The headings under which the layout groups the values are worked into the text.
PRICING = {
    "00": "Not separately priced by Part B (for example not covered, bundled, or used by Part A only)",
    "11": "Physician fee schedule: price set by national relative value units",
    "12": "Physician fee schedule: price set by national anesthesia base units",
    "13": "Physician fee schedule: price set by Medicare carriers (for example not otherwise classified)",
    "21": "Clinical laboratory fee schedule: price subject to the national limitation amount",
    "22": "Clinical laboratory fee schedule: price set by Medicare carriers (for example gap-fills)",
    "31": "Frequently serviced durable medical equipment (price subject to floors and ceilings)",
    "32": "Inexpensive and routinely purchased durable medical equipment (price subject to floors and ceilings)",
    "33": "Oxygen and oxygen equipment (price subject to floors and ceilings)",
    "34": "Durable medical equipment supplies (price subject to floors and ceilings)",
    "35": "Surgical dressings (price subject to floors and ceilings)",
    "36": "Capped rental durable medical equipment (price subject to floors and ceilings)",
    "37": "Ostomy, tracheostomy and urological supplies (price subject to floors and ceilings)",
    "38": "Orthotics, prosthetics, prosthetic devices and vision services (price subject to floors and ceilings)",
    "39": "Parenteral and enteral nutrition",
    "40": "Lymphedema compression treatment items (since 1 January 2024)",
    "45": "Customized durable medical equipment items",
    "46": "Durable medical equipment, prosthetics, orthotics or supplies priced by Medicare carriers "
    "(for example not otherwise classified, individual determination, gap-filled amounts)",
    "51": "Drugs",
    "52": "Reasonable charge",
    "53": "Statute",
    "54": "Vaccinations",
    "55": "Splints and casts (since 1 October 2014)",
    "56": "Intraocular lenses inserted in a physician's office (since 1 October 2014)",
    "57": "Other items priced by Medicare carriers",
    "99": "Value not established",
}

# Field 10: HCPCS multiple pricing indicator code.
MULTIPLE_PRICING = {
    "9": "Not applicable: not priced separately by Part B, or value not established",
    "A": "Not applicable: priced under one methodology",
    "B": "Professional component priced by relative value units; technical component and global service priced by "
    "Medicare Part B carriers",
    "C": "Physician interpretation priced under the physician fee schedule; the laboratory service itself under the "
    "clinical laboratory fee schedule",
    "D": "Physician's service priced under the physician fee schedule; clinical psychologist's under the clinical "
    "psychologist fee schedule (not applicable since 1 January 1998)",
    "E": "Physician's service priced under the physician fee schedule by relative value units; clinical psychologist's "
    "and clinical social worker's under their own fee schedules (not applicable since 1 January 1998)",
    "F": "Physician's service priced under the physician fee schedule by carriers; clinical psychologist's and "
    "clinical social worker's under their own fee schedules (not applicable since 1 January 1998)",
    "G": "Laboratory service priced by reasonable charge when the claim includes blood products, otherwise under the "
    "clinical laboratory fee schedule",
}

# Field 23 and table BETOS_TB: Berenson-Eggers type of service.
BETOS = {
    "D1A": "Medical and surgical supplies",
    "D1B": "Hospital beds",
    "D1C": "Oxygen and supplies",
    "D1D": "Wheelchairs",
    "D1E": "Other durable medical equipment",
    "D1F": "Prosthetic and orthotic devices",
    "D1G": "Drugs administered through durable medical equipment",
    "I1A": "Standard imaging: chest",
    "I1B": "Standard imaging: musculoskeletal",
    "I1C": "Standard imaging: breast",
    "I1D": "Standard imaging: contrast gastrointestinal",
    "I1E": "Standard imaging: nuclear medicine",
    "I1F": "Standard imaging: other",
    "I2A": "Advanced imaging: computed tomography (CT, CTA), brain, head or neck",
    "I2B": "Advanced imaging: computed tomography (CT, CTA), other",
    "I2C": "Advanced imaging: magnetic resonance (MRI, MRA), brain, head or neck",
    "I2D": "Advanced imaging: magnetic resonance (MRI, MRA), other",
    "I3A": "Ultrasonography: eye",
    "I3B": "Ultrasonography: abdomen or pelvis",
    "I3C": "Ultrasonography: heart (echocardiography)",
    "I3D": "Ultrasonography: carotid arteries",
    "I3E": "Ultrasonography: prostate, transrectal",
    "I3F": "Ultrasonography: other",
    "I4A": "Imaging procedure: heart, including cardiac catheterization",
    "I4B": "Imaging procedure: other",
    "M1A": "Office visits: new patient",
    "M1B": "Office visits: established patient",
    "M2A": "Hospital visit: initial",
    "M2B": "Hospital visit: subsequent",
    "M2C": "Hospital visit: critical care",
    "M3": "Emergency room visit",
    "M4A": "Home visit",
    "M4B": "Nursing home visit",
    "M5A": "Specialist: pathology",
    "M5B": "Specialist: psychiatry",
    "M5C": "Specialist: ophthalmology",
    "M5D": "Specialist: other",
    "M6": "Consultations",
    "O1A": "Ambulance",
    "O1B": "Chiropractic",
    "O1C": "Enteral and parenteral nutrition",
    "O1D": "Chemotherapy",
    "O1E": "Other drugs",
    "O1F": "Hearing and speech services",
    "O1G": "Immunizations and vaccinations",
    # The layout prints "01L" with a zero; the releases write the letter O.
    "O1L": "Lymphedema compression treatment items (since 1 January 2024)",
    "P0": "Anesthesia",
    "P1A": "Major procedure: breast",
    "P1B": "Major procedure: colectomy",
    "P1C": "Major procedure: cholecystectomy",
    "P1D": "Major procedure: transurethral resection of the prostate",
    "P1E": "Major procedure: hysterectomy",
    "P1F": "Major procedure: exploration, decompression or excision of a disc",
    "P1G": "Major procedure: other",
    "P2A": "Major cardiovascular procedure: coronary artery bypass graft",
    "P2B": "Major cardiovascular procedure: aneurysm repair",
    "P2C": "Major cardiovascular procedure: thromboendarterectomy",
    "P2D": "Major cardiovascular procedure: coronary angioplasty",
    "P2E": "Major cardiovascular procedure: pacemaker insertion",
    "P2F": "Major cardiovascular procedure: other",
    "P3A": "Major orthopedic procedure: hip fracture repair",
    "P3B": "Major orthopedic procedure: hip replacement",
    "P3C": "Major orthopedic procedure: knee replacement",
    "P3D": "Major orthopedic procedure: other",
    "P4A": "Eye procedure: corneal transplant",
    "P4B": "Eye procedure: cataract removal or lens insertion",
    "P4C": "Eye procedure: retinal detachment",
    "P4D": "Eye procedure: treatment of retinal lesions",
    "P4E": "Eye procedure: other",
    "P5A": "Ambulatory procedures: skin",
    "P5B": "Ambulatory procedures: musculoskeletal",
    "P5C": "Ambulatory procedures: inguinal hernia repair",
    "P5D": "Ambulatory procedures: lithotripsy",
    "P5E": "Ambulatory procedures: other",
    "P6A": "Minor procedures: skin",
    "P6B": "Minor procedures: musculoskeletal",
    "P6C": "Minor procedures: other (Medicare fee schedule)",
    "P6D": "Minor procedures: other (non-Medicare fee schedule)",
    "P7A": "Oncology: radiation therapy",
    "P7B": "Oncology: other",
    "P8A": "Endoscopy: arthroscopy",
    "P8B": "Endoscopy: upper gastrointestinal",
    "P8C": "Endoscopy: sigmoidoscopy",
    "P8D": "Endoscopy: colonoscopy",
    "P8E": "Endoscopy: cystoscopy",
    "P8F": "Endoscopy: bronchoscopy",
    "P8G": "Endoscopy: laparoscopic cholecystectomy",
    "P8H": "Endoscopy: laryngoscopy",
    "P8I": "Endoscopy: other",
    "P9A": "Dialysis services (Medicare fee schedule)",
    "P9B": "Dialysis services (non-Medicare fee schedule)",
    "T1A": "Laboratory tests: routine venipuncture (non-Medicare fee schedule)",
    "T1B": "Laboratory tests: automated general profiles",
    "T1C": "Laboratory tests: urinalysis",
    "T1D": "Laboratory tests: blood counts",
    "T1E": "Laboratory tests: glucose",
    "T1F": "Laboratory tests: bacterial cultures",
    "T1G": "Laboratory tests: other (Medicare fee schedule)",
    "T1H": "Laboratory tests: other (non-Medicare fee schedule)",
    "T2A": "Other tests: electrocardiograms",
    "T2B": "Other tests: cardiovascular stress tests",
    "T2C": "Other tests: electrocardiogram monitoring",
    "T2D": "Other tests: other",
    "Y1": "Other: Medicare fee schedule",
    "Y2": "Other: non-Medicare fee schedule",
    "Z1": "Local codes",
    "Z2": "Undefined codes",
}

# Field 25 and table CMS_TYPE_SRVC_TB: CMS type of service, assigned by the carrier.
TYPE_OF_SERVICE = {
    "0": "Whole blood",
    "1": "Medical care",
    "2": "Surgery",
    "3": "Consultation",
    "4": "Diagnostic radiology",
    "5": "Diagnostic laboratory",
    "6": "Therapeutic radiology",
    "7": "Anesthesia",
    "8": "Assistant at surgery",
    "9": "Other medical items or services",
    "A": "Used durable medical equipment",
    "B": "High-risk screening mammography (obsolete since 1 January 1998)",
    "C": "Low-risk screening mammography (obsolete since 1 January 1998)",
    "D": "Ambulance",
    "E": "Enteral or parenteral nutrients or supplies",
    "F": "Ambulatory surgical center (facility usage for surgical services)",
    "G": "Immunosuppressive drugs",
    "H": "Hospice services (discontinued in January 1995)",
    "I": "Installment purchase of durable medical equipment (discontinued in April 1995)",
    "J": "Diabetic shoes",
    "K": "Hearing items and services",
    "L": "End-stage renal disease supplies",
    "M": "Monthly capitation payment for dialysis",
    "N": "Kidney donor",
    "P": "Lump sum purchase of durable medical equipment, prosthetics or orthotics",
    "Q": "Vision items or services",
    "R": "Rental of durable medical equipment",
    "S": "Surgical dressings or other medical supplies",
    "T": "Outpatient mental health limitation",
    "U": "Occupational therapy",
    "V": "Pneumococcal or flu vaccine",
    "W": "Physical therapy",
    "Y": "Second opinion on elective surgery (obsolete since January 1997)",
    "Z": "Third opinion on elective surgery (obsolete since January 1997)",
}

# Field 17: HCPCS ASC payment group code. The layout knows YY alone; older releases still carry retired group numbers.
ASC_PAYMENT_GROUP = {
    "YY": "Approved to be performed in an ambulatory surgical center",
}

# Field 19: HCPCS MOG payment group code, three digits: body system, sequence within it, level of intensity.
MEDICARE_OUTPATIENT_GROUP = {
    "000": "No Medicare outpatient group applies",
    "102": "Level II needle biopsy or aspiration",
    "112": "Level II incision and drainage",
    "132": "Level II debridement or destruction",
    "142": "Level II excision or biopsy",
    "143": "Level III excision or biopsy",
    "151": "Level I skin repair",
    "152": "Level II skin repair",
    "153": "Level III skin repair",
    "160": "Incision or excision of the breast",
    "169": "Breast reconstruction or mastectomy",
    "201": "Level I skull and facial bone procedures",
    "202": "Level II skull and facial bone procedures",
    "211": "Level I hand musculoskeletal procedures",
    "212": "Level II hand musculoskeletal procedures",
    "221": "Level I foot musculoskeletal procedures",
    "222": "Level II foot musculoskeletal procedures",
    "231": "Level I musculoskeletal procedures",
    "232": "Level II musculoskeletal procedures",
    "233": "Level III musculoskeletal procedures",
    "241": "Level I arthroscopy",
    "242": "Level II arthroscopy",
    "260": "Closed treatment of a fracture of a finger, toe or the trunk",
    "269": "Closed treatment of a fracture or dislocation except of a finger, toe or the trunk",
    "270": "Open or percutaneous treatment of a fracture or dislocation",
    "279": "Bone or joint manipulation under anesthesia",
    "280": "Bunion procedures",
    "289": "Arthroplasty",
    "290": "Arthroplasty with prosthesis",
    "302": "Level II ear, nose and throat procedures",
    "303": "Level III ear, nose and throat procedures",
    "304": "Level IV ear, nose and throat procedures",
    "309": "Implantation of a cochlear device (rate does not include the implant)",
    "310": "Nasal cauterization or packing",
    "319": "Tonsil and adenoid procedures",
    "322": "Level II endoscopy of the upper airway",
    "323": "Level III endoscopy of the upper airway",
    "329": "Endoscopy of the lower airway",
    "330": "Thoracentesis and lavage procedures",
    "350": "Placement of transvenous catheters or cutdown",
    "359": "Removal or revision of a pacemaker or vascular device",
    "360": "Vascular ligation",
    "369": "Vascular repair or fistula construction",
    "370": "Lymph node excisions",
    "379": "Thyroid and lymphadenectomy procedures",
    "400": "Esophageal dilation without endoscopy",
    "410": "Esophagoscopy",
    "421": "Level I upper gastrointestinal endoscopy or intubation",
    "422": "Level II upper gastrointestinal endoscopy or intubation",
    "429": "Lower gastrointestinal endoscopy",
    "430": "Anoscopy and diagnostic sigmoidoscopy",
    "439": "Therapeutic proctosigmoidoscopy",
    "440": "Small intestine endoscopy",
    "449": "Percutaneous biliary endoscopic procedures",
    "450": "Endoscopic retrograde cholangiopancreatography",
    "460": "Hernia and hydrocele procedures",
    "472": "Level II anal and rectal procedures",
    "473": "Level III anal and rectal procedures",
    "480": "Peritoneal and abdominal procedures",
    "490": "Tube procedures",
    "501": "Level I laparoscopy",
    "502": "Level II laparoscopy",
    "509": "Lithotripsy",
    "511": "Level I cystourethroscopy and other genitourinary procedures",
    "512": "Level II cystourethroscopy and other genitourinary procedures",
    "513": "Level III cystourethroscopy and other genitourinary procedures",
    "521": "Level I urethral procedures",
    "522": "Level II urethral procedures",
    "530": "Circumcision",
    "539": "Penile procedures",
    "540": "Insertion of a penile prosthesis (rate includes the implant)",
    "549": "Testes and epididymis procedures",
    "550": "Prostate biopsy",
    "562": "Level II female reproductive procedures",
    "563": "Level III female reproductive procedures",
    "570": "Surgical hysteroscopy",
    "579": "Dilation and curettage",
    "580": "Spontaneous abortion",
    "589": "Therapeutic abortion",
    "602": "Level II nervous system injections",
    "609": "Revision or removal of a neurological device",
    "610": "Implantation of neurostimulator electrodes (rate does not include the implant)",
    "619": "Implantation of neurological devices (rate does not include the implant)",
    "621": "Level I nerve procedures",
    "622": "Level II nerve procedures",
    "629": "Spinal tap",
    "639": "Laser eye procedures except retinal",
    "640": "Cataract procedures",
    "649": "Cataract procedures with insertion of an intraocular lens (includes $150 for the lens)",
    "651": "Level I anterior segment eye procedures",
    "652": "Level II anterior segment eye procedures",
    "659": "Corneal transplant (rate includes the transplant)",
    "660": "Posterior segment eye procedures",
    "669": "Strabismus and muscle procedures",
    "673": "Level III eye procedure",
    "674": "Level IV eye procedure",
    "680": "Vitrectomy",
    "689": "Implantation or replacement of an intravitreal drug",
}

# Field 20: HCPCS MOG payment policy indicator.
OUTPATIENT_PAYMENT_POLICY = {
    "1": "Procedure covered in an ambulatory surgical center (ASC)",
    "2": "Bundled service, no separate payment",
    "3": "Excluded from the ASC list",
    "4": "Invalid code, 90-day grace period",
    "6": "Separate payment when furnished in an ASC",
    "7": "ASC procedure with restricted coverage",
    "9": "ASC payment not applicable",
}

# Field 14: HCPCS lab certification code. A laboratory certified for a hundred may perform the tests of its subgroups.
LAB_CERTIFICATION = {
    "010": "Histocompatibility testing",
    "100": "Microbiology",
    "110": "Bacteriology",
    "115": "Mycobacteriology",
    "120": "Mycology",
    "130": "Parasitology",
    "140": "Virology",
    "150": "Other microbiology",
    "200": "Diagnostic immunology",
    "210": "Syphilis serology",
    "220": "General immunology",
    "300": "Chemistry",
    "310": "Routine chemistry",
    "320": "Urinalysis",
    "330": "Endocrinology",
    "340": "Toxicology",
    "350": "Other chemistry",
    "400": "Hematology",
    "500": "Immunohematology",
    "510": "ABO group and Rh type",
    "520": "Antibody detection (transfusion)",
    "530": "Antibody detection (nontransfusion)",
    "540": "Antibody identification",
    "550": "Compatibility testing",
    "560": "Other immunohematology",
    "600": "Pathology",
    "610": "Histopathology",
    "620": "Oral pathology",
    "630": "Cytology",
    "800": "Radiobioassay",
    "900": "Clinical cytogenetics",
}

# Field 30: HCPCS action code: what the release that carries it changed, not the state of the code.
ACTIONS: dict[str, str] = {
    "A": "Code added",
    "B": "Administrative data and long description changed",
    "C": "Long description changed",
    "D": "Code discontinued",
    "F": "Administrative data changed",
    "N": "No change",
    "P": "Payment changed (pricing indicator, outpatient group, anesthesia base units or ambulatory surgical center)",
    "R": "Discontinued code reactivated",
    "S": "Short description changed",
    "T": "Miscellaneous change (BETOS or type of service)",
}

TABLES: dict[str, dict[str, str]] = {
    "COV": COVERAGE,
    "PRICE": PRICING,
    "MULT_PI": MULTIPLE_PRICING,
    "BETOS": BETOS,
    "TOS": TYPE_OF_SERVICE,
    "ASC_GRP": ASC_PAYMENT_GROUP,
    "OPPS": MEDICARE_OUTPATIENT_GROUP,
    "OPPS_PI": OUTPATIENT_PAYMENT_POLICY,
    "LABCERT": LAB_CERTIFICATION,
}

# Key and name of each indicator, in the order in which a reader meets them.
_READING_ORDER = (
    ("COV", "Medicare coverage"),
    ("PRICE", "Pricing method"),
    ("MULT_PI", "Multiple pricing"),
    ("BETOS", "Berenson-Eggers type of service (BETOS)"),
    ("TOS", "Type of service"),
    ("STATUTE", "Statute reference"),
    ("CIM", "Coverage Issues Manual section"),
    ("MCM", "Medicare Carriers Manual section"),
    ("ASC_GRP", "Ambulatory surgical center (ASC) payment group"),
    ("ASC_DT", "ASC payment group effective date"),
    ("OPPS", "Medicare outpatient group (MOG)"),
    ("OPPS_PI", "MOG payment policy"),
    ("OPPS_DT", "MOG effective date"),
    ("LABCERT", "Laboratory certification"),
    ("PROCNOTE", "Processing note number"),
    ("ANEST_BU", "Anesthesia base units"),
)

_DATES = frozenset({"ASC_DT", "OPPS_DT"})


@dataclass(frozen=True, slots=True)
class Indicator:
    """One CMS indicator of a code: its plain-language name and its values as (raw code, meaning or None)."""

    name: str
    values: tuple[tuple[str, str | None], ...]


def decode(indicators: dict[str, str | list[str]]) -> list[Indicator]:
    """Return the indicators of one HCPCS Level II record with their meanings, in reading order.

    `indicators` maps the CMS column header ("PRICE", "COV", "TOS" ...) to the raw value, or to the list of raw values
    where the record repeats the field. A value that no table explains is kept with the meaning None. Left out: absent
    and unknown keys, XREF and ACTION (they speak of the record, not of the service), and 0 anesthesia base units.
    """
    decoded = []
    for key, name in _READING_ORDER:
        values = _values(indicators, key)
        if values:
            decoded.append(Indicator(name, tuple((value, _meaning(key, value)) for value in values)))
    return decoded


def _values(indicators: dict[str, str | list[str]], key: str) -> Iterable[str]:
    raw = indicators.get(key) or []
    values = [raw] if isinstance(raw, str) else raw
    if key == "ANEST_BU":
        return [value for value in values if value.strip(" 0")]
    return values


def _meaning(key: str, value: str) -> str | None:
    if key in _DATES:
        return _readable_date(value)
    return TABLES.get(key, {}).get(value)


def _readable_date(value: str) -> str | None:
    """Return `20080101` as "1 January 2008", None for what is no date.

    The layout says YYYYMMDD, yet the 2018 release also writes YYMMDD (`170401`).
    """
    date_format = {8: "%Y%m%d", 6: "%y%m%d"}.get(len(value))
    if date_format is None:
        return None
    try:
        date = datetime.strptime(value, date_format)
    except ValueError:
        return None
    return f"{date.day} {date:%B} {date.year}"
