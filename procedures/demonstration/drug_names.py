"""Names of the drugs in the excerpt of HCPCS, written for the demonstration; see README.md beside this file."""

from pathlib import Path

from procedures.code_sets.source_files import choose_member, open_source
from procedures.name_sources.table_of_drugs import TableOfDrugs, read_table_of_drugs

FILE = Path(__file__).parent / "drug_names.csv"
SOURCE = "CMS Table of Drugs and ASP crosswalk (demonstration)"


def read_drug_names() -> TableOfDrugs:
    """The names, in the layout of the Table of Drugs but with a source of their own."""
    with open_source(str(FILE)) as file:
        read = read_table_of_drugs(choose_member(file, []), "2025-01")
    read.source = SOURCE
    return read
