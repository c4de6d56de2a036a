import gzip
import os
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from procedures.code_sets.cms_indicators import ACTIONS, TABLES, Indicator, decode

PRIMARY_RECORD = re.compile(r"(?:   [A-Z][A-Z0-9]|[A-Z]\d{4})\d{5}[37]")
# First position (counted from 0), length and number of repetitions in the 320-character contractor record.
FIELDS = {"COV": (229, 1, 1), "PRICE": (119, 2, 4), "BETOS": (256, 3, 1), "TOS": (260, 1, 5)}


def test_decode_explains_every_indicator_of_a_drug():
    indicators = {"PRICE": ["51"], "COV": "C", "BETOS": "O1D", "TOS": ["1", "P"]}

    assert decode(indicators) == [
        Indicator(
            "Medicare coverage", (("C", "Carrier judgment: the regional Medicare contractor decides on coverage"),)
        ),
        Indicator("Pricing method", (("51", "Drugs"),)),
        Indicator("Berenson-Eggers type of service (BETOS)", (("O1D", "Chemotherapy"),)),
        Indicator(
            "Type of service",
            (
                ("1", "Medical care"),
                ("P", "Lump sum purchase of durable medical equipment, prosthetics or orthotics"),
            ),
        ),
    ]


def test_decode_of_nothing_is_empty():
    assert decode({}) == []


@pytest.mark.parametrize(("key", "raw"), [("COV", "X"), ("PRICE", "98"), ("BETOS", "01L"), ("ASC_GRP", "20")])
def test_decode_keeps_a_value_that_no_table_explains(key, raw):
    [indicator] = decode({key: raw})

    assert indicator.values == ((raw, None),)


def test_decode_keeps_the_explained_values_beside_an_unexplained_one():
    [indicator] = decode({"TOS": ["9", "?"]})

    assert indicator.values == (("9", "Other medical items or services"), ("?", None))


def test_decode_shows_references_as_cms_writes_them():
    decoded = decode({"MCM": ["2049"], "CIM": ["60-9", "35-48"], "STATUTE": "1833(t)", "PROCNOTE": "0088"})

    assert [(indicator.name, [raw for raw, _ in indicator.values]) for indicator in decoded] == [
        ("Statute reference", ["1833(t)"]),
        ("Coverage Issues Manual section", ["60-9", "35-48"]),
        ("Medicare Carriers Manual section", ["2049"]),
        ("Processing note number", ["0088"]),
    ]


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("20080101", "1 January 2008"),
        ("170401", "1 April 2017"),
        ("20231301", None),
        ("2008011", None),
        ("unknown!", None),
    ],
)
def test_decode_makes_dates_readable(raw, meaning):
    [indicator] = decode({"ASC_DT": raw})

    assert indicator.values == ((raw, meaning),)


def test_decode_leaves_out_replacements_the_action_and_zero_base_units():
    assert decode({"XREF": ["J9229"], "ACTION": "N", "ANEST_BU": "0"}) == []


def test_decode_shows_base_units_other_than_zero():
    assert decode({"ANEST_BU": "10"}) == [Indicator("Anesthesia base units", (("10", None),))]


def test_lymphedema_items_decode_with_the_letter_o_that_releases_write():
    [indicator] = decode({"BETOS": "O1L"})

    assert indicator.values[0][1].startswith("Lymphedema compression treatment items")


@pytest.mark.parametrize("table", [*TABLES.values(), ACTIONS], ids=[*TABLES, "ACTION"])
def test_tables_explain_every_value(table):
    assert table
    for raw, meaning in table.items():
        assert raw == raw.strip() != ""
        assert meaning == " ".join(meaning.split()) != ""
        assert meaning[0].isupper()
        assert not meaning.endswith(".")


@pytest.mark.releases
def test_decode_explains_the_values_of_real_releases():
    if "RELEASES_DIR" not in os.environ:
        pytest.skip("RELEASES_DIR is unset: it names the folder with the real releases")
    occurrences = Counter()
    unexplained = Counter()
    for text in hcpcs_release_texts(Path(os.environ["RELEASES_DIR"]) / "hcpcs"):
        for line in text.splitlines():
            if not PRIMARY_RECORD.match(line):
                continue
            for key, (first, length, times) in FIELDS.items():
                slices = [
                    line[start : start + length].strip() for start in range(first, first + length * times, length)
                ]
                values = [value for value in slices if value]
                occurrences[key] += len(values)
                for indicator in decode({key: values}):
                    unexplained.update((key, raw) for raw, meaning in indicator.values if meaning is None)

    for key in FIELDS:
        missed = {raw: count for (field, raw), count in unexplained.items() if field == key}
        assert occurrences[key] > 5_000, f"hardly any {key} values: the releases were not read"
        assert sum(missed.values()) <= occurrences[key] * 0.01, f"{key} values without a meaning: {missed}"


def hcpcs_release_texts(folder):
    """The text of each fixed-width release in the folder: gzipped files, and the members of the zips of CMS."""
    texts = [gzip.decompress(path.read_bytes()).decode("cp1252") for path in sorted(folder.glob("*ANWEB*.txt.gz"))]
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            texts += [archive.read(name).decode("cp1252") for name in archive.namelist() if is_release_text(name)]
    assert texts, f"no HCPCS release in {folder}"
    return texts


def is_release_text(name):
    return re.search(r"HCPC\d{2,4}.*ANWEB.*\.txt$", name) and not re.search(r"layout|note|corr|trans|noc", name, re.I)
