import pytest

from procedures.code_sets.records import RefusedFile
from procedures.name_sources.table_of_drugs import read_table_of_drugs
from tests.procedures.name_sources.made_lists import member_of, table_file

DESCRIPTIONS = {
    "J0171": "Injection, adrenalin, epinephrine, 0.1 mg",
    "J0457": "Injection, aztreonam, 100 mg",
    "J0597": "Injection, c-1 esterase inhibitor (human), berinert, 10 units",
    "J0598": "Injection, c-1 esterase inhibitor (human), cinryze, 10 units",
    "J0706": "Injection, caffeine citrate, 5 mg",
    "J0744": "Injection, ciprofloxacin for intravenous infusion, 200 mg",
    "J0900": "Injection, testosterone enanthate and estradiol valerate, up to 1 cc",
    "J1020": "Injection, methylprednisolone acetate, 20 mg",
    "J1030": "Injection, methylprednisolone acetate, 40 mg",
    "J1745": "Injection, infliximab, excludes biosimilar, 10 mg",
    "J2505": "Injection, pegfilgrastim, 6 mg",
    "J2560": "Injection, phenobarbital sodium, up to 120 mg",
    "J3121": "Injection, testosterone enanthate, 1 mg",
    "J8600": "Melphalan; oral, 2 mg",
    "J9215": "Injection, interferon, alfa-n3, (human leukocyte derived), 250,000 iu",
    "J9302": "Injection, ofatumumab, 10 mg",
    "Q5103": "Injection, infliximab-dyyb, biosimilar, (inflectra), 10 mg",
}

DRUGS = [
    ("drug", "Adrenalin, epinephrine", "0.1 mg", "J0171"),
    ("drug", "C-1 esterase inhibitor", "10 units", "J0598"),
    ("drug", "Ciprofloxacin", "200 mg", "J0706"),
    ("drug", "Infliximab-dyyb", "10 mg", "Q5103"),
    ("drug", "Interferon alfa-n3 (human leukocyte derived)", "250,000 IU", "J9215"),
    ("drug", "Melphalan, oral", "2 mg", "J8600"),
    ("drug", "Methylprednisolone acetate", "20 mg", "J1020"),
    ("drug", "40 mg", "IM", "J1030"),
    ("drug", "Ofatumumab", "10 mg", "J9302"),
    ("drug", "P egfilgrastim", "6 mg", "J2505"),
    ("drug", "Phenobarbital", "sodium up to 120 mg", "J2560"),
    ("drug", "Testosterone enanthate", "1 mg", "J3121"),
]


def table(tmp_path, *rows, name: str = "table_of_drugs_2019.csv"):
    return read_table_of_drugs(member_of(tmp_path, name, table_file(*DRUGS, *rows)))


def names_of(read, code: str) -> set[tuple[str, str]]:
    return {(name.kind, name.text) for name in read.names(DESCRIPTIONS) if name.code == code}


def test_drugs_have_their_generic_names(tmp_path):
    read = table(tmp_path)

    assert read.source == "CMS Table of Drugs, 2019"
    assert names_of(read, "J9302") == {("generic", "Ofatumumab")}
    assert names_of(read, "J2505") == {("generic", "Pegfilgrastim")}
    assert ("generic", "Epinephrine") in names_of(read, "J0171")
    assert names_of(read, "J2560") == {("generic", "Phenobarbital sodium")}


def test_row_of_another_dose_is_of_the_drug_above_it(tmp_path):
    assert names_of(table(tmp_path), "J1030") == {("generic", "Methylprednisolone acetate")}


def test_name_at_the_code_of_another_drug_is_dropped_and_named(tmp_path):
    read = table(tmp_path)

    assert names_of(read, "J0706") == set()
    assert read.report.examples["name that is not of its code"] == ["line 4 (Ciprofloxacin, J0706)"]


@pytest.mark.parametrize(
    ("brand", "target", "codes"),
    [
        ("Arzerra", "Ofatumumab", {"J9302"}),
        ("Alkeran", "Melphalan, oral", {"J8600"}),
        ("Alkeran", "Melphalan", {"J8600"}),
        ("Alferon N", "Interferon alfa- n3", {"J9215"}),
        ("Luminal", "Phenobarbitol sodium", {"J2560"}),
        ("Depoject", "Methyprednisolone acetate", {"J1020", "J1030"}),
        ("Azactam", "Aztreonam", {"J0457"}),
        ("Cipro IV", "Ciprofloxacin", {"J0744"}),
        ("Remicade", "Infliximab, IVection", {"J1745"}),
        ("Berinert", "C-1 esterase inhibitor", {"J0597"}),
        ("Andrest", "Testosterone enanthate and estradiol valerate", {"J0900"}),
        ("Either", "Ofatumumab or Aztreonam", {"J9302", "J0457"}),
        ("Taxol", "Ofatumumab Taxotere,", {"J9302"}),
        ("Solu-Cortef", "Hydrocortisone (J1020)", {"J1020"}),
        ("Key-Pred", "Prednisolone sodium phosphate", set()),
        ("Largon", "Propiomazine HCl", set()),
    ],
)
def test_reference_gives_its_name_to_the_codes_of_its_drug(tmp_path, brand, target, codes):
    read = table(tmp_path, ("see", brand, target, ""), ("drug", "Aztreonam", "100 mg", "J0457"))
    named = [name for name in read.names(DESCRIPTIONS) if name.text.startswith(brand.removesuffix(" IV"))]

    assert {name.code for name in named} == codes
    assert {name.kind for name in named} <= {"brand"}
    assert ("“see” whose drug has no code" in read.report.dropped) is not codes


def test_reference_to_a_reference_is_followed_and_a_circle_ends(tmp_path):
    read = table(
        tmp_path,
        *[("see", "Second", "First", ""), ("see", "First", "Ofatumumab", "")],
        *[("see", "Round", "About", ""), ("see", "About", "Round", "")],
    )

    assert {("brand", "Second"), ("brand", "First")} < names_of(read, "J9302")
    assert read.report.examples["“see” whose drug has no code"] == [
        "line 16 (Round, see About)",
        "line 17 (About, see Round)",
    ]


def test_synonym_that_the_description_has_is_generic(tmp_path):
    read = table(tmp_path, ("see", "Epinephrine HCl", "Adrenalin, epinephrine", ""))

    assert ("generic", "Epinephrine HCl") in names_of(read, "J0171")


def test_doses_catch_alls_and_codes_under_license_are_dropped(tmp_path):
    read = table(
        tmp_path,
        ("drug", "500 mg", "IV", "J9302"),
        ("drug", "Not otherwise classified drugs", "", "J3490"),
        ("drug", "Invented", "1 mg", "99213, J9302"),
        ("drug", "Cimzia, see Certolizumab", "ORAL", "Q4079"),
        ("neither", "x", "", ""),
    )
    list(read.names(DESCRIPTIONS))

    assert {
        reason: count for reason, count in read.report.dropped.items() if reason != "name that is not of its code"
    } == {
        "dose without a name": 1,
        "catch-all, no drug": 1,
        "code that is not of HCPCS Level II": 1,
        "two lines in one": 1,
        "line that is neither drug nor see": 1,
    }


def test_text_in_utf8_is_read(tmp_path):
    read = table(tmp_path, ("see", "Béta", "Ofatumumab", ""))

    assert ("brand", "Béta") in names_of(read, "J9302")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("table_2019.txt", table_file(*DRUGS), "is a csv file with the columns kind, name"),
        ("table_2019.csv", b"a,b\n", "line 1: this is not a Table of Drugs"),
        ("table_2019.csv", table_file(), "no line of it names a drug"),
        ("table.csv", table_file(*DRUGS), "--release YYYY-MM"),
        ("table_2019.csv", b"kind,name\0", "this is not a text file"),
    ],
)
def test_another_file_is_refused(tmp_path, name, content, problem):
    with pytest.raises(RefusedFile) as refusal:
        read_table_of_drugs(member_of(tmp_path, name, content))

    assert problem in str(refusal.value)
