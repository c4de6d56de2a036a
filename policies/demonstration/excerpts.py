"""The policies of the demonstration, read by the readers that `import_policies` uses."""

from pathlib import Path

from policies.imports.csv_list import read_csv_list
from policies.imports.mcd import read_mcd
from policies.imports.records import ReadPolicies, covers_nothing

FOLDER = Path(__file__).parent


def read_medicare() -> ReadPolicies:
    """The excerpt of the Medicare Coverage Database: 71 documents of Medicare contractors."""
    read = read_mcd(FOLDER / "medicare")
    read.source_name = "Excerpt of the Medicare Coverage Database, January 2026, shipped with the demonstration"
    # An excerpt says nothing by absence.
    read.is_complete_for = covers_nothing
    read.is_excerpt = True
    return read


def read_example_plan() -> ReadPolicies:
    """Two policies of a plan that is none, with nothing but what the example pages of the project say of them."""
    read = read_csv_list(FOLDER / "example_plan.csv", partial=True)
    read.source_name = "List of the example plan, shipped with the demonstration"
    return read
