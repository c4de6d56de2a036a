"""The matrix of plans by codes as CSV: one line a cell."""

import csv

from django.conf import settings

from policies.matrix import MatrixPage, MatrixRow
from policies.matrix_cells import Cell
from procedures.models import MedicalCode
from procedures.spreadsheet_cells import escape_formula

COLUMNS = [
    *("plan", "code", "code_title", "policy_number", "title", "prior_authorization", "state", "effective_date"),
    *("last_verified", "stale", "address", "original_document"),
    *("da_vinci_pa_needed", "listed_as", "through", "more_policies", "code_system", "plans", "policies_differ"),
]


def write_csv(file, page: MatrixPage) -> None:
    """Writes the cells of the page's rows to a text file; a cell that looks like a formula gets an apostrophe."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in page.rows:
        for code, cell in zip(page.codes, row.cells, strict=True):
            if cell:
                writer.writerow(escape_formula(text) for text in _line(row, code, cell))


def _line(row: MatrixRow, code: MedicalCode, cell: Cell) -> list[str]:
    said, policy = cell.first, cell.first.policy
    return [
        str(row.name),
        code.code,
        code.title,
        policy.number,
        policy.title,
        "; ".join(str(each) for each in said.prior_authorizations),
        said.state.label,
        policy.effective.isoformat() if policy.effective else "",
        policy.last_verified.isoformat() if policy.last_verified else "",
        "yes" if said.stale_note else "no",
        f"{settings.SITE_URL}{cell.address}",
        policy.url,
        "; ".join(each.word for each in said.prior_authorizations if each.word),
        "; ".join(said.listed_as),
        "; ".join(said.through),
        str(cell.more),
        code.system.slug,
        "; ".join(plan.name for plan in row.plans),
        "; ".join(cell.differing),
    ]
