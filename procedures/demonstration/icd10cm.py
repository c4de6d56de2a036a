"""ICD-10-CM as the package simple-icd-10-cm ships it (release of April 2026), as records of the loader.

The package reads its data at import, which takes seconds and 190 MB: nothing but load_demo may import it.
"""

import hashlib
import re
from collections.abc import Iterator
from importlib import metadata

from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import CodeRecord
from procedures.code_sets.source_files import choose_member, open_source
from procedures.name_sources.icd10cm_tabular import WANTED, TabularList, read_tabular

VERSION = "2026-04"
PACKAGE = "simple-icd-10-cm"

# Chapters (1) and blocks (A00-A09) are not codes.
CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")


def read_package() -> ReadRelease:
    """The release; its records are read from the package when the first is asked for."""
    name = f"{PACKAGE} {metadata.version(PACKAGE)}"
    return ReadRelease(
        version=VERSION,
        source_name=f"Python package {name}, with the NCHS release of April 2026",
        digest=hashlib.sha256(name.encode()).hexdigest(),
        records=_records(),
        states_dates=False,
    )


def read_tabular_list() -> TabularList | None:
    """The tabular list in XML that lies in the package, read without importing the package; None where it is gone."""
    for file in metadata.files(PACKAGE) or ():
        if any(pattern.search(file.name) for pattern in WANTED):
            with open_source(str(file.locate())) as source:
                return read_tabular(choose_member(source, WANTED), VERSION)
    return None


def _records() -> Iterator[CodeRecord]:
    import simple_icd_10_cm as package

    # A block of one category goes by the same name as the category and is listed beside it.
    for code in dict.fromkeys(package.get_all_codes(with_dots=True)):
        if CODE.fullmatch(code):
            kind = "code" if package.is_leaf(code) else "header"
            yield CodeRecord(code=code, kind=kind, short="", long=_official_wording(package.get_description(code)))


def _official_wording(description: str) -> str:
    """The wording of the order file: the package puts more of a seventh character's label behind `/` and a tab."""
    return " ".join(description.partition("/\t")[0].split())
