import gzip
import os
import re
import zipfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from procedures.code_sets.ranges import RANGES, CodeRange, find_range, range_of


@pytest.fixture
def releases_dir():
    """The folder with the real releases; the test is skipped where none is named."""
    if "RELEASES_DIR" not in os.environ:
        pytest.skip("RELEASES_DIR is unset: it names the folder with the real releases")
    return Path(os.environ["RELEASES_DIR"])


@pytest.mark.parametrize("system", RANGES)
def test_ranges_do_not_overlap(system):
    ordered = sorted(RANGES[system], key=lambda code_range: code_range.first)

    for code_range in ordered:
        assert len(code_range.first) == len(code_range.last)
        assert code_range.first <= code_range.last
    for earlier, later in pairwise(ordered):
        assert earlier.last < later.first
        # Otherwise the prefix of one range could begin inside another: A and A0.
        assert not later.first.startswith(earlier.last)


@pytest.mark.parametrize("system", RANGES)
def test_slugs_are_unique_and_find_their_range(system):
    for code_range in RANGES[system]:
        assert find_range(system, code_range.slug) is code_range
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)?", code_range.slug)
        assert code_range.title


def test_slug_of_a_single_prefix_is_that_prefix():
    assert CodeRange("J", "J", "Drugs").slug == "j"
    assert CodeRange("A00", "B99", "Infectious diseases").slug == "a00-b99"


@pytest.mark.parametrize(
    ("system", "normalized", "slug"),
    [
        ("hcpcs", "J9302", "j"),
        ("hcpcs", "A0425", "a0"),
        ("hcpcs", "A2001", "a1-a8"),
        ("hcpcs", "A4206", "a1-a8"),
        ("hcpcs", "A8004", "a1-a8"),
        ("hcpcs", "A9999", "a9"),
        ("icd10cm", "A00", "a00-b99"),
        ("icd10cm", "B999", "a00-b99"),
        ("icd10cm", "C4A9", "c00-d49"),
        ("icd10cm", "C7B8", "c00-d49"),
        ("icd10cm", "D3A8", "c00-d49"),
        ("icd10cm", "D500", "d50-d89"),
        ("icd10cm", "H5989", "h00-h59"),
        ("icd10cm", "H6000", "h60-h95"),
        ("icd10cm", "I5A", "i00-i99"),
        ("icd10cm", "M1A9XX1", "m00-m99"),
        ("icd10cm", "O9A53", "o00-o9a"),
        ("icd10cm", "QA01", "q00-qa0"),
        ("icd10cm", "U071", "u00-u85"),
        ("icd10cm", "Z3A20", "z00-z99"),
        ("icd10pcs", "0016070", "0"),
        ("icd10pcs", "001", "0"),
        ("icd10pcs", "XW033E5", "x"),
    ],
)
def test_range_of_a_code(system, normalized, slug):
    assert range_of(system, normalized).slug == slug


@pytest.mark.parametrize(
    ("system", "normalized"),
    [
        ("hcpcs", "D0120"),
        ("hcpcs", "99213"),
        ("hcpcs", "A1"),
        ("hcpcs", "RT"),
        ("icd10cm", "F00"),
        ("icd10cm", "U99"),
        ("icd10cm", ""),
        ("icd10pcs", "E000000"),
        ("cpt", "A0425"),
    ],
)
def test_range_of_what_lies_in_no_range_is_none(system, normalized):
    assert range_of(system, normalized) is None


@pytest.mark.parametrize(("system", "slug"), [("hcpcs", "a00-b99"), ("hcpcs", "J"), ("icd10cm", ""), ("cpt", "j")])
def test_find_range_of_an_unknown_slug_is_none(system, slug):
    assert find_range(system, slug) is None


@pytest.mark.releases
def test_every_code_of_the_releases_lies_in_exactly_one_range(releases_dir):
    icd10 = releases_dir / "icd10"
    with zipfile.ZipFile(releases_dir / "hcpcs" / "january-2025-alpha-numeric-hcpcs-file.zip") as archive:
        [member] = [name for name in archive.namelist() if re.search(r"HCPC2025_JAN_ANWEB_\d+\.txt$", name)]
        hcpcs = {line[:5] for line in archive.read(member).decode("cp1252").splitlines() if line[:1].isalpha()}
    codes = {
        "hcpcs": hcpcs,
        "icd10cm": {line[6:13].strip() for line in lines(icd10 / "icd10cm_order_2025.txt.gz")},
        "icd10pcs": {line[:7] for line in lines(icd10 / "icd10pcs-codes-2024.txt.gz")},
    }

    assert {system: len(codes[system]) for system in codes} == {"hcpcs": 8_259, "icd10cm": 97_584, "icd10pcs": 78_603}
    for system, ranges in RANGES.items():
        used = Counter()
        misplaced = []
        for code in codes[system]:
            containing = [code_range.slug for code_range in ranges if code_range.contains(code)]
            used.update(containing)
            if len(containing) != 1:
                misplaced.append((code, containing))
        assert misplaced == []
        assert set(used) == {code_range.slug for code_range in ranges}


@pytest.mark.releases
def test_icd10cm_ranges_are_the_chapters_of_the_tabular_list(releases_dir):
    with gzip.open(releases_dir / "icd10" / "icd10cm-tabular-April-2026.xml.gz") as file:
        chapters = ElementTree.parse(file).getroot().findall("chapter")

    assert len(chapters) == 22
    assert [chapter.findtext("desc") for chapter in chapters] == [
        f"{code_range.title} ({code_range.first}-{code_range.last})" for code_range in RANGES["icd10cm"]
    ]
    for chapter, code_range in zip(chapters, RANGES["icd10cm"], strict=True):
        for category in chapter.iterfind("section/diag/name"):
            assert range_of("icd10cm", category.text) is code_range


def lines(path):
    return gzip.decompress(path.read_bytes()).decode("cp1252").splitlines()
