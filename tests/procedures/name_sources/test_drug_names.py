import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from procedures.name_sources.drug_names import (
    clean_name,
    generic_name_in,
    is_in_description,
    kind_of,
    names_in,
    substances_in,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Arzerra  ", "Arzerra"),
        ("Vueway®", "Vueway"),
        ("Solu -Medrol™  PF", "Solu -Medrol PF"),
        ("CARBOPLATIN", "Carboplatin"),
        ("MYCOPHENOLIC ACID DR", "Mycophenolic Acid DR"),
        ("BCG", "BCG"),
        ("Labetalol Hcl", "Labetalol HCl"),
        ("Dopamine In D5W", "Dopamine in D5W"),
        ("Magnesium Sulfate in 5% Dextrose", "Magnesium Sulfate in 5% Dextrose"),
        ("Epinephrine in 0.9% Sodium Chloride Injection", "Epinephrine in 0.9% Sodium Chloride"),
        ("Capsaicin in 8% patches", "Capsaicin"),
        ("insulin aspart", "Insulin aspart"),
        ("Ioversol Injection 678 MG/ML", "Ioversol"),
        ("Melphalan, oral", "Melphalan"),
        ("Albuterol, unit dose form", "Albuterol"),
        ("Amikacin sulfate 100 mg", "Amikacin sulfate"),
        ("Acetylcysteine, unit dose form per gram", "Acetylcysteine"),
        ("Penicillin G potassium up to 600,000 units", "Penicillin G potassium"),
        ("Interferon alfa- n3", "Interferon alfa-n3"),
        ("Omnipaque 300 (Novaplus)", "Omnipaque 300"),
        ("Kenalog-40", "Kenalog-40"),
        ("(Envarsus XR)", "Envarsus XR"),
        ("Factor IX (anti-hemophilic factor, purified,", "Factor IX"),
        ("compounded Integrilin, IVection", "Integrilin"),
        (">3 mg but <=6 mg", ""),
        ("50 mg", ""),
        ("IVection", ""),
        ("", ""),
    ],
)
def test_name_is_shown_without_marks_doses_and_forms(text, name):
    assert clean_name(text) == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Adrenalin, epinephrine", ["Adrenalin, epinephrine", "Adrenalin", "Epinephrine"]),
        ("Phytonadione (Vitamin K)", ["Phytonadione (Vitamin K)", "Phytonadione", "Vitamin K"]),
        ("Filgrastim (G-CSF)", ["Filgrastim (G-CSF)", "Filgrastim", "G-CSF"]),
        ("Factor X (human)", ["Factor X (human)", "Factor X"]),
        ("Factor IX, complex", ["Factor IX, complex"]),
        ("Rho(D) immune globulin, human", ["Rho(D) immune globulin, human"]),
        ("Collagenase, Clostridium Histolyticum", ["Collagenase, Clostridium Histolyticum"]),
    ],
)
def test_names_side_by_side_are_names_by_themselves_where_that_is_safe(text, names):
    assert list(names_in(text)) == names


@pytest.mark.parametrize(
    ("name", "description", "kind"),
    [
        ("Arzerra", "Injection, ofatumumab, 10 mg", "brand"),
        ("Gadoterate Meglumine", "Injection, gadoterate meglumine, 0.1 ml", "generic"),
        ("Bupivicaine", "Injection, bupivacaine, not otherwise specified, 0.5 mg", "generic"),
        ("Gammaplex", "Injection, immune globulin, (gammaplex), intravenous, 500 mg", "brand"),
        ("Cinryze", "Injection, c-1 esterase inhibitor (human), cinryze, 10 units", "brand"),
        ("Hyalgan", "Hyaluronan or derivative, hyalgan, supartz or visco-3, for intra-articular injection", "brand"),
        ("Hydrocortone Acetate", "Injection, hydrocortisone acetate, up to 25 mg", "brand"),
        ("Dalvance", "Injection, dalbavancin, 5 mg", "brand"),
        ("Vitamin K1", "Injection, phytonadione (vitamin k), per 1 mg", "generic"),
        ("Sodium Chloride", "Infusion, normal saline solution, 250 cc", "generic"),
        ("Ceftriaxone", "Injection, sterile cefuroxime sodium, per 750 mg", "generic"),
    ],
)
def test_kind_is_told_by_the_official_description(name, description, kind):
    substances = substances_in(["Injection, ceftriaxone sodium, per 250 mg"])

    assert kind_of(name, description, "brand", substances) == kind


@pytest.mark.parametrize(
    ("description", "name"),
    [
        ("Injection, rituximab, 10 mg", "Rituximab"),
        ("Injection, immune globulin (asceniv), 500 mg", "Immune globulin"),
        ("Injection, trastuzumab-dttb, biosimilar, (ontruzant), 10 mg", "Trastuzumab-dttb"),
        ("Vadadustat, oral, 1 mg (for esrd on dialysis)", "Vadadustat"),
        ("Injection, imipenem 4 mg, cilastatin 4 mg and relebactam 2 mg", ""),
        ("Injection, pertuzumab, trastuzumab, and hyaluronidase-zzxf, per 10 mg", ""),
        ("Low osmolar contrast material, 100-199 mg/ml iodine concentration, per ml", ""),
        ("Home infusion therapy, alpha-1-proteinase inhibitor", ""),
    ],
)
def test_generic_name_is_that_with_which_the_description_begins(description, name):
    assert generic_name_in(description) == name


def test_name_of_another_drug_is_not_in_the_description():
    assert is_in_description("Phenobarbitol sodium", "Injection, phenobarbital sodium, up to 120 mg")
    assert is_in_description("D-5-W", "Infusion, d5w, 1000 cc")
    assert not is_in_description("Ciprofloxacin", "Injection, caffeine citrate, 5 mg")
    assert not is_in_description("Nandrolone decanoate", "Injection, haloperidol decanoate, per 50 mg")


@given(st.text(max_size=300))
@example(", unit" * 50 + "x")
@example("1" * 300)
@example("(" * 300)
@settings(max_examples=50, deadline=None)
def test_any_text_gives_clean_names_that_stay_as_they_are(text):
    for name in names_in(text):
        assert name == " ".join(name.split())
        assert "\0" not in name
        assert clean_name(name) in (name, "")
