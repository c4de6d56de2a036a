import pytest

from policies.imports.mcd_brand_names import LONGEST_LABEL, read_brand_name


@pytest.mark.parametrize(
    ("text", "label", "instructions"),
    [
        ("Invencta® (inventumab)  ", "Invencta (inventumab)", ""),
        ("inventumab\n(Invencta™)\nsubcutaneous use*", "inventumab (Invencta), subcutaneous use", ""),
        ("Invencta&#174;, <br> Fictiva&reg;", "Invencta, Fictiva", ""),
        ("Invencta* \n\nCan be billed under J3490 as well", "Invencta", "Can be billed under J3490 as well"),
        (
            "Inventumab\nInvencta\nNote: If billed so,\nsame rules.",
            "Inventumab, Invencta",
            "Note: If billed so, same rules.",
        ),
        ("Invencta*Note: use modifier JA", "Invencta", "Note: use modifier JA"),
        (
            "If billed under J3590 same rules apply.\n\nInvencta\nFictiva",
            "Invencta, Fictiva",
            "If billed under J3590 same rules apply.",
        ),
        ("Invencta\n. ", "Invencta", ""),
        ("", "", ""),
        ("®*\n", "", ""),
    ],
)
def test_names_are_one_line_and_instructions_apart(text, label, instructions):
    assert read_brand_name(text) == (label, instructions, 0)


def test_a_long_list_of_names_is_cut_at_a_word():
    label, _, _ = read_brand_name("Inventumab " * 100)
    assert len(label) <= LONGEST_LABEL
    assert label.endswith("Inventumab…")


def test_lines_with_licensed_numbers_are_left_out():
    assert read_brand_name("Invencta\nNote: with 00000 only") == ("Invencta", "", 1)
