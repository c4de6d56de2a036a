"""A decoded bill as CSV."""

import csv
from collections.abc import Iterable

from procedures.decoded_bill import CodeLink, DecodedBill, DecodedCode, DecodedModifier
from procedures.spreadsheet_cells import escape_formula

HEADINGS = (
    "Line",
    "Text",
    "Date of service",
    "As typed",
    "Code",
    "Code system",
    "Title",
    "Result",
    "Checked for",
    "What to know",
    "Instead or nearest",
    "Modifiers",
    "Units",
    "Prices",
)


def write_csv(file, bill: DecodedBill) -> None:
    """Writes a row for each code, and one for each line without a code; no cell can run as a formula."""
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    for line in bill.lines:
        day = line.date.isoformat() if line.date else ""
        prices = " ".join(line.prices)
        for code in line.codes or [None]:
            cells = _cells(code) if code else [""] * (len(HEADINGS) - 4)
            writer.writerow(escape_formula(cell) for cell in (str(line.number), line.text, day, *cells, prices))


def _cells(code: DecodedCode) -> Iterable[str]:
    return (
        code.typed,
        code.code,
        code.system_label or code.system,
        code.title,
        code.mark,
        code.valid_on.isoformat(),
        " ".join(filter(None, [code.problem, code.note])),
        "; ".join(_link(each) for each in [*code.replaced_by, *code.nearest]),
        "; ".join(_modifier(each) for each in code.modifiers),
        code.units,
    )


def _link(link: CodeLink) -> str:
    return f"{link.code} {link.title}"


def _modifier(modifier: DecodedModifier) -> str:
    return f"{modifier.code}: {' '.join(filter(None, [modifier.title, modifier.problem]))}"
