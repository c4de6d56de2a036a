"""A small set of queries with their right answers, of each kind that people type."""

import datetime

import pytest

from procedures.models import CodeName, EverydayWord, MedicalCode
from procedures.search import rebuild
from tests.factories import get_system
from tests.procedures.search.questions import find

pytestmark = pytest.mark.django_db

# Official descriptions, shortened where they are long.
CODES = """
hcpcs J0897 Injection, denosumab, 1 mg
hcpcs J1100 Injection, dexamethasone sodium phosphate, 1 mg
hcpcs J8540 Dexamethasone, oral, 0.25 mg
hcpcs J2323 Injection, natalizumab, 1 mg
hcpcs J9035 Injection, bevacizumab, 10 mg
hcpcs C9257 Injection, bevacizumab, 0.25 mg
hcpcs J1745 Injection, infliximab, excludes biosimilar, 10 mg
hcpcs Q5103 Injection, infliximab-dyyb, biosimilar, (inflectra), 10 mg
hcpcs C9399 Unclassified drugs or biologicals
hcpcs E0143 Walker, folding, wheeled, adjustable or fixed height
hcpcs E0110 Crutches, forearm, includes crutches of various materials, adjustable or fixed, pair, complete
hcpcs E0111 Crutch forearm, includes crutches of various materials, adjustable or fixed, each
hcpcs E1390 Oxygen concentrator, single delivery port, capable of delivering 85 percent or greater oxygen
hcpcs E0431 Portable gaseous oxygen system, rental; includes portable container, regulator, flowmeter
hcpcs A4351 Intermittent urinary catheter; straight tip, with or without coating, each
hcpcs A7520 Tracheostomy/laryngectomy tube, non-cuffed, polyvinylchloride, silicone or equal, each
hcpcs G0105 Colorectal cancer screening; colonoscopy on individual at high risk
hcpcs G0101 Cervical or vaginal cancer screening; pelvic and clinical breast examination
hcpcs V5261 Hearing aid, digital, binaural, bte
icd10cm M17 Osteoarthritis of knee
icd10cm M17.11 Unilateral primary osteoarthritis, right knee
icd10cm N20.0 Calculus of kidney
icd10cm K21.9 Gastro-esophageal reflux disease without esophagitis
icd10cm G56.01 Carpal tunnel syndrome, right upper limb
icd10cm J45.909 Unspecified asthma, uncomplicated
icd10cm I10 Essential (primary) hypertension
icd10cm L40.0 Psoriasis vulgaris
icd10cm T81.4 Infection following a procedure
icd10cm B02.9 Zoster without complications
icd10cm D57.1 Sickle-cell disease without crisis
icd10cm H93.13 Tinnitus, bilateral
icd10cm Z12.31 Encounter for screening mammogram for malignant neoplasm of breast
icd10cm S82.001A Unspecified fracture of right patella, initial encounter for closed fracture
icd10pcs 0SRC0J9 Replacement of right knee joint with synthetic substitute, cemented, open approach
"""
HEADINGS = {"M17", "T81.4"}
RETIRED = {"C9257": datetime.date(2009, 12, 31)}
NAMES = {
    "J0897": [("brand", "Prolia"), ("brand", "Xgeva")],
    "J2323": [("brand", "Tysabri")],
    "J9035": [("brand", "Avastin")],
    "J1745": [("brand", "Remicade")],
    "G56.01": [("common", "Pinched nerve of the wrist")],
    "L40.0": [("inclusion", "Plaque psoriasis"), ("inclusion", "Nummular psoriasis")],
    "D57.1": [("inclusion", "Hb-SS disease without crisis"), ("inclusion", "Sickle-cell anemia NOS")],
    "B02.9": [("inclusion", "Zoster NOS")],
}
EVERYDAY = [
    ("kidney stone", "calculus kidney", ""),
    ("shingles", "zoster", ""),
    ("high blood pressure", "", "icd10cm:I10"),
    ("ringing in the ears", "tinnitus", ""),
    ("heartburn", "reflux", ""),
    ("kneecap", "patella", ""),
    ("broken", "fracture", ""),
    ("steroid shot", "injection dexamethasone", ""),
    ("knee replacement", "replacement knee joint", ""),
    ("windpipe tube", "tracheostomy tube", ""),
]

# The first result has to be one of these.
FIRST = [
    ("j 0897", "J0897"),
    ("G5601", "G56.01"),
    ("m17.11", "M17.11"),
    ("0src0j9", "0SRC0J9"),
    ("c9257", "C9257"),
    ("prolia", "J0897"),
    ("Tysabri", "J2323"),
    ("natalizumab", "J2323"),
    ("avastin injection", "J9035"),
    ("bevacizumab", "J9035"),
    ("plaque psoriasis", "L40.0"),
    ("sickle cell anemia", "D57.1"),
    ("zoster nos", "B02.9"),
    ("psoriasis nummular", "L40.0"),
    ("knee osteoarthritis", "M17"),
    ("right knee primary osteoarthritis", "M17.11"),
    ("folding walkers", "E0143"),
    ("dexamethasone 0.25 mg", "J8540"),
    ("1mg dexamethasone", "J1100"),
    ("oral dexamethasone", "J8540"),
    ("concentrators oxygen", "E1390"),
    ("screen colonoscopy", "G0105"),
    ("mammograms", "Z12.31"),
    ("catheters", "A4351"),
    ("asthma", "J45.909"),
    ("psoria", "L40.0"),
    ("carpal tun", "G56.01"),
    ("infliximab dyyb", "Q5103"),
    ("denosumap", "J0897"),
    ("remicaid", "J1745"),
    ("osteoartritis knee", "M17"),
    ("hypertention", "I10"),
    ("carpaltunnel", "G56.01"),
    ("tinitus", "H93.13"),
    ("kidney stones", "N20.0"),
    ("shingles", "B02.9"),
    ("high blood pressure", "I10"),
    ("ringing in my ears", "H93.13"),
    ("heart burn", "K21.9"),
    ("broken right kneecap", "S82.001A"),
    ("steroid shots", "J1100"),
    ("knee replacement right", "0SRC0J9"),
    ("windpipe tubes", "A7520"),
    ("hearing aids", "V5261"),
]


@pytest.fixture
def indexed_codes() -> None:
    rows = []
    for line in CODES.strip().splitlines():
        system, code, text = line.split(" ", 2)
        normalized = code.replace(".", "")
        fields = {"long_description": text, "title": text[:150], "slug": normalized.lower()}
        fields |= {"kind": "header" if code in HEADINGS else "code", "terminated": RETIRED.get(code)}
        rows.append(MedicalCode(system=get_system(system), code=code, normalized=normalized, **fields))
    codes = {code.code: code for code in MedicalCode.objects.bulk_create(rows)}
    CodeName.objects.bulk_create(
        CodeName(code=codes[code], kind=kind, text=text, source="Test")
        for code, names in NAMES.items()
        for kind, text in names
    )
    EverydayWord.objects.bulk_create(EverydayWord(phrase=p, words=words, code=code) for p, words, code in EVERYDAY)
    rebuild()


def test_search_answers_what_people_type(indexed_codes):
    wrong = []
    for query, right in FIRST:
        found = [row["code"] for row in find(query).rows]
        if found[:1] != [right]:
            wrong.append((query, right, found[:3]))

    assert wrong == []
